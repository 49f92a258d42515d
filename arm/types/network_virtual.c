/*
 * Microsoft.Network/virtualNetworks with their subnets, which may be written inside the network or
 * on their own, and peerings, which are stored.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/network.h"

enum { NETWORK_S = 10, MOST_SUBNETS = 3000 };

static const char *const policies[] = {"Enabled", "Disabled", "NetworkSecurityGroupEnabled",
                                       "RouteTableEnabled", NULL};

static const struct arm_property network_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.resourceGuid", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.addressSpace", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.addressSpace.addressPrefixes", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {.path = "properties.subnets", .kind = ARM_ARRAY},
    {.path = "properties.virtualNetworkPeerings", .kind = ARM_ARRAY},
    {.path = "properties.enableDdosProtection", .kind = ARM_TRUTH, .fallback = "false"},
    {0},
};

static const struct arm_property subnet_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.addressPrefix", .kind = ARM_TEXT},
    {.path = "properties.addressPrefixes", .kind = ARM_ARRAY},
    {.path = "properties.networkSecurityGroup.id", .kind = ARM_RESOURCE_ID},
    {.path = "properties.delegations", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.serviceEndpoints", .kind = ARM_ARRAY},
    {.path = "properties.privateEndpointNetworkPolicies",
     .kind = ARM_CHOICE,
     .choices = policies,
     .fallback = "\"Disabled\""},
    {.path = "properties.privateLinkServiceNetworkPolicies",
     .kind = ARM_CHOICE,
     .choices = policies,
     .fallback = "\"Enabled\""},
    {0},
};

/* ---- Prefixes ---- */

static const char *prefix_of(const cJSON *subnet)
{
    const char *prefix = arm_json_text(subnet, "properties.addressPrefix");
    return prefix != NULL ? prefix
                          : cJSON_GetStringValue(cJSON_GetArrayItem(
                                arm_json_at(subnet, "properties.addressPrefixes"), 0));
}

static bool prefix_or_fail(struct arm_call *call, const char *text, struct arm_prefix *prefix)
{
    return arm_prefix_read(text, prefix) ||
           arm_fail(&call->error, 400, "InvalidCIDRNotation",
                    "The address prefix %.60s has an invalid CIDR notation. For details see "
                    "https://aka.ms/InvalidCIDRNotation",
                    text == NULL ? "''" : text);
}

static bool inside(const cJSON *network, struct arm_prefix prefix)
{
    const cJSON *item;
    struct arm_prefix space;
    bool held = false;
    cJSON_ArrayForEach(item, arm_json_at(network, "properties.addressSpace.addressPrefixes"))
    {
        held |=
            arm_prefix_read(cJSON_GetStringValue(item), &space) && arm_prefix_holds(space, prefix);
    }
    return held;
}

static bool fail_outside(struct arm_call *call, const char *subnet, const char *network)
{
    return arm_fail(&call->error, 400, "NetcfgInvalidSubnet",
                    "Subnet '%.80s' is not valid in virtual network '%.80s'.", subnet, network);
}

static bool fail_overlap(struct arm_call *call, const char *subnet, const char *network)
{
    return arm_fail(&call->error, 400, "NetcfgSubnetRangesOverlap",
                    "Subnet '%.80s' is not valid because its IP address range overlaps with that "
                    "of an existing subnet in virtual network '%.80s'.",
                    subnet, network);
}

/* ---- Networks ---- */

static bool check_space(struct arm_call *call, const cJSON *body)
{
    const cJSON *item, *prefixes = arm_json_at(body, "properties.addressSpace.addressPrefixes");
    struct arm_prefix prefix;
    if (cJSON_GetArraySize(prefixes) == 0) {
        return arm_fail(&call->error, 400, "MissingAddressSpace",
                        "The virtual network needs at least one address prefix.");
    }
    cJSON_ArrayForEach(item, prefixes)
    {
        /* IPv6 is stored as it comes. */
        const char *text = cJSON_GetStringValue(item);
        if ((text == NULL || strchr(text, ':') == NULL) && !prefix_or_fail(call, text, &prefix)) {
            return false;
        }
    }
    return true;
}

static bool check_inline(struct arm_call *call, const cJSON *body, const cJSON *subnets, char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, subnets)
    {
        struct arm_prefix prefix, other;
        const char *own = arm_json_text(item, "name");
        if (own == NULL || own[0] == '\0') {
            return arm_fail(&call->error, 400, "InvalidRequestFormat",
                            "A subnet of the virtual network has no name.");
        }
        if (!prefix_or_fail(call, prefix_of(item), &prefix)) {
            return false;
        }
        if (!inside(body, prefix)) {
            return fail_outside(call, own, name);
        }
        for (const cJSON *before = subnets->child; before != item; before = before->next) {
            if (arm_prefix_read(prefix_of(before), &other) && arm_prefixes_overlap(prefix, other)) {
                return fail_overlap(call, own, name);
            }
        }
    }
    return true;
}

/* A subnet's prefix may only become another while nothing has an address of it. */
static bool check_prefix_free(struct arm_call *call, const struct arm_resource *subnet,
                              const cJSON *changed)
{
    struct arm_prefix before, after;
    bool same = arm_prefix_read(prefix_of(subnet->body), &before) &&
                arm_prefix_read(prefix_of(changed), &after) && before.first == after.first &&
                before.last == after.last;
    return same || arm_subnet_user(call->service, subnet) == NULL ||
           arm_fail(&call->error, 400, "InUsePrefixCannotBeDeleted",
                    "IpPrefix %.60s on Subnet %.80s has active allocations and cannot be deleted. "
                    "Subnet Uri %.500s",
                    prefix_of(subnet->body), subnet->name, subnet->id);
}

static bool fail_in_use(struct arm_call *call, const struct arm_resource *subnet)
{
    return arm_fail(&call->error, 400, "InUseSubnetCannotBeDeleted",
                    "Subnet %s is in use by %s and cannot be deleted. In order to delete the "
                    "subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
                    subnet->name, arm_subnet_user(call->service, subnet));
}

/* Those that stay must fit, those that go must not be in use. */
static bool check_present(struct arm_call *call, const struct arm_resource *network,
                          const cJSON *body, const cJSON *subnets)
{
    const struct arm_resource *subnet = NULL;
    while ((subnet = arm_resource_next_child(call->service, network, &arm_subnet_type, subnet)) !=
           NULL) {
        struct arm_prefix prefix;
        const cJSON *item, *kept = NULL;
        cJSON_ArrayForEach(item, subnets)
        {
            const char *own = arm_json_text(item, "name");
            kept = own != NULL && bytes_equal_string_nocase(bytes_from_string(own), subnet->name)
                       ? item
                       : kept;
        }
        if (cJSON_IsArray(subnets) && kept == NULL &&
            arm_subnet_user(call->service, subnet) != NULL) {
            return fail_in_use(call, subnet);
        }
        if (kept != NULL && !check_prefix_free(call, subnet, kept)) {
            return false;
        }
        if (!cJSON_IsArray(subnets) && arm_prefix_read(prefix_of(subnet->body), &prefix) &&
            !inside(body, prefix)) {
            return fail_outside(call, subnet->name, network->name);
        }
    }
    return true;
}

static bool check_network(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *subnets = arm_json_at(body, "properties.subnets");
    char *name = bytes_to_string(call->target.name);
    bool good = check_space(call, body);
    if (good && cJSON_GetArraySize(subnets) > MOST_SUBNETS) {
        good = arm_fail(&call->error, 400, "SubnetCountLimitReached",
                        "A virtual network has at most %d subnets.", MOST_SUBNETS);
    }
    good = good && check_inline(call, body, subnets, name) &&
           (old == NULL || check_present(call, old, body, subnets));
    arm_network_keep(old, body);
    memory_free(name);
    return good;
}

static void complete_network(struct arm_service *service, cJSON *body)
{
    const cJSON *options = arm_json_at(body, "properties.dhcpOptions");
    arm_network_complete(service, body);
    if (cJSON_IsObject(options) && arm_json_at(options, "dnsServers") == NULL) {
        arm_json_put(body, "properties.dhcpOptions.dnsServers", cJSON_CreateArray());
    }
}

static void settle_network(struct arm_service *service, struct arm_resource *network)
{
    arm_inline_children(service, network, "subnets", &arm_subnet_type);
    arm_inline_children(service, network, "virtualNetworkPeerings", &arm_peering_type);
}

static cJSON *show_network(struct arm_call *call, const struct arm_resource *network, bool secrets)
{
    cJSON *item = arm_network_show(call, network, secrets);
    arm_show_children(call, network, item, "subnets", &arm_subnet_type);
    arm_show_children(call, network, item, "virtualNetworkPeerings", &arm_peering_type);
    if (strcmp(call->api_version, "2019-01-01") < 0) {
        arm_json_put(item, "properties.enableVmProtection", cJSON_CreateFalse());
    }
    return item;
}

static bool check_network_removal(struct arm_call *call, const struct arm_resource *network)
{
    const struct arm_resource *subnet = NULL;
    while ((subnet = arm_resource_next_child(call->service, network, &arm_subnet_type, subnet)) !=
           NULL) {
        if (arm_subnet_user(call->service, subnet) != NULL) {
            return fail_in_use(call, subnet);
        }
    }
    return true;
}

/* ---- Subnets ---- */

static bool check_subnet(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const struct arm_resource *network = arm_resource_find_id(call->service, call->target.holder);
    const struct arm_resource *other = NULL;
    struct arm_prefix prefix, taken;
    char *name = bytes_to_string(call->target.name);
    bool good = prefix_or_fail(call, prefix_of(body), &prefix);
    if (good && !inside(network->body, prefix)) {
        good = fail_outside(call, name, network->name);
    }
    while (good && (other = arm_resource_next_child(call->service, network, &arm_subnet_type,
                                                    other)) != NULL) {
        if (other != old && arm_prefix_read(prefix_of(other->body), &taken) &&
            arm_prefixes_overlap(prefix, taken)) {
            good = fail_overlap(call, name, network->name);
        }
    }
    good = good && (old == NULL || check_prefix_free(call, old, body));
    memory_free(name);
    return good;
}

/* The one prefix is shown by its older name. */
static void complete_subnet(struct arm_service *service, cJSON *body)
{
    (void)service;
    if (arm_json_text(body, "properties.addressPrefix") == NULL && prefix_of(body) != NULL) {
        arm_json_put_text(body, "properties.addressPrefix", prefix_of(body));
    }
    arm_json_remove(body, "properties.addressPrefixes");
}

static bool check_subnet_removal(struct arm_call *call, const struct arm_resource *subnet)
{
    return arm_subnet_user(call->service, subnet) == NULL || fail_in_use(call, subnet);
}

/* ---- Rows ---- */

const struct arm_resource_type arm_virtual_network_type = {
    .name = "Microsoft.Network/virtualNetworks",
    .traits = ARM_TRACKED | ARM_ETAG,
    .schema = network_schema,
    .polling = &arm_polling_network,
    .durations = {NETWORK_S, NETWORK_S, NETWORK_S},
    .check = check_network,
    .check_removal = check_network_removal,
    .complete = complete_network,
    .furnish = settle_network,
    .apply = settle_network,
    .show = show_network,
};

const struct arm_resource_type arm_subnet_type = {
    .name = "Microsoft.Network/virtualNetworks/subnets",
    .traits = ARM_ETAG | ARM_FELT,
    .schema = subnet_schema,
    .polling = &arm_polling_network,
    .durations = {NETWORK_S, NETWORK_S, NETWORK_S},
    .check = check_subnet,
    .check_removal = check_subnet_removal,
    .complete = complete_subnet,
    .show = arm_network_show,
};

static const struct arm_property peering_schema[] = {
    {.path = "properties.peeringState", .kind = ARM_TEXT, .fallback = "\"Initiated\""},
    {.path = "properties.allowVirtualNetworkAccess", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.allowForwardedTraffic", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.allowGatewayTransit", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.useRemoteGateways", .kind = ARM_TRUTH, .fallback = "false"},
    {0},
};

const struct arm_resource_type arm_peering_type = {
    .name = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    .traits = ARM_ETAG,
    .schema = peering_schema,
    .polling = &arm_polling_network,
    .durations = {NETWORK_S, NETWORK_S, NETWORK_S},
    .show = arm_network_show,
};

static const struct arm_resource_type *const types[] = {&arm_virtual_network_type, &arm_subnet_type,
                                                        &arm_peering_type};
const struct arm_module arm_module_network_virtual = {types, ARRAY_LEN(types), NULL, 0};
