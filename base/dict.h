/*
 * A hash map keyed by bytes. Each entry is one allocation: a fixed-size payload of the owner's
 * and the key behind it; payloads keep their address until removed. The map grows and shrinks by
 * incremental rehashing, a few buckets per change, so no single operation is slow.
 *
 * The payload is zeroed at insertion and its contents belong to the owner: `release` is called on
 * it before the entry is freed.
 */
#ifndef BASE_DICT_H
#define BASE_DICT_H

#include "base/bytes.h"
#include "base/random.h"

struct dict_entry;

struct dict {
    struct dict_entry **tables[2];
    size_t masks[2];
    size_t used[2];
    size_t rehashing; /* next bucket of tables[0] to move, plus one; 0 when not rehashing */
    size_t payload_size;
    void (*release)(void *payload); /* may be NULL */
    uint64_t seed[2];
    size_t entries_memory;      /* bytes the entries occupy */
    unsigned paused;            /* iterations in progress: no rehashing meanwhile */
    struct dict_entry *removed; /* meanwhile: unlinked, to be freed when the last one ends */
};

/* `random` seeds the hash, so that keys chosen by an attacker do not collide. */
void dict_init(struct dict *dict, size_t payload_size, void (*release)(void *payload),
               struct random *random);
void dict_finish(struct dict *dict); /* releases all entries; a zeroed dict is fine */
void dict_clear(struct dict *dict);
/*
 * Clears a map that nobody uses any more in steps of about `entries`; *position is 0 at first.
 * True: it is empty. In between it is good for nothing but the next step.
 */
bool dict_clear_some(struct dict *dict, size_t entries, size_t *position);
size_t dict_count(const struct dict *dict);
size_t dict_memory(const struct dict *dict); /* tables and entries, without what payloads own */
size_t dict_entry_memory(const struct dict *dict, const void *payload); /* of one entry */

void *dict_find(const struct dict *dict, struct bytes key); /* payload or NULL */
/*
 * Brings what lookups of keys[0], keys[step]... will touch into the cache, side by side instead of
 * one after the other, and what the payloads' first members, pointers, lead to. Worth it from two
 * keys on.
 */
void dict_prefetch(const struct dict *dict, const struct bytes *keys, size_t count, size_t step);
/* The payload for `key`, inserted zeroed if it was not there (*created says which). */
void *dict_insert(struct dict *dict, struct bytes key, bool *created);
bool dict_remove(struct dict *dict, struct bytes key); /* false: it was not there */
void dict_remove_payload(struct dict *dict, void *payload);
struct bytes dict_key(const struct dict *dict, const void *payload); /* borrowed from the entry */

/* How the entries lie in the buckets of a table, for people who look into it. */
enum { DICT_CHAIN_LENGTHS = 50 };
struct dict_shape {
    size_t buckets, entries, used_buckets, longest_chain;
    size_t chains[DICT_CHAIN_LENGTHS]; /* buckets by how many they hold; the last: or more */
};
/* `table` 1 is what the map grows or shrinks into. False: there is no such table now. */
bool dict_shape(const struct dict *dict, int table, struct dict_shape *shape);

/* A random entry's payload, fair enough for RANDOMKEY and sampling; NULL when empty. */
void *dict_random(const struct dict *dict, struct random *random);
/* Up to `count` payloads from about one place, cheaper than as many dict_random calls. */
size_t dict_sample(const struct dict *dict, struct random *random, void **payloads, size_t count);

/*
 * Visits every entry; the present entry may be removed during its visit and others changed or
 * removed; entries added meanwhile may or may not be seen.
 *     for (struct dict_cursor cursor = dict_begin(dict); (payload = dict_next(&cursor)) != NULL;)
 * Call dict_end to leave the loop early.
 */
struct dict_cursor {
    struct dict *dict;
    struct dict_entry *entry;
    size_t table, bucket;
};
struct dict_cursor dict_begin(struct dict *dict);
void *dict_next(struct dict_cursor *cursor);
void dict_end(struct dict_cursor *cursor);

/*
 * SCAN: visits the bucket at `position` and returns the next position, 0 at the end. Every entry
 * that is there from the first call to the last is visited at least once, whatever the map's size
 * does meanwhile. The visitor must not change the map.
 */
uint64_t dict_scan(struct dict *dict, uint64_t position,
                   void (*visit)(void *context, struct bytes key, void *payload), void *context);

#endif
