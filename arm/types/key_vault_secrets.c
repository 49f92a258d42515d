/*
 * Microsoft.KeyVault/vaults/secrets: the management API's way to a vault's secrets, which
 * deployments use. It can write a value but never shows one, and it cannot delete.
 */
#include "arm/json.h"
#include "arm/types/key_vaults.h"

/* By reference to the second and third wildcard; the fourth is the secret's name. */
static bool secret_name_or_fail(struct arm_call *call, char **name)
{
    *name = bytes_to_string(call->wildcards[3]);
    return vault_secret_name_fits(*name) ||
           arm_fail(&call->error, 400, "BadRequest",
                    "The name '%.200s' is no secret's: 1 to 127 letters, digits and hyphens.",
                    *name);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *vault, const cJSON *versions)
{
    static const char *const dates[] = {"nbf", "exp", "created", "updated"};
    const cJSON *version = vault_secret_version(versions, NULL);
    const char *name = vault_secret_name(versions);
    cJSON *item = cJSON_CreateObject(), *properties;
    char *id = string_format("%s/secrets/%s", vault->id, name);
    char *url = vault_url(call->service, vault, call->authority);
    char *uri = string_format("%s/secrets/%s", url, name);
    char *uri_with_version = string_format("%s/%s", uri, arm_json_text(version, "version"));
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "type", "Microsoft.KeyVault/vaults/secrets");
    if (vault->location != NULL) {
        cJSON_AddStringToObject(item, "location", vault->location->name);
    }
    arm_json_copy_member(item, version, "tags");
    properties = cJSON_AddObjectToObject(item, "properties");
    arm_json_copy_member(properties, version, "contentType");
    cJSON *attributes = cJSON_AddObjectToObject(properties, "attributes");
    cJSON_AddBoolToObject(attributes, "enabled",
                          !cJSON_IsFalse(cJSON_GetObjectItem(version, "enabled")));
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        arm_json_copy_member(attributes, version, dates[i]);
    }
    cJSON_AddStringToObject(properties, "secretUri", uri);
    cJSON_AddStringToObject(properties, "secretUriWithVersion", uri_with_version);
    memory_free(uri_with_version);
    memory_free(uri);
    memory_free(url);
    memory_free(id);
    return item;
}

static bool get_secret(struct arm_call *call)
{
    struct arm_resource *vault = key_vault_or_fail(call);
    char *name = NULL;
    const cJSON *versions = NULL;
    if (vault != NULL && secret_name_or_fail(call, &name)) {
        vault_secrets_expire(call->service, vault);
        versions = vault_secret_versions(vault, name);
        if (versions == NULL) {
            char *path =
                string_format("Microsoft.KeyVault/vaults/%s/secrets/%s", vault->name, name);
            arm_fail_resource_not_found(&call->error, path, call->wildcards[1]);
            memory_free(path);
        } else {
            arm_answer(call, 200, show(call, vault, versions));
        }
    }
    memory_free(name);
    return versions != NULL;
}

static bool list_secrets(struct arm_call *call)
{
    struct arm_resource *vault = key_vault_or_fail(call);
    if (vault == NULL) {
        return false;
    }
    vault_secrets_expire(call->service, vault);
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    const cJSON *versions;
    cJSON_ArrayForEach(versions, vault_secrets_all(vault, false))
    {
        cJSON_AddItemToArray(value, show(call, vault, versions));
    }
    arm_answer(call, 200, body);
    return true;
}

static bool attributes_or_fail(struct arm_call *call)
{
    const cJSON *properties = arm_json_at(call->body, "properties");
    const cJSON *value = arm_json_at(properties, "value");
    const char *text = cJSON_GetStringValue(value);
    const cJSON *attributes = arm_json_at(properties, "attributes");
    const cJSON *enabled = arm_json_at(attributes, "enabled"),
                *tags = arm_json_at(call->body, "tags");
    if (!cJSON_IsObject(properties)) {
        return arm_fail(&call->error, 400, "BadRequest", "The parameter properties is missing.");
    }
    if (value != NULL && text == NULL) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The parameter properties.value must be a string.");
    }
    if (text != NULL && bytes_from_string(text).size > VAULT_VALUE_LIMIT) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The secret value exceeds the maximum length of %d.", VAULT_VALUE_LIMIT);
    }
    if ((enabled != NULL && !cJSON_IsBool(enabled)) ||
        (tags != NULL && !cJSON_IsNull(tags) && !cJSON_IsObject(tags))) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The secret's attributes or tags are not of their kind.");
    }
    return true;
}

/* PUT makes a new version when there is a value; PATCH may change all but that. */
static bool write_secret(struct arm_call *call)
{
    struct arm_resource *vault = key_vault_or_fail(call);
    char *name = NULL;
    bool good = vault != NULL && secret_name_or_fail(call, &name) && attributes_or_fail(call);
    if (good) {
        vault_secrets_expire(call->service, vault);
        cJSON *versions = vault_secret_versions(vault, name);
        cJSON *change = cJSON_Duplicate(arm_json_at(call->body, "properties"), true);
        arm_json_copy_member(change, call->body, "tags");
        bool created = versions == NULL;
        if (vault_deleted_secret(vault, name) != NULL) {
            good = arm_fail(&call->error, 409, "Conflict",
                            "Secret %s is currently in a deleted but recoverable state, and its "
                            "name cannot be reused; in this state, the secret can only be "
                            "recovered or purged.",
                            name);
        } else if (cJSON_GetObjectItem(change, "value") != NULL) {
            good = cJSON_GetArraySize(versions) < VAULT_VERSIONS_LIMIT &&
                   cJSON_GetArraySize(vault_secrets_all(vault, false)) < VAULT_SECRETS_LIMIT;
            if (good) {
                vault_secret_set(call->service, vault, name, change);
            } else {
                arm_fail(&call->error, 403, "Forbidden",
                         "The vault holds as many secrets, or "
                         "versions of this one, as it can.");
            }
        } else if (versions == NULL) {
            good = arm_fail(&call->error, 400, "BadRequest",
                            "The parameter properties.value is not specified.");
        } else {
            vault_secret_update(call->service, vault_secret_version(versions, NULL), change);
        }
        cJSON_Delete(change);
        if (good) {
            arm_answer(call, created ? 201 : 200,
                       show(call, vault, vault_secret_versions(vault, name)));
        }
    }
    memory_free(name);
    return good;
}

#define VAULT "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.KeyVault/vaults/{}"
static const char type[] = "Microsoft.KeyVault/vaults/secrets";
static const struct arm_route routes[] = {
    {ARM_GET, VAULT "/secrets", list_secrets, type},
    {ARM_GET, VAULT "/secrets/{}", get_secret, type},
    {ARM_PUT | ARM_PATCH, VAULT "/secrets/{}", write_secret, type},
};
const struct arm_module arm_module_key_vault_secrets = {NULL, 0, routes, ARRAY_LEN(routes)};
