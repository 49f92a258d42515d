/*
 * The nodes behind a cache, and what becomes of them: failovers, reboots, scaling, and what clients
 * are told of it on the channel AzureRedisEvents. Order and distances of the messages are those
 * that Microsoft documents and StackExchange.Redis tests; a node is back at once, so that a reboot
 * cuts connections without an outage (faults make outages).
 */
#ifndef EMULATOR_CACHE_NODES_H
#define EMULATOR_CACHE_NODES_H

#include "arm/host.h"

struct cache;
struct cache_host;

/* `shard` -1: all of them, everywhere below. */

/* arm/host.h's cache_reboot. */
void cache_host_reboot(struct cache_host *host, struct bytes name, enum arm_nodes nodes, int shard);

/*
 * The replica takes over: the message that it begins, connections cut, then the one that it is
 * over. For `readonly_ms` before that, clients stay connected to a primary that is one no longer.
 * A cache without replicas loses its data, as cache_nodes_lose_data says.
 */
void cache_host_failover(struct cache_host *host, struct cache *cache, int shard,
                         int64_t readonly_ms);
/*
 * Planned maintenance that starts then: announced, carried out, reported. `owner` is who may call
 * it off again (cache_nodes_call_off); 0: nobody.
 */
void cache_host_maintain(struct cache_host *host, struct cache *cache, int shard,
                         int64_t starts_at_ms, uint64_t owner);
/* Maintenance that has not begun does not happen when its owner has gone. */
void cache_nodes_call_off(struct cache_host *host, bool (*stands)(void *context, uint64_t owner),
                          void *context);
/*
 * All nodes in that zone are gone at once: shards with a replica elsewhere fail over, the others
 * lose their data. Who may connect meanwhile is decided elsewhere.
 */
void cache_nodes_lose_zone(struct cache_host *host, struct cache *cache, char zone);
/* The cache is on other machines now. */
void cache_nodes_scaled(struct cache_host *host, struct cache *cache);

/* ---- The parts of these ---- */

/* One message, "NodeMaintenanceStart"; `starts_at_ms` -1: it tells no time. */
void cache_nodes_tell(struct cache *cache, int shard, const char *type, int64_t starts_at_ms,
                      bool replica);
void cache_nodes_cut(struct cache *cache, int shard, const char *reason);
void cache_nodes_promote(struct cache_host *host, struct cache *cache, int shard);
/* Unless it is persisted. */
void cache_nodes_lose_data(struct cache_host *host, struct cache *cache, int shard);

/* Whatever is still to happen to the cache does not. */
void cache_nodes_forget(struct cache_host *host, const struct cache *cache);

#endif
