/* Resource groups: all verbs, and the deletion of everything in them. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/service_state.h"

static const char type[] = "Microsoft.Resources/subscriptions/resourceGroups";

enum { LONGEST_NAME = 90, DELETE_S = 60, DELETE_WITH_RESOURCES_S = 360 };

cJSON *arm_group_show(const struct arm_service *service, const struct arm_group *group)
{
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("/subscriptions/%s/resourceGroups/%s", service->config.subscription_id,
                             group->name);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "name", group->name);
    cJSON_AddStringToObject(item, "type", "Microsoft.Resources/resourceGroups");
    cJSON_AddStringToObject(item, "location", group->location->name);
    if (group->managed_by != NULL) {
        cJSON_AddStringToObject(item, "managedBy", group->managed_by);
    }
    if (group->tags != NULL) {
        cJSON_AddItemToObject(item, "tags", cJSON_Duplicate(group->tags, true));
    }
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    cJSON_AddStringToObject(properties, "provisioningState",
                            group->deleting != NULL ? "Deleting" : "Succeeded");
    return item;
}

/* The "type" came with api-version 2019-05-01. */
static void answer(struct arm_call *call, int status, const struct arm_group *group)
{
    cJSON *item = arm_group_show(call->service, group);
    if (strcmp(call->api_version, "2019-05-01") < 0) {
        arm_json_remove(item, "type");
    }
    arm_answer(call, status, item);
}

static bool name_fits(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        bool letter = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                      (byte >= 'A' && byte <= 'Z') || byte >= 0x80;
        if (!letter && strchr("-_.()", byte) == NULL) {
            return false;
        }
    }
    return name.size > 0 && name.size <= LONGEST_NAME && name.data[name.size - 1] != '.';
}

static bool tags_fit(struct arm_call *call)
{
    if (!cJSON_IsObject(call->body)) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'A JSON "
                        "object is required.'.");
    }
    const cJSON *location = arm_json_at(call->body, "location");
    if (location != NULL && !cJSON_IsNull(location) && !cJSON_IsString(location)) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'The "
                        "location must be a string.'.");
    }
    cJSON *tags = arm_json_at(call->body, "tags");
    if (!arm_tags_fit(tags, &call->error)) {
        return false;
    }
    arm_tags_unite(tags);
    return true;
}

static void take_tags(struct arm_group *group, const cJSON *body, bool keep)
{
    const cJSON *tags = arm_json_at(body, "tags");
    if (tags == NULL && keep) {
        return;
    }
    cJSON_Delete(group->tags);
    group->tags = cJSON_IsObject(tags) ? cJSON_Duplicate(tags, true) : NULL;
}

static bool unknown_location(struct arm_call *call, const char *text)
{
    struct buf regions;
    buf_init(&regions, 900);
    for (size_t i = 0; i < arm_location_count; i++) {
        buf_printf(&regions, "%s%s", i == 0 ? "" : ",", arm_locations[i].name);
    }
    arm_fail(&call->error, 400, "LocationNotAvailableForResourceGroup",
             "The provided location '%s' is not available for resource group. List of available "
             "regions is '%s'.",
             text, buf_string(&regions));
    buf_finish(&regions);
    return false;
}

static void take_manager(struct arm_group *group, const cJSON *body)
{
    const char *id = arm_json_text(body, "managedBy");
    if (id != NULL) {
        memory_free(group->managed_by);
        group->managed_by = string_duplicate(id);
    }
}

static bool put_group(struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct bytes name = call->wildcards[1];
    if (!name_fits(name)) {
        return arm_fail(&call->error, 400, "InvalidResourceGroup",
                        "The provided resource group name '%.*s' has these invalid characters or "
                        "is too long. The name can only be a letter, digit, '-', '.', '(', ')' or "
                        "'_', at most 90 characters, and may not end with '.'.",
                        (int)bytes_slice(name, 0, 100).size, name.data);
    }
    if (!tags_fit(call)) {
        return false;
    }
    const char *text = arm_json_text(call->body, "location");
    if (text == NULL) {
        return arm_fail(&call->error, 400, "LocationRequired",
                        "The location property is required for this definition.");
    }
    const struct arm_location *location = arm_location_find(bytes_from_string(text));
    if (location == NULL) {
        return unknown_location(call, text);
    }
    struct arm_group *group = arm_group_find(service, name);
    if (group != NULL && group->deleting != NULL) {
        return arm_fail(&call->error, 409, "ResourceGroupBeingDeleted",
                        "The resource group '%s' is in deprovisioning state and cannot perform "
                        "this operation.",
                        group->name);
    }
    if (group != NULL && group->location != location) {
        return arm_fail(&call->error, 409, "InvalidResourceGroupLocation",
                        "Invalid resource group location '%s'. The Resource group already exists "
                        "in location '%s'.",
                        location->name, group->location->name);
    }
    bool created = group == NULL;
    if (created) {
        group = arm_group_add(service, name, location);
    }
    take_tags(group, call->body, false);
    take_manager(group, call->body);
    arm_changed(service);
    answer(call, created ? 201 : 200, group);
    return true;
}

static struct arm_group *named_or_fail(struct arm_call *call)
{
    struct arm_group *group = arm_group_find(call->service, call->wildcards[1]);
    if (group == NULL) {
        arm_fail_group_not_found(&call->error, call->wildcards[1]);
    }
    return group;
}

static bool get_group(struct arm_call *call)
{
    const struct arm_group *group = named_or_fail(call);
    if (group == NULL) {
        return false;
    }
    answer(call, 200, group);
    return true;
}

static bool head_group(struct arm_call *call)
{
    if (named_or_fail(call) == NULL) {
        return false;
    }
    arm_answer(call, 204, NULL);
    return true;
}

static bool patch_group(struct arm_call *call)
{
    struct arm_group *group = named_or_fail(call);
    if (group == NULL || !tags_fit(call)) {
        return false;
    }
    take_tags(group, call->body, true);
    take_manager(group, call->body);
    arm_changed(call->service);
    answer(call, 200, group);
    return true;
}

static bool holds_resources(const struct arm_service *service, const struct arm_group *group)
{
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->group == group) {
            return true;
        }
    }
    return false;
}

static bool delete_group(struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct arm_group *group = named_or_fail(call);
    if (group == NULL) {
        return false;
    }
    if (group->deleting == NULL) {
        char *id = string_format("/subscriptions/%s/resourceGroups/%s",
                                 service->config.subscription_id, group->name);
        group->deleting = arm_operation_start(
            service, ARM_OPERATION_GROUP_DELETE, &arm_polling_common,
            "Microsoft.Resources/subscriptions/resourceGroups/delete", id, group->location,
            holds_resources(service, group) ? DELETE_WITH_RESOURCES_S : DELETE_S);
        memory_free(id);
        for (struct arm_resource *resource = service->resources; resource != NULL;
             resource = resource->next) {
            if (resource->group == group) {
                resource->state = "Deleting";
            }
        }
        arm_changed(service);
    }
    arm_operation_headers(call, group->deleting, ARM_RESULT_LOCATION);
    arm_retry_after(call, 15);
    arm_answer(call, 202, NULL);
    return true;
}

void arm_group_deleted(struct arm_service *service, struct arm_group *group)
{
    struct arm_resource *resource = service->resources;
    while (resource != NULL) {
        bool goes = resource->group == group;
        if (goes) {
            arm_resource_remove(service, resource);
        }
        /* What is below it went with it: begin again. */
        resource = goes ? service->resources : resource->next;
    }
    arm_group_remove(service, group);
}

/* A filter is tried with each tag in turn, so that tagName and tagValue speak of the same one. */
struct wish {
    const struct arm_group *group;
    const cJSON *tag;
};

static const char *const filter_names[] = {"tagName", "tagValue", "name", "location", NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const struct wish *wish = context;
    if (bytes_equal_string_nocase(condition->name, "tagName")) {
        return odata_text_fits(condition, wish->tag == NULL ? NULL : wish->tag->string);
    }
    if (bytes_equal_string_nocase(condition->name, "tagValue")) {
        return odata_text_fits(condition, cJSON_GetStringValue(wish->tag));
    }
    if (bytes_equal_string_nocase(condition->name, "name")) {
        return odata_text_fits(condition, wish->group->name);
    }
    return bytes_equal_string_nocase(condition->name, "location") &&
           odata_text_fits(condition, wish->group->location->name);
}

static bool wanted(const struct arm_group *group, struct bytes filter)
{
    struct wish wish = {group, NULL};
    const cJSON *tag;
    bool result;
    odata_filter(filter, holds, &wish, &result);
    cJSON_ArrayForEach(tag, group->tags)
    {
        wish.tag = tag;
        if (!result) {
            odata_filter(filter, holds, &wish, &result);
        }
    }
    return result;
}

static bool list_groups(struct arm_call *call)
{
    struct buf filter;
    if (!arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    cJSON *list = cJSON_CreateArray();
    for (const struct arm_group *group = call->service->groups; group != NULL;
         group = group->next) {
        cJSON *item = arm_group_show(call->service, group);
        if (wanted(group, buf_bytes(&filter)) &&
            arm_may_read(call, type, arm_json_text(item, "id"))) {
            if (strcmp(call->api_version, "2019-05-01") < 0) {
                arm_json_remove(item, "type");
            }
            cJSON_AddItemToArray(list, item);
        } else {
            cJSON_Delete(item);
        }
    }
    buf_finish(&filter);
    return arm_answer_page(call, list, 1000);
}

static const struct arm_route routes[] = {
    {ARM_GET, "/subscriptions/{}/resourceGroups", list_groups, type},
    {ARM_GET, "/subscriptions/{}/resourceGroups/{}", get_group, type},
    {ARM_PUT, "/subscriptions/{}/resourceGroups/{}", put_group, type},
    {ARM_HEAD, "/subscriptions/{}/resourceGroups/{}", head_group, type},
    {ARM_PATCH, "/subscriptions/{}/resourceGroups/{}", patch_group, type},
    {ARM_DELETE, "/subscriptions/{}/resourceGroups/{}", delete_group, type},
};
const struct arm_module arm_module_resource_groups = {NULL, 0, routes, ARRAY_LEN(routes)};
