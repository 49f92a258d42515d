/* Resident memory of this process, and what of it stands for one cache. */
#ifndef EMULATOR_PROCESS_MEMORY_H
#define EMULATOR_PROCESS_MEMORY_H

#include "emulator/cache_host.h"

uint64_t process_resident_bytes(void); /* 0 where the system does not tell */
/* In proportion to what the instance uses of all that the caches use. */
uint64_t process_resident_share(struct cache_host *caches, const struct instance *instance);

#endif
