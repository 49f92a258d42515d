/* Functions of arrays; most take texts or objects as well. */
#include "arm/templates/function.h"

#include <string.h>

static cJSON *run_array(const struct function_call *call)
{
    cJSON *value = function_copy(call, call->arguments[0]);
    if (value == NULL || cJSON_IsArray(value)) {
        return value;
    }
    cJSON *array = cJSON_CreateArray();
    cJSON_AddItemToArray(array, value);
    return array;
}

static cJSON *concat_arrays(const struct function_call *call)
{
    cJSON *result = cJSON_CreateArray();
    for (size_t i = 0; i < call->count; i++) {
        cJSON *copy =
            function_array(call, i) != NULL ? function_copy(call, call->arguments[i]) : NULL;
        if (copy == NULL) {
            cJSON_Delete(result);
            return NULL;
        }
        while (copy->child != NULL) {
            cJSON_AddItemToArray(result, cJSON_DetachItemViaPointer(copy, copy->child));
        }
        cJSON_Delete(copy);
    }
    return result;
}

static cJSON *run_concat(const struct function_call *call)
{
    if (call->count > 0 && cJSON_IsArray(call->arguments[0])) {
        return concat_arrays(call);
    }
    struct buf text;
    buf_init(&text, EXPRESSION_MOST_RESULT + 1);
    for (size_t i = 0; i < call->count; i++) {
        const cJSON *value = call->arguments[i];
        if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
            buf_finish(&text);
            return function_fail(call,
                                 "The provided parameters for template function 'concat' are not "
                                 "valid. All the parameters must be either string literals or "
                                 "arrays. Please see https://aka.ms/arm-functions/#concat for "
                                 "usage details.");
        }
        if (!function_append_value(&text, value)) {
            buf_finish(&text);
            return function_fail_size(call);
        }
    }
    return function_take_text(call, &text);
}

static cJSON *run_contains(const struct function_call *call)
{
    const cJSON *container = call->arguments[0], *item, *sought = call->arguments[1];
    if (cJSON_IsArray(container)) {
        cJSON_ArrayForEach(item, container)
        {
            if (value_equal(item, sought)) {
                return cJSON_CreateTrue();
            }
        }
        return cJSON_CreateFalse();
    }
    struct buf text;
    buf_init(&text, EXPRESSION_MOST_RESULT);
    function_append_value(&text, sought);
    cJSON *result = NULL;
    if (cJSON_IsObject(container)) {
        result = cJSON_CreateBool(cJSON_GetObjectItem(container, buf_string(&text)) != NULL);
    } else if (function_text(call, 0) != NULL) {
        result = cJSON_CreateBool(strstr(container->valuestring, buf_string(&text)) != NULL);
    }
    buf_finish(&text);
    return result;
}

static cJSON *run_create_array(const struct function_call *call)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < call->count; i++) {
        cJSON *item = function_copy(call, call->arguments[i]);
        if (item == NULL) {
            cJSON_Delete(array);
            return NULL;
        }
        cJSON_AddItemToArray(array, item);
    }
    return array;
}

static cJSON *run_empty(const struct function_call *call)
{
    const cJSON *value = call->arguments[0];
    if (cJSON_IsNull(value)) {
        return cJSON_CreateTrue();
    }
    if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        return cJSON_CreateBool(value->child == NULL);
    }
    const char *text = function_text(call, 0);
    return text != NULL ? cJSON_CreateBool(text[0] == '\0') : NULL;
}

static cJSON *pick_end(const struct function_call *call, bool last)
{
    const cJSON *value = call->arguments[0];
    if (cJSON_IsArray(value)) {
        int size = cJSON_GetArraySize(value);
        if (size == 0) {
            return cJSON_CreateNull();
        }
        return function_copy(call, cJSON_GetArrayItem(value, last ? size - 1 : 0));
    }
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    size_t units = text_units(text);
    size_t from = last && units > 0 ? text_offset(text, units - 1) : 0;
    size_t size = last ? strlen(text) - from : text_offset(text, 1);
    return function_string(call, (struct bytes){text + from, size});
}

static cJSON *run_first(const struct function_call *call)
{
    return pick_end(call, false);
}

static cJSON *run_last(const struct function_call *call)
{
    return pick_end(call, true);
}

static cJSON *run_length(const struct function_call *call)
{
    const cJSON *value = call->arguments[0];
    if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        return function_number(cJSON_GetArraySize(value));
    }
    const char *text = function_text(call, 0);
    return text != NULL ? function_number((double)text_units(text)) : NULL;
}

static cJSON *run_range(const struct function_call *call)
{
    int64_t start, count;
    if (!function_integer(call, 0, &start) || !function_integer(call, 1, &count)) {
        return NULL;
    }
    if (count < 0 || count > 10000 || start + count > INT32_MAX) {
        return function_fail(call,
                             "Unable to evaluate template language function 'range': the count "
                             "must be between 0 and 10000, and start plus count at most '%d'.",
                             INT32_MAX);
    }
    if (!function_charge(call, count)) {
        return NULL;
    }
    cJSON *array = cJSON_CreateArray();
    for (int64_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(array, function_number((double)(start + i)));
    }
    return array;
}

/* The members from..to of an array, or the same of a text. */
static cJSON *slice(const struct function_call *call, int64_t from, int64_t to)
{
    const cJSON *value = call->arguments[0];
    if (!cJSON_IsArray(value)) {
        const char *text = value->valuestring;
        size_t start = text_offset(text, (size_t)from);
        size_t end = to == INT64_MAX ? strlen(text) : text_offset(text, (size_t)to);
        return function_string(call, (struct bytes){text + start, end > start ? end - start : 0});
    }
    cJSON *result = cJSON_CreateArray();
    const cJSON *item;
    int64_t at = 0;
    cJSON_ArrayForEach(item, value)
    {
        if (at >= from && at < to) {
            cJSON *copy = function_copy(call, item);
            if (copy == NULL) {
                cJSON_Delete(result);
                return NULL;
            }
            cJSON_AddItemToArray(result, copy);
        }
        at++;
    }
    return result;
}

static bool read_slice(const struct function_call *call, int64_t *count)
{
    if (!cJSON_IsArray(call->arguments[0]) && function_text(call, 0) == NULL) {
        return false;
    }
    if (!function_integer(call, 1, count)) {
        return false;
    }
    *count = *count < 0 ? 0 : *count;
    return true;
}

static cJSON *run_skip(const struct function_call *call)
{
    int64_t count;
    return read_slice(call, &count) ? slice(call, count, INT64_MAX) : NULL;
}

static cJSON *run_take(const struct function_call *call)
{
    int64_t count;
    return read_slice(call, &count) ? slice(call, 0, count) : NULL;
}

static bool array_has(const cJSON *array, const cJSON *value)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (value_equal(item, value)) {
            return true;
        }
    }
    return false;
}

/* Comparing each with each is paid for first. */
static bool charge_pairs(const struct function_call *call, const cJSON *left, const cJSON *right)
{
    return function_charge(call, (int64_t)cJSON_GetArraySize(left) * cJSON_GetArraySize(right) / 8);
}

cJSON *array_union(const struct function_call *call)
{
    cJSON *result = cJSON_CreateArray();
    for (size_t i = 0; i < call->count; i++) {
        const cJSON *array = function_array(call, i), *item;
        if (array == NULL || !charge_pairs(call, array, result)) {
            cJSON_Delete(result);
            return NULL;
        }
        cJSON_ArrayForEach(item, array)
        {
            if (array_has(result, item)) {
                continue;
            }
            cJSON *copy = function_copy(call, item);
            if (copy == NULL) {
                cJSON_Delete(result);
                return NULL;
            }
            cJSON_AddItemToArray(result, copy);
        }
    }
    return result;
}

cJSON *array_intersection(const struct function_call *call)
{
    cJSON *result = cJSON_CreateArray();
    const cJSON *item;
    for (size_t i = 1; i < call->count; i++) {
        if (function_array(call, i) == NULL ||
            !charge_pairs(call, call->arguments[0], call->arguments[i])) {
            cJSON_Delete(result);
            return NULL;
        }
    }
    cJSON_ArrayForEach(item, call->arguments[0])
    {
        bool everywhere = !array_has(result, item);
        for (size_t i = 1; everywhere && i < call->count; i++) {
            everywhere = array_has(call->arguments[i], item);
        }
        cJSON *copy = everywhere ? function_copy(call, item) : NULL;
        if (copy != NULL) {
            cJSON_AddItemToArray(result, copy);
        }
    }
    return result;
}

static cJSON *run_flatten(const struct function_call *call)
{
    const cJSON *outer = function_array(call, 0), *item;
    if (outer == NULL) {
        return NULL;
    }
    cJSON *result = cJSON_CreateArray();
    cJSON_ArrayForEach(item, outer)
    {
        cJSON *copy = cJSON_IsArray(item) ? function_copy(call, item) : NULL;
        if (copy == NULL) {
            cJSON_Delete(result);
            return cJSON_IsArray(item) ? NULL
                                       : function_fail(call, "The template language function "
                                                             "'flatten' expects an array of "
                                                             "arrays.");
        }
        while (copy->child != NULL) {
            cJSON_AddItemToArray(result, cJSON_DetachItemViaPointer(copy, copy->child));
        }
        cJSON_Delete(copy);
    }
    return result;
}

static cJSON *index_from_end(const struct function_call *call, bool lenient)
{
    const cJSON *array = function_array(call, 0);
    int64_t index;
    if (array == NULL || !function_integer(call, 1, &index)) {
        return NULL;
    }
    int size = cJSON_GetArraySize(array);
    if (index < 1 || index > size) {
        if (lenient) {
            return cJSON_CreateNull();
        }
        return function_fail(call,
                             "The language expression property array index '%lld' is out of "
                             "bounds.",
                             (long long)index);
    }
    return function_copy(call, cJSON_GetArrayItem(array, size - (int)index));
}

static cJSON *run_index_from_end(const struct function_call *call)
{
    return index_from_end(call, false);
}

static cJSON *run_try_index_from_end(const struct function_call *call)
{
    return index_from_end(call, true);
}

static const struct template_function functions[] = {
    {"array", 1, 1, .run = run_array},
    {"concat", 0, FUNCTION_ANY, .run = run_concat},
    {"contains", 2, 2, .run = run_contains},
    {"createArray", 0, FUNCTION_ANY, .run = run_create_array},
    {"empty", 1, 1, .run = run_empty},
    {"first", 1, 1, .run = run_first},
    {"flatten", 1, 1, .run = run_flatten},
    {"indexFromEnd", 2, 2, .run = run_index_from_end},
    {"last", 1, 1, .run = run_last},
    {"length", 1, 1, .run = run_length},
    {"range", 2, 2, .run = run_range},
    {"skip", 2, 2, .run = run_skip},
    {"take", 2, 2, .run = run_take},
    {"tryIndexFromEnd", 2, 2, .run = run_try_index_from_end},
};

const struct function_family array_functions = {functions, ARRAY_LEN(functions)};
