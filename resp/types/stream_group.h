/*
 * Consumer groups: what a group has been given, and what each consumer has not acknowledged yet.
 * An entry that is pending is in the group's tree and in its consumer's, both in the order of IDs.
 */
#ifndef RESP_TYPES_STREAM_GROUP_H
#define RESP_TYPES_STREAM_GROUP_H

#include "resp/types/counted_tree.h"
#include "resp/types/stream.h"

enum { STREAM_KEY_SIZE = 16 };

struct stream_consumer {
    struct bytes name; /* owned */
    int64_t seen_ms;
    int64_t active_ms;           /* when it was last given something; -1: never */
    struct counted_tree pending; /* of struct stream_pending */
};

struct stream_pending {
    char key[STREAM_KEY_SIZE]; /* the ID, big endian: its name in the trees */
    int64_t delivered_ms;
    uint64_t deliveries;
    struct stream_consumer *consumer;
};

struct stream_group {
    struct bytes name; /* owned */
    struct stream_id last_id;
    int64_t entries_read;               /* or STREAM_ENTRIES_UNKNOWN */
    struct counted_tree pending;        /* of struct stream_pending */
    struct stream_consumer **consumers; /* by name */
    size_t consumer_count;
};

void stream_id_encode(struct stream_id id, char key[STREAM_KEY_SIZE]);
struct stream_id stream_id_decode(const char key[STREAM_KEY_SIZE]);

struct stream_group *stream_group_find(const struct stream *stream, struct bytes name);
/* NULL: there is one of that name. */
struct stream_group *stream_group_create(struct stream *stream, struct bytes name,
                                         struct stream_id last_id, int64_t entries_read);
void stream_group_destroy(struct stream *stream, struct stream_group *group);
/* Entries that the group has not been given yet. False: it cannot be told. */
bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag);
/* The group is given an entry behind those it has: keeps its counter. */
void stream_group_advance(const struct stream *stream, struct stream_group *group,
                          struct stream_id id);

struct stream_consumer *stream_consumer_find(const struct stream_group *group, struct bytes name);
struct stream_consumer *stream_consumer_create(struct stream *stream, struct stream_group *group,
                                               struct bytes name, int64_t now_ms);
/* With all that is pending for it. */
void stream_consumer_destroy(struct stream *stream, struct stream_group *group,
                             struct stream_consumer *consumer);

/* The first pending entry at or behind `id`; NULL at the end. */
struct stream_pending *stream_pending_from(const struct counted_tree *tree, struct stream_id id);
/* The one behind it, of the same tree. */
struct stream_pending *stream_pending_next(const struct counted_tree *tree,
                                           const struct stream_pending *pending);
struct stream_pending *stream_pending_last(const struct counted_tree *tree);
struct stream_pending *stream_pending_find(const struct counted_tree *tree, struct stream_id id);
struct stream_id stream_pending_id(const struct stream_pending *pending);
/* Delivered once, now. The ID is not pending yet. */
struct stream_pending *stream_pending_add(struct stream *stream, struct stream_group *group,
                                          struct stream_consumer *consumer, struct stream_id id,
                                          int64_t now_ms);
void stream_pending_move(struct stream_pending *pending, struct stream_consumer *consumer);
void stream_pending_remove(struct stream *stream, struct stream_group *group,
                           struct stream_pending *pending);

#endif
