/*
 * The logs of apps, for the process around: whose log an address leads to, who may follow it, and
 * the lines so far. New lines come through arm_host's app_log.
 */
#ifndef ARM_APPS_LOG_ACCESS_H
#define ARM_APPS_LOG_ACCESS_H

#include "arm/service.h"

/*
 * The app's resource id, if `authorization` (the header's value) lets its bearer in: a web app's
 * publishing credentials, a container app's token, or a token for the management API. NULL: `error`
 * says why. Borrowed from the resource.
 */
const char *arm_site_log(struct arm_service *service, struct bytes site, struct bytes authorization,
                         struct arm_error *error);
const char *arm_container_log(struct arm_service *service, struct bytes id,
                              struct bytes authorization, struct arm_error *error);
bool arm_site_exists(const struct arm_service *service, struct bytes site);
/* The latest lines, oldest first; at most `most`. */
void arm_app_log_each(const struct arm_service *service, const char *id, size_t most,
                      void (*visit)(void *context, struct bytes line), void *context);

#endif
