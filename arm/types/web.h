/* What the files of Microsoft.Web know of each other. */
#ifndef ARM_TYPES_WEB_H
#define ARM_TYPES_WEB_H

#include "arm/apps/apps.h"

extern const struct arm_resource_type arm_web_plan_type, arm_web_site_type;

/* ---- web_config.c ---- */
/* One kind of configuration of a site: "appsettings", "web"..., made when it is missing. */
cJSON *web_config(struct arm_resource *site, const char *kind);
/* Moves what a request brought as properties.siteConfig to where it belongs. True: something
 * changed that a running app would notice. */
bool web_config_absorb(struct arm_resource *site);
/* The app (re)starts with the settings it has now, unless it is stopped. */
void web_start(struct arm_service *service, struct arm_resource *site, const char *why);
/* The site of a route's second and third wildcard, and the kind of the fourth; or an error. */
struct arm_resource *web_site_or_fail(struct arm_call *call);
const char *web_config_kind_or_fail(struct arm_call *call);
bool web_stopped(const struct arm_resource *site);
const char *web_publishing_password(struct arm_service *service, struct arm_resource *site);

#endif
