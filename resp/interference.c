/* The hooks of faults into sessions and instances. */
#include "resp/interference.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "resp/blocking.h"
#include "resp/instance_state.h"

enum { MOST_KEYS = 256 };

void session_postpone(struct session *session, int64_t until_ms)
{
    assert(session->ready);
    session->ready = false;
    block_alone(session, session->entry, session->parser.argv, session->parser.argc, until_ms);
}

void session_hasten(struct session *session)
{
    if (session_postponed(session)) {
        block_go_on(session);
    }
}

bool session_postponed(const struct session *session)
{
    return session->blocked.active && session->blocked.alone;
}

void session_mute(struct session *session)
{
    session->reply.muted = true;
}

void session_answer(struct session *session, struct bytes resp)
{
    reply_raw(&session->reply, resp);
}

void session_refuse(struct session *session, const char *error)
{
    session->transaction.failed |= session->in_transaction;
    if (session->entry != NULL) {
        session->entry->rejected++;
    }
    session_skip(session, error);
}

void session_run_against(struct session *session, struct instance *other)
{
    struct keyspace *own = session->db;
    struct keyspace *foreign = other->databases[keyspace_index(own)];

    session->db = foreign;
    session_run(session);
    if (session->db == foreign) {
        session->db = own;
    }
}

size_t session_keys(const struct session *session, struct bytes *keys, size_t most)
{
    const struct bytes *argv = session->parser.argv;
    struct command_key found[MOST_KEYS];

    if (session->entry == NULL) {
        return 0;
    }
    most = most < MOST_KEYS ? most : MOST_KEYS;
    int count = command_keys(session->entry->command, argv, session->parser.argc, found, (int)most);
    for (int i = 0; i < count && (size_t)i < most; i++) {
        keys[i] = argv[found[i].index];
    }
    return count < 0 ? 0 : (size_t)count < most ? (size_t)count : most;
}

unsigned session_command_groups(const struct session *session)
{
    return session->entry == NULL ? 0 : session->entry->categories;
}

bool session_command_name(const struct session *session, char text[64])
{
    struct bytes sent = session->parser.argv[0];

    if (session->entry != NULL) {
        command_sent_name(session->instance, session->entry, session->parser.argv,
                          session->parser.argc, text);
        return true;
    }
    snprintf(text, 64, "%.*s", (int)(sent.size < 63 ? sent.size : 63), sent.data);
    return false;
}

size_t session_expire_keys(struct session *session, int64_t within_ms)
{
    struct bytes keys[MOST_KEYS];
    size_t count = session_keys(session, keys, MOST_KEYS), expired = 0;
    int64_t now_ms = clock_now_ms(session->instance->clock);

    for (size_t i = 0; i < count; i++) {
        struct entry *entry = keyspace_peek(session->db, keys[i]);
        if (entry != NULL && entry_expires(entry) &&
            keyspace_expires_at(session->db, entry) - now_ms <= within_ms) {
            keyspace_set_expiry(session->db, entry, now_ms - 1);
            keyspace_peek(session->db, keys[i]); /* gone, and said so */
            expired++;
        }
    }
    return expired;
}

void session_log_slow(struct session *session, int64_t duration_us)
{
    const struct call call = dispatch_pending(session);
    slow_log_record(&session->instance->slow_log, &call, duration_us);
}

void instance_stall(struct instance *instance, int64_t until_ms)
{
    blocking_pause(instance, until_ms, false);
}

void instance_set_ballast(struct instance *instance, uint64_t bytes)
{
    instance->ballast = bytes;
}

uint64_t instance_max_memory(const struct instance *instance)
{
    return instance->max_memory;
}

size_t instance_evict(struct instance *instance, size_t count)
{
    size_t evicted = 0;
    while (evicted < count && eviction_take_one(instance)) {
        evicted++;
    }
    return evicted;
}

struct instance *instance_create_like(const struct instance *instance)
{
    const struct instance_config config = {
        .name = bytes_from_string(instance->name),
        .profile = PROFILE_REDIS,
        .version = bytes_from_string(instance->version),
        .databases = instance->database_count,
        .max_memory_policy = BYTES("noeviction"),
    };
    return instance_create(&config, instance->clock, instance->random);
}
