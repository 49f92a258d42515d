/* The list of the resources of one type, at the scope that the request names. */
#include <string.h>

#include "arm/service_state.h"

static bool below(struct bytes id, struct bytes holder)
{
    return id.size > holder.size && id.data[holder.size] == '/' &&
           bytes_equal_nocase(bytes_slice(id, 0, holder.size), holder);
}

/* Whether the list at the target's holder shows this resource. */
static bool listed(const struct arm_target *target, const struct arm_resource *resource)
{
    struct bytes holder = bytes_from_string(target->holder);
    if (resource->type != target->type ||
        (resource->type == &arm_generic_type &&
         !bytes_equal_string_nocase(bytes_from_string(resource->type_name), target->type_name))) {
        return false;
    }
    bool exact = (target->type->traits & (ARM_SCOPED | ARM_LISTS_BELOW)) == ARM_SCOPED;
    return exact ? bytes_equal_nocase(arm_scope_of(resource->id), holder)
                 : below(bytes_from_string(resource->id), holder);
}

bool arm_resource_list(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    if (call->method != ARM_GET) {
        return arm_fail_method(call);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON *value = cJSON_AddArrayToObject(body, "value");
    for (const struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if (listed(target, resource) && arm_may_read(call, resource->type_name, resource->id)) {
            cJSON_AddItemToArray(value, arm_resource_show(call, resource, false));
        }
    }
    arm_answer(call, 200, body);
    return true;
}
