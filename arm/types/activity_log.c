/* Microsoft.Insights/eventtypes/management/values: reads the activity log. */
#include <stdio.h>
#include <string.h>

#include "arm/activity.h"
#include "arm/json.h"
#include "arm/odata_filter.h"

enum { PAGE = 200 };

/* "/subscriptions/x/resourceGroups/g/providers/Microsoft.Cache/Redis/c1" */
static struct bytes group_of(const char *id)
{
    const char *at = strstr(id, "/resourceGroups/");
    if (at == NULL) {
        return (struct bytes){0};
    }
    at += strlen("/resourceGroups/");
    return (struct bytes){at, strcspn(at, "/")};
}

static struct bytes provider_of(const struct arm_event *event)
{
    return (struct bytes){event->action, strcspn(event->action, "/")};
}

/* The action without its verb. */
static struct bytes type_of(const struct arm_event *event)
{
    struct bytes action = bytes_from_string(event->action);
    while (action.size > 0 && action.data[action.size - 1] != '/') {
        action.size--;
    }
    return bytes_slice(action, 0, action.size == 0 ? 0 : action.size - 1);
}

/* ---- $filter ---- */

static bool time_fits(const struct odata_condition *condition, int64_t time_ms)
{
    int64_t wanted_ms;
    if (!timestamp_parse(bytes_from_string(condition->value), &wanted_ms)) {
        return false;
    }
    switch (condition->relation) {
    case ODATA_GE:
        return time_ms >= wanted_ms;
    case ODATA_GT:
        return time_ms > wanted_ms;
    case ODATA_LE:
        return time_ms <= wanted_ms;
    case ODATA_LT:
        return time_ms < wanted_ms;
    default:
        return time_ms == wanted_ms;
    }
}

static const char *level_of(const struct arm_event *event)
{
    return strcmp(event->status, "Failed") == 0 ? "Error" : "Informational";
}

/* "Critical,Error" */
static bool level_listed(struct bytes list, const char *level)
{
    bool listed = false;
    while (list.size > 0) {
        struct bytes one = bytes_slice(list, 0, bytes_find(list, ','));
        list = bytes_slice(list, one.size + 1, list.size);
        listed |= bytes_equal_string_nocase(one, level);
    }
    return listed;
}

static const char *const filter_names[] = {
    "eventTimestamp", "resourceGroupName", "resourceUri", "resourceId",    "resourceProvider",
    "resourceType",   "correlationId",     "caller",      "status",        "levels",
    "operationName",  "operations",        "category",    "eventChannels", NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const struct arm_event *event = context;
    const struct {
        const char *name;
        struct bytes value;
    } texts[] = {
        {"resourceGroupName", group_of(event->resource_id)},
        {"resourceUri", bytes_from_string(event->resource_id)},
        {"resourceId", bytes_from_string(event->resource_id)},
        {"resourceProvider", provider_of(event)},
        {"resourceType", type_of(event)},
        {"correlationId", bytes_from_string(event->correlation)},
        {"caller", bytes_from_string(event->caller)},
        {"status", bytes_from_string(event->status)},
        {"operationName", bytes_from_string(event->action)},
        {"operations", bytes_from_string(event->action)},
        {"category", BYTES("Administrative")},
        {"eventChannels", BYTES("Admin, Operation")},
    };
    if (bytes_equal_string_nocase(condition->name, "levels")) {
        return level_listed(bytes_from_string(condition->value), level_of(event));
    }
    if (bytes_equal_string_nocase(condition->name, "eventTimestamp")) {
        return time_fits(condition, event->time_ms);
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (bytes_equal_string_nocase(condition->name, texts[i].name)) {
            char *text = bytes_to_string(texts[i].value);
            bool fits = odata_text_fits(condition, text);
            memory_free(text);
            return fits;
        }
    }
    return false;
}

/* ---- Events as JSON ---- */

static void add_named(cJSON *item, const char *name, const char *value, const char *localized)
{
    cJSON *object = cJSON_AddObjectToObject(item, name);
    cJSON_AddStringToObject(object, "value", value);
    cJSON_AddStringToObject(object, "localizedValue", localized);
}

static void add_bytes(cJSON *item, const char *name, struct bytes text)
{
    cJSON_AddItemToObject(item, name, arm_json_text_bytes(text));
}

static void add_sub_status(cJSON *item, const struct arm_event *event)
{
    if (event->http_status == 0) {
        add_named(item, "subStatus", "", "");
        return;
    }
    const char *text = http_status_text(event->http_status);
    char value[64], localized[128];
    size_t size = 0;
    for (const char *at = text; *at != '\0' && size < sizeof(value) - 1; at++) {
        if (*at != ' ' && *at != '-') {
            value[size++] = *at;
        }
    }
    value[size] = '\0';
    snprintf(localized, sizeof(localized), "%s (HTTP Status Code: %d)", text, event->http_status);
    add_named(item, "subStatus", value, localized);
}

static cJSON *show(const struct arm_service *service, const struct arm_event *event)
{
    const struct arm_service_config *config = &service->config;
    bool begins = strcmp(event->status, "Started") == 0;
    char time[32];
    cJSON *item = cJSON_CreateObject();
    timestamp_format(event->time_ms, time);
    cJSON *authorization = cJSON_AddObjectToObject(item, "authorization");
    cJSON_AddStringToObject(authorization, "action", event->action);
    cJSON_AddStringToObject(authorization, "scope", event->resource_id);
    cJSON_AddStringToObject(item, "caller", event->caller);
    cJSON_AddStringToObject(item, "channels", "Operation");
    cJSON *claims = cJSON_AddObjectToObject(item, "claims");
    cJSON_AddStringToObject(claims, "http://schemas.microsoft.com/identity/claims/objectidentifier",
                            event->object_id);
    cJSON_AddStringToObject(item, "correlationId", event->correlation);
    cJSON_AddStringToObject(item, "description", "");
    cJSON_AddStringToObject(item, "eventDataId", event->id);
    add_named(item, "eventName", begins ? "BeginRequest" : "EndRequest",
              begins ? "Begin request" : "End request");
    add_named(item, "category", "Administrative", "Administrative");
    if (event->method != NULL) {
        cJSON *request = cJSON_AddObjectToObject(item, "httpRequest");
        cJSON_AddStringToObject(request, "clientRequestId", event->operation_id);
        cJSON_AddStringToObject(request, "clientIpAddress", "127.0.0.1");
        cJSON_AddStringToObject(request, "method", event->method);
    }
    char *id = string_format("%s/events/%s/ticks/%lld", event->resource_id, event->id,
                             621355968000000000LL + (long long)event->time_ms * 10000);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "level", level_of(event));
    add_bytes(item, "resourceGroupName", group_of(event->resource_id));
    char *provider = bytes_to_string(provider_of(event)), *type = bytes_to_string(type_of(event));
    add_named(item, "resourceProviderName", provider, provider);
    cJSON_AddStringToObject(item, "resourceId", event->resource_id);
    add_named(item, "resourceType", type, type);
    memory_free(provider);
    memory_free(type);
    cJSON_AddStringToObject(item, "operationId", event->operation_id);
    add_named(item, "operationName", event->action, event->action);
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    cJSON_AddStringToObject(properties, "entity", event->resource_id);
    cJSON_AddStringToObject(properties, "message", event->action);
    if (event->http_status != 0) {
        cJSON_AddStringToObject(properties, "statusCode", http_status_text(event->http_status));
    }
    if (event->message != NULL) {
        cJSON_AddStringToObject(properties, "statusMessage", event->message);
    }
    add_named(item, "status", event->status, event->status);
    add_sub_status(item, event);
    cJSON_AddStringToObject(item, "eventTimestamp", time);
    cJSON_AddStringToObject(item, "submissionTimestamp", time);
    cJSON_AddStringToObject(item, "subscriptionId", config->subscription_id);
    cJSON_AddStringToObject(item, "tenantId", config->tenant_id);
    return item;
}

/* $select: the members named, separated by commas. */
static cJSON *select_members(cJSON *item, struct bytes wanted)
{
    if (wanted.size == 0) {
        return item;
    }
    cJSON *chosen = cJSON_CreateObject();
    while (wanted.size > 0) {
        size_t size = bytes_find(wanted, ',');
        char *name = bytes_to_string(bytes_slice(wanted, 0, size));
        const char *word = name + strspn(name, " ");
        cJSON *member = cJSON_DetachItemFromObject(item, word);
        if (member != NULL) {
            cJSON_AddItemToObject(chosen, word, member);
        }
        memory_free(name);
        wanted = bytes_slice(wanted, size + 1, wanted.size);
    }
    cJSON_Delete(item);
    return chosen;
}

/* The context is true while all times of the filter are ones. */
static bool note_time(void *context, const struct odata_condition *condition)
{
    bool *good = context;
    int64_t time_ms;
    *good = *good && (!bytes_equal_string_nocase(condition->name, "eventTimestamp") ||
                      timestamp_parse(bytes_from_string(condition->value), &time_ms));
    return true;
}

static bool list(struct arm_call *call)
{
    struct buf filter, chosen;
    bool times_good = true, all;
    if (!arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    odata_filter(buf_bytes(&filter), note_time, &times_good, &all);
    if (!times_good) {
        arm_fail(&call->error, 400, "BadRequest",
                 "The eventTimestamp of the filter '%.300s' is no time in ISO 8601.",
                 buf_string(&filter));
        buf_finish(&filter);
        return false;
    }
    buf_init(&chosen, 1024);
    arm_query(call, "$select", &chosen);
    cJSON *value = cJSON_CreateArray();
    for (struct arm_event *event = call->service->events; event != NULL; event = event->older) {
        bool wanted;
        odata_filter(buf_bytes(&filter), holds, event, &wanted);
        if (wanted) {
            cJSON_AddItemToArray(value,
                                 select_members(show(call->service, event), buf_bytes(&chosen)));
        }
    }
    buf_finish(&filter);
    buf_finish(&chosen);
    return arm_answer_page(call, value, PAGE);
}

static const struct arm_route routes[] = {
    {ARM_GET, "/subscriptions/{}/providers/Microsoft.Insights/eventtypes/management/values", list,
     "Microsoft.Insights/eventtypes/values"},
};
const struct arm_module arm_module_activity_log = {NULL, 0, routes, ARRAY_LEN(routes)};
