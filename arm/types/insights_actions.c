/*
 * Microsoft.Insights/actionGroups, and what their webhooks are told of an alert: in the common
 * schema where the receiver wants it, else in the one of metric alerts.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/insights.h"
#include "base/log.h"

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.groupShortName", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.enabled", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.emailReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.smsReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.webhookReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.eventHubReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.itsmReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.azureAppPushReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.automationRunbookReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.voiceReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.logicAppReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.azureFunctionReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.armRoleReceivers", .kind = ARM_ARRAY, .fallback = "[]"},
    {0},
};

/* Receivers that are told by HTTP, and where. The others are only logged. */
static const struct {
    const char *list, *url;
} reached[] = {
    {"properties.webhookReceivers", "serviceUri"},
    {"properties.logicAppReceivers", "callbackUrl"},
    {"properties.azureFunctionReceivers", "httpTriggerUrl"},
};

enum { SHORT_NAME_SIZE = 12 };

static bool check_urls(struct arm_call *call, const cJSON *body, const char *list, const char *name)
{
    const cJSON *receiver;
    cJSON_ArrayForEach(receiver, arm_json_at(body, list))
    {
        const char *url = arm_json_text(receiver, name);
        if (url == NULL || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
            return arm_fail(&call->error, 400, "InvalidReceiver",
                            "The %s of a receiver in '%s' must be an http or https URL, not "
                            "'%.200s'.",
                            name, list, url == NULL ? "" : url);
        }
    }
    return true;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    size_t size = strlen(arm_json_text(body, "properties.groupShortName"));
    if (size < 1 || size > SHORT_NAME_SIZE) {
        return arm_fail(&call->error, 400, "InvalidShortName",
                        "The groupShortName must have 1 to %d characters.", SHORT_NAME_SIZE);
    }
    for (size_t i = 0; i < ARRAY_LEN(reached); i++) {
        if (!check_urls(call, body, reached[i].list, reached[i].url)) {
            return false;
        }
    }
    return true;
}

/* ---- What is told ---- */

static void add_time(cJSON *item, const char *name, int64_t time_ms)
{
    char text[32];
    timestamp_format(time_ms, text);
    cJSON_AddStringToObject(item, name, text);
}

static cJSON *condition_of(const struct arm_alert_event *event, bool common)
{
    const cJSON *item;
    cJSON *condition = cJSON_CreateObject();
    cJSON_AddStringToObject(condition, "windowSize",
                            arm_json_text(event->rule->body, "properties.windowSize"));
    cJSON *all = cJSON_AddArrayToObject(condition, "allOf");
    cJSON_ArrayForEach(item, event->conditions)
    {
        const char *space = arm_json_text(item, "metricNamespace");
        const cJSON *threshold = arm_json_at(item, "threshold");
        const cJSON *value = arm_json_at(item, "metricValue");
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "metricName", arm_json_text(item, "metricName"));
        cJSON_AddStringToObject(one, "metricNamespace",
                                space != NULL ? space : arm_metric_namespace(event->target));
        cJSON_AddStringToObject(one, "operator", arm_json_text(item, "operator"));
        char *text =
            string_format("%.15g", cJSON_IsNumber(threshold) ? threshold->valuedouble : 0.0);
        cJSON_AddStringToObject(one, "threshold", text);
        memory_free(text);
        cJSON_AddStringToObject(one, "timeAggregation", arm_json_text(item, "timeAggregation"));
        cJSON_AddArrayToObject(one, "dimensions");
        if (value != NULL) {
            cJSON_AddItemToObject(one, "metricValue", cJSON_Duplicate(value, true));
        } else {
            cJSON_AddNullToObject(one, "metricValue");
        }
        if (common) {
            cJSON_AddNullToObject(one, "webTestName");
        }
        cJSON_AddItemToArray(all, one);
    }
    if (common) {
        add_time(condition, "windowStartTime", event->from_ms);
        add_time(condition, "windowEndTime", event->now_ms);
    }
    return condition;
}

static const char *condition_type(const struct arm_alert_event *event)
{
    const cJSON *type =
        cJSON_GetObjectItem(arm_json_at(event->rule->body, "properties.criteria"), "odata.type");
    const char *text = cJSON_GetStringValue(type);
    const char *dot = text == NULL ? NULL : strrchr(text, '.');
    return dot == NULL ? "SingleResourceMultipleMetricCriteria" : dot + 1;
}

static const char *description_of(const struct arm_alert_event *event)
{
    const char *text = arm_json_text(event->rule->body, "properties.description");
    return text == NULL ? "" : text;
}

static cJSON *common_schema(const struct arm_alert_event *event, const cJSON *more)
{
    cJSON *body = cJSON_CreateObject();
    char severity[8];
    snprintf(severity, sizeof(severity), "Sev%d",
             arm_json_number(event->rule->body, "properties.severity", 3));
    cJSON_AddStringToObject(body, "schemaId", "azureMonitorCommonAlertSchema");
    cJSON *data = cJSON_AddObjectToObject(body, "data");
    cJSON *essentials = cJSON_AddObjectToObject(data, "essentials");
    cJSON_AddStringToObject(essentials, "alertId", event->alert_id);
    cJSON_AddStringToObject(essentials, "alertRule", event->rule->name);
    cJSON_AddStringToObject(essentials, "severity", severity);
    cJSON_AddStringToObject(essentials, "signalType", "Metric");
    cJSON_AddStringToObject(essentials, "monitorCondition", event->fired ? "Fired" : "Resolved");
    cJSON_AddStringToObject(essentials, "monitoringService", "Platform");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(essentials, "alertTargetIDs"),
                         cJSON_CreateString(event->target->id));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(essentials, "configurationItems"),
                         cJSON_CreateString(event->target->name));
    cJSON_AddStringToObject(essentials, "originAlertId", arm_type_leaf(event->alert_id));
    add_time(essentials, "firedDateTime", event->fired_ms);
    if (!event->fired) {
        add_time(essentials, "resolvedDateTime", event->now_ms);
    }
    cJSON_AddStringToObject(essentials, "description", description_of(event));
    cJSON_AddStringToObject(essentials, "essentialsVersion", "1.0");
    cJSON_AddStringToObject(essentials, "alertContextVersion", "1.0");
    cJSON *context = cJSON_AddObjectToObject(data, "alertContext");
    cJSON_AddItemToObject(context, "properties",
                          cJSON_IsObject(more) ? cJSON_Duplicate(more, true) : cJSON_CreateNull());
    cJSON_AddStringToObject(context, "conditionType", condition_type(event));
    cJSON_AddItemToObject(context, "condition", condition_of(event, true));
    return body;
}

static cJSON *metric_schema(const struct arm_alert_event *event, const cJSON *more)
{
    cJSON *body = cJSON_CreateObject();
    const struct arm_resource *target = event->target;
    char severity[8];
    snprintf(severity, sizeof(severity), "%d",
             arm_json_number(event->rule->body, "properties.severity", 3));
    cJSON_AddStringToObject(body, "schemaId", "AzureMonitorMetricAlert");
    cJSON *data = cJSON_AddObjectToObject(body, "data");
    cJSON_AddStringToObject(data, "version", "2.0");
    cJSON_AddItemToObject(data, "properties",
                          cJSON_IsObject(more) ? cJSON_Duplicate(more, true) : cJSON_CreateNull());
    cJSON_AddStringToObject(data, "status", event->fired ? "Activated" : "Deactivated");
    cJSON *context = cJSON_AddObjectToObject(data, "context");
    add_time(context, "timestamp", event->now_ms);
    cJSON_AddStringToObject(context, "id", event->rule->id);
    cJSON_AddStringToObject(context, "name", event->rule->name);
    cJSON_AddStringToObject(context, "description", description_of(event));
    cJSON_AddStringToObject(context, "conditionType", condition_type(event));
    cJSON_AddStringToObject(context, "severity", severity);
    cJSON_AddItemToObject(context, "condition", condition_of(event, false));
    const char *subscription = target->id + strlen("/subscriptions/");
    cJSON_AddItemToObject(
        context, "subscriptionId",
        arm_json_text_bytes((struct bytes){subscription, strcspn(subscription, "/")}));
    cJSON_AddStringToObject(context, "resourceGroupName",
                            target->group == NULL ? "" : target->group->name);
    cJSON_AddStringToObject(context, "resourceName", target->name);
    cJSON_AddStringToObject(context, "resourceType", target->type_name);
    cJSON_AddStringToObject(context, "resourceId", target->id);
    return body;
}

static void post(struct arm_service *service, const struct arm_alert_event *event, const char *url,
                 bool common, const cJSON *more)
{
    cJSON *body = common ? common_schema(event, more) : metric_schema(event, more);
    char *text = cJSON_PrintUnformatted(body);
    service->host.post(service->host.context, url, bytes_from_string(text));
    cJSON_free(text);
    cJSON_Delete(body);
}

static void tell_group(struct arm_service *service, const struct arm_alert_event *event,
                       const struct arm_resource *group, const cJSON *more)
{
    const cJSON *receiver;
    for (size_t i = 0; i < ARRAY_LEN(reached); i++) {
        cJSON_ArrayForEach(receiver, arm_json_at(group->body, reached[i].list))
        {
            const char *url = arm_json_text(receiver, reached[i].url);
            if (url != NULL && service->host.post != NULL) {
                post(service, event, url, arm_json_truth(receiver, "useCommonAlertSchema"), more);
            }
        }
    }
    cJSON_ArrayForEach(receiver, arm_json_at(group->body, "properties.emailReceivers"))
    {
        const char *name = arm_json_text(receiver, "name");
        log_info("monitor", "an e-mail would be sent group=%s receiver=\"%s\"", group->name,
                 name == NULL ? "" : name);
    }
}

void arm_alert_tell(struct arm_service *service, const struct arm_alert_event *event)
{
    const cJSON *action;
    cJSON_ArrayForEach(action, arm_json_at(event->rule->body, "properties.actions"))
    {
        const char *id = arm_json_text(action, "actionGroupId");
        const struct arm_resource *group = id == NULL ? NULL : arm_resource_find_id(service, id);
        if (group == NULL) {
            log_warn("monitor", "an action group is missing rule=\"%s\" group=%s",
                     event->rule->name, id == NULL ? "" : id);
        } else if (arm_json_truth(group->body, "properties.enabled")) {
            tell_group(service, event, group, arm_json_at(action, "webHookProperties"));
        }
    }
}

static const struct arm_resource_type action_group_type = {
    .name = "Microsoft.Insights/actionGroups",
    .traits = ARM_TRACKED | ARM_GLOBAL | ARM_NO_STATE | ARM_FELT,
    .schema = schema,
    .check = check,
};

static const struct arm_resource_type *const types[] = {&action_group_type};
const struct arm_module arm_module_insights_actions = {types, ARRAY_LEN(types), NULL, 0};
