/* Groups and resources, in order of creation; names compare in any case and keep their spelling. */
#include <string.h>

#include "arm/service_state.h"

void arm_changed(struct arm_service *service)
{
    if (service->host.changed != NULL) {
        service->host.changed(service->host.context);
    }
}

struct arm_group *arm_group_find(const struct arm_service *service, struct bytes name)
{
    struct arm_group *group = service->groups;
    while (group != NULL && !bytes_equal_string_nocase(name, group->name)) {
        group = group->next;
    }
    return group;
}

struct arm_group *arm_group_add(struct arm_service *service, struct bytes name,
                                const struct arm_location *location)
{
    struct arm_group **end = &service->groups;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    struct arm_group *group = memory_allocate_zeroed(sizeof(*group));
    group->name = bytes_to_string(name);
    group->location = location;
    *end = group;
    return group;
}

void arm_group_remove(struct arm_service *service, struct arm_group *group)
{
    struct arm_group **at = &service->groups;
    while (*at != group) {
        at = &(*at)->next;
    }
    *at = group->next;
    cJSON_Delete(group->tags);
    memory_free(group->name);
    memory_free(group);
}

struct arm_resource *arm_resource_find(const struct arm_service *service,
                                       const struct arm_resource_type *type,
                                       const struct arm_group *group, struct bytes name)
{
    struct arm_resource *resource = service->resources;
    while (resource != NULL &&
           (resource->type != type || (group != NULL && resource->group != group) ||
            !bytes_equal_string_nocase(name, resource->name))) {
        resource = resource->next;
    }
    return resource;
}

struct arm_resource *arm_resource_find_id(const struct arm_service *service, const char *id)
{
    struct arm_resource *resource = service->resources;
    while (resource != NULL && !bytes_equal_string_nocase(bytes_from_string(id), resource->id)) {
        resource = resource->next;
    }
    return resource;
}

struct arm_resource *arm_resource_add(struct arm_service *service,
                                      const struct arm_resource_type *type, struct arm_group *group,
                                      struct bytes name, const struct arm_location *location,
                                      cJSON *body)
{
    struct arm_resource **end = &service->resources;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    struct arm_resource *resource = memory_allocate_zeroed(sizeof(*resource));
    resource->type = type;
    resource->group = group;
    resource->name = bytes_to_string(name);
    resource->id =
        string_format("/subscriptions/%s/resourceGroups/%s/providers/%s/%s",
                      service->config.subscription_id, group->name, type->name, resource->name);
    resource->location = location;
    resource->body = body;
    resource->state = "Succeeded";
    resource->created_ms = resource->changed_ms = clock_now_ms(service->clock);
    *end = resource;
    return resource;
}

static void free_resource(struct arm_resource *resource)
{
    cJSON_Delete(resource->body);
    cJSON_Delete(resource->pending);
    cJSON_Delete(resource->secrets);
    memory_free(resource->id);
    memory_free(resource->name);
    memory_free(resource);
}

void arm_resource_remove(struct arm_service *service, struct arm_resource *resource)
{
    struct arm_resource **at = &service->resources;
    while (*at != resource) {
        at = &(*at)->next;
    }
    *at = resource->next;
    resource->type->remove(service, resource);
    free_resource(resource);
}

void arm_store_clear(struct arm_service *service)
{
    arm_operations_clear(service);
    while (service->resources != NULL) {
        arm_resource_remove(service, service->resources);
    }
    while (service->groups != NULL) {
        arm_group_remove(service, service->groups);
    }
}
