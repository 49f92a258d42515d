/*
 * Names and memory are Azure's. How many clients a size takes follows its documentation in steps;
 * how many shards it has is not published and follows from about 25 GB a shard.
 */
#include "arm/enterprise_skus.h"

const struct arm_enterprise_sku arm_enterprise_skus[] = {
    {"Balanced_B0", 0.5, 15000, 1, false},
    {"Balanced_B1", 1, 15000, 1, false},
    {"Balanced_B3", 3, 15000, 2, false},
    {"Balanced_B5", 6, 15000, 2, false},
    {"Balanced_B10", 12, 30000, 2, false},
    {"Balanced_B20", 24, 30000, 2, false},
    {"Balanced_B50", 60, 75000, 4, false},
    {"Balanced_B100", 120, 150000, 6, false},
    {"Balanced_B150", 180, 200000, 8, false},
    {"Balanced_B250", 240, 200000, 10, false},
    {"Balanced_B350", 360, 200000, 15, false},
    {"Balanced_B500", 480, 200000, 20, false},
    {"Balanced_B700", 720, 200000, 30, false},
    {"Balanced_B1000", 960, 200000, 40, false},
    {"MemoryOptimized_M10", 12, 15000, 2, false},
    {"MemoryOptimized_M20", 24, 30000, 2, false},
    {"MemoryOptimized_M50", 60, 75000, 3, false},
    {"MemoryOptimized_M100", 120, 150000, 5, false},
    {"MemoryOptimized_M150", 180, 200000, 8, false},
    {"MemoryOptimized_M250", 240, 200000, 10, false},
    {"MemoryOptimized_M350", 360, 200000, 15, false},
    {"MemoryOptimized_M500", 480, 200000, 20, false},
    {"MemoryOptimized_M700", 720, 200000, 30, false},
    {"MemoryOptimized_M1000", 960, 200000, 40, false},
    {"MemoryOptimized_M1500", 1440, 200000, 60, false},
    {"MemoryOptimized_M2000", 1920, 200000, 80, false},
    {"ComputeOptimized_X3", 3, 30000, 2, false},
    {"ComputeOptimized_X5", 6, 30000, 2, false},
    {"ComputeOptimized_X10", 12, 75000, 4, false},
    {"ComputeOptimized_X20", 24, 150000, 6, false},
    {"ComputeOptimized_X50", 60, 200000, 10, false},
    {"ComputeOptimized_X100", 120, 200000, 20, false},
    {"ComputeOptimized_X150", 180, 200000, 24, false},
    {"ComputeOptimized_X250", 240, 200000, 30, false},
    {"ComputeOptimized_X350", 360, 200000, 40, false},
    {"ComputeOptimized_X500", 480, 200000, 50, false},
    {"ComputeOptimized_X700", 720, 200000, 60, false},
    {"FlashOptimized_A250", 250, 75000, 8, false},
    {"FlashOptimized_A500", 500, 150000, 16, false},
    {"FlashOptimized_A700", 700, 200000, 24, false},
    {"FlashOptimized_A1000", 1000, 200000, 32, false},
    {"FlashOptimized_A1500", 1500, 200000, 48, false},
    {"FlashOptimized_A2000", 2000, 200000, 64, false},
    {"FlashOptimized_A4500", 4500, 200000, 128, false},
    {"Enterprise_E1", 1, 15000, 2, true},
    {"Enterprise_E5", 4, 30000, 2, true},
    {"Enterprise_E10", 12, 50000, 2, true},
    {"Enterprise_E20", 25, 50000, 3, true},
    {"Enterprise_E50", 50, 100000, 3, true},
    {"Enterprise_E100", 100, 200000, 6, true},
    {"Enterprise_E200", 200, 200000, 12, true},
    {"Enterprise_E400", 400, 200000, 24, true},
    {"EnterpriseFlash_F300", 384, 50000, 6, true},
    {"EnterpriseFlash_F700", 715, 100000, 12, true},
    {"EnterpriseFlash_F1500", 1455, 200000, 24, true},
};
const size_t arm_enterprise_sku_count = ARRAY_LEN(arm_enterprise_skus);

const struct arm_enterprise_sku *arm_enterprise_sku_find(struct bytes name)
{
    for (size_t i = 0; i < arm_enterprise_sku_count; i++) {
        if (bytes_equal_string_nocase(name, arm_enterprise_skus[i].name)) {
            return &arm_enterprise_skus[i];
        }
    }
    return NULL;
}
