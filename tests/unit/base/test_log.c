/* The process log. */
#include "base/log.h"

#include <string.h>

#include "tests/support/test.h"

static struct {
    enum log_level level;
    char area[16];
    char message[4096];
    int count;
} last;

static void remember(void *context, enum log_level level, const char *area, const char *message)
{
    (void)context;
    last.level = level;
    last.count++;
    snprintf(last.area, sizeof(last.area), "%s", area);
    snprintf(last.message, sizeof(last.message), "%s", message);
}

static void log_to_test(enum log_level level)
{
    last.count = 0;
    log_configure(level, remember, NULL);
}

TEST(sink_gets_level_area_and_message)
{
    log_to_test(LOG_INFO);
    log_warn("arm", "operation failed id=%d", 7);
    CHECK_INT(last.level, LOG_WARN);
    CHECK_TEXT(last.area, "arm");
    CHECK_TEXT(last.message, "operation failed id=7");
}

TEST(lines_above_the_level_are_dropped)
{
    log_to_test(LOG_WARN);
    log_error("a", "1");
    log_warn("a", "2");
    log_info("a", "3");
    log_debug("a", "4");
    CHECK_INT(last.count, 2);
    CHECK(log_enabled(LOG_WARN));
    CHECK(!log_enabled(LOG_INFO));
}

TEST(one_event_is_one_line)
{
    log_to_test(LOG_INFO);
    log_info("a", "path=%s", "/x\r\nerror a forged\x1b[0m");
    CHECK_TEXT(last.message, "path=/x  error a forged [0m");
}

TEST(long_messages_are_cut)
{
    char text[5000];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_to_test(LOG_INFO);
    log_info("a", "%s", text);
    CHECK_INT(strlen(last.message), 2047);
}

TEST(levels_have_names)
{
    enum log_level level = LOG_ERROR;
    CHECK_TEXT(log_level_name(LOG_DEBUG), "debug");
    CHECK(log_level_from_name(BYTES("Warn"), &level));
    CHECK_INT(level, LOG_WARN);
    CHECK(!log_level_from_name(BYTES("loud"), &level));
    CHECK_INT(level, LOG_WARN);
}

static const struct test_case cases[] = {
    CASE(sink_gets_level_area_and_message),
    CASE(lines_above_the_level_are_dropped),
    CASE(one_event_is_one_line),
    CASE(long_messages_are_cut),
    CASE(levels_have_names),
};

TEST_MAIN(cases)
