/* GET and PUT /_redurite/state, POST /_redurite/reset */
#include "emulator/admin.h"

#include "emulator/app.h"

static void state_show(struct admin_call *call)
{
    admin_answer(call, state_snapshot(call->app->state));
}

static void state_replace(struct admin_call *call)
{
    struct buf error;

    buf_init(&error, 4096);
    if (call->body == NULL) {
        admin_answer_error(call, 400, "BadRequest", "The body must be a snapshot");
    } else if (!state_restore(call->app->state, call->body, &error)) {
        admin_answer_error(call, 400, "BadSnapshot", "The snapshot %s; nothing was changed",
                           buf_string(&error));
    } else {
        app_clock_changed(call->app);
        admin_answer(call, cJSON_CreateObject());
    }
    buf_finish(&error);
}

static void reset(struct admin_call *call)
{
    struct buf error;

    buf_init(&error, 4096);
    if (app_reset(call->app, &error)) {
        admin_answer(call, cJSON_CreateObject());
    } else {
        admin_answer_error(call, 500, "ResetFailed", "%s", buf_string(&error));
    }
    buf_finish(&error);
}

const struct admin_route admin_state_routes[] = {
    {"GET", "/_redurite/state", state_show},
    {"PUT", "/_redurite/state", state_replace},
    {"POST", "/_redurite/reset", reset},
    {0},
};
