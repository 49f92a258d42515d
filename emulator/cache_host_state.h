/* The inside of the host of the caches, for the files that share it. */
#ifndef EMULATOR_CACHE_HOST_STATE_H
#define EMULATOR_CACHE_HOST_STATE_H

#include "emulator/cache_host.h"

#define AZURE_CACHE_SUFFIX ".redis.cache.windows.net"

/* An instance whose cache has gone but whose connections are still closing. */
struct leaving {
    struct instance *instance;
    struct leaving *next;
};

struct cache_host {
    const struct observer *observer; /* of every instance; NULL: none */
    struct cache_host_config config;
    struct instance *anteroom;
    struct cache *caches; /* oldest first */
    struct leaving *leaving;
    bool held;
    int port, tls_port;
    struct cache_host_counters counters;
};

#endif
