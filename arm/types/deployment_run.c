/*
 * Progress of deployments: each resource is put as soon as what it depends on is there, through
 * the service's own API and on behalf of the caller. Nothing is polled: the run sleeps until the
 * operation that ends first is due.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/templates/hashes.h"
#include "arm/types/deployment.h"
#include "base/log.h"

enum { MOST_DEPTH = 8, EVALUATE_S = 2 };

/* A deployment that is not over. Everything that must survive is in the resource. */
struct arm_deployment_run {
    struct arm_service *service;
    char *id; /* of the deployment; the resource itself may move or go */
    struct deployment_host host;
    struct template *template;
    struct timer due;
    bool stopping; /* canceled: nothing more is started */
    struct arm_deployment_run *next;
};

static struct arm_resource *resource_of(const struct arm_deployment_run *run)
{
    return arm_resource_find_id(run->service, run->id);
}

static const char *text_of(const cJSON *step, const char *name)
{
    const char *text = arm_json_text(step, name);
    return text != NULL ? text : "";
}

static bool in_state(const cJSON *step, const char *state)
{
    return strcmp(text_of(step, "provisioningState"), state) == 0;
}

static void set_state(cJSON *step, const char *state)
{
    arm_json_put_text(step, "provisioningState", state);
}

static void set_time(struct arm_service *service, cJSON *step, const char *name)
{
    arm_json_put(step, name, cJSON_CreateNumber((double)clock_now_ms(service->clock)));
}

static void new_guid(struct arm_service *service, cJSON *object, const char *name)
{
    char guid[GUID_SIZE + 1];
    random_guid(service->random, guid);
    arm_json_put_text(object, name, guid);
}

/* ---- The record ---- */

/* "08586650121408856560": what is left of .NET's ticks. */
static void operation_id(int64_t now_ms, char text[24])
{
    int64_t ticks = (now_ms + INT64_C(62135596800000)) * 10000;
    snprintf(text, 24, "%020lld", (long long)(INT64_MAX - ticks));
}

static cJSON *add_step(struct arm_service *service, cJSON *steps, const char *operation,
                       const char *id, const char *type, const char *name, const char *deployment)
{
    cJSON *step = cJSON_CreateObject();
    char *key = string_format("%s|%s|%s", deployment, operation, id);
    char hash[24];
    snprintf(hash, sizeof(hash), "%016llX",
             (unsigned long long)template_murmur64(bytes_from_string(key)));
    memory_free(key);
    cJSON_AddStringToObject(step, "operationId", hash);
    cJSON_AddStringToObject(step, "provisioningOperation", operation);
    cJSON_AddStringToObject(step, "provisioningState", "Waiting");
    cJSON_AddStringToObject(step, "id", id);
    cJSON_AddStringToObject(step, "type", type);
    cJSON_AddStringToObject(step, "name", name);
    new_guid(service, step, "trackingId");
    new_guid(service, step, "serviceRequestId");
    cJSON_AddItemToArray(steps, step);
    return step;
}

static cJSON *make_record(struct arm_deployment_run *run, const struct deployment_request *request,
                          const char *mode)
{
    struct arm_service *service = run->service;
    const struct arm_principal *principal = request->principal;
    cJSON *record = cJSON_CreateObject();
    char id[24];
    operation_id(clock_now_ms(service->clock), id);
    cJSON_AddStringToObject(record, "operationId", id);
    cJSON_AddStringToObject(record, "mode", mode);
    cJSON_AddItemToObject(record, "template",
                          cJSON_Duplicate(arm_json_at(request->properties, "template"), true));
    cJSON_AddItemToObject(record, "parameters", template_saved_parameters(run->template));
    if (request->outer != NULL) {
        cJSON_AddItemToObject(record, "outer", cJSON_Duplicate(request->outer, true));
    }
    if (request->source.size > 0) {
        cJSON_AddItemToObject(record, "source", arm_json_text_bytes(request->source));
    }
    if (request->parent != NULL) {
        cJSON_AddStringToObject(record, "parent", request->parent);
    }
    cJSON_AddNumberToObject(record, "depth", request->depth);
    cJSON *caller = cJSON_AddObjectToObject(record, "principal");
    cJSON_AddStringToObject(caller, "objectId", principal->object_id);
    cJSON_AddStringToObject(caller, "tenantId", principal->tenant_id);
    cJSON_AddStringToObject(caller, "applicationId", principal->application_id);
    cJSON_AddStringToObject(caller, "name", principal->name);
    set_time(service, record, "startedMs");
    cJSON *steps = cJSON_AddArrayToObject(record, "steps");
    for (size_t i = 0; i < template_resource_count(run->template); i++) {
        const struct template_resource *resource = template_resource_at(run->template, i);
        cJSON *step = add_step(service, steps, "Create", resource->id, resource->type,
                               resource->name, run->id);
        if (!resource->deployed) {
            set_state(step, "Skipped");
        }
    }
    return record;
}

static void read_principal(const cJSON *record, struct arm_principal *principal)
{
    const cJSON *caller = arm_json_at(record, "principal");
    *principal = (struct arm_principal){0};
    snprintf(principal->object_id, sizeof(principal->object_id), "%s", text_of(caller, "objectId"));
    snprintf(principal->tenant_id, sizeof(principal->tenant_id), "%s", text_of(caller, "tenantId"));
    snprintf(principal->application_id, sizeof(principal->application_id), "%s",
             text_of(caller, "applicationId"));
    snprintf(principal->name, sizeof(principal->name), "%s", text_of(caller, "name"));
}

/* The shown state; the resource's own follows it. */
static void set_deployment_state(struct arm_service *service, struct arm_resource *deployment,
                                 const char *state)
{
    char text[32];
    const cJSON *started = arm_json_at(deployment->secrets, "startedMs");
    int64_t now = clock_now_ms(service->clock);
    deployment->state = state;
    deployment->changed_ms = now;
    arm_json_put_text(deployment->body, "properties.provisioningState", state);
    timestamp_format(now, text);
    arm_json_put_text(deployment->body, "properties.timestamp", text);
    deployment_duration(now - (cJSON_IsNumber(started) ? (int64_t)started->valuedouble : now),
                        text);
    arm_json_put_text(deployment->body, "properties.duration", text);
    arm_changed(service);
}

bool deployment_active(const struct arm_resource *deployment)
{
    const char *state = arm_json_text(deployment->body, "properties.provisioningState");
    return state != NULL && (strcmp(state, "Accepted") == 0 || strcmp(state, "Running") == 0);
}

/* ---- Runs ---- */

static struct arm_deployment_run *find_run(const struct arm_service *service, const char *id)
{
    struct arm_deployment_run *run = service->deployment_runs;
    while (run != NULL && strcasecmp(run->id, id) != 0) {
        run = run->next;
    }
    return run;
}

static void free_run(struct arm_deployment_run *run)
{
    clock_disarm(run->service->clock, &run->due);
    template_destroy(run->template);
    deployment_host_finish(&run->host);
    memory_free(run->id);
    memory_free(run);
}

static void end_run(struct arm_deployment_run *run)
{
    struct arm_deployment_run **at = &run->service->deployment_runs;
    while (*at != run) {
        at = &(*at)->next;
    }
    *at = run->next;
    free_run(run);
}

static void advance(struct timer *timer);

static struct arm_deployment_run *make_run(struct arm_service *service,
                                           const struct arm_principal *principal,
                                           const struct deployment_scope *scope)
{
    struct arm_deployment_run *run = memory_allocate_zeroed(sizeof(*run));
    run->service = service;
    run->id = deployment_id(service, scope);
    run->due.fire = advance;
    deployment_host_init(&run->host, service, principal, scope);
    return run;
}

static void wake(struct arm_deployment_run *run, int64_t due_ms)
{
    clock_arm(run->service->clock, &run->due, due_ms);
}

/* The deployment around this one may go on. */
static void wake_parent(struct arm_service *service, const struct arm_resource *deployment)
{
    const char *parent = arm_json_text(deployment->secrets, "parent");
    struct arm_deployment_run *run = parent != NULL ? find_run(service, parent) : NULL;
    if (run != NULL) {
        wake(run, clock_now_ms(service->clock));
    }
}

/* ---- One step ---- */

static void finish_step(struct arm_service *service, cJSON *step, const char *state,
                        const char *status_code, cJSON *message)
{
    set_state(step, state);
    set_time(service, step, "endedMs");
    arm_json_put_text(step, "statusCode", status_code);
    if (message != NULL) {
        arm_json_put(step, "statusMessage", message);
    }
}

static const char *status_name(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "NoContent";
    case 400:
        return "BadRequest";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "NotFound";
    case 405:
        return "MethodNotAllowed";
    case 409:
        return "Conflict";
    case 412:
        return "PreconditionFailed";
    case 429:
        return "TooManyRequests";
    default:
        return "InternalServerError";
    }
}

/* {"status": "Failed", "error": {"code": "ResourceDeploymentFailure", ...}} */
static cJSON *terminal_failure(const char *code, const char *message, cJSON *detail)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "status", "Failed");
    cJSON *error = cJSON_AddObjectToObject(body, "error");
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", message);
    if (detail != NULL) {
        cJSON_AddItemToArray(cJSON_AddArrayToObject(error, "details"), detail);
    }
    return body;
}

static cJSON *resource_failure(const struct arm_operation *operation)
{
    cJSON *detail = NULL;
    if (operation != NULL && operation->error.code[0] != '\0') {
        detail = cJSON_CreateObject();
        cJSON_AddStringToObject(detail, "code", operation->error.code);
        cJSON_AddStringToObject(detail, "message", operation->error.message);
    }
    return terminal_failure("ResourceDeploymentFailure",
                            "The resource write operation failed to complete successfully, because "
                            "it reached terminal provisioning state 'Failed'.",
                            detail);
}

static void fail_step(struct arm_service *service, cJSON *step, const struct template_error *error)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "error", deployment_template_error(error));
    finish_step(service, step, "Failed", "BadRequest", body);
}

static void start_nested(struct arm_deployment_run *run, const struct arm_resource *deployment,
                         size_t index, cJSON *step, const cJSON *body)
{
    struct arm_service *service = run->service;
    const struct template_resource *resource = template_resource_at(run->template, index);
    const cJSON *properties = arm_json_at(body, "properties");
    const cJSON *depth = arm_json_at(deployment->secrets, "depth");
    struct template_error error = {0};
    cJSON *outer = NULL;
    if (!deployment_is_inner(properties)) {
        outer = template_outer(run->template, index, &error);
    }
    struct deployment_request request = {
        .scope = {resource->resource_group, resource->name},
        .principal = &run->host.principal,
        .properties = properties,
        .location = arm_json_text(body, "location"),
        .outer = outer,
        .correlation_id = arm_json_text(deployment->body, "properties.correlationId"),
        .parent = run->id,
        .depth = cJSON_IsNumber(depth) ? depth->valueint + 1 : 1,
    };
    bool created = arm_resource_find_id(service, resource->id) == NULL;
    bool begun = error.message[0] == '\0' && deployment_begin(service, &request, &error) != NULL;
    cJSON_Delete(outer);
    if (!begun) {
        fail_step(service, step, &error);
        return;
    }
    arm_json_put_text(step, "statusCode", created ? "Created" : "OK");
    set_state(step, "Running");
}

static void start_put(struct arm_deployment_run *run, size_t index, cJSON *step, cJSON *body)
{
    struct arm_service *service = run->service;
    const struct template_resource *resource = template_resource_at(run->template, index);
    int status;
    cJSON *answer = deployment_call(service, &run->host.principal, ARM_PUT, resource->id, NULL,
                                    resource->api_version, body, &status);
    if (status >= 300) {
        finish_step(service, step, "Failed", status_name(status), answer);
        return;
    }
    cJSON_Delete(answer);
    arm_json_put_text(step, "statusCode", status_name(status));
    set_state(step, "Running");
    /* A type without operations is done. */
    const struct arm_resource *stored = arm_resource_find_id(service, resource->id);
    if (stored == NULL || stored->operation == NULL) {
        finish_step(service, step, "Succeeded", status_name(status), NULL);
    } else {
        arm_json_put_text(step, "operation", stored->operation->id);
    }
}

static void start_step(struct arm_deployment_run *run, const struct arm_resource *deployment,
                       size_t index, cJSON *step)
{
    struct template_error error;
    set_time(run->service, step, "startedMs");
    cJSON *body = template_resource_body(run->template, index, &error);
    if (body == NULL) {
        fail_step(run->service, step, &error);
        return;
    }
    if (template_resource_at(run->template, index)->nested) {
        start_nested(run, deployment, index, step, body);
        cJSON_Delete(body);
        return;
    }
    start_put(run, index, step, body);
}

static void check_nested(struct arm_service *service, cJSON *step,
                         const struct arm_resource *nested)
{
    if (deployment_active(nested)) {
        return;
    }
    const char *state = arm_json_text(nested->body, "properties.provisioningState");
    if (state != NULL && strcmp(state, "Succeeded") == 0) {
        finish_step(service, step, "Succeeded", "OK", NULL);
        return;
    }
    cJSON *message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "status", "Failed");
    cJSON *error = cJSON_Duplicate(arm_json_at(nested->body, "properties.error"), true);
    if (error == NULL) {
        cJSON_Delete(message);
        message =
            terminal_failure("DeploymentCanceled", "The nested deployment was canceled.", NULL);
    } else {
        cJSON_AddItemToObject(message, "error", error);
    }
    finish_step(service, step, "Failed", "Conflict", message);
}

/* Whether what the step started is over. */
static void check_step(struct arm_service *service, cJSON *step)
{
    bool deleting = strcmp(text_of(step, "provisioningOperation"), "Delete") == 0;
    const struct arm_resource *resource = arm_resource_find_id(service, text_of(step, "id"));
    if (deleting) {
        if (resource == NULL) {
            finish_step(service, step, "Succeeded", "OK", NULL);
        } else if (resource->operation == NULL) {
            finish_step(service, step, "Failed", "Conflict", resource_failure(NULL));
        }
        return;
    }
    if (resource == NULL) {
        finish_step(service, step, "Failed", "NotFound", resource_failure(NULL));
    } else if (resource->type == &arm_deployment_type) {
        check_nested(service, step, resource);
    } else if (resource->operation == NULL) {
        const struct arm_operation *operation =
            arm_operation_find(service, bytes_from_string(text_of(step, "operation")));
        bool failed = strcmp(resource->state, "Failed") == 0 ||
                      (operation != NULL && strcmp(operation->status, "Failed") == 0);
        if (failed) {
            finish_step(service, step, "Failed", "Conflict", resource_failure(operation));
        } else {
            finish_step(service, step, "Succeeded", text_of(step, "statusCode"), NULL);
        }
    }
}

/* ---- The whole ---- */

static const cJSON *step_at(const cJSON *steps, size_t index)
{
    return cJSON_GetArrayItem(steps, (int)index);
}

static bool ready(const struct arm_deployment_run *run, const cJSON *steps, size_t index)
{
    const struct template_resource *resource = template_resource_at(run->template, index);
    for (size_t i = 0; i < resource->dependency_count; i++) {
        const cJSON *other = step_at(steps, resource->dependencies[i]);
        if (!in_state(other, "Succeeded") && !in_state(other, "Skipped")) {
            return false;
        }
    }
    return true;
}

/* When the first of what runs is over; INT64_MAX: something wakes us. */
static int64_t next_due(const struct arm_service *service, const cJSON *steps)
{
    int64_t due = INT64_MAX;
    const cJSON *step;
    cJSON_ArrayForEach(step, steps)
    {
        const struct arm_resource *resource =
            in_state(step, "Running") ? arm_resource_find_id(service, text_of(step, "id")) : NULL;
        if (resource != NULL && resource->operation != NULL &&
            resource->operation->due.due_ms < due) {
            due = resource->operation->due.due_ms;
        }
    }
    return due;
}

static bool any_in_state(const cJSON *steps, const char *state)
{
    const cJSON *step;
    cJSON_ArrayForEach(step, steps)
    {
        if (in_state(step, state)) {
            return true;
        }
    }
    return false;
}

/* Starts all that may start; what ends at once may let others begin. */
static void start_ready(struct arm_deployment_run *run, const struct arm_resource *deployment,
                        cJSON *steps)
{
    bool changed = true;
    while (changed && !any_in_state(steps, "Failed")) {
        changed = false;
        cJSON *step = steps->child;
        for (size_t i = 0; i < template_resource_count(run->template); i++, step = step->next) {
            if (in_state(step, "Waiting") && ready(run, steps, i)) {
                start_step(run, deployment, i, step);
                changed = changed || !in_state(step, "Running");
            }
        }
    }
}

/* ---- The end ---- */

static int compare_ids(const void *left, const void *right)
{
    return strcasecmp(*(const char *const *)left, *(const char *const *)right);
}

static void collect_output_ids(const struct arm_service *service, const cJSON *steps, cJSON *ids)
{
    const cJSON *step, *item;
    cJSON_ArrayForEach(step, steps)
    {
        if (!in_state(step, "Succeeded") ||
            strcmp(text_of(step, "provisioningOperation"), "Create") != 0) {
            continue;
        }
        const struct arm_resource *resource = arm_resource_find_id(service, text_of(step, "id"));
        if (resource == NULL || resource->type != &arm_deployment_type) {
            cJSON_AddItemToArray(ids, cJSON_CreateString(text_of(step, "id")));
            continue;
        }
        cJSON_ArrayForEach(item, arm_json_at(resource->body, "properties.outputResources"))
        {
            cJSON_AddItemToArray(ids, cJSON_CreateString(text_of(item, "id")));
        }
    }
}

static cJSON *output_resources(const struct arm_service *service, const cJSON *steps)
{
    cJSON *ids = cJSON_CreateArray(), *result = cJSON_CreateArray(), *item;
    collect_output_ids(service, steps, ids);
    size_t count = 0;
    const char **sorted = memory_allocate(((size_t)cJSON_GetArraySize(ids) + 1) * sizeof(*sorted));
    cJSON_ArrayForEach(item, ids)
    {
        sorted[count++] = item->valuestring;
    }
    qsort(sorted, count, sizeof(*sorted), compare_ids);
    for (size_t i = 0; i < count; i++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "id", sorted[i]);
        cJSON_AddItemToArray(result, entry);
    }
    memory_free(sorted);
    cJSON_Delete(ids);
    return result;
}

/* DeploymentFailed with each failed step's answer, quoted. */
static cJSON *failure_of(const struct arm_resource *deployment, const cJSON *steps)
{
    cJSON *error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "code", "DeploymentFailed");
    cJSON_AddStringToObject(error, "target", deployment->id);
    cJSON_AddStringToObject(error, "message",
                            "At least one resource deployment operation failed. Please list "
                            "deployment operations for details. Please see "
                            "https://aka.ms/arm-deployment-operations for usage details.");
    cJSON *details = cJSON_AddArrayToObject(error, "details");
    const cJSON *step;
    cJSON_ArrayForEach(step, steps)
    {
        if (!in_state(step, "Failed")) {
            continue;
        }
        cJSON *detail = cJSON_CreateObject();
        cJSON_AddStringToObject(detail, "code", text_of(step, "statusCode"));
        char *quoted = deployment_quote(arm_json_at(step, "statusMessage"));
        cJSON_AddStringToObject(detail, "message", quoted);
        memory_free(quoted);
        cJSON_AddItemToArray(details, detail);
    }
    return error;
}

static void finish(struct arm_deployment_run *run, struct arm_resource *deployment,
                   const char *state, cJSON *error)
{
    struct arm_service *service = run->service;
    if (error != NULL) {
        arm_json_put(deployment->body, "properties.error", error);
    }
    arm_json_put(deployment->body, "properties.outputResources",
                 output_resources(service, arm_json_at(deployment->secrets, "steps")));
    set_time(service, deployment->secrets, "endedMs");
    set_deployment_state(service, deployment, state);
    arm_json_remove(deployment->secrets, "source");
    log_info("arm", "deployment finished state=%s id=%s", state, deployment->id);
    wake_parent(service, deployment);
    end_run(run);
}

static void evaluate_outputs(struct arm_deployment_run *run, struct arm_resource *deployment)
{
    struct arm_service *service = run->service;
    struct template_error error;
    cJSON *steps = arm_json_at(deployment->secrets, "steps"), *failure = NULL;
    cJSON *step = cJSON_CreateObject();
    cJSON_AddStringToObject(step, "operationId", text_of(deployment->secrets, "operationId"));
    cJSON_AddStringToObject(step, "provisioningOperation", "EvaluateDeploymentOutput");
    new_guid(service, step, "trackingId");
    set_time(service, step, "startedMs");
    cJSON *outputs = template_outputs(run->template, &error);
    if (outputs != NULL) {
        finish_step(service, step, "Succeeded", "OK", NULL);
        if (outputs->child != NULL) {
            arm_json_put(deployment->body, "properties.outputs", outputs);
        } else {
            cJSON_Delete(outputs);
        }
    } else {
        failure = cJSON_CreateObject();
        cJSON_AddStringToObject(failure, "code", "DeploymentOutputEvaluationFailed");
        cJSON_AddStringToObject(failure, "message",
                                "Unable to evaluate template outputs. Please see error details and "
                                "deployment operations. Please see "
                                "https://aka.ms/arm-common-errors for usage details.");
        cJSON *detail = cJSON_CreateObject();
        cJSON_AddStringToObject(detail, "code", "DeploymentOutputEvaluationFailed");
        cJSON_AddStringToObject(detail, "message", error.message);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(failure, "details"), detail);
        cJSON *message = cJSON_CreateObject();
        cJSON_AddItemToObject(message, "error", cJSON_Duplicate(failure, true));
        finish_step(service, step, "Failed", "BadRequest", message);
    }
    cJSON_AddItemToArray(steps, step);
    finish(run, deployment, failure == NULL ? "Succeeded" : "Failed", failure);
}

/* Complete mode: what lies in the group and not in the template goes. */
static bool in_template(const struct arm_service *service, const cJSON *steps, const char *id)
{
    const cJSON *step, *item;
    cJSON_ArrayForEach(step, steps)
    {
        if (!in_state(step, "Skipped") && strcasecmp(text_of(step, "id"), id) == 0) {
            return true;
        }
        const struct arm_resource *nested = arm_resource_find_id(service, text_of(step, "id"));
        if (nested == NULL || nested->type != &arm_deployment_type) {
            continue;
        }
        cJSON_ArrayForEach(item, arm_json_at(nested->body, "properties.outputResources"))
        {
            if (strcasecmp(text_of(item, "id"), id) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void remove_others(struct arm_deployment_run *run, struct arm_resource *deployment)
{
    struct arm_service *service = run->service;
    cJSON *steps = arm_json_at(deployment->secrets, "steps"), *gone = cJSON_CreateArray(), *item;
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->group != NULL && resource->group == deployment->group &&
            resource->parent == NULL && (resource->type->traits & ARM_TRACKED) != 0 &&
            !in_template(service, steps, resource->id)) {
            cJSON_AddItemToArray(gone, cJSON_CreateString(resource->id));
        }
    }
    cJSON_ArrayForEach(item, gone)
    {
        const struct arm_resource *resource = arm_resource_find_id(service, item->valuestring);
        if (resource == NULL) {
            continue;
        }
        const char *const *versions = resource->type->api_versions;
        cJSON *step = add_step(service, steps, "Delete", resource->id, resource->type_name,
                               resource->name, run->id);
        int status;
        set_time(service, step, "startedMs");
        cJSON *answer =
            deployment_call(service, &run->host.principal, ARM_DELETE, item->valuestring, NULL,
                            versions != NULL ? versions[0] : "2021-04-01", NULL, &status);
        if (status >= 300) {
            finish_step(service, step, "Failed", status_name(status), answer);
            continue;
        }
        cJSON_Delete(answer);
        set_state(step, "Running");
        check_step(service, step);
    }
    cJSON_Delete(gone);
}

static void advance(struct timer *timer)
{
    struct arm_deployment_run *run = CONTAINER_OF(timer, struct arm_deployment_run, due);
    struct arm_service *service = run->service;
    struct arm_resource *deployment = resource_of(run);
    if (deployment == NULL) {
        end_run(run);
        return;
    }
    cJSON *record = deployment->secrets, *steps = arm_json_at(record, "steps"), *step;
    if (strcmp(deployment->state, "Accepted") == 0) {
        set_deployment_state(service, deployment, "Running");
    }
    cJSON_ArrayForEach(step, steps)
    {
        if (in_state(step, "Running")) {
            check_step(service, step);
        }
    }
    if (!run->stopping) {
        start_ready(run, deployment, steps);
    }
    bool failed = any_in_state(steps, "Failed");
    bool complete = strcasecmp(text_of(record, "mode"), "Complete") == 0;
    if (!failed && !run->stopping && !any_in_state(steps, "Running") &&
        !any_in_state(steps, "Waiting") && complete && arm_json_at(record, "cleared") == NULL) {
        arm_json_put(record, "cleared", cJSON_CreateTrue());
        remove_others(run, deployment);
        failed = any_in_state(steps, "Failed");
    }
    if (any_in_state(steps, "Running")) {
        int64_t due = next_due(service, steps);
        if (due != INT64_MAX) {
            wake(run, due);
        }
        arm_changed(service);
    } else if (run->stopping) {
        finish(run, deployment, "Canceled", NULL);
    } else if (failed) {
        finish(run, deployment, "Failed", failure_of(deployment, steps));
    } else {
        evaluate_outputs(run, deployment);
    }
}

/* ---- Life ---- */

static bool check_request(struct arm_service *service, const struct deployment_request *request,
                          const struct arm_resource *present, struct template_error *error)
{
    const struct arm_group *group =
        request->scope.group != NULL
            ? arm_group_find(service, bytes_from_string(request->scope.group))
            : NULL;
    if (request->scope.group != NULL && group == NULL) {
        template_fail(error, "Resource group '%.90s' could not be found.", request->scope.group);
        snprintf(error->code, sizeof(error->code), "ResourceGroupNotFound");
        return false;
    }
    if (present != NULL && deployment_active(present)) {
        const cJSON *started = arm_json_at(present->secrets, "startedMs");
        char from[32], until[32];
        int64_t began = cJSON_IsNumber(started) ? (int64_t)started->valuedouble : 0;
        timestamp_format(began, from);
        timestamp_format(began + INT64_C(7) * 86400000, until);
        template_fail(error,
                      "Unable to edit or replace deployment '%.64s': previous deployment from '%s' "
                      "is still active (expiration time is '%s'). Please see "
                      "https://aka.ms/arm-deploy for usage details.",
                      request->scope.name, from, until);
        snprintf(error->code, sizeof(error->code), "DeploymentActive");
        return false;
    }
    if (request->depth > MOST_DEPTH) {
        template_fail(error,
                      "Deployment template validation failed: 'Deployments are nested deeper than "
                      "the maximum of '%d' levels.'.",
                      MOST_DEPTH);
        snprintf(error->code, sizeof(error->code), "InvalidTemplate");
        return false;
    }
    return true;
}

static const char *mode_of(const cJSON *properties)
{
    const char *mode = arm_json_text(properties, "mode");
    return mode != NULL && strcasecmp(mode, "Complete") == 0 ? "Complete" : "Incremental";
}

struct arm_resource *deployment_begin(struct arm_service *service,
                                      const struct deployment_request *request,
                                      struct template_error *error)
{
    struct arm_deployment_run *run = make_run(service, request->principal, &request->scope);
    struct arm_resource *present = arm_resource_find_id(service, run->id);
    if (check_request(service, request, present, error)) {
        run->template = deployment_template(request, &run->host, error);
    }
    if (run->template == NULL) {
        free_run(run);
        return NULL;
    }
    const char *mode = mode_of(request->properties);
    cJSON *body = cJSON_CreateObject();
    cJSON *properties =
        deployment_properties(run->template, arm_json_at(request->properties, "template"), mode);
    static const char *const later[] = {"provisioningState", "timestamp", "duration"};
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        cJSON_AddStringToObject(properties, later[i], "");
    }
    if (request->correlation_id != NULL) {
        cJSON_AddStringToObject(properties, "correlationId", request->correlation_id);
    } else {
        new_guid(service, properties, "correlationId");
    }
    cJSON_AddItemToObject(properties, "providers", deployment_providers(run->template));
    cJSON_AddItemToObject(properties, "dependencies", deployment_dependencies(run->template));
    cJSON_AddItemToObject(body, "properties", properties);
    if (cJSON_IsObject(request->tags)) {
        cJSON_AddItemToObject(body, "tags", cJSON_Duplicate(request->tags, true));
    }
    if (present != NULL) {
        arm_resource_remove(service, present);
    }
    const struct arm_location *location =
        request->location != NULL ? arm_location_find(bytes_from_string(request->location)) : NULL;
    struct arm_resource *deployment = arm_resource_add(
        service, &arm_deployment_type, arm_deployment_type.name, run->id, location, body);
    deployment->secrets = make_record(run, request, mode);
    /* What the request lends is gone when the answer is. */
    run->host.shown = arm_json_at(deployment->body, "properties");
    run->host.location = location != NULL ? location->name : NULL;
    set_deployment_state(service, deployment, "Accepted");
    run->next = service->deployment_runs;
    service->deployment_runs = run;
    bool slow = service->config.provisioning == ARM_PROVISIONING_REALISTIC;
    wake(run, clock_now_ms(service->clock) + (slow ? EVALUATE_S * 1000 : 0));
    log_info("arm", "deployment started id=%s resources=%zu", run->id,
             template_resource_count(run->template));
    return deployment;
}

void deployment_cancel(struct arm_service *service, struct arm_resource *deployment)
{
    struct arm_deployment_run *run = find_run(service, deployment->id);
    const cJSON *step;
    cJSON_ArrayForEach(step, arm_json_at(deployment->secrets, "steps"))
    {
        struct arm_resource *nested =
            in_state(step, "Running") ? arm_resource_find_id(service, text_of(step, "id")) : NULL;
        if (nested != NULL && nested->type == &arm_deployment_type && deployment_active(nested)) {
            deployment_cancel(service, nested);
        }
    }
    arm_json_put(deployment->secrets, "canceled", cJSON_CreateTrue());
    if (run != NULL) {
        run->stopping = true;
        finish(run, deployment, "Canceled", NULL);
    }
}

static void fail_loaded(struct arm_service *service, struct arm_resource *deployment,
                        const char *why)
{
    cJSON *error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "code", "DeploymentFailed");
    cJSON_AddStringToObject(error, "target", deployment->id);
    char *message =
        string_format("The deployment could not go on after its state was loaded: %s", why);
    cJSON_AddStringToObject(error, "message", message);
    memory_free(message);
    arm_json_put(deployment->body, "properties.error", error);
    set_deployment_state(service, deployment, "Failed");
}

void deployment_resume(struct arm_service *service, struct arm_resource *deployment)
{
    static const char *const states[] = {"Accepted", "Running",   "Canceled",
                                         "Failed",   "Succeeded", "Creating"};
    const char *shown = arm_json_text(deployment->body, "properties.provisioningState");
    for (size_t i = 0; shown != NULL && i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i], shown) == 0) {
            deployment->state = states[i];
        }
    }
    if (!deployment_active(deployment) || find_run(service, deployment->id) != NULL) {
        return;
    }
    const cJSON *record = deployment->secrets;
    struct arm_principal principal;
    read_principal(record, &principal);
    struct deployment_scope scope = {deployment->group != NULL ? deployment->group->name : NULL,
                                     deployment->name};
    struct arm_deployment_run *run = make_run(service, &principal, &scope);
    struct template_error error = {0};
    struct deployment_request request = {
        .scope = scope,
        .principal = &principal,
        .properties = record,
        .location = deployment->location != NULL ? deployment->location->name : NULL,
        .outer = arm_json_at(record, "outer"),
        .source = bytes_from_string(arm_json_text(record, "source")),
    };
    run->template = deployment_template(&request, &run->host, &error);
    size_t steps = (size_t)cJSON_GetArraySize(arm_json_at(record, "steps"));
    if (run->template == NULL || steps < template_resource_count(run->template)) {
        fail_loaded(service, deployment, error.message);
        free_run(run);
        return;
    }
    run->host.shown = arm_json_at(deployment->body, "properties");
    run->next = service->deployment_runs;
    service->deployment_runs = run;
    wake(run, clock_now_ms(service->clock));
}

void deployment_forget(struct arm_service *service, struct arm_resource *deployment)
{
    struct arm_deployment_run *run = find_run(service, deployment->id);
    if (run != NULL) {
        end_run(run);
    }
}
