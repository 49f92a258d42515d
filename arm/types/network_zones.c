/*
 * Microsoft.Network/privateDnsZones: zones, their records, and their links to virtual networks. A
 * zone answers once it has a link: which network asks, the emulator cannot tell.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/network_targets.h"

/* Kinds of record sets, and the list that each holds. */
#define RECORD_TYPES(X)                                                                            \
    X(aaaa, "AAAA")                                                                                \
    X(cname, "CNAME")                                                                              \
    X(mx, "MX")                                                                                    \
    X(ptr, "PTR")                                                                                  \
    X(soa, "SOA")                                                                                  \
    X(srv, "SRV")                                                                                  \
    X(txt, "TXT")

#define DECLARE(name, word) static const struct arm_resource_type name##_record_type;
RECORD_TYPES(DECLARE)
#undef DECLARE

#define ADDRESS_OF(name, word) &name##_record_type,
static const struct arm_resource_type *const record_types[] = {&arm_a_record_type,
                                                               RECORD_TYPES(ADDRESS_OF)};
#undef ADDRESS_OF

/* ---- Records ---- */

static const struct arm_property record_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.ttl", .kind = ARM_INTEGER, .fallback = "3600"},
    {.path = "properties.aRecords", .kind = ARM_ARRAY},
    {.path = "properties.metadata", .kind = ARM_TEXTS},
    {.path = "properties.fqdn", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.isAutoRegistered", .kind = ARM_TRUTH, .rules = ARM_READ_ONLY},
    {0},
};

static bool check_a_record(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *item;
    uint32_t address;
    (void)old;
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.aRecords"))
    {
        const char *text = arm_json_text(item, "ipv4Address");
        if (text == NULL || !arm_ipv4_read(text, &address)) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The record could not be created: '%.60s' is no IPv4 address.",
                            text == NULL ? "" : text);
        }
    }
    return true;
}

static cJSON *show_record(struct arm_call *call, const struct arm_resource *record, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, record);
    bool apex = strcmp(record->name, "@") == 0;
    char *name =
        string_format("%s%s%s.", apex ? "" : record->name, apex ? "" : ".", record->parent->name);
    arm_json_put_text(item, "properties.fqdn", name);
    arm_json_put(item, "properties.isAutoRegistered", cJSON_CreateFalse());
    memory_free(name);
    return item;
}

static bool check_removal(struct arm_call *call, const struct arm_resource *record)
{
    return record->type != &soa_record_type ||
           arm_fail(&call->error, 400, "BadRequest", "The SOA record of a zone cannot be deleted.");
}

void arm_zone_set_record(struct arm_service *service, struct arm_resource *zone, const char *name,
                         const char *address, const char *creator)
{
    struct arm_resource *record =
        arm_resource_child(service, zone, &arm_a_record_type, bytes_from_string(name));
    cJSON *body = cJSON_CreateObject(), *list = cJSON_CreateArray(), *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "ipv4Address", address);
    cJSON_AddItemToArray(list, item);
    arm_json_put_text(body, "properties.metadata.creator", creator);
    arm_json_put(body, "properties.ttl", cJSON_CreateNumber(10));
    arm_json_put(body, "properties.aRecords", list);
    if (record != NULL) {
        cJSON_Delete(record->body);
        record->body = body;
        return;
    }
    char *id = string_format("%s/A/%s", zone->id, name);
    arm_resource_add(service, &arm_a_record_type, arm_a_record_type.name, id, NULL, body);
    memory_free(id);
}

void arm_zone_forget(struct arm_service *service, const char *creator)
{
    struct arm_resource *record = service->resources;
    while (record != NULL) {
        const char *own = record->type == &arm_a_record_type
                              ? arm_json_text(record->body, "properties.metadata.creator")
                              : NULL;
        bool goes = own != NULL && strcmp(own, creator) == 0;
        struct arm_resource *next = record->next;
        if (goes) {
            arm_resource_remove(service, record);
        }
        record = next;
    }
}

/* ---- Zones ---- */

static bool zone_name_fits(struct bytes name)
{
    size_t label = 0, labels = 1;
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        if (byte == '.' && label > 0) {
            label = 0;
            labels++;
        } else if (letter && label < 63) {
            label++;
        } else {
            return false;
        }
    }
    return label > 0 && labels >= 2 && labels <= 34 && name.size <= 253;
}

static void add_soa(struct arm_service *service, struct arm_resource *zone)
{
    static const struct {
        const char *name;
        int value;
    } numbers[] = {{"serialNumber", 1},
                   {"refreshTime", 3600},
                   {"retryTime", 300},
                   {"expireTime", 2419200},
                   {"minimumTTL", 10}};
    char *id = string_format("%s/SOA/@", zone->id);
    if (arm_resource_find_id(service, id) == NULL) {
        cJSON *body = cJSON_CreateObject(), *soa = cJSON_CreateObject();
        cJSON_AddStringToObject(soa, "email", "azureprivatedns-host.microsoft.com");
        cJSON_AddStringToObject(soa, "host", "azureprivatedns.net");
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
            cJSON_AddNumberToObject(soa, numbers[i].name, numbers[i].value);
        }
        arm_json_put(body, "properties.ttl", cJSON_CreateNumber(3600));
        arm_json_put(body, "properties.soaRecord", soa);
        arm_resource_add(service, &soa_record_type, soa_record_type.name, id, NULL, body);
    }
    memory_free(id);
}

static int count_children(const struct arm_service *service, const struct arm_resource *zone,
                          const struct arm_resource_type *type)
{
    int count = 0;
    const struct arm_resource *child = NULL;
    while ((child = arm_resource_next_child(service, zone, type, child)) != NULL) {
        count++;
    }
    return count;
}

static cJSON *show_zone(struct arm_call *call, const struct arm_resource *zone, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, zone);
    int records = 0;
    for (size_t i = 0; i < ARRAY_LEN(record_types); i++) {
        records += count_children(call->service, zone, record_types[i]);
    }
    const struct {
        const char *path;
        int value;
    } numbers[] = {
        {"properties.maxNumberOfRecordSets", 25000},
        {"properties.maxNumberOfVirtualNetworkLinks", 1000},
        {"properties.maxNumberOfVirtualNetworkLinksWithRegistration", 100},
        {"properties.numberOfRecordSets", records},
        {"properties.numberOfVirtualNetworkLinks",
         count_children(call->service, zone, &arm_zone_link_type)},
        {"properties.numberOfVirtualNetworkLinksWithRegistration", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        arm_json_put(item, numbers[i].path, cJSON_CreateNumber(numbers[i].value));
    }
    return item;
}

static bool check_zone_removal(struct arm_call *call, const struct arm_resource *zone)
{
    return arm_resource_next_child(call->service, zone, &arm_zone_link_type, NULL) == NULL ||
           arm_fail(&call->error, 409, "CannotDeleteResource",
                    "Cannot delete resource while nested resources exist. Some existing nested "
                    "resource IDs include: '%s'. Please delete all nested resources before "
                    "deleting this resource.",
                    arm_resource_next_child(call->service, zone, &arm_zone_link_type, NULL)->id);
}

static bool all_records(struct arm_call *call, struct arm_resource *zone)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *value = cJSON_AddArrayToObject(body, "value");
    for (size_t i = 0; i < ARRAY_LEN(record_types); i++) {
        const struct arm_resource *record = NULL;
        while ((record = arm_resource_next_child(call->service, zone, record_types[i], record)) !=
               NULL) {
            cJSON_AddItemToArray(value, arm_resource_show(call, record, false));
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_action zone_actions[] = {
    {.name = "ALL", .handle = all_records, .methods = ARM_GET},
    {0},
};

/* ---- Links ---- */

static const struct arm_property link_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.virtualNetwork.id",
     .kind = ARM_RESOURCE_ID,
     .rules = ARM_REQUIRED | ARM_CREATE_ONLY},
    {.path = "properties.registrationEnabled", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.virtualNetworkLinkState",
     .kind = ARM_TEXT,
     .rules = ARM_READ_ONLY,
     .fallback = "\"Completed\""},
    {0},
};

static bool check_link(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *id = arm_json_text(body, "properties.virtualNetwork.id");
    const struct arm_resource *network = arm_resource_find_id(call->service, id);
    const struct arm_resource *zone = arm_resource_find_id(call->service, call->target.holder);
    const struct arm_resource *link = NULL;
    if (network == NULL || network->type != &arm_virtual_network_type) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The virtual network '%.400s' does not exist.", id);
    }
    while ((link = arm_resource_next_child(call->service, zone, &arm_zone_link_type, link)) !=
           NULL) {
        const char *own = arm_json_text(link->body, "properties.virtualNetwork.id");
        if (link != old && bytes_equal_string_nocase(bytes_from_string(own), network->id)) {
            return arm_fail(&call->error, 409, "Conflict",
                            "A virtual network cannot be linked to multiple zones with overlapping "
                            "namespaces. You tried to link virtual network with '%s' zone, which "
                            "it is linked to already.",
                            zone->name);
        }
    }
    return true;
}

const struct arm_resource *arm_zone_of_name(const struct arm_service *service, struct bytes name,
                                            struct bytes *record)
{
    const struct arm_resource *best = NULL;
    for (const struct arm_resource *zone = service->resources; zone != NULL; zone = zone->next) {
        if (zone->type != &arm_private_zone_type ||
            arm_resource_next_child(service, zone, &arm_zone_link_type, NULL) == NULL) {
            continue;
        }
        size_t size = strlen(zone->name);
        bool longer = best == NULL || size > strlen(best->name);
        if (longer && bytes_equal_string_nocase(name, zone->name)) {
            best = zone;
            *record = BYTES("@");
        } else if (longer && name.size > size + 1 && name.data[name.size - size - 1] == '.' &&
                   bytes_equal_string_nocase(bytes_slice(name, name.size - size, name.size),
                                             zone->name)) {
            best = zone;
            *record = bytes_slice(name, 0, name.size - size - 1);
        }
    }
    return best;
}

/* ---- Rows ---- */

const struct arm_resource_type arm_private_zone_type = {
    .name = "Microsoft.Network/privateDnsZones",
    .names = {.words = "2 to 34 labels of letters, digits, hyphens and underscores",
              .fits = zone_name_fits},
    .traits = ARM_TRACKED | ARM_GLOBAL | ARM_ETAG | ARM_FELT,
    .actions = zone_actions,
    .check_removal = check_zone_removal,
    .furnish = add_soa,
    .show = show_zone,
};

const struct arm_resource_type arm_zone_link_type = {
    .name = "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    .traits = ARM_TRACKED | ARM_GLOBAL | ARM_ETAG | ARM_FELT,
    .schema = link_schema,
    .check = check_link,
};

const struct arm_resource_type arm_a_record_type = {
    .name = "Microsoft.Network/privateDnsZones/A",
    .traits = ARM_ETAG | ARM_NO_STATE | ARM_FELT,
    .schema = record_schema,
    .check = check_a_record,
    .show = show_record,
};

#define ROW(field, word)                                                                           \
    static const struct arm_resource_type field##_record_type = {                                  \
        .name = "Microsoft.Network/privateDnsZones/" word,                                         \
        .traits = ARM_ETAG | ARM_NO_STATE,                                                         \
        .schema = record_schema,                                                                   \
        .check_removal = check_removal,                                                            \
        .show = show_record,                                                                       \
    };
RECORD_TYPES(ROW)
#undef ROW

#define POINTER(field, word) &field##_record_type,
static const struct arm_resource_type *const types[] = {&arm_private_zone_type, &arm_zone_link_type,
                                                        &arm_a_record_type, RECORD_TYPES(POINTER)};
#undef POINTER
const struct arm_module arm_module_network_zones = {types, ARRAY_LEN(types), NULL, 0};
