/* What the resources of Microsoft.Network share: addresses, references, children written inline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/network.h"

enum { RESERVED_FRONT = 4, RESERVED_END = 1 }; /* addresses that Azure keeps of each subnet */

bool arm_prefix_read(const char *text, struct arm_prefix *prefix)
{
    char address[16];
    const char *slash = text == NULL ? NULL : strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof(address)) {
        return false;
    }
    snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
    int64_t bits;
    if (!arm_ipv4_read(address, &prefix->first) ||
        !bytes_to_int64(bytes_from_string(slash + 1), &bits) || bits < 0 || bits > 32) {
        return false;
    }
    uint32_t rest = bits == 0 ? UINT32_MAX : bits == 32 ? 0 : UINT32_MAX >> bits;
    prefix->last = prefix->first | rest;
    return (prefix->first & rest) == 0;
}

bool arm_prefix_holds(struct arm_prefix outer, struct arm_prefix inner)
{
    return outer.first <= inner.first && inner.last <= outer.last;
}

bool arm_prefixes_overlap(struct arm_prefix one, struct arm_prefix other)
{
    return one.first <= other.last && other.first <= one.last;
}

void arm_address_write(uint32_t address, char text[16])
{
    snprintf(text, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
             address & 255);
}

/* The interface's configuration in the subnet that has this address (NULL: any), or NULL. */
static const cJSON *configuration_in(const struct arm_resource *interface,
                                     const struct arm_resource *subnet, const char *address)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(interface->body, "properties.ipConfigurations"))
    {
        const char *in = arm_json_text(item, "properties.subnet.id");
        const char *has = arm_json_text(item, "properties.privateIPAddress");
        if (in != NULL && has != NULL &&
            bytes_equal_string_nocase(bytes_from_string(in), subnet->id) &&
            (address == NULL || strcmp(has, address) == 0)) {
            return item;
        }
    }
    return NULL;
}

static const struct arm_resource *interface_in(const struct arm_service *service,
                                               const struct arm_resource *subnet,
                                               const char *address)
{
    const struct arm_resource *resource = service->resources;
    while (resource != NULL && (resource->type != &arm_network_interface_type ||
                                configuration_in(resource, subnet, address) == NULL)) {
        resource = resource->next;
    }
    return resource;
}

/* A cache that was put into the subnet and has this address (NULL: any), or NULL. */
static const struct arm_resource *cache_in(const struct arm_service *service,
                                           const struct arm_resource *subnet, const char *address)
{
    for (const struct arm_resource *cache = service->resources; cache != NULL;
         cache = cache->next) {
        const char *in = cache->type == &arm_redis_type
                             ? arm_json_text(cache->body, "properties.subnetId")
                             : NULL;
        const char *has = in == NULL ? NULL : arm_json_text(cache->body, "properties.staticIP");
        if (in != NULL && bytes_equal_string_nocase(bytes_from_string(in), subnet->id) &&
            (address == NULL || (has != NULL && strcmp(has, address) == 0))) {
            return cache;
        }
    }
    return NULL;
}

bool arm_subnet_address_taken(const struct arm_service *service, const struct arm_resource *subnet,
                              const char *address)
{
    return interface_in(service, subnet, address) != NULL ||
           cache_in(service, subnet, address) != NULL;
}

bool arm_subnet_offers(const struct arm_resource *subnet, uint32_t address)
{
    struct arm_prefix prefix;
    return arm_prefix_read(arm_json_text(subnet->body, "properties.addressPrefix"), &prefix) &&
           address >= prefix.first + RESERVED_FRONT && address <= prefix.last - RESERVED_END;
}

uint32_t arm_subnet_free_address(const struct arm_service *service,
                                 const struct arm_resource *subnet)
{
    struct arm_prefix prefix;
    char text[16];
    const char *given = arm_json_text(subnet->body, "properties.addressPrefix");
    if (!arm_prefix_read(given, &prefix)) {
        return 0;
    }
    for (uint32_t address = prefix.first + RESERVED_FRONT;
         address > prefix.first && address + RESERVED_END <= prefix.last; address++) {
        arm_address_write(address, text);
        if (!arm_subnet_address_taken(service, subnet, text)) {
            return address;
        }
    }
    return 0;
}

const char *arm_subnet_interface(const struct arm_service *service,
                                 const struct arm_resource *subnet)
{
    const struct arm_resource *interface = interface_in(service, subnet, NULL);
    return interface == NULL ? NULL : interface->id;
}

const char *arm_subnet_user(const struct arm_service *service, const struct arm_resource *subnet)
{
    const char *interface = arm_subnet_interface(service, subnet);
    const struct arm_resource *cache = interface == NULL ? cache_in(service, subnet, NULL) : NULL;
    return cache == NULL ? interface : cache->id;
}

bool arm_fail_subnet_full(struct arm_error *error, const struct arm_resource *subnet)
{
    return arm_fail(error, 400, "SubnetIsFull",
                    "Subnet %s with address prefix %s does not have enough capacity for 1 IP "
                    "addresses.",
                    subnet->name, arm_json_text(subnet->body, "properties.addressPrefix"));
}

bool arm_fail_reference(struct arm_call *call, const char *id)
{
    return arm_fail(&call->error, 400, "InvalidResourceReference",
                    "Resource %.400s referenced by resource %.400s was not found. Please make sure "
                    "that the referenced resource exists, and that both resources are in the same "
                    "region.",
                    id == NULL ? "''" : id, call->target.id);
}

struct arm_resource *arm_reference(struct arm_call *call, const struct arm_resource_type *type,
                                   const char *id)
{
    struct arm_resource *resource = id == NULL ? NULL : arm_resource_find_id(call->service, id);
    if (resource == NULL || (type != NULL && resource->type != type)) {
        arm_fail_reference(call, id);
        return NULL;
    }
    return resource;
}

void arm_network_complete(struct arm_service *service, cJSON *body)
{
    char guid[GUID_SIZE + 1];
    if (arm_json_text(body, "properties.resourceGuid") == NULL) {
        random_guid(service->random, guid);
        arm_json_put_text(body, "properties.resourceGuid", guid);
    }
}

void arm_network_keep(const struct arm_resource *old, cJSON *body)
{
    if (old != NULL) {
        arm_json_put(body, "properties.resourceGuid",
                     cJSON_Duplicate(arm_json_at(old->body, "properties.resourceGuid"), true));
    }
}

cJSON *arm_network_show(struct arm_call *call, const struct arm_resource *resource, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, resource);
    if (strcmp(resource->state, "Creating") == 0) {
        arm_json_put_text(item, "properties.provisioningState", "Updating");
    }
    return item;
}

/* ---- Children written inline ---- */

static const cJSON *listed(const cJSON *items, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        const char *own = arm_json_text(item, "name");
        if (own != NULL && bytes_equal_string_nocase(bytes_from_string(own), name)) {
            return item;
        }
    }
    return NULL;
}

static void remove_unlisted(struct arm_service *service, struct arm_resource *parent,
                            const cJSON *items, const struct arm_resource_type *type)
{
    struct arm_resource *child = arm_resource_next_child(service, parent, type, NULL);
    while (child != NULL) {
        struct arm_resource *next = arm_resource_next_child(service, parent, type, child);
        if (listed(items, child->name) == NULL) {
            arm_resource_remove(service, child);
        }
        child = next;
    }
}

static void settle_child(struct arm_service *service, struct arm_resource *parent,
                         const struct arm_resource_type *type, const cJSON *item)
{
    const char *name = arm_json_text(item, "name");
    const cJSON *properties = arm_json_at(item, "properties");
    if (name == NULL || name[0] == '\0' || strchr(name, '/') != NULL) {
        return;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "properties",
                          cJSON_IsObject(properties) ? cJSON_Duplicate(properties, true)
                                                     : cJSON_CreateObject());
    arm_json_remove(body, "properties.provisioningState");
    arm_schema_complete(type->schema, body);
    if (type->complete != NULL) {
        type->complete(service, body);
    }
    struct arm_resource *child = arm_resource_child(service, parent, type, bytes_from_string(name));
    if (child == NULL) {
        char *id = string_format("%s/%s/%s", parent->id, arm_type_leaf(type->name), name);
        arm_resource_add(service, type, type->name, id, NULL, body);
        memory_free(id);
    } else {
        cJSON_Delete(child->body);
        child->body = body;
        child->changed_ms = clock_now_ms(service->clock);
    }
}

void arm_inline_children(struct arm_service *service, struct arm_resource *parent, const char *list,
                         const struct arm_resource_type *type)
{
    const cJSON *item;
    char path[64];
    snprintf(path, sizeof(path), "properties.%s", list);
    cJSON *items = cJSON_Duplicate(arm_json_at(parent->body, path), true);
    if (cJSON_IsArray(items)) {
        arm_json_remove(parent->body, path);
        remove_unlisted(service, parent, items, type);
        cJSON_ArrayForEach(item, items)
        {
            settle_child(service, parent, type, item);
        }
    }
    cJSON_Delete(items);
}

void arm_show_children(struct arm_call *call, const struct arm_resource *parent, cJSON *item,
                       const char *list, const struct arm_resource_type *type)
{
    char path[64];
    snprintf(path, sizeof(path), "properties.%s", list);
    cJSON *children = cJSON_CreateArray();
    const struct arm_resource *child = NULL;
    while ((child = arm_resource_next_child(call->service, parent, type, child)) != NULL) {
        cJSON_AddItemToArray(children, arm_resource_show(call, child, false));
    }
    arm_json_put(item, path, children);
}
