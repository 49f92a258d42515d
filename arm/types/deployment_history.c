/*
 * How many deployments a scope remembers: 800, of which the oldest go by themselves once there are
 * more than 700, until 600 are left, unless a lock keeps them.
 * Source: Microsoft's "Automatic deletions from deployment history".
 */
#include <stdio.h>

#include "arm/types/deployment.h"

enum { MOST_KEPT = 800, GROOMED_ABOVE = 700, GROOMED_TO = 600 };

static bool belongs(const struct arm_resource *resource, const struct arm_group *group)
{
    return resource->type == &arm_deployment_type && resource->group == group;
}

static int count_of(const struct arm_service *service, const struct arm_group *group)
{
    int count = 0;
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        count += belongs(resource, group) ? 1 : 0;
    }
    return count;
}

void deployment_groom(struct arm_service *service, const struct arm_group *group)
{
    char *scope = group == NULL
                      ? string_format("/subscriptions/%s", service->config.subscription_id)
                      : string_format("/subscriptions/%s/resourceGroups/%s",
                                      service->config.subscription_id, group->name);
    int count = count_of(service, group);
    if (count > GROOMED_ABOVE && !arm_locked_against_removal(service, scope)) {
        /* They stand in the order in which they were begun. */
        for (struct arm_resource *resource = service->resources, *next;
             resource != NULL && count > GROOMED_TO; resource = next) {
            next = resource->next;
            if (belongs(resource, group) && !deployment_active(resource)) {
                arm_resource_remove(service, resource);
                count--;
            }
        }
    }
    memory_free(scope);
}

bool deployment_has_room(struct arm_service *service, const struct arm_group *group,
                         const char *name, struct template_error *error)
{
    int count = count_of(service, group);
    if (count < MOST_KEPT) {
        return true;
    }
    deployment_groom(service, group);
    template_fail(error,
                  "Creating the deployment '%.64s' would exceed the quota of '%d'. The current "
                  "deployment count is '%d', please delete some deployments before creating a new "
                  "one. Please see https://aka.ms/arm-deploy for usage details.",
                  name, MOST_KEPT, count);
    snprintf(error->code, sizeof(error->code), "DeploymentQuotaExceeded");
    return false;
}
