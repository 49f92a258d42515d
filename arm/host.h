/*
 * What the management API asks of the process around it. arm/ changes caches only through these
 * callbacks; tests pass a fake host. Every view is borrowed for the call.
 */
#ifndef ARM_HOST_H
#define ARM_HOST_H

#include <stdint.h>

#include "arm/errors.h"
#include "base/bytes.h"

/* Who is calling, from the verified token. */
struct arm_principal {
    char object_id[64];
    char tenant_id[64];
    char application_id[64]; /* empty for users */
    char name[128];
};

/* IPv4 addresses as numbers, both ends included. */
struct arm_address_range {
    uint32_t start, end;
};

/* Who may sign in with an Entra token, and what its access policy lets it do. */
struct arm_access {
    struct bytes object_id, alias; /* AUTH's user name is either */
    struct bytes permissions;      /* ACL rules as Azure keeps them: "+@read +set allkeys" */
};

/* When the service may maintain a cache, weekly. */
struct arm_patch_window {
    unsigned days; /* a bit each, from Sunday on */
    int start_hour;
    int64_t length_ms; /* at most a day */
};

/* Maintenance that was announced. */
struct arm_notice {
    int64_t told_ms, starts_ms;
};

enum arm_nodes { ARM_PRIMARY_NODE, ARM_SECONDARY_NODE, ARM_ALL_NODES };

/* Everything the data plane must know of one cache, whenever any of it changed. */
struct arm_cache {
    struct bytes name; /* of the resource, as the user wrote it */
    struct bytes resource_id;
    struct bytes sku; /* "Basic", "Standard", "Premium" */
    char family;      /* 'C', 'P' or 'E' */
    int capacity;
    const char *domain; /* behind the name, as for cache_address */
    bool enterprise;    /* of redisEnterprise: the sku is "Balanced_B5", the name "c1.westus2" */
    struct bytes primary_key, secondary_key;
    struct bytes redis_version;       /* "6.0" as ARM shows it */
    struct bytes minimum_tls_version; /* "1.0", "1.1", "1.2"; empty: not set */
    bool non_ssl_port_enabled;
    bool public_network_access;
    bool access_keys_disabled;
    int shard_count;   /* 0: not clustered */
    int coming_shards; /* while it is being scaled to another number; 0: it is not */
    int64_t coming_ms; /* when that is to be over */
    int databases;
    int max_clients;
    uint64_t max_memory;
    struct bytes max_memory_policy; /* empty: the service's default, volatile-lru */
    struct bytes notify_keyspace_events;
    int replicas;       /* of each shard: 0 for Basic */
    struct bytes zones; /* that its nodes take turns in: "123"; "1": all of them lie in one */
    bool entra_enabled; /* redisConfiguration's aad-enabled */
    const struct arm_access *accesses;
    size_t access_count;
    const struct arm_address_range *firewall; /* none: every address is welcome */
    size_t firewall_count;
    const struct bytes *private_addresses; /* of approved private endpoints: "127.0.0.5" */
    size_t private_address_count;
    struct bytes
        geo_primary; /* the cache that this one replicates and is read-only for; empty: none */
    bool rdb_backup_enabled, aof_backup_enabled;
    const struct bytes *active_peers; /* others that write to the same data, by name */
    size_t active_peer_count;
    const struct arm_patch_window *windows; /* none: it may be maintained at any time */
    size_t window_count;
};

/* The zone of a shard's node: the shards begin in different ones. `zones` is not empty. */
static inline char arm_node_zone(struct bytes zones, int shard, int node)
{
    return zones.data[(size_t)(shard + node) % zones.size];
}

/* Where clients reach a cache, as ARM answers show it. */
struct arm_cache_address {
    char host_name[256];
    int port, ssl_port;
};

/* A long-running operation that falls due. */
struct arm_ending {
    struct bytes action; /* "Microsoft.Cache/redis/write" */
    struct bytes resource_id, location;
    int64_t duration_ms; /* as long as it was to take */
    bool postponed;      /* it has been before */
};

/* How it is to end. */
struct arm_outcome {
    bool failed;
    struct arm_error error; /* of a failed one */
    /* Not yet: so much later (negative: until it is released), while `holder` says so. */
    int64_t later_ms;
    uint64_t holder; /* for arm_service_release_operations */
};

/* A request that is known and permitted so far, and about to be handled. */
struct arm_attempt {
    struct bytes method, path, api_version;
    const struct arm_principal *principal;
    struct bytes resource_id, resource_type, location, sku; /* as far as they are known */
    int64_t age_ms;                  /* since the resource was made; -1: it is not there */
    const struct arm_ending *polled; /* the operation that it asks for; NULL: none */
};

/* What becomes of it. All zero: it is handled. */
struct arm_interference {
    bool refused; /* answered with `error` */
    bool handled; /* it takes effect all the same */
    struct arm_error error;
    int64_t retry_after_s; /* 0: no header */
    bool html;             /* the error's message is a page */
};

/* What of a cache is watched over time, for Azure Monitor. */
enum arm_figure {
    ARM_FIGURE_HITS,
    ARM_FIGURE_MISSES,
    ARM_FIGURE_READ, /* bytes a second that clients sent... */
    ARM_FIGURE_WRITTEN,
    ARM_FIGURE_CLIENTS,
    ARM_FIGURE_TOKEN_CLIENTS,
    ARM_FIGURE_EVICTED,
    ARM_FIGURE_EXPIRED,
    ARM_FIGURE_GETS,
    ARM_FIGURE_SETS,
    ARM_FIGURE_COMMANDS,
    ARM_FIGURE_OPERATIONS, /* a second */
    ARM_FIGURE_PROCESSOR,  /* percent */
    ARM_FIGURE_KEYS,
    ARM_FIGURE_MEMORY,
    ARM_FIGURE_MEMORY_PERCENT,
    ARM_FIGURE_RESIDENT,
    ARM_FIGURE_MISS_RATE, /* percent */
    ARM_FIGURE_OPENED,    /* connections a second */
    ARM_FIGURE_CLOSED,
    ARM_FIGURE_LATENCY, /* microseconds of a command */
    ARM_FIGURE_LATENCY_99,
    ARM_FIGURE_GEO_LAG,          /* of a secondary: seconds since it was even with its primary */
    ARM_FIGURE_GEO_WAITING,      /* of a primary: bytes that its secondary has not */
    ARM_FIGURE_GEO_HEALTHY,      /* of a secondary: 0 or 1 */
    ARM_FIGURE_GEO_COPY_STARTED, /* of a secondary: a sample each time */
    ARM_FIGURE_GEO_COPY_FINISHED,
    ARM_FIGURE_FAILOVERS, /* from here on what counts as an error */
    ARM_FIGURE_DATA_LOSSES,
    ARM_FIGURE_SLOW_READERS,
    ARM_FIGURE_AOF_ERRORS,
    ARM_FIGURE_RDB_ERRORS,
    ARM_FIGURE_IMPORT_ERRORS,
    ARM_FIGURE_EXPORT_ERRORS,
    ARM_FIGURE_TOKENS_REFUSED,
    ARM_FIGURE_TOKENS_EXPIRED,
    ARM_FIGURE_COUNT,
    ARM_FIGURE_ERRORS = ARM_FIGURE_COUNT, /* all errors together */
};

/* What was seen of a figure in a span of time. count 0: nothing. */
struct arm_sample {
    double total, minimum, maximum;
    uint64_t count;
};

/* The identity of a resource, which may have tokens. */
struct arm_managed_identity {
    const char *client_id, *object_id, *name, *resource_id;
};

/* A document on its way to whoever it is embedded in. */
struct arm_fetch {
    /* The document, or why there is none, for people. Borrowed. */
    void (*done)(struct arm_fetch *fetch, bool good, struct bytes content);
    void *host; /* the host's own */
};

struct arm_host {
    void *context;
    /* Verifies a bearer token for the management API. False: `error` says why (401). */
    bool (*authenticate)(void *context, struct bytes token, struct arm_principal *principal,
                         struct arm_error *error);
    /* "User", "ServicePrincipal", or NULL when the directory has nobody of that object id. May be
     * NULL: everybody is a service principal. */
    const char *(*principal_type)(void *context, struct bytes object_id);
    /* `domain`: what Azure puts behind the name, "redis.cache.windows.net". */
    void (*cache_address)(void *context, struct bytes name, const char *domain,
                          struct arm_cache_address *address);
    /* The identity may have tokens from now on, or is gone. May be NULL. */
    void (*identity_apply)(void *context, const struct arm_managed_identity *identity);
    void (*identity_remove)(void *context, const char *client_id);
    /* A web app or a container app wrote a line to its log. May be NULL. */
    void (*app_log)(void *context, struct bytes resource_id, struct bytes line);
    /* Port of the emulator's own HTTP address; 0: not open. May be NULL. */
    int (*front_door_port)(void *context);
    /* The cache exists from now on, or has changed. */
    void (*cache_apply)(void *context, const struct arm_cache *cache);
    /* It is gone: connections are closed and data is dropped. */
    void (*cache_remove)(void *context, struct bytes name);
    void (*cache_flush)(void *context, struct bytes name);
    /* Connections of the nodes are cut; all nodes: the data is lost as well, unless it is
     * persisted. `shard` is -1 for all shards. */
    void (*cache_reboot)(void *context, struct bytes name, enum arm_nodes nodes, int shard);
    /* Which of a shard's nodes is its primary, counted from 0. May be NULL: the first. */
    int (*cache_primary)(void *context, struct bytes name, int shard);
    /* The maintenance that was announced, oldest first; returns how many. May be NULL. */
    size_t (*cache_notices)(void *context, struct bytes name, struct arm_notice *notices,
                            size_t most);
    /* Writes RDB files, one a shard, into the container: a folder stands for it. The container is a
     * URL with a signature, "https://{account}.blob.core.windows.net/{container}?sv=...". */
    bool (*cache_export)(void *context, struct bytes name, struct bytes container,
                         struct bytes prefix, struct arm_error *error);
    /* Replaces the cache's data by what the RDB files (URLs of blobs) hold. */
    bool (*cache_import)(void *context, struct bytes name, const struct bytes *files, size_t count,
                         struct arm_error *error);
    /* Shards that are watched apart; 0: there is no such cache. May be NULL: nothing is watched. */
    int (*cache_shards)(void *context, struct bytes name);
    /* From `from_ms` on and before `to_ms`, at one shard or (-1) at all together. */
    struct arm_sample (*cache_sample)(void *context, struct bytes name, int shard,
                                      enum arm_figure figure, int64_t from_ms, int64_t to_ms);
    /* Sends JSON to a webhook, some time soon. May be NULL: nobody is told. */
    void (*post)(void *context, const char *url, struct bytes body);
    /* Gets a document that a URL leads to; `done` may run at once. May be NULL: there are none. */
    void (*fetch)(void *context, const char *url, size_t limit, struct arm_fetch *fetch);
    void (*fetch_cancel)(void *context, struct arm_fetch *fetch); /* `done` does not run then */
    /* May be NULL: every operation succeeds. */
    void (*decide_outcome)(void *context, const struct arm_ending *ending,
                           struct arm_outcome *outcome);
    /* May be NULL: every request is handled. */
    void (*interfere)(void *context, const struct arm_attempt *attempt,
                      struct arm_interference *interference);
    /* A resource changed: the state is to be saved soon. May be NULL. */
    void (*changed)(void *context);
};

#endif
