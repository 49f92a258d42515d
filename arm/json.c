/* Small helpers over cJSON. */
#include "arm/json.h"

#include <string.h>

cJSON *arm_json_text_bytes(struct bytes text)
{
    char *copy = bytes_to_string(text);
    cJSON *item = cJSON_CreateString(copy);
    memory_free(copy);
    return item;
}

/* Walks to the holder of the last name of `path`, which is copied to `name`. */
static cJSON *holder_of(cJSON *object, const char *path, char name[64], bool make)
{
    for (;;) {
        const char *dot = strchr(path, '.');
        size_t size = dot == NULL ? strlen(path) : (size_t)(dot - path);
        size = size < 63 ? size : 63;
        memcpy(name, path, size);
        name[size] = '\0';
        if (dot == NULL || object == NULL) {
            return object;
        }
        cJSON *next = cJSON_GetObjectItem(object, name);
        if (!cJSON_IsObject(next) && make) {
            cJSON_DeleteItemFromObject(object, name);
            next = cJSON_AddObjectToObject(object, name);
        }
        object = cJSON_IsObject(next) ? next : NULL;
        path = dot + 1;
    }
}

cJSON *arm_json_at(const cJSON *object, const char *path)
{
    char name[64];
    cJSON *holder = holder_of((cJSON *)object, path, name, false);
    return cJSON_IsObject(holder) ? cJSON_GetObjectItem(holder, name) : NULL;
}

const char *arm_json_text(const cJSON *object, const char *path)
{
    return cJSON_GetStringValue(arm_json_at(object, path));
}

bool arm_json_truth(const cJSON *object, const char *path)
{
    return cJSON_IsTrue(arm_json_at(object, path));
}

int arm_json_number(const cJSON *object, const char *path, int fallback)
{
    const cJSON *item = arm_json_at(object, path);
    return cJSON_IsNumber(item) ? item->valueint : fallback;
}

void arm_json_put(cJSON *object, const char *path, cJSON *value)
{
    char name[64];
    cJSON *holder = holder_of(object, path, name, true);
    cJSON_DeleteItemFromObject(holder, name);
    cJSON_AddItemToObject(holder, name, value);
}

void arm_json_put_text(cJSON *object, const char *path, const char *text)
{
    arm_json_put(object, path, cJSON_CreateString(text));
}

void arm_json_remove(cJSON *object, const char *path)
{
    char name[64];
    cJSON *holder = holder_of(object, path, name, false);
    if (holder != NULL) {
        cJSON_DeleteItemFromObject(holder, name);
    }
}

void arm_json_merge(cJSON *target, const cJSON *patch)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, patch)
    {
        cJSON *old = cJSON_GetObjectItem(target, item->string);
        if (cJSON_IsNull(item)) {
            cJSON_DeleteItemFromObject(target, item->string);
        } else if (cJSON_IsObject(item) && cJSON_IsObject(old)) {
            arm_json_merge(old, item);
        } else if (old != NULL) {
            cJSON_ReplaceItemInObject(target, item->string, cJSON_Duplicate(item, true));
        } else {
            cJSON_AddItemToObject(target, item->string, cJSON_Duplicate(item, true));
        }
    }
}

void arm_json_copy_member(cJSON *to, const cJSON *from, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(from, name);
    if (item != NULL) {
        cJSON_AddItemToObject(to, name, cJSON_Duplicate(item, true));
    }
}
