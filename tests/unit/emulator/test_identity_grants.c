/* Every grant of the token endpoint: what succeeds, what fails, and in which words. */
#include <stdio.h>
#include <string.h>

#include "emulator/tokens.h"
#include "identity_fixture.h"
#include "tests/support/test.h"

static struct fixture shared; /* one signing key for all cases */

#define V1 "/" TENANT "/oauth2/token"
#define V2 "/" TENANT "/oauth2/v2.0/token"
#define ADFS "/adfs/oauth2/token"
#define ARM_SCOPE "&scope=https://management.core.windows.net//.default"
#define OIDC "%20openid%20profile%20offline_access"
#define CREDENTIALS "grant_type=client_credentials&client_id=" CLIENT "&client_secret=" SECRET
#define USER "&username=" IDENTITY_USER_NAME "&password=" IDENTITY_USER_PASSWORD
#define ASSERTION_TYPE                                                                             \
    "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static void check_error(struct fixture *f, int status, int code, const char *error,
                        const char *text)
{
    char start[1024];
    snprintf(start, sizeof(start), "AADSTS%d: %s\r\nTrace ID: ", code, text);
    CHECK(f->status == status);
    CHECK(fixture_number(f, "error_codes.0") == code);
    CHECK_TEXT(fixture_string(f, "error"), error);
    if (text != NULL &&
        strncmp(fixture_string(f, "error_description"), start, strlen(start)) != 0) {
        CHECK_TEXT(fixture_string(f, "error_description"), start);
    }
}

TEST(a_secret_gives_an_application_token)
{
    struct fixture *f = &shared;
    CHECK(fixture_post(f, LOGIN, V2, CREDENTIALS ARM_SCOPE "&client_info=1") == 200);
    CHECK_TEXT(fixture_string(f, "token_type"), "Bearer");
    CHECK(fixture_number(f, "expires_in") == 86399);
    CHECK(strstr(f->headers, "Cache-Control: no-store, no-cache\r\n") != NULL);
    CHECK(strstr(f->body, "refresh_token") == NULL && strstr(f->body, "id_token") == NULL);
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "aud"), "https://management.core.windows.net/");
    CHECK_TEXT(json_text(claims, "iss"), "https://sts.windows.net/" TENANT "/");
    CHECK_TEXT(json_text(claims, "appid"), CLIENT);
    CHECK_TEXT(json_text(claims, "appidacr"), "1");
    CHECK_TEXT(json_text(claims, "oid"), IDENTITY_CLIENT_OBJECT_ID);
    CHECK_TEXT(json_text(claims, "sub"), IDENTITY_CLIENT_OBJECT_ID);
    CHECK_TEXT(json_text(claims, "tid"), TENANT);
    CHECK_TEXT(json_text(claims, "idtyp"), "app");
    CHECK_TEXT(json_text(claims, "ver"), "1.0");
    CHECK(cJSON_GetObjectItem(claims, "scp") == NULL);
    CHECK(cJSON_GetObjectItem(claims, "iat")->valuedouble == (double)(START_MS / 1000));
    cJSON_Delete(claims);

    /* Terraform through ARM_METADATA_HOSTNAME; doubled slashes; az of a custom cloud. */
    CHECK(fixture_post(f, LOCAL, "/" V2,
                       CREDENTIALS "&scope=https%3A%2F%2Flocalhost%3A8443%2F.default") == 200);
    CHECK(fixture_post(f, LOCAL, ADFS,
                       CREDENTIALS "&scope=https%3A%2F%2Flocalhost%3A8443%2F%2F.default") == 200);
    CHECK(fixture_post(f, "redurite.internal:9", V2,
                       CREDENTIALS "&scope=https%3A%2F%2Fredurite.internal%3A9%2F.default") == 200);
    CHECK(fixture_post(f, LOGIN, "/common/oauth2/v2.0/token", CREDENTIALS ARM_SCOPE) == 200);
    CHECK(fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=" CLIENT "/.default") == 200);
    CHECK(fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=api://" CLIENT "/.default") == 200);
    CHECK(fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=https://redis.azure.com/.default") == 200);
}

TEST(v1_answers_numbers_as_strings)
{
    struct fixture *f = &shared;
    CHECK(fixture_post(f, LOGIN, V1,
                       CREDENTIALS "&resource=https%3A%2F%2Fmanagement.azure.com%2F") == 200);
    CHECK_TEXT(fixture_string(f, "expires_in"), "86399");
    CHECK_TEXT(fixture_string(f, "expires_on"), "1795299604");
    CHECK_TEXT(fixture_string(f, "not_before"), "1795213205");
    CHECK_TEXT(fixture_string(f, "resource"), "https://management.azure.com/");
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "aud"), "https://management.azure.com/");
    cJSON_Delete(claims);
    CHECK(fixture_post(f, LOGIN, V1, CREDENTIALS) == 200);
    CHECK_TEXT(fixture_string(f, "resource"), "00000002-0000-0000-c000-000000000000");
}

TEST(credentials_may_come_in_a_header)
{
    struct fixture *f = &shared;
    struct buf header;
    buf_init(&header, 1024);
    buf_append_string(&header, "Basic ");
    buf_append_base64(&header, BYTES(CLIENT ":" SECRET));
    fixture_header(f, "Authorization", buf_string(&header));
    CHECK(fixture_post(f, LOGIN, V2, "grant_type=client_credentials" ARM_SCOPE) == 200);
    buf_finish(&header);
    fixture_header(f, "Authorization", "Basic !!!");
    CHECK(fixture_post(f, LOGIN, V2, "grant_type=client_credentials" ARM_SCOPE) == 400);
}

TEST(clients_are_refused_in_entras_words)
{
    struct fixture *f = &shared;
    fixture_post(f, LOGIN, V2,
                 "grant_type=client_credentials&client_id=" CLIENT "&client_secret=x" ARM_SCOPE);
    check_error(f, 401, 7000215, "invalid_client",
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID, for a secret added to app "
                "'" CLIENT "'.");
    CHECK_TEXT(fixture_string(f, "error_uri"), "https://" LOGIN "/error?code=7000215");
    CHECK(strlen(fixture_string(f, "trace_id")) == 36);
    fixture_post(f, LOGIN, V2,
                 "grant_type=client_credentials&client_id=" TENANT "&client_secret=x" ARM_SCOPE);
    check_error(f, 400, 700016, "unauthorized_client",
                "Application with identifier '" TENANT "' was not found in the directory '" TENANT
                "'. This can happen if the application has not been installed by the "
                "administrator of the tenant or consented to by any user in the tenant. You may "
                "have sent your authentication request to the wrong tenant.");
    fixture_post(f, LOGIN, "/11111111-1111-4111-8111-111111111111/oauth2/v2.0/token",
                 CREDENTIALS ARM_SCOPE);
    check_error(f, 400, 90002, "invalid_request",
                "Tenant '11111111-1111-4111-8111-111111111111' not found. Check to make sure you "
                "have the correct tenant ID and are signing into the correct cloud. Check with "
                "your subscription administrator, this may happen if there are no active "
                "subscriptions for the tenant.");
    fixture_post(f, LOGIN, V2, "client_id=" CLIENT);
    check_error(f, 400, 900144, "invalid_request",
                "The request body must contain the following parameter: 'grant_type'.");
    fixture_post(f, LOGIN, V2, "{\"grant_type\":\"client_credentials\"}");
    CHECK(fixture_number(f, "error_codes.0") == 900144);
    fixture_post(f, LOGIN, V2, "grant_type=client_credentials" ARM_SCOPE);
    check_error(f, 400, 900144, "invalid_request",
                "The request body must contain the following parameter: 'client_id'.");
    fixture_post(f, LOGIN, V2, "grant_type=client_credentials&client_id=" CLIENT ARM_SCOPE);
    check_error(f, 401, 7000216, "invalid_client",
                "'client_assertion', 'client_secret' or 'request' is required for the "
                "'client_credentials' grant type.");
    fixture_post(f, LOGIN, V2, "grant_type=magic&client_id=" CLIENT);
    check_error(f, 400, 70003, "unsupported_grant_type",
                "The app requested an unsupported grant type 'magic'.");
    fixture_get(f, LOGIN, V2);
    CHECK(fixture_number(f, "error_codes.0") == 900561);
    /* What is quoted stays UTF-8: a stray byte, a surrogate, a zero, an e with an accent. */
    fixture_post(f, LOGIN, V2,
                 "grant_type=client_credentials&client_id=\xff%ed%a0%80%00%c3%a9&client_secret=x");
    CHECK(strstr(fixture_string(f, "error_description"),
                 "'\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9'") != NULL);
}

TEST(an_application_may_name_standard_scopes_beside_a_resource)
{
    struct fixture *f = &shared;
    fixture_post(f, LOGIN, V2,
                 CREDENTIALS
                 "&scope=https://management.azure.com/.default+openid+offline_access+profile");
    CHECK(f->status == 200);
    CHECK(fixture_string(f, "access_token")[0] != '\0');
    CHECK(fixture_string(f, "refresh_token")[0] == '\0');
    CHECK(fixture_string(f, "id_token")[0] == '\0');
}

TEST(scopes_are_refused_in_entras_words)
{
    struct fixture *f = &shared;
    fixture_post(f, LOGIN, V2, CREDENTIALS);
    check_error(f, 400, 900144, "invalid_request",
                "The request body must contain the following parameter: 'scope'.");
    fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=User.Read");
    check_error(f, 400, 1002012, "invalid_scope",
                "The provided value for scope User.Read is not valid. Client credential flows "
                "must have a scope value with /.default suffixed to the resource identifier "
                "(application ID URI).");
    fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=openid");
    CHECK(fixture_number(f, "error_codes.0") == 1002012);
    fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=+");
    CHECK(fixture_number(f, "error_codes.0") == 1002012);
    fixture_post(f, LOGIN, V2, CREDENTIALS "&scope=https://nowhere.example/.default");
    check_error(f, 400, 500011, "invalid_resource",
                "The resource principal named https://nowhere.example was not found in the tenant "
                "named " TENANT ". This can happen if the application has not been installed by "
                "the administrator of the tenant or consented to by any user in the tenant. You "
                "might have sent your authentication request to the wrong tenant.");
    fixture_post(f, LOGIN, "/organizations/oauth2/v2.0/token",
                 "grant_type=password&client_id=" AZ_CLIENT USER
                 "&scope=https://management.azure.com");
    check_error(f, 400, 70011, "invalid_scope",
                "The provided value for the input parameter 'scope' is not valid. The scope "
                "https://management.azure.com is not valid.");
    fixture_post(f, LOGIN, "/organizations/oauth2/v2.0/token",
                 "grant_type=password&client_id=" AZ_CLIENT USER
                 "&scope=https://management.azure.com/.default+https://vault.azure.net/.default");
    CHECK(fixture_number(f, "error_codes.0") == 28000);
}

/* A token with these claims, unsigned as far as anyone here can tell. */
static char *assertion_make(const char *issuer, const char *subject, const char *audience,
                            int64_t until)
{
    struct buf text;
    buf_init(&text, 8192);
    char *claims = string_format("{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"exp\":%lld}",
                                 issuer, subject, audience, (long long)until);
    buf_append_base64url(&text, BYTES("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"aa\"}"));
    buf_append_byte(&text, '.');
    buf_append_base64url(&text, bytes_from_string(claims));
    buf_append_string(&text, ".c2lnbmF0dXJl");
    char *token = bytes_to_string(buf_bytes(&text));
    buf_finish(&text);
    memory_free(claims);
    return token;
}

static int post_assertion(struct fixture *f, char *assertion)
{
    char *body =
        string_format("grant_type=client_credentials&client_id=" CLIENT ARM_SCOPE ASSERTION_TYPE
                      "&client_assertion=%s",
                      assertion);
    int status = fixture_post(f, LOGIN, V2, body);
    memory_free(body);
    memory_free(assertion);
    return status;
}

TEST(an_assertion_must_fit_the_client)
{
    struct fixture *f = &shared;
    const int64_t later = START_MS / 1000 + 600;
    const char *audience = "https://" LOGIN V2;
    CHECK(post_assertion(f, assertion_make(CLIENT, CLIENT, audience, later)) == 200);
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "appidacr"), "2");
    cJSON_Delete(claims);

    CHECK(post_assertion(f, assertion_make(CLIENT, TENANT, audience, later)) == 401);
    CHECK(fixture_number(f, "error_codes.0") == 700021);
    CHECK(post_assertion(f, assertion_make(TENANT, TENANT, audience, later)) == 401);
    CHECK(fixture_number(f, "error_codes.0") == 700021);
    CHECK(post_assertion(f, assertion_make(CLIENT, CLIENT, "https://a.example/", later)) == 401);
    CHECK(fixture_number(f, "error_codes.0") == 700023);
    CHECK(post_assertion(f, assertion_make(CLIENT, CLIENT, audience, 86400)) == 401);
    check_error(f, 401, 700024, "invalid_client",
                "Client assertion is not within its valid time range. Current time: "
                "2026-11-20T22:20:05.000Z, assertion valid from 1970-01-01T00:00:00.000Z, expiry "
                "time of assertion 1970-01-02T00:00:00.000Z. Review the documentation at "
                "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .");
    CHECK(post_assertion(f, string_duplicate("a.b")) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 50027);

    CHECK(fixture_post(f, LOGIN, V2,
                       "grant_type=client_credentials&client_id=" CLIENT ARM_SCOPE
                       "&client_assertion=a.b.c") == 400);
    CHECK(fixture_number(f, "error_codes.0") == 900144);
}

/* The emulator's own signing certificate serves as a client's here. */
TEST(a_registered_certificate_is_checked)
{
    struct fixture *f = &shared;
    struct buf error;
    struct buf pem;
    buf_init(&error, 256);
    buf_init(&pem, 8192);
    struct tokens *tokens = tokens_create(NULL, &error);
    cJSON *keys = tokens_key_set(tokens, NULL);
    const cJSON *key = cJSON_GetObjectItem(keys, "keys")->child;
    const char *base64 = cJSON_GetObjectItem(key, "x5c")->child->valuestring;
    buf_append_string(&pem, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < strlen(base64); i += 64) {
        buf_printf(&pem, "%.64s\n", base64 + i);
    }
    buf_append_string(&pem, "-----END CERTIFICATE-----\n");
    cJSON_Delete(keys);

    const struct identity_application application = {
        .client_id = "22222222-2222-4222-8222-222222222222",
        .object_id = "22222222-2222-4222-8222-222222222223",
        .name = "with a certificate",
    };
    identity_register(f->identity, &application);
    CHECK(identity_add_certificate(f->identity, application.client_id, buf_bytes(&pem)));
    CHECK(!identity_add_certificate(f->identity, application.client_id, BYTES("nonsense")));
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "iss", application.client_id);
    cJSON_AddStringToObject(claims, "sub", application.client_id);
    cJSON_AddStringToObject(claims, "aud", "https://" LOGIN V2);
    cJSON_AddNumberToObject(claims, "exp", (double)(START_MS / 1000 + 600));
    char *token = tokens_sign(tokens, TOKEN_TYPE_ACCESS, claims);
    char *body = string_format("grant_type=client_credentials&client_id=%s" ARM_SCOPE ASSERTION_TYPE
                               "&client_assertion=%s",
                               application.client_id, token);
    CHECK(fixture_post(f, LOGIN, V2, body) == 200);
    char *signature = strrchr(body, '.') + 10;
    *signature = *signature == 'A' ? 'B' : 'A';
    CHECK(fixture_post(f, LOGIN, V2, body) == 401);
    CHECK(fixture_number(f, "error_codes.0") == 700027);
    memory_free(body);
    memory_free(token);
    cJSON_Delete(claims);
    CHECK(identity_forget(f->identity, application.client_id));
    CHECK(!identity_forget(f->identity, application.client_id));
    tokens_destroy(tokens);
    buf_finish(&pem);
    buf_finish(&error);
}

TEST(a_federated_token_needs_its_audience)
{
    struct fixture *f = &shared;
    const int64_t later = START_MS / 1000 + 600;
    const char *issuer = "https://token.actions.githubusercontent.com";
    CHECK(post_assertion(f, assertion_make(issuer, "repo:a/b:ref:refs/heads/main",
                                           "api://AzureADTokenExchange", later)) == 200);
    CHECK(post_assertion(f, assertion_make(issuer, "repo:a/b", "https://github.com/a", later)) ==
          401);
    CHECK(fixture_number(f, "error_codes.0") == 700212);
}

static void check_user_answer(struct fixture *f, const char *issuer, const char *version)
{
    CHECK(f->status == 200);
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "oid"), IDENTITY_USER_OBJECT_ID);
    CHECK_TEXT(json_text(claims, "upn"), IDENTITY_USER_NAME);
    CHECK_TEXT(json_text(claims, "idtyp"), "user");
    CHECK_TEXT(json_text(claims, "scp"), "user_impersonation");
    cJSON_Delete(claims);
    claims = fixture_claims(f, "id_token");
    CHECK_TEXT(json_text(claims, "iss"), issuer);
    CHECK_TEXT(json_text(claims, "aud"), AZ_CLIENT);
    CHECK_TEXT(json_text(claims, "preferred_username"), IDENTITY_USER_NAME);
    CHECK_TEXT(json_text(claims, "tid"), TENANT);
    CHECK_TEXT(json_text(claims, "ver"), version);
    cJSON_Delete(claims);
    CHECK(fixture_string(f, "refresh_token")[0] != '\0');
    struct buf info;
    buf_init(&info, 256);
    CHECK(buf_append_base64_decoded(&info, bytes_from_string(fixture_string(f, "client_info"))));
    CHECK_TEXT(buf_string(&info),
               "{\"uid\":\"" IDENTITY_USER_OBJECT_ID "\",\"utid\":\"" TENANT "\"}");
    buf_finish(&info);
}

TEST(a_password_signs_the_user_in)
{
    struct fixture *f = &shared;
    fixture_post(f, LOGIN, "/organizations/oauth2/v2.0/token",
                 "grant_type=password&client_id=" AZ_CLIENT USER ARM_SCOPE OIDC);
    check_user_answer(f, "https://" LOGIN "/" TENANT "/v2.0", "2.0");
    CHECK(strstr(fixture_string(f, "scope"), "https://management.core.windows.net//.default") !=
          NULL);
    fixture_post(f, LOCAL, ADFS,
                 "grant_type=password&client_id=" AZ_CLIENT USER
                 "&scope=https://localhost:8443//.default" OIDC);
    check_user_answer(f, "https://" LOCAL "/adfs", "1.0");
    fixture_post(f, LOGIN, V2,
                 "grant_type=password&client_id=" AZ_CLIENT "&username=" IDENTITY_USER_NAME
                 "&password=wrong" ARM_SCOPE);
    check_error(f, 400, 50126, "invalid_grant",
                "Error validating credentials due to invalid username or password.");
    fixture_post(f, LOGIN, V2,
                 "grant_type=password&client_id=" AZ_CLIENT
                 "&username=nobody@example.org&password=wrong" ARM_SCOPE);
    check_error(f, 400, 50034, "invalid_grant",
                "The user account {EUII Hidden} does not exist in the " TENANT
                " directory. To sign into this application, the account must be added to the "
                "directory.");
    fixture_post(f, LOGIN, V2, "grant_type=password&client_id=" AZ_CLIENT "&username=a");
    CHECK(fixture_number(f, "error_codes.0") == 900144);
    fixture_post(f, LOGIN, "/common/oauth2/v2.0/token",
                 "grant_type=password&client_id=" AZ_CLIENT USER ARM_SCOPE);
    CHECK(fixture_number(f, "error_codes.0") == 9001023);
}

static char *refresh_body(const struct fixture *f, const char *client)
{
    return string_format("grant_type=refresh_token&client_id=%s&refresh_token=%s", client,
                         fixture_string(f, "refresh_token"));
}

TEST(a_refresh_token_lasts_ninety_days)
{
    struct fixture *f = &shared;
    fixture_post(f, LOGIN, V2, "grant_type=password&client_id=" AZ_CLIENT USER ARM_SCOPE OIDC);
    char *body = refresh_body(f, AZ_CLIENT);
    char *stolen = refresh_body(f, CLIENT);
    fixture_post(f, LOGIN, V2, body);
    check_user_answer(f, "https://" LOGIN "/" TENANT "/v2.0", "2.0");
    char *other = string_format("%s&scope=https://vault.azure.net/.default", body);
    CHECK(fixture_post(f, LOGIN, V2, other) == 200);
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "aud"), "https://vault.azure.net");
    cJSON_Delete(claims);
    CHECK(fixture_post(f, LOGIN, V2, stolen) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 70000);
    fixture_post(f, LOGIN, V2,
                 "grant_type=refresh_token&client_id=" AZ_CLIENT "&refresh_token=nonsense");
    check_error(f, 400, 9002313, "invalid_grant",
                "Invalid request. Request is malformed or invalid.");
    clock_advance(f->clock, INT64_C(90) * 86400 * 1000);
    fixture_post(f, LOGIN, V2, body);
    check_error(f, 400, 700082, "invalid_grant",
                "The refresh token has expired due to inactivity. The token was issued on "
                "2026-11-20T22:20:05.000Z and was inactive for 90.00:00:00.");
    clock_set(f->clock, START_MS);
    memory_free(body);
    memory_free(stolen);
    memory_free(other);
}

TEST(a_device_code_approves_itself)
{
    struct fixture *f = &shared;
    CHECK(fixture_post(f, LOCAL, "/adfs/oauth2/devicecode",
                       "client_id=" AZ_CLIENT
                       "&scope=https://localhost:8443//.default" OIDC) == 200);
    CHECK_TEXT(fixture_string(f, "verification_uri"), "https://" LOCAL "/devicelogin");
    CHECK(strlen(fixture_string(f, "user_code")) == 9);
    CHECK(fixture_number(f, "interval") == 1 && fixture_number(f, "expires_in") == 900);
    char *body =
        string_format("grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=" AZ_CLIENT
                      "&device_code=%s",
                      fixture_string(f, "device_code"));
    fixture_post(f, LOCAL, ADFS, body);
    check_error(f, 400, 70016, "authorization_pending",
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.");
    fixture_post(f, LOCAL, ADFS, body);
    check_user_answer(f, "https://" LOCAL "/adfs", "1.0");
    CHECK(fixture_post(f, LOCAL, ADFS, body) == 400);
    CHECK_TEXT(fixture_string(f, "error"), "bad_verification_code");
    memory_free(body);

    CHECK(fixture_post(f, LOGIN, "/common/oauth2/v2.0/devicecode",
                       "client_id=" AZ_CLIENT ARM_SCOPE) == 200);
    body = string_format("grant_type=device_code&client_id=" AZ_CLIENT "&code=%s",
                         fixture_string(f, "device_code"));
    clock_advance(f->clock, 900 * 1000);
    CHECK(fixture_post(f, LOGIN, V2, body) == 400);
    CHECK_TEXT(fixture_string(f, "error"), "expired_token");
    clock_set(f->clock, START_MS);
    memory_free(body);
    CHECK(fixture_post(f, LOGIN, "/common/oauth2/devicecode",
                       "client_id=" AZ_CLIENT "&resource=https://management.azure.com/") == 200);
    CHECK_TEXT(fixture_string(f, "expires_in"), "900");
    CHECK(fixture_post(f, LOGIN, V2, "client_id=" AZ_CLIENT "&grant_type=device_code") == 400);
    CHECK(fixture_get(f, LOCAL, "/devicelogin") == 200);
}

/* The code in the Location of the latest answer; owned by the caller. */
static char *code_of(const struct fixture *f)
{
    const char *code = strstr(f->headers, "code=");
    return code != NULL ? bytes_to_string((struct bytes){code + 5, strcspn(code + 5, "&\r")})
                        : string_duplicate("");
}

#define AUTHORIZE                                                                                  \
    "/organizations/oauth2/v2.0/authorize?client_id=" AZ_CLIENT                                    \
    "&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A5555&state=s%201&nonce=n1"          \
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method="           \
    "S256" ARM_SCOPE OIDC
#define VERIFIER "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

TEST(an_authorization_code_is_good_once)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOGIN, AUTHORIZE) == 302);
    CHECK(strstr(f->headers, "Location: http://localhost:5555?code=") != NULL);
    CHECK(strstr(f->headers, "&state=s%201&session_state=") != NULL);
    char *code = code_of(f);
    char *body = string_format("grant_type=authorization_code&client_id=" AZ_CLIENT
                               "&redirect_uri=http%%3A%%2F%%2Flocalhost%%3A5555&code=%s",
                               code);
    char *verified = string_format("%s" VERIFIER, body);
    CHECK(fixture_post(f, LOGIN, V2, body) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 501481);
    fixture_post(f, LOGIN, V2, verified);
    check_user_answer(f, "https://" LOGIN "/" TENANT "/v2.0", "2.0");
    cJSON *claims = fixture_claims(f, "id_token");
    CHECK_TEXT(json_text(claims, "nonce"), "n1");
    cJSON_Delete(claims);
    CHECK(fixture_post(f, LOGIN, V2, verified) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 54005);
    memory_free(code);
    memory_free(body);
    memory_free(verified);

    CHECK(fixture_get(f, LOGIN, AUTHORIZE) == 302);
    code = code_of(f);
    body = string_format("grant_type=authorization_code&client_id=" AZ_CLIENT VERIFIER
                         "&redirect_uri=http://localhost:1&code=%s",
                         code);
    CHECK(fixture_post(f, LOGIN, V2, body) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 500112);
    clock_advance(f->clock, 600 * 1000);
    CHECK(fixture_post(f, LOGIN, V2, body) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 70008);
    clock_set(f->clock, START_MS);
    memory_free(code);
    memory_free(body);
}

TEST(the_sign_in_page_answers_in_every_mode)
{
    struct fixture *f = &shared;
    CHECK(fixture_get(f, LOGIN, AUTHORIZE "&response_mode=form_post&client_info=1") == 200);
    CHECK(strstr(f->body, "action=\"http://localhost:5555\"") != NULL);
    CHECK(strstr(f->body, "name=\"state\" value=\"s 1\"") != NULL);
    CHECK(strstr(f->body, "name=\"client_info\"") != NULL);
    CHECK(fixture_get(f, LOGIN,
                      "/common/oauth2/v2.0/authorize?client_id=" CLIENT "&response_type=id_token"
                      "&redirect_uri=https://app.example/signin-oidc&scope=openid&nonce=x") == 302);
    CHECK(strstr(f->headers, "Location: https://app.example/signin-oidc#id_token=ey") != NULL);
    CHECK(fixture_get(f, LOGIN,
                      "/common/oauth2/v2.0/authorize?client_id=" CLIENT "&response_type=code"
                      "&redirect_uri=javascript:alert(1)&scope=openid") == 400);
    CHECK(fixture_number(f, "error_codes.0") == 50011);
    CHECK(fixture_get(f, LOGIN,
                      "/common/oauth2/v2.0/authorize?client_id=" CLIENT "&response_type=token"
                      "&redirect_uri=https://app.example/&scope=openid") == 400);
    CHECK_TEXT(fixture_string(f, "error"), "unsupported_response_type");
    CHECK(fixture_get(f, LOGIN,
                      "/common/oauth2/v2.0/authorize?client_id=" TENANT
                      "&response_type=code&redirect_uri=https://app.example/") == 400);
    CHECK(fixture_number(f, "error_codes.0") == 700016);
    CHECK(fixture_get(f, LOGIN, "/common/oauth2/v2.0/authorize") == 400);
    CHECK(fixture_get(f, LOGIN,
                      "/common/oauth2/v2.0/logout?post_logout_redirect_uri="
                      "https://app.example/") == 302);
    CHECK(fixture_get(f, LOGIN, "/common/oauth2/v2.0/logout") == 200);
}

TEST(an_application_acts_on_behalf_of_the_user)
{
    struct fixture *f = &shared;
    fixture_post(f, LOGIN, V2,
                 "grant_type=password&client_id=" CLIENT USER "&scope=api://" CLIENT
                 "/access_as_user");
    CHECK(f->status == 200);
    cJSON *claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "scp"), "access_as_user");
    cJSON_Delete(claims);
    char *body = string_format(
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=" CLIENT
        "&client_secret=" SECRET "&requested_token_use=on_behalf_of&assertion=%s" ARM_SCOPE,
        fixture_string(f, "access_token"));
    CHECK(fixture_post(f, LOGIN, V2, body) == 200);
    claims = fixture_claims(f, "access_token");
    CHECK_TEXT(json_text(claims, "upn"), IDENTITY_USER_NAME);
    CHECK_TEXT(json_text(claims, "aud"), "https://management.core.windows.net/");
    cJSON_Delete(claims);
    clock_advance(f->clock, 86400 * 1000);
    CHECK(fixture_post(f, LOGIN, V2, body) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 50013);
    clock_set(f->clock, START_MS);
    memory_free(body);
}

TEST(a_reset_forgets_registered_applications)
{
    struct fixture *f = &shared;
    const struct identity_application application = {
        .client_id = "44444444-4444-4444-8444-444444444444",
        .object_id = "44444444-4444-4444-8444-444444444445",
        .name = "short-lived",
    };
    const char *body = "grant_type=client_credentials&client_id="
                       "44444444-4444-4444-8444-444444444444&client_secret=second" ARM_SCOPE;
    identity_register(f->identity, &application);
    CHECK(identity_add_secret(f->identity, application.client_id, BYTES("first")));
    CHECK(fixture_post(f, LOGIN, V2, body) == 401);
    CHECK(identity_add_secret(f->identity, application.client_id, BYTES("second")));
    CHECK(!identity_add_secret(f->identity, TENANT, BYTES("x")));
    CHECK(fixture_post(f, LOGIN, V2, body) == 200);
    identity_reset(f->identity);
    CHECK(fixture_post(f, LOGIN, V2, body) == 400);
    CHECK(fixture_number(f, "error_codes.0") == 700016);
    CHECK(fixture_post(f, LOGIN, V2, CREDENTIALS ARM_SCOPE) == 200);
}

static const struct test_case cases[] = {
    CASE(a_secret_gives_an_application_token),
    CASE(v1_answers_numbers_as_strings),
    CASE(credentials_may_come_in_a_header),
    CASE(clients_are_refused_in_entras_words),
    CASE(an_application_may_name_standard_scopes_beside_a_resource),
    CASE(scopes_are_refused_in_entras_words),
    CASE(an_assertion_must_fit_the_client),
    CASE(a_registered_certificate_is_checked),
    CASE(a_federated_token_needs_its_audience),
    CASE(a_password_signs_the_user_in),
    CASE(a_refresh_token_lasts_ninety_days),
    CASE(a_device_code_approves_itself),
    CASE(an_authorization_code_is_good_once),
    CASE(the_sign_in_page_answers_in_every_mode),
    CASE(an_application_acts_on_behalf_of_the_user),
    CASE(a_reset_forgets_registered_applications),
};

int main(void)
{
    fixture_start(&shared, NULL);
    int result = test_run(cases, ARRAY_LEN(cases));
    fixture_stop(&shared);
    return result;
}
