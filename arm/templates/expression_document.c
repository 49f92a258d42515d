/* Whole documents: every string, property names, and the loops that "copy" describes. */
#include <string.h>
#include <strings.h>

#include "arm/templates/function.h"

int expression_copy_count(const cJSON *copy, const struct expression_scope *scope,
                          struct template_error *error)
{
    const cJSON *count = cJSON_GetObjectItem(copy, "count");
    cJSON *value = count != NULL ? expression_evaluate_all(count, scope, error) : NULL;
    int result = -1;
    if (count == NULL) {
        template_fail(error, "The template copy definition has no 'count'. Please see "
                             "https://aka.ms/arm-copy for usage details.");
    } else if (value != NULL && (!value_is_integer(value) || value->valuedouble < 0)) {
        template_fail(error, "The template copy definition property 'count' is not a valid count: "
                             "it must be a non-negative integer. Please see "
                             "https://aka.ms/arm-copy for usage details.");
    } else if (value != NULL && value->valuedouble > EXPRESSION_MOST_COPIES) {
        template_fail(error,
                      "The template copy count '%.0f' exceeds the allowed limit '%d'. Please see "
                      "https://aka.ms/arm-copy for usage details.",
                      value->valuedouble, EXPRESSION_MOST_COPIES);
    } else if (value != NULL) {
        result = value->valueint;
    }
    cJSON_Delete(value);
    return result;
}

cJSON *expression_copy(const cJSON *copy, const char *name, const struct expression_scope *scope,
                       struct template_error *error)
{
    const cJSON *input = cJSON_GetObjectItem(copy, "input");
    int count = expression_copy_count(copy, scope, error);
    if (count < 0 || input == NULL) {
        if (count >= 0) {
            template_fail(error,
                          "The template copy definition '%.128s' has no 'input'. Please see "
                          "https://aka.ms/arm-copy for usage details.",
                          name != NULL ? name : "");
        }
        return NULL;
    }
    cJSON *result = cJSON_CreateArray();
    struct expression_loop loop = {name, 0, name != NULL, scope->loops};
    struct expression_scope inner = *scope;
    inner.loops = &loop;
    for (; loop.index < count; loop.index++) {
        cJSON *item = expression_evaluate_all(input, &inner, error);
        if (item == NULL) {
            cJSON_Delete(result);
            return NULL;
        }
        cJSON_AddItemToArray(result, item);
    }
    return result;
}

/* An array of {"name", "count", "input"} under "copy" stands for the arrays it makes. */
static bool is_copy(const cJSON *item)
{
    if (item->string == NULL || strcasecmp(item->string, "copy") != 0 || !cJSON_IsArray(item) ||
        item->child == NULL) {
        return false;
    }
    const cJSON *loop;
    cJSON_ArrayForEach(loop, item)
    {
        if (!cJSON_IsString(cJSON_GetObjectItem(loop, "name")) ||
            cJSON_GetObjectItem(loop, "input") == NULL) {
            return false;
        }
    }
    return true;
}

static bool add_copies(cJSON *result, const cJSON *loops, const struct expression_scope *scope,
                       struct template_error *error)
{
    const cJSON *loop;
    cJSON_ArrayForEach(loop, loops)
    {
        const char *name = cJSON_GetObjectItem(loop, "name")->valuestring;
        cJSON *array = expression_copy(loop, name, scope, error);
        if (array == NULL) {
            return false;
        }
        cJSON_DeleteItemFromObject(result, name);
        cJSON_AddItemToObject(result, name, array);
    }
    return true;
}

static bool add_member(cJSON *result, const cJSON *item, const struct expression_scope *scope,
                       struct template_error *error)
{
    if (is_copy(item)) {
        return add_copies(result, item, scope, error);
    }
    cJSON *name = expression_evaluate(item->string, scope, error);
    if (name != NULL && !cJSON_IsString(name)) {
        template_fail(error, "The language expression '%.512s' in a property name is not a string.",
                      item->string);
    }
    cJSON *member = cJSON_IsString(name) ? expression_evaluate_all(item, scope, error) : NULL;
    if (member != NULL) {
        cJSON_AddItemToObject(result, name->valuestring, member);
    }
    cJSON_Delete(name);
    return member != NULL;
}

static cJSON *evaluate_members(const cJSON *value, const struct expression_scope *scope,
                               struct template_error *error)
{
    bool array = cJSON_IsArray(value), complete = true;
    cJSON *result = array ? cJSON_CreateArray() : cJSON_CreateObject();
    for (const cJSON *item = value->child; complete && item != NULL; item = item->next) {
        if (!array) {
            complete = add_member(result, item, scope, error);
            continue;
        }
        cJSON *element = expression_evaluate_all(item, scope, error);
        complete = element != NULL;
        if (complete) {
            cJSON_AddItemToArray(result, element);
        }
    }
    if (!complete) {
        cJSON_Delete(result);
        return NULL;
    }
    return result;
}

cJSON *expression_evaluate_all(const cJSON *value, const struct expression_scope *scope,
                               struct template_error *error)
{
    if (cJSON_IsString(value)) {
        if (scope->keep_waiting && expression_needs_resources(value->valuestring)) {
            return cJSON_CreateString(value->valuestring);
        }
        return expression_evaluate(value->valuestring, scope, error);
    }
    struct function_call call = {.scope = scope, .error = error};
    if (!function_charge(&call, 1)) {
        return NULL;
    }
    if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        return evaluate_members(value, scope, error);
    }
    return cJSON_Duplicate(value, true);
}
