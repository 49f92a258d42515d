/* One step of a deployment: a PUT on behalf of the caller, or a nested deployment. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/deployment_run.h"

const char *deployment_status_name(int status)
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
    deployment_step_finish(service, step, "Failed", "BadRequest", body);
}

static void start_nested(struct arm_deployment_run *run, const struct arm_resource *deployment,
                         size_t index, cJSON *step, const cJSON *body)
{
    struct arm_service *service = run->service;
    const struct template_resource *resource = template_resource_at(run->template, index);
    cJSON *properties = arm_json_at(body, "properties");
    const cJSON *depth = arm_json_at(deployment->secrets, "depth");
    struct template_error error = {0};
    cJSON *outer = NULL;
    switch (deployment_follow_links(&run->documents, properties,
                                    arm_json_at(deployment->secrets, "templateLink"), &error)) {
    case DEPLOYMENT_LINKS_FOLLOWED:
        break;
    case DEPLOYMENT_LINKS_COMING:
        arm_json_put(step, "fetching", cJSON_CreateTrue());
        deployment_step_set(step, "Running");
        return;
    case DEPLOYMENT_LINKS_BAD:
        fail_step(service, step, &error);
        return;
    }
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
        .around = run->template,
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
    deployment_step_set(step, "Running");
}

static void start_put(struct arm_deployment_run *run, size_t index, cJSON *step, cJSON *body)
{
    struct arm_service *service = run->service;
    const struct template_resource *resource = template_resource_at(run->template, index);
    int status;
    cJSON *answer = deployment_call(service, &run->host.principal, ARM_PUT, resource->id, NULL,
                                    resource->api_version, body, &status);
    if (status >= 300) {
        deployment_step_finish(service, step, "Failed", deployment_status_name(status), answer);
        return;
    }
    cJSON_Delete(answer);
    arm_json_put_text(step, "statusCode", deployment_status_name(status));
    deployment_step_set(step, "Running");
    /* A type without operations is done. */
    const struct arm_resource *stored = arm_resource_find_id(service, resource->id);
    if (stored == NULL || stored->operation == NULL) {
        deployment_step_finish(service, step, "Succeeded", deployment_status_name(status), NULL);
    } else {
        arm_json_put_text(step, "operation", stored->operation->id);
    }
}

void deployment_step_start(struct arm_deployment_run *run, const struct arm_resource *deployment,
                           size_t index, cJSON *step)
{
    struct template_error error;
    deployment_set_time(run->service, step, "startedMs");
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
        deployment_step_finish(service, step, "Succeeded", "OK", NULL);
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
    deployment_step_finish(service, step, "Failed", "Conflict", message);
}

void deployment_step_check(struct arm_service *service, cJSON *step)
{
    bool deleting = strcmp(deployment_text(step, "provisioningOperation"), "Delete") == 0;
    const struct arm_resource *resource =
        arm_resource_find_id(service, deployment_text(step, "id"));
    if (deleting) {
        if (resource == NULL) {
            deployment_step_finish(service, step, "Succeeded", "OK", NULL);
        } else if (resource->operation == NULL) {
            deployment_step_finish(service, step, "Failed", "Conflict", resource_failure(NULL));
        }
        return;
    }
    if (resource == NULL) {
        deployment_step_finish(service, step, "Failed", "NotFound", resource_failure(NULL));
    } else if (resource->type == &arm_deployment_type) {
        check_nested(service, step, resource);
    } else if (resource->operation == NULL) {
        const struct arm_operation *operation =
            arm_operation_find(service, bytes_from_string(deployment_text(step, "operation")));
        bool failed = strcmp(resource->state, "Failed") == 0 ||
                      (operation != NULL && strcmp(operation->status, "Failed") == 0);
        if (failed) {
            deployment_step_finish(service, step, "Failed", "Conflict",
                                   resource_failure(operation));
        } else {
            deployment_step_finish(service, step, "Succeeded", deployment_text(step, "statusCode"),
                                   NULL);
        }
    }
}
