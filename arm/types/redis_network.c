/*
 * A cache inside a subnet: it takes an address there, shown as staticIP, and is reached at a
 * loopback address that stands for it. Nothing but such caches may be in its subnet.
 * Source: Microsoft's "Configure virtual network support for a Premium cache"; recordings show the
 * address that was chosen as properties.staticIP.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/network.h"
#include "arm/types/redis.h"

static const struct arm_resource *subnet_of(const struct arm_service *service, const cJSON *body)
{
    const char *id = arm_json_text(body, "properties.subnetId");
    const struct arm_resource *subnet = id == NULL ? NULL : arm_resource_find_id(service, id);
    return subnet != NULL && subnet->type == &arm_subnet_type ? subnet : NULL;
}

static bool check_shape(const cJSON *body, struct arm_error *error)
{
    const char *subnet = arm_json_text(body, "properties.subnetId");
    if (arm_json_at(body, "properties.staticIP") != NULL && subnet == NULL) {
        return arm_fail_property(error, "properties.staticIP", "an address of properties.subnetId");
    }
    return subnet == NULL ||
           bytes_match_glob(BYTES("/subscriptions/*/resourceGroups/*/providers/Microsoft.*Network/"
                                  "virtualNetworks/*/subnets/*"),
                            bytes_from_string(subnet), true) ||
           arm_fail_property(error, "properties.subnetId", "the id of a virtual network's subnet");
}

/* The address that is wanted is one of the subnet's, and free. */
static bool check_address(struct arm_call *call, const struct arm_resource *subnet,
                          const char *wanted)
{
    uint32_t address;
    const char *prefix = arm_json_text(subnet->body, "properties.addressPrefix");
    if (!arm_ipv4_read(wanted, &address) || !arm_subnet_offers(subnet, address)) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "The value of the parameter 'properties.staticIP' is invalid: "
                                 "%.40s is not an address that the subnet %.80s (%.40s) can give.",
                                 wanted, subnet->name, prefix == NULL ? "" : prefix);
    }
    return !arm_subnet_address_taken(call->service, subnet, wanted) ||
           arm_fail_provider(&call->error, 400, "BadRequest",
                             "The value of the parameter 'properties.staticIP' is invalid: %.40s "
                             "is already in use in the subnet %.80s.",
                             wanted, subnet->name);
}

/* What was given stays: the cache cannot leave its subnet, nor go elsewhere in it. */
static bool keep(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *before = arm_json_text(old->body, "properties.subnetId");
    if (before != NULL && arm_json_text(body, "properties.subnetId") == NULL) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "The requested update to the resource is not permitted. The "
                                 "following properties(s) cannot be modified: "
                                 "'properties.subnetId'.");
    }
    if (before != NULL && arm_json_at(body, "properties.staticIP") == NULL) {
        arm_json_put(body, "properties.staticIP",
                     cJSON_Duplicate(arm_json_at(old->body, "properties.staticIP"), true));
    }
    return true;
}

bool arm_redis_check_network(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *id = arm_json_text(body, "properties.subnetId");
    const char *wanted = arm_json_text(body, "properties.staticIP");
    char text[16];
    if (!check_shape(body, &call->error)) {
        return false;
    }
    if (old != NULL || id == NULL) {
        return old == NULL || keep(call, old, body);
    }
    const struct arm_resource *subnet = subnet_of(call->service, body);
    if (subnet == NULL) {
        return arm_fail_reference(call, id);
    }
    const char *other = arm_subnet_interface(call->service, subnet);
    if (other != NULL) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "The subnet %.80s contains other resources (%.300s): a cache "
                                 "needs a subnet with nothing but caches in it.",
                                 subnet->name, other);
    }
    uint32_t address = arm_subnet_free_address(call->service, subnet);
    if (address == 0) {
        return arm_fail_subnet_full(&call->error, subnet);
    }
    if (wanted == NULL) {
        arm_address_write(address, text);
        arm_json_put_text(body, "properties.staticIP", text);
    }
    return wanted == NULL || check_address(call, subnet, wanted);
}

const char *arm_redis_served_at(struct arm_service *service, struct arm_resource *cache)
{
    char text[16];
    if (arm_json_text(cache->body, "properties.subnetId") == NULL) {
        return NULL;
    }
    if (arm_json_text(cache->secrets, "loopback") == NULL) {
        arm_free_loopback(service, text);
        arm_json_put_text(cache->secrets, "loopback", text);
    }
    return arm_json_text(cache->secrets, "loopback");
}

cJSON *arm_redis_keys(const struct arm_resource *cache)
{
    cJSON *keys = cJSON_CreateObject();
    arm_json_copy_member(keys, cache->secrets, "primaryKey");
    arm_json_copy_member(keys, cache->secrets, "secondaryKey");
    return keys;
}
