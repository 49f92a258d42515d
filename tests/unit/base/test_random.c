/* The seeded generator. */
#include "base/random.h"

#include <string.h>

#include "tests/support/test.h"

TEST(same_seed_gives_the_same_numbers)
{
    struct random a, b, c;
    random_init(&a, 7);
    random_init(&b, 7);
    random_init(&c, 8);
    uint64_t first = random_next(&a);
    CHECK(first == random_next(&b));
    CHECK(first != random_next(&c));
}

/* The first outputs of the authors' C code from the state {1, 2, 3, 4}. */
TEST(generator_is_xoshiro256_starstar)
{
    struct random random = {.state = {1, 2, 3, 4}};
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        CHECK(random_next(&random) == expected[i]);
    }
}

TEST(numbers_below_a_limit_are_even)
{
    struct random random;
    int drawn[6] = {0};
    random_init(&random, 1);
    for (int i = 0; i < 60000; i++) {
        uint64_t number = random_below(&random, 6);
        if (CHECK(number < 6)) {
            drawn[number]++;
        }
    }
    for (int i = 0; i < 6; i++) {
        CHECK(drawn[i] > 9500 && drawn[i] < 10500);
    }
    CHECK_INT((int64_t)random_below(&random, 1), 0);
    CHECK(random_below(&random, UINT64_MAX) < UINT64_MAX);
}

TEST(unit_numbers_lie_between_0_and_1)
{
    struct random random;
    double sum = 0;
    random_init(&random, 1);
    for (int i = 0; i < 10000; i++) {
        double number = random_unit(&random);
        CHECK(number >= 0 && number < 1);
        sum += number;
    }
    CHECK(sum > 4900 && sum < 5100);
}

TEST(fill_writes_exactly_the_size)
{
    struct random random;
    random_init(&random, 1);
    for (size_t size = 0; size < 40; size++) {
        char memory[41];
        memset(memory, 'x', sizeof(memory));
        random_fill(&random, memory, size);
        CHECK_INT(memory[size], 'x');
    }
}

TEST(guids_are_version_4)
{
    struct random random;
    char a[GUID_SIZE + 1], b[GUID_SIZE + 1];
    random_init(&random, 1);
    random_guid(&random, a);
    random_guid(&random, b);
    CHECK_INT(strlen(a), GUID_SIZE);
    CHECK(strcmp(a, b) != 0);
    CHECK(bytes_match_glob(BYTES("*-*-4*-[89ab]*-*"), bytes_from_string(a), false));
    CHECK(a[8] == '-' && a[13] == '-' && a[14] == '4' && a[18] == '-' && a[23] == '-');
    CHECK_INT(strspn(a, "0123456789abcdef-"), GUID_SIZE);
}

static const struct test_case cases[] = {
    CASE(same_seed_gives_the_same_numbers), CASE(generator_is_xoshiro256_starstar),
    CASE(numbers_below_a_limit_are_even),   CASE(unit_numbers_lie_between_0_and_1),
    CASE(fill_writes_exactly_the_size),     CASE(guids_are_version_4),
};

TEST_MAIN(cases)
