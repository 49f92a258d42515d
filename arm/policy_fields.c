#include "arm/policy_fields.h"

#include <string.h>
#include <strings.h>

#include "arm/json.h"

/* ---- Names ---- */

static bool is_tag(const char *field)
{
    return strncasecmp(field, "tags", 4) == 0 && field[4] != '\0';
}

/* "tags['env']", "tags[env]", "tags.env"; owned. */
static char *tag_name(const char *field)
{
    struct bytes name = bytes_from_string(field + strlen("tags"));
    while (name.size > 0 && strchr("[.'", name.data[0]) != NULL) {
        name = bytes_slice(name, 1, name.size);
    }
    while (name.size > 0 && strchr("]'", name.data[name.size - 1]) != NULL) {
        name.size--;
    }
    return bytes_to_string(name);
}

/* Behind the type of an alias, with dots; NULL: an alias of another type. Owned. */
static char *path_of(const char *type, const char *field)
{
    struct bytes own = bytes_from_string(type), whole = bytes_from_string(field);
    if (strchr(field, '/') == NULL) {
        return string_duplicate(strcasecmp(field, "fullName") == 0 ? "name" : field);
    }
    if (!bytes_equal_nocase(bytes_slice(whole, 0, own.size), own) || whole.size <= own.size ||
        whole.data[own.size] != '/') {
        return NULL;
    }
    char *path = string_duplicate(field + own.size + 1);
    for (char *at = path; *at != '\0'; at++) {
        *at = *at == '/' ? '.' : *at;
    }
    return path;
}

bool policy_field_is_list(const char *field)
{
    return strstr(field, "[*]") != NULL;
}

/* ---- Reading ---- */

/* Aliases mean members of properties first: sku is one there for some types. */
static const cJSON *at_path(const cJSON *resource, const char *path, bool alias)
{
    char *inner = string_format("properties.%s", path);
    const cJSON *value = alias ? arm_json_at(resource, inner) : NULL;
    memory_free(inner);
    return value != NULL ? value : arm_json_at(resource, path);
}

const cJSON *policy_field(const cJSON *resource, const char *field)
{
    if (is_tag(field)) {
        char *name = tag_name(field);
        const cJSON *value = cJSON_GetObjectItem(arm_json_at(resource, "tags"), name);
        memory_free(name);
        return value;
    }
    char *path = path_of(arm_json_text(resource, "type"), field);
    const cJSON *value = path == NULL ? NULL : at_path(resource, path, strchr(field, '/') != NULL);
    memory_free(path);
    return value;
}

static void add_behind(cJSON *list, const cJSON *element, const char *rest)
{
    const char *star = strstr(rest, "[*]");
    rest += rest[0] == '.' ? 1 : 0;
    if (star == NULL) {
        const cJSON *value = rest[0] == '\0' ? element : arm_json_at(element, rest);
        if (value != NULL) {
            cJSON_AddItemToArray(list, cJSON_Duplicate(value, true));
        }
        return;
    }
    char *path = bytes_to_string((struct bytes){rest, (size_t)(star - rest)});
    const cJSON *inner, *array = path[0] == '\0' ? element : arm_json_at(element, path);
    memory_free(path);
    if (cJSON_IsArray(array)) {
        cJSON_ArrayForEach(inner, array)
        {
            add_behind(list, inner, star + 3);
        }
    }
}

cJSON *policy_field_behind(const cJSON *element, const char *rest)
{
    cJSON *list = cJSON_CreateArray();
    add_behind(list, element, rest);
    return list;
}

cJSON *policy_field_all(const cJSON *resource, const char *field)
{
    cJSON *list = cJSON_CreateArray();
    char *path = path_of(arm_json_text(resource, "type"), field);
    char *star = path == NULL ? NULL : strstr(path, "[*]");
    if (star != NULL) {
        *star = '\0';
        const cJSON *element, *array = at_path(resource, path, strchr(field, '/') != NULL);
        if (cJSON_IsArray(array)) {
            cJSON_ArrayForEach(element, array)
            {
                add_behind(list, element, star + 3);
            }
        }
    }
    memory_free(path);
    return list;
}

/* ---- Writing ---- */

static cJSON *tags_of(cJSON *resource)
{
    if (!cJSON_IsObject(arm_json_at(resource, "tags"))) {
        arm_json_put(resource, "tags", cJSON_CreateObject());
    }
    return arm_json_at(resource, "tags");
}

/* Where it is, or where it belongs: below properties. Owned. */
static char *writing_path(const cJSON *resource, const char *type, const char *field)
{
    char *path = path_of(type, field);
    if (path == NULL || strchr(field, '/') == NULL) {
        return path;
    }
    char *first =
        bytes_to_string((struct bytes){path, strcspn(path, ".[")}); /* "sku" of "sku.name" */
    bool outer = arm_json_at(resource, first) != NULL;
    char *whole = outer ? string_duplicate(path) : string_format("properties.%s", path);
    memory_free(first);
    memory_free(path);
    return whole;
}

void policy_field_put(cJSON *resource, const char *type, const char *field, cJSON *value)
{
    if (is_tag(field)) {
        char *name = tag_name(field);
        cJSON *tags = tags_of(resource);
        cJSON_DeleteItemFromObject(tags, name);
        cJSON_AddItemToObject(tags, name, value);
        memory_free(name);
        return;
    }
    char *path = writing_path(resource, type, field);
    size_t size = path == NULL ? 0 : strlen(path);
    if (size > 3 && strcmp(path + size - 3, "[*]") == 0) {
        path[size - 3] = '\0';
        if (!cJSON_IsArray(arm_json_at(resource, path))) {
            arm_json_put(resource, path, cJSON_CreateArray());
        }
        cJSON_AddItemToArray(arm_json_at(resource, path), value);
    } else if (path != NULL && !policy_field_is_list(path)) {
        arm_json_put(resource, path, value);
    } else {
        cJSON_Delete(value);
    }
    memory_free(path);
}

void policy_field_remove(cJSON *resource, const char *type, const char *field)
{
    if (is_tag(field)) {
        char *name = tag_name(field);
        cJSON_DeleteItemFromObject(arm_json_at(resource, "tags"), name);
        memory_free(name);
        return;
    }
    char *path = writing_path(resource, type, field);
    if (path != NULL && !policy_field_is_list(path)) {
        arm_json_remove(resource, path);
    }
    memory_free(path);
}
