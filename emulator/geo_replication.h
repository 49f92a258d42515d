/*
 * Linked caches: the secondary is a copy of its primary, read-only, and hears every write a lag
 * later. Unlinked it keeps the data and is a cache like any other.
 */
#ifndef EMULATOR_GEO_REPLICATION_H
#define EMULATOR_GEO_REPLICATION_H

#include "base/bytes.h"

struct cache;
struct cache_host;
struct geo_link;

/*
 * After caches, their shards or `geo_primary` changed: makes the links that are wanted, ends the
 * others. A link whose primary is not there waits for it.
 */
void geo_settle(struct cache_host *host);
/* The cache goes, or its instances do: whatever hangs on it ends. */
void geo_forget(struct cache_host *host, struct cache *cache);

/* The cache that this one is a copy of, or itself. */
const struct cache *geo_primary_of(const struct cache *cache);

/* How far behind the secondary runs, on the emulator's clock; 0: as soon as the loop turns. */
void geo_set_lag(struct cache *secondary, int64_t lag_ms);

/* For monitors; all zero when the cache is no secondary. */
struct geo_figures {
    bool linked, healthy;
    uint64_t full_copies;   /* done */
    uint64_t copies_wanted; /* of these and of one under way */
    uint64_t waiting_bytes; /* written to the primary, not yet here */
    int64_t lag_ms;         /* of the oldest of these */
};
struct geo_figures geo_figures(const struct cache_host *host, const struct cache *secondary);
/* The same for one of its shards. */
struct geo_figures geo_shard_figures(const struct cache_host *host, const struct cache *secondary,
                                     int shard);

#endif
