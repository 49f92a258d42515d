/*
 * Active geo-replication of Azure Managed Redis: linked databases all take writes, and each write
 * is run by the others at once, in the order in which they happened, so that the last one counts
 * everywhere. One that joins takes a copy; one that leaves keeps what it has.
 */
#ifndef EMULATOR_ACTIVE_REPLICATION_H
#define EMULATOR_ACTIVE_REPLICATION_H

#include "arm/host.h"

struct active_member;
struct cache;
struct cache_host;

/* The names of the other databases of the group; owned. */
struct active_links {
    char **names;
    size_t count;
};
void active_links_set(struct active_links *links, const struct arm_cache *cache);
void active_links_finish(struct active_links *links);

/* After caches, their shards or their links changed. Two are linked when both say so. */
void active_settle(struct cache_host *host);
/* The cache goes, or its instances do. */
void active_forget(struct cache *cache);
/* Whether there is another one that it is linked with. */
bool active_linked(const struct cache_host *host, const struct cache *cache);

#endif
