/* The secrets of a vault, with their versions, and those that are deleted but recoverable. */
#include <string.h>

#include "arm/json.h"
#include "arm/vaults/vaults.h"

static int64_t now_s(const struct arm_service *service)
{
    return clock_now_ms(service->clock) / 1000;
}

void vault_secrets_init(struct arm_resource *vault)
{
    if (!cJSON_IsObject(vault->secrets)) {
        cJSON_Delete(vault->secrets);
        vault->secrets = cJSON_CreateObject();
    }
    static const char *const places[] = {"secrets", "deleted"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (!cJSON_IsObject(cJSON_GetObjectItem(vault->secrets, places[i]))) {
            cJSON_DeleteItemFromObject(vault->secrets, places[i]);
            cJSON_AddObjectToObject(vault->secrets, places[i]);
        }
    }
}

cJSON *vault_secrets_all(const struct arm_resource *vault, bool deleted)
{
    return cJSON_GetObjectItem(vault->secrets, deleted ? "deleted" : "secrets");
}

const char *vault_secret_name(const cJSON *secret)
{
    return secret->string;
}

bool vault_soft_delete(const struct arm_resource *vault)
{
    return arm_json_truth(vault->body, "properties.enableSoftDelete");
}

bool vault_purge_protected(const struct arm_resource *vault)
{
    return arm_json_truth(vault->body, "properties.enablePurgeProtection");
}

int vault_retention_days(const struct arm_resource *vault)
{
    return arm_json_number(vault->body, "properties.softDeleteRetentionInDays", 90);
}

const char *vault_recovery_level(const struct arm_resource *vault)
{
    bool customized = vault_retention_days(vault) < 90;
    if (!vault_soft_delete(vault)) {
        return "Purgeable";
    }
    if (vault_purge_protected(vault)) {
        return customized ? "CustomizedRecoverable" : "Recoverable";
    }
    return customized ? "CustomizedRecoverable+Purgeable" : "Recoverable+Purgeable";
}

bool vault_secret_name_fits(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < size; i++) {
        char byte = name[i];
        if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
              (byte >= '0' && byte <= '9') || byte == '-')) {
            return false;
        }
    }
    return size >= 1 && size <= VAULT_NAME_LIMIT;
}

cJSON *vault_secret_versions(const struct arm_resource *vault, const char *name)
{
    cJSON *versions = cJSON_GetObjectItem(vault_secrets_all(vault, false), name);
    return cJSON_IsArray(versions) && cJSON_GetArraySize(versions) > 0 ? versions : NULL;
}

cJSON *vault_secret_version(const cJSON *versions, const char *version)
{
    cJSON *found = NULL, *item;
    cJSON_ArrayForEach(item, versions)
    {
        const char *id = arm_json_text(item, "version");
        if (version == NULL || version[0] == '\0' ||
            (id != NULL && bytes_equal_string_nocase(bytes_from_string(id), version))) {
            found = item;
        }
    }
    return found;
}

/* A member of the body replaces the version's; null removes it. */
static void take(cJSON *version, const cJSON *holder, const char *name)
{
    const cJSON *member = cJSON_GetObjectItem(holder, name);
    if (member == NULL) {
        return;
    }
    cJSON_DeleteItemFromObject(version, name);
    if (!cJSON_IsNull(member)) {
        cJSON_AddItemToObject(version, name, cJSON_Duplicate(member, true));
    }
}

void vault_secret_update(struct arm_service *service, cJSON *version, const cJSON *body)
{
    const cJSON *attributes = cJSON_GetObjectItem(body, "attributes");
    take(version, body, "contentType");
    take(version, body, "tags");
    take(version, attributes, "enabled");
    take(version, attributes, "nbf");
    take(version, attributes, "exp");
    arm_json_put(version, "updated", cJSON_CreateNumber((double)now_s(service)));
    arm_changed(service);
}

cJSON *vault_secret_set(struct arm_service *service, struct arm_resource *vault, const char *name,
                        const cJSON *body)
{
    cJSON *secrets = vault_secrets_all(vault, false);
    cJSON *versions = cJSON_GetObjectItem(secrets, name);
    cJSON *version = cJSON_CreateObject();
    unsigned char random[16];
    struct buf id;
    random_fill(service->random, random, sizeof(random));
    buf_init(&id, 64);
    buf_append_hex(&id, (struct bytes){(const char *)random, sizeof(random)});
    cJSON_AddStringToObject(version, "version", buf_string(&id));
    buf_finish(&id);
    take(version, body, "value");
    cJSON_AddNumberToObject(version, "created", (double)now_s(service));
    vault_secret_update(service, version, body);
    if (!cJSON_IsArray(versions)) {
        versions = cJSON_AddArrayToObject(secrets, name);
    }
    cJSON_AddItemToArray(versions, version);
    return version;
}

/* ---- Deleting ---- */

cJSON *vault_deleted_secret(const struct arm_resource *vault, const char *name)
{
    return cJSON_GetObjectItem(vault_secrets_all(vault, true), name);
}

void vault_secret_delete(struct arm_service *service, struct arm_resource *vault, const char *name)
{
    cJSON *versions = cJSON_DetachItemFromObject(vault_secrets_all(vault, false), name);
    if (versions != NULL && vault_soft_delete(vault)) {
        char *spelled = string_duplicate(versions->string);
        cJSON *deleted = cJSON_AddObjectToObject(vault_secrets_all(vault, true), spelled);
        int64_t purge = now_s(service) + (int64_t)vault_retention_days(vault) * VAULT_DAY_S;
        cJSON_AddItemToObject(deleted, "versions", versions);
        cJSON_AddNumberToObject(deleted, "deletedDate", (double)now_s(service));
        cJSON_AddNumberToObject(deleted, "scheduledPurgeDate", (double)purge);
        memory_free(spelled);
    } else {
        cJSON_Delete(versions);
    }
    arm_changed(service);
}

void vault_secret_recover(struct arm_service *service, struct arm_resource *vault, const char *name)
{
    cJSON *deleted = cJSON_DetachItemFromObject(vault_secrets_all(vault, true), name);
    cJSON *versions = cJSON_DetachItemFromObject(deleted, "versions");
    if (versions != NULL) {
        cJSON_AddItemToObject(vault_secrets_all(vault, false), deleted->string, versions);
    }
    cJSON_Delete(deleted);
    arm_changed(service);
}

void vault_secret_purge(struct arm_service *service, struct arm_resource *vault, const char *name)
{
    cJSON_DeleteItemFromObject(vault_secrets_all(vault, true), name);
    arm_changed(service);
}

void vault_secrets_expire(struct arm_service *service, struct arm_resource *vault)
{
    cJSON *next;
    vault_secrets_init(vault);
    for (cJSON *secret = vault_secrets_all(vault, true)->child; secret != NULL; secret = next) {
        const cJSON *purge = cJSON_GetObjectItem(secret, "scheduledPurgeDate");
        next = secret->next;
        if (!cJSON_IsNumber(purge) || purge->valuedouble <= (double)now_s(service)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(vault_secrets_all(vault, true), secret));
            arm_changed(service);
        }
    }
}
