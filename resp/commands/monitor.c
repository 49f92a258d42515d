/* MONITOR. */
#include "resp/monitor.h"

#include "resp/arguments.h"
#include "resp/instance_state.h"

static void cmd_monitor(struct call *call)
{
    if (call->nested) {
        reply_error(call->reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    if (!call->session->monitor) {
        call->session->monitor = true;
        call->instance->monitors++;
        reply_ok(call->reply);
    }
}

static const struct command commands[] = {
    {
        .name = "MONITOR",
        .handler = cmd_monitor,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "1.0.0",
        .summary = "Listen for all requests received by the server in real time",
    },
};

const struct command_family monitor_family = {"server", commands, ARRAY_LEN(commands)};
