/* Hashes: fields that expire, packed and in a table, and what becomes of them in a dump. */
#include "resp/types/hash_expiry.h"

#include <stdio.h>

#include "resp/rdb_reader.h"
#include "resp/rdb_writer.h"
#include "tests/support/test.h"

static struct random generator;
static const struct packing_limits packed_limits = {
    .hash_entries = 512, .hash_value = 64, .random = &generator};
static const struct packing_limits table_limits = {
    .hash_entries = 0, .hash_value = 64, .random = &generator};
static const struct packing_limits *const both[] = {&packed_limits, &table_limits};

static struct hash make(const struct packing_limits *limits, int fields)
{
    random_init(&generator, 7);
    struct hash hash = hash_create();
    for (int i = 0; i < fields; i++) {
        char field[16], value[16];
        snprintf(field, sizeof(field), "f%d", i);
        snprintf(value, sizeof(value), "%d", i * 10);
        hash_set(&hash, bytes_from_string(field), bytes_from_string(value), limits);
    }
    return hash;
}

/* What HEXPIRE does with a field that is there. */
static void set_expiry(struct hash *hash, struct bytes field, int64_t at_ms)
{
    hash_expiry_begin(hash, &generator);
    hash_set_expiry(hash, field, at_ms);
}

static size_t expire(const struct hash *hash, int64_t now_ms)
{
    size_t left;
    return hash_type.expiry->expire(hash->word, now_ms, &left);
}

TEST(fields_go_when_they_are_due_and_no_others)
{
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct hash hash = make(both[i], 100);
        for (int field = 0; field < 100; field += 3) {
            char name[16];
            snprintf(name, sizeof(name), "f%d", field);
            set_expiry(&hash, bytes_from_string(name), 1000 + (field * 37 % 100) * 10);
        }
        size_t gone = 0, steps = 0;
        int64_t at_ms;
        while (hash_next_expiry(&hash, &at_ms)) {
            CHECK_INT(expire(&hash, at_ms - 1), 0);
            gone += expire(&hash, at_ms);
            steps++;
        }
        CHECK_INT(gone, 34);
        CHECK_INT(steps, 34);
        CHECK_INT(hash_count(&hash), 66);
        hash_destroy(&hash);
    }
}

TEST(a_new_value_ends_the_expiry_and_an_update_keeps_it)
{
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct hash hash = make(both[i], 5);
        set_expiry(&hash, BYTES("f1"), 500);
        CHECK(!hash_update(&hash, BYTES("f1"), BYTES("new"), both[i]));
        CHECK_INT(hash_field_expiry(&hash, BYTES("f1")), 500);
        CHECK(!hash_set(&hash, BYTES("f1"), BYTES("newer"), both[i]));
        CHECK_INT(hash_field_expiry(&hash, BYTES("f1")), HASH_NO_EXPIRY);
        set_expiry(&hash, BYTES("f2"), 500);
        CHECK(hash_delete(&hash, BYTES("f2")));
        CHECK(hash_set(&hash, BYTES("f2"), BYTES("again"), both[i]));
        CHECK_INT(hash_field_expiry(&hash, BYTES("f2")), HASH_NO_EXPIRY);
        CHECK_INT(expire(&hash, 1000), 0);
        hash_destroy(&hash);
    }
}

TEST(a_packed_hash_keeps_its_times_when_it_becomes_a_table)
{
    struct hash hash = make(&packed_limits, 4);
    set_expiry(&hash, BYTES("f3"), 900);
    set_expiry(&hash, BYTES("f0"), 300);
    CHECK_TEXT(hash_type.encoding(hash.word), "listpackex");
    hash_set(&hash, BYTES("f4"), BYTES("v"), &table_limits);
    CHECK_TEXT(hash_type.encoding(hash.word), "hashtable");
    CHECK_INT(hash_field_expiry(&hash, BYTES("f0")), 300);
    CHECK_INT(hash_field_expiry(&hash, BYTES("f3")), 900);
    CHECK_INT(hash_field_expiry(&hash, BYTES("f4")), HASH_NO_EXPIRY);
    hash_destroy(&hash);
}

TEST(a_hash_of_which_no_field_expires_is_no_bigger)
{
    struct hash plain = make(&packed_limits, 10), timed = make(&packed_limits, 10);
    set_expiry(&timed, BYTES("f1"), 5);
    CHECK(hash_type.memory(plain.word) < hash_type.memory(timed.word));
    CHECK_INT(hash_type.memory(plain.word), memory_size(hash_pack(&plain)));
    CHECK(hash_body(&plain) == NULL && hash_body(&timed) != NULL);
    CHECK_TEXT(hash_type.encoding(plain.word), "listpack");
    hash_destroy(&plain);
    hash_destroy(&timed);
}

static struct hash through_a_dump(const struct hash *hash, unsigned char expected)
{
    struct buf payload;
    struct rdb_writer writer;
    buf_init(&payload, 1 << 20);
    const struct rdb_sink sink = {rdb_sink_into_buf, &payload};
    rdb_writer_init(&writer, &sink, 10);
    hash_type.rdb_save(hash->word, &writer);
    rdb_writer_finish(&writer);
    CHECK_INT(hash_type.rdb_type(hash->word), expected);
    struct rdb_reader reader = {.data = buf_bytes(&payload), .random = &generator};
    const struct value_type *type;
    void *data = NULL;
    CHECK(rdb_read_value(&reader, expected, &type, &data));
    CHECK_INT(reader.at, payload.size);
    buf_finish(&payload);
    return (struct hash){data};
}

TEST(dumps_hold_the_times)
{
    static const unsigned char marks[] = {RDB_TYPE_HASH_LISTPACK_EXPIRING, RDB_TYPE_HASH_EXPIRING};
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct hash hash = make(both[i], i == 0 ? 20 : 600);
        set_expiry(&hash, BYTES("f7"), 1700000000123);
        set_expiry(&hash, BYTES("f3"), 1700000000123);
        set_expiry(&hash, BYTES("f5"), HASH_LATEST_EXPIRY_MS);
        struct hash copy = {hash_type.copy(hash.word)}, back = through_a_dump(&hash, marks[i]);
        hash_destroy(&hash);
        for (int which = 0; which < 2; which++) {
            hash = which == 0 ? copy : back;
            CHECK_INT(hash_field_expiry(&hash, BYTES("f7")), 1700000000123);
            CHECK_INT(hash_field_expiry(&hash, BYTES("f5")), HASH_LATEST_EXPIRY_MS);
            CHECK_INT(hash_field_expiry(&hash, BYTES("f6")), HASH_NO_EXPIRY);
            CHECK_INT(expire(&hash, 1700000000123), 2);
        }
        hash_destroy(&copy);
        hash_destroy(&back);
    }
}

/* Type 25 as Redis 7.4 writes it: the first time, then a listpack of field, value, time. */
static bool loads(struct bytes fields[], size_t count)
{
    struct listpack *pack = listpack_create();
    for (size_t i = 0; i < count; i++) {
        pack = listpack_append(pack, fields[i]);
    }
    struct buf payload;
    struct rdb_writer writer;
    buf_init(&payload, 1 << 20);
    const struct rdb_sink sink = {rdb_sink_into_buf, &payload};
    rdb_writer_init(&writer, &sink, 10);
    rdb_write_little(&writer, 5, 8);
    rdb_write_string(&writer, listpack_bytes(pack));
    rdb_writer_finish(&writer);
    struct rdb_reader reader = {.data = buf_bytes(&payload), .random = &generator};
    const struct value_type *type;
    void *data = NULL;
    bool loaded = rdb_read_value(&reader, RDB_TYPE_HASH_LISTPACK_EXPIRING, &type, &data);
    if (loaded) {
        hash_destroy(&(struct hash){data});
    }
    memory_free(pack);
    buf_finish(&payload);
    return loaded;
}

TEST(damaged_dumps_are_refused)
{
    random_init(&generator, 7);
    struct bytes good[] = {BYTES("a"), BYTES("1"), BYTES("5"), BYTES("b"), BYTES("2"), BYTES("0")};
    CHECK(loads(good, 6));
    CHECK(loads(good, 3));
    CHECK(!loads(good, 0));
    CHECK(!loads(good, 5));
    struct bytes twice[] = {BYTES("a"), BYTES("1"), BYTES("5"), BYTES("a"), BYTES("2"), BYTES("0")};
    CHECK(!loads(twice, 6));
    struct bytes text[] = {BYTES("a"), BYTES("1"), BYTES("soon")};
    CHECK(!loads(text, 3));
    struct bytes negative[] = {BYTES("a"), BYTES("1"), BYTES("-5")};
    CHECK(!loads(negative, 3));
    struct bytes late[] = {BYTES("a"), BYTES("1"), BYTES("70368744177664")};
    CHECK(!loads(late, 3));
}

static const struct test_case cases[] = {
    CASE(fields_go_when_they_are_due_and_no_others),
    CASE(a_new_value_ends_the_expiry_and_an_update_keeps_it),
    CASE(a_packed_hash_keeps_its_times_when_it_becomes_a_table),
    CASE(a_hash_of_which_no_field_expires_is_no_bigger),
    CASE(dumps_hold_the_times),
    CASE(damaged_dumps_are_refused),
};
TEST_MAIN(cases)
