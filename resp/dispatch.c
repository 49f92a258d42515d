/*
 * What every command passes before its handler runs: gates, in Redis's own order with the
 * service's rules added. Each answers the client itself when it refuses.
 */
#include <stdarg.h>
#include <string.h>

#include "resp/cluster.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/long_run.h"
#include "resp/lua/engine.h"
#include "resp/monitor.h"
#include "resp/observer.h"
#include "resp/older_commands.h"

enum { SHOWN_BYTES = 128 };

/* The arguments as the unknown-command error shows them, each cut to what is left of 128 bytes. */
static void show_arguments(struct call *call, char quote, struct buf *shown)
{
    buf_init(shown, 4096);
    for (int i = 1; i < call->argc && shown->size < SHOWN_BYTES; i++) {
        struct bytes word = bytes_slice(call->argv[i], 0, SHOWN_BYTES - shown->size);
        word = bytes_slice(word, 0, bytes_find(word, '\0'));
        buf_append_byte(shown, quote);
        buf_append(shown, word);
        buf_append_byte(shown, quote);
        buf_append_string(shown, quote == '`' ? ", " : " ");
    }
}

void reply_unknown_command(struct call *call)
{
    bool modern = instance_runs(call->instance, "7.0.0");
    char quote = modern ? '\'' : '`';
    struct bytes name = bytes_slice(call->argv[0], 0, modern ? SHOWN_BYTES : SIZE_MAX);
    struct buf shown;
    show_arguments(call, quote, &shown);
    reply_errorf(call->reply, "ERR unknown command %c%.*s%c, with args beginning with: %.*s", quote,
                 (int)name.size, name.data, quote, (int)shown.size,
                 shown.data == NULL ? "" : shown.data);
    buf_finish(&shown);
}

void reply_unknown_subcommand(struct call *call)
{
    struct bytes sub = bytes_slice(call->argv[1], 0, SHOWN_BYTES);
    const char *name = call->command->name;
    if (instance_runs(call->instance, "7.0.0")) {
        reply_errorf(call->reply, "ERR unknown subcommand '%.*s'. Try %s HELP.", (int)sub.size,
                     sub.data, name);
    } else {
        bool dot = strcmp(name, "CLIENT") != 0 && strcmp(name, "MEMORY") != 0;
        reply_errorf(
            call->reply,
            "ERR Unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP%s",
            (int)sub.size, sub.data, name, dot ? "." : "");
    }
}

static bool arity_fits(const struct command *command, int argc)
{
    return command->arity > 0 ? argc == command->arity : argc >= -command->arity;
}

static const char *lower_name(const struct command_entry *entry, char name[64])
{
    command_full_name(entry, name);
    return name;
}

static bool gate_known(struct call *call, struct command_entry *entry)
{
    if (entry == NULL) {
        /* A browser was made to talk to us: Redis hangs up on these words too. */
        if (bytes_equal_string_nocase(call->argv[0], "POST") ||
            bytes_equal_string_nocase(call->argv[0], "Host:")) {
            call->session->closing = true;
            return false;
        }
        reply_unknown_command(call);
        return false;
    }
    bool container = entry->subcommand_count > 0;
    if (container && call->argc > 1) {
        reply_unknown_subcommand(call);
        return false;
    }
    if (container && (call->command->flags & CMD_CONTAINER_BARE) == 0) {
        reply_errorf(call->reply, "ERR wrong number of arguments for '%s' command",
                     lower_name(entry, (char[64]){0}));
        return false;
    }
    return true;
}

void call_refuse(struct call *call, const char *format, ...)
{
    struct buf text;
    buf_init(&text, 1024);
    va_list arguments;
    va_start(arguments, format);
    buf_vprintf(&text, format, arguments);
    va_end(arguments);
    const char *reason = buf_string(&text);
    if ((call->command->flags & CMD_TRANSACTION) == 0) {
        reply_error(call->reply, reason);
    } else {
        transaction_discard(call->session);
        watch_forget(call->session);
        reply_errorf(call->reply, "EXECABORT Transaction discarded because of: %s",
                     reason + (strncmp(reason, "ERR ", 4) == 0 ? 4 : 0));
    }
    buf_finish(&text);
}

bool call_has(const struct call *call, unsigned flags)
{
    unsigned own = call->command->flags;
    unsigned all = (own & CMD_TRANSACTION) != 0 ? own | call->session->transaction.flags : own;
    return (all & flags) != 0;
}

static bool gate_arity(struct call *call, struct command_entry *entry)
{
    if (arity_fits(call->command, call->argc)) {
        return true;
    }
    call_refuse(call, "ERR wrong number of arguments for '%s' command",
                lower_name(entry, (char[64]){0}));
    return false;
}

static bool gate_authenticated(struct call *call)
{
    if (call->session->authenticated || (call->command->flags & CMD_NO_AUTH) != 0) {
        return true;
    }
    call_refuse(call, "%s", ERROR_NO_AUTH);
    return false;
}

/* Subcommands have names of their own: LATENCY RESET is not RESET. */
static bool one_of(const struct command_entry *entry, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (entry->container == NULL && strcmp(entry->command->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* These act on the transaction itself instead of waiting in it: first those that end it. */
static const char *const transaction_commands[] = {"EXEC",  "DISCARD", "QUIT",
                                                   "RESET", "MULTI",   "WATCH"};
enum { TRANSACTION_ENDS = 4 };

/* What waits in a transaction takes memory, whatever it does. */
static bool takes_memory(const struct call *call, const struct command_entry *entry)
{
    return call_has(call, CMD_DENY_OOM) || (call->session->in_transaction &&
                                            !one_of(entry, transaction_commands, TRANSACTION_ENDS));
}

static bool gate_memory(struct call *call, const struct command_entry *entry)
{
    if (replica_follows(call->instance) || eviction_make_room(call->instance) ||
        !takes_memory(call, entry)) {
        return true;
    }
    call_refuse(call, "%s", ERROR_OUT_OF_MEMORY);
    return false;
}

static bool gate_replica(struct call *call)
{
    if (!call_has(call, CMD_WRITE) ||
        !(replica_follows(call->instance) || call->instance->demoted ||
          session_at_replica(call->session))) {
        return true;
    }
    call_refuse(call, "%s", ERROR_READONLY);
    return false;
}

static bool gate_subscriber(struct call *call, struct command_entry *entry)
{
    if (!session_listens(call->session) || (call->command->flags & CMD_SUBSCRIBER) != 0) {
        return true;
    }
    const char *allowed = instance_runs(call->instance, "7.0.0")
                              ? "(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are"
                          : instance_runs(call->instance, "6.2.0")
                              ? "(P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT / RESET are"
                              : "(P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are";
    call_refuse(call, "ERR Can't execute '%s': only %s allowed in this context",
                lower_name(entry, (char[64]){0}), allowed);
    return false;
}

static bool gate_transaction(struct call *call)
{
    if (!call->session->in_transaction || (call->command->flags & CMD_NO_MULTI) == 0) {
        return true;
    }
    call_refuse(call, "%s", ERROR_NOT_IN_TRANSACTION);
    return false;
}

/* CLIENT PAUSE, MIGRATE: the command waits, and passes the gates again when it is over. */
static bool gate_paused(struct call *call, struct command_entry *entry)
{
    struct instance *instance = call->instance;
    bool paused = timer_armed(&instance->pause);
    if (!paused && instance->migration == NULL) {
        return true;
    }
    if ((!paused || instance->pause_writes_only) &&
        !call_has(call, CMD_WRITE | CMD_MAY_REPLICATE)) {
        return true;
    }
    block_until_unpaused(call, entry);
    return false;
}

/* While a script runs long, only what ends it is served. Where it waits, the others do so, too. */
static bool gate_busy(struct call *call, struct command_entry *entry)
{
    if (!long_run_paused(call->instance) || (call->command->flags & CMD_ALLOW_BUSY) != 0) {
        return true;
    }
    const struct command *sub =
        older_subcommand(call->instance, call->command, call->argv, call->argc);
    if (sub != NULL && (sub->flags & CMD_ALLOW_BUSY) != 0) {
        return true;
    }
    if (long_run_waits(call->instance)) {
        block_until_unpaused(call, entry);
        return false;
    }
    const struct script_run *script = lua_engines_run(call->instance);
    call_refuse(call, "%s",
                script != NULL && script->is_function ? ERROR_BUSY_FUNCTION : ERROR_BUSY_SCRIPT);
    return false;
}

/* In Redis's order. What mostly lets pass is asked here: a call for each would be felt. */
static bool passes(struct call *call, struct command_entry *entry)
{
    return gate_known(call, entry) && gate_arity(call, entry) && gate_authenticated(call) &&
           acl_permits_or_reply(call, entry) &&
           (call->instance->cluster == NULL || cluster_serves_or_reply(call, entry)) &&
           (call->instance->max_memory == 0 || gate_memory(call, entry)) && gate_replica(call) &&
           (call->reply->protocol > 2 || gate_subscriber(call, entry)) && gate_transaction(call) &&
           (call->instance->long_run == NULL || gate_busy(call, entry)) && gate_paused(call, entry);
}

/* Commands of one input see the same instant, for a millisecond at most; a script sees one. */
static int64_t now_of(struct instance *instance)
{
    enum { STALE_US = 1000 };
    if (instance->snapshot_ms != 0) {
        return instance->snapshot_ms;
    }
    if (instance->lap_us == 0 || instance->lap_us - instance->lap_read_us > STALE_US) {
        instance->lap_ms = clock_now_ms(instance->clock);
        instance->lap_read_us = instance->lap_us;
    }
    return instance->lap_ms;
}

static struct call make_call(struct session *session, struct command_entry *entry,
                             const struct bytes *argv, int argc)
{
    return (struct call){
        .command = entry == NULL ? NULL : entry->command,
        .session = session,
        .instance = session->instance,
        .db = session->db,
        .reply = &session->reply,
        .argv = argv,
        .argc = argc,
        .now_ms = now_of(session->instance),
    };
}

struct call dispatch_pending(struct session *session)
{
    session->instance->lap_us = 0; /* a timer may ask */
    return make_call(session, session->entry, session->parser.argv, session->parser.argc);
}

static void measure(struct call *call, struct command_entry *entry, int64_t duration_us)
{
    struct instance *instance = call->instance;
    unsigned flags = entry->command->flags;
    entry->microseconds += (uint64_t)duration_us;
    if (entry->histogram == NULL) {
        entry->histogram = memory_allocate_zeroed(LATENCY_BUCKETS * sizeof(*entry->histogram));
    }
    size_t bucket = latency_bucket(duration_us);
    entry->histogram[bucket]++;
    if (!call->nested) {
        int64_t waited_us = call->session->waited_us;
        latency_window_add(&instance->latencies, duration_us + waited_us,
                           waited_us == 0 ? bucket : latency_bucket(duration_us + waited_us));
        call->session->waited_us = 0;
    }
    if ((flags & CMD_SKIP_SLOWLOG) == 0) {
        slow_log_record(&instance->slow_log, call, duration_us);
    }
    if (instance->latency.threshold_ms > 0) {
        latency_add(&instance->latency, (flags & CMD_FAST) != 0 ? "fast-command" : "command",
                    duration_us, call->now_ms);
    }
}

/*
 * For clients that track. A script that reads anything has read all the keys that it was given.
 * CLIENT CACHING speaks of the next command, or of the next transaction or script.
 */
static void remember_reads(struct call *call, const struct command_entry *entry)
{
    const struct script_run *script = lua_engines_run(call->instance);
    unsigned flags = call->command->flags;
    if ((flags & CMD_READONLY) != 0 && (flags & CMD_MAY_RUN_LONG) == 0) {
        tracking_remember(script == NULL ? call : script->call);
    }
    const struct command_entry *outer = entry->container != NULL ? entry->container : entry;
    bool client = strcmp(outer->command->name, "CLIENT") == 0;
    if (!call->session->in_transaction && !call->nested && !client) {
        call->session->tracking.caching = false;
    }
}

void dispatch_finish(struct call *call, struct command_entry *entry, int64_t start_us)
{
    int64_t end_us = clock_monotonic_us();
    struct instance *instance = call->instance;
    instance->lap_read_us = instance->lap_us == 0 ? end_us : instance->lap_read_us;
    instance->lap_us = end_us;
    measure(call, entry, end_us - start_us);
    entry->failed += call->session->reply.failed ? 1 : 0;
    if (call->instance->observer != NULL && !call->resumed) {
        observer_tell(call, entry, end_us - start_us);
    }
    if (instance->feed.first != NULL) {
        replication_command_done(call, entry);
    }
    if (instance->tracking.sessions > 0) {
        remember_reads(call, entry);
    }
}

static void run(struct session *session, struct command_entry *entry, struct call *call)
{
    struct instance *instance = session->instance;
    struct session *outer = instance->current;
    int64_t outer_ms = instance->current_ms;
    session->reply.failed = false;
    session->last = entry;
    instance->current = call->nested && outer != NULL ? outer : session; /* not a script's own */
    instance->current_ms = call->now_ms;
    if (instance->monitors > 0 && (entry->command->flags & (CMD_SKIP_MONITOR | CMD_ADMIN)) == 0) {
        monitor_feed(call, instance->snapshot_ms != 0);
    }
    /* Pipelined commands follow each other at once: one look at the clock serves both. */
    bool follows = instance->lap_us != 0 && !call->nested && !call->resumed;
    int64_t start_us = follows ? instance->lap_us : clock_monotonic_us();
    bool finished = true;
    if (call_has(call, CMD_MAY_RUN_LONG) && !long_run_active(instance)) {
        finished = long_run_start(call, entry, start_us);
    } else {
        entry->command->handler(call);
    }
    instance->current = outer;
    instance->current_ms = outer_ms;
    if (finished) {
        dispatch_finish(call, entry, start_us);
    }
}

static void run_counted(struct session *session, struct command_entry *entry, struct call *call)
{
    struct instance *instance = session->instance;
    run(session, entry, call);
    instance->stats.commands++;
    entry->calls++;
    instance_sample_rates(instance, call->now_ms);
}

void dispatch_run(struct session *session, struct command_entry *entry, const struct bytes *argv,
                  int argc, bool nested)
{
    struct call call = make_call(session, entry, argv, argc);
    call.nested = nested;
    run_counted(session, entry, &call);
}

void dispatch_resume(struct session *session, struct command_entry *entry, const struct bytes *argv,
                     int argc, struct bytes ready_key)
{
    session->instance->lap_us = 0;
    struct call call = make_call(session, entry, argv, argc);
    call.resumed = true;
    call.ready_key = ready_key;
    run(session, entry, &call);
}

void dispatch(struct session *session, struct command_entry *entry, const struct bytes *argv,
              int argc)
{
    struct call call = make_call(session, entry, argv, argc);
    session->active_ms = call.now_ms;
    session->reply.failed = false;
    if (!passes(&call, entry)) {
        session->transaction.failed |= session->in_transaction;
        if (entry != NULL) {
            entry->rejected++;
        }
        if (session->instance->observer != NULL && !session->blocked.active) {
            observer_tell(&call, entry, -1);
        }
        return;
    }
    if (session->in_transaction &&
        !one_of(entry, transaction_commands, ARRAY_LEN(transaction_commands))) {
        transaction_queue(session, entry, argv, argc);
        reply_status(&session->reply, "QUEUED");
        return;
    }
    run_counted(session, entry, &call);
}
