/* Reading sets from the dump format. */
#include "resp/rdb_loaders.h"
#include "resp/types/set.h"

enum { LONGEST_TEXT = 512 * 1024 * 1024 };

static const struct packing_limits limits = PACKING_DEFAULTS;

static bool read_plain(struct rdb_reader *reader, void **data)
{
    uint64_t count = 0;
    bool read = rdb_read_length(reader, &count);
    struct set *set = set_create(reader->random);
    struct buf member;
    buf_init(&member, LONGEST_TEXT);
    for (uint64_t i = 0; read && i < count; i++) {
        buf_clear(&member);
        read = rdb_read_string(reader, &member);
        if (read && !set_add(set, buf_bytes(&member), &limits)) {
            read = rdb_fail(reader, "a set holds a member twice");
        }
    }
    buf_finish(&member);
    if (read && set_count(set) == 0) {
        read = rdb_fail(reader, "a set is empty");
    }
    if (!read) {
        set_destroy(set);
        return false;
    }
    *data = set;
    return true;
}

static bool read_integers(struct rdb_reader *reader, void **data)
{
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    bool read = rdb_read_string(reader, &block);
    struct intset *integers = read ? intset_from_bytes(buf_bytes(&block)) : NULL;
    buf_finish(&block);
    if (integers == NULL) {
        return rdb_fail(reader, "a set of integers is damaged");
    }
    struct set *set = set_from_integers_take(integers, reader->random);
    if (intset_count(integers) > limits.set_intset_entries) {
        struct set *table = set_create(reader->random);
        struct bytes member;
        for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member);) {
            set_add(table, member, &limits);
        }
        set_destroy(set);
        set = table;
    }
    *data = set;
    return true;
}

/* Members that differ are taken as they are packed while they are few and short. */
static bool read_listpack(struct rdb_reader *reader, void **data)
{
    static const struct packing_limits packing = {
        .set_intset_entries = 512, .set_entries = 128, .set_value = 64};
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    struct listpack *pack =
        rdb_read_string(reader, &block) ? listpack_from_bytes(buf_bytes(&block)) : NULL;
    buf_finish(&block);
    struct set *set = set_from_pack_take(listpack_create(), reader->random);
    bool read = pack != NULL && listpack_count(pack) > 0;
    for (size_t at = read ? listpack_first(pack) : 0; read && at != 0;
         at = listpack_next(pack, at)) {
        char digits[LISTPACK_DIGITS];
        read = set_add(set, listpack_get(pack, at, digits), &packing);
    }
    memory_free(pack);
    if (!read) {
        set_destroy(set);
        return rdb_fail(reader, "a packed set is damaged");
    }
    *data = set;
    return true;
}

const struct rdb_loader set_loaders[] = {
    {RDB_TYPE_SET, &set_type, read_plain},
    {RDB_TYPE_SET_INTSET, &set_type, read_integers},
    {RDB_TYPE_SET_LISTPACK, &set_type, read_listpack},
    {0},
};
