/* The files of arm/types/ that the service knows. */
#include "arm/resource_type.h"

#define MODULE(name) extern const struct arm_module arm_module_##name;
#include "arm/types/modules.def"
#undef MODULE

#define MODULE(name) &arm_module_##name,
const struct arm_module *const arm_modules[] = {
#include "arm/types/modules.def"
};
#undef MODULE
const size_t arm_module_count = ARRAY_LEN(arm_modules);
