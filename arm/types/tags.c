/*
 * Microsoft.Resources/tags: {scope}/providers/Microsoft.Resources/tags/default, the tags of a
 * resource, a group or the subscription, set on their own without touching anything else.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { MOST_TAGS = 50, LONGEST_NAME = 512, LONGEST_VALUE = 256 };

static const struct arm_resource_type tags_type;

/* ---- What tags may be ---- */

static bool tag_fits(const cJSON *tag, struct arm_error *error)
{
    const char *text = cJSON_GetStringValue(tag);
    if (text == NULL) {
        return arm_fail(error, 400, "InvalidTagValue",
                        "The value of the tag '%.100s' is invalid: it must be a string.",
                        tag->string);
    }
    for (const char *at = tag->string; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || strchr("<>%&\\?/", *at) != NULL) {
            return arm_fail(error, 400, "InvalidTagNameCharacters",
                            "The tag names '%.100s' have reserved characters '<,>,%%,&,\\,?,/' or "
                            "control characters.",
                            tag->string);
        }
    }
    if (tag->string[0] == '\0' || strlen(tag->string) > LONGEST_NAME) {
        return arm_fail(error, 400, "InvalidTagNameLength",
                        "The tag name '%.100s' is invalid: it must be 1 to 512 characters long.",
                        tag->string);
    }
    return strlen(text) <= LONGEST_VALUE ||
           arm_fail(error, 400, "InvalidTagValueLength",
                    "The value of the tag '%.100s' is too long: at most 256 characters are "
                    "allowed.",
                    tag->string);
}

bool arm_tags_fit(const cJSON *tags, struct arm_error *error)
{
    const cJSON *tag;
    if (tags == NULL || cJSON_IsNull(tags)) {
        return true;
    }
    if (!cJSON_IsObject(tags)) {
        return arm_fail(error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'The tags "
                        "must be an object of strings.'.");
    }
    if (cJSON_GetArraySize(tags) > MOST_TAGS) {
        return arm_fail(error, 400, "TagsLimitExceeded",
                        "The number of tags '%d' exceeds the limit of '%d'.",
                        cJSON_GetArraySize(tags), MOST_TAGS);
    }
    cJSON_ArrayForEach(tag, tags)
    {
        if (!tag_fits(tag, error)) {
            return false;
        }
    }
    return true;
}

void arm_tags_unite(cJSON *tags)
{
    cJSON *tag;
    if (!cJSON_IsObject(tags)) {
        return;
    }
    cJSON_ArrayForEach(tag, tags)
    {
        cJSON *first = cJSON_GetObjectItem(tags, tag->string); /* in any case of letters */
        if (first != tag) {
            cJSON_Delete(cJSON_DetachItemViaPointer(tags, first));
        }
    }
}

/* ---- Whose tags ---- */

struct owner {
    struct arm_group *group;
    struct arm_resource
        *resource; /* with no group: the subscription's own, NULL before the first */
};

static bool owner_or_fail(struct arm_call *call, struct owner *owner)
{
    const struct arm_target *target = &call->target;
    *owner = (struct owner){0};
    if (!bytes_equal_string_nocase(target->name, "default")) {
        return arm_fail(&call->error, 404, "NotFound",
                        "The tags resource is named 'default', not '%.*s'.",
                        (int)bytes_slice(target->name, 0, 100).size, target->name.data);
    }
    if (strstr(target->holder, "/providers/") != NULL) {
        owner->resource = arm_resource_find_id(call->service, target->holder);
        return (owner->resource->type->traits & ARM_TRACKED) != 0 ||
               arm_fail(&call->error, 400, "BadRequest",
                        "The resource type '%s' does not support tags.",
                        owner->resource->type_name);
    }
    if (target->group.size > 0) {
        owner->group = arm_group_find(call->service, target->group);
    } else {
        owner->resource = arm_resource_find_id(call->service, target->id);
    }
    return true;
}

static bool is_own(const struct arm_resource *resource)
{
    return resource->type == &tags_type;
}

static const cJSON *tags_of(const struct owner *owner)
{
    if (owner->group != NULL) {
        return owner->group->tags;
    }
    return owner->resource == NULL
               ? NULL
               : arm_json_at(owner->resource->body,
                             is_own(owner->resource) ? "properties.tags" : "tags");
}

/* Takes the tags. */
static void set_tags(struct arm_call *call, struct owner *owner, cJSON *tags)
{
    struct arm_service *service = call->service;
    if (owner->group != NULL) {
        cJSON_Delete(owner->group->tags);
        owner->group->tags = tags;
    } else {
        if (owner->resource == NULL) {
            owner->resource = arm_resource_add(service, &tags_type, tags_type.name, call->target.id,
                                               NULL, cJSON_CreateObject());
        }
        struct arm_resource *resource = owner->resource;
        const char *path = is_own(resource) ? "properties.tags" : "tags";
        if (resource->pending != NULL) {
            arm_json_put(resource->pending, path, cJSON_Duplicate(tags, true));
        }
        arm_json_put(resource->body, path, tags);
        resource->changed_ms = clock_now_ms(service->clock);
    }
    arm_changed(service);
}

static bool answer(struct arm_call *call, const struct owner *owner)
{
    const cJSON *tags = tags_of(owner);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", call->target.id);
    cJSON_AddStringToObject(item, "name", "default");
    cJSON_AddStringToObject(item, "type", tags_type.name);
    cJSON_AddItemToObject(cJSON_AddObjectToObject(item, "properties"), "tags",
                          tags == NULL ? cJSON_CreateObject() : cJSON_Duplicate(tags, true));
    arm_answer(call, 200, item);
    return true;
}

/* ---- Changes ---- */

static void delete_tags(cJSON *tags, const cJSON *named)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, named)
    {
        const cJSON *tag = cJSON_GetObjectItem(tags, name->string);
        const char *value = cJSON_GetStringValue(name);
        if (tag != NULL &&
            (value == NULL || value[0] == '\0' || strcmp(value, cJSON_GetStringValue(tag)) == 0)) {
            cJSON_DeleteItemFromObject(tags, name->string);
        }
    }
}

static cJSON *merged(const cJSON *present, const cJSON *more)
{
    cJSON *tags = present == NULL ? cJSON_CreateObject() : cJSON_Duplicate(present, true);
    const cJSON *tag;
    cJSON_ArrayForEach(tag, more)
    {
        cJSON_DeleteItemFromObject(tags, tag->string); /* in any case of letters */
        cJSON_AddItemToObject(tags, tag->string, cJSON_Duplicate(tag, true));
    }
    return tags;
}

static bool patch(struct arm_call *call, struct owner *owner, const cJSON *named)
{
    struct bytes operation = bytes_from_string(arm_json_text(call->body, "operation"));
    cJSON *tags;
    if (bytes_equal_string_nocase(operation, "Merge")) {
        tags = merged(tags_of(owner), named);
    } else if (bytes_equal_string_nocase(operation, "Replace")) {
        tags = merged(NULL, named);
    } else if (bytes_equal_string_nocase(operation, "Delete")) {
        tags = merged(tags_of(owner), NULL);
        delete_tags(tags, named);
    } else {
        return arm_fail(&call->error, 400, "InvalidTagPatchOperation",
                        "The operation '%.*s' is invalid. Allowed values: 'Merge', 'Replace', "
                        "'Delete'.",
                        (int)bytes_slice(operation, 0, 60).size, operation.data);
    }
    if (!arm_tags_fit(tags, &call->error)) {
        cJSON_Delete(tags);
        return false;
    }
    set_tags(call, owner, tags);
    return answer(call, owner);
}

static bool request(struct arm_call *call)
{
    struct owner owner;
    if (!arm_holder_or_fail(call) || !owner_or_fail(call, &owner)) {
        return false;
    }
    const cJSON *named = arm_json_at(call->body, "properties.tags");
    switch (call->method) {
    case ARM_GET:
        return answer(call, &owner);
    case ARM_DELETE:
        set_tags(call, &owner, cJSON_CreateObject());
        arm_answer(call, 200, NULL);
        return true;
    case ARM_PUT:
    case ARM_PATCH:
        if (!cJSON_IsObject(named)) {
            return arm_fail(&call->error, 400, "InvalidRequestContent",
                            "The request content was invalid and could not be deserialized: "
                            "'properties.tags must be an object of strings.'.");
        }
        if (call->method == ARM_PATCH) {
            return patch(call, &owner, named);
        }
        if (!arm_tags_fit(named, &call->error)) {
            return false;
        }
        set_tags(call, &owner, merged(NULL, named));
        return answer(call, &owner);
    default:
        return arm_fail_method(call);
    }
}

static const struct arm_resource_type tags_type = {
    .name = "Microsoft.Resources/tags",
    .only_name = "default",
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .request = request,
};

static const struct arm_resource_type *const types[] = {&tags_type};
const struct arm_module arm_module_tags = {types, ARRAY_LEN(types), NULL, 0};
