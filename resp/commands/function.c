/* FUNCTION, FCALL and FCALL_RO. */
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/commands/scripting.h"
#include "resp/errors.h"
#include "resp/rdb_reader.h"
#include "resp/rdb_writer.h"

enum { LONGEST_PAYLOAD = 1 << 30 };

static void call_function(struct call *call, bool read_only)
{
    struct script_run run;
    int keys;
    struct function *function = function_find(call->instance, call->argv[1]);
    if (function == NULL) {
        reply_error(call->reply, "ERR Function not found");
        return;
    }
    if (!script_keys_or_reply(call, 2, "ERR Bad number of keys provided", &keys) ||
        !script_run_or_reply(call, function->flags, read_only, &run)) {
        return;
    }
    run.name = function->name;
    run.is_function = true;
    lua_engine_call(call->instance->functions.engine, function->reference, &run, call->argv + 3,
                    (size_t)keys, call->argv + 3 + keys, (size_t)(call->argc - 3 - keys), false);
}

static void cmd_fcall(struct call *call)
{
    call_function(call, false);
}

static void cmd_fcall_ro(struct call *call)
{
    call_function(call, true);
}

/* ---- Libraries ---- */

static void cmd_function_load(struct call *call)
{
    struct buf error;
    bool replace = false;
    for (int i = 2; i < call->argc - 1; i++) {
        if (!bytes_equal_string_nocase(call->argv[i], "REPLACE")) {
            reply_errorf(call->reply, "ERR Unknown option given: %.*s", (int)call->argv[i].size,
                         call->argv[i].data);
            return;
        }
        replace = true;
    }
    buf_init(&error, 8192);
    const char *name =
        function_library_load(call->instance, call->argv[call->argc - 1], replace, &error);
    if (name != NULL) {
        reply_bulk_string(call->reply, name);
        call->instance->changes++;
    } else {
        reply_error(call->reply, buf_string(&error));
    }
    buf_finish(&error);
}

static void cmd_function_delete(struct call *call)
{
    struct function_library *library = function_library_find(call->instance, call->argv[2]);
    if (library == NULL) {
        reply_error(call->reply, "ERR Library not found");
        return;
    }
    function_library_delete(call->instance, library);
    call->instance->changes++;
    reply_ok(call->reply);
}

static void cmd_function_flush(struct call *call)
{
    if (call->argc > 3) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (call->argc == 3 && !bytes_equal_string_nocase(call->argv[2], "SYNC") &&
        !bytes_equal_string_nocase(call->argv[2], "ASYNC")) {
        reply_error(call->reply, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
        return;
    }
    functions_flush(call->instance);
    call->instance->changes++;
    reply_ok(call->reply);
}

static void reply_function(struct call *call, const struct function *function)
{
    size_t count = 0;
    reply_map(call->reply, 3);
    reply_bulk_string(call->reply, "name");
    reply_bulk_string(call->reply, function->name);
    reply_bulk_string(call->reply, "description");
    if (function->description.data != NULL) {
        reply_bulk(call->reply, function->description);
    } else {
        reply_null(call->reply);
    }
    reply_bulk_string(call->reply, "flags");
    size_t mark = reply_defer(call->reply);
    for (unsigned flag = 1; script_flag_name(flag) != NULL; flag <<= 1) {
        if ((function->flags & flag) != 0) {
            reply_status(call->reply, script_flag_name(flag));
            count++;
        }
    }
    reply_set_at(call->reply, mark, count);
}

static void reply_library(struct call *call, const struct function_library *library, bool code)
{
    reply_map(call->reply, code ? 4 : 3);
    reply_bulk_string(call->reply, "library_name");
    reply_bulk_string(call->reply, library->name);
    reply_bulk_string(call->reply, "engine");
    reply_bulk_string(call->reply, "LUA");
    reply_bulk_string(call->reply, "functions");
    reply_array(call->reply, library->count);
    for (size_t i = 0; i < library->count; i++) {
        reply_function(call, &library->functions[i]);
    }
    if (code) {
        reply_bulk_string(call->reply, "library_code");
        reply_bulk(call->reply, library->code);
    }
}

static void cmd_function_list(struct call *call)
{
    bool code = false;
    struct bytes pattern = {NULL, 0};
    for (int i = 2; i < call->argc; i++) {
        struct bytes word = call->argv[i];
        if (!code && bytes_equal_string_nocase(word, "WITHCODE")) {
            code = true;
        } else if (pattern.data == NULL && bytes_equal_string_nocase(word, "LIBRARYNAME")) {
            if (i + 1 >= call->argc) {
                reply_error(call->reply, "ERR library name argument was not given");
                return;
            }
            pattern = call->argv[++i];
        } else {
            reply_errorf(call->reply, "ERR Unknown argument %.*s", (int)word.size, word.data);
            return;
        }
    }
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; i < call->instance->functions.count; i++) {
        const struct function_library *library = call->instance->functions.libraries[i];
        if (pattern.data == NULL ||
            bytes_match_glob(pattern, bytes_from_string(library->name), true)) {
            reply_library(call, library, code);
            count++;
        }
    }
    reply_array_at(call->reply, mark, count);
}

static void cmd_function_stats(struct call *call)
{
    const struct script_run *run = lua_engines_run(call->instance);
    const struct function_store *store = &call->instance->functions;
    reply_map(call->reply, 2);
    reply_bulk_string(call->reply, "running_script");
    if (run == NULL) {
        reply_null(call->reply);
    } else {
        reply_map(call->reply, 3);
        reply_bulk_string(call->reply, "name");
        reply_bulk_string(call->reply, run->name);
        reply_bulk_string(call->reply, "command");
        reply_array(call->reply, (size_t)run->call->argc);
        for (int i = 0; i < run->call->argc; i++) {
            reply_bulk(call->reply, run->call->argv[i]);
        }
        reply_bulk_string(call->reply, "duration_ms");
        reply_integer(call->reply, (clock_monotonic_us() - run->start_us) / 1000);
    }
    reply_bulk_string(call->reply, "engines");
    reply_map(call->reply, 1);
    reply_bulk_string(call->reply, "LUA");
    reply_map(call->reply, 2);
    reply_bulk_string(call->reply, "libraries_count");
    reply_integer(call->reply, (int64_t)store->count);
    reply_bulk_string(call->reply, "functions_count");
    reply_integer(call->reply, (int64_t)dict_count(&store->functions));
}

static void cmd_function_kill(struct call *call)
{
    script_kill(call, true);
}

/* ---- DUMP and RESTORE ---- */

static void cmd_function_dump(struct call *call)
{
    struct buf payload;
    struct rdb_writer writer;
    buf_init(&payload, LONGEST_PAYLOAD);
    const struct rdb_sink sink = {rdb_sink_into_buf, &payload};
    rdb_writer_init(&writer, &sink, rdb_version(call->instance));
    for (size_t i = 0; i < call->instance->functions.count; i++) {
        rdb_write_byte(&writer, RDB_MARK_FUNCTION2);
        rdb_write_string(&writer, call->instance->functions.libraries[i]->code);
    }
    rdb_write_footer(&writer, rdb_version(call->instance));
    rdb_writer_finish(&writer);
    reply_bulk(call->reply, buf_bytes(&payload));
    buf_finish(&payload);
}

/* Loads every library of a payload; stops at the first that does not fit. */
static bool restore_libraries(struct call *call, struct bytes value, bool replace)
{
    struct rdb_reader reader = {.data = value, .random = call->instance->random};
    struct buf code, error;
    bool good = true;
    buf_init(&code, LONGEST_PAYLOAD);
    buf_init(&error, 8192);
    while (good && reader.at < value.size) {
        unsigned char mark;
        buf_clear(&code);
        if (!rdb_read_byte(&reader, &mark) || mark != RDB_MARK_FUNCTION2) {
            buf_append_string(&error, "ERR given type is not a function");
            good = false;
        } else if (!rdb_read_string(&reader, &code)) {
            buf_append_string(&error, "ERR Failed loading library data");
            good = false;
        } else {
            good = function_library_load(call->instance, buf_bytes(&code), replace, &error) != NULL;
        }
    }
    if (!good) {
        /* Here Redis names a library that is there already without quotes. */
        char *quoted = strstr(buf_string(&error), "Library '") != NULL ? buf_string(&error) : NULL;
        for (char *to = quoted; quoted != NULL && (*to = *quoted) != '\0'; quoted++) {
            to += *quoted != '\'' ? 1 : 0;
        }
        reply_error(call->reply, buf_string(&error));
    }
    buf_finish(&code);
    buf_finish(&error);
    return good;
}

static struct function_store take_store(struct instance *instance)
{
    struct function_store store = instance->functions;
    instance->functions = (struct function_store){0};
    functions_init(instance);
    return store;
}

static void put_store(struct instance *instance, struct function_store store)
{
    functions_finish(instance);
    instance->functions = store;
}

/* Copies the present libraries over, so that a failure leaves the old ones untouched. */
static bool copy_libraries(struct call *call, const struct function_store *from)
{
    struct buf error;
    bool good = true;
    buf_init(&error, 8192);
    for (size_t i = 0; good && i < from->count; i++) {
        good =
            function_library_load(call->instance, from->libraries[i]->code, false, &error) != NULL;
    }
    buf_finish(&error);
    return good;
}

static void cmd_function_restore(struct call *call)
{
    static const char *const policies[] = {"APPEND", "FLUSH", "REPLACE"};
    struct bytes value;
    size_t policy = 0;
    if (call->argc > 4) {
        reply_subcommand_syntax_error(call);
        return;
    }
    while (call->argc == 4 && policy < ARRAY_LEN(policies) &&
           !bytes_equal_string_nocase(call->argv[3], policies[policy])) {
        policy++;
    }
    if (policy == ARRAY_LEN(policies)) {
        reply_error(call->reply, "ERR Wrong restore policy given, value should be either FLUSH, "
                                 "APPEND or REPLACE.");
        return;
    }
    if (!rdb_footer_fits(call->instance, call->argv[2], &value)) {
        reply_error(call->reply, ERROR_PAYLOAD_FOOTER);
        return;
    }
    struct function_store old = take_store(call->instance);
    bool flush = policy == 1, replace = policy == 2;
    if (!flush) {
        copy_libraries(call, &old);
    }
    if (!restore_libraries(call, value, replace)) {
        put_store(call->instance, old);
        return;
    }
    struct function_store fresh = take_store(call->instance);
    put_store(call->instance, old);
    put_store(call->instance, fresh);
    call->instance->changes++;
    reply_ok(call->reply);
}

static void cmd_function_help(struct call *call)
{
    static const char *const help_lines[] = {
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Create a new library with the given library name and code.",
        "DELETE <LIBRARY NAME>",
        "    Delete the given library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Return general information on all the libraries:",
        "    * Library name",
        "    * The engine used to run the Library",
        "    * Library description",
        "    * Functions list",
        "    * Library code (if WITHCODE is given)",
        "    It also possible to get only function that matches a pattern using LIBRARYNAME "
        "argument.",
        "STATS",
        "    Return information about the current function running:",
        "    * Function name",
        "    * Command used to run the function",
        "    * Duration in MS that the function is running",
        "    If no function is running, return nil",
        "    In addition, returns a list of available engines.",
        "KILL",
        "    Kill the current running function.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all the libraries.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the libraries.",
        "    * SYNC: Synchronously flush the libraries.",
        "DUMP",
        "    Return a serialized payload representing the current libraries, can be restored using "
        "FUNCTION RESTORE command",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Restore the libraries represented by the given payload, it is possible to give a "
        "restore policy to",
        "    control how to handle existing libraries (default APPEND):",
        "    * FLUSH: delete all existing libraries.",
        "    * APPEND: appends the restored libraries to the existing libraries. On collision, "
        "abort.",
        "    * REPLACE: appends the restored libraries to the existing libraries, On collision, "
        "replace the old",
        "      libraries with the new libraries (notice that even on this option there is a chance "
        "of failure",
        "      in case of functions name collision with another library).",
        NULL,
    };
    reply_help(call, help_lines);
}

static const struct command function_subcommands[] = {
    {
        .name = "DELETE",
        .handler = cmd_function_delete,
        .arity = 3,
        .flags = CMD_WRITE | CMD_NOSCRIPT,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Delete a function by name",
        .arguments = "library-name",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "DUMP",
        .handler = cmd_function_dump,
        .arity = 2,
        .flags = CMD_NOSCRIPT,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of functions",
        .summary = "Dump all functions into a serialized binary payload",
    },
    {
        .name = "FLUSH",
        .handler = cmd_function_flush,
        .arity = -2,
        .flags = CMD_WRITE | CMD_NOSCRIPT,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of functions deleted",
        .summary = "Deleting all functions",
        .arguments = "[async(async=token@ASYNC|sync=token@SYNC)]",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "HELP",
        .handler = cmd_function_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "KILL",
        .handler = cmd_function_kill,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Kill the function currently in execution.",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:one_succeeded",
                                      NULL},
    },
    {
        .name = "LIST",
        .handler = cmd_function_list,
        .arity = -2,
        .flags = CMD_NOSCRIPT,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of functions",
        .summary = "List information about all the functions",
        .arguments = "[library-name-pattern@LIBRARYNAME] [withcode=token@WITHCODE]",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "LOAD",
        .handler = cmd_function_load,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_NOSCRIPT,
        .since = "7.0.0",
        .complexity = "O(1) (considering compilation time is redundant)",
        .summary = "Create a function with the given arguments (name, code, description)",
        .arguments = "[replace=token@REPLACE] function-code",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "RESTORE",
        .handler = cmd_function_restore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_NOSCRIPT,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of functions on the payload",
        .summary = "Restore all the functions on the given payload",
        .arguments = "serialized-value "
                     "[policy(flush=token@FLUSH|append=token@APPEND|replace=token@REPLACE)]",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "STATS",
        .handler = cmd_function_stats,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Return information about the function currently running (name, "
                   "description, duration)",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special", NULL},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "FUNCTION",
        .arity = -2,
        .since = "7.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for function commands",
        .subcommands = function_subcommands,
    },
    {
        .name = "FCALL",
        .handler = cmd_fcall,
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
        .since = "7.0.0",
        .complexity = "Depends on the function that is executed.",
        .summary = "Invoke a function",
        .arguments = "function numkeys=integer [key#0...] [arg...]",
    },
    {
        .name = "FCALL_RO",
        .handler = cmd_fcall_ro,
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
        .complexity = "Depends on the function that is executed.",
        .summary = "Invoke a read-only function",
        .arguments = "function numkeys=integer [key#0...] [arg...]",
    },
};

const struct command_family function_family = {"scripting", commands, ARRAY_LEN(commands)};
