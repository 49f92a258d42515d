/*
 * What all resource types do alike: PUT, PATCH, GET, DELETE, lists and actions, driven by the
 * type's row.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

/* "Microsoft.Cache/redis/write" */
static void action_of(const char *type_name, const char *verb, char action[ACTION_SIZE])
{
    snprintf(action, ACTION_SIZE, "%s/%s", type_name, verb);
}

static bool busy(const struct arm_resource *resource)
{
    return resource->operation != NULL;
}

/* ---- What a request must bring ---- */

static bool object_or_fail(struct arm_call *call)
{
    if (!cJSON_IsObject(call->body)) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'A JSON "
                        "object is required.'.");
    }
    if ((call->target.type->traits & ARM_TRACKED) == 0) {
        return true;
    }
    cJSON *tags = arm_json_at(call->body, "tags");
    if (!arm_tags_fit(tags, &call->error)) {
        return false;
    }
    arm_tags_unite(tags);
    return arm_identity_fits(call);
}

static bool location_or_fail(struct arm_call *call, const struct arm_location **location)
{
    const struct arm_target *target = &call->target;
    const char *text = arm_json_text(call->body, "location");
    *location = NULL;
    if ((target->type->traits & ARM_TRACKED) == 0 && text == NULL) {
        return true;
    }
    if (text == NULL && target->type == &arm_generic_type) {
        return true;
    }
    if (text == NULL) {
        return arm_fail(&call->error, 400, "LocationRequired",
                        "The location property is required for this definition.");
    }
    *location = arm_type_location(target->type, bytes_from_string(text));
    return *location != NULL ||
           arm_fail(&call->error, 400, "LocationNotAvailableForResourceType",
                    "The provided location '%s' is not available for resource type '%s'. List of "
                    "available regions for the resource type is "
                    "'westus2,westus,eastus,eastus2,centralus,northeurope,westeurope,...'.",
                    text, target->type_name);
}

static bool name_or_fail(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    const struct arm_resource_type *type = target->type;
    if (type->only_name != NULL) {
        if (bytes_equal_string_nocase(target->name, type->only_name)) {
            return true;
        }
        return arm_fail_provider(
            &call->error, 400, "InvalidParameter", "The name '%.*s' is invalid: it must be '%s'.",
            (int)bytes_slice(target->name, 0, 300).size, target->name.data, type->only_name);
    }
    if (arm_name_fits(&type->names, target->name)) {
        return true;
    }
    return arm_fail_provider(&call->error, 400, "InvalidParameter",
                             "The name '%.*s' is invalid: %s.",
                             (int)bytes_slice(target->name, 0, 300).size, target->name.data,
                             arm_name_words(&type->names));
}

/* ---- Answers ---- */

cJSON *arm_resource_show(struct arm_call *call, const struct arm_resource *resource, bool secrets)
{
    return resource->type->show != NULL ? resource->type->show(call, resource, secrets)
                                        : arm_resource_show_plain(call, resource);
}

static unsigned create_headers(const struct arm_call *call, const struct arm_polling_style *polling)
{
    bool status = polling->create_status_since == NULL ||
                  strcmp(call->api_version, polling->create_status_since) >= 0;
    return status ? polling->create : polling->create & ~(unsigned)ARM_STATUS_HEADER;
}

static struct arm_operation *begin(struct arm_call *call, struct arm_resource *resource,
                                   enum arm_operation_kind kind, const char *verb, int realistic_s)
{
    char action[ACTION_SIZE];
    action_of(resource->type_name, verb, action);
    const struct arm_resource *located = resource;
    while (located->location == NULL && located->parent != NULL) {
        located = located->parent;
    }
    resource->operation = arm_operation_start(call->service, kind, resource->type->polling, action,
                                              resource->id, located->location, realistic_s);
    return resource->operation;
}

static void answer_begun(struct arm_call *call, const struct arm_operation *operation,
                         unsigned headers)
{
    arm_changed(call->service);
    arm_operation_headers(call, operation, headers);
    arm_retry_after(call, 0);
}

/* ---- PUT and PATCH ---- */

static bool taken(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    if ((target->type->traits & ARM_UNIQUE_NAME) == 0 ||
        arm_resource_find_name(call->service, target->type, target->name) == NULL) {
        return false;
    }
    arm_fail_name_taken(&call->error);
    return true;
}

static void settle_create(struct arm_service *service, struct arm_resource *resource)
{
    resource->state = "Succeeded";
    if (resource->type->apply != NULL) {
        resource->type->apply(service, resource);
    }
}

/* What the service knows better than the client. */
static void drop_own(cJSON *body)
{
    static const char *const own[] = {"id",   "name",       "type",
                                      "etag", "systemData", "properties.provisioningState"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        arm_json_remove(body, own[i]);
    }
}

static void complete(struct arm_call *call, const struct arm_resource_type *type, cJSON *body)
{
    drop_own(body);
    arm_json_remove(body, "location");
    arm_schema_complete(type->schema, body);
    if (type->complete != NULL) {
        type->complete(call->service, body);
    }
}

static bool create(struct arm_call *call)
{
    struct arm_service *service = call->service;
    const struct arm_target *target = &call->target;
    const struct arm_resource_type *type = target->type;
    const struct arm_location *location;
    if (!location_or_fail(call, &location) || !name_or_fail(call) ||
        !arm_schema_accept(type->schema, call->body, NULL, true, call->api_version, &call->error) ||
        (type->check != NULL && !type->check(call, NULL, call->body)) || taken(call)) {
        return false;
    }
    cJSON *body = call->body;
    call->body = NULL;
    complete(call, type, body);
    struct arm_resource *resource =
        arm_resource_add(service, type, target->type_name, target->id, location, body);
    if (type->create_secrets != NULL) {
        type->create_secrets(service, resource);
    }
    if (type->furnish != NULL) {
        type->furnish(service, resource);
    }
    if (type->polling == NULL) {
        settle_create(service, resource);
        arm_changed(service);
        if (type->created == 0) {
            char *path = string_format("%s?api-version=%s", resource->id, call->api_version);
            char *url = arm_url(call, path);
            http_response_header(call->response, "Location", "%s", url);
            memory_free(url);
            memory_free(path);
        }
    } else {
        resource->state = "Creating";
        answer_begun(call,
                     begin(call, resource, ARM_OPERATION_CREATE, "write", type->durations.create_s),
                     create_headers(call, type->polling));
    }
    arm_answer(call, type->created == 0 ? 201 : type->created,
               arm_resource_show(call, resource, true));
    return true;
}

/* The changed body becomes the resource's at once, or when the operation ends. */
static bool update(struct arm_call *call, struct arm_resource *resource, cJSON *changed)
{
    const struct arm_resource_type *type = resource->type;
    struct arm_service *service = call->service;
    bool secrets = call->method == ARM_PUT;
    bool same = cJSON_Compare(resource->body, changed, false);
    const char *state = same || type->polling == NULL ? NULL
                        : type->update_state != NULL  ? type->update_state(resource->body, changed)
                                                      : "Updating";
    if (state == NULL) {
        cJSON_Delete(resource->body);
        resource->body = changed;
        if (!same) {
            resource->changed_ms = clock_now_ms(service->clock);
            if (type->apply != NULL && strcmp(resource->state, "Failed") != 0) {
                type->apply(service, resource);
            }
            arm_changed(service);
        }
        arm_answer(call, 200, arm_resource_show(call, resource, secrets));
        return true;
    }
    resource->pending = changed;
    resource->state = state;
    answer_begun(
        call,
        begin(call, resource, ARM_OPERATION_UPDATE, "write",
              strcmp(state, "Scaling") == 0 ? type->durations.create_s : type->durations.update_s),
        secrets ? type->polling->replace : type->polling->patch);
    if (type->apply != NULL && strcmp(state, "Scaling") == 0) {
        type->apply(service, resource); /* for what happens on the way */
    }
    arm_answer(call, 200, arm_resource_show(call, resource, secrets));
    return true;
}

static bool change_or_fail(struct arm_call *call, struct arm_resource *resource)
{
    if (busy(resource)) {
        return arm_fail_busy(&call->error, resource->id);
    }
    return arm_schema_accept(resource->type->schema, call->body, resource->body,
                             call->method == ARM_PUT, call->api_version, &call->error);
}

static bool finish_change(struct arm_call *call, struct arm_resource *resource, cJSON *changed)
{
    const struct arm_resource_type *type = resource->type;
    complete(call, type, changed);
    if (type->check != NULL && !type->check(call, resource, changed)) {
        cJSON_Delete(changed);
        return false;
    }
    return update(call, resource, changed);
}

static bool replace(struct arm_call *call, struct arm_resource *resource)
{
    const char *text = arm_json_text(call->body, "location");
    const struct arm_location *location;
    if (!location_or_fail(call, &location) || !change_or_fail(call, resource)) {
        return false;
    }
    if (text != NULL && location != resource->location) {
        return arm_fail(&call->error, 409, "InvalidResourceLocation",
                        "The resource '%s' already exists in location '%s' in resource group "
                        "'%s'. A resource with the same name cannot be created in location '%s'. "
                        "Please select a new resource name.",
                        resource->name,
                        resource->location == NULL ? "global" : resource->location->name,
                        resource->group == NULL ? "" : resource->group->name, text);
    }
    cJSON *changed = call->body;
    call->body = NULL;
    return finish_change(call, resource, changed);
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
    return finish_change(call, resource, changed);
}

/* ---- DELETE ---- */

static bool remove_resource(struct arm_call *call, struct arm_resource *resource)
{
    const struct arm_resource_type *type = resource->type;
    const struct arm_polling_style *polling = type->polling;
    bool deleting = strcmp(resource->state, "Deleting") == 0;
    if (busy(resource) && !deleting) {
        return arm_fail_busy(&call->error, resource->id);
    }
    if (type->check_removal != NULL && !type->check_removal(call, resource)) {
        return false;
    }
    if (polling == NULL) {
        cJSON *body = type->removal_body == NULL ? NULL : type->removal_body(call, resource);
        arm_resource_remove(call->service, resource);
        arm_changed(call->service);
        arm_answer(call, type->removed == 0 ? 200 : type->removed, body);
        return true;
    }
    if (!busy(resource)) {
        resource->state = "Deleting";
        begin(call, resource, ARM_OPERATION_DELETE, "delete", type->durations.delete_s);
    }
    /* Microsoft.Cache sends Location only; the second header lets every client poll fast. */
    bool fast = call->service->config.polling == ARM_POLLING_FAST;
    answer_begun(call, resource->operation, polling->remove | (fast ? ARM_STATUS_HEADER : 0));
    arm_answer(call, type->removed == 0 ? 202 : type->removed,
               type->removal_body == NULL ? NULL : type->removal_body(call, resource));
    return true;
}

/* ---- Actions ---- */

static bool run_action(struct arm_call *call, struct arm_resource *resource)
{
    const struct arm_action *action =
        arm_action_find(resource->type, bytes_from_string(call->target.action));
    if (action == NULL) {
        return arm_fail(&call->error, 404, "InvalidResourceType",
                        "The resource type '%s/%s' could not be found in the namespace '%.*s' for "
                        "api version '%s'.",
                        resource->type_name, call->target.action, (int)call->target.namespace.size,
                        call->target.namespace.data, call->api_version);
    }
    unsigned methods = action->methods == 0 ? ARM_POST : action->methods;
    return (methods & call->method) != 0 ? action->handle(call, resource) : arm_fail_method(call);
}

bool arm_resource_act(struct arm_call *call, struct arm_resource *resource, const char *name,
                      int realistic_s)
{
    char verb[96];
    if (busy(resource)) {
        return arm_fail_busy(&call->error, resource->id);
    }
    snprintf(verb, sizeof(verb), "%s/action", name);
    struct arm_operation *operation =
        begin(call, resource, ARM_OPERATION_ACTION, verb, realistic_s);
    operation->parameters = call->body;
    call->body = NULL;
    answer_begun(call, operation, resource->type->polling->act);
    arm_answer(call, 202, NULL);
    return true;
}

/* ---- Entry ---- */

/* Told as "Microsoft.Cache/Redis/c1/firewallRules/r1". */
bool arm_fail_not_found(struct arm_call *call, const char *id)
{
    if (call->target.type->missing != NULL) {
        return call->target.type->missing(call);
    }
    return arm_fail_resource_not_found(
        &call->error, id + arm_scope_of(id).size + strlen("/providers/"), call->target.group);
}

/* What the resource hangs on must be there: the group, and the parent if it has one. */
bool arm_holder_or_fail(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    bool nested = strstr(target->holder, "/providers/") != NULL;
    if (target->group.size > 0 && !nested && arm_group_find(call->service, target->group) == NULL) {
        return arm_fail_group_not_found(&call->error, target->group);
    }
    if (!nested || arm_resource_find_id(call->service, target->holder) != NULL) {
        return true;
    }
    if (call->method == ARM_PUT) {
        return arm_fail(&call->error, 404, "ParentResourceNotFound",
                        "Can not perform requested operation on nested resource. Parent resource "
                        "'%s' not found.",
                        strrchr(target->holder, '/') + 1);
    }
    return arm_fail_not_found(call, target->holder);
}

static bool put_or_fail(struct arm_call *call, struct arm_resource *resource)
{
    const struct arm_target *target = &call->target;
    const struct arm_group *group = arm_group_find(call->service, target->group);
    const struct arm_resource *parent = arm_resource_find_id(call->service, target->holder);
    if (group != NULL && group->deleting != NULL) {
        return arm_fail(&call->error, 409, "ResourceGroupBeingDeleted",
                        "The resource group '%s' is in deprovisioning state and cannot perform "
                        "this operation.",
                        group->name);
    }
    if (parent != NULL && (target->type->traits & ARM_BUSY_PARENT) != 0 && busy(parent)) {
        return arm_fail_busy(&call->error, parent->id);
    }
    return object_or_fail(call) && (resource == NULL ? create(call) : replace(call, resource));
}

bool arm_resource_request(struct arm_call *call)
{
    const struct arm_resource_type *type = call->target.type;
    return type->request != NULL ? type->request(call) : arm_resource_ordinary_request(call);
}

bool arm_resource_ordinary_request(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    if (!arm_holder_or_fail(call)) {
        return false;
    }
    if (target->name.size == 0) {
        return arm_resource_list(call);
    }
    struct arm_resource *resource = arm_resource_find_id(call->service, target->id);
    if (!arm_precondition_or_fail(call, resource)) {
        return false;
    }
    if (call->method == ARM_PUT && target->action == NULL) {
        return put_or_fail(call, resource);
    }
    if (resource == NULL && call->method == ARM_DELETE && target->action == NULL &&
        target->type->absent != 404) {
        arm_answer(call, 204, NULL);
        return true;
    }
    if (resource == NULL) {
        return arm_fail_not_found(call, target->id);
    }
    if (target->action != NULL) {
        return run_action(call, resource);
    }
    switch (call->method) {
    case ARM_GET:
        arm_answer(call, 200, arm_resource_show(call, resource, false));
        return true;
    case ARM_HEAD:
        arm_answer(call, 204, NULL);
        return true;
    case ARM_PATCH:
        return object_or_fail(call) && merge(call, resource);
    case ARM_DELETE:
        return remove_resource(call, resource);
    default:
        return arm_fail_method(call);
    }
}

/* ---- The end of an operation ---- */

static bool finish_action(struct arm_service *service, struct arm_operation *operation,
                          struct arm_resource *resource)
{
    size_t size = strlen(operation->action) - strlen("/action");
    char name[ACTION_SIZE];
    snprintf(name, sizeof(name), "%.*s", (int)size, operation->action);
    const struct arm_action *action =
        arm_action_find(resource->type, bytes_from_string(arm_type_leaf(name)));
    return action == NULL || action->finish == NULL ||
           action->finish(service, resource, operation->parameters, &operation->error);
}

void arm_resource_settle(struct arm_service *service, struct arm_operation *operation,
                         struct arm_resource *resource)
{
    bool failed = strcmp(operation->status, "Failed") == 0;
    resource->operation = NULL;
    resource->changed_ms = clock_now_ms(service->clock);
    if (operation->kind == ARM_OPERATION_DELETE && !failed) {
        arm_resource_remove(service, resource);
        return;
    }
    if (operation->kind == ARM_OPERATION_ACTION && !failed &&
        !finish_action(service, operation, resource)) {
        operation->status = "Failed";
    }
    if (operation->kind == ARM_OPERATION_UPDATE && !failed && resource->pending != NULL) {
        cJSON_Delete(resource->body);
        resource->body = resource->pending;
        resource->pending = NULL;
    }
    cJSON_Delete(resource->pending);
    resource->pending = NULL;
    resource->state = failed && operation->kind == ARM_OPERATION_CREATE ? "Failed" : "Succeeded";
    /* A failed change may have been on its way. */
    bool applies =
        failed ? operation->kind == ARM_OPERATION_UPDATE : operation->kind != ARM_OPERATION_ACTION;
    if (applies && resource->type->apply != NULL) {
        resource->type->apply(service, resource);
    }
}
