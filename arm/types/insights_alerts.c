/*
 * Microsoft.Insights/metricAlerts: rules over metrics. Each minute of the clock those that are due
 * are evaluated; a rule fires once and ends after three evaluations in a row that it did not hold.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/types/insights.h"
#include "base/log.h"

enum { MINUTE_MS = 60 * 1000, HEALTHY_TO_END = 3 };

static const char *const frequencies[] = {"PT1M", "PT5M", "PT15M", "PT30M", "PT1H", NULL};
static const char *const windows[] = {"PT1M", "PT5M",  "PT15M", "PT30M", "PT1H",
                                      "PT6H", "PT12H", "P1D",   NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.severity",
     .kind = ARM_INTEGER,
     .rules = ARM_REQUIRED,
     .minimum = 0,
     .maximum = 4},
    {.path = "properties.enabled", .kind = ARM_TRUTH, .rules = ARM_REQUIRED},
    {.path = "properties.scopes", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {.path = "properties.evaluationFrequency",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = frequencies},
    {.path = "properties.windowSize",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = windows},
    {.path = "properties.criteria", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.autoMitigate", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.actions", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.lastUpdatedTime", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static const struct {
    const char *name;
    int below, equal, above;
} operators[] = {
    {"GreaterThan", 0, 0, 1}, {"GreaterThanOrEqual", 0, 1, 1},
    {"LessThan", 1, 0, 0},    {"LessThanOrEqual", 1, 1, 0},
    {"Equals", 0, 1, 0},      {"NotEquals", 1, 0, 1},
};

static bool holds(const char *operator, double value, double threshold)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (bytes_equal_string_nocase(bytes_from_string(operator), operators[i].name)) {
            return value < threshold   ? operators[i].below
                   : value > threshold ? operators[i].above
                                       : operators[i].equal;
        }
    }
    return false;
}

bool arm_alert_operator_known(const char *name)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        known |= bytes_equal_string_nocase(bytes_from_string(name), operators[i].name);
    }
    return known;
}

bool arm_alert_is_dynamic(const cJSON *condition)
{
    const char *type = arm_json_text(condition, "criterionType");
    return type != NULL &&
           bytes_equal_string_nocase(bytes_from_string(type), "DynamicThresholdCriterion");
}

static bool in_scope(const struct arm_resource *resource, const char *scope)
{
    size_t size = strlen(scope);
    struct bytes id = bytes_from_string(resource->id);
    return id.size >= size &&
           bytes_equal_nocase(bytes_slice(id, 0, size), bytes_from_string(scope)) &&
           (id.size == size || resource->id[size] == '/');
}

/* ---- Evaluation ---- */

static int64_t duration_of(const struct arm_resource *rule, const char *path)
{
    int64_t length_ms = MINUTE_MS;
    const char *text = arm_json_text(rule->body, path);
    return text != NULL && duration_parse(bytes_from_string(text), &length_ms) ? length_ms
                                                                               : MINUTE_MS;
}

/* Whether the condition leaves this value of a dimension in; `apart`: it speaks of them. */
static bool value_wanted(const cJSON *condition, const char *wanted_name, const char *text,
                         bool *apart)
{
    const cJSON *dimension, *value;
    bool wanted = true;
    *apart = false;
    cJSON_ArrayForEach(dimension, arm_json_at(condition, "dimensions"))
    {
        const char *name = arm_json_text(dimension, "name");
        const char *operator= arm_json_text(dimension, "operator");
        bool listed = false;
        if (name == NULL || !bytes_equal_string_nocase(bytes_from_string(name), wanted_name)) {
            continue;
        }
        *apart = true;
        cJSON_ArrayForEach(value, arm_json_at(dimension, "values"))
        {
            const char *one = cJSON_GetStringValue(value);
            listed |= one != NULL && (strcmp(one, "*") == 0 || strcasecmp(one, text) == 0);
        }
        bool exclude = operator!= NULL &&
            bytes_equal_string_nocase(bytes_from_string(operator), "Exclude");
        wanted = wanted && listed != exclude;
    }
    return wanted;
}

/* What is known of a condition on one target in its window. */
struct evaluation {
    struct arm_service *service;
    const struct arm_resource *target;
    const struct arm_metric *metric;
    cJSON *condition;
    int64_t from_ms, to_ms;
};

/* A value that makes the condition hold is put into it as metricValue; else any that was seen. */
static bool value_holds(const struct evaluation *at, int shard, enum arm_figure figure)
{
    unsigned aggregation =
        arm_aggregation_find(bytes_from_string(arm_json_text(at->condition, "timeAggregation")));
    struct arm_sample sample =
        arm_metric_sample(at->service, at->target, shard, figure, at->from_ms, at->to_ms);
    double value;
    if (!arm_sample_value(&sample, aggregation, &value)) {
        return false;
    }
    arm_json_put(at->condition, "metricValue", cJSON_CreateNumber(value));
    return holds(arm_json_text(at->condition, "operator"), value,
                 arm_json_at(at->condition, "threshold")->valuedouble);
}

/* One shard, or -1 for all: each type of error by itself where the condition names types. */
static bool shard_holds(const struct evaluation *at, int shard)
{
    bool apart = false, met = false;
    value_wanted(at->condition, "ErrorType", "", &apart);
    if (!apart || at->metric->figure != ARM_FIGURE_ERRORS) {
        return value_holds(at, shard, at->metric->figure);
    }
    for (size_t i = 0; !met && i < arm_error_type_count; i++) {
        met = value_wanted(at->condition, "ErrorType", arm_error_types[i].name, &apart) &&
              value_holds(at, shard, arm_error_types[i].figure);
    }
    return met;
}

static bool condition_holds(struct arm_service *service, const struct arm_resource *target,
                            int shards, cJSON *condition, int64_t from_ms, int64_t to_ms)
{
    int numbered;
    bool apart, met = false;
    const char *name = arm_json_text(condition, "metricName");
    const struct evaluation at = {
        .service = service,
        .target = target,
        .metric = arm_metric_find(bytes_from_string(name), &numbered),
        .condition = condition,
        .from_ms = from_ms,
        .to_ms = to_ms,
    };
    if (at.metric == NULL || arm_alert_is_dynamic(condition)) {
        return false;
    }
    value_wanted(condition, "ShardId", "", &apart);
    if (!apart) {
        return shard_holds(&at, numbered);
    }
    for (int shard = 0; !met && shard < shards; shard++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", shard);
        met = value_wanted(condition, "ShardId", text, &apart) && shard_holds(&at, shard);
    }
    return met;
}

static void tell(struct arm_service *service, const struct arm_resource *rule,
                 const struct arm_resource *target, const struct arm_resource *alert,
                 const cJSON *conditions, bool fired, int64_t from_ms, int64_t to_ms)
{
    const struct arm_alert_event event = {
        .rule = rule,
        .target = target,
        .alert_id = alert->id,
        .fired = fired,
        .fired_ms = alert->created_ms,
        .from_ms = from_ms,
        .now_ms = to_ms,
        .conditions = conditions,
    };
    log_info("monitor", "alert %s rule=\"%s\" target=%s", fired ? "fired" : "resolved", rule->name,
             target->name);
    arm_alert_tell(service, &event);
    arm_changed(service);
}

static void evaluate_target(struct arm_service *service, const struct arm_resource *rule,
                            const struct arm_resource *target, int64_t to_ms)
{
    int64_t from_ms = to_ms - duration_of(rule, "properties.windowSize");
    int shards = arm_metric_shards(service, target);
    cJSON *condition;
    cJSON *conditions = cJSON_Duplicate(arm_json_at(rule->body, "properties.criteria.allOf"), true);
    bool met = shards > 0;
    cJSON_ArrayForEach(condition, conditions)
    {
        met = condition_holds(service, target, shards, condition, from_ms, to_ms) && met;
    }
    struct arm_resource *alert = arm_alert_on(service, rule, target);
    bool ends = arm_json_truth(rule->body, "properties.autoMitigate");
    if (met && (alert == NULL || !ends)) {
        alert = arm_alert_add(service, rule, target, to_ms);
        tell(service, rule, target, alert, conditions, true, from_ms, to_ms);
    } else if (alert != NULL && ends) {
        int healthy = met ? 0 : arm_json_number(alert->secrets, "healthy", 0) + 1;
        arm_json_put(alert->secrets, "healthy", cJSON_CreateNumber(healthy));
        if (healthy >= HEALTHY_TO_END) {
            arm_alert_resolve(service, alert, to_ms);
            tell(service, rule, target, alert, conditions, false, from_ms, to_ms);
        }
    }
    cJSON_Delete(conditions);
}

static void evaluate(struct arm_service *service, const struct arm_resource *rule, int64_t to_ms)
{
    const cJSON *scope;
    cJSON_ArrayForEach(scope, arm_json_at(rule->body, "properties.scopes"))
    {
        /* Alerts come behind the resources there are now, so this ends. */
        for (struct arm_resource *resource = service->resources; resource != NULL;
             resource = resource->next) {
            if (arm_metric_has(resource) && in_scope(resource, scope->valuestring)) {
                evaluate_target(service, rule, resource, to_ms);
            }
        }
    }
}

static bool acts(const struct arm_resource *resource)
{
    return resource->type == &arm_alert_rule_type &&
           arm_json_truth(resource->body, "properties.enabled");
}

bool arm_service_watches_minutes(const struct arm_service *service)
{
    const struct arm_resource *rule = service->resources;
    while (rule != NULL && !acts(rule)) {
        rule = rule->next;
    }
    return rule != NULL;
}

void arm_service_minute(struct arm_service *service)
{
    int64_t minute = (clock_now_ms(service->clock) + MINUTE_MS / 2) / MINUTE_MS;
    for (struct arm_resource *rule = service->resources; rule != NULL; rule = rule->next) {
        if (acts(rule) &&
            minute % (duration_of(rule, "properties.evaluationFrequency") / MINUTE_MS) == 0) {
            evaluate(service, rule, minute * MINUTE_MS);
        }
    }
}

const struct arm_resource_type arm_alert_rule_type = {
    .name = "Microsoft.Insights/metricAlerts",
    .traits = ARM_TRACKED | ARM_GLOBAL | ARM_NO_STATE | ARM_FELT,
    .schema = schema,
    .created = 200,
    .check = arm_alert_rule_check,
    .sound = arm_alert_rule_sound,
};

static const struct arm_resource_type *const types[] = {&arm_alert_rule_type};
const struct arm_module arm_module_insights_alerts = {types, ARRAY_LEN(types), NULL, 0};
