#include "resp/types/stream_group.h"

#include <string.h>

void stream_id_encode(struct stream_id id, char key[STREAM_KEY_SIZE])
{
    for (int i = 0; i < 8; i++) {
        key[i] = (char)(id.ms >> (56 - 8 * i));
        key[8 + i] = (char)(id.seq >> (56 - 8 * i));
    }
}

struct stream_id stream_id_decode(const char key[STREAM_KEY_SIZE])
{
    struct stream_id id = {0, 0};
    for (int i = 0; i < 8; i++) {
        id.ms = id.ms << 8 | (unsigned char)key[i];
        id.seq = id.seq << 8 | (unsigned char)key[8 + i];
    }
    return id;
}

/* ---- Names: both kinds of array are sorted, and their items begin with the name ---- */

static struct bytes name_of(void *item)
{
    return *(const struct bytes *)item;
}

/* The first place whose name is not less than `name`. */
static size_t find_name(void *const *items, size_t count, struct bytes name)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(name_of(items[middle]), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void *item_of_name(void *const *items, size_t count, struct bytes name)
{
    size_t at = find_name(items, count, name);
    return at < count && bytes_equal(name_of(items[at]), name) ? items[at] : NULL;
}

static void **insert_item(void **items, size_t *count, void *item)
{
    size_t at = find_name(items, *count, name_of(item));
    items = memory_resize(items, (*count + 1) * sizeof(*items));
    memmove(items + at + 1, items + at, (*count - at) * sizeof(*items));
    items[at] = item;
    (*count)++;
    return items;
}

static void remove_item(void **items, size_t *count, void *item)
{
    size_t at = find_name(items, *count, name_of(item));
    (*count)--;
    memmove(items + at, items + at + 1, (*count - at) * sizeof(*items));
}

static struct bytes copy_name(struct bytes name)
{
    return (struct bytes){bytes_to_string(name), name.size};
}

static struct bytes key_of(const void *context, const void *pending)
{
    (void)context;
    return (struct bytes){((const struct stream_pending *)pending)->key, STREAM_KEY_SIZE};
}

/* The milliseconds are the score: they tell most IDs apart without a look at what is pending. */
static struct counted_item item_of(const struct stream_pending *pending)
{
    return (struct counted_item){(double)stream_id_decode(pending->key).ms, pending};
}

/* ---- Groups ---- */

struct stream_group *stream_group_find(const struct stream *stream, struct bytes name)
{
    return item_of_name((void *const *)stream->groups, stream->group_count, name);
}

struct stream_group *stream_group_create(struct stream *stream, struct bytes name,
                                         struct stream_id last_id, int64_t entries_read)
{
    if (stream_group_find(stream, name) != NULL) {
        return NULL;
    }
    struct stream_group *group = memory_allocate_zeroed(sizeof(*group));
    group->name = copy_name(name);
    group->last_id = last_id;
    group->entries_read = entries_read;
    counted_tree_init(&group->pending, key_of, NULL);
    stream->groups =
        (struct stream_group **)insert_item((void **)stream->groups, &stream->group_count, group);
    return group;
}

void stream_group_destroy(struct stream *stream, struct stream_group *group)
{
    while (group->consumer_count > 0) {
        stream_consumer_destroy(stream, group, group->consumers[group->consumer_count - 1]);
    }
    remove_item((void **)stream->groups, &stream->group_count, group);
    counted_tree_finish(&group->pending);
    memory_free(group->consumers);
    memory_free((char *)group->name.data);
    memory_free(group);
}

bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag)
{
    int64_t read = group->entries_read;
    if (stream->entries_added == 0) {
        *lag = 0;
        return true;
    }
    if (read == STREAM_ENTRIES_UNKNOWN || stream_has_tombstones(stream, group->last_id)) {
        read = stream_entries_before(stream, group->last_id);
    }
    *lag = (int64_t)stream->entries_added - read;
    return read != STREAM_ENTRIES_UNKNOWN;
}

void stream_group_advance(const struct stream *stream, struct stream_group *group,
                          struct stream_id id)
{
    if (group->entries_read != STREAM_ENTRIES_UNKNOWN && !stream_has_tombstones(stream, id)) {
        group->entries_read++;
    } else if (stream->entries_added > 0) {
        group->entries_read = stream_entries_before(stream, id);
    }
    group->last_id = id;
}

/* ---- Consumers ---- */

struct stream_consumer *stream_consumer_find(const struct stream_group *group, struct bytes name)
{
    return item_of_name((void *const *)group->consumers, group->consumer_count, name);
}

struct stream_consumer *stream_consumer_create(struct stream *stream, struct stream_group *group,
                                               struct bytes name, int64_t now_ms)
{
    struct stream_consumer *consumer = memory_allocate_zeroed(sizeof(*consumer));
    consumer->name = copy_name(name);
    consumer->seen_ms = now_ms;
    consumer->active_ms = -1;
    counted_tree_init(&consumer->pending, key_of, NULL);
    group->consumers = (struct stream_consumer **)insert_item((void **)group->consumers,
                                                              &group->consumer_count, consumer);
    stream->consumer_count++;
    return consumer;
}

void stream_consumer_destroy(struct stream *stream, struct stream_group *group,
                             struct stream_consumer *consumer)
{
    for (struct stream_pending *pending;
         (pending = stream_pending_from(&consumer->pending, STREAM_ID_LEAST)) != NULL;) {
        stream_pending_remove(stream, group, pending);
    }
    remove_item((void **)group->consumers, &group->consumer_count, consumer);
    stream->consumer_count--;
    counted_tree_finish(&consumer->pending);
    memory_free((char *)consumer->name.data);
    memory_free(consumer);
}

/* ---- What is pending ---- */

static bool before_key(const void *context, struct bytes key, double score)
{
    (void)score;
    return memcmp(key.data, context, STREAM_KEY_SIZE) < 0;
}

static struct stream_pending *pending_at(struct counted_place place)
{
    struct counted_item item;
    return counted_item_at(place, &item) ? (struct stream_pending *)item.handle : NULL;
}

struct stream_pending *stream_pending_from(const struct counted_tree *tree, struct stream_id id)
{
    char key[STREAM_KEY_SIZE];
    stream_id_encode(id, key);
    return pending_at(counted_tree_at(tree, counted_tree_partition(tree, before_key, key)));
}

struct stream_pending *stream_pending_next(const struct counted_tree *tree,
                                           const struct stream_pending *pending)
{
    return pending_at(counted_tree_at(tree, counted_tree_rank(tree, item_of(pending)) + 1));
}

struct stream_pending *stream_pending_last(const struct counted_tree *tree)
{
    return tree->count == 0 ? NULL : pending_at(counted_tree_at(tree, tree->count - 1));
}

struct stream_id stream_pending_id(const struct stream_pending *pending)
{
    return stream_id_decode(pending->key);
}

struct stream_pending *stream_pending_find(const struct counted_tree *tree, struct stream_id id)
{
    struct stream_pending *pending = stream_pending_from(tree, id);
    return pending != NULL && stream_id_compare(stream_pending_id(pending), id) == 0 ? pending
                                                                                     : NULL;
}

struct stream_pending *stream_pending_add(struct stream *stream, struct stream_group *group,
                                          struct stream_consumer *consumer, struct stream_id id,
                                          int64_t now_ms)
{
    struct stream_pending *pending = memory_allocate_zeroed(sizeof(*pending));
    stream_id_encode(id, pending->key);
    pending->delivered_ms = now_ms;
    pending->deliveries = 1;
    pending->consumer = consumer;
    counted_tree_insert(&group->pending, item_of(pending));
    counted_tree_insert(&consumer->pending, item_of(pending));
    stream->pending_count++;
    return pending;
}

void stream_pending_move(struct stream_pending *pending, struct stream_consumer *consumer)
{
    if (pending->consumer != consumer) {
        counted_tree_remove(&pending->consumer->pending, item_of(pending));
        counted_tree_insert(&consumer->pending, item_of(pending));
        pending->consumer = consumer;
    }
}

void stream_pending_remove(struct stream *stream, struct stream_group *group,
                           struct stream_pending *pending)
{
    counted_tree_remove(&pending->consumer->pending, item_of(pending));
    counted_tree_remove(&group->pending, item_of(pending));
    memory_free(pending);
    stream->pending_count--;
}
