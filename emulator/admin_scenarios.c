/* /_redurite/scenarios: GET lists, POST adds; /{name}: GET shows; /{name}/start and /stop: POST */
#include "emulator/admin.h"

#include "emulator/app.h"

#define ERROR_LIMIT 8192

static void answer_result(struct admin_call *call, enum scenarios_result result, struct buf *error)
{
    int size = (int)bytes_slice(call->id, 0, 100).size;

    switch (result) {
    case SCENARIOS_UNKNOWN:
        admin_answer_error(call, 404, "ScenarioNotFound",
                           "There is no scenario '%.*s'; GET /_redurite/scenarios lists them", size,
                           call->id.data);
        break;
    case SCENARIOS_RUNNING:
        admin_answer_error(call, 409, "ScenarioRunning",
                           "The scenario runs already; stop it first");
        break;
    case SCENARIOS_STOPPED:
        admin_answer_error(call, 409, "ScenarioNotRunning", "The scenario '%.*s' does not run",
                           size, call->id.data);
        break;
    case SCENARIOS_TOO_MANY:
        admin_answer_error(call, 400, "TooManyScenarios", "%s", buf_string(error));
        break;
    case SCENARIOS_BAD:
        admin_answer_error(call, 400, "BadScenario", "%s", buf_string(error));
        break;
    default:
        admin_answer(call, scenarios_show(call->app->scenarios, call->id));
    }
}

static void scenarios_show_all(struct admin_call *call)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddItemToObject(document, "scenarios", scenarios_list(call->app->scenarios));
    admin_answer(call, document);
}

static void scenario_add(struct admin_call *call)
{
    struct buf error;

    buf_init(&error, ERROR_LIMIT);
    enum scenarios_result result = scenarios_add(call->app->scenarios, call->body, &error);
    if (result == SCENARIOS_DONE) {
        call->id = bytes_from_string(
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(call->body, "name")));
    }
    answer_result(call, result, &error);
    if (result == SCENARIOS_DONE) {
        call->response->status = 201;
    }
    buf_finish(&error);
}

static void scenario_show(struct admin_call *call)
{
    cJSON *document = scenarios_show(call->app->scenarios, call->id);

    if (document == NULL) {
        answer_result(call, SCENARIOS_UNKNOWN, NULL);
    } else {
        admin_answer(call, document);
    }
}

/* {"cache": "NAME"}, or nothing. */
static bool read_cache_or_answer(struct admin_call *call, struct bytes *cache)
{
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(call->body, "cache");

    *cache = bytes_from_string(cJSON_GetStringValue(given));
    if (call->body != NULL &&
        (!cJSON_IsObject(call->body) || cJSON_GetArraySize(call->body) != (given == NULL ? 0 : 1) ||
         (given != NULL && !cJSON_IsString(given)))) {
        admin_answer_error(call, 400, "BadRequest",
                           "The body may only be {\"cache\": \"the name of a cache\"}");
        return false;
    }
    if (given != NULL && cache_host_find(call->app->caches, *cache) == NULL) {
        admin_answer_error(call, 404, "CacheNotFound",
                           "There is no cache '%.100s'; 'redurite cache list' shows all",
                           given->valuestring);
        return false;
    }
    return true;
}

static void scenario_start(struct admin_call *call)
{
    struct bytes cache;
    struct buf error;

    if (!read_cache_or_answer(call, &cache)) {
        return;
    }
    buf_init(&error, ERROR_LIMIT);
    answer_result(call, scenarios_start(call->app->scenarios, call->id, cache, &error), &error);
    buf_finish(&error);
}

/* As it was at the end: with how its steps fared. */
static void scenario_stop(struct admin_call *call)
{
    cJSON *document = scenarios_show(call->app->scenarios, call->id);
    enum scenarios_result result = scenarios_stop(call->app->scenarios, call->id);

    if (result == SCENARIOS_DONE) {
        admin_answer(call, document);
    } else {
        cJSON_Delete(document);
        answer_result(call, result, NULL);
    }
}

const struct admin_route admin_scenario_routes[] = {
    {"GET", "/_redurite/scenarios", scenarios_show_all},
    {"POST", "/_redurite/scenarios", scenario_add},
    {"GET", "/_redurite/scenarios/{id}", scenario_show},
    {"POST", "/_redurite/scenarios/{id}/start", scenario_start},
    {"POST", "/_redurite/scenarios/{id}/stop", scenario_stop},
    {0},
};
