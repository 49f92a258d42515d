/*
 * Microsoft.Cache/Redis and its actions. Answers have the shapes recorded of the real service:
 * display name of the location, keys only in answers to PUT, old values while an update runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"
#include "arm/skus.h"
#include "arm/types/redis.h"

enum {
    CREATE_S = 17 * 60, /* 15 to 20 minutes for a Basic C0 */
    UPDATE_S = 60,
    DELETE_S = 4 * 60 + 30,
    FLUSH_S = 30,
};

static const char *const sku_names[] = {"Basic", "Standard", "Premium", NULL};
static const char *const families[] = {"C", "P", NULL};
static const char *const tls_versions[] = {"1.0", "1.1", "1.2", NULL};
static const char *const accesses[] = {"Enabled", "Disabled", NULL};
static const char *const channels[] = {"Stable", "Preview", NULL};
static const char *const zonal_policies[] = {"Automatic", "UserDefined", "NoZones", NULL};

static const struct arm_property schema[] = {
    {.path = "location", .kind = ARM_TEXT},
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "zones", .kind = ARM_ARRAY},
    {.path = "identity", .kind = ARM_OBJECT},
    {.path = "properties", .kind = ARM_OBJECT},
    {.path = "properties.sku", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.sku.name",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = sku_names},
    {.path = "properties.sku.family",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = families},
    {.path = "properties.sku.capacity",
     .kind = ARM_INTEGER,
     .rules = ARM_REQUIRED,
     .minimum = 0,
     .maximum = 6},
    {.path = "properties.enableNonSslPort", .kind = ARM_TRUTH},
    {.path = "properties.redisVersion", .kind = ARM_TEXT},
    {.path = "properties.replicasPerMaster", .kind = ARM_INTEGER, .minimum = 1, .maximum = 3},
    {.path = "properties.replicasPerPrimary", .kind = ARM_INTEGER, .minimum = 1, .maximum = 3},
    {.path = "properties.tenantSettings", .kind = ARM_TEXTS},
    {.path = "properties.shardCount", .kind = ARM_INTEGER, .minimum = 1, .maximum = 30},
    {.path = "properties.minimumTlsVersion", .kind = ARM_CHOICE, .choices = tls_versions},
    {.path = "properties.publicNetworkAccess", .kind = ARM_CHOICE, .choices = accesses},
    {.path = "properties.updateChannel",
     .kind = ARM_CHOICE,
     .choices = channels,
     .since = "2023-08-01"},
    {.path = "properties.disableAccessKeyAuthentication", .kind = ARM_TRUTH, .since = "2024-11-01"},
    {.path = "properties.zonalAllocationPolicy",
     .kind = ARM_CHOICE,
     .choices = zonal_policies,
     .since = "2024-11-01"},
    {.path = "properties.subnetId", .kind = ARM_TEXT, .rules = ARM_CREATE_ONLY},
    {.path = "properties.staticIP", .kind = ARM_TEXT, .rules = ARM_CREATE_ONLY},
    {.path = "properties.redisConfiguration", .kind = ARM_TEXTS},
    {.path = "properties.provisioningState", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.hostName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.port", .kind = ARM_INTEGER, .rules = ARM_READ_ONLY},
    {.path = "properties.sslPort", .kind = ARM_INTEGER, .rules = ARM_READ_ONLY},
    {.path = "properties.accessKeys", .kind = ARM_OBJECT, .rules = ARM_READ_ONLY},
    {.path = "properties.linkedServers", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.instances", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {0},
};

/* ---- Actions ---- */

static bool list_keys(struct arm_call *call, struct arm_resource *resource)
{
    arm_answer(call, 200, arm_redis_keys(resource));
    return true;
}

void arm_redis_rotate_key(struct arm_service *service, struct arm_resource *cache, bool primary)
{
    arm_redis_new_key(service, cache, primary ? "primaryKey" : "secondaryKey");
    arm_redis_apply(service, cache);
    arm_changed(service);
}

static bool regenerate_key(struct arm_call *call, struct arm_resource *resource)
{
    const char *type = arm_json_text(call->body, "keyType");
    bool primary = type != NULL && bytes_equal_string_nocase(bytes_from_string(type), "Primary");
    if (!primary &&
        (type == NULL || !bytes_equal_string_nocase(bytes_from_string(type), "Secondary"))) {
        return arm_fail_property(&call->error, "keyType", "'Primary', 'Secondary'");
    }
    arm_redis_rotate_key(call->service, resource, primary);
    return list_keys(call, resource);
}

static bool flush(struct arm_call *call, struct arm_resource *resource)
{
    struct arm_service *service = call->service;
    if (resource->operation == NULL) {
        service->host.cache_flush(service->host.context, bytes_from_string(resource->name));
    }
    return arm_resource_act(call, resource, "flush", FLUSH_S);
}

static const struct arm_action actions[] = {
    {.name = "listKeys", .handle = list_keys},
    {.name = "regenerateKey", .handle = regenerate_key},
    {.name = "flush", .handle = flush},
    {.name = "forceReboot", .handle = arm_redis_reboot},
    {.name = "export", .handle = arm_redis_export, .finish = arm_redis_export_finish},
    {.name = "import", .handle = arm_redis_import, .finish = arm_redis_import_finish},
    {.name = "listUpgradeNotifications",
     .handle = arm_redis_upgrade_notifications,
     .methods = ARM_GET},
    {.name = "privateLinkResources",
     .handle = arm_redis_private_link_resources,
     .methods = ARM_GET},
    {0},
};

/* Free: 200 and nothing. Taken: 409, as PUT would answer. */
static bool check_name(struct arm_call *call)
{
    const char *name = arm_json_text(call->body, "name"), *type = arm_json_text(call->body, "type");
    if (name == NULL || !arm_name_fits(&arm_redis_type.names, bytes_from_string(name))) {
        return arm_fail_property(&call->error, "name", arm_name_words(&arm_redis_type.names));
    }
    if (type == NULL || !bytes_equal_string_nocase(bytes_from_string(type), arm_redis_type.name)) {
        return arm_fail_property(&call->error, "type", "'Microsoft.Cache/Redis'");
    }
    if (arm_resource_find_name(call->service, &arm_redis_type, bytes_from_string(name)) != NULL) {
        return arm_fail_name_taken(&call->error);
    }
    arm_answer(call, 200, NULL);
    return true;
}

static bool sound(const cJSON *body)
{
    return arm_redis_sku(body) != NULL;
}

static bool check_removal(struct arm_call *call, const struct arm_resource *resource)
{
    if (arm_redis_link(call->service, resource) == NULL) {
        return true;
    }
    return arm_fail_provider(&call->error, 400, "BadRequest",
                             "Cannot delete '%s' since it has linked servers associated with it. "
                             "Please remove the linked server(s) and then try deleting the cache.",
                             resource->name);
}

static const char *const api_versions[] = {
    "2024-11-01", "2024-03-01", "2023-08-01", "2023-04-01", "2022-06-01",
    "2022-05-01", "2021-06-01", "2020-12-01", "2020-06-01", "2018-03-01",
    "2017-10-01", "2017-02-01", "2016-04-01", "2015-08-01", NULL,
};

static const struct saved_shape saved[] = {
    {"secrets.primaryKey", SAVED_TEXT, false},
    {"secrets.secondaryKey", SAVED_TEXT, false},
    {"secrets.loopback", SAVED_TEXT, false},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_redis_type = {
    .name = "Microsoft.Cache/Redis",
    .names = {.words =
                  "1 to 63 letters, digits and single hyphens, which may not stand at either end",
              .least = 1,
              .most = 63,
              .marks = "-",
              .flags = ARM_NAME_INSIDE | ARM_NAME_SINGLE},
    .traits = ARM_TRACKED | ARM_UNIQUE_NAME | ARM_DISPLAY_LOCATION,
    .api_versions = api_versions,
    .schema = schema,
    .polling = &arm_polling_redis,
    .durations = {CREATE_S, UPDATE_S, DELETE_S},
    .absent = 404,
    .actions = actions,
    .check = arm_redis_check,
    .sound = sound,
    .check_removal = check_removal,
    .complete = arm_redis_complete,
    .create_secrets = arm_redis_create_secrets,
    .furnish = arm_redis_add_policies,
    .update_state = arm_redis_update_state,
    .apply = arm_redis_apply,
    .remove = arm_redis_remove,
    .show = arm_redis_show,
    .saved = saved,
};

static const struct arm_resource_type *const types[] = {&arm_redis_type};
static const struct arm_route routes[] = {
    {ARM_POST, "/subscriptions/{}/providers/Microsoft.Cache/checkNameAvailability", check_name,
     "Microsoft.Cache/checkNameAvailability"},
};
const struct arm_module arm_module_redis_cache = {types, ARRAY_LEN(types), routes,
                                                  ARRAY_LEN(routes)};
