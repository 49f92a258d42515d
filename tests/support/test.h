/*
 * The unit tests' own harness: named cases, checks that report and go on, and the TAP lines that
 * `meson test` counts one by one.
 *
 *     TEST(dict_forgets_what_is_removed) { ... CHECK(...); ... }
 *     static const struct test_case cases[] = {CASE(dict_forgets_what_is_removed)};
 *     TEST_MAIN(cases)
 */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"

struct test_case {
    const char *name;
    void (*run)(void);
};

#define TEST(name) static void name(void)
#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

/* All give whether the check held, to leave a case that cannot go on. */
#define CHECK(condition) test_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, expected) test_check_int(__FILE__, __LINE__, #got, (got), (expected))
#define CHECK_BYTES(got, expected) test_check_bytes(__FILE__, __LINE__, #got, (got), (expected))
/* NULL is shown as such and equals no text. */
#define CHECK_TEXT(got, expected) test_check_text(__FILE__, __LINE__, #got, (got), (expected))

#define TEST_MAIN(cases)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        return test_run((cases), ARRAY_LEN(cases));                                                \
    }

static int test_failures; /* of the present case */

static inline bool test_check(bool held, const char *file, int line, const char *text)
{
    if (!held) {
        test_failures++;
        printf("# %s:%d: does not hold: %s\n", file, line, text);
    }
    return held;
}

static inline bool test_check_int(const char *file, int line, const char *text, int64_t got,
                                  int64_t expected)
{
    if (got != expected) {
        test_failures++;
        printf("# %s:%d: %s is %" PRId64 ", not %" PRId64 "\n", file, line, text, got, expected);
    }
    return got == expected;
}

static inline bool test_check_bytes(const char *file, int line, const char *text, struct bytes got,
                                    struct bytes expected)
{
    bool held = bytes_equal(got, expected);
    if (!held) {
        test_failures++;
        printf("# %s:%d: %s is \"%.*s\" (%zu bytes), not \"%.*s\" (%zu bytes)\n", file, line, text,
               (int)got.size, got.data, got.size, (int)expected.size, expected.data, expected.size);
    }
    return held;
}

static inline bool test_check_text(const char *file, int line, const char *text, const char *got,
                                   const char *expected)
{
    if (got == NULL) {
        return test_check_bytes(file, line, text, BYTES("NULL"), bytes_from_string(expected));
    }
    return test_check_bytes(file, line, text, bytes_from_string(got), bytes_from_string(expected));
}

static inline int test_run(const struct test_case *cases, size_t count)
{
    bool all_held = true;
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        test_failures = 0;
        cases[i].run();
        all_held = all_held && test_failures == 0;
        printf("%s %zu - %s\n", test_failures == 0 ? "ok" : "not ok", i + 1, cases[i].name);
        fflush(stdout);
    }
    return all_held ? 0 : 1;
}

#endif
