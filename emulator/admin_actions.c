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

static void types_show(struct admin_call *call)
{
    admin_answer(call, actions_types());
}

/* What redis-py asks before its tests of Redis Enterprise's notifications. */
static void triggers_show(struct admin_call *call)
{
    admin_answer_error(call, 422, "ValidationError",
                       "Caches of Azure send no maintenance notifications (MOVING, SMIGRATING), so "
                       "nothing triggers one; AzureRedisEvents come with the action "
                       "maintenance_mode");
}

const struct admin_route admin_action_routes[] = {
    {"POST", "/action", action_start},
    {"GET", "/action", actions_show_all},
    {"GET", "/actions", types_show},
    {"GET", "/slot-migrate", triggers_show},
    {"GET", "/topology-change-standalone", triggers_show},
    {"GET", "/action/{id}", action_show},
    {0},
};
