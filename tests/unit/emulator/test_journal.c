/* The request journal: a ring of names and outcomes. */
#include "emulator/journal.h"

#include <string.h>

#include "tests/support/test.h"

static void add(struct journal *journal, const char *plane, const char *subject)
{
    journal_add(journal, &(struct journal_event){
                             .plane = plane,
                             .operation = BYTES("GET"),
                             .subject = bytes_from_string(subject),
                             .outcome = BYTES("200"),
                             .duration_us = 1500,
                         });
}

static const char *subject_at(const cJSON *list, int index)
{
    return cJSON_GetObjectItem(cJSON_GetArrayItem(list, index), "subject")->valuestring;
}

TEST(newest_first_and_by_plane)
{
    struct clock *clock = clock_create(NULL, NULL);
    struct journal *journal = journal_create(clock);

    add(journal, "arm", "/one");
    add(journal, "entra", "/two");
    add(journal, "arm", "/three\r\n\x1b[31m");
    cJSON *all = journal_latest(journal, 100, NULL);
    CHECK_INT(cJSON_GetArraySize(all), 3);
    CHECK_TEXT(subject_at(all, 0), "/three???[31m");
    CHECK_TEXT(subject_at(all, 2), "/one");
    CHECK(cJSON_GetObjectItem(cJSON_GetArrayItem(all, 0), "durationMs")->valuedouble == 1.5);
    cJSON_Delete(all);
    cJSON *some = journal_latest(journal, 1, "arm");
    CHECK_INT(cJSON_GetArraySize(some), 1);
    CHECK_TEXT(subject_at(some, 0), "/three???[31m");
    cJSON_Delete(some);
    journal_destroy(journal);
    clock_destroy(clock);
}

TEST(old_ones_make_room)
{
    struct clock *clock = clock_create(NULL, NULL);
    struct journal *journal = journal_create(clock);
    char subject[400];

    memset(subject, 'x', sizeof(subject));
    subject[sizeof(subject) - 1] = '\0';
    for (int i = 0; i < 2 * JOURNAL_CAPACITY; i++) {
        add(journal, "arm", subject);
    }
    CHECK_INT(journal_total(journal), 2 * JOURNAL_CAPACITY);
    cJSON *all = journal_latest(journal, 10 * JOURNAL_CAPACITY, NULL);
    CHECK_INT(cJSON_GetArraySize(all), JOURNAL_CAPACITY);
    cJSON_Delete(all);
    journal_clear(journal);
    all = journal_latest(journal, 10, NULL);
    CHECK_INT(cJSON_GetArraySize(all), 0);
    cJSON_Delete(all);
    journal_destroy(journal);
    clock_destroy(clock);
}

static const struct test_case cases[] = {
    CASE(newest_first_and_by_plane),
    CASE(old_ones_make_room),
};

TEST_MAIN(cases)
