/*
 * Members ordered by score, then by bytes: a skip list whose links know how many elements they
 * pass, so that ranks cost O(log n) (Redis's own structure for sorted sets). Members are borrowed.
 */
#ifndef RESP_TYPES_SKIP_LIST_H
#define RESP_TYPES_SKIP_LIST_H

#include "base/bytes.h"
#include "base/random.h"

struct skip_node;

struct skip_link {
    struct skip_node *next;
    size_t span; /* elements from here to there */
};

struct skip_node {
    double score;
    struct bytes member;
    struct skip_node *previous; /* NULL at the first */
    struct skip_link links[];   /* the lowest is the order itself */
};

struct skip_list {
    struct skip_node *head, *last; /* the head is no element */
    size_t count, memory;
    int height;
    struct random *random; /* borrowed; decides how high nodes are */
};

/* True for elements that stand before the place sought; all of them stand in front. */
typedef bool skip_before(const void *context, struct bytes member, double score);

void skip_list_init(struct skip_list *list, struct random *random);
void skip_list_finish(struct skip_list *list); /* a zeroed list is fine */

/* The member must not be there yet. */
struct skip_node *skip_list_insert(struct skip_list *list, double score, struct bytes member);
void skip_list_remove(struct skip_list *list, struct skip_node *node);
/* Gives the node another score, and its new place. */
struct skip_node *skip_list_move(struct skip_list *list, struct skip_node *node, double score);

struct skip_node *skip_list_first(const struct skip_list *list);
size_t skip_list_rank(const struct skip_list *list, const struct skip_node *node); /* from 0 */
struct skip_node *skip_list_at(const struct skip_list *list, size_t rank);         /* NULL beyond */
size_t skip_list_partition(const struct skip_list *list, skip_before *before, const void *context);

#endif
