/*
 * A sequence of short byte strings in one block, in the very format of Redis's listpack, so that
 * small collections cost little memory and travel through RDB and DUMP as they are. Canonical
 * integers are kept as numbers. Knows no protocol.
 *
 * Every change may move the block: use the pointer returned. A position is an offset into the
 * block, 0 meaning "none"; it stays valid until the block changes.
 */
#ifndef RESP_TYPES_LISTPACK_H
#define RESP_TYPES_LISTPACK_H

#include "base/bytes.h"

struct listpack; /* the block itself: memory_free ends it */

/* Room for the digits of an element that is kept as a number. */
#define LISTPACK_DIGITS 24

struct listpack *listpack_create(void);
struct listpack *listpack_copy(const struct listpack *pack);
/* The block as RDB holds it. */
struct bytes listpack_bytes(const struct listpack *pack);
/* Checks every entry of a block from outside; copies it. NULL when it is damaged. */
struct listpack *listpack_from_bytes(struct bytes block);

size_t listpack_count(const struct listpack *pack); /* O(n) beyond 65534 elements */
size_t listpack_size(const struct listpack *pack);  /* bytes of the block */
/* Bytes an element of this text adds to a block. */
size_t listpack_entry_size(struct bytes text);

size_t listpack_first(const struct listpack *pack);
size_t listpack_last(const struct listpack *pack);
size_t listpack_next(const struct listpack *pack, size_t position);
size_t listpack_previous(const struct listpack *pack, size_t position);
/* The element at `index` from the front, from the end when negative. */
size_t listpack_at(const struct listpack *pack, int64_t index);

/* The element's text: a view into the block, or into `digits` for numbers. */
struct bytes listpack_get(const struct listpack *pack, size_t position,
                          char digits[LISTPACK_DIGITS]);
/* True with the number when the element is kept as one. */
bool listpack_get_integer(const struct listpack *pack, size_t position, int64_t *number);
bool listpack_equals(const struct listpack *pack, size_t position, struct bytes text);
/* First element equal to `text` from `position` on, looking at every (skip + 1)th. */
size_t listpack_find(const struct listpack *pack, size_t position, struct bytes text, size_t skip);

struct listpack *listpack_append(struct listpack *pack, struct bytes text);
struct listpack *listpack_append_integer(struct listpack *pack, int64_t number);
/* Before `position`; 0 is the end. *at (may be NULL) is where the new element stands. */
struct listpack *listpack_insert(struct listpack *pack, size_t position, struct bytes text,
                                 size_t *at);
struct listpack *listpack_replace(struct listpack *pack, size_t position, struct bytes text);
/* *next (may be NULL) is the element that followed, 0 at the end. */
struct listpack *listpack_remove(struct listpack *pack, size_t position, size_t count,
                                 size_t *next);

#endif
