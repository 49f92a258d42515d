/*
 * Microsoft.Network/privateEndpoints, their interfaces and DNS zone groups. An endpoint of a cache
 * has an address in its subnet, which is what clients of Azure see, and a loopback address, at
 * which the emulator serves the cache for it.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/network_targets.h"
#include "arm/types/redis.h"

enum { ENDPOINT_S = 60, GROUP_S = 20 };

/* ---- Connections, as the request has them ---- */

static const char *const connection_lists[] = {"properties.privateLinkServiceConnections",
                                               "properties.manualPrivateLinkServiceConnections"};

const cJSON *arm_endpoint_connection(const struct arm_resource *endpoint)
{
    for (size_t i = 0; i < ARRAY_LEN(connection_lists); i++) {
        const cJSON *item = cJSON_GetArrayItem(arm_json_at(endpoint->body, connection_lists[i]), 0);
        if (item != NULL) {
            return item;
        }
    }
    return NULL;
}

struct arm_resource *arm_endpoint_target(const struct arm_service *service,
                                         const struct arm_resource *endpoint)
{
    const char *id =
        arm_json_text(arm_endpoint_connection(endpoint), "properties.privateLinkServiceId");
    return id == NULL ? NULL : arm_resource_find_id(service, id);
}

static bool manual(const struct arm_resource *endpoint)
{
    return cJSON_GetArraySize(arm_json_at(endpoint->body, connection_lists[0])) == 0;
}

/* ---- Addresses ---- */

static const char *address_of(const struct arm_service *service,
                              const struct arm_resource *endpoint)
{
    const char *id = arm_json_text(endpoint->secrets, "interface");
    const struct arm_resource *interface = id == NULL ? NULL : arm_resource_find_id(service, id);
    return interface == NULL
               ? NULL
               : arm_json_text(cJSON_GetArrayItem(
                                   arm_json_at(interface->body, "properties.ipConfigurations"), 0),
                               "properties.privateIPAddress");
}

const struct arm_resource *arm_endpoint_agreed(const struct arm_service *service,
                                               const struct arm_resource *endpoint)
{
    const char *id = arm_json_text(endpoint->secrets, "connection");
    return id == NULL ? NULL : arm_resource_find_id(service, id);
}

const char *arm_endpoint_served_at(const struct arm_service *service, const char *address)
{
    for (const struct arm_resource *endpoint = service->resources; endpoint != NULL;
         endpoint = endpoint->next) {
        const char *injected = endpoint->type == &arm_redis_type
                                   ? arm_json_text(endpoint->body, "properties.staticIP")
                                   : NULL;
        if (injected != NULL && strcmp(injected, address) == 0) {
            return arm_json_text(endpoint->secrets, "loopback");
        }
        const char *own =
            endpoint->type == &arm_private_endpoint_type ? address_of(service, endpoint) : NULL;
        const struct arm_resource *agreed = own != NULL && strcmp(own, address) == 0
                                                ? arm_endpoint_agreed(service, endpoint)
                                                : NULL;
        if (agreed != NULL && arm_json_text(agreed->secrets, "address") != NULL) {
            return arm_json_text(agreed->secrets, "address");
        }
    }
    return NULL;
}

static bool loopback_taken(const struct arm_service *service, const char *address)
{
    const struct arm_resource *resource = service->resources;
    while (resource != NULL) {
        const char *own = resource->type == &arm_redis_private_connection_type ||
                                  resource->type == &arm_enterprise_private_connection_type
                              ? arm_json_text(resource->secrets, "address")
                          : resource->type == &arm_redis_type
                              ? arm_json_text(resource->secrets, "loopback")
                              : NULL;
        if (own != NULL && strcmp(own, address) == 0) {
            return true;
        }
        resource = resource->next;
    }
    return false;
}

/* The lowest that is free, so that the same steps always end at the same address. */
void arm_free_loopback(const struct arm_service *service, char text[16])
{
    enum { FIRST = 0x7f000002, RESOLVED = 0x7f000035, LAST = 0x7f00fffe };
    uint32_t address = FIRST;
    arm_address_write(address, text);
    while (address < LAST && (address == RESOLVED || loopback_taken(service, text))) {
        arm_address_write(++address, text);
    }
}

/* ---- Endpoints ---- */

static const struct arm_property endpoint_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.resourceGuid", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.networkInterfaces", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.customDnsConfigs", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.subnet.id",
     .kind = ARM_RESOURCE_ID,
     .rules = ARM_REQUIRED | ARM_CREATE_ONLY},
    {.path = "properties.privateLinkServiceConnections", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.manualPrivateLinkServiceConnections", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.customNetworkInterfaceName", .kind = ARM_TEXT, .fallback = "\"\""},
    {.path = "properties.ipConfigurations", .kind = ARM_ARRAY, .fallback = "[]"},
    {0},
};

/* One that says no group gets the target's only one. */
static bool check_group(struct arm_call *call, const struct arm_target_kind *kind,
                        cJSON *connection)
{
    const cJSON *group, *groups = arm_json_at(connection, "properties.groupIds");
    if (kind == NULL) {
        return true;
    }
    if (cJSON_GetArraySize(groups) == 0) {
        cJSON *own = cJSON_CreateArray();
        cJSON_AddItemToArray(own, cJSON_CreateString(kind->group));
        arm_json_put(connection, "properties.groupIds", own);
        return true;
    }
    cJSON_ArrayForEach(group, groups)
    {
        const char *text = cJSON_GetStringValue(group);
        if (kind->only_group &&
            (text == NULL || !bytes_equal_string_nocase(bytes_from_string(text), kind->group))) {
            return arm_fail(&call->error, 400, "InvalidPrivateLinkServiceGroupId",
                            "The group id '%.80s' is not one of %s: use '%s'.",
                            text == NULL ? "" : text, kind->type, kind->group);
        }
    }
    return true;
}

static bool check_connections(struct arm_call *call, cJSON *body)
{
    int count = 0;
    cJSON *item;
    for (size_t i = 0; i < ARRAY_LEN(connection_lists); i++) {
        cJSON_ArrayForEach(item, arm_json_at(body, connection_lists[i]))
        {
            const char *name = arm_json_text(item, "name");
            const struct arm_resource *target =
                arm_reference(call, NULL, arm_json_text(item, "properties.privateLinkServiceId"));
            count++;
            if (target == NULL) {
                return false;
            }
            if (name == NULL || name[0] == '\0') {
                return arm_fail(&call->error, 400, "InvalidRequestFormat",
                                "A private link service connection has no name.");
            }
            if (!check_group(call, arm_target_kind_of(target), item)) {
                return false;
            }
        }
    }
    return count == 1 ||
           arm_fail(&call->error, 400, "PrivateEndpointConnectionCountInvalid",
                    "A private endpoint has exactly one private link service connection, not %d.",
                    count);
}

static bool check_endpoint(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *id = arm_json_text(body, "properties.subnet.id");
    const char *where = arm_json_text(body, "location");
    const struct arm_resource *subnet = arm_reference(call, &arm_subnet_type, id);
    if (subnet == NULL || !check_connections(call, body)) {
        return false;
    }
    if (old == NULL && where != NULL && subnet->parent != NULL &&
        arm_location_find(bytes_from_string(where)) != subnet->parent->location) {
        return arm_fail_reference(call, id);
    }
    if (old == NULL && arm_subnet_free_address(call->service, subnet) == 0) {
        return arm_fail_subnet_full(&call->error, subnet);
    }
    arm_network_keep(old, body);
    return true;
}

static void create_secrets(struct arm_service *service, struct arm_resource *endpoint)
{
    char guid[GUID_SIZE + 1];
    const struct arm_resource *target = arm_endpoint_target(service, endpoint);
    const char *own = arm_json_text(endpoint->body, "properties.customNetworkInterfaceName");
    endpoint->secrets = cJSON_CreateObject();
    random_guid(service->random, guid);
    char *name = own != NULL && own[0] != '\0' ? string_duplicate(own)
                                               : string_format("%s.nic.%s", endpoint->name, guid);
    char *prefix = bytes_to_string(
        bytes_slice(bytes_from_string(endpoint->id), 0,
                    strlen(endpoint->id) - strlen("/privateEndpoints/") - strlen(endpoint->name)));
    char *id = string_format("%s/networkInterfaces/%s", prefix, name);
    cJSON_AddStringToObject(endpoint->secrets, "interface", id);
    memory_free(id);
    memory_free(prefix);
    memory_free(name);
    if (target != NULL && arm_private_connection_type_of(target) != NULL) {
        random_guid(service->random, guid);
        id = string_format("%s/privateEndpointConnections/%s.%s", target->id, endpoint->name, guid);
        cJSON_AddStringToObject(endpoint->secrets, "connection", id);
        memory_free(id);
    }
}

/* What the request asks for, else the next one that is free. */
static void choose_address(const struct arm_service *service, const struct arm_resource *endpoint,
                           const struct arm_resource *subnet, char text[16])
{
    const char *wanted = arm_json_text(
        cJSON_GetArrayItem(arm_json_at(endpoint->body, "properties.ipConfigurations"), 0),
        "properties.privateIPAddress");
    uint32_t address;
    if (wanted != NULL && arm_ipv4_read(wanted, &address) &&
        !arm_subnet_address_taken(service, subnet, wanted)) {
        arm_address_write(address, text);
    } else {
        arm_address_write(arm_subnet_free_address(service, subnet), text);
    }
}

static cJSON *link_properties(const struct arm_service *service,
                              const struct arm_resource *endpoint)
{
    const struct arm_resource *target = arm_endpoint_target(service, endpoint);
    const struct arm_target_kind *kind = target == NULL ? NULL : arm_target_kind_of(target);
    cJSON *properties = cJSON_CreateObject();
    if (kind != NULL) {
        char *name = arm_target_public_name(kind, target);
        cJSON_AddStringToObject(properties, "groupId", kind->group);
        cJSON_AddStringToObject(properties, "requiredMemberName", kind->group);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, "fqdns"), cJSON_CreateString(name));
        memory_free(name);
    }
    return properties;
}

/* The interface, which appears with the endpoint. */
static void furnish_endpoint(struct arm_service *service, struct arm_resource *endpoint)
{
    const char *id = arm_json_text(endpoint->secrets, "interface");
    const char *subnet_id = arm_json_text(endpoint->body, "properties.subnet.id");
    const struct arm_resource *subnet = arm_resource_find_id(service, subnet_id);
    char address[16], guid[GUID_SIZE + 1];
    if (id == NULL || subnet == NULL || arm_resource_find_id(service, id) != NULL) {
        return;
    }
    choose_address(service, endpoint, subnet, address);
    random_guid(service->random, guid);
    cJSON *body = cJSON_CreateObject(), *configuration = cJSON_CreateObject();
    char *name = string_format("privateEndpointIpConfig.%s", guid);
    char *own = string_format("%s/ipConfigurations/%s", id, name);
    cJSON_AddStringToObject(configuration, "name", name);
    cJSON_AddStringToObject(configuration, "id", own);
    cJSON_AddStringToObject(configuration, "type",
                            "Microsoft.Network/networkInterfaces/ipConfigurations");
    memory_free(own);
    memory_free(name);
    arm_json_put_text(configuration, "properties.provisioningState", "Succeeded");
    arm_json_put_text(configuration, "properties.privateIPAddress", address);
    arm_json_put_text(configuration, "properties.privateIPAllocationMethod", "Dynamic");
    arm_json_put_text(configuration, "properties.subnet.id", subnet->id);
    arm_json_put(configuration, "properties.primary", cJSON_CreateTrue());
    arm_json_put_text(configuration, "properties.privateIPAddressVersion", "IPv4");
    arm_json_put(configuration, "properties.privateLinkConnectionProperties",
                 link_properties(service, endpoint));
    cJSON *list = cJSON_CreateArray();
    cJSON_AddItemToArray(list, configuration);
    arm_json_put(body, "properties.ipConfigurations", list);
    arm_json_put_text(body, "properties.privateEndpoint.id", endpoint->id);
    arm_json_put(body, "properties.hostedWorkloads", cJSON_CreateArray());
    arm_schema_complete(arm_network_interface_type.schema, body);
    arm_network_complete(service, body);
    arm_resource_add(service, &arm_network_interface_type, arm_network_interface_type.name, id,
                     endpoint->location, body);
}

/* In force: the cache hears of it, once. What its owner does with it later is his. */
static void apply_endpoint(struct arm_service *service, struct arm_resource *endpoint)
{
    const char *id = arm_json_text(endpoint->secrets, "connection");
    struct arm_resource *target = arm_endpoint_target(service, endpoint);
    const cJSON *asked = arm_endpoint_connection(endpoint);
    const char *message = arm_json_text(asked, "properties.requestMessage");
    char address[16];
    if (id == NULL || target == NULL || arm_json_truth(endpoint->secrets, "introduced") ||
        !arm_id_below(bytes_from_string(id), bytes_from_string(target->id)) ||
        arm_resource_find_id(service, id) != NULL) {
        return;
    }
    arm_json_put(endpoint->secrets, "introduced", cJSON_CreateTrue());
    cJSON *body = cJSON_CreateObject();
    arm_json_put_text(body, "properties.privateEndpoint.id", endpoint->id);
    arm_json_put_text(body, "properties.privateLinkServiceConnectionState.status",
                      manual(endpoint) ? "Pending" : "Approved");
    arm_json_put_text(body, "properties.privateLinkServiceConnectionState.description",
                      !manual(endpoint) ? "Auto-Approved"
                      : message == NULL ? ""
                                        : message);
    arm_json_put_text(body, "properties.privateLinkServiceConnectionState.actionsRequired", "None");
    const struct arm_resource_type *type = arm_private_connection_type_of(target);
    struct arm_resource *connection = arm_resource_add(service, type, type->name, id, NULL, body);
    arm_free_loopback(service, address);
    connection->secrets = cJSON_CreateObject();
    cJSON_AddStringToObject(connection->secrets, "address", address);
    type->apply(service, connection);
}

static void remove_by_id(struct arm_service *service, const char *id)
{
    struct arm_resource *resource = id == NULL ? NULL : arm_resource_find_id(service, id);
    if (resource != NULL && strcmp(resource->state, "Deleting") != 0) {
        arm_resource_remove(service, resource);
    }
}

static void remove_endpoint(struct arm_service *service, struct arm_resource *endpoint)
{
    remove_by_id(service, arm_json_text(endpoint->secrets, "interface"));
    remove_by_id(service, arm_json_text(endpoint->secrets, "connection"));
}

static void show_connections(struct arm_call *call, const struct arm_resource *endpoint,
                             cJSON *item)
{
    const struct arm_resource *agreed = arm_endpoint_agreed(call->service, endpoint);
    const cJSON *state =
        agreed == NULL ? NULL
                       : arm_json_at(agreed->body, "properties.privateLinkServiceConnectionState");
    bool served = arm_json_text(endpoint->secrets, "connection") != NULL;
    bool known = arm_json_truth(endpoint->secrets, "introduced");
    for (size_t i = 0; i < ARRAY_LEN(connection_lists); i++) {
        cJSON *connection;
        cJSON_ArrayForEach(connection, arm_json_at(item, connection_lists[i]))
        {
            char *id = string_format("%s/%s/%s", endpoint->id,
                                     arm_type_leaf(connection_lists[i]) + strlen("properties."),
                                     arm_json_text(connection, "name"));
            arm_json_put_text(connection, "id", id);
            memory_free(id);
            id = string_format("Microsoft.Network/privateEndpoints/%s",
                               connection_lists[i] + strlen("properties."));
            arm_json_put_text(connection, "type", id);
            memory_free(id);
            arm_json_put_text(connection, "properties.provisioningState", "Succeeded");
            if (state != NULL) {
                arm_json_put(connection, "properties.privateLinkServiceConnectionState",
                             cJSON_Duplicate(state, true));
                continue;
            }
            const char *status = served && known ? "Disconnected" : i == 0 ? "Approved" : "Pending";
            arm_json_put_text(connection, "properties.privateLinkServiceConnectionState.status",
                              status);
            arm_json_put_text(connection,
                              "properties.privateLinkServiceConnectionState.description",
                              i == 0 && !(served && known) ? "Auto-Approved" : "");
            arm_json_put_text(
                connection, "properties.privateLinkServiceConnectionState.actionsRequired", "None");
        }
    }
}

static const struct arm_resource_type zone_group_type;

static cJSON *dns_configs(struct arm_call *call, const struct arm_resource *endpoint)
{
    const struct arm_resource *target = arm_endpoint_target(call->service, endpoint);
    const struct arm_target_kind *kind = target == NULL ? NULL : arm_target_kind_of(target);
    const char *address = address_of(call->service, endpoint);
    cJSON *list = cJSON_CreateArray();
    if (kind != NULL && address != NULL &&
        arm_resource_next_child(call->service, endpoint, &zone_group_type, NULL) == NULL) {
        cJSON *config = cJSON_CreateObject();
        char *name = arm_target_public_name(kind, target);
        cJSON_AddStringToObject(config, "fqdn", name);
        memory_free(name);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(config, "ipAddresses"),
                             cJSON_CreateString(address));
        cJSON_AddItemToArray(list, config);
    }
    return list;
}

static cJSON *show_endpoint(struct arm_call *call, const struct arm_resource *endpoint,
                            bool secrets)
{
    cJSON *item = arm_network_show(call, endpoint, secrets);
    const char *interface = arm_json_text(endpoint->secrets, "interface");
    cJSON *interfaces = cJSON_CreateArray();
    if (interface != NULL) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "id", interface);
        cJSON_AddItemToArray(interfaces, one);
    }
    arm_json_put(item, "properties.networkInterfaces", interfaces);
    arm_json_put(item, "properties.customDnsConfigs", dns_configs(call, endpoint));
    show_connections(call, endpoint, item);
    return item;
}

/* ---- Interfaces ---- */

static const struct arm_property interface_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.resourceGuid", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.ipConfigurations", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {.path = "properties.enableAcceleratedNetworking", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.enableIPForwarding", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.dnsSettings.dnsServers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.dnsSettings.appliedDnsServers", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.nicType", .kind = ARM_TEXT, .fallback = "\"Standard\""},
    {0},
};

static bool check_interface(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.ipConfigurations"))
    {
        const struct arm_resource *subnet =
            arm_reference(call, &arm_subnet_type, arm_json_text(item, "properties.subnet.id"));
        if (subnet == NULL) {
            return false;
        }
    }
    arm_network_keep(old, body);
    return true;
}

static void furnish_interface(struct arm_service *service, struct arm_resource *interface)
{
    cJSON *item;
    char text[16];
    cJSON_ArrayForEach(item, arm_json_at(interface->body, "properties.ipConfigurations"))
    {
        const char *id = arm_json_text(item, "properties.subnet.id");
        const struct arm_resource *subnet = id == NULL ? NULL : arm_resource_find_id(service, id);
        if (subnet != NULL && arm_json_text(item, "properties.privateIPAddress") == NULL) {
            arm_address_write(arm_subnet_free_address(service, subnet), text);
            arm_json_put_text(item, "properties.privateIPAddress", text);
            arm_json_put_text(item, "properties.privateIPAllocationMethod", "Dynamic");
            arm_json_put_text(item, "properties.provisioningState", "Succeeded");
        }
    }
}

static bool check_interface_removal(struct arm_call *call, const struct arm_resource *interface)
{
    const char *endpoint = arm_json_text(interface->body, "properties.privateEndpoint.id");
    return endpoint == NULL ||
           arm_fail(&call->error, 400, "NetworkInterfaceInUse",
                    "Network Interface %s is used by existing resource %s. In order to delete the "
                    "network interface, it must be dissociated from the resource.",
                    interface->id, endpoint);
}

/* ---- Zone groups ---- */

static const struct arm_property zone_group_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.privateDnsZoneConfigs", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {0},
};

static bool check_zone_group(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    cJSON *item;
    (void)old;
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.privateDnsZoneConfigs"))
    {
        const char *id = arm_json_text(item, "properties.privateDnsZoneId");
        const struct arm_resource *zone = arm_reference(call, &arm_private_zone_type, id);
        if (zone == NULL) {
            return false;
        }
        arm_json_remove(item, "properties.recordSets");
    }
    return true;
}

/* What its records are marked with. */
static char *creator_of(const struct arm_resource *group)
{
    return string_format("created by private endpoint %s with resource guid %s",
                         group->parent->name,
                         arm_json_text(group->parent->body, "properties.resourceGuid"));
}

static void apply_zone_group(struct arm_service *service, struct arm_resource *group)
{
    const cJSON *item;
    const struct arm_resource *target = arm_endpoint_target(service, group->parent);
    const struct arm_target_kind *kind = target == NULL ? NULL : arm_target_kind_of(target);
    const char *address = address_of(service, group->parent);
    if (kind == NULL || address == NULL) {
        return;
    }
    char *creator = creator_of(group);
    char *name = arm_target_record_name(kind, target);
    arm_zone_forget(service, creator);
    cJSON_ArrayForEach(item, arm_json_at(group->body, "properties.privateDnsZoneConfigs"))
    {
        const char *id = arm_json_text(item, "properties.privateDnsZoneId");
        struct arm_resource *zone = id == NULL ? NULL : arm_resource_find_id(service, id);
        if (zone != NULL) {
            arm_zone_set_record(service, zone, name, address, creator);
        }
    }
    memory_free(name);
    memory_free(creator);
}

static void remove_zone_group(struct arm_service *service, struct arm_resource *group)
{
    char *creator = creator_of(group);
    arm_zone_forget(service, creator);
    memory_free(creator);
}

static cJSON *show_zone_group(struct arm_call *call, const struct arm_resource *group, bool secrets)
{
    cJSON *config, *item = arm_network_show(call, group, secrets);
    const struct arm_resource *target = arm_endpoint_target(call->service, group->parent);
    const struct arm_target_kind *kind = target == NULL ? NULL : arm_target_kind_of(target);
    const char *address = address_of(call->service, group->parent);
    cJSON_ArrayForEach(config, arm_json_at(item, "properties.privateDnsZoneConfigs"))
    {
        cJSON *sets = cJSON_CreateArray();
        const char *zone = arm_json_text(config, "properties.privateDnsZoneId");
        if (kind != NULL && address != NULL && zone != NULL) {
            cJSON *set = cJSON_CreateObject();
            char *name = arm_target_record_name(kind, target);
            char *whole = string_format("%s.%s", name, arm_type_leaf(zone));
            cJSON_AddStringToObject(set, "recordType", "A");
            cJSON_AddStringToObject(set, "recordSetName", name);
            cJSON_AddStringToObject(set, "fqdn", whole);
            cJSON_AddNumberToObject(set, "ttl", 10);
            cJSON_AddStringToObject(set, "provisioningState", "Succeeded");
            cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "ipAddresses"),
                                 cJSON_CreateString(address));
            cJSON_AddItemToArray(sets, set);
            memory_free(whole);
            memory_free(name);
        }
        arm_json_put(config, "properties.recordSets", sets);
    }
    return item;
}

/* ---- Rows ---- */

static const struct saved_shape saved[] = {
    {"secrets.interface", SAVED_ID, false},
    {"secrets.connection", SAVED_ID, false},
    {"secrets.introduced", SAVED_TRUTH, false},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_private_endpoint_type = {
    .name = "Microsoft.Network/privateEndpoints",
    .traits = ARM_TRACKED | ARM_ETAG,
    .schema = endpoint_schema,
    .polling = &arm_polling_network,
    .durations = {ENDPOINT_S, ENDPOINT_S, ENDPOINT_S},
    .check = check_endpoint,
    .complete = arm_network_complete,
    .create_secrets = create_secrets,
    .furnish = furnish_endpoint,
    .apply = apply_endpoint,
    .remove = remove_endpoint,
    .show = show_endpoint,
    .saved = saved,
};

const struct arm_resource_type arm_network_interface_type = {
    .name = "Microsoft.Network/networkInterfaces",
    .traits = ARM_TRACKED | ARM_ETAG,
    .schema = interface_schema,
    .polling = &arm_polling_network,
    .durations = {GROUP_S, GROUP_S, GROUP_S},
    .check = check_interface,
    .check_removal = check_interface_removal,
    .complete = arm_network_complete,
    .furnish = furnish_interface,
    .show = arm_network_show,
};

static const struct arm_resource_type zone_group_type = {
    .name = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    .traits = ARM_ETAG,
    .schema = zone_group_schema,
    .polling = &arm_polling_network,
    .durations = {GROUP_S, GROUP_S, GROUP_S},
    .check = check_zone_group,
    .apply = apply_zone_group,
    .remove = remove_zone_group,
    .show = show_zone_group,
};

static const struct arm_resource_type *const types[] = {
    &arm_private_endpoint_type, &arm_network_interface_type, &zone_group_type};
const struct arm_module arm_module_network_endpoints = {types, ARRAY_LEN(types), NULL, 0};
