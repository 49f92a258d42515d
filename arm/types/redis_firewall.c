/* Microsoft.Cache/Redis/firewallRules: which addresses may connect. No rule: all may. */
#include "arm/json.h"
#include "arm/types/redis.h"

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.startIP", .kind = ARM_IPV4, .rules = ARM_REQUIRED},
    {.path = "properties.endIP", .kind = ARM_IPV4, .rules = ARM_REQUIRED},
    {0},
};

static struct arm_address_range range_of(const cJSON *body)
{
    struct arm_address_range range = {0};
    arm_ipv4_read(arm_json_text(body, "properties.startIP"), &range.start);
    arm_ipv4_read(arm_json_text(body, "properties.endIP"), &range.end);
    return range;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    struct arm_address_range range = range_of(body);
    return range.start <= range.end ||
           arm_fail_property(&call->error, "properties.endIP", "an address not below startIP");
}

size_t arm_redis_firewall(const struct arm_service *service, const struct arm_resource *cache,
                          struct arm_address_range *ranges, size_t most)
{
    size_t count = 0;
    const struct arm_resource *rule = NULL;
    while (count < most && (rule = arm_resource_next_child(service, cache, &arm_redis_firewall_type,
                                                           rule)) != NULL) {
        ranges[count++] = range_of(rule->body);
    }
    return count;
}

const struct arm_resource_type arm_redis_firewall_type = {
    .name = "Microsoft.Cache/Redis/firewallRules",
    .names = {.words = "1 to 256 letters, digits, dashes and underscores",
              .least = 1,
              .most = 256,
              .marks = "-_"},
    .traits = ARM_PATH_NAME | ARM_NO_STATE,
    .schema = schema,
    .check = check,
    .apply = arm_redis_apply_parent,
    .remove = arm_redis_apply_parent,
};

static const struct arm_resource_type *const types[] = {&arm_redis_firewall_type};
const struct arm_module arm_module_redis_firewall = {types, ARRAY_LEN(types), NULL, 0};
