/* The hosts of vaults: who is asking, and for which vault. */
#include "emulator/key_vault.h"

#include <string.h>

#include "arm/vaults/data_plane.h"

static const char *const hosts[] = {"*.vault.azure.net", "*.vault.localhost", NULL};

/* Globs are what clients of a vault under .localhost ask for. */
static const char *const audiences[] = {
    "https://vault.azure.net",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", /* Azure Key Vault */
    "https://vault.localhost*",
    NULL,
};

struct key_vault {
    struct arm_service *service;
    struct identity *identity;
    char *tenant_id;
    struct site site;
};

static struct bytes first_label(struct bytes authority)
{
    return bytes_slice(authority, 0, bytes_find(authority, '.'));
}

/* "https://vault.localhost:8443" for "kv1.vault.localhost:8443": where SDKs expect the token for.
 */
static void challenge(const struct key_vault *key_vault, const struct site_request *request,
                      struct http_response *response)
{
    struct bytes authority = request->authority;
    struct bytes rest = bytes_slice(authority, first_label(authority).size + 1, authority.size);
    struct bytes host = bytes_slice(rest, 0, bytes_find(rest, ':'));
    bool azure = bytes_equal_string_nocase(host, "vault.azure.net");
    struct bytes port = bytes_slice(rest, host.size, rest.size);
    if (azure) {
        http_response_header(response, "WWW-Authenticate",
                             "Bearer authorization=\"https://login.microsoftonline.com/%s\", "
                             "resource=\"https://vault.azure.net\"",
                             key_vault->tenant_id);
    } else {
        http_response_header(response, "WWW-Authenticate",
                             "Bearer authorization=\"https://localhost%.*s/%s\", "
                             "resource=\"https://%.*s\"",
                             (int)port.size, port.data, key_vault->tenant_id, (int)rest.size,
                             rest.data);
    }
}

/* The management API's refusals of a token, in Key Vault's words. */
static void translate(const struct token_claims *claims, struct arm_error *error)
{
    const struct arm_error refused = *error;
    if (strcmp(refused.code, "InvalidAuthenticationTokenAudience") == 0) {
        arm_fail(error, 401, "Unauthorized", "AKV10022: Invalid audience. Expected %s, found: %s.",
                 audiences[0], claims->audience);
    } else if (strcmp(refused.code, "ExpiredAuthenticationToken") == 0) {
        arm_fail(error, 401, "Unauthorized", "[TokenExpired] Error validating token: 'S2S12086'.");
    } else if (strcmp(refused.code, "InvalidAuthenticationTokenTenant") == 0) {
        arm_fail(error, 401, "Unauthorized", "AKV10032: Invalid issuer. %s", refused.message);
    } else {
        arm_fail(error, 401, "Unauthorized",
                 "[BearerReadAccessTokenFailed] Error validating token: 'S2S12005'.");
    }
}

static bool authenticate(struct key_vault *key_vault, const struct site_request *request,
                         struct token_claims *claims, struct arm_error *error)
{
    struct bytes header = http_headers_get(&request->http->headers, "Authorization");
    if (header.size < 8 || !bytes_equal_string_nocase(bytes_slice(header, 0, 7), "Bearer ")) {
        return arm_fail(error, 401, "Unauthorized",
                        "AKV10000: Request is missing a Bearer or PoP token.");
    }
    if (identity_verify(key_vault->identity, bytes_slice(header, 7, header.size), audiences, claims,
                        error)) {
        return true;
    }
    translate(claims, error);
    return false;
}

static void handle(void *context, const struct site_request *request,
                   struct http_response *response)
{
    struct key_vault *key_vault = context;
    struct token_claims claims = {0};
    struct arm_error error;
    struct arm_vault_request vault = {
        .http = request->http,
        .vault = first_label(request->authority),
        .authority = request->authority,
        .peer = request->peer,
        .principal = &claims.principal,
    };
    if (!arm_vault_exists(key_vault->service, vault.vault)) {
        /* Azure has no such name in its DNS: no answer at all. This says why. */
        arm_fail(&error, 404, "VaultNotFound",
                 "There is no key vault '%.*s'. Create it first: az keyvault create --name %.*s",
                 (int)bytes_slice(vault.vault, 0, 63).size, vault.vault.data,
                 (int)bytes_slice(vault.vault, 0, 63).size, vault.vault.data);
        arm_vault_answer_error(response, &error, NULL);
    } else if (!authenticate(key_vault, request, &claims, &error)) {
        challenge(key_vault, request, response);
        arm_vault_answer_error(response, &error, NULL);
    } else {
        arm_vault_handle(key_vault->service, &vault, response);
    }
}

struct key_vault *key_vault_create(struct arm_service *service, struct identity *identity,
                                   const char *tenant_id)
{
    struct key_vault *key_vault = memory_allocate_zeroed(sizeof(*key_vault));
    key_vault->service = service;
    key_vault->identity = identity;
    key_vault->tenant_id = string_duplicate(tenant_id);
    key_vault->site = (struct site){
        .name = "keyvault",
        .hosts = hosts,
        .handle = handle,
        .context = key_vault,
    };
    return key_vault;
}

void key_vault_destroy(struct key_vault *key_vault)
{
    if (key_vault != NULL) {
        memory_free(key_vault->tenant_id);
        memory_free(key_vault);
    }
}

const struct site *key_vault_sites(struct key_vault *key_vault, size_t *count)
{
    *count = 1;
    return &key_vault->site;
}
