/*
 * A clustered cache: its primaries, each an instance with a share of the 16384 hash slots. The
 * shares are even and fixed, as the service makes them. The nodes share nothing but this table.
 */
#ifndef RESP_CLUSTER_H
#define RESP_CLUSTER_H

#include "base/random.h"
#include "resp/command.h"

struct command_entry;
struct instance;

enum { CLUSTER_SLOTS = 16384, CLUSTER_ID_SIZE = 40, CLUSTER_MEMBERS = 4 };

/* A primary or a replica, as clients are told of it. */
struct cluster_member {
    char id[CLUSTER_ID_SIZE + 1];
    int port, tls_port; /* where clients reach it; 0: not at all */
};

/*
 * One instance serves all nodes of a shard: the primary (instance_primary_node) and as many
 * replicas as the instance has, which hold the same data at any time.
 */
struct cluster_shard {
    struct instance *instance;
    struct cluster_member members[CLUSTER_MEMBERS]; /* by node */
    int first_slot, last_slot;
};

struct cluster {
    char *address; /* of all nodes: an IP address or a name */
    struct cluster_shard *shards;
    int count;
};

/* `count` shards without instances; `random` makes the IDs of their nodes. */
struct cluster *cluster_create(struct bytes address, int count, struct random *random);
void cluster_destroy(struct cluster *cluster); /* its instances must be gone; NULL is fine */
/* The instance is this shard from now on; before it has clients. */
void cluster_join(struct cluster *cluster, int shard, struct instance *instance);
void cluster_leave(struct instance *instance);

/*
 * After a change of nodes, or a load: the instance's keys go to the nodes of their slots. Those of
 * other databases than the first are dropped: nobody could reach them.
 */
void cluster_take_keys(struct cluster *cluster, struct instance *instance);

/* CRC16 of the key, or of what stands between its first braces. */
int cluster_slot(struct bytes key);
const struct cluster_shard *cluster_owner(const struct cluster *cluster, int slot);
/* The shard that this instance is; NULL: it is in no cluster. */
const struct cluster_shard *cluster_myself(const struct instance *instance);
/*
 * The address of all nodes that a session is told: one that came to another loopback address, a
 * private endpoint's, stays there.
 */
struct bytes cluster_address(const struct cluster *cluster, const struct session *session);
/* Nodes of a shard: 1 and its replicas. The primary comes first, the others in their order. */
int cluster_member_count(const struct cluster_shard *shard);
int cluster_member_at(const struct cluster_shard *shard, int place); /* the node's number */
const struct cluster_member *cluster_primary(const struct cluster_shard *shard);
/* The port that a session of that kind is told. */
int cluster_port(const struct cluster_member *member, bool tls);

/*
 * The one slot of a command's keys. False: there are several. *slot -1: the command has no keys.
 */
bool cluster_slot_of_call(const struct command *command, const struct bytes *argv, int argc,
                          int *slot);
/* The command belongs here; else false after CROSSSLOT or MOVED. */
bool cluster_serves_or_reply(struct call *call, struct command_entry *entry);

#endif
