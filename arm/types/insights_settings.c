/*
 * Where logs and metrics are to go: Microsoft.Insights/diagnosticSettings of any resource, with the
 * categories that a cache has, and Microsoft.OperationalInsights/workspaces with their keys. They
 * are stored; nothing is written to the sinks.
 */
#include "arm/json.h"
#include "arm/types/insights.h"
#include "arm/types/redis.h"

/* ---- Diagnostic settings ---- */

static const struct arm_property setting_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.workspaceId", .kind = ARM_RESOURCE_ID},
    {.path = "properties.storageAccountId", .kind = ARM_RESOURCE_ID},
    {.path = "properties.serviceBusRuleId", .kind = ARM_RESOURCE_ID},
    {.path = "properties.eventHubAuthorizationRuleId", .kind = ARM_RESOURCE_ID},
    {.path = "properties.eventHubName", .kind = ARM_TEXT},
    {.path = "properties.marketplacePartnerId", .kind = ARM_RESOURCE_ID},
    {.path = "properties.logAnalyticsDestinationType", .kind = ARM_TEXT},
    {.path = "properties.logs", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.metrics", .kind = ARM_ARRAY, .fallback = "[]"},
    {0},
};

static bool check_setting(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    static const char *const sinks[] = {
        "properties.workspaceId", "properties.storageAccountId", "properties.serviceBusRuleId",
        "properties.eventHubAuthorizationRuleId", "properties.marketplacePartnerId"};
    (void)old;
    for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
        if (arm_json_text(body, sinks[i]) != NULL) {
            return true;
        }
    }
    return arm_fail(&call->error, 400, "BadRequest",
                    "At least one data sink needs to be specified: workspaceId, "
                    "storageAccountId, eventHubAuthorizationRuleId or marketplacePartnerId.");
}

static const struct {
    const char *name, *type;
} categories[] = {
    {"ConnectedClientList", "Logs"},
    {"MSEntraAuthenticationAuditLog", "Logs"},
    {"AllMetrics", "Metrics"},
};

static bool get_categories(struct arm_call *call)
{
    const struct bytes *words = call->wildcards;
    char *id = string_format("/subscriptions/%s/resourceGroups/%.*s/providers/%.*s/%.*s/%.*s",
                             call->service->config.subscription_id, (int)words[1].size,
                             words[1].data, (int)words[2].size, words[2].data, (int)words[3].size,
                             words[3].data, (int)words[4].size, words[4].data);
    const struct arm_resource *resource = arm_resource_find_id(call->service, id);
    memory_free(id);
    if (resource == NULL) {
        return arm_fail_group_not_found(&call->error, words[1]);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON *value = cJSON_AddArrayToObject(body, "value");
    bool cache = resource->type == &arm_redis_type;
    for (size_t i = cache ? 0 : ARRAY_LEN(categories) - 1; i < ARRAY_LEN(categories); i++) {
        cJSON *item = cJSON_CreateObject();
        char *own = string_format("%s/providers/microsoft.insights/diagnosticSettingsCategories/%s",
                                  resource->id, categories[i].name);
        cJSON_AddStringToObject(item, "id", own);
        memory_free(own);
        cJSON_AddStringToObject(item, "type", "microsoft.insights/diagnosticSettingsCategories");
        cJSON_AddStringToObject(item, "name", categories[i].name);
        arm_json_put_text(item, "properties.categoryType", categories[i].type);
        cJSON_AddItemToArray(value, item);
    }
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_resource_type setting_type = {
    .name = "Microsoft.Insights/diagnosticSettings",
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .schema = setting_schema,
    .created = 200,
    .check = check_setting,
};

/* ---- Workspaces ---- */

static const char *const access[] = {"Enabled", "Disabled", NULL};

static const struct arm_property workspace_schema[] = {
    {.path = "properties.customerId", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.createdDate", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.sku.name", .kind = ARM_TEXT, .fallback = "\"PerGB2018\""},
    {.path = "properties.retentionInDays",
     .kind = ARM_INTEGER,
     .minimum = 4,
     .maximum = 730,
     .fallback = "30"},
    {.path = "properties.features", .kind = ARM_OBJECT, .fallback = "{}"},
    {.path = "properties.features.enableLogAccessUsingOnlyResourcePermissions",
     .kind = ARM_TRUTH,
     .fallback = "true"},
    {.path = "properties.workspaceCapping.dailyQuotaGb", .kind = ARM_INTEGER, .fallback = "-1"},
    {.path = "properties.publicNetworkAccessForIngestion",
     .kind = ARM_CHOICE,
     .choices = access,
     .fallback = "\"Enabled\""},
    {.path = "properties.publicNetworkAccessForQuery",
     .kind = ARM_CHOICE,
     .choices = access,
     .fallback = "\"Enabled\""},
    {0},
};

/* An update keeps what creation decided. */
static bool keep_workspace(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)call;
    static const char *const kept[] = {"properties.customerId", "properties.createdDate"};
    for (size_t i = 0; old != NULL && i < ARRAY_LEN(kept); i++) {
        arm_json_put(body, kept[i], cJSON_Duplicate(arm_json_at(old->body, kept[i]), true));
    }
    return true;
}

static void complete_workspace(struct arm_service *service, cJSON *body)
{
    char guid[GUID_SIZE + 1], now[32];
    if (arm_json_at(body, "properties.customerId") == NULL) {
        random_guid(service->random, guid);
        timestamp_format(clock_now_ms(service->clock), now);
        arm_json_put_text(body, "properties.customerId", guid);
        arm_json_put_text(body, "properties.createdDate", now);
    }
}

static void create_workspace_keys(struct arm_service *service, struct arm_resource *workspace)
{
    static const char *const names[] = {"primarySharedKey", "secondarySharedKey"};
    workspace->secrets = cJSON_CreateObject();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char raw[64];
        struct buf text;
        random_fill(service->random, raw, sizeof(raw));
        buf_init(&text, 128);
        buf_append_base64(&text, (struct bytes){raw, sizeof(raw)});
        cJSON_AddStringToObject(workspace->secrets, names[i], buf_string(&text));
        buf_finish(&text);
    }
}

static bool shared_keys(struct arm_call *call, struct arm_resource *workspace)
{
    arm_answer(call, 200, cJSON_Duplicate(workspace->secrets, true));
    return true;
}

static const struct arm_action workspace_actions[] = {
    {.name = "sharedKeys", .handle = shared_keys},
    {0},
};

static const struct saved_shape saved[] = {
    {"secrets.primarySharedKey", SAVED_TEXT, true},
    {"secrets.secondarySharedKey", SAVED_TEXT, true},
    {NULL, SAVED_TEXT, false},
};

static const struct arm_resource_type workspace_type = {
    .name = "Microsoft.OperationalInsights/workspaces",
    .traits = ARM_TRACKED,
    .schema = workspace_schema,
    .actions = workspace_actions,
    .check = keep_workspace,
    .complete = complete_workspace,
    .create_secrets = create_workspace_keys,
    .saved = saved,
};

static const struct arm_resource_type *const types[] = {&setting_type, &workspace_type};
static const struct arm_route routes[] = {
    {ARM_GET,
     "/subscriptions/{}/resourceGroups/{}/providers/{}/{}/{}/providers/Microsoft.Insights/"
     "diagnosticSettingsCategories",
     get_categories, "Microsoft.Insights/diagnosticSettingsCategories"},
};
const struct arm_module arm_module_insights_settings = {types, ARRAY_LEN(types), routes,
                                                        ARRAY_LEN(routes)};
