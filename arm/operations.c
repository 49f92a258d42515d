/*
 * Long-running operations: records with a due time on the clock. Polls only read them. Microsoft's
 * Redis provider sends no Retry-After (clients then wait 30 s); with fast polling we send 1, never
 * 0, which Python, Go and Java take for absent.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"
#include "base/log.h"

enum { MOST_OPERATIONS = 1000, FAST_CREATE_MS = 3000, FAST_OTHER_MS = 1000 };

int64_t arm_duration_ms(const struct arm_service *service, bool create, int realistic_s)
{
    switch (service->config.provisioning) {
    case ARM_PROVISIONING_INSTANT:
        return 0;
    case ARM_PROVISIONING_FAST:
        return create ? FAST_CREATE_MS : FAST_OTHER_MS;
    case ARM_PROVISIONING_REALISTIC:
        return (int64_t)realistic_s * 1000;
    default:
        return (int64_t)(service->config.provisioning_seconds * 1000);
    }
}

static void end_resource(struct arm_service *service, struct arm_operation *operation,
                         struct arm_resource *resource)
{
    bool failed = strcmp(operation->status, "Failed") == 0;
    resource->operation = NULL;
    resource->changed_ms = clock_now_ms(service->clock);
    if (operation->kind == ARM_OPERATION_DELETE && !failed) {
        arm_resource_remove(service, resource);
        return;
    }
    if (operation->kind == ARM_OPERATION_UPDATE && !failed && resource->pending != NULL) {
        cJSON_Delete(resource->body);
        resource->body = resource->pending;
        resource->pending = NULL;
    }
    cJSON_Delete(resource->pending);
    resource->pending = NULL;
    resource->state = failed && operation->kind == ARM_OPERATION_CREATE ? "Failed" : "Succeeded";
    if (!failed && operation->kind != ARM_OPERATION_ACTION) {
        resource->type->apply(service, resource);
    }
}

static void finish(struct arm_operation *operation)
{
    struct arm_service *service = operation->service;
    struct arm_outcome outcome = {0};
    if (service->host.decide_outcome != NULL) {
        service->host.decide_outcome(service->host.context, bytes_from_string(operation->action),
                                     bytes_from_string(operation->resource_id), &outcome);
    }
    operation->status = outcome.failed ? "Failed" : "Succeeded";
    operation->error = outcome.error;
    log_info("arm", "operation finished action=%s status=%s resource=%s", operation->action,
             operation->status, operation->resource_id);
    if (operation->kind == ARM_OPERATION_GROUP_DELETE) {
        for (struct arm_group *group = service->groups; group != NULL; group = group->next) {
            if (group->deleting == operation) {
                arm_group_deleted(service, group);
                break;
            }
        }
    } else {
        struct arm_resource *resource = service->resources;
        while (resource != NULL && resource->operation != operation) {
            resource = resource->next;
        }
        if (resource != NULL) {
            end_resource(service, operation, resource);
        }
    }
    arm_changed(service);
}

static void due(struct timer *timer)
{
    finish(CONTAINER_OF(timer, struct arm_operation, due));
}

static void free_operation(struct arm_operation *operation)
{
    clock_disarm(operation->service->clock, &operation->due);
    memory_free(operation->action);
    memory_free(operation->resource_id);
    memory_free(operation->location);
    memory_free(operation);
}

/* The oldest that are over make room. */
static void forget_old(struct arm_service *service)
{
    size_t count = 0;
    struct arm_operation **at = &service->operations;
    while (*at != NULL) {
        struct arm_operation *operation = *at;
        if (++count > MOST_OPERATIONS && !timer_armed(&operation->due)) {
            *at = operation->next;
            free_operation(operation);
        } else {
            at = &operation->next;
        }
    }
}

static struct arm_operation *add(struct arm_service *service, enum arm_operation_kind kind,
                                 const char *action, const char *resource_id, const char *location)
{
    forget_old(service);
    struct arm_operation *operation = memory_allocate_zeroed(sizeof(*operation));
    operation->service = service;
    operation->kind = kind;
    operation->action = string_duplicate(action);
    operation->resource_id = string_duplicate(resource_id);
    operation->location = string_duplicate(location);
    operation->status = "InProgress";
    operation->due.fire = due;
    operation->next = service->operations;
    service->operations = operation;
    return operation;
}

struct arm_operation *arm_operation_start(struct arm_service *service, enum arm_operation_kind kind,
                                          const char *action, const char *resource_id,
                                          const char *location, int realistic_s)
{
    struct arm_operation *operation = add(service, kind, action, resource_id, location);
    random_guid(service->random, operation->id);
    clock_arm(service->clock, &operation->due,
              clock_now_ms(service->clock) +
                  arm_duration_ms(service, kind == ARM_OPERATION_CREATE, realistic_s));
    log_info("arm", "operation started action=%s resource=%s", action, resource_id);
    return operation;
}

struct arm_operation *arm_operation_resume(struct arm_service *service, const cJSON *document)
{
    const char *id = arm_json_text(document, "id"), *status = arm_json_text(document, "status");
    const cJSON *due_ms = arm_json_at(document, "dueMs");
    struct arm_operation *operation =
        add(service, (enum arm_operation_kind)arm_json_number(document, "kind", 0),
            arm_json_text(document, "action"), arm_json_text(document, "resourceId"),
            arm_json_text(document, "location"));
    strncpy(operation->id, id, GUID_SIZE);
    operation->status = strcmp(status, "Succeeded") == 0 ? "Succeeded"
                        : strcmp(status, "Failed") == 0  ? "Failed"
                                                         : "InProgress";
    if (strcmp(operation->status, "InProgress") == 0) {
        clock_arm(service->clock, &operation->due,
                  cJSON_IsNumber(due_ms) ? (int64_t)due_ms->valuedouble : 0);
    }
    return operation;
}

cJSON *arm_operation_save(const struct arm_operation *operation)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "id", operation->id);
    cJSON_AddNumberToObject(document, "kind", operation->kind);
    cJSON_AddStringToObject(document, "action", operation->action);
    cJSON_AddStringToObject(document, "resourceId", operation->resource_id);
    cJSON_AddStringToObject(document, "location", operation->location);
    cJSON_AddStringToObject(document, "status", operation->status);
    cJSON_AddNumberToObject(document, "dueMs", (double)operation->due.due_ms);
    return document;
}

void arm_operations_clear(struct arm_service *service)
{
    while (service->operations != NULL) {
        struct arm_operation *operation = service->operations;
        service->operations = operation->next;
        free_operation(operation);
    }
    for (struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        resource->operation = NULL;
    }
    for (struct arm_group *group = service->groups; group != NULL; group = group->next) {
        group->deleting = NULL;
    }
}

struct arm_operation *arm_operation_find(const struct arm_service *service, struct bytes id)
{
    struct arm_operation *operation = service->operations;
    while (operation != NULL && !bytes_equal_string_nocase(id, operation->id)) {
        operation = operation->next;
    }
    return operation;
}

/* "West US 2" -> "West%20US%202" */
static void append_location(struct buf *url, const char *location)
{
    http_url_encode(bytes_from_string(location), url);
}

void arm_operation_header(struct arm_call *call, const struct arm_operation *operation,
                          const char *header, const char *path)
{
    struct buf url;
    buf_init(&url, 4096);
    buf_printf(&url, "https://%.*s/subscriptions/%s", (int)call->authority.size,
               call->authority.data, call->service->config.subscription_id);
    if (operation->kind == ARM_OPERATION_GROUP_DELETE) {
        buf_printf(&url, "/operationresults/%s", operation->id);
    } else {
        buf_append_string(&url, "/providers/Microsoft.Cache/locations/");
        append_location(&url, operation->location);
        buf_printf(&url, "/%s/%s", path, operation->id);
    }
    buf_printf(&url, "?api-version=%s", call->api_version);
    http_response_header(call->response, header, "%s", buf_string(&url));
    buf_finish(&url);
}

void arm_retry_after(struct arm_call *call, int azure_s)
{
    if (call->service->config.polling == ARM_POLLING_FAST) {
        http_response_header(call->response, "Retry-After", "1");
    } else if (azure_s > 0) {
        http_response_header(call->response, "Retry-After", "%d", azure_s);
    }
}

static struct arm_operation *polled(struct arm_call *call, struct bytes id)
{
    struct arm_operation *operation = arm_operation_find(call->service, id);
    if (operation == NULL) {
        arm_fail(&call->error, 404, "NotFound", "The operation '%.*s' was not found.", (int)id.size,
                 id.data);
    }
    return operation;
}

static bool in_progress(const struct arm_operation *operation)
{
    return strcmp(operation->status, "InProgress") == 0;
}

static cJSON *describe(const struct arm_operation *operation)
{
    cJSON *body = cJSON_CreateObject();
    char *id = string_format("/subscriptions/%s/providers/Microsoft.Cache/locations/%s/"
                             "asyncOperations/%s",
                             operation->service->config.subscription_id, operation->location,
                             operation->id);
    cJSON_AddStringToObject(body, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(body, "name", operation->id);
    cJSON_AddStringToObject(body, "status", operation->status);
    return body;
}

static bool get_async_operation(struct arm_call *call)
{
    const struct arm_operation *operation = polled(call, call->wildcards[2]);
    if (operation == NULL) {
        return false;
    }
    static const char *const empty[] = {"startTime", "endTime", "percentComplete", "properties"};
    cJSON *body = describe(operation);
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        cJSON_AddNullToObject(body, empty[i]);
    }
    if (strcmp(operation->status, "Failed") == 0) {
        cJSON *error = cJSON_AddObjectToObject(body, "error");
        cJSON_AddStringToObject(error, "code", operation->error.code);
        cJSON_AddStringToObject(error, "message", operation->error.message);
    } else {
        cJSON_AddNullToObject(body, "error");
    }
    arm_operation_header(call, operation, "Azure-AsyncOperation", "asyncOperations");
    if (in_progress(operation)) {
        arm_retry_after(call, 0);
    }
    arm_answer(call, 200, body);
    return true;
}

static bool get_operation_result(struct arm_call *call)
{
    const struct arm_operation *operation = polled(call, call->wildcards[2]);
    if (operation == NULL) {
        return false;
    }
    if (in_progress(operation)) {
        arm_operation_header(call, operation, "Azure-AsyncOperation", "operationresults");
        arm_operation_header(call, operation, "Location", "operationresults");
        arm_retry_after(call, 0);
    }
    arm_answer(call, in_progress(operation) ? 202 : 200, describe(operation));
    return true;
}

static bool get_group_result(struct arm_call *call)
{
    const struct arm_operation *operation = polled(call, call->wildcards[1]);
    if (operation == NULL) {
        return false;
    }
    if (in_progress(operation)) {
        arm_operation_header(call, operation, "Location", "");
        arm_retry_after(call, 15);
    }
    arm_answer(call, in_progress(operation) ? 202 : 200, NULL);
    return true;
}

static const struct arm_route rows[] = {
    {ARM_GET, "/subscriptions/{}/providers/Microsoft.Cache/locations/{}/asyncOperations/{}",
     get_async_operation},
    {ARM_GET, "/subscriptions/{}/providers/Microsoft.Cache/locations/{}/operationresults/{}",
     get_operation_result},
    {ARM_GET, "/subscriptions/{}/operationresults/{}", get_group_result},
};
const struct arm_routes arm_operation_routes = {rows, ARRAY_LEN(rows)};
