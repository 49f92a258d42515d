/* The management API on a frozen clock with a host that only listens. */
#include "tests/support/arm_fixture.h"

#include <stdio.h>
#include <string.h>

enum { MOST_HEADERS = 16 };

/* 2026-01-01T00:00:00Z */
static int64_t start_time(void *context)
{
    (void)context;
    return (int64_t)1767225600 * 1000000;
}

/* The token is who asks. */
static bool authenticate(void *context, struct bytes token, struct arm_principal *principal,
                         struct arm_error *error)
{
    (void)context;
    if (bytes_equal_string(token, "expired")) {
        return arm_fail(error, 401, "ExpiredAuthenticationToken",
                        "The access token expiry UTC time has passed.");
    }
    *principal = (struct arm_principal){.tenant_id = FIXTURE_TENANT};
    snprintf(principal->object_id, sizeof(principal->object_id), "%.*s", (int)token.size,
             token.data);
    snprintf(principal->name, sizeof(principal->name), "dev@redurite.onmicrosoft.com");
    return true;
}

/* A directory of those whose object id ends in a digit. */
static const char *principal_type(void *context, struct bytes object_id)
{
    (void)context;
    char last = object_id.data[object_id.size - 1];
    return last >= '0' && last <= '9' ? "ServicePrincipal" : NULL;
}

static void address(void *context, struct bytes name, const char *domain,
                    struct arm_cache_address *result)
{
    (void)context;
    *result = (struct arm_cache_address){.port = 6379, .ssl_port = 6380};
    snprintf(result->host_name, sizeof(result->host_name), "%.*s.%s", (int)name.size, name.data,
             domain);
}

static void tell(void *context, const char *verb, struct bytes name)
{
    struct arm_fixture *fixture = context;
    buf_printf(&fixture->told, "%s %.*s\n", verb, (int)name.size, name.data);
}

static void apply(void *context, const struct arm_cache *cache)
{
    tell(context, "apply", cache->name);
}

static void remove_cache(void *context, struct bytes name)
{
    tell(context, "remove", name);
}

static void flush(void *context, struct bytes name)
{
    tell(context, "flush", name);
}

static void reboot(void *context, struct bytes name, enum arm_nodes nodes, int shard)
{
    (void)nodes;
    (void)shard;
    tell(context, "reboot", name);
}

static void decide(void *context, const struct arm_ending *ending, struct arm_outcome *outcome)
{
    const struct arm_fixture *fixture = context;
    outcome->failed = fixture->fail_action != NULL &&
                      bytes_equal_string_nocase(ending->action, fixture->fail_action);
    if (outcome->failed) {
        arm_fail(&outcome->error, 500, "InternalServerError", "Something went wrong.");
    } else if (fixture->decide_outcome != NULL) {
        fixture->decide_outcome(fixture->meddler, ending, outcome);
    }
}

static void interfere(void *context, const struct arm_attempt *attempt,
                      struct arm_interference *interference)
{
    const struct arm_fixture *fixture = context;
    if (fixture->interfere != NULL) {
        fixture->interfere(fixture->meddler, attempt, interference);
    }
}

struct arm_fixture *arm_fixture_create(enum arm_provisioning provisioning)
{
    return arm_fixture_create_limited(provisioning, NULL);
}

struct arm_fixture *arm_fixture_create_limited(enum arm_provisioning provisioning,
                                               const uint64_t *limits)
{
    struct arm_fixture *fixture = memory_allocate_zeroed(sizeof(*fixture));
    const struct arm_host host = {
        .context = fixture,
        .authenticate = authenticate,
        .principal_type = principal_type,
        .cache_address = address,
        .cache_apply = apply,
        .cache_remove = remove_cache,
        .cache_flush = flush,
        .cache_reboot = reboot,
        .decide_outcome = decide,
        .interfere = interfere,
    };
    random_init(&fixture->random, 1);
    fixture->clock = clock_create(start_time, NULL);
    clock_freeze(fixture->clock);
    buf_init(&fixture->told, 1 << 20);
    snprintf(fixture->asks_as, sizeof(fixture->asks_as), "%s", FIXTURE_OWNER);
    struct arm_service_config config = {
        .clock = fixture->clock,
        .random = &fixture->random,
        .host = &host,
        .provisioning = provisioning,
        .polling = ARM_POLLING_AZURE,
        .tenant_id = FIXTURE_TENANT,
        .subscription_id = FIXTURE_SUBSCRIPTION,
        .subscription_name = "Test",
    };
    for (size_t i = 0; limits != NULL && i < ARM_LIMITS; i++) {
        config.limits[i] = limits[i];
    }
    fixture->service = arm_service_create(&config);
    return fixture;
}

void arm_fixture_destroy(struct arm_fixture *fixture)
{
    if (fixture != NULL) {
        arm_service_destroy(fixture->service);
        clock_destroy(fixture->clock);
        buf_finish(&fixture->told);
        memory_free(fixture);
    }
}

void arm_fixture_ask(struct arm_fixture *fixture, const char *method, const char *target,
                     struct bytes body, const struct http_headers *headers,
                     struct http_response *response)
{
    struct http_header list[MOST_HEADERS];
    struct bytes whole = bytes_from_string(target);
    size_t mark = bytes_find(whole, '?'), count = 0;
    char *authorization = string_format("Bearer %s", fixture->asks_as);
    list[count++] = (struct http_header){BYTES("Authorization"), bytes_from_string(authorization)};
    for (size_t i = 0; headers != NULL && i < headers->count && count < MOST_HEADERS; i++) {
        list[count++] = headers->list[i];
    }
    struct http_request request = {
        .method = bytes_from_string(method),
        .target = whole,
        .path = bytes_slice(whole, 0, mark),
        .headers = {list, count, count},
        .body = body,
        .minor_version = 1,
    };
    if (mark < whole.size) {
        request.query = bytes_slice(whole, mark + 1, whole.size);
    }
    http_response_init(response, 200);
    arm_service_handle(fixture->service, &request, BYTES("management.azure.com"), response);
    memory_free(authorization);
    if (bytes_equal_string(request.method, "HEAD")) {
        buf_clear(&response->body); /* as http_response_write leaves it out */
    }
    /* What is over at once is over when the client asks again. */
    clock_run(fixture->clock);
}

int arm_fixture_json(struct arm_fixture *fixture, const char *method, const char *target,
                     const char *body, cJSON **answer)
{
    struct http_response response;
    arm_fixture_ask(fixture, method, target, bytes_from_string(body), NULL, &response);
    if (answer != NULL) {
        *answer = cJSON_ParseWithLength(response.body.data, response.body.size);
    }
    int status = response.status;
    http_response_finish(&response);
    return status;
}
