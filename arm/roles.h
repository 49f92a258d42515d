/*
 * Roles and permissions. A role is a list of actions, with wildcards; an assignment gives a
 * principal a role over a scope and all below it.
 *
 * The emulator is open by default: a principal without any assignment may do everything. Once it
 * has one, it may do just what its assignments say. Roles that only open data (such as "Key Vault
 * Secrets User") do not count for that: they add, and take nothing away.
 */
#ifndef ARM_ROLES_H
#define ARM_ROLES_H

#include "arm/service_state.h"

/* Lists are separated by spaces; NULL: none. */
struct arm_built_in_role {
    const char *id, *name, *description;
    const char *actions, *not_actions, *data_actions;
};
extern const struct arm_built_in_role arm_built_in_roles[];
extern const size_t arm_built_in_role_count;
/* By its guid; NULL: there is none. */
const struct arm_built_in_role *arm_built_in_role_find(struct bytes id);

extern const struct arm_resource_type arm_role_definition_type, arm_role_assignment_type;
/* The custom role whose id ends in that guid, or NULL. */
const struct arm_resource *arm_custom_role_find(const struct arm_service *service, struct bytes id);

/* Whether the principal may do that over that scope. */
bool arm_permitted(const struct arm_service *service, const struct arm_principal *principal,
                   const char *action, const char *scope);
/* Whether it has an assignment anywhere, of whatever role. */
bool arm_has_role(const struct arm_service *service, const char *object_id);
/* Whether a role of any of the principal's assignments allows the data action there. */
bool arm_data_permitted(const struct arm_service *service, const char *object_id,
                        const char *data_action, const char *scope);

#endif
