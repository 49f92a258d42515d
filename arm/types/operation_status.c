/*
 * What clients poll. Each resource provider has its own URLs, headers and bodies. Microsoft's Redis
 * provider sends no Retry-After (clients then wait 30 s); with fast polling we send 1, never 0,
 * which Python, Go and Java take for absent.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

const struct arm_polling_style arm_polling_redis = {
    .name = "redis",
    .status = "asyncOperations",
    .result = "operationresults",
    .display_location = true,
    .shape = ARM_STATUS_FULL,
    .create = ARM_STATUS_HEADER | ARM_SELF_LOCATION,
    .create_status_since = "2021-06-01",
    .replace = ARM_STATUS_HEADER,
    .patch = ARM_STATUS_HEADER | ARM_STATUS_LOCATION,
    .remove = ARM_RESULT_LOCATION,
    .act = ARM_RESULT_STATUS | ARM_RESULT_LOCATION,
};

/* Of linked servers: no Location at creation, and a removal whose status can be polled. */
const struct arm_polling_style arm_polling_redis_links = {
    .name = "redis_links",
    .status = "asyncOperations",
    .result = "operationresults",
    .display_location = true,
    .shape = ARM_STATUS_FULL,
    .create = ARM_STATUS_HEADER,
    .replace = ARM_STATUS_HEADER,
    .patch = ARM_STATUS_HEADER | ARM_STATUS_LOCATION,
    .remove = ARM_STATUS_HEADER | ARM_STATUS_LOCATION,
};

const struct arm_polling_style arm_polling_enterprise = {
    .name = "enterprise",
    .status = "operationsStatus",
    .result = "operationresults",
    .display_location = true,
    .result_below_resource = true,
    .shape = ARM_STATUS_TIMED,
    .create = ARM_STATUS_HEADER | ARM_SELF_LOCATION,
    .replace = ARM_STATUS_HEADER | ARM_SELF_LOCATION,
    .patch = ARM_STATUS_HEADER | ARM_SELF_LOCATION,
    .remove = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
    .act = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
};

const struct arm_polling_style arm_polling_network = {
    .name = "network",
    .status = "operations",
    .result = "operationResults",
    .shape = ARM_STATUS_BARE,
    .create = ARM_STATUS_HEADER,
    .replace = ARM_STATUS_HEADER,
    .patch = ARM_STATUS_HEADER,
    .remove = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
    .act = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
};

const struct arm_polling_style arm_polling_common = {
    .name = "common",
    .status = "operationStatuses",
    .result = "operationResults",
    .shape = ARM_STATUS_TIMED,
    .create = ARM_STATUS_HEADER,
    .replace = ARM_STATUS_HEADER,
    .patch = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
    .remove = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
    .act = ARM_STATUS_HEADER | ARM_RESULT_LOCATION,
};

static const char *place_of(const struct arm_operation *operation)
{
    if (operation->location == NULL) {
        return "global";
    }
    return operation->polling->display_location ? operation->location->display_name
                                                : operation->location->name;
}

/* "/subscriptions/.../providers/Microsoft.Cache/locations/West US 2/asyncOperations/{id}" */
static void append_path(struct buf *path, const struct arm_operation *operation,
                        const char *segment, bool encoded)
{
    buf_printf(path, "/subscriptions/%s", operation->service->config.subscription_id);
    if (operation->kind == ARM_OPERATION_GROUP_DELETE) {
        buf_printf(path, "/operationresults/%s", operation->id);
        return;
    }
    buf_printf(path, "/providers/%.*s/locations/", (int)strcspn(operation->action, "/"),
               operation->action);
    if (encoded) {
        http_url_encode(bytes_from_string(place_of(operation)), path);
    } else {
        buf_append_string(path, place_of(operation));
    }
    buf_printf(path, "/%s/%s", segment, operation->id);
}

static void header(struct arm_call *call, const struct arm_operation *operation, const char *name,
                   const char *segment)
{
    struct buf url;
    buf_init(&url, 4096);
    buf_printf(&url, "https://%.*s", (int)call->authority.size, call->authority.data);
    if (segment == NULL) {
        buf_append_string(&url, operation->resource_id);
    } else if (strcmp(segment, operation->polling->result) == 0 &&
               operation->polling->result_below_resource) {
        buf_printf(&url, "%s/%s/%s", operation->resource_id, segment, operation->id);
    } else {
        append_path(&url, operation, segment, true);
    }
    buf_printf(&url, "?api-version=%s", call->api_version);
    http_response_header(call->response, name, "%s", buf_string(&url));
    buf_finish(&url);
}

void arm_operation_headers(struct arm_call *call, const struct arm_operation *operation,
                           unsigned headers)
{
    const struct arm_polling_style *polling = operation->polling;
    if ((headers & ARM_STATUS_HEADER) != 0) {
        header(call, operation, "Azure-AsyncOperation", polling->status);
    } else if ((headers & ARM_RESULT_STATUS) != 0) {
        header(call, operation, "Azure-AsyncOperation", polling->result);
    }
    if ((headers & ARM_SELF_LOCATION) != 0) {
        header(call, operation, "Location", NULL);
    } else if ((headers & ARM_STATUS_LOCATION) != 0) {
        header(call, operation, "Location", polling->status);
    } else if ((headers & ARM_RESULT_LOCATION) != 0) {
        header(call, operation, "Location", polling->result);
    }
}

void arm_retry_after(struct arm_call *call, int azure_s)
{
    if (call->service->config.polling == ARM_POLLING_FAST) {
        http_response_header(call->response, "Retry-After", "1");
    } else if (azure_s > 0) {
        http_response_header(call->response, "Retry-After", "%d", azure_s);
    }
}

static struct arm_operation *polled(struct arm_call *call, struct bytes id)
{
    struct arm_operation *operation = arm_operation_find(call->service, id);
    if (operation == NULL) {
        arm_fail(&call->error, 404, "NotFound", "The operation '%.*s' was not found.", (int)id.size,
                 id.data);
    }
    return operation;
}

static void add_time(cJSON *body, const char *name, int64_t time_ms)
{
    char text[40] = "0001-01-01T00:00:00+00:00"; /* .NET's default, as the service sends it */
    if (time_ms != 0) {
        timestamp_format(time_ms, text);
    }
    cJSON_AddStringToObject(body, name, text);
}

static void add_error(cJSON *body, const struct arm_operation *operation)
{
    if (strcmp(operation->status, "Failed") == 0) {
        cJSON *error = cJSON_AddObjectToObject(body, "error");
        cJSON_AddStringToObject(error, "code", operation->error.code);
        cJSON_AddStringToObject(error, "message", operation->error.message);
    }
}

static cJSON *describe(const struct arm_operation *operation, const char *segment)
{
    cJSON *body = cJSON_CreateObject();
    if (operation->polling->shape != ARM_STATUS_BARE) {
        struct buf id;
        buf_init(&id, 4096);
        append_path(&id, operation, segment, false);
        cJSON_AddStringToObject(body, "id", buf_string(&id));
        buf_finish(&id);
        cJSON_AddStringToObject(body, "name", operation->id);
    }
    cJSON_AddStringToObject(body, "status", operation->status);
    return body;
}

static bool get_status(struct arm_call *call)
{
    static const char *const empty[] = {"startTime", "endTime", "percentComplete", "properties"};
    const struct arm_operation *operation = polled(call, call->wildcards[4]);
    if (operation == NULL) {
        return false;
    }
    const struct arm_polling_style *polling = operation->polling;
    cJSON *body = describe(operation, polling->status);
    if (polling->shape == ARM_STATUS_FULL) {
        for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
            cJSON_AddNullToObject(body, empty[i]);
        }
        header(call, operation, "Azure-AsyncOperation", polling->status);
    } else if (polling->shape == ARM_STATUS_TIMED) {
        add_time(body, "startTime", operation->started_ms);
        add_time(body, "endTime", operation->ended_ms);
    }
    add_error(body, operation);
    if (polling->shape == ARM_STATUS_FULL && arm_json_at(body, "error") == NULL) {
        cJSON_AddNullToObject(body, "error");
    }
    if (arm_operation_running(operation)) {
        arm_retry_after(call, 0);
    }
    arm_answer(call, 200, body);
    return true;
}

static bool get_result(struct arm_call *call, struct bytes id)
{
    const struct arm_operation *operation = polled(call, id);
    if (operation == NULL) {
        return false;
    }
    bool running = arm_operation_running(operation);
    if (running) {
        arm_operation_headers(call, operation, ARM_RESULT_STATUS | ARM_RESULT_LOCATION);
        arm_retry_after(call, 0);
    }
    cJSON *body = operation->polling->shape == ARM_STATUS_FULL
                      ? describe(operation, operation->polling->result)
                      : NULL;
    if (body != NULL) {
        add_error(body, operation); /* why an import failed is told nowhere else */
    }
    arm_answer(call, running ? 202 : body != NULL ? 200 : 204, body);
    return true;
}

static bool get_operation(struct arm_call *call)
{
    const struct arm_operation *operation = arm_operation_find(call->service, call->wildcards[4]);
    if (operation != NULL &&
        bytes_equal_string_nocase(call->wildcards[3], operation->polling->result)) {
        return get_result(call, call->wildcards[4]);
    }
    return get_status(call);
}

static bool get_group_result(struct arm_call *call)
{
    const struct arm_operation *operation = polled(call, call->wildcards[1]);
    if (operation == NULL) {
        return false;
    }
    bool running = arm_operation_running(operation);
    if (running) {
        arm_operation_headers(call, operation, ARM_RESULT_LOCATION);
        arm_retry_after(call, 15);
    }
    arm_answer(call, running ? 202 : 200, NULL);
    return true;
}

static bool get_result_below(struct arm_call *call)
{
    return get_result(call, call->wildcards[call->segment_count == 10 ? 5 : 7]);
}

static const struct arm_route routes[] = {
    {ARM_GET, "/subscriptions/{}/providers/{}/locations/{}/{}/{}", get_operation, NULL},
    {ARM_GET, "/subscriptions/{}/resourceGroups/{}/providers/{}/{}/{}/operationresults/{}",
     get_result_below, NULL},
    {ARM_GET, "/subscriptions/{}/resourceGroups/{}/providers/{}/{}/{}/{}/{}/operationresults/{}",
     get_result_below, NULL},
    {ARM_GET, "/subscriptions/{}/operationresults/{}", get_group_result, NULL},
};
const struct arm_module arm_module_operation_status = {NULL, 0, routes, ARRAY_LEN(routes)};
