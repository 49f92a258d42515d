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
    KEY_SIZE = 44,
    KEY_MARK_AT = 33,
    MOST_CHILDREN = 256,
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

static bool name_fits(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool letter = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                      (byte >= 'A' && byte <= 'Z');
        bool edge = i == 0 || i + 1 == name.size;
        if (!letter && (byte != '-' || edge || name.data[i - 1] == '-')) {
            return false;
        }
    }
    return name.size >= 1 && name.size <= 63;
}

/* ---- Rules ---- */

static const struct arm_sku *sku_of(const cJSON *body)
{
    const char *family = arm_json_text(body, "properties.sku.family");
    return family == NULL
               ? NULL
               : arm_sku_find(family[0], arm_json_number(body, "properties.sku.capacity", -1));
}

static bool check_sku(const cJSON *body, struct arm_error *error)
{
    const char *name = arm_json_text(body, "properties.sku.name");
    const char *family = arm_json_text(body, "properties.sku.family");
    bool premium = strcmp(name, "Premium") == 0;
    if (premium != (family[0] == 'P')) {
        return arm_fail_property(error, "properties.sku.family",
                                 premium ? "'P' for the SKU Premium"
                                         : "'C' for the SKUs Basic and Standard");
    }
    if (sku_of(body) == NULL) {
        return arm_fail_property(error, "properties.sku.capacity",
                                 premium ? "1, 2, 3, 4, 5 for the family P"
                                         : "0, 1, 2, 3, 4, 5, 6 for the family C");
    }
    if (!premium && arm_json_at(body, "properties.shardCount") != NULL) {
        return arm_fail_property(error, "properties.shardCount",
                                 "clustering needs the SKU Premium");
    }
    return true;
}

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
    {"aof-backup-enabled", truth_fits, "'true', 'false'"},
    {"aad-enabled", truth_fits, "'true', 'false'"},
    {"authnotrequired", truth_fits, "'true', 'false'"},
};

static bool check_configuration(const cJSON *body, struct arm_error *error)
{
    const cJSON *item;
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

static bool not_permitted(struct arm_error *error, const char *property)
{
    return arm_fail_provider(error, 400, "BadRequest",
                             "The requested update to the resource is not permitted. The "
                             "following properties(s) cannot be modified: '%s'.",
                             property);
}

/* Which sizes may become which; the service's documentation lists what it refuses. */
static bool check_scaling(const cJSON *old, const cJSON *body, struct arm_error *error)
{
    const char *from = arm_json_text(old, "properties.sku.name");
    const char *to = arm_json_text(body, "properties.sku.name");
    int from_capacity = arm_json_number(old, "properties.sku.capacity", 0);
    int to_capacity = arm_json_number(body, "properties.sku.capacity", 0);
    if (strcmp(from, "Basic") == 0 && strcmp(to, "Premium") == 0) {
        return arm_fail_provider(error, 400, "BadRequest",
                                 "Exception of type "
                                 "'AzCacheRP.Exceptions.SkuFamilyNotSupportedException' was "
                                 "thrown.");
    }
    if (strcmp(from, "Premium") == 0 && strcmp(to, "Premium") != 0) {
        return not_permitted(error, "properties.sku.family");
    }
    if (strcmp(from, "Standard") == 0 && strcmp(to, "Basic") == 0) {
        return not_permitted(error, "properties.sku.name");
    }
    bool both =
        strcmp(from, "Basic") == 0 && strcmp(to, "Standard") == 0 && from_capacity != to_capacity;
    bool to_smallest = strcmp(to, "Premium") != 0 && to_capacity == 0 && from_capacity > 0;
    if (both || to_smallest) {
        return not_permitted(error, "properties.sku.capacity");
    }
    if (arm_json_at(old, "properties.shardCount") != NULL &&
        arm_json_at(body, "properties.shardCount") == NULL) {
        return not_permitted(error, "properties.shardCount");
    }
    return true;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    struct arm_error *error = &call->error;
    if (!check_sku(body, error) || !check_configuration(body, error)) {
        return false;
    }
    const char *version = arm_json_text(body, "properties.redisVersion");
    if (version != NULL && version[0] != '4' && version[0] != '6' &&
        strcmp(version, "latest") != 0) {
        return arm_fail_property(error, "properties.redisVersion", "'4', '6', 'latest'");
    }
    int masters = arm_json_number(body, "properties.replicasPerMaster", -1);
    int primaries = arm_json_number(body, "properties.replicasPerPrimary", -1);
    if (masters >= 0 && primaries >= 0 && masters != primaries) {
        return arm_fail_property(error, "properties.replicasPerMaster",
                                 "the same as properties.replicasPerPrimary");
    }
    return old == NULL || check_scaling(old->body, body, error);
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
    long number = strtol(cJSON_GetStringValue(item), NULL, 10);
    long clamped = number < sku->reserved_mb ? sku->reserved_mb : number > most ? most : number;
    if (clamped != number) {
        char text[24];
        snprintf(text, sizeof(text), "%ld", clamped);
        cJSON_SetValuestring(item, text);
    }
}

static void complete(struct arm_service *service, cJSON *body)
{
    (void)service;
    static const char *const reserved[] = {"maxmemory-reserved", "maxfragmentationmemory-reserved",
                                           "maxmemory-delta"};
    const struct arm_sku *sku = sku_of(body);
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
    arm_json_put_text(body, "properties.redisVersion",
                      version != NULL && version[0] == '4' ? "4.0" : "6.0");
}

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

static void create_secrets(struct arm_service *service, struct arm_resource *resource)
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

static const char *setting(const cJSON *body, const char *name)
{
    return cJSON_GetStringValue(
        cJSON_GetObjectItem(arm_json_at(body, "properties.redisConfiguration"), name));
}

/* Lists that a cache's children make; the views are the resources'. */
struct children {
    struct arm_access accesses[MOST_CHILDREN];
    struct arm_address_range firewall[MOST_CHILDREN];
    struct bytes private_addresses[MOST_CHILDREN];
};

static void gather(const struct arm_service *service, const struct arm_resource *resource,
                   struct children *children, struct arm_cache *cache)
{
    cache->access_count = arm_redis_accesses(service, resource, children->accesses, MOST_CHILDREN);
    cache->firewall_count =
        arm_redis_firewall(service, resource, children->firewall, MOST_CHILDREN);
    cache->private_address_count =
        arm_redis_private_addresses(service, resource, children->private_addresses, MOST_CHILDREN);
    cache->accesses = children->accesses;
    cache->firewall = children->firewall;
    cache->private_addresses = children->private_addresses;
    cache->geo_primary = arm_redis_geo_primary(service, resource);
}

static bool on(const cJSON *body, const char *name)
{
    return bytes_equal_string_nocase(bytes_from_string(setting(body, name)), "true");
}

static struct arm_cache cache_of(const struct arm_service *service,
                                 const struct arm_resource *resource, struct children *children)
{
    const cJSON *body = resource->body;
    const struct arm_sku *sku = sku_of(body);
    int shards = arm_json_number(body, "properties.shardCount", 0);
    int databases = (int)strtol(
        setting(body, "databases") == NULL ? "0" : setting(body, "databases"), NULL, 10);
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
        .max_memory_policy = bytes_from_string(setting(body, "maxmemory-policy")),
        .notify_keyspace_events = bytes_from_string(setting(body, "notify-keyspace-events")),
        .replicas = arm_redis_node_count(body) / (shards > 0 ? shards : 1) - 1,
        .entra_enabled = on(body, "aad-enabled"),
        .rdb_backup_enabled = on(body, "rdb-backup-enabled"),
        .aof_backup_enabled = on(body, "aof-backup-enabled"),
    };
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

static void remove_cache(struct arm_service *service, struct arm_resource *resource)
{
    service->host.cache_remove(service->host.context, bytes_from_string(resource->name));
}

void arm_service_each_cache(const struct arm_service *service,
                            void (*visit)(void *context, const struct arm_cache *cache,
                                          const char *provisioning_state),
                            void *context)
{
    struct children *children = memory_allocate_zeroed(sizeof(*children));
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type == &arm_redis_type) {
            struct arm_cache cache = cache_of(service, resource, children);
            visit(context, &cache, resource->state);
        }
    }
    memory_free(children);
}

static bool differs(const cJSON *old, const cJSON *changed, const char *path)
{
    return !cJSON_Compare(arm_json_at(old, path), arm_json_at(changed, path), true) &&
           (arm_json_at(old, path) != NULL || arm_json_at(changed, path) != NULL);
}

/* Tags change at once; everything else takes the cache some time. */
static const char *update_state(const cJSON *old, const cJSON *changed)
{
    if (differs(old, changed, "properties.sku") || differs(old, changed, "properties.shardCount")) {
        return "Scaling";
    }
    return differs(old, changed, "properties") || differs(old, changed, "identity") ||
                   differs(old, changed, "zones")
               ? "Updating"
               : NULL;
}

/* ---- What clients see ---- */

int arm_redis_node_count(const cJSON *body)
{
    const char *name = arm_json_text(body, "properties.sku.name");
    int replicas = arm_json_number(body, "properties.replicasPerPrimary",
                                   arm_json_number(body, "properties.replicasPerMaster", 1));
    int shards = arm_json_number(body, "properties.shardCount", 1);
    return strcmp(name, "Basic") == 0 ? 1 : shards * (1 + replicas);
}

static cJSON *show_instances(const struct arm_resource *resource)
{
    const cJSON *body = resource->body;
    cJSON *list = cJSON_CreateArray();
    int count = arm_redis_node_count(body),
        shards = arm_json_number(body, "properties.shardCount", 0);
    int per_shard = shards > 0 ? count / shards : count;
    bool plain = arm_json_truth(body, "properties.enableNonSslPort");
    bool running = strcmp(resource->state, "Creating") != 0 && strcmp(resource->state, "Failed");
    for (int i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        bool primary = running && i % per_shard == 0;
        cJSON_AddNumberToObject(item, "sslPort", 15000 + i);
        if (plain) {
            cJSON_AddNumberToObject(item, "nonSslPort", 13000 + i);
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

static cJSON *show_identity(struct arm_call *call, const struct arm_resource *resource)
{
    cJSON *identity = cJSON_Duplicate(arm_json_at(resource->body, "identity"), true);
    if (identity != NULL) {
        /* Derived from the id, so that it stays the same. */
        struct random random;
        uint64_t seed = 5381;
        for (const char *at = resource->id; *at != '\0'; at++) {
            seed = seed * 33 + (unsigned char)*at;
        }
        random_init(&random, seed);
        char guid[GUID_SIZE + 1];
        random_guid(&random, guid);
        arm_json_put_text(identity, "principalId", guid);
        arm_json_put_text(identity, "tenantId", call->service->config.tenant_id);
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
        cJSON_AddItemToObject(shown, "instances", show_instances(resource));
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
        cJSON_AddItemToObject(shown, "accessKeys", cJSON_Duplicate(resource->secrets, true));
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

static cJSON *show(struct arm_call *call, const struct arm_resource *resource, bool secrets)
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

/* ---- Actions ---- */

static bool list_keys(struct arm_call *call, struct arm_resource *resource)
{
    arm_answer(call, 200, cJSON_Duplicate(resource->secrets, true));
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
    if (name == NULL || !name_fits(bytes_from_string(name))) {
        return arm_fail_property(&call->error, "name", arm_redis_type.name_rule);
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

const struct arm_resource_type arm_redis_type = {
    .name = "Microsoft.Cache/Redis",
    .name_rule = "1 to 63 letters, digits and single hyphens, which may not stand at either end",
    .name_fits = name_fits,
    .traits = ARM_TRACKED | ARM_UNIQUE_NAME | ARM_DISPLAY_LOCATION,
    .api_versions = api_versions,
    .schema = schema,
    .polling = &arm_polling_redis,
    .durations = {CREATE_S, UPDATE_S, DELETE_S},
    .absent = 404,
    .actions = actions,
    .check = check,
    .check_removal = check_removal,
    .complete = complete,
    .create_secrets = create_secrets,
    .furnish = arm_redis_add_policies,
    .update_state = update_state,
    .apply = arm_redis_apply,
    .remove = remove_cache,
    .show = show,
};

static const struct arm_resource_type *const types[] = {&arm_redis_type};
static const struct arm_route routes[] = {
    {ARM_POST, "/subscriptions/{}/providers/Microsoft.Cache/checkNameAvailability", check_name,
     "Microsoft.Cache/checkNameAvailability"},
};
const struct arm_module arm_module_redis_cache = {types, ARRAY_LEN(types), routes,
                                                  ARRAY_LEN(routes)};
