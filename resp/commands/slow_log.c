/* SLOWLOG. */
#include "resp/slow_log.h"

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

static void cmd_slowlog_get(struct call *call)
{
    int64_t most = 10;
    if (call->argc > 3) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (call->argc == 3) {
        if (!call_supports(call, "7.0.0")) {
            if (!argument_integer_or_reply(call, 2, &most)) {
                return;
            }
        } else if (!argument_integer_in_range_or_reply(
                       call, 2, -1, INT64_MAX, &most,
                       "ERR count should be greater than or equal to -1")) {
            return;
        }
    }
    const struct slow_log *log = &call->instance->slow_log;
    size_t count = most < 0 || (uint64_t)most > log->count ? log->count : (size_t)most;
    const struct slow_command *command = log->first;
    reply_array(call->reply, count);
    for (size_t i = 0; i < count; i++, command = command->next) {
        reply_array(call->reply, 6);
        reply_integer(call->reply, command->id);
        reply_integer(call->reply, command->time_s);
        reply_integer(call->reply, command->duration_us);
        reply_array(call->reply, (size_t)command->argc);
        for (int word = 0; word < command->argc; word++) {
            reply_bulk(call->reply, command->argv[word]);
        }
        reply_bulk_string(call->reply, command->address);
        reply_bulk_string(call->reply, command->name);
    }
}

static void cmd_slowlog_len(struct call *call)
{
    reply_integer(call->reply, (int64_t)call->instance->slow_log.count);
}

static void cmd_slowlog_reset(struct call *call)
{
    slow_log_clear(&call->instance->slow_log);
    reply_ok(call->reply);
}

static const char *const help_lines[] = {
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
    NULL,
};

static void cmd_slowlog_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command slowlog_subcommands[] = {
    {
        .name = "GET",
        .handler = cmd_slowlog_get,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
        .since = "2.2.12",
        .complexity = "O(N) where N is the number of entries returned",
        .summary = "Get the slow log's entries",
        .arguments = "[count=integer]",
        .tips = (const char *const[]){"request_policy:all_nodes", "nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){
                {"4.0.0", "Added client IP address, port and name to the reply."}, {0}},
    },
    {
        .name = "HELP",
        .handler = cmd_slowlog_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "LEN",
        .handler = cmd_slowlog_len,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
        .since = "2.2.12",
        .complexity = "O(1)",
        .summary = "Get the slow log's length",
        .tips = (const char *const[]){"request_policy:all_nodes", "response_policy:agg_sum",
                                      "nondeterministic_output", NULL},
    },
    {
        .name = "RESET",
        .handler = cmd_slowlog_reset,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
        .since = "2.2.12",
        .complexity = "O(N) where N is the number of entries in the slowlog",
        .summary = "Clear all entries from the slow log",
        .tips = (const char *const[]){"request_policy:all_nodes", "response_policy:all_succeeded",
                                      NULL},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "SLOWLOG",
        .arity = -2,
        .since = "2.2.12",
        .complexity = "Depends on subcommand.",
        .summary = "A container for slow log commands",
        .subcommands = slowlog_subcommands,
    },
};

const struct command_family slow_log_family = {"server", commands, ARRAY_LEN(commands)};
