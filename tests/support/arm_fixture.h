/*
 * The management API in this process, for tests: a frozen clock, a host that only writes down what
 * it is told, and tokens that name who asks.
 */
#ifndef TESTS_SUPPORT_ARM_FIXTURE_H
#define TESTS_SUPPORT_ARM_FIXTURE_H

#include "arm/service.h"

#define FIXTURE_SUBSCRIPTION "00000000-0000-4000-8000-000000006379"
#define FIXTURE_TENANT "00000000-0000-4000-8000-00000000da7a"
#define FIXTURE_OWNER "00000000-0000-4000-8000-0000000000a2"

struct arm_fixture {
    struct random random;
    struct clock *clock;
    struct arm_service *service;
    struct buf told;         /* "apply c1\n", "remove c1\n": what the host heard, oldest first */
    char asks_as[64];        /* the object id of who asks; FIXTURE_OWNER at first */
    const char *fail_action; /* operations of this action fail; NULL: none */
    /* Asked as arm_host.interfere and arm_host.decide_outcome are; NULL: nobody is. */
    void (*interfere)(void *meddler, const struct arm_attempt *attempt,
                      struct arm_interference *interference);
    void (*decide_outcome)(void *meddler, const struct arm_ending *ending,
                           struct arm_outcome *outcome);
    void *meddler;
};

struct arm_fixture *arm_fixture_create(enum arm_provisioning provisioning);
/* With these limits of requests an hour; NULL: Azure's. */
struct arm_fixture *arm_fixture_create_limited(enum arm_provisioning provisioning,
                                               const uint64_t *limits);
void arm_fixture_destroy(struct arm_fixture *fixture);

/*
 * Asks; `target` is the path with its query, `body` may be empty, `headers` may be NULL. The
 * response is the caller's to finish.
 */
void arm_fixture_ask(struct arm_fixture *fixture, const char *method, const char *target,
                     struct bytes body, const struct http_headers *headers,
                     struct http_response *response);
/* The same, for the status and the parsed body (the caller's; NULL when empty) only. */
int arm_fixture_json(struct arm_fixture *fixture, const char *method, const char *target,
                     const char *body, cJSON **answer);

#endif
