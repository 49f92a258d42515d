/*
 * What web apps and container apps have in common: a managed identity, settings that may refer to
 * a vault's secrets, a log, and a start, which tries the cache that the settings lead to. The code
 * of an app is not run; what it would meet when it starts is found out and logged.
 */
#ifndef ARM_APPS_APPS_H
#define ARM_APPS_APPS_H

#include "arm/service_state.h"

enum { APP_LOG_LINES = 300, APP_LOG_LINE_SIZE = 1024 };

/* ---- app_log.c: the latest lines, kept with the app ---- */
/* One line, the time in front; whoever follows the log is told. Never with a value of a setting. */
void app_log(struct arm_service *service, struct arm_resource *app, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* An array of strings, oldest first; may be NULL. */
const cJSON *app_log_lines(const struct arm_resource *app);
/* The part of the resource that GET never shows, made when it is missing. */
cJSON *app_secrets(struct arm_resource *app);

/* What a saved one's unseen part holds, for the rows of its type. */
#define APP_SAVED_ROWS                                                                             \
    {"secrets.clientId", SAVED_TEXT, false}, {"secrets.log", SAVED_LIST, false},                   \
        {"secrets.log.[]", SAVED_TEXT, false}, {"secrets.logToken", SAVED_OBJECT, false},          \
        {"secrets.logToken.token", SAVED_TEXT, true},                                              \
    {                                                                                              \
        "secrets.logToken.expiresMs", SAVED_TIME, true                                             \
    }

/* ---- app_identity.c ---- */
/* In a type's check: principal and tenant of "identity" are the service's to say. */
void app_identity_settle(struct arm_call *call, const struct arm_resource *old, cJSON *body);
/* In a type's apply and remove: the identity may have tokens, or is gone. */
void app_identity_apply(struct arm_service *service, struct arm_resource *app);
void app_identity_remove(struct arm_service *service, struct arm_resource *app);
/* As whom the app reads secrets; `chosen` is the resource id of a user-assigned identity, "System"
 * or NULL. False: it has no such identity. */
bool app_principal(const struct arm_service *service, const struct arm_resource *app,
                   const char *chosen, struct arm_principal *principal);

/* ---- app_references.c: @Microsoft.KeyVault(...) ---- */
struct app_reference {
    char vault[64], secret[128], version[64];
    const char *status; /* "Resolved", "AccessToKeyVaultDenied"... */
    const char *details;
    const char *value; /* of a resolved one; the vault's */
};
/* False: the text is no reference at all. */
bool app_reference_read(struct arm_service *service, const struct arm_resource *app,
                        const char *text, const char *identity, struct app_reference *reference);

/* ---- app_start.c ---- */
/* Logs what the app meets with these settings (an object of strings, references resolved). */
void app_start(struct arm_service *service, struct arm_resource *app, const cJSON *settings);

/* ---- cache_check.c ---- */
/*
 * Whether that connection string (StackExchange.Redis's form, or a redis:// or rediss:// URL) opens
 * a cache of the subscription. `outcome` gets the cache's name, or what a client would be told.
 */
bool app_opens_cache(struct arm_service *service, const char *connection, struct buf *outcome);
bool app_is_redis_url(const char *text);

#endif
