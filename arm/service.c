/* The management API's entry: the pipeline as an array of steps, and the service's life. */
#include "arm/service.h"

#include <stdio.h>
#include <string.h>

#include "arm/activity.h"
#include "arm/json.h"
#include "arm/relaxed_json.h"
#include "arm/service_state.h"
#include "base/log.h"

/* ---- Steps ---- */

static bool step_method(struct arm_call *call)
{
    static const struct {
        const char *name;
        enum arm_method method;
    } methods[] = {{"GET", ARM_GET},   {"PUT", ARM_PUT},       {"PATCH", ARM_PATCH},
                   {"POST", ARM_POST}, {"DELETE", ARM_DELETE}, {"HEAD", ARM_HEAD}};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (bytes_equal_string(call->request->method, methods[i].name)) {
            call->method = methods[i].method;
            return true;
        }
    }
    return arm_fail(&call->error, 405, "HttpMethodNotAllowed",
                    "The requested resource does not support http method '%.*s'.",
                    (int)bytes_slice(call->request->method, 0, 32).size,
                    call->request->method.data);
}

static bool step_path(struct arm_call *call)
{
    struct bytes path = call->request->path;
    size_t used = 0;
    while (path.size > 0) {
        size_t size = bytes_find(path, '/');
        struct bytes segment = bytes_slice(path, 0, size);
        path = bytes_slice(path, size + 1, path.size);
        if (segment.size == 0) {
            continue;
        }
        struct buf decoded;
        buf_init(&decoded, sizeof(call->path));
        bool good = http_url_decode(segment, false, &decoded) &&
                    decoded.size + 1 <= sizeof(call->path) - used &&
                    call->segment_count < MOST_SEGMENTS &&
                    bytes_find(buf_bytes(&decoded), '\0') == decoded.size &&
                    bytes_are_utf8(buf_bytes(&decoded));
        if (good) {
            call->segments[call->segment_count++] = call->path + used;
            if (decoded.size > 0) {
                memcpy(call->path + used, decoded.data, decoded.size);
            }
            used += decoded.size;
            call->path[used++] = '\0';
        }
        buf_finish(&decoded);
        if (!good) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The request path is too long or not properly encoded.");
        }
    }
    return true;
}

static bool step_authenticate(struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct bytes header = http_headers_get(&call->request->headers, "Authorization");
    bool bearer =
        header.size > 7 && bytes_equal_string_nocase(bytes_slice(header, 0, 7), "Bearer ");
    bool good = bearer ? service->host.authenticate(service->host.context,
                                                    bytes_slice(header, 7, header.size),
                                                    &call->principal, &call->error)
                       : arm_fail(&call->error, 401, "AuthenticationFailed",
                                  "Authentication failed. The 'Authorization' header is missing.");
    if (!good) {
        http_response_header(call->response, "WWW-Authenticate",
                             "Bearer authorization_uri=\"https://login.windows.net/%s\", "
                             "error=\"invalid_token\", error_description=\"%s\"",
                             service->config.tenant_id, call->error.message);
    }
    return good;
}

static bool date_like(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != '-') {
            return false;
        }
    }
    return text[10] == '\0' || text[10] == '-';
}

static bool step_api_version(struct arm_call *call)
{
    struct buf value;
    buf_init(&value, sizeof(call->api_version) - 1);
    bool given = arm_query(call, "api-version", &value);
    if (given) {
        snprintf(call->api_version, sizeof(call->api_version), "%s", buf_string(&value));
    }
    buf_finish(&value);
    if (!given || call->api_version[0] == '\0') {
        return arm_fail(&call->error, 400, "MissingApiVersionParameter",
                        "The api-version query parameter (?api-version=) is required for all "
                        "requests.");
    }
    return date_like(call->api_version) ||
           arm_fail(&call->error, 400, "InvalidApiVersionParameter",
                    "The api-version '%s' is invalid. The supported versions are "
                    "'2024-11-01,2024-03-01,2023-08-01,2023-04-01,2022-09-01,2022-06-01,"
                    "2021-04-01,2020-06-01,2019-11-01,2018-05-01'.",
                    call->api_version);
}

static bool step_subscription(struct arm_call *call)
{
    if (call->segment_count < 2 ||
        !bytes_equal_string_nocase(bytes_from_string(call->segments[0]), "subscriptions")) {
        return true;
    }
    const char *id = call->segments[1];
    if (!arm_guid_like(id)) {
        return arm_fail(&call->error, 400, "InvalidSubscriptionId",
                        "The provided subscription identifier '%.64s' is malformed or invalid.",
                        id);
    }
    return bytes_equal_string_nocase(bytes_from_string(id),
                                     call->service->config.subscription_id) ||
           arm_fail(&call->error, 404, "SubscriptionNotFound",
                    "The subscription '%s' could not be found.", id);
}

/* Their bodies may hold the text of a template file as it is. */
static bool is_deployment(const struct arm_call *call)
{
    for (size_t i = 2; i + 1 < call->segment_count; i++) {
        if (bytes_equal_string_nocase(bytes_from_string(call->segments[i]),
                                      "Microsoft.Resources") &&
            bytes_equal_string_nocase(bytes_from_string(call->segments[i + 1]), "deployments")) {
            return true;
        }
    }
    return false;
}

/* Deployments are read as Azure's reader does, and so is what recorders write of az's bytes: b'{}'
 */
static bool step_body(struct arm_call *call)
{
    struct bytes body = call->request->body;
    if (bytes_start_with(body, BYTES("\xef\xbb\xbf"))) {
        body = bytes_slice(body, 3, body.size);
    }
    if (body.size == 0 || call->body != NULL || call->method == ARM_GET ||
        call->method == ARM_HEAD) {
        return true;
    }
    if (!bytes_are_utf8(body)) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'It is "
                        "not valid UTF-8.'.");
    }
    const char *end = NULL;
    size_t position = 0;
    if (is_deployment(call) || bytes_start_with(body, BYTES("b'"))) {
        call->body = arm_relaxed_json(body, &position);
        end = call->body != NULL ? body.data + body.size : body.data + position;
    } else {
        call->body = cJSON_ParseWithLengthOpts(body.data, body.size, &end, false);
    }
    while (call->body != NULL && end < body.data + body.size &&
           (*end == ' ' || *end == '\n' || *end == '\r' || *end == '\t' || *end == '\0')) {
        end++;
    }
    if (call->body != NULL && end == body.data + body.size) {
        return true;
    }
    return arm_fail(&call->error, 400, "InvalidRequestContent",
                    "The request content was invalid and could not be deserialized: 'Unexpected "
                    "character or end of JSON input at position %zu.'.",
                    end == NULL ? (size_t)0 : (size_t)(end - body.data));
}

static bool step_registered(struct arm_call *call)
{
    if (!call->target.resource) {
        return true;
    }
    const struct arm_provider *provider = arm_provider_find(call->service, call->target.namespace);
    if (provider == NULL) {
        return arm_fail(&call->error, 404, "InvalidResourceNamespace",
                        "The resource namespace '%.*s' is invalid.",
                        (int)call->target.namespace.size, call->target.namespace.data);
    }
    return arm_provider_registered(provider) ||
           arm_fail(&call->error, 409, "MissingSubscriptionRegistration",
                    "The subscription is not registered to use namespace '%.*s'. See "
                    "https://aka.ms/rps-not-found for how to register subscriptions.",
                    (int)call->target.namespace.size, call->target.namespace.data);
}

static bool step_handle(struct arm_call *call)
{
    return call->route != NULL ? call->route->handle(call) : arm_resource_request(call);
}

static bool step_note(struct arm_call *call)
{
    arm_activity_begin(call);
    return true;
}

/* From the first that is the client's business on; those before it are the network's. */
static arm_handler *const steps[] = {
    step_method,      step_authenticate, arm_step_throttle, step_path,
    step_api_version, step_subscription, step_body,         arm_route,
    arm_step_action,  step_note,         arm_interfere,     arm_step_authorized,
    step_registered,  arm_step_unlocked, arm_step_policy,   step_handle,
};
enum { FIRST_INNER_STEP = 3 }; /* of a call by the service itself */

/* A correlation id that the client sends is kept: it joins the requests of one task. */
static void identify(struct arm_call *call)
{
    struct bytes sent = http_headers_get(&call->request->headers, "x-ms-correlation-request-id");
    const struct arm_call *outer = call->service->calling;
    random_guid(call->service->random, call->request_id);
    if (outer != NULL) {
        snprintf(call->correlation_id, sizeof(call->correlation_id), "%s", outer->correlation_id);
        return;
    }
    random_guid(call->service->random, call->correlation_id);
    if (sent.size == GUID_SIZE) {
        char text[GUID_SIZE + 1];
        snprintf(text, sizeof(text), "%.*s", (int)sent.size, sent.data);
        if (arm_guid_like(text)) {
            memcpy(call->correlation_id, text, sizeof(text));
        }
    }
}

static void conclude(struct arm_call *call, bool good)
{
    if (call->interference.refused && good) {
        /* It has had its effect; what the client hears is something else. */
        buf_clear(&call->response->headers);
        buf_clear(&call->response->body);
        arm_start_headers(call);
        call->error = call->interference.error;
        good = false;
    }
    if (!good) {
        arm_answer_error(call);
    }
    arm_activity_end(call);
}

/* False: it waits. */
static bool run(struct arm_call *call, arm_handler *const *step, size_t count)
{
    struct arm_service *service = call->service;
    struct arm_call *outer = service->calling;
    bool good = true;
    service->calling = call;
    for (size_t i = 0; i < count && good; i++) {
        good = step[i](call);
    }
    service->calling = outer;
    if (call->wait->waits) {
        return false;
    }
    conclude(call, good);
    return true;
}

static bool begin(struct arm_call *call, size_t step)
{
    identify(call);
    arm_start_headers(call);
    return run(call, steps + step, ARRAY_LEN(steps) - step);
}

static void free_call(struct arm_call *call)
{
    arm_documents_forget(&call->wait_storage.documents);
    cJSON_Delete(call->wait_storage.kept);
    cJSON_Delete(call->body);
    cJSON_Delete(call->error_info);
    memory_free(call);
}

/* All that a call waits for is here. */
static void documents_arrived(struct arm_documents *documents)
{
    static arm_handler *const again[] = {step_body, step_handle};
    struct arm_call *call = CONTAINER_OF(documents, struct arm_call, wait_storage.documents);
    struct arm_wait wait = *call->wait;
    call->wait->waits = false;
    cJSON_Delete(call->body);
    call->body = NULL;
    if (run(call, again, ARRAY_LEN(again))) {
        arm_throttle_headers(call);
        free_call(call);
        wait.answered(wait.context);
    }
}

static struct arm_call *make_call(struct arm_service *service, const struct http_request *request,
                                  struct http_response *response)
{
    struct arm_call *call = memory_allocate_zeroed(sizeof(*call));
    call->service = service;
    call->request = request;
    call->response = response;
    call->wait = service->calling == NULL ? &call->wait_storage : service->calling->wait;
    call->wait_storage.documents.service = service;
    call->wait_storage.documents.arrived = documents_arrived;
    return call;
}

struct arm_call *arm_service_handle(struct arm_service *service, const struct http_request *request,
                                    struct bytes authority, struct http_response *response)
{
    struct arm_call *call = make_call(service, request, response);
    call->authority = authority;
    if (!begin(call, 0)) {
        return call;
    }
    arm_throttle_headers(call);
    free_call(call);
    return NULL;
}

void arm_call_when_answered(struct arm_call *call, void (*answered)(void *context), void *context)
{
    call->wait->answered = answered;
    call->wait->context = context;
}

void arm_call_abandon(struct arm_call *call)
{
    free_call(call);
}

void arm_call_inside(struct arm_service *service, const struct arm_principal *principal,
                     enum arm_method method, const char *path, const char *query, cJSON *body,
                     struct http_response *response)
{
    static const char *const names[] = {"GET", "PUT", "PATCH", "POST", "DELETE", "HEAD"};
    struct http_request request = {
        .path = bytes_from_string(path),
        .query = bytes_from_string(query),
    };
    struct arm_call *call = make_call(service, &request, response);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (method == 1u << i) {
            request.method = bytes_from_string(names[i]);
        }
    }
    call->authority = BYTES("management.azure.com");
    call->method = method;
    call->principal = *principal;
    call->body = body;
    begin(call, FIRST_INNER_STEP);
    free_call(call);
}

/* ---- Life ---- */

struct arm_service *arm_service_create(const struct arm_service_config *config)
{
    struct arm_service *service = memory_allocate_zeroed(sizeof(*service));
    service->config = *config;
    service->host = *config->host;
    service->clock = config->clock;
    service->random = config->random;
    for (size_t i = 0; i < ARM_LIMITS; i++) {
        static const uint64_t azure[ARM_LIMITS] = {12000, 1200, 15000};
        if (service->config.limits[i] == 0) {
            service->config.limits[i] = azure[i];
        }
    }
    service->tag_names = cJSON_CreateObject();
    arm_providers_init(service);
    struct random hashing = *config->random; /* a copy: what is drawn later stays as it was */
    dict_init(&service->resource_ids, sizeof(struct arm_resource *), NULL, &hashing);
    return service;
}

/* The host is not told: whoever ends the service ends the caches himself. */
static void ignore_removal(void *context, struct bytes name)
{
    (void)context;
    (void)name;
}

void arm_service_destroy(struct arm_service *service)
{
    if (service == NULL) {
        return;
    }
    service->host.cache_remove = ignore_removal;
    arm_store_clear(service);
    arm_activity_clear(service);
    arm_throttle_clear(service);
    arm_providers_finish(service);
    cJSON_Delete(service->tag_names);
    cJSON_Delete(service->kept);
    dict_finish(&service->resource_ids);
    memory_free(service);
}

void arm_service_reset(struct arm_service *service)
{
    arm_store_clear(service);
    arm_activity_clear(service);
    arm_throttle_clear(service);
    arm_set_tag_names(service, NULL);
    cJSON_Delete(service->kept);
    service->kept = NULL;
    arm_providers_finish(service);
    arm_providers_init(service);
    arm_changed(service);
}

void arm_service_each_cache(struct arm_service *service, arm_visit_cache *visit, void *context)
{
    arm_redis_each_cache(service, visit, context);
    arm_enterprise_each_cache(service, visit, context);
}
