/* What a deployment keeps of itself: its request, its caller, and its steps. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/templates/hashes.h"
#include "arm/types/deployment_run.h"

const char *deployment_text(const cJSON *step, const char *name)
{
    const char *text = arm_json_text(step, name);
    return text != NULL ? text : "";
}

bool deployment_step_in(const cJSON *step, const char *state)
{
    return strcmp(deployment_text(step, "provisioningState"), state) == 0;
}

void deployment_step_set(cJSON *step, const char *state)
{
    arm_json_put_text(step, "provisioningState", state);
}

void deployment_set_time(struct arm_service *service, cJSON *step, const char *name)
{
    arm_json_put(step, name, cJSON_CreateNumber((double)clock_now_ms(service->clock)));
}

void deployment_set_guid(struct arm_service *service, cJSON *object, const char *name)
{
    char guid[GUID_SIZE + 1];
    random_guid(service->random, guid);
    arm_json_put_text(object, name, guid);
}

bool deployment_any_step(const cJSON *steps, const char *state)
{
    const cJSON *step;
    cJSON_ArrayForEach(step, steps)
    {
        if (deployment_step_in(step, state)) {
            return true;
        }
    }
    return false;
}

void deployment_step_finish(struct arm_service *service, cJSON *step, const char *state,
                            const char *status_code, cJSON *message)
{
    deployment_step_set(step, state);
    deployment_set_time(service, step, "endedMs");
    arm_json_put_text(step, "statusCode", status_code);
    if (message != NULL) {
        arm_json_put(step, "statusMessage", message);
    }
}

/* ---- The record ---- */

/* "08586650121408856560": what is left of .NET's ticks. */
static void operation_id(int64_t now_ms, char text[24])
{
    int64_t ticks = (now_ms + INT64_C(62135596800000)) * 10000;
    snprintf(text, 24, "%020lld", (long long)(INT64_MAX - ticks));
}

cJSON *deployment_add_step(struct arm_service *service, cJSON *steps, const char *operation,
                           const char *id, const char *type, const char *name,
                           const char *deployment)
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
    deployment_set_guid(service, step, "trackingId");
    deployment_set_guid(service, step, "serviceRequestId");
    cJSON_AddItemToArray(steps, step);
    return step;
}

cJSON *deployment_make_record(struct arm_deployment_run *run,
                              const struct deployment_request *request, const char *mode)
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
    arm_json_copy_member(record, request->properties, "templateLink");
    if (request->parent != NULL) {
        cJSON_AddStringToObject(record, "parent", request->parent);
    }
    cJSON_AddNumberToObject(record, "depth", request->depth);
    cJSON *caller = cJSON_AddObjectToObject(record, "principal");
    cJSON_AddStringToObject(caller, "objectId", principal->object_id);
    cJSON_AddStringToObject(caller, "tenantId", principal->tenant_id);
    cJSON_AddStringToObject(caller, "applicationId", principal->application_id);
    cJSON_AddStringToObject(caller, "name", principal->name);
    deployment_set_time(service, record, "startedMs");
    cJSON *steps = cJSON_AddArrayToObject(record, "steps");
    for (size_t i = 0; i < template_resource_count(run->template); i++) {
        const struct template_resource *resource = template_resource_at(run->template, i);
        cJSON *step = deployment_add_step(service, steps, "Create", resource->id, resource->type,
                                          resource->name, run->id);
        if (!resource->deployed) {
            deployment_step_set(step, "Skipped");
        }
    }
    return record;
}

void deployment_read_principal(const cJSON *record, struct arm_principal *principal)
{
    const cJSON *caller = arm_json_at(record, "principal");
    *principal = (struct arm_principal){0};
    snprintf(principal->object_id, sizeof(principal->object_id), "%s",
             deployment_text(caller, "objectId"));
    snprintf(principal->tenant_id, sizeof(principal->tenant_id), "%s",
             deployment_text(caller, "tenantId"));
    snprintf(principal->application_id, sizeof(principal->application_id), "%s",
             deployment_text(caller, "applicationId"));
    snprintf(principal->name, sizeof(principal->name), "%s", deployment_text(caller, "name"));
}

/* The shown state; the resource's own follows it. */
void deployment_set_state(struct arm_service *service, struct arm_resource *deployment,
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

const struct saved_shape deployment_saved[] = {
    {"properties", SAVED_OBJECT, true},
    {"properties.provisioningState", SAVED_TEXT, true},
    {"secrets", SAVED_OBJECT, true},
    {"secrets.operationId", SAVED_TEXT, true},
    {"secrets.mode", SAVED_TEXT, true},
    {"secrets.template", SAVED_OBJECT, false},
    {"secrets.parameters", SAVED_OBJECT, false},
    {"secrets.outer", SAVED_OBJECT, false},
    {"secrets.outer.subscriptionId", SAVED_TEXT, false},
    {"secrets.outer.resourceGroup", SAVED_TEXT, false},
    {"secrets.outer.parameters", SAVED_OBJECT, false},
    {"secrets.outer.variables", SAVED_OBJECT, false},
    {"secrets.outer.loops", SAVED_LIST, false},
    {"secrets.outer.loops.[]", SAVED_OBJECT, false},
    {"secrets.outer.loops.[].name", SAVED_TEXT, true},
    {"secrets.outer.loops.[].index", SAVED_NUMBER, true},
    {"secrets.source", SAVED_TEXT, false},
    {"secrets.templateLink", SAVED_OBJECT, false},
    {"secrets.templateLink.uri", SAVED_TEXT, false},
    {"secrets.templateLink.id", SAVED_TEXT, false},
    {"secrets.templateLink.queryString", SAVED_TEXT, false},
    {"secrets.parent", SAVED_ID, false},
    {"secrets.depth", SAVED_NUMBER, false},
    {"secrets.canceled", SAVED_TRUTH, false},
    {"secrets.cleared", SAVED_TRUTH, false},
    {"secrets.startedMs", SAVED_TIME, false},
    {"secrets.endedMs", SAVED_TIME, false},
    {"secrets.principal", SAVED_OBJECT, true},
    {"secrets.principal.objectId", SAVED_TEXT, true},
    {"secrets.principal.tenantId", SAVED_TEXT, true},
    {"secrets.principal.applicationId", SAVED_TEXT, true},
    {"secrets.principal.name", SAVED_TEXT, true},
    {"secrets.steps", SAVED_LIST, true},
    {"secrets.steps.[]", SAVED_OBJECT, false},
    {"secrets.steps.[].operationId", SAVED_TEXT, true},
    {"secrets.steps.[].provisioningOperation", SAVED_TEXT, true},
    {"secrets.steps.[].provisioningState", SAVED_TEXT, true},
    {"secrets.steps.[].id", SAVED_TEXT, false},
    {"secrets.steps.[].type", SAVED_TEXT, false},
    {"secrets.steps.[].name", SAVED_TEXT, false},
    {"secrets.steps.[].trackingId", SAVED_TEXT, true},
    {"secrets.steps.[].serviceRequestId", SAVED_TEXT, false},
    {"secrets.steps.[].operation", SAVED_TEXT, false},
    {"secrets.steps.[].statusCode", SAVED_TEXT, false},
    {"secrets.steps.[].startedMs", SAVED_TIME, false},
    {"secrets.steps.[].endedMs", SAVED_TIME, false},
    {"secrets.steps.[].fetching", SAVED_TRUTH, false},
    {NULL, SAVED_TEXT, false},
};
