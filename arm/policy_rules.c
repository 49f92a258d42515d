/* Conditions of policies. What is undefined fits only the negative comparisons, as in Azure. */
#include "arm/policy_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/policy_fields.h"
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

/* ---- Functions that only policies have ---- */

/* The count that a field is an element of, with what is behind that; NULL: none. */
static const struct policy_count *count_of(const struct policy_trial *trial, const char *field,
                                           const char **rest)
{
    for (const struct policy_count *count = trial->counts; count != NULL; count = count->outer) {
        size_t size = strlen(count->name);
        if (size > 0 && strncasecmp(field, count->name, size) == 0 &&
            strchr(".[", field[size]) != NULL) {
            *rest = field + size;
            return count;
        }
    }
    return NULL;
}

static cJSON *current(const struct policy_trial *trial, const char *name,
                      struct template_error *error)
{
    const char *rest = "";
    const struct policy_count *count = name == NULL ? trial->counts : count_of(trial, name, &rest);
    cJSON *values = count == NULL ? NULL : policy_field_behind(count->item, rest);
    cJSON *value = cJSON_DetachItemFromArray(values, 0);
    cJSON_Delete(values);
    if (value == NULL) {
        template_fail(error, "The function 'current' stands in no count of '%s'.",
                      name == NULL ? "" : name);
    }
    return value;
}

static cJSON *field_value(const struct policy_trial *trial, const char *name)
{
    if (policy_field_is_list(name)) {
        return policy_field_all(trial->resource, name);
    }
    const cJSON *value = policy_field(trial->resource, name);
    return value == NULL ? cJSON_CreateString("") : cJSON_Duplicate(value, true);
}

static cJSON *function_of(void *context, const char *name, const cJSON *const *arguments,
                          size_t count, struct template_error *error)
{
    const struct policy_trial *trial = context;
    const char *text = count == 1 ? cJSON_GetStringValue(arguments[0]) : NULL;
    if (strcasecmp(name, "field") == 0 && text != NULL) {
        return field_value(trial, text);
    }
    if (strcasecmp(name, "current") == 0 && (count == 0 || text != NULL)) {
        return current(trial, text, error);
    }
    if (strcasecmp(name, "requestContext") == 0 && count == 0) {
        cJSON *object = cJSON_CreateObject();
        arm_json_put_text(object, "apiVersion", trial->call->api_version);
        return object;
    }
    template_fail(error, "The function '%s' is not valid in a policy.", name);
    return NULL;
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
        .other = function_of,
    };
    return expression_evaluate_all(value, &scope, &error);
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

/* "#" a digit, "?" a letter, "." anything; all else itself. */
static bool fits_pattern(const char *pattern, const char *text, bool any_case)
{
    for (; *pattern != '\0' && *text != '\0'; pattern++, text++) {
        unsigned char byte = (unsigned char)*text;
        bool good = *pattern == '#'   ? isdigit(byte) != 0
                    : *pattern == '?' ? isalpha(byte) != 0
                    : *pattern == '.' ? true
                    : any_case        ? tolower(byte) == tolower((unsigned char)*pattern)
                                      : *pattern == *text;
        if (!good) {
            return false;
        }
    }
    return *pattern == *text;
}

static bool match_in(const cJSON *value, const cJSON *target, bool any_case)
{
    char *text = text_of(value), *pattern = text_of(target);
    bool fits = value != NULL && fits_pattern(pattern, text, any_case);
    memory_free(text);
    memory_free(pattern);
    return fits;
}

static bool match(const cJSON *value, const cJSON *target)
{
    return match_in(value, target, false);
}

static bool match_any_case(const cJSON *value, const cJSON *target)
{
    return match_in(value, target, true);
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
    {"match", "Match", match, false},
    {"notMatch", "NotMatch", match, true},
    {"matchInsensitively", "MatchInsensitively", match_any_case, false},
    {"notMatchInsensitively", "NotMatchInsensitively", match_any_case, true},
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

/* Every comparison of the condition with one value; `found` NULL: undefined. */
static bool compare_one(struct policy_trial *trial, const cJSON *condition, bool field,
                        const char *name, const cJSON *found)
{
    bool result = false;
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++) {
        const cJSON *wanted = arm_json_at(condition, comparisons[i].name);
        cJSON *target = wanted == NULL ? NULL : policy_evaluate(trial, wanted);
        if (target != NULL) {
            result = comparisons[i].holds(found, target) != comparisons[i].negative;
            note(trial, field, name, found, target, &comparisons[i], result);
        }
        cJSON_Delete(target);
    }
    return result;
}

/* Of a field with "[*]" all elements must fit; so they do when there are none. */
static bool compare_field(struct policy_trial *trial, const cJSON *condition, const char *name)
{
    const char *rest;
    const struct policy_count *count = count_of(trial, name, &rest);
    if (count == NULL && !policy_field_is_list(name)) {
        return compare_one(trial, condition, true, name, policy_field(trial->resource, name));
    }
    cJSON *values = count != NULL ? policy_field_behind(count->item, rest)
                                  : policy_field_all(trial->resource, name);
    const cJSON *value;
    bool one = count != NULL && !policy_field_is_list(rest), result = true;
    if (one && cJSON_GetArraySize(values) == 0) {
        result = compare_one(trial, condition, true, name, NULL);
    }
    cJSON_ArrayForEach(value, values)
    {
        result = result && compare_one(trial, condition, true, name, value);
    }
    cJSON_Delete(values);
    return result;
}

static bool holds(struct policy_trial *trial, const cJSON *condition, int depth);

/* {"count": {"field" or "value", "name", "where"}, "greater": 0} */
static bool compare_count(struct policy_trial *trial, const cJSON *condition, const cJSON *count,
                          int depth)
{
    const char *field = arm_json_text(count, "field"), *name = arm_json_text(count, "name");
    const cJSON *where = arm_json_at(count, "where"), *item;
    const cJSON *given = arm_json_at(count, "value");
    const char *rest;
    const struct policy_count *outer = field == NULL ? NULL : count_of(trial, field, &rest);
    cJSON *values = outer != NULL   ? policy_field_behind(outer->item, rest)
                    : field != NULL ? policy_field_all(trial->resource, field)
                    : given != NULL ? policy_evaluate(trial, given)
                                    : NULL;
    double number = 0;
    if (cJSON_IsArray(values)) {
        cJSON_ArrayForEach(item, values)
        {
            const struct policy_count frame = {field != NULL  ? field
                                               : name != NULL ? name
                                                              : "",
                                               item, trial->counts};
            trial->counts = &frame;
            number += where == NULL || holds(trial, where, depth + 1) ? 1 : 0;
            trial->counts = frame.outer;
        }
    }
    cJSON_Delete(values);
    cJSON *found = cJSON_CreateNumber(number);
    bool result = compare_one(trial, condition, field != NULL, field == NULL ? "" : field, found);
    cJSON_Delete(found);
    return result;
}

static bool compare(struct policy_trial *trial, const cJSON *condition, int depth)
{
    const cJSON *field = arm_json_at(condition, "field"), *value = arm_json_at(condition, "value");
    const cJSON *count = arm_json_at(condition, "count");
    if (count != NULL) {
        return compare_count(trial, condition, count, depth);
    }
    cJSON *subject = policy_evaluate(trial, field != NULL ? field : value);
    const char *name = cJSON_GetStringValue(subject);
    bool result = false;
    if (field != NULL && name != NULL) {
        result = compare_field(trial, condition, name);
    } else if (field == NULL && subject != NULL) {
        result = compare_one(trial, condition, false, name == NULL ? "" : name, subject);
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
    return none != NULL ? !holds(trial, none, depth + 1) : compare(trial, condition, depth);
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
