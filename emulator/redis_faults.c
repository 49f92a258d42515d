/* Verdicts on commands, carried out between session_next and session_run. */
#include "emulator/redis_faults.h"

#include <string.h>

#include "base/log.h"
#include "emulator/state_writer.h"
#include "resp/command.h"
#include "resp/instance.h"
#include "resp/interference.h"
#include "resp/rdb.h"

enum { MOST_KEYS = 64, MOST_SHADOWS = 16 };
#define SHADOW_LIMIT ((size_t)1 << 30)

/* A copy of an instance's data, as a replica that lags behind would have it. */
struct shadow {
    const struct instance *of; /* compared only */
    uint64_t serial;
    struct instance *copy;
    int64_t made_ms;
};

struct redis_faults {
    struct faults *faults;
    struct clock *clock;
    struct journal *journal;
    struct shadow shadows[MOST_SHADOWS];
    size_t shadow_count;
    struct faults_listener listener;
    bool (*scheduled)(void *context, struct bytes cache); /* may be NULL */
    void *context;
};

/* ---- Shadows ---- */

static void drop_shadow(struct redis_faults *owner, size_t at)
{
    instance_destroy(owner->shadows[at].copy);
    owner->shadows[at] = owner->shadows[--owner->shadow_count];
}

void redis_faults_forget_data(struct redis_faults *owner)
{
    while (owner->shadow_count > 0) {
        drop_shadow(owner, owner->shadow_count - 1);
    }
}

static void rules_changed(struct faults_listener *listener)
{
    struct redis_faults *owner = CONTAINER_OF(listener, struct redis_faults, listener);

    for (size_t i = owner->shadow_count; i > 0; i--) {
        if (!faults_acting(owner->faults, owner->shadows[i - 1].serial)) {
            drop_shadow(owner, i - 1);
        }
    }
}

static struct instance *copy_of(struct instance *instance)
{
    struct instance *copy = instance_create_like(instance);
    struct buf dump, error;

    buf_init(&dump, SHADOW_LIMIT);
    buf_init(&error, 1024);
    if (!instance_dump(instance, &dump) || !rdb_load(copy, buf_bytes(&dump), &error)) {
        log_warn("fault", "no replica to read from reason=\"%s\"",
                 error.size == 0 ? "the data is too large" : buf_string(&error));
        instance_destroy(copy);
        copy = NULL;
    }
    buf_finish(&dump);
    buf_finish(&error);
    return copy;
}

/* What a read sees: data up to `stale_ms` old. NULL: there can be no copy. */
static struct instance *shadow_of(struct redis_faults *owner, struct instance *instance,
                                  const struct fault_verdict *verdict)
{
    int64_t now_ms = clock_now_ms(owner->clock);

    for (size_t i = 0; i < owner->shadow_count; i++) {
        struct shadow *shadow = &owner->shadows[i];
        if (shadow->of == instance && shadow->serial == verdict->serial) {
            if (now_ms - shadow->made_ms < verdict->stale_ms) {
                return shadow->copy;
            }
            drop_shadow(owner, i);
            break;
        }
    }
    if (owner->shadow_count == MOST_SHADOWS) {
        drop_shadow(owner, 0);
    }
    struct instance *copy = copy_of(instance);
    if (copy != NULL) {
        owner->shadows[owner->shadow_count++] =
            (struct shadow){instance, verdict->serial, copy, now_ms};
    }
    return copy;
}

/* ---- Subjects ---- */

struct bytes redis_faults_cache_name(const struct instance *instance)
{
    /* Who waits in the anteroom has named no cache yet. */
    struct bytes name = instance_name(instance);
    return bytes_equal_string(name, "anteroom") ? (struct bytes){0} : name;
}

struct command_subject {
    struct fault_subject subject;
    struct bytes keys[MOST_KEYS];
    char name[64], database[16];
};

static bool scheduled(const struct redis_faults *owner, struct bytes cache)
{
    return owner->scheduled != NULL && owner->scheduled(owner->context, cache);
}

static void describe(const struct redis_faults *owner, struct command_subject *described,
                     const struct session *session)
{
    struct fault_subject *subject = &described->subject;
    const struct command *command = session_command(session);
    unsigned flags = command == NULL ? 0 : command->flags;

    *subject = (struct fault_subject){.plane = FAULT_REDIS, .moment = FAULT_AT_REQUEST};
    session_command_name(session, described->name);
    described->database[int64_to_digits(session_database(session), described->database)] = '\0';
    subject->values[FAULT_KEY_CACHE] = redis_faults_cache_name(session_instance(session));
    subject->values[FAULT_KEY_COMMAND] = bytes_from_string(described->name);
    subject->zone = session_zone(session);
    subject->scheduled = scheduled(owner, subject->values[FAULT_KEY_CACHE]);
    subject->values[FAULT_KEY_CLIENT] = session_name(session);
    subject->values[FAULT_KEY_ADDRESS] = session_address(session);
    subject->values[FAULT_KEY_DATABASE] = bytes_from_string(described->database);
    subject->groups = session_command_groups(session);
    subject->write = (flags & CMD_WRITE) != 0;
    subject->while_loading = (flags & CMD_LOADING) != 0;
    subject->needs_memory = (flags & CMD_DENY_OOM) != 0;
    subject->key_count = session_keys(session, described->keys, MOST_KEYS);
    subject->keys = described->keys;
    if (subject->key_count > 0) {
        subject->values[FAULT_KEY_KEY] = described->keys[0];
    }
}

/* ---- Holding ---- */

static void end_hold(struct redis_hold *hold)
{
    if (hold->serial != 0) {
        hold->serial = 0;
        clock_disarm(hold->owner->clock, &hold->end);
        faults_leave(hold->owner->faults, &hold->listener);
    }
}

void redis_hold_finish(struct redis_hold *hold)
{
    end_hold(hold);
}

static void end_connection(struct connection *connection, enum fault_ending ending)
{
    if (ending == FAULT_RESETS) {
        connection_abort(connection);
    } else {
        connection_close(connection);
    }
}

static void hold_over(struct timer *timer)
{
    struct redis_hold *hold = CONTAINER_OF(timer, struct redis_hold, end);
    struct session *session = hold->session;
    struct connection *connection = hold->connection;
    enum fault_ending ending = hold->ending;

    end_hold(hold);
    if (ending == FAULT_GOES_ON) {
        /* Where commands are recorded, this one is with the fault's name. */
        journal_blame(hold->owner->journal, bytes_from_string(hold->rule));
        session_hasten(session);
        journal_blame(hold->owner->journal, BYTES(""));
    } else {
        end_connection(connection, ending);
    }
}

/* The rule has gone: what waited because of it goes on. */
static void hold_checked(struct faults_listener *listener)
{
    struct redis_hold *hold = CONTAINER_OF(listener, struct redis_hold, listener);

    if (!faults_acting(hold->owner->faults, hold->serial)) {
        struct session *session = hold->session;
        end_hold(hold);
        session_hasten(session);
    }
}

/* The ready command waits: for so long (then `ending`), at most until the rule has gone. */
static void hold_command(struct redis_hold *hold, const struct fault_verdict *verdict,
                         int64_t wait_ms, enum fault_ending ending)
{
    struct redis_faults *owner = hold->owner;

    hold->serial = verdict->serial;
    fault_copy(verdict->rule, hold->rule, sizeof(hold->rule));
    hold->ending = ending;
    hold->end.fire = hold_over;
    hold->listener.changed = hold_checked;
    session_postpone(hold->session, INT64_MAX);
    if (wait_ms != FAULT_FOR_EVER) {
        clock_arm(owner->clock, &hold->end, clock_now_ms(owner->clock) + wait_ms);
    }
    faults_listen(owner->faults, &hold->listener);
}

/* ---- Running ---- */

static void prepare(struct session *session, const struct fault_verdict *verdict)
{
    struct instance *instance = session_instance(session);

    if (verdict->expire_keys) {
        session_expire_keys(session, verdict->expire_within_ms);
    }
    if (verdict->evict_keys > 0 || verdict->evict_share > 0) {
        struct instance_stats stats;
        instance_stats(instance, &stats);
        instance_evict(instance, (size_t)verdict->evict_keys +
                                     (size_t)((double)stats.keys * verdict->evict_share));
    }
    if (verdict->memory_fill > 0) {
        instance_set_ballast(
            instance, (uint64_t)((double)instance_max_memory(instance) * verdict->memory_fill));
    }
}

static void run_true(struct redis_faults *owner, struct session *session,
                     const struct fault_verdict *verdict)
{
    const struct command *command = session_command(session);
    struct instance *instance = session_instance(session);
    struct instance *shadow = verdict->stale_ms > 0 ? shadow_of(owner, instance, verdict) : NULL;

    if (shadow != NULL && command != NULL && (command->flags & CMD_READONLY) != 0 &&
        (command->flags & CMD_BLOCKING) == 0) {
        session_run_against(session, shadow);
    } else {
        session_run(session);
    }
}

/* What the client hears is not what the command answers, if it runs at all. */
static void answer_otherwise(struct redis_faults *owner, struct session *session,
                             const struct fault_verdict *verdict)
{
    if (verdict->run || verdict->drop_answer) {
        session_mute(session);
        run_true(owner, session, verdict);
    } else if (verdict->error[0] != '\0') {
        session_refuse(session, verdict->error);
        return;
    } else {
        session_refuse(session, NULL);
    }
    if (verdict->error[0] != '\0') {
        session_answer(session, BYTES("-"));
        session_answer(session, bytes_from_string(verdict->error));
        session_answer(session, BYTES("\r\n"));
    }
    session_answer(session, bytes_from_string(verdict->raw));
}

static enum fault_ending carry_out(struct redis_hold *hold, const struct fault_verdict *verdict)
{
    struct redis_faults *owner = hold->owner;
    struct session *session = hold->session;
    struct instance *instance = session_instance(session);

    if (verdict->silent) {
        if (verdict->ending == FAULT_RESETS && verdict->ending_ms == 0) {
            session_skip(session, NULL);
            connection_abort(hold->connection);
            return FAULT_RESETS;
        }
        hold_command(hold, verdict, verdict->ending_ms, verdict->ending);
        return FAULT_GOES_ON;
    }
    if (verdict->stall_ms > 0) {
        session_log_slow(session, verdict->stall_ms * 1000);
        instance_stall(instance, clock_now_ms(owner->clock) + verdict->stall_ms);
        hold_command(hold, verdict, verdict->stall_ms, FAULT_GOES_ON);
        return FAULT_GOES_ON;
    }
    if (verdict->delay_ms > 0) {
        hold_command(hold, verdict, verdict->delay_ms, FAULT_GOES_ON);
        return FAULT_GOES_ON;
    }
    prepare(session, verdict);
    if (verdict->error[0] != '\0' || verdict->raw[0] != '\0' || verdict->drop_answer) {
        answer_otherwise(owner, session, verdict);
    } else {
        run_true(owner, session, verdict);
    }
    if (verdict->memory_fill > 0) {
        instance_set_ballast(instance, 0);
    }
    if (verdict->ending == FAULT_RESETS) {
        connection_abort(hold->connection);
    }
    return verdict->ending;
}

enum fault_ending redis_faults_run(struct redis_faults *owner, struct redis_hold *hold,
                                   struct session *session, struct connection *connection)
{
    struct command_subject described;
    struct fault_verdict verdict;

    describe(owner, &described, session);
    if (!faults_decide(owner->faults, &described.subject, &verdict)) {
        session_run(session);
        return FAULT_GOES_ON;
    }
    end_hold(hold);
    hold->owner = owner;
    hold->session = session;
    hold->connection = connection;
    if (!verdict.quiet) {
        journal_blame(owner->journal, bytes_from_string(verdict.rule));
    }
    enum fault_ending ending = carry_out(hold, &verdict);
    journal_blame(owner->journal, BYTES(""));
    return ending;
}

bool redis_faults_admit(struct redis_faults *owner, const struct instance *instance, int node,
                        struct bytes address, bool late, char refusal[FAULT_REFUSAL_SIZE])
{
    struct fault_subject subject = {.plane = FAULT_REDIS, .moment = FAULT_AT_CONNECT};
    struct fault_verdict verdict;

    refusal[0] = '\0';
    if (!redis_faults_armed(owner->faults)) {
        return true;
    }
    subject.zone = instance_zone(instance, node);
    subject.values[FAULT_KEY_CACHE] = redis_faults_cache_name(instance);
    subject.scheduled = scheduled(owner, subject.values[FAULT_KEY_CACHE]);
    subject.values[FAULT_KEY_ADDRESS] = address;
    subject.only_keys = late ? FAULT_BIT(FAULT_KEY_CACHE) : 0;
    if (!faults_decide(owner->faults, &subject, &verdict)) {
        return true;
    }
    fault_copy(verdict.error, refusal, FAULT_REFUSAL_SIZE);
    return verdict.ending == FAULT_GOES_ON;
}

bool redis_faults_lose(struct redis_faults *owner, const struct session *subscriber,
                       struct bytes channel)
{
    struct fault_subject subject = {.plane = FAULT_REDIS, .moment = FAULT_AT_MESSAGE};
    struct fault_verdict verdict;

    if (!redis_faults_armed(owner->faults)) {
        return false;
    }
    subject.values[FAULT_KEY_CACHE] = redis_faults_cache_name(session_instance(subscriber));
    subject.values[FAULT_KEY_COMMAND] = BYTES("publish");
    subject.values[FAULT_KEY_KEY] = channel;
    subject.values[FAULT_KEY_CLIENT] = session_name(subscriber);
    subject.values[FAULT_KEY_ADDRESS] = session_address(subscriber);
    return faults_decide(owner->faults, &subject, &verdict) && verdict.lose_message;
}

struct faults *redis_faults_engine(const struct redis_faults *owner)
{
    return owner->faults;
}

struct redis_faults *redis_faults_create(struct faults *faults, struct clock *clock,
                                         struct journal *journal)
{
    struct redis_faults *owner = memory_allocate_zeroed(sizeof(*owner));

    owner->faults = faults;
    owner->clock = clock;
    owner->journal = journal;
    owner->listener.changed = rules_changed;
    faults_listen(faults, &owner->listener);
    return owner;
}

void redis_faults_schedules(struct redis_faults *owner,
                            bool (*asked)(void *context, struct bytes cache), void *context)
{
    owner->scheduled = asked;
    owner->context = context;
}

void redis_faults_destroy(struct redis_faults *owner)
{
    if (owner != NULL) {
        redis_faults_forget_data(owner);
        faults_leave(owner->faults, &owner->listener);
        memory_free(owner);
    }
}
