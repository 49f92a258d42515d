/* Functions that apply a lambda to each element. */
#include "arm/templates/function.h"

#include <stdlib.h>
#include <string.h>

static const cJSON *read_array(const struct function_call *call)
{
    const cJSON *array = function_array(call, 0);
    if (array == NULL) {
        return NULL;
    }
    return function_charge(call, cJSON_GetArraySize(array)) ? array : NULL;
}

/* The lambda of an element and its index. */
static cJSON *apply(const struct function_call *call, size_t lambda, const cJSON *item, int index)
{
    cJSON *position = function_number(index);
    const cJSON *values[] = {item, position};
    cJSON *result = function_lambda(call, lambda, values, 2);
    cJSON_Delete(position);
    return result;
}

static cJSON *run_map(const struct function_call *call)
{
    const cJSON *array = read_array(call), *item;
    if (array == NULL) {
        return NULL;
    }
    cJSON *result = cJSON_CreateArray();
    int index = 0;
    cJSON_ArrayForEach(item, array)
    {
        cJSON *value = apply(call, 1, item, index++);
        if (value == NULL) {
            cJSON_Delete(result);
            return NULL;
        }
        cJSON_AddItemToArray(result, value);
    }
    return result;
}

/* False: the error is filled. */
static bool holds(const struct function_call *call, cJSON *verdict, bool *truth)
{
    if (verdict != NULL && !cJSON_IsBool(verdict)) {
        function_fail(call,
                      "The template language function '%s' expects its lambda to return a value of "
                      "type 'Boolean'. The returned value is of type '%s'.",
                      call->name, expression_type_name(verdict));
    }
    bool valid = verdict != NULL && cJSON_IsBool(verdict);
    *truth = valid && cJSON_IsTrue(verdict);
    cJSON_Delete(verdict);
    return valid;
}

static cJSON *run_filter(const struct function_call *call)
{
    const cJSON *array = read_array(call), *item;
    if (array == NULL) {
        return NULL;
    }
    cJSON *result = cJSON_CreateArray();
    int index = 0;
    cJSON_ArrayForEach(item, array)
    {
        bool kept;
        cJSON *copy = NULL;
        bool valid = holds(call, apply(call, 1, item, index++), &kept);
        if (valid && kept) {
            copy = function_copy(call, item);
        }
        if (!valid || (kept && copy == NULL)) {
            cJSON_Delete(result);
            return NULL;
        }
        if (kept) {
            cJSON_AddItemToArray(result, copy);
        }
    }
    return result;
}

static cJSON *run_reduce(const struct function_call *call)
{
    const cJSON *array = read_array(call), *item;
    cJSON *result = array != NULL ? function_copy(call, call->arguments[1]) : NULL;
    if (result == NULL) {
        return NULL;
    }
    int index = 0;
    cJSON_ArrayForEach(item, array)
    {
        cJSON *position = function_number(index++);
        const cJSON *values[] = {result, item, position};
        cJSON *next = function_lambda(call, 2, values, 3);
        cJSON_Delete(position);
        cJSON_Delete(result);
        if (next == NULL) {
            return NULL;
        }
        result = next;
    }
    return result;
}

/* Merge sort, so that equal elements stay in order and a lambda that lies does no harm. */
static bool sort_items(const struct function_call *call, const cJSON **items, const cJSON **spare,
                       size_t count)
{
    if (count < 2) {
        return true;
    }
    size_t half = count / 2;
    if (!sort_items(call, items, spare, half) ||
        !sort_items(call, items + half, spare, count - half)) {
        return false;
    }
    memcpy(spare, items, half * sizeof(*items));
    size_t left = 0, right = half;
    for (size_t i = 0; left < half; i++) {
        bool first = true;
        if (right < count) {
            const cJSON *values[] = {items[right], spare[left]};
            bool before;
            if (!holds(call, function_lambda(call, 1, values, 2), &before)) {
                return false;
            }
            first = !before;
        }
        items[i] = first ? spare[left++] : items[right++];
    }
    return true;
}

static cJSON *run_sort(const struct function_call *call)
{
    const cJSON *array = read_array(call), *item;
    if (array == NULL) {
        return NULL;
    }
    size_t count = 0, size = (size_t)cJSON_GetArraySize(array) + 1;
    const cJSON **items = memory_allocate(size * 2 * sizeof(*items));
    cJSON_ArrayForEach(item, array)
    {
        items[count++] = item;
    }
    cJSON *result = NULL;
    if (sort_items(call, items, items + size, count)) {
        result = cJSON_CreateArray();
        for (size_t i = 0; i < count; i++) {
            cJSON_AddItemToArray(result, cJSON_Duplicate(items[i], true));
        }
    }
    memory_free(items);
    return result;
}

/* The lambda's text for an element; owned by the caller. */
static char *key_of(const struct function_call *call, size_t lambda, const cJSON *item, int index)
{
    cJSON *key = apply(call, lambda, item, index);
    char *text = NULL;
    if (cJSON_IsString(key)) {
        text = string_duplicate(key->valuestring);
    } else if (key != NULL) {
        function_fail(call,
                      "The template language function '%s' expects its lambda to return a value of "
                      "type 'String'. The returned value is of type '%s'.",
                      call->name, expression_type_name(key));
    }
    cJSON_Delete(key);
    return text;
}

/* toObject(array, key, value) and groupBy(array, key). */
static cJSON *collect(const struct function_call *call, bool grouped)
{
    const cJSON *array = read_array(call), *item;
    cJSON *result = array != NULL ? cJSON_CreateObject() : NULL;
    int index = 0;
    cJSON_ArrayForEach(item, array)
    {
        char *key = result != NULL ? key_of(call, 1, item, index) : NULL;
        cJSON *value = NULL;
        if (key != NULL) {
            value = call->count > 2 ? apply(call, 2, item, index) : function_copy(call, item);
        }
        if (value == NULL) {
            memory_free(key);
            cJSON_Delete(result);
            return NULL;
        }
        cJSON *present = cJSON_GetObjectItem(result, key);
        if (grouped && present == NULL) {
            present = cJSON_AddArrayToObject(result, key);
        }
        if (grouped) {
            cJSON_AddItemToArray(present, value);
        } else {
            cJSON_DeleteItemFromObject(result, key);
            cJSON_AddItemToObject(result, key, value);
        }
        memory_free(key);
        index++;
    }
    return result;
}

static cJSON *run_to_object(const struct function_call *call)
{
    return collect(call, false);
}

static cJSON *run_group_by(const struct function_call *call)
{
    return collect(call, true);
}

static cJSON *run_map_values(const struct function_call *call)
{
    const cJSON *object = function_object(call, 0), *item;
    cJSON *result = object != NULL ? cJSON_CreateObject() : NULL;
    cJSON_ArrayForEach(item, object)
    {
        const cJSON *values[] = {item};
        cJSON *value = function_lambda(call, 1, values, 1);
        if (value == NULL) {
            cJSON_Delete(result);
            return NULL;
        }
        cJSON_AddItemToObject(result, item->string, value);
    }
    return result;
}

static const struct template_function functions[] = {
    {"filter", 2, 2, .run = run_filter},
    {"groupBy", 2, 2, .run = run_group_by},
    {"map", 2, 2, .run = run_map},
    {"mapValues", 2, 2, .run = run_map_values},
    {"reduce", 3, 3, .run = run_reduce},
    {"sort", 2, 2, .run = run_sort},
    {"toObject", 2, 3, .run = run_to_object},
};

const struct function_family lambda_functions = {functions, ARRAY_LEN(functions)};
