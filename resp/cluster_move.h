/*
 * Slots that move because the number of shards changes: a few of them at a time are in flight,
 * with half of their keys at either shard. Clients are asked over meanwhile (ASK, TRYAGAIN).
 */
#ifndef RESP_CLUSTER_MOVE_H
#define RESP_CLUSTER_MOVE_H

#include "resp/cluster.h"

/* So many steps take all slots to where they belong. */
enum { CLUSTER_MOVE_STEPS = 64 };

/* Room for more shards, which own nothing yet; they join next (cluster_join). */
void cluster_grow(struct cluster *cluster, int count, struct random *random);
/* Begins the way to the even shares of so many shards, and takes the first slots into flight. */
void cluster_move_begin(struct cluster *cluster, int shards);
/* What is in flight arrives, and the next slots go. False: all have arrived. */
bool cluster_move_step(struct cluster *cluster);
/* All slots go to where they belong among so many shards, at once; the others are empty then. */
void cluster_move_finish(struct cluster *cluster, int shards);
/* The shard that a slot is on its way to; negative: it is not in flight. */
int cluster_move_target(const struct cluster *cluster, int slot);

#endif
