/* What a metric alert rule must be: asked of each request, and of what was saved. */
#include <string.h>

#include "arm/json.h"
#include "arm/types/insights.h"

#define SINGLE "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
#define MULTIPLE "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria"

static bool check_scope(struct arm_call *call, const cJSON *scope)
{
    const char *id = cJSON_GetStringValue(scope);
    if (id == NULL || strncmp(id, "/subscriptions/", 15) != 0) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The scope '%.200s' is not the id of a resource.", id == NULL ? "" : id);
    }
    if (strstr(id, "/providers/") != NULL && arm_resource_find_id(call->service, id) == NULL) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "Scope '%.500s' is invalid: there is no such resource.", id);
    }
    return true;
}

static bool among(const char *text, const char *const *words)
{
    bool found = false;
    for (; text != NULL && *words != NULL; words++) {
        found = found || bytes_equal_string_nocase(bytes_from_string(text), *words);
    }
    return found;
}

static bool has_dimension(const char *dimensions, const char *name)
{
    struct bytes rest = bytes_from_string(dimensions);
    while (rest.size > 0) {
        struct bytes one = bytes_slice(rest, 0, bytes_find(rest, ','));
        rest = bytes_slice(rest, one.size + 1, rest.size);
        if (bytes_equal_string_nocase(one, name)) {
            return true;
        }
    }
    return false;
}

/* `has` is what the metric has: "ShardId,Port"; NULL: nobody knows. */
static bool check_dimensions(struct arm_call *call, const cJSON *condition, const char *metric,
                             const char *has)
{
    static const char *const relations[] = {"Include", "Exclude", NULL};
    const cJSON *dimension;
    cJSON_ArrayForEach(dimension, arm_json_at(condition, "dimensions"))
    {
        const char *name = arm_json_text(dimension, "name");
        if (name == NULL || (has != NULL && !has_dimension(has, name))) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The metric %.100s does not support the dimension '%.100s'; supported "
                            "ones are: %s",
                            metric, name == NULL ? "" : name, has == NULL ? "" : has);
        }
        if (!among(arm_json_text(dimension, "operator"), relations) ||
            cJSON_GetArraySize(arm_json_at(dimension, "values")) == 0) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The dimension '%.100s' of metric %.100s needs an operator, Include or "
                            "Exclude, and at least one value.",
                            name, metric);
        }
    }
    return true;
}

/* What all conditions have, whatever they compare with. */
static bool check_common(struct arm_call *call, const cJSON *condition)
{
    static const char *const kinds[] = {"StaticThresholdCriterion", "DynamicThresholdCriterion",
                                        NULL};
    const char *name = arm_json_text(condition, "name");
    if (name == NULL || name[0] == '\0') {
        return arm_fail(&call->error, 400, "BadRequest",
                        "A condition of the criteria has no name.");
    }
    for (const cJSON *next = condition->next; next != NULL; next = next->next) {
        const char *other = arm_json_text(next, "name");
        if (other != NULL && bytes_equal_string_nocase(bytes_from_string(name), other)) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "Two conditions of the criteria are named '%.100s': their names must "
                            "be unique.",
                            name);
        }
    }
    /* Old clients leave the type out: static it is. */
    const char *kind = arm_json_text(condition, "criterionType");
    return kind == NULL || among(kind, kinds) ||
           arm_fail(&call->error, 400, "BadRequest",
                    "The criterionType '%.100s' must be StaticThresholdCriterion or "
                    "DynamicThresholdCriterion.",
                    kind);
}

static bool check_condition(struct arm_call *call, const cJSON *condition)
{
    int shard;
    const char *metric = arm_json_text(condition, "metricName");
    const char *space = arm_json_text(condition, "metricNamespace");
    const char *aggregation = arm_json_text(condition, "timeAggregation");
    const char *operator= arm_json_text(condition, "operator");
    bool ours =
        space == NULL || space[0] == '\0' ||
        bytes_equal_string_nocase(bytes_from_string(space), "Microsoft.Cache/redis") ||
        bytes_equal_string_nocase(bytes_from_string(space), "Microsoft.Cache/redisEnterprise");
    if (metric == NULL) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "A condition of the criteria has no metricName.");
    }
    if (ours && arm_metric_find(bytes_from_string(metric), &shard) == NULL &&
        !arm_json_truth(condition, "skipMetricValidation")) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "Couldn't find a metric named %.100s. Make sure the name is correct.",
                        metric);
    }
    if (aggregation == NULL || arm_aggregation_find(bytes_from_string(aggregation)) == 0) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The timeAggregation of metric %.100s must be Average, Minimum, Maximum, "
                        "Total or Count.",
                        metric);
    }
    const struct arm_metric *found =
        ours ? arm_metric_find(bytes_from_string(metric), &shard) : NULL;
    if (!check_common(call, condition) || !check_dimensions(call, condition, metric,
                                                            found == NULL ? NULL
                                                            : shard == -1 ? found->dimensions
                                                                          : "")) {
        return false;
    }
    if (arm_alert_is_dynamic(condition)) {
        return true;
    }
    if (operator== NULL || !arm_alert_operator_known(operator)) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The operator of metric %.100s must be GreaterThan, GreaterThanOrEqual, "
                        "LessThan, LessThanOrEqual, Equals or NotEquals.",
                        metric);
    }
    return cJSON_IsNumber(arm_json_at(condition, "threshold")) ||
           arm_fail(&call->error, 400, "BadRequest",
                    "The threshold of metric %.100s must be a number.", metric);
}

bool arm_alert_rule_sound(const cJSON *body)
{
    const cJSON *item;
    bool good = cJSON_IsArray(arm_json_at(body, "properties.criteria.allOf"));
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.scopes"))
    {
        good = good && cJSON_IsString(item);
    }
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.criteria.allOf"))
    {
        const char *aggregation = arm_json_text(item, "timeAggregation");
        good = good && arm_json_text(item, "metricName") != NULL && aggregation != NULL &&
               arm_aggregation_find(bytes_from_string(aggregation)) != 0 &&
               (arm_alert_is_dynamic(item) || (arm_json_text(item, "operator") != NULL &&
                                               cJSON_IsNumber(arm_json_at(item, "threshold"))));
    }
    return good;
}

static int64_t length_of(const cJSON *body, const char *path)
{
    int64_t length_ms = 0;
    const char *text = arm_json_text(body, path);
    return text != NULL && duration_parse(bytes_from_string(text), &length_ms) ? length_ms : 0;
}

bool arm_alert_rule_check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *item, *conditions = arm_json_at(body, "properties.criteria.allOf");
    static const char *const criteria[] = {SINGLE, MULTIPLE, NULL};
    char now[32];
    (void)old;
    if (cJSON_GetArraySize(arm_json_at(body, "properties.scopes")) == 0) {
        return arm_fail(&call->error, 400, "BadRequest", "The rule needs at least one scope.");
    }
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.scopes"))
    {
        if (!check_scope(call, item)) {
            return false;
        }
    }
    const char *kind = cJSON_GetStringValue(
        cJSON_GetObjectItem(arm_json_at(body, "properties.criteria"), "odata.type"));
    if (length_of(body, "properties.windowSize") <
        length_of(body, "properties.evaluationFrequency")) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The windowSize must not be shorter than the evaluationFrequency.");
    }
    if (!cJSON_IsArray(conditions) || cJSON_GetArraySize(conditions) == 0) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The rule's criteria need at least one condition in 'allOf'.");
    }
    cJSON_ArrayForEach(item, conditions)
    {
        if (!check_condition(call, item)) {
            return false;
        }
    }
    if (!among(kind, criteria)) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The criteria need an 'odata.type': " SINGLE " or " MULTIPLE ".");
    }
    if (bytes_equal_string_nocase(bytes_from_string(kind), SINGLE) &&
        cJSON_GetArraySize(arm_json_at(body, "properties.scopes")) > 1) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "Criteria of a single resource take one scope: for several use " MULTIPLE
                        ".");
    }
    timestamp_format(clock_now_ms(call->service->clock), now);
    arm_json_put_text(body, "properties.lastUpdatedTime", now);
    return true;
}
