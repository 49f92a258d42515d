/* What is done to one secret, or to one deleted secret. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/vaults/operations.h"

/* ---- What a body may hold ---- */

static bool fail_property(struct vault_call *call, const char *name)
{
    return arm_fail(&call->error, 400, "BadParameter", "Property has invalid value \"%s\"", name);
}

static bool seconds_or_absent(const cJSON *value)
{
    return value == NULL || cJSON_IsNull(value) ||
           (cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble < 1e12);
}

static bool body_or_fail(struct vault_call *call, bool with_value)
{
    const cJSON *body = call->body;
    const cJSON *value = cJSON_GetObjectItem(body, "value"), *item;
    const cJSON *type = cJSON_GetObjectItem(body, "contentType");
    const cJSON *tags = cJSON_GetObjectItem(body, "tags");
    const cJSON *attributes = cJSON_GetObjectItem(body, "attributes");
    const cJSON *enabled = cJSON_GetObjectItem(attributes, "enabled");
    if (!cJSON_IsObject(body)) {
        return arm_fail(&call->error, 400, "BadParameter", "Missing or malformed request body.");
    }
    if (with_value && !cJSON_IsString(value)) {
        return arm_fail(&call->error, 400, "BadParameter", "The parameter value is not specified.");
    }
    if (with_value && strlen(value->valuestring) > VAULT_VALUE_LIMIT) {
        return arm_fail(&call->error, 400, "BadParameter",
                        "The secret value exceeds the maximum length of %d.", VAULT_VALUE_LIMIT);
    }
    if (type != NULL && !cJSON_IsNull(type) &&
        (!cJSON_IsString(type) || strlen(type->valuestring) > 255)) {
        return fail_property(call, "contentType");
    }
    if (tags != NULL && !cJSON_IsNull(tags) &&
        (!cJSON_IsObject(tags) || cJSON_GetArraySize(tags) > 15)) {
        return fail_property(call, "tags");
    }
    cJSON_ArrayForEach(item, tags)
    {
        if (!cJSON_IsString(item) || strlen(item->valuestring) > 256 ||
            strlen(item->string) > 256) {
            return fail_property(call, "tags");
        }
    }
    if (attributes != NULL && !cJSON_IsNull(attributes) && !cJSON_IsObject(attributes)) {
        return fail_property(call, "attributes");
    }
    if (enabled != NULL && !cJSON_IsNull(enabled) && !cJSON_IsBool(enabled)) {
        return fail_property(call, "enabled");
    }
    if (!seconds_or_absent(cJSON_GetObjectItem(attributes, "nbf"))) {
        return fail_property(call, "nbf");
    }
    return seconds_or_absent(cJSON_GetObjectItem(attributes, "exp")) || fail_property(call, "exp");
}

/* ---- One secret ---- */

/* Its versions, or 404; a deleted one is not there either. */
cJSON *vault_versions_or_fail(struct vault_call *call)
{
    const char *name = call->parts[1];
    cJSON *versions = vault_secret_versions(call->vault, name);
    if (versions == NULL) {
        vault_fail_missing(call, name);
    }
    return versions;
}

bool vault_set_secret(struct vault_call *call)
{
    const char *name = call->parts[1];
    cJSON *versions = vault_secret_versions(call->vault, name);
    if (!body_or_fail(call, true)) {
        return false;
    }
    if (vault_deleted_secret(call->vault, name) != NULL) {
        return vault_fail_deleted(call, name);
    }
    if (versions == NULL
            ? cJSON_GetArraySize(vault_secrets_all(call->vault, false)) >= VAULT_SECRETS_LIMIT
            : cJSON_GetArraySize(versions) >= VAULT_VERSIONS_LIMIT) {
        return arm_fail(&call->error, 403, "Forbidden",
                        "The vault holds as many secrets, or versions of this one, as it can.");
    }
    cJSON *version = vault_secret_set(call->service, call->vault, name, call->body);
    versions = vault_secret_versions(call->vault, name);
    vault_answer(call, 200, vault_show_version(call, vault_secret_name(versions), version, true));
    return true;
}

bool vault_get_secret(struct vault_call *call)
{
    const cJSON *versions = vault_versions_or_fail(call);
    const cJSON *version =
        versions == NULL
            ? NULL
            : vault_secret_version(versions, call->part_count > 2 ? call->parts[2] : NULL);
    if (versions == NULL) {
        return false;
    }
    if (version == NULL) {
        char id[2 * VAULT_PART_SIZE];
        snprintf(id, sizeof(id), "%s/%s", call->parts[1], call->parts[2]);
        return vault_fail_missing(call, id);
    }
    if (cJSON_IsFalse(cJSON_GetObjectItem(version, "enabled"))) {
        call->inner = "SecretDisabled";
        return arm_fail(&call->error, 403, "Forbidden",
                        "Operation get is not allowed on a disabled secret.");
    }
    vault_answer(call, 200, vault_show_version(call, vault_secret_name(versions), version, true));
    return true;
}

bool vault_update_secret(struct vault_call *call)
{
    cJSON *versions = vault_versions_or_fail(call);
    cJSON *version =
        versions == NULL
            ? NULL
            : vault_secret_version(versions, call->part_count > 2 ? call->parts[2] : NULL);
    if (version == NULL) {
        return versions == NULL ? false : vault_fail_missing(call, call->parts[2]);
    }
    if (!body_or_fail(call, false)) {
        return false;
    }
    vault_secret_update(call->service, version, call->body);
    vault_answer(call, 200, vault_show_version(call, vault_secret_name(versions), version, false));
    return true;
}

bool vault_delete_secret(struct vault_call *call)
{
    const cJSON *versions = vault_versions_or_fail(call);
    if (versions == NULL) {
        return false;
    }
    cJSON *gone = vault_show_version(call, vault_secret_name(versions),
                                     vault_secret_version(versions, NULL), false);
    vault_secret_delete(call->service, call->vault, call->parts[1]);
    const cJSON *deleted = vault_deleted_secret(call->vault, call->parts[1]);
    if (deleted != NULL) {
        cJSON_Delete(gone);
        gone = vault_show_deleted(call, deleted, true);
    }
    vault_answer(call, 200, gone);
    return true;
}

/* ---- Deleted ones ---- */

static cJSON *deleted_or_fail(struct vault_call *call)
{
    cJSON *deleted = vault_deleted_secret(call->vault, call->parts[1]);
    if (deleted == NULL) {
        arm_fail(&call->error, 404, "SecretNotFound", "Deleted Secret not found: %s",
                 call->parts[1]);
    }
    return deleted;
}

bool vault_get_deleted(struct vault_call *call)
{
    const cJSON *deleted = deleted_or_fail(call);
    if (deleted != NULL) {
        vault_answer(call, 200, vault_show_deleted(call, deleted, true));
    }
    return deleted != NULL;
}

bool vault_purge_deleted(struct vault_call *call)
{
    if (deleted_or_fail(call) == NULL) {
        return false;
    }
    if (vault_purge_protected(call->vault)) {
        call->inner = "ForbiddenByPolicy";
        return arm_fail(&call->error, 403, "Forbidden",
                        "Operation \"purge\" is not allowed because purge protection is enabled "
                        "for this vault. Key Vault service will automatically purge it after the "
                        "retention period has passed.\r\nVault: %s;location=%s",
                        call->vault->name,
                        call->vault->location == NULL ? "" : call->vault->location->name);
    }
    vault_secret_purge(call->service, call->vault, call->parts[1]);
    vault_answer(call, 204, NULL);
    return true;
}

bool vault_recover_deleted(struct vault_call *call)
{
    if (deleted_or_fail(call) == NULL) {
        return false;
    }
    vault_secret_recover(call->service, call->vault, call->parts[1]);
    const cJSON *versions = vault_secret_versions(call->vault, call->parts[1]);
    vault_answer(call, 200,
                 vault_show_version(call, vault_secret_name(versions),
                                    vault_secret_version(versions, NULL), false));
    return true;
}
