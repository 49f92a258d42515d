/*
 * The checks of the unit tests. A failed one is printed with its place and the test goes on;
 * main returns check_result().
 */
#ifndef TESTS_SUPPORT_CHECK_H
#define TESTS_SUPPORT_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static int check_failures;

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
/* Texts: NULL equals NULL only. */
#define CHECK_TEXT(got, expected) check_text((got), (expected), __FILE__, __LINE__)
#define CHECK_NUMBER(got, expected) check_number((got), (expected), __FILE__, __LINE__)

static inline bool check_that(bool right, const char *text, const char *file, int line)
{
    if (!right) {
        check_failures++;
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    }
    return right;
}

static inline bool check_text(const char *got, const char *expected, const char *file, int line)
{
    bool same = got == NULL || expected == NULL ? got == expected : strcmp(got, expected) == 0;
    if (!same) {
        check_failures++;
        fprintf(stderr, "%s:%d: got      %s\n%s:%d: expected %s\n", file, line,
                got == NULL ? "(null)" : got, file, line, expected == NULL ? "(null)" : expected);
    }
    return same;
}

static inline bool check_number(long long got, long long expected, const char *file, int line)
{
    if (got != expected) {
        check_failures++;
        fprintf(stderr, "%s:%d: got %lld, expected %lld\n", file, line, got, expected);
    }
    return got == expected;
}

static inline int check_result(void)
{
    return check_failures == 0 ? 0 : 1;
}

#endif
