/* Key Vault's own API: from a request to its operation, with the permission that it needs. */
#include "arm/vaults/data_plane.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/vaults/operations.h"

#define ACTIONS "Microsoft.KeyVault/vaults/secrets/"

static const struct operation {
    const char *method, *path; /* "{}" is any segment; "{v}" may be left out */
    bool (*handle)(struct vault_call *call);
    struct vault_right right;
} operations[] = {
    {"GET", "secrets", vault_list_secrets, {"list", ACTIONS "readMetadata/action"}},
    {"POST", "secrets/restore", vault_restore_secret, {"restore", ACTIONS "restore/action"}},
    {"PUT", "secrets/{}", vault_set_secret, {"set", ACTIONS "setSecret/action"}},
    {"DELETE", "secrets/{}", vault_delete_secret, {"delete", ACTIONS "delete"}},
    {"GET", "secrets/{}/versions", vault_list_versions, {"list", ACTIONS "readMetadata/action"}},
    {"POST", "secrets/{}/backup", vault_backup_secret, {"backup", ACTIONS "backup/action"}},
    {"GET", "secrets/{}/{v}", vault_get_secret, {"get", ACTIONS "getSecret/action"}},
    {"PATCH", "secrets/{}/{v}", vault_update_secret, {"set", ACTIONS "update/action"}},
    {"GET", "deletedsecrets", vault_list_deleted, {"list", ACTIONS "readMetadata/action"}},
    {"GET", "deletedsecrets/{}", vault_get_deleted, {"get", ACTIONS "getSecret/action"}},
    {"DELETE", "deletedsecrets/{}", vault_purge_deleted, {"purge", ACTIONS "purge/action"}},
    {"POST",
     "deletedsecrets/{}/recover",
     vault_recover_deleted,
     {"recover", ACTIONS "recover/action"}},
};

static bool path_fits(const struct vault_call *call, const char *path)
{
    size_t part = 0;
    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        bool optional = size == 3 && path[1] == 'v';
        if (part == call->part_count) {
            return optional && path[size] == '\0';
        }
        if (path[0] != '{' &&
            !bytes_equal_nocase(bytes_from_string(call->parts[part]), (struct bytes){path, size})) {
            return false;
        }
        part++;
        path += size + (path[size] == '/' ? 1 : 0);
    }
    return part == call->part_count;
}

static bool read_path(struct vault_call *call)
{
    struct bytes path = call->request->http->path;
    while (path.size > 0) {
        struct bytes part = bytes_slice(path, 0, bytes_find(path, '/'));
        struct buf decoded;
        path = bytes_slice(path, part.size + 1, path.size);
        if (part.size == 0) {
            continue;
        }
        buf_init(&decoded, VAULT_PART_SIZE - 1);
        bool good = call->part_count < VAULT_MOST_PARTS && http_url_decode(part, false, &decoded) &&
                    bytes_are_utf8(buf_bytes(&decoded));
        if (good) {
            snprintf(call->parts[call->part_count++], VAULT_PART_SIZE, "%s", buf_string(&decoded));
        }
        buf_finish(&decoded);
        if (!good) {
            return arm_fail(&call->error, 400, "BadParameter",
                            "The request URI is too long or not properly encoded.");
        }
    }
    return true;
}

static bool version_or_fail(struct vault_call *call)
{
    struct buf version;
    buf_init(&version, 64);
    bool given = vault_query(call, "api-version", &version) && version.size > 0;
    buf_finish(&version);
    return given ||
           arm_fail(&call->error, 400, "BadParameter",
                    "The request URI is missing the required query parameter 'api-version'.");
}

static bool read_body(struct vault_call *call)
{
    struct bytes text = call->request->http->body;
    if (text.size == 0) {
        return true;
    }
    call->body = bytes_are_utf8(text) ? cJSON_ParseWithLength(text.data, text.size) : NULL;
    return call->body != NULL ||
           arm_fail(&call->error, 400, "BadParameter", "Missing or malformed request body.");
}

static bool run(struct vault_call *call)
{
    const struct http_request *http = call->request->http;
    if (!read_path(call) || !version_or_fail(call)) {
        return false;
    }
    const struct operation *operation = NULL;
    for (size_t i = 0; i < ARRAY_LEN(operations) && operation == NULL; i++) {
        if (bytes_equal_string(http->method, operations[i].method) &&
            path_fits(call, operations[i].path)) {
            operation = &operations[i];
        }
    }
    if (operation == NULL) {
        return arm_fail(&call->error, 405, "MethodNotAllowed",
                        "Method %.*s does not allow operation '%s'",
                        (int)bytes_slice(http->method, 0, 16).size, http->method.data,
                        call->part_count == 0 ? "" : call->parts[call->part_count - 1]);
    }
    const char *name = call->part_count > 1 ? call->parts[1] : NULL;
    if (name != NULL && !vault_secret_name_fits(name)) {
        return arm_fail(&call->error, 400, "BadParameter",
                        "The request URI contains an invalid name: %s", name);
    }
    return vault_allows(call->service, call->vault, call->request->principal, &operation->right,
                        name, call->request->peer, &call->error, &call->inner) &&
           read_body(call) && operation->handle(call);
}

static struct arm_resource *find_vault(const struct arm_service *service, struct bytes name)
{
    return arm_resource_find_name(service, &arm_key_vault_type, name);
}

bool arm_vault_exists(const struct arm_service *service, struct bytes vault)
{
    return find_vault(service, vault) != NULL;
}

struct arm_vault_place arm_vault_place(const struct arm_service *service, struct bytes vault)
{
    const struct arm_resource *found = find_vault(service, vault);
    struct arm_vault_place place = {0};
    if (found != NULL) {
        place.id = bytes_from_string(found->id);
        place.location = bytes_from_string(found->location == NULL ? "" : found->location->name);
    }
    return place;
}

void arm_vault_handle(struct arm_service *service, const struct arm_vault_request *request,
                      struct http_response *response)
{
    struct vault_call call = {
        .service = service,
        .vault = find_vault(service, request->vault),
        .request = request,
        .response = response,
    };
    char id[GUID_SIZE + 1];
    random_guid(service->random, id);
    http_response_header(response, "Cache-Control", "no-cache");
    http_response_header(response, "x-ms-request-id", "%s", id);
    http_response_header(response, "x-ms-keyvault-service-version", "1.9.2581.1");
    if (call.vault->location != NULL) {
        http_response_header(response, "x-ms-keyvault-region", "%s", call.vault->location->name);
    }
    vault_secrets_expire(service, call.vault);
    if (!run(&call)) {
        arm_vault_answer_error(response, &call.error, call.inner);
    }
    cJSON_Delete(call.body);
}

const char *arm_vault_secret_value(struct arm_service *service, struct bytes vault,
                                   const char *secret, const char *version,
                                   const struct arm_principal *principal, struct arm_error *error)
{
    static const struct vault_right right = {"get", ACTIONS "getSecret/action"};
    struct arm_resource *found = find_vault(service, vault);
    const char *inner;
    if (found == NULL) {
        arm_fail(error, 404, "VaultNotFound", "There is no key vault '%.*s'.",
                 (int)bytes_slice(vault, 0, 100).size, vault.data);
        return NULL;
    }
    vault_secrets_expire(service, found);
    if (!vault_allows(service, found, principal, &right, secret, (struct bytes){0}, error,
                      &inner)) {
        return NULL;
    }
    const cJSON *versions = vault_secret_versions(found, secret);
    const cJSON *item = versions == NULL ? NULL : vault_secret_version(versions, version);
    if (item == NULL) {
        arm_fail(error, 404, "SecretNotFound",
                 "A secret with (name/id) %.200s was not found in this key vault.", secret);
        return NULL;
    }
    if (cJSON_IsFalse(cJSON_GetObjectItem(item, "enabled"))) {
        arm_fail(error, 403, "Forbidden", "Operation get is not allowed on a disabled secret.");
        return NULL;
    }
    return arm_json_text(item, "value");
}
