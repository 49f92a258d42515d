/*
 * SAVE, BGSAVE, BGREWRITEAOF and LASTSAVE. Files are the host's affair, which saves on its own
 * terms; a save asked for here is done at once, and counts as one.
 */
#include "resp/arguments.h"
#include "resp/instance_state.h"

static bool save(struct call *call)
{
    struct instance *instance = call->instance;
    if (instance->host.save != NULL && !instance->host.save(instance->host.context, instance)) {
        reply_error(call->reply, "ERR the dump could not be written, see the log");
        return false;
    }
    instance->saved_ms = call->now_ms;
    instance->saved_changes = instance->changes;
    return true;
}

static void cmd_save(struct call *call)
{
    if (save(call)) {
        reply_ok(call->reply);
    }
}

static void cmd_bgsave(struct call *call)
{
    if (call->argc > 2 ||
        (call->argc == 2 && !bytes_equal_string_nocase(call->argv[1], "SCHEDULE"))) {
        reply_syntax_error(call);
        return;
    }
    if (save(call)) {
        reply_status(call->reply, "Background saving started");
    }
}

static void cmd_bgrewriteaof(struct call *call)
{
    if (save(call)) {
        reply_status(call->reply, "Background append only file rewriting started");
    }
}

static void cmd_lastsave(struct call *call)
{
    reply_integer(call->reply, call->instance->saved_ms / 1000);
}

static const struct command commands[] = {
    {
        .name = "SAVE",
        .azure = AZURE_BLOCKED,
        .handler = cmd_save,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of keys in all databases",
        .summary = "Synchronously save the dataset to disk",
    },
    {
        .name = "BGSAVE",
        .azure = AZURE_BLOCKED,
        .handler = cmd_bgsave,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Asynchronously save the dataset to disk",
        .arguments = "[schedule=token@SCHEDULE^3.2.2]",
        .history = (const struct command_history[]){{"3.2.2", "Added the `SCHEDULE` option."}, {0}},
    },
    {
        .name = "BGREWRITEAOF",
        .azure = AZURE_BLOCKED,
        .handler = cmd_bgrewriteaof,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Asynchronously rewrite the append-only file",
    },
    {
        .name = "LASTSAVE",
        .handler = cmd_lastsave,
        .arity = 1,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get the UNIX time stamp of the last successful save to disk",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
};

const struct command_family persistence_family = {"server", commands, ARRAY_LEN(commands)};
