/*
 * The ports of clustered caches: each shard has one for plain clients and one for TLS, Azure's
 * 13000 and 15000 onwards where these are free. They come and go with the caches.
 */
#ifndef EMULATOR_SHARD_PORTS_H
#define EMULATOR_SHARD_PORTS_H

#include "emulator/cache_host.h"

struct shard_ports;

struct shard_ports_config {
    struct loop *loop;
    struct tls_authority *authority;
    const char *bind;
    bool plain, tls; /* false: that kind of port is off */
    bool any_port;   /* take free ports, as the main ones do */
    struct cache_host *caches;
};

struct shard_ports *shard_ports_create(const struct shard_ports_config *config);
/* All ports must have been closed, or given up. */
void shard_ports_destroy(struct shard_ports *ports); /* NULL is fine */

/* The cache has another number of shards: opens and closes ports, and writes them into its cluster.
 */
void shard_ports_update(struct shard_ports *ports, const struct cache *cache);
void shard_ports_remove(struct shard_ports *ports, const struct cache *cache);
/* Closes everything; shard_ports_open counts down to 0 as the loop runs. */
void shard_ports_close(struct shard_ports *ports);
size_t shard_ports_open(const struct shard_ports *ports); /* listeners */

#endif
