/* The caches of this process, behind the management API and behind the Redis ports. */
#include "emulator/cache_host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "emulator/cache_access.h"
#include "emulator/cache_host_state.h"
#include "emulator/cache_nodes.h"
#include "emulator/cache_scaling.h"
#include "emulator/geo_replication.h"
#include "emulator/redis_settings.h"
#include "emulator/well_known.h"
#include "resp/cluster.h"
#include "resp/cluster_move.h"
#include "resp/keyspace.h"
#include "resp/rdb.h"
#include "resp/session.h"

#define AZURE_IDLE_TIMEOUT_MS (10 * 60 * 1000)
#define ANTEROOM_CLIENTS 10000
#define ENTERPRISE_PORT 10000
#define OPEN_REDIS_VERSION "7.0.15"

/* ---- Instances ---- */

/* The exact version that a cache of this kind of version runs. */
static struct bytes full_version(struct bytes version)
{
    static const struct {
        const char *shown, *full;
    } versions[] = {
        {"4", "4.0.14"},   {"4.0", "4.0.14"}, {"6", "6.0.14"},
        {"6.0", "6.0.14"}, {"7.2", "7.2.4"},  {"7.4", "7.4.2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (bytes_equal_string(version, versions[i].shown)) {
            return bytes_from_string(versions[i].full);
        }
    }
    return version.size == 0 ? BYTES("6.0.14") : version;
}

static struct instance_config instance_config_of(const struct cache_host *host,
                                                 const struct arm_cache *cache, bool open_redis)
{
    struct instance_config config = {
        .name = cache->name,
        .profile = PROFILE_AZURE,
        .version = full_version(cache->redis_version),
        .databases = cache->databases,
        .max_clients = cache->max_clients,
        .max_memory = cache->max_memory,
        .max_memory_policy = cache->max_memory_policy,
        .notify_keyspace_events = cache->notify_keyspace_events,
        .idle_timeout_ms = AZURE_IDLE_TIMEOUT_MS,
        .clustered = cache->shard_count > 0,
        .replicas = cache->replicas,
        .port = host->port,
        .tls_port = host->tls_port,
        .appends = cache->aof_backup_enabled,
    };
    if (config.max_memory_policy.size == 0) {
        config.max_memory_policy = BYTES("volatile-lru");
    }
    if (cache->enterprise) {
        config.profile = PROFILE_MANAGED;
    }
    if (open_redis) {
        config.profile = PROFILE_REDIS;
        config.version = BYTES(OPEN_REDIS_VERSION);
        config.databases = redis_settings_databases(&host->settings);
        config.max_clients = 10000;
        config.replicas = 0;
        config.max_memory = 0;
        config.max_memory_policy = BYTES("noeviction");
        config.idle_timeout_ms = 0;
    }
    return config;
}

static void tell_host_info(const struct cache_host *host, struct instance *instance)
{
    bool rewrites = host->settings.file != NULL && instance_profile(instance) == PROFILE_REDIS;
    const struct instance_host_info info = {
        .pid = getpid(),
        .executable = host->config.executable,
        .config_file = rewrites ? host->settings.file : host->config.config_file,
        .rewrites = rewrites,
        .read_file = host->config.read_file,
        .write_file = host->config.write_file,
        .resident_bytes = host->config.resident_bytes,
        .save = host->config.save,
        .saved_dump = host->config.saved_dump,
        .stop = host->config.stop,
        .follow = host->config.follow,
        .migrate = host->config.migrate,
        .lose = host->config.lose,
        .context = host->config.context,
#ifdef __APPLE__
        .os = BYTES("Darwin"),
#else
        .os = BYTES("Linux"),
#endif
    };
    instance_set_host_info(instance, &info);
    instance_observe(instance, host->observer);
}

struct instance *cache_host_make_instance(const struct cache_host *host,
                                          const struct instance_config *config)
{
    struct instance *instance = instance_create(config, host->config.clock, host->config.random);
    tell_host_info(host, instance);
    return instance;
}

static void close_session(void *context, struct session *session)
{
    (void)context;
    session_close(session);
}

static void count_session(void *context, struct session *session)
{
    (void)session;
    ++*(size_t *)context;
}

/* Ends its sessions; the instance itself goes when the last of their connections has. */
static void retire_instance(struct cache_host *host, struct instance *instance)
{
    struct leaving *leaving = memory_allocate(sizeof(*leaving));
    *leaving = (struct leaving){instance, host->leaving};
    host->leaving = leaving;
    instance_each_session(instance, close_session, NULL);
}

void cache_host_sweep(struct cache_host *host)
{
    struct leaving **at = &host->leaving;
    while (*at != NULL) {
        struct leaving *leaving = *at;
        size_t sessions = 0;
        instance_each_session(leaving->instance, count_session, &sessions);
        if (sessions > 0) {
            at = &leaving->next;
            continue;
        }
        *at = leaving->next;
        instance_destroy(leaving->instance);
        memory_free(leaving);
    }
}

/* ---- Caches ---- */

struct cache *cache_host_first(struct cache_host *host)
{
    return host->caches;
}

struct cache *cache_host_find(struct cache_host *host, struct bytes name)
{
    struct cache *cache = host->caches;
    while (cache != NULL && !bytes_equal_string_nocase(name, cache->name)) {
        cache = cache->next;
    }
    return cache;
}

static void replace_text(char **text, struct bytes value)
{
    memory_free(*text);
    *text = bytes_to_string(value);
}

static enum tls_version tls_version_of(struct bytes text)
{
    if (bytes_equal_string(text, "1.0")) {
        return TLS_1_0;
    }
    if (bytes_equal_string(text, "1.1")) {
        return TLS_1_1;
    }
    return TLS_1_2; /* what Azure has required everywhere since 2025 */
}

static struct cache *add_cache(struct cache_host *host, const struct arm_cache *arm)
{
    struct cache *cache = memory_allocate_zeroed(sizeof(*cache));
    struct cache **end = &host->caches;

    while (*end != NULL) {
        end = &(*end)->next;
    }
    cache->nodes = memory_allocate_zeroed(CLUSTER_MEMBERS * sizeof(*cache->nodes));
    *end = cache;
    cache->open_redis = host->config.devcache_profile == PROFILE_REDIS &&
                        bytes_equal_string_nocase(arm->name, WELL_KNOWN_CACHE);
    struct instance_config config = instance_config_of(host, arm, cache->open_redis);
    cache->instance = instance_create(&config, host->config.clock, host->config.random);
    tell_host_info(host, cache->instance);
    return cache;
}

static void cache_free(struct cache *cache)
{
    cluster_destroy(cache->cluster);
    memory_free(cache->nodes);
    memory_free(cache->name);
    memory_free(cache->sku);
    memory_free(cache->redis_version);
    memory_free(cache->primary_key);
    memory_free(cache->secondary_key);
    memory_free(cache->geo_primary);
    cache_access_finish(&cache->access);
    network_rules_finish(&cache->network);
    active_links_finish(&cache->links);
    maintenance_windows_finish(&cache->maintenance);
    memory_free(cache);
}

/* ---- Shards ---- */

int cache_instance_count(const struct cache *cache)
{
    return cache->cluster == NULL ? 1 : cache->cluster->count;
}

struct instance *cache_instance(const struct cache *cache, int index)
{
    return cache->cluster == NULL ? cache->instance : cache->cluster->shards[index].instance;
}

void cache_host_trouble(struct cache_host *host, const struct cache *cache, int shard,
                        enum arm_figure what)
{
    for (int i = 0; i < cache_instance_count(cache) && host->config.troubled != NULL; i++) {
        if (shard < 0 || shard == i) {
            host->config.troubled(host->config.context, cache, i, what);
        }
    }
}

void cache_stats(const struct cache *cache, struct instance_stats *stats)
{
    instance_stats(cache->instance, stats);
    for (int i = 1; i < cache_instance_count(cache); i++) {
        struct instance_stats shard;
        instance_stats(cache_instance(cache, i), &shard);
        stats->connections_received += shard.connections_received;
        stats->commands_processed += shard.commands_processed;
        stats->rejected_connections += shard.rejected_connections;
        stats->input_bytes += shard.input_bytes;
        stats->output_bytes += shard.output_bytes;
        stats->expired_keys += shard.expired_keys;
        stats->evicted_keys += shard.evicted_keys;
        stats->keyspace_hits += shard.keyspace_hits;
        stats->keyspace_misses += shard.keyspace_misses;
        stats->get_commands += shard.get_commands;
        stats->set_commands += shard.set_commands;
        stats->errors += shard.errors;
        stats->keys += shard.keys;
        stats->used_memory += shard.used_memory;
        stats->used_memory_peak += shard.used_memory_peak;
        stats->max_memory += shard.max_memory;
        stats->connected_clients += shard.connected_clients;
        stats->operations_per_second += shard.operations_per_second;
        stats->blocked_clients += shard.blocked_clients;
        stats->account_clients += shard.account_clients;
        stats->accounts_ended += shard.accounts_ended;
    }
}

void cache_host_reset(struct cache_host *host)
{
    for (struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        for (int i = 0; i < cache_instance_count(cache); i++) {
            instance_reset(cache_instance(cache, i));
        }
    }
}

void cache_host_observe(struct cache_host *host, const struct observer *observer)
{
    host->observer = observer;
    instance_observe(host->anteroom, observer);
    for (struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        for (int i = 0; i < cache_instance_count(cache); i++) {
            instance_observe(cache_instance(cache, i), observer);
        }
    }
}

/* A clustered cache has only the first. */
static void warn_of_databases(const struct cache *cache)
{
    size_t lost = 0;
    for (int i = 1; cache->cluster == NULL && i < instance_database_count(cache->instance); i++) {
        lost += keyspace_count(instance_database(cache->instance, i));
    }
    if (lost > 0) {
        log_warn("cache",
                 "keys are lost name=%s count=%zu reason=\"they are in databases above 0, which a "
                 "clustered cache does not have\"",
                 cache->name, lost);
    }
}

/*
 * Gives the cache as many shards as it should have, and every key to the shard of its slot. True:
 * there are others than before.
 */
static bool settle_shards(struct cache_host *host, struct cache *cache,
                          const struct instance_config *config, int count)
{
    struct cluster *old = cache->cluster;
    bool moving = cache->scaling != NULL;
    if ((!moving && count == (old == NULL ? 0 : old->count)) || count == 0) {
        return false; /* clustering cannot be turned off again */
    }
    if (moving) {
        cache_scaling_forget(host, cache);
        geo_forget(host, cache);
        cluster_move_finish(old, count);
        for (int i = count; i < old->count; i++) {
            cluster_leave(old->shards[i].instance);
            retire_instance(host, old->shards[i].instance);
        }
        old->count = count;
        return true;
    }
    geo_forget(host, cache);
    active_forget(cache);
    warn_of_databases(cache);
    struct cluster *cluster = cluster_create(BYTES("127.0.0.1"), count, host->config.random);
    for (int i = 0; i < count; i++) {
        struct instance *instance =
            i < cache_instance_count(cache) ? cache_instance(cache, i) : NULL;
        if (instance == NULL) {
            instance = cache_host_make_instance(host, config);
        }
        cluster_join(cluster, i, instance);
    }
    for (int i = 0; i < cache_instance_count(cache); i++) {
        struct instance *instance = cache_instance(cache, i);
        cluster_take_keys(cluster, instance);
        if (i >= count) {
            cluster_leave(instance);
            retire_instance(host, instance);
        }
    }
    cluster_destroy(old);
    cache->cluster = cluster;
    return true;
}

/* All instances of a cache end; it goes next. */
static void retire_cache(struct cache_host *host, struct cache *cache)
{
    for (int i = 0; i < cache_instance_count(cache); i++) {
        struct instance *instance = cache_instance(cache, i);
        cluster_leave(instance);
        retire_instance(host, instance);
    }
}

void cache_host_apply(struct cache_host *host, const struct arm_cache *arm)
{
    struct cache *cache = cache_host_find(host, arm->name);
    bool created = cache == NULL;

    if (created) {
        cache = add_cache(host, arm);
    }
    struct instance_config config = instance_config_of(host, arm, cache->open_redis);
    bool moving = cache->scaling != NULL && arm->coming_shards > 0;
    bool moved =
        !moving && settle_shards(host, cache, &config, cache->open_redis ? 0 : arm->shard_count);
    bool grown = cache_scaling_settle(host, cache, arm, &config);
    cache->doomed = false;
    replace_text(&cache->name, arm->name);
    replace_text(&cache->redis_version, arm->redis_version);
    replace_text(&cache->primary_key, arm->primary_key);
    replace_text(&cache->secondary_key, arm->secondary_key);
    replace_text(&cache->geo_primary, arm->geo_primary);
    char *old_sku = cache->sku;
    cache->enterprise = arm->enterprise;
    cache->domain = arm->domain;
    cache->sku = arm->enterprise ? bytes_to_string(arm->sku)
                                 : string_format("%.*s %c%d", (int)arm->sku.size, arm->sku.data,
                                                 arm->family, arm->capacity);
    bool scaled = !created && (moved || strcmp(old_sku, cache->sku) != 0);
    bool lost = scaled && strncmp(old_sku, "Basic", 5) == 0 && strncmp(cache->sku, "Basic", 5) == 0;
    memory_free(old_sku);
    cache->minimum_tls = tls_version_of(arm->minimum_tls_version);
    cache->plain_port_open = arm->non_ssl_port_enabled || cache->open_redis;
    cache->shard_count = arm->shard_count;
    moved |= grown || created || cache->replicas != config.replicas;
    cache->replicas = config.replicas;
    cache->appends = arm->aof_backup_enabled;
    cache->persisted = arm->rdb_backup_enabled || arm->aof_backup_enabled;
    for (int i = 0; i < cache_instance_count(cache); i++) {
        for (int node = 0; node < INSTANCE_MOST_NODES && arm->zones.size > 0; node++) {
            config.zones[node] = node > config.replicas ? '\0' : arm_node_zone(arm->zones, i, node);
        }
        instance_configure(cache_instance(cache, i), &config);
    }
    if (cache->open_redis) {
        redis_settings_apply(&host->settings, cache->instance);
    }
    if (cache->open_redis && created) {
        redis_settings_add_users(&host->settings, cache->instance);
    }
    maintenance_windows_set(&cache->maintenance, arm);
    moved |= network_rules_set(&cache->network, arm) || (created && arm->enterprise);
    if (!cache->open_redis) {
        cache_access_apply(cache, arm);
    }
    if (moved && host->config.moved != NULL) {
        host->config.moved(host->config.context, cache);
    }
    active_links_set(&cache->links, arm);
    geo_settle(host);
    active_settle(host);
    if (lost) {
        cache_nodes_lose_data(host, cache, -1); /* nothing is kept between the sizes of Basic */
    }
    if (scaled) {
        cache_nodes_scaled(host, cache);
    }
    log_info("cache", "%s name=%s sku=\"%s\" version=%s", created ? "created" : "changed",
             cache->name, cache->sku, cache->redis_version);
}

static void remove_cache(struct cache_host *host, struct cache **at)
{
    struct cache *cache = *at;

    cache_nodes_forget(host, cache);
    cache_scaling_forget(host, cache);
    geo_forget(host, cache);
    active_forget(cache);
    if (host->config.removing != NULL) {
        host->config.removing(host->config.context, cache);
    }
    *at = cache->next;
    log_info("cache", "removed name=%s", cache->name);
    retire_cache(host, cache);
    cache_free(cache);
}

void cache_host_remove(struct cache_host *host, struct bytes name)
{
    struct cache **at = &host->caches;

    while (*at != NULL && !bytes_equal_string_nocase(name, (*at)->name)) {
        at = &(*at)->next;
    }
    if (*at != NULL && host->held) {
        (*at)->doomed = true;
    } else if (*at != NULL) {
        remove_cache(host, at);
    }
}

void cache_host_hold(struct cache_host *host)
{
    host->held = true;
}

void cache_host_release(struct cache_host *host)
{
    struct cache **at = &host->caches;

    host->held = false;
    while (*at != NULL) {
        if ((*at)->doomed) {
            remove_cache(host, at);
        } else {
            at = &(*at)->next;
        }
    }
}

bool cache_host_try_dump(struct cache_host *host, struct bytes dump, struct buf *error)
{
    const struct instance_config config = {
        .name = BYTES("trial"),
        .profile = PROFILE_REDIS,
        .version =
            BYTES("7.4.2"), /* the newest that a cache runs: its dumps are in the state, too */
        .databases = 64,
        .max_memory_policy = BYTES("noeviction"),
    };
    struct instance *trial = instance_create(&config, host->config.clock, host->config.random);
    bool good = rdb_load(trial, dump, error);
    instance_destroy(trial);
    return good;
}

void cache_host_flush(struct cache_host *host, struct bytes name)
{
    struct cache *cache = cache_host_find(host, name);
    if (cache != NULL) {
        for (int i = 0; i < cache_instance_count(cache); i++) {
            instance_flush(cache_instance(cache, i));
        }
        log_info("cache", "flushed name=%s", cache->name);
    }
}

void cache_host_address(const struct cache_host *host, struct bytes name, const char *domain,
                        struct arm_cache_address *address)
{
    if (host->config.host_names == HOST_NAMES_AZURE) {
        snprintf(address->host_name, sizeof(address->host_name), "%.*s.%s", (int)name.size,
                 name.data, domain);
    } else {
        snprintf(address->host_name, sizeof(address->host_name), "localhost");
    }
    /* Azure's own names come with Azure's own ports; so does a port that is not served. */
    bool own = host->config.host_names == HOST_NAMES_AZURE;
    if (strcmp(domain, AZURE_CACHE_SUFFIX + 1) != 0) {
        int port = !own && host->enterprise_port != 0 ? host->enterprise_port : ENTERPRISE_PORT;
        address->port = address->ssl_port = port;
        return;
    }
    address->port = !own && host->port != 0 ? host->port : 6379;
    address->ssl_port = !own && host->tls_port != 0 ? host->tls_port : 6380;
}

struct cache_host *cache_host_create(const struct cache_host_config *config)
{
    struct cache_host *host = memory_allocate_zeroed(sizeof(*host));
    const struct instance_config anteroom = {
        .name = BYTES("anteroom"),
        .profile = PROFILE_AZURE,
        .version = BYTES("6.0.14"),
        .databases = 1,
        .max_clients = ANTEROOM_CLIENTS,
        .max_memory_policy = BYTES("noeviction"),
        .idle_timeout_ms = AZURE_IDLE_TIMEOUT_MS,
    };

    host->config = *config;
    redis_settings_init(&host->settings, config->redis_settings, config->data_directory,
                        config->keeps_redis_settings && config->devcache_profile == PROFILE_REDIS);
    host->anteroom = instance_create(&anteroom, config->clock, config->random);
    return host;
}

const struct redis_settings *cache_host_settings(const struct cache_host *host)
{
    return &host->settings;
}

void cache_host_set_ports(struct cache_host *host, int port, int tls_port)
{
    host->port = port;
    host->tls_port = tls_port;
}

void cache_host_set_enterprise_port(struct cache_host *host, int port)
{
    host->enterprise_port = port;
}

int cache_host_enterprise_port(const struct cache_host *host)
{
    return host->enterprise_port;
}

void cache_host_destroy(struct cache_host *host)
{
    if (host == NULL) {
        return;
    }
    while (host->caches != NULL) {
        struct cache *cache = host->caches;
        cache_nodes_forget(host, cache);
        cache_scaling_forget(host, cache);
        geo_forget(host, cache);
        active_forget(cache);
        host->caches = cache->next;
        retire_cache(host, cache);
        cache_free(cache);
    }
    cache_host_sweep(host);
    instance_destroy(host->anteroom);
    redis_settings_finish(&host->settings);
    memory_free(host);
}

struct cache_host_counters cache_host_counters(const struct cache_host *host)
{
    return host->counters;
}
