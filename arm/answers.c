/* What the management API answers: bodies, errors in Azure's envelope, and the headers of all. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/service_state.h"
#include "arm/templates/exact_number.h"

void arm_answer(struct arm_call *call, int status, cJSON *body)
{
    call->response->status = status;
    if (body != NULL) {
        char *text = exact_print(body);
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

/* What the names of a filter's conditions are tried against. */
struct names {
    const char *const *known;
    bool good;
};

static bool note_name(void *context, const struct odata_condition *condition)
{
    struct names *names = context;
    bool known = false;
    for (size_t i = 0; names->known[i] != NULL; i++) {
        known |= bytes_equal_string_nocase(condition->name, names->known[i]);
    }
    names->good = names->good && known;
    return true;
}

bool arm_filter_or_fail(struct arm_call *call, const char *const *names, struct buf *filter)
{
    struct names tried = {names, true};
    bool result;
    buf_init(filter, 4096);
    if (!arm_query(call, "$filter", filter) ||
        (odata_filter(buf_bytes(filter), note_name, &tried, &result) && tried.good)) {
        return true;
    }
    arm_fail(&call->error, 400, "InvalidFilterInQueryString",
             "Invalid $filter '%.300s' specified in the query string.", buf_string(filter));
    buf_finish(filter);
    return false;
}

void arm_add_filtered(cJSON *list, struct bytes filter, odata_holds *holds, cJSON *item)
{
    bool wanted;
    odata_filter(filter, holds, item, &wanted);
    if (wanted) {
        cJSON_AddItemToArray(list, item);
    } else {
        cJSON_Delete(item);
    }
}

void arm_answer_error(struct arm_call *call)
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
    if (call->error_info != NULL) {
        cJSON_AddItemToObject(object, "additionalInfo", call->error_info);
        call->error_info = NULL;
    }
    arm_answer(call, error->status, body);
}

void arm_start_headers(struct arm_call *call)
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
