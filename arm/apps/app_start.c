/*
 * An app starts. The settings that ASP.NET Core, Django and Celery apps commonly take their cache
 * from are tried, and the lines are those that such apps write.
 */
#include <string.h>

#include "arm/apps/apps.h"
#include "arm/json.h"

enum { OUTCOME_LIMIT = 512 };

/* The first of these settings that says something. */
static const char *setting(const cJSON *settings, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(settings, names[i]));
        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return NULL;
}

static bool truth(const char *value)
{
    return bytes_equal_string_nocase(bytes_from_string(value), "true") || strcmp(value, "1") == 0;
}

static const char *const enabled_names[] = {"Redis__Enabled", "Redis:Enabled",
                                            "REDIS_CACHE_ENABLED", NULL};
static const char *const connection_names[] = {
    "Redis__ConnectionString",  "Redis:ConnectionString",
    "ConnectionStrings__Redis", "ConnectionStrings:Redis",
    "REDISCACHECONNSTR_Redis",  "CUSTOMCONNSTR_Redis",
    "RedisCacheConnection",     NULL};
static const char *const instance_names[] = {"Redis__InstanceName", "Redis:InstanceName", NULL};

/* As an ASP.NET Core app with a distributed cache. */
static void start_distributed_cache(struct arm_service *service, struct arm_resource *app,
                                    const cJSON *settings)
{
    const char *enabled = setting(settings, enabled_names);
    const char *connection = setting(settings, connection_names);
    const char *instance = setting(settings, instance_names);
    struct buf outcome;
    if (enabled != NULL && !truth(enabled)) {
        app_log(service, app, "info: Distributed cache: Using in-memory cache, Redis is disabled");
        return;
    }
    if (connection == NULL) {
        if (enabled != NULL && setting(settings, (const char *[]){"REDIS_URL", NULL}) == NULL) {
            app_log(service, app,
                    "fail: Distributed cache: Redis is enabled, but there is no setting "
                    "Redis__ConnectionString");
        }
        return;
    }
    buf_init(&outcome, OUTCOME_LIMIT);
    if (app_opens_cache(service, connection, &outcome)) {
        app_log(service, app, "info: Distributed cache: Redis enabled with instance name '%.200s'",
                instance == NULL ? "" : instance);
        app_log(service, app, "info: Distributed cache: connected to the cache %s",
                buf_string(&outcome));
    } else {
        app_log(service, app,
                "fail: Distributed cache: It was not possible to connect to the redis server(s). "
                "%s",
                buf_string(&outcome));
    }
    buf_finish(&outcome);
}

/* As a Django or Celery app: every setting that is the URL of a Redis. */
static void start_urls(struct arm_service *service, struct arm_resource *app, const cJSON *settings)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, settings)
    {
        const char *value = cJSON_GetStringValue(item);
        struct buf outcome;
        if (value == NULL || !app_is_redis_url(value)) {
            continue;
        }
        buf_init(&outcome, OUTCOME_LIMIT);
        bool opens = app_opens_cache(service, value, &outcome);
        bool sessions = strcmp(item->string, "REDIS_URL") == 0;
        if (opens && sessions) {
            app_log(service, app, "Redis connection successful - using cache-based sessions");
        }
        app_log(service, app,
                opens ? "%.100s: connected to the cache %s" : "Redis connection failed: %.100s: %s",
                item->string, buf_string(&outcome));
        buf_finish(&outcome);
    }
}

void app_start(struct arm_service *service, struct arm_resource *app, const cJSON *settings)
{
    app_log(service, app, "info: %s is starting with %d settings", app->name,
            cJSON_GetArraySize(settings));
    start_distributed_cache(service, app, settings);
    start_urls(service, app, settings);
    app_log(service, app, "info: Application started. %s", app->name);
}
