/*
 * The sizes. Reserved amounts of C0 to C2 and P1 were seen in the service's answers; the others
 * follow its rule of about ten per cent.
 */
#include "arm/skus.h"

#define MB ((uint64_t)1024 * 1024)
#define GB (1024 * MB)

static const struct arm_sku skus[] = {
    {'C', 0, 250 * MB, 256, 16, 30},    {'C', 1, 1 * GB, 1000, 16, 125},
    {'C', 2, 2560 * MB, 2000, 16, 299}, {'C', 3, 6 * GB, 5000, 16, 642},
    {'C', 4, 13 * GB, 10000, 32, 1330}, {'C', 5, 26 * GB, 15000, 48, 2662},
    {'C', 6, 53 * GB, 20000, 64, 5427}, {'P', 1, 6 * GB, 7500, 16, 642},
    {'P', 2, 13 * GB, 15000, 32, 1330}, {'P', 3, 26 * GB, 30000, 48, 2662},
    {'P', 4, 53 * GB, 40000, 64, 5427}, {'P', 5, 120 * GB, 40000, 64, 12288},
};

const struct arm_sku *arm_sku_find(char family, int capacity)
{
    for (size_t i = 0; i < ARRAY_LEN(skus); i++) {
        if (skus[i].family == family && skus[i].capacity == capacity) {
            return &skus[i];
        }
    }
    return NULL;
}
