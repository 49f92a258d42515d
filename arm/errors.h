/*
 * Every error the management API answers: status, code and words of the real service. The
 * functions fill an arm_error; only the service turns it into the JSON envelope.
 */
#ifndef ARM_ERRORS_H
#define ARM_ERRORS_H

#include "base/bytes.h"

struct arm_error {
    int status;
    char code[64];
    char message[1024];
    char target[128];   /* empty: none */
    bool from_provider; /* "target":null is written, as the Redis provider does */
};

#endif
