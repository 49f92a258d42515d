/* Reading hashes from the dump format, in every encoding that Redis ever wrote. */
#include "resp/rdb_loaders.h"
#include "resp/types/hash_expiry.h"
#include "resp/types/ziplist.h"

enum { LONGEST_TEXT = 512 * 1024 * 1024 };

/* An empty hash is no value. */
static bool finish(struct rdb_reader *reader, struct hash hash, bool read, void **data)
{
    if (read && hash_count(&hash) == 0) {
        read = rdb_fail(reader, "a hash is empty");
    }
    if (!read) {
        hash_destroy(&hash);
        return false;
    }
    *data = hash.word;
    return true;
}

static bool read_plain(struct rdb_reader *reader, void **data)
{
    uint64_t count = 0;
    bool read = rdb_read_length(reader, &count);
    const struct packing_limits limits = rdb_packing_limits(reader);
    struct hash hash = hash_create();
    struct buf field, value;
    buf_init(&field, LONGEST_TEXT);
    buf_init(&value, LONGEST_TEXT);
    for (uint64_t i = 0; read && i < count; i++) {
        buf_clear(&field);
        buf_clear(&value);
        read = rdb_read_string(reader, &field) && rdb_read_string(reader, &value);
        if (read && !hash_set(&hash, buf_bytes(&field), buf_bytes(&value), &limits)) {
            read = rdb_fail(reader, "a hash holds a field twice");
        }
    }
    buf_finish(&field);
    buf_finish(&value);
    return finish(reader, hash, read, data);
}

/* Pairs whose fields differ. A table finds out in one pass. */
static bool pairs_fit(struct listpack *pack, struct random *random)
{
    if (listpack_count(pack) % 2 != 0) {
        return false;
    }
    struct dict seen;
    bool fits = true;
    dict_init(&seen, 0, NULL, random);
    for (size_t at = listpack_first(pack); fits && at != 0;
         at = listpack_next(pack, listpack_next(pack, at))) {
        char digits[LISTPACK_DIGITS];
        dict_insert(&seen, listpack_get(pack, at, digits), &fits);
    }
    dict_finish(&seen);
    return fits;
}

static bool take_pack(struct rdb_reader *reader, struct listpack *pack, void **data)
{
    if (pack == NULL || !pairs_fit(pack, reader->random)) {
        memory_free(pack);
        return rdb_fail(reader, "a packed hash is damaged");
    }
    const struct packing_limits limits = rdb_packing_limits(reader);
    return finish(reader, hash_from_pack_take(pack, &limits), true, data);
}

static bool read_listpack(struct rdb_reader *reader, void **data)
{
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    bool read = rdb_read_string(reader, &block) &&
                take_pack(reader, listpack_from_bytes(buf_bytes(&block)), data);
    buf_finish(&block);
    return read;
}

static bool read_ziplist(struct rdb_reader *reader, void **data)
{
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    bool read = rdb_read_string(reader, &block) &&
                take_pack(reader, ziplist_to_listpack(buf_bytes(&block)), data);
    buf_finish(&block);
    return read;
}

/* A zipmap's length: one byte, or 254 and four bytes. False at the end of the block. */
static bool zipmap_length(struct bytes block, size_t *at, size_t *length)
{
    const unsigned char *data = (const unsigned char *)block.data;
    if (*at >= block.size) {
        return false;
    }
    *length = data[(*at)++];
    if (*length < 254) {
        return true;
    }
    if (*length == 255 || block.size - *at < 4) {
        return false;
    }
    *length = (size_t)data[*at] | (size_t)data[*at + 1] << 8 | (size_t)data[*at + 2] << 16 |
              (size_t)data[*at + 3] << 24;
    *at += 4;
    return true;
}

/* The format of Redis 2.4: {length, field, length, spare, value}... */
static struct listpack *zipmap_to_listpack(struct bytes block)
{
    struct listpack *pack = listpack_create();
    size_t at = 1, length;
    while (at < block.size && (unsigned char)block.data[at] != 255) {
        if (!zipmap_length(block, &at, &length) || length > block.size - at) {
            memory_free(pack);
            return NULL;
        }
        pack = listpack_append(pack, bytes_slice(block, at, at + length));
        at += length;
        if (!zipmap_length(block, &at, &length) || at >= block.size) {
            memory_free(pack);
            return NULL;
        }
        size_t spare = (unsigned char)block.data[at++];
        if (length + spare > block.size - at) {
            memory_free(pack);
            return NULL;
        }
        pack = listpack_append(pack, bytes_slice(block, at, at + length));
        at += length + spare;
    }
    if (at + 1 != block.size) {
        memory_free(pack);
        return NULL;
    }
    return pack;
}

static bool read_zipmap(struct rdb_reader *reader, void **data)
{
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    bool read = rdb_read_string(reader, &block) &&
                take_pack(reader, zipmap_to_listpack(buf_bytes(&block)), data);
    buf_finish(&block);
    return read;
}

/* ---- Hashes of which fields expire ---- */

static bool read_first_expiry(struct rdb_reader *reader, int64_t *first_ms)
{
    uint64_t number = 0;
    if (!rdb_read_little(reader, 8, &number)) {
        return false;
    }
    *first_ms = (int64_t)number;
    return number <= HASH_LATEST_EXPIRY_MS ||
           rdb_fail(reader, "a hash has a field that expires too late");
}

/* One field of a table: how long after the first it expires, plus one; 0: never. */
static bool read_expiring_field(struct rdb_reader *reader, struct hash *hash, int64_t first_ms,
                                struct buf *field, struct buf *value)
{
    const struct packing_limits limits = rdb_packing_limits(reader);
    uint64_t offset = 0;
    buf_clear(field);
    buf_clear(value);
    if (!rdb_read_length(reader, &offset) || !rdb_read_string(reader, field) ||
        !rdb_read_string(reader, value)) {
        return false;
    }
    if (offset > (uint64_t)(HASH_LATEST_EXPIRY_MS - first_ms) + 1) {
        return rdb_fail(reader, "a hash has a field that expires too late");
    }
    if (!hash_set(hash, buf_bytes(field), buf_bytes(value), &limits)) {
        return rdb_fail(reader, "a hash holds a field twice");
    }
    if (offset > 0) {
        hash_set_expiry(hash, buf_bytes(field), first_ms + (int64_t)offset - 1);
    }
    return true;
}

static bool read_expiring(struct rdb_reader *reader, void **data)
{
    uint64_t count = 0;
    int64_t first_ms = 0;
    bool read = read_first_expiry(reader, &first_ms) && rdb_read_length(reader, &count);
    struct hash hash = hash_create();
    struct buf field, value;
    buf_init(&field, LONGEST_TEXT);
    buf_init(&value, LONGEST_TEXT);
    hash_expiry_begin(&hash, reader->random);
    for (uint64_t i = 0; read && i < count; i++) {
        read = read_expiring_field(reader, &hash, first_ms, &field, &value);
    }
    buf_finish(&field);
    buf_finish(&value);
    return finish(reader, hash, read, data);
}

/* Field, value and time of each: all are set in order, then given their times from behind, so that
   those of one time stay as they stand. */
static bool take_triples(struct rdb_reader *reader, struct listpack *pack, void **data)
{
    bool read = pack != NULL && listpack_count(pack) % 3 == 0;
    const struct packing_limits limits = rdb_packing_limits(reader);
    struct hash hash = hash_create();
    char digits[2][LISTPACK_DIGITS];
    hash_expiry_begin(&hash, reader->random);
    for (size_t at = read ? listpack_first(pack) : 0; read && at != 0;) {
        struct bytes field = listpack_get(pack, at, digits[0]);
        at = listpack_next(pack, at);
        int64_t at_ms = 0;
        size_t time_at = listpack_next(pack, at);
        read = hash_set(&hash, field, listpack_get(pack, at, digits[1]), &limits) &&
               listpack_get_integer(pack, time_at, &at_ms) && at_ms >= 0 &&
               at_ms <= HASH_LATEST_EXPIRY_MS;
        at = listpack_next(pack, time_at);
    }
    for (size_t at = read ? listpack_last(pack) : 0; at != 0;) {
        int64_t at_ms = hash_expiry_read(pack, at);
        at = listpack_previous(pack, listpack_previous(pack, at));
        if (at_ms != HASH_NO_EXPIRY) {
            hash_set_expiry(&hash, listpack_get(pack, at, digits[0]), at_ms);
        }
        at = listpack_previous(pack, at);
    }
    memory_free(pack);
    return finish(reader, hash, read || rdb_fail(reader, "a packed hash is damaged"), data);
}

static bool read_expiring_listpack(struct rdb_reader *reader, void **data)
{
    int64_t first_ms;
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    bool read = read_first_expiry(reader, &first_ms) && rdb_read_string(reader, &block) &&
                take_triples(reader, listpack_from_bytes(buf_bytes(&block)), data);
    buf_finish(&block);
    return read;
}

const struct rdb_loader hash_loaders[] = {
    {RDB_TYPE_HASH, &hash_type, read_plain},
    {RDB_TYPE_HASH_ZIPMAP, &hash_type, read_zipmap},
    {RDB_TYPE_HASH_ZIPLIST, &hash_type, read_ziplist},
    {RDB_TYPE_HASH_LISTPACK, &hash_type, read_listpack},
    {RDB_TYPE_HASH_EXPIRING, &hash_type, read_expiring},
    {RDB_TYPE_HASH_LISTPACK_EXPIRING, &hash_type, read_expiring_listpack},
    {0},
};
