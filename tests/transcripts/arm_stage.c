/* The planes that speak HTTP, and DNS, in this process. */
#include "tests/transcripts/arm_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/interference.h"
#include "base/dns.h"
#include "emulator/dns_answer.h"
#include "emulator/http_faults.h"
#include "emulator/http_routes.h"
#include "emulator/key_vault.h"

#define CLIENT "00000000-0000-4000-8000-00000000c11e"
#define SECRET "redurite-client-secret"

struct arm_stage {
    struct arm_fixture *fixture;
    struct faults *faults;
    struct faults_listener changed;
    struct http_faults *http_faults;
    /* Made when they are first asked for: a signing key takes its time. */
    struct identity *identity;
    struct key_vault *vaults;
    struct http_routes routes;
    struct http_endpoint *front_door; /* which only says what names it serves */
};

/* ---- Faults ---- */

static void interfere(void *meddler, const struct arm_attempt *attempt,
                      struct arm_interference *interference)
{
    struct arm_stage *stage = meddler;
    http_faults_interfere(stage->http_faults, NULL, attempt, interference);
}

static void decide_outcome(void *meddler, const struct arm_ending *ending,
                           struct arm_outcome *outcome)
{
    struct arm_stage *stage = meddler;
    http_faults_decide_outcome(stage->http_faults, ending, outcome);
}

/* Operations that a rule held go on once it has gone. */
static void rules_changed(struct faults_listener *listener)
{
    struct arm_stage *stage = CONTAINER_OF(listener, struct arm_stage, changed);
    arm_service_release_operations(stage->fixture->service, http_faults_holds, stage->http_faults);
}

/* ---- Other hosts ---- */

static void open_hosts(struct arm_stage *stage)
{
    const struct identity_config config = {
        .clock = stage->fixture->clock,
        .random = &stage->fixture->random,
        .tenant_id = FIXTURE_TENANT,
        .client_id = CLIENT,
        .client_secret = SECRET,
        .subscription_id = FIXTURE_SUBSCRIPTION,
        .faults = http_faults_identity(stage->http_faults),
    };
    const struct http_endpoint_config door = {0};
    const struct site *sites;
    struct buf error;
    size_t count;

    buf_init(&error, 1024);
    stage->identity = identity_create(&config, &error);
    if (stage->identity == NULL) {
        fprintf(stderr, "%s\n", buf_string(&error));
        exit(1);
    }
    buf_finish(&error);
    stage->vaults = key_vault_create(stage->fixture->service, stage->identity, FIXTURE_TENANT);
    stage->front_door = http_endpoint_create(&door);
    sites = key_vault_sites(stage->vaults, &count);
    http_routes_add(&stage->routes, sites, count);
    http_endpoint_add_sites(stage->front_door, sites, count);
    sites = identity_sites(stage->identity, &count);
    http_routes_add(&stage->routes, sites, count);
    http_endpoint_add_sites(stage->front_door, sites, count);
}

static void ask_site(struct arm_stage *stage, const char *method, struct bytes authority,
                     const char *target, struct bytes body, const struct http_headers *headers,
                     struct http_response *response)
{
    struct bytes whole = bytes_from_string(target);
    size_t mark = bytes_find(whole, '?');
    struct http_request http = {
        .method = bytes_from_string(method),
        .target = whole,
        .host = authority,
        .path = bytes_slice(whole, 0, mark),
        .body = bytes_slice(body, 0, bytes_find(body, '\n')), /* forms are one line */
        .minor_version = 1,
    };
    if (headers != NULL) {
        http.headers = *headers;
    }
    if (mark < whole.size) {
        http.query = bytes_slice(whole, mark + 1, whole.size);
    }
    const struct site_request request = {
        .http = &http,
        .authority = authority,
        .tls = true,
        .peer = BYTES("127.0.0.1:50000"),
    };
    const struct site *site = http_routes_find(&stage->routes, authority, http.path);
    http_response_init(response, 200);
    if (site == NULL) {
        http_routes_explain(&stage->routes, &http, response);
    } else if (strcmp(site->name, "keyvault") != 0 ||
               !http_faults_answer_keyvault(stage->http_faults, stage->fixture->service, &request,
                                            response)) {
        site->handle(site->context, &request, response);
    }
}

/* ---- Names ---- */

static void append_name(struct buf *message, const char *name)
{
    struct bytes rest = bytes_from_string(name);
    while (rest.size > 0) {
        struct bytes label = bytes_slice(rest, 0, bytes_find(rest, '.'));
        buf_append_byte(message, (char)label.size);
        buf_append(message, label);
        rest = bytes_slice(rest, label.size + 1, rest.size);
    }
    buf_append_byte(message, '\0');
}

/* The name at `at`, which is moved behind it. Answers are our own: they are well-formed. */
static void read_name(struct bytes message, size_t *at, char name[DNS_NAME_SIZE])
{
    size_t from = *at, size = 0;
    bool jumped = false;
    for (;;) {
        unsigned char length = (unsigned char)message.data[from];
        if (length >= 0xc0) {
            *at = jumped ? *at : from + 2;
            jumped = true;
            from = (size_t)(length & 0x3f) << 8 | (unsigned char)message.data[from + 1];
            continue;
        }
        from += 1 + (size_t)length;
        if (length == 0) {
            break;
        }
        size += (size_t)snprintf(name + size, DNS_NAME_SIZE - size, "%s%.*s", size == 0 ? "" : ".",
                                 length, message.data + from - length);
    }
    *at = jumped ? *at : from;
}

static cJSON *read_record(struct bytes message, size_t *at)
{
    char owner[DNS_NAME_SIZE] = "", value[DNS_NAME_SIZE] = "";
    read_name(message, at, owner);
    unsigned char type = (unsigned char)message.data[*at + 1];
    size_t data = *at + 10;
    *at = data + (unsigned char)message.data[data - 1];
    if (type == DNS_CNAME) {
        read_name(message, &data, value);
    } else {
        const unsigned char *part = (const unsigned char *)message.data + data;
        snprintf(value, sizeof(value), "%u.%u.%u.%u", part[0], part[1], part[2], part[3]);
    }
    const char *const words[] = {owner, type == DNS_CNAME ? "CNAME" : "A", value};
    return cJSON_CreateStringArray(words, 3);
}

static void ask_name(struct arm_stage *stage, const char *name, struct http_response *response)
{
    const struct names names = {stage->fixture->service, stage->front_door, "127.0.0.1"};
    struct buf question, answer;

    buf_init(&question, DNS_PLAIN_LIMIT);
    buf_init(&answer, DNS_PLAIN_LIMIT);
    /* Id 1, recursion desired, one question; type A, class IN. */
    buf_append(&question, BYTES("\0\1\1\0\0\1\0\0\0\0\0\0"));
    append_name(&question, name);
    buf_append(&question, BYTES("\0\1\0\1"));
    dns_answer(&names, stage->faults, buf_bytes(&question), 0, &answer);
    http_response_init(response, answer.size == 0 ? -1 : answer.data[3] & 15);
    cJSON *records = cJSON_CreateArray();
    size_t at = question.size;
    for (int i = answer.size == 0 ? 0 : answer.data[7]; i > 0; i--) {
        cJSON_AddItemToArray(records, read_record(buf_bytes(&answer), &at));
    }
    if (cJSON_GetArraySize(records) > 0) {
        char *text = cJSON_PrintUnformatted(records);
        buf_append_string(&response->body, text);
        cJSON_free(text);
    }
    cJSON_Delete(records);
    buf_finish(&question);
    buf_finish(&answer);
}

/* ---- The stage ---- */

void arm_stage_ask(struct arm_stage *stage, const char *method, const char *target,
                   struct bytes body, const struct http_headers *headers,
                   struct http_response *response)
{
    struct bytes authority = BYTES("management.azure.com");
    bool named = strcmp(method, "DNS") == 0;

    if (strncmp(target, "https://", 8) == 0) {
        target += 8;
        authority = (struct bytes){target, strcspn(target, "/")};
        target += authority.size;
    }
    if (!named && bytes_equal_string(authority, "management.azure.com")) {
        arm_fixture_ask(stage->fixture, method, target, body, headers, response);
        return;
    }
    if (stage->identity == NULL) {
        open_hosts(stage);
    }
    if (named) {
        ask_name(stage, target, response);
    } else {
        ask_site(stage, method, authority, target, body, headers, response);
    }
    clock_run(stage->fixture->clock);
}

struct arm_fixture *arm_stage_fixture(struct arm_stage *stage)
{
    return stage->fixture;
}

struct faults *arm_stage_faults(struct arm_stage *stage)
{
    return stage->faults;
}

struct arm_stage *arm_stage_create(enum arm_provisioning provisioning, const uint64_t *limits)
{
    struct arm_stage *stage = memory_allocate_zeroed(sizeof(*stage));

    stage->fixture = arm_fixture_create_limited(provisioning, limits);
    stage->fixture->interfere = interfere;
    stage->fixture->decide_outcome = decide_outcome;
    stage->fixture->meddler = stage;
    const struct faults_config config = {
        .clock = stage->fixture->clock,
        .random = &stage->fixture->random,
    };
    stage->faults = faults_create(&config);
    stage->http_faults = http_faults_create(stage->faults);
    stage->changed.changed = rules_changed;
    faults_listen(stage->faults, &stage->changed);
    return stage;
}

void arm_stage_destroy(struct arm_stage *stage)
{
    if (stage == NULL) {
        return;
    }
    faults_leave(stage->faults, &stage->changed);
    key_vault_destroy(stage->vaults);
    identity_destroy(stage->identity);
    http_routes_finish(&stage->routes);
    if (stage->front_door != NULL) {
        http_endpoint_destroy(stage->front_door);
    }
    http_faults_destroy(stage->http_faults);
    faults_destroy(stage->faults);
    arm_fixture_destroy(stage->fixture);
    memory_free(stage);
}
