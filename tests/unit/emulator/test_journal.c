/* The request journal: a ring of names and outcomes, conditions on them, and expectations. */
#include "emulator/journal.h"

#include <string.h>

#include "emulator/journal_match.h"
#include "emulator/journal_verify.h"
#include "emulator/recorder.h"
#include "tests/support/test.h"

struct fixture {
    struct clock *clock;
    struct journal *journal;
};

static void set_up(struct fixture *fixture)
{
    fixture->clock = clock_create(NULL, NULL);
    fixture->journal = journal_create(fixture->clock);
}

static void tear_down(struct fixture *fixture)
{
    journal_destroy(fixture->journal);
    clock_destroy(fixture->clock);
}

static void add_request(struct fixture *fixture, const char *plane, const char *path)
{
    journal_add(fixture->journal, &(struct journal_event){
                                      .plane = plane,
                                      .texts =
                                          {
                                              [JOURNAL_OPERATION] = BYTES("GET"),
                                              [JOURNAL_PATH] = bytes_from_string(path),
                                              [JOURNAL_OUTCOME] = BYTES("200"),
                                          },
                                      .database = -1,
                                      .ttl_ms = JOURNAL_TTL_ABSENT,
                                      .duration_us = 1500,
                                  });
}

static void add_command(struct fixture *fixture, const char *command, const char *key,
                        int64_t ttl_ms, const char *error)
{
    struct bytes keys[] = {bytes_from_string(key)};
    journal_add(fixture->journal,
                &(struct journal_event){
                    .plane = "redis",
                    .texts =
                        {
                            [JOURNAL_OPERATION] = bytes_from_string(command),
                            [JOURNAL_CACHE] = BYTES("devcache"),
                            [JOURNAL_CLIENT_NAME] = BYTES("web"),
                            [JOURNAL_OUTCOME] = bytes_from_string(error == NULL ? "ok" : error),
                        },
                    .keys = keys,
                    .key_count = key == NULL ? 0 : 1,
                    .failed = error != NULL,
                    .ttl_ms = ttl_ms,
                    .duration_us = 10,
                });
}

TEST(keeps_what_is_printable)
{
    struct fixture f;
    set_up(&f);
    add_request(&f, "arm", "/caf\xc3\xa9\r\n\x1b[31m\xff");
    cJSON *document = journal_entry_document(journal_at(f.journal, 0));
    CHECK_TEXT(cJSON_GetObjectItem(document, "path")->valuestring,
               "/caf\xc3\xa9\\x0d\\x0a\\x1b[31m\\xff");
    CHECK(cJSON_GetObjectItem(document, "durationMs")->valuedouble == 1.5);
    CHECK(cJSON_GetObjectItem(document, "keys") == NULL);
    cJSON_Delete(document);
    tear_down(&f);
}

TEST(old_ones_make_room_by_number_and_by_bytes)
{
    struct fixture f;
    set_up(&f);
    for (int i = 0; i < JOURNAL_CAPACITY + 10; i++) {
        add_request(&f, "arm", "/x");
    }
    CHECK_INT(journal_total(f.journal), JOURNAL_CAPACITY + 10);
    CHECK_INT(journal_count(f.journal), JOURNAL_CAPACITY);
    CHECK_INT(journal_dropped(f.journal), 10);
    CHECK_INT(journal_at(f.journal, 0)->number, 11);
    journal_clear(f.journal);
    CHECK_INT(journal_count(f.journal), 0);
    CHECK_INT(journal_dropped(f.journal), 0);
    char path[4000];
    memset(path, 0xff, sizeof(path)); /* each byte takes four when shown */
    path[sizeof(path) - 1] = '\0';
    for (int i = 0; i < JOURNAL_CAPACITY; i++) {
        add_request(&f, "arm", path);
    }
    CHECK(journal_dropped(f.journal) > 0);
    CHECK(journal_count(f.journal) > 1000);
    tear_down(&f);
}

static size_t count_fitting(struct fixture *f, const char *query)
{
    struct journal_match match;
    struct buf error;
    size_t count = 0;

    buf_init(&error, 4096);
    CHECK(journal_match_parse_query(&match, bytes_from_string(query), NULL, &error));
    CHECK_TEXT(buf_string(&error), "");
    for (size_t i = 0; i < journal_count(f->journal); i++) {
        count += journal_match_fits(&match, f->journal, i) ? 1 : 0;
    }
    journal_match_finish(&match);
    buf_finish(&error);
    return count;
}

TEST(conditions_choose)
{
    struct fixture f;
    set_up(&f);
    add_request(&f, "arm", "/one");
    add_command(&f, "GET", "user:1", JOURNAL_TTL_ABSENT, NULL);
    add_command(&f, "SET", "user:2", 5000, NULL);
    add_command(&f, "CONFIG GET", NULL, JOURNAL_TTL_ABSENT, NULL);
    add_command(&f, "HSET", "User:3", JOURNAL_TTL_NONE, NULL);
    add_command(&f, "HGET", "user:2", JOURNAL_TTL_ABSENT, "WRONGTYPE");
    const struct {
        const char *query;
        size_t count;
    } rows[] = {
        {"", 6},
        {"plane=arm", 1},
        {"plane=ARM&path=/two", 0},
        {"operation=get", 2},
        {"command=get", 1},
        {"command=config", 1},
        {"command=config+get", 1},
        {"command=@write", 2},
        {"command=@hash", 2},
        {"command=@read&command=%40write", 4},
        {"key=user:*", 3},
        {"key=user:1&key=User:3", 2},
        {"database=0", 5},
        {"database=1", 0},
        {"client=web", 5},
        {"outcome=error", 1},
        {"outcome=WRONGTYPE", 1},
        {"outcome=ok&plane=redis", 4},
        {"ttl=true", 1},
        {"ttl=false", 1},
        {"since=4", 2},
        {"since=2000-01-01T00:00:00Z", 6},
        {"since=2100-01-01T00:00:00Z", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (count_fitting(&f, rows[i].query) != rows[i].count) {
            CHECK_TEXT(rows[i].query, "has another count");
        }
    }
    tear_down(&f);
}

TEST(bad_conditions_are_named)
{
    const struct {
        const char *query, *error;
    } rows[] = {
        {"plain=arm", "'plain' is not known here; did you mean 'plane'?"},
        {"database=x", "'database' is 'x', but must be a number"},
        {"command=@wirte",
         "'command' is '@wirte', but must be a command, @read, @write, @all or a group such as "
         "@hash"},
        {"since=now", "'since' is 'now', but must be the id of a request or a time such as "
                      "2026-01-31T12:00:00Z"},
        {"ttl=true&ttl=false", "'ttl' takes one value"},
        {"key=%zz", "the query is too long or its escapes are broken"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct journal_match match;
        struct buf error;
        buf_init(&error, 4096);
        CHECK(!journal_match_parse_query(&match, bytes_from_string(rows[i].query), NULL, &error));
        CHECK_TEXT(buf_string(&error), rows[i].error);
        journal_match_finish(&match);
        buf_finish(&error);
    }
}

/* "" when all passed, else the message of the first that did not, or the error. */
static const char *verify(struct fixture *f, const char *body, struct buf *text)
{
    cJSON *parsed = cJSON_Parse(body);
    const struct verify_question question = {f->journal, true, parsed};

    CHECK(parsed != NULL);
    buf_clear(text);
    cJSON *answer = journal_verify(&question, text);
    if (answer != NULL) {
        const cJSON *result;
        bool passed = true;
        cJSON_ArrayForEach(result, cJSON_GetObjectItem(answer, "results"))
        {
            const cJSON *message = cJSON_GetObjectItem(result, "message");
            if (passed && message != NULL) {
                passed = false;
                buf_append_string(text, message->valuestring);
            }
        }
        CHECK(passed == (cJSON_IsTrue(cJSON_GetObjectItem(answer, "passed")) != 0));
    }
    cJSON_Delete(answer);
    cJSON_Delete(parsed);
    return buf_string(text);
}

TEST(expectations_are_judged)
{
    struct fixture f;
    struct buf text;
    set_up(&f);
    buf_init(&text, 64 * 1024);
    add_command(&f, "GET", "user:1", JOURNAL_TTL_ABSENT, NULL);
    add_command(&f, "GET", "user:1", JOURNAL_TTL_ABSENT, NULL);
    add_command(&f, "SET", "a", 5000, NULL);
    add_command(&f, "SET", "b", JOURNAL_TTL_NONE, NULL);
    add_command(&f, "KEYS", NULL, JOURNAL_TTL_ABSENT, NULL);
    CHECK_TEXT(verify(&f,
                      "{\"match\": {\"command\": \"GET\", \"key\": \"user:1\"}, \"exactly\": 2}",
                      &text),
               "");
    CHECK_TEXT(
        verify(&f, "[{\"match\": {\"command\": \"GET\"}, \"atLeast\": 1, \"atMost\": 2}]", &text),
        "");
    CHECK_TEXT(verify(&f,
                      "{\"expectations\": [{\"match\": {\"command\": \"FLUSHALL\"}, "
                      "\"never\": true}]}",
                      &text),
               "");
    CHECK_TEXT(verify(&f, "{\"match\": {\"command\": \"KEYS\"}, \"never\": true}", &text),
               "expected no request with command KEYS; there was 1");
    CHECK_TEXT(verify(&f, "{\"match\": {\"key\": \"user:2\"}}", &text),
               "expected at least 1 request with key user:2; there were 0");
    CHECK_TEXT(verify(&f, "{\"match\": {\"command\": \"SET\"}, \"every\": {\"ttl\": true}}", &text),
               "expected every request with command SET to have ttl true; 1 of 2 had not");
    add_command(&f, "EXPIRE", "b", 1000, NULL);
    CHECK_TEXT(verify(&f,
                      "{\"match\": {\"command\": \"SET\"}, \"every\": {\"ttl\": \"eventually\"}}",
                      &text),
               "");
    buf_finish(&text);
    tear_down(&f);
}

TEST(malformed_expectations_are_refused)
{
    const struct {
        const char *body, *error;
    } rows[] = {
        {"{\"mach\": {}}", "Expectation 0: an expectation has no 'mach'; did you mean 'match'?"},
        {"[{\"match\": {}}, {\"match\": {}, \"exactly\": -1}]",
         "Expectation 1: 'exactly' must be a whole number from 0 up"},
        {"{\"match\": {}, \"exactly\": 1, \"never\": true}",
         "Expectation 0: an expectation has either 'exactly', 'never', or 'atLeast' and 'atMost'"},
        {"{\"match\": {}, \"atLeast\": 2, \"atMost\": 1}",
         "Expectation 0: 'atLeast' is more than 'atMost'"},
        {"{\"match\": {\"kye\": \"a\"}}",
         "Expectation 0: 'kye' is not known here; did you mean 'key'?"},
        {"[]", "there must be 1 to 1000 expectations"},
    };
    struct fixture f;
    struct buf text;
    set_up(&f);
    buf_init(&text, 64 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_TEXT(verify(&f, rows[i].body, &text), rows[i].error);
    }
    buf_finish(&text);
    tear_down(&f);
}

TEST(a_record_with_gaps_proves_nothing_absent)
{
    struct fixture f;
    struct buf text;
    set_up(&f);
    buf_init(&text, 64 * 1024);
    for (int i = 0; i < JOURNAL_CAPACITY + 1; i++) {
        add_command(&f, "GET", "a", JOURNAL_TTL_ABSENT, NULL);
    }
    CHECK_TEXT(verify(&f, "{\"match\": {\"command\": \"GET\"}, \"atLeast\": 3}", &text), "");
    verify(&f, "{\"match\": {\"command\": \"KEYS\"}, \"never\": true}", &text);
    CHECK(bytes_start_with(buf_bytes(&text), BYTES("the record is not whole: 1 older requests")));
    buf_finish(&text);
    tear_down(&f);
}

TEST(operations_are_named_as_roles_name_them)
{
    const struct {
        const char *method, *path, *name;
    } rows[] = {
        {"PUT", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/c",
         "Microsoft.Cache/redis/write"},
        {"POST", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/c/listKeys",
         "Microsoft.Cache/redis/listKeys/action"},
        {"GET", "/subscriptions/s/providers/Microsoft.Cache/redis", "Microsoft.Cache/redis/read"},
        {"DELETE",
         "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/c/firewallRules/r",
         "Microsoft.Cache/redis/firewallRules/delete"},
        {"PUT", "/subscriptions/s/resourcegroups/g",
         "Microsoft.Resources/subscriptions/resourcegroups/write"},
        {"GET", "/", "Microsoft.Resources/read"},
    };
    struct buf name;
    buf_init(&name, 1024);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&name);
        arm_operation_name(bytes_from_string(rows[i].method), bytes_from_string(rows[i].path),
                           &name);
        CHECK_TEXT(buf_string(&name), rows[i].name);
    }
    buf_finish(&name);
}

static const struct test_case cases[] = {
    CASE(keeps_what_is_printable),
    CASE(old_ones_make_room_by_number_and_by_bytes),
    CASE(conditions_choose),
    CASE(bad_conditions_are_named),
    CASE(expectations_are_judged),
    CASE(malformed_expectations_are_refused),
    CASE(a_record_with_gaps_proves_nothing_absent),
    CASE(operations_are_named_as_roles_name_them),
};

TEST_MAIN(cases)
