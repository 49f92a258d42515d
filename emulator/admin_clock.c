/* GET and POST /_redurite/clock, POST /_redurite/clock/advance */
#include "emulator/admin.h"

#include <string.h>

#include "emulator/app.h"

cJSON *admin_clock_document(struct app *app)
{
    cJSON *document = cJSON_CreateObject();
    int64_t now_ms = clock_now_ms(app->clock);
    char now[32];

    timestamp_format(now_ms, now);
    cJSON_AddStringToObject(document, "now", now);
    cJSON_AddNumberToObject(document, "nowMs", (double)now_ms);
    cJSON_AddStringToObject(document, "mode",
                            clock_mode(app->clock) == CLOCK_FROZEN ? "frozen" : "real");
    cJSON_AddNumberToObject(document, "scale", clock_scale(app->clock));
    return document;
}

static void clock_show(struct admin_call *call)
{
    admin_answer(call, admin_clock_document(call->app));
}

/* True when the body's members are all among `names`; otherwise a 400 names the other. */
static bool only_members_or_answer(struct admin_call *call, const char *const *names, size_t count)
{
    const cJSON *member;

    if (!cJSON_IsObject(call->body)) {
        admin_answer_error(call, 400, "BadRequest", "The body must be a JSON object");
        return false;
    }
    cJSON_ArrayForEach(member, call->body)
    {
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || strcmp(member->string, names[i]) == 0;
        }
        if (!known) {
            const char *nearest = nearest_name(bytes_from_string(member->string), names, count);
            admin_answer_error(call, 400, "BadRequest", "Unknown key '%.100s'%s%s%s",
                               member->string, nearest == NULL ? "" : "; did you mean '",
                               nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
            return false;
        }
    }
    return true;
}

static void clock_change(struct admin_call *call)
{
    static const char *const names[] = {"mode", "scale"};
    struct clock *clock = call->app->clock;

    if (!only_members_or_answer(call, names, ARRAY_LEN(names))) {
        return;
    }
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(call->body, "mode");
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(call->body, "scale");
    bool frozen = cJSON_IsString(mode) && strcmp(mode->valuestring, "frozen") == 0;
    bool real = cJSON_IsString(mode) && strcmp(mode->valuestring, "real") == 0;

    if (mode != NULL && !frozen && !real) {
        admin_answer_error(call, 400, "BadRequest", "'mode' must be \"real\" or \"frozen\"");
        return;
    }
    if (scale != NULL && (!cJSON_IsNumber(scale) || !(scale->valuedouble >= 0.001) ||
                          !(scale->valuedouble <= 1e6))) {
        admin_answer_error(call, 400, "BadRequest",
                           "'scale' must be a number from 0.001 to 1000000");
        return;
    }
    if (frozen && scale != NULL) {
        admin_answer_error(call, 400, "BadRequest", "A frozen clock has no 'scale'");
        return;
    }
    if (frozen) {
        clock_freeze(clock);
    } else if (real || scale != NULL) {
        clock_set_real(clock, scale != NULL ? scale->valuedouble : clock_scale(clock));
    }
    app_clock_changed(call->app);
    admin_answer(call, admin_clock_document(call->app));
}

/* An advance whose answer comes when it has arrived. */
struct advance {
    struct clock_journey journey;
    struct app *app;
    struct http_response *response;
    struct site_exchange *exchange; /* NULL: it is answered at once */
    bool arrived;
};

static void arrived(struct clock_journey *journey)
{
    struct advance *advance = CONTAINER_OF(journey, struct advance, journey);
    struct admin_call call = {.app = advance->app, .response = advance->response};

    app_clock_changed(advance->app);
    admin_answer(&call, admin_clock_document(advance->app));
    advance->arrived = true;
    if (advance->exchange != NULL) {
        site_answer(advance->exchange);
        memory_free(advance);
    }
}

static void client_gone(void *context)
{
    struct advance *advance = context;

    clock_call_off(&advance->journey);
    memory_free(advance);
}

static void clock_advance_by(struct admin_call *call)
{
    static const char *const names[] = {"by"};
    const cJSON *by;
    int64_t duration_ms = -1;

    if (!only_members_or_answer(call, names, ARRAY_LEN(names))) {
        return;
    }
    by = cJSON_GetObjectItemCaseSensitive(call->body, "by");
    if (!cJSON_IsString(by) || !duration_parse(bytes_from_string(by->valuestring), &duration_ms)) {
        duration_ms = -1;
    }
    if (duration_ms < 0) {
        admin_answer_error(call, 400, "BadRequest",
                           "'by' must be a duration such as \"90s\", \"20m\" or \"36h\"");
        return;
    }
    struct advance *advance = memory_allocate_zeroed(sizeof(*advance));
    advance->journey.arrived = arrived;
    advance->app = call->app;
    advance->response = call->response;
    clock_travel(call->app->clock, &advance->journey, duration_ms);
    if (advance->arrived) {
        memory_free(advance);
    } else {
        advance->exchange = site_answer_later(call->request, client_gone, advance);
    }
}

const struct admin_route admin_clock_routes[] = {
    {"GET", "/_redurite/clock", clock_show},
    {"POST", "/_redurite/clock", clock_change},
    {"POST", "/_redurite/clock/advance", clock_advance_by},
    {0},
};
