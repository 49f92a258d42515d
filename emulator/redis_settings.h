/*
 * The Redis settings that devcache has from the start in profile redis.
 */
#ifndef EMULATOR_REDIS_SETTINGS_H
#define EMULATOR_REDIS_SETTINGS_H

#include "emulator/options.h"
#include "resp/instance.h"

/* "NAME=VALUE" each, checked already; NULL: there are none. */
void redis_settings_apply(const struct option_list *settings, struct instance *instance);
/* How many databases there are to be. */
int redis_settings_databases(const struct option_list *settings);

#endif
