/* POST /action, GET /action and GET /action/{id}: the fault injector of client libraries' tests */
#include "emulator/admin.h"

#include "emulator/actions.h"
#include "emulator/app.h"

static void action_start(struct admin_call *call)
{
    struct buf error;

    buf_init(&error, 4096);
    cJSON *answer = actions_start(call->app->actions, call->body, &error);
    if (answer == NULL) {
        admin_answer_error(call, 422, "ValidationError", "%s", buf_string(&error));
    } else {
        admin_answer(call, answer);
    }
    buf_finish(&error);
}

static void action_show(struct admin_call *call)
{
    cJSON *document = actions_show(call->app->actions, call->id);

    if (document == NULL) {
        admin_answer_error(call, 404, "ActionNotFound", "There is no action '%.*s'",
                           (int)bytes_slice(call->id, 0, 100).size, call->id.data);
    } else {
        admin_answer(call, document);
    }
}

static void actions_show_all(struct admin_call *call)
{
    admin_answer(call, actions_list(call->app->actions));
}

const struct admin_route admin_action_routes[] = {
    {"POST", "/action", action_start},
    {"GET", "/action", actions_show_all},
    {"GET", "/action/{id}", action_show},
    {0},
};
