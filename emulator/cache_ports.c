#include "emulator/cache_ports.h"

#include <string.h>

#include "base/log.h"
#include "resp/cluster.h"

enum {
    FIRST_PLAIN = 13000,
    FIRST_TLS = 15000,
    PORTS_PER_SHARD = 2, /* its replica has the other */
    ENDPOINT = -1,       /* in place of a shard: the cache's own address */
    PUBLIC = 0,          /* in place of a private address */
};

struct cache_port {
    struct cache_ports *ports;
    const struct cache *cache; /* NULL: it is being closed */
    int shard;                 /* or ENDPOINT */
    uint32_t address;          /* or PUBLIC: where the emulator is bound */
    struct redis_endpoint *endpoint;
    struct listener *plain, *tls;
    size_t open; /* listeners */
    struct cache_port *next;
};

struct cache_ports {
    struct cache_ports_config config;
    struct cache_port *first;
};

/* ---- Whom such a port lets in: clients of that cache, to that shard ---- */

static enum redis_name by_name(void *context, struct bytes server_name, struct redis_target *target)
{
    const struct cache_port *port = context;
    (void)server_name;
    (void)target;
    /* Nodes are reached by address, not by name; one whose cache has gone takes nobody in. */
    return port->cache == NULL ? REDIS_NAME_UNKNOWN : REDIS_NAME_FOREIGN;
}

static struct redis_target target_of(void *context)
{
    const struct cache_port *port = context;
    return cache_shard_target(port->cache, port->shard == ENDPOINT ? 0 : port->shard);
}

static bool by_password(void *context, struct instance *named,
                        const struct redis_credentials *given, struct redis_target *target,
                        struct session_admission *admission)
{
    const struct cache_port *port = context;
    (void)named;
    if (port->cache == NULL) {
        return false;
    }
    *target = target_of(context);
    return cache_host_opens(port->ports->config.caches, port->cache, given, admission);
}

/* ---- Opening and closing ---- */

static void release(struct cache_port *port)
{
    struct cache_port **at = &port->ports->first;
    while (*at != port) {
        at = &(*at)->next;
    }
    *at = port->next;
    redis_endpoint_destroy(port->endpoint);
    memory_free(port);
}

static void listener_closed(void *context)
{
    struct cache_port *port = context;
    if (--port->open == 0) {
        release(port);
    }
}

static void close_port(struct cache_port *port)
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

/* At the port wanted; one of a shard at any when that is taken: the clients are told which. */
static struct listener *listen_at(struct cache_port *port, enum listener_security security,
                                  int wanted)
{
    const struct cache_ports_config *config = &port->ports->config;
    char address[16];
    struct listener_config listening = {
        .address = config->bind,
        .port = wanted,
        .security = security,
        .authority = config->authority,
        .policy = redis_endpoint_policy(port->endpoint),
        .handler = redis_endpoint_handler(port->endpoint),
    };
    struct buf error;
    buf_init(&error, 1024);
    if (port->address != PUBLIC) {
        network_address_format(port->address, address);
        listening.address = address;
    }
    struct listener *listener = listener_create(config->loop, &listening, &error);
    if (listener == NULL && listening.port != 0 && port->address == PUBLIC) {
        listening.port = 0;
        buf_clear(&error);
        listener = listener_create(config->loop, &listening, &error);
    }
    if (listener == NULL) {
        log_warn("cache", "a port is missing name=%s shard=%d reason=\"%s\"", port->cache->name,
                 port->shard, buf_string(&error));
    }
    buf_finish(&error);
    port->open += listener != NULL ? 1 : 0;
    return listener;
}

/* `plain` and `tls`: the ports wanted, 0: any, PORT_OFF: none. */
static struct cache_port *open_port(struct cache_ports *ports, const struct cache *cache, int shard,
                                    uint32_t address, int plain, int tls)
{
    struct cache_port *port = memory_allocate_zeroed(sizeof(*port));
    const struct redis_directory directory = {port, by_name, target_of, by_password};
    port->ports = ports;
    port->cache = cache;
    port->shard = shard;
    port->address = address;
    port->next = ports->first;
    ports->first = port;
    port->endpoint = redis_endpoint_create(ports->config.loop, &directory, ports->config.faults);
    port->plain = plain == PORT_OFF ? NULL : listen_at(port, LISTENER_PLAIN, plain);
    port->tls = tls == PORT_OFF ? NULL : listen_at(port, LISTENER_TLS, tls);
    return port;
}

static struct cache_port *find_port(const struct cache_ports *ports, const struct cache *cache,
                                    int shard, uint32_t address)
{
    struct cache_port *port = ports->first;
    while (port != NULL &&
           (port->cache != cache || port->shard != shard || port->address != address)) {
        port = port->next;
    }
    return port;
}

static bool still_wanted(const struct cache_port *port)
{
    const struct cache *cache = port->cache;
    const struct network_rules *network = &cache->network;
    bool there = port->address == PUBLIC;
    for (size_t i = 0; i < network->private_count; i++) {
        there |= network->private_addresses[i] == port->address;
    }
    return there && (port->shard == ENDPOINT ||
                     (cache->cluster != NULL && port->shard < cache->cluster->count));
}

/* A wildcard has every address already. */
static bool bound_everywhere(const struct cache_ports *ports)
{
    return strcmp(ports->config.bind, "0.0.0.0") == 0 || strcmp(ports->config.bind, "::") == 0;
}

static void open_shard(struct cache_ports *ports, const struct cache *cache, int shard)
{
    const struct cache_ports_config *config = &ports->config;
    struct cluster_node *node = &cache->cluster->nodes[shard];
    struct cache_port *port = find_port(ports, cache, shard, PUBLIC);
    if (port == NULL) {
        int offset = shard * PORTS_PER_SHARD;
        port = open_port(ports, cache, shard, PUBLIC,
                         config->plain == 0 ? PORT_OFF
                         : config->any_port ? 0
                                            : FIRST_PLAIN + offset,
                         config->tls == 0   ? PORT_OFF
                         : config->any_port ? 0
                                            : FIRST_TLS + offset);
    }
    node->port = port->plain == NULL ? 0 : listener_port(port->plain);
    node->tls_port = port->tls == NULL ? 0 : listener_port(port->tls);
}

static int or_off(int port)
{
    return port == 0 ? PORT_OFF : port;
}

static void open_private(struct cache_ports *ports, const struct cache *cache, uint32_t address)
{
    if (find_port(ports, cache, ENDPOINT, address) == NULL) {
        open_port(ports, cache, ENDPOINT, address, or_off(ports->config.plain),
                  or_off(ports->config.tls));
    }
    for (int i = 0; cache->cluster != NULL && i < cache->cluster->count; i++) {
        const struct cluster_node *node = &cache->cluster->nodes[i];
        if (find_port(ports, cache, i, address) == NULL) {
            open_port(ports, cache, i, address, or_off(node->port), or_off(node->tls_port));
        }
    }
}

void cache_ports_update(struct cache_ports *ports, const struct cache *cache)
{
    for (struct cache_port *port = ports->first, *next; port != NULL; port = next) {
        next = port->next;
        if (port->cache == cache && !still_wanted(port)) {
            close_port(port);
        }
    }
    for (int i = 0; cache->cluster != NULL && i < cache->cluster->count; i++) {
        open_shard(ports, cache, i);
    }
    for (size_t i = 0; i < cache->network.private_count && !bound_everywhere(ports); i++) {
        open_private(ports, cache, cache->network.private_addresses[i]);
    }
}

void cache_ports_remove(struct cache_ports *ports, const struct cache *cache)
{
    for (struct cache_port *port = ports->first, *next; port != NULL; port = next) {
        next = port->next;
        if (port->cache == cache) {
            close_port(port);
        }
    }
}

struct cache_ports *cache_ports_create(const struct cache_ports_config *config)
{
    struct cache_ports *ports = memory_allocate_zeroed(sizeof(*ports));
    ports->config = *config;
    return ports;
}

void cache_ports_close(struct cache_ports *ports)
{
    for (struct cache_port *port = ports->first, *next; port != NULL; port = next) {
        next = port->next;
        if (port->cache != NULL) {
            close_port(port);
        }
    }
}

size_t cache_ports_open(const struct cache_ports *ports)
{
    size_t open = 0;
    for (const struct cache_port *port = ports->first; port != NULL; port = port->next) {
        open += port->open;
    }
    return open;
}

void cache_ports_destroy(struct cache_ports *ports)
{
    memory_free(ports);
}
