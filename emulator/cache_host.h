/*
 * The caches of this process, each a resp instance: what the management API asks of arm/host.h for
 * caches is done here, and the Redis ports are told which instance a connection belongs to.
 */
#ifndef EMULATOR_CACHE_HOST_H
#define EMULATOR_CACHE_HOST_H

#include "arm/host.h"
#include "base/clock.h"
#include "base/random.h"
#include "emulator/active_replication.h"
#include "emulator/cache_access.h"
#include "emulator/config.h"
#include "emulator/maintenance_windows.h"
#include "emulator/network_rules.h"
#include "emulator/redis_endpoint.h"
#include "resp/observer.h"
#include "resp/instance.h"

struct cache_host;
struct redis_settings;

/* What was last heard of a cache. Read-only for everyone else. */
struct cache {
    char *name;          /* as the user wrote it */
    char *sku;           /* "Standard C1" */
    char *redis_version; /* "6.0" */
    char *primary_key, *secondary_key;
    struct instance *instance;
    enum tls_version minimum_tls;
    bool plain_port_open;
    struct cache_access access;
    struct network_rules network;
    struct maintenance_windows maintenance;
    bool open_redis;           /* devcache of profile redis: no password, nothing blocked */
    int shard_count, replicas; /* the latter of each shard */
    bool persisted;            /* an RDB or AOF backup outlives the nodes */
    bool appends;              /* it is an AOF */
    bool enterprise;           /* of Azure Managed Redis: has another port */
    const char *domain;        /* behind the name: "redis.cache.windows.net" */
    uint64_t failovers, data_losses;
    struct cluster_member *nodes;  /* of one that is not clustered; ports where there are any */
    struct cluster *cluster;       /* NULL: not clustered; `instance` is its first node otherwise */
    struct cache_scaling *scaling; /* NULL: its slots do not move */
    char *geo_primary;             /* the cache that this one is to be a copy of; empty: none */
    struct geo_link *geo_link;     /* NULL: it is no copy now */
    int64_t geo_lag_ms;
    struct active_links links;    /* databases that write to the same data */
    struct active_member *active; /* NULL: none of these is there */
    bool doomed;                  /* removed while the host is held */
    /* For persistence: instance_changes when last saved, and the earliest next time (loop ms). */
    uint64_t saved_changes;
    uint64_t next_save_ms;
    struct cache *next;
};

struct cache_host_config {
    struct clock *clock;
    struct random *random;
    enum host_names host_names;
    enum instance_profile devcache_profile;
    const struct option_list *redis_settings; /* of devcache in profile redis; may be NULL */
    bool keeps_redis_settings;                /* CONFIG REWRITE has a file */
    const char *executable, *config_file;     /* for INFO; may be NULL */
    const char *data_directory;               /* of the emulator, for export and import */
    /* Called before the cache goes. May be NULL. */
    void (*removing)(void *context, const struct cache *cache);
    /* The cache has other shards or private addresses, which need ports. May be NULL. */
    void (*moved)(void *context, const struct cache *cache);
    /* Whether a node in that zone can become the primary. NULL: all can. */
    bool (*electable)(void *context, const struct cache *cache, char zone);
    /* Another node of the shard is the primary. May be NULL. */
    void (*promoted)(void *context, const struct cache *cache, int shard, int old);
    /* Whether a token is good for Redis; false: why not in `reason`. NULL: none is. */
    bool (*verify_token)(void *context, struct bytes token, struct cache_token *said,
                         struct buf *reason);
    /* Something that Azure counts as an error of a shard, one of the figures of arm/host.h. May be
     * NULL. */
    void (*troubled)(void *context, const struct cache *cache, int shard, enum arm_figure what);
    /* A client gave a password: which cache it opened, NULL for none. May be NULL. */
    void (*signed_in)(void *context, const struct cache *cache);
    /* As in struct instance_host_info. May be NULL. */
    uint64_t (*resident_bytes)(void *context, const struct instance *instance);
    /* SAVE and SHUTDOWN of the open devcache. May be NULL. */
    bool (*save)(void *context, struct instance *instance);
    bool (*saved_dump)(void *context, struct instance *instance, struct buf *dump);
    void (*stop)(void *context);
    /* Files of its settings and users. May be NULL. */
    int (*read_file)(void *context, const char *path, struct buf *content);
    int (*write_file)(void *context, const char *path, struct bytes content);
    /* REPLICAOF of the open devcache. May be NULL. */
    void (*follow)(void *context, struct instance *instance, struct bytes host, int port);
    /* MIGRATE, likewise. */
    void (*migrate)(void *context, struct instance *instance, struct bytes host, int port,
                    int64_t timeout_ms);
    /* A fault: a published message gets lost. May be NULL. */
    bool (*lose)(void *context, const struct session *subscriber, struct bytes channel);
    void *context;
};

struct cache_host *cache_host_create(const struct cache_host_config *config);
/* Every connection must be gone by now. */
void cache_host_destroy(struct cache_host *host);
/* Of the open devcache. */
const struct redis_settings *cache_host_settings(const struct cache_host *host);
/* The ports in use, 0 for off; before any cache exists. */
void cache_host_set_ports(struct cache_host *host, int port, int tls_port);
void cache_host_set_enterprise_port(struct cache_host *host, int port);
int cache_host_enterprise_port(const struct cache_host *host); /* 0: closed */

/* The shards of a clustered cache, or the one instance of another. */
int cache_instance_count(const struct cache *cache);
struct instance *cache_instance(const struct cache *cache, int index);
/* Summed over the shards of a clustered cache. */
void cache_stats(const struct cache *cache, struct instance_stats *stats);
/* Where a connection to the cache itself leads. */
struct redis_target cache_endpoint_target(const struct cache *cache);
/* The node of a shard that a connection to its own port belongs to. */
struct redis_target cache_node_target(const struct cache *cache, int shard, int node);
/* Whether user and password open this cache; counted and told like any sign-in. */
bool cache_host_opens(struct cache_host *host, const struct cache *cache,
                      const struct redis_credentials *given, struct session_admission *admission);

/* Told of every command of every cache from now on; NULL: nobody. It outlives the host. */
void cache_host_observe(struct cache_host *host, const struct observer *observer);

/* As in arm/host.h. */
void cache_host_address(const struct cache_host *host, struct bytes name, const char *domain,
                        struct arm_cache_address *address);
void cache_host_apply(struct cache_host *host, const struct arm_cache *cache);
void cache_host_remove(struct cache_host *host, struct bytes name);
void cache_host_flush(struct cache_host *host, struct bytes name);
/* Every cache as after a start: no data, scripts or statistics. Connections stay. */
void cache_host_reset(struct cache_host *host);

/* Tells `troubled`; shard -1: all of them. */
void cache_host_trouble(struct cache_host *host, const struct cache *cache, int shard,
                        enum arm_figure what);

struct redis_directory cache_host_directory(struct cache_host *host);

struct cache *cache_host_first(struct cache_host *host);                   /* then ->next */
struct cache *cache_host_find(struct cache_host *host, struct bytes name); /* any case */
/*
 * Between the two, a cache that is removed and applied again keeps its instance, its data and its
 * connections: for replacing all resources at once.
 */
void cache_host_hold(struct cache_host *host);
void cache_host_release(struct cache_host *host);
/* Whether a dump can be loaded, tried out on an instance that is thrown away. */
bool cache_host_try_dump(struct cache_host *host, struct bytes dump, struct buf *error);
/* Frees instances of removed caches whose connections have gone. Now and then. */
void cache_host_sweep(struct cache_host *host);

struct cache_host_counters {
    uint64_t authenticated, refused;
    uint64_t tokens_taken, tokens_refused; /* of these, sign-ins with a token */
};
struct cache_host_counters cache_host_counters(const struct cache_host *host);

#endif
