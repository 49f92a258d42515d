/* The management API's entry: the pipeline as an array of steps, answers, saving and loading. */
#include "arm/service.h"

#include <stdio.h>
#include <string.h>

#include "arm/activity.h"
#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/relaxed_json.h"
#include "arm/service_state.h"
#include "base/log.h"

enum { READS_PER_HOUR = 12000, WRITES_PER_HOUR = 1200, DELETES_PER_HOUR = 15000 };

/* ---- Answers ---- */

void arm_answer(struct arm_call *call, int status, cJSON *body)
{
    call->response->status = status;
    if (body != NULL) {
        char *text = cJSON_PrintUnformatted(body);
        http_response_header(call->response, "Content-Type", "application/json; charset=utf-8");
        buf_append_string(&call->response->body, text);
        cJSON_free(text);
        cJSON_Delete(body);
    }
}

char *arm_url(const struct arm_call *call, const char *path)
{
    return string_format("https://%.*s%s", (int)call->authority.size, call->authority.data, path);
}

bool arm_query(const struct arm_call *call, const char *name, struct buf *value)
{
    return call->request->query.data != NULL && http_form_get(call->request->query, name, value);
}

/* What the host made of the request: a page in place of JSON, a time to come back. */
static bool answer_page(struct arm_call *call)
{
    const struct arm_interference *interference = &call->interference;
    if (!interference->refused || strcmp(call->error.code, interference->error.code) != 0) {
        return false;
    }
    if (interference->retry_after_s > 0) {
        http_response_header(call->response, "Retry-After", "%lld",
                             (long long)interference->retry_after_s);
    }
    if (interference->html) {
        call->response->status = call->error.status;
        http_response_header(call->response, "Content-Type", "text/html");
        buf_append_string(&call->response->body, call->error.message);
    }
    return interference->html;
}

/* The query without its $skiptoken. */
static struct bytes query_before_skip(struct bytes query)
{
    for (size_t i = 0; i + 11 <= query.size; i++) {
        struct bytes part = bytes_slice(query, i, i + 11);
        if (bytes_equal_string_nocase(part, "&$skiptoken") ||
            bytes_equal_string_nocase(part, "&%24skiptok")) {
            return bytes_slice(query, 0, i);
        }
    }
    return query;
}

static void add_next_link(struct arm_call *call, cJSON *body, int64_t from)
{
    struct bytes query = query_before_skip(call->request->query);
    char *path =
        string_format("%.*s?%.*s&$skiptoken=%lld", (int)call->request->path.size,
                      call->request->path.data, (int)query.size, query.data, (long long)from);
    char *url = arm_url(call, path);
    cJSON_AddStringToObject(body, "nextLink", url);
    memory_free(url);
    memory_free(path);
}

bool arm_answer_page(struct arm_call *call, cJSON *list, int most)
{
    int64_t top = most, from = 0, place = 0;
    struct buf text;
    buf_init(&text, 32);
    bool good =
        !arm_query(call, "$top", &text) || (bytes_to_int64(buf_bytes(&text), &top) && top >= 1);
    if (arm_query(call, "$skiptoken", &text)) {
        good = bytes_to_int64(buf_bytes(&text), &from) && from >= 0 && good;
    }
    buf_finish(&text);
    if (!good) {
        cJSON_Delete(list);
        return arm_fail(&call->error, 400, "InvalidTopQueryParameter",
                        "The $top query parameter must be a positive whole number, and $skiptoken "
                        "one that a nextLink gave.");
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    top = top > most ? most : top;
    while (list->child != NULL) {
        cJSON *item = cJSON_DetachItemViaPointer(list, list->child);
        if (place >= from && place < from + top) {
            cJSON_AddItemToArray(value, item);
        } else {
            cJSON_Delete(item);
        }
        place++;
    }
    cJSON_Delete(list);
    if (place > from + top) {
        add_next_link(call, body, from + top);
    }
    arm_answer(call, 200, body);
    return true;
}

bool arm_filter_or_fail(struct arm_call *call, struct buf *filter)
{
    buf_init(filter, 4096);
    if (!arm_query(call, "$filter", filter) || odata_filter_well_formed(buf_bytes(filter))) {
        return true;
    }
    arm_fail(&call->error, 400, "InvalidFilterInQueryString",
             "Invalid $filter '%.300s' specified in the query string.", buf_string(filter));
    buf_finish(filter);
    return false;
}

static void answer_error(struct arm_call *call)
{
    const struct arm_error *error = &call->error;
    if (answer_page(call)) {
        return;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON *object = cJSON_AddObjectToObject(body, "error");
    cJSON_AddStringToObject(object, "code", error->code);
    if (error->from_provider && strncmp(call->action, "Microsoft.Cache/", 16) == 0) {
        char *message = string_format("%s\r\nRequestID=%s", error->message, call->request_id);
        cJSON_AddStringToObject(object, "message", message);
        cJSON_AddNullToObject(object, "target");
        memory_free(message);
    } else {
        cJSON_AddStringToObject(object, "message", error->message);
        if (error->null_target) {
            cJSON_AddNullToObject(object, "target");
        } else if (error->target[0] != '\0') {
            cJSON_AddStringToObject(object, "target", error->target);
        }
        http_response_header(call->response, "x-ms-failure-cause", "gateway");
    }
    if (strcmp(error->code, "MissingSubscriptionRegistration") == 0) {
        const char *start = strchr(error->message, '\'');
        const char *end = start == NULL ? NULL : strchr(start + 1, '\'');
        cJSON *detail = cJSON_CreateObject();
        cJSON_AddStringToObject(detail, "code", error->code);
        if (end != NULL) {
            cJSON_AddItemToObject(
                detail, "target",
                arm_json_text_bytes((struct bytes){start + 1, (size_t)(end - start - 1)}));
        }
        cJSON_AddStringToObject(detail, "message", error->message);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(object, "details"), detail);
    }
    arm_answer(call, error->status, body);
}

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
    if (is_deployment(call)) {
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
static bool (*const steps[])(struct arm_call *call) = {
    step_method,         step_authenticate, step_path,         step_api_version, step_subscription,
    step_body,           arm_route,         arm_step_action,   step_note,        arm_interfere,
    arm_step_authorized, step_registered,   arm_step_unlocked, step_handle,
};
enum { FIRST_INNER_STEP = 2 }; /* of a call by the service itself */

/* ---- Headers of every answer ---- */

static void start_headers(struct arm_call *call)
{
    struct arm_service *service = call->service;
    struct http_response *response = call->response;
    char date[64];
    timestamp_format(clock_now_ms(service->clock), date);
    http_response_header(response, "Cache-Control", "no-cache");
    http_response_header(response, "Pragma", "no-cache");
    http_response_header(response, "Expires", "-1");
    http_response_header(response, "x-ms-request-id", "%s", call->request_id);
    http_response_header(response, "x-ms-correlation-request-id", "%s", call->correlation_id);
    http_response_header(response, "x-ms-routing-request-id", "LOCAL:%.4s%.2s%.2sT%.2s%.2s%.2sZ:%s",
                         date, date + 5, date + 8, date + 11, date + 14, date + 17,
                         call->request_id);
    http_response_header(response, "Strict-Transport-Security",
                         "max-age=31536000; includeSubDomains");
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    struct bytes client_id = http_headers_get(&call->request->headers, "x-ms-client-request-id");
    struct bytes wanted =
        http_headers_get(&call->request->headers, "x-ms-return-client-request-id");
    if (client_id.size > 0 && client_id.size < 200 && bytes_equal_string_nocase(wanted, "true")) {
        http_response_header(response, "x-ms-client-request-id", "%.*s", (int)client_id.size,
                             client_id.data);
    }
}

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

static void rate_headers(struct arm_call *call)
{
    struct arm_service *service = call->service;
    if (call->response->status >= 400) {
        return;
    }
    const char *kind = "writes";
    uint64_t limit = WRITES_PER_HOUR, *count = &service->writes;
    if (call->method == ARM_GET || call->method == ARM_HEAD) {
        kind = "reads";
        limit = READS_PER_HOUR;
        count = &service->reads;
    } else if (call->method == ARM_DELETE) {
        kind = "deletes";
        limit = DELETES_PER_HOUR;
        count = &service->deletes;
    }
    ++*count;
    char name[64];
    snprintf(name, sizeof(name), "x-ms-ratelimit-remaining-subscription-%s", kind);
    http_response_header(call->response, name, "%llu",
                         (unsigned long long)(limit - *count % limit));
}

static void run(struct arm_call *call, size_t step)
{
    struct arm_service *service = call->service;
    struct arm_call *outer = service->calling;
    bool good = true;
    identify(call);
    start_headers(call);
    service->calling = call;
    for (; step < ARRAY_LEN(steps) && good; step++) {
        good = steps[step](call);
    }
    service->calling = outer;
    if (call->interference.refused && good) {
        /* It has had its effect; what the client hears is something else. */
        buf_clear(&call->response->headers);
        buf_clear(&call->response->body);
        start_headers(call);
        call->error = call->interference.error;
        good = false;
    }
    if (!good) {
        answer_error(call);
    }
    arm_activity_end(call);
    cJSON_Delete(call->body);
}

void arm_service_handle(struct arm_service *service, const struct http_request *request,
                        struct bytes authority, struct http_response *response)
{
    struct arm_call *call = memory_allocate_zeroed(sizeof(*call));
    call->service = service;
    call->request = request;
    call->authority = authority;
    call->response = response;
    run(call, 0);
    rate_headers(call);
    memory_free(call);
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
    struct arm_call *call = memory_allocate_zeroed(sizeof(*call));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (method == 1u << i) {
            request.method = bytes_from_string(names[i]);
        }
    }
    call->service = service;
    call->request = &request;
    call->authority = BYTES("management.azure.com");
    call->response = response;
    call->method = method;
    call->principal = *principal;
    call->body = body;
    run(call, FIRST_INNER_STEP);
    memory_free(call);
}

/* ---- Life ---- */

struct arm_service *arm_service_create(const struct arm_service_config *config)
{
    struct arm_service *service = memory_allocate_zeroed(sizeof(*service));
    service->config = *config;
    service->host = *config->host;
    service->clock = config->clock;
    service->random = config->random;
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
    arm_providers_finish(service);
    cJSON_Delete(service->tag_names);
    dict_finish(&service->resource_ids);
    memory_free(service);
}

/* NULL: back to none. */
static void set_tag_names(struct arm_service *service, const cJSON *names)
{
    cJSON_Delete(service->tag_names);
    service->tag_names = cJSON_CreateObject();
    const cJSON *name, *value;
    cJSON_ArrayForEach(name, names)
    {
        cJSON *values = cJSON_AddArrayToObject(service->tag_names, name->string);
        cJSON_ArrayForEach(value, name)
        {
            if (cJSON_IsString(value)) {
                cJSON_AddItemToArray(values, cJSON_Duplicate(value, true));
            }
        }
    }
}

void arm_service_reset(struct arm_service *service)
{
    arm_store_clear(service);
    arm_activity_clear(service);
    set_tag_names(service, NULL);
    arm_providers_finish(service);
    arm_providers_init(service);
    arm_changed(service);
}

/* ---- Saving and loading ---- */

static cJSON *save_group(const struct arm_group *group)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "name", group->name);
    cJSON_AddStringToObject(document, "location", group->location->name);
    if (group->tags != NULL) {
        cJSON_AddItemToObject(document, "tags", cJSON_Duplicate(group->tags, true));
    }
    if (group->deleting != NULL) {
        cJSON_AddStringToObject(document, "deleting", group->deleting->id);
    }
    return document;
}

static cJSON *save_resource(const struct arm_resource *resource)
{
    cJSON *document = cJSON_Duplicate(resource->body, true);
    arm_json_put_text(document, "id", resource->id);
    if (resource->location != NULL) {
        arm_json_put_text(document, "location", resource->location->name);
    }
    arm_json_put_text(document, "state", resource->state);
    arm_json_put(document, "createdMs", cJSON_CreateNumber((double)resource->created_ms));
    arm_json_put(document, "changedMs", cJSON_CreateNumber((double)resource->changed_ms));
    if (resource->pending != NULL) {
        arm_json_put(document, "pending", cJSON_Duplicate(resource->pending, true));
    }
    if (resource->secrets != NULL) {
        arm_json_put(document, "secrets", cJSON_Duplicate(resource->secrets, true));
    }
    if (resource->operation != NULL) {
        arm_json_put_text(document, "operation", resource->operation->id);
    }
    return document;
}

cJSON *arm_service_save(const struct arm_service *service)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *groups = cJSON_AddArrayToObject(document, "resourceGroups");
    for (const struct arm_group *group = service->groups; group != NULL; group = group->next) {
        cJSON_AddItemToArray(groups, save_group(group));
    }
    cJSON *resources = cJSON_AddArrayToObject(document, "resources");
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        cJSON_AddItemToArray(resources, save_resource(resource));
    }
    cJSON *operations = cJSON_AddArrayToObject(document, "operations");
    for (const struct arm_operation *operation = service->operations; operation != NULL;
         operation = operation->next) {
        cJSON_InsertItemInArray(operations, 0, arm_operation_save(operation));
    }
    cJSON_AddItemToObject(document, "providers", arm_providers_save(service));
    cJSON_AddItemToObject(document, "tagNames", cJSON_Duplicate(service->tag_names, true));
    return document;
}

static bool place_groups(struct arm_service *service, const cJSON *document, struct buf *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(document, "resourceGroups"))
    {
        const char *name = arm_json_text(item, "name"), *place = arm_json_text(item, "location");
        const struct arm_location *location =
            place == NULL ? NULL : arm_location_find(bytes_from_string(place));
        if (name == NULL || name[0] == '\0' || location == NULL) {
            buf_printf(error, "resourceGroups: '%s' needs a name and the location of a region",
                       name == NULL ? "" : name);
            return false;
        }
        struct arm_group *group = arm_group_find(service, bytes_from_string(name));
        if (group == NULL) {
            group = arm_group_add(service, bytes_from_string(name), location);
        }
        if (cJSON_IsObject(arm_json_at(item, "tags"))) {
            cJSON_Delete(group->tags);
            group->tags = cJSON_Duplicate(arm_json_at(item, "tags"), true);
        }
    }
    return true;
}

static bool place_resources(struct arm_service *service, const cJSON *document, bool loaded,
                            struct buf *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(document, "resources"))
    {
        struct arm_error failure;
        if (!arm_resource_place(service, item, loaded, &failure)) {
            buf_printf(error, "resources: %s", failure.message);
            return false;
        }
    }
    return true;
}

static bool shape_fits(const cJSON *document, struct buf *error)
{
    static const char *const lists[] = {"resourceGroups", "resources", "operations"};
    if (!cJSON_IsObject(document)) {
        buf_append_string(error, "the document is not a JSON object");
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const cJSON *list = arm_json_at(document, lists[i]);
        if (list != NULL && !cJSON_IsArray(list)) {
            buf_printf(error, "'%s' is not an array", lists[i]);
            return false;
        }
    }
    return true;
}

/* Tries the document on a service of its own that tells nobody. */
static void ignore_apply(void *context, const struct arm_cache *cache)
{
    (void)context;
    (void)cache;
}

static bool rehearse(const struct arm_service *service, const cJSON *document, bool loaded,
                     struct buf *error)
{
    struct random random = *service->random;
    struct arm_host host = {.cache_apply = ignore_apply, .cache_remove = ignore_removal};
    struct arm_service_config config = service->config;
    config.host = &host;
    config.random = &random;
    struct arm_service *trial = arm_service_create(&config);
    bool good = true;
    if (!loaded) {
        cJSON *present = arm_service_save(service);
        good = place_groups(trial, present, error) && place_resources(trial, present, true, error);
        cJSON_Delete(present);
    }
    good = good && place_groups(trial, document, error) &&
           place_resources(trial, document, loaded, error);
    arm_service_destroy(trial);
    return good;
}

static void apply_since(struct arm_service *service, const struct arm_resource *last)
{
    for (struct arm_resource *resource = last == NULL ? service->resources : last->next;
         resource != NULL; resource = resource->next) {
        if (resource->type->furnish != NULL) {
            resource->type->furnish(service, resource);
        }
    }
    for (struct arm_resource *resource = last == NULL ? service->resources : last->next;
         resource != NULL; resource = resource->next) {
        if (strcmp(resource->state, "Creating") != 0 && strcmp(resource->state, "Failed") != 0 &&
            resource->type->apply != NULL) {
            resource->type->apply(service, resource);
        }
    }
}

bool arm_service_seed(struct arm_service *service, const cJSON *document, struct buf *error)
{
    return shape_fits(document, error) && rehearse(service, document, false, error) &&
           arm_service_seed_again(service, document, error);
}

bool arm_service_seed_again(struct arm_service *service, const cJSON *document, struct buf *error)
{
    const struct arm_resource *last = service->resources;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    bool good =
        place_groups(service, document, error) && place_resources(service, document, false, error);
    apply_since(service, last);
    arm_changed(service);
    return good;
}

static const char *state_from(const char *text)
{
    static const char *const states[] = {"Creating", "Updating",  "Scaling", "Deleting",
                                         "Failed",   "Succeeded", "Syncing", "Canceled"};
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(states); i++) {
        if (strcmp(text, states[i]) == 0) {
            return states[i];
        }
    }
    return "Succeeded";
}

static void restore_running(struct arm_service *service, const cJSON *document)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(document, "operations"))
    {
        if (arm_json_text(item, "id") != NULL && arm_json_text(item, "action") != NULL &&
            arm_json_text(item, "resourceId") != NULL && arm_json_text(item, "status") != NULL) {
            arm_operation_resume(service, item);
        }
    }
    cJSON_ArrayForEach(item, arm_json_at(document, "resources"))
    {
        struct arm_resource *resource = arm_resource_find_id(service, arm_json_text(item, "id"));
        const char *operation = arm_json_text(item, "operation");
        const cJSON *created = arm_json_at(item, "createdMs"),
                    *changed = arm_json_at(item, "changedMs");
        if (resource == NULL) {
            continue;
        }
        arm_json_remove(resource->body, "operation");
        resource->state = state_from(arm_json_text(item, "state"));
        resource->created_ms =
            cJSON_IsNumber(created) ? (int64_t)created->valuedouble : resource->created_ms;
        resource->changed_ms =
            cJSON_IsNumber(changed) ? (int64_t)changed->valuedouble : resource->changed_ms;
        if (cJSON_IsObject(arm_json_at(item, "pending"))) {
            resource->pending = cJSON_Duplicate(arm_json_at(item, "pending"), true);
        }
        if (operation != NULL) {
            resource->operation = arm_operation_find(service, bytes_from_string(operation));
        }
        if (resource->operation == NULL && strcmp(resource->state, "Failed") != 0) {
            resource->state = "Succeeded";
        }
    }
    cJSON_ArrayForEach(item, arm_json_at(document, "resourceGroups"))
    {
        const char *operation = arm_json_text(item, "deleting");
        struct arm_group *group =
            arm_group_find(service, bytes_from_string(arm_json_text(item, "name")));
        if (operation != NULL && group != NULL) {
            group->deleting = arm_operation_find(service, bytes_from_string(operation));
        }
    }
}

bool arm_service_load(struct arm_service *service, const cJSON *document, struct buf *error)
{
    if (!shape_fits(document, error) || !rehearse(service, document, true, error)) {
        return false;
    }
    arm_store_clear(service);
    place_groups(service, document, error);
    place_resources(service, document, true, error);
    arm_providers_load(service, arm_json_at(document, "providers"));
    set_tag_names(service, arm_json_at(document, "tagNames"));
    restore_running(service, document);
    apply_since(service, NULL);
    arm_changed(service);
    return true;
}
