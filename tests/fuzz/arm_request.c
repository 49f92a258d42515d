/*
 * Requests to the management API: lines "METHOD target" each followed by a line of body, all on one
 * service with a frozen clock that moves on a second after each.
 */
#include <assert.h>
#include <string.h>

#include "arm/service.h"
#include "tests/fuzz/fuzz.h"

static bool authenticate(void *context, struct bytes token, struct arm_principal *principal,
                         struct arm_error *error)
{
    (void)context;
    (void)token;
    (void)principal;
    (void)error;
    return true;
}

static void address(void *context, struct bytes name, const char *domain,
                    struct arm_cache_address *result)
{
    (void)context;
    (void)name;
    (void)domain;
    *result = (struct arm_cache_address){"localhost", 6379, 6380};
}

static void apply(void *context, const struct arm_cache *cache)
{
    (void)context;
    assert(cache->primary_key.size == 44 && cache->max_clients > 0);
}

static void ignore(void *context, struct bytes name)
{
    (void)context;
    (void)name;
}

static struct bytes take_line(struct bytes *input)
{
    struct bytes line = bytes_slice(*input, 0, bytes_find(*input, '\n'));
    *input = bytes_slice(*input, line.size + 1, input->size);
    return line;
}

static void ask(struct arm_service *service, struct bytes line, struct bytes body)
{
    struct http_header authorization = {BYTES("Authorization"), BYTES("Bearer x")};
    size_t space = bytes_find(line, ' ');
    struct bytes target = bytes_slice(line, space + 1, line.size);
    size_t mark = bytes_find(target, '?');
    struct http_request request = {
        .method = bytes_slice(line, 0, space),
        .target = target,
        .path = bytes_slice(target, 0, mark),
        .headers = {&authorization, 1, 1},
        .body = body,
        .minor_version = 1,
    };
    if (mark < target.size) {
        request.query = bytes_slice(target, mark + 1, target.size);
    }
    struct http_response response;
    http_response_init(&response, 200);
    arm_service_handle(service, &request, BYTES("management.azure.com"), &response);
    assert(response.status >= 200 && response.status < 500);
    http_response_finish(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct arm_host host = {
        .authenticate = authenticate,
        .cache_address = address,
        .cache_apply = apply,
        .cache_remove = ignore,
        .cache_flush = ignore,
    };
    struct random random;
    random_init(&random, 1);
    struct clock *clock = clock_create(NULL, NULL);
    clock_freeze(clock);
    const struct arm_service_config config = {
        .clock = clock,
        .random = &random,
        .host = &host,
        .provisioning = ARM_PROVISIONING_FAST,
        .tenant_id = "00000000-0000-4000-8000-00000000da7a",
        .subscription_id = "00000000-0000-4000-8000-000000006379",
        .subscription_name = "Fuzz",
    };
    struct arm_service *service = arm_service_create(&config);
    struct bytes input = {(const char *)data, size};
    for (int i = 0; i < 50 && input.size > 0; i++) {
        struct bytes line = take_line(&input);
        ask(service, line, take_line(&input));
        clock_advance(clock, 1000);
    }
    cJSON *saved = arm_service_save(service);
    struct buf error;
    buf_init(&error, 4096);
    bool loaded = arm_service_load(service, saved, &error);
    assert(loaded); /* what was saved can be loaded */
    buf_finish(&error);
    cJSON_Delete(saved);
    arm_service_destroy(service);
    clock_destroy(clock);
    return 0;
}
