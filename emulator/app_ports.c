/* The ports of the emulator, and what answers at them. */
#include "emulator/app_parts.h"

#include <string.h>

#include "arm/interference.h"
#include "base/log.h"

static void record_http(void *context, const struct http_record *record)
{
    struct app *app = context;
    recorder_add_http(&app->recorder, record);
}

static bool interfere(void *context, const struct site *site, const struct site_request *request,
                      struct http_response *response)
{
    struct app *app = context;
    return strcmp(site->plane != NULL ? site->plane : site->name, "keyvault") == 0 &&
           http_faults_answer_keyvault(app->http_faults, management_service(app->management),
                                       request, response);
}

void app_make_endpoints(struct app *app)
{
    const struct redis_directory directory = cache_host_directory(app->caches);
    const struct http_endpoint_config front_door = {
        .loop = &app->loop,
        .offline = app->config->offline,
        .record = record_http,
        .interfere = interfere,
        .faults = app->faults,
        .context = app,
    };
    const struct site *sites;
    size_t count;

    if (app->config->sentinel_port != PORT_OFF) {
        app->sentinel = sentinel_create(&app->loop, app->caches, app->clock, &app->random);
    }
    app->replication = replication_client_create(&app->loop, app->authority);
    app->migration = migration_client_create(&app->loop);
    app->redis = redis_endpoint_create(&app->loop, &directory, app->redis_faults);
    app->front_door = http_endpoint_create(&front_door);
    /* The management API last: on our own names it takes what no one else wants. */
    sites = admin_sites(app->admin, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = identity_sites(app->identity, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = graph_sites(app->graph, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = key_vault_sites(app->key_vault, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = log_streams_sites(app->log_streams, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = management_sites(app->management, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
}

void app_listener_closed(void *context)
{
    struct app *app = context;
    if (--app->open_listeners == 0) {
        loop_stop(&app->loop);
    }
}

/* Listens unless the port is off. False with one line in `error`. */
static bool open_port(struct app *app, int port, struct listener_config *config,
                      struct listener **listener, int *port_in_use, struct buf *error)
{
    if (port == PORT_OFF) {
        return true;
    }
    config->address = app->config->bind;
    config->port = port;
    config->authority = app->authority;
    config->faults = app->faults;
    *listener = listener_create(&app->loop, config, error);
    if (*listener == NULL) {
        return false;
    }
    *port_in_use = listener_port(*listener);
    app->open_listeners++;
    return true;
}

struct names app_names(const struct app *app)
{
    return (struct names){
        .service = management_service(app->management),
        .front_door = app->front_door,
        .bind = app->config->bind,
    };
}

static bool open_dns(struct app *app, struct buf *error)
{
    const struct dns_server_config config = {
        .loop = &app->loop,
        .names = app_names(app),
        .faults = app->faults,
        .bind = app->config->bind,
        .port = app->config->dns_port,
    };
    if (config.port == PORT_OFF) {
        return true;
    }
    app->dns = dns_server_create(&config, error);
    if (app->dns == NULL) {
        return false;
    }
    app->dns_port = dns_server_port(app->dns);
    app->open_listeners++;
    return true;
}

bool app_open_ports(struct app *app, struct buf *error)
{
    struct listener_config redis = {
        .security = LISTENER_PLAIN,
        .handler = redis_endpoint_handler(app->redis),
    };
    struct listener_config redis_tls = {
        .security = LISTENER_TLS,
        .policy = redis_endpoint_policy(app->redis),
        .handler = redis_endpoint_handler(app->redis),
    };
    struct listener_config https = {
        .security = LISTENER_EITHER,
        .http = true,
        .policy = http_endpoint_policy(app->front_door),
        .handler = http_endpoint_handler(app->front_door),
    };
    const struct config *config = app->config;
    struct listener_config sentinel = {.security = LISTENER_EITHER};

    if (app->sentinel != NULL) {
        sentinel.policy = sentinel_policy(app->sentinel);
        sentinel.handler = sentinel_handler(app->sentinel);
    }
    return open_port(app, config->redis_port, &redis, &app->redis_listener, &app->redis_port,
                     error) &&
           open_port(app, config->redis_tls_port, &redis_tls, &app->redis_tls_listener,
                     &app->redis_tls_port, error) &&
           open_port(app, config->https_port, &https, &app->https_listener, &app->https_port,
                     error) &&
           (app->sentinel == NULL ||
            open_port(app, config->sentinel_port, &sentinel, &app->sentinel_listener,
                      &app->sentinel_port, error)) &&
           open_port(app, config->fault_injector_port, &https, &app->fault_injector_listener,
                     &app->fault_injector_port, error) &&
           open_dns(app, error);
}
