/* INFO, TIME, DBSIZE and the commands that empty or swap databases. */
#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/info.h"
#include "resp/instance_state.h"

static void cmd_info(struct call *call)
{
    if (call->argc > 2 && !call_supports(call, "7.0.0")) {
        reply_syntax_error(call);
        return;
    }
    struct buf text;
    buf_init(&text, 16 * 1024 * 1024);
    info_write(call->session, call->argv + 1, call->argc - 1, call->now_ms, &text);
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

static void cmd_time(struct call *call)
{
    int64_t now_us = clock_now_us(call->instance->clock);
    reply_array(call->reply, 2);
    reply_bulk_integer(call->reply, now_us / 1000000);
    reply_bulk_integer(call->reply, now_us % 1000000);
}

static void cmd_dbsize(struct call *call)
{
    reply_integer(call->reply, (int64_t)keyspace_count(call->db));
}

/* FLUSHDB and FLUSHALL take ASYNC, and from 6.2 on SYNC. */
static bool flush_mode_or_reply(struct call *call)
{
    if (call->argc == 1 || (call->argc == 2 && (bytes_equal_string_nocase(call->argv[1], "ASYNC") ||
                                                (bytes_equal_string_nocase(call->argv[1], "SYNC") &&
                                                 call_supports(call, "6.2.0"))))) {
        return true;
    }
    reply_syntax_error(call);
    return false;
}

static void clear(struct call *call, struct keyspace *db)
{
    watch_touch_database(call->instance, db);
    call->instance->changes += keyspace_count(db);
    keyspace_clear(db);
    blocking_database_changed(call->instance, db);
}

static void cmd_flushdb(struct call *call)
{
    if (flush_mode_or_reply(call)) {
        clear(call, call->db);
        tracking_flushed(call->instance);
        call->instance->changes++;
        reply_ok(call->reply);
    }
}

static void cmd_flushall(struct call *call)
{
    if (!flush_mode_or_reply(call)) {
        return;
    }
    for (int i = 0; i < call->instance->database_count; i++) {
        clear(call, call->instance->databases[i]);
    }
    tracking_flushed(call->instance);
    call->instance->changes++;
    reply_ok(call->reply);
}

static void cmd_swapdb(struct call *call)
{
    int64_t index[2];
    static const char *const errors[] = {"ERR invalid first DB index",
                                         "ERR invalid second DB index"};
    for (int i = 0; i < 2; i++) {
        if (!bytes_to_int64(call->argv[i + 1], &index[i])) {
            reply_error(call->reply, errors[i]);
            return;
        }
    }
    struct keyspace *a = instance_database(call->instance, (int)(index[0] & INT32_MAX));
    struct keyspace *b = instance_database(call->instance, (int)(index[1] & INT32_MAX));
    if (index[0] < 0 || index[1] < 0 || index[0] > INT32_MAX || index[1] > INT32_MAX || a == NULL ||
        b == NULL) {
        reply_error(call->reply, "ERR DB index is out of range");
        return;
    }
    if (a != b) {
        watch_touch_database(call->instance, a);
        watch_touch_database(call->instance, b);
        keyspace_swap(a, b);
        blocking_database_changed(call->instance, a);
        blocking_database_changed(call->instance, b);
        watch_touch_database(call->instance, a);
        watch_touch_database(call->instance, b);
        call->instance->changes++;
    }
    reply_ok(call->reply);
}

/* A browser was made to talk to us: nobody else sends these words. */
static void cmd_hang_up(struct call *call)
{
    call->session->closing = true;
}

static const struct command commands[] = {
    {
        .name = "DBSIZE",
        .handler = cmd_dbsize,
        .arity = 1,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Return the number of keys in the selected database",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:agg_sum", NULL},
    },
    {
        .name = "FLUSHALL",
        .handler = cmd_flushall,
        .arity = -1,
        .flags = CMD_WRITE,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of keys in all databases",
        .summary = "Remove all keys from all databases",
        .arguments = "[async(async=token@ASYNC^4.0.0|sync=token@SYNC^6.2.0)]",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
        .history =
            (const struct command_history[]){{"4.0.0", "Added the `ASYNC` flushing mode modifier."},
                                             {"6.2.0", "Added the `SYNC` flushing mode modifier."},
                                             {0}},
    },
    {
        .name = "FLUSHDB",
        .handler = cmd_flushdb,
        .arity = -1,
        .flags = CMD_WRITE,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of keys in the selected database",
        .summary = "Remove all keys from the current database",
        .arguments = "[async(async=token@ASYNC^4.0.0|sync=token@SYNC^6.2.0)]",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
        .history =
            (const struct command_history[]){{"4.0.0", "Added the `ASYNC` flushing mode modifier."},
                                             {"6.2.0", "Added the `SYNC` flushing mode modifier."},
                                             {0}},
    },
    {
        .name = "INFO",
        .handler = cmd_info,
        .arity = -1,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get information and statistics about the server",
        .arguments = "[section...]",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special", NULL},
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added support for taking multiple section arguments."}, {0}},
    },
    {
        .name = "SWAPDB",
        .managed = AZURE_BLOCKED,
        .handler = cmd_swapdb,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .since = "4.0.0",
        .complexity = "O(N) where N is the count of clients watching or blocking on keys from "
                      "both databases.",
        .summary = "Swaps two Redis databases",
        .arguments = "index1=integer index2=integer",
    },
    {
        .name = "TIME",
        .handler = cmd_time,
        .arity = 1,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Return the current server time",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "POST",
        .handler = cmd_hang_up,
        .arity = -1,
        .flags = CMD_READONLY | CMD_LOADING | CMD_STALE,
        .since = "2.8.24",
        .until = "7.0.0",
        .complexity = "O(1)",
        .summary = "Hang up on a browser",
    },
    {
        .name = "HOST:",
        .handler = cmd_hang_up,
        .arity = -1,
        .flags = CMD_READONLY | CMD_LOADING | CMD_STALE,
        .since = "2.8.24",
        .until = "7.0.0",
        .complexity = "O(1)",
        .summary = "Hang up on a browser",
    },
};

const struct command_family server_family = {"server", commands, ARRAY_LEN(commands)};
