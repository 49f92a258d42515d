/* Discovery, keys, metadata endpoints: the fields that az, Terraform and MSAL cannot do without. */
#include <string.h>

#include "identity_fixture.h"
#include "tests/support/test.h"

static struct fixture shared; /* one signing key for all cases */

TEST(configuration_names_the_tenant_and_its_endpoints)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOGIN, "/" TENANT "/v2.0/.well-known/openid-configuration") == 200);
    CHECK_TEXT(fixture_string(f, "token_endpoint"),
               "https://" LOGIN "/" TENANT "/oauth2/v2.0/token");
    CHECK_TEXT(fixture_string(f, "issuer"), "https://" LOGIN "/" TENANT "/v2.0");
    CHECK_TEXT(fixture_string(f, "jwks_uri"), "https://" LOGIN "/" TENANT "/discovery/v2.0/keys");
    CHECK_TEXT(fixture_string(f, "authorization_endpoint"),
               "https://" LOGIN "/" TENANT "/oauth2/v2.0/authorize");

    CHECK(fixture_get(f, LOCAL, "//" TENANT "//.well-known/openid-configuration") == 200);
    CHECK_TEXT(fixture_string(f, "token_endpoint"), "https://" LOCAL "/" TENANT "/oauth2/token");
    CHECK_TEXT(fixture_string(f, "issuer"), "https://sts.windows.net/" TENANT "/");

    CHECK(fixture_get(f, LOGIN, "/organizations/v2.0/.well-known/openid-configuration") == 200);
    CHECK_TEXT(fixture_string(f, "issuer"), "https://" LOGIN "/{tenantid}/v2.0");
    CHECK_TEXT(fixture_string(f, "token_endpoint"),
               "https://" LOGIN "/organizations/oauth2/v2.0/token");

    CHECK(fixture_get(f, LOGIN, "/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration") ==
          200);
    CHECK_TEXT(fixture_string(f, "token_endpoint"),
               "https://" LOGIN "/" TENANT "/oauth2/v2.0/token");
}

TEST(adfs_configuration_leads_az_to_the_tenants_id)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOCAL, "/adfs/.well-known/openid-configuration") == 200);
    CHECK_TEXT(fixture_string(f, "token_endpoint"), "https://" LOCAL "/adfs/oauth2/token");
    CHECK_TEXT(fixture_string(f, "authorization_endpoint"),
               "https://" LOCAL "/adfs/oauth2/authorize");
    CHECK_TEXT(fixture_string(f, "device_authorization_endpoint"),
               "https://" LOCAL "/adfs/oauth2/devicecode");
    CHECK_TEXT(fixture_string(f, "jwks_uri"), "https://" LOCAL "/adfs/discovery/keys");
    /* az takes the first segment of the issuer's path for the tenant's id. */
    CHECK(fixture_get(f, LOCAL,
                      "/adfs/redurite.onmicrosoft.com/.well-known/openid-configuration") == 200);
    CHECK_TEXT(fixture_string(f, "token_endpoint"), "https://" LOCAL "/" TENANT "/oauth2/token");
    CHECK_TEXT(fixture_string(f, "issuer"), "https://sts.windows.net/" TENANT "/");
}

TEST(unknown_tenants_and_paths_are_refused)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOGIN, "/contoso.com/v2.0/.well-known/openid-configuration") == 400);
    CHECK_TEXT(fixture_string(f, "error"), "invalid_tenant");
    CHECK(fixture_number(f, "error_codes.0") == 90002);
    CHECK(strstr(fixture_string(f, "error_description"),
                 "AADSTS90002: Tenant 'contoso.com' not found. Check to make sure you have the "
                 "correct tenant ID and are signing into the correct cloud.") != NULL);
    CHECK(fixture_get(f, LOGIN, "/nonsense/.well-known/openid-configuration") == 400);
    CHECK(fixture_number(f, "error_codes.0") == 900023);
    CHECK(fixture_get(f, LOGIN, "/no/such/path") == 404);
    CHECK(fixture_get(f, LOGIN, "/") == 404);
    CHECK(fixture_get(f, LOGIN, "/a/b/c/d/e/f/g/h/i/j") == 404);
}

TEST(instance_discovery_answers_for_any_host)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOGIN,
                      "/common/discovery/instance?api-version=1.1&authorization_endpoint="
                      "https://login.microsoftonline.com/common/oauth2/authorize") == 200);
    CHECK_TEXT(fixture_string(f, "tenant_discovery_endpoint"),
               "https://login.microsoftonline.com/common/.well-known/openid-configuration");
    CHECK_TEXT(fixture_string(f, "metadata.0.preferred_cache"), "login.windows.net");
    CHECK(fixture_get(f, LOGIN,
                      "/common/discovery/instance?authorization_endpoint="
                      "https%3A%2F%2Flocalhost%3A8443%2F" TENANT
                      "%2Foauth2%2Fv2.0%2Fauthorize") == 200);
    CHECK_TEXT(fixture_string(f, "tenant_discovery_endpoint"),
               "https://localhost:8443/" TENANT "/v2.0/.well-known/openid-configuration");
    CHECK_TEXT(fixture_string(f, "metadata.1.preferred_network"), "localhost:8443");
    CHECK_TEXT(fixture_string(f, "metadata.1.aliases.0"), "localhost:8443");
    CHECK(fixture_get(f, LOGIN, "/common/discovery/instance") == 400);
    CHECK(fixture_get(f, LOGIN, "/common/discovery/instance?authorization_endpoint=ftp://a/b") ==
          400);
    CHECK_TEXT(fixture_string(f, "error"), "invalid_instance");
}

TEST(users_of_the_tenant_are_managed)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOGIN,
                      "/common/UserRealm/dev%40redurite.onmicrosoft.com?api-version=1.0") == 200);
    CHECK_TEXT(fixture_string(f, "account_type"), "Managed");
    CHECK_TEXT(fixture_string(f, "domain_name"), "redurite.onmicrosoft.com");
    CHECK(fixture_get(f, LOGIN, "/common/userrealm/a@example.org?api-version=1.0") == 200);
    CHECK_TEXT(fixture_string(f, "account_type"), "Unknown");
}

TEST(keys_are_published_everywhere)
{
    struct fixture *f = &shared;
    static const char *const paths[] = {
        "/" TENANT "/discovery/v2.0/keys",
        "/" TENANT "/discovery/keys",
        "/common/discovery/keys",
        "/discovery/keys",
        "/adfs/discovery/keys",
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        CHECK(fixture_get(f, LOCAL, paths[i]) == 200);
        CHECK_TEXT(fixture_string(f, "keys.0.kty"), "RSA");
        CHECK_TEXT(fixture_string(f, "keys.0.e"), "AQAB");
        CHECK(strlen(fixture_string(f, "keys.0.n")) == 342);
        CHECK(strlen(fixture_string(f, "keys.0.kid")) == 27);
        CHECK(strlen(fixture_string(f, "keys.0.x5c.0")) > 500);
    }
}

TEST(metadata_has_the_shape_of_its_version)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOCAL, "/metadata/endpoints?api-version=2015-01-01") == 200);
    CHECK_TEXT(fixture_string(f, "authentication.loginEndpoint"), "https://" LOCAL "/adfs");
    CHECK_TEXT(fixture_string(f, "authentication.audiences.0"), "https://" LOCAL "/");
    CHECK_TEXT(fixture_string(f, "graphEndpoint"), "https://" LOCAL "/");

    CHECK(fixture_get(f, LOCAL, "//metadata/endpoints?api-version=2018-01-01") == 200);
    CHECK_TEXT(fixture_string(f, "cloudEndpoint.public.endpoint"), LOCAL);
    CHECK(strstr(f->body, "\"westeurope\"") != NULL);

    CHECK(fixture_get(f, LOCAL, "/metadata/endpoints?api-version=2019-05-01") == 200);
    CHECK(cJSON_IsArray(f->json));
    CHECK_TEXT(fixture_string(f, "0.name"), "Redurite");
    CHECK_TEXT(fixture_string(f, "0.authentication.loginEndpoint"), "https://" LOCAL "/adfs");
    CHECK_TEXT(fixture_string(f, "0.resourceManager"), "https://" LOCAL "/");
    CHECK_TEXT(fixture_string(f, "0.suffixes.keyVaultDns"), "vault." LOCAL);

    CHECK(fixture_get(f, "127.0.0.1:1", "//metadata/endpoints?api-version=2022-09-01") == 200);
    CHECK(cJSON_IsObject(f->json));
    CHECK_TEXT(fixture_string(f, "authentication.loginEndpoint"), "https://127.0.0.1:1");
    CHECK_TEXT(fixture_string(f, "authentication.tenant"), "common");
    CHECK_TEXT(fixture_string(f, "authentication.identityProvider"), "AAD");
    CHECK_TEXT(fixture_string(f, "resourceManager"), "https://127.0.0.1:1/");
    CHECK_TEXT(fixture_string(f, "microsoftGraphResourceId"), "https://127.0.0.1:1/");
    CHECK_TEXT(fixture_string(f, "suffixes.storage"), "core.windows.net");
    CHECK_TEXT(fixture_string(f, "suffixes.keyVaultDns"), "vault.localhost:1");

    CHECK(fixture_get(f, "management.azure.com", "/metadata/endpoints?api-version=2022-09-01") ==
          200);
    CHECK_TEXT(fixture_string(f, "name"), "AzureCloud");
    CHECK_TEXT(fixture_string(f, "authentication.loginEndpoint"),
               "https://login.microsoftonline.com");
    CHECK_TEXT(fixture_string(f, "resourceManager"), "https://management.azure.com/");

    CHECK(fixture_get(f, LOCAL, "/metadata/endpoints") == 400);
    CHECK_TEXT(fixture_string(f, "error.code"), "MissingApiVersionParameter");
}

TEST(sites_take_only_what_is_theirs)
{
    struct fixture *f = &shared;
    CHECK(fixture_plain_allowed(f, LOCAL, "/metadata/endpoints"));
    CHECK(fixture_plain_allowed(f, LOCAL, "/MSI/token"));
    CHECK(fixture_plain_allowed(f, "169.254.169.254", "/metadata/identity/oauth2/token"));
    CHECK(!fixture_plain_allowed(f, LOGIN, "/common/oauth2/token"));
    CHECK(!fixture_plain_allowed(f, LOCAL, "/adfs/oauth2/token"));
    /* Not ours. */
    CHECK(fixture_get(f, LOCAL, "/subscriptions?api-version=2019-11-01") == 0);
    CHECK(fixture_get(f, LOCAL,
                      "/subscriptions/x/resourceGroups/discovery/providers/Microsoft.Cache/redis/"
                      "oauth2?api-version=2024-11-01") == 0);
}

TEST(errors_carry_the_clients_correlation_id)
{
    struct fixture *f = &shared;
    fixture_header(f, "client-request-id", "11111111-2222-4333-8444-555555555555");
    fixture_header(f, "return-client-request-id", "true");
    CHECK(fixture_get(f, LOGIN, "/contoso.com/oauth2/token") == 400);
    CHECK_TEXT(fixture_string(f, "correlation_id"), "11111111-2222-4333-8444-555555555555");
    CHECK(strstr(f->headers, "client-request-id: 11111111-2222-4333-8444-555555555555\r\n") !=
          NULL);
    CHECK_TEXT(fixture_string(f, "timestamp"), "2026-11-20 22:20:05Z");
    CHECK(strstr(fixture_string(f, "error_description"),
                 "\r\nCorrelation ID: 11111111-2222-4333-8444-555555555555\r\n"
                 "Timestamp: 2026-11-20 22:20:05Z") != NULL);
    CHECK_TEXT(fixture_string(f, "error_uri"), "https://" LOGIN "/error?code=90002");
    CHECK(fixture_get(f, LOGIN,
                      "/contoso.com/oauth2/token?client-request-id="
                      "11111111-2222-4333-8444-666666666666") == 400);
    CHECK_TEXT(fixture_string(f, "correlation_id"), "11111111-2222-4333-8444-666666666666");
    fixture_header(f, "client-request-id", "\r\nnonsense: x                        ");
    CHECK(fixture_get(f, LOGIN, "/contoso.com/oauth2/token") == 400);
    CHECK(strlen(fixture_string(f, "correlation_id")) == 36);
}

static const struct test_case cases[] = {
    CASE(configuration_names_the_tenant_and_its_endpoints),
    CASE(adfs_configuration_leads_az_to_the_tenants_id),
    CASE(unknown_tenants_and_paths_are_refused),
    CASE(instance_discovery_answers_for_any_host),
    CASE(users_of_the_tenant_are_managed),
    CASE(keys_are_published_everywhere),
    CASE(metadata_has_the_shape_of_its_version),
    CASE(sites_take_only_what_is_theirs),
    CASE(errors_carry_the_clients_correlation_id),
};

int main(void)
{
    fixture_start(&shared, NULL);
    int result = test_run(cases, ARRAY_LEN(cases));
    fixture_stop(&shared);
    return result;
}
