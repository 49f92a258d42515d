/* Verification: signature, tenant, dates on the emulator's clock, audience, and the key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/tokens.h"
#include "identity_fixture.h"
#include "tests/support/test.h"

static struct fixture shared; /* one signing key for all cases */
static char directory[] = "/tmp/redurite-identity-XXXXXX";
static char *key_file; /* in it */

#define TOKEN_PATH "/" TENANT "/oauth2/v2.0/token"
#define FORM "client_id=" CLIENT "&client_secret=" SECRET "&grant_type=client_credentials&scope="

static char *token_take(struct fixture *f, const char *scope)
{
    char *body = string_format(FORM "%s", scope);
    CHECK(fixture_post(f, LOGIN, TOKEN_PATH, body) == 200);
    memory_free(body);
    return string_duplicate(fixture_string(f, "access_token"));
}

static void check_refused(struct fixture *f, const char *token, const char *code,
                          const char *message)
{
    struct token_claims claims;
    struct arm_error error;
    CHECK(!fixture_verify(f, token, &claims, &error));
    CHECK(error.status == 401);
    CHECK_TEXT(error.code, code);
    if (message != NULL) {
        CHECK_TEXT(error.message, message);
    }
}

TEST(tokens_for_the_management_api_are_believed)
{
    struct fixture *f = &shared;
    static const char *const scopes[] = {
        "https%3A%2F%2Fmanagement.azure.com%2F.default",
        "https%3A%2F%2Fmanagement.core.windows.net%2F%2F.default",
        "https%3A%2F%2Flocalhost%3A8443%2F%2F.default",
    };
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        struct token_claims claims;
        struct arm_error error;
        char *token = token_take(f, scopes[i]);
        CHECK(fixture_verify(f, token, &claims, &error));
        CHECK_TEXT(claims.principal.object_id, IDENTITY_CLIENT_OBJECT_ID);
        CHECK_TEXT(claims.principal.application_id, CLIENT);
        CHECK_TEXT(claims.principal.tenant_id, TENANT);
        CHECK_TEXT(claims.principal.name, "redurite");
        CHECK(claims.expires_at_ms == START_MS + 86399000);
        memory_free(token);
    }
}

TEST(tokens_end_on_the_emulators_clock)
{
    struct fixture *f = &shared;
    struct token_claims claims;
    struct arm_error error;
    char *token = token_take(f, "https://management.azure.com/.default");
    clock_advance(f->clock, 86398000);
    CHECK(fixture_verify(f, token, &claims, &error));
    clock_advance(f->clock, 1000);
    check_refused(f, token, "ExpiredAuthenticationToken",
                  "The access token expiry UTC time '11/21/2026 10:20:04 PM' is earlier than "
                  "current UTC time '11/21/2026 10:20:04 PM'.");
    clock_set(f->clock, START_MS - 3600000);
    check_refused(f, token, "InvalidAuthenticationToken", "The access token is invalid.");
    clock_set(f->clock, START_MS);
    memory_free(token);
}

TEST(a_changed_token_is_refused)
{
    struct fixture *f = &shared;
    char *token = token_take(f, "https://management.azure.com/.default");
    size_t size = strlen(token);
    for (size_t i = 1; i < size; i += 97) {
        char before = token[i];
        struct token_claims claims;
        struct arm_error error;
        token[i] = before == 'A' ? 'B' : 'A';
        CHECK(!fixture_verify(f, token, &claims, &error));
        CHECK(error.status == 401);
        token[i] = before;
    }
    for (size_t cut = 0; cut < size; cut += 53) {
        char *part = string_duplicate(token);
        part[cut] = '\0';
        struct token_claims claims;
        struct arm_error error;
        CHECK(!fixture_verify(f, part, &claims, &error));
        memory_free(part);
    }
    memory_free(token);
    check_refused(f, "", "AuthenticationFailed",
                  "Authentication failed. The 'Authorization' header is missing.");
    check_refused(f, "nonsense", "InvalidAuthenticationToken", "The access token is invalid.");
    check_refused(f, "a.b.c", "InvalidAuthenticationToken", "The access token is invalid.");
    /* {"alg":"none","typ":"JWT"} */
    check_refused(f, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.", "InvalidAuthenticationToken",
                  "The access token is invalid.");
}

TEST(a_token_for_another_api_is_refused)
{
    struct fixture *f = &shared;
    char *token = token_take(f, "https://graph.microsoft.com/.default");
    check_refused(f, token, "InvalidAuthenticationTokenAudience",
                  "The access token has been obtained for wrong audience or resource "
                  "'https://graph.microsoft.com'. It should exactly match with one of the allowed "
                  "audiences 'https://management.azure.com/','https://management.azure.com',"
                  "'https://management.core.windows.net/','https://management.core.windows.net'.");
    memory_free(token);
}

static char *signed_with(struct tokens *tokens, const char *json)
{
    cJSON *claims = cJSON_Parse(json);
    char *token = tokens_sign(tokens, TOKEN_TYPE_ACCESS, claims);
    cJSON_Delete(claims);
    return token;
}

/* Claims that only a foreign or broken issuer makes, signed with our own key. */
TEST(claims_of_other_issuers_are_refused)
{
    struct fixture fixture, *f = &fixture;
    struct buf error;
    buf_init(&error, 256);
    fixture_start(f, key_file);
    struct tokens *tokens = tokens_create(key_file, &error);
    char *token = signed_with(tokens, "{\"iss\":\"https://sts.windows.net/" TENANT
                                      "/\",\"tid\":\"" TENANT "\",\"exp\":1900000000,"
                                      "\"aud\":\"https://management.azure.com/\"}");
    check_refused(f, token, "InvalidAuthenticationToken",
                  "The received access token is not valid: at least one of the claims 'puid' or "
                  "'altsecid' or 'oid' should be present. If you are accessing as application "
                  "please make sure service principal is properly created in the tenant.");
    memory_free(token);
    token = signed_with(tokens, "{\"iss\":\"https://sts.windows.net/other/\",\"tid\":\"other\"}");
    check_refused(f, token, "InvalidAuthenticationTokenTenant", NULL);
    memory_free(token);
    token = signed_with(tokens, "{\"iss\":1,\"exp\":\"x\"}");
    check_refused(f, token, "InvalidAuthenticationToken", NULL);
    memory_free(token);
    tokens_destroy(tokens);
    buf_finish(&error);
    fixture_stop(f);
}

TEST(a_refresh_token_is_no_access_token)
{
    struct fixture *f = &shared;
    CHECK(fixture_post(f, LOGIN, "/organizations/oauth2/v2.0/token",
                       "client_id=" AZ_CLIENT "&grant_type=password&username=" IDENTITY_USER_NAME
                       "&password=" IDENTITY_USER_PASSWORD
                       "&scope=https://management.azure.com/.default+offline_access") == 200);
    char *token = string_duplicate(fixture_string(f, "refresh_token"));
    CHECK(token[0] != '\0');
    check_refused(f, token, "InvalidAuthenticationToken", NULL);
    memory_free(token);
}

/* Two emulators in one data directory, both started before there was a key. */
TEST(one_directory_has_one_key)
{
    struct fixture first, second;
    struct token_claims claims;
    struct arm_error error;
    fixture_start(&first, key_file);
    fixture_start(&second, key_file);
    char *token = token_take(&first, "https://management.azure.com/.default");
    CHECK(fixture_verify(&second, token, &claims, &error));
    memory_free(token);
    fixture_stop(&first);
    fixture_stop(&second);
    unlink(key_file);
}

/* Another key: the same claims are not believed. */
TEST(a_token_of_another_key_is_refused)
{
    struct fixture *f = &shared;
    struct fixture other;
    fixture_start(&other, NULL);
    char *token = token_take(&other, "https://management.azure.com/.default");
    check_refused(f, token, "InvalidAuthenticationToken", "The access token is invalid.");
    memory_free(token);
    fixture_stop(&other);
}

TEST(the_key_is_made_late_and_kept)
{
    struct fixture first, second;
    struct stat facts;
    CHECK(stat(key_file, &facts) != 0);
    fixture_start(&first, key_file);
    /* Made when the first token is, not at start. */
    CHECK(stat(key_file, &facts) != 0);
    char *token = token_take(&first, "https://management.azure.com/.default");
    CHECK(stat(key_file, &facts) == 0 && (facts.st_mode & 0777) == 0600);
    fixture_stop(&first);

    struct token_claims claims;
    struct arm_error error;
    fixture_start(&second, key_file);
    CHECK(fixture_verify(&second, token, &claims, &error));
    fixture_stop(&second);
    memory_free(token);
}

TEST(a_file_that_is_no_key_is_named)
{
    struct buf error;
    buf_init(&error, 1024);
    FILE *file = fopen(key_file, "w");
    fputs("not a key\n", file);
    fclose(file);
    CHECK(tokens_create(key_file, &error) == NULL);
    CHECK(strstr(buf_string(&error), key_file) != NULL);
    buf_finish(&error);
}

static const struct test_case cases[] = {
    CASE(tokens_for_the_management_api_are_believed),
    CASE(tokens_end_on_the_emulators_clock),
    CASE(a_changed_token_is_refused),
    CASE(a_token_for_another_api_is_refused),
    CASE(a_refresh_token_is_no_access_token),
    CASE(a_token_of_another_key_is_refused),
    CASE(one_directory_has_one_key),
    CASE(the_key_is_made_late_and_kept),
    CASE(claims_of_other_issuers_are_refused),
    CASE(a_file_that_is_no_key_is_named),
};

int main(void)
{
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    key_file = string_format("%s/token-key.pem", directory);
    fixture_start(&shared, NULL);
    int result = test_run(cases, ARRAY_LEN(cases));
    fixture_stop(&shared);
    unlink(key_file);
    rmdir(directory);
    memory_free(key_file);
    return result;
}
