/* Reading lists from the dump format, in every encoding that Redis ever wrote. */
#include "resp/rdb_loaders.h"
#include "resp/types/list.h"
#include "resp/types/packing.h"
#include "resp/types/ziplist.h"

enum { PLAIN_NODE = 1, PACKED_NODE = 2, LONGEST_TEXT = 512 * 1024 * 1024, NODE_SIZE = -2 };

/* An empty list is no value. */
static bool finish(struct rdb_reader *reader, struct list *list, bool read, void **data)
{
    if (read && list->count == 0) {
        read = rdb_fail(reader, "a list is empty");
    }
    if (!read) {
        list_destroy(list);
        return false;
    }
    *data = list;
    return true;
}

static bool read_plain(struct rdb_reader *reader, void **data)
{
    uint64_t count = 0;
    bool read = rdb_read_length(reader, &count);
    struct list *list = list_create();
    struct buf text;
    buf_init(&text, LONGEST_TEXT);
    for (uint64_t i = 0; read && i < count; i++) {
        buf_clear(&text);
        read = rdb_read_string(reader, &text);
        if (read) {
            list_push(list, true, buf_bytes(&text), NODE_SIZE);
        }
    }
    buf_finish(&text);
    return finish(reader, list, read, data);
}

static bool append_ziplist(struct rdb_reader *reader, struct list *list, struct bytes block)
{
    struct listpack *pack = ziplist_to_listpack(block);
    if (pack == NULL) {
        return rdb_fail(reader, "a list's ziplist is damaged");
    }
    list_append_pack_take(list, pack);
    return true;
}

static bool append_node(struct rdb_reader *reader, struct list *list, uint64_t container,
                        struct bytes block)
{
    if (container == PLAIN_NODE) {
        list_append_pack_take(list, listpack_append(listpack_create(), block));
        return true;
    }
    struct listpack *pack = container == PACKED_NODE ? listpack_from_bytes(block) : NULL;
    if (pack == NULL) {
        return rdb_fail(reader, "a list's node is damaged");
    }
    list_append_pack_take(list, pack);
    return true;
}

/* Nodes of blocks: each with its container (7.0), or ziplists (before). */
static bool read_nodes(struct rdb_reader *reader, bool with_container, uint64_t nodes, void **data)
{
    struct list *list = list_create();
    struct buf block;
    bool read = true;
    buf_init(&block, LONGEST_TEXT);
    for (uint64_t i = 0; read && i < nodes; i++) {
        uint64_t container = 0;
        buf_clear(&block);
        read = (!with_container || rdb_read_length(reader, &container)) &&
               rdb_read_string(reader, &block) &&
               (with_container ? append_node(reader, list, container, buf_bytes(&block))
                               : append_ziplist(reader, list, buf_bytes(&block)));
    }
    buf_finish(&block);
    return finish(reader, list, read, data);
}

static bool read_quicklist_2(struct rdb_reader *reader, void **data)
{
    uint64_t nodes = 0;
    return rdb_read_length(reader, &nodes) && read_nodes(reader, true, nodes, data);
}

static bool read_quicklist(struct rdb_reader *reader, void **data)
{
    uint64_t nodes = 0;
    return rdb_read_length(reader, &nodes) && read_nodes(reader, false, nodes, data);
}

static bool read_ziplist(struct rdb_reader *reader, void **data)
{
    return read_nodes(reader, false, 1, data);
}

const struct rdb_loader list_loaders[] = {
    {RDB_TYPE_LIST, &list_type, read_plain},
    {RDB_TYPE_LIST_ZIPLIST, &list_type, read_ziplist},
    {RDB_TYPE_LIST_QUICKLIST, &list_type, read_quicklist},
    {RDB_TYPE_LIST_QUICKLIST_2, &list_type, read_quicklist_2},
    {0},
};
