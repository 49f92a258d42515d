/* Listpacks in a chain. */
#include "resp/types/list.h"

#include <assert.h>

#include "resp/rdb_writer.h"
#include "resp/types/ziplist.h"

enum { PACKED_NODE = 2 };

/* ---- Nodes ---- */

static size_t node_memory(const struct list_node *node)
{
    return memory_size(node) + memory_size(node->pack);
}

static struct list_node *add_node(struct list *list, struct list_node *previous,
                                  struct listpack *pack)
{
    struct list_node *node = memory_allocate_zeroed(sizeof(*node));
    node->pack = pack;
    node->count = listpack_count(pack);
    node->previous = previous;
    node->next = previous == NULL ? list->first : previous->next;
    if (node->next != NULL) {
        node->next->previous = node;
    } else {
        list->last = node;
    }
    if (previous != NULL) {
        previous->next = node;
    } else {
        list->first = node;
    }
    list->nodes++;
    list->memory += node_memory(node);
    return node;
}

static void remove_node(struct list *list, struct list_node *node)
{
    list->memory -= node_memory(node);
    list->nodes--;
    if (node->previous != NULL) {
        node->previous->next = node->next;
    } else {
        list->first = node->next;
    }
    if (node->next != NULL) {
        node->next->previous = node->previous;
    } else {
        list->last = node->previous;
    }
    memory_free(node->pack);
    memory_free(node);
}

static void replace_pack(struct list *list, struct list_node *node, struct listpack *pack,
                         size_t before)
{
    node->pack = pack;
    list->memory += memory_size(pack) - before;
}

static bool has_room(const struct list_node *node, size_t added, int limit)
{
    static const size_t bytes[] = {4096, 8192, 16384, 32768, 65536};
    if (node == NULL) {
        return false;
    }
    size_t size = listpack_size(node->pack) + added;
    if (limit >= 0) {
        return node->count < (size_t)(limit > 0 ? limit : 1) && size <= bytes[1];
    }
    int level = limit < -5 ? 5 : -limit;
    return size <= bytes[level - 1];
}

static struct listpack *pack_of(struct bytes text)
{
    return listpack_append(listpack_create(), text);
}

/* ---- Life ---- */

struct list *list_create(void)
{
    return memory_allocate_zeroed(sizeof(struct list));
}

void list_destroy(struct list *list)
{
    if (list == NULL) {
        return;
    }
    while (list->first != NULL) {
        remove_node(list, list->first);
    }
    memory_free(list);
}

struct list *list_copy(const struct list *list)
{
    struct list *copy = list_create();
    for (const struct list_node *node = list->first; node != NULL; node = node->next) {
        list_append_pack_take(copy, listpack_copy(node->pack));
    }
    return copy;
}

void list_append_pack_take(struct list *list, struct listpack *pack)
{
    if (listpack_count(pack) == 0) {
        memory_free(pack);
        return;
    }
    list->count += add_node(list, list->last, pack)->count;
}

void list_push(struct list *list, bool at_tail, struct bytes text, int limit)
{
    struct list_node *node = at_tail ? list->last : list->first;
    list->count++;
    if (!has_room(node, listpack_entry_size(text), limit)) {
        add_node(list, at_tail ? list->last : NULL, pack_of(text));
        return;
    }
    size_t before = memory_size(node->pack);
    struct listpack *pack =
        at_tail ? listpack_append(node->pack, text)
                : listpack_insert(node->pack, listpack_first(node->pack), text, NULL);
    node->count++;
    replace_pack(list, node, pack, before);
}

/* ---- Positions ---- */

struct list_position list_at(const struct list *list, int64_t index)
{
    bool from_tail = index < 0;
    uint64_t left = from_tail ? (uint64_t) - (index + 1) : (uint64_t)index;
    if (left >= list->count) {
        return (struct list_position){NULL, 0};
    }
    /* Whichever end is nearer. */
    if (left > list->count / 2) {
        left = list->count - 1 - left;
        from_tail = !from_tail;
    }
    struct list_node *node = from_tail ? list->last : list->first;
    while (left >= node->count) {
        left -= node->count;
        node = from_tail ? node->previous : node->next;
    }
    int64_t inside = from_tail ? -(int64_t)left - 1 : (int64_t)left;
    return (struct list_position){node, listpack_at(node->pack, inside)};
}

struct list_position list_next(struct list_position position)
{
    size_t at = listpack_next(position.node->pack, position.at);
    if (at != 0) {
        return (struct list_position){position.node, at};
    }
    struct list_node *node = position.node->next;
    return (struct list_position){node, node == NULL ? 0 : listpack_first(node->pack)};
}

struct list_position list_previous(struct list_position position)
{
    size_t at = listpack_previous(position.node->pack, position.at);
    if (at != 0) {
        return (struct list_position){position.node, at};
    }
    struct list_node *node = position.node->previous;
    return (struct list_position){node, node == NULL ? 0 : listpack_last(node->pack)};
}

struct bytes list_get(struct list_position position, char digits[LISTPACK_DIGITS])
{
    return listpack_get(position.node->pack, position.at, digits);
}

/* ---- Changes inside ---- */

/* Moves the elements from `at` on into a node of their own behind this one. */
static struct list_node *split(struct list *list, struct list_node *node, size_t at)
{
    char digits[LISTPACK_DIGITS];
    struct listpack *tail = listpack_create();
    size_t moved = 0;
    for (size_t position = at; position != 0; position = listpack_next(node->pack, position)) {
        tail = listpack_append(tail, listpack_get(node->pack, position, digits));
        moved++;
    }
    size_t before = memory_size(node->pack);
    replace_pack(list, node, listpack_remove(node->pack, at, moved, NULL), before);
    node->count -= moved;
    return add_node(list, node, tail);
}

void list_insert(struct list *list, struct list_position position, bool after, struct bytes text,
                 int limit)
{
    struct list_node *node = position.node;
    size_t at = after ? listpack_next(node->pack, position.at) : position.at;
    if (has_room(node, listpack_entry_size(text), limit)) {
        size_t before = memory_size(node->pack);
        replace_pack(list, node, listpack_insert(node->pack, at, text, NULL), before);
        node->count++;
    } else if (at == 0) {
        add_node(list, node, pack_of(text));
    } else if (at == listpack_first(node->pack)) {
        add_node(list, node->previous, pack_of(text));
    } else {
        split(list, node, at);
        add_node(list, node, pack_of(text));
    }
    list->count++;
}

void list_replace(struct list *list, struct list_position position, struct bytes text)
{
    struct list_node *node = position.node;
    size_t before = memory_size(node->pack);
    replace_pack(list, node, listpack_replace(node->pack, position.at, text), before);
}

struct list_position list_remove(struct list *list, struct list_position position)
{
    struct list_node *node = position.node, *next = node->next;
    list->count--;
    if (node->count == 1) {
        remove_node(list, node);
        return (struct list_position){next, next == NULL ? 0 : listpack_first(next->pack)};
    }
    size_t before = memory_size(node->pack), following = 0;
    replace_pack(list, node, listpack_remove(node->pack, position.at, 1, &following), before);
    node->count--;
    if (following != 0) {
        return (struct list_position){node, following};
    }
    return (struct list_position){next, next == NULL ? 0 : listpack_first(next->pack)};
}

void list_remove_range(struct list *list, size_t start, size_t count)
{
    struct list_node *node = list->first;
    while (node != NULL && start >= node->count) {
        start -= node->count;
        node = node->next;
    }
    while (node != NULL && count > 0) {
        struct list_node *next = node->next;
        size_t here = node->count - start < count ? node->count - start : count;
        if (here == node->count) {
            remove_node(list, node);
        } else {
            size_t before = memory_size(node->pack);
            size_t at = listpack_at(node->pack, (int64_t)start);
            replace_pack(list, node, listpack_remove(node->pack, at, here, NULL), before);
            node->count -= here;
        }
        list->count -= here;
        count -= here;
        start = 0;
        node = next;
    }
}

/* ---- The type's row ---- */

static void destroy(void *data)
{
    list_destroy(data);
}

static bool dismantle(void *data, size_t elements, size_t *position)
{
    struct list *list = data;
    (void)position;
    for (; list->first != NULL && elements > 0; elements--) {
        remove_node(list, list->first);
    }
    if (list->first != NULL) {
        return false;
    }
    list_destroy(list);
    return true;
}

static void *copy(const void *data)
{
    return list_copy(data);
}

static const char *encoding(const void *data)
{
    (void)data;
    return "quicklist";
}

static size_t memory(const void *data)
{
    const struct list *list = data;
    return list->memory + memory_size(list);
}

static size_t effort(const void *data)
{
    return ((const struct list *)data)->nodes;
}

static unsigned char rdb_type(const void *data)
{
    (void)data;
    return RDB_TYPE_LIST_QUICKLIST_2;
}

static void save(const void *data, struct rdb_writer *writer)
{
    const struct list *list = data;
    rdb_write_length(writer, list->nodes);
    for (const struct list_node *node = list->first; node != NULL; node = node->next) {
        if (writer->version >= 10) {
            rdb_write_length(writer, PACKED_NODE);
        }
        packed_save(node->pack, writer);
    }
}

const struct value_type list_type = {
    .name = "list",
    .kind = VALUE_LIST,
    .destroy = destroy,
    .dismantle = dismantle,
    .copy = copy,
    .encoding = encoding,
    .memory = memory,
    .effort = effort,
    .rdb_type = rdb_type,
    .rdb_save = save,
};
