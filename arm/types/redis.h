/* What the files of Microsoft.Cache/Redis know of each other. */
#ifndef ARM_TYPES_REDIS_H
#define ARM_TYPES_REDIS_H

#include "arm/service_state.h"

#define ARM_REDIS_DOMAIN "redis.cache.windows.net"

extern const struct arm_resource_type arm_redis_type, arm_redis_firewall_type,
    arm_redis_patch_schedule_type, arm_redis_policy_type, arm_redis_assignment_type,
    arm_redis_link_type, arm_redis_private_connection_type, arm_enterprise_private_connection_type;

/* ---- redis_rules.c ---- */
const struct arm_sku *arm_redis_sku(const cJSON *body); /* NULL when there is no such size */
bool arm_redis_check(struct arm_call *call, const struct arm_resource *old, cJSON *body);
const char *arm_redis_update_state(const cJSON *old, const cJSON *changed);

/* ---- redis_settings.c ---- */
const char *arm_redis_setting(const cJSON *body, const char *name); /* NULL: not set */
bool arm_redis_check_settings(const cJSON *old, const cJSON *body, struct arm_error *error);
void arm_redis_complete(struct arm_service *service, cJSON *body);

/* ---- redis_show.c ---- */
/* The zones that the nodes take turns in. Azure does not say which one a cache without zones is in;
 * here it is the first. */
const char *arm_redis_zones(const cJSON *body, char text[8]);
int arm_redis_node_count(const cJSON *body);
cJSON *arm_redis_show(struct arm_call *call, const struct arm_resource *cache, bool secrets);

/* ---- redis_engine.c ---- */
/* Tells the host of the cache again, with what its children say, once there is a cache. */
void arm_redis_apply(struct arm_service *service, struct arm_resource *cache);
void arm_redis_create_secrets(struct arm_service *service, struct arm_resource *cache);
void arm_redis_remove(struct arm_service *service, struct arm_resource *cache);
/* A new access key, kept among the resource's secrets under that name. */
void arm_redis_new_key(struct arm_service *service, struct arm_resource *resource,
                       const char *name);
/* One of its two keys is another from now on. */
void arm_redis_rotate_key(struct arm_service *service, struct arm_resource *cache, bool primary);
/* The same for a child that came, changed or went. */
void arm_redis_apply_parent(struct arm_service *service, struct arm_resource *child);

/* ---- redis_network.c ---- */
/*
 * subnetId and staticIP, of a new cache against what the subnet holds. One that asks for no address
 * gets the next free one.
 */
bool arm_redis_check_network(struct arm_call *call, const struct arm_resource *old, cJSON *body);
/* The loopback address of a cache in a subnet, which it has from the first question on; or NULL. */
const char *arm_redis_served_at(struct arm_service *service, struct arm_resource *cache);
/* Its two access keys, as listKeys answers them. */
cJSON *arm_redis_keys(const struct arm_resource *cache);

/* ---- redis_actions.c ---- */
bool arm_redis_reboot(struct arm_call *call, struct arm_resource *cache);
bool arm_redis_export(struct arm_call *call, struct arm_resource *cache);
bool arm_redis_export_finish(struct arm_service *service, struct arm_resource *cache,
                             const cJSON *parameters, struct arm_error *error);
bool arm_redis_import(struct arm_call *call, struct arm_resource *cache);
bool arm_redis_import_finish(struct arm_service *service, struct arm_resource *cache,
                             const cJSON *parameters, struct arm_error *error);
bool arm_redis_upgrade_notifications(struct arm_call *call, struct arm_resource *cache);

/* ---- redis_firewall.c: fills up to `most` ranges, returns how many ---- */
size_t arm_redis_firewall(const struct arm_service *service, const struct arm_resource *cache,
                          struct arm_address_range *ranges, size_t most);

/* ---- redis_patch_schedules.c: the same of windows ---- */
size_t arm_redis_windows(const struct arm_service *service, const struct arm_resource *cache,
                         struct arm_patch_window *windows, size_t most);

/* ---- redis_access.c ---- */
size_t arm_redis_accesses(const struct arm_service *service, const struct arm_resource *cache,
                          struct arm_access *accesses, size_t most);
/* The three policies that every cache has. */
void arm_redis_add_policies(struct arm_service *service, struct arm_resource *cache);

/* ---- redis_links.c ---- */
/* Any linked server of the cache, or NULL. */
const struct arm_resource *arm_redis_link(const struct arm_service *service,
                                          const struct arm_resource *cache);
struct bytes arm_redis_geo_primary(const struct arm_service *service,
                                   const struct arm_resource *cache);
cJSON *arm_redis_show_links(const struct arm_service *service, const struct arm_resource *cache);

/* ---- redis_private.c, for redisEnterprise, too ---- */
/* NULL: it is no cache. */
const struct arm_resource_type *arm_private_connection_type_of(const struct arm_resource *cache);
bool arm_redis_private_link_resources(struct arm_call *call, struct arm_resource *cache);
size_t arm_redis_private_addresses(const struct arm_service *service,
                                   const struct arm_resource *cache, struct bytes *addresses,
                                   size_t most);
/* Adds "privateEndpointConnections" to the cache's properties, if it has any. */
void arm_redis_show_private_connections(const struct arm_service *service,
                                        const struct arm_resource *cache, cJSON *properties);

#endif
