/* Microsoft.App/managedEnvironments: where container apps live, with a domain of its own. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/container_apps.h"

enum { ENVIRONMENT_S = 4 * 60, TOKEN_MS = 60 * 60 * 1000 };

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT},
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "identity", .kind = ARM_OBJECT},
    {.path = "properties.appLogsConfiguration", .kind = ARM_OBJECT},
    {.path = "properties.vnetConfiguration", .kind = ARM_OBJECT},
    {.path = "properties.vnetConfiguration.internal", .kind = ARM_TRUTH},
    {.path = "properties.zoneRedundant", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.workloadProfiles", .kind = ARM_ARRAY},
    {.path = "properties.eventStreamEndpoint", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.staticIp", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *domain = old == NULL ? NULL : arm_json_text(old->body, "properties.defaultDomain");
    arm_json_remove(body, "properties.defaultDomain");
    if (domain != NULL) {
        arm_json_put_text(body, "properties.defaultDomain", domain);
    }
    app_identity_settle(call, old, body);
    return true;
}

static void create_secrets(struct arm_service *service, struct arm_resource *environment)
{
    char *domain = string_format("redstone-%08llx.%s.azurecontainerapps.io",
                                 (unsigned long long)(random_next(service->random) & 0xffffffffu),
                                 environment->location->name);
    app_secrets(environment);
    if (arm_json_text(environment->body, "properties.defaultDomain") == NULL) {
        arm_json_put_text(environment->body, "properties.defaultDomain", domain);
    }
    memory_free(domain);
}

static bool check_removal(struct arm_call *call, const struct arm_resource *environment)
{
    for (const struct arm_resource *app = call->service->resources; app != NULL; app = app->next) {
        if (app->type == &arm_container_app_type &&
            container_environment(call->service, app->body) == environment) {
            return arm_fail(&call->error, 409, "ManagedEnvironmentHasContainerApps",
                            "The environment '%s' cannot be deleted: the container app '%s' is in "
                            "it. Delete the app first.",
                            environment->name, app->name);
        }
    }
    return true;
}

/* Updates take no time. */
static const char *no_time(const cJSON *old, const cJSON *changed)
{
    (void)old;
    (void)changed;
    return NULL;
}

char *container_event_stream(const struct arm_service *service, const struct arm_resource *resource)
{
    bool app = resource->type == &arm_container_app_type;
    return string_format("https://%s.azurecontainerapps.dev/subscriptions/%s/resourceGroups/%s/"
                         "%s/%s/eventstream",
                         resource->location->name, service->config.subscription_id,
                         resource->group->name, app ? "containerApps" : "managedEnvironments",
                         resource->name);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *environment, bool secrets)
{
    cJSON *item = arm_resource_show_plain(call, environment);
    char *events = container_event_stream(call->service, environment);
    (void)secrets;
    arm_json_remove(item, "properties.appLogsConfiguration.logAnalyticsConfiguration.sharedKey");
    if (arm_json_at(item, "properties.workloadProfiles") == NULL) {
        arm_json_put(
            item, "properties.workloadProfiles",
            cJSON_Parse("[{\"workloadProfileType\":\"Consumption\",\"name\":\"Consumption\"}]"));
    }
    arm_json_put_text(item, "properties.staticIp", "127.0.0.1");
    arm_json_put_text(item, "properties.eventStreamEndpoint", events);
    memory_free(events);
    return item;
}

bool container_log_token(struct arm_call *call, struct arm_resource *resource)
{
    struct arm_service *service = call->service;
    unsigned char random[32];
    char time[32];
    int64_t until = clock_now_ms(service->clock) + TOKEN_MS;
    struct buf token;
    buf_init(&token, 128);
    random_fill(service->random, random, sizeof(random));
    buf_append_base64url(&token, (struct bytes){(const char *)random, sizeof(random)});
    arm_json_put_text(app_secrets(resource), "logToken.token", buf_string(&token));
    arm_json_put(resource->secrets, "logToken.expiresMs", cJSON_CreateNumber((double)until));
    arm_changed(service);
    timestamp_format(until, time);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", resource->id);
    cJSON_AddStringToObject(item, "name", resource->name);
    cJSON_AddStringToObject(item, "type", resource->type_name);
    cJSON_AddStringToObject(item, "location", resource->location->display_name);
    arm_json_put_text(item, "properties.token", buf_string(&token));
    arm_json_put_text(item, "properties.expires", time);
    buf_finish(&token);
    arm_answer(call, 200, item);
    return true;
}

struct arm_resource *container_environment(const struct arm_service *service, const cJSON *body)
{
    const char *id = arm_json_text(body, "properties.environmentId");
    if (id == NULL) {
        id = arm_json_text(body, "properties.managedEnvironmentId");
    }
    struct arm_resource *found = id == NULL ? NULL : arm_resource_find_id(service, id);
    return found != NULL && found->type == &arm_container_environment_type ? found : NULL;
}

static bool list_none(struct arm_call *call, struct arm_resource *environment)
{
    cJSON *body = cJSON_CreateObject();
    (void)environment;
    cJSON_AddArrayToObject(body, "value");
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_action actions[] = {
    {.name = "getAuthtoken", .handle = container_log_token},
    {.name = "usages", .handle = list_none, .methods = ARM_GET},
    {.name = "workloadProfileStates", .handle = list_none, .methods = ARM_GET},
    {0},
};

static const char *const api_versions[] = {"2025-07-01", "2025-01-01", "2024-03-01", "2023-05-01",
                                           "2022-10-01", "2022-03-01", NULL};

static const struct saved_shape saved[] = {
    APP_SAVED_ROWS,
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_container_environment_type = {
    .name = "Microsoft.App/managedEnvironments",
    .names = {.words = "2 to 60 letters, digits and hyphens, first a letter",
              .least = 2,
              .most = 60,
              .marks = "-",
              .flags = ARM_NAME_LETTER_FIRST | ARM_NAME_INSIDE},
    .traits = ARM_TRACKED | ARM_DISPLAY_LOCATION,
    .api_versions = api_versions,
    .schema = schema,
    .polling = &arm_polling_common,
    .durations = {ENVIRONMENT_S, 30, 60},
    .actions = actions,
    .check = check,
    .check_removal = check_removal,
    .create_secrets = create_secrets,
    .update_state = no_time,
    .apply = app_identity_apply,
    .remove = app_identity_remove,
    .show = show,
    .saved = saved,
};

static const struct arm_resource_type *const types[] = {&arm_container_environment_type};
const struct arm_module arm_module_container_environments = {types, ARRAY_LEN(types), NULL, 0};
