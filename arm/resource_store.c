/*
 * Groups and resources, in order of creation; names compare in any case and keep their spelling.
 * What a resource hangs on follows from its id: the longest shorter id that there is.
 */
#include <string.h>

#include "arm/roles.h"
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
    memory_free(group->managed_by);
    memory_free(group->name);
    memory_free(group);
}

/* The id as the index has it. `text` holds ID_SIZE bytes; longer ids are not in use. */
static struct bytes index_key(struct bytes id, char text[ID_SIZE])
{
    size_t size = id.size < ID_SIZE ? id.size : ID_SIZE;
    for (size_t i = 0; i < size; i++) {
        char c = id.data[i];
        text[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return (struct bytes){text, size};
}

static struct arm_resource *find(const struct arm_service *service, struct bytes id)
{
    char text[ID_SIZE];
    struct arm_resource **indexed = dict_find(&service->resource_ids, index_key(id, text));
    return indexed == NULL ? NULL : *indexed;
}

struct arm_resource *arm_resource_find_id(const struct arm_service *service, const char *id)
{
    return find(service, bytes_from_string(id));
}

struct arm_resource *arm_resource_find_name(const struct arm_service *service,
                                            const struct arm_resource_type *type, struct bytes name)
{
    struct arm_resource *resource = service->resources;
    while (resource != NULL &&
           (resource->type != type || !bytes_equal_string_nocase(name, resource->name))) {
        resource = resource->next;
    }
    return resource;
}

struct arm_resource *arm_resource_next_child(const struct arm_service *service,
                                             const struct arm_resource *parent,
                                             const struct arm_resource_type *type,
                                             const struct arm_resource *last)
{
    struct arm_resource *resource = last == NULL ? parent->children : last->next_sibling;
    (void)service;
    while (resource != NULL && resource->type != type) {
        resource = resource->next_sibling;
    }
    return resource;
}

struct arm_resource *arm_resource_child(const struct arm_service *service,
                                        const struct arm_resource *parent,
                                        const struct arm_resource_type *type, struct bytes name)
{
    struct arm_resource *child = NULL;
    do {
        child = arm_resource_next_child(service, parent, type, child);
    } while (child != NULL && !bytes_equal_string_nocase(name, child->name));
    return child;
}

/* The resource whose id is the longest beginning of this one. */
static struct arm_resource *holder_of(const struct arm_service *service, const char *id)
{
    size_t size = strlen(id);
    while (size > 0) {
        size--;
        if (id[size] == '/') {
            struct arm_resource *resource = find(service, (struct bytes){id, size});
            if (resource != NULL) {
                return resource;
            }
        }
    }
    return NULL;
}

static struct arm_group *group_of(const struct arm_service *service, const char *id)
{
    static const char mark[] = "/resourceGroups/";
    const char *at = strstr(id, mark);
    if (at == NULL) {
        return NULL;
    }
    at += sizeof(mark) - 1;
    return arm_group_find(service, (struct bytes){at, strcspn(at, "/")});
}

static void join_parent(struct arm_resource *resource)
{
    struct arm_resource *parent = resource->parent;
    if (parent == NULL) {
        return;
    }
    if (parent->last_child == NULL) {
        parent->children = resource;
    } else {
        parent->last_child->next_sibling = resource;
    }
    parent->last_child = resource;
}

static void leave_parent(struct arm_resource *resource)
{
    struct arm_resource *parent = resource->parent, *before = NULL;
    if (parent == NULL) {
        return;
    }
    struct arm_resource **at = &parent->children;
    while (*at != resource) {
        before = *at;
        at = &before->next_sibling;
    }
    *at = resource->next_sibling;
    if (parent->last_child == resource) {
        parent->last_child = before;
    }
}

struct arm_resource *arm_resource_add(struct arm_service *service,
                                      const struct arm_resource_type *type, const char *type_name,
                                      const char *id, const struct arm_location *location,
                                      cJSON *body)
{
    struct arm_resource *resource = memory_allocate_zeroed(sizeof(*resource));
    char key[ID_SIZE];
    bool created;
    resource->type = type;
    resource->type_name = string_duplicate(type_name);
    resource->id = string_duplicate(id);
    resource->name = string_duplicate(arm_type_leaf(id));
    resource->parent = holder_of(service, id);
    resource->group = group_of(service, id);
    resource->location = location;
    resource->body = body;
    resource->state = "Succeeded";
    resource->created_ms = resource->changed_ms = clock_now_ms(service->clock);
    if (service->last_resource == NULL) {
        service->resources = resource;
    } else {
        service->last_resource->next = resource;
    }
    service->last_resource = resource;
    join_parent(resource);
    service->role_assignments += type == &arm_role_assignment_type;
    struct arm_resource **indexed =
        dict_insert(&service->resource_ids, index_key(bytes_from_string(id), key), &created);
    *indexed = resource;
    return resource;
}

void arm_resource_rename(struct arm_service *service, struct arm_resource *resource, char *id,
                         struct arm_group *group)
{
    char key[ID_SIZE];
    bool created;
    dict_remove(&service->resource_ids, index_key(bytes_from_string(resource->id), key));
    memory_free(resource->id);
    resource->id = id;
    resource->group = group;
    struct arm_resource **indexed =
        dict_insert(&service->resource_ids, index_key(bytes_from_string(id), key), &created);
    *indexed = resource;
}

static void free_resource(struct arm_resource *resource)
{
    cJSON_Delete(resource->body);
    cJSON_Delete(resource->pending);
    cJSON_Delete(resource->secrets);
    memory_free(resource->type_name);
    memory_free(resource->id);
    memory_free(resource->name);
    memory_free(resource);
}

void arm_resource_remove(struct arm_service *service, struct arm_resource *resource)
{
    resource->state = "Deleting"; /* so that what goes with it does not change it once more */
    while (resource->children != NULL) {
        arm_resource_remove(service, resource->children);
    }
    struct arm_resource **at = &service->resources, *before = NULL;
    char key[ID_SIZE];
    while (*at != resource) {
        before = *at;
        at = &before->next;
    }
    *at = resource->next;
    leave_parent(resource);
    service->role_assignments -= resource->type == &arm_role_assignment_type;
    if (service->last_resource == resource) {
        service->last_resource = before;
    }
    dict_remove(&service->resource_ids, index_key(bytes_from_string(resource->id), key));
    if (resource->type->remove != NULL) {
        resource->type->remove(service, resource);
    }
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
