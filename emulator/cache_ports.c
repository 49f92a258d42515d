#include "emulator/cache_ports.h"

#include <string.h>

#include "base/log.h"
#include "resp/cluster.h"

enum {
    FIRST_PLAIN = 13000,
    FIRST_TLS = 15000,
    LEAST_PORTS_PER_SHARD = 2, /* Azure's numbers leave room for a replica */
    ENDPOINT = -1,             /* in place of a shard: the cache's own address */
    PUBLIC = 0,                /* in place of a private address */
};

struct cache_port {
    struct cache_ports *ports;
    const struct cache *cache; /* NULL: it is being closed */
    int shard, node;           /* the former or ENDPOINT */
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
    if (port->shard == ENDPOINT) {
        return cache_endpoint_target(port->cache);
    }
    return cache_node_target(port->cache, port->shard, port->node);
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
        .faults = config->faults == NULL ? NULL : redis_faults_engine(config->faults),
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
        log_warn("cache", "a port is missing name=%s shard=%d node=%d reason=\"%s\"",
                 port->cache->name, port->shard, port->node, buf_string(&error));
    }
    buf_finish(&error);
    port->open += listener != NULL ? 1 : 0;
    return listener;
}

/* Which port this is to be; `plain` and `tls` are the numbers wanted, 0: any, PORT_OFF: none. */
struct wanted {
    int shard, node;
    uint32_t address;
    int plain, tls;
};

static struct cache_port *find_port(const struct cache_ports *ports, const struct cache *cache,
                                    const struct wanted *wanted)
{
    struct cache_port *port = ports->first;
    while (port != NULL && (port->cache != cache || port->shard != wanted->shard ||
                            port->node != wanted->node || port->address != wanted->address)) {
        port = port->next;
    }
    return port;
}

/* The one that is there already, or a new one. */
static struct cache_port *open_port(struct cache_ports *ports, const struct cache *cache,
                                    const struct wanted *wanted)
{
    struct cache_port *port = find_port(ports, cache, wanted);
    if (port != NULL) {
        return port;
    }
    port = memory_allocate_zeroed(sizeof(*port));
    const struct redis_directory directory = {port, by_name, target_of, by_password};
    port->ports = ports;
    port->cache = cache;
    port->shard = wanted->shard;
    port->node = wanted->node;
    port->address = wanted->address;
    port->next = ports->first;
    ports->first = port;
    port->endpoint = redis_endpoint_create(ports->config.loop, &directory, ports->config.faults);
    port->plain = wanted->plain == PORT_OFF ? NULL : listen_at(port, LISTENER_PLAIN, wanted->plain);
    port->tls = wanted->tls == PORT_OFF
                    ? NULL
                    : listen_at(port,
                                cache->enterprise && wanted->shard == ENDPOINT ? LISTENER_EITHER
                                                                               : LISTENER_TLS,
                                wanted->tls);
    return port;
}

static struct cluster_member *member_of(const struct cache *cache, int shard, int node)
{
    return cache->cluster == NULL ? &cache->nodes[node]
                                  : &cache->cluster->shards[shard].members[node];
}

/* Shards whose nodes have ports of their own. */
static int shards_with_ports(const struct cache_ports *ports, const struct cache *cache)
{
    return cache->cluster != NULL ? cache->cluster->count : ports->config.all_nodes ? 1 : 0;
}

static bool still_wanted(const struct cache_port *port)
{
    const struct cache *cache = port->cache;
    const struct network_rules *network = &cache->network;
    bool there = port->address == PUBLIC;
    for (size_t i = 0; i < network->private_count; i++) {
        there |= network->private_addresses[i] == port->address;
    }
    return there &&
           (port->shard == ENDPOINT ||
            (port->shard < shards_with_ports(port->ports, cache) && port->node <= cache->replicas));
}

/* A wildcard has every address already. */
static bool bound_everywhere(const struct cache_ports *ports)
{
    return strcmp(ports->config.bind, "0.0.0.0") == 0 || strcmp(ports->config.bind, "::") == 0;
}

static void open_node(struct cache_ports *ports, const struct cache *cache, int shard, int node)
{
    const struct cache_ports_config *config = &ports->config;
    struct cluster_member *member = member_of(cache, shard, node);
    int stride =
        cache->replicas + 1 > LEAST_PORTS_PER_SHARD ? cache->replicas + 1 : LEAST_PORTS_PER_SHARD;
    int offset = shard * stride + node;
    const struct wanted wanted = {
        .shard = shard,
        .node = node,
        .plain = config->plain == 0 ? PORT_OFF
                 : config->any_port ? 0
                                    : FIRST_PLAIN + offset,
        .tls = config->tls == 0   ? PORT_OFF
               : config->any_port ? 0
                                  : FIRST_TLS + offset,
    };
    const struct cache_port *port = open_port(ports, cache, &wanted);
    member->port = port->plain == NULL ? 0 : listener_port(port->plain);
    member->tls_port = port->tls == NULL ? 0 : listener_port(port->tls);
}

static int or_off(int port)
{
    return port == 0 ? PORT_OFF : port;
}

static void open_private(struct cache_ports *ports, const struct cache *cache, uint32_t address)
{
    /* Azure Managed Redis has one port, for whatever protocol. */
    int enterprise = cache_host_enterprise_port(ports->config.caches);
    const struct wanted endpoint = {
        .shard = ENDPOINT,
        .address = address,
        .plain = cache->enterprise ? PORT_OFF : or_off(ports->config.plain),
        .tls = or_off(cache->enterprise ? enterprise : ports->config.tls)};
    open_port(ports, cache, &endpoint);
    for (int i = 0; i < shards_with_ports(ports, cache); i++) {
        for (int node = 0; node <= cache->replicas; node++) {
            const struct cluster_member *member = member_of(cache, i, node);
            const struct wanted wanted = {.shard = i,
                                          .node = node,
                                          .address = address,
                                          .plain = or_off(member->port),
                                          .tls = or_off(member->tls_port)};
            open_port(ports, cache, &wanted);
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
    for (int i = 0; i < shards_with_ports(ports, cache); i++) {
        for (int node = 0; node <= cache->replicas; node++) {
            open_node(ports, cache, i, node);
        }
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
