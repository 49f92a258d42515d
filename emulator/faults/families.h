/* The families of faults, one file of this folder each. */
#ifndef EMULATOR_FAULTS_FAMILIES_H
#define EMULATOR_FAULTS_FAMILIES_H

#include "emulator/faults/fault.h"

#define FAULT_FAMILIES                                                                             \
    FAMILY(network)                                                                                \
    FAMILY(redis)                                                                                  \
    FAMILY(cache_life)                                                                             \
    FAMILY(tls)                                                                                    \
    FAMILY(arm)                                                                                    \
    FAMILY(operation)                                                                              \
    FAMILY(entra)                                                                                  \
    FAMILY(keyvault)                                                                               \
    FAMILY(dns)

#define FAMILY(name) extern const struct fault_family fault_##name##_family;
FAULT_FAMILIES
#undef FAMILY

#endif
