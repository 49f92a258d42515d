/* Small collections as dumps of Redis 6.0 hold them. */
#include "resp/types/ziplist.h"

#include <string.h>

#include "tests/support/test.h"

/* Every length at which the encoding of a text, or of the length in front of it, changes. */
static const size_t sizes[] = {0, 1, 63, 64, 251, 252, 253, 16383, 16384, 70000};
static const int64_t numbers[] = {0,          1,         12,       13,       -1,       127,
                                  128,        -128,      -129,     32767,    32768,    -32768,
                                  -32769,     8388607,   8388608,  -8388608, -8388609, 2147483647,
                                  2147483648, INT64_MAX, INT64_MIN};

static struct listpack *sample(void)
{
    struct listpack *pack = listpack_create();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *text = memory_allocate(sizes[i] + 1);
        memset(text, 'x', sizes[i]);
        pack = listpack_append(pack, (struct bytes){text, sizes[i]});
        memory_free(text);
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        pack = listpack_append_integer(pack, numbers[i]);
    }
    return pack;
}

static struct buf save(const struct listpack *pack, int version)
{
    struct buf out;
    struct rdb_writer writer;
    buf_init(&out, 1 << 20);
    const struct rdb_sink sink = {rdb_sink_into_buf, &out};
    rdb_writer_init(&writer, &sink, version);
    packed_save(pack, &writer);
    CHECK(rdb_writer_finish(&writer));
    return out;
}

/* Behind the length of the string, which takes five bytes here. */
static struct bytes block_of(const struct buf *saved)
{
    return bytes_slice(buf_bytes(saved), 5, saved->size);
}

TEST(what_was_written_is_read_again)
{
    struct listpack *pack = sample();
    struct buf saved = save(pack, 9);
    struct listpack *back = ziplist_to_listpack(block_of(&saved));
    CHECK(back != NULL && bytes_equal(listpack_bytes(back), listpack_bytes(pack)));
    memory_free(back);
    buf_finish(&saved);
    memory_free(pack);
}

TEST(newer_dumps_hold_the_pack_itself)
{
    struct listpack *pack = sample();
    struct buf saved = save(pack, 10);
    CHECK(bytes_equal(block_of(&saved), listpack_bytes(pack)));
    buf_finish(&saved);
    memory_free(pack);
}

/* As redis-server 6.0 dumps `HSET h f v`. */
TEST(the_bytes_are_those_of_redis)
{
    static const char expected[] = "\x11\x11\0\0\0\x0d\0\0\0\x02\0\0\x01"
                                   "f\x03\x01v\xff";
    struct listpack *pack =
        listpack_append(listpack_append(listpack_create(), BYTES("f")), BYTES("v"));
    struct buf saved = save(pack, 9);
    CHECK_INT(saved.size, 18);
    CHECK(bytes_equal(buf_bytes(&saved), (struct bytes){expected, sizeof(expected) - 1}));
    buf_finish(&saved);
    memory_free(pack);
}

static const struct test_case cases[] = {
    CASE(what_was_written_is_read_again),
    CASE(newer_dumps_hold_the_pack_itself),
    CASE(the_bytes_are_those_of_redis),
};

TEST_MAIN(cases)
