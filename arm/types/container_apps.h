/* What the files of Microsoft.App know of each other. */
#ifndef ARM_TYPES_CONTAINER_APPS_H
#define ARM_TYPES_CONTAINER_APPS_H

#include "arm/apps/apps.h"

extern const struct arm_resource_type arm_container_environment_type, arm_container_app_type;

/* ---- container_environments.c ---- */
/* The environment an app's body names, or NULL. */
struct arm_resource *container_environment(const struct arm_service *service, const cJSON *body);
/* A new token for the log, good for some time: the body of getAuthToken's answer. */
bool container_log_token(struct arm_call *call, struct arm_resource *resource);
char *container_event_stream(const struct arm_service *service,
                             const struct arm_resource *resource);

/* ---- container_revisions.c ---- */
/* A revision of the app's present template, if the latest is not; its start is logged. */
void container_revise(struct arm_service *service, struct arm_resource *app);
/* The latest, or NULL. */
const cJSON *container_latest(const struct arm_resource *app);

/* ---- container_apps.c ---- */
/* What the containers' environment says, references to secrets resolved; owned by the caller. */
cJSON *container_settings(struct arm_service *service, struct arm_resource *app);
/* The name under which the app is reached from outside, or an empty one; memory_free. */
char *container_host_name(const struct arm_service *service, const struct arm_resource *app,
                          const char *label);

#endif
