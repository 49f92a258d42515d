/* Microsoft.Network/networkSecurityGroups: stored, with the rules that every group begins with. */
#include "arm/json.h"
#include "arm/types/network.h"

enum { GROUP_S = 5 };

static const struct arm_resource_type rule_type;

static const struct {
    const char *name, *direction, *access, *source, *destination, *description;
    int priority;
} default_rules[] = {
    {"AllowVnetInBound", "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork",
     "Allow inbound traffic from all VMs in VNET", 65000},
    {"AllowAzureLoadBalancerInBound", "Inbound", "Allow", "AzureLoadBalancer", "*",
     "Allow inbound traffic from azure load balancer", 65001},
    {"DenyAllInBound", "Inbound", "Deny", "*", "*", "Deny all inbound traffic", 65500},
    {"AllowVnetOutBound", "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork",
     "Allow outbound traffic from all VMs to all VMs in VNET", 65000},
    {"AllowInternetOutBound", "Outbound", "Allow", "*", "Internet",
     "Allow outbound traffic from all VMs to Internet", 65001},
    {"DenyAllOutBound", "Outbound", "Deny", "*", "*", "Deny all outbound traffic", 65500},
};

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)call;
    arm_network_keep(old, body);
    return true;
}

static void settle(struct arm_service *service, struct arm_resource *group)
{
    arm_inline_children(service, group, "securityRules", &rule_type);
}

static cJSON *default_rule(const struct arm_resource *group, size_t index)
{
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("%s/defaultSecurityRules/%s", group->id, default_rules[index].name);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "name", default_rules[index].name);
    cJSON_AddStringToObject(item, "type",
                            "Microsoft.Network/networkSecurityGroups/defaultSecurityRules");
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    const struct {
        const char *name, *value;
    } texts[] = {
        {"provisioningState", "Succeeded"},
        {"description", default_rules[index].description},
        {"protocol", "*"},
        {"sourcePortRange", "*"},
        {"destinationPortRange", "*"},
        {"sourceAddressPrefix", default_rules[index].source},
        {"destinationAddressPrefix", default_rules[index].destination},
        {"access", default_rules[index].access},
        {"direction", default_rules[index].direction},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cJSON_AddStringToObject(properties, texts[i].name, texts[i].value);
    }
    cJSON_AddNumberToObject(properties, "priority", default_rules[index].priority);
    return item;
}

static cJSON *show(struct arm_call *call, const struct arm_resource *group, bool secrets)
{
    cJSON *item = arm_network_show(call, group, secrets);
    arm_show_children(call, group, item, "securityRules", &rule_type);
    cJSON *defaults = cJSON_CreateArray();
    for (size_t i = 0; i < ARRAY_LEN(default_rules); i++) {
        cJSON_AddItemToArray(defaults, default_rule(group, i));
    }
    arm_json_put(item, "properties.defaultSecurityRules", defaults);
    return item;
}

static const char *const accesses[] = {"Allow", "Deny", NULL};
static const char *const directions[] = {"Inbound", "Outbound", NULL};
static const char *const protocols[] = {"Tcp", "Udp", "Icmp", "Esp", "Ah", "*", NULL};

static const struct arm_property group_schema[] = {
    {.path = "properties.resourceGuid", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.securityRules", .kind = ARM_ARRAY},
    {.path = "properties.defaultSecurityRules", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {0},
};

static const struct arm_property rule_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.protocol",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = protocols},
    {.path = "properties.access", .kind = ARM_CHOICE, .rules = ARM_REQUIRED, .choices = accesses},
    {.path = "properties.direction",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = directions},
    {.path = "properties.priority",
     .kind = ARM_INTEGER,
     .rules = ARM_REQUIRED,
     .minimum = 100,
     .maximum = 4096},
    {0},
};

static const struct arm_resource_type group_type = {
    .name = "Microsoft.Network/networkSecurityGroups",
    .traits = ARM_TRACKED | ARM_ETAG,
    .schema = group_schema,
    .polling = &arm_polling_network,
    .durations = {GROUP_S, GROUP_S, GROUP_S},
    .check = check,
    .complete = arm_network_complete,
    .furnish = settle,
    .apply = settle,
    .show = show,
};

static const struct arm_resource_type rule_type = {
    .name = "Microsoft.Network/networkSecurityGroups/securityRules",
    .traits = ARM_ETAG,
    .schema = rule_schema,
    .polling = &arm_polling_network,
    .durations = {GROUP_S, GROUP_S, GROUP_S},
    .show = arm_network_show,
};

static const struct arm_resource_type *const types[] = {&group_type, &rule_type};
const struct arm_module arm_module_network_security = {types, ARRAY_LEN(types), NULL, 0};
