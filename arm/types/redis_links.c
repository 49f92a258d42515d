/*
 * Microsoft.Cache/Redis/linkedServers: geo-replication. The link lies on the cache that was asked;
 * the other one shows its counterpart, which comes and goes with it.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/redis.h"

enum { LINK_S = 5 * 60 + 10, UNLINK_S = 70 };

static const char *const roles[] = {"Primary", "Secondary", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.linkedRedisCacheId",
     .kind = ARM_RESOURCE_ID,
     .rules = ARM_REQUIRED | ARM_CREATE_ONLY},
    {.path = "properties.linkedRedisCacheLocation", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.serverRole",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED | ARM_CREATE_ONLY,
     .choices = roles},
    {.path = "properties.geoReplicatedPrimaryHostName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.primaryHostName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static struct arm_resource *linked_cache(const struct arm_service *service, const cJSON *body)
{
    const char *id = arm_json_text(body, "properties.linkedRedisCacheId");
    struct arm_resource *cache = id == NULL ? NULL : arm_resource_find_id(service, id);
    return cache != NULL && cache->type == &arm_redis_type ? cache : NULL;
}

const struct arm_resource *arm_redis_link(const struct arm_service *service,
                                          const struct arm_resource *cache)
{
    return arm_resource_next_child(service, cache, &arm_redis_link_type, NULL);
}

static bool secondary(const struct arm_service *service, const struct arm_resource *cache)
{
    const struct arm_resource *link = arm_redis_link(service, cache);
    return link != NULL &&
           strcmp(arm_json_text(link->body, "properties.serverRole"), "Primary") == 0;
}

static bool not_linkable(struct arm_call *call, const char *why)
{
    return arm_fail_provider(&call->error, 400, "BadRequest", "The caches cannot be linked: %s.",
                             why);
}

/* What the service's documentation asks of two caches that are to be linked. */
static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const struct arm_service *service = call->service;
    const struct arm_resource *cache = arm_resource_find_id(service, call->target.holder);
    const struct arm_resource *other = linked_cache(service, body);
    if (old != NULL) {
        return true;
    }
    if (other == NULL || other == cache) {
        return arm_fail_property(&call->error, "properties.linkedRedisCacheId",
                                 "the id of another cache");
    }
    if (!bytes_equal_string_nocase(call->target.name, other->name)) {
        return not_linkable(call, "the linked server's name is not the linked cache's");
    }
    const cJSON *mine = cache->body, *its = other->body;
    if (strcmp(arm_json_text(mine, "properties.sku.name"), "Premium") != 0 ||
        strcmp(arm_json_text(its, "properties.sku.name"), "Premium") != 0) {
        return not_linkable(call, "both must be of the SKU Premium");
    }
    bool leads = strcmp(arm_json_text(body, "properties.serverRole"), "Secondary") == 0;
    int from = arm_json_number(leads ? mine : its, "properties.sku.capacity", 0);
    int to = arm_json_number(leads ? its : mine, "properties.sku.capacity", 0);
    if (to < from) {
        return not_linkable(call, "the secondary must not be smaller than the primary");
    }
    if (arm_json_number(mine, "properties.shardCount", 0) !=
        arm_json_number(its, "properties.shardCount", 0)) {
        return not_linkable(call, "they must have the same number of shards");
    }
    if (secondary(service, cache) || secondary(service, other) ||
        (leads ? arm_redis_link(service, other) : arm_redis_link(service, cache)) != NULL) {
        return not_linkable(call, "one of them is linked already");
    }
    if (cache->operation != NULL || other->operation != NULL) {
        return arm_fail_busy(&call->error, cache->operation != NULL ? cache->id : other->id);
    }
    arm_json_put_text(body, "properties.linkedRedisCacheId", other->id);
    arm_json_put_text(body, "properties.linkedRedisCacheLocation", other->location->display_name);
    return true;
}

static struct arm_resource *counterpart(const struct arm_service *service,
                                        const struct arm_resource *link)
{
    const struct arm_resource *other = linked_cache(service, link->body);
    return other == NULL ? NULL
                         : arm_resource_child(service, other, &arm_redis_link_type,
                                              bytes_from_string(link->parent->name));
}

/* The other cache's side of the link. */
static void furnish(struct arm_service *service, struct arm_resource *link)
{
    const struct arm_resource *other = linked_cache(service, link->body);
    if (other == NULL || counterpart(service, link) != NULL) {
        return;
    }
    bool leads = strcmp(arm_json_text(link->body, "properties.serverRole"), "Secondary") == 0;
    char *id = string_format("%s/linkedServers/%s", other->id, link->parent->name);
    cJSON *body = cJSON_CreateObject();
    arm_json_put_text(body, "properties.linkedRedisCacheId", link->parent->id);
    arm_json_put_text(body, "properties.linkedRedisCacheLocation",
                      link->parent->location->display_name);
    arm_json_put_text(body, "properties.serverRole", leads ? "Primary" : "Secondary");
    arm_resource_add(service, &arm_redis_link_type, arm_redis_link_type.name, id, NULL, body)
        ->state = "Creating";
    memory_free(id);
}

static void apply(struct arm_service *service, struct arm_resource *link)
{
    struct arm_resource *other = counterpart(service, link);
    arm_redis_apply_parent(service, link);
    if (other != NULL) {
        other->state = link->state;
        arm_redis_apply_parent(service, other);
    }
}

static void remove_link(struct arm_service *service, struct arm_resource *link)
{
    struct arm_resource *other = counterpart(service, link);
    if (other != NULL && strcmp(other->state, "Deleting") != 0) {
        arm_resource_remove(service, other);
    }
    arm_redis_apply_parent(service, link);
}

struct bytes arm_redis_geo_primary(const struct arm_service *service,
                                   const struct arm_resource *cache)
{
    const struct arm_resource *link = arm_redis_link(service, cache);
    bool follows = link != NULL && strcmp(link->state, "Creating") != 0 &&
                   strcmp(link->state, "Failed") != 0 && secondary(service, cache);
    return follows ? bytes_from_string(link->name) : (struct bytes){0};
}

cJSON *arm_redis_show_links(const struct arm_service *service, const struct arm_resource *cache)
{
    cJSON *list = cJSON_CreateArray();
    const struct arm_resource *link = NULL;
    while ((link = arm_resource_next_child(service, cache, &arm_redis_link_type, link)) != NULL) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "id", link->id);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

/* "c1.redis.cache.windows.net" -> "c1.geo.redis.cache.windows.net" */
static void put_geo_name(cJSON *properties, const char *host)
{
    size_t label = strcspn(host, ".");
    char *name = host[label] == '\0' ? string_duplicate(host)
                                     : string_format("%.*s.geo%s", (int)label, host, host + label);
    cJSON_AddStringToObject(properties, "geoReplicatedPrimaryHostName", name);
    memory_free(name);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *link, bool secrets)
{
    (void)secrets;
    const struct arm_host *host = &call->service->host;
    struct arm_cache_address linked, primary;
    cJSON *item = arm_resource_show_plain(call, link);
    cJSON *properties = arm_json_at(item, "properties");
    bool leads = strcmp(arm_json_text(link->body, "properties.serverRole"), "Secondary") == 0;
    host->cache_address(host->context, bytes_from_string(link->name), ARM_REDIS_DOMAIN, &linked);
    host->cache_address(host->context, bytes_from_string(leads ? link->parent->name : link->name),
                        ARM_REDIS_DOMAIN, &primary);
    put_geo_name(properties, linked.host_name);
    cJSON_AddStringToObject(properties, "primaryHostName", primary.host_name);
    return item;
}

const struct arm_resource_type arm_redis_link_type = {
    .name = "Microsoft.Cache/Redis/linkedServers",
    .schema = schema,
    .polling = &arm_polling_redis_links,
    .durations = {LINK_S, LINK_S, UNLINK_S},
    .check = check,
    .furnish = furnish,
    .apply = apply,
    .remove = remove_link,
    .show = show,
};

static const struct arm_resource_type *const types[] = {&arm_redis_link_type};
const struct arm_module arm_module_redis_links = {types, ARRAY_LEN(types), NULL, 0};
