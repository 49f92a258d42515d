/* Functions of objects. Property names ignore case, as everywhere in the language. */
#include "arm/templates/function.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static cJSON *run_create_object(const struct function_call *call)
{
    if (call->count % 2 != 0) {
        return function_fail(call, "Unable to evaluate template language function 'createObject': "
                                   "function requires an even number of arguments.");
    }
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < call->count; i += 2) {
        const char *name = function_text(call, i);
        cJSON *value = name != NULL ? function_copy(call, call->arguments[i + 1]) : NULL;
        if (value == NULL) {
            cJSON_Delete(object);
            return NULL;
        }
        cJSON_DeleteItemFromObject(object, name);
        cJSON_AddItemToObject(object, name, value);
    }
    return object;
}

static int compare_names(const void *left, const void *right)
{
    return strcasecmp((*(const cJSON *const *)left)->string,
                      (*(const cJSON *const *)right)->string);
}

/* The members in order of their names, as items() and objectKeys() give them; memory_free. */
static const cJSON **sorted_members(const cJSON *object, size_t *count)
{
    const cJSON *item;
    *count = 0;
    size_t size = (size_t)cJSON_GetArraySize(object);
    const cJSON **members = memory_allocate((size + 1) * sizeof(*members));
    cJSON_ArrayForEach(item, object)
    {
        members[(*count)++] = item;
    }
    qsort(members, *count, sizeof(*members), compare_names);
    return members;
}

static cJSON *run_items(const struct function_call *call)
{
    const cJSON *object = function_object(call, 0);
    if (object == NULL) {
        return NULL;
    }
    size_t count;
    const cJSON **members = sorted_members(object, &count);
    cJSON *items = cJSON_CreateArray();
    for (size_t i = 0; items != NULL && i < count; i++) {
        cJSON *value = function_copy(call, members[i]);
        if (value == NULL) {
            cJSON_Delete(items);
            items = NULL;
            break;
        }
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "key", members[i]->string);
        cJSON_AddItemToObject(item, "value", value);
        cJSON_AddItemToArray(items, item);
    }
    memory_free(members);
    return items;
}

static cJSON *run_object_keys(const struct function_call *call)
{
    const cJSON *object = function_object(call, 0);
    if (object == NULL) {
        return NULL;
    }
    if (!function_charge(call, cJSON_GetArraySize(object))) {
        return NULL;
    }
    size_t count;
    const cJSON **members = sorted_members(object, &count);
    cJSON *names = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(names, cJSON_CreateString(members[i]->string));
    }
    memory_free(members);
    return names;
}

static cJSON *run_null(const struct function_call *call)
{
    (void)call;
    return cJSON_CreateNull();
}

/* Later values win; objects on both sides are merged, unless `shallow`. */
static void merge(cJSON *target, const cJSON *source, bool shallow)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, source)
    {
        cJSON *present = cJSON_GetObjectItem(target, item->string);
        if (!shallow && cJSON_IsObject(present) && cJSON_IsObject(item)) {
            merge(present, item, false);
        } else if (present != NULL) {
            cJSON_ReplaceItemInObject(target, item->string, cJSON_Duplicate(item, true));
        } else {
            cJSON_AddItemToObject(target, item->string, cJSON_Duplicate(item, true));
        }
    }
}

static cJSON *merge_all(const struct function_call *call, const cJSON *first, bool shallow)
{
    cJSON *result = cJSON_CreateObject();
    const cJSON *item = first;
    for (size_t i = 0; item != NULL || (first == NULL && i < call->count); i++) {
        const cJSON *source = first == NULL ? call->arguments[i] : item;
        cJSON *paid = cJSON_IsObject(source) ? function_copy(call, source) : NULL;
        if (paid == NULL) {
            cJSON_Delete(result);
            if (!cJSON_IsObject(source)) {
                return first == NULL ? function_fail_type(call, i, "Object")
                                     : function_fail_type(call, 0, "Array of objects");
            }
            return NULL;
        }
        merge(result, paid, shallow);
        cJSON_Delete(paid);
        item = first == NULL ? NULL : item->next;
    }
    return result;
}

static cJSON *run_union(const struct function_call *call)
{
    if (cJSON_IsArray(call->arguments[0])) {
        return array_union(call);
    }
    return merge_all(call, NULL, false);
}

static cJSON *run_shallow_merge(const struct function_call *call)
{
    const cJSON *objects = function_array(call, 0);
    if (objects == NULL) {
        return NULL;
    }
    return objects->child == NULL ? cJSON_CreateObject() : merge_all(call, objects->child, true);
}

static cJSON *run_intersection(const struct function_call *call)
{
    if (cJSON_IsArray(call->arguments[0])) {
        return array_intersection(call);
    }
    for (size_t i = 0; i < call->count; i++) {
        if (function_object(call, i) == NULL) {
            return NULL;
        }
    }
    cJSON *result = cJSON_CreateObject();
    const cJSON *item;
    cJSON_ArrayForEach(item, call->arguments[0])
    {
        bool everywhere = true;
        for (size_t i = 1; everywhere && i < call->count; i++) {
            const cJSON *other = cJSON_GetObjectItem(call->arguments[i], item->string);
            everywhere = other != NULL && value_equal(item, other);
        }
        cJSON *copy = everywhere ? function_copy(call, item) : NULL;
        if (copy != NULL) {
            cJSON_AddItemToObject(result, item->string, copy);
        } else if (everywhere) {
            cJSON_Delete(result);
            return NULL;
        }
    }
    return result;
}

/* tryGet(value, key or index, ...): null as soon as one is missing. */
static cJSON *run_try_get(const struct function_call *call)
{
    const cJSON *value = call->arguments[0];
    for (size_t i = 1; value != NULL && i < call->count; i++) {
        const cJSON *key = call->arguments[i];
        if (cJSON_IsString(key)) {
            value = cJSON_IsObject(value) ? cJSON_GetObjectItem(value, key->valuestring) : NULL;
        } else if (value_is_integer(key)) {
            bool inside = cJSON_IsArray(value) && key->valuedouble >= 0 &&
                          key->valuedouble < cJSON_GetArraySize(value);
            value = inside ? cJSON_GetArrayItem(value, key->valueint) : NULL;
        } else {
            return function_fail_type(call, i, "String");
        }
    }
    return value != NULL ? function_copy(call, value) : cJSON_CreateNull();
}

static const struct template_function functions[] = {
    {"createObject", 0, FUNCTION_ANY, .run = run_create_object},
    {"intersection", 2, FUNCTION_ANY, .run = run_intersection},
    {"items", 1, 1, .run = run_items},
    {"null", 0, 0, .run = run_null},
    {"objectKeys", 1, 1, .run = run_object_keys},
    {"shallowMerge", 1, 1, .run = run_shallow_merge},
    {"tryGet", 2, FUNCTION_ANY, .run = run_try_get},
    {"union", 1, FUNCTION_ANY, .run = run_union},
};

const struct function_family object_functions = {functions, ARRAY_LEN(functions)};
