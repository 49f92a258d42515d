/* Durations and timestamps, read and written. */
#include "base/clock.h"

#include "tests/support/test.h"

static int64_t duration(const char *text)
{
    int64_t duration_ms = -2;
    return duration_parse(bytes_from_string(text), &duration_ms) ? duration_ms : -1;
}

static int64_t instant(const char *text)
{
    int64_t time_ms = -2;
    return timestamp_parse(bytes_from_string(text), &time_ms) ? time_ms : -1;
}

TEST(durations_are_read_with_units)
{
    CHECK_INT(duration("90s"), 90000);
    CHECK_INT(duration("20m"), 1200000);
    CHECK_INT(duration("36h"), 129600000);
    CHECK_INT(duration("7d"), 604800000);
    CHECK_INT(duration("250ms"), 250);
    CHECK_INT(duration("1h30m"), 5400000);
    CHECK_INT(duration("1.5s"), 1500);
    CHECK_INT(duration("0.0001s"), 0);
}

TEST(bare_number_is_seconds)
{
    CHECK_INT(duration("90"), 90000);
    CHECK_INT(duration("0.25"), 250);
    CHECK_INT(duration("0"), 0);
}

TEST(iso_durations_are_read)
{
    CHECK_INT(duration("PT20M"), 1200000);
    CHECK_INT(duration("P1DT2H3M4.5S"), 93784500);
    CHECK_INT(duration("P2W"), 1209600000);
    CHECK_INT(duration("PT0S"), 0);
}

TEST(what_is_no_duration_is_refused)
{
    static const char *const refused[] = {"",      "-1",   "1x",  "s",
                                          "1h30",  "1 h",  "h1",  "1..5s",
                                          ".5s",   "5.s",  "P",   "PT",
                                          "P1M",   "P1Y",  "P1H", "PT1D",
                                          "PT1",   "P1DT", "1e3", "999999999999999d",
                                          "1s ",   "1m1",  "+1s", "1000000000000000000s",
                                          "1h-5m", "P1D2"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (!CHECK_INT(duration(refused[i]), -1)) {
            printf("# it was \"%s\"\n", refused[i]);
        }
    }
}

static void check_written(int64_t duration_ms, const char *expected)
{
    char text[32];
    duration_format(duration_ms, text);
    CHECK_TEXT(text, expected);
}

TEST(durations_are_written_in_their_largest_units)
{
    check_written(0, "0s");
    check_written(250, "250ms");
    check_written(5400000, "1h30m");
    check_written(90061001, "1d1h1m1s1ms");
    check_written(-1500, "-1s500ms");
    check_written(INT64_MIN, "-106751991167d7h12m55s808ms");
}

TEST(timestamps_are_read_with_decimals_and_offsets)
{
    CHECK_INT(instant("1970-01-01T00:00:00Z"), 0);
    CHECK_INT(instant("2026-11-20T22:20:05.123Z"), 1795213205123);
    CHECK_INT(instant("2026-11-20T22:20:05.1239999z"), 1795213205123);
    CHECK_INT(instant("2026-11-20T22:20:05.5"), 1795213205500);
    CHECK_INT(instant("2026-11-21T00:20:05+02:00"), 1795213205000);
    CHECK_INT(instant("2026-11-20T16:50:05-0530"), 1795213205000);
    CHECK_INT(instant("1969-12-31T23:59:58Z"), -2000);
    CHECK_INT(instant("2000-02-29T00:00:00Z"), 951782400000);
}

TEST(what_is_no_timestamp_is_refused)
{
    static const char *const refused[] = {
        "",
        "2026-11-20",
        "2026-11-20 22:20:05Z",
        "2026-13-20T22:20:05Z",
        "2026-00-20T22:20:05Z",
        "2026-02-29T22:20:05Z",
        "2026-04-31T22:20:05Z",
        "2026-11-00T22:20:05Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T22:60:05Z",
        "2026-11-20T22:20:60Z",
        "2026-11-20T22:20:05.Z",
        "2026-11-20T22:20:05ZZ",
        "2026-11-20T22:20:05+25:00",
        "2026-11-20T22:20:05+2",
        "+026-11-20T22:20:05Z",
        "2026-11-20T22:20:0 Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (!CHECK_INT(instant(refused[i]), -1)) {
            printf("# it was \"%s\"\n", refused[i]);
        }
    }
}

TEST(timestamps_are_written_as_they_are_read)
{
    static const int64_t times[] = {0, 1, 999, 1795213205123, 951782400000, 253402300799999, -1};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[32];
        timestamp_format(times[i], text);
        int64_t again = 77;
        CHECK(timestamp_parse(bytes_from_string(text), &again));
        CHECK_INT(again, times[i]);
    }
    char text[32];
    timestamp_format(1795213205123, text);
    CHECK_TEXT(text, "2026-11-20T22:20:05.123Z");
}

static const struct test_case cases[] = {
    CASE(durations_are_read_with_units),
    CASE(bare_number_is_seconds),
    CASE(iso_durations_are_read),
    CASE(what_is_no_duration_is_refused),
    CASE(durations_are_written_in_their_largest_units),
    CASE(timestamps_are_read_with_decimals_and_offsets),
    CASE(what_is_no_timestamp_is_refused),
    CASE(timestamps_are_written_as_they_are_read),
};

TEST_MAIN(cases)
