/* POST /batch: requests of the portal and of tools, several in one, each answered on its own. */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { MOST_REQUESTS = 20 };

static bool method_of(const char *text, enum arm_method *method)
{
    static const char *const names[] = {"GET", "PUT", "PATCH", "POST", "DELETE", "HEAD"};
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(names); i++) {
        if (bytes_equal_string_nocase(bytes_from_string(text), names[i])) {
            *method = (enum arm_method)(1u << i);
            return true;
        }
    }
    return false;
}

static cJSON *headers_of(const struct http_response *response)
{
    cJSON *headers = cJSON_CreateObject();
    struct bytes rest = buf_bytes(&response->headers);
    while (rest.size > 0) {
        struct bytes line = bytes_slice(rest, 0, bytes_find(rest, '\r'));
        size_t colon = bytes_find(line, ':');
        char *name = bytes_to_string(bytes_slice(line, 0, colon));
        cJSON_AddItemToObject(headers, name,
                              arm_json_text_bytes(bytes_slice(line, colon + 2, line.size)));
        memory_free(name);
        rest = bytes_slice(rest, line.size + 2, rest.size);
    }
    return headers;
}

static cJSON *ask(struct arm_call *call, const cJSON *request, enum arm_method method,
                  const char *url)
{
    struct bytes target = bytes_from_string(url);
    if (bytes_start_with(target, BYTES("https://"))) {
        target = bytes_slice(target, 8, target.size);
        target = bytes_slice(target, bytes_find(target, '/'), target.size);
    }
    size_t mark = bytes_find(target, '?');
    char *path = bytes_to_string(bytes_slice(target, 0, mark));
    char *query = bytes_to_string(bytes_slice(target, mark + 1, target.size));
    cJSON *content = cJSON_Duplicate(arm_json_at(request, "content"), true);
    struct http_response response;
    http_response_init(&response, 200);
    arm_call_inside(call->service, &call->principal, method, path, query, content, &response);
    cJSON *answer = cJSON_CreateObject();
    arm_json_copy_member(answer, request, "name");
    cJSON_AddNumberToObject(answer, "httpStatusCode", response.status);
    cJSON_AddItemToObject(answer, "headers", headers_of(&response));
    cJSON *body = cJSON_ParseWithLength(response.body.data, response.body.size);
    cJSON_AddItemToObject(answer, "content", body == NULL ? cJSON_CreateNull() : body);
    cJSON_AddNumberToObject(answer, "contentLength", (double)response.body.size);
    http_response_finish(&response);
    memory_free(path);
    memory_free(query);
    return answer;
}

static bool batch(struct arm_call *call)
{
    const cJSON *requests = arm_json_at(call->body, "requests"), *request;
    enum arm_method method = ARM_GET;
    int count = cJSON_GetArraySize(requests);
    if (!cJSON_IsArray(requests) || count == 0 || count > MOST_REQUESTS) {
        return arm_fail(&call->error, 400, "InvalidBatchRequest",
                        "A batch must have a list of 1 to %d requests.", MOST_REQUESTS);
    }
    cJSON_ArrayForEach(request, requests)
    {
        const char *url = arm_json_text(request, "url");
        if (url == NULL || !method_of(arm_json_text(request, "httpMethod"), &method) ||
            strstr(url, "/batch") != NULL) {
            return arm_fail(&call->error, 400, "InvalidBatchRequest",
                            "Each request of a batch needs an 'httpMethod' and a 'url' that is no "
                            "batch itself.");
        }
    }
    struct arm_wait *wait = call->wait;
    cJSON *responses = wait->kept != NULL ? wait->kept : cJSON_CreateArray();
    wait->kept = responses;
    for (int i = cJSON_GetArraySize(responses); i < count; i++) {
        request = cJSON_GetArrayItem(requests, i);
        method_of(arm_json_text(request, "httpMethod"), &method);
        cJSON *answer = ask(call, request, method, arm_json_text(request, "url"));
        if (wait->waits) {
            cJSON_Delete(answer);
            return false;
        }
        cJSON_AddItemToArray(responses, answer);
    }
    wait->kept = NULL;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "responses", responses);
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_route routes[] = {{ARM_POST, "/batch", batch, NULL}};
const struct arm_module arm_module_batch = {NULL, 0, routes, ARRAY_LEN(routes)};
