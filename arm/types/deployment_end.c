/* How a deployment ends: outputs, errors, and what Complete mode removes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/types/deployment_run.h"

static int compare_ids(const void *left, const void *right)
{
    return strcasecmp(*(const char *const *)left, *(const char *const *)right);
}

static void collect_output_ids(const struct arm_service *service, const cJSON *steps, cJSON *ids)
{
    const cJSON *step, *item;
    cJSON_ArrayForEach(step, steps)
    {
        if (!deployment_step_in(step, "Succeeded") ||
            strcmp(deployment_text(step, "provisioningOperation"), "Create") != 0) {
            continue;
        }
        const struct arm_resource *resource =
            arm_resource_find_id(service, deployment_text(step, "id"));
        if (resource == NULL || resource->type != &arm_deployment_type) {
            cJSON_AddItemToArray(ids, cJSON_CreateString(deployment_text(step, "id")));
            continue;
        }
        cJSON_ArrayForEach(item, arm_json_at(resource->body, "properties.outputResources"))
        {
            cJSON_AddItemToArray(ids, cJSON_CreateString(deployment_text(item, "id")));
        }
    }
}

cJSON *deployment_output_resources(const struct arm_service *service, const cJSON *steps)
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

cJSON *deployment_failure(const struct arm_resource *deployment, const cJSON *steps)
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
        if (!deployment_step_in(step, "Failed")) {
            continue;
        }
        cJSON *detail = cJSON_CreateObject();
        cJSON_AddStringToObject(detail, "code", deployment_text(step, "statusCode"));
        char *quoted = deployment_quote(arm_json_at(step, "statusMessage"));
        cJSON_AddStringToObject(detail, "message", quoted);
        memory_free(quoted);
        cJSON_AddItemToArray(details, detail);
    }
    return error;
}

cJSON *deployment_evaluate_outputs(struct arm_deployment_run *run, struct arm_resource *deployment)
{
    struct arm_service *service = run->service;
    struct template_error error;
    cJSON *steps = arm_json_at(deployment->secrets, "steps"), *failure = NULL;
    cJSON *step = cJSON_CreateObject();
    cJSON_AddStringToObject(step, "operationId",
                            deployment_text(deployment->secrets, "operationId"));
    cJSON_AddStringToObject(step, "provisioningOperation", "EvaluateDeploymentOutput");
    deployment_set_guid(service, step, "trackingId");
    deployment_set_time(service, step, "startedMs");
    cJSON *outputs = template_outputs(run->template, &error);
    if (outputs != NULL) {
        deployment_step_finish(service, step, "Succeeded", "OK", NULL);
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
        deployment_step_finish(service, step, "Failed", "BadRequest", message);
    }
    cJSON_AddItemToArray(steps, step);
    return failure;
}

/* Complete mode: what lies in the group and not in the template goes. */
static bool in_template(const struct arm_service *service, const cJSON *steps, const char *id)
{
    const cJSON *step, *item;
    cJSON_ArrayForEach(step, steps)
    {
        if (!deployment_step_in(step, "Skipped") &&
            strcasecmp(deployment_text(step, "id"), id) == 0) {
            return true;
        }
        const struct arm_resource *nested =
            arm_resource_find_id(service, deployment_text(step, "id"));
        if (nested == NULL || nested->type != &arm_deployment_type) {
            continue;
        }
        cJSON_ArrayForEach(item, arm_json_at(nested->body, "properties.outputResources"))
        {
            if (strcasecmp(deployment_text(item, "id"), id) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_deletion(const cJSON *step)
{
    return strcmp(deployment_text(step, "provisioningOperation"), "Delete") == 0;
}

static void plan_removals(struct arm_deployment_run *run, const struct arm_resource *deployment)
{
    struct arm_service *service = run->service;
    cJSON *steps = arm_json_at(deployment->secrets, "steps");
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->group != NULL && resource->group == deployment->group &&
            (resource->type->traits & ARM_TRACKED) != 0 &&
            !in_template(service, steps, resource->id)) {
            deployment_add_step(service, steps, "Delete", resource->id, resource->type_name,
                                resource->name, run->id);
        }
    }
}

/* Whether it is on its way, or gone; a refusal is kept for when it remains. */
static bool try_removal(struct arm_deployment_run *run, cJSON *step)
{
    struct arm_service *service = run->service;
    const struct arm_resource *resource =
        arm_resource_find_id(service, deployment_text(step, "id"));
    if (arm_json_at(step, "startedMs") == NULL) {
        deployment_set_time(service, step, "startedMs");
    }
    if (resource == NULL) {
        deployment_step_finish(service, step, "Succeeded", "OK", NULL);
        return true;
    }
    const char *const *versions = resource->type->api_versions;
    int status;
    cJSON *answer =
        deployment_call(service, &run->host.principal, ARM_DELETE, deployment_text(step, "id"),
                        NULL, versions != NULL ? versions[0] : "2021-04-01", NULL, &status);
    if (status >= 300) {
        arm_json_put_text(step, "statusCode", deployment_status_name(status));
        arm_json_put(step, "statusMessage", answer != NULL ? answer : cJSON_CreateNull());
        return false;
    }
    cJSON_Delete(answer);
    arm_json_remove(step, "statusMessage");
    deployment_step_set(step, "Running");
    deployment_step_check(service, step);
    return true;
}

void deployment_remove_others(struct arm_deployment_run *run, struct arm_resource *deployment)
{
    cJSON *steps = arm_json_at(deployment->secrets, "steps"), *step;
    if (arm_json_at(deployment->secrets, "cleared") == NULL) {
        arm_json_put(deployment->secrets, "cleared", cJSON_CreateTrue());
        plan_removals(run, deployment);
    }
    /* What others still use is tried again when they are gone, as long as that goes on. */
    for (bool progress = true; progress;) {
        progress = false;
        cJSON_ArrayForEach(step, steps)
        {
            if (is_deletion(step) && deployment_step_in(step, "Waiting")) {
                progress = try_removal(run, step) || progress;
            }
        }
    }
    cJSON_ArrayForEach(step, steps)
    {
        if (is_deletion(step) && deployment_step_in(step, "Waiting") &&
            !deployment_any_step(steps, "Running")) {
            deployment_step_set(step, "Failed");
            deployment_set_time(run->service, step, "endedMs");
        }
    }
}
