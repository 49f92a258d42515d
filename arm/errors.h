/*
 * Errors of the management API: status, code and words of the real service. The functions fill an
 * arm_error and return false; only the service turns it into the JSON envelope.
 */
#ifndef ARM_ERRORS_H
#define ARM_ERRORS_H

#include "base/bytes.h"

struct arm_error {
    int status;
    char code[64];
    char message[1024];
    char target[128];   /* empty: none */
    bool null_target;   /* a provider's, with "target": null and nothing behind the message */
    bool from_provider; /* as the Redis provider writes them: RequestID behind, "target": null */
};

/* The gateway's own errors (x-ms-failure-cause: gateway). Always false. */
bool arm_fail(struct arm_error *error, int status, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The Redis resource provider's. Always false. */
bool arm_fail_provider(struct arm_error *error, int status, const char *code, const char *format,
                       ...) PRINTF_LIKE(4, 5);

/* Those that more than one place answers. All return false. */
bool arm_fail_group_not_found(struct arm_error *error, struct bytes group);
/* `path` is "Microsoft.Cache/Redis/c1". */
bool arm_fail_resource_not_found(struct arm_error *error, const char *path, struct bytes group);
bool arm_fail_name_taken(struct arm_error *error);
/* 400 InvalidRequestBody; `allowed` may be NULL. */
bool arm_fail_property(struct arm_error *error, const char *path, const char *allowed);
/* The same, with a reason instead of values. */
bool arm_fail_property_because(struct arm_error *error, const char *path, const char *why);
bool arm_fail_busy(struct arm_error *error, const char *id);

#endif
