/*
 * Azure Resource Manager's limits: so many reads, writes and deletions an hour for each principal.
 * What is left stands in the answers' headers; with nothing left the answer is 429 until the hour
 * is over, on the emulator's clock.
 */
#include <stdio.h>
#include <string.h>

#include "arm/service_state.h"

enum { HOUR_MS = 3600 * 1000, MOST_QUOTAS = 1000 };

struct arm_quota {
    char object_id[64];
    int64_t since_ms;
    uint64_t used[ARM_LIMITS];
    struct arm_quota *next;
};

static const char *const kinds[ARM_LIMITS] = {"read", "write", "delete"};

static enum arm_limit kind_of(const struct arm_call *call)
{
    if (call->method == ARM_GET || call->method == ARM_HEAD) {
        return ARM_LIMIT_READS;
    }
    return call->method == ARM_DELETE ? ARM_LIMIT_DELETES : ARM_LIMIT_WRITES;
}

/* The caller's, moved to the front; the one not used for longest makes room. */
static struct arm_quota *quota_of(const struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct arm_quota **at = &service->quotas;
    size_t count = 0;
    while (*at != NULL && strcmp((*at)->object_id, call->principal.object_id) != 0) {
        if (++count == MOST_QUOTAS && (*at)->next != NULL) {
            memory_free((*at)->next);
            (*at)->next = NULL;
        }
        at = &(*at)->next;
    }
    struct arm_quota *quota = *at;
    if (quota == NULL) {
        quota = memory_allocate_zeroed(sizeof(*quota));
        memcpy(quota->object_id, call->principal.object_id, sizeof(quota->object_id));
        quota->since_ms = clock_now_ms(service->clock);
    } else {
        *at = quota->next;
    }
    quota->next = service->quotas;
    service->quotas = quota;
    return quota;
}

bool arm_step_throttle(struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct arm_quota *quota = quota_of(call);
    enum arm_limit kind = kind_of(call);
    int64_t now_ms = clock_now_ms(service->clock);
    if (now_ms < quota->since_ms || now_ms >= quota->since_ms + HOUR_MS) {
        memset(quota->used, 0, sizeof(quota->used));
        quota->since_ms = now_ms;
    }
    if (quota->used[kind] < service->config.limits[kind]) {
        quota->used[kind]++;
        return true;
    }
    long long seconds = (long long)(quota->since_ms + HOUR_MS - now_ms + 999) / 1000;
    http_response_header(call->response, "Retry-After", "%lld", seconds);
    return arm_fail(&call->error, 429, "SubscriptionRequestsThrottled",
                    "Number of '%s' requests for subscription '%s' actor '%s' exceeded. Please try "
                    "again after '%lld' seconds after additional tokens are available. Refer to "
                    "https://aka.ms/arm-throttling for additional information.",
                    kinds[kind], service->config.subscription_id, call->principal.object_id,
                    seconds);
}

void arm_throttle_headers(struct arm_call *call)
{
    enum arm_limit kind = kind_of(call);
    const struct arm_quota *quota = call->service->quotas;
    char name[64];
    if (call->response->status >= 400 || quota == NULL) {
        return;
    }
    snprintf(name, sizeof(name), "x-ms-ratelimit-remaining-subscription-%ss", kinds[kind]);
    http_response_header(
        call->response, name, "%llu",
        (unsigned long long)(call->service->config.limits[kind] - quota->used[kind]));
}

void arm_throttle_clear(struct arm_service *service)
{
    while (service->quotas != NULL) {
        struct arm_quota *quota = service->quotas;
        service->quotas = quota->next;
        memory_free(quota);
    }
}
