/*
 * moveResources and validateMoveResources: resources with all that is below them go to another
 * group, over time; until then they are busy. Nothing moves unless everything can.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { MOVE_S = 180, VALIDATE_S = 30, MOST_RESOURCES = 800 };

/* ---- What may move ---- */

/* "/subscriptions/S/resourceGroups/G", in any case of letters. */
static bool read_group_id(const char *id, struct bytes *subscription, struct bytes *group)
{
    static const char first[] = "/subscriptions/", second[] = "/resourceGroups/";
    struct bytes rest = bytes_from_string(id);
    if (!bytes_equal_string_nocase(bytes_slice(rest, 0, sizeof(first) - 1), first)) {
        return false;
    }
    rest = bytes_slice(rest, sizeof(first) - 1, rest.size);
    *subscription = bytes_slice(rest, 0, bytes_find(rest, '/'));
    rest = bytes_slice(rest, subscription->size, rest.size);
    *group = bytes_slice(rest, sizeof(second) - 1, rest.size);
    return bytes_equal_string_nocase(bytes_slice(rest, 0, sizeof(second) - 1), second) &&
           group->size > 0 && bytes_find(*group, '/') == group->size;
}

static struct arm_group *target_or_fail(struct arm_call *call, const struct arm_group *source)
{
    const char *id = arm_json_text(call->body, "targetResourceGroup");
    struct bytes subscription, name;
    if (id == NULL || !read_group_id(id, &subscription, &name)) {
        arm_fail(&call->error, 400, "InvalidRequestContent",
                 "The request content was invalid and could not be deserialized: "
                 "'targetResourceGroup must be the id of a resource group.'.");
        return NULL;
    }
    if (!bytes_equal_string_nocase(subscription, call->service->config.subscription_id)) {
        arm_fail(&call->error, 404, "SubscriptionNotFound",
                 "The subscription '%.*s' could not be found.",
                 (int)bytes_slice(subscription, 0, 100).size, subscription.data);
        return NULL;
    }
    struct arm_group *group = arm_group_find(call->service, name);
    if (group == NULL) {
        arm_fail_group_not_found(&call->error, name);
        return NULL;
    }
    if (group == source) {
        arm_fail(&call->error, 400, "SourceAndTargetResourceGroupsAreSame",
                 "The source and the target of a move must be different resource groups.");
        return NULL;
    }
    if (group->deleting != NULL) {
        arm_fail(&call->error, 409, "ResourceGroupBeingDeleted",
                 "The resource group '%s' is in deprovisioning state and cannot perform this "
                 "operation.",
                 group->name);
        return NULL;
    }
    return group;
}

/* The id with another group in it; owned. */
static char *moved_id(const char *id, const struct arm_group *source,
                      const struct arm_group *target)
{
    const char *at = strstr(id, "/resourceGroups/") + strlen("/resourceGroups/");
    return string_format("%.*s%s%s", (int)(at - id), id, target->name, at + strlen(source->name));
}

static bool may_move(struct arm_call *call, const char *id, const struct arm_group *source,
                     const struct arm_group *target)
{
    struct arm_service *service = call->service;
    const struct arm_resource *resource = id == NULL ? NULL : arm_resource_find_id(service, id);
    if (resource == NULL) {
        return arm_fail(&call->error, 404, "ResourceNotFound",
                        "The resource '%.300s' that is to be moved was not found.",
                        id == NULL ? "" : id);
    }
    if (resource->group != source) {
        return arm_fail(&call->error, 400, "ResourceNotInSourceResourceGroup",
                        "The resource '%s' is not in the resource group '%s'. All resources of a "
                        "move must be in the group that it starts from.",
                        resource->id, source->name);
    }
    if (resource->parent != NULL || (resource->type->traits & ARM_TRACKED) == 0) {
        return arm_fail(&call->error, 400, "ResourceMoveNotSupported",
                        "Resource move is not supported for resource types '%s'.",
                        resource->type_name);
    }
    if (resource->operation != NULL) {
        return arm_fail_busy(&call->error, resource->id);
    }
    char *moved = moved_id(resource->id, source, target);
    bool free_name = arm_resource_find_id(service, moved) == NULL;
    memory_free(moved);
    return free_name || arm_fail(&call->error, 409, "ResourceAlreadyExists",
                                 "The resource group '%s' already has a resource '%s' of the type "
                                 "'%s'.",
                                 target->name, resource->name, resource->type_name);
}

static bool plan_or_fail(struct arm_call *call, struct arm_group **source,
                         struct arm_group **target)
{
    const cJSON *ids = arm_json_at(call->body, "resources"), *id;
    *source = arm_group_find(call->service, call->wildcards[1]);
    if (*source == NULL) {
        return arm_fail_group_not_found(&call->error, call->wildcards[1]);
    }
    if (!cJSON_IsArray(ids) || cJSON_GetArraySize(ids) == 0 ||
        cJSON_GetArraySize(ids) > MOST_RESOURCES) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: "
                        "'resources must be a list of 1 to %d ids.'.",
                        MOST_RESOURCES);
    }
    *target = target_or_fail(call, *source);
    if (*target == NULL) {
        return false;
    }
    cJSON_ArrayForEach(id, ids)
    {
        if (!may_move(call, cJSON_GetStringValue(id), *source, *target)) {
            return false;
        }
    }
    return true;
}

/* ---- Moving ---- */

static bool is_below(const struct arm_resource *resource, const struct arm_resource *top)
{
    while (resource != NULL && resource != top) {
        resource = resource->parent;
    }
    return resource == top;
}

static void move(struct arm_service *service, struct arm_resource *top,
                 const struct arm_group *source, struct arm_group *target)
{
    for (struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (is_below(resource, top)) {
            arm_resource_rename(service, resource, moved_id(resource->id, source, target), target);
        }
    }
    if (top->type->apply != NULL) {
        top->type->apply(service, top);
    }
}

void arm_move_finish(struct arm_service *service, struct arm_operation *operation)
{
    const char *name = arm_json_text(operation->parameters, "target");
    struct arm_group *target =
        name == NULL ? NULL : arm_group_find(service, bytes_from_string(name));
    bool moves = target != NULL && strcmp(operation->status, "Failed") != 0;
    for (struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->operation == operation) {
            resource->operation = NULL;
            resource->state = "Succeeded";
            if (moves) {
                move(service, resource, resource->group, target);
            }
        }
    }
}

static struct arm_operation *begin(struct arm_call *call, const struct arm_group *source,
                                   int realistic_s)
{
    struct arm_operation *operation =
        arm_operation_start(call->service, ARM_OPERATION_MOVE, &arm_polling_common, call->action,
                            call->scope, source->location, realistic_s);
    arm_changed(call->service);
    arm_operation_headers(call, operation, ARM_RESULT_LOCATION);
    arm_retry_after(call, 15);
    return operation;
}

static bool move_resources(struct arm_call *call)
{
    struct arm_group *source, *target;
    const cJSON *id;
    if (!plan_or_fail(call, &source, &target)) {
        return false;
    }
    struct arm_operation *operation = begin(call, source, MOVE_S);
    operation->parameters = cJSON_CreateObject();
    cJSON_AddStringToObject(operation->parameters, "target", target->name);
    cJSON_ArrayForEach(id, arm_json_at(call->body, "resources"))
    {
        struct arm_resource *resource =
            arm_resource_find_id(call->service, cJSON_GetStringValue(id));
        resource->operation = operation;
        resource->state = "Updating";
    }
    arm_answer(call, 202, NULL);
    return true;
}

static bool validate(struct arm_call *call)
{
    struct arm_group *source, *target;
    if (!plan_or_fail(call, &source, &target)) {
        return false;
    }
    begin(call, source, VALIDATE_S);
    arm_answer(call, 202, NULL);
    return true;
}

static const struct arm_route routes[] = {
    {ARM_POST, "/subscriptions/{}/resourceGroups/{}/moveResources", move_resources,
     "Microsoft.Resources/subscriptions/resourceGroups/moveResources"},
    {ARM_POST, "/subscriptions/{}/resourceGroups/{}/validateMoveResources", validate,
     "Microsoft.Resources/subscriptions/resourceGroups/validateMoveResources"},
};
const struct arm_module arm_module_moves = {NULL, 0, routes, ARRAY_LEN(routes)};
