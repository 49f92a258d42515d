/* What the host is told of a cache, so that there is one. */
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/skus.h"
#include "arm/types/redis.h"

enum { KEY_SIZE = 44, KEY_MARK_AT = 33, MOST_CHILDREN = 256 };

/* 44 characters of base64: 33 at random, the service's mark, 6 at random, padding. */
static char *make_key(struct random *random)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *key = memory_allocate_zeroed(KEY_SIZE + 1);
    for (size_t i = 0; i < KEY_SIZE - 1; i++) {
        key[i] = alphabet[random_below(random, 64)];
    }
    memcpy(key + KEY_MARK_AT, "AzCa", 4);
    /* 32 bytes leave two bits of the last letter unused: they are zero in valid base64. */
    key[KEY_SIZE - 2] = alphabet[random_below(random, 16) * 4];
    key[KEY_SIZE - 1] = '=';
    return key;
}

void arm_redis_new_key(struct arm_service *service, struct arm_resource *resource, const char *name)
{
    char *key = make_key(service->random);
    arm_json_put_text(resource->secrets, name, key);
    memory_free(key);
}

void arm_redis_create_secrets(struct arm_service *service, struct arm_resource *resource)
{
    resource->secrets = cJSON_CreateObject();
    arm_redis_new_key(service, resource, "primaryKey");
    arm_redis_new_key(service, resource, "secondaryKey");
}

/* ---- Effects ---- */

static struct bytes text_at(const cJSON *body, const char *path)
{
    return bytes_from_string(arm_json_text(body, path));
}

/* Lists that a cache's children make; the views are the resources'. */
struct children {
    struct arm_access accesses[MOST_CHILDREN];
    struct arm_address_range firewall[MOST_CHILDREN];
    struct bytes private_addresses[MOST_CHILDREN];
    struct arm_patch_window windows[MOST_CHILDREN];
    char zones[8];
};

static void gather(struct arm_service *service, struct arm_resource *resource,
                   struct children *children, struct arm_cache *cache)
{
    cache->access_count = arm_redis_accesses(service, resource, children->accesses, MOST_CHILDREN);
    cache->firewall_count =
        arm_redis_firewall(service, resource, children->firewall, MOST_CHILDREN);
    cache->private_address_count = arm_redis_private_addresses(
        service, resource, children->private_addresses, MOST_CHILDREN - 1);
    const char *injected = arm_redis_served_at(service, resource);
    if (injected != NULL) {
        children->private_addresses[cache->private_address_count++] = bytes_from_string(injected);
        cache->public_network_access = false;
    }
    cache->window_count = arm_redis_windows(service, resource, children->windows, MOST_CHILDREN);
    cache->windows = children->windows;
    cache->accesses = children->accesses;
    cache->firewall = children->firewall;
    cache->private_addresses = children->private_addresses;
    cache->geo_primary = arm_redis_geo_primary(service, resource);
}

static bool on(const cJSON *body, const char *name)
{
    return bytes_equal_string_nocase(bytes_from_string(arm_redis_setting(body, name)), "true");
}

static struct arm_cache cache_of(struct arm_service *service, struct arm_resource *resource,
                                 struct children *children)
{
    const cJSON *body = resource->body;
    const struct arm_sku *sku = arm_redis_sku(body);
    int shards = arm_json_number(body, "properties.shardCount", 0);
    int databases = (int)strtol(
        arm_redis_setting(body, "databases") == NULL ? "0" : arm_redis_setting(body, "databases"),
        NULL, 10);
    struct arm_cache cache = {
        .name = bytes_from_string(resource->name),
        .resource_id = bytes_from_string(resource->id),
        .sku = text_at(body, "properties.sku.name"),
        .domain = ARM_REDIS_DOMAIN,
        .family = sku->family,
        .capacity = sku->capacity,
        .primary_key = text_at(resource->secrets, "primaryKey"),
        .secondary_key = text_at(resource->secrets, "secondaryKey"),
        .redis_version = text_at(body, "properties.redisVersion"),
        .minimum_tls_version = text_at(body, "properties.minimumTlsVersion"),
        .non_ssl_port_enabled = arm_json_truth(body, "properties.enableNonSslPort"),
        .public_network_access =
            bytes_equal_string_nocase(text_at(body, "properties.publicNetworkAccess"), "Enabled"),
        .access_keys_disabled = arm_json_truth(body, "properties.disableAccessKeyAuthentication"),
        .shard_count = shards,
        .databases = shards > 0      ? 1
                     : databases > 0 ? databases
                                     : 16,
        .max_clients = sku->max_clients,
        .max_memory = sku->memory,
        .max_memory_policy = bytes_from_string(arm_redis_setting(body, "maxmemory-policy")),
        .notify_keyspace_events =
            bytes_from_string(arm_redis_setting(body, "notify-keyspace-events")),
        .replicas = arm_redis_node_count(body) / (shards > 0 ? shards : 1) - 1,
        .entra_enabled = on(body, "aad-enabled"),
        .rdb_backup_enabled = on(body, "rdb-backup-enabled"),
        .aof_backup_enabled = on(body, "aof-backup-enabled"),
    };
    if (resource->pending != NULL && resource->operation != NULL) {
        int coming = arm_json_number(resource->pending, "properties.shardCount", 0);
        cache.coming_shards = coming == shards ? 0 : coming;
        cache.coming_ms = resource->operation->due.due_ms;
    }
    cache.zones = bytes_from_string(arm_redis_zones(body, children->zones));
    gather(service, resource, children, &cache);
    return cache;
}

void arm_redis_apply(struct arm_service *service, struct arm_resource *resource)
{
    static const char *const not_there[] = {"Creating", "Deleting", "Failed"};
    for (size_t i = 0; i < ARRAY_LEN(not_there); i++) {
        if (strcmp(resource->state, not_there[i]) == 0) {
            return;
        }
    }
    struct children *children = memory_allocate_zeroed(sizeof(*children));
    struct arm_cache cache = cache_of(service, resource, children);
    service->host.cache_apply(service->host.context, &cache);
    memory_free(children);
}

void arm_redis_apply_parent(struct arm_service *service, struct arm_resource *child)
{
    arm_redis_apply(service, child->parent);
}

void arm_redis_remove(struct arm_service *service, struct arm_resource *resource)
{
    service->host.cache_remove(service->host.context, bytes_from_string(resource->name));
}

void arm_redis_each_cache(struct arm_service *service, arm_visit_cache *visit, void *context)
{
    struct children *children = memory_allocate_zeroed(sizeof(*children));
    for (struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type == &arm_redis_type) {
            struct arm_cache cache = cache_of(service, resource, children);
            visit(context, &cache, resource->state);
        }
    }
    memory_free(children);
}
