/* The hooks of faults into the management API. */
#include "arm/interference.h"

#include "arm/service_state.h"
#include "arm/types/redis.h"

bool arm_service_rotate_key(struct arm_service *service, struct bytes cache, const char *type)
{
    struct arm_resource *resource = arm_resource_find_name(service, &arm_redis_type, cache);

    if (resource == NULL) {
        return false;
    }
    arm_redis_rotate_key(service, resource, bytes_equal_string(bytes_from_string(type), "Primary"));
    return true;
}
