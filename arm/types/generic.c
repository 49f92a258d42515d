/*
 * A resource of any type that has no row of its own: it is taken as it comes, kept, shown and
 * removed again, with provisioning states. Nothing stands behind it, and the log says so.
 */
#include "arm/json.h"
#include "arm/service_state.h"
#include "base/log.h"

static void apply(struct arm_service *service, struct arm_resource *resource)
{
    (void)service;
    log_info("arm", "stored a resource that nothing stands behind type=%s id=%s",
             resource->type_name, resource->id);
}

const struct arm_resource_type arm_generic_type = {
    .name = "",
    .traits = ARM_TRACKED | ARM_GLOBAL,
    .polling = &arm_polling_common,
    .durations = {30, 15, 15},
    .apply = apply,
};
