/*
 * The inside of a keyspace, for keyspace.c and keyspace_expiry.c only.
 */
#ifndef RESP_KEYSPACE_STATE_H
#define RESP_KEYSPACE_STATE_H

#include "resp/instance_state.h"

struct expiring {
    int64_t at_ms;
    struct entry *entry;
};

struct keyspace {
    struct instance *instance;
    int index;
    struct dict keys;
    size_t values_memory;  /* as accounted */
    struct expiring *heap; /* heap[0] is not used: slot 0 is "no expiry" */
    size_t expiring, heap_capacity;
    struct deadlines parts; /* of values of which parts expire: the next one of each */
    struct timer expiry;    /* for the first of either */
    struct entry *recent;   /* the last entry found or made: spares keyspace_changed a lookup */
};

/* Mostly nothing is overdue, as the timer sees to it: then the heap's place is not looked at. */
static inline bool keyspace_overdue(const struct keyspace *db, const struct entry *entry,
                                    int64_t now_ms)
{
    return entry_expires(entry) && db->heap[1].at_ms <= now_ms &&
           db->heap[entry->expiry_slot].at_ms <= now_ms;
}

/* keyspace.c */
void keyspace_remove_entry(struct keyspace *db, struct entry *entry);
/* What a change entails, but for telling those that follow. */
void keyspace_spread(struct keyspace *db, struct bytes key, enum event_class class,
                     const char *event);

/* keyspace_expiry.c */
void expiry_due(struct timer *timer);
void expiry_arm(struct keyspace *db);
/* The key does not expire any more. */
void expiry_forget(struct keyspace *db, struct entry *entry);
/* NULL: no part of the value ever expires. */
struct value_schedule *expiry_schedule(const struct entry *entry);
/* Before the value goes, wherever it goes to. */
void expiry_unschedule(struct keyspace *db, const struct entry *entry);
/* After the value changed. */
void expiry_reschedule(struct keyspace *db, struct entry *entry);
void expiry_take_key(struct keyspace *db, struct entry *entry);
/* What of a value is over goes; with the last of it goes the key. False when it went. */
bool expiry_take_parts(struct keyspace *db, struct entry *entry, int64_t now_ms);
void keyspace_remove_with_event(struct keyspace *db, struct entry *entry, enum event_class class,
                                const char *event);

#endif
