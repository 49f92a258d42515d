/*
 * The activity log: every write, deletion and action with who asked, when and how it ended.
 * Bounded: the oldest go first. It is of this run: snapshots do not hold it.
 */
#ifndef ARM_ACTIVITY_H
#define ARM_ACTIVITY_H

#include "arm/service_state.h"

struct arm_event {
    char id[GUID_SIZE + 1], correlation[GUID_SIZE + 1], operation_id[GUID_SIZE + 1];
    int64_t time_ms;
    char *action, *resource_id, *caller, *object_id, *method;
    const char *status; /* "Started", "Accepted", "Succeeded", "Failed" */
    int http_status;    /* 0: none, it ended later or has only begun */
    char *message;      /* what went wrong, as JSON; NULL: nothing */
    struct arm_event *older;
};

/* What a request does is noted when it begins and when it is answered. */
void arm_activity_begin(struct arm_call *call);
void arm_activity_end(struct arm_call *call);
/* Something else that came of it: an action of its own, with a message. */
void arm_activity_note(struct arm_call *call, const char *action, const char *message);
/* The operation, begun by an earlier request, is over. */
void arm_activity_operation(struct arm_operation *operation);
/* Whom an operation that begins now belongs to. */
void arm_activity_adopt(struct arm_service *service, struct arm_operation *operation);
void arm_activity_clear(struct arm_service *service);

#endif
