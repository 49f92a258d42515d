/* Sessions that wait, and who is served first. Knows no command. */
#include "resp/blocking.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/instance_state.h"
#include "resp/migration.h"

/* ---- Timeouts ---- */

static bool deadline_fits_or_reply(struct call *call, int64_t timeout_ms)
{
    if (timeout_ms < 0) {
        reply_error(call->reply, "ERR timeout is negative");
        return false;
    }
    if (timeout_ms > INT64_MAX - call->now_ms) {
        reply_error(call->reply, "ERR timeout is out of range");
        return false;
    }
    return true;
}

bool block_timeout_or_reply(struct call *call, int index, int64_t *timeout_ms)
{
    long double seconds;
    if (!bytes_to_long_double(call->argv[index], &seconds)) {
        reply_error(call->reply, "ERR timeout is not a float or out of range");
        return false;
    }
    /* Before 7.0 parts of a millisecond did not count, and too many were less than none. */
    bool older = !call_supports(call, "7.0.0");
    long double wanted_ms = older ? truncl(seconds * 1000.0L) : ceill(seconds * 1000.0L);
    if (wanted_ms < 0 || (seconds < 0 && !older) || (older && wanted_ms > (long double)INT64_MAX)) {
        reply_error(call->reply, "ERR timeout is negative");
        return false;
    }
    if (wanted_ms > (long double)INT64_MAX) {
        reply_error(call->reply, "ERR timeout is out of range");
        return false;
    }
    *timeout_ms = (int64_t)wanted_ms;
    return deadline_fits_or_reply(call, *timeout_ms);
}

bool block_timeout_ms_or_reply(struct call *call, int index, int64_t *timeout_ms)
{
    if (!bytes_to_int64(call->argv[index], timeout_ms)) {
        reply_error(call->reply, "ERR timeout is not an integer or out of range");
        return false;
    }
    return deadline_fits_or_reply(call, *timeout_ms);
}

/* ---- Queues ---- */

static void full_key(struct buf *name, int database, struct bytes key)
{
    buf_init(name, SIZE_MAX);
    buf_append(name, (struct bytes){(const char *)&database, sizeof(database)});
    buf_append(name, key);
}

static struct block_queue *find_queue(struct instance *instance, int database, struct bytes key)
{
    struct buf name;
    full_key(&name, database, key);
    struct block_queue *queue = dict_find(&instance->blocked_keys, buf_bytes(&name));
    buf_finish(&name);
    return queue;
}

static void join_queue(struct session *session, struct block_place *place, struct bytes key)
{
    struct buf name;
    bool created;
    full_key(&name, keyspace_index(session->db), key);
    struct block_queue *queue =
        dict_insert(&session->instance->blocked_keys, buf_bytes(&name), &created);
    buf_finish(&name);
    *place = (struct block_place){session, queue, NULL, queue->last};
    if (queue->last != NULL) {
        queue->last->next = place;
    } else {
        queue->first = place;
    }
    queue->last = place;
}

static void drop_if_unused(struct instance *instance, struct block_queue *queue)
{
    if (queue->first == NULL && !queue->ready && !queue->serving) {
        dict_remove_payload(&instance->blocked_keys, queue);
    }
}

static void leave_queue(struct instance *instance, struct block_place *place)
{
    struct block_queue *queue = place->queue;
    if (place->previous != NULL) {
        place->previous->next = place->next;
    } else {
        queue->first = place->next;
    }
    if (place->next != NULL) {
        place->next->previous = place->previous;
    } else {
        queue->last = place->previous;
    }
    drop_if_unused(instance, queue);
}

static bool joined(const struct blocked *blocked, const struct block_queue *queue)
{
    for (size_t i = 0; i < blocked->place_count; i++) {
        if (blocked->places[i].queue == queue) {
            return true;
        }
    }
    return false;
}

/* ---- Parking ---- */

static void release(struct session *session)
{
    struct blocked *blocked = &session->blocked;
    for (size_t i = 0; i < blocked->place_count; i++) {
        leave_queue(session->instance, &blocked->places[i]);
    }
    clock_disarm(session->instance->clock, &blocked->timer);
    memory_free(blocked->places);
    memory_free(blocked->argv);
    session->instance->blocked_count -= blocked->postponed ? 0 : 1;
    *blocked = (struct blocked){0};
}

static void wake(struct session *session)
{
    session->active_ms = clock_now_ms(session->instance->clock);
    if (session->host.wake != NULL) {
        session->host.wake(session->host.context, session);
    }
}

static void give_up(struct session *session)
{
    block_give_up *answer = session->blocked.give_up;
    release(session);
    answer(&session->reply);
    session_settle_muting(session);
    wake(session);
}

static void time_is_over(struct timer *timer)
{
    struct session *session = CONTAINER_OF(timer, struct session, blocked.timer);
    give_up(session);
    blocking_serve(session->instance);
}

static void park(struct call *call, int64_t timeout_ms, block_give_up *answer)
{
    struct session *session = call->session;
    struct blocked *blocked = &session->blocked;
    *blocked = (struct blocked){.active = true, .give_up = answer, .entry = session->last};
    blocked->argc = call->argc;
    blocked->argv = words_copy(call->argv, call->argc);
    blocked->timer.fire = time_is_over;
    if (timeout_ms > 0) {
        clock_arm(session->instance->clock, &blocked->timer, call->now_ms + timeout_ms);
    }
    session->instance->blocked_count++;
}

void block_on_keys(struct call *call, const int *indexes, int count, const struct value_type *type,
                   bool or_gone, int64_t timeout_ms, block_give_up *answer)
{
    struct session *session = call->session;
    if (session->blocked.retrying) {
        session->blocked.again = true;
        return;
    }
    if (call->nested) {
        answer(call->reply);
        return;
    }
    park(call, timeout_ms, answer);
    struct blocked *blocked = &session->blocked;
    blocked->type = type;
    blocked->or_gone = or_gone;
    blocked->places = memory_allocate((size_t)count * sizeof(*blocked->places));
    for (int i = 0; i < count; i++) {
        struct bytes key = call->argv[indexes[i]];
        struct block_queue *queue = find_queue(session->instance, keyspace_index(session->db), key);
        if (queue == NULL || !joined(blocked, queue)) {
            join_queue(session, &blocked->places[blocked->place_count++], key);
        }
    }
}

void block_on_key_range(struct call *call, int first, int count, const struct value_type *type,
                        bool or_gone, int64_t timeout_ms, block_give_up *answer)
{
    int *indexes = memory_allocate((size_t)count * sizeof(*indexes));
    for (int i = 0; i < count; i++) {
        indexes[i] = first + i;
    }
    block_on_keys(call, indexes, count, type, or_gone, timeout_ms, answer);
    memory_free(indexes);
}

bool block_awaits(const struct call *call, struct bytes key)
{
    return call->ready_key.data == NULL || bytes_equal(call->ready_key, key);
}

void block_for_time(struct call *call, int64_t timeout_ms, block_give_up *answer)
{
    if (call->nested) {
        answer(call->reply);
        return;
    }
    park(call, timeout_ms, answer);
}

void block_for_host(struct call *call)
{
    park(call, 0, NULL);
    call->session->blocked.for_host = true;
}

void block_until_unpaused(struct call *call, struct command_entry *entry)
{
    park(call, 0, NULL);
    call->session->blocked.postponed = true;
    call->session->blocked.since_ms = clock_now_ms(call->instance->clock);
    call->session->blocked.entry = entry;
    call->instance->blocked_count--; /* INFO does not count these */
}

/* Dispatches the postponed command at last. */
static void go_on(struct session *session)
{
    struct blocked waiting = session->blocked;
    session->blocked = (struct blocked){0};
    session->waited_us += 1000 * (clock_now_ms(session->instance->clock) - waiting.since_ms);
    session->running = true;
    dispatch(session, waiting.entry, waiting.argv, waiting.argc);
    session->running = false;
    memory_free(waiting.argv);
    if (!session->blocked.active && !session->suspended) {
        session->waited_us = 0; /* a refused command is not measured */
    }
    if (!session->blocked.active) {
        session_settle_muting(session);
    }
    wake(session);
}

void block_go_on(struct session *session)
{
    clock_disarm(session->instance->clock, &session->blocked.timer);
    go_on(session);
    instance_settle(session->instance);
}

static void own_time_is_over(struct timer *timer)
{
    block_go_on(CONTAINER_OF(timer, struct session, blocked.timer));
}

void block_alone(struct session *session, struct command_entry *entry, const struct bytes *argv,
                 int argc, int64_t until_ms)
{
    struct blocked *blocked = &session->blocked;
    *blocked = (struct blocked){.active = true, .postponed = true, .alone = true, .entry = entry};
    blocked->since_ms = clock_now_ms(session->instance->clock);
    blocked->argc = argc;
    blocked->argv = words_copy(argv, argc);
    blocked->timer.fire = own_time_is_over;
    if (until_ms != INT64_MAX) {
        clock_arm(session->instance->clock, &blocked->timer, until_ms);
    }
}

static void end_pause(struct instance *instance)
{
    for (struct session *session = instance->sessions, *next; session != NULL; session = next) {
        next = session->next;
        if (session->blocked.postponed && !session->blocked.alone) {
            go_on(session);
        }
    }
    blocking_serve(instance);
}

static void pause_is_over(struct timer *timer)
{
    end_pause(CONTAINER_OF(timer, struct instance, pause));
}

void blocking_pause(struct instance *instance, int64_t until_ms, bool writes_only)
{
    bool paused = timer_armed(&instance->pause);
    instance->pause_writes_only = writes_only && (!paused || instance->pause_writes_only);
    instance->pause.fire = pause_is_over;
    if (!paused || until_ms > instance->pause.due_ms) {
        clock_arm(instance->clock, &instance->pause, until_ms);
    }
}

void blocking_unpause(struct instance *instance)
{
    clock_disarm(instance->clock, &instance->pause);
    end_pause(instance);
}

bool block_release(struct session *session, const char *error)
{
    if (!session->blocked.active || session->blocked.postponed || session->blocked.for_host) {
        return false;
    }
    if (error == NULL) {
        give_up(session);
        return true;
    }
    release(session);
    reply_error(&session->reply, error);
    session_settle_muting(session);
    wake(session);
    return true;
}

void block_forget(struct session *session)
{
    bool for_host = session->blocked.for_host;
    if (session->blocked.active) {
        release(session);
    }
    if (for_host) {
        struct instance *instance = session->instance;
        migration_forget(instance);
        blocking_pause(instance, clock_now_ms(instance->clock), true); /* ends in the next turn */
    }
}

bool session_blocked(const struct session *session)
{
    return session->blocked.active;
}

/* ---- Waking ---- */

static void add_ready(struct instance *instance, struct block_queue *queue)
{
    if (!queue->ready) {
        queue->ready = true;
        queue->next_ready = NULL;
        *instance->ready_end = queue;
        instance->ready_end = &queue->next_ready;
    }
}

void blocking_key_changed(struct instance *instance, struct keyspace *db, struct bytes key)
{
    struct block_queue *queue = find_queue(instance, keyspace_index(db), key);
    if (queue != NULL && queue->first != NULL) {
        add_ready(instance, queue);
    }
}

void blocking_database_changed(struct instance *instance, struct keyspace *db)
{
    struct block_queue *queue;
    for (struct dict_cursor cursor = dict_begin(&instance->blocked_keys);
         (queue = dict_next(&cursor)) != NULL;) {
        struct bytes name = dict_key(&instance->blocked_keys, queue);
        int database;
        memcpy(&database, name.data, sizeof(database));
        if (database == keyspace_index(db)) {
            add_ready(instance, queue);
        }
    }
}

static bool may_go_on(const struct session *session, const struct entry *entry)
{
    const struct blocked *blocked = &session->blocked;
    if (entry == NULL || (blocked->type != NULL && entry_type(entry) != blocked->type)) {
        return blocked->or_gone && instance_runs(session->instance, "7.0.0");
    }
    return true;
}

/* Runs the handler anew; true when the client has its answer. */
static bool retry(struct session *session, struct bytes ready_key)
{
    struct blocked *blocked = &session->blocked;
    blocked->retrying = true;
    blocked->again = false;
    session->running = true;
    dispatch_resume(session, blocked->entry, blocked->argv, blocked->argc, ready_key);
    session->running = false;
    blocked->retrying = false;
    if (blocked->again) {
        return false;
    }
    release(session);
    session_settle_muting(session);
    wake(session);
    return true;
}

void blocking_go_on_for_host(struct instance *instance)
{
    struct session *session = instance->sessions;
    while (session != NULL && !session->blocked.for_host) {
        session = session->next;
    }
    if (session != NULL) {
        retry(session, (struct bytes){0});
    }
    end_pause(instance); /* where it is not over, they wait again */
}

static void serve_queue(struct instance *instance, struct block_queue *queue)
{
    struct bytes name = dict_key(&instance->blocked_keys, queue);
    struct bytes key = bytes_slice(name, sizeof(int), name.size);
    int database;
    memcpy(&database, name.data, sizeof(database));
    struct keyspace *db = instance->databases[database];
    struct bytes ready_key = instance_runs(instance, "7.2.0") ? (struct bytes){0} : key;
    queue->serving = true;
    for (struct block_place *place = queue->first, *next; place != NULL; place = next) {
        next = place->next;
        struct session *session = place->session;
        if (!session_closed(session) && may_go_on(session, keyspace_peek(db, key))) {
            retry(session, ready_key);
        }
    }
    queue->serving = false;
    drop_if_unused(instance, queue);
}

void blocking_serve(struct instance *instance)
{
    if (instance->serving_blocked) {
        return;
    }
    instance->serving_blocked = true;
    while (instance->ready != NULL) {
        struct block_queue *queue = instance->ready;
        instance->ready = queue->next_ready;
        if (instance->ready == NULL) {
            instance->ready_end = &instance->ready;
        }
        queue->ready = false;
        serve_queue(instance, queue);
    }
    instance->serving_blocked = false;
}
