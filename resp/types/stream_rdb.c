/* Streams in the dump format: written as the version of Redis does, read in every encoding it ever
 * wrote. */
#include "resp/rdb_loaders.h"
#include "resp/rdb_writer.h"
#include "resp/types/stream_group.h"

enum { LONGEST_TEXT = 512 * 1024 * 1024 };

/* ---- Writing ---- */

static void save_id(struct rdb_writer *writer, struct stream_id id)
{
    rdb_write_length(writer, id.ms);
    rdb_write_length(writer, id.seq);
}

static void save_pending(struct rdb_writer *writer, const struct counted_tree *tree, bool whole)
{
    rdb_write_length(writer, tree->count);
    const struct stream_pending *pending = stream_pending_from(tree, STREAM_ID_LEAST);
    for (; pending != NULL; pending = stream_pending_next(tree, pending)) {
        rdb_write_raw(writer, (struct bytes){pending->key, sizeof(pending->key)});
        if (whole) {
            rdb_write_little(writer, (uint64_t)pending->delivered_ms, 8);
            rdb_write_length(writer, pending->deliveries);
        }
    }
}

static void save_group(struct rdb_writer *writer, const struct stream_group *group, bool activity)
{
    rdb_write_string(writer, group->name);
    save_id(writer, group->last_id);
    if (writer->version >= 10) {
        rdb_write_length(writer, (uint64_t)group->entries_read);
    }
    save_pending(writer, &group->pending, true);
    rdb_write_length(writer, group->consumer_count);
    for (size_t i = 0; i < group->consumer_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        rdb_write_string(writer, consumer->name);
        rdb_write_little(writer, (uint64_t)consumer->seen_ms, 8);
        if (activity) {
            rdb_write_little(writer, (uint64_t)consumer->active_ms, 8);
        }
        save_pending(writer, &consumer->pending, false);
    }
}

void stream_save(const void *data, struct rdb_writer *writer)
{
    const struct stream *stream = data;
    rdb_write_length(writer, stream->count);
    for (size_t i = 0; i < stream->count; i++) {
        char key[STREAM_KEY_SIZE];
        stream_id_encode(stream->nodes[stream->first + i].id, key);
        rdb_write_string(writer, (struct bytes){key, sizeof(key)});
        rdb_write_string(writer, listpack_bytes(stream->nodes[stream->first + i].pack));
    }
    rdb_write_length(writer, stream->length);
    save_id(writer, stream->last_id);
    if (writer->version >= 10) {
        save_id(writer, stream->first_id);
        save_id(writer, stream->max_deleted_id);
        rdb_write_length(writer, stream->entries_added);
    }
    rdb_write_length(writer, stream->group_count);
    for (size_t i = 0; i < stream->group_count; i++) {
        save_group(writer, stream->groups[i], stream->tells_activity);
    }
}

/* ---- Reading ---- */

static bool read_id(struct rdb_reader *reader, struct stream_id *id)
{
    return rdb_read_length(reader, &id->ms) && rdb_read_length(reader, &id->seq);
}

static bool read_key(struct rdb_reader *reader, struct stream_id *id)
{
    struct bytes raw;
    if (!rdb_read_raw(reader, STREAM_KEY_SIZE, &raw)) {
        return false;
    }
    *id = stream_id_decode(raw.data);
    return true;
}

static bool read_nodes(struct rdb_reader *reader, struct stream *stream, struct buf *text)
{
    uint64_t count;
    bool read = rdb_read_length(reader, &count);
    for (uint64_t i = 0; read && i < count; i++) {
        buf_clear(text);
        read = rdb_read_string(reader, text);
        if (read && text->size != STREAM_KEY_SIZE) {
            return rdb_fail(reader, "a stream's node has no ID");
        }
        struct stream_id id = read ? stream_id_decode(text->data) : STREAM_ID_LEAST;
        buf_clear(text);
        read = read && rdb_read_string(reader, text);
        struct listpack *pack = read ? listpack_from_bytes(buf_bytes(text)) : NULL;
        if (read && (pack == NULL || !stream_append_node(stream, id, pack))) {
            memory_free(pack);
            return rdb_fail(reader, "a stream's node is damaged");
        }
    }
    return read;
}

/* What is pending for a group arrives before its consumers: kept aside until they claim it. */
struct waiting {
    struct stream_id id;
    int64_t delivered_ms;
    uint64_t deliveries;
    bool claimed;
};

struct waiting_list {
    struct waiting *items;
    size_t count, capacity;
};

static bool read_waiting(struct rdb_reader *reader, struct waiting_list *list)
{
    uint64_t count;
    if (!rdb_read_length(reader, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct waiting item = {0};
        uint64_t delivered;
        if (!read_key(reader, &item.id) || !rdb_read_little(reader, 8, &delivered) ||
            !rdb_read_length(reader, &item.deliveries)) {
            return false;
        }
        item.delivered_ms = (int64_t)delivered;
        if (list->count > 0 && stream_id_compare(list->items[list->count - 1].id, item.id) >= 0) {
            return rdb_fail(reader, "a group's pending entries are out of order");
        }
        if (list->count == list->capacity) {
            list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
            list->items = memory_resize(list->items, list->capacity * sizeof(*list->items));
        }
        list->items[list->count++] = item;
    }
    return true;
}

static struct waiting *find_waiting(const struct waiting_list *list, struct stream_id id)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = stream_id_compare(list->items[middle].id, id);
        if (order == 0) {
            return &list->items[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

static bool read_consumer(struct rdb_reader *reader, struct stream *stream,
                          struct stream_group *group, const struct waiting_list *list,
                          struct buf *text)
{
    uint64_t seen, active, count;
    buf_clear(text);
    if (!rdb_read_string(reader, text) || !rdb_read_little(reader, 8, &seen)) {
        return false;
    }
    active = seen; /* as Redis takes dumps that do not tell */
    if ((stream->tells_activity && !rdb_read_little(reader, 8, &active)) ||
        !rdb_read_length(reader, &count)) {
        return false;
    }
    if (stream_consumer_find(group, buf_bytes(text)) != NULL) {
        return rdb_fail(reader, "a group holds a consumer twice");
    }
    struct stream_consumer *consumer =
        stream_consumer_create(stream, group, buf_bytes(text), (int64_t)seen);
    consumer->active_ms = (int64_t)active;
    for (uint64_t i = 0; i < count; i++) {
        struct stream_id id;
        if (!read_key(reader, &id)) {
            return false;
        }
        struct waiting *item = find_waiting(list, id);
        if (item == NULL || item->claimed) {
            return rdb_fail(reader, "a consumer's pending entry is not its group's");
        }
        item->claimed = true;
        stream_pending_add(stream, group, consumer, id, item->delivered_ms)->deliveries =
            item->deliveries;
    }
    return true;
}

static bool read_consumers(struct rdb_reader *reader, struct stream *stream,
                           struct stream_group *group, const struct waiting_list *list,
                           struct buf *text)
{
    uint64_t count;
    bool read = rdb_read_length(reader, &count);
    for (uint64_t i = 0; read && i < count; i++) {
        read = read_consumer(reader, stream, group, list, text);
    }
    for (size_t i = 0; read && i < list->count; i++) {
        if (!list->items[i].claimed) {
            return rdb_fail(reader, "a group's pending entry is no consumer's");
        }
    }
    return read;
}

static bool read_group(struct rdb_reader *reader, struct stream *stream, bool counters,
                       struct buf *text)
{
    struct stream_id last_id;
    uint64_t entries_read = 0;
    buf_clear(text);
    if (!rdb_read_string(reader, text) || !read_id(reader, &last_id) ||
        (counters && !rdb_read_length(reader, &entries_read))) {
        return false;
    }
    struct stream_group *group = stream_group_create(
        stream, buf_bytes(text), last_id,
        counters ? (int64_t)entries_read : stream_entries_before(stream, last_id));
    if (group == NULL) {
        return rdb_fail(reader, "a stream holds a group twice");
    }
    struct waiting_list list = {0};
    bool read = read_waiting(reader, &list) && read_consumers(reader, stream, group, &list, text);
    memory_free(list.items);
    return read;
}

static bool read_all(struct rdb_reader *reader, struct stream *stream, bool counters,
                     struct buf *text)
{
    uint64_t groups;
    if (!read_nodes(reader, stream, text) || !rdb_read_length(reader, &stream->length) ||
        !read_id(reader, &stream->last_id)) {
        return false;
    }
    if (counters) {
        if (!read_id(reader, &stream->first_id) || !read_id(reader, &stream->max_deleted_id) ||
            !rdb_read_length(reader, &stream->entries_added)) {
            return false;
        }
    } else {
        stream->entries_added = stream->length;
        stream_find_first(stream);
    }
    if ((stream->length > 0) != (stream->count > 0)) {
        return rdb_fail(reader, "a stream's length is not that of its nodes");
    }
    bool read = rdb_read_length(reader, &groups);
    for (uint64_t i = 0; read && i < groups; i++) {
        read = read_group(reader, stream, counters, text);
    }
    return read;
}

static bool read_stream(struct rdb_reader *reader, bool counters, bool activity, void **data)
{
    struct stream *stream = stream_create();
    stream->tells_activity = activity;
    struct buf text;
    buf_init(&text, LONGEST_TEXT);
    bool read = read_all(reader, stream, counters, &text);
    buf_finish(&text);
    if (!read) {
        stream_destroy(stream);
        return false;
    }
    *data = stream;
    return true;
}

static bool read_first(struct rdb_reader *reader, void **data)
{
    return read_stream(reader, false, false, data);
}

static bool read_second(struct rdb_reader *reader, void **data)
{
    return read_stream(reader, true, false, data);
}

static bool read_third(struct rdb_reader *reader, void **data)
{
    return read_stream(reader, true, true, data);
}

const struct rdb_loader stream_loaders[] = {
    {RDB_TYPE_STREAM_LISTPACKS, &stream_type, read_first},
    {RDB_TYPE_STREAM_LISTPACKS_2, &stream_type, read_second},
    {RDB_TYPE_STREAM_LISTPACKS_3, &stream_type, read_third},
    {0},
};
