/*
 * A clustered cache gets another number of shards: as long as that takes, its slots move there a
 * few at a time, on the clock.
 */
#ifndef EMULATOR_CACHE_SCALING_H
#define EMULATOR_CACHE_SCALING_H

#include "emulator/cache_host.h"

/* Begins, goes on or leaves off, as the management API tells it. True: there are new shards. */
bool cache_scaling_settle(struct cache_host *host, struct cache *cache, const struct arm_cache *arm,
                          const struct instance_config *config);
/* It is over, one way or the other. */
void cache_scaling_forget(struct cache_host *host, struct cache *cache);

#endif
