/*
 * A sorted set of integers in one block, in the very format of Redis's intset: width of the
 * numbers and their count (32 bits each), then the numbers, little-endian.
 *
 * A change may move the block: use the pointer returned.
 */
#ifndef RESP_TYPES_INTSET_H
#define RESP_TYPES_INTSET_H

#include "base/bytes.h"

struct intset; /* the block itself: memory_free ends it */

struct intset *intset_create(void);
struct intset *intset_copy(const struct intset *set);
struct bytes intset_bytes(const struct intset *set);
/* Checks and copies a block from outside; NULL when it is damaged, unordered or empty. */
struct intset *intset_from_bytes(struct bytes block);

size_t intset_count(const struct intset *set);
int64_t intset_get(const struct intset *set, size_t index);
bool intset_contains(const struct intset *set, int64_t number);
struct intset *intset_add(struct intset *set, int64_t number, bool *added);
struct intset *intset_remove(struct intset *set, int64_t number, bool *removed);

#endif
