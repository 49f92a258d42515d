/*
 * The Sentinel port: an instance that answers SENTINEL for the caches, each a master under its name
 * with a port for each of its nodes, and that tells of failovers (+switch-master).
 */
#ifndef EMULATOR_SENTINEL_H
#define EMULATOR_SENTINEL_H

#include "emulator/cache_host.h"

struct sentinel;

struct sentinel *sentinel_create(struct loop *loop, struct cache_host *caches, struct clock *clock,
                                 struct random *random);
void sentinel_destroy(struct sentinel *sentinel); /* its connections must be gone; NULL is fine */
/* For its listener. */
struct connection_handler sentinel_handler(struct sentinel *sentinel);
struct tls_policy_source sentinel_policy(struct sentinel *sentinel);

/* That shard of the cache has another primary than `old`. Tells subscribers. */
void sentinel_switched(struct sentinel *sentinel, const struct cache *cache, int old);

#endif
