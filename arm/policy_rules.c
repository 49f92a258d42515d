/* Conditions of policies. What is undefined fits only the negative comparisons, as in Azure. */
#include "arm/policy_rules.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/templates/expression.h"

enum { DEEPEST = 32, MOST_EVALUATED = 30, BUDGET = 20000 };

/* ---- Expressions ---- */

static const cJSON *parameter_of(void *context, const char *name, struct template_error *error)
{
    const struct policy_trial *trial = context;
    const cJSON *given = arm_json_at(cJSON_GetObjectItem(trial->parameters, name), "value");
    const cJSON *fallback = arm_json_at(cJSON_GetObjectItem(trial->declared, name), "defaultValue");
    const cJSON *value = given != NULL ? given : fallback;
    if (value == NULL) {
        template_fail(error, "The policy has no parameter '%s'.", name);
    }
    return value;
}

static cJSON *object_of(void *context, enum expression_object which, struct template_error *error)
{
    const struct policy_trial *trial = context;
    const struct arm_service *service = trial->call->service;
    const char *id = arm_json_text(trial->resource, "id");
    cJSON *object = NULL;
    if (which == EXPRESSION_SUBSCRIPTION) {
        object = cJSON_CreateObject();
        arm_json_put_text(object, "subscriptionId", service->config.subscription_id);
        arm_json_put_text(object, "displayName", service->config.subscription_name);
    } else if (which == EXPRESSION_RESOURCE_GROUP) {
        const char *at = strstr(id, "/resourceGroups/");
        const struct arm_group *group = NULL;
        if (at != NULL) {
            at += strlen("/resourceGroups/");
            group = arm_group_find(service, (struct bytes){at, strcspn(at, "/")});
        }
        object = group == NULL ? NULL : arm_group_show(service, group);
    }
    if (object == NULL) {
        template_fail(error, "The function is not expected in a policy.");
    }
    return object;
}

cJSON *policy_evaluate(struct policy_trial *trial, const cJSON *value)
{
    struct expression_budget budget = {.left = BUDGET};
    struct template_error error = {0};
    struct expression_scope scope = {
        .context = trial,
        .budget = &budget,
        .now_ms = clock_now_ms(trial->call->service->clock),
        .subscription_id = trial->call->service->config.subscription_id,
        .parameter = parameter_of,
        .object = object_of,
    };
    return expression_evaluate_all(value, &scope, &error);
}

/* ---- Fields ---- */

/* "Microsoft.Cache/Redis/sku.name" of a Microsoft.Cache/Redis: properties.sku.name or sku.name. */
static const cJSON *aliased(const cJSON *resource, const char *alias)
{
    struct bytes type = bytes_from_string(arm_json_text(resource, "type"));
    struct bytes whole = bytes_from_string(alias);
    if (!bytes_equal_nocase(bytes_slice(whole, 0, type.size), type) || whole.size <= type.size ||
        whole.data[type.size] != '/') {
        return NULL;
    }
    char *path = string_format("properties.%s", alias + type.size + 1);
    for (char *at = path; *at != '\0'; at++) {
        *at = *at == '/' ? '.' : *at;
    }
    const cJSON *value = arm_json_at(resource, path);
    if (value == NULL) {
        value = arm_json_at(resource, path + strlen("properties."));
    }
    memory_free(path);
    return value;
}

/* "tags['env']", "tags[env]", "tags.env" */
static const cJSON *tag(const cJSON *resource, const char *field)
{
    struct bytes name = bytes_from_string(field + strlen("tags"));
    while (name.size > 0 && strchr("[.'", name.data[0]) != NULL) {
        name = bytes_slice(name, 1, name.size);
    }
    while (name.size > 0 && strchr("]'", name.data[name.size - 1]) != NULL) {
        name.size--;
    }
    char *text = bytes_to_string(name);
    const cJSON *value = cJSON_GetObjectItem(arm_json_at(resource, "tags"), text);
    memory_free(text);
    return value;
}

static const cJSON *field_of(const cJSON *resource, const char *field)
{
    if (strncmp(field, "tags", 4) == 0 && field[4] != '\0') {
        return tag(resource, field);
    }
    if (strcmp(field, "fullName") == 0) {
        return arm_json_at(resource, "name");
    }
    return strchr(field, '/') != NULL ? aliased(resource, field) : arm_json_at(resource, field);
}

/* ---- Comparisons ---- */

static char *text_of(const cJSON *value)
{
    if (cJSON_IsString(value)) {
        return string_duplicate(value->valuestring);
    }
    char *text = cJSON_PrintUnformatted(value);
    char *copy = string_duplicate(text == NULL ? "" : text);
    cJSON_free(text);
    return copy;
}

static bool same(const cJSON *left, const cJSON *right)
{
    char *a = text_of(left), *b = text_of(right);
    bool equal = bytes_equal_string_nocase(bytes_from_string(a), b);
    memory_free(a);
    memory_free(b);
    return equal;
}

static bool equals(const cJSON *value, const cJSON *target)
{
    return value != NULL && same(value, target);
}

static bool in(const cJSON *value, const cJSON *target)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, target)
    {
        if (equals(value, item)) {
            return true;
        }
    }
    return false;
}

static bool like(const cJSON *value, const cJSON *target)
{
    char *text = text_of(value), *pattern = text_of(target);
    bool fits = value != NULL &&
                bytes_match_glob(bytes_from_string(pattern), bytes_from_string(text), true);
    memory_free(text);
    memory_free(pattern);
    return fits;
}

static bool contains(const cJSON *value, const cJSON *target)
{
    if (cJSON_IsArray(value)) {
        return in(target, value);
    }
    char *text = text_of(value), *part = text_of(target);
    struct bytes own = bytes_from_string(text), wanted = bytes_from_string(part);
    bool found = false;
    for (size_t i = 0; value != NULL && i + wanted.size <= own.size && !found; i++) {
        found = bytes_equal_nocase(bytes_slice(own, i, i + wanted.size), wanted);
    }
    memory_free(text);
    memory_free(part);
    return found;
}

static bool contains_key(const cJSON *value, const cJSON *target)
{
    const char *key = cJSON_GetStringValue(target);
    return key != NULL && cJSON_GetObjectItem(value, key) != NULL;
}

static bool exists(const cJSON *value, const cJSON *target)
{
    bool there = value != NULL && !cJSON_IsNull(value);
    char *text = text_of(target);
    bool wanted = !bytes_equal_string_nocase(BYTES("false"), text);
    memory_free(text);
    return there == wanted;
}

static int order(const cJSON *value, const cJSON *target)
{
    if (cJSON_IsNumber(value) && cJSON_IsNumber(target)) {
        return (value->valuedouble > target->valuedouble) -
               (value->valuedouble < target->valuedouble);
    }
    char *a = text_of(value), *b = text_of(target);
    int result = strcmp(a, b);
    memory_free(a);
    memory_free(b);
    return (result > 0) - (result < 0);
}

static bool greater(const cJSON *value, const cJSON *target)
{
    return value != NULL && order(value, target) > 0;
}

static bool less(const cJSON *value, const cJSON *target)
{
    return value != NULL && order(value, target) < 0;
}

static bool at_least(const cJSON *value, const cJSON *target)
{
    return value != NULL && order(value, target) >= 0;
}

static bool at_most(const cJSON *value, const cJSON *target)
{
    return value != NULL && order(value, target) <= 0;
}

static const struct comparison {
    const char *name, *shown;
    bool (*holds)(const cJSON *value, const cJSON *target);
    bool negative;
} comparisons[] = {
    {"equals", "Equals", equals, false},
    {"notEquals", "NotEquals", equals, true},
    {"in", "In", in, false},
    {"notIn", "NotIn", in, true},
    {"like", "Like", like, false},
    {"notLike", "NotLike", like, true},
    {"contains", "Contains", contains, false},
    {"notContains", "NotContains", contains, true},
    {"containsKey", "ContainsKey", contains_key, false},
    {"notContainsKey", "NotContainsKey", contains_key, true},
    {"exists", "Exists", exists, false},
    {"greater", "Greater", greater, false},
    {"greaterOrEquals", "GreaterOrEquals", at_least, false},
    {"less", "Less", less, false},
    {"lessOrEquals", "LessOrEquals", at_most, false},
};

/* ---- Conditions ---- */

static void note(struct policy_trial *trial, bool field, const char *expression, const cJSON *value,
                 const cJSON *target, const struct comparison *comparison, bool result)
{
    if (trial->evaluated == NULL || cJSON_GetArraySize(trial->evaluated) >= MOST_EVALUATED) {
        return;
    }
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "result", result ? "True" : "False");
    cJSON_AddStringToObject(item, "expressionKind", field ? "Field" : "Value");
    cJSON_AddStringToObject(item, "expression", expression);
    cJSON_AddStringToObject(item, "path", expression);
    if (value != NULL) {
        cJSON_AddItemToObject(item, "expressionValue", cJSON_Duplicate(value, true));
    }
    cJSON_AddItemToObject(item, "targetValue", cJSON_Duplicate(target, true));
    cJSON_AddStringToObject(item, "operator", comparison->shown);
    cJSON_AddItemToArray(trial->evaluated, item);
}

static bool compare(struct policy_trial *trial, const cJSON *condition)
{
    const cJSON *field = arm_json_at(condition, "field"), *value = arm_json_at(condition, "value");
    cJSON *subject = policy_evaluate(trial, field != NULL ? field : value);
    bool result = false;
    for (size_t i = 0; subject != NULL && i < ARRAY_LEN(comparisons); i++) {
        const cJSON *wanted = arm_json_at(condition, comparisons[i].name);
        cJSON *target = wanted == NULL ? NULL : policy_evaluate(trial, wanted);
        const char *name = cJSON_GetStringValue(subject);
        if (target != NULL && (field == NULL || name != NULL)) {
            const cJSON *found = field == NULL ? subject : field_of(trial->resource, name);
            result = comparisons[i].holds(found, target) != comparisons[i].negative;
            note(trial, field != NULL, name == NULL ? "" : name, found, target, &comparisons[i],
                 result);
        }
        cJSON_Delete(target);
    }
    cJSON_Delete(subject);
    return result;
}

static bool holds(struct policy_trial *trial, const cJSON *condition, int depth)
{
    const cJSON *all = arm_json_at(condition, "allOf"), *any = arm_json_at(condition, "anyOf");
    const cJSON *none = arm_json_at(condition, "not"), *item;
    if (depth > DEEPEST) {
        return false;
    }
    if (all != NULL) {
        cJSON_ArrayForEach(item, all)
        {
            if (!holds(trial, item, depth + 1)) {
                return false;
            }
        }
        return true;
    }
    if (any != NULL) {
        cJSON_ArrayForEach(item, any)
        {
            if (holds(trial, item, depth + 1)) {
                return true;
            }
        }
        return false;
    }
    return none != NULL ? !holds(trial, none, depth + 1) : compare(trial, condition);
}

bool policy_condition_holds(struct policy_trial *trial, const cJSON *condition)
{
    return holds(trial, condition, 0);
}

char *policy_effect(struct policy_trial *trial, const cJSON *rule)
{
    const cJSON *effect = arm_json_at(rule, "then.effect");
    cJSON *value = effect == NULL ? NULL : policy_evaluate(trial, effect);
    const char *text = cJSON_GetStringValue(value);
    char *copy = string_duplicate(text == NULL ? "disabled" : text);
    cJSON_Delete(value);
    return copy;
}
