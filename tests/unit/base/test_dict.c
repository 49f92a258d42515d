/* The hash map: contents, resizing, iteration under change, SCAN's promise. */
#include "base/dict.h"

#include <string.h>

#include "tests/support/test.h"

enum { MANY = 5000 };

static size_t released;

static void count_release(void *payload)
{
    (void)payload;
    released++;
}

static struct bytes key_of(int number, char text[16])
{
    return (struct bytes){text, (size_t)snprintf(text, 16, "key:%d", number)};
}

static void add(struct dict *dict, int number)
{
    char text[16];
    bool created;
    int64_t *payload = dict_insert(dict, key_of(number, text), &created);
    *payload = number;
}

static bool drop(struct dict *dict, int number)
{
    char text[16];
    return dict_remove(dict, key_of(number, text));
}

static bool has(const struct dict *dict, int number)
{
    char text[16];
    const int64_t *payload = dict_find(dict, key_of(number, text));
    return payload != NULL && *payload == number;
}

static struct random dice;

static struct dict dict_of(int count)
{
    struct dict dict;
    random_init(&dice, 42);
    dict_init(&dict, sizeof(int64_t), count_release, &dice);
    released = 0;
    for (int i = 0; i < count; i++) {
        add(&dict, i);
    }
    return dict;
}

TEST(dict_finds_what_was_inserted_and_nothing_else)
{
    struct dict dict = dict_of(MANY);
    CHECK_INT(dict_count(&dict), MANY);
    for (int i = 0; i < MANY; i++) {
        CHECK(has(&dict, i));
    }
    CHECK(!has(&dict, MANY));
    CHECK(dict_find(&dict, BYTES("")) == NULL);
    dict_finish(&dict);
    CHECK_INT(released, MANY);
}

TEST(dict_inserts_a_key_once_and_zeroed)
{
    struct dict dict = dict_of(0);
    bool created;
    int64_t *payload = dict_insert(&dict, BYTES("a"), &created);
    CHECK(created);
    CHECK_INT(*payload, 0);
    *payload = 7;
    CHECK(dict_insert(&dict, BYTES("a"), &created) == payload);
    CHECK(!created);
    CHECK_INT(*payload, 7);
    dict_finish(&dict);
}

TEST(dict_takes_any_bytes_as_key)
{
    struct dict dict = dict_of(0);
    bool created;
    void *empty = dict_insert(&dict, (struct bytes){NULL, 0}, &created);
    void *binary = dict_insert(&dict, BYTES("\0\xff\n"), &created);
    CHECK(dict_find(&dict, BYTES("")) == empty);
    CHECK(dict_find(&dict, BYTES("\0\xff\n")) == binary);
    CHECK_BYTES(dict_key(&dict, binary), BYTES("\0\xff\n"));
    CHECK_BYTES(dict_key(&dict, empty), BYTES(""));
    dict_finish(&dict);
}

TEST(payloads_keep_their_address_and_alignment_while_the_dict_grows)
{
    struct dict dict = dict_of(1);
    void *first = dict_find(&dict, BYTES("key:0"));
    for (int i = 1; i < MANY; i++) {
        add(&dict, i);
    }
    CHECK(dict_find(&dict, BYTES("key:0")) == first);
    CHECK_INT((uintptr_t)first % 8, 0);
    dict_finish(&dict);
}

TEST(dict_works_without_payload_and_release)
{
    struct dict dict;
    bool created;
    random_init(&dice, 1);
    dict_init(&dict, 0, NULL, &dice);
    for (int i = 0; i < 100; i++) {
        char text[16];
        dict_insert(&dict, key_of(i, text), &created);
    }
    struct dict_cursor cursor = dict_begin(&dict);
    for (void *payload; (payload = dict_next(&cursor)) != NULL;) {
        dict_remove_payload(&dict, payload);
    }
    CHECK_INT(dict_count(&dict), 0);
    CHECK_INT(dict.entries_memory, 0);
    dict_finish(&dict);
}

TEST(dict_removes_by_key_and_by_payload)
{
    struct dict dict = dict_of(10);
    CHECK(drop(&dict, 3));
    CHECK(!drop(&dict, 3));
    dict_remove_payload(&dict, dict_find(&dict, BYTES("key:4")));
    CHECK_INT(dict_count(&dict), 8);
    CHECK_INT(released, 2);
    CHECK(!has(&dict, 4));
    CHECK(has(&dict, 5));
    dict_finish(&dict);
}

TEST(dict_shrinks_when_it_empties)
{
    struct dict dict = dict_of(MANY);
    size_t full = dict_memory(&dict);
    for (int i = 10; i < MANY; i++) {
        CHECK(drop(&dict, i));
    }
    CHECK(dict.masks[0] < 1024);
    for (int i = 0; i < 10; i++) {
        CHECK(has(&dict, i));
    }
    CHECK(dict_memory(&dict) < full / 10);
    dict_finish(&dict);
}

TEST(memory_is_counted_down_to_nothing)
{
    struct dict dict = dict_of(MANY);
    CHECK(dict.entries_memory >= MANY * (16 + 8 + 5));
    dict_clear(&dict);
    CHECK_INT(dict_memory(&dict), 0);
    CHECK_INT(released, MANY);
    add(&dict, 1);
    CHECK(has(&dict, 1));
    dict_finish(&dict);
}

TEST(a_dict_is_cleared_step_by_step)
{
    for (int count = MANY; count > 0; count = count == MANY ? 4097 : 0) { /* 4097: amid rehashing */
        struct random random;
        struct dict dict;
        size_t position = 0, steps = 1;
        random_init(&random, 7);
        dict_init(&dict, sizeof(int64_t), count_release, &random);
        for (int i = 0; i < count; i++) {
            add(&dict, i);
        }
        released = 0;
        for (; !dict_clear_some(&dict, 100, &position); steps++) {
            CHECK(released <= 200 * steps);
        }
        CHECK(steps > 10);
        CHECK_INT(released, count);
        CHECK_INT(dict_count(&dict), 0);
        CHECK_INT(dict_memory(&dict), 0);
        add(&dict, 1);
        CHECK(has(&dict, 1));
        dict_finish(&dict);
    }
}

TEST(zeroed_dict_can_be_finished_and_searched)
{
    struct dict dict = {0};
    CHECK(dict_find(&dict, BYTES("a")) == NULL);
    CHECK(!dict_remove(&dict, BYTES("a")));
    CHECK_INT(dict_count(&dict), 0);
    dict_finish(&dict);
}

TEST(iteration_sees_every_entry_once_at_every_size)
{
    struct dict dict = dict_of(0);
    for (int size = 0; size < 300; size++) {
        bool seen[300] = {false};
        int visits = 0;
        struct dict_cursor cursor = dict_begin(&dict);
        for (int64_t *payload; (payload = dict_next(&cursor)) != NULL; visits++) {
            CHECK(!seen[*payload]);
            seen[*payload] = true;
        }
        CHECK(dict_next(&cursor) == NULL);
        CHECK_INT(visits, size);
        CHECK_INT(dict.paused, 0);
        add(&dict, size);
    }
    dict_finish(&dict);
}

TEST(iteration_survives_removal_of_any_entry)
{
    struct dict dict = dict_of(MANY);
    int visits = 0;
    struct dict_cursor cursor = dict_begin(&dict);
    for (int64_t *payload; (payload = dict_next(&cursor)) != NULL; visits++) {
        int number = (int)*payload;
        /* Whole neighbourhoods go, also what the cursor would have stepped to next. */
        for (int i = 0; i < 20; i++) {
            drop(&dict, (int)random_below(&dice, MANY));
        }
        drop(&dict, number);
        CHECK(!has(&dict, number));
    }
    CHECK(visits > 0);
    CHECK_INT(dict_count(&dict) + released, MANY);
    dict_finish(&dict);
    CHECK_INT(released, MANY);
}

TEST(iteration_survives_insertion)
{
    struct dict dict = dict_of(100);
    bool seen[100] = {false};
    struct dict_cursor cursor = dict_begin(&dict);
    int next = 100;
    for (int64_t *payload; (payload = dict_next(&cursor)) != NULL;) {
        if (*payload < 100) {
            seen[*payload] = true;
        }
        if (next < 2000) {
            add(&dict, next++);
        }
    }
    for (int i = 0; i < 100; i++) {
        CHECK(seen[i]);
    }
    dict_finish(&dict);
}

TEST(empty_dict_may_be_filled_while_it_is_iterated)
{
    struct dict dict = dict_of(0);
    struct dict_cursor cursor = dict_begin(&dict);
    add(&dict, 1);
    dict_end(&cursor);
    dict_end(&cursor);
    CHECK(has(&dict, 1));
    CHECK_INT(dict.paused, 0);
    dict_finish(&dict);
}

static void mark(void *context, struct bytes key, void *payload)
{
    bool *seen = context;
    (void)key;
    seen[*(int64_t *)payload] = true;
}

/* Runs a whole SCAN, with `change` after each step; entries 0 to 99 stay throughout. */
static void scan_while(struct dict *dict, void (*change)(struct dict *dict, int step))
{
    static bool seen[100 * MANY];
    memset(seen, 0, sizeof(seen));
    uint64_t position = 0;
    int step = 0;
    do {
        position = dict_scan(dict, position, mark, seen);
        change(dict, step++);
    } while (position != 0 && step < 20 * MANY);
    CHECK_INT(position, 0);
    for (int i = 0; i < 100; i++) {
        CHECK(seen[i]);
    }
}

static void change_nothing(struct dict *dict, int step)
{
    (void)dict;
    (void)step;
}

static void grow(struct dict *dict, int step)
{
    for (int i = 0; i < 7 && step < 3000; i++) {
        add(dict, 100 + step * 7 + i);
    }
}

static void shrink(struct dict *dict, int step)
{
    for (int i = 0; i < 7; i++) {
        drop(dict, 100 + step * 7 + i);
    }
}

TEST(dict_scan_sees_every_entry_at_rest_and_amid_rehashing)
{
    for (int size = 100; size < 600; size++) {
        struct dict dict = dict_of(size);
        scan_while(&dict, change_nothing);
        dict_finish(&dict);
    }
}

TEST(dict_scan_sees_every_entry_while_it_grows)
{
    struct dict dict = dict_of(100);
    scan_while(&dict, grow);
    dict_finish(&dict);
}

TEST(dict_scan_sees_every_entry_while_it_shrinks)
{
    struct dict dict = dict_of(MANY);
    scan_while(&dict, shrink);
    dict_finish(&dict);
}

TEST(dict_scan_of_an_empty_dict_ends_at_once)
{
    struct dict dict = dict_of(0);
    bool seen[1] = {false};
    CHECK_INT(dict_scan(&dict, 0, mark, seen), 0);
    CHECK_INT(dict_scan(&dict, 12345, mark, seen), 0);
    dict_finish(&dict);
}

TEST(dict_random_is_fair_enough)
{
    struct dict dict = dict_of(20);
    int drawn[20] = {0};
    for (int i = 0; i < 20000; i++) {
        drawn[*(int64_t *)dict_random(&dict, &dice)]++;
    }
    for (int i = 0; i < 20; i++) {
        CHECK(drawn[i] > 200);
    }
    dict_clear(&dict);
    CHECK(dict_random(&dict, &dice) == NULL);
    dict_finish(&dict);
}

TEST(dict_sample_gives_distinct_entries)
{
    struct dict dict = dict_of(MANY);
    void *payloads[16];
    for (int i = 0; i < 1000; i++) {
        size_t count = dict_sample(&dict, &dice, payloads, 16);
        CHECK(count > 0 && count <= 16);
        for (size_t a = 0; a < count; a++) {
            for (size_t b = 0; b < a; b++) {
                CHECK(payloads[a] != payloads[b]);
            }
        }
    }
    dict_finish(&dict);
}

TEST(dict_sample_finds_a_lone_entry)
{
    struct dict dict = dict_of(1);
    void *payloads[1];
    CHECK_INT(dict_sample(&dict, &dice, payloads, 1), 1);
    CHECK(payloads[0] == dict_find(&dict, BYTES("key:0")));
    dict_clear(&dict);
    CHECK_INT(dict_sample(&dict, &dice, payloads, 1), 0);
    dict_finish(&dict);
}

TEST(dict_holds_up_under_random_work)
{
    struct dict dict = dict_of(0);
    static bool present[MANY];
    size_t count = 0;
    memset(present, 0, sizeof(present));
    for (int i = 0; i < 200000; i++) {
        /* Alternating bias fills and empties the map again and again. */
        bool filling = i / 20000 % 2 == 0;
        int number = (int)random_below(&dice, MANY);
        if (random_below(&dice, 10) < (filling ? 8u : 2u)) {
            count += present[number] ? 0 : 1;
            present[number] = true;
            add(&dict, number);
        } else {
            CHECK(drop(&dict, number) == present[number]);
            count -= present[number] ? 1 : 0;
            present[number] = false;
        }
    }
    CHECK_INT(dict_count(&dict), count);
    for (int i = 0; i < MANY; i++) {
        CHECK(has(&dict, i) == present[i]);
    }
    dict_finish(&dict);
    CHECK_INT(dict.entries_memory, 0);
}

static const struct test_case cases[] = {
    CASE(dict_finds_what_was_inserted_and_nothing_else),
    CASE(dict_inserts_a_key_once_and_zeroed),
    CASE(dict_takes_any_bytes_as_key),
    CASE(payloads_keep_their_address_and_alignment_while_the_dict_grows),
    CASE(dict_works_without_payload_and_release),
    CASE(dict_removes_by_key_and_by_payload),
    CASE(dict_shrinks_when_it_empties),
    CASE(memory_is_counted_down_to_nothing),
    CASE(a_dict_is_cleared_step_by_step),
    CASE(zeroed_dict_can_be_finished_and_searched),
    CASE(iteration_sees_every_entry_once_at_every_size),
    CASE(iteration_survives_removal_of_any_entry),
    CASE(iteration_survives_insertion),
    CASE(empty_dict_may_be_filled_while_it_is_iterated),
    CASE(dict_scan_sees_every_entry_at_rest_and_amid_rehashing),
    CASE(dict_scan_sees_every_entry_while_it_grows),
    CASE(dict_scan_sees_every_entry_while_it_shrinks),
    CASE(dict_scan_of_an_empty_dict_ends_at_once),
    CASE(dict_random_is_fair_enough),
    CASE(dict_sample_gives_distinct_entries),
    CASE(dict_sample_finds_a_lone_entry),
    CASE(dict_holds_up_under_random_work),
};

TEST_MAIN(cases)
