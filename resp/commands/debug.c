/*
 * DEBUG: what Redis's own tests use to look behind the commands. Refused unless the setting
 * enable-debug-command, which is given at the start, allows it.
 */
#include "resp/commands/debug.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/configuration_file.h"
#include "resp/instance_state.h"
#include "resp/rdb.h"
#include "resp/rdb_writer.h"
#include "resp/types/string.h"

#define DUMP_LIMIT ((size_t)16 << 30)

enum {
    LONGEST_SLEEP_MS = 60 * 60 * 1000,
    MOST_POPULATED = 100 * 1000 * 1000,
    LONGEST_POPULATED = 512 * 1024 * 1024,
    MATCHES_TRIED = 100 * 1000,
};

/* As C's atoi, which Redis reads these switches with: what is no number is 0. */
static bool switched_on(struct bytes text)
{
    char digits[24] = {0};
    memcpy(digits, text.data, text.size < sizeof(digits) ? text.size : sizeof(digits) - 1);
    return strtol(digits, NULL, 10) != 0;
}

/* What is set has nothing to act on here: there is no such thing as it is about. */
static void debug_without_effect(struct call *call)
{
    reply_ok(call->reply);
}

/* ---- Time ---- */

/*
 * Nobody is answered until the time is over, as behind a command that takes as long. Like every
 * wait of a client it is on the emulator's clock; other caches go on.
 */
static void debug_sleep(struct call *call)
{
    char text[64] = {0};
    struct bytes given = call->argv[2];
    memcpy(text, given.data, given.size < sizeof(text) ? given.size : sizeof(text) - 1);
    double seconds = strtod(text, NULL);
    if (!(seconds > 0)) {
        reply_ok(call->reply);
        return;
    }
    double wanted_ms = ceil(seconds * 1000);
    int64_t ms = wanted_ms < LONGEST_SLEEP_MS ? (int64_t)wanted_ms : LONGEST_SLEEP_MS;
    block_for_time(call, ms, reply_ok);
    /* A pause of writes that is in force would hold everything else for as long as it lasts. */
    if (!timer_armed(&call->instance->pause)) {
        blocking_pause(call->instance, call->now_ms + ms, false);
    }
}

static void set_lazy_expiry(struct call *call, bool lazy)
{
    struct instance *instance = call->instance;
    instance->expires_lazily = lazy;
    for (int i = 0; i < instance->database_count && !lazy; i++) {
        keyspace_expire_again(instance->databases[i]);
    }
    reply_ok(call->reply);
}

static void debug_set_active_expire(struct call *call)
{
    set_lazy_expiry(call, !switched_on(call->argv[2]));
}

/* Of what Redis's periodic job does, only the expiry of keys happens by itself here. */
static void debug_pause_cron(struct call *call)
{
    set_lazy_expiry(call, switched_on(call->argv[2]));
}

/* ---- Data ---- */

/* The dump of the present data, or the file of the last save; false after answering. */
static bool dump_or_reply(struct call *call, bool save, struct buf *dump)
{
    struct instance *instance = call->instance;
    const struct instance_host_info *host = &instance->host;
    if (!save) {
        if (host->saved_dump != NULL && host->saved_dump(host->context, instance, dump)) {
            return true;
        }
        reply_error(call->reply, "ERR Error trying to load the RDB dump, check server logs.");
        return false;
    }
    const struct rdb_sink sink = {rdb_sink_into_buf, dump};
    if (rdb_save(instance, &sink) && (host->save == NULL || host->save(host->context, instance))) {
        return true;
    }
    reply_error(call->reply, "ERR");
    return false;
}

static void debug_reload(struct call *call)
{
    struct instance *instance = call->instance;
    bool save = true, flush = true, merge = false;
    for (int i = 2; i < call->argc; i++) {
        if (bytes_equal_string_nocase(call->argv[i], "MERGE")) {
            merge = true;
        } else if (bytes_equal_string_nocase(call->argv[i], "NOFLUSH")) {
            flush = false;
        } else if (bytes_equal_string_nocase(call->argv[i], "NOSAVE")) {
            save = false;
        } else {
            reply_error(call->reply,
                        "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
            return;
        }
    }
    struct buf dump, error;
    buf_init(&dump, DUMP_LIMIT);
    buf_init(&error, 1024);
    if (dump_or_reply(call, save, &dump)) {
        if (flush) {
            instance_flush(instance);
            functions_flush(instance);
        }
        /* Redis ends on a key that is there already; here the data stays and the client is told. */
        bool good = merge || flush ? rdb_load_over(instance, buf_bytes(&dump), &error)
                                   : rdb_load(instance, buf_bytes(&dump), &error);
        if (good) {
            reply_ok(call->reply);
        } else {
            log_error("redis", "could not reload reason=\"%s\"", buf_string(&error));
            reply_error(call->reply, "ERR Error trying to load the RDB dump, check server logs.");
        }
    }
    buf_finish(&dump);
    buf_finish(&error);
}

/* There is no append-only file. Redis ends then; here the data stays and the client is told. */
static void debug_loadaof(struct call *call)
{
    reply_error(call->reply, "ERR Error trying to load the AOF files, check server logs.");
}

static bool positive_or_reply(struct call *call, int index, int64_t most, int64_t *number)
{
    return argument_integer_in_range_or_reply(call, index, 0, most, number,
                                              "ERR value is out of range, must be positive");
}

/* Cut to the size that is asked for, or filled up with zeros. */
static struct string *populated_value(int64_t number, int64_t size)
{
    char text[32];
    size_t length = (size_t)snprintf(text, sizeof(text), "value:%lld", (long long)number);
    if (size < 0) {
        return string_create((struct bytes){text, length});
    }
    char *whole = memory_allocate_zeroed((size_t)size + 1);
    memcpy(whole, text, (size_t)size < length ? (size_t)size : length);
    struct string *string = string_create((struct bytes){whole, (size_t)size});
    memory_free(whole);
    return string;
}

static void debug_populate(struct call *call)
{
    int64_t count, size = -1;
    struct bytes prefix = call->argc > 3 ? call->argv[3] : BYTES("key");
    if (!positive_or_reply(call, 2, MOST_POPULATED, &count) ||
        (call->argc > 4 && !positive_or_reply(call, 4, LONGEST_POPULATED, &size))) {
        return;
    }
    struct buf key;
    buf_init(&key, SIZE_MAX);
    for (int64_t i = 0; i < count; i++) {
        buf_clear(&key);
        buf_append(&key, prefix);
        buf_printf(&key, ":%lld", (long long)i);
        if (keyspace_peek_at(call->db, buf_bytes(&key), call->now_ms) == NULL) {
            keyspace_set_take(call->db, buf_bytes(&key), &string_type, populated_value(i, size));
            keyspace_changed(call, buf_bytes(&key), EVENT_GENERIC, NULL);
        }
    }
    buf_finish(&key);
    reply_ok(call->reply);
}

/* What is lost counts as used memory until the next start. */
static void debug_leak(struct call *call)
{
    call->instance->leaked += call->argv[2].size;
    reply_ok(call->reply);
}

/* ---- Switches ---- */

static void debug_scripts(struct call *call)
{
    call->instance->scripts_run_everything = switched_on(call->argv[2]);
    reply_ok(call->reply);
}

static void debug_checksums(struct call *call)
{
    call->instance->checksums_ignored = switched_on(call->argv[2]);
    reply_ok(call->reply);
}

static void debug_packet_filter(struct call *call)
{
    int64_t number;
    if (argument_integer_or_reply(call, 2, &number)) {
        reply_ok(call->reply);
    }
}

/* Elements of any size are kept alike here, so only the value is looked at. */
static void debug_packed_threshold(struct call *call)
{
    int64_t size;
    if (!memory_amount_parse(call->argv[2], &size) || size > UINT32_MAX) {
        reply_error(call->reply,
                    "ERR argument must be a memory value bigger than 1 and smaller than 4gb");
        return;
    }
    reply_ok(call->reply);
}

static void debug_reply_buffer(struct call *call)
{
    int64_t ms;
    struct bytes what = call->argv[2], value = call->argv[3];
    if (bytes_equal_string_nocase(what, "peak-reset-time")) {
        if (bytes_equal_string_nocase(value, "never") ||
            bytes_equal_string_nocase(value, "reset") || argument_integer_or_reply(call, 3, &ms)) {
            reply_ok(call->reply);
        }
    } else if (bytes_equal_string_nocase(what, "resizing")) {
        reply_ok(call->reply);
    } else {
        reply_subcommand_syntax_error(call);
    }
}

static void debug_config_rewrite(struct call *call)
{
    int failure = configuration_rewrite(call->instance, true);
    if (failure != 0) {
        reply_errorf(call->reply, "ERR CONFIG-REWRITE-FORCE-ALL failed: %s", strerror(failure));
    } else {
        reply_ok(call->reply);
    }
}

/* ---- Replication ---- */

static void debug_change_replication_id(struct call *call)
{
    replication_history_begin(call->instance, NULL);
    reply_ok(call->reply);
}

/* The words go to the replicas as they are, and nothing happens here. */
static void debug_replicate(struct call *call)
{
    replication_pass_on(call->instance, call->argv + 2, call->argc - 2);
    reply_ok(call->reply);
}

/* ---- Looking ---- */

/* The sizes that Redis has them in, on a machine of this width. */
static void debug_struct_size(struct call *call)
{
    size_t pointer = sizeof(void *);
    reply_bulkf(call->reply,
                "bits:%zu robj:%zu dictentry:%zu sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 "
                "sdshdr64:17 ",
                pointer * 8, pointer + 8, 3 * pointer);
}

static void debug_client_eviction(struct call *call)
{
    reply_error(call->reply, "ERR maxmemory-clients is disabled.");
}

static void debug_cluster_link(struct call *call)
{
    reply_error(call->reply, "ERR Debug option only available for cluster mode enabled setup!");
}

/* Random patterns and texts: that the matcher comes back from each. */
static void debug_match_test(struct call *call)
{
    struct random *random = call->instance->random;
    char pattern[16], text[16];
    for (int i = 0; i < MATCHES_TRIED; i++) {
        for (size_t j = 0; j < sizeof(pattern); j++) {
            pattern[j] = "*?[]^-\\ab"[random_below(random, 9)];
            text[j] = (char)('a' + random_below(random, 2));
        }
        size_t pattern_size = random_below(random, sizeof(pattern) + 1);
        bytes_match_glob((struct bytes){pattern, pattern_size},
                         (struct bytes){text, random_below(random, sizeof(text) + 1)}, i % 2 == 0);
    }
    reply_status(call->reply, "Apparently Redis did not crash: test passed");
}

/* ---- Ends ---- */

/*
 * Where redis-server ends, this cache's server does, and is back at once: its connections are cut
 * without an answer, it is another run, and it has its data (which is saved as it changes) but no
 * scripts and no figures. The process goes on, as it serves other caches, too.
 */
static void debug_end(struct call *call)
{
    struct instance *instance = call->instance;
    log_warn("redis", "server ended by a client's DEBUG cache=%s", instance->name);
    scripts_flush(instance);
    slow_log_clear(&instance->slow_log);
    instance_reset_statistics(instance);
    instance_make_run_ids(instance);
    instance->started_ms = call->now_ms;
    instance->started_us = clock_monotonic_us();
    instance->leaked = 0;
    instance->scripts_run_everything = instance->checksums_ignored = false;
    set_lazy_expiry(call, false);
    buf_clear(&call->reply->output);
    instance_close_node(instance, INSTANCE_ALL_NODES);
}

static void debug_restart(struct call *call)
{
    int64_t delay_ms;
    if (call->argc < 3 || argument_integer_or_reply(call, 2, &delay_ms)) {
        debug_end(call);
    }
}

static void debug_help(struct call *call)
{
    static const char *const lines[] = {
        "AOF-FLUSH-SLEEP <microsec>",
        "    Server will sleep before flushing the AOF, this is used for testing.",
        "ASSERT",
        "    Crash by assertion failed.",
        "CHANGE-REPL-ID",
        "    Change the replication IDs of the instance.",
        "    Dangerous: should be used only for testing the replication subsystem.",
        "CONFIG-REWRITE-FORCE-ALL",
        "    Like CONFIG REWRITE but writes all configuration options, including",
        "    keywords not listed in original configuration file or default values.",
        "CRASH-AND-RECOVER [<milliseconds>]",
        "    Hard crash and restart after a <milliseconds> delay (default 0).",
        "DIGEST",
        "    Output a hex signature representing the current DB content.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Output a hex signature of the values of all the specified keys.",
        "ERROR <string>",
        "    Return a Redis protocol error with <string> as message. Useful for clients",
        "    unit tests to simulate Redis errors.",
        "LEAK <string>",
        "    Create a memory leak of the input string.",
        "LOG <message>",
        "    Write <message> to the server log.",
        "HTSTATS <dbid>",
        "    Return hash table statistics of the specified Redis database.",
        "HTSTATS-KEY <key>",
        "    Like HTSTATS but for the hash table stored at <key>'s value.",
        "LOADAOF",
        "    Flush the AOF buffers on disk and reload the AOF in memory.",
        "REPLICATE <string>",
        "    Replicates the provided string to replicas, allowing data divergence.",
        "OBJECT <key>",
        "    Show low level info about `key` and associated value.",
        "DROP-CLUSTER-PACKET-FILTER <packet-type>",
        "    Drop all packets that match the filtered type. Set to -1 allow all packets.",
        "OOM",
        "    Crash the server simulating an out-of-memory error.",
        "PANIC",
        "    Crash the server simulating a panic.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create <count> string keys named key:<num>. If <prefix> is specified then",
        "    it is used instead of the 'key' prefix. These are not propagated to",
        "    replicas. Cluster slots are not respected so keys not belonging to the",
        "    current node can be created in cluster mode.",
        "PROTOCOL <type>",
        "    Reply with a test value of the specified type. <type> can be: string,",
        "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
        "    true, false.",
        "RELOAD [option ...]",
        "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
        "    * MERGE: conflicting keys will be loaded from RDB.",
        "    * NOFLUSH: the existing database will not be removed before load, but",
        "      conflicting keys will generate an exception and kill the server.",
        "    * NOSAVE: the database will be loaded from an existing RDB file.",
        "    Examples:",
        "    * DEBUG RELOAD: verify that the server is able to persist, flush and reload",
        "      the database.",
        "    * DEBUG RELOAD NOSAVE: replace the current database with the contents of an",
        "      existing RDB file.",
        "    * DEBUG RELOAD NOSAVE NOFLUSH MERGE: add the contents of an existing RDB",
        "      file to the database.",
        "RESTART [<milliseconds>]",
        "    Graceful restart: save config, db, restart after a <milliseconds> delay (default 0).",
        "SDSLEN <key>",
        "    Show low level SDS string info representing `key` and value.",
        "SEGFAULT",
        "    Crash the server with sigsegv.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Setting it to 0 disables expiring keys in background when they are not",
        "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
        "    default.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    Sets the threshold for elements to be inserted as plain vs packed nodes",
        "    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.",
        "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
        "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
        "SLEEP <seconds>",
        "    Stop the server for <seconds>. Decimals allowed.",
        "STRINGMATCH-TEST",
        "    Run a fuzz tester against the stringmatchlen() function.",
        "STRUCTSIZE",
        "    Return the size of different Redis core C structures.",
        "LISTPACK <key>",
        "    Show low level info about the listpack encoding of <key>.",
        "QUICKLIST <key> [<0|1>]",
        "    Show low level info about the quicklist encoding of <key>.",
        "    The optional argument (0 by default) sets the level of detail",
        "CLIENT-EVICTION",
        "    Show low level client eviction pools info (maxmemory-clients).",
        "PAUSE-CRON <0|1>",
        "    Stop periodic cron job processing.",
        "REPLYBUFFER PEAK-RESET-TIME <NEVER||RESET|time>",
        "    Sets the time (in milliseconds) to wait between client reply buffer peak resets.",
        "    In case NEVER is provided the last observed peak will never be reset",
        "    In case RESET is provided the peak reset time will be restored to the default value",
        "REPLYBUFFER RESIZING <0|1>",
        "    Enable or disable the reply buffer resize cron job",
        "CLUSTERLINK KILL <to|from|all> <node-id>",
        "    Kills the link based on the direction to/from (both) with the provided node.",
        NULL,
    };
    reply_help(call, lines);
}

static const struct debug_verb debug_verbs[] = {
    {"AOF-FLUSH-SLEEP", 1, 1, debug_without_effect},
    {"ASSERT", 0, INT32_MAX, debug_end},
    {"CHANGE-REPL-ID", 0, 0, debug_change_replication_id},
    {"CLIENT-EVICTION", 0, 0, debug_client_eviction},
    {"CLUSTERLINK", 3, 3, debug_cluster_link},
    {"CONFIG-REWRITE-FORCE-ALL", 0, 0, debug_config_rewrite},
    {"CRASH-AND-RECOVER", 0, 1, debug_restart},
    {"DROP-CLUSTER-PACKET-FILTER", 1, 1, debug_packet_filter},
    {"HELP", 0, 0, debug_help},
    {"LEAK", 1, 1, debug_leak},
    {"LOADAOF", 0, INT32_MAX, debug_loadaof},
    {"OOM", 0, INT32_MAX, debug_end},
    {"PANIC", 0, INT32_MAX, debug_end},
    {"PAUSE-CRON", 1, 1, debug_pause_cron},
    {"POPULATE", 1, 3, debug_populate},
    {"QUICKLIST-PACKED-THRESHOLD", 1, 1, debug_packed_threshold},
    {"RELOAD", 0, INT32_MAX, debug_reload},
    {"REPLICATE", 1, INT32_MAX, debug_replicate},
    {"REPLYBUFFER", 2, 2, debug_reply_buffer},
    {"RESTART", 0, 1, debug_restart},
    {"SEGFAULT", 0, INT32_MAX, debug_end},
    {"SET-ACTIVE-EXPIRE", 1, 1, debug_set_active_expire},
    {"SET-DISABLE-DENY-SCRIPTS", 1, 1, debug_scripts},
    {"SET-SKIP-CHECKSUM-VALIDATION", 1, 1, debug_checksums},
    {"SLEEP", 1, 1, debug_sleep},
    {"STRINGMATCH-TEST", 0, 0, debug_match_test},
    {"STRUCTSIZE", 0, INT32_MAX, debug_struct_size},
    {0},
};

static void cmd_debug(struct call *call)
{
    static const struct debug_verb *const tables[] = {debug_verbs, debug_value_verbs,
                                                      debug_reply_verbs};
    if (!permitted_or_reply(call, "DEBUG", "enable-debug-command")) {
        return;
    }
    int words = call->argc - 2;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (const struct debug_verb *verb = tables[i]; verb->name != NULL; verb++) {
            if (bytes_equal_string_nocase(call->argv[1], verb->name) && words >= verb->least &&
                words <= verb->most) {
                verb->run(call);
                return;
            }
        }
    }
    reply_subcommand_syntax_error(call);
}

static const struct command commands[] = {
    {
        .name = "DEBUG",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_debug,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SYSTEM,
        .since = "1.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for debugging commands",
    },
};

const struct command_family debug_family = {"server", commands, ARRAY_LEN(commands)};
