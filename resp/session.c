/* One client of an emulated Redis, without its socket. */
#include "resp/session.h"

#include <assert.h>
#include <string.h>

#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/long_run.h"
#include "resp/observer.h"
#include "resp/watch.h"

/* A client that does not read is cut off here, as client-output-buffer-limit would. */
#define OUTPUT_LIMIT ((size_t)1 << 30)

enum {
    UNAUTHENTICATED_WORDS = 10,
    UNAUTHENTICATED_WORD_SIZE = 16384,
    KEPT_OUTPUT = 64 * 1024,
    LONGEST_WORD = 512 * 1024 * 1024,
};

static void count_error(void *context, struct bytes text)
{
    struct session *session = context;
    size_t end = bytes_find(text, ' ');
    instance_count_error(session->instance, text);
    session->reply.failed = true;
    end = end < ERROR_CODE_SIZE ? end : ERROR_CODE_SIZE - 1;
    memcpy(session->error_code, text.data, end);
    session->error_code[end] = '\0';
}

static void idle_too_long(struct timer *timer)
{
    struct session *session = CONTAINER_OF(timer, struct session, idle);
    struct instance *instance = session->instance;
    int64_t due_ms = session->active_ms + instance->idle_timeout_ms;
    if (instance->idle_timeout_ms <= 0) {
        return;
    }
    if (session_listens(session) || session->blocked.active || session->follower != NULL) {
        /* Those who wait are not idle. */
        clock_arm(instance->clock, &session->idle,
                  clock_now_ms(instance->clock) + instance->idle_timeout_ms);
        return;
    }
    if (due_ms > clock_now_ms(instance->clock)) {
        clock_arm(instance->clock, &session->idle, due_ms);
        return;
    }
    session_close(session);
}

void session_arm_idle(struct session *session)
{
    struct instance *instance = session->instance;
    clock_disarm(instance->clock, &session->idle);
    if (instance->idle_timeout_ms > 0) {
        clock_arm(instance->clock, &session->idle,
                  clock_now_ms(instance->clock) + instance->idle_timeout_ms);
    }
}

struct session *session_create(struct instance *instance, const struct session_peer *peer,
                               const struct session_host *host, struct buf *refusal)
{
    instance->stats.connections++;
    if (instance->max_clients > 0 && instance->session_count >= instance->max_clients) {
        instance->stats.rejected_connections++;
        buf_append_string(refusal, "-" ERROR_MAX_CLIENTS "\r\n");
        return NULL;
    }
    struct session *session = memory_allocate_zeroed(sizeof(*session));
    session->host = *host;
    session->id = ++instance->next_session_id;
    session->descriptor = peer->descriptor;
    session->tls = peer->tls;
    session->node = peer->node;
    session->address = bytes_to_string(peer->address);
    session->local_address = bytes_to_string(peer->local_address);
    session->name = string_duplicate("");
    session->library_name = string_duplicate("");
    session->library_version = string_duplicate("");
    session->created_ms = session->active_ms = clock_now_ms(instance->clock);
    session->idle.fire = idle_too_long;
    session->access_end.fire = session_access_ended;
    parser_init(&session->parser);
    reply_init(&session->reply, OUTPUT_LIMIT);
    session->reply.on_error = count_error;
    session->reply.on_error_context = session;
    instance_add_session(instance, session);
    session_sign_out(session);
    session->db = instance->databases[0];
    session_arm_idle(session);
    return session;
}

void session_destroy(struct session *session)
{
    if (session == NULL) {
        return;
    }
    session->host.wake = NULL;
    if (session->suspended) {
        long_run_abandon(session->instance);
    }
    clock_disarm(session->instance->clock, &session->idle);
    session_sign_out(session);
    block_forget(session);
    transaction_discard(session);
    watch_forget(session);
    pubsub_forget(session);
    tracking_stop(session);
    session_stop_monitoring(session);
    follower_end(session);
    instance_remove_session(session->instance, session);
    parser_finish(&session->parser);
    reply_finish(&session->reply);
    memory_free(session->address);
    memory_free(session->local_address);
    memory_free(session->name);
    memory_free(session->user);
    memory_free(session->library_name);
    memory_free(session->library_version);
    memory_free(session);
}

void session_feed(struct session *session, struct bytes input)
{
    session->instance->stats.input_bytes += input.size;
    session->instance->stats.reads++;
    session->instance->lap_us = 0;
    parser_feed(&session->parser, input);
}

void session_hold(struct session *session)
{
    session->instance->lap_us = 0;
    if (session->ready) {
        session->ready = false;
        parser_put_back(&session->parser);
    }
    parser_hold(&session->parser);
}

static struct parser_limits limits_of(const struct session *session)
{
    if (!session->authenticated) {
        return (struct parser_limits){UNAUTHENTICATED_WORDS, UNAUTHENTICATED_WORD_SIZE, true};
    }
    return (struct parser_limits){session->instance->most_words, LONGEST_WORD, false};
}

static struct command_entry *find_entry(struct session *session, const struct bytes *argv, int argc)
{
    struct command_entry *entry = command_table_find_again(&session->instance->commands, argv[0]);
    if (entry != NULL && entry->subcommand_count > 0 && argc > 1) {
        struct command_entry *sub = command_table_subcommand(entry, argv[1]);
        return sub != NULL ? sub : entry;
    }
    return entry;
}

/* Pipelined commands wait for memory together, not one after the other. */
static void prefetch(struct session *session)
{
    struct bytes keys[PARSER_AHEAD];
    size_t count = parser_keys_ahead(&session->parser, keys);
    if (count > 1) {
        keyspace_prefetch(session->db, keys, count, 1);
    }
}

void sessions_prefetch(struct session *const *sessions, size_t count)
{
    struct bytes keys[PARSER_AHEAD];
    const struct keyspace *db = NULL;
    size_t some = 0;
    for (size_t i = 0; i < count; i++) {
        const struct session *session = sessions[i];
        if (!session->ready || session->parser.argc < 2) {
            continue;
        }
        if (some == PARSER_AHEAD || (some > 0 && session->db != db)) {
            keyspace_prefetch(db, keys, some, 1);
            some = 0;
        }
        db = session->db;
        keys[some++] = session->parser.argv[1];
    }
    if (some > 1) {
        keyspace_prefetch(db, keys, some, 1);
    }
}

static enum session_step next_step(struct session *session)
{
    if (session->closing || session->broken) {
        return SESSION_CLOSED;
    }
    if (session->ready) {
        return SESSION_COMMAND;
    }
    if (session->blocked.active || session->suspended) {
        parser_hold(&session->parser);
        return SESSION_BLOCKED;
    }
    switch (parser_next(&session->parser, limits_of(session))) {
    case PARSER_STARVED:
        return SESSION_STARVED;
    case PARSER_BROKEN:
        reply_error(&session->reply, session->parser.error);
        session->broken = true;
        return SESSION_CLOSED;
    default:
        prefetch(session);
        session->entry = find_entry(session, session->parser.argv, session->parser.argc);
        session->ready = true;
        return SESSION_COMMAND;
    }
}

enum session_step session_next(struct session *session)
{
    enum session_step step = next_step(session);
    if (step != SESSION_COMMAND) {
        session->instance->lap_us = 0; /* what follows does so at another time */
    }
    return step;
}

static void finish_command(struct session *session)
{
    session->ready = false;
    if (!session->blocked.active) {
        session_settle_muting(session);
    }
}

void session_settle_muting(struct session *session)
{
    session->skip_reply = session->skip_next_reply;
    session->skip_next_reply = false;
    session->reply.muted = session->replies_off || session->skip_reply;
}

bool session_push_begin(struct session *session)
{
    bool muted = session->reply.muted;
    session->reply.muted = false;
    return muted;
}

void session_push_end(struct session *session, bool muted)
{
    session->reply.muted = muted;
    if (!session->running && session->host.wake != NULL) {
        session->host.wake(session->host.context, session);
    }
}

void session_stop_monitoring(struct session *session)
{
    session->instance->monitors -= session->monitor ? 1 : 0;
    session->monitor = false;
}

bool session_listens(const struct session *session)
{
    for (size_t kind = 0; kind < PUBSUB_KINDS; kind++) {
        if (session->subscriptions[kind].count > 0) {
            return true;
        }
    }
    return false;
}

struct bytes *words_copy(const struct bytes *words, int count)
{
    size_t size = (size_t)count * sizeof(*words);
    for (int i = 0; i < count; i++) {
        size += words[i].size;
    }
    struct bytes *copy = memory_allocate(size);
    char *text = (char *)(copy + count);
    for (int i = 0; i < count; i++) {
        if (words[i].size > 0) {
            memcpy(text, words[i].data, words[i].size);
        }
        copy[i] = (struct bytes){text, words[i].size};
        text += words[i].size;
    }
    return copy;
}

void session_run(struct session *session)
{
    assert(session->ready);
    session->running = true;
    dispatch(session, session->entry, session->parser.argv, session->parser.argc);
    if (session->suspended) {
        session->ready = false;
        return;
    }
    session->running = false;
    finish_command(session);
    instance_settle(session->instance);
}

void session_resumed(struct session *session)
{
    session->running = false;
    finish_command(session);
    instance_settle(session->instance);
    if (session->host.wake != NULL) {
        session->host.wake(session->host.context, session);
    }
}

void session_skip(struct session *session, const char *error)
{
    assert(session->ready);
    session->reply.failed = false;
    if (error != NULL) {
        reply_error(&session->reply, error);
    }
    if (session->instance->observer != NULL) {
        observer_tell_skipped(session);
    }
    finish_command(session);
}

int session_argc(const struct session *session)
{
    return session->parser.argc;
}

const struct bytes *session_argv(const struct session *session)
{
    return session->parser.argv;
}

const struct command *session_command(const struct session *session)
{
    return session->entry == NULL ? NULL : session->entry->command;
}

char session_zone(const struct session *session)
{
    return instance_zone(session->instance, session->node);
}

struct bytes session_output(const struct session *session)
{
    if (session->suspended) {
        return BYTES(""); /* the answer is not whole yet */
    }
    return buf_bytes(&session->reply.output);
}

void session_sent(struct session *session, size_t size)
{
    session->instance->stats.output_bytes += size;
    session->instance->stats.writes++;
    session->output_total += size;
    buf_consume(&session->reply.output, size);
    if (session->reply.output.size == 0 && session->reply.output.capacity > KEPT_OUTPUT) {
        buf_finish(&session->reply.output);
    }
}

void session_close(struct session *session)
{
    if (session->closing) {
        return;
    }
    session->closing = true;
    if (!session->running && session->host.wake != NULL) {
        session->host.wake(session->host.context, session);
    }
}

bool session_closed(const struct session *session)
{
    return session->closing || session->broken;
}

void session_select(struct session *session, int index)
{
    session->db = session->instance->databases[index];
}

static void replace_text(char **text, struct bytes value)
{
    memory_free(*text);
    *text = bytes_to_string(value);
}

void session_reset(struct session *session)
{
    transaction_discard(session);
    watch_forget(session);
    pubsub_forget(session);
    tracking_stop(session);
    session_stop_monitoring(session);
    session->no_evict = session->no_touch = session->readonly = false;
    session_select(session, 0);
    session->reply.protocol = 2;
    session->replies_off = session->skip_next_reply = false;
    replace_text(&session->name, BYTES(""));
    session_sign_out(session);
}

struct instance *session_instance(const struct session *session)
{
    return session->instance;
}

uint64_t session_id(const struct session *session)
{
    return session->id;
}

struct bytes session_name(const struct session *session)
{
    return bytes_from_string(session->name);
}

struct bytes session_user(const struct session *session)
{
    return bytes_from_string(session->user);
}

struct bytes session_address(const struct session *session)
{
    return bytes_from_string(session->address);
}

struct bytes session_local_address(const struct session *session)
{
    return bytes_from_string(session->local_address);
}

int session_database(const struct session *session)
{
    return keyspace_index(session->db);
}

bool session_authenticated(const struct session *session)
{
    return session->authenticated;
}

bool session_tls(const struct session *session)
{
    return session->tls;
}

int64_t session_last_active_ms(const struct session *session)
{
    return session->active_ms;
}
