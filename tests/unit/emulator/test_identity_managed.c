/* Managed identity: IMDS, App Service and Cloud Shell, each with what its clients need. */
#include <string.h>

#include "identity_fixture.h"
#include "tests/support/test.h"

static struct fixture shared; /* one signing key for all cases */

#define IMDS "169.254.169.254"
#define IMDS_TOKEN "/metadata/identity/oauth2/token?api-version=2018-02-01"
#define RESOURCE_ID_SELECTOR                                                                       \
    "&mi_res_id=%2Fsubscriptions%2Fs%2FresourceGroups%2Fg%2Fproviders%2F"                          \
    "Microsoft.ManagedIdentity%2FuserAssignedIdentities%2Fmy-identity"
#define RESOURCE "&resource=https://management.azure.com/"

static void check_machine_token(struct fixture *f)
{
    struct token_claims verified;
    struct arm_error error;
    CHECK(f->status == 200);
    CHECK_TEXT(fixture_string(f, "token_type"), "Bearer");
    CHECK_TEXT(fixture_string(f, "expires_in"), "86399");
    CHECK_TEXT(fixture_string(f, "expires_on"), "1795299604");
    CHECK_TEXT(fixture_string(f, "resource"), "https://management.azure.com/");
    CHECK_TEXT(fixture_string(f, "client_id"), IDENTITY_MANAGED_CLIENT_ID);
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "tid"), TENANT);
    CHECK_TEXT(json_text(claims, "oid"), IDENTITY_MANAGED_OBJECT_ID);
    CHECK_TEXT(json_text(claims, "idtyp"), "app");
    CHECK_TEXT(json_text(claims, "xms_mirid"),
               "/subscriptions/" SUBSCRIPTION "/resourcegroups/redurite/providers/"
               "Microsoft.Compute/virtualMachines/redurite");
    cJSON_Delete(claims);
    CHECK(fixture_verify(f, fixture_string(f, "access_token"), &verified, &error));
    CHECK_TEXT(verified.principal.application_id, IDENTITY_MANAGED_CLIENT_ID);
}

TEST(the_machine_has_an_identity)
{
    struct fixture *f = &shared;
    fixture_header(f, "Metadata", "true");
    fixture_get(f, IMDS, IMDS_TOKEN RESOURCE);
    check_machine_token(f);
    /* AZURE_POD_IDENTITY_AUTHORITY_HOST points at the front door itself. */
    fixture_header(f, "Metadata", "True");
    fixture_get(f, "127.0.0.1:8443", IMDS_TOKEN RESOURCE);
    check_machine_token(f);

    CHECK(fixture_get(f, IMDS, IMDS_TOKEN RESOURCE) == 400);
    CHECK_TEXT(f->body, "{\"error\":\"invalid_request\",\"error_description\":"
                        "\"Required metadata header not specified\"}");
    fixture_header(f, "Metadata", "true");
    CHECK(fixture_get(f, IMDS, IMDS_TOKEN) == 400);
    fixture_header(f, "Metadata", "true");
    CHECK(fixture_get(f, IMDS, "/metadata/identity/oauth2/token?a=b" RESOURCE) == 400);
    fixture_header(f, "Metadata", "true");
    CHECK(fixture_get(f, IMDS, IMDS_TOKEN "&resource=https://nowhere.example") == 400);
    CHECK_TEXT(fixture_string(f, "error"), "invalid_resource");
    fixture_header(f, "Metadata", "true");
    CHECK(fixture_get(f, IMDS, "/metadata/identity/getplatformmetadata?cred-api-version=2.0") ==
          404);
    fixture_header(f, "Metadata", "true");
    CHECK(fixture_get(f, IMDS, "/metadata/instance?api-version=2021-02-01") == 200);
    CHECK_TEXT(fixture_string(f, "compute.subscriptionId"), SUBSCRIPTION);
}

TEST(registered_identities_are_found_by_every_id)
{
    struct fixture *f = &shared;
    const struct identity_application application = {
        .client_id = "33333333-3333-4333-8333-333333333333",
        .object_id = "33333333-3333-4333-8333-333333333334",
        .name = "my-identity",
        .resource_id = "/subscriptions/s/resourcegroups/g/providers/"
                       "Microsoft.ManagedIdentity/userAssignedIdentities/my-identity",
    };
    static const char *const selectors[] = {
        "&client_id=33333333-3333-4333-8333-333333333333",
        "&object_id=33333333-3333-4333-8333-333333333334",
        RESOURCE_ID_SELECTOR,
    };
    for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
        char *target = string_format("%s%s", IMDS_TOKEN RESOURCE, selectors[i]);
        fixture_header(f, "Metadata", "true");
        CHECK(fixture_get(f, IMDS, target) == 400);
        CHECK_TEXT(fixture_string(f, "error_description"), "Identity not found");
        memory_free(target);
    }
    identity_register(f->identity, &application);
    for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
        char *target = string_format("%s%s", IMDS_TOKEN RESOURCE, selectors[i]);
        fixture_header(f, "Metadata", "true");
        CHECK(fixture_get(f, IMDS, target) == 200);
        cJSON *claims = fixture_claims(f, "access_token");
        CHECK_TEXT(json_text(claims, "oid"), application.object_id);
        CHECK_TEXT(json_text(claims, "xms_mirid"), application.resource_id);
        cJSON_Delete(claims);
        memory_free(target);
    }
}

TEST(app_service_and_cloud_shell_are_served)
{
    struct fixture *f = &shared;
    /* Cloud Shell, as az uses MSI_ENDPOINT. */
    fixture_header(f, "Metadata", "true");
    fixture_post(f, "127.0.0.1:8443", "/MSI/token",
                 "resource=https%3A%2F%2Fmanagement.azure.com%2F");
    check_machine_token(f);
    /* App Service, 2019-08-01 and 2017-09-01. */
    fixture_header(f, "X-IDENTITY-HEADER", "s");
    fixture_get(f, "127.0.0.1:8443", "/MSI/token?api-version=2019-08-01" RESOURCE);
    check_machine_token(f);
    fixture_header(f, "secret", "s");
    fixture_get(f, "127.0.0.1:8443", "/msi/token/?api-version=2017-09-01" RESOURCE);
    check_machine_token(f);
    CHECK(fixture_get(f, "127.0.0.1:8443", "/MSI/token?api-version=2019-08-01" RESOURCE) == 401);
    fixture_header(f, "X-IDENTITY-HEADER", "s");
    CHECK(fixture_get(f, "127.0.0.1:8443", "/MSI/token?api-version=2019-08-01") == 400);
}

static const struct test_case cases[] = {
    CASE(the_machine_has_an_identity),
    CASE(registered_identities_are_found_by_every_id),
    CASE(app_service_and_cloud_shell_are_served),
};

int main(void)
{
    fixture_start(&shared, NULL);
    int result = test_run(cases, ARRAY_LEN(cases));
    fixture_stop(&shared);
    return result;
}
