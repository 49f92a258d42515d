/*
 * How a cache shows itself, in the shapes recorded of the real service: display name of the
 * location, keys only in answers to PUT, old values while an update runs.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/skus.h"
#include "arm/types/redis.h"

int arm_redis_node_count(const cJSON *body)
{
    const char *name = arm_json_text(body, "properties.sku.name");
    int replicas = arm_json_number(body, "properties.replicasPerPrimary",
                                   arm_json_number(body, "properties.replicasPerMaster", 1));
    int shards = arm_json_number(body, "properties.shardCount", 1);
    return strcmp(name, "Basic") == 0 ? 1 : shards * (1 + replicas);
}

const char *arm_redis_zones(const cJSON *body, char text[8])
{
    const cJSON *zone, *zones = arm_json_at(body, "zones");
    const char *policy = arm_json_text(body, "properties.zonalAllocationPolicy");
    size_t count = 0;
    cJSON_ArrayForEach(zone, zones)
    {
        const char *name = cJSON_GetStringValue(zone);
        if (name != NULL && count < 7 && memchr(text, name[0], count) == NULL) {
            text[count++] = name[0];
        }
    }
    text[count] = '\0';
    return count > 0 ? text : policy != NULL && strcmp(policy, "Automatic") == 0 ? "123" : "1";
}

static cJSON *show_instances(const struct arm_service *service, const struct arm_resource *resource)
{
    const struct arm_host *host = &service->host;
    const cJSON *body = resource->body;
    cJSON *list = cJSON_CreateArray();
    int count = arm_redis_node_count(body),
        shards = arm_json_number(body, "properties.shardCount", 0);
    int per_shard = shards > 0 ? count / shards : count;
    bool plain = arm_json_truth(body, "properties.enableNonSslPort");
    char text[8];
    const char *zones = arm_redis_zones(body, text);
    bool zonal = cJSON_GetArraySize(arm_json_at(body, "zones")) > 0;
    bool running = strcmp(resource->state, "Creating") != 0 && strcmp(resource->state, "Failed");
    for (int i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        int leader = host->cache_primary == NULL
                         ? 0
                         : host->cache_primary(host->context, bytes_from_string(resource->name),
                                               i / per_shard);
        bool primary = running && i % per_shard == leader;
        cJSON_AddNumberToObject(item, "sslPort", 15000 + i);
        if (plain) {
            cJSON_AddNumberToObject(item, "nonSslPort", 13000 + i);
        }
        if (zonal) {
            char zone[2] = {arm_node_zone(bytes_from_string(zones), i / per_shard, i % per_shard),
                            '\0'};
            cJSON_AddStringToObject(item, "zone", zone);
        }
        if (shards > 0) {
            cJSON_AddNumberToObject(item, "shardId", i / per_shard);
        }
        cJSON_AddBoolToObject(item, "isMaster", primary);
        cJSON_AddBoolToObject(item, "isPrimary", primary);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

/* Derived from the id, so that it stays the same. */
static void show_system_identity(const struct arm_service *service,
                                 const struct arm_resource *resource, cJSON *identity)
{
    struct random random;
    char guid[GUID_SIZE + 1];
    uint64_t seed = 5381;
    for (const char *at = resource->id; *at != '\0'; at++) {
        seed = seed * 33 + (unsigned char)*at;
    }
    random_init(&random, seed);
    random_guid(&random, guid);
    arm_json_put_text(identity, "principalId", guid);
    arm_json_put_text(identity, "tenantId", service->config.tenant_id);
}

static cJSON *show_identity(struct arm_call *call, const struct arm_resource *resource)
{
    cJSON *user, *identity = cJSON_Duplicate(arm_json_at(resource->body, "identity"), true);
    const char *type = arm_json_text(identity, "type");
    if (type != NULL && strstr(type, "SystemAssigned") != NULL) {
        show_system_identity(call->service, resource, identity);
    }
    cJSON_ArrayForEach(user, arm_json_at(identity, "userAssignedIdentities"))
    {
        const struct arm_resource *assigned = arm_resource_find_id(call->service, user->string);
        const cJSON *properties =
            assigned == NULL ? NULL : arm_json_at(assigned->body, "properties");
        if (properties != NULL && cJSON_IsObject(user)) {
            arm_json_put(user, "principalId",
                         cJSON_Duplicate(arm_json_at(properties, "principalId"), true));
            arm_json_put(user, "clientId",
                         cJSON_Duplicate(arm_json_at(properties, "clientId"), true));
        }
    }
    return identity;
}

/* A cache that is settled shows what happens to its links. */
static const char *state_of(const struct arm_service *service, const struct arm_resource *resource)
{
    const struct arm_resource *link = arm_redis_link(service, resource);
    if (link == NULL || strcmp(resource->state, "Succeeded") != 0) {
        return resource->state;
    }
    return strcmp(link->state, "Creating") == 0   ? "Linking"
           : strcmp(link->state, "Deleting") == 0 ? "Unlinking"
                                                  : resource->state;
}

static void show_properties(struct arm_call *call, const struct arm_resource *resource,
                            bool secrets, cJSON *shown)
{
    const cJSON *properties = arm_json_at(resource->body, "properties");
    const char *version = call->api_version;
    struct arm_cache_address address;
    call->service->host.cache_address(
        call->service->host.context, bytes_from_string(resource->name), ARM_REDIS_DOMAIN, &address);
    cJSON_AddStringToObject(shown, "provisioningState", state_of(call->service, resource));
    const char *redis = arm_json_text(properties, "redisVersion");
    bool exact = strcmp(version, "2023-04-01") < 0 && strcmp(version, "2020-12-01") <= 0;
    cJSON_AddStringToObject(shown, "redisVersion",
                            !exact            ? redis
                            : redis[0] == '4' ? "4.0.14"
                                              : "6.0.14");
    arm_json_copy_member(shown, properties, "sku");
    arm_json_copy_member(shown, properties, "enableNonSslPort");
    if (strcmp(version, "2019-07-01") >= 0) {
        cJSON_AddItemToObject(shown, "instances", show_instances(call->service, resource));
    }
    arm_json_copy_member(shown, properties, "minimumTlsVersion");
    if (strcmp(version, "2020-06-01") >= 0) {
        arm_json_copy_member(shown, properties, "publicNetworkAccess");
    }
    static const char *const optional[] = {
        "tenantSettings",    "shardCount",         "subnetId",          "staticIP",
        "replicasPerMaster", "replicasPerPrimary", "redisConfiguration"};
    for (size_t i = 0; i < ARRAY_LEN(optional); i++) {
        arm_json_copy_member(shown, properties, optional[i]);
    }
    if (secrets) {
        cJSON_AddItemToObject(shown, "accessKeys", arm_redis_keys(resource));
    } else {
        cJSON_AddNullToObject(shown, "accessKeys");
    }
    cJSON_AddStringToObject(shown, "hostName", address.host_name);
    cJSON_AddNumberToObject(shown, "port", address.port);
    cJSON_AddNumberToObject(shown, "sslPort", address.ssl_port);
    cJSON_AddItemToObject(shown, "linkedServers", arm_redis_show_links(call->service, resource));
    arm_redis_show_private_connections(call->service, resource, shown);
    if (strcmp(version, "2023-08-01") >= 0) {
        arm_json_copy_member(shown, properties, "updateChannel");
    }
    if (strcmp(version, "2024-11-01") >= 0) {
        arm_json_copy_member(shown, properties, "zonalAllocationPolicy");
        arm_json_copy_member(shown, properties, "disableAccessKeyAuthentication");
    }
}

cJSON *arm_redis_show(struct arm_call *call, const struct arm_resource *resource, bool secrets)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", resource->id);
    cJSON_AddStringToObject(item, "location", resource->location->display_name);
    cJSON_AddStringToObject(item, "name", resource->name);
    cJSON_AddStringToObject(item, "type", resource->type_name);
    arm_json_copy_member(item, resource->body, "tags");
    arm_json_copy_member(item, resource->body, "zones");
    cJSON *identity = show_identity(call, resource);
    if (identity != NULL) {
        cJSON_AddItemToObject(item, "identity", identity);
    }
    show_properties(call, resource, secrets, cJSON_AddObjectToObject(item, "properties"));
    return item;
}
