/* The fault engine: order, windows, counts, chance, changes and snapshots. */
#include <string.h>

#include "tests/support/test.h"
#include "tests/unit/emulator/faults_fixture.h"

#define ANY "\"plane\":\"redis\",\"type\":\"error\",\"attributes\":{\"error\":\"ERR x\"}"

static double number(struct faults_fixture *fixture, const char *id, const char *name)
{
    cJSON *rule = faults_show(fixture->faults, bytes_from_string(id));
    const cJSON *item = cJSON_GetObjectItem(rule, name);
    double value = cJSON_IsBool(item) ? cJSON_IsTrue(item) : item == NULL ? -1 : item->valuedouble;
    cJSON_Delete(rule);
    return value;
}

static bool acts(struct faults_fixture *fixture)
{
    return fixture_command(fixture, "one", "get", "key");
}

TEST(without_rules_nothing_is_armed)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    CHECK(!faults_armed(fixture.faults, FAULT_REDIS));
    CHECK(!acts(&fixture));
    CHECK(fixture_add(&fixture, "{\"id\":\"a\"," ANY "}") == NULL);
    CHECK(faults_armed(fixture.faults, FAULT_REDIS));
    CHECK(!faults_armed(fixture.faults, FAULT_ARM));
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.error, "ERR x");
    CHECK_TEXT(fixture.verdict.rule, "a");
    CHECK(faults_remove(fixture.faults, BYTES("a")));
    CHECK(!faults_remove(fixture.faults, BYTES("a")));
    CHECK(!faults_armed(fixture.faults, FAULT_REDIS));
    CHECK(!acts(&fixture));
    fixture_finish(&fixture);
}

TEST(lowest_priority_first_then_list_order)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    fixture_add(&fixture, "[{\"id\":\"b\",\"priority\":2," ANY "},{\"id\":\"c\",\"priority\":1," ANY
                          "},{\"id\":\"d\",\"priority\":1," ANY "}]");
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.rule, "c");
    faults_remove(fixture.faults, BYTES("c"));
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.rule, "d");
    fixture_add(&fixture, "{\"id\":\"e\",\"priority\":-5," ANY "}");
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.rule, "e");
    fixture_finish(&fixture);
}

TEST(window_opens_and_closes_on_the_clock)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    fixture_add(&fixture, "{\"id\":\"a\",\"startAfter\":\"10s\",\"duration\":\"5s\"," ANY "}");
    CHECK(!acts(&fixture));
    CHECK_INT(number(&fixture, "a", "active"), 0);
    clock_advance(fixture.clock, 9999);
    CHECK(!acts(&fixture));
    clock_advance(fixture.clock, 1);
    CHECK(acts(&fixture));
    CHECK_INT(number(&fixture, "a", "active"), 1);
    uint64_t serial = fixture.verdict.serial;
    CHECK(faults_acting(fixture.faults, serial));
    clock_advance(fixture.clock, 4999);
    CHECK(acts(&fixture));
    clock_advance(fixture.clock, 1);
    CHECK(!acts(&fixture));
    CHECK(!faults_acting(fixture.faults, serial));
    CHECK(!faults_armed(fixture.faults, FAULT_REDIS));
    CHECK_INT(number(&fixture, "a", "fired"), 2);
    fixture_finish(&fixture);
}

TEST(counts_skip_first_and_stop_after)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    fixture_add(&fixture, "{\"id\":\"a\",\"after\":2,\"times\":3," ANY "}");
    unsigned fired = 0;
    for (int i = 0; i < 10; i++) {
        bool now = acts(&fixture);
        CHECK_INT(now, i >= 2 && i < 5);
        fired += now;
    }
    CHECK_INT(fired, 3);
    CHECK_INT(number(&fixture, "a", "fired"), 3);
    CHECK_INT(number(&fixture, "a", "hits"), 5);
    CHECK_INT(number(&fixture, "a", "active"), 0);
    CHECK(!faults_armed(fixture.faults, FAULT_REDIS));
    fixture_finish(&fixture);
}

static unsigned fired_of(const char *chance, unsigned rounds, uint64_t seed)
{
    struct faults_fixture fixture;
    char rule[256];
    unsigned fired = 0;
    fixture_init(&fixture);
    random_init(&fixture.random, seed);
    snprintf(rule, sizeof(rule), "{%s," ANY "}", chance);
    CHECK(fixture_add(&fixture, rule) == NULL);
    for (unsigned i = 0; i < rounds; i++) {
        fired += acts(&fixture);
    }
    fixture_finish(&fixture);
    return fired;
}

TEST(chance_is_drawn_from_the_seeded_generator)
{
    CHECK_INT(fired_of("\"probability\":0", 1000, 1), 0);
    CHECK_INT(fired_of("\"probability\":1", 1000, 1), 1000);
    unsigned half = fired_of("\"probability\":0.5", 1000, 7);
    CHECK(half > 400 && half < 600);
    CHECK_INT(fired_of("\"toxicity\":0.5", 1000, 7), half);
    CHECK_INT(fired_of("\"percentage\":50", 1000, 7), half);
    CHECK(fired_of("\"probability\":0.5", 1000, 8) != half);
}

TEST(a_rule_that_does_not_fire_leaves_the_next_its_turn)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    fixture_add(&fixture, "[{\"id\":\"a\",\"probability\":0," ANY "},{\"id\":\"b\",\"times\":1," ANY
                          "},{\"id\":\"c\"," ANY "}]");
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.rule, "b");
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.rule, "c");
    CHECK_INT(number(&fixture, "a", "hits"), 2);
    CHECK_INT(number(&fixture, "a", "fired"), 0);
    fixture_finish(&fixture);
}

static enum faults_result change(struct faults_fixture *fixture, const char *id, const char *json)
{
    cJSON *patch = cJSON_Parse(json), *answer;
    struct buf error;
    buf_init(&error, 4096);
    enum faults_result result =
        faults_change(fixture->faults, bytes_from_string(id), patch, &answer, &error);
    buf_finish(&error);
    cJSON_Delete(patch);
    cJSON_Delete(answer);
    return result;
}

TEST(changes_merge_and_are_checked_whole)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    fixture_add(&fixture,
                "{\"id\":\"a\",\"match\":{\"command\":\"GET\",\"cache\":\"one\"}," ANY "}");
    CHECK(acts(&fixture));
    CHECK_INT(change(&fixture, "a", "{\"attributes\":{\"error\":\"ERR y\"}}"), FAULTS_DONE);
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.error, "ERR y");
    CHECK_INT(change(&fixture, "a", "{\"match\":{\"command\":null,\"key\":\"other\"}}"),
              FAULTS_DONE);
    CHECK(!acts(&fixture));
    CHECK(fixture_command(&fixture, "one", "set", "other"));
    CHECK_INT(change(&fixture, "a", "{\"probability\":2}"), FAULTS_BAD_RULE);
    CHECK(fixture_command(&fixture, "one", "set", "other"));
    CHECK_INT(change(&fixture, "a", "{\"enabled\":false}"), FAULTS_DONE);
    CHECK(!fixture_command(&fixture, "one", "set", "other"));
    CHECK_INT(change(&fixture, "a", "{\"enabled\":true,\"toxicity\":1}"), FAULTS_DONE);
    CHECK(fixture_command(&fixture, "one", "set", "other"));
    CHECK_INT(number(&fixture, "a", "fired"), 5);
    fixture_add(&fixture, "{\"id\":\"p\",\"type\":\"throttle\"}");
    CHECK_INT(change(&fixture, "p", "{\"times\":3}"), FAULTS_DONE); /* of a preset */
    CHECK_INT(change(&fixture, "b", "{}"), FAULTS_NOT_FOUND);
    CHECK_INT(change(&fixture, "a", "[]"), FAULTS_BAD_RULE);
    fixture_finish(&fixture);
}

TEST(a_list_is_taken_whole_or_not_at_all)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    const char *why = fixture_add(&fixture, "[{\"id\":\"a\"," ANY "},{\"type\":\"errr\"}]");
    CHECK(why != NULL && strncmp(why, "rule 2: ", 8) == 0);
    CHECK_INT(faults_count(fixture.faults), 0);
    CHECK(fixture_add(&fixture, "[{\"id\":\"a\"," ANY "},{\"id\":\"a\"," ANY "}]") != NULL);
    CHECK_INT(faults_count(fixture.faults), 0);
    CHECK(fixture_add(&fixture, "{\"id\":\"a\"," ANY "}") == NULL);
    CHECK(strstr(fixture_add(&fixture, "{\"id\":\"a\"," ANY "}"), "'a'") != NULL);
    CHECK(fixture_add(&fixture, "[]") == NULL);
    fixture_finish(&fixture);
}

TEST(ten_thousand_rules_and_no_more)
{
    struct faults_fixture fixture;
    struct buf text;
    fixture_init(&fixture);
    buf_init(&text, 8 << 20);
    buf_append_byte(&text, '[');
    for (int i = 0; i < FAULTS_MOST_RULES; i++) {
        buf_printf(&text, "%s{\"match\":{\"key\":\"key:%d\"}," ANY "}", i == 0 ? "" : ",", i);
    }
    buf_append_byte(&text, ']');
    CHECK(fixture_add(&fixture, buf_string(&text)) == NULL);
    CHECK(strstr(fixture_add(&fixture, "{" ANY "}"), "10000") != NULL);
    CHECK(fixture_command(&fixture, "one", "get", "key:9999"));
    CHECK(!fixture_command(&fixture, "one", "get", "none"));
    faults_clear(fixture.faults);
    CHECK_INT(faults_count(fixture.faults), 0);
    CHECK(!faults_armed(fixture.faults, FAULT_REDIS));
    buf_finish(&text);
    fixture_finish(&fixture);
}

struct counter {
    struct faults_listener listener;
    unsigned told;
};

static void count(struct faults_listener *listener)
{
    CONTAINER_OF(listener, struct counter, listener)->told++;
}

TEST(listeners_hear_of_every_change)
{
    struct faults_fixture fixture;
    struct counter counter = {.listener.changed = count};
    fixture_init(&fixture);
    faults_listen(fixture.faults, &counter.listener);
    fixture_add(&fixture, "{\"id\":\"a\",\"duration\":\"1s\"," ANY "}");
    CHECK_INT(counter.told, 1);
    clock_advance(fixture.clock, 1000);
    CHECK_INT(counter.told, 2);
    faults_remove(fixture.faults, BYTES("a"));
    CHECK_INT(counter.told, 3);
    faults_leave(fixture.faults, &counter.listener);
    fixture_add(&fixture, "{" ANY "}");
    CHECK_INT(counter.told, 3);
    fixture_finish(&fixture);
}

TEST(rules_asked_once_are_not_asked_again)
{
    struct faults_fixture fixture;
    struct fault_subject subject = {.plane = FAULT_TCP, .moment = FAULT_AT_CONNECT};
    fixture_init(&fixture);
    fixture_add(&fixture, "{\"id\":\"a\",\"type\":\"down\"}");
    CHECK(fixture_ask(&fixture, &subject));
    subject.since = faults_order(fixture.faults);
    CHECK(!fixture_ask(&fixture, &subject));
    fixture_add(&fixture, "{\"id\":\"b\",\"type\":\"down\"}");
    CHECK(fixture_ask(&fixture, &subject));
    CHECK_TEXT(fixture.verdict.rule, "b");
    subject.since = 0;
    subject.only_keys = FAULT_BIT(FAULT_KEY_CACHE);
    CHECK(!fixture_ask(&fixture, &subject));
    fixture_finish(&fixture);
}

TEST(steps_are_taken_when_due_and_once)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    fixture_add(&fixture, "{\"id\":\"a\",\"type\":\"failover\",\"startAfter\":\"1s\","
                          "\"attributes\":{\"outage\":2000}}");
    CHECK_INT(fixture.steps, 0);
    clock_advance(fixture.clock, 1000);
    CHECK_INT(fixture.steps, 1);
    CHECK(fixture.step.cut);
    CHECK(fixture_command(&fixture, "one", "set", "key"));
    CHECK(strncmp(fixture.verdict.error, "READONLY", 8) == 0);
    CHECK(!acts(&fixture));
    change(&fixture, "a", "{\"priority\":3}");
    CHECK_INT(fixture.steps, 1);
    clock_advance(fixture.clock, 2000);
    CHECK_INT(fixture.steps, 2);
    CHECK_TEXT(fixture.step.event, "NodeMaintenanceFailover");
    CHECK(!fixture_command(&fixture, "one", "set", "key"));
    clock_advance(fixture.clock, 100000);
    CHECK_INT(fixture.steps, 2);
    CHECK_INT(number(&fixture, "a", "fired"), 1);
    fixture_finish(&fixture);
}

TEST(a_snapshot_brings_rules_back_with_their_windows)
{
    struct faults_fixture fixture;
    struct buf error;
    fixture_init(&fixture);
    buf_init(&error, 4096);
    fixture_add(&fixture,
                "[{\"id\":\"a\",\"duration\":\"10s\",\"times\":5," ANY
                "},{\"id\":\"b\",\"startAfter\":\"20s\"," ANY
                "},{\"id\":\"c\",\"type\":\"failover\",\"attributes\":{\"outage\":5000}}]");
    CHECK(acts(&fixture));
    cJSON *saved = faults_save(fixture.faults);
    CHECK(faults_check(saved, &error));
    faults_clear(fixture.faults);
    CHECK(!acts(&fixture));
    unsigned steps = fixture.steps;
    faults_load(fixture.faults, saved);
    CHECK_INT(fixture.steps, steps); /* the failover does not happen again */
    CHECK_INT(faults_count(fixture.faults), 3);
    CHECK_INT(number(&fixture, "a", "fired"), 1);
    CHECK(acts(&fixture));
    clock_advance(fixture.clock, 10000);
    CHECK_INT(fixture.steps, steps + 1);
    CHECK(!acts(&fixture));
    clock_advance(fixture.clock, 10000);
    CHECK(acts(&fixture));
    CHECK_TEXT(fixture.verdict.rule, "b");
    cJSON_Delete(saved);
    saved = cJSON_Parse("[{\"rule\":{\"id\":\"a\",\"type\":\"x\"},\"beginsMs\":1}]");
    CHECK(!faults_check(saved, &error));
    cJSON_Delete(saved);
    faults_load(fixture.faults, NULL);
    CHECK_INT(faults_count(fixture.faults), 0);
    buf_finish(&error);
    fixture_finish(&fixture);
}

static const struct test_case cases[] = {
    CASE(without_rules_nothing_is_armed),
    CASE(lowest_priority_first_then_list_order),
    CASE(window_opens_and_closes_on_the_clock),
    CASE(counts_skip_first_and_stop_after),
    CASE(chance_is_drawn_from_the_seeded_generator),
    CASE(a_rule_that_does_not_fire_leaves_the_next_its_turn),
    CASE(changes_merge_and_are_checked_whole),
    CASE(a_list_is_taken_whole_or_not_at_all),
    CASE(ten_thousand_rules_and_no_more),
    CASE(listeners_hear_of_every_change),
    CASE(rules_asked_once_are_not_asked_again),
    CASE(steps_are_taken_when_due_and_once),
    CASE(a_snapshot_brings_rules_back_with_their_windows),
};

TEST_MAIN(cases)
