/*
 * A sorted set value: members ordered by score, packed while they are few and short, then a table
 * and a tree. Knows no protocol. Every range is one of ranks: sorted_set_partition turns
 * bounds of any kind into them. Views stay valid until the set changes.
 */
#ifndef RESP_TYPES_SORTED_SET_H
#define RESP_TYPES_SORTED_SET_H

#include "base/dict.h"
#include "resp/types/counted_tree.h"
#include "resp/types/listpack.h"
#include "resp/types/packing.h"
#include "resp/value.h"

/* A word of resp/value.h: a pack, or a table. A key's is the one in its entry. */
struct sorted_set {
    void *word;
};

struct sorted_table {
    struct dict members;       /* member -> its score, a double */
    struct counted_tree order; /* of the table's payloads */
    struct random *random;     /* borrowed; seeds copies */
};

extern const struct value_type sorted_set_type;

struct sorted_set sorted_set_create(void);
void sorted_set_destroy(struct sorted_set *set);
/* For loaders: takes a pack of ordered pairs that fits the limits or not. */
struct sorted_set sorted_set_from_pack_take(struct listpack *pack,
                                            const struct packing_limits *limits);
/* A set built as a table (limits of zero) becomes a packed one if it fits. */
void sorted_set_pack(struct sorted_set *set, const struct packing_limits *limits);
/* SORT leaves a set so behind, as Redis's does. */
void sorted_set_unpack(struct sorted_set *set, struct random *random);
/* NULL when packed. */
const struct sorted_table *sorted_set_table(const struct sorted_set *set);
size_t sorted_set_count(const struct sorted_set *set);

bool sorted_set_score(const struct sorted_set *set, struct bytes member, double *score);
/* Adds, or gives another score. True: the member is new. The score is a number. */
bool sorted_set_put(struct sorted_set *set, struct bytes member, double score,
                    const struct packing_limits *limits);
bool sorted_set_remove(struct sorted_set *set, struct bytes member);
void sorted_set_remove_ranks(struct sorted_set *set, size_t from, size_t count);

/* The member's place from the front, from 0. False: it is not there. */
bool sorted_set_rank(const struct sorted_set *set, struct bytes member, size_t *rank);
/* How many elements stand before the place that `before` describes. */
size_t sorted_set_partition(const struct sorted_set *set, counted_before *before,
                            const void *context);

struct sorted_set_element {
    struct bytes member;
    double score;
    char digits[LISTPACK_DIGITS]; /* private */
};

/*
 * Elements from a rank on, towards the end or, in reverse, the front:
 *     for (struct sorted_set_cursor c = sorted_set_at(set, 0, false); sorted_set_next(&c, &e);)
 * The set must not change meanwhile.
 */
struct sorted_set_cursor {
    const struct sorted_set *set;
    size_t position; /* of a packed member; 0 at the end */
    struct counted_place place;
    bool reverse;
};
struct sorted_set_cursor sorted_set_at(const struct sorted_set *set, size_t rank, bool reverse);
bool sorted_set_next(struct sorted_set_cursor *cursor, struct sorted_set_element *element);

/*
 * As dict_scan; a packed set is visited whole. The score comes as Redis prints it in ZSCAN: what a
 * packed set stores, which is "123456789012345680" where a table's is "1.2345678901234568e+17".
 */
typedef void sorted_set_visit(void *context, struct bytes member, struct bytes score);
uint64_t sorted_set_scan(const struct sorted_set *set, uint64_t position, sorted_set_visit *visit,
                         void *context);

#endif
