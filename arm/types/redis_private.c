/*
 * privateEndpointConnections of Microsoft.Cache/Redis and redisEnterprise: what a private endpoint
 * of a virtual network and the cache have agreed on. They come and go with the endpoint; the
 * cache's owner approves, rejects or deletes them.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"
#include "arm/types/redis.h"

static const char *const statuses[] = {"Pending", "Approved", "Rejected", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.privateEndpoint", .kind = ARM_OBJECT},
    {.path = "properties.privateLinkServiceConnectionState",
     .kind = ARM_OBJECT,
     .rules = ARM_REQUIRED},
    {.path = "properties.privateLinkServiceConnectionState.status",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = statuses},
    {.path = "properties.privateLinkServiceConnectionState.description",
     .kind = ARM_TEXT,
     .fallback = "\"\""},
    {.path = "properties.privateLinkServiceConnectionState.actionsRequired",
     .kind = ARM_TEXT,
     .fallback = "\"None\""},
    {0},
};

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    if (old == NULL) {
        return arm_fail_provider(&call->error, 404, "ResourceNotFound",
                                 "The private endpoint connection '%.*s' was not found. It is made "
                                 "by creating a private endpoint.",
                                 (int)call->target.name.size, call->target.name.data);
    }
    /* The endpoint is not the request's to change. */
    arm_json_put(body, "properties.privateEndpoint",
                 cJSON_Duplicate(arm_json_at(old->body, "properties.privateEndpoint"), true));
    return true;
}

static bool approved(const struct arm_resource *connection)
{
    const char *status =
        arm_json_text(connection->body, "properties.privateLinkServiceConnectionState.status");
    return status != NULL && strcmp(status, "Approved") == 0;
}

const struct arm_resource_type *arm_private_connection_type_of(const struct arm_resource *cache)
{
    return cache->type == &arm_redis_type        ? &arm_redis_private_connection_type
           : cache->type == &arm_enterprise_type ? &arm_enterprise_private_connection_type
                                                 : NULL;
}

size_t arm_redis_private_addresses(const struct arm_service *service,
                                   const struct arm_resource *cache, struct bytes *addresses,
                                   size_t most)
{
    size_t count = 0;
    const struct arm_resource_type *type = arm_private_connection_type_of(cache);
    const struct arm_resource *connection = NULL;
    while (count < most &&
           (connection = arm_resource_next_child(service, cache, type, connection)) != NULL) {
        const char *address = arm_json_text(connection->secrets, "address");
        if (address != NULL && approved(connection)) {
            addresses[count++] = bytes_from_string(address);
        }
    }
    return count;
}

void arm_redis_show_private_connections(const struct arm_service *service,
                                        const struct arm_resource *cache, cJSON *properties)
{
    cJSON *list = NULL;
    const struct arm_resource_type *type = arm_private_connection_type_of(cache);
    const struct arm_resource *connection = NULL;
    while ((connection = arm_resource_next_child(service, cache, type, connection)) != NULL) {
        list =
            list == NULL ? cJSON_AddArrayToObject(properties, "privateEndpointConnections") : list;
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "id", connection->id);
        cJSON_AddStringToObject(item, "name", connection->name);
        cJSON_AddStringToObject(item, "type", connection->type_name);
        cJSON_AddItemToObject(item, "properties",
                              cJSON_Duplicate(arm_json_at(connection->body, "properties"), true));
        arm_json_put_text(item, "properties.provisioningState", connection->state);
        cJSON_AddItemToArray(list, item);
    }
}

bool arm_redis_private_link_resources(struct arm_call *call, struct arm_resource *cache)
{
    bool enterprise = cache->type == &arm_enterprise_type;
    const char *group = enterprise ? "redisEnterprise" : "redisCache";
    cJSON *body = cJSON_CreateObject(), *item = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "value"), item);
    char *id = string_format("%s/privateLinkResources/%s", cache->id, group);
    char *type = string_format("%s/privateLinkResources", cache->type->name);
    char *zone = string_format("privatelink.%s", enterprise ? arm_enterprise_domain(cache)
                                                            : "redis.cache.windows.net");
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", group);
    cJSON_AddStringToObject(item, "type", type);
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    cJSON_AddStringToObject(properties, "groupId", group);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, "requiredMembers"),
                         cJSON_CreateString(group));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, "requiredZoneNames"),
                         cJSON_CreateString(zone));
    memory_free(zone);
    memory_free(type);
    memory_free(id);
    arm_answer(call, 200, body);
    return true;
}

/* All databases of the connection's cluster. */
static void apply_cluster(struct arm_service *service, struct arm_resource *connection)
{
    struct arm_resource *database = NULL;
    if (strcmp(connection->parent->state, "Deleting") == 0) {
        return;
    }
    while ((database = arm_resource_next_child(service, connection->parent,
                                               &arm_enterprise_database_type, database)) != NULL) {
        arm_enterprise_apply(service, database);
    }
}

static const struct saved_shape saved[] = {
    {"secrets.address", SAVED_TEXT, false},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_redis_private_connection_type = {
    .name = "Microsoft.Cache/Redis/privateEndpointConnections",
    .schema = schema,
    .check = check,
    .apply = arm_redis_apply_parent,
    .remove = arm_redis_apply_parent,
    .saved = saved,
};

const struct arm_resource_type arm_enterprise_private_connection_type = {
    .name = "Microsoft.Cache/redisEnterprise/privateEndpointConnections",
    .schema = schema,
    .check = check,
    .apply = apply_cluster,
    .remove = apply_cluster,
    .saved = saved,
};

static const struct arm_resource_type *const types[] = {&arm_redis_private_connection_type,
                                                        &arm_enterprise_private_connection_type};
const struct arm_module arm_module_redis_private = {types, ARRAY_LEN(types), NULL, 0};
