/*
 * Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments: who may sign in with an Entra
 * token. There is one policy, "default", which allows everything.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"

enum { ASSIGN_S = 60 };

static const char *const policies[] = {"default", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.accessPolicyName",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = policies},
    {.path = "properties.user", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.user.objectId", .kind = ARM_GUID, .rules = ARM_REQUIRED},
    {0},
};

size_t arm_enterprise_accesses(const struct arm_service *service,
                               const struct arm_resource *database, struct arm_access *accesses,
                               size_t most)
{
    size_t count = 0;
    const struct arm_resource *assignment = NULL;
    while (count < most &&
           (assignment = arm_resource_next_child(service, database, &arm_enterprise_assignment_type,
                                                 assignment)) != NULL) {
        if (strcmp(assignment->state, "Creating") != 0 &&
            strcmp(assignment->state, "Failed") != 0) {
            struct bytes object_id =
                bytes_from_string(arm_json_text(assignment->body, "properties.user.objectId"));
            accesses[count++] = (struct arm_access){object_id, object_id, BYTES("+@all allkeys")};
        }
    }
    return count;
}

static void apply(struct arm_service *service, struct arm_resource *assignment)
{
    arm_enterprise_apply(service, assignment->parent);
}

const struct arm_resource_type arm_enterprise_assignment_type = {
    .name = "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments",
    .names = {.words = "1 to 60 letters and digits", .least = 1, .most = 60},
    .traits = ARM_BUSY_PARENT,
    .schema = schema,
    .polling = &arm_polling_enterprise,
    .durations = {ASSIGN_S, ASSIGN_S, ASSIGN_S},
    .missing = arm_enterprise_missing,
    .apply = apply,
    .remove = apply,
};

static const struct arm_resource_type *const types[] = {&arm_enterprise_assignment_type};
const struct arm_module arm_module_enterprise_access = {types, ARRAY_LEN(types), NULL, 0};
