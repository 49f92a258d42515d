/* The ready file and the banner, both from what /_redurite/info answers. */
#include "emulator/announce.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emulator/admin.h"
#include "emulator/app.h"
#include "emulator/connection_strings.h"
#include "emulator/files.h"
#include "emulator/version.h"
#include "emulator/well_known.h"

struct devcache_facts {
    struct cache *cache; /* NULL: there is none */
    struct arm_cache_address address;
    char *connection_string; /* owned */
    char *redis_cli;         /* owned */
};

static char *connection_text(void (*write)(const struct connection_facts *facts,
                                           struct buf *output),
                             const struct connection_facts *facts)
{
    struct buf text;

    buf_init(&text, 4096);
    write(facts, &text);
    char *result = bytes_to_string(buf_bytes(&text));
    buf_finish(&text);
    return result;
}

static void find_devcache(struct app *app, struct devcache_facts *devcache)
{
    *devcache = (struct devcache_facts){0};
    if (app->config->no_devcache) {
        return;
    }
    struct cache *cache = cache_host_find(app->caches, BYTES(WELL_KNOWN_CACHE));
    if (cache == NULL) {
        return;
    }
    struct connection_facts facts;
    devcache->cache = cache;
    app_connection_facts(app, cache, &devcache->address, &facts);
    devcache->connection_string = connection_text(connection_string_stackexchange, &facts);
    devcache->redis_cli = connection_text(connection_string_redis_cli, &facts);
}

static void devcache_finish(struct devcache_facts *devcache)
{
    memory_free(devcache->connection_string);
    memory_free(devcache->redis_cli);
}

static void add_port(cJSON *ports, const char *name, int port)
{
    if (port == 0) {
        cJSON_AddNullToObject(ports, name);
    } else {
        cJSON_AddNumberToObject(ports, name, port);
    }
}

bool announce_ready_file(struct app *app, struct buf *error)
{
    struct devcache_facts devcache;
    cJSON *document = cJSON_CreateObject();

    cJSON_AddNumberToObject(document, "pid", (double)getpid());
    cJSON_AddStringToObject(document, "version", REDURITE_VERSION);
    cJSON *ports = cJSON_AddObjectToObject(document, "ports");
    add_port(ports, "redis", app->redis_port);
    add_port(ports, "redisTls", app->redis_tls_port);
    add_port(ports, "https", app->https_port);
    if (app->sentinel_port != 0) {
        add_port(ports, "sentinel", app->sentinel_port);
    }
    if (app->fault_injector_port != 0) {
        add_port(ports, "faultInjector", app->fault_injector_port);
    }
    if (app->dns_port != 0) {
        add_port(ports, "dns", app->dns_port);
    }
    cJSON_AddStringToObject(document, "caFile", tls_authority_file(app->authority));
    cJSON_AddStringToObject(document, "tenantId", WELL_KNOWN_TENANT_ID);
    cJSON_AddStringToObject(document, "subscriptionId", WELL_KNOWN_SUBSCRIPTION_ID);
    cJSON_AddStringToObject(document, "clientId", WELL_KNOWN_CLIENT_ID);
    cJSON_AddStringToObject(document, "clientSecret", WELL_KNOWN_CLIENT_SECRET);
    find_devcache(app, &devcache);
    if (devcache.cache != NULL) {
        cJSON *object = cJSON_AddObjectToObject(document, "devcache");
        cJSON_AddStringToObject(object, "hostName", devcache.address.host_name);
        cJSON_AddNumberToObject(object, "sslPort", devcache.address.ssl_port);
        cJSON_AddNumberToObject(object, "port", devcache.address.port);
        cJSON_AddStringToObject(object, "primaryKey", devcache.cache->primary_key);
        cJSON_AddStringToObject(object, "secondaryKey", devcache.cache->secondary_key);
        cJSON_AddStringToObject(object, "connectionString", devcache.connection_string);
    }
    devcache_finish(&devcache);

    char *text = cJSON_Print(document);
    int failure = file_replace(app->config->ready_file, bytes_from_string(text), 0644);
    if (failure != 0) {
        buf_printf(error, "cannot write the ready file %s: %s", app->config->ready_file,
                   strerror(failure));
    }
    cJSON_free(text);
    cJSON_Delete(document);
    return failure == 0;
}

bool announce_check(const char *ready_file, struct buf *error)
{
    const char *slash = strrchr(ready_file, '/');
    char *folder =
        slash == NULL
            ? string_duplicate(".")
            : bytes_to_string((struct bytes){ready_file, (size_t)(slash - ready_file) + 1});
    bool good = access(folder, W_OK | X_OK) == 0;
    if (!good) {
        buf_printf(error, "cannot write the ready file %s: %s", ready_file, strerror(errno));
    }
    memory_free(folder);
    return good;
}

static const char *shown_port(int port, char text[16])
{
    snprintf(text, 16, port == 0 ? "off" : "%d", port);
    return text;
}

void announce_banner(struct app *app)
{
    struct devcache_facts devcache;
    char ports[3][16];
    const char *bind = app->config->bind;

    find_devcache(app, &devcache);
    printf("redurite %s\n", REDURITE_VERSION);
    printf("  redis              %s:%s\n", bind, shown_port(app->redis_port, ports[0]));
    printf("  redis over TLS     %s:%s\n", bind, shown_port(app->redis_tls_port, ports[1]));
    printf("  azure, admin API   %s:%s\n", bind, shown_port(app->https_port, ports[2]));
    if (app->dns_port != 0) {
        printf("  DNS                %s:%d\n", bind, app->dns_port);
    }
    printf("  authority          %s\n", tls_authority_file(app->authority));
    printf("  data               %s\n",
           app->config->ephemeral ? "kept in memory only" : app->config->data_dir);
    if (devcache.cache != NULL) {
        printf("  devcache           %s\n", devcache.connection_string);
        printf("                     %s PING\n", devcache.redis_cli);
    }
    if (app->https_port == 8443) {
        puts("  azure tools        redurite exec -- az redis list -o table");
    } else if (app->https_port != 0) {
        printf("  azure tools        redurite exec --endpoint http://127.0.0.1:%d -- az redis list "
               "-o table\n",
               app->https_port);
    }
    printf("ready redis=%s redisTls=%s https=%s pid=%ld\n", ports[0], ports[1], ports[2],
           (long)getpid());
    fflush(stdout);
    devcache_finish(&devcache);
}
