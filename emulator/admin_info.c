/* GET /_redurite/info, /_redurite/health and /health, and GET /_redurite/ca.pem */
#include "emulator/admin.h"

#include <unistd.h>

#include "emulator/app.h"
#include "emulator/connection_strings.h"
#include "emulator/version.h"
#include "emulator/well_known.h"

#define TEXT_LIMIT 4096

static void add_port(cJSON *ports, const char *name, int port)
{
    if (port == 0) {
        cJSON_AddNullToObject(ports, name);
    } else {
        cJSON_AddNumberToObject(ports, name, port);
    }
}

static void add_connection_string(cJSON *object, const char *name,
                                  void (*write)(const struct connection_facts *facts,
                                                struct buf *output),
                                  const struct connection_facts *facts)
{
    struct buf text;

    buf_init(&text, TEXT_LIMIT);
    write(facts, &text);
    cJSON_AddStringToObject(object, name, buf_string(&text));
    buf_finish(&text);
}

/* What lives behind the resource: its instance, as far as it has been made. */
static void add_live_figures(cJSON *document, struct app *app, const struct cache *cache)
{
    struct instance_stats stats;
    struct arm_cache_address address;
    struct connection_facts facts;
    cJSON *strings = cJSON_AddObjectToObject(document, "connectionStrings");

    app_connection_facts(app, cache, &address, &facts);
    add_connection_string(strings, "stackexchange", connection_string_stackexchange, &facts);
    add_connection_string(strings, "url", connection_string_url, &facts);
    add_connection_string(strings, "redisCli", connection_string_redis_cli, &facts);
    add_connection_string(strings, "env", connection_string_env, &facts);
    cache_stats(cache, &stats);
    cJSON_AddNumberToObject(document, "keys", (double)stats.keys);
    cJSON_AddNumberToObject(document, "usedMemory", (double)stats.used_memory);
    cJSON_AddNumberToObject(document, "maxMemory", (double)stats.max_memory);
    cJSON_AddNumberToObject(document, "clients", (double)stats.connected_clients);
    cJSON_AddNumberToObject(document, "commands", (double)stats.commands_processed);
}

static void add_text(cJSON *object, const char *name, struct bytes text)
{
    char *copy = bytes_to_string(text);
    cJSON_AddStringToObject(object, name, copy);
    memory_free(copy);
}

struct cache_listing {
    struct app *app;
    cJSON *list;
};

static void list_cache(void *context, const struct arm_cache *arm, const char *state)
{
    struct cache_listing *listing = context;
    struct app *app = listing->app;
    struct arm_cache_address address;
    cJSON *document = cJSON_CreateObject();
    char *sku = arm->enterprise ? bytes_to_string(arm->sku)
                                : string_format("%.*s %c%d", (int)arm->sku.size, arm->sku.data,
                                                arm->family, arm->capacity);

    cache_host_address(app->caches, arm->name, arm->domain, &address);
    add_text(document, "name", arm->name);
    add_text(document, "resourceId", arm->resource_id);
    cJSON_AddStringToObject(document, "state", state);
    cJSON_AddStringToObject(document, "sku", sku);
    add_text(document, "redisVersion", arm->redis_version);
    cJSON_AddStringToObject(document, "hostName", address.host_name);
    cJSON_AddNumberToObject(document, "port", address.port);
    cJSON_AddNumberToObject(document, "sslPort", address.ssl_port);
    cJSON_AddBoolToObject(document, "nonSslPortEnabled", arm->non_ssl_port_enabled);
    cJSON_AddNumberToObject(document, "shardCount", arm->shard_count);
    add_text(document, "primaryKey", arm->primary_key);
    add_text(document, "secondaryKey", arm->secondary_key);
    const struct cache *cache = cache_host_find(app->caches, arm->name);
    if (cache != NULL) {
        add_live_figures(document, app, cache);
    }
    cJSON_AddItemToArray(listing->list, document);
    memory_free(sku);
}

static void list_name(void *context, const char *name)
{
    struct cache_listing *listing = context;
    const struct names names = app_names(listing->app);
    struct names_answer answer;
    if (names_resolve(&names, bytes_from_string(name), &answer) == NAMES_FOUND &&
        answer.address[0] != '\0') {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddStringToObject(document, "name", name);
        cJSON_AddStringToObject(document, "address", answer.address);
        cJSON_AddItemToArray(listing->list, document);
    }
}

/* Every name that is emulated now, with what it leads to: for hosts files. */
static void list_names(struct app *app, cJSON *list)
{
    static const char *const fixed[] = {"management.azure.com", "login.microsoftonline.com",
                                        "graph.microsoft.com"};
    struct cache_listing listing = {app, list};
    arm_service_each_name(management_service(app->management), list_name, &listing);
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        list_name(&listing, fixed[i]);
    }
}

cJSON *admin_info_document(struct app *app)
{
    cJSON *document = cJSON_CreateObject();
    const struct config *config = app->config;

    cJSON_AddStringToObject(document, "version", REDURITE_VERSION);
    cJSON_AddStringToObject(document, "status", app->ready ? "ready" : "starting");
    cJSON_AddNumberToObject(document, "pid", (double)getpid());
    cJSON_AddNumberToObject(document, "uptimeSeconds",
                            (double)((clock_monotonic_us() - app->started_us) / 1000000));
    cJSON_AddStringToObject(document, "bind", config->bind);
    cJSON *ports = cJSON_AddObjectToObject(document, "ports");
    add_port(ports, "redis", app->redis_port);
    add_port(ports, "redisTls", app->redis_tls_port);
    add_port(ports, "https", app->https_port);
    if (app->dns_port != 0) {
        add_port(ports, "dns", app->dns_port);
    }
    cJSON_AddStringToObject(document, "dataDir", config->data_dir);
    cJSON_AddBoolToObject(document, "ephemeral", config->ephemeral);
    cJSON_AddStringToObject(document, "profile",
                            config->profile == PROFILE_REDIS ? "redis" : "azure");
    cJSON_AddStringToObject(document, "hostnames",
                            config->host_names == HOST_NAMES_AZURE ? "azure" : "local");
    cJSON_AddStringToObject(document, "caFile", tls_authority_file(app->authority));
    add_text(document, "caCertificate", tls_authority_pem(app->authority));
    cJSON_AddStringToObject(document, "tenantId", WELL_KNOWN_TENANT_ID);
    cJSON_AddStringToObject(document, "subscriptionId", WELL_KNOWN_SUBSCRIPTION_ID);
    cJSON_AddStringToObject(document, "subscriptionName", WELL_KNOWN_SUBSCRIPTION_NAME);
    cJSON_AddStringToObject(document, "clientId", WELL_KNOWN_CLIENT_ID);
    cJSON_AddStringToObject(document, "clientSecret", WELL_KNOWN_CLIENT_SECRET);
    cJSON_AddItemToObject(document, "clock", admin_clock_document(app));
    cJSON_AddItemToObject(document, "faults", faults_summary_list(app->faults));

    struct cache_listing listing = {app, cJSON_AddArrayToObject(document, "caches")};
    arm_service_each_cache(management_service(app->management), list_cache, &listing);

    list_names(app, cJSON_AddArrayToObject(document, "names"));

    struct cache_host_counters signed_in = cache_host_counters(app->caches);
    struct state_figures saved = state_figures(app->state);
    cJSON *counters = cJSON_AddObjectToObject(document, "counters");
    cJSON_AddNumberToObject(counters, "requests", (double)journal_total(app->journal));
    cJSON_AddNumberToObject(counters, "authenticated", (double)signed_in.authenticated);
    cJSON_AddNumberToObject(counters, "authenticationFailures", (double)signed_in.refused);
    cJSON_AddNumberToObject(counters, "saves", (double)saved.saves);
    cJSON_AddNumberToObject(counters, "saveFailures", (double)saved.failures);
    return document;
}

static void info_show(struct admin_call *call)
{
    admin_answer(call, admin_info_document(call->app));
}

static void health_show(struct admin_call *call)
{
    struct app *app = call->app;
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "status", app->ready ? "ready" : "starting");
    cJSON_AddStringToObject(document, "version", REDURITE_VERSION);
    cJSON *services = cJSON_AddObjectToObject(document, "services");
    const char *state = app->ready ? "running" : "starting";
    cJSON_AddStringToObject(services, "redis", app->redis_port != 0 ? state : "off");
    cJSON_AddStringToObject(services, "redisTls", app->redis_tls_port != 0 ? state : "off");
    cJSON_AddStringToObject(services, "arm", state);
    cJSON_AddStringToObject(services, "entra", state);
    admin_answer(call, document);
    if (!app->ready) {
        call->response->status = 503;
    }
}

static void certificate_show(struct admin_call *call)
{
    http_response_header(call->response, "Content-Type", "application/x-pem-file");
    buf_append(&call->response->body, tls_authority_pem(call->app->authority));
}

const struct admin_route admin_info_routes[] = {
    {"GET", "/_redurite/health", health_show},
    {"GET", "/health", health_show},
    {"GET", "/_redurite/info", info_show},
    {"GET", "/_redurite/ca.pem", certificate_show},
    {0},
};
