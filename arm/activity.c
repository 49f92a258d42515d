/* Events of the activity log, newest first. */
#include "arm/activity.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"

enum { MOST_EVENTS = 4000 };

static void free_event(struct arm_event *event)
{
    memory_free(event->action);
    memory_free(event->resource_id);
    memory_free(event->caller);
    memory_free(event->object_id);
    memory_free(event->method);
    memory_free(event->message);
    memory_free(event);
}

/* The list is cut well behind the limit, so that it is walked now and then only. */
static void forget_old(struct arm_service *service)
{
    struct arm_event **at = &service->events;
    if (service->event_count < MOST_EVENTS + MOST_EVENTS / 4) {
        return;
    }
    for (size_t i = 0; i < MOST_EVENTS && *at != NULL; i++) {
        at = &(*at)->older;
    }
    while (*at != NULL) {
        struct arm_event *event = *at;
        *at = event->older;
        free_event(event);
    }
    service->event_count = MOST_EVENTS;
}

static struct arm_event *add(struct arm_service *service, const char *action,
                             const char *resource_id, const char *correlation)
{
    struct arm_event *event = memory_allocate_zeroed(sizeof(*event));
    forget_old(service);
    random_guid(service->random, event->id);
    snprintf(event->correlation, sizeof(event->correlation), "%s", correlation);
    event->time_ms = clock_now_ms(service->clock);
    event->action = string_duplicate(action);
    arm_action_spell(event->action);
    event->resource_id = string_duplicate(resource_id);
    event->older = service->events;
    service->events = event;
    service->event_count++;
    return event;
}

/* ---- Requests ---- */

static bool noted(const struct arm_call *call)
{
    return call->action[0] != '\0' && call->method != ARM_GET && call->method != ARM_HEAD;
}

static struct arm_event *add_of_call(struct arm_call *call, const char *status)
{
    const struct arm_principal *principal = &call->principal;
    struct arm_event *event = add(call->service, call->action, call->scope, call->correlation_id);
    snprintf(event->operation_id, sizeof(event->operation_id), "%s", call->request_id);
    event->caller =
        string_duplicate(principal->name[0] != '\0' ? principal->name : principal->object_id);
    event->object_id = string_duplicate(principal->object_id);
    event->method = bytes_to_string(call->request->method);
    event->status = status;
    return event;
}

void arm_activity_begin(struct arm_call *call)
{
    if (noted(call)) {
        add_of_call(call, "Started");
    }
}

void arm_activity_end(struct arm_call *call)
{
    if (!noted(call)) {
        return;
    }
    int status = call->response->status;
    bool failed = status >= 400;
    struct arm_event *event = add_of_call(call, failed                         ? "Failed"
                                                : status == 202 || call->began ? "Accepted"
                                                                               : "Succeeded");
    event->http_status = status;
    if (failed) {
        event->message = bytes_to_string(buf_bytes(&call->response->body));
    }
}

void arm_activity_note(struct arm_call *call, const char *action, const char *message)
{
    struct arm_event *event = add_of_call(call, "Succeeded");
    memory_free(event->action);
    event->action = string_duplicate(action);
    event->message = string_duplicate(message);
}

/* ---- Operations ---- */

void arm_activity_adopt(struct arm_service *service, struct arm_operation *operation)
{
    struct arm_call *call = service->calling;
    if (call != NULL) {
        snprintf(operation->correlation, sizeof(operation->correlation), "%s",
                 call->correlation_id);
        snprintf(operation->caller, sizeof(operation->caller), "%s",
                 call->principal.name[0] != '\0' ? call->principal.name
                                                 : call->principal.object_id);
        call->began = true;
    }
}

void arm_activity_operation(struct arm_operation *operation)
{
    struct arm_event *event =
        add(operation->service, operation->action, operation->resource_id, operation->correlation);
    event->caller = string_duplicate(operation->caller);
    event->object_id = string_duplicate("");
    event->status = strcmp(operation->status, "Failed") == 0 ? "Failed" : "Succeeded";
    snprintf(event->operation_id, sizeof(event->operation_id), "%s", operation->id);
    if (operation->error.code[0] != '\0') {
        cJSON *body = cJSON_CreateObject();
        arm_json_put_text(body, "error.code", operation->error.code);
        arm_json_put_text(body, "error.message", operation->error.message);
        char *text = cJSON_PrintUnformatted(body);
        event->message = string_duplicate(text);
        cJSON_free(text);
        cJSON_Delete(body);
    }
}

void arm_activity_clear(struct arm_service *service)
{
    while (service->events != NULL) {
        struct arm_event *event = service->events;
        service->events = event->older;
        free_event(event);
    }
    service->event_count = 0;
}
