#include "emulator/sentinel.h"

#include <stdio.h>

#include "emulator/cache_nodes.h"
#include "resp/cluster.h"
#include "resp/pubsub.h"
#include "resp/sentinel.h"

#define ADDRESS "127.0.0.1"
#define MOST_CLIENTS 1000

struct sentinel {
    struct cache_host *caches;
    struct sentinel_host host;
    struct instance *instance;
    struct redis_endpoint *endpoint;
};

/* ---- Masters ---- */

/* A cache with one shard, whose nodes have ports. */
static bool is_master(const struct cache *cache)
{
    return cache->cluster == NULL && (cache->nodes[0].port != 0 || cache->nodes[0].tls_port != 0);
}

/* Plain clients of a cache that takes none are told where TLS is spoken. */
static int port_of(const struct cache *cache, int node, bool tls)
{
    bool plain = !tls && cache->plain_port_open && cache->nodes[node].port != 0;
    return plain ? cache->nodes[node].port : cache->nodes[node].tls_port;
}

static void describe(const struct cache *cache, bool tls, struct sentinel_master *master)
{
    int primary = instance_primary_node(cache->instance), nodes = cache->replicas + 1;
    *master = (struct sentinel_master){
        .name = bytes_from_string(cache->name),
        .address = BYTES(ADDRESS),
        .port = port_of(cache, primary, tls),
        .replicas = cache->replicas < SENTINEL_REPLICAS ? cache->replicas : SENTINEL_REPLICAS,
        .epoch = (int)cache->failovers,
    };
    instance_run_id(cache->instance, master->run_id);
    for (int i = 0; i < master->replicas; i++) {
        master->replica_ports[i] = port_of(cache, (primary + 1 + i) % nodes, tls);
    }
}

static bool master_at(void *context, size_t index, bool tls, struct sentinel_master *master)
{
    struct sentinel *sentinel = context;
    const struct cache *cache = cache_host_first(sentinel->caches);
    while (cache != NULL && (!is_master(cache) || index-- > 0)) {
        cache = cache->next;
    }
    if (cache != NULL) {
        describe(cache, tls, master);
    }
    return cache != NULL;
}

static bool fail_over(void *context, struct bytes name)
{
    struct sentinel *sentinel = context;
    struct cache *cache = cache_host_find(sentinel->caches, name);
    if (cache == NULL || cache->replicas == 0) {
        return false;
    }
    cache_host_failover(sentinel->caches, cache, -1, 0);
    return true;
}

void sentinel_switched(struct sentinel *sentinel, const struct cache *cache, int old)
{
    if (!is_master(cache)) {
        return;
    }
    int from = port_of(cache, old, false);
    int to = port_of(cache, instance_primary_node(cache->instance), false);
    char *message = string_format("%s " ADDRESS " %d " ADDRESS " %d", cache->name, from, to);
    pubsub_publish(sentinel->instance, PUBSUB_CHANNEL, BYTES("+switch-master"),
                   bytes_from_string(message));
    memory_free(message);
    message = string_format("slave " ADDRESS ":%d " ADDRESS " %d @ %s " ADDRESS " %d", from, from,
                            cache->name, to);
    pubsub_publish(sentinel->instance, PUBSUB_CHANNEL, BYTES("+slave"), bytes_from_string(message));
    memory_free(message);
}

/* ---- The port ---- */

static enum redis_name by_name(void *context, struct bytes server_name, struct redis_target *target)
{
    (void)context;
    (void)server_name;
    (void)target;
    return REDIS_NAME_FOREIGN; /* whatever it is called */
}

static struct redis_target everybody(void *context)
{
    const struct sentinel *sentinel = context;
    return (struct redis_target){
        .instance = sentinel->instance, .minimum_tls = TLS_1_2, .plain_port_open = true};
}

static bool by_password(void *context, struct instance *named,
                        const struct redis_credentials *given, struct redis_target *target,
                        struct session_admission *admission)
{
    (void)context;
    (void)named;
    (void)given;
    (void)target;
    (void)admission;
    return false;
}

struct sentinel *sentinel_create(struct loop *loop, struct cache_host *caches, struct clock *clock,
                                 struct random *random)
{
    struct sentinel *sentinel = memory_allocate_zeroed(sizeof(*sentinel));
    const struct redis_directory directory = {
        .context = sentinel,
        .by_name = by_name,
        .anteroom = everybody,
        .by_password = by_password,
    };
    sentinel->caches = caches;
    sentinel->host = (struct sentinel_host){sentinel, master_at, fail_over};
    const struct instance_config config = {
        .name = BYTES("sentinel"),
        .profile = PROFILE_REDIS,
        .version = BYTES("7.0.15"),
        .databases = 1,
        .max_clients = MOST_CLIENTS,
        .max_memory_policy = BYTES("noeviction"),
        .sentinel = &sentinel->host,
    };
    sentinel->instance = instance_create(&config, clock, random);
    sentinel->endpoint = redis_endpoint_create(loop, &directory, NULL);
    return sentinel;
}

void sentinel_destroy(struct sentinel *sentinel)
{
    if (sentinel != NULL) {
        redis_endpoint_destroy(sentinel->endpoint);
        instance_destroy(sentinel->instance);
        memory_free(sentinel);
    }
}

struct connection_handler sentinel_handler(struct sentinel *sentinel)
{
    return redis_endpoint_handler(sentinel->endpoint);
}

struct tls_policy_source sentinel_policy(struct sentinel *sentinel)
{
    return redis_endpoint_policy(sentinel->endpoint);
}
