/* The inside of the host of the caches, for the files that share it. */
#ifndef EMULATOR_CACHE_HOST_STATE_H
#define EMULATOR_CACHE_HOST_STATE_H

#include "emulator/cache_host.h"
#include "emulator/redis_settings.h"

#define AZURE_CACHE_SUFFIX ".redis.cache.windows.net"
#define MANAGED_CACHE_SUFFIX ".redis.azure.net"
#define ENTERPRISE_CACHE_SUFFIX ".redisenterprise.cache.azure.net"

/* An instance whose cache has gone but whose connections are still closing. */
struct leaving {
    struct instance *instance;
    struct leaving *next;
};

struct cache_host {
    const struct observer *observer; /* of every instance; NULL: none */
    struct cache_host_config config;
    struct redis_settings settings; /* of the open devcache */
    struct instance *anteroom;
    struct cache *caches; /* oldest first */
    struct leaving *leaving;
    struct node_sequence *sequences; /* what is happening to nodes */
    bool held;
    int port, tls_port, enterprise_port; /* 0: off */
    struct cache_host_counters counters;
};

/* Of a shard; told of the host and observed like all. */
struct instance *cache_host_make_instance(const struct cache_host *host,
                                          const struct instance_config *config);

#endif
