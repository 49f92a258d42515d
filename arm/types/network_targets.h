/* What a private endpoint can lead to, and how the names of it are built. */
#ifndef ARM_TYPES_NETWORK_TARGETS_H
#define ARM_TYPES_NETWORK_TARGETS_H

#include "arm/types/network.h"

struct arm_target_kind {
    const char *type;                    /* "Microsoft.Cache/Redis" */
    const char *group;                   /* the group id of its endpoints */
    bool only_group;                     /* any other is refused */
    bool regional;                       /* the region stands in its names: "c1.westus2" */
    const char *suffix, *private_suffix; /* of names: ".redis.cache.windows.net" */
};
extern const struct arm_target_kind arm_target_kinds[];
extern const size_t arm_target_kind_count;

/* NULL: an endpoint may lead there, but nothing is known of its names. */
const struct arm_target_kind *arm_target_kind_of(const struct arm_resource *target);
/* "c1.redis.cache.windows.net"; memory_free. */
char *arm_target_public_name(const struct arm_target_kind *kind, const struct arm_resource *target);
/* Its A record in a private zone: "c1"; memory_free. */
char *arm_target_record_name(const struct arm_target_kind *kind, const struct arm_resource *target);

/* ---- network_endpoints.c ---- */
/* The connection of the endpoint's body; NULL only before there is one. */
const cJSON *arm_endpoint_connection(const struct arm_resource *endpoint);
struct arm_resource *arm_endpoint_target(const struct arm_service *service,
                                         const struct arm_resource *endpoint);
/* What the cache and the endpoint have agreed on; NULL: the target is no cache, or withdrew. */
const struct arm_resource *arm_endpoint_agreed(const struct arm_service *service,
                                               const struct arm_resource *endpoint);

/* ---- network_zones.c ---- */
/* A linked zone that the name lies in, the longest; `record` is the name in it ("@": itself). */
const struct arm_resource *arm_zone_of_name(const struct arm_service *service, struct bytes name,
                                            struct bytes *record);

#endif
