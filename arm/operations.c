/* Long-running operations: records with a due time on the clock. Polls only read them. */
#include <stdio.h>
#include <string.h>

#include "arm/activity.h"
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

static void finish(struct arm_operation *operation)
{
    struct arm_service *service = operation->service;
    struct arm_outcome outcome = {0};
    if (service->host.decide_outcome != NULL) {
        struct arm_ending ending;
        arm_ending_of(operation, &ending);
        service->host.decide_outcome(service->host.context, &ending, &outcome);
    }
    operation->holder = outcome.holder;
    if (outcome.later_ms != 0) {
        operation->postponed = true;
        if (outcome.later_ms > 0) {
            clock_arm(service->clock, &operation->due,
                      clock_now_ms(service->clock) + outcome.later_ms);
        }
        return;
    }
    operation->status = outcome.failed ? "Failed" : "Succeeded";
    operation->error = outcome.error;
    operation->ended_ms = clock_now_ms(service->clock);
    if (operation->kind == ARM_OPERATION_GROUP_DELETE) {
        for (struct arm_group *group = service->groups; group != NULL; group = group->next) {
            if (group->deleting == operation) {
                arm_group_deleted(service, group);
                break;
            }
        }
    } else if (operation->kind == ARM_OPERATION_MOVE) {
        arm_move_finish(service, operation);
    } else {
        struct arm_resource *resource = service->resources;
        while (resource != NULL && resource->operation != operation) {
            resource = resource->next;
        }
        if (resource != NULL) {
            arm_resource_settle(service, operation, resource);
        }
    }
    arm_activity_operation(operation);
    log_info("arm", "operation finished action=%s status=%s resource=%s", operation->action,
             operation->status, operation->resource_id);
    arm_deployments_wake(service);
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
    cJSON_Delete(operation->parameters);
    memory_free(operation);
}

/* The oldest that are over make room. */
static void forget_old(struct arm_service *service)
{
    size_t count = 0;
    struct arm_operation **at = &service->operations;
    while (*at != NULL) {
        struct arm_operation *operation = *at;
        if (++count > MOST_OPERATIONS && !arm_operation_running(operation)) {
            *at = operation->next;
            free_operation(operation);
        } else {
            at = &operation->next;
        }
    }
}

static struct arm_operation *add(struct arm_service *service, enum arm_operation_kind kind,
                                 const struct arm_polling_style *polling, const char *action,
                                 const char *resource_id, const struct arm_location *location)
{
    forget_old(service);
    struct arm_operation *operation = memory_allocate_zeroed(sizeof(*operation));
    operation->service = service;
    operation->kind = kind;
    operation->polling = polling;
    operation->action = string_duplicate(action);
    operation->resource_id = string_duplicate(resource_id);
    operation->location = location;
    operation->status = "InProgress";
    operation->started_ms = clock_now_ms(service->clock);
    operation->due.fire = due;
    operation->next = service->operations;
    service->operations = operation;
    return operation;
}

struct arm_operation *arm_operation_start(struct arm_service *service, enum arm_operation_kind kind,
                                          const struct arm_polling_style *polling,
                                          const char *action, const char *resource_id,
                                          const struct arm_location *location, int realistic_s)
{
    struct arm_operation *operation = add(service, kind, polling, action, resource_id, location);
    arm_activity_adopt(service, operation);
    random_guid(service->random, operation->id);
    clock_arm(service->clock, &operation->due,
              operation->started_ms +
                  arm_duration_ms(service, kind == ARM_OPERATION_CREATE, realistic_s));
    log_info("arm", "operation started action=%s resource=%s", action, resource_id);
    return operation;
}

bool arm_operation_running(const struct arm_operation *operation)
{
    return operation != NULL && strcmp(operation->status, "InProgress") == 0;
}

static int64_t time_at(const cJSON *document, const char *name)
{
    const cJSON *item = arm_json_at(document, name);
    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;
}

static const struct saved_shape saved_operation[] = {
    {"", SAVED_OBJECT, true},
    {"id", SAVED_TEXT, true},
    {"kind", SAVED_NUMBER, true},
    {"polling", SAVED_TEXT, false},
    {"action", SAVED_TEXT, true},
    {"resourceId", SAVED_ID, true},
    {"location", SAVED_TEXT, false},
    {"status", SAVED_TEXT, true},
    {"error", SAVED_OBJECT, false},
    {"error.code", SAVED_TEXT, true},
    {"error.message", SAVED_TEXT, false},
    {"startedMs", SAVED_TIME, true},
    {"endedMs", SAVED_TIME, true},
    {"dueMs", SAVED_TIME, true},
    {"postponed", SAVED_TRUTH, false},
    {NULL, SAVED_TEXT, false},
};

bool arm_operation_sound(const cJSON *document, struct buf *why)
{
    if (!saved_shape_fits(saved_operation, document, why)) {
        return false;
    }
    int kind = arm_json_number(document, "kind", -1);
    if (kind < ARM_OPERATION_CREATE || kind > ARM_OPERATION_MOVE) {
        buf_printf(why, "'kind' %d is of no operation", kind);
        return false;
    }
    return true;
}

struct arm_operation *arm_operation_resume(struct arm_service *service, const cJSON *document)
{
    static const struct arm_polling_style *const styles[] = {
        &arm_polling_redis, &arm_polling_redis_links, &arm_polling_enterprise, &arm_polling_network,
        &arm_polling_common};
    const char *id = arm_json_text(document, "id"), *status = arm_json_text(document, "status");
    const char *style = arm_json_text(document, "polling");
    const char *place = arm_json_text(document, "location");
    const struct arm_polling_style *polling = &arm_polling_redis;
    for (size_t i = 0; style != NULL && i < ARRAY_LEN(styles); i++) {
        polling = strcmp(style, styles[i]->name) == 0 ? styles[i] : polling;
    }
    struct arm_operation *operation =
        add(service, (enum arm_operation_kind)arm_json_number(document, "kind", 0), polling,
            arm_json_text(document, "action"), arm_json_text(document, "resourceId"),
            place == NULL ? NULL : arm_type_location(&arm_generic_type, bytes_from_string(place)));
    snprintf(operation->id, sizeof(operation->id), "%s", id);
    operation->status = strcmp(status, "Succeeded") == 0 ? "Succeeded"
                        : strcmp(status, "Failed") == 0  ? "Failed"
                                                         : "InProgress";
    operation->started_ms = time_at(document, "startedMs");
    operation->ended_ms = time_at(document, "endedMs");
    operation->postponed = arm_json_truth(document, "postponed");
    operation->parameters = cJSON_Duplicate(arm_json_at(document, "parameters"), true);
    const char *code = arm_json_text(document, "error.code");
    const char *message = arm_json_text(document, "error.message");
    if (code != NULL) {
        arm_fail(&operation->error, 500, code, "%s", message == NULL ? "" : message);
    }
    if (arm_operation_running(operation)) {
        clock_arm(service->clock, &operation->due, time_at(document, "dueMs"));
    }
    return operation;
}

cJSON *arm_operation_save(const struct arm_operation *operation)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "id", operation->id);
    cJSON_AddNumberToObject(document, "kind", operation->kind);
    cJSON_AddStringToObject(document, "polling", operation->polling->name);
    cJSON_AddStringToObject(document, "action", operation->action);
    cJSON_AddStringToObject(document, "resourceId", operation->resource_id);
    if (operation->location != NULL) {
        cJSON_AddStringToObject(document, "location", operation->location->name);
    }
    cJSON_AddStringToObject(document, "status", operation->status);
    if (operation->error.code[0] != '\0') {
        cJSON *error = cJSON_AddObjectToObject(document, "error");
        cJSON_AddStringToObject(error, "code", operation->error.code);
        cJSON_AddStringToObject(error, "message", operation->error.message);
    }
    if (operation->parameters != NULL) {
        cJSON_AddItemToObject(document, "parameters", cJSON_Duplicate(operation->parameters, true));
    }
    cJSON_AddNumberToObject(document, "startedMs", (double)operation->started_ms);
    cJSON_AddNumberToObject(document, "endedMs", (double)operation->ended_ms);
    cJSON_AddNumberToObject(document, "dueMs", (double)operation->due.due_ms);
    if (operation->postponed) {
        cJSON_AddTrueToObject(document, "postponed");
    }
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
