/* Errors of the management API, of Entra ID and of Key Vault: status, code and words. */
#include <string.h>

#include "tests/support/test.h"
#include "tests/unit/emulator/faults_fixture.h"

#define CACHE "/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Cache/Redis/prod-1"

static struct fault_verdict verdict;

static bool on_request(const char *type, const char *attributes, const char *method)
{
    struct fault_subject subject = {.plane = FAULT_ARM, .moment = FAULT_AT_REQUEST, .age_ms = 5000};
    subject.values[FAULT_KEY_METHOD] = bytes_from_string(method);
    subject.values[FAULT_KEY_OPERATION] = BYTES("Microsoft.Cache/redis/write");
    subject.values[FAULT_KEY_RESOURCE] = BYTES(CACHE);
    subject.values[FAULT_KEY_RESOURCE_TYPE] = BYTES("Microsoft.Cache/Redis");
    subject.values[FAULT_KEY_LOCATION] = BYTES("eastus");
    subject.values[FAULT_KEY_SKU] = BYTES("Basic_C1");
    subject.values[FAULT_KEY_PRINCIPAL] = BYTES("p1");
    return fixture_decide(type, FAULT_ARM, attributes, &subject, &verdict);
}

TEST(each_preset_has_status_code_and_words)
{
    static const struct {
        const char *type;
        int status;
        const char *code, *says;
        bool get, put, delete;
    } presets[] = {
        {"quota_exceeded", 409, "SubscriptionIsOverQuotaForSku", "quota of 0 instances", 0, 1, 0},
        {"quota_limit", 409, "QuotaExceeded", "exceeding quota limits of Basic_C1", 0, 1, 0},
        {"service_quota_exceeded", 409, "ServiceQuotaExceeded", "for subscription 's1'", 0, 1, 0},
        {"insufficient_capacity", 409, "InsufficientCapacity", "capacity", 0, 1, 0},
        {"sku_not_available", 409, "SkuNotAvailable", "location 'eastus'", 0, 1, 0},
        {"zone_not_available", 400, "ResourceTypeNotSupportAvailabilityZones", "'eastus'", 0, 1, 0},
        {"region_unavailable", 400, "LocationNotAvailableForResourceType", "'eastus'", 0, 1, 0},
        {"name_not_available", 409, "NameNotAvailable", "An error occured", 0, 1, 0},
        {"provider_not_registered", 409, "MissingSubscriptionRegistration", "not registered", 1, 1,
         1},
        {"policy_denied", 403, "RequestDisallowedByPolicy", "Resource 'prod-1' was", 0, 1, 1},
        {"authorization_failed", 403, "AuthorizationFailed", "action 'Microsoft.Cache/redis/write'",
         1, 1, 1},
        {"resource_locked", 409, "ScopeLocked", "The scope '" CACHE "'", 0, 0, 1},
        {"conflict", 409, "Conflict", "maintenance.  As such", 0, 1, 1},
        {"throttle", 429, "SubscriptionRequestsThrottled", "after '17' seconds", 1, 1, 1},
        {"resource_throttle", 429, "ResourceRequestsThrottled", "after '30' seconds", 1, 1, 1},
        {"internal_error", 500, "InternalServerError", "Something went wrong.", 1, 1, 1},
        {"service_unavailable", 503, "ServiceUnavailable", "unavailable", 1, 1, 1},
        {"gateway_timeout", 504, "GatewayTimeout", "'Microsoft.Cache'", 1, 1, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
        CHECK_INT(on_request(presets[i].type, "{}", "GET"), presets[i].get);
        CHECK_INT(on_request(presets[i].type, "{}", "PUT"), presets[i].put);
        CHECK_INT(on_request(presets[i].type, "{}", "DELETE"), presets[i].delete);
        on_request(presets[i].type, "{}", presets[i].put ? "PUT" : "DELETE");
        CHECK_INT(verdict.status, presets[i].status);
        CHECK_TEXT(verdict.code, presets[i].code);
        if (!CHECK(strstr(verdict.message, presets[i].says) != NULL)) {
            printf("# %s: %s\n", presets[i].type, verdict.message);
        }
    }
}

TEST(attributes_stand_over_the_preset)
{
    CHECK(on_request("throttle",
                     "{\"retryAfter\":\"1m\",\"code\":\"TooMany\",\"message\":\"{name}: wait "
                     "{retryAfter}\",\"status\":503,\"served\":true}",
                     "GET"));
    CHECK_INT(verdict.status, 503);
    CHECK_INT(verdict.retry_after_s, 60);
    CHECK_TEXT(verdict.code, "TooMany");
    CHECK_TEXT(verdict.message, "prod-1: wait 60");
    CHECK(verdict.served);
    CHECK(on_request("error", "{\"status\":418,\"code\":\"Teapot\",\"message\":\"no\"}", "GET"));
    CHECK_INT(verdict.status, 418);
    CHECK(!on_request("error", "{\"status\":418}", "GET"));
}

TEST(gateway_html_and_not_yet_found)
{
    CHECK(on_request("gateway_html", "{}", "GET"));
    CHECK_INT(verdict.status, 502);
    CHECK(verdict.html && strncmp(verdict.message, "<html>", 6) == 0);
    CHECK(on_request("not_yet_found", "{\"for\":\"6s\"}", "GET"));
    CHECK_INT(verdict.status, 404);
    CHECK_TEXT(verdict.code, "ResourceNotFound");
    CHECK(strstr(verdict.message, "'Microsoft.Cache/Redis/prod-1' under resource group 'g1'") !=
          NULL);
    CHECK(!on_request("not_yet_found", "{\"for\":\"5s\"}", "GET"));
    CHECK(!on_request("not_yet_found", "{\"for\":\"6s\"}", "PUT"));
}

static bool on_token(const char *type, const char *attributes)
{
    struct fault_subject subject = {.plane = FAULT_ENTRA, .moment = FAULT_AT_REQUEST};
    subject.values[FAULT_KEY_CLIENT] = BYTES("app-1");
    subject.values[FAULT_KEY_TENANT] = BYTES("tenant-1");
    return fixture_decide(type, FAULT_ENTRA, attributes, &subject, &verdict);
}

TEST(entra_speaks_in_aadsts_codes)
{
    static const struct {
        const char *type;
        int status;
        const char *code, *error, *says;
    } presets[] = {
        {"expired_secret", 401, "7000222", "invalid_client", "for app 'app-1' are expired"},
        {"wrong_secret", 401, "7000215", "invalid_client", "added to app 'app-1'"},
        {"unknown_tenant", 400, "90002", "invalid_request", "Tenant 'tenant-1' not found"},
        {"disabled_principal", 400, "7000112", "unauthorized_client", "'app-1'(redurite) is"},
        {"throttled", 429, "50196", "invalid_grant", "client request loop"},
    };
    for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
        CHECK(on_token(presets[i].type, "{}"));
        CHECK_INT(verdict.status, presets[i].status);
        CHECK_TEXT(verdict.code, presets[i].code);
        CHECK_TEXT(verdict.detail, presets[i].error);
        CHECK(strstr(verdict.message, presets[i].says) != NULL);
    }
    CHECK(on_token("throttled", "{}") && verdict.retry_after_s == 60);
    CHECK(on_token("error", "{\"code\":\"70011\",\"message\":\"no\",\"error\":\"invalid_scope\"}"));
    CHECK_INT(verdict.status, 400);
    CHECK_TEXT(verdict.detail, "invalid_scope");
    CHECK(on_token("token_lifetime", "{\"lifetime\":\"5m\"}"));
    CHECK_INT(verdict.token_seconds, 300);
    CHECK(on_token("clock_skew", "{\"skew\":\"-10m\"}"));
    CHECK_INT(verdict.skew_s, -600);
    CHECK(!on_token("clock_skew", "{\"skew\":0}"));
    CHECK(on_token("key_rollover", "{}"));
    CHECK(verdict.other_key);
}

static bool on_secret(const char *type, const char *method)
{
    struct fault_subject subject = {.plane = FAULT_KEYVAULT, .moment = FAULT_AT_REQUEST};
    subject.values[FAULT_KEY_VAULT] = BYTES("kv-1");
    subject.values[FAULT_KEY_SECRET] = BYTES("password");
    subject.values[FAULT_KEY_METHOD] = bytes_from_string(method);
    return fixture_decide(type, FAULT_KEYVAULT, "{}", &subject, &verdict);
}

TEST(key_vault_refuses)
{
    CHECK(on_secret("forbidden", "GET"));
    CHECK_INT(verdict.status, 403);
    CHECK_TEXT(verdict.detail, "ForbiddenByRbac");
    CHECK(strstr(verdict.message, "'Microsoft.KeyVault/vaults/secrets/getSecret/action'") != NULL);
    CHECK(on_secret("forbidden", "PUT"));
    CHECK(strstr(verdict.message, "'Microsoft.KeyVault/vaults/secrets/setSecret/action'") != NULL);
    CHECK(on_secret("secret_not_found", "GET"));
    CHECK_INT(verdict.status, 404);
    CHECK(strstr(verdict.message, "(name/id) password was not found") != NULL);
    CHECK(on_secret("throttled", "GET"));
    CHECK_INT(verdict.status, 429);
    CHECK_INT(verdict.retry_after_s, 10);
    CHECK(on_secret("soft_deleted", "PUT"));
    CHECK_INT(verdict.status, 409);
    CHECK_TEXT(verdict.detail, "ObjectIsDeletedButRecoverable");
    CHECK(on_secret("soft_deleted", "GET"));
    CHECK_INT(verdict.status, 404);
    CHECK_TEXT(verdict.code, "SecretNotFound");
}

static const struct test_case cases[] = {
    CASE(each_preset_has_status_code_and_words),
    CASE(attributes_stand_over_the_preset),
    CASE(gateway_html_and_not_yet_found),
    CASE(entra_speaks_in_aadsts_codes),
    CASE(key_vault_refuses),
};

TEST_MAIN(cases)
