/* The listpack format: what goes in comes out, and damaged blocks are refused. */
#include "resp/types/listpack.h"

#include <string.h>

#include "tests/support/test.h"

static const char *const texts[] = {
    "",     "a",      "0",     "127",     "128",         "-1",         "-4096",
    "4096", "-32768", "32768", "8388608", "-2147483648", "2147483648", "9223372036854775807",
    "007",  "+1"};

static struct listpack *fill(void)
{
    struct listpack *pack = listpack_create();
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        pack = listpack_append(pack, bytes_from_string(texts[i]));
    }
    return pack;
}

TEST(elements_come_out_as_they_went_in)
{
    struct listpack *pack = fill();
    char digits[LISTPACK_DIGITS];
    size_t index = 0;
    CHECK_INT(listpack_count(pack), ARRAY_LEN(texts));
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at)) {
        CHECK_BYTES(listpack_get(pack, at, digits), bytes_from_string(texts[index++]));
    }
    for (size_t at = listpack_last(pack); at != 0; at = listpack_previous(pack, at)) {
        CHECK_BYTES(listpack_get(pack, at, digits), bytes_from_string(texts[--index]));
    }
    memory_free(pack);
}

TEST(long_elements_have_longer_heads)
{
    static const size_t sizes[] = {63, 64, 127, 4095, 4096, 70000};
    struct listpack *pack = listpack_create();
    char *text = memory_allocate(70000);
    char digits[LISTPACK_DIGITS];
    memset(text, 'x', 70000);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t before = listpack_size(pack);
        pack = listpack_append(pack, (struct bytes){text, sizes[i]});
        CHECK_INT(listpack_size(pack) - before,
                  listpack_entry_size((struct bytes){text, sizes[i]}));
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CHECK_INT(listpack_get(pack, listpack_at(pack, (int64_t)i), digits).size, sizes[i]);
        CHECK_INT(listpack_get(pack, listpack_at(pack, (int64_t)i - 6), digits).size, sizes[i]);
    }
    memory_free(text);
    memory_free(pack);
}

TEST(elements_are_found_replaced_and_removed)
{
    struct listpack *pack = fill();
    size_t at = listpack_find(pack, listpack_first(pack), BYTES("32768"), 0);
    CHECK(at != 0);
    CHECK_INT(listpack_find(pack, listpack_first(pack), BYTES("absent"), 0), 0);
    pack = listpack_replace(pack, at, BYTES("a longer text"));
    CHECK(listpack_equals(pack, at, BYTES("a longer text")));
    size_t next;
    pack = listpack_remove(pack, at, 2, &next);
    CHECK_INT(listpack_count(pack), ARRAY_LEN(texts) - 2);
    CHECK(listpack_equals(pack, next, BYTES("-2147483648")));
    pack = listpack_insert(pack, listpack_first(pack), BYTES("first"), &at);
    CHECK_INT(at, listpack_first(pack));
    CHECK(listpack_equals(pack, at, BYTES("first")));
    memory_free(pack);
}

TEST(damaged_blocks_are_refused)
{
    struct listpack *pack = fill();
    struct bytes whole = listpack_bytes(pack);
    struct listpack *copy = listpack_from_bytes(whole);
    CHECK(copy != NULL && bytes_equal(listpack_bytes(copy), whole));
    memory_free(copy);
    for (size_t size = 0; size < whole.size; size++) {
        CHECK(listpack_from_bytes(bytes_slice(whole, 0, size)) == NULL);
    }
    memory_free(pack);
}

static const struct test_case cases[] = {
    CASE(elements_come_out_as_they_went_in),
    CASE(long_elements_have_longer_heads),
    CASE(elements_are_found_replaced_and_removed),
    CASE(damaged_blocks_are_refused),
};

TEST_MAIN(cases)
