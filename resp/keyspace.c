/* One database: lookups, changes and what they entail. */
#include "resp/keyspace_state.h"

#include <string.h>

#include "resp/errors.h"
#include "resp/types/string.h"

/* ---- Memory ---- */

static void add_memory(struct keyspace *db, struct entry *entry, size_t memory)
{
    db->instance->keyspace_memory += memory - entry->memory;
    db->values_memory += memory - entry->memory;
    entry->memory = memory;
}

void keyspace_account(struct keyspace *db, struct entry *entry)
{
    const struct value_type *type = entry_type(entry);
    add_memory(db, entry, type->memory(entry->data));
    if (type->expiry != NULL) {
        expiry_reschedule(db, entry);
    }
}

size_t keyspace_memory(const struct keyspace *db)
{
    return dict_memory(&db->keys) + db->heap_capacity * sizeof(*db->heap) +
           deadlines_memory(&db->parts);
}

/* ---- Entries ---- */

/* All that one command does takes place at one time. */
static int64_t present_ms(const struct instance *instance)
{
    return instance->current != NULL ? instance->current_ms : clock_now_ms(instance->clock);
}

static void release_entry(void *payload)
{
    struct entry *entry = payload;
    if (entry->kind != VALUE_NONE) {
        entry_type(entry)->destroy(entry->data);
    }
}

void keyspace_remove_entry(struct keyspace *db, struct entry *entry)
{
    expiry_forget(db, entry);
    expiry_unschedule(db, entry);
    add_memory(db, entry, 0);
    db->recent = NULL;
    if (entry->kind != VALUE_NONE) {
        remains_take(db->instance, entry_type(entry), entry->data);
        entry->kind = VALUE_NONE;
    }
    dict_remove_payload(&db->keys, entry);
}

struct keyspace *keyspace_create(struct instance *instance, int index)
{
    struct keyspace *db = memory_allocate_zeroed(sizeof(*db));
    db->instance = instance;
    db->index = index;
    db->expiry.fire = expiry_due;
    dict_init(&db->keys, sizeof(struct entry), release_entry, instance->random);
    return db;
}

void keyspace_destroy(struct keyspace *db)
{
    if (db == NULL) {
        return;
    }
    keyspace_clear(db);
    dict_finish(&db->keys);
    memory_free(db);
}

void keyspace_clear(struct keyspace *db)
{
    db->instance->keyspace_memory -= db->values_memory;
    db->values_memory = 0;
    db->recent = NULL;
    db->expiring = 0;
    db->heap_capacity = 0;
    memory_free(db->heap);
    db->heap = NULL;
    deadlines_finish(&db->parts);
    clock_disarm(db->instance->clock, &db->expiry);
    remains_take_keys(db->instance, &db->keys);
}

void keyspace_swap(struct keyspace *a, struct keyspace *b)
{
    struct keyspace held = *a;
    clock_disarm(a->instance->clock, &a->expiry);
    clock_disarm(b->instance->clock, &b->expiry);
    a->keys = b->keys;
    a->values_memory = b->values_memory;
    a->heap = b->heap;
    a->expiring = b->expiring;
    a->heap_capacity = b->heap_capacity;
    a->parts = b->parts;
    b->keys = held.keys;
    b->values_memory = held.values_memory;
    b->heap = held.heap;
    b->expiring = held.expiring;
    b->heap_capacity = held.heap_capacity;
    b->parts = held.parts;
    a->recent = b->recent = NULL;
    expiry_arm(a);
    expiry_arm(b);
}

/* ---- Lookups ---- */

struct entry *keyspace_peek_at(struct keyspace *db, struct bytes key, int64_t now_ms)
{
    struct entry *entry = dict_find(&db->keys, key);
    if (entry == NULL) {
        return NULL;
    }
    if (keyspace_overdue(db, entry, now_ms)) {
        expiry_take_key(db, entry);
        return NULL;
    }
    if (db->parts.count > 0) {
        const struct value_schedule *schedule = expiry_schedule(entry);
        if (schedule != NULL && schedule->deadline.slot != 0 &&
            schedule->deadline.at_ms <= now_ms && !expiry_take_parts(db, entry, now_ms)) {
            return NULL;
        }
    }
    db->recent = entry;
    return entry;
}

void keyspace_prefetch(const struct keyspace *db, const struct bytes *keys, size_t count,
                       size_t step)
{
    dict_prefetch(&db->keys, keys, count, step);
}

struct entry *keyspace_peek(struct keyspace *db, struct bytes key)
{
    return keyspace_peek_at(db, key, clock_now_ms(db->instance->clock));
}

/* CLIENT NO-TOUCH leaves keys as old as they are, but for TOUCH. */
static bool keeps_age(const struct call *call)
{
    return call->session->no_touch && strcmp(call->command->name, "TOUCH") != 0;
}

static struct entry *touch(const struct call *call, struct entry *entry)
{
    if (entry != NULL && !keeps_age(call)) {
        entry->access = access_again(call->instance, entry->access, call->now_ms);
    }
    return entry;
}

struct entry *keyspace_look(struct call *call, struct bytes key)
{
    struct entry *entry = keyspace_peek_at(call->db, key, call->now_ms);
    if (entry == NULL) {
        call->instance->stats.misses++;
        if (call->instance->pubsub.notify != 0) {
            notify_event(call->instance, call->db->index, key, EVENT_KEY_MISS, "keymiss");
        }
        return NULL;
    }
    call->instance->stats.hits++;
    return entry;
}

struct entry *keyspace_read(struct call *call, struct bytes key)
{
    return touch(call, keyspace_look(call, key));
}

struct entry *keyspace_write(struct call *call, struct bytes key)
{
    return touch(call, keyspace_peek_at(call->db, key, call->now_ms));
}

struct entry *keyspace_found(struct keyspace *db, struct bytes key)
{
    struct entry *entry = db->recent;
    return entry != NULL && bytes_equal(keyspace_key(db, entry), key) ? entry
                                                                      : dict_find(&db->keys, key);
}

/* NULL when there is none, or one of another type, which is answered. */
static struct entry *typed_or_reply(struct call *call, struct entry *entry,
                                    const struct value_type *type, bool *typed)
{
    *typed = entry == NULL || entry->kind == type->kind;
    if (!*typed) {
        reply_error(call->reply, ERROR_WRONG_TYPE);
    }
    return *typed ? entry : NULL;
}

struct entry *entry_read_or_reply(struct call *call, int index, const struct value_type *type,
                                  bool *typed)
{
    return typed_or_reply(call, keyspace_read(call, call->argv[index]), type, typed);
}

struct entry *entry_write_or_reply(struct call *call, int index, const struct value_type *type,
                                   bool *typed)
{
    return typed_or_reply(call, keyspace_write(call, call->argv[index]), type, typed);
}

bool value_read_or_reply(struct call *call, int index, const struct value_type *type, void **data)
{
    bool typed;
    const struct entry *entry = entry_read_or_reply(call, index, type, &typed);
    *data = entry == NULL ? NULL : entry->data;
    return typed;
}

bool value_write_or_reply(struct call *call, int index, const struct value_type *type, void **data)
{
    bool typed;
    const struct entry *entry = entry_write_or_reply(call, index, type, &typed);
    *data = entry == NULL ? NULL : entry->data;
    return typed;
}

struct bytes keyspace_key(const struct keyspace *db, const struct entry *entry)
{
    return dict_key(&db->keys, entry);
}

/* ---- Changes ---- */

static void tell_new(const struct keyspace *db, struct bytes key)
{
    if (db->instance->pubsub.notify != 0) {
        notify_event(db->instance, db->index, key, EVENT_NEW, "new");
    }
}

/* The entry for `key`, without value and expiry. */
static struct entry *emptied(struct keyspace *db, struct bytes key)
{
    bool created;
    struct entry *entry = dict_insert(&db->keys, key, &created);
    if (created) {
        tell_new(db, key);
    } else {
        expiry_forget(db, entry);
        expiry_unschedule(db, entry);
        remains_take(db->instance, entry_type(entry), entry->data);
    }
    entry->kind = VALUE_NONE;
    entry->access = access_new(db->instance, present_ms(db->instance));
    db->recent = entry;
    return entry;
}

struct entry *keyspace_set_take(struct keyspace *db, struct bytes key,
                                const struct value_type *type, void *data)
{
    struct entry *entry = emptied(db, key);
    entry->kind = type->kind;
    entry->data = data;
    struct value_schedule *schedule = expiry_schedule(entry);
    if (schedule != NULL) {
        schedule->deadline.slot = 0; /* where it stood before does not matter any more */
    }
    keyspace_account(db, entry);
    return entry;
}

struct entry *keyspace_set_string(struct keyspace *db, struct bytes key, struct bytes text)
{
    bool created;
    struct entry *entry = dict_insert(&db->keys, key, &created);
    if (created) {
        tell_new(db, key);
        entry->data = string_create(text);
    } else if (entry->kind == VALUE_STRING) {
        expiry_forget(db, entry);
        entry->data = string_replace(entry->data, text);
    } else {
        expiry_forget(db, entry);
        expiry_unschedule(db, entry);
        remains_take(db->instance, entry_type(entry), entry->data);
        entry->data = string_create(text);
    }
    entry->kind = VALUE_STRING;
    int64_t now_ms = present_ms(db->instance);
    entry->access = created ? access_new(db->instance, now_ms)
                            : access_again(db->instance, entry->access, now_ms);
    db->recent = entry;
    return entry;
}

void keyspace_replace_data(struct keyspace *db, struct entry *entry, void *data)
{
    entry->data = data;
    keyspace_account(db, entry);
}

bool keyspace_delete(struct keyspace *db, struct bytes key)
{
    struct entry *entry = dict_find(&db->keys, key);
    if (entry == NULL) {
        return false;
    }
    keyspace_remove_entry(db, entry);
    return true;
}

void *keyspace_take(struct keyspace *db, struct bytes key, const struct value_type **type,
                    int64_t *expires_at_ms)
{
    struct entry *entry = dict_find(&db->keys, key);
    if (entry == NULL) {
        return NULL;
    }
    void *data = entry->data;
    *type = entry_type(entry);
    *expires_at_ms = keyspace_expires_at(db, entry);
    expiry_unschedule(db, entry);
    entry->kind = VALUE_NONE;
    keyspace_remove_entry(db, entry);
    return data;
}

void keyspace_spread(struct keyspace *db, struct bytes key, enum event_class class,
                     const char *event)
{
    struct instance *instance = db->instance;
    instance->changes++;
    if (dict_count(&instance->watched) > 0) {
        watch_touch(instance, db->index, key);
    }
    if (instance->tracking.sessions > 0 || dict_count(&instance->tracking.keys) > 0) {
        tracking_key_changed(instance, key, instance->current);
    }
    if (dict_count(&instance->blocked_keys) > 0) {
        blocking_key_changed(instance, db, key);
    }
    if (instance->pubsub.notify != 0 && event != NULL) {
        notify_event(instance, db->index, key, (char)class, event);
    }
}

void keyspace_changed_by_server(struct keyspace *db, struct bytes key, enum event_class class,
                                const char *event)
{
    struct instance *instance = db->instance;
    if (instance->feed.first != NULL) {
        bool gone = class == EVENT_EXPIRED || class == EVENT_EVICTED;
        (gone ? replication_gone : replication_note)(instance, db->index, key);
    }
    keyspace_spread(db, key, class, event);
}

void keyspace_changed(struct call *call, struct bytes key, enum event_class class,
                      const char *event)
{
    struct keyspace *db = call->db;
    struct entry *entry = keyspace_found(db, key);
    if (entry != NULL) {
        keyspace_account(db, entry);
    }
    keyspace_changed_by_server(db, key, class, event);
}

void keyspace_changed_silently(struct keyspace *db, struct entry *entry)
{
    keyspace_account(db, entry);
    db->instance->changes++;
    if (db->instance->feed.first != NULL) {
        replication_note(db->instance, db->index, keyspace_key(db, entry));
    }
}

bool keyspace_delete_changed(struct call *call, struct bytes key)
{
    bool there = keyspace_write(call, key) != NULL;
    if (there) {
        keyspace_delete(call->db, key);
        keyspace_changed(call, key, EVENT_GENERIC, "del");
    }
    return there;
}

void keyspace_shrunk(struct call *call, struct bytes key, enum event_class class, const char *event,
                     size_t left)
{
    keyspace_changed(call, key, class, event);
    if (left == 0) {
        keyspace_delete_changed(call, key);
    }
}

/* ---- Eviction ---- */

size_t keyspace_sample(struct keyspace *db, bool volatile_only, struct entry **entries,
                       size_t count)
{
    if (!volatile_only) {
        return dict_sample(&db->keys, db->instance->random, (void **)entries, count);
    }
    if (db->expiring == 0) {
        return 0;
    }
    /* The first of the heap goes first; the rest stands in no order. */
    entries[0] = db->heap[1].entry;
    size_t found = 1;
    for (; found < count && found < db->expiring; found++) {
        entries[found] = db->heap[1 + random_below(db->instance->random, db->expiring)].entry;
    }
    return found;
}

void keyspace_evict(struct keyspace *db, struct entry *entry)
{
    db->instance->stats.evicted_keys++;
    keyspace_remove_with_event(db, entry, EVENT_EVICTED, "evicted");
}

size_t keyspace_entry_memory(const struct keyspace *db, const struct entry *entry)
{
    return dict_entry_memory(&db->keys, entry) + entry_type(entry)->memory(entry->data);
}

/* ---- Figures and visits ---- */

size_t keyspace_count(const struct keyspace *db)
{
    return dict_count(&db->keys);
}

size_t keyspace_expiring_count(const struct keyspace *db)
{
    return db->expiring;
}

size_t keyspace_scheduled_count(const struct keyspace *db)
{
    return db->parts.count;
}

int64_t keyspace_average_ttl_ms(const struct keyspace *db)
{
    enum { SAMPLES = 64 };
    size_t count = db->expiring < SAMPLES ? db->expiring : SAMPLES;
    int64_t now_ms = clock_now_ms(db->instance->clock), total = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t at_ms = db->heap[1 + i * (db->expiring / count)].at_ms;
        total += at_ms > now_ms ? at_ms - now_ms : 0;
    }
    return count == 0 ? 0 : total / (int64_t)count;
}

int keyspace_index(const struct keyspace *db)
{
    return db->index;
}

const struct dict *keyspace_table(const struct keyspace *db)
{
    return &db->keys;
}

struct entry *keyspace_random(struct keyspace *db)
{
    int64_t now_ms = clock_now_ms(db->instance->clock);
    for (int tries = 0; tries < 100; tries++) {
        struct entry *entry = dict_random(&db->keys, db->instance->random);
        if (entry == NULL) {
            return NULL;
        }
        if (!keyspace_overdue(db, entry, now_ms)) {
            return entry;
        }
        expiry_take_key(db, entry);
    }
    return dict_random(&db->keys, db->instance->random);
}

struct visit {
    const struct keyspace *db;
    void (*visit)(void *context, struct bytes key, struct entry *entry);
    void *context;
    int64_t now_ms;
};

static void visit_live(void *context, struct bytes key, void *payload)
{
    const struct visit *visit = context;
    struct entry *entry = payload;
    if (!keyspace_overdue(visit->db, entry, visit->now_ms)) {
        visit->visit(visit->context, key, entry);
    }
}

uint64_t keyspace_scan(struct keyspace *db, uint64_t position,
                       void (*visit)(void *context, struct bytes key, struct entry *entry),
                       void *context)
{
    struct visit live = {db, visit, context, clock_now_ms(db->instance->clock)};
    return dict_scan(&db->keys, position, visit_live, &live);
}

void keyspace_each(struct keyspace *db,
                   void (*visit)(void *context, struct bytes key, struct entry *entry),
                   void *context)
{
    struct visit live = {db, visit, context, clock_now_ms(db->instance->clock)};
    struct entry *entry;
    for (struct dict_cursor cursor = dict_begin(&db->keys); (entry = dict_next(&cursor)) != NULL;) {
        visit_live(&live, keyspace_key(db, entry), entry);
    }
}
