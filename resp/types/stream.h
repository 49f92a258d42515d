/*
 * A stream value: entries of field-value pairs in the order of their IDs, in nodes that are
 * listpacks of Redis's own layout (so RDB and DUMP carry them as they are), and consumer groups
 * (resp/types/stream_group.h). Knows no protocol.
 */
#ifndef RESP_TYPES_STREAM_H
#define RESP_TYPES_STREAM_H

#include "resp/types/listpack.h"
#include "resp/types/packing.h"
#include "resp/value.h"

struct stream_id {
    uint64_t ms, seq;
};

#define STREAM_ID_LEAST ((struct stream_id){0, 0})
#define STREAM_ID_MOST ((struct stream_id){UINT64_MAX, UINT64_MAX})
#define STREAM_ENTRIES_UNKNOWN (-1) /* a group's counter that cannot be told */

int stream_id_compare(struct stream_id a, struct stream_id b);
bool stream_id_is_zero(struct stream_id id);
bool stream_id_increment(struct stream_id *id); /* false: there is none behind it */
bool stream_id_decrement(struct stream_id *id);

struct stream_node {
    struct stream_id id; /* of the node's first entry; the others are counted from it */
    struct listpack *pack;
};

struct stream_group;

struct stream {
    struct stream_node *nodes; /* count of them from `first` on */
    size_t first, count, capacity;
    uint64_t length, entries_added;
    struct stream_id last_id, first_id, max_deleted_id;
    struct stream_group **groups; /* by name */
    size_t group_count;
    bool tells_activity; /* in dumps: from Redis 7.2 on they hold when consumers were active */
    size_t pack_bytes, consumer_count, pending_count; /* for stream_memory */
};

extern const struct value_type stream_type;

struct stream *stream_create(void);
void stream_destroy(struct stream *stream);
size_t stream_memory(const struct stream *stream);

/* `words` are field, value, field, value...; the ID lies behind the last one. False: too large. */
bool stream_append(struct stream *stream, struct stream_id id, const struct bytes *words,
                   size_t fields, const struct packing_limits *limits);
/* For loaders: a node behind the last one; takes the pack. False, without taking: damaged. */
bool stream_append_node(struct stream *stream, struct stream_id id, struct listpack *pack);
/* Marks it deleted; the caller keeps first_id and max_deleted_id. False: not there. */
bool stream_delete(struct stream *stream, struct stream_id id);
/* Finds first_id anew after entries went from the front. */
void stream_find_first(struct stream *stream);

struct stream_trim {
    bool by_id; /* drop what is older than `least`, else what is beyond `length` */
    bool whole_nodes;
    uint64_t length;
    struct stream_id least;
    uint64_t limit; /* entries to drop at most; 0: any number */
};
uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim);

struct stream_entry {
    struct stream_id id;
    size_t fields;
    /* private */
    const struct listpack *pack;
    size_t flags_at, at, shared_at;
};

/*
 * Entries from..to, both included:
 *     for (struct stream_cursor c = stream_range(s, from, to, false); stream_next(&c, &entry);)
 */
struct stream_cursor {
    const struct stream *stream;
    struct stream_id from, to;
    bool reverse;
    size_t node, at; /* at 0: the node is not begun */
};
struct stream_cursor stream_range(const struct stream *stream, struct stream_id from,
                                  struct stream_id to, bool reverse);
bool stream_next(struct stream_cursor *cursor, struct stream_entry *entry);
bool stream_find(const struct stream *stream, struct stream_id id, struct stream_entry *entry);
/* To be called entry->fields times. */
void stream_entry_next(struct stream_entry *entry, struct bytes *field, struct bytes *value,
                       char field_digits[LISTPACK_DIGITS], char value_digits[LISTPACK_DIGITS]);
/* The ID of the newest entry that is there; 0-0 when there is none. */
struct stream_id stream_last_entry_id(const struct stream *stream);

/* A deleted entry may lie behind `from`. */
bool stream_has_tombstones(const struct stream *stream, struct stream_id from);
/* How many entries were ever added up to that one; STREAM_ENTRIES_UNKNOWN when it cannot be told.
 */
int64_t stream_entries_before(const struct stream *stream, struct stream_id id);
/* How many nodes Redis's radix tree has for these nodes: XINFO shows it. */
size_t stream_radix_nodes(const struct stream *stream);

/* RDB_TYPE_STREAM_LISTPACKS_2 or _3, in types/stream_rdb.c. */
void stream_save(const void *data, struct rdb_writer *writer);

#endif
