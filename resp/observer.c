/* Puts together what an observer is told of a command. */
#include "resp/observer.h"

#include "resp/instance_state.h"

enum { MOST_KEYS = 64, NAME_SIZE = 64 };

void instance_observe(struct instance *instance, const struct observer *observer)
{
    instance->observer = observer;
}

/* "config|get" as "CONFIG GET". */
static struct bytes full_name(const struct call *call, const struct command_entry *entry,
                              char name[NAME_SIZE])
{
    command_sent_name(call->instance, entry, call->argv, call->argc, name);
    size_t size = 0;
    for (; name[size] != '\0'; size++) {
        char c = name[size];
        name[size] = (char)(c == '|' ? ' ' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return (struct bytes){name, size};
}

static size_t find_keys(const struct call *call, struct bytes keys[MOST_KEYS])
{
    struct command_key found[MOST_KEYS];
    int count = command_keys(call->command, call->argv, call->argc, found, MOST_KEYS);
    size_t kept = 0;
    for (int i = 0; i < count && i < MOST_KEYS; i++) {
        if ((found[i].flags & KEY_NOT_KEY) == 0) {
            keys[kept++] = call->argv[found[i].index];
        }
    }
    return kept;
}

static int64_t ttl_of(const struct call *call, struct bytes key)
{
    const struct entry *entry = keyspace_peek(call->session->db, key);
    if (entry == NULL) {
        return SEEN_NO_TTL;
    }
    int64_t left_ms = keyspace_expires_at(call->session->db, entry) - call->now_ms;
    return !entry_expires(entry) ? -1 : left_ms < 0 ? 0 : left_ms;
}

/* Empty: it did not fail. A script's command has answered into a buffer that nobody counts. */
static struct bytes error_code(const struct session *session, bool in_script, bool refused)
{
    struct bytes answer = buf_bytes(&session->reply.output);
    if (in_script && answer.size > 0 && answer.data[0] == '-') {
        struct bytes line = bytes_slice(answer, 1, 1 + ERROR_CODE_SIZE);
        return bytes_slice(line, 0, bytes_find(line, ' '));
    }
    if (session->reply.failed) {
        return bytes_from_string(session->error_code);
    }
    return refused ? BYTES("dropped") : BYTES("");
}

void observer_tell(const struct call *call, const struct command_entry *entry, int64_t duration_us)
{
    const struct instance *instance = call->instance;
    const struct session *session = call->session;
    bool in_script = call->nested && instance->snapshot_ms != 0;
    struct bytes keys[MOST_KEYS];
    char name[NAME_SIZE];
    struct seen_command seen = {
        .instance = instance,
        .client = in_script && instance->current != NULL ? instance->current : session,
        .name =
            entry == NULL ? bytes_slice(call->argv[0], 0, NAME_SIZE) : full_name(call, entry, name),
        .keys = keys,
        .database = keyspace_index(session->db),
        .inside = in_script      ? SEEN_IN_SCRIPT
                  : call->nested ? SEEN_IN_TRANSACTION
                                 : SEEN_ALONE,
        .ttl_ms = SEEN_NO_TTL,
        .duration_us = duration_us,
    };
    seen.error = error_code(session, in_script, duration_us < 0);
    seen.outcome = session->blocked.active ? SEEN_WAITING
                   : seen.error.size > 0   ? SEEN_FAILED
                                           : SEEN_DONE;
    if (call->command != NULL) {
        seen.key_count = find_keys(call, keys);
    }
    if (seen.key_count > 0 && seen.outcome == SEEN_DONE &&
        (call->command->flags & CMD_WRITE) != 0) {
        seen.ttl_ms = ttl_of(call, keys[0]);
    }
    instance->observer->seen(instance->observer->context, &seen);
}

void observer_tell_skipped(struct session *session)
{
    const struct call call = dispatch_pending(session);
    observer_tell(&call, session->entry, -1);
}
