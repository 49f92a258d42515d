/* Joins arm/ to the front door, to identity, to the caches and to persistence. */
#include "emulator/management.h"

#include "emulator/cache_files.h"
#include "emulator/cache_nodes.h"
#include "emulator/content_fetch.h"
#include "emulator/webhooks.h"

static const char *const azure_hosts[] = {"management.azure.com", "management.core.windows.net",
                                          NULL};
/* Under the emulator's own names, next to other sites; some clients double the slash. */
static const char *const paths[] = {
    "/subscriptions*", "//subscriptions*", "/providers*", "//providers*",
    "/tenants*",       "//tenants*",       "/batch*",     NULL};

/* What a token may be for: the names Azure's clients know the API by, and ours. */
static const char *const audiences[] = {
    "https://management.core.windows.net/", /* in the order the API's refusal lists them */
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013*", /* its application id; globs are not listed */
    "https://localhost*",
    "https://127.0.0.1*",
    NULL,
};

struct management {
    struct arm_service *service;
    struct identity *identity;
    struct cache_host *caches;
    struct metrics *metrics;
    struct web_client *web;
    struct http_faults *faults;
    const struct site_request *asked; /* while it is handled */
    void (*changed)(void *context);
    void (*app_log)(void *context, struct bytes resource_id, struct bytes line);
    int (*front_door_port)(void *context);
    void *context;
    struct site sites[2];
};

static bool authenticate(void *context, struct bytes token, struct arm_principal *principal,
                         struct arm_error *error)
{
    struct management *management = context;
    struct token_claims claims;

    if (!identity_verify(management->identity, token, audiences, &claims, error)) {
        return false;
    }
    *principal = claims.principal;
    return true;
}

static const char *principal_type(void *context, struct bytes object_id)
{
    struct management *management = context;
    return identity_principal_type(management->identity, object_id);
}

static void cache_address(void *context, struct bytes name, const char *domain,
                          struct arm_cache_address *address)
{
    struct management *management = context;
    cache_host_address(management->caches, name, domain, address);
}

static void cache_apply(void *context, const struct arm_cache *cache)
{
    struct management *management = context;
    cache_host_apply(management->caches, cache);
}

static void cache_remove(void *context, struct bytes name)
{
    struct management *management = context;
    cache_host_remove(management->caches, name);
}

static void cache_flush(void *context, struct bytes name)
{
    struct management *management = context;
    cache_host_flush(management->caches, name);
}

static void cache_reboot(void *context, struct bytes name, enum arm_nodes nodes, int shard)
{
    struct management *management = context;
    cache_host_reboot(management->caches, name, nodes, shard);
}

static int cache_shards(void *context, struct bytes name)
{
    struct management *management = context;
    return metrics_shards(management->metrics, name);
}

static struct arm_sample cache_sample(void *context, struct bytes name, int shard,
                                      enum arm_figure figure, int64_t from_ms, int64_t to_ms)
{
    struct management *management = context;
    return metrics_sample(management->metrics, name, shard, figure, from_ms, to_ms);
}

static void post(void *context, const char *url, struct bytes body)
{
    struct management *management = context;
    webhooks_post(management->web, url, body);
}

static int cache_primary(void *context, struct bytes name, int shard)
{
    struct management *management = context;
    const struct cache *cache = cache_host_find(management->caches, name);
    return cache == NULL || shard >= cache_instance_count(cache)
               ? 0
               : instance_primary_node(cache_instance(cache, shard));
}

static size_t cache_notices(void *context, struct bytes name, struct arm_notice *notices,
                            size_t most)
{
    struct management *management = context;
    const struct cache *cache = cache_host_find(management->caches, name);
    size_t count = cache == NULL ? 0 : cache->maintenance.notice_count;
    count = count < most ? count : most;
    for (size_t i = 0; i < count; i++) {
        notices[i] = cache->maintenance.notices[i];
    }
    return count;
}

static void fetched(void *context, bool good, struct bytes content)
{
    struct arm_fetch *fetch = context;
    fetch->host = NULL;
    fetch->done(fetch, good, content);
}

static void fetch(void *context, const char *url, size_t limit, struct arm_fetch *fetch)
{
    struct management *management = context;
    fetch->host = content_fetch_begin(management->web, url, limit, fetched, fetch);
}

static void fetch_cancel(void *context, struct arm_fetch *fetch)
{
    (void)context;
    content_fetch_cancel(fetch->host);
}

static bool cache_export(void *context, struct bytes name, struct bytes container,
                         struct bytes prefix, struct arm_error *error)
{
    struct management *management = context;
    return cache_host_export(management->caches, name, container, prefix, error);
}

static bool cache_import(void *context, struct bytes name, const struct bytes *files, size_t count,
                         struct arm_error *error)
{
    struct management *management = context;
    return cache_host_import(management->caches, name, files, count, error);
}

static void changed(void *context)
{
    struct management *management = context;
    if (management->changed != NULL) {
        management->changed(management->context);
    }
}

static void interfere(void *context, const struct arm_attempt *attempt,
                      struct arm_interference *interference)
{
    struct management *management = context;
    http_faults_interfere(management->faults, management->asked, attempt, interference);
}

static void decide_outcome(void *context, const struct arm_ending *ending,
                           struct arm_outcome *outcome)
{
    struct management *management = context;
    http_faults_decide_outcome(management->faults, ending, outcome);
}

static void identity_apply(void *context, const struct arm_managed_identity *identity)
{
    struct management *management = context;
    const struct identity_application application = {
        .client_id = identity->client_id,
        .object_id = identity->object_id,
        .name = identity->name,
        .resource_id = identity->resource_id,
    };
    identity_register(management->identity, &application);
}

static void identity_remove(void *context, const char *client_id)
{
    struct management *management = context;
    identity_forget(management->identity, client_id);
}

static void app_log(void *context, struct bytes resource_id, struct bytes line)
{
    struct management *management = context;
    if (management->app_log != NULL) {
        management->app_log(management->context, resource_id, line);
    }
}

static int front_door_port(void *context)
{
    struct management *management = context;
    return management->front_door_port == NULL ? 0
                                               : management->front_door_port(management->context);
}

static void call_answered(void *context)
{
    site_answer(context);
}

static void client_gone(void *context)
{
    arm_call_abandon(context);
}

static void handle(void *context, const struct site_request *request,
                   struct http_response *response)
{
    struct management *management = context;

    management->asked = request;
    struct arm_call *call =
        arm_service_handle(management->service, request->http, request->authority, response);
    management->asked = NULL;
    if (call != NULL) {
        arm_call_when_answered(call, call_answered, site_answer_later(request, client_gone, call));
    }
}

struct management *management_create(const struct management_config *config)
{
    struct management *management = memory_allocate_zeroed(sizeof(*management));
    const struct arm_host host = {
        .context = management,
        .authenticate = authenticate,
        .principal_type = principal_type,
        .cache_address = cache_address,
        .cache_apply = cache_apply,
        .cache_remove = cache_remove,
        .cache_flush = cache_flush,
        .cache_reboot = cache_reboot,
        .cache_shards = cache_shards,
        .cache_sample = cache_sample,
        .cache_primary = cache_primary,
        .cache_notices = cache_notices,
        .post = post,
        .fetch = fetch,
        .fetch_cancel = fetch_cancel,
        .decide_outcome = config->faults == NULL ? NULL : decide_outcome,
        .interfere = config->faults == NULL ? NULL : interfere,
        .cache_export = cache_export,
        .cache_import = cache_import,
        .identity_apply = identity_apply,
        .identity_remove = identity_remove,
        .app_log = app_log,
        .front_door_port = front_door_port,
        .changed = changed,
    };
    struct arm_service_config service = config->service;

    management->identity = config->identity;
    management->caches = config->caches;
    management->metrics = config->metrics;
    management->web = config->web;
    management->faults = config->faults;
    management->changed = config->changed;
    management->app_log = config->app_log;
    management->front_door_port = config->front_door_port;
    management->context = config->context;
    service.host = &host;
    management->service = arm_service_create(&service);
    management->sites[0] = (struct site){
        .name = "arm",
        .hosts = azure_hosts,
        .handle = handle,
        .context = management,
    };
    management->sites[1] = (struct site){
        .name = "arm",
        .paths = paths,
        .handle = handle,
        .context = management,
    };
    return management;
}

void management_destroy(struct management *management)
{
    if (management != NULL) {
        arm_service_destroy(management->service);
        memory_free(management);
    }
}

struct arm_service *management_service(struct management *management)
{
    return management->service;
}

const struct site *management_sites(struct management *management, size_t *count)
{
    *count = ARRAY_LEN(management->sites);
    return management->sites;
}
