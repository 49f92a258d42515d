/*
 * A list value: listpacks in a chain, as Redis's quicklist, so that both ends are cheap and the
 * elements lie close together. Knows no protocol.
 *
 * `limit` is list-max-listpack-size: elements of a node if positive, -1 to -5 for 4 to 64 KB.
 */
#ifndef RESP_TYPES_LIST_H
#define RESP_TYPES_LIST_H

#include "resp/types/listpack.h"
#include "resp/value.h"

struct list_node {
    struct list_node *next, *previous;
    struct listpack *pack;
    size_t count;
};

struct list {
    struct list_node *first, *last;
    size_t count, nodes;
    size_t memory; /* of nodes and packs */
};

extern const struct value_type list_type;

struct list *list_create(void);
void list_destroy(struct list *list); /* NULL is fine */
struct list *list_copy(const struct list *list);

void list_push(struct list *list, bool at_tail, struct bytes text, int limit);
/* Adds a node of its own; the pack is taken. Empty packs are dropped. */
void list_append_pack_take(struct list *list, struct listpack *pack);

/* An element; node is NULL past either end. Valid until the list changes. */
struct list_position {
    struct list_node *node;
    size_t at;
};
/* From the tail when negative. */
struct list_position list_at(const struct list *list, int64_t index);
struct list_position list_next(struct list_position position);
struct list_position list_previous(struct list_position position);
struct bytes list_get(struct list_position position, char digits[LISTPACK_DIGITS]);

void list_insert(struct list *list, struct list_position position, bool after, struct bytes text,
                 int limit);
void list_replace(struct list *list, struct list_position position, struct bytes text);
/* Removes one element and answers the one behind it. */
struct list_position list_remove(struct list *list, struct list_position position);
/* Removes `count` elements from index `start` (not negative) on. */
void list_remove_range(struct list *list, size_t start, size_t count);

#endif
