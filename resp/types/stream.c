/*
 * A node's listpack: how many entries live and how many are deleted, then the first entry's fields
 * (their number, the names, a 0), then the entries: flags, ID as differences to the node's, [number
 * of fields, and] fields with their values, or the values alone where the fields are the first
 * entry's, and how many elements that was, for the way back.
 */
#include "resp/types/stream.h"

#include <stdlib.h>
#include <string.h>

#include "resp/rdb_format.h"
#include "resp/types/stream_group.h"

enum { ENTRY_DELETED = 1, ENTRY_SAME_FIELDS = 2 };

enum { LARGEST_PACK = 1 << 30 };

/* ---- IDs ---- */

int stream_id_compare(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms) {
        return a.ms < b.ms ? -1 : 1;
    }
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

bool stream_id_is_zero(struct stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

bool stream_id_increment(struct stream_id *id)
{
    if (++id->seq == 0 && ++id->ms == 0) {
        *id = STREAM_ID_MOST;
        return false;
    }
    return true;
}

bool stream_id_decrement(struct stream_id *id)
{
    if (stream_id_is_zero(*id)) {
        return false;
    }
    id->ms -= id->seq-- == 0 ? 1 : 0;
    return true;
}

/* ---- Nodes ---- */

struct stream *stream_create(void)
{
    struct stream *stream = memory_allocate_zeroed(sizeof(*stream));
    return stream;
}

void stream_destroy(struct stream *stream)
{
    while (stream->group_count > 0) {
        stream_group_destroy(stream, stream->groups[stream->group_count - 1]);
    }
    for (size_t i = 0; i < stream->count; i++) {
        memory_free(stream->nodes[stream->first + i].pack);
    }
    memory_free(stream->groups);
    memory_free(stream->nodes);
    memory_free(stream);
}

size_t stream_memory(const struct stream *stream)
{
    const size_t in_tree = sizeof(struct counted_item) * 3 / 2; /* nodes are two thirds full */
    return sizeof(*stream) + stream->capacity * sizeof(*stream->nodes) + stream->pack_bytes +
           stream->group_count * (sizeof(struct stream_group) + sizeof(void *)) +
           stream->consumer_count * (sizeof(struct stream_consumer) + sizeof(void *)) +
           stream->pending_count * (sizeof(struct stream_pending) + 2 * in_tree);
}

static struct stream_node *node_at(const struct stream *stream, size_t index)
{
    return &stream->nodes[stream->first + index];
}

static struct stream_node *add_node(struct stream *stream, struct stream_id id,
                                    struct listpack *pack)
{
    if (stream->first + stream->count == stream->capacity) {
        /* The room at the front is used first when it is half of all. */
        if (stream->first > stream->count) {
            memmove(stream->nodes, node_at(stream, 0), stream->count * sizeof(*stream->nodes));
            stream->first = 0;
        } else {
            stream->capacity = stream->capacity == 0 ? 1 : stream->capacity * 2;
            stream->nodes = memory_resize(stream->nodes, stream->capacity * sizeof(*stream->nodes));
        }
    }
    struct stream_node *node = node_at(stream, stream->count++);
    *node = (struct stream_node){id, pack};
    stream->pack_bytes += listpack_size(pack);
    return node;
}

static void remove_node(struct stream *stream, size_t index)
{
    struct stream_node *node = node_at(stream, index);
    stream->pack_bytes -= listpack_size(node->pack);
    memory_free(node->pack);
    stream->count--;
    if (index == 0) {
        stream->first++;
    } else {
        memmove(node, node + 1, (stream->count - index) * sizeof(*node));
    }
}

/* The last node whose ID is not behind `id`; false: all are. */
static bool find_node(const struct stream *stream, struct stream_id id, size_t *index)
{
    size_t low = 0, high = stream->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stream_id_compare(node_at(stream, middle)->id, id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *index = low == 0 ? 0 : low - 1;
    return low > 0;
}

static int64_t integer_at(const struct listpack *pack, size_t at)
{
    int64_t number = 0;
    return listpack_get_integer(pack, at, &number) ? number : 0;
}

static struct listpack *put_integer(struct listpack *pack, size_t at, int64_t number)
{
    char digits[LISTPACK_DIGITS];
    return listpack_replace(pack, at, (struct bytes){digits, int64_to_digits(number, digits)});
}

static size_t skip(const struct listpack *pack, size_t at, int64_t count)
{
    for (; count > 0 && at != 0; count--) {
        at = listpack_next(pack, at);
    }
    return at;
}

struct node_header {
    int64_t live, deleted, fields;
    size_t first_field, first_entry; /* positions; the latter 0 when there is none */
};

static struct node_header read_header(const struct listpack *pack)
{
    struct node_header header;
    size_t at = listpack_first(pack);
    header.live = integer_at(pack, at);
    header.deleted = integer_at(pack, at = listpack_next(pack, at));
    header.fields = integer_at(pack, at = listpack_next(pack, at));
    header.first_field = listpack_next(pack, at);
    header.first_entry = skip(pack, header.first_field, header.fields + 1);
    return header;
}

static struct listpack *write_counts(struct listpack *pack, int64_t live, int64_t deleted)
{
    pack = put_integer(pack, listpack_first(pack), live);
    return put_integer(pack, listpack_next(pack, listpack_first(pack)), deleted);
}

/* Reads the entry whose flags stand at `at`. */
static struct stream_entry read_entry(const struct stream_node *node,
                                      const struct node_header *header, size_t at, int64_t *flags)
{
    const struct listpack *pack = node->pack;
    struct stream_entry entry = {.pack = pack, .flags_at = at};
    *flags = integer_at(pack, at);
    entry.id.ms = node->id.ms + (uint64_t)integer_at(pack, at = listpack_next(pack, at));
    entry.id.seq = node->id.seq + (uint64_t)integer_at(pack, at = listpack_next(pack, at));
    at = listpack_next(pack, at);
    if ((*flags & ENTRY_SAME_FIELDS) != 0) {
        entry.fields = (size_t)header->fields;
        entry.shared_at = header->first_field;
    } else {
        entry.fields = (size_t)integer_at(pack, at);
        at = listpack_next(pack, at);
    }
    entry.at = at;
    return entry;
}

/* Where the entry behind this one has its flags; 0 at the end of the node. */
static size_t behind_entry(const struct stream_entry *entry)
{
    size_t elements = entry->shared_at != 0 ? entry->fields : entry->fields * 2;
    return skip(entry->pack, entry->at, (int64_t)elements + 1);
}

/* ---- Adding ---- */

static bool same_fields(const struct listpack *pack, const struct node_header *header,
                        const struct bytes *words, size_t fields)
{
    size_t at = header->first_field;
    if ((size_t)header->fields != fields) {
        return false;
    }
    for (size_t i = 0; i < fields; i++, at = listpack_next(pack, at)) {
        if (!listpack_equals(pack, at, words[i * 2])) {
            return false;
        }
    }
    return true;
}

static struct listpack *begin_pack(const struct bytes *words, size_t fields)
{
    struct listpack *pack = listpack_create();
    pack = listpack_append_integer(pack, 0); /* live */
    pack = listpack_append_integer(pack, 0); /* deleted */
    pack = listpack_append_integer(pack, (int64_t)fields);
    for (size_t i = 0; i < fields; i++) {
        pack = listpack_append(pack, words[i * 2]);
    }
    return listpack_append_integer(pack, 0);
}

static bool node_has_room(const struct stream_node *node, size_t size,
                          const struct packing_limits *limits)
{
    size_t most = limits->stream_node_bytes;
    most = most == 0 || most > LARGEST_PACK ? LARGEST_PACK : most;
    struct node_header header = read_header(node->pack);
    return listpack_size(node->pack) + size < most &&
           (limits->stream_node_entries == 0 ||
            (size_t)(header.live + header.deleted) < limits->stream_node_entries);
}

static struct listpack *append_entry(struct listpack *pack, const struct stream_node *node,
                                     struct stream_id id, const struct bytes *words, size_t fields)
{
    struct node_header header = read_header(pack);
    bool same = same_fields(pack, &header, words, fields);
    pack = write_counts(pack, header.live + 1, header.deleted);
    pack = listpack_append_integer(pack, same ? ENTRY_SAME_FIELDS : 0);
    pack = listpack_append_integer(pack, (int64_t)(id.ms - node->id.ms));
    pack = listpack_append_integer(pack, (int64_t)(id.seq - node->id.seq));
    if (!same) {
        pack = listpack_append_integer(pack, (int64_t)fields);
    }
    for (size_t i = 0; i < fields * 2; i += same ? 2 : 1) {
        pack = listpack_append(pack, words[same ? i + 1 : i]);
    }
    int64_t elements = (int64_t)fields + 3 + (same ? 0 : (int64_t)fields + 1);
    return listpack_append_integer(pack, elements);
}

bool stream_append(struct stream *stream, struct stream_id id, const struct bytes *words,
                   size_t fields, const struct packing_limits *limits)
{
    size_t size = 0;
    for (size_t i = 0; i < fields * 2; i++) {
        size += words[i].size;
    }
    if (size > LARGEST_PACK) {
        return false;
    }
    struct stream_node *node = stream->count == 0 ? NULL : node_at(stream, stream->count - 1);
    if (node == NULL || !node_has_room(node, size, limits)) {
        node = add_node(stream, id, begin_pack(words, fields));
    }
    stream->pack_bytes -= listpack_size(node->pack);
    node->pack = append_entry(node->pack, node, id, words, fields);
    stream->pack_bytes += listpack_size(node->pack);
    stream->length++;
    stream->entries_added++;
    stream->last_id = id;
    if (stream->length == 1) {
        stream->first_id = id;
    }
    return true;
}

/* True for a number of at least `least` elements that the pack can hold. */
static bool checked_integer(const struct listpack *pack, size_t at, int64_t least, int64_t most,
                            int64_t *number)
{
    return at != 0 && listpack_get_integer(pack, at, number) && *number >= least && *number <= most;
}

static bool checked_skip(const struct listpack *pack, size_t *at, int64_t count)
{
    *at = skip(pack, *at, count);
    return *at != 0;
}

/* One entry from outside; *at is its flags, then what follows. */
static bool check_entry(const struct listpack *pack, int64_t fields, size_t *at, bool *deleted)
{
    int64_t most = (int64_t)listpack_size(pack), flags, number, elements = 3;
    if (!checked_integer(pack, *at, 0, ENTRY_DELETED | ENTRY_SAME_FIELDS, &flags) ||
        !checked_skip(pack, at, 1) || !listpack_get_integer(pack, *at, &number) ||
        !checked_skip(pack, at, 1) || !listpack_get_integer(pack, *at, &number) ||
        !checked_skip(pack, at, 1)) {
        return false;
    }
    *deleted = (flags & ENTRY_DELETED) != 0;
    if ((flags & ENTRY_SAME_FIELDS) != 0) {
        elements += fields;
    } else {
        if (!checked_integer(pack, *at, 0, most, &fields) || !checked_skip(pack, at, 1)) {
            return false;
        }
        elements += 1 + 2 * fields;
        fields *= 2;
    }
    if (!checked_skip(pack, at, fields) || !listpack_get_integer(pack, *at, &number) ||
        number != elements) {
        return false;
    }
    *at = listpack_next(pack, *at);
    return true;
}

static bool check_pack(const struct listpack *pack)
{
    int64_t most = (int64_t)listpack_size(pack), live, deleted, fields, number;
    size_t at = listpack_first(pack);
    if (!checked_integer(pack, at, 1, most, &live) || !checked_skip(pack, &at, 1) ||
        !checked_integer(pack, at, 0, most, &deleted) || !checked_skip(pack, &at, 1) ||
        !checked_integer(pack, at, 0, most, &fields) || !checked_skip(pack, &at, 1) ||
        !checked_skip(pack, &at, fields) || !checked_integer(pack, at, 0, 0, &number)) {
        return false;
    }
    at = listpack_next(pack, at);
    for (int64_t entries = live + deleted; entries > 0; entries--) {
        bool is_deleted;
        if (at == 0 || !check_entry(pack, fields, &at, &is_deleted)) {
            return false;
        }
        live -= is_deleted ? 0 : 1;
        deleted -= is_deleted ? 1 : 0;
    }
    return at == 0 && live == 0 && deleted == 0;
}

bool stream_append_node(struct stream *stream, struct stream_id id, struct listpack *pack)
{
    if (!check_pack(pack) ||
        (stream->count > 0 && stream_id_compare(node_at(stream, stream->count - 1)->id, id) >= 0)) {
        return false;
    }
    add_node(stream, id, pack);
    return true;
}

/* ---- Reading ---- */

struct stream_cursor stream_range(const struct stream *stream, struct stream_id from,
                                  struct stream_id to, bool reverse)
{
    struct stream_cursor cursor = {stream, from, to, reverse, 0, 0};
    bool found = find_node(stream, reverse ? to : from, &cursor.node);
    if (reverse && !found) {
        cursor.node = SIZE_MAX;
    }
    return cursor;
}

static bool next_forward(struct stream_cursor *cursor, struct stream_entry *entry)
{
    for (; cursor->node < cursor->stream->count; cursor->node++) {
        const struct stream_node *node = node_at(cursor->stream, cursor->node);
        struct node_header header = read_header(node->pack);
        size_t at = cursor->at != 0 ? cursor->at : header.first_entry;
        while (at != 0 && at != SIZE_MAX) {
            int64_t flags;
            *entry = read_entry(node, &header, at, &flags);
            at = behind_entry(entry);
            if (stream_id_compare(entry->id, cursor->to) > 0) {
                cursor->node = SIZE_MAX - 1;
                return false;
            }
            if ((flags & ENTRY_DELETED) == 0 && stream_id_compare(entry->id, cursor->from) >= 0) {
                cursor->at = at != 0 ? at : SIZE_MAX; /* SIZE_MAX: the node is over */
                return true;
            }
        }
        cursor->at = 0;
    }
    return false;
}

static bool next_backward(struct stream_cursor *cursor, struct stream_entry *entry)
{
    while (cursor->node < cursor->stream->count) {
        const struct stream_node *node = node_at(cursor->stream, cursor->node);
        struct node_header header = read_header(node->pack);
        size_t at = cursor->at != 0 ? cursor->at : listpack_last(node->pack);
        for (int64_t back; (back = integer_at(node->pack, at)) != 0;) {
            int64_t flags;
            for (; back > 0; back--) {
                at = listpack_previous(node->pack, at);
            }
            *entry = read_entry(node, &header, at, &flags);
            at = listpack_previous(node->pack, at);
            if (stream_id_compare(entry->id, cursor->from) < 0) {
                cursor->node = SIZE_MAX;
                return false;
            }
            if ((flags & ENTRY_DELETED) == 0 && stream_id_compare(entry->id, cursor->to) <= 0) {
                cursor->at = at;
                return true;
            }
        }
        cursor->at = 0;
        cursor->node--; /* in front of the first one: beyond all */
    }
    return false;
}

bool stream_next(struct stream_cursor *cursor, struct stream_entry *entry)
{
    return cursor->reverse ? next_backward(cursor, entry) : next_forward(cursor, entry);
}

bool stream_find(const struct stream *stream, struct stream_id id, struct stream_entry *entry)
{
    struct stream_cursor cursor = stream_range(stream, id, id, false);
    return stream_next(&cursor, entry);
}

void stream_entry_next(struct stream_entry *entry, struct bytes *field, struct bytes *value,
                       char field_digits[LISTPACK_DIGITS], char value_digits[LISTPACK_DIGITS])
{
    if (entry->shared_at != 0) {
        *field = listpack_get(entry->pack, entry->shared_at, field_digits);
        entry->shared_at = listpack_next(entry->pack, entry->shared_at);
    } else {
        *field = listpack_get(entry->pack, entry->at, field_digits);
        entry->at = listpack_next(entry->pack, entry->at);
    }
    *value = listpack_get(entry->pack, entry->at, value_digits);
    entry->at = listpack_next(entry->pack, entry->at);
}

struct stream_id stream_last_entry_id(const struct stream *stream)
{
    struct stream_entry entry;
    struct stream_cursor cursor = stream_range(stream, STREAM_ID_LEAST, STREAM_ID_MOST, true);
    return stream_next(&cursor, &entry) ? entry.id : STREAM_ID_LEAST;
}

void stream_find_first(struct stream *stream)
{
    struct stream_entry entry;
    struct stream_cursor cursor = stream_range(stream, STREAM_ID_LEAST, STREAM_ID_MOST, false);
    stream->first_id = stream_next(&cursor, &entry) ? entry.id : STREAM_ID_LEAST;
}

/* ---- Removing ---- */

bool stream_delete(struct stream *stream, struct stream_id id)
{
    struct stream_entry entry;
    size_t index;
    if (!stream_find(stream, id, &entry) || !find_node(stream, id, &index)) {
        return false;
    }
    struct stream_node *node = node_at(stream, index);
    struct node_header header = read_header(node->pack);
    stream->length--;
    if (header.live == 1) {
        remove_node(stream, index);
        return true;
    }
    stream->pack_bytes -= listpack_size(node->pack);
    node->pack = put_integer(node->pack, entry.flags_at,
                             integer_at(node->pack, entry.flags_at) | ENTRY_DELETED);
    node->pack = write_counts(node->pack, header.live - 1, header.deleted + 1);
    stream->pack_bytes += listpack_size(node->pack);
    return true;
}

/* The ID of the node's last entry, deleted or not. */
static struct stream_id last_of_node(const struct stream_node *node)
{
    struct node_header header = read_header(node->pack);
    size_t at = listpack_last(node->pack);
    int64_t flags;
    for (int64_t back = integer_at(node->pack, at); back > 0; back--) {
        at = listpack_previous(node->pack, at);
    }
    return read_entry(node, &header, at, &flags).id;
}

/* Marks the first entries of the first node as deleted, as long as the trim wants. */
static uint64_t trim_node(struct stream *stream, const struct stream_trim *trim)
{
    struct stream_node *node = node_at(stream, 0);
    struct node_header header = read_header(node->pack);
    int64_t dropped = 0, flags;
    stream->pack_bytes -= listpack_size(node->pack);
    for (size_t at = header.first_entry; at != 0;) {
        struct stream_entry entry = read_entry(node, &header, at, &flags);
        if (trim->by_id ? stream_id_compare(entry.id, trim->least) >= 0
                        : stream->length <= trim->length) {
            break;
        }
        at = behind_entry(&entry);
        if ((flags & ENTRY_DELETED) == 0) {
            /* Flags keep their size: positions stay. */
            node->pack = put_integer(node->pack, entry.flags_at, flags | ENTRY_DELETED);
            stream->length--;
            dropped++;
        }
    }
    node->pack = write_counts(node->pack, header.live - dropped, header.deleted + dropped);
    stream->pack_bytes += listpack_size(node->pack);
    return (uint64_t)dropped;
}

uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim)
{
    uint64_t dropped = 0;
    while (stream->count > 0 && (trim->by_id || stream->length > trim->length)) {
        struct stream_node *node = node_at(stream, 0);
        uint64_t live = (uint64_t)read_header(node->pack).live;
        if (trim->limit > 0 && dropped + live > trim->limit) {
            break;
        }
        bool whole = trim->by_id ? stream_id_compare(last_of_node(node), trim->least) < 0
                                 : stream->length - live >= trim->length;
        if (!whole) {
            dropped += trim->whole_nodes ? 0 : trim_node(stream, trim);
            break;
        }
        remove_node(stream, 0);
        stream->length -= live;
        dropped += live;
    }
    if (dropped > 0 || stream->length == 0) {
        stream_find_first(stream);
    }
    return dropped;
}

/* ---- Counters ---- */

bool stream_has_tombstones(const struct stream *stream, struct stream_id from)
{
    return stream->length > 0 && !stream_id_is_zero(stream->max_deleted_id) &&
           stream_id_compare(stream->first_id, stream->max_deleted_id) <= 0 &&
           stream_id_compare(from, stream->max_deleted_id) <= 0;
}

int64_t stream_entries_before(const struct stream *stream, struct stream_id id)
{
    int to_last = stream_id_compare(id, stream->last_id);
    if (stream->entries_added == 0) {
        return 0;
    }
    if (to_last == 0 || (stream->length == 0 && to_last < 0)) {
        return (int64_t)stream->entries_added;
    }
    /* Between tombstones, and in the future, nothing can be said. */
    if (to_last < 0 && (stream_id_is_zero(stream->max_deleted_id) ||
                        stream_id_compare(stream->max_deleted_id, stream->first_id) < 0)) {
        int to_first = stream_id_compare(id, stream->first_id);
        if (to_first <= 0) {
            return (int64_t)(stream->entries_added - stream->length) + (to_first == 0 ? 1 : 0);
        }
    }
    return STREAM_ENTRIES_UNKNOWN;
}

/* Nodes of the tree for the stream's nodes low..high-1, whose IDs agree up to byte `depth`. */
static size_t radix_nodes(const struct stream *stream, size_t low, size_t high, size_t depth)
{
    char first[STREAM_KEY_SIZE], last[STREAM_KEY_SIZE];
    stream_id_encode(node_at(stream, low)->id, first);
    stream_id_encode(node_at(stream, high - 1)->id, last);
    size_t common = depth, count = 1;
    while (common < STREAM_KEY_SIZE && first[common] == last[common]) {
        common++;
    }
    /* One node for the bytes in common, one for the branches or the leaf behind them. */
    count += common > depth ? 1 : 0;
    for (size_t from = low; common < STREAM_KEY_SIZE && from < high;) {
        size_t to = from;
        stream_id_encode(node_at(stream, from)->id, first);
        do {
            to++;
            if (to < high) {
                stream_id_encode(node_at(stream, to)->id, last);
            }
        } while (to < high && last[common] == first[common]);
        count += radix_nodes(stream, from, to, common + 1);
        from = to;
    }
    return count;
}

size_t stream_radix_nodes(const struct stream *stream)
{
    return stream->count == 0 ? 1 : radix_nodes(stream, 0, stream->count, 0);
}

/* ---- The type's row ---- */

static void destroy(void *data)
{
    stream_destroy(data);
}

static void copy_group(struct stream *copy, const struct stream_group *group)
{
    struct stream_group *twin =
        stream_group_create(copy, group->name, group->last_id, group->entries_read);
    for (size_t i = 0; i < group->consumer_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        struct stream_consumer *other =
            stream_consumer_create(copy, twin, consumer->name, consumer->seen_ms);
        other->active_ms = consumer->active_ms;
        const struct stream_pending *pending =
            stream_pending_from(&consumer->pending, STREAM_ID_LEAST);
        for (; pending != NULL; pending = stream_pending_next(&consumer->pending, pending)) {
            stream_pending_add(copy, twin, other, stream_pending_id(pending), pending->delivered_ms)
                ->deliveries = pending->deliveries;
        }
    }
}

static void *copy(const void *data)
{
    const struct stream *stream = data;
    struct stream *copy = stream_create();
    for (size_t i = 0; i < stream->count; i++) {
        add_node(copy, node_at(stream, i)->id, listpack_copy(node_at(stream, i)->pack));
    }
    copy->tells_activity = stream->tells_activity;
    copy->length = stream->length;
    copy->entries_added = stream->entries_added;
    copy->last_id = stream->last_id;
    copy->first_id = stream->first_id;
    copy->max_deleted_id = stream->max_deleted_id;
    for (size_t i = 0; i < stream->group_count; i++) {
        copy_group(copy, stream->groups[i]);
    }
    return copy;
}

static const char *encoding(const void *data)
{
    (void)data;
    return "stream";
}

static size_t memory(const void *data)
{
    return stream_memory(data);
}

static size_t effort(const void *data)
{
    const struct stream *stream = data;
    return stream->count + stream->pending_count;
}

static unsigned char rdb_type(const void *data)
{
    const struct stream *stream = data;
    return stream->tells_activity ? RDB_TYPE_STREAM_LISTPACKS_3 : RDB_TYPE_STREAM_LISTPACKS_2;
}

const struct value_type stream_type = {
    .name = "stream",
    .kind = VALUE_STREAM,
    .destroy = destroy,
    .copy = copy,
    .encoding = encoding,
    .memory = memory,
    .effort = effort,
    .rdb_type = rdb_type,
    .rdb_save = stream_save,
};
