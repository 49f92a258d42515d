/* The sizes of Microsoft.Cache/redisEnterprise: Azure Managed Redis and the Enterprise tiers. */
#ifndef ARM_ENTERPRISE_SKUS_H
#define ARM_ENTERPRISE_SKUS_H

#include "base/bytes.h"

struct arm_enterprise_sku {
    const char *name;
    double size_gb;
    int max_clients;
    int shards;        /* under the policy OSSCluster */
    bool has_capacity; /* the Enterprise tiers, which are counted in nodes */
};

extern const struct arm_enterprise_sku arm_enterprise_skus[];
extern const size_t arm_enterprise_sku_count;

/* NULL when there is no such size. */
const struct arm_enterprise_sku *arm_enterprise_sku_find(struct bytes name);

#endif
