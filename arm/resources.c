/*
 * What all resource types do alike: PUT, PATCH, GET, DELETE, lists and actions, driven by the
 * type's row. Also how resources come into place without a request.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

static const struct arm_resource_type *const types[] = {&arm_redis_type};

const struct arm_resource_type *const *arm_resource_types(size_t *count)
{
    *count = ARRAY_LEN(types);
    return types;
}

static char *action_of(const struct arm_resource_type *type, const char *verb)
{
    return string_format("%s/%s", type->name, verb);
}

static bool object_or_fail(struct arm_call *call)
{
    return cJSON_IsObject(call->body) ||
           arm_fail(&call->error, 400, "InvalidRequestContent",
                    "The request content was invalid and could not be deserialized: 'A JSON "
                    "object is required.'.");
}

static const struct arm_location *location_or_fail(struct arm_call *call,
                                                   const struct arm_resource_type *type)
{
    const char *text = arm_json_text(call->body, "location");
    if (text == NULL) {
        arm_fail(&call->error, 400, "LocationRequired",
                 "The location property is required for this definition.");
        return NULL;
    }
    const struct arm_location *location = arm_location_find(bytes_from_string(text));
    if (location == NULL) {
        arm_fail(&call->error, 400, "LocationNotAvailableForResourceType",
                 "The provided location '%s' is not available for resource type '%s'. List of "
                 "available regions for the resource type is "
                 "'westus2,westus,eastus,eastus2,centralus,northeurope,westeurope,...'.",
                 text, type->name);
    }
    return location;
}

static bool busy(const struct arm_resource *resource)
{
    return resource->operation != NULL;
}

static bool create(struct arm_call *call, const struct arm_resource_type *type,
                   struct arm_group *group, struct bytes name)
{
    struct arm_service *service = call->service;
    const struct arm_location *location = location_or_fail(call, type);
    if (location == NULL) {
        return false;
    }
    if (!type->name_fits(name)) {
        return arm_fail_provider(&call->error, 400, "InvalidParameter",
                                 "The name '%.*s' is invalid: %s.", (int)name.size, name.data,
                                 type->name_rule);
    }
    if (!arm_schema_accept(type->schema, call->body, NULL, call->api_version, &call->error) ||
        !type->check(call, NULL, call->body)) {
        return false;
    }
    if (type->unique && arm_resource_find(service, type, NULL, name) != NULL) {
        return arm_fail_provider(
            &call->error, 409, "NameNotAvailable",
            "An error occured when trying to reserve the DNS name for the cache instance. This "
            "may be a temporary issue if a cache instance of this name was recently deleted. "
            "Please choose a different name or try again later.");
    }
    cJSON *body = call->body;
    call->body = NULL;
    type->complete(service, body);
    struct arm_resource *resource = arm_resource_add(service, type, group, name, location, body);
    type->create_secrets(service, resource);
    resource->state = "Creating";
    char *action = action_of(type, "write");
    resource->operation = arm_operation_start(service, ARM_OPERATION_CREATE, action, resource->id,
                                              location->display_name, type->durations.create_s);
    memory_free(action);
    arm_changed(service);
    if (strcmp(call->api_version, "2021-06-01") >= 0) {
        arm_operation_header(call, resource->operation, "Azure-AsyncOperation", "asyncOperations");
    }
    char *url = arm_url(call, resource->id);
    http_response_header(call->response, "Location", "%s?api-version=%s", url, call->api_version);
    memory_free(url);
    arm_retry_after(call, 0);
    arm_answer(call, 201, type->show(call, resource, true));
    return true;
}

/* The changed body becomes the resource's at once, or when the operation ends. */
static bool update(struct arm_call *call, struct arm_resource *resource, cJSON *changed,
                   bool secrets)
{
    const struct arm_resource_type *type = resource->type;
    struct arm_service *service = call->service;
    bool same = cJSON_Compare(resource->body, changed, false);
    const char *state = same ? NULL : type->update_state(resource->body, changed);
    if (state == NULL) {
        cJSON_Delete(resource->body);
        resource->body = changed;
        if (!same) {
            type->apply(service, resource);
            arm_changed(service);
        }
        arm_answer(call, 200, type->show(call, resource, secrets));
        return true;
    }
    resource->pending = changed;
    resource->state = state;
    char *action = action_of(type, "write");
    resource->operation = arm_operation_start(
        service, ARM_OPERATION_UPDATE, action, resource->id, resource->location->display_name,
        strcmp(state, "Scaling") == 0 ? type->durations.create_s : type->durations.update_s);
    memory_free(action);
    arm_changed(service);
    arm_operation_header(call, resource->operation, "Azure-AsyncOperation", "asyncOperations");
    if (call->method == ARM_PATCH) {
        arm_operation_header(call, resource->operation, "Location", "asyncOperations");
    }
    arm_retry_after(call, 0);
    arm_answer(call, 200, type->show(call, resource, secrets));
    return true;
}

static bool change_or_fail(struct arm_call *call, struct arm_resource *resource)
{
    if (busy(resource)) {
        return arm_fail_busy(&call->error, resource->id);
    }
    return arm_schema_accept(resource->type->schema, call->body, resource->body, call->api_version,
                             &call->error);
}

static bool replace(struct arm_call *call, struct arm_resource *resource)
{
    const char *text = arm_json_text(call->body, "location");
    const struct arm_location *location =
        text == NULL ? resource->location : arm_location_find(bytes_from_string(text));
    if (!change_or_fail(call, resource)) {
        return false;
    }
    if (location != resource->location) {
        return arm_fail(&call->error, 409, "InvalidResourceLocation",
                        "The resource '%s' already exists in location '%s' in resource group "
                        "'%s'. A resource with the same name cannot be created in location '%s'. "
                        "Please select a new resource name.",
                        resource->name, resource->location->name, resource->group->name, text);
    }
    cJSON *changed = call->body;
    call->body = NULL;
    resource->type->complete(call->service, changed);
    if (!resource->type->check(call, resource, changed)) {
        cJSON_Delete(changed);
        return false;
    }
    return update(call, resource, changed, true);
}

static bool merge(struct arm_call *call, struct arm_resource *resource)
{
    if (!change_or_fail(call, resource)) {
        return false;
    }
    cJSON *changed = cJSON_Duplicate(resource->body, true);
    /* Tags are replaced as a whole, as the service does; everything else merges. */
    if (cJSON_IsObject(arm_json_at(call->body, "tags"))) {
        arm_json_remove(changed, "tags");
    }
    arm_json_merge(changed, call->body);
    resource->type->complete(call->service, changed);
    if (!resource->type->check(call, resource, changed)) {
        cJSON_Delete(changed);
        return false;
    }
    return update(call, resource, changed, false);
}

static bool remove_resource(struct arm_call *call, struct arm_resource *resource)
{
    struct arm_service *service = call->service;
    if (busy(resource) && strcmp(resource->state, "Deleting") != 0) {
        return arm_fail_busy(&call->error, resource->id);
    }
    if (!busy(resource)) {
        char *action = action_of(resource->type, "delete");
        resource->state = "Deleting";
        resource->operation = arm_operation_start(service, ARM_OPERATION_DELETE, action,
                                                  resource->id, resource->location->display_name,
                                                  resource->type->durations.delete_s);
        memory_free(action);
        arm_changed(service);
    }
    arm_operation_header(call, resource->operation, "Location", "operationresults");
    /* The service sends Location only; the second header lets every client poll fast. */
    if (service->config.polling == ARM_POLLING_FAST) {
        arm_operation_header(call, resource->operation, "Azure-AsyncOperation", "asyncOperations");
    }
    arm_retry_after(call, 0);
    arm_answer(call, 202, NULL);
    return true;
}

static bool run_action(struct arm_call *call, struct arm_resource *resource, const char *name)
{
    const struct arm_action *action = resource->type->actions;
    while (action->name != NULL &&
           !bytes_equal_string_nocase(bytes_from_string(name), action->name)) {
        action++;
    }
    if (action->name == NULL) {
        return arm_fail(&call->error, 404, "InvalidResourceType",
                        "The resource type '%s/%s' could not be found for api version '%s'.",
                        resource->type->name, name, call->api_version);
    }
    if (call->method != ARM_POST) {
        return arm_fail(&call->error, 405, "HttpMethodNotAllowed",
                        "The requested resource does not support http method '%.*s'.",
                        (int)call->request->method.size, call->request->method.data);
    }
    return action->handle(call, resource);
}

bool arm_resource_request(struct arm_call *call, const struct arm_resource_type *type,
                          struct bytes group_name, struct bytes name, const char *action)
{
    struct arm_group *group = arm_group_find(call->service, group_name);
    if (group == NULL) {
        return arm_fail_group_not_found(&call->error, group_name);
    }
    struct arm_resource *resource = arm_resource_find(call->service, type, group, name);
    if (call->method == ARM_PUT && action == NULL) {
        if (group->deleting != NULL) {
            return arm_fail(&call->error, 409, "ResourceGroupBeingDeleted",
                            "The resource group '%s' is in deprovisioning state and cannot "
                            "perform this operation.",
                            group->name);
        }
        return object_or_fail(call) &&
               (resource == NULL ? create(call, type, group, name) : replace(call, resource));
    }
    if (resource == NULL) {
        return arm_fail_resource_not_found(&call->error, type->name, name,
                                           bytes_from_string(group->name));
    }
    if (action != NULL) {
        return run_action(call, resource, action);
    }
    switch (call->method) {
    case ARM_GET:
    case ARM_HEAD:
        arm_answer(call, 200, type->show(call, resource, false));
        return true;
    case ARM_PATCH:
        return object_or_fail(call) && merge(call, resource);
    case ARM_DELETE:
        return remove_resource(call, resource);
    default:
        return arm_fail(&call->error, 405, "HttpMethodNotAllowed",
                        "The requested resource does not support http method '%.*s'.",
                        (int)call->request->method.size, call->request->method.data);
    }
}

bool arm_resource_list(struct arm_call *call, const struct arm_resource_type *type,
                       const struct arm_group *group)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(body, "value");
    for (const struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type == type && (group == NULL || resource->group == group)) {
            cJSON_AddItemToArray(list, type->show(call, resource, false));
        }
    }
    arm_answer(call, 200, body);
    return true;
}

/* ".../resourceGroups/{group}/providers/{type}/{name}", views into `id`. */
static bool split_id(const char *id, struct bytes *group, struct bytes *type, struct bytes *name)
{
    struct bytes parts[16];
    size_t count = 0;
    for (const char *at = id; *at != '\0' && count < ARRAY_LEN(parts);) {
        at += strspn(at, "/");
        size_t size = strcspn(at, "/");
        if (size > 0) {
            parts[count++] = (struct bytes){at, size};
        }
        at += size;
    }
    if (count != 8 || !bytes_equal_string_nocase(parts[2], "resourceGroups") ||
        !bytes_equal_string_nocase(parts[4], "providers")) {
        return false;
    }
    *group = parts[3];
    *type = (struct bytes){parts[5].data, (size_t)(parts[6].data + parts[6].size - parts[5].data)};
    *name = parts[7];
    return true;
}

bool arm_resource_place(struct arm_service *service, const cJSON *document, bool loaded,
                        struct arm_error *error)
{
    const char *id = arm_json_text(document, "id"), *place = arm_json_text(document, "location");
    struct bytes group_name, type_name, name;
    if (id == NULL || !split_id(id, &group_name, &type_name, &name)) {
        return arm_fail(error, 400, "InvalidResourceId",
                        "'%s' is not the id of a resource in a resource group",
                        id == NULL ? "" : id);
    }
    const struct arm_resource_type *type = NULL;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (bytes_equal_string_nocase(type_name, types[i]->name)) {
            type = types[i];
        }
    }
    struct arm_group *group = arm_group_find(service, group_name);
    const struct arm_location *location =
        place == NULL ? NULL : arm_location_find(bytes_from_string(place));
    if (type == NULL) {
        return arm_fail(error, 404, "InvalidResourceType", "%s: the type '%.*s' is not known", id,
                        (int)type_name.size, type_name.data);
    }
    if (group == NULL) {
        return arm_fail(error, 404, "ResourceGroupNotFound",
                        "%s: the resource group '%.*s' is not there", id, (int)group_name.size,
                        group_name.data);
    }
    if (location == NULL) {
        return arm_fail(error, 400, "LocationRequired", "%s: 'location' is no region", id);
    }
    if (!type->name_fits(name)) {
        return arm_fail(error, 400, "InvalidParameter", "%s: %s", id, type->name_rule);
    }
    if (arm_resource_find(service, type, type->unique ? NULL : group, name) != NULL) {
        return arm_fail(error, 409, "NameNotAvailable", "%s: the name is taken", id);
    }
    cJSON *body = cJSON_Duplicate(document, true);
    static const char *const own[] = {"id",      "location", "name",      "type",      "state",
                                      "pending", "secrets",  "createdMs", "changedMs", "operation"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        arm_json_remove(body, own[i]);
    }
    cJSON *keys = cJSON_Duplicate(arm_json_at(body, "properties.accessKeys"), true);
    arm_json_remove(body, "properties.accessKeys");
    if (!loaded && (!arm_schema_accept(type->schema, body, NULL, "2024-11-01", error) ||
                    !type->check(&(struct arm_call){.service = service}, NULL, body))) {
        cJSON_Delete(keys);
        cJSON_Delete(body);
        return false;
    }
    type->complete(service, body);
    struct arm_resource *resource = arm_resource_add(service, type, group, name, location, body);
    cJSON *secrets = cJSON_Duplicate(arm_json_at(document, "secrets"), true);
    resource->secrets = cJSON_IsObject(secrets) ? secrets : keys;
    if (resource->secrets != keys) {
        cJSON_Delete(keys);
    }
    if (!cJSON_IsObject(resource->secrets)) {
        cJSON_Delete(resource->secrets);
        resource->secrets = NULL;
        type->create_secrets(service, resource);
    }
    return true;
}
