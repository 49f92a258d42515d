/* What the files of Microsoft.Cache/redisEnterprise know of each other. */
#ifndef ARM_TYPES_ENTERPRISE_H
#define ARM_TYPES_ENTERPRISE_H

#include "arm/enterprise_skus.h"
#include "arm/service_state.h"

extern const struct arm_resource_type arm_enterprise_type, arm_enterprise_database_type,
    arm_enterprise_assignment_type;

/* ---- enterprise_cluster.c ---- */
const struct arm_enterprise_sku *arm_enterprise_sku_of(const struct arm_resource *cluster);
/* "c1.westus2": the cache's name on the data plane, which no other product's can be. memory_free */
char *arm_enterprise_cache_name(const struct arm_resource *cluster);
/* "redis.azure.net", or that of the older tiers. */
const char *arm_enterprise_domain(const struct arm_resource *cluster);
/* 404 in this provider's own words. Always false. */
bool arm_enterprise_missing(struct arm_call *call);

/* ---- enterprise_database.c ---- */
/* Tells the host of the database again, once there is one. */
void arm_enterprise_apply(struct arm_service *service, struct arm_resource *database);
/* The same without its fellows of a geo-replication group. */
void arm_enterprise_tell(struct arm_service *service, struct arm_resource *database);

/* ---- enterprise_access.c: fills up to `most`, returns how many ---- */
size_t arm_enterprise_accesses(const struct arm_service *service,
                               const struct arm_resource *database, struct arm_access *accesses,
                               size_t most);

/* ---- enterprise_actions.c ---- */
bool arm_enterprise_move(struct arm_call *call, struct arm_resource *database);
bool arm_enterprise_import_finish(struct arm_service *service, struct arm_resource *database,
                                  const cJSON *parameters, struct arm_error *error);
bool arm_enterprise_export_finish(struct arm_service *service, struct arm_resource *database,
                                  const cJSON *parameters, struct arm_error *error);
bool arm_enterprise_upgrade(struct arm_call *call, struct arm_resource *database);

/* ---- enterprise_links.c: groups of active geo-replication ---- */
bool arm_enterprise_check_links(struct arm_call *call, const struct arm_resource *cluster,
                                const char *own_id, const cJSON *body);
/* A database that is in force is known to those that it names, and they to it. */
void arm_enterprise_join(struct arm_service *service, struct arm_resource *database);
void arm_enterprise_leave(struct arm_service *service, struct arm_resource *database);
/* The caches that take the same writes, at most `most`; memory_free each. Returns how many. */
size_t arm_enterprise_peers(const struct arm_service *service, const struct arm_resource *database,
                            char **names, size_t most);
/* The state of each link, into what is shown. */
void arm_enterprise_show_links(const struct arm_service *service,
                               const struct arm_resource *database, cJSON *shown);
bool arm_enterprise_force_unlink(struct arm_call *call, struct arm_resource *database);
bool arm_enterprise_force_link(struct arm_call *call, struct arm_resource *database);
bool arm_enterprise_force_link_finish(struct arm_service *service, struct arm_resource *database,
                                      const cJSON *parameters, struct arm_error *error);
bool arm_enterprise_flush(struct arm_call *call, struct arm_resource *database);

#endif
