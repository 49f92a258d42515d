/*
 * Microsoft.KeyVault/vaults and its access policies. A vault's name is unique in all of Azure, also
 * while it is only soft-deleted. Its secrets are arm/vaults/'s.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/key_vaults.h"

enum { MOST_POLICIES = 1024 };

static const char *const families[] = {"A", NULL}, *const skus[] = {"standard", "premium", NULL};
static const char *const switches[] = {"Enabled", "Disabled", NULL};
static const char *const modes[] = {"default", "recover", NULL};
static const char *const bypasses[] = {"AzureServices", "None", NULL};
static const char *const verdicts[] = {"Allow", "Deny", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "properties.sku", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.sku.family",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = families},
    {.path = "properties.sku.name", .kind = ARM_CHOICE, .rules = ARM_REQUIRED, .choices = skus},
    {.path = "properties.tenantId", .kind = ARM_GUID, .rules = ARM_REQUIRED},
    {.path = "properties.accessPolicies", .kind = ARM_ARRAY, .fallback = "[]"},
    {.path = "properties.createMode", .kind = ARM_CHOICE, .choices = modes},
    {.path = "properties.enabledForDeployment", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.enabledForDiskEncryption", .kind = ARM_TRUTH},
    {.path = "properties.enabledForTemplateDeployment", .kind = ARM_TRUTH},
    {.path = "properties.enableRbacAuthorization", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.enableSoftDelete", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.enablePurgeProtection", .kind = ARM_TRUTH},
    {.path = "properties.softDeleteRetentionInDays",
     .kind = ARM_INTEGER,
     .minimum = 7,
     .maximum = 90,
     .fallback = "90"},
    {.path = "properties.networkAcls", .kind = ARM_OBJECT},
    {.path = "properties.networkAcls.bypass", .kind = ARM_CHOICE, .choices = bypasses},
    {.path = "properties.networkAcls.defaultAction", .kind = ARM_CHOICE, .choices = verdicts},
    {.path = "properties.networkAcls.ipRules", .kind = ARM_ARRAY},
    {.path = "properties.networkAcls.virtualNetworkRules", .kind = ARM_ARRAY},
    {.path = "properties.publicNetworkAccess",
     .kind = ARM_CHOICE,
     .choices = switches,
     .fallback = "\"Enabled\""},
    {.path = "properties.vaultUri", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.hsmPoolResourceId", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.privateEndpointConnections", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {0},
};

/* ---- Rules ---- */

static bool fail_request(struct arm_call *call, const char *message)
{
    return arm_fail(&call->error, 400, "BadRequest", "%s", message);
}

bool key_vault_name_fits(struct bytes name)
{
    static const struct arm_name_rule rule = {
        .least = 3,
        .most = 24,
        .marks = "-",
        .flags = ARM_NAME_LETTER_FIRST | ARM_NAME_INSIDE | ARM_NAME_SINGLE,
    };
    return arm_name_fits(&rule, name);
}

static bool name_or_fail(struct arm_call *call)
{
    struct bytes name = call->target.name;
    if (!key_vault_name_fits(name)) {
        return arm_fail(&call->error, 400, "VaultNameNotValid",
                        "The vault name '%.*s' is invalid. A vault's name must be between 3-24 "
                        "alphanumeric characters. The name must begin with a letter, end with a "
                        "letter or digit, and not contain consecutive hyphens. Follow this link "
                        "for more information: https://go.microsoft.com/fwlink/?linkid=2147742",
                        (int)bytes_slice(name, 0, 300).size, name.data);
    }
    return true;
}

static bool words_fit(const cJSON *words, const char *const *choices)
{
    const cJSON *word;
    cJSON_ArrayForEach(word, words)
    {
        size_t i = 0;
        while (
            choices[i] != NULL &&
            !bytes_equal_string_nocase(bytes_from_string(cJSON_GetStringValue(word)), choices[i])) {
            i++;
        }
        if (choices[i] == NULL) {
            return false;
        }
    }
    return words == NULL || cJSON_IsNull(words) || cJSON_IsArray(words);
}

/* `policies` may be NULL. */
bool key_vault_policies_or_fail(struct arm_call *call, const cJSON *policies)
{
    static const char *const secrets[] = {"all",    "get",     "list",    "set",   "delete",
                                          "backup", "restore", "recover", "purge", NULL};
    static const char *const keys[] = {"all",
                                       "encrypt",
                                       "decrypt",
                                       "wrapKey",
                                       "unwrapKey",
                                       "sign",
                                       "verify",
                                       "get",
                                       "list",
                                       "create",
                                       "update",
                                       "import",
                                       "delete",
                                       "backup",
                                       "restore",
                                       "recover",
                                       "purge",
                                       "release",
                                       "rotate",
                                       "getrotationpolicy",
                                       "setrotationpolicy",
                                       NULL};
    static const char *const certificates[] = {
        "all",           "get",         "list",       "delete",
        "create",        "import",      "update",     "managecontacts",
        "getissuers",    "listissuers", "setissuers", "deleteissuers",
        "manageissuers", "recover",     "purge",      "backup",
        "restore",       NULL};
    const cJSON *policy;
    if (cJSON_GetArraySize(policies) > MOST_POLICIES) {
        return fail_request(call, "The number of access policies exceeds the limit of 1024.");
    }
    cJSON_ArrayForEach(policy, policies)
    {
        const char *tenant = arm_json_text(policy, "tenantId");
        const char *object = arm_json_text(policy, "objectId");
        const cJSON *permissions = arm_json_at(policy, "permissions");
        if (tenant == NULL || !arm_guid_like(tenant) || object == NULL || !arm_guid_like(object)) {
            return fail_request(call, "An invalid value was provided for 'accessPolicies': each "
                                      "needs a tenantId and an objectId.");
        }
        if (!cJSON_IsObject(permissions) ||
            !words_fit(arm_json_at(permissions, "secrets"), secrets) ||
            !words_fit(arm_json_at(permissions, "keys"), keys) ||
            !words_fit(arm_json_at(permissions, "certificates"), certificates)) {
            return fail_request(call, "An invalid value was provided for 'accessPolicies': "
                                      "'permissions' names a permission that does not exist.");
        }
    }
    return true;
}

static bool irreversible_or_fail(struct arm_call *call, const struct arm_resource *old,
                                 const cJSON *body)
{
    const cJSON *soft = arm_json_at(body, "properties.enableSoftDelete");
    const cJSON *purge = arm_json_at(body, "properties.enablePurgeProtection");
    if (cJSON_IsFalse(purge)) {
        return fail_request(call, "The property \"enablePurgeProtection\" cannot be set to false. "
                                  "Enabling the purge protection for a vault is an irreversible "
                                  "action.");
    }
    if (old != NULL && vault_soft_delete(old) && cJSON_IsFalse(soft)) {
        return fail_request(call, "The property \"enableSoftDelete\" can be set to false only for "
                                  "creating new vault. Enabling the 'soft delete' functionality is "
                                  "an irreversible action.");
    }
    if (old != NULL && vault_soft_delete(old) &&
        arm_json_number(body, "properties.softDeleteRetentionInDays", 90) !=
            vault_retention_days(old)) {
        return fail_request(call, "The property \"softDeleteRetentionInDays\" has been set already "
                                  "and it can't be modified.");
    }
    return true;
}

static bool fail_taken(struct arm_call *call)
{
    return arm_fail(&call->error, 409, "VaultAlreadyExists",
                    "The vault name '%.*s' is already in use. Vault names are globally unique so "
                    "it is possible that the name is already taken. If you are sure that the vault "
                    "name was not taken then it is possible that a vault with the same name was "
                    "recently deleted but not purged after being placed in a recoverable state. If "
                    "the vault is in a recoverable state then the vault will need to be purged "
                    "before reusing the name. For more information about VaultAlreadyExists, soft "
                    "delete and purging a vault follow this link "
                    "https://go.microsoft.com/fwlink/?linkid=2147740.",
                    (int)call->target.name.size, call->target.name.data);
}

static bool fail_soft_deleted(struct arm_call *call)
{
    return arm_fail(&call->error, 409, "ConflictError",
                    "A vault with the same name already exists in deleted state. You need to "
                    "either recover or purge existing key vault. Follow this link for more "
                    "information: https://go.microsoft.com/fwlink/?linkid=2149745");
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *mode = arm_json_text(body, "properties.createMode");
    bool recover = mode != NULL && strcmp(mode, "recover") == 0;
    if (old == NULL) {
        struct arm_resource *deleted = key_vault_deleted(call->service, call->target.name);
        if (!name_or_fail(call)) {
            return false;
        }
        if (arm_resource_find_name(call->service, &arm_key_vault_type, call->target.name) != NULL) {
            return fail_taken(call);
        }
        if (recover && deleted == NULL) {
            return arm_fail(&call->error, 404, "VaultNotFound",
                            "The vault '%.*s' was not found in deleted state.",
                            (int)call->target.name.size, call->target.name.data);
        }
        if (recover) {
            /* What it was, as it was; the rest of the request is not looked at. */
            cJSON_ReplaceItemInObject(
                body, "properties",
                cJSON_Duplicate(arm_json_at(deleted->secrets, "vault.properties"), true));
            arm_json_put(body, "properties.createMode", cJSON_CreateString("recover"));
            return true;
        }
        if (deleted != NULL) {
            return fail_soft_deleted(call);
        }
    }
    arm_json_remove(body, "properties.createMode");
    return irreversible_or_fail(call, old, body) &&
           key_vault_policies_or_fail(call, arm_json_at(body, "properties.accessPolicies"));
}

static void create_secrets(struct arm_service *service, struct arm_resource *vault)
{
    if (arm_json_text(vault->body, "properties.createMode") != NULL) {
        arm_json_remove(vault->body, "properties.createMode");
        key_vault_take_back(service, vault);
    }
    vault_secrets_init(vault);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *vault, bool secrets)
{
    cJSON *item = arm_resource_show_plain(call, vault);
    char *url = vault_url(call->service, vault, call->authority);
    char *uri = string_format("%s/", url);
    (void)secrets;
    arm_json_put_text(item, "properties.vaultUri", uri);
    memory_free(uri);
    memory_free(url);
    return item;
}

/* ---- Access policies: PUT {vault}/accessPolicies/{add|replace|remove} ---- */

/* Adds the words that are not there yet, or takes those away that are. */
static void change_words(cJSON *policy, const cJSON *change, const char *kind, bool removing)
{
    const cJSON *words = arm_json_at(change, "permissions"), *word;
    words = words == NULL ? NULL : cJSON_GetObjectItem(words, kind);
    cJSON *permissions = arm_json_at(policy, "permissions");
    cJSON *present = cJSON_GetObjectItem(permissions, kind);
    if (words == NULL || !cJSON_IsObject(permissions)) {
        return;
    }
    if (!cJSON_IsArray(present)) {
        cJSON_DeleteItemFromObject(permissions, kind);
        present = cJSON_AddArrayToObject(permissions, kind);
    }
    cJSON_ArrayForEach(word, words)
    {
        cJSON *same = present->child;
        while (same != NULL && !bytes_equal_string_nocase(bytes_from_string(same->valuestring),
                                                          word->valuestring)) {
            same = same->next;
        }
        if (same == NULL && !removing) {
            cJSON_AddItemToArray(present, cJSON_Duplicate(word, true));
        } else if (same != NULL && removing) {
            cJSON_Delete(cJSON_DetachItemViaPointer(present, same));
        }
    }
}

static cJSON *policy_of(cJSON *policies, const cJSON *wanted)
{
    static const char *const members[] = {"tenantId", "objectId", "applicationId"};
    cJSON *policy;
    cJSON_ArrayForEach(policy, policies)
    {
        bool same = true;
        for (size_t i = 0; i < ARRAY_LEN(members); i++) {
            const char *a = arm_json_text(policy, members[i]);
            const char *b = arm_json_text(wanted, members[i]);
            same = same && bytes_equal_nocase(bytes_from_string(a), bytes_from_string(b));
        }
        if (same) {
            return policy;
        }
    }
    return NULL;
}

static void change_policies(cJSON *policies, const cJSON *changes, bool removing, bool replacing)
{
    static const char *const kinds[] = {"keys", "secrets", "certificates", "storage"};
    const cJSON *change;
    cJSON_ArrayForEach(change, changes)
    {
        cJSON *policy = policy_of(policies, change);
        if (policy != NULL && replacing) {
            cJSON_ReplaceItemViaPointer(policies, policy, cJSON_Duplicate(change, true));
        } else if (policy == NULL && !removing) {
            cJSON_AddItemToArray(policies, cJSON_Duplicate(change, true));
        }
        for (size_t i = 0; policy != NULL && !replacing && i < ARRAY_LEN(kinds); i++) {
            change_words(policy, change, kinds[i], removing);
        }
    }
}

/* A policy that permits nothing any more goes. */
static void drop_empty(cJSON *policies)
{
    cJSON *policy = policies->child;
    while (policy != NULL) {
        cJSON *next = policy->next;
        const cJSON *kind;
        int words = 0;
        cJSON_ArrayForEach(kind, arm_json_at(policy, "permissions"))
        {
            words += cJSON_GetArraySize(kind);
        }
        if (words == 0) {
            cJSON_Delete(cJSON_DetachItemViaPointer(policies, policy));
        }
        policy = next;
    }
}

struct arm_resource *key_vault_or_fail(struct arm_call *call)
{
    char *id = string_format("/subscriptions/%s/resourceGroups/%.*s/providers/"
                             "Microsoft.KeyVault/vaults/%.*s",
                             call->service->config.subscription_id, (int)call->wildcards[1].size,
                             call->wildcards[1].data, (int)call->wildcards[2].size,
                             call->wildcards[2].data);
    struct arm_resource *vault = arm_resource_find_id(call->service, id);
    memory_free(id);
    if (vault == NULL && arm_group_find(call->service, call->wildcards[1]) == NULL) {
        arm_fail_group_not_found(&call->error, call->wildcards[1]);
    } else if (vault == NULL) {
        char *path = string_format("Microsoft.KeyVault/vaults/%.*s", (int)call->wildcards[2].size,
                                   call->wildcards[2].data);
        arm_fail_resource_not_found(&call->error, path, call->wildcards[1]);
        memory_free(path);
    }
    return vault;
}

static bool put_policies(struct arm_call *call)
{
    struct arm_resource *vault = key_vault_or_fail(call);
    struct bytes kind = call->wildcards[3];
    bool removing = bytes_equal_string_nocase(kind, "remove");
    bool replacing = bytes_equal_string_nocase(kind, "replace");
    cJSON *changes = arm_json_at(call->body, "properties.accessPolicies");
    if (vault == NULL) {
        return false;
    }
    if (!removing && !replacing && !bytes_equal_string_nocase(kind, "add")) {
        return fail_request(call, "The operation on access policies must be 'add', 'replace' or "
                                  "'remove'.");
    }
    if (!cJSON_IsArray(changes)) {
        return fail_request(call, "The parameter accessPolicies is not specified.");
    }
    if (!key_vault_policies_or_fail(call, changes)) {
        return false;
    }
    cJSON *policies = arm_json_at(vault->body, "properties.accessPolicies");
    if (cJSON_GetArraySize(policies) + cJSON_GetArraySize(changes) > MOST_POLICIES) {
        return fail_request(call, "The number of access policies exceeds the limit of 1024.");
    }
    change_policies(policies, changes, removing, replacing);
    drop_empty(policies);
    vault->changed_ms = clock_now_ms(call->service->clock);
    arm_changed(call->service);
    cJSON *body = cJSON_CreateObject();
    char *id = string_format("%s/accessPolicies/", vault->id);
    arm_json_put_text(body, "id", id);
    arm_json_put_text(body, "type", "Microsoft.KeyVault/vaults/accessPolicies");
    arm_json_put(body, "properties.accessPolicies", cJSON_Duplicate(policies, true));
    memory_free(id);
    arm_answer(call, 200, body);
    return true;
}

/* ---- Names ---- */

static bool check_name(struct arm_call *call)
{
    const char *name = arm_json_text(call->body, "name");
    const char *reason = NULL, *message = NULL;
    if (name == NULL) {
        return fail_request(call, "The parameter name is not specified.");
    }
    if (!key_vault_name_fits(bytes_from_string(name))) {
        reason = "AccountNameInvalid";
        message =
            "The vault name must be between 3-24 alphanumeric characters. The name must begin "
            "with a letter, end with a letter or digit, and not contain consecutive hyphens.";
    } else if (arm_resource_find_name(call->service, &arm_key_vault_type,
                                      bytes_from_string(name)) != NULL) {
        reason = "AlreadyExists";
        message = "The name is already in use.";
    } else if (key_vault_deleted(call->service, bytes_from_string(name)) != NULL) {
        reason = "AlreadyExists";
        message = "A vault with the same name already exists in deleted state. You need to either "
                  "recover or purge existing key vault.";
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "nameAvailable", reason == NULL);
    if (reason != NULL) {
        cJSON_AddStringToObject(body, "reason", reason);
        cJSON_AddStringToObject(body, "message", message);
    }
    arm_answer(call, 200, body);
    return true;
}

/* ---- Rows ---- */

static const char *const api_versions[] = {"2024-11-01", "2023-07-01", "2023-02-01", "2022-07-01",
                                           "2021-10-01", "2019-09-01", "2018-02-14", NULL};

static const struct saved_shape saved[] = {
    VAULT_SAVED_ROWS("secrets"),
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_key_vault_type = {
    .name = "Microsoft.KeyVault/vaults",
    .traits = ARM_TRACKED,
    .api_versions = api_versions,
    .schema = schema,
    .created = 200,
    .check = check,
    .create_secrets = create_secrets,
    .remove = key_vault_soft_delete,
    .show = show,
    .saved = saved,
};

#define VAULT "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.KeyVault/vaults/{}"
static const struct arm_route routes[] = {
    {ARM_PUT, VAULT "/accessPolicies/{}", put_policies, "Microsoft.KeyVault/vaults/accessPolicies"},
    {ARM_POST, "/subscriptions/{}/providers/Microsoft.KeyVault/checkNameAvailability", check_name,
     NULL},
};
static const struct arm_resource_type *const types[] = {&arm_key_vault_type};
const struct arm_module arm_module_key_vaults = {types, ARRAY_LEN(types), routes,
                                                 ARRAY_LEN(routes)};
