/*
 * The subscription's tag names and values: those that somebody defined ahead, and those in use,
 * with how often they are.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { MOST_NAMES = 1000 };

/* service->tag_names is {"name": ["value", ...]}. */
static cJSON *defined(const struct arm_call *call, struct bytes name)
{
    char *text = bytes_to_string(name);
    cJSON *values = cJSON_GetObjectItem(call->service->tag_names, text);
    memory_free(text);
    return values;
}

static cJSON *defined_value(cJSON *values, struct bytes value)
{
    cJSON *item;
    cJSON_ArrayForEach(item, values)
    {
        if (bytes_equal_string_nocase(value, cJSON_GetStringValue(item))) {
            return item;
        }
    }
    return NULL;
}

/* ---- How they are shown ---- */

static void add_count(cJSON *item)
{
    cJSON *count = cJSON_AddObjectToObject(item, "count");
    cJSON_AddStringToObject(count, "type", "Total");
    cJSON_AddNumberToObject(count, "value", 0);
}

static cJSON *show_name(const struct arm_service *service, const char *name)
{
    cJSON *item = cJSON_CreateObject();
    char *id =
        string_format("/subscriptions/%s/tagNames/%s", service->config.subscription_id, name);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "tagName", name);
    add_count(item);
    cJSON_AddArrayToObject(item, "values");
    return item;
}

static cJSON *show_value(const cJSON *name, const char *value)
{
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("%s/tagValues/%s", arm_json_text(name, "id"), value);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "tagValue", value);
    add_count(item);
    return item;
}

static void count_one_more(cJSON *item)
{
    cJSON *value = arm_json_at(item, "count.value");
    cJSON_SetNumberValue(value, value->valuedouble + 1);
}

static cJSON *find(const cJSON *list, const char *member, const char *text)
{
    cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (bytes_equal_string_nocase(bytes_from_string(text), arm_json_text(item, member))) {
            return item;
        }
    }
    return NULL;
}

static void count_tags(const struct arm_service *service, cJSON *list, const cJSON *tags)
{
    const cJSON *tag;
    cJSON_ArrayForEach(tag, tags)
    {
        const char *text = cJSON_GetStringValue(tag);
        cJSON *name = find(list, "tagName", tag->string);
        if (name == NULL) {
            name = show_name(service, tag->string);
            cJSON_AddItemToArray(list, name);
        }
        cJSON *values = arm_json_at(name, "values");
        cJSON *value = find(values, "tagValue", text == NULL ? "" : text);
        if (value == NULL) {
            value = show_value(name, text == NULL ? "" : text);
            cJSON_AddItemToArray(values, value);
        }
        count_one_more(name);
        count_one_more(value);
    }
}

static cJSON *names_with_counts(const struct arm_service *service)
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *item, *value;
    cJSON_ArrayForEach(item, service->tag_names)
    {
        cJSON *name = show_name(service, item->string);
        cJSON_ArrayForEach(value, item)
        {
            cJSON_AddItemToArray(arm_json_at(name, "values"),
                                 show_value(name, cJSON_GetStringValue(value)));
        }
        cJSON_AddItemToArray(list, name);
    }
    for (const struct arm_group *group = service->groups; group != NULL; group = group->next) {
        count_tags(service, list, group->tags);
    }
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        count_tags(service, list, arm_json_at(resource->body, "tags"));
    }
    return list;
}

/* ---- Requests ---- */

static bool list_names(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "value", names_with_counts(call->service));
    arm_answer(call, 200, body);
    return true;
}

static bool word_fits(struct arm_call *call, struct bytes name, struct bytes value)
{
    cJSON *tags = cJSON_CreateObject();
    char *text = bytes_to_string(name);
    cJSON_AddItemToObject(tags, text, arm_json_text_bytes(value));
    memory_free(text);
    bool fits = arm_tags_fit(tags, &call->error);
    cJSON_Delete(tags);
    return fits;
}

/* The present entry with its counts; the caller's. */
static cJSON *shown(const struct arm_call *call, struct bytes name)
{
    cJSON *list = names_with_counts(call->service);
    char *text = bytes_to_string(name);
    cJSON *item = cJSON_Duplicate(find(list, "tagName", text), true);
    memory_free(text);
    cJSON_Delete(list);
    return item;
}

static bool put_name(struct arm_call *call)
{
    struct bytes name = call->wildcards[1];
    bool created = defined(call, name) == NULL;
    if (!word_fits(call, name, BYTES(""))) {
        return false;
    }
    if (cJSON_GetArraySize(call->service->tag_names) >= MOST_NAMES) {
        return arm_fail(&call->error, 409, "TagNameLimitExceeded",
                        "The subscription has %d tag names already.", MOST_NAMES);
    }
    if (created) {
        char *text = bytes_to_string(name);
        cJSON_AddItemToObject(call->service->tag_names, text, cJSON_CreateArray());
        memory_free(text);
        arm_changed(call->service);
    }
    arm_answer(call, created ? 201 : 200, shown(call, name));
    return true;
}

static bool put_value(struct arm_call *call)
{
    struct bytes name = call->wildcards[1], value = call->wildcards[2];
    cJSON *values = defined(call, name);
    if (values == NULL) {
        return arm_fail(&call->error, 404, "TagNameNotFound",
                        "The tag name '%.*s' could not be found.",
                        (int)bytes_slice(name, 0, 300).size, name.data);
    }
    bool created = defined_value(values, value) == NULL;
    if (!word_fits(call, name, value)) {
        return false;
    }
    if (cJSON_GetArraySize(values) >= MOST_NAMES) {
        return arm_fail(&call->error, 409, "TagValueLimitExceeded",
                        "The tag name has %d values already.", MOST_NAMES);
    }
    if (created) {
        cJSON_AddItemToArray(values, arm_json_text_bytes(value));
        arm_changed(call->service);
    }
    cJSON *item = shown(call, name);
    char *text = bytes_to_string(value);
    arm_answer(call, created ? 201 : 200,
               cJSON_Duplicate(find(arm_json_at(item, "values"), "tagValue", text), true));
    memory_free(text);
    cJSON_Delete(item);
    return true;
}

static bool in_use(struct arm_call *call, const cJSON *item)
{
    return arm_json_number(item, "count.value", 0) > 0 &&
           !arm_fail(&call->error, 409, "TagInUse",
                     "The tag '%.300s' is in use. Please remove it from all resources first.",
                     arm_json_text(item, "id"));
}

static bool delete_name(struct arm_call *call)
{
    cJSON *values = defined(call, call->wildcards[1]);
    cJSON *item = shown(call, call->wildcards[1]);
    bool used = in_use(call, item);
    cJSON_Delete(item);
    if (used) {
        return false;
    }
    if (cJSON_GetArraySize(values) > 0) {
        return arm_fail(&call->error, 409, "TagNameHasValues",
                        "The tag name '%s' has values. Please delete them first.", values->string);
    }
    arm_answer(call, values == NULL ? 204 : 200, NULL);
    if (values != NULL) {
        cJSON_Delete(cJSON_DetachItemViaPointer(call->service->tag_names, values));
        arm_changed(call->service);
    }
    return true;
}

static bool delete_value(struct arm_call *call)
{
    cJSON *values = defined(call, call->wildcards[1]);
    cJSON *value = defined_value(values, call->wildcards[2]);
    cJSON *item = shown(call, call->wildcards[1]);
    bool used = value != NULL && in_use(call, find(arm_json_at(item, "values"), "tagValue",
                                                   cJSON_GetStringValue(value)));
    cJSON_Delete(item);
    if (used) {
        return false;
    }
    arm_answer(call, value == NULL ? 204 : 200, NULL);
    if (value != NULL) {
        cJSON_Delete(cJSON_DetachItemViaPointer(values, value));
        arm_changed(call->service);
    }
    return true;
}

static const char type[] = "Microsoft.Resources/subscriptions/tagNames";
static const char value_type[] = "Microsoft.Resources/subscriptions/tagNames/tagValues";
static const struct arm_route routes[] = {
    {ARM_GET, "/subscriptions/{}/tagNames", list_names, type},
    {ARM_PUT, "/subscriptions/{}/tagNames/{}", put_name, type},
    {ARM_DELETE, "/subscriptions/{}/tagNames/{}", delete_name, type},
    {ARM_PUT, "/subscriptions/{}/tagNames/{}/tagValues/{}", put_value, value_type},
    {ARM_DELETE, "/subscriptions/{}/tagNames/{}/tagValues/{}", delete_value, value_type},
};
const struct arm_module arm_module_tag_names = {NULL, 0, routes, ARRAY_LEN(routes)};
