/*
 * redisConfiguration: its settings, all of them strings on the wire. Unknown ones are kept; sizes
 * out of range are brought into it, as the service does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/skus.h"
#include "arm/types/redis.h"

static bool number_fits(const char *text)
{
    int64_t number;
    return bytes_to_int64(bytes_from_string(text), &number) && number >= 0;
}

static bool truth_fits(const char *text)
{
    return bytes_equal_string_nocase(bytes_from_string(text), "true") ||
           bytes_equal_string_nocase(bytes_from_string(text), "false");
}

static bool policy_fits(const char *text)
{
    static const char *const policies[] = {
        "volatile-lru", "allkeys-lru", "volatile-lfu",    "allkeys-lfu",
        "volatile-ttl", "noeviction",  "volatile-random", "allkeys-random",
    };
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        if (strcmp(text, policies[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool events_fit(const char *text)
{
    return strspn(text, "KEg$lshzxetmdnA") == strlen(text);
}

static bool frequency_fits(const char *text)
{
    static const char *const minutes[] = {"15", "30", "60", "360", "720", "1440"};
    for (size_t i = 0; i < ARRAY_LEN(minutes); i++) {
        if (strcmp(text, minutes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The service takes no other number, whatever its documentation says. */
static bool one_fits(const char *text)
{
    return strcmp(text, "1") == 0;
}

/* Terraform sends an empty one. */
static bool method_fits(const char *text)
{
    return text[0] == '\0' || bytes_equal_string_nocase(bytes_from_string(text), "SAS") ||
           bytes_equal_string_nocase(bytes_from_string(text), "ManagedIdentity");
}

static const struct {
    const char *name;
    bool (*fits)(const char *text);
    const char *allowed;
} settings[] = {
    {"maxmemory-policy", policy_fits,
     "volatile-lru, allkeys-lru, volatile-lfu, allkeys-lfu, volatile-ttl, noeviction, "
     "volatile-random, allkeys-random"},
    {"maxmemory-reserved", number_fits, "a number of megabytes, as a string"},
    {"maxfragmentationmemory-reserved", number_fits, "a number of megabytes, as a string"},
    {"maxmemory-delta", number_fits, "a number of megabytes, as a string"},
    {"notify-keyspace-events", events_fit, "the letters K E g $ l s h z x e t m d n A"},
    {"rdb-backup-enabled", truth_fits, "'true', 'false'"},
    {"rdb-backup-frequency", frequency_fits, "'15', '30', '60', '360', '720', '1440'"},
    {"rdb-backup-max-snapshot-count", one_fits, "'1'"},
    {"aof-backup-enabled", truth_fits, "'true', 'false'"},
    {"preferred-data-persistence-auth-method", method_fits, "'SAS', 'ManagedIdentity'"},
    {"aad-enabled", truth_fits, "'true', 'false'"},
    {"authnotrequired", truth_fits, "'true', 'false'"},
};

/* A setting of any kind of letters; names with dots or hyphens are no path. */
static const char *setting(const cJSON *body, const char *name)
{
    return cJSON_GetStringValue(
        cJSON_GetObjectItem(arm_json_at(body, "properties.redisConfiguration"), name));
}

const char *arm_redis_setting(const cJSON *body, const char *name)
{
    return setting(body, name);
}

static bool check_databases(const cJSON *old, const cJSON *body, struct arm_error *error)
{
    const char *text = setting(body, "databases"), *before = setting(old, "databases");
    const struct arm_sku *sku = arm_redis_sku(body);
    int64_t number;
    if (text == NULL) {
        return true;
    }
    if (!bytes_to_int64(bytes_from_string(text), &number) || number < 1 ||
        number > sku->databases) {
        return arm_fail_property(error, "properties.redisConfiguration.databases",
                                 "the number of databases that the size allows, as a string");
    }
    return old == NULL || (before != NULL && strcmp(before, text) == 0) ||
           arm_fail_provider(error, 400, "BadRequest",
                             "The requested update to the resource is not permitted. The "
                             "following properties(s) cannot be modified: "
                             "'properties.redisConfiguration.databases'.");
}

bool arm_redis_check_settings(const cJSON *old, const cJSON *body, struct arm_error *error)
{
    const cJSON *item;
    if (!check_databases(old, body, error)) {
        return false;
    }
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.redisConfiguration"))
    {
        for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
            const char *text = cJSON_GetStringValue(item);
            if (strcmp(item->string, settings[i].name) == 0 && text != NULL &&
                !settings[i].fits(text)) {
                char path[128];
                snprintf(path, sizeof(path), "properties.redisConfiguration.%s", item->string);
                return arm_fail_property(error, path, settings[i].allowed);
            }
        }
    }
    return true;
}

/* ---- Defaults ---- */

static void default_setting(cJSON *configuration, const char *name, int number)
{
    if (cJSON_GetObjectItemCaseSensitive(configuration, name) == NULL) {
        char text[16];
        snprintf(text, sizeof(text), "%d", number);
        cJSON_AddStringToObject(configuration, name, text);
    }
}

/* Out of range means clamped, to between about 10 and 60 per cent of the memory. */
static void clamp_setting(cJSON *configuration, const char *name, const struct arm_sku *sku)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(configuration, name);
    long most = (long)(sku->memory / (1024 * 1024) * 6 / 10);
    const char *given = cJSON_GetStringValue(item);
    if (given == NULL) {
        return;
    }
    long number = strtol(given, NULL, 10);
    long clamped = number < sku->reserved_mb ? sku->reserved_mb : number > most ? most : number;
    if (clamped != number) {
        char text[24];
        snprintf(text, sizeof(text), "%ld", clamped);
        cJSON_SetValuestring(item, text);
    }
}

void arm_redis_complete(struct arm_service *service, cJSON *body)
{
    (void)service;
    static const char *const reserved[] = {"maxmemory-reserved", "maxfragmentationmemory-reserved",
                                           "maxmemory-delta"};
    const struct arm_sku *sku = arm_redis_sku(body);
    if (arm_json_at(body, "tags") == NULL) {
        arm_json_put(body, "tags", cJSON_CreateObject());
    }
    const char *identity = arm_json_text(body, "identity.type");
    if (identity != NULL && strcmp(identity, "None") == 0) {
        arm_json_remove(body, "identity");
    }
    if (arm_json_at(body, "properties.redisConfiguration") == NULL) {
        arm_json_put(body, "properties.redisConfiguration", cJSON_CreateObject());
    }
    cJSON *configuration = arm_json_at(body, "properties.redisConfiguration");
    cJSON_DeleteItemFromObjectCaseSensitive(configuration, "maxclients");
    default_setting(configuration, "maxclients", sku == NULL ? 0 : sku->max_clients);
    for (size_t i = 0; i < ARRAY_LEN(reserved) && sku != NULL; i++) {
        default_setting(configuration, reserved[i], sku->reserved_mb);
        clamp_setting(configuration, reserved[i], sku);
    }
    if (arm_json_at(body, "properties.enableNonSslPort") == NULL) {
        arm_json_put(body, "properties.enableNonSslPort", cJSON_CreateFalse());
    }
    if (arm_json_at(body, "properties.publicNetworkAccess") == NULL) {
        arm_json_put_text(body, "properties.publicNetworkAccess", "Enabled");
    }
    if (arm_json_at(body, "properties.updateChannel") == NULL) {
        arm_json_put_text(body, "properties.updateChannel", "Stable");
    }
    if (arm_json_at(body, "properties.disableAccessKeyAuthentication") == NULL) {
        arm_json_put(body, "properties.disableAccessKeyAuthentication", cJSON_CreateFalse());
    }
    if (arm_json_at(body, "properties.zonalAllocationPolicy") == NULL) {
        const char *name = arm_json_text(body, "properties.sku.name");
        arm_json_put_text(body, "properties.zonalAllocationPolicy",
                          arm_json_at(body, "zones") != NULL   ? "UserDefined"
                          : name && strcmp(name, "Basic") == 0 ? "NoZones"
                                                               : "Automatic");
    }
    const char *version = arm_json_text(body, "properties.redisVersion");
    if (version == NULL || strcmp(version, "latest") == 0 || version[0] == '6') {
        arm_json_put_text(body, "properties.redisVersion", "6.0");
    } else if (version[0] == '4') {
        arm_json_put_text(body, "properties.redisVersion", "4.0");
    }
}
