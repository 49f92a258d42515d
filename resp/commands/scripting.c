/* EVAL, EVALSHA, their _RO forms, and SCRIPT. */
#include "resp/commands/scripting.h"

#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/errors.h"
#include "resp/long_run.h"

bool script_keys_or_reply(struct call *call, int index, const char *not_a_number, int *count)
{
    int64_t number;
    if (!bytes_to_int64(call->argv[index], &number)) {
        reply_error(call->reply, not_a_number);
        return false;
    }
    if (number > call->argc - index - 1) {
        reply_error(call->reply, "ERR Number of keys can't be greater than number of args");
        return false;
    }
    if (number < 0) {
        reply_error(call->reply, "ERR Number of keys can't be negative");
        return false;
    }
    *count = (int)number;
    return true;
}

bool script_run_or_reply(struct call *call, unsigned flags, bool read_only, struct script_run *run)
{
    bool writes = (flags & (SCRIPT_NO_WRITES | SCRIPT_COMPATIBLE)) == 0;
    *run = (struct script_run){.call = call, .flags = flags};
    run->read_only = read_only || (flags & SCRIPT_NO_WRITES) != 0;
    run->out_of_memory = call->instance->max_memory > 0 && !eviction_make_room(call->instance);
    if (read_only && writes) {
        reply_error(call->reply,
                    "ERR Can not execute a script with write flag using *_ro command.");
        return false;
    }
    if (run->out_of_memory && writes && (flags & SCRIPT_ALLOW_OOM) == 0) {
        reply_error(call->reply, "OOM allow-oom flag is not set on the script, can not run it when "
                                 "used memory > 'maxmemory'");
        return false;
    }
    return true;
}

static void no_script(struct call *call)
{
    reply_error(call->reply, "NOSCRIPT No matching script. Please use EVAL.");
}

static void evaluate(struct call *call, struct bytes sha, const struct script *script,
                     bool read_only)
{
    struct script_run run;
    int keys;
    char name[SCRIPT_SHA_SIZE + 1] = {0};
    for (size_t i = 0; i < SCRIPT_SHA_SIZE; i++) {
        char byte = sha.data[i];
        name[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    }
    if (!script_keys_or_reply(call, 2, ERROR_NOT_INTEGER, &keys) ||
        !script_run_or_reply(call, script->flags, read_only, &run)) {
        return;
    }
    run.name = name;
    lua_engine_call(call->instance->scripts.engine, script->reference, &run, call->argv + 3,
                    (size_t)keys, call->argv + 3 + keys, (size_t)(call->argc - 3 - keys), true);
}

/* The numbers are looked at first, as in Redis. */
static bool numbers_fit(struct call *call)
{
    int keys;
    return script_keys_or_reply(call, 2, ERROR_NOT_INTEGER, &keys);
}

static void eval(struct call *call, bool read_only)
{
    char sha[SCRIPT_SHA_SIZE];
    struct bytes name = {sha, sizeof(sha)};
    if (!numbers_fit(call)) {
        return;
    }
    script_digest(call->argv[1], sha);
    const struct script *script = script_find(call->instance, name);
    if (script == NULL) {
        struct buf error;
        buf_init(&error, 8192);
        script = script_load(call->instance, name, call->argv[1], &error);
        if (script == NULL) {
            reply_error(call->reply, buf_string(&error));
        }
        buf_finish(&error);
    }
    if (script != NULL) {
        evaluate(call, name, script, read_only);
    }
}

static void evalsha(struct call *call, bool read_only)
{
    const struct script *script = script_find(call->instance, call->argv[1]);
    if (call->argv[1].size != SCRIPT_SHA_SIZE) {
        no_script(call);
        return;
    }
    if (!numbers_fit(call)) {
        return;
    }
    if (script == NULL) {
        no_script(call);
        return;
    }
    evaluate(call, call->argv[1], script, read_only);
}

static void cmd_eval(struct call *call)
{
    eval(call, false);
}

static void cmd_eval_ro(struct call *call)
{
    eval(call, true);
}

static void cmd_evalsha(struct call *call)
{
    evalsha(call, false);
}

static void cmd_evalsha_ro(struct call *call)
{
    evalsha(call, true);
}

/* ---- SCRIPT ---- */

void script_kill(struct call *call, bool functions)
{
    struct script_run *run = lua_engines_run(call->instance);
    if (run == NULL || !long_run_paused(call->instance)) {
        reply_error(call->reply, "NOTBUSY No scripts in execution right now.");
    } else if (run->is_function != functions) {
        reply_error(call->reply, run->is_function ? ERROR_BUSY_FUNCTION : ERROR_BUSY_SCRIPT);
    } else if (run->wrote) {
        reply_error(call->reply,
                    "UNKILLABLE Sorry the script already executed write commands against the "
                    "dataset. You can either wait the script termination or kill the server in a "
                    "hard way using the SHUTDOWN NOSAVE command.");
    } else {
        lua_engines_kill(call->instance);
        reply_ok(call->reply);
    }
}

static void cmd_script_load(struct call *call)
{
    char sha[SCRIPT_SHA_SIZE];
    struct bytes name = {sha, sizeof(sha)};
    struct buf error;
    script_digest(call->argv[2], sha);
    buf_init(&error, 8192);
    if (script_find(call->instance, name) != NULL ||
        script_load(call->instance, name, call->argv[2], &error) != NULL) {
        reply_bulk(call->reply, name);
    } else {
        reply_error(call->reply, buf_string(&error));
    }
    buf_finish(&error);
}

static void cmd_script_exists(struct call *call)
{
    reply_array(call->reply, (size_t)call->argc - 2);
    for (int i = 2; i < call->argc; i++) {
        reply_integer(call->reply, script_find(call->instance, call->argv[i]) != NULL);
    }
}

static void cmd_script_flush(struct call *call)
{
    if (call->argc > 3 || (call->argc == 3 && !bytes_equal_string_nocase(call->argv[2], "SYNC") &&
                           !bytes_equal_string_nocase(call->argv[2], "ASYNC"))) {
        reply_error(call->reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    scripts_flush(call->instance);
    reply_ok(call->reply);
}

static void cmd_script_kill(struct call *call)
{
    script_kill(call, false);
}

/* There is no debugger: only its switch is there, in its off position. */
static void cmd_script_debug(struct call *call)
{
    struct bytes mode = call->argv[2];
    if (bytes_equal_string_nocase(mode, "NO")) {
        reply_ok(call->reply);
    } else if (bytes_equal_string_nocase(mode, "YES") || bytes_equal_string_nocase(mode, "SYNC")) {
        reply_error(call->reply, "ERR the Lua debugger is not part of this server: use "
                                 "redis-server for ldb sessions");
    } else {
        reply_error(call->reply, call_supports(call, "7.0.0") ? "ERR Use SCRIPT DEBUG YES/SYNC/NO"
                                                              : "ERR Use SCRIPT DEBUG yes/sync/no");
    }
}

static void cmd_script_help(struct call *call)
{
    static const char *const help_lines[] = {
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode for subsequent scripts executed.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
        NULL,
    };
    reply_help(call, help_lines);
}

static const struct command script_subcommands[] = {
    {
        .name = "DEBUG",
        .handler = cmd_script_debug,
        .arity = 3,
        .flags = CMD_NOSCRIPT,
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Set the debug mode for executed scripts.",
        .arguments = "mode(yes=token@YES|sync=token@SYNC|no=token@NO)",
    },
    {
        .name = "EXISTS",
        .handler = cmd_script_exists,
        .arity = -3,
        .flags = CMD_NOSCRIPT,
        .since = "2.6.0",
        .complexity = "O(N) with N being the number of scripts to check (so checking a single "
                      "script is an O(1) operation).",
        .summary = "Check existence of scripts in the script cache.",
        .arguments = "sha1...",
        .tips = (const char *const[]){"request_policy:all_shards",
                                      "response_policy:agg_logical_and", NULL},
    },
    {
        .name = "FLUSH",
        .handler = cmd_script_flush,
        .arity = -2,
        .flags = CMD_NOSCRIPT,
        .since = "2.6.0",
        .complexity = "O(N) with N being the number of scripts in cache",
        .summary = "Remove all the scripts from the script cache.",
        .arguments = "[async(async=token@ASYNC|sync=token@SYNC)^6.2.0]",
        .tips = (const char *const[]){"request_policy:all_nodes", "response_policy:all_succeeded",
                                      NULL},
        .history =
            (const struct command_history[]){
                {"6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers."}, {0}},
    },
    {
        .name = "HELP",
        .handler = cmd_script_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "KILL",
        .handler = cmd_script_kill,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Kill the script currently in execution.",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:one_succeeded",
                                      NULL},
    },
    {
        .name = "LOAD",
        .handler = cmd_script_load,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_STALE,
        .since = "2.6.0",
        .complexity = "O(N) with N being the length in bytes of the script body.",
        .summary = "Load the specified Lua script into the script cache.",
        .arguments = "script",
        .tips = (const char *const[]){"request_policy:all_nodes", "response_policy:all_succeeded",
                                      NULL},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "SCRIPT",
        .arity = -2,
        .since = "2.6.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for Lua scripts management commands",
        .subcommands = script_subcommands,
    },
    {
        .name = "EVAL",
        .handler = cmd_eval,
        .arity = -3,
        .flags =
            CMD_NOSCRIPT | CMD_STALE | CMD_SKIP_MONITOR | CMD_NO_MANDATORY_KEYS | CMD_MAY_RUN_LONG,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE,
                  .notes =
                      "We cannot tell how the keys will be used so we assume the worst, RW and "
                      "UPDATE"}},
        .since = "2.6.0",
        .complexity = "Depends on the script that is executed.",
        .summary = "Execute a Lua script server side",
        .arguments = "script numkeys=integer [key#0...] [arg...]",
    },
    {
        .name = "EVALSHA",
        .handler = cmd_evalsha,
        .arity = -3,
        .flags =
            CMD_NOSCRIPT | CMD_STALE | CMD_SKIP_MONITOR | CMD_NO_MANDATORY_KEYS | CMD_MAY_RUN_LONG,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE}},
        .since = "2.6.0",
        .complexity = "Depends on the script that is executed.",
        .summary = "Execute a Lua script server side",
        .arguments = "sha1 numkeys=integer [key#0...] [arg...]",
    },
    {
        .name = "EVAL_RO",
        .handler = cmd_eval_ro,
        .arity = -3,
        .flags = CMD_READONLY | CMD_NOSCRIPT | CMD_STALE | CMD_SKIP_MONITOR |
                 CMD_NO_MANDATORY_KEYS | CMD_MAY_RUN_LONG,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS,
                  .notes =
                      "We cannot tell how the keys will be used so we assume the worst, RO and "
                      "ACCESS"}},
        .since = "7.0.0",
        .complexity = "Depends on the script that is executed.",
        .summary = "Execute a read-only Lua script server side",
        .arguments = "script numkeys=integer [key#0...] [arg...]",
    },
    {
        .name = "EVALSHA_RO",
        .handler = cmd_evalsha_ro,
        .arity = -3,
        .flags = CMD_READONLY | CMD_NOSCRIPT | CMD_STALE | CMD_SKIP_MONITOR |
                 CMD_NO_MANDATORY_KEYS | CMD_MAY_RUN_LONG,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "7.0.0",
        .complexity = "Depends on the script that is executed.",
        .summary = "Execute a read-only Lua script server side",
        .arguments = "sha1 numkeys=integer [key#0...] [arg...]",
    },
};

const struct command_family scripting_family = {"scripting", commands, ARRAY_LEN(commands)};
