/* The lists of resources of all types, of a group or of the subscription. */
#include <string.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/service_state.h"

enum { PAGE = 1000 };

/* A filter is tried with each tag in turn, so that tagName and tagValue speak of the same one. */
struct wish {
    const struct arm_resource *resource;
    const cJSON *tag; /* NULL: no tag at all */
};

static const char *const filter_names[] = {"resourceType",
                                           "resourceGroup",
                                           "name",
                                           "location",
                                           "tagName",
                                           "tagValue",
                                           "kind",
                                           "managedBy",
                                           "identity/principalId",
                                           "plan/name",
                                           "plan/publisher",
                                           "plan/product",
                                           NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const struct wish *wish = context;
    const struct arm_resource *resource = wish->resource;
    const struct arm_location *location = resource->location;
    const struct {
        const char *name, *value;
    } texts[] = {
        {"resourceType", resource->type_name},
        {"resourceGroup", resource->group->name},
        {"name", resource->name},
        {"location", location == NULL ? NULL : location->name},
        {"tagName", wish->tag == NULL ? NULL : wish->tag->string},
        {"tagValue", cJSON_GetStringValue(wish->tag)},
        {"kind", arm_json_text(resource->body, "kind")},
        {"managedBy", arm_json_text(resource->body, "managedBy")},
        {"identity/principalId", arm_json_text(resource->body, "identity.principalId")},
        {"plan/name", arm_json_text(resource->body, "plan.name")},
        {"plan/publisher", arm_json_text(resource->body, "plan.publisher")},
        {"plan/product", arm_json_text(resource->body, "plan.product")},
    };
    /* "West US 2" is "westus2". */
    if (bytes_equal_string_nocase(condition->name, "location") && location != NULL &&
        condition->relation <= ODATA_NE) {
        const struct arm_location *wanted =
            arm_type_location(resource->type, bytes_from_string(condition->value));
        return (wanted == location) == (condition->relation == ODATA_EQ);
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (bytes_equal_string_nocase(condition->name, texts[i].name)) {
            return odata_text_fits(condition, texts[i].value);
        }
    }
    return false;
}

static bool wanted(const struct arm_resource *resource, struct bytes filter)
{
    struct wish wish = {resource, NULL};
    const cJSON *tag;
    bool result;
    odata_filter(filter, holds, &wish, &result);
    cJSON_ArrayForEach(tag, arm_json_at(resource->body, "tags"))
    {
        wish.tag = tag;
        if (!result) {
            odata_filter(filter, holds, &wish, &result);
        }
    }
    return result;
}

static bool expands(struct bytes expand, const char *word)
{
    char *pattern = string_format("*%s*", word);
    bool found = bytes_match_glob(bytes_from_string(pattern), expand, true);
    memory_free(pattern);
    return found;
}

static cJSON *summary(const struct arm_resource *resource, struct bytes expand)
{
    static const char *const shown[] = {"kind", "sku", "managedBy", "identity", "zones", "tags"};
    char time[32];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", resource->id);
    cJSON_AddStringToObject(item, "name", resource->name);
    cJSON_AddStringToObject(item, "type", resource->type_name);
    if (resource->location != NULL) {
        cJSON_AddStringToObject(item, "location", resource->location->name);
    }
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        arm_json_copy_member(item, resource->body, shown[i]);
    }
    if (expands(expand, "createdTime")) {
        timestamp_format(resource->created_ms, time);
        cJSON_AddStringToObject(item, "createdTime", time);
    }
    if (expands(expand, "changedTime")) {
        timestamp_format(resource->changed_ms, time);
        cJSON_AddStringToObject(item, "changedTime", time);
    }
    if (expands(expand, "provisioningState")) {
        cJSON_AddStringToObject(item, "provisioningState", resource->state);
    }
    return item;
}

static bool list(struct arm_call *call, const struct arm_group *group)
{
    struct buf filter, expand;
    if (!arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    buf_init(&expand, 1024);
    arm_query(call, "$expand", &expand);
    cJSON *value = cJSON_CreateArray();
    for (const struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if ((resource->type->traits & ARM_TRACKED) != 0 && resource->group != NULL &&
            (group == NULL || resource->group == group) && wanted(resource, buf_bytes(&filter)) &&
            arm_may_read(call, resource->type_name, resource->id)) {
            cJSON_AddItemToArray(value, summary(resource, buf_bytes(&expand)));
        }
    }
    buf_finish(&filter);
    buf_finish(&expand);
    return arm_answer_page(call, value, PAGE);
}

static bool list_subscription(struct arm_call *call)
{
    return list(call, NULL);
}

static bool list_group(struct arm_call *call)
{
    const struct arm_group *group = arm_group_find(call->service, call->wildcards[1]);
    return group == NULL ? arm_fail_group_not_found(&call->error, call->wildcards[1])
                         : list(call, group);
}

static const struct arm_route routes[] = {
    {ARM_GET, "/subscriptions/{}/resources", list_subscription,
     "Microsoft.Resources/subscriptions/resources"},
    {ARM_GET, "/subscriptions/{}/resourceGroups/{}/resources", list_group,
     "Microsoft.Resources/subscriptions/resourceGroups/resources"},
};
const struct arm_module arm_module_resource_lists = {NULL, 0, routes, ARRAY_LEN(routes)};
