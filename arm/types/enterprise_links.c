/*
 * Active geo-replication groups of Microsoft.Cache/redisEnterprise/databases. Each database keeps
 * the list of the whole group; two exchange their writes while each is on the other's list.
 * Source: Microsoft's "Configure active geo-replication for Azure Managed Redis instances" and the
 * REST reference of forceUnlink, forceLinkToReplicationGroup and flush.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"

enum { MOST_LINKED = 5, LINK_S = 3 * 60, FLUSH_S = 15 };

#define LINKED "properties.geoReplication.linkedDatabases"

static bool is_linked(const cJSON *body, const char *id)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(body, LINKED))
    {
        const char *own = arm_json_text(item, "id");
        if (own != NULL && bytes_equal_string_nocase(bytes_from_string(own), id)) {
            return true;
        }
    }
    return false;
}

static struct arm_resource *database_of(const struct arm_service *service, const char *id)
{
    struct arm_resource *database = id == NULL ? NULL : arm_resource_find_id(service, id);
    return database != NULL && database->type == &arm_enterprise_database_type ? database : NULL;
}

static void add_link(struct arm_resource *database, const char *id)
{
    if (!is_linked(database->body, id)) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "id", id);
        cJSON_AddItemToArray(arm_json_at(database->body, LINKED), item);
    }
}

static void remove_link(struct arm_resource *database, const char *id)
{
    cJSON *list = arm_json_at(database->body, LINKED);
    for (int i = cJSON_GetArraySize(list); i-- > 0;) {
        const char *own = arm_json_text(cJSON_GetArrayItem(list, i), "id");
        if (own != NULL && bytes_equal_string_nocase(bytes_from_string(own), id)) {
            cJSON_DeleteItemFromArray(list, i);
        }
    }
}

/* ---- What a group may be ---- */

static bool fail_group(struct arm_call *call, const char *why)
{
    return arm_fail_property_because(&call->error, "properties.geoReplication", why);
}

static bool same(const cJSON *a, const cJSON *b, const char *path)
{
    return bytes_equal(bytes_from_string(arm_json_text(a, path)),
                       bytes_from_string(arm_json_text(b, path)));
}

static bool check_cluster(struct arm_call *call, const struct arm_resource *cluster)
{
    const char *sku = arm_json_text(cluster->body, "sku.name");
    const char *available = arm_json_text(cluster->body, "properties.highAvailability");
    if (strcmp(sku, "Balanced_B0") == 0 || strcmp(sku, "Balanced_B1") == 0 ||
        strcmp(sku, "Enterprise_E1") == 0 || strncmp(sku, "FlashOptimized", 14) == 0) {
        return fail_group(call, "this SKU has no active geo-replication");
    }
    return available == NULL || strcmp(available, "Disabled") != 0 ||
           fail_group(call, "it needs highAvailability");
}

static bool check_database(struct arm_call *call, const cJSON *body)
{
    const cJSON *module;
    cJSON_ArrayForEach(module, arm_json_at(body, "properties.modules"))
    {
        struct bytes name = bytes_from_string(arm_json_text(module, "name"));
        if (!bytes_equal_string_nocase(name, "RediSearch") &&
            !bytes_equal_string_nocase(name, "RedisJSON")) {
            return fail_group(call, "only the modules RediSearch and RedisJSON go with it");
        }
    }
    return (!arm_json_truth(body, "properties.persistence.aofEnabled") &&
            !arm_json_truth(body, "properties.persistence.rdbEnabled")) ||
           fail_group(call, "it does not go together with persistence");
}

/* Everybody in a group is configured alike. */
static bool check_other(struct arm_call *call, const cJSON *body,
                        const struct arm_resource *cluster, const struct arm_resource *other)
{
    static const char *const alike[] = {"properties.clusteringPolicy", "properties.evictionPolicy",
                                        "properties.clientProtocol",
                                        "properties.geoReplication.groupNickname"};
    for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
        if (arm_json_text(body, alike[i]) != NULL &&
            arm_json_at(other->body, "properties.geoReplication") != NULL &&
            !same(body, other->body, alike[i])) {
            char why[256];
            snprintf(why, sizeof(why), "%.60s of the linked database '%.80s' is another one",
                     alike[i], other->parent->name);
            return fail_group(call, why);
        }
    }
    return same(cluster->body, other->parent->body, "sku.name") ||
           fail_group(call, "all databases of a group have the same SKU");
}

bool arm_enterprise_check_links(struct arm_call *call, const struct arm_resource *cluster,
                                const char *own_id, const cJSON *body)
{
    const cJSON *item, *group = arm_json_at(body, "properties.geoReplication");
    const cJSON *list = arm_json_at(body, LINKED);
    if (group == NULL || cJSON_GetArraySize(group) == 0 || cluster == NULL) {
        return true;
    }
    if (arm_json_text(group, "groupNickname") == NULL || !cJSON_IsArray(list)) {
        return arm_fail_property(&call->error, "properties.geoReplication",
                                 "an object with groupNickname and linkedDatabases");
    }
    if (cJSON_GetArraySize(list) > MOST_LINKED) {
        return fail_group(call, "a group has at most five databases");
    }
    if (!check_cluster(call, cluster) || !check_database(call, body)) {
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *id = arm_json_text(item, "id");
        const struct arm_resource *other = database_of(call->service, id);
        bool own = id != NULL && bytes_equal_string_nocase(bytes_from_string(id), own_id);
        if (!own && other == NULL) {
            return arm_fail_property(&call->error, LINKED, "the ids of databases that are there");
        }
        if (!own && !check_other(call, body, cluster, other)) {
            return false;
        }
    }
    return true;
}

/* ---- Joining and leaving ---- */

static bool is_there(const struct arm_resource *database)
{
    return strcmp(database->state, "Creating") != 0 && strcmp(database->state, "Deleting") != 0 &&
           strcmp(database->state, "Failed") != 0;
}

/* Whoever one of them knows, all know. True: the list of another one grew. */
static bool introduce(struct arm_service *service, struct arm_resource *database)
{
    const cJSON *item, *fellow;
    bool grew = false;
    add_link(database, database->id);
    cJSON *before = cJSON_Duplicate(arm_json_at(database->body, LINKED), true);
    cJSON_ArrayForEach(item, before)
    {
        struct arm_resource *other = database_of(service, arm_json_text(item, "id"));
        if (other == NULL || other == database ||
            !cJSON_IsArray(arm_json_at(other->body, LINKED))) {
            continue;
        }
        cJSON_ArrayForEach(fellow, before)
        {
            const char *id = arm_json_text(fellow, "id");
            grew |= id != NULL && !is_linked(other->body, id);
            add_link(other, id);
        }
        cJSON_ArrayForEach(fellow, arm_json_at(other->body, LINKED))
        {
            add_link(database, arm_json_text(fellow, "id"));
        }
    }
    cJSON_Delete(before);
    return grew;
}

static void tell_all(struct arm_service *service, const cJSON *ids)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, ids)
    {
        struct arm_resource *database = database_of(service, arm_json_text(item, "id"));
        if (database != NULL) {
            arm_enterprise_tell(service, database);
        }
    }
}

void arm_enterprise_join(struct arm_service *service, struct arm_resource *database)
{
    if (cJSON_IsArray(arm_json_at(database->body, LINKED)) && is_there(database) &&
        introduce(service, database)) {
        tell_all(service, arm_json_at(database->body, LINKED));
    }
}

/* It is on nobody's list any more, nor anybody on its own. */
static void leave(struct arm_service *service, struct arm_resource *database)
{
    const cJSON *item;
    cJSON *before = cJSON_Duplicate(arm_json_at(database->body, LINKED), true);
    cJSON_ArrayForEach(item, before)
    {
        const char *id = arm_json_text(item, "id");
        struct arm_resource *other = database_of(service, id);
        if (other != NULL && other != database) {
            remove_link(other, database->id);
            remove_link(database, other->id);
        }
    }
    tell_all(service, before);
    cJSON_Delete(before);
}

void arm_enterprise_leave(struct arm_service *service, struct arm_resource *database)
{
    leave(service, database);
}

size_t arm_enterprise_peers(const struct arm_service *service, const struct arm_resource *database,
                            char **names, size_t most)
{
    const cJSON *item;
    size_t count = 0;
    cJSON_ArrayForEach(item, arm_json_at(database->body, LINKED))
    {
        const struct arm_resource *other = database_of(service, arm_json_text(item, "id"));
        if (other != NULL && other != database && is_there(other) && count < most &&
            is_linked(other->body, database->id)) {
            names[count++] = arm_enterprise_cache_name(other->parent);
        }
    }
    return count;
}

void arm_enterprise_show_links(const struct arm_service *service,
                               const struct arm_resource *database, cJSON *shown)
{
    cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(shown, LINKED))
    {
        const struct arm_resource *other = database_of(service, arm_json_text(item, "id"));
        bool settled = other != NULL && is_there(other) && is_there(database);
        arm_json_put_text(item, "state",
                          other == NULL                          ? "LinkFailed"
                          : !settled                             ? "Linking"
                          : is_linked(other->body, database->id) ? "Linked"
                                                                 : "LinkFailed");
    }
}

/* ---- Actions ---- */

bool arm_enterprise_force_unlink(struct arm_call *call, struct arm_resource *database)
{
    const cJSON *ids = arm_json_at(call->body, "ids"), *id;
    if (!cJSON_IsArray(ids) || cJSON_GetArraySize(ids) == 0) {
        return arm_fail_property(&call->error, "ids", "the ids of linked databases");
    }
    if (database->operation != NULL) {
        return arm_fail_busy(&call->error, database->id);
    }
    cJSON_ArrayForEach(id, ids)
    {
        if (!cJSON_IsString(id) || !is_linked(database->body, id->valuestring)) {
            return arm_fail_property(&call->error, "ids", "the ids of linked databases");
        }
    }
    cJSON_ArrayForEach(id, ids)
    {
        struct arm_resource *other = database_of(call->service, id->valuestring);
        if (other != NULL) {
            leave(call->service, other);
        } else {
            remove_link(database, id->valuestring);
        }
    }
    arm_changed(call->service);
    return arm_resource_act(call, database, "forceUnlink", LINK_S);
}

bool arm_enterprise_force_link(struct arm_call *call, struct arm_resource *database)
{
    cJSON *asked = cJSON_Duplicate(database->body, true);
    const cJSON *group = arm_json_at(call->body, "geoReplication");
    if (!cJSON_IsObject(group)) {
        cJSON_Delete(asked);
        return arm_fail_property(&call->error, "geoReplication",
                                 "an object with groupNickname and linkedDatabases");
    }
    arm_json_put(asked, "properties.geoReplication", cJSON_Duplicate(group, true));
    bool good = arm_enterprise_check_links(call, database->parent, database->id, asked);
    cJSON_Delete(asked);
    return good && arm_resource_act(call, database, "forceLinkToReplicationGroup", LINK_S);
}

/* Its data goes: it begins again with that of the group. */
bool arm_enterprise_force_link_finish(struct arm_service *service, struct arm_resource *database,
                                      const cJSON *parameters, struct arm_error *error)
{
    (void)error;
    char *name = arm_enterprise_cache_name(database->parent);
    leave(service, database);
    service->host.cache_flush(service->host.context, bytes_from_string(name));
    memory_free(name);
    arm_json_put(database->body, "properties.geoReplication",
                 cJSON_Duplicate(arm_json_at(parameters, "geoReplication"), true));
    arm_enterprise_join(service, database);
    arm_enterprise_tell(service, database);
    return true;
}

static void flush_one(struct arm_service *service, const struct arm_resource *database)
{
    char *name = arm_enterprise_cache_name(database->parent);
    service->host.cache_flush(service->host.context, bytes_from_string(name));
    memory_free(name);
}

/* The linked ones go with it, whether the request names them or not: the data is one. */
bool arm_enterprise_flush(struct arm_call *call, struct arm_resource *database)
{
    const cJSON *id, *item;
    cJSON_ArrayForEach(id, arm_json_at(call->body, "ids"))
    {
        if (!cJSON_IsString(id) || !is_linked(database->body, id->valuestring)) {
            return arm_fail_property(&call->error, "ids", "the ids of linked databases");
        }
    }
    if (database->operation == NULL) {
        flush_one(call->service, database);
        cJSON_ArrayForEach(item, arm_json_at(database->body, LINKED))
        {
            const struct arm_resource *other =
                database_of(call->service, arm_json_text(item, "id"));
            if (other != NULL && other != database && is_linked(other->body, database->id)) {
                flush_one(call->service, other);
            }
        }
    }
    return arm_resource_act(call, database, "flush", FLUSH_S);
}
