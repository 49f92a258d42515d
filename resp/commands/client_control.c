/* CLIENT PAUSE, UNPAUSE, UNBLOCK, REPLY, NO-EVICT and NO-TOUCH: how clients are served. */
#include "resp/arguments.h"
#include "resp/commands/client.h"
#include "resp/instance_state.h"

void cmd_client_reply(struct call *call)
{
    struct session *session = call->session;
    if (bytes_equal_string_nocase(call->argv[2], "ON")) {
        session->replies_off = false;
        call->reply->muted = false;
        reply_ok(call->reply);
    } else if (bytes_equal_string_nocase(call->argv[2], "OFF")) {
        session->replies_off = true;
    } else if (bytes_equal_string_nocase(call->argv[2], "SKIP")) {
        session->skip_next_reply = !session->replies_off;
    } else {
        reply_syntax_error(call);
    }
}

static void switch_or_reply(struct call *call, bool *flag)
{
    bool on = bytes_equal_string_nocase(call->argv[2], "ON");
    if (!on && !bytes_equal_string_nocase(call->argv[2], "OFF")) {
        reply_syntax_error(call);
        return;
    }
    *flag = on;
    reply_ok(call->reply);
}

void cmd_client_no_evict(struct call *call)
{
    switch_or_reply(call, &call->session->no_evict);
}

void cmd_client_no_touch(struct call *call)
{
    switch_or_reply(call, &call->session->no_touch);
}

void cmd_client_pause(struct call *call)
{
    int64_t timeout_ms;
    bool writes_only = false;
    if (call->argc == 4) {
        writes_only = bytes_equal_string_nocase(call->argv[3], "WRITE");
        if (!writes_only && !bytes_equal_string_nocase(call->argv[3], "ALL")) {
            reply_error(call->reply, "ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
    }
    if (!block_timeout_ms_or_reply(call, 2, &timeout_ms)) {
        return;
    }
    blocking_pause(call->instance, call->now_ms + timeout_ms, writes_only);
    reply_ok(call->reply);
}

void cmd_client_unpause(struct call *call)
{
    blocking_unpause(call->instance);
    reply_ok(call->reply);
}

void cmd_client_unblock(struct call *call)
{
    const char *error = NULL;
    int64_t id;
    if (call->argc > 4) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (call->argc == 4) {
        if (bytes_equal_string_nocase(call->argv[3], "ERROR")) {
            error = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
        } else if (!bytes_equal_string_nocase(call->argv[3], "TIMEOUT")) {
            reply_error(call->reply, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
            return;
        }
    }
    if (!argument_integer_or_reply(call, 2, &id)) {
        return;
    }
    bool released = false;
    for (struct session *session = call->instance->sessions; session != NULL && !released;
         session = session->next) {
        released = session->id == (uint64_t)id && block_release(session, error);
    }
    reply_integer(call->reply, released ? 1 : 0);
}
