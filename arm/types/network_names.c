/* What names of the emulated cloud stand for: the rules of private link, for the DNS responder. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"
#include "arm/types/network_targets.h"
#include "arm/types/redis.h"

const struct arm_target_kind arm_target_kinds[] = {
    {"Microsoft.Cache/Redis", "redisCache", true, false, ".redis.cache.windows.net",
     ".privatelink.redis.cache.windows.net"},
    {"Microsoft.Cache/redisEnterprise", "redisEnterprise", true, true, ".redis.azure.net",
     ".privatelink.redis.azure.net"},
    {"Microsoft.Cache/redisEnterprise", "redisEnterprise", true, true,
     ".redisenterprise.cache.azure.net", ".privatelink.redisenterprise.cache.azure.net"},
    {"Microsoft.KeyVault/vaults", "vault", true, false, ".vault.azure.net",
     ".privatelink.vaultcore.azure.net"},
    {"Microsoft.Storage/storageAccounts", "blob", false, false, ".blob.core.windows.net",
     ".privatelink.blob.core.windows.net"},
    {"Microsoft.Web/sites", "sites", false, false, ".azurewebsites.net",
     ".privatelink.azurewebsites.net"},
};
const size_t arm_target_kind_count = ARRAY_LEN(arm_target_kinds);

const struct arm_target_kind *arm_target_kind_of(const struct arm_resource *target)
{
    for (size_t i = 0; i < arm_target_kind_count; i++) {
        bool other = target->type == &arm_enterprise_type &&
                     strcmp(arm_target_kinds[i].suffix + 1, arm_enterprise_domain(target)) != 0;
        if (!other && bytes_equal_string_nocase(bytes_from_string(target->type_name),
                                                arm_target_kinds[i].type)) {
            return &arm_target_kinds[i];
        }
    }
    return NULL;
}

char *arm_target_public_name(const struct arm_target_kind *kind, const struct arm_resource *target)
{
    char *name = arm_target_record_name(kind, target);
    char *whole = string_format("%s%s", name, kind->suffix);
    memory_free(name);
    return whole;
}

char *arm_target_record_name(const struct arm_target_kind *kind, const struct arm_resource *target)
{
    (void)kind;
    return target->type == &arm_enterprise_type ? arm_enterprise_cache_name(target)
                                                : string_duplicate(target->name);
}

/* Whether an endpoint leads there that its owner has let in. */
static bool privately_reached(const struct arm_service *service, const struct arm_resource *target)
{
    for (const struct arm_resource *endpoint = service->resources; endpoint != NULL;
         endpoint = endpoint->next) {
        if (endpoint->type != &arm_private_endpoint_type ||
            arm_endpoint_target(service, endpoint) != target) {
            continue;
        }
        const struct arm_resource *agreed = arm_endpoint_agreed(service, endpoint);
        const char *status =
            agreed == NULL ? NULL
                           : arm_json_text(agreed->body,
                                           "properties.privateLinkServiceConnectionState.status");
        if (arm_json_text(endpoint->secrets, "connection") == NULL ||
            (status != NULL && strcmp(status, "Approved") == 0)) {
            return true;
        }
    }
    return false;
}

static const struct arm_resource *target_of(const struct arm_service *service,
                                            const struct arm_target_kind *kind, struct bytes name)
{
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (arm_target_kind_of(resource) == kind) {
            char *own = arm_target_record_name(kind, resource);
            bool same = bytes_equal_string_nocase(name, own);
            memory_free(own);
            if (same) {
                return resource;
            }
        }
    }
    return NULL;
}

/* The part before the suffix; false: the name is no such. */
static bool before_suffix(struct bytes name, const char *suffix, bool regional, struct bytes *front)
{
    size_t size = strlen(suffix);
    if (name.size <= size ||
        !bytes_equal_string_nocase(bytes_slice(name, name.size - size, name.size), suffix)) {
        return false;
    }
    *front = bytes_slice(name, 0, name.size - size);
    size_t dot = bytes_find(*front, '.');
    return (dot < front->size) == regional;
}

static void from_zone(const struct arm_service *service, const struct arm_resource *zone,
                      struct bytes record, struct arm_name *answer)
{
    const struct arm_resource *set = arm_resource_child(service, zone, &arm_a_record_type, record);
    const char *address =
        set == NULL
            ? NULL
            : arm_json_text(cJSON_GetArrayItem(arm_json_at(set->body, "properties.aRecords"), 0),
                            "ipv4Address");
    answer->kind = ARM_NAME_MISSING;
    if (address != NULL) {
        const char *served = arm_endpoint_served_at(service, address);
        answer->kind = ARM_NAME_ADDRESS;
        snprintf(answer->text, sizeof(answer->text), "%s", served != NULL ? served : address);
        return;
    }
    char *id = string_format("%s/CNAME/%.*s", zone->id, (int)record.size, record.data);
    set = arm_resource_find_id(service, id);
    memory_free(id);
    const char *alias =
        set == NULL ? NULL : arm_json_text(set->body, "properties.cnameRecord.cname");
    if (alias != NULL && strlen(alias) < sizeof(answer->text)) {
        answer->kind = ARM_NAME_ALIAS;
        snprintf(answer->text, sizeof(answer->text), "%s", alias);
    }
}

#define GEO_SUFFIX ".geo.redis.cache.windows.net"

/* The name of a pair of linked caches, which always leads to its primary. */
static bool from_geo(const struct arm_service *service, struct bytes name, struct arm_name *answer)
{
    struct bytes front;
    if (!before_suffix(name, GEO_SUFFIX, false, &front)) {
        return false;
    }
    const struct arm_resource *cache = arm_resource_find_name(service, &arm_redis_type, front);
    answer->kind = ARM_NAME_MISSING;
    if (cache != NULL && arm_redis_link(service, cache) != NULL) {
        struct bytes primary = arm_redis_geo_primary(service, cache);
        primary = primary.size > 0 ? primary : bytes_from_string(cache->name);
        answer->kind = ARM_NAME_ALIAS;
        snprintf(answer->text, sizeof(answer->text), "%.*s.redis.cache.windows.net",
                 (int)primary.size, primary.data);
    }
    return true;
}

void arm_service_resolve(const struct arm_service *service, struct bytes name,
                         struct arm_name *answer)
{
    struct bytes front;
    const struct arm_resource *zone = arm_zone_of_name(service, name, &front);
    *answer = (struct arm_name){.kind = ARM_NAME_FOREIGN};
    if (zone != NULL) {
        from_zone(service, zone, front, answer);
        return;
    }
    if (from_geo(service, name, answer)) {
        return;
    }
    for (size_t i = 0; i < arm_target_kind_count; i++) {
        const struct arm_target_kind *kind = &arm_target_kinds[i];
        /* Private names end like public ones, too. */
        bool private = before_suffix(name, kind->private_suffix, kind->regional, &front);
        if (!private && !before_suffix(name, kind->suffix, kind->regional, &front)) {
            continue;
        }
        const struct arm_resource *target = target_of(service, kind, front);
        bool reached = target != NULL && privately_reached(service, target);
        const char *injected = target != NULL && target->type == &arm_redis_type
                                   ? arm_json_text(target->secrets, "loopback")
                                   : NULL;
        if (injected != NULL && !private) {
            /* Azure's public name of a cache in a subnet leads into the subnet. */
            answer->kind = ARM_NAME_ADDRESS;
            snprintf(answer->text, sizeof(answer->text), "%s", injected);
        } else if (target == NULL || (private && !reached)) {
            answer->kind = ARM_NAME_MISSING;
        } else if (private || !reached) {
            answer->kind = ARM_NAME_PUBLIC;
        } else {
            answer->kind = ARM_NAME_ALIAS;
            char *own = arm_target_record_name(kind, target);
            snprintf(answer->text, sizeof(answer->text), "%s%s", own, kind->private_suffix);
            memory_free(own);
        }
        return;
    }
}

void arm_service_each_name(const struct arm_service *service,
                           void (*visit)(void *context, const char *name), void *context)
{
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        const struct arm_target_kind *kind = arm_target_kind_of(resource);
        if (kind != NULL) {
            char *name = arm_target_public_name(kind, resource);
            visit(context, name);
            memory_free(name);
            if (resource->type == &arm_redis_type && arm_redis_link(service, resource) != NULL) {
                name = string_format("%s" GEO_SUFFIX, resource->name);
                visit(context, name);
                memory_free(name);
            }
        } else if (resource->type == &arm_a_record_type) {
            bool apex = strcmp(resource->name, "@") == 0;
            char *name = apex ? string_duplicate(resource->parent->name)
                              : string_format("%s.%s", resource->name, resource->parent->name);
            visit(context, name);
            memory_free(name);
        }
    }
}
