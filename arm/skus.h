/*
 * The sizes of Azure Cache for Redis: Basic and Standard C0 to C6, Premium P1 to P5.
 */
#ifndef ARM_SKUS_H
#define ARM_SKUS_H

#include "base/bytes.h"

struct arm_sku {
    char family;
    int capacity;
    uint64_t memory; /* bytes */
    int max_clients, databases;
    int reserved_mb; /* the default of maxmemory-reserved and its like */
};

/* NULL when there is no such size. */
const struct arm_sku *arm_sku_find(char family, int capacity);

#endif
