/*
 * Microsoft.Cache/redisEnterprise: the cluster of Azure Managed Redis, and of the Enterprise tiers
 * before it. Its database is a child; shapes are those recorded of api-version 2023-07-01, what
 * came later is shown to later versions.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"
#include "arm/types/redis.h"

enum { CREATE_S = 5 * 60, UPDATE_S = 3 * 60, DELETE_S = 7 * 60 };

static const char *const tls_versions[] = {"1.0", "1.1", "1.2", NULL};
static const char *const switches[] = {"Enabled", "Disabled", NULL};

static const struct arm_property schema[] = {
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "zones", .kind = ARM_ARRAY, .rules = ARM_CREATE_ONLY},
    {.path = "identity", .kind = ARM_OBJECT},
    {.path = "sku", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "sku.name", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "sku.capacity", .kind = ARM_INTEGER, .minimum = 1, .maximum = 99},
    {.path = "properties", .kind = ARM_OBJECT, .fallback = "{}"},
    {.path = "properties.minimumTlsVersion",
     .kind = ARM_CHOICE,
     .choices = tls_versions,
     .fallback = "\"1.2\""},
    {.path = "properties.encryption", .kind = ARM_OBJECT},
    {.path = "properties.highAvailability",
     .kind = ARM_CHOICE,
     .choices = switches,
     .since = "2024-09-01",
     .fallback = "\"Enabled\""},
    {.path = "properties.publicNetworkAccess",
     .kind = ARM_CHOICE,
     .choices = switches,
     .since = "2025-07-01",
     .fallback = "\"Enabled\""},
    {.path = "properties.hostName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.redundancyMode", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.resourceState", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.redisVersion", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.privateEndpointConnections", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {0},
};

static const struct arm_enterprise_sku *sku_in(const cJSON *body)
{
    return arm_enterprise_sku_find(bytes_from_string(arm_json_text(body, "sku.name")));
}

const struct arm_enterprise_sku *arm_enterprise_sku_of(const struct arm_resource *cluster)
{
    return sku_in(cluster->body);
}

static bool sound(const cJSON *body)
{
    return sku_in(body) != NULL;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const struct arm_enterprise_sku *sku = sku_in(body);
    int capacity = arm_json_number(body, "sku.capacity", -1);
    if (sku == NULL) {
        return arm_fail_property(&call->error, "sku.name",
                                 "Balanced_B0 to Balanced_B1000, MemoryOptimized_M10 to M2000, "
                                 "ComputeOptimized_X3 to X700, FlashOptimized_A250 to A4500, "
                                 "Enterprise_E1 to E400, EnterpriseFlash_F300 to F1500");
    }
    arm_json_put_text(body, "sku.name", sku->name);
    bool flash = strncmp(sku->name, "EnterpriseFlash", 15) == 0;
    if (sku->has_capacity && capacity < 0) {
        capacity = flash ? 3 : 2;
        arm_json_put(body, "sku.capacity", cJSON_CreateNumber(capacity));
    }
    if (sku->has_capacity && capacity % (flash ? 3 : 2) != 0) {
        return arm_fail_property(&call->error, "sku.capacity",
                                 flash ? "3, 9, 15 ... for this SKU" : "2, 4, 6 ... for this SKU");
    }
    if (!sku->has_capacity && capacity >= 0) {
        return arm_fail_property(&call->error, "sku.capacity", "none for this SKU");
    }
    const struct arm_enterprise_sku *from = old == NULL ? NULL : arm_enterprise_sku_of(old);
    if (from != NULL && sku->size_gb < from->size_gb) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "Scaling from '%s' to '%s' is not supported: a cluster can only "
                                 "be scaled to a size that is not smaller.",
                                 from->name, sku->name);
    }
    return true;
}

static void complete(struct arm_service *service, cJSON *body)
{
    (void)service;
    if (arm_json_at(body, "tags") == NULL) {
        arm_json_put(body, "tags", cJSON_CreateObject());
    }
    if (arm_json_at(body, "identity") == NULL) {
        arm_json_put_text(body, "identity.type", "None");
    }
}

static const char *update_state(const cJSON *old, const cJSON *changed)
{
    static const char *const slow[] = {"sku", "properties"};
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        if (!cJSON_Compare(arm_json_at(old, slow[i]), arm_json_at(changed, slow[i]), true)) {
            return "Updating";
        }
    }
    return NULL;
}

char *arm_enterprise_cache_name(const struct arm_resource *cluster)
{
    return string_format("%s.%s", cluster->name, cluster->location->name);
}

const char *arm_enterprise_domain(const struct arm_resource *cluster)
{
    return arm_enterprise_sku_of(cluster)->has_capacity ? "redisenterprise.cache.azure.net"
                                                        : "redis.azure.net";
}

bool arm_enterprise_missing(struct arm_call *call)
{
    char time[40], guid[GUID_SIZE + 1];
    timestamp_format(clock_now_ms(call->service->clock), time);
    random_guid(call->service->random, guid);
    arm_fail(&call->error, 404, "ResourceNotFound",
             "A requested resource could not be found. It may already have been deleted. "
             "CorrelationID=%s RequestID=%s Timestamp=%s (UTC)",
             guid, call->request_id, time);
    call->error.null_target = true;
    return false;
}

/* A cluster that changed may change what its database is. */
static void apply(struct arm_service *service, struct arm_resource *cluster)
{
    struct arm_resource *database =
        arm_resource_next_child(service, cluster, &arm_enterprise_database_type, NULL);
    if (database != NULL) {
        arm_enterprise_apply(service, database);
    }
}

static bool before(const struct arm_call *call, const char *version)
{
    return strcmp(call->api_version, version) < 0;
}

static cJSON *show(struct arm_call *call, const struct arm_resource *cluster, bool secrets)
{
    (void)secrets;
    const struct arm_host *host = &call->service->host;
    const struct arm_enterprise_sku *sku = arm_enterprise_sku_of(cluster);
    struct arm_cache_address address;
    char *name = arm_enterprise_cache_name(cluster);
    cJSON *item = arm_resource_show_plain(call, cluster);
    cJSON *properties = arm_json_at(item, "properties");
    host->cache_address(host->context, bytes_from_string(name), arm_enterprise_domain(cluster),
                        &address);
    memory_free(name);
    cJSON_AddStringToObject(properties, "hostName", address.host_name);
    bool settled = strcmp(cluster->state, "Succeeded") == 0;
    cJSON_AddStringToObject(properties, "resourceState", settled ? "Running" : cluster->state);
    if (strcmp(cluster->state, "Creating") != 0) {
        arm_redis_show_private_connections(call->service, cluster, properties);
        if (arm_json_at(properties, "privateEndpointConnections") == NULL) {
            cJSON_AddArrayToObject(properties, "privateEndpointConnections");
        }
    }
    if (before(call, "2024-09-01")) {
        arm_json_remove(item, "properties.highAvailability");
    } else {
        bool available = strcmp(arm_json_text(properties, "highAvailability"), "Enabled") == 0;
        cJSON_AddStringToObject(item, "kind", sku->has_capacity ? "v1" : "v2");
        cJSON_AddStringToObject(properties, "redundancyMode",
                                !available                           ? "None"
                                : arm_json_at(item, "zones") == NULL ? "LR"
                                                                     : "ZR");
    }
    if (before(call, "2025-07-01")) {
        arm_json_remove(item, "properties.publicNetworkAccess");
    }
    return item;
}

static cJSON *removal_body(struct arm_call *call, const struct arm_resource *cluster)
{
    return show(call, cluster, false);
}

static bool list_skus_for_scaling(struct arm_call *call, struct arm_resource *cluster)
{
    const struct arm_enterprise_sku *from = arm_enterprise_sku_of(cluster);
    cJSON *body = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(body, "skus");
    for (size_t i = 0; i < arm_enterprise_sku_count; i++) {
        const struct arm_enterprise_sku *sku = &arm_enterprise_skus[i];
        if (sku->has_capacity == from->has_capacity && sku->size_gb >= from->size_gb) {
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "name", sku->name);
            cJSON_AddNumberToObject(item, "sizeInGB", sku->size_gb);
            cJSON_AddItemToArray(list, item);
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_action actions[] = {
    {.name = "listSkusForScaling", .handle = list_skus_for_scaling},
    {.name = "privateLinkResources",
     .handle = arm_redis_private_link_resources,
     .methods = ARM_GET},
    {0},
};

static const char *const api_versions[] = {"2025-07-01", "2025-04-01", "2024-10-01", "2024-02-01",
                                           "2023-11-01", "2023-07-01", "2022-01-01", "2021-08-01",
                                           "2021-03-01", NULL};

const struct arm_resource_type arm_enterprise_type = {
    .name = "Microsoft.Cache/redisEnterprise",
    .names = {.words =
                  "1 to 60 letters, digits and single hyphens, which may not stand at either end",
              .least = 1,
              .most = 60,
              .marks = "-",
              .flags = ARM_NAME_INSIDE | ARM_NAME_SINGLE},
    .traits = ARM_TRACKED | ARM_DISPLAY_LOCATION,
    .api_versions = api_versions,
    .schema = schema,
    .polling = &arm_polling_enterprise,
    .durations = {CREATE_S, UPDATE_S, DELETE_S},
    .actions = actions,
    .check = check,
    .sound = sound,
    .complete = complete,
    .update_state = update_state,
    .apply = apply,
    .missing = arm_enterprise_missing,
    .removal_body = removal_body,
    .show = show,
};

static const struct arm_resource_type *const types[] = {&arm_enterprise_type};
const struct arm_module arm_module_enterprise_cluster = {types, ARRAY_LEN(types), NULL, 0};
