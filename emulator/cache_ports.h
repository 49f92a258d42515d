/*
 * The ports that caches have for themselves. Each shard of a clustered cache has one for plain
 * clients and one for TLS, Azure's 13000 and 15000 onwards where these are free. A private endpoint
 * has the main ports, and those of the shards, at its own address. They come and go with the
 * caches.
 */
#ifndef EMULATOR_CACHE_PORTS_H
#define EMULATOR_CACHE_PORTS_H

#include "emulator/cache_host.h"

struct cache_ports;

struct cache_ports_config {
    struct loop *loop;
    struct tls_authority *authority;
    const char *bind;
    int plain, tls; /* the main ports in use; 0: that kind is off */
    bool all_nodes; /* of caches that are not clustered, too: for Sentinel */
    bool any_port;  /* shards take free ports, as the main ones did */
    struct cache_host *caches;
    struct redis_faults *faults;
};

struct cache_ports *cache_ports_create(const struct cache_ports_config *config);
/* All ports must have been closed, or given up. */
void cache_ports_destroy(struct cache_ports *ports); /* NULL is fine */

/*
 * The cache has other shards or private addresses: opens and closes ports, and writes those of the
 * shards into its cluster.
 */
void cache_ports_update(struct cache_ports *ports, const struct cache *cache);
void cache_ports_remove(struct cache_ports *ports, const struct cache *cache);
/* Closes everything; cache_ports_open counts down to 0 as the loop runs. */
void cache_ports_close(struct cache_ports *ports);
size_t cache_ports_open(const struct cache_ports *ports); /* listeners */

#endif
