/* What a deployment would do, without doing it: validate and whatIf. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/types/deployment.h"

enum { WHAT_IF_S = 4, MOST_DETAILS = 20 };

/* ---- validate ---- */

static bool has_expression(const cJSON *value)
{
    if (cJSON_IsString(value)) {
        return expression_is(value->valuestring);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, value)
    {
        if (has_expression(item)) {
            return true;
        }
    }
    return false;
}

static cJSON *show_planned(const struct template_resource *resource, const cJSON *body)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "apiVersion", resource->api_version);
    cJSON_AddStringToObject(item, "id", resource->id);
    cJSON_AddStringToObject(item, "name", resource->name);
    cJSON_AddStringToObject(item, "type", resource->type);
    const cJSON *member;
    cJSON_ArrayForEach(member, body)
    {
        cJSON_AddItemToObject(item, member->string, cJSON_Duplicate(member, true));
    }
    return item;
}

/* What the resource's provider would refuse, as far as its row tells. */
static bool preflight(const struct template_resource *resource, const cJSON *body,
                      struct arm_error *error)
{
    const struct arm_resource_type *type = arm_type_find(bytes_from_string(resource->type));
    if (type == NULL || resource->nested || has_expression(body)) {
        return true;
    }
    struct bytes name = bytes_from_string(arm_type_leaf(resource->name));
    if (!arm_name_fits(&type->names, name)) {
        return arm_fail(error, 400, "InvalidParameter", "The name '%s' is invalid: %s.",
                        resource->name, arm_name_words(&type->names));
    }
    cJSON *copy = cJSON_Duplicate(body, true);
    bool good = arm_schema_accept(type->schema, copy, NULL, true, resource->api_version, error);
    cJSON_Delete(copy);
    return good;
}

static cJSON *preflight_error(const struct arm_call *call, const char *name, cJSON *details)
{
    char message[400];
    snprintf(message, sizeof(message),
             "The template deployment '%.64s' is not valid according to the validation procedure. "
             "The tracking id is '%s'. See inner errors for details.",
             name, call->request_id);
    cJSON *error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "code", "InvalidTemplateDeployment");
    cJSON_AddStringToObject(error, "message", message);
    cJSON_AddItemToObject(error, "details", details);
    return error;
}

/* Those of nested templates are checked as well; an empty `details`: all is well. */
static void check_resources(struct deployment_host *host, struct template *template,
                            const struct deployment_request *request, cJSON *shown, cJSON *details,
                            int depth);

static void check_nested(struct deployment_host *host, struct template *template, size_t index,
                         const cJSON *body, const struct deployment_request *around, cJSON *shown,
                         cJSON *details, int depth)
{
    const struct template_resource *resource = template_resource_at(template, index);
    cJSON *properties = arm_json_at(body, "properties");
    struct template_error error = {0};
    if (has_expression(arm_json_at(properties, "templateLink"))) {
        return; /* where it leads to is known later */
    }
    switch (deployment_follow_links(host->documents, properties,
                                    arm_json_at(around->properties, "templateLink"), &error)) {
    case DEPLOYMENT_LINKS_FOLLOWED:
        break;
    case DEPLOYMENT_LINKS_COMING:
        return; /* and all of this again */
    case DEPLOYMENT_LINKS_BAD:
        cJSON_AddItemToArray(details, deployment_template_error(&error));
        return;
    }
    cJSON *outer = deployment_is_inner(properties) ? NULL : template_outer(template, index, &error);
    struct deployment_request request = *around;
    request.scope = (struct deployment_scope){resource->resource_group, resource->name};
    request.properties = properties;
    request.outer = outer;
    request.around = template;
    request.source = (struct bytes){0};
    struct deployment_host inner;
    deployment_host_init(&inner, host->service, &host->principal, &request.scope);
    inner.documents = host->documents;
    /* Parameters that wait for resources cannot be told yet: then neither can what is inside. */
    struct template *nested = has_expression(arm_json_at(properties, "parameters")) || depth > 8
                                  ? NULL
                                  : deployment_template(&request, &inner, &error);
    if (nested != NULL) {
        check_resources(&inner, nested, &request, shown, details, depth + 1);
    } else if (error.message[0] != '\0') {
        cJSON_AddItemToArray(details, deployment_template_error(&error));
    }
    template_destroy(nested);
    deployment_host_finish(&inner);
    cJSON_Delete(outer);
}

static void check_resources(struct deployment_host *host, struct template *template,
                            const struct deployment_request *request, cJSON *shown, cJSON *details,
                            int depth)
{
    cJSON *bodies = cJSON_CreateArray();
    size_t count = template_resource_count(template);
    for (size_t i = 0; i < count; i++) {
        const struct template_resource *resource = template_resource_at(template, i);
        struct template_error error;
        struct arm_error refusal = {0};
        cJSON *body = resource->deployed ? template_resource_preview(template, i, &error) : NULL;
        cJSON_AddItemToArray(bodies, body != NULL ? body : cJSON_CreateNull());
        if (body != NULL) {
            cJSON_AddItemToArray(shown, show_planned(resource, body));
        }
        if (body != NULL && !preflight(resource, body, &refusal)) {
            cJSON *detail = cJSON_CreateObject();
            cJSON_AddStringToObject(detail, "code", refusal.code);
            cJSON_AddStringToObject(detail, "target", resource->id);
            cJSON_AddStringToObject(detail, "message", refusal.message);
            cJSON_AddItemToArray(details, detail);
        }
    }
    /* What is nested comes behind, as the service lists it. */
    const cJSON *body = bodies->child;
    for (size_t i = 0; i < count; i++, body = body->next) {
        if (cJSON_IsObject(body) && template_resource_at(template, i)->nested &&
            cJSON_GetArraySize(details) < MOST_DETAILS) {
            check_nested(host, template, i, body, request, shown, details, depth);
        }
    }
    cJSON_Delete(bodies);
}

/* A request's template, what it would make, and what refuses it: both checks begin so. */
struct checked {
    struct deployment_request request;
    struct deployment_host host;
    struct template *template; /* NULL: `error` tells why */
    struct template_error error;
    cJSON *planned;
    cJSON *refusal; /* of preflight; NULL: all is well */
};

static void checked_finish(struct checked *checked)
{
    cJSON_Delete(checked->planned);
    cJSON_Delete(checked->refusal);
    template_destroy(checked->template);
    deployment_host_finish(&checked->host);
}

/* False: it is an error, or templates that are linked to must be here first. */
static bool checked_init(struct checked *checked, struct arm_call *call)
{
    *checked = (struct checked){0};
    if (!deployment_read_request(call, &checked->request)) {
        return false;
    }
    deployment_host_init(&checked->host, call->service, &call->principal, &checked->request.scope);
    checked->host.documents = &call->wait->documents;
    checked->template = deployment_template(&checked->request, &checked->host, &checked->error);
    if (checked->template != NULL) {
        cJSON *details = cJSON_CreateArray();
        checked->planned = cJSON_CreateArray();
        check_resources(&checked->host, checked->template, &checked->request, checked->planned,
                        details, 0);
        if (call->wait->documents.coming > 0) {
            call->wait->waits = true;
            cJSON_Delete(details);
            checked_finish(checked);
            return false;
        }
        if (details->child != NULL) {
            checked->refusal = preflight_error(call, checked->request.scope.name, details);
        } else {
            cJSON_Delete(details);
        }
    }
    return true;
}

static cJSON *take(cJSON **item)
{
    cJSON *taken = *item;
    *item = NULL;
    return taken;
}

static const char *mode_of(const cJSON *properties)
{
    const char *mode = arm_json_text(properties, "mode");
    return mode != NULL && strcasecmp(mode, "Complete") == 0 ? "Complete" : "Incremental";
}

static void answer_valid(struct arm_call *call, const struct deployment_request *request,
                         const struct template *template, cJSON *planned)
{
    char *id = deployment_id(call->service, &request->scope), text[GUID_SIZE + 1];
    cJSON *body = cJSON_CreateObject(), *item;
    cJSON_AddStringToObject(body, "id", id);
    cJSON_AddStringToObject(body, "name", request->scope.name);
    bool old = strcmp(call->api_version, "2019-05-01") < 0;
    if (!old) {
        cJSON_AddStringToObject(body, "type", arm_deployment_type.name);
        cJSON_ArrayForEach(item, planned)
        {
            while (item->child != NULL && item->child->next != NULL) {
                cJSON *first = item->child;
                cJSON *other = strcmp(first->string, "id") == 0 ? first->next : first;
                cJSON_Delete(cJSON_DetachItemViaPointer(item, other));
            }
        }
    }
    if (request->location != NULL && request->scope.group == NULL) {
        cJSON_AddStringToObject(body, "location", request->location);
    }
    cJSON *properties = deployment_properties(
        template, arm_json_at(request->properties, "template"), mode_of(request->properties));
    cJSON_AddStringToObject(properties, "provisioningState", "Succeeded");
    timestamp_format(clock_now_ms(call->service->clock), text);
    cJSON_AddStringToObject(properties, "timestamp", text);
    cJSON_AddStringToObject(properties, "duration", "PT0S");
    random_guid(call->service->random, text);
    cJSON_AddStringToObject(properties, "correlationId", text);
    cJSON_AddItemToObject(properties, "providers", deployment_providers(template));
    cJSON_AddItemToObject(properties, "dependencies", deployment_dependencies(template));
    cJSON_AddItemToObject(properties, "validatedResources", planned);
    cJSON_AddItemToObject(body, "properties", properties);
    memory_free(id);
    arm_answer(call, 200, body);
}

bool deployment_validate(struct arm_call *call)
{
    struct checked checked;
    if (!checked_init(&checked, call)) {
        return false;
    }
    if (checked.template == NULL) {
        deployment_answer_error(call, &checked.error);
    } else if (checked.refusal != NULL) {
        cJSON *body = cJSON_CreateObject();
        cJSON_AddItemToObject(body, "error", take(&checked.refusal));
        arm_answer(call, 400, body);
    } else {
        answer_valid(call, &checked.request, checked.template, take(&checked.planned));
    }
    checked_finish(&checked);
    return true;
}

/* ---- whatIf ---- */

static cJSON *change_of(const char *path, const char *kind, const cJSON *before, const cJSON *after)
{
    cJSON *change = cJSON_CreateObject();
    cJSON_AddStringToObject(change, "path", path);
    cJSON_AddStringToObject(change, "propertyChangeType", kind);
    if (before != NULL) {
        cJSON_AddItemToObject(change, "before", cJSON_Duplicate(before, true));
    }
    if (after != NULL) {
        cJSON_AddItemToObject(change, "after", cJSON_Duplicate(after, true));
    }
    return change;
}

/* Properties that the template says and the resource has otherwise, and tags it has no more. */
static void compare(const char *path, const cJSON *before, const cJSON *after, cJSON *delta)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, after)
    {
        const cJSON *present = cJSON_GetObjectItem(before, item->string);
        char *inner = string_format("%s%s%s", path, path[0] != '\0' ? "." : "", item->string);
        if (present == NULL) {
            cJSON_AddItemToArray(delta, change_of(inner, "Create", NULL, item));
        } else if (cJSON_IsObject(present) && cJSON_IsObject(item)) {
            compare(inner, present, item, delta);
        } else if (!cJSON_Compare(present, item, true)) {
            bool arrays = cJSON_IsArray(present) && cJSON_IsArray(item);
            cJSON_AddItemToArray(delta,
                                 change_of(inner, arrays ? "Array" : "Modify", present, item));
        }
        memory_free(inner);
    }
    cJSON_ArrayForEach(item, (strcmp(path, "tags") == 0 ? before : NULL))
    {
        if (cJSON_GetObjectItem(after, item->string) == NULL) {
            char *inner = string_format("tags.%s", item->string);
            cJSON_AddItemToArray(delta, change_of(inner, "Delete", item, NULL));
            memory_free(inner);
        }
    }
}

static cJSON *add_change(cJSON *changes, const char *id, const char *kind)
{
    cJSON *change = cJSON_CreateObject();
    cJSON_AddStringToObject(change, "resourceId", id);
    cJSON_AddStringToObject(change, "changeType", kind);
    cJSON_AddItemToArray(changes, change);
    return change;
}

static void normalize_location(cJSON *resource)
{
    const char *text = arm_json_text(resource, "location");
    const struct arm_location *location =
        text != NULL ? arm_type_location(&arm_generic_type, bytes_from_string(text)) : NULL;
    if (location != NULL) {
        arm_json_put_text(resource, "location", location->name);
    }
}

static void add_planned(struct arm_call *call, const cJSON *planned, cJSON *changes, bool ids_only)
{
    const char *id = arm_json_text(planned, "id");
    const char *version = arm_json_text(planned, "apiVersion");
    int status;
    if (strcasecmp(arm_json_text(planned, "type"), arm_deployment_type.name) == 0) {
        return; /* what it deploys is listed */
    }
    cJSON *before =
        deployment_call(call->service, &call->principal, ARM_GET, id, NULL, version, NULL, &status);
    if (status != 200) {
        cJSON *change = add_change(changes, id, "Create");
        if (!ids_only) {
            cJSON_AddItemToObject(change, "after", cJSON_Duplicate(planned, true));
        }
        cJSON_Delete(before);
        return;
    }
    static const char *const own[] = {"apiVersion", "id", "name", "type"};
    cJSON *after = cJSON_Duplicate(planned, true), *delta = cJSON_CreateArray();
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        cJSON_DeleteItemFromObject(after, own[i]);
    }
    bool open = has_expression(after);
    cJSON *present = cJSON_Duplicate(before, true);
    normalize_location(after);
    normalize_location(present);
    compare("", present, after, delta);
    cJSON_Delete(present);
    cJSON *change = add_change(changes, id,
                               open                   ? "Deploy"
                               : delta->child != NULL ? "Modify"
                                                      : "NoChange");
    cJSON_Delete(after);
    if (ids_only) {
        cJSON_Delete(before);
        cJSON_Delete(delta);
        return;
    }
    cJSON_AddItemToObject(change, "before", before);
    cJSON_AddItemToObject(change, "after", cJSON_Duplicate(planned, true));
    cJSON_AddItemToObject(change, "delta", delta);
}

static bool is_planned(const cJSON *planned, const char *id)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, planned)
    {
        const char *other = arm_json_text(item, "id");
        if (other != NULL && strcasecmp(other, id) == 0) {
            return true;
        }
    }
    return false;
}

static cJSON *make_changes(struct arm_call *call, const struct deployment_request *request,
                           const cJSON *planned)
{
    const char *format = arm_json_text(request->properties, "whatIfSettings.resultFormat");
    bool ids_only = format != NULL && strcasecmp(format, "ResourceIdOnly") == 0;
    bool complete = strcmp(mode_of(request->properties), "Complete") == 0;
    cJSON *changes = cJSON_CreateArray();
    const cJSON *item;
    cJSON_ArrayForEach(item, planned)
    {
        add_planned(call, item, changes, ids_only);
    }
    const struct arm_group *group =
        request->scope.group != NULL
            ? arm_group_find(call->service, bytes_from_string(request->scope.group))
            : NULL;
    for (const struct arm_resource *resource = call->service->resources;
         resource != NULL && group != NULL; resource = resource->next) {
        if (resource->group != group || (resource->type->traits & ARM_TRACKED) == 0 ||
            is_planned(planned, resource->id)) {
            continue;
        }
        cJSON *change = add_change(changes, resource->id, complete ? "Delete" : "Ignore");
        if (!ids_only) {
            cJSON_AddItemToObject(change, "before", arm_resource_show(call, resource, false));
        }
    }
    return changes;
}

static void what_if_header(struct arm_call *call, const struct arm_operation *operation)
{
    char *path = string_format(
        "/subscriptions/%s/providers/Microsoft.Resources/deploymentWhatIfResults/%s?api-version=%s",
        call->service->config.subscription_id, operation->id, call->api_version);
    char *url = arm_url(call, path);
    http_response_header(call->response, "Location", "%s", url);
    memory_free(url);
    memory_free(path);
    arm_retry_after(call, 15);
}

/* The result is computed now and waits in the operation. */
static void begin_what_if(struct arm_call *call, const struct deployment_request *request,
                          cJSON *result)
{
    char *id = deployment_id(call->service, &request->scope);
    struct arm_operation *operation =
        arm_operation_start(call->service, ARM_OPERATION_ACTION, &arm_polling_common,
                            "Microsoft.Resources/deployments/whatIf/action", id, NULL, WHAT_IF_S);
    operation->parameters = result;
    what_if_header(call, operation);
    arm_answer(call, 202, NULL);
    memory_free(id);
}

static cJSON *failed_what_if(cJSON *error)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "status", "Failed");
    cJSON_AddItemToObject(result, "error", error);
    return result;
}

bool deployment_what_if(struct arm_call *call)
{
    struct checked checked;
    if (!checked_init(&checked, call)) {
        return false;
    }
    cJSON *result;
    if (checked.template == NULL) {
        result = failed_what_if(deployment_template_error(&checked.error));
    } else if (checked.refusal != NULL) {
        result = failed_what_if(take(&checked.refusal));
    } else {
        result = cJSON_CreateObject();
        cJSON_AddStringToObject(result, "status", "Succeeded");
        cJSON *properties = cJSON_AddObjectToObject(result, "properties");
        cJSON_AddStringToObject(properties, "correlationId", call->request_id);
        cJSON_AddItemToObject(properties, "changes",
                              make_changes(call, &checked.request, checked.planned));
    }
    begin_what_if(call, &checked.request, result);
    checked_finish(&checked);
    return true;
}

bool deployment_what_if_result(struct arm_call *call)
{
    const struct arm_operation *operation = arm_operation_find(call->service, call->wildcards[1]);
    if (operation == NULL || operation->parameters == NULL) {
        return arm_fail(&call->error, 404, "NotFound", "The operation '%.*s' was not found.",
                        (int)bytes_slice(call->wildcards[1], 0, 64).size, call->wildcards[1].data);
    }
    if (arm_operation_running(operation)) {
        what_if_header(call, operation);
        arm_answer(call, 202, NULL);
        return true;
    }
    arm_answer(call, 200, cJSON_Duplicate(operation->parameters, true));
    return true;
}
