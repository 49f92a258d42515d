/* Reading sorted sets from the dump format, in every encoding that Redis ever wrote. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/rdb_loaders.h"
#include "resp/types/sorted_set.h"
#include "resp/types/ziplist.h"

enum { LONGEST_TEXT = 512 * 1024 * 1024 };

static bool read_binary_score(struct rdb_reader *reader, double *score)
{
    uint64_t bits;
    if (!rdb_read_little(reader, 8, &bits)) {
        return false;
    }
    memcpy(score, &bits, sizeof(*score));
    return true;
}

/* Before Redis 4: a length byte and digits, or one of three marks. */
static bool read_text_score(struct rdb_reader *reader, double *score)
{
    unsigned char size;
    struct bytes text;
    if (!rdb_read_byte(reader, &size)) {
        return false;
    }
    if (size >= 253) {
        *score = size == 253 ? NAN : size == 254 ? INFINITY : -INFINITY;
        return true;
    }
    if (!rdb_read_raw(reader, size, &text)) {
        return false;
    }
    return bytes_to_double(text, score) || rdb_fail(reader, "a score is no number");
}

static bool read_elements(struct rdb_reader *reader, void **data,
                          bool (*read_score)(struct rdb_reader *reader, double *score))
{
    uint64_t count = 0;
    bool read = rdb_read_length(reader, &count);
    const struct packing_limits limits = rdb_packing_limits(reader);
    struct sorted_set set = sorted_set_create();
    struct buf member;
    buf_init(&member, LONGEST_TEXT);
    for (uint64_t i = 0; read && i < count; i++) {
        double score;
        buf_clear(&member);
        read = rdb_read_string(reader, &member) && read_score(reader, &score);
        if (read && isnan(score)) {
            read = rdb_fail(reader, "a score is not a number");
        } else if (read && !sorted_set_put(&set, buf_bytes(&member), score, &limits)) {
            read = rdb_fail(reader, "a sorted set holds a member twice");
        }
    }
    buf_finish(&member);
    if (read && sorted_set_count(&set) == 0) {
        read = rdb_fail(reader, "a sorted set is empty");
    }
    if (!read) {
        sorted_set_destroy(&set);
        return false;
    }
    *data = set.word;
    return true;
}

static bool read_plain(struct rdb_reader *reader, void **data)
{
    return read_elements(reader, data, read_text_score);
}

static bool read_plain_2(struct rdb_reader *reader, void **data)
{
    return read_elements(reader, data, read_binary_score);
}

/* Numbers behind members that differ, in order. */
static bool pairs_fit(struct listpack *pack, struct random *random)
{
    struct dict seen;
    char digits[LISTPACK_DIGITS], last_digits[LISTPACK_DIGITS], score_digits[LISTPACK_DIGITS];
    struct bytes last = {0};
    double last_score = -INFINITY;
    bool fits = listpack_count(pack) > 0 && listpack_count(pack) % 2 == 0;
    dict_init(&seen, 0, NULL, random);
    for (size_t at = listpack_first(pack); fits && at != 0;) {
        size_t score_at = listpack_next(pack, at);
        struct bytes member = listpack_get(pack, at, digits);
        double score;
        dict_insert(&seen, member, &fits);
        fits = fits && bytes_to_double(listpack_get(pack, score_at, score_digits), &score) &&
               (last.data == NULL || score > last_score ||
                (score == last_score && bytes_compare(last, member) < 0));
        if (fits) {
            last_score = score;
            last = listpack_get(pack, at, last_digits);
            at = listpack_next(pack, score_at);
        }
    }
    dict_finish(&seen);
    return fits;
}

static bool take_pack(struct rdb_reader *reader, struct listpack *pack, void **data)
{
    if (pack == NULL || !pairs_fit(pack, reader->random)) {
        memory_free(pack);
        return rdb_fail(reader, "a packed sorted set is damaged");
    }
    const struct packing_limits limits = rdb_packing_limits(reader);
    *data = sorted_set_from_pack_take(pack, &limits).word;
    return true;
}

static bool read_block(struct rdb_reader *reader, void **data,
                       struct listpack *(*open)(struct bytes block))
{
    struct buf block;
    buf_init(&block, LONGEST_TEXT);
    bool read = rdb_read_string(reader, &block) && take_pack(reader, open(buf_bytes(&block)), data);
    buf_finish(&block);
    return read;
}

static bool read_listpack(struct rdb_reader *reader, void **data)
{
    return read_block(reader, data, listpack_from_bytes);
}

static bool read_ziplist(struct rdb_reader *reader, void **data)
{
    return read_block(reader, data, ziplist_to_listpack);
}

const struct rdb_loader sorted_set_loaders[] = {
    {RDB_TYPE_ZSET, &sorted_set_type, read_plain},
    {RDB_TYPE_ZSET_2, &sorted_set_type, read_plain_2},
    {RDB_TYPE_ZSET_ZIPLIST, &sorted_set_type, read_ziplist},
    {RDB_TYPE_ZSET_LISTPACK, &sorted_set_type, read_listpack},
    {0},
};
