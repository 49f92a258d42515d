/* Azure Policy: what its files know of each other. */
#ifndef ARM_TYPES_POLICIES_H
#define ARM_TYPES_POLICIES_H

#include "arm/service_state.h"

extern const struct arm_resource_type arm_policy_definition_type, arm_policy_set_type,
    arm_policy_assignment_type;

/* The definition or set of that id as clients see it, built-in or stored; owned. NULL: none. */
cJSON *arm_policy_definition(struct arm_service *service, const char *id);

#endif
