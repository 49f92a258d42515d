/*
 * One request to a vault, on its way through the files of arm/vaults/: how it is answered, and what
 * its operations are. An operation answers, or fills in the call's error and returns false.
 */
#ifndef ARM_VAULTS_OPERATIONS_H
#define ARM_VAULTS_OPERATIONS_H

#include "arm/vaults/data_plane.h"
#include "arm/vaults/vaults.h"

enum { VAULT_MOST_PARTS = 6, VAULT_PART_SIZE = 256 };

struct vault_call {
    struct arm_service *service;
    struct arm_resource *vault;
    const struct arm_vault_request *request;
    struct http_response *response;
    char parts[VAULT_MOST_PARTS][VAULT_PART_SIZE]; /* of the path, decoded */
    size_t part_count;
    cJSON *body; /* NULL: none */
    struct arm_error error;
    const char *inner; /* the code inside the error; NULL: none */
};

/* ---- answers.c ---- */
void vault_answer(struct vault_call *call, int status, cJSON *body); /* takes body; NULL: empty */
bool vault_fail_missing(struct vault_call *call, const char *name);
bool vault_fail_deleted(struct vault_call *call, const char *name);
/* Below the vault's own address; memory_free. */
char *vault_own_url(const struct vault_call *call, const char *format, ...) PRINTF_LIKE(2, 3);
void vault_add_url(cJSON *object, const char *name, char *url); /* takes url */
/* All that is said of a version but its id and its value. */
void vault_show_attributes(const struct vault_call *call, cJSON *item, const cJSON *version);
cJSON *vault_show_version(const struct vault_call *call, const char *name, const cJSON *version,
                          bool value);
cJSON *vault_show_deleted(const struct vault_call *call, const cJSON *deleted, bool with_version);
bool vault_query(const struct vault_call *call, const char *name, struct buf *value);

/* ---- secret_operations.c: of the secret that the path names ---- */
/* Its versions, or 404. */
cJSON *vault_versions_or_fail(struct vault_call *call);
bool vault_set_secret(struct vault_call *call);
bool vault_get_secret(struct vault_call *call);
bool vault_update_secret(struct vault_call *call);
bool vault_delete_secret(struct vault_call *call);
bool vault_get_deleted(struct vault_call *call);
bool vault_purge_deleted(struct vault_call *call);
bool vault_recover_deleted(struct vault_call *call);

/* ---- list_operations.c ---- */
bool vault_list_secrets(struct vault_call *call);
bool vault_list_deleted(struct vault_call *call);
bool vault_list_versions(struct vault_call *call);

/* ---- backup_operations.c ---- */
bool vault_backup_secret(struct vault_call *call);
bool vault_restore_secret(struct vault_call *call);

#endif
