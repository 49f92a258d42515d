/*
 * A set value: integers in one sorted block while they are few, other members packed (from Redis
 * 7.2 on), then a table. Knows no protocol. Views stay valid until the set changes; those of
 * integers and of a packed set may lie in the given digits.
 */
#ifndef RESP_TYPES_SET_H
#define RESP_TYPES_SET_H

#include "base/dict.h"
#include "resp/types/intset.h"
#include "resp/types/listpack.h"
#include "resp/types/packing.h"
#include "resp/value.h"

#define SET_DIGITS 24

struct set {
    struct intset *integers; /* NULL when packed or a table */
    struct listpack *pack;   /* NULL when integers or a table */
    struct dict *table;      /* member -> nothing; NULL when integers or packed */
    struct random *random;   /* borrowed; seeds the table */
};

extern const struct value_type set_type;

struct set *set_create(struct random *random);
void set_destroy(struct set *set); /* NULL is fine */
struct set *set_copy(const struct set *set);
struct set *set_from_integers_take(struct intset *integers, struct random *random);
struct set *set_from_pack_take(struct listpack *pack, struct random *random);
size_t set_count(const struct set *set);

bool set_add(struct set *set, struct bytes member, const struct packing_limits *limits);
bool set_remove(struct set *set, struct bytes member);
bool set_contains(const struct set *set, struct bytes member);

/* for (struct set_cursor c = set_begin(set); set_next(&c, &member);) ; no change meanwhile */
struct set_cursor {
    struct set *set;
    size_t index; /* of the next integer; in a pack, its position */
    struct dict_cursor cursor;
    char digits[SET_DIGITS];
};
struct set_cursor set_begin(const struct set *set);
bool set_next(struct set_cursor *cursor, struct bytes *member);
void set_end(struct set_cursor *cursor); /* leaves the loop early */

/* As dict_scan; integers and packs are visited whole. */
uint64_t set_scan(const struct set *set, uint64_t position,
                  void (*visit)(void *context, struct bytes member), void *context);
/* Any member; the set is not empty. */
struct bytes set_random(const struct set *set, struct random *random, char digits[SET_DIGITS]);

#endif
