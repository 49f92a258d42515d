#include "emulator/enterprise_port.h"

#include "base/log.h"

struct enterprise_port {
    struct enterprise_port_config config;
    struct redis_endpoint *endpoint;
    struct listener *listener; /* NULL: closed */
    size_t closing;            /* listeners on their way out */
};

static void listener_closed(void *context)
{
    struct enterprise_port *port = context;
    port->closing--;
}

static struct listener *listen_at(struct enterprise_port *port, int number, struct buf *error)
{
    const struct enterprise_port_config *config = &port->config;
    const struct listener_config listening = {
        .address = config->bind,
        .port = number,
        .security = LISTENER_EITHER,
        .authority = config->authority,
        .policy = redis_endpoint_policy(port->endpoint),
        .handler = redis_endpoint_handler(port->endpoint),
        .faults = config->faults == NULL ? NULL : redis_faults_engine(config->faults),
    };
    buf_clear(error);
    return listener_create(config->loop, &listening, error);
}

/* At another port when the wanted one is taken: the clients are told which. */
static void open_now(struct enterprise_port *port)
{
    struct buf error;
    buf_init(&error, 1024);
    port->listener = listen_at(port, port->config.port, &error);
    if (port->listener == NULL && port->config.port != 0) {
        log_warn("cache", "Azure Managed Redis has another port reason=\"%s\"", buf_string(&error));
        port->listener = listen_at(port, 0, &error);
    }
    if (port->listener == NULL) {
        log_error("cache", "no port for Azure Managed Redis reason=\"%s\"", buf_string(&error));
    }
    buf_finish(&error);
    cache_host_set_enterprise_port(port->config.caches,
                                   port->listener == NULL ? 0 : listener_port(port->listener));
}

void enterprise_port_update(struct enterprise_port *port, const struct cache *leaving)
{
    bool wanted = false;
    for (const struct cache *cache = cache_host_first(port->config.caches); cache != NULL;
         cache = cache->next) {
        wanted = wanted || (cache->enterprise && cache != leaving);
    }
    if (wanted && port->listener == NULL && port->config.port != PORT_OFF) {
        open_now(port);
    } else if (!wanted) {
        enterprise_port_close(port);
    }
}

void enterprise_port_close(struct enterprise_port *port)
{
    if (port->listener != NULL) {
        port->closing++;
        listener_close(port->listener, listener_closed, port);
        port->listener = NULL;
    }
}

bool enterprise_port_open(const struct enterprise_port *port)
{
    return port != NULL && (port->listener != NULL || port->closing > 0);
}

struct enterprise_port *enterprise_port_create(const struct enterprise_port_config *config)
{
    struct enterprise_port *port = memory_allocate_zeroed(sizeof(*port));
    const struct redis_directory directory = cache_host_directory(config->caches);
    port->config = *config;
    port->endpoint = redis_endpoint_create(config->loop, &directory, config->faults);
    return port;
}

void enterprise_port_destroy(struct enterprise_port *port)
{
    if (port != NULL) {
        redis_endpoint_destroy(port->endpoint);
        memory_free(port);
    }
}
