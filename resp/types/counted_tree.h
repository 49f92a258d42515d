/*
 * Items ordered by score, then by the bytes of their names: a B+ tree whose branches know how many
 * items are below each child, so that ranks cost O(log n) and a walk from item to item touches
 * memory in order. (Redis has a skip list here, which waits for memory at every step.)
 *
 * An item is a score and a handle, a pointer of the owner's; `name` turns handles into the bytes
 * that order items of one score. Handles are borrowed, and their names do not change meanwhile.
 */
#ifndef RESP_TYPES_COUNTED_TREE_H
#define RESP_TYPES_COUNTED_TREE_H

#include "base/bytes.h"

struct counted_item {
    double score; /* a number */
    const void *handle;
};

typedef struct bytes counted_name(const void *context, const void *handle);

struct counted_tree {
    void *root; /* a leaf where `levels` is 0; NULL when empty */
    int levels; /* of branches */
    size_t count, memory;
    counted_name *name;
    const void *context; /* of `name`, borrowed */
};

void counted_tree_init(struct counted_tree *tree, counted_name *name, const void *context);
void counted_tree_finish(struct counted_tree *tree); /* a zeroed tree is fine */
/* The same in steps of about `items`. True: it is empty. In between it is good for nothing else. */
bool counted_tree_finish_some(struct counted_tree *tree, size_t items);

void counted_tree_insert(struct counted_tree *tree, struct counted_item item); /* is not there */
void counted_tree_remove(struct counted_tree *tree, struct counted_item item); /* is there */
/* Gives the item, which is there, another score. */
void counted_tree_move(struct counted_tree *tree, struct counted_item item, double score);
size_t counted_tree_rank(const struct counted_tree *tree, struct counted_item item); /* from 0 */

/* True for items that stand before the place sought; all of them stand in front. */
typedef bool counted_before(const void *context, struct bytes name, double score);
/* How many there are of these. */
size_t counted_tree_partition(const struct counted_tree *tree, counted_before *before,
                              const void *context);

/* Where an item is, until the tree changes. */
struct counted_place {
    const struct counted_leaf *leaf; /* NULL: beyond the ends */
    unsigned index;
};
struct counted_place counted_tree_at(const struct counted_tree *tree, size_t rank);
/* The item there. False: there is none. */
bool counted_item_at(struct counted_place place, struct counted_item *item);
struct counted_place counted_next(struct counted_place place);
struct counted_place counted_previous(struct counted_place place);

#endif
