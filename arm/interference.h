/*
 * What a host may do to the management API from outside of a request, and what it may ask of one
 * before it is handled. For faults.
 */
#ifndef ARM_INTERFERENCE_H
#define ARM_INTERFERENCE_H

#include "arm/service.h"

/*
 * Operations that decide_outcome put off end now, unless `holds` says of their holder that it still
 * keeps them.
 */
void arm_service_release_operations(struct arm_service *service,
                                    bool (*holds)(void *context, uint64_t holder), void *context);

/* As regenerateKey; `type` is "Primary" or "Secondary". False: there is no such cache. */
bool arm_service_rotate_key(struct arm_service *service, struct bytes cache, const char *type);

#endif
