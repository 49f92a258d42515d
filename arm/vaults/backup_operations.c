/* A secret as one opaque text, and back. */
#include <string.h>

#include "arm/json.h"
#include "arm/vaults/operations.h"

enum { BACKUP_LIMIT = 16 * 1024 * 1024 };

bool vault_backup_secret(struct vault_call *call)
{
    const cJSON *versions = vault_versions_or_fail(call);
    if (versions == NULL) {
        return false;
    }
    cJSON *whole = cJSON_CreateObject(), *body = cJSON_CreateObject();
    cJSON_AddStringToObject(whole, "name", vault_secret_name(versions));
    cJSON_AddItemToObject(whole, "versions", cJSON_Duplicate(versions, true));
    char *text = cJSON_PrintUnformatted(whole);
    struct buf encoded;
    buf_init(&encoded, BACKUP_LIMIT * 2);
    buf_append_base64url(&encoded, bytes_from_string(text));
    cJSON_AddStringToObject(body, "value", buf_string(&encoded));
    buf_finish(&encoded);
    cJSON_free(text);
    cJSON_Delete(whole);
    vault_answer(call, 200, body);
    return true;
}

/* What vault_backup_secret made, or NULL. */
static cJSON *read_backup(const char *value)
{
    struct buf text;
    cJSON *whole = NULL;
    const cJSON *version;
    buf_init(&text, BACKUP_LIMIT);
    if (value != NULL && buf_append_base64_decoded(&text, bytes_from_string(value))) {
        whole = cJSON_ParseWithLength(buf_string(&text), text.size);
    }
    buf_finish(&text);
    const char *name = arm_json_text(whole, "name");
    const cJSON *versions = arm_json_at(whole, "versions");
    bool good = name != NULL && vault_secret_name_fits(name) && cJSON_IsArray(versions) &&
                cJSON_GetArraySize(versions) > 0;
    cJSON_ArrayForEach(version, versions)
    {
        const char *id = arm_json_text(version, "version");
        good = good && id != NULL && strlen(id) <= 64 && arm_json_text(version, "value") != NULL;
    }
    if (!good) {
        cJSON_Delete(whole);
        whole = NULL;
    }
    return whole;
}

bool vault_restore_secret(struct vault_call *call)
{
    cJSON *whole = read_backup(arm_json_text(call->body, "value"));
    if (whole == NULL) {
        return arm_fail(&call->error, 400, "BadParameter", "Invalid secret backup blob");
    }
    char *name = string_duplicate(arm_json_text(whole, "name"));
    bool there = vault_secret_versions(call->vault, name) != NULL;
    bool good = false;
    if (vault_deleted_secret(call->vault, name) != NULL) {
        vault_fail_deleted(call, name);
    } else if (there) {
        arm_fail(&call->error, 409, "Conflict",
                 "The secret '%s' already exists. Restore operation cannot overwrite an existing "
                 "secret.",
                 name);
    } else {
        cJSON_AddItemToObject(vault_secrets_all(call->vault, false), name,
                              cJSON_DetachItemFromObject(whole, "versions"));
        arm_changed(call->service);
        const cJSON *versions = vault_secret_versions(call->vault, name);
        vault_answer(call, 200,
                     vault_show_version(call, name, vault_secret_version(versions, NULL), false));
        good = true;
    }
    memory_free(name);
    cJSON_Delete(whole);
    return good;
}
