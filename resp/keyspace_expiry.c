/*
 * What goes by itself. Keys with an expiry stand in a heap by due time, and so do values of which
 * parts expire, with one timer for the first of all, so everything goes exactly when due and in
 * order; a lookup that comes earlier than the timer finds it gone all the same.
 */
#include <string.h>

#include "resp/keyspace_state.h"

enum { EXPIRED_AT_ONCE = 200, HEAP_WIDTH = 4 };

/* ---- Expiry heap ---- */

static void place(struct keyspace *db, struct expiring item, size_t slot)
{
    db->heap[slot] = item;
    item.entry->expiry_slot = (uint32_t)slot;
}

static size_t parent_of(size_t slot)
{
    return (slot - 2) / HEAP_WIDTH + 1;
}

static void sift_up(struct keyspace *db, struct expiring item, size_t slot)
{
    while (slot > 1 && item.at_ms < db->heap[parent_of(slot)].at_ms) {
        place(db, db->heap[parent_of(slot)], slot);
        slot = parent_of(slot);
    }
    place(db, item, slot);
}

static void sift_down(struct keyspace *db, struct expiring item, size_t slot)
{
    for (;;) {
        size_t first = (slot - 1) * HEAP_WIDTH + 2, least = 0;
        for (size_t child = first; child < first + HEAP_WIDTH && child <= db->expiring; child++) {
            if (least == 0 || db->heap[child].at_ms < db->heap[least].at_ms) {
                least = child;
            }
        }
        if (least == 0 || db->heap[least].at_ms >= item.at_ms) {
            break;
        }
        place(db, db->heap[least], slot);
        slot = least;
    }
    place(db, item, slot);
}

void expiry_forget(struct keyspace *db, struct entry *entry)
{
    size_t slot = entry->expiry_slot;
    if (slot == 0) {
        return;
    }
    entry->expiry_slot = 0;
    struct expiring last = db->heap[db->expiring--];
    if (last.entry == entry) {
        return;
    }
    if (slot > 1 && last.at_ms < db->heap[parent_of(slot)].at_ms) {
        sift_up(db, last, slot);
    } else {
        sift_down(db, last, slot);
    }
}

/* An early timer does no harm, so it is moved forward only. */
void expiry_arm(struct keyspace *db)
{
    const struct deadline *part = deadlines_first(&db->parts);
    if (db->expiring == 0 && part == NULL) {
        return;
    }
    int64_t due_ms = db->expiring == 0 ? part->at_ms : db->heap[1].at_ms;
    due_ms = part != NULL && part->at_ms < due_ms ? part->at_ms : due_ms;
    if (!timer_armed(&db->expiry) || db->expiry.due_ms > due_ms) {
        clock_arm(db->instance->clock, &db->expiry, due_ms);
    }
}

void keyspace_set_expiry(struct keyspace *db, struct entry *entry, int64_t expires_at_ms)
{
    expiry_forget(db, entry);
    if (expires_at_ms == NO_EXPIRY) {
        return;
    }
    if (db->expiring + 2 > db->heap_capacity) {
        db->heap_capacity = db->heap_capacity < 16 ? 16 : db->heap_capacity + db->heap_capacity / 4;
        db->heap = memory_resize(db->heap, db->heap_capacity * sizeof(*db->heap));
    }
    sift_up(db, (struct expiring){expires_at_ms, entry}, ++db->expiring);
    expiry_arm(db);
}

int64_t keyspace_expires_at(const struct keyspace *db, const struct entry *entry)
{
    return entry_expires(entry) ? db->heap[entry->expiry_slot].at_ms : NO_EXPIRY;
}

/* ---- Values of which parts expire ---- */

struct value_schedule *expiry_schedule(const struct entry *entry)
{
    const struct value_expiry *expiry =
        entry->kind == VALUE_NONE ? NULL : entry_type(entry)->expiry;
    return expiry == NULL ? NULL : expiry->schedule(entry->data);
}

/* Before the value goes, wherever it goes to. */
void expiry_unschedule(struct keyspace *db, const struct entry *entry)
{
    struct value_schedule *schedule = db->parts.count == 0 ? NULL : expiry_schedule(entry);
    if (schedule != NULL) {
        deadlines_remove(&db->parts, &schedule->deadline);
    }
}

/* After the value changed. */
void expiry_reschedule(struct keyspace *db, struct entry *entry)
{
    struct value_schedule *schedule = expiry_schedule(entry);
    int64_t at_ms;
    if (schedule == NULL) {
        return;
    }
    if (!entry_type(entry)->expiry->next(entry->data, &at_ms)) {
        deadlines_remove(&db->parts, &schedule->deadline);
    } else if (schedule->deadline.slot == 0 || schedule->deadline.at_ms != at_ms) {
        schedule->entry = entry;
        deadlines_set(&db->parts, &schedule->deadline, at_ms);
        expiry_arm(db);
    }
}

/* ---- What is over ---- */

/* A key that outlives its entry, for the events. */
struct kept_key {
    char small[256];
    char *large; /* NULL: it is small */
    struct bytes key;
};

static void keep_key(const struct keyspace *db, const struct entry *entry, struct kept_key *kept)
{
    struct bytes key = keyspace_key(db, entry);
    kept->large = key.size <= sizeof(kept->small) ? NULL : memory_allocate(key.size);
    kept->key = (struct bytes){kept->large == NULL ? kept->small : kept->large, key.size};
    if (key.size > 0) {
        memcpy(kept->large == NULL ? kept->small : kept->large, key.data, key.size);
    }
}

void keyspace_remove_with_event(struct keyspace *db, struct entry *entry, enum event_class class,
                                const char *event)
{
    struct kept_key kept;
    keep_key(db, entry, &kept);
    keyspace_remove_entry(db, entry);
    keyspace_changed_by_server(db, kept.key, class, event);
    memory_free(kept.large);
}

/* What of a value is over goes; with the last of it goes the key. False when it went. */
bool expiry_take_parts(struct keyspace *db, struct entry *entry, int64_t now_ms)
{
    const struct value_expiry *expiry = entry_type(entry)->expiry;
    struct kept_key kept;
    size_t left;
    keep_key(db, entry, &kept);
    db->instance->stats.expired_fields += expiry->expire(entry->data, now_ms, &left);
    if (left == 0) {
        keyspace_remove_entry(db, entry);
    } else {
        keyspace_account(db, entry);
    }
    if (db->instance->feed.first != NULL) {
        replication_state(db->instance, db->index, kept.key, left == 0 ? NULL : entry);
    }
    keyspace_spread(db, kept.key, (enum event_class)expiry->event_class, expiry->event);
    if (left == 0) {
        keyspace_spread(db, kept.key, EVENT_GENERIC, "del");
    }
    memory_free(kept.large);
    return left > 0;
}

void expiry_take_key(struct keyspace *db, struct entry *entry)
{
    db->instance->stats.expired_keys++;
    keyspace_remove_with_event(db, entry, EVENT_EXPIRED, "expired");
}

/* What falls due first goes first. False: nothing is due. */
static bool expire_next(struct keyspace *db, int64_t now_ms)
{
    const struct deadline *part = deadlines_first(&db->parts);
    int64_t key_ms = db->expiring == 0 ? INT64_MAX : db->heap[1].at_ms;
    if (part != NULL && part->at_ms < key_ms) {
        struct value_schedule *schedule = CONTAINER_OF(part, struct value_schedule, deadline);
        bool due = part->at_ms <= now_ms;
        if (due) {
            expiry_take_parts(db, schedule->entry, part->at_ms);
        }
        return due;
    }
    if (key_ms > now_ms) {
        return false;
    }
    expiry_take_key(db, db->heap[1].entry);
    return true;
}

void expiry_due(struct timer *timer)
{
    struct keyspace *db = CONTAINER_OF(timer, struct keyspace, expiry);
    int64_t now_ms = clock_now_ms(db->instance->clock);
    if (db->instance->expires_lazily) {
        return;
    }
    /* For a script that runs, time stands still. */
    for (int count = 0; count < EXPIRED_AT_ONCE && db->instance->snapshot_ms == 0; count++) {
        if (!expire_next(db, now_ms)) {
            break;
        }
    }
    expiry_arm(db);
}

void keyspace_expire_again(struct keyspace *db)
{
    expiry_arm(db);
}
