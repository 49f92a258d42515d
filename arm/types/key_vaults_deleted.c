/*
 * Microsoft.KeyVault/deletedVaults: what a vault becomes when it, or its group, is deleted. Nobody
 * puts them there; they can be looked at, recovered by creating the vault again, and purged.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/key_vaults.h"

static const char type_name[] = "Microsoft.KeyVault/deletedVaults";

static void show_time(cJSON *item, const char *path, int64_t time_ms)
{
    char text[32];
    timestamp_format(time_ms, text);
    arm_json_put_text(item, path, text);
}

static int64_t purge_ms(const struct arm_resource *deleted)
{
    const cJSON *at = arm_json_at(deleted->body, "properties.scheduledPurgeMs");
    return cJSON_IsNumber(at) ? (int64_t)at->valuedouble : 0;
}

struct arm_resource *key_vault_deleted(struct arm_service *service, struct bytes name)
{
    struct arm_resource *deleted = arm_resource_find_name(service, &arm_deleted_vault_type, name);
    if (deleted != NULL && purge_ms(deleted) <= clock_now_ms(service->clock)) {
        arm_resource_remove(service, deleted);
        arm_changed(service);
        deleted = NULL;
    }
    return deleted;
}

void key_vault_soft_delete(struct arm_service *service, struct arm_resource *vault)
{
    if (!vault_soft_delete(vault) ||
        arm_resource_find_name(service, &arm_deleted_vault_type, bytes_from_string(vault->name)) !=
            NULL) {
        return;
    }
    char *id = string_format("/subscriptions/%s/providers/%s/%s", service->config.subscription_id,
                             type_name, vault->name);
    int64_t now = clock_now_ms(service->clock);
    int64_t purge = now + (int64_t)vault_retention_days(vault) * VAULT_DAY_S * 1000;
    cJSON *body = cJSON_CreateObject(), *secrets = cJSON_CreateObject();
    arm_json_put_text(body, "properties.vaultId", vault->id);
    arm_json_put(body, "properties.deletedMs", cJSON_CreateNumber((double)now));
    arm_json_put(body, "properties.scheduledPurgeMs", cJSON_CreateNumber((double)purge));
    cJSON_AddItemToObject(secrets, "vault", cJSON_Duplicate(vault->body, true));
    cJSON_AddItemToObject(secrets, "held", cJSON_Duplicate(vault->secrets, true));
    struct arm_resource *deleted =
        arm_resource_add(service, &arm_deleted_vault_type, type_name, id, vault->location, body);
    deleted->secrets = secrets;
    memory_free(id);
}

void key_vault_take_back(struct arm_service *service, struct arm_resource *vault)
{
    struct arm_resource *deleted = key_vault_deleted(service, bytes_from_string(vault->name));
    if (deleted != NULL) {
        cJSON_Delete(vault->secrets);
        vault->secrets = cJSON_DetachItemFromObject(deleted->secrets, "held");
        arm_resource_remove(service, deleted);
    }
}

static cJSON *show(struct arm_call *call, const struct arm_resource *deleted, bool secrets)
{
    const struct arm_service *service = call->service;
    const char *place = deleted->location == NULL ? "" : deleted->location->name;
    const cJSON *vault = cJSON_GetObjectItem(deleted->secrets, "vault");
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("/subscriptions/%s/providers/Microsoft.KeyVault/locations/%s/"
                             "deletedVaults/%s",
                             service->config.subscription_id, place, deleted->name);
    (void)secrets;
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", deleted->name);
    cJSON_AddStringToObject(item, "type", type_name);
    arm_json_put_text(item, "properties.vaultId",
                      arm_json_text(deleted->body, "properties.vaultId"));
    arm_json_put_text(item, "properties.location", place);
    show_time(item, "properties.deletionDate", deleted->created_ms);
    show_time(item, "properties.scheduledPurgeDate", purge_ms(deleted));
    if (arm_json_at(vault, "tags") != NULL) {
        arm_json_put(item, "properties.tags", cJSON_Duplicate(arm_json_at(vault, "tags"), true));
    }
    if (arm_json_truth(vault, "properties.enablePurgeProtection")) {
        arm_json_put(item, "properties.purgeProtectionEnabled", cJSON_CreateTrue());
    }
    memory_free(id);
    return item;
}

/* The deleted vault of /locations/{}/deletedVaults/{}, or 404. */
static struct arm_resource *named_or_fail(struct arm_call *call)
{
    struct bytes name = call->wildcards[2];
    struct arm_resource *deleted = key_vault_deleted(call->service, name);
    const struct arm_location *place = arm_location_find(call->wildcards[1]);
    if (deleted == NULL || place != deleted->location) {
        arm_fail(&call->error, 404, "DeletedVaultNotFound",
                 "The specified deleted vault '%.*s' does not exist.",
                 (int)bytes_slice(name, 0, 300).size, name.data);
        return NULL;
    }
    return deleted;
}

static bool get_deleted(struct arm_call *call)
{
    const struct arm_resource *deleted = named_or_fail(call);
    if (deleted != NULL) {
        arm_answer(call, 200, show(call, deleted, false));
    }
    return deleted != NULL;
}

static bool purge(struct arm_call *call)
{
    struct arm_resource *deleted = named_or_fail(call);
    if (deleted == NULL) {
        return false;
    }
    if (arm_json_truth(cJSON_GetObjectItem(deleted->secrets, "vault"),
                       "properties.enablePurgeProtection")) {
        return arm_fail(&call->error, 400, "DeletedVaultPurge",
                        "Operation 'DeletedVaultPurge' is not allowed because purge protection is "
                        "enabled for the vault '%s'.",
                        deleted->name);
    }
    arm_resource_remove(call->service, deleted);
    arm_changed(call->service);
    arm_answer(call, 200, NULL);
    return true;
}

static bool list_deleted(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    for (const struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type == &arm_deleted_vault_type &&
            purge_ms(resource) > clock_now_ms(call->service->clock)) {
            cJSON_AddItemToArray(value, show(call, resource, false));
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static bool only_read(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    (void)body;
    return arm_fail_method(call);
}

static bool not_removed(struct arm_call *call, const struct arm_resource *deleted)
{
    (void)deleted;
    return arm_fail_method(call);
}

static const struct saved_shape saved[] = {
    VAULT_SAVED_ROWS("secrets.held"),
    {"properties", SAVED_OBJECT, true},
    {"properties.vaultId", SAVED_ID, true},
    {"properties.deletedMs", SAVED_TIME, true},
    {"properties.scheduledPurgeMs", SAVED_TIME, true},
    {"secrets", SAVED_OBJECT, true},
    {"secrets.held", SAVED_OBJECT, true},
    {"secrets.vault", SAVED_OBJECT, true},
    {"secrets.vault.tags", SAVED_OBJECT, false},
    {"secrets.vault.tags.{}", SAVED_TEXT, false},
    {"secrets.vault.properties", SAVED_OBJECT, true},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_deleted_vault_type = {
    .name = "Microsoft.KeyVault/deletedVaults",
    .traits = ARM_NO_STATE,
    .check = only_read,
    .check_removal = not_removed,
    .show = show,
    .saved = saved,
};

#define PROVIDER "/subscriptions/{}/providers/Microsoft.KeyVault"
static const struct arm_route routes[] = {
    {ARM_GET, PROVIDER "/deletedVaults", list_deleted, type_name},
    {ARM_GET, PROVIDER "/locations/{}/deletedVaults/{}", get_deleted,
     "Microsoft.KeyVault/locations/deletedVaults"},
    {ARM_POST, PROVIDER "/locations/{}/deletedVaults/{}/purge", purge,
     "Microsoft.KeyVault/locations/deletedVaults/purge"},
};
static const struct arm_resource_type *const types[] = {&arm_deleted_vault_type};
const struct arm_module arm_module_key_vaults_deleted = {types, ARRAY_LEN(types), routes,
                                                         ARRAY_LEN(routes)};
