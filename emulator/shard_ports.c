#include "emulator/shard_ports.h"

#include "base/log.h"
#include "resp/cluster.h"

enum {
    FIRST_PLAIN = 13000,
    FIRST_TLS = 15000,
    PORTS_PER_SHARD = 2 /* its replica has the other */
};

struct shard_port {
    struct shard_ports *ports;
    const struct cache *cache; /* NULL: it is being closed */
    int shard;
    struct redis_endpoint *endpoint;
    struct listener *plain, *tls;
    size_t open; /* listeners */
    struct shard_port *next;
};

struct shard_ports {
    struct shard_ports_config config;
    struct shard_port *first;
};

/* ---- Whom a shard's port lets in: clients of that cache, to that shard ---- */

static enum redis_name by_name(void *context, struct bytes server_name, struct redis_target *target)
{
    const struct shard_port *port = context;
    (void)server_name;
    (void)target;
    /* Nodes are reached by address, not by name; one whose cache has gone takes nobody in. */
    return port->cache == NULL ? REDIS_NAME_UNKNOWN : REDIS_NAME_FOREIGN;
}

static struct redis_target target_of(void *context)
{
    const struct shard_port *port = context;
    return cache_shard_target(port->cache, port->shard);
}

static bool by_password(void *context, struct instance *named, struct bytes user,
                        struct bytes password, struct redis_target *target)
{
    const struct shard_port *port = context;
    (void)named;
    if (port->cache == NULL) {
        return false;
    }
    *target = target_of(context);
    return cache_host_opens(port->ports->config.caches, port->cache, user, password);
}

/* ---- Opening and closing ---- */

static void release(struct shard_port *port)
{
    struct shard_port **at = &port->ports->first;
    while (*at != port) {
        at = &(*at)->next;
    }
    *at = port->next;
    redis_endpoint_destroy(port->endpoint);
    memory_free(port);
}

static void listener_closed(void *context)
{
    struct shard_port *port = context;
    if (--port->open == 0) {
        release(port);
    }
}

static void close_port(struct shard_port *port)
{
    size_t open = port->open;
    port->cache = NULL;
    if (port->plain != NULL) {
        listener_close(port->plain, listener_closed, port);
    }
    if (port->tls != NULL) {
        listener_close(port->tls, listener_closed, port);
    }
    if (open == 0) {
        release(port);
    }
}

/* At the port wanted, or at any when that is taken. */
static struct listener *listen_at(struct shard_port *port, enum listener_security security,
                                  int wanted)
{
    const struct shard_ports_config *config = &port->ports->config;
    struct listener_config listening = {
        .address = config->bind,
        .port = config->any_port ? 0 : wanted,
        .security = security,
        .authority = config->authority,
        .policy = redis_endpoint_policy(port->endpoint),
        .handler = redis_endpoint_handler(port->endpoint),
    };
    struct buf error;
    buf_init(&error, 1024);
    struct listener *listener = listener_create(config->loop, &listening, &error);
    if (listener == NULL && listening.port != 0) {
        listening.port = 0;
        buf_clear(&error);
        listener = listener_create(config->loop, &listening, &error);
    }
    if (listener == NULL) {
        log_warn("cache", "a shard has no port name=%s shard=%d reason=\"%s\"", port->cache->name,
                 port->shard, buf_string(&error));
    }
    buf_finish(&error);
    port->open += listener != NULL ? 1 : 0;
    return listener;
}

static struct shard_port *open_port(struct shard_ports *ports, const struct cache *cache, int shard)
{
    struct shard_port *port = memory_allocate_zeroed(sizeof(*port));
    const struct redis_directory directory = {port, by_name, target_of, by_password};
    port->ports = ports;
    port->cache = cache;
    port->shard = shard;
    port->next = ports->first;
    ports->first = port;
    port->endpoint = redis_endpoint_create(ports->config.loop, &directory);
    if (ports->config.plain) {
        port->plain = listen_at(port, LISTENER_PLAIN, FIRST_PLAIN + shard * PORTS_PER_SHARD);
    }
    if (ports->config.tls) {
        port->tls = listen_at(port, LISTENER_TLS, FIRST_TLS + shard * PORTS_PER_SHARD);
    }
    return port;
}

static struct shard_port *find_port(const struct shard_ports *ports, const struct cache *cache,
                                    int shard)
{
    struct shard_port *port = ports->first;
    while (port != NULL && (port->cache != cache || port->shard != shard)) {
        port = port->next;
    }
    return port;
}

/* Those of the cache from that shard on. */
static void close_from(struct shard_ports *ports, const struct cache *cache, int shard)
{
    for (struct shard_port *port = ports->first, *next; port != NULL; port = next) {
        next = port->next;
        if (port->cache == cache && port->shard >= shard) {
            close_port(port);
        }
    }
}

void shard_ports_update(struct shard_ports *ports, const struct cache *cache)
{
    struct cluster *cluster = cache->cluster;
    close_from(ports, cache, cluster == NULL ? 0 : cluster->count);
    for (int i = 0; cluster != NULL && i < cluster->count; i++) {
        struct shard_port *port = find_port(ports, cache, i);
        port = port != NULL ? port : open_port(ports, cache, i);
        cluster->nodes[i].port = port->plain == NULL ? 0 : listener_port(port->plain);
        cluster->nodes[i].tls_port = port->tls == NULL ? 0 : listener_port(port->tls);
    }
}

void shard_ports_remove(struct shard_ports *ports, const struct cache *cache)
{
    close_from(ports, cache, 0);
}

struct shard_ports *shard_ports_create(const struct shard_ports_config *config)
{
    struct shard_ports *ports = memory_allocate_zeroed(sizeof(*ports));
    ports->config = *config;
    return ports;
}

void shard_ports_close(struct shard_ports *ports)
{
    for (struct shard_port *port = ports->first, *next; port != NULL; port = next) {
        next = port->next;
        if (port->cache != NULL) {
            close_port(port);
        }
    }
}

size_t shard_ports_open(const struct shard_ports *ports)
{
    size_t open = 0;
    for (const struct shard_port *port = ports->first; port != NULL; port = port->next) {
        open += port->open;
    }
    return open;
}

void shard_ports_destroy(struct shard_ports *ports)
{
    memory_free(ports);
}
