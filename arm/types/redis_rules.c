/* What a cache may be, and what it may become: rules across its properties. */
#include <string.h>

#include "arm/json.h"
#include "arm/skus.h"
#include "arm/types/redis.h"

const struct arm_sku *arm_redis_sku(const cJSON *body)
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
    if (arm_redis_sku(body) == NULL) {
        return arm_fail_property(error, "properties.sku.capacity",
                                 premium ? "1, 2, 3, 4, 5 for the family P"
                                         : "0, 1, 2, 3, 4, 5, 6 for the family C");
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

/* What only the SKU Premium offers. */
static bool check_premium(const cJSON *body, struct arm_error *error)
{
    static const struct {
        const char *path, *why;
    } features[] = {
        {"properties.shardCount", "clustering needs the SKU Premium"},
        {"properties.subnetId", "a virtual network needs the SKU Premium"},
        {"properties.staticIP", "a virtual network needs the SKU Premium"},
        {"properties.redisConfiguration.rdb-backup-enabled", "persistence needs the SKU Premium"},
        {"properties.redisConfiguration.aof-backup-enabled", "persistence needs the SKU Premium"},
    };
    const char *name = arm_json_text(body, "properties.sku.name");
    for (size_t i = 0; i < ARRAY_LEN(features) && strcmp(name, "Premium") != 0; i++) {
        const cJSON *item = arm_json_at(body, features[i].path);
        bool off = cJSON_IsString(item) &&
                   bytes_equal_string_nocase(bytes_from_string(item->valuestring), "false");
        if (item != NULL && !off) {
            return arm_fail_property_because(error, features[i].path, features[i].why);
        }
    }
    return true;
}

static bool check_replicas(const cJSON *body, struct arm_error *error)
{
    const char *name = arm_json_text(body, "properties.sku.name");
    int masters = arm_json_number(body, "properties.replicasPerMaster", -1);
    int primaries = arm_json_number(body, "properties.replicasPerPrimary", -1);
    int replicas = primaries > 0 ? primaries : masters > 0 ? masters : 1;
    int shards = arm_json_number(body, "properties.shardCount", 1);
    /* More replicas leave room for fewer shards, as the service's documentation has it. */
    int most = replicas == 1 ? 30 : replicas == 2 ? 20 : 15;
    if (masters >= 0 && primaries >= 0 && masters != primaries) {
        return arm_fail_property(error, "properties.replicasPerMaster",
                                 "the same as properties.replicasPerPrimary");
    }
    if (replicas > 1 && strcmp(name, "Premium") != 0) {
        return arm_fail_property_because(error, "properties.replicasPerPrimary",
                                         "more than one replica needs the SKU Premium");
    }
    return shards <= most ||
           arm_fail_property_because(error, "properties.shardCount",
                                     replicas == 2 ? "at most 20 with two replicas"
                                                   : "at most 15 with three replicas");
}

static bool check_zones(const cJSON *body, struct arm_error *error)
{
    const cJSON *zone, *zones = arm_json_at(body, "zones");
    const char *policy = arm_json_text(body, "properties.zonalAllocationPolicy");
    cJSON_ArrayForEach(zone, zones)
    {
        const char *text = cJSON_GetStringValue(zone);
        if (text == NULL || strlen(text) != 1 || strchr("123", text[0]) == NULL) {
            return arm_fail_property(error, "zones", "'1', '2', '3'");
        }
    }
    if (zones != NULL && policy != NULL && strcmp(policy, "UserDefined") != 0) {
        return arm_fail_property(error, "properties.zonalAllocationPolicy",
                                 "'UserDefined' together with zones");
    }
    return zones == NULL || strcmp(arm_json_text(body, "properties.sku.name"), "Basic") != 0 ||
           arm_fail_property_because(error, "zones", "the SKU Basic has none");
}

static bool check_version(const cJSON *old, const cJSON *body, struct arm_error *error)
{
    const char *version = arm_json_text(body, "properties.redisVersion");
    const char *before = arm_json_text(old, "properties.redisVersion");
    if (version == NULL) {
        return true;
    }
    if (strcmp(version, "latest") != 0 && strcmp(version, "4") != 0 && strcmp(version, "6") != 0 &&
        strncmp(version, "4.0", 3) != 0 && strncmp(version, "6.0", 3) != 0) {
        return arm_fail_property(error, "properties.redisVersion", "'4', '6', 'latest'");
    }
    return before == NULL || before[0] != '6' || version[0] != '4' ||
           not_permitted(error, "properties.redisVersion");
}

static bool check_sign_in(const cJSON *body, struct arm_error *error)
{
    const cJSON *enabled = arm_json_at(body, "properties.redisConfiguration.aad-enabled");
    return !arm_json_truth(body, "properties.disableAccessKeyAuthentication") ||
           (cJSON_IsString(enabled) &&
            bytes_equal_string_nocase(bytes_from_string(enabled->valuestring), "true")) ||
           arm_fail_property_because(
               error, "properties.disableAccessKeyAuthentication",
               "it can be true only while redisConfiguration's aad-enabled is 'true': nobody "
               "could sign in otherwise");
}

static bool differs(const cJSON *old, const cJSON *changed, const char *path)
{
    const cJSON *from = arm_json_at(old, path), *to = arm_json_at(changed, path);
    return (from != NULL || to != NULL) && !cJSON_Compare(from, to, true);
}

/* Each of these takes the service a way of its own: it does one of them at a time. */
static bool check_combination(const cJSON *old, const cJSON *body, struct arm_error *error)
{
    static const char *const slow[] = {"properties.sku", "properties.publicNetworkAccess",
                                       "properties.redisVersion", "identity"};
    struct buf names;
    int count = 0;
    buf_init(&names, 256);
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        if (differs(old, body, slow[i])) {
            bool first = count++ == 0, below = strncmp(slow[i], "properties.", 11) == 0;
            buf_printf(&names, "%s%s", first ? (below ? "properties." : "") : ",",
                       below ? slow[i] + 11 : slow[i]);
        }
    }
    bool good = count < 2 ||
                arm_fail_provider(error, 400, "BadRequest",
                                  "The following updates can't be processed in one single "
                                  "request, please send seperate request to update them: '%s'.\r\n",
                                  buf_string(&names));
    buf_finish(&names);
    return good;
}

/* A cache that is linked keeps its size. */
static bool check_linked(struct arm_call *call, const struct arm_resource *old, const cJSON *body)
{
    bool scales = differs(old->body, body, "properties.sku") ||
                  differs(old->body, body, "properties.shardCount");
    return !scales || arm_redis_link(call->service, old) == NULL ||
           arm_fail_provider(&call->error, 400, "BadRequest",
                             "The requested update to the resource is not permitted: the cache "
                             "'%s' has linked servers. Please remove the linked server(s) and "
                             "then try scaling the cache.",
                             old->name);
}

bool arm_redis_check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    struct arm_error *error = &call->error;
    const cJSON *before = old == NULL ? NULL : old->body;
    return check_sku(body, error) && (old == NULL || check_scaling(before, body, error)) &&
           check_premium(body, error) && check_version(before, body, error) &&
           check_replicas(body, error) && check_zones(body, error) &&
           arm_redis_check_network(call, old, body) &&
           arm_redis_check_settings(before, body, error) && check_sign_in(body, error) &&
           (old == NULL ||
            (check_combination(old->body, body, error) && check_linked(call, old, body)));
}

/* Tags change at once; everything else takes the cache some time. */
const char *arm_redis_update_state(const cJSON *old, const cJSON *changed)
{
    if (differs(old, changed, "properties.sku") || differs(old, changed, "properties.shardCount")) {
        return "Scaling";
    }
    return differs(old, changed, "properties") || differs(old, changed, "identity") ||
                   differs(old, changed, "zones")
               ? "Updating"
               : NULL;
}
