/*
 * The identity plane in-process: a frozen clock, a seeded generator, and requests that find their
 * site by host and path as they do at the front door.
 */
#ifndef TESTS_IDENTITY_FIXTURE_H
#define TESTS_IDENTITY_FIXTURE_H

#include <cjson/cJSON.h>

#include "emulator/identity.h"

#define TENANT "00000000-0000-4000-8000-00000000da7a"
#define SUBSCRIPTION "00000000-0000-4000-8000-000000006379"
#define CLIENT "00000000-0000-4000-8000-00000000c11e"
#define SECRET "redurite-client-secret-for-tests"
#define AZ_CLIENT "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
#define LOGIN "login.microsoftonline.com"
#define LOCAL "localhost:8443"
#define START_MS INT64_C(1795213205000) /* 2026-11-20T22:20:05Z */

struct fixture {
    struct clock *clock;
    struct random random;
    struct identity *identity;
    const char *header_names[4], *header_values[4]; /* sent with the next request */
    /* Of the latest answer. */
    int status;
    char headers[4096];
    char body[65536];
    cJSON *json; /* NULL when the body is not JSON */
};

void fixture_start(struct fixture *fixture, const char *key_file);
void fixture_stop(struct fixture *fixture);
/* Sent with the next request only. */
void fixture_header(struct fixture *fixture, const char *name, const char *value);
/* Returns the status; 0 when no site answers that host and path. */
int fixture_get(struct fixture *fixture, const char *authority, const char *target);
int fixture_post(struct fixture *fixture, const char *authority, const char *target,
                 const char *body);
/* Whether the site of that request answers over plain HTTP. */
bool fixture_plain_allowed(struct fixture *fixture, const char *authority, const char *target);

/* A string of the latest answer, "a.b" for one inside an object; "" when it is not there. */
const char *fixture_string(const struct fixture *fixture, const char *path);
double fixture_number(const struct fixture *fixture, const char *path);
/* The payload of a token in the latest answer, unverified; owned by the caller. */
cJSON *fixture_claims(const struct fixture *fixture, const char *path);
const char *json_text(const cJSON *object, const char *name); /* "" when not there */

bool fixture_verify(struct fixture *fixture, const char *token, struct token_claims *claims,
                    struct arm_error *error);

#endif
