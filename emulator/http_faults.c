/* Subjects out of HTTP requests, and verdicts into answers. */
#include "emulator/http_faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "arm/vaults/data_plane.h"
#include "emulator/identity_state.h"
#include "emulator/recorder.h"
#include "emulator/tokens.h"

struct http_faults {
    struct faults *faults;
};

/* Where a connection is there, late answers and none are its business. */
static void set_fate(const struct site_request *request, const struct fault_verdict *verdict)
{
    const struct site_fate fate = {
        .holder = verdict->serial,
        .delay_ms = verdict->delay_ms,
        .silent = verdict->silent,
        .reset = verdict->ending == FAULT_RESETS,
        .ending_ms = verdict->ending_ms,
    };
    if (request != NULL && (fate.delay_ms > 0 || fate.silent)) {
        site_set_fate(request, &fate);
    }
}

/* ---- The management API ---- */

static void take_answer(const struct fault_verdict *verdict, struct arm_interference *interference)
{
    struct arm_error *error = &interference->error;

    interference->refused = verdict->status > 0 || verdict->silent;
    interference->handled = verdict->served;
    interference->html = verdict->html;
    interference->retry_after_s = verdict->retry_after_s;
    *error = (struct arm_error){.status = verdict->status, .from_provider = verdict->from_provider};
    fault_copy(verdict->code, error->code, sizeof(error->code));
    fault_copy(verdict->message, error->message, sizeof(error->message));
}

/* Object id, application id and name: any of them is matched. */
static void describe_principal(const struct arm_principal *principal, struct buf *text)
{
    buf_printf(text, "%s|%s|%s", principal->object_id, principal->application_id, principal->name);
}

static struct bytes last_segment(struct bytes path)
{
    size_t start = path.size;
    while (start > 0 && path.data[start - 1] != '/') {
        start--;
    }
    return bytes_slice(path, start, path.size);
}

static bool decide_poll(struct http_faults *owner, const struct arm_attempt *attempt,
                        struct fault_verdict *verdict)
{
    const struct arm_ending *polled = attempt->polled;
    struct fault_subject subject = {.plane = FAULT_OPERATION, .moment = FAULT_AT_POLL};

    if (polled == NULL || !faults_armed(owner->faults, FAULT_OPERATION)) {
        return false;
    }
    subject.values[FAULT_KEY_OPERATION] = polled->action;
    subject.values[FAULT_KEY_RESOURCE] = polled->resource_id;
    subject.values[FAULT_KEY_LOCATION] = polled->location;
    subject.values[FAULT_KEY_NAME] = last_segment(attempt->path); /* the operation's id */
    return faults_decide(owner->faults, &subject, verdict);
}

static bool decide_request(struct http_faults *owner, const struct arm_attempt *attempt,
                           struct fault_verdict *verdict)
{
    struct fault_subject subject = {.moment = FAULT_AT_REQUEST, .age_ms = attempt->age_ms};
    struct buf operation, principal;
    bool acts = false;

    if (!faults_armed(owner->faults, FAULT_ARM) && !faults_armed(owner->faults, FAULT_MONITOR)) {
        return false;
    }
    buf_init(&operation, 8192);
    buf_init(&principal, 1024);
    arm_operation_name(attempt->method, attempt->path, &operation);
    describe_principal(attempt->principal, &principal);
    subject.values[FAULT_KEY_METHOD] = attempt->method;
    subject.values[FAULT_KEY_OPERATION] = buf_bytes(&operation);
    subject.values[FAULT_KEY_RESOURCE] = attempt->resource_id;
    subject.values[FAULT_KEY_RESOURCE_TYPE] = attempt->resource_type;
    subject.values[FAULT_KEY_LOCATION] = attempt->location;
    subject.values[FAULT_KEY_SKU] = attempt->sku;
    subject.values[FAULT_KEY_API_VERSION] = attempt->api_version;
    subject.values[FAULT_KEY_PRINCIPAL] = buf_bytes(&principal);
    if (bytes_match_glob(BYTES("*/providers/microsoft.insights/*"), attempt->path, true)) {
        subject.plane = FAULT_MONITOR;
        acts = faults_decide(owner->faults, &subject, verdict);
    }
    if (!acts) {
        subject.plane = FAULT_ARM;
        acts = faults_decide(owner->faults, &subject, verdict);
    }
    buf_finish(&operation);
    buf_finish(&principal);
    return acts;
}

void http_faults_interfere(struct http_faults *owner, const struct site_request *request,
                           const struct arm_attempt *attempt, struct arm_interference *interference)
{
    struct fault_verdict verdict;

    if (decide_poll(owner, attempt, &verdict) || decide_request(owner, attempt, &verdict)) {
        take_answer(&verdict, interference);
        set_fate(request, &verdict);
    }
}

void http_faults_decide_outcome(struct http_faults *owner, const struct arm_ending *ending,
                                struct arm_outcome *outcome)
{
    struct fault_subject subject = {
        .plane = FAULT_OPERATION,
        .moment = FAULT_AT_DUE,
        .duration_ms = ending->duration_ms,
        .postponed = ending->postponed,
    };
    struct fault_verdict verdict;

    if (!faults_armed(owner->faults, FAULT_OPERATION)) {
        return;
    }
    size_t slash = ending->action.size;
    while (slash > 0 && ending->action.data[slash - 1] != '/') {
        slash--;
    }
    subject.values[FAULT_KEY_OPERATION] = ending->action;
    subject.values[FAULT_KEY_RESOURCE] = ending->resource_id;
    subject.values[FAULT_KEY_LOCATION] = ending->location;
    subject.values[FAULT_KEY_RESOURCE_TYPE] =
        bytes_slice(ending->action, 0, slash == 0 ? 0 : slash - 1);
    if (!faults_decide(owner->faults, &subject, &verdict)) {
        return;
    }
    outcome->later_ms = verdict.later_ms;
    outcome->holder = verdict.serial;
    outcome->failed = verdict.fails;
    if (verdict.fails) {
        arm_fail_provider(&outcome->error, 500, verdict.code, "%s", verdict.message);
    }
}

bool http_faults_holds(void *context, uint64_t holder)
{
    const struct http_faults *owner = context;
    return faults_acting(owner->faults, holder);
}

/* ---- Entra ID ---- */

static struct fault_subject token_subject(const struct token_attempt *attempt,
                                          enum fault_moment moment)
{
    struct fault_subject subject = {.plane = FAULT_ENTRA, .moment = moment};

    subject.values[FAULT_KEY_CLIENT] = attempt->client;
    subject.values[FAULT_KEY_TENANT] = attempt->tenant;
    subject.values[FAULT_KEY_GRANT] = attempt->grant;
    return subject;
}

static bool admit_token(void *context, const struct site_request *request,
                        const struct token_attempt *attempt, struct token_refusal_words *words)
{
    struct http_faults *owner = context;
    const struct fault_subject subject = token_subject(attempt, FAULT_AT_REQUEST);
    struct fault_verdict verdict;

    if (!faults_armed(owner->faults, FAULT_ENTRA) ||
        !faults_decide(owner->faults, &subject, &verdict)) {
        return true;
    }
    set_fate(request, &verdict);
    words->status = verdict.status == 0 ? 400 : verdict.status;
    words->code = atoi(strncmp(verdict.code, "AADSTS", 6) == 0 ? verdict.code + 6 : verdict.code);
    words->retry_after_s = verdict.retry_after_s;
    fault_copy(verdict.detail, words->error, sizeof(words->error));
    fault_copy(verdict.message, words->message, sizeof(words->message));
    return verdict.status == 0 && !verdict.silent;
}

static void shape_token(void *context, const struct token_attempt *attempt,
                        struct token_shape *shape)
{
    struct http_faults *owner = context;
    const struct fault_subject subject = token_subject(attempt, FAULT_AT_TOKEN);
    struct fault_verdict verdict;

    if (faults_armed(owner->faults, FAULT_ENTRA) &&
        faults_decide(owner->faults, &subject, &verdict)) {
        *shape = (struct token_shape){verdict.token_seconds, verdict.skew_s, verdict.other_key};
    }
}

static bool other_key(void *context, const struct token_attempt *attempt)
{
    struct http_faults *owner = context;
    const struct fault_subject subject = token_subject(attempt, FAULT_AT_CHECK);
    struct fault_verdict verdict;

    return faults_armed(owner->faults, FAULT_ENTRA) &&
           faults_decide(owner->faults, &subject, &verdict) && verdict.other_key;
}

struct identity_faults http_faults_identity(struct http_faults *owner)
{
    return (struct identity_faults){owner, admit_token, shape_token, other_key};
}

/* ---- Key Vault ---- */

/* {"error":{"code","message","innererror":{"code"}}} */
static void answer_keyvault(const struct fault_verdict *verdict, struct http_response *response)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(document, "error");

    cJSON_AddStringToObject(error, "code", verdict->code);
    cJSON_AddStringToObject(error, "message", verdict->message);
    if (verdict->detail[0] != '\0') {
        cJSON_AddStringToObject(cJSON_AddObjectToObject(error, "innererror"), "code",
                                verdict->detail);
    }
    if (verdict->retry_after_s > 0) {
        http_response_header(response, "Retry-After", "%lld", (long long)verdict->retry_after_s);
    }
    identity_reply_json(response, verdict->status, document);
}

/* "password" of "/secrets/password/4387e9f3d6e14c459867679a90fd0f79". */
static struct bytes secret_in(struct bytes path)
{
    struct bytes start = BYTES("/secrets/");
    if (!bytes_equal_nocase(bytes_slice(path, 0, start.size), start)) {
        return (struct bytes){0};
    }
    path = bytes_slice(path, start.size, path.size);
    return bytes_slice(path, 0, bytes_find(path, '/'));
}

/* As the service's refusals name it. What the token says is only told back: nobody checks it. */
static void describe_caller(const struct http_request *http, struct buf *text)
{
    struct bytes token = http_headers_get(&http->headers, "Authorization");
    cJSON *header, *payload;

    if (!token_read(bytes_slice(token, strlen("Bearer "), token.size), &header, &payload)) {
        return;
    }
    static const char *const claims[] = {"appid", "oid", "iss"};
    for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
        const cJSON *claim = cJSON_GetObjectItemCaseSensitive(payload, claims[i]);
        buf_printf(text, "%s%s=%.100s", i == 0 ? "" : ";", claims[i],
                   cJSON_IsString(claim) ? claim->valuestring : "");
    }
    cJSON_Delete(header);
    cJSON_Delete(payload);
}

/* "/subscriptions/.../vaults/kv-1/secrets/password", in lower case as the service writes it. */
static void describe_secret(struct bytes vault_id, struct bytes secret, struct buf *text)
{
    buf_append(text, vault_id);
    for (size_t i = 0; i < text->size; i++) {
        char c = text->data[i];
        text->data[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    buf_append_string(text, "/secrets");
    if (secret.size > 0) {
        buf_append_byte(text, '/');
        buf_append(text, bytes_slice(secret, 0, 127));
    }
}

bool http_faults_answer_keyvault(struct http_faults *owner, const struct arm_service *service,
                                 const struct site_request *request, struct http_response *response)
{
    struct fault_subject subject = {.plane = FAULT_KEYVAULT, .moment = FAULT_AT_REQUEST};
    const struct http_request *http = request->http;
    struct fault_verdict verdict;
    struct buf caller, resource;

    /* The challenge that asks for a token is not what one wants to see fail. */
    if (!faults_armed(owner->faults, FAULT_KEYVAULT) ||
        http_headers_get(&http->headers, "Authorization").size == 0) {
        return false;
    }
    struct bytes vault = bytes_slice(http->host, 0, bytes_find(http->host, '.'));
    struct arm_vault_place place = arm_vault_place(service, vault);
    buf_init(&caller, 1024);
    buf_init(&resource, 1024);
    describe_caller(http, &caller);
    describe_secret(place.id, secret_in(http->path), &resource);
    subject.values[FAULT_KEY_VAULT] = vault;
    subject.values[FAULT_KEY_SECRET] = secret_in(http->path);
    subject.values[FAULT_KEY_METHOD] = http->method;
    subject.values[FAULT_KEY_PRINCIPAL] = buf_bytes(&caller);
    subject.values[FAULT_KEY_RESOURCE] = buf_bytes(&resource);
    subject.values[FAULT_KEY_LOCATION] = place.location;
    bool acts = faults_decide(owner->faults, &subject, &verdict);
    buf_finish(&caller);
    buf_finish(&resource);
    if (!acts) {
        return false;
    }
    set_fate(request, &verdict);
    if (verdict.status == 0) {
        return verdict.silent;
    }
    answer_keyvault(&verdict, response);
    return true;
}

/* ---- Life ---- */

struct http_faults *http_faults_create(struct faults *faults)
{
    struct http_faults *owner = memory_allocate_zeroed(sizeof(*owner));
    owner->faults = faults;
    return owner;
}

void http_faults_destroy(struct http_faults *owner)
{
    memory_free(owner);
}
