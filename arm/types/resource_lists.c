/* The lists of resources of all types, of a group or of the subscription. */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

/* One condition "name eq 'value'"; conditions are joined by "and". */
static bool condition_holds(const struct arm_resource *resource, struct bytes name,
                            struct bytes value)
{
    if (bytes_equal_string_nocase(name, "resourceType")) {
        return bytes_equal_string_nocase(value, resource->type_name);
    }
    if (bytes_equal_string_nocase(name, "resourceGroup")) {
        return bytes_equal_string_nocase(value, resource->group->name);
    }
    if (bytes_equal_string_nocase(name, "name")) {
        return bytes_equal_string_nocase(value, resource->name);
    }
    if (bytes_equal_string_nocase(name, "location")) {
        return arm_type_location(resource->type, value) == resource->location;
    }
    if (bytes_equal_string_nocase(name, "tagName") || bytes_equal_string_nocase(name, "tagValue")) {
        const cJSON *tag;
        cJSON_ArrayForEach(tag, arm_json_at(resource->body, "tags"))
        {
            const char *text =
                bytes_equal_string_nocase(name, "tagName") ? tag->string : tag->valuestring;
            if (text != NULL && bytes_equal_string_nocase(value, text)) {
                return true;
            }
        }
    }
    return false;
}

static bool wanted(const struct arm_resource *resource, struct bytes filter)
{
    while (filter.size > 0) {
        size_t start = 0;
        while (start < filter.size && filter.data[start] == ' ') {
            start++;
        }
        filter = bytes_slice(filter, start, filter.size);
        struct bytes name = bytes_slice(filter, 0, bytes_find(filter, ' '));
        if (bytes_equal_string_nocase(name, "and")) {
            filter = bytes_slice(filter, 3, filter.size);
            continue;
        }
        size_t open = bytes_find(filter, '\'');
        if (open == filter.size) {
            break;
        }
        struct bytes rest = bytes_slice(filter, open + 1, filter.size);
        size_t close = bytes_find(rest, '\'');
        if (!condition_holds(resource, name, bytes_slice(rest, 0, close))) {
            return false;
        }
        filter = bytes_slice(rest, close + 1, rest.size);
    }
    return true;
}

static cJSON *summary(const struct arm_resource *resource, struct bytes expand)
{
    static const char *const shown[] = {"kind", "sku", "managedBy", "identity", "zones", "tags"};
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
    char time[32];
    if (bytes_match_glob(BYTES("*createdTime*"), expand, true)) {
        timestamp_format(resource->created_ms, time);
        cJSON_AddStringToObject(item, "createdTime", time);
    }
    if (bytes_match_glob(BYTES("*changedTime*"), expand, true)) {
        timestamp_format(resource->changed_ms, time);
        cJSON_AddStringToObject(item, "changedTime", time);
    }
    if (bytes_match_glob(BYTES("*provisioningState*"), expand, true)) {
        cJSON_AddStringToObject(item, "provisioningState", resource->state);
    }
    return item;
}

static bool list(struct arm_call *call, const struct arm_group *group)
{
    struct buf filter, expand, top, skip;
    int64_t most = 1000, from = 0, place = 0;
    buf_init(&filter, 4096);
    buf_init(&expand, 1024);
    buf_init(&top, 32);
    buf_init(&skip, 32);
    arm_query(call, "$filter", &filter);
    arm_query(call, "$expand", &expand);
    if (arm_query(call, "$top", &top) && (!bytes_to_int64(buf_bytes(&top), &most) || most < 1)) {
        most = 0;
    }
    if (arm_query(call, "$skiptoken", &skip)) {
        bytes_to_int64(buf_bytes(&skip), &from);
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    bool more = false;
    for (const struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if ((resource->type->traits & ARM_TRACKED) == 0 || resource->group == NULL ||
            (group != NULL && resource->group != group) || !wanted(resource, buf_bytes(&filter)) ||
            !arm_may_read(call, resource->type_name, resource->id) || place++ < from) {
            continue;
        }
        if (cJSON_GetArraySize(value) == most) {
            more = true;
            break;
        }
        cJSON_AddItemToArray(value, summary(resource, buf_bytes(&expand)));
    }
    if (more && most > 0) {
        struct bytes query = call->request->query;
        size_t cut = query.size;
        for (size_t i = 0; i + 11 <= query.size; i++) {
            if (bytes_equal_string_nocase(bytes_slice(query, i, i + 11), "&$skiptoken") ||
                bytes_equal_string_nocase(bytes_slice(query, i, i + 11), "&%24skiptok")) {
                cut = i;
                break;
            }
        }
        char *path =
            string_format("%.*s?%.*s&$skiptoken=%lld", (int)call->request->path.size,
                          call->request->path.data, (int)cut, query.data, (long long)(from + most));
        char *url = arm_url(call, path);
        cJSON_AddStringToObject(body, "nextLink", url);
        memory_free(url);
        memory_free(path);
    }
    buf_finish(&filter);
    buf_finish(&expand);
    buf_finish(&top);
    buf_finish(&skip);
    if (most == 0) {
        cJSON_Delete(body);
        return arm_fail(&call->error, 400, "InvalidTopQueryParameter",
                        "The $top query parameter must be a positive whole number.");
    }
    arm_answer(call, 200, body);
    return true;
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
