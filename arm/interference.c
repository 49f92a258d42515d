/* The hooks of faults into the management API. */
#include "arm/interference.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"
#include "arm/types/redis.h"

bool arm_service_rotate_key(struct arm_service *service, struct bytes cache, const char *type)
{
    struct arm_resource *resource = arm_resource_find_name(service, &arm_redis_type, cache);

    if (resource == NULL) {
        return false;
    }
    arm_redis_rotate_key(service, resource, bytes_equal_string(bytes_from_string(type), "Primary"));
    return true;
}

/* ---- Operations ---- */

void arm_ending_of(const struct arm_operation *operation, struct arm_ending *ending)
{
    *ending = (struct arm_ending){
        .action = bytes_from_string(operation->action),
        .resource_id = bytes_from_string(operation->resource_id),
        .location =
            bytes_from_string(operation->location == NULL ? NULL : operation->location->name),
        .duration_ms = operation->due.due_ms - operation->started_ms,
        .postponed = operation->postponed,
    };
}

void arm_service_release_operations(struct arm_service *service,
                                    bool (*holds)(void *context, uint64_t holder), void *context)
{
    for (struct arm_operation *operation = service->operations; operation != NULL;
         operation = operation->next) {
        if (arm_operation_running(operation) && operation->postponed && operation->holder != 0 &&
            !holds(context, operation->holder)) {
            operation->holder = 0;
            clock_arm(service->clock, &operation->due, clock_now_ms(service->clock));
        }
    }
}

/* ---- Requests ---- */

/* "Basic_C1" */
static struct bytes sku_of(const cJSON *body, char text[64])
{
    const char *name = arm_json_text(body, "properties.sku.name");
    const char *family = arm_json_text(body, "properties.sku.family");
    if (name == NULL) {
        name = arm_json_text(body, "sku.name");
        snprintf(text, 64, "%.60s", name == NULL ? "" : name);
    } else {
        snprintf(text, 64, "%.40s_%.8s%d", name, family == NULL ? "" : family,
                 arm_json_number(body, "properties.sku.capacity", 0));
    }
    return bytes_from_string(text);
}

/* "West US 2" is "westus2". */
static struct bytes location_of(const struct arm_call *call, const struct arm_resource *resource)
{
    const char *text = arm_json_text(call->body, "location");
    const struct arm_location *location = text != NULL
                                              ? arm_location_find(bytes_from_string(text))
                                              : (resource != NULL ? resource->location : NULL);
    return bytes_from_string(location != NULL ? location->name : text);
}

static const struct arm_operation *polled_by(const struct arm_call *call)
{
    if (call->method != ARM_GET || call->segment_count == 0) {
        return NULL;
    }
    return arm_operation_find(call->service,
                              bytes_from_string(call->segments[call->segment_count - 1]));
}

bool arm_interfere(struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct arm_interference *interference = &call->interference;
    const struct arm_target *target = &call->target;
    const struct arm_operation *polled;
    struct arm_ending ending;
    char sku[64];

    if (service->host.interfere == NULL) {
        return true;
    }
    const struct arm_resource *resource =
        target->resource ? arm_resource_find_id(service, target->id) : NULL;
    struct arm_attempt attempt = {
        .method = call->request->method,
        .path = call->request->path,
        .api_version = bytes_from_string(call->api_version),
        .principal = &call->principal,
        .resource_id = target->resource ? bytes_from_string(target->id) : call->request->path,
        .resource_type = bytes_from_string(target->resource ? target->type_name : NULL),
        .location = location_of(call, resource),
        .sku = sku_of(cJSON_IsObject(call->body) ? call->body
                      : resource != NULL         ? resource->body
                                                 : NULL,
                      sku),
        .age_ms = resource == NULL ? -1 : clock_now_ms(service->clock) - resource->created_ms,
    };
    polled = polled_by(call);
    if (polled != NULL) {
        arm_ending_of(polled, &ending);
        attempt.polled = &ending;
    }
    service->host.interfere(service->host.context, &attempt, interference);
    if (!interference->refused || interference->handled) {
        return true;
    }
    call->error = interference->error;
    return false;
}
