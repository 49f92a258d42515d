/*
 * Long-running operations that do not go as they should. Codes and words: facts/azure-rest.md 2.7
 * (a cache that ended Failed, and what its operation said) and 1.4.
 */
#include "emulator/faults/families.h"

#define OPERATION FAULT_BIT(FAULT_OPERATION)
#define DUE FAULT_BIT(FAULT_AT_DUE)

static void take_error(const struct fault *fault, const struct fault_subject *subject,
                       struct fault_verdict *verdict)
{
    const char *code = fault_text(fault, "code"), *message = fault_text(fault, "message");

    fault_copy(code[0] == '\0' ? fault->kind->preset.code : code, verdict->code,
               sizeof(verdict->code));
    fault_fill(message[0] == '\0' ? fault->kind->preset.message : message, fault, subject,
               verdict->message, sizeof(verdict->message));
    verdict->from_provider = true;
}

static bool decide_fail(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    verdict->fails = true;
    take_error(fault, subject, verdict);
    return true;
}

static bool decide_deletion(const struct fault *fault, const struct fault_subject *subject,
                            struct fault_verdict *verdict)
{
    return bytes_match_glob(BYTES("*/delete"), subject->values[FAULT_KEY_OPERATION], true) &&
           decide_fail(fault, subject, verdict);
}

static const struct fault_attribute fail_attributes[] = {
    {.name = "code", .type = FAULT_TEXT},
    {.name = "message", .type = FAULT_TEXT},
    {0},
};

static bool decide_stuck(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    (void)fault;
    verdict->later_ms = FAULT_FOR_EVER;
    verdict->quiet = subject->postponed; /* it still is */
    return true;
}

/* Once: what has been made to wait is not made to wait again. */
static bool decide_slow(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    double more_ms = (double)subject->duration_ms * (fault_number(fault, "factor") - 1) +
                     fault_number(fault, "delay");

    if (subject->postponed || more_ms < 1) {
        return false;
    }
    verdict->later_ms = (int64_t)more_ms;
    return true;
}

static const struct fault_attribute slow_attributes[] = {
    {.name = "factor", .type = FAULT_NUMBER, .least = 1, .most = 1000, .fallback = 1},
    {.name = "delay", .type = FAULT_DURATION, .most = 1e10},
    {0},
};

static bool check_slow(const struct fault *fault, struct buf *error)
{
    if (fault_number(fault, "factor") > 1 || fault_number(fault, "delay") > 0) {
        return true;
    }
    buf_append_string(error, "type 'slow' needs the attribute 'factor' above 1, or 'delay'");
    return false;
}

static bool decide_lost(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    verdict->status = 404;
    take_error(fault, subject, verdict);
    verdict->from_provider = false;
    return true;
}

static const struct fault_kind kinds[] = {
    {
        .name = "fail", /* seen for a cache: reliable-web-app-pattern-dotnet#9, caf#815 */
        .planes = OPERATION,
        .moments = DUE,
        .summary = "it ends Failed, for the reason given by code and message",
        .attributes = fail_attributes,
        .decide = decide_fail,
        .preset = {.code = "InternalServerError", .message = "Something went wrong."},
    },
    {
        .name = "provisioning_failed", /* ARM's words for it: azure-sdk-for-net#30766 */
        .planes = OPERATION,
        .moments = DUE,
        .summary = "it ends Failed, as the portal's activity log puts it",
        .attributes = fail_attributes,
        .decide = decide_fail,
        .preset = {.code = "ResourceOperationFailure",
                   .message = "The resource operation completed with terminal provisioning state "
                              "'Failed'."},
    },
    {
        /* code: langchain-ai/terraform#258; words: service-fabric-mesh-preview#392 */
        .name = "capacity_failed",
        .planes = OPERATION,
        .moments = DUE,
        .summary = "it ends Failed: the region has no machines left",
        .attributes = fail_attributes,
        .decide = decide_fail,
        .preset = {.code = "InsufficientCapacity",
                   .message = "Insufficient capacity is available in this region. Please try again "
                              "later or try a different region."},
    },
    {
        .name = "deletion_failed", /* the provider's word for what it cannot do: rest 2.7 */
        .planes = OPERATION,
        .moments = DUE,
        .summary = "a deletion ends Failed, the resource stays",
        .attributes = fail_attributes,
        .decide = decide_deletion,
        .preset = {.code = "InternalServerError", .message = "Something went wrong."},
    },
    {
        .name = "stuck",
        .planes = OPERATION,
        .moments = DUE,
        .summary = "it does not end while the rule is there: Creating, for ever",
        .decide = decide_stuck,
    },
    {
        .name = "slow",
        .planes = OPERATION,
        .moments = DUE,
        .summary = "it takes factor times as long, or delay longer",
        .attributes = slow_attributes,
        .decide = decide_slow,
        .check = check_slow,
    },
    {
        .name = "lost", /* as for an unknown operation: arm/types/operation_status.c */
        .planes = OPERATION,
        .moments = FAULT_BIT(FAULT_AT_POLL),
        .summary = "polls of it are answered 404; the resource is not affected",
        .attributes = fail_attributes,
        .decide = decide_lost,
        .preset = {.code = "NotFound", .message = "The operation '{host}' was not found."},
    },
};

const struct fault_family fault_operation_family = {"operation", kinds, ARRAY_LEN(kinds)};
