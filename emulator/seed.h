/* The resources of a fresh emulator: the well-known cache, and what --seed files hold. */
#ifndef EMULATOR_SEED_H
#define EMULATOR_SEED_H

#include "arm/service.h"
#include "emulator/cache_host.h"
#include "emulator/config.h"

/* Both: false with one line in `error` that names the file. */

/* Whether the files can be read, before anything is begun. */
bool seed_check(const struct config *config, struct buf *error);
/*
 * Puts the resources in place. Those of the files come first, as they may still be refused.
 * `again`: they have been accepted by an empty service before.
 */
bool seed_resources(const struct config *config, struct arm_service *service,
                    struct cache_host *caches, bool again, struct buf *error);

#endif
