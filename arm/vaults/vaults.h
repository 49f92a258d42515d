/*
 * Key Vault as the rest of arm/ sees it: the vaults of the subscription and their secrets. A vault
 * is a resource (arm/types/key_vaults.c); its secrets lie in the resource's own, never shown part,
 * so they are saved, loaded and soft-deleted with it.
 */
#ifndef ARM_VAULTS_VAULTS_H
#define ARM_VAULTS_VAULTS_H

#include "arm/service_state.h"

enum {
    VAULT_NAME_LIMIT = 127,    /* of a secret */
    VAULT_VALUE_LIMIT = 25600, /* bytes of a secret's value */
    VAULT_SECRETS_LIMIT = 10000,
    VAULT_VERSIONS_LIMIT = 500,
    VAULT_DAY_S = 24 * 60 * 60,
};

extern const struct arm_resource_type arm_key_vault_type, arm_deleted_vault_type;

/* What a saved vault's secrets look like, below that path: rows of its type. */
#define VAULT_SAVED_ROWS(place)                                                                    \
    {place ".secrets", SAVED_OBJECT, false}, {place ".secrets.{}", SAVED_LIST, false},             \
        {place ".secrets.{}.[]", SAVED_OBJECT, false},                                             \
        {place ".secrets.{}.[].version", SAVED_TEXT, true},                                        \
        {place ".secrets.{}.[].value", SAVED_TEXT, true},                                          \
        {place ".secrets.{}.[].contentType", SAVED_TEXT, false},                                   \
        {place ".secrets.{}.[].tags", SAVED_OBJECT, false},                                        \
        {place ".secrets.{}.[].enabled", SAVED_TRUTH, false},                                      \
        {place ".secrets.{}.[].created", SAVED_TIME, true},                                        \
        {place ".secrets.{}.[].updated", SAVED_TIME, true},                                        \
        {place ".deleted", SAVED_OBJECT, false}, {place ".deleted.{}", SAVED_OBJECT, false},       \
        {place ".deleted.{}.deletedDate", SAVED_TIME, true},                                       \
        {place ".deleted.{}.scheduledPurgeDate", SAVED_TIME, true},                                \
        {place ".deleted.{}.versions", SAVED_LIST, true},                                          \
        {place ".deleted.{}.versions.[]", SAVED_OBJECT, false},                                    \
        {place ".deleted.{}.versions.[].version", SAVED_TEXT, true},                               \
        {place ".deleted.{}.versions.[].value", SAVED_TEXT, true},                                 \
        {place ".deleted.{}.versions.[].contentType", SAVED_TEXT, false},                          \
        {place ".deleted.{}.versions.[].tags", SAVED_OBJECT, false},                               \
        {place ".deleted.{}.versions.[].enabled", SAVED_TRUTH, false},                             \
        {place ".deleted.{}.versions.[].created", SAVED_TIME, true},                               \
    {                                                                                              \
        place ".deleted.{}.versions.[].updated", SAVED_TIME, true                                  \
    }

/* ---- secrets.c: what is kept. All cJSON below is the vault's own, good until it changes. ---- */
/* Makes the place for secrets, if there is none. */
void vault_secrets_init(struct arm_resource *vault);
/* Versions, oldest first; NULL: no such secret. Names compare in any case. */
cJSON *vault_secret_versions(const struct arm_resource *vault, const char *name);
/* That version, or the newest when `version` is NULL or empty; NULL: not there. */
cJSON *vault_secret_version(const cJSON *versions, const char *version);
/* One more version, out of a request's body (value, contentType, tags, attributes). */
cJSON *vault_secret_set(struct arm_service *service, struct arm_resource *vault, const char *name,
                        const cJSON *body);
/* Takes over contentType, tags and attributes, as far as the body has them. */
void vault_secret_update(struct arm_service *service, cJSON *version, const cJSON *body);
/* Deleted secrets: {"versions", "deletedDate", "scheduledPurgeDate"}. */
cJSON *vault_deleted_secret(const struct arm_resource *vault, const char *name);
/* Keeps it as deleted where the vault has soft delete. */
void vault_secret_delete(struct arm_service *service, struct arm_resource *vault, const char *name);
void vault_secret_recover(struct arm_service *service, struct arm_resource *vault,
                          const char *name);
void vault_secret_purge(struct arm_service *service, struct arm_resource *vault, const char *name);
/* Drops what was to be purged by now. */
void vault_secrets_expire(struct arm_service *service, struct arm_resource *vault);
/* The object all secrets are members of, by name; or the one of deleted secrets. */
cJSON *vault_secrets_all(const struct arm_resource *vault, bool deleted);
/* The name as it was first written. */
const char *vault_secret_name(const cJSON *secret);
bool vault_soft_delete(const struct arm_resource *vault);
bool vault_purge_protected(const struct arm_resource *vault);
int vault_retention_days(const struct arm_resource *vault);
/* "Recoverable+Purgeable" and its kin. */
const char *vault_recovery_level(const struct arm_resource *vault);
bool vault_secret_name_fits(const char *name);

/* ---- access.c: who may do what ---- */
/* A thing done to secrets: its access-policy permission and its action in role definitions. */
struct vault_right {
    const char *permission, *action;
};
/*
 * Whether the vault's access policies, or roles, and its network rules let the principal do it.
 * `peer` is the client's address ("127.0.0.1:53124"). False: `error` and `inner` (a code) say why.
 */
bool vault_allows(struct arm_service *service, const struct arm_resource *vault,
                  const struct arm_principal *principal, const struct vault_right *right,
                  const char *secret, struct bytes peer, struct arm_error *error,
                  const char **inner);

/* ---- answers.c ---- */
/* Base URL of the vault as that client reaches it: "https://kv1.vault.azure.net". memory_free. */
char *vault_url(const struct arm_service *service, const struct arm_resource *vault,
                struct bytes authority);

#endif
