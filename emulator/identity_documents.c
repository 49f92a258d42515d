/* Discovery documents; every address in them is built on what the client called us. */
#include "emulator/identity_documents.h"

#include <string.h>
#include <strings.h>

#include "emulator/identity_errors.h"
#include "emulator/identity_grants.h"

static void add_strings(cJSON *document, const char *name, const char *const *list, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(document, name);
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(array, cJSON_CreateString(list[i]));
    }
}

static void add_taken(cJSON *document, const char *name, char *text)
{
    cJSON_AddStringToObject(document, name, text);
    memory_free(text);
}

static void add_common_facts(cJSON *document)
{
    static const char *const methods[] = {"client_secret_post", "private_key_jwt",
                                          "client_secret_basic"};
    static const char *const modes[] = {"query", "fragment", "form_post"};
    static const char *const subjects[] = {"pairwise"};
    static const char *const algorithms[] = {"RS256"};
    static const char *const types[] = {"code", "id_token", "code id_token"};
    static const char *const scopes[] = {"openid", "profile", "email", "offline_access"};
    static const char *const claims[] = {
        "sub",
        "iss",
        "cloud_instance_name",
        "aud",
        "exp",
        "iat",
        "nonce",
        "preferred_username",
        "name",
        "tid",
        "ver",
        "oid",
        "upn",
        "email",
    };
    add_strings(document, "token_endpoint_auth_methods_supported", methods, ARRAY_LEN(methods));
    add_strings(document, "response_modes_supported", modes, ARRAY_LEN(modes));
    add_strings(document, "subject_types_supported", subjects, ARRAY_LEN(subjects));
    add_strings(document, "id_token_signing_alg_values_supported", algorithms,
                ARRAY_LEN(algorithms));
    add_strings(document, "response_types_supported", types, ARRAY_LEN(types));
    add_strings(document, "scopes_supported", scopes, ARRAY_LEN(scopes));
    add_strings(document, "claims_supported", claims, ARRAY_LEN(claims));
    cJSON_AddBoolToObject(document, "request_uri_parameter_supported", false);
    cJSON_AddBoolToObject(document, "http_logout_supported", true);
    cJSON_AddBoolToObject(document, "frontchannel_logout_supported", true);
    cJSON_AddStringToObject(document, "userinfo_endpoint",
                            "https://graph.microsoft.com/oidc/userinfo");
    cJSON_AddStringToObject(document, "tenant_region_scope", "NA");
    cJSON_AddStringToObject(document, "cloud_instance_name", "microsoftonline.com");
    cJSON_AddStringToObject(document, "cloud_graph_host_name", "graph.windows.net");
    cJSON_AddStringToObject(document, "msgraph_host", "graph.microsoft.com");
    cJSON_AddStringToObject(document, "rbac_url", "https://pas.windows.net");
}

/*
 * "common" keeps its name, and its issuer a placeholder, as in Entra ID; a domain name becomes
 * the tenant's id, by which az learns the id of `--tenant NAME`.
 */
static void add_addresses(struct login *login, cJSON *document)
{
    const struct identity *identity = login->identity;
    bool any =
        login->tenant != NULL && tenant_recognize(&identity->tenant, login->tenant) == TENANT_ANY;
    const char *tenant = any ? login->tenant : identity->tenant_id;
    /*
     * /adfs itself has no tenant. With one after it az wants to learn the tenant's id: it takes
     * the first segment of the issuer's path for it (other versions that of token_endpoint).
     */
    bool adfs = login->flavour == LOGIN_ADFS && login->tenant == NULL;
    const char *first = adfs ? "adfs" : tenant;
    const char *version = login->flavour == LOGIN_V2 ? "/v2.0" : "";
    const char *keys = login->flavour == LOGIN_V2 ? "discovery/v2.0/keys" : "discovery/keys";
    add_taken(document, "token_endpoint", login_url(login, "%s/oauth2%s/token", first, version));
    add_taken(document, "authorization_endpoint",
              login_url(login, "%s/oauth2%s/authorize", first, version));
    add_taken(document, "device_authorization_endpoint",
              login_url(login, "%s/oauth2%s/devicecode", first, version));
    add_taken(document, "end_session_endpoint",
              login_url(login, "%s/oauth2%s/logout", first, version));
    add_taken(document, "jwks_uri", login_url(login, "%s/%s", first, keys));
    if (any && login->flavour == LOGIN_V2) {
        add_taken(document, "issuer", login_url(login, "{tenantid}/v2.0"));
    } else if (any && login->flavour == LOGIN_V1) {
        cJSON_AddStringToObject(document, "issuer", "https://sts.windows.net/{tenantid}/");
    } else if (login->flavour == LOGIN_ADFS && !adfs) {
        add_taken(document, "issuer",
                  string_format("https://sts.windows.net/%s/", identity->tenant_id));
    } else {
        add_taken(document, "issuer", login_issuer(login));
    }
}

void documents_answer_configuration(struct login *login)
{
    cJSON *document = cJSON_CreateObject();
    add_addresses(login, document);
    add_common_facts(document);
    identity_reply_json(login->response, 200, document);
}

static void add_network(cJSON *list, const char *network, const char *cache,
                        const char *const *aliases, size_t count)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "preferred_network", network);
    cJSON_AddStringToObject(row, "preferred_cache", cache);
    add_strings(row, "aliases", aliases, count);
    cJSON_AddItemToArray(list, row);
}

/* Host (with port) and first path segment of an https address. */
static bool address_split(const char *address, char **host, char **tenant)
{
    struct bytes text = bytes_from_string(address);
    if (!bytes_start_with(text, BYTES("https://"))) {
        return false;
    }
    struct bytes rest = bytes_slice(text, sizeof("https://") - 1, text.size);
    size_t slash = bytes_find(rest, '/');
    struct bytes path = bytes_slice(rest, slash + 1, rest.size);
    *host = bytes_to_string(bytes_slice(rest, 0, slash));
    *tenant = bytes_to_string(bytes_slice(path, 0, bytes_find(path, '/')));
    return true;
}

/*
 * Asked of login.microsoftonline.com about any authority, so through the proxy this is also asked
 * about "localhost:8443": the answer names the configuration of the host that was asked about.
 */
void documents_answer_instance(struct login *login)
{
    static const char *const public_hosts[] = {"login.microsoftonline.com", "login.windows.net",
                                               "login.microsoft.com", "sts.windows.net"};
    const char *address = login_field(login, "authorization_endpoint");
    const char *api_version = login_field(login, "api-version");
    char *host = NULL, *tenant = NULL;
    if (address == NULL) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER, "authorization_endpoint", NULL, NULL);
        return;
    }
    if (!address_split(address, &host, &tenant)) {
        login_reply_error(login, LOGIN_UNKNOWN_INSTANCE, NULL, NULL, NULL);
        return;
    }
    bool is_public = false;
    for (size_t i = 0; i < ARRAY_LEN(public_hosts); i++) {
        is_public |= strcasecmp(host, public_hosts[i]) == 0;
    }
    cJSON *document = cJSON_CreateObject();
    const char *version = strstr(address, "/v2.0/") != NULL ? "/v2.0" : "";
    add_taken(
        document, "tenant_discovery_endpoint",
        string_format("https://%s/%s%s/.well-known/openid-configuration", host, tenant, version));
    cJSON_AddStringToObject(document, "api-version", api_version != NULL ? api_version : "1.1");
    cJSON *networks = cJSON_AddArrayToObject(document, "metadata");
    add_network(networks, public_hosts[0], public_hosts[1], public_hosts, ARRAY_LEN(public_hosts));
    if (!is_public) {
        const char *const own[] = {host};
        add_network(networks, host, host, own, 1);
    }
    identity_reply_json(login->response, 200, document);
    memory_free(host);
    memory_free(tenant);
}

/* /common/userrealm/{user}: every user of a domain we have is managed, none is federated. */
void documents_answer_user_realm(struct login *login)
{
    const char *user = login->segments[login->segment_count - 1];
    const char *at = strrchr(user, '@');
    const char *domain = at != NULL ? at + 1 : user;
    bool ours = tenant_recognize(&login->identity->tenant, domain) == TENANT_OURS;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "ver", "1.0");
    cJSON_AddStringToObject(document, "account_type", ours ? "Managed" : "Unknown");
    if (ours) {
        cJSON_AddStringToObject(document, "domain_name", domain);
    }
    cJSON_AddStringToObject(document, "cloud_instance_name", "microsoftonline.com");
    cJSON_AddStringToObject(document, "cloud_audience_urn", "urn:federation:MicrosoftOnline");
    identity_reply_json(login->response, 200, document);
}

void documents_answer_keys(struct login *login)
{
    const struct token_attempt nobody = {0};
    char *issuer = login_issuer(login);
    struct tokens *tokens = identity_check_tokens(login->identity, &nobody);
    identity_reply_json(login->response, 200, tokens_key_set(tokens, issuer));
    memory_free(issuer);
}
