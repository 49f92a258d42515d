/* Microsoft.Cache/redisEnterprise/databases: the one database of a cluster, and what it serves. */
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"
#include "arm/types/redis.h"

enum { CREATE_S = 30, UPDATE_S = 15, DELETE_S = 30, MOVE_S = 5 * 60, MOST = 256, MOST_PEERS = 8 };

static const char *const protocols[] = {"Encrypted", "Plaintext", NULL};
static const char *const clusterings[] = {"EnterpriseCluster", "OSSCluster", "NoCluster", NULL};
static const char *const switches[] = {"Enabled", "Disabled", NULL};
static const char *const deferrals[] = {"Deferred", "NotDeferred", NULL};
static const char *const aof_frequencies[] = {"1s", "always", NULL};
static const char *const rdb_frequencies[] = {"1h", "6h", "12h", NULL};
static const char *const evictions[] = {"AllKeysLFU",     "AllKeysLRU",  "AllKeysRandom",
                                        "VolatileLRU",    "VolatileLFU", "VolatileTTL",
                                        "VolatileRandom", "NoEviction",  NULL};
static const char *const eviction_names[] = {"allkeys-lfu",     "allkeys-lru",  "allkeys-random",
                                             "volatile-lru",    "volatile-lfu", "volatile-ttl",
                                             "volatile-random", "noeviction"};

static const struct {
    const char *name, *version;
} modules[] = {{"RedisBloom", "2.4.5"},
               {"RedisTimeSeries", "1.8.5"},
               {"RediSearch", "2.6.5"},
               {"RedisJSON", "2.4.3"}};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .fallback = "{}"},
    {.path = "properties.clientProtocol",
     .kind = ARM_CHOICE,
     .choices = protocols,
     .fallback = "\"Encrypted\""},
    {.path = "properties.port",
     .kind = ARM_INTEGER,
     .rules = ARM_CREATE_ONLY,
     .minimum = 10000,
     .maximum = 10000,
     .fallback = "10000"},
    {.path = "properties.clusteringPolicy",
     .kind = ARM_CHOICE,
     .choices = clusterings,
     .fallback = "\"OSSCluster\""},
    {.path = "properties.evictionPolicy",
     .kind = ARM_CHOICE,
     .choices = evictions,
     .fallback = "\"VolatileLRU\""},
    {.path = "properties.persistence", .kind = ARM_OBJECT},
    {.path = "properties.persistence.aofEnabled", .kind = ARM_TRUTH},
    {.path = "properties.persistence.aofFrequency", .kind = ARM_CHOICE, .choices = aof_frequencies},
    {.path = "properties.persistence.rdbEnabled", .kind = ARM_TRUTH},
    {.path = "properties.persistence.rdbFrequency", .kind = ARM_CHOICE, .choices = rdb_frequencies},
    {.path = "properties.modules", .kind = ARM_ARRAY},
    {.path = "properties.geoReplication", .kind = ARM_OBJECT},
    {.path = "properties.accessKeysAuthentication",
     .kind = ARM_CHOICE,
     .choices = switches,
     .since = "2024-09-01"},
    {.path = "properties.deferUpgrade",
     .kind = ARM_CHOICE,
     .choices = deferrals,
     .since = "2024-03-01"},
    {.path = "properties.redisVersion", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.resourceState", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static bool check_modules(struct arm_call *call, cJSON *body)
{
    cJSON *module;
    cJSON_ArrayForEach(module, arm_json_at(body, "properties.modules"))
    {
        struct bytes name = bytes_from_string(arm_json_text(module, "name"));
        size_t i = 0;
        while (i < ARRAY_LEN(modules) && !bytes_equal_string_nocase(name, modules[i].name)) {
            i++;
        }
        if (i == ARRAY_LEN(modules)) {
            return arm_fail_property(&call->error, "properties.modules.name",
                                     "'RedisBloom', 'RedisTimeSeries', 'RediSearch', 'RedisJSON'");
        }
        if (arm_json_at(module, "args") == NULL) {
            arm_json_put_text(module, "args", "");
        }
        arm_json_put_text(module, "version", modules[i].version);
    }
    return true;
}

static bool same_text(const cJSON *a, const cJSON *b, const char *path)
{
    return bytes_equal(bytes_from_string(arm_json_text(a, path)),
                       bytes_from_string(arm_json_text(b, path)));
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *persistence = arm_json_at(body, "properties.persistence");
    if (!check_modules(call, body)) {
        return false;
    }
    if (arm_json_truth(persistence, "aofEnabled") && arm_json_truth(persistence, "rdbEnabled")) {
        return arm_fail_property(&call->error, "properties.persistence",
                                 "either aofEnabled or rdbEnabled, not both");
    }
    if ((old == NULL || !cJSON_Compare(arm_json_at(old->body, "properties.geoReplication"),
                                       arm_json_at(body, "properties.geoReplication"), false)) &&
        !arm_enterprise_check_links(call, arm_resource_find_id(call->service, call->target.holder),
                                    call->target.id, body)) {
        return false;
    }
    if (old != NULL && !same_text(old->body, body, "properties.clusteringPolicy")) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "The requested update to the resource is not permitted. The "
                                 "following properties(s) cannot be modified: "
                                 "'properties.clusteringPolicy'.");
    }
    return true;
}

static void complete(struct arm_service *service, cJSON *body)
{
    (void)service;
    static const char *const members[] = {"aofFrequency", "rdbFrequency"};
    cJSON *persistence = arm_json_at(body, "properties.persistence");
    for (size_t i = 0; persistence != NULL && i < ARRAY_LEN(members); i++) {
        if (arm_json_at(persistence, members[i]) == NULL) {
            cJSON_AddNullToObject(persistence, members[i]);
        }
    }
}

/* Keys are on by default for the Enterprise tiers, off for Azure Managed Redis. */
static bool keys_disabled(const struct arm_resource *database)
{
    const char *set = arm_json_text(database->body, "properties.accessKeysAuthentication");
    return set != NULL ? strcmp(set, "Disabled") == 0
                       : !arm_enterprise_sku_of(database->parent)->has_capacity;
}

static struct bytes eviction_of(const cJSON *body)
{
    struct bytes policy = bytes_from_string(arm_json_text(body, "properties.evictionPolicy"));
    for (size_t i = 0; i < ARRAY_LEN(eviction_names); i++) {
        if (bytes_equal_string_nocase(policy, evictions[i])) {
            return bytes_from_string(eviction_names[i]);
        }
    }
    return BYTES("volatile-lru");
}

static bool text_is(const cJSON *body, const char *path, const char *value)
{
    return bytes_equal_string_nocase(bytes_from_string(arm_json_text(body, path)), value);
}

static struct arm_cache cache_of(const struct arm_resource *database, struct bytes name)
{
    const struct arm_resource *cluster = database->parent;
    const struct arm_enterprise_sku *sku = arm_enterprise_sku_of(cluster);
    const cJSON *body = database->body;
    bool available = !text_is(cluster->body, "properties.highAvailability", "Disabled");
    return (struct arm_cache){
        .name = name,
        .resource_id = bytes_from_string(database->id),
        .sku = bytes_from_string(sku->name),
        .family = 'E',
        .capacity = arm_json_number(cluster->body, "sku.capacity", 0),
        .enterprise = true,
        .domain = arm_enterprise_domain(cluster),
        .primary_key = bytes_from_string(arm_json_text(database->secrets, "primaryKey")),
        .secondary_key = bytes_from_string(arm_json_text(database->secrets, "secondaryKey")),
        .redis_version = BYTES("7.4"),
        .minimum_tls_version =
            bytes_from_string(arm_json_text(cluster->body, "properties.minimumTlsVersion")),
        .non_ssl_port_enabled = text_is(body, "properties.clientProtocol", "Plaintext"),
        .public_network_access =
            !text_is(cluster->body, "properties.publicNetworkAccess", "Disabled"),
        .access_keys_disabled = keys_disabled(database),
        .shard_count = text_is(body, "properties.clusteringPolicy", "OSSCluster") ? sku->shards : 0,
        .databases = 1,
        .max_clients = sku->max_clients,
        .max_memory = (uint64_t)(sku->size_gb * 1024) * 1024 * 1024,
        .max_memory_policy = eviction_of(body),
        .replicas = available ? 1 : 0,
        .zones = available ? BYTES("123") : BYTES("1"),
        .entra_enabled = true,
        .rdb_backup_enabled = arm_json_truth(body, "properties.persistence.rdbEnabled"),
        .aof_backup_enabled = arm_json_truth(body, "properties.persistence.aofEnabled"),
    };
}

void arm_enterprise_each_cache(struct arm_service *service, arm_visit_cache *visit, void *context)
{
    for (struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type == &arm_enterprise_database_type) {
            char *name = arm_enterprise_cache_name(resource->parent);
            struct arm_cache cache = cache_of(resource, bytes_from_string(name));
            visit(context, &cache, resource->state);
            memory_free(name);
        }
    }
}

void arm_enterprise_apply(struct arm_service *service, struct arm_resource *database)
{
    arm_enterprise_tell(service, database);
    arm_enterprise_join(service, database);
}

void arm_enterprise_tell(struct arm_service *service, struct arm_resource *database)
{
    char *peers[MOST_PEERS];
    struct bytes views[MOST_PEERS];
    if (strcmp(database->state, "Creating") == 0 || strcmp(database->state, "Deleting") == 0 ||
        strcmp(database->state, "Failed") == 0) {
        return;
    }
    char *name = arm_enterprise_cache_name(database->parent);
    struct arm_access *accesses = memory_allocate_zeroed(MOST * sizeof(*accesses));
    struct arm_cache cache = cache_of(database, bytes_from_string(name));
    cache.accesses = accesses;
    cache.access_count = arm_enterprise_accesses(service, database, accesses, MOST);
    struct bytes *addresses = memory_allocate_zeroed(MOST * sizeof(*addresses));
    cache.private_addresses = addresses;
    cache.private_address_count =
        arm_redis_private_addresses(service, database->parent, addresses, MOST);
    cache.active_peer_count = arm_enterprise_peers(service, database, peers, MOST_PEERS);
    cache.active_peers = views;
    for (size_t i = 0; i < cache.active_peer_count; i++) {
        views[i] = bytes_from_string(peers[i]);
    }
    service->host.cache_apply(service->host.context, &cache);
    for (size_t i = 0; i < cache.active_peer_count; i++) {
        memory_free(peers[i]);
    }
    memory_free(addresses);
    memory_free(accesses);
    memory_free(name);
}

static void remove_database(struct arm_service *service, struct arm_resource *database)
{
    arm_enterprise_leave(service, database);
    char *name = arm_enterprise_cache_name(database->parent);
    service->host.cache_remove(service->host.context, bytes_from_string(name));
    memory_free(name);
}

static void create_secrets(struct arm_service *service, struct arm_resource *database)
{
    database->secrets = cJSON_CreateObject();
    arm_redis_new_key(service, database, "primaryKey");
    arm_redis_new_key(service, database, "secondaryKey");
}

/* Where it can be reached, which on our own host names may be another port than Azure's. */
static void show_port(struct arm_call *call, const struct arm_resource *database, cJSON *properties)
{
    const struct arm_host *host = &call->service->host;
    struct arm_cache_address address;
    char *name = arm_enterprise_cache_name(database->parent);
    host->cache_address(host->context, bytes_from_string(name),
                        arm_enterprise_domain(database->parent), &address);
    arm_json_put(properties, "port", cJSON_CreateNumber(address.ssl_port));
    memory_free(name);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *database, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, database);
    cJSON *properties = arm_json_at(item, "properties");
    show_port(call, database, properties);
    arm_enterprise_show_links(call->service, database, item);
    bool settled = strcmp(database->state, "Succeeded") == 0;
    cJSON_AddStringToObject(properties, "resourceState", settled ? "Running" : database->state);
    if (strcmp(call->api_version, "2024-02-01") >= 0) {
        cJSON_AddStringToObject(properties, "redisVersion", "7.4");
    }
    if (strcmp(call->api_version, "2024-09-01") >= 0) {
        arm_json_put_text(properties, "accessKeysAuthentication",
                          keys_disabled(database) ? "Disabled" : "Enabled");
    }
    return item;
}

static cJSON *removal_body(struct arm_call *call, const struct arm_resource *database)
{
    (void)call;
    (void)database;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "StatusCode", 202);
    return body;
}

/* ---- Actions ---- */

static bool list_keys(struct arm_call *call, struct arm_resource *database)
{
    if (keys_disabled(database)) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "Access keys authentication is disabled for this database. "
                                 "Enable it with accessKeysAuthentication to list the keys.");
    }
    arm_answer(call, 200, cJSON_Duplicate(database->secrets, true));
    return true;
}

static bool regenerate_key(struct arm_call *call, struct arm_resource *database)
{
    bool primary = text_is(call->body, "keyType", "Primary");
    if (!primary && !text_is(call->body, "keyType", "Secondary")) {
        return arm_fail_property(&call->error, "keyType", "'Primary', 'Secondary'");
    }
    arm_redis_new_key(call->service, database, primary ? "primaryKey" : "secondaryKey");
    arm_enterprise_apply(call->service, database);
    arm_changed(call->service);
    return list_keys(call, database);
}

static const struct arm_action actions[] = {
    {.name = "listKeys", .handle = list_keys},
    {.name = "regenerateKey", .handle = regenerate_key},
    {.name = "flush", .handle = arm_enterprise_flush},
    {.name = "import", .handle = arm_enterprise_move, .finish = arm_enterprise_import_finish},
    {.name = "export", .handle = arm_enterprise_move, .finish = arm_enterprise_export_finish},
    {.name = "forceUnlink", .handle = arm_enterprise_force_unlink},
    {.name = "forceLinkToReplicationGroup",
     .handle = arm_enterprise_force_link,
     .finish = arm_enterprise_force_link_finish},
    {.name = "upgradeDBRedisVersion", .handle = arm_enterprise_upgrade},
    {0},
};

static const struct saved_shape saved[] = {
    {"secrets.primaryKey", SAVED_TEXT, false},
    {"secrets.secondaryKey", SAVED_TEXT, false},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_enterprise_database_type = {
    .name = "Microsoft.Cache/redisEnterprise/databases",
    .only_name = "default",
    .traits = ARM_BUSY_PARENT,
    .schema = schema,
    .polling = &arm_polling_enterprise,
    .durations = {CREATE_S, UPDATE_S, DELETE_S},
    .actions = actions,
    .check = check,
    .complete = complete,
    .create_secrets = create_secrets,
    .missing = arm_enterprise_missing,
    .apply = arm_enterprise_apply,
    .remove = remove_database,
    .removal_body = removal_body,
    .show = show,
    .saved = saved,
};

static const struct arm_resource_type *const types[] = {&arm_enterprise_database_type};
const struct arm_module arm_module_enterprise_database = {types, ARRAY_LEN(types), NULL, 0};
