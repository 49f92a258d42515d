/* What a rule may say: errors that name the mistake, what is matched, and rows that hold together.
 */
#include <string.h>

#include "emulator/faults/attributes.h"
#include "emulator/faults/match.h"
#include "tests/support/test.h"
#include "tests/unit/emulator/faults_fixture.h"

TEST(a_bad_rule_is_refused_by_name)
{
    static const struct {
        const char *rule, *says;
    } rules[] = {
        {"3", "JSON object"},
        {"{}", "'type' is missing"},
        {"{\"type\":\"readonli\"}", "did you mean 'readonly'?"},
        {"{\"type\":\"nonsense\"}", "; there are latency, bandwidth, "},
        {"{\"type\":\"latency\",\"plane\":\"redis\"}", "needs the attribute 'latency'"},
        {"{\"type\":\"latency\",\"attributes\":{\"latency\":1}}", "'plane' is missing"},
        {"{\"type\":\"down\",\"plane\":\"redis\"}", "it does in tcp"},
        {"{\"type\":\"down\",\"plane\":\"tpc\"}", "did you mean 'tcp'?"},
        {"{\"type\":\"down\",\"proability\":1}", "did you mean 'probability'?"},
        {"{\"type\":\"down\",\"match\":{\"cach\":\"a\"}}", "did you mean 'cache'?"},
        {"{\"type\":\"down\",\"match\":{\"vault\":\"a\"}}", "it is by cache, port, name"},
        {"{\"type\":\"down\",\"match\":[]}", "'match' must be an object"},
        {"{\"type\":\"down\",\"match\":{\"cache\":\"\"}}", "1 to 256 characters"},
        {"{\"type\":\"down\",\"match\":{\"cache\":{}}}", "'match.cache' must be a text"},
        {"{\"type\":\"down\",\"match\":{\"cache\":[]}}", "1 to 64"},
        {"{\"type\":\"down\",\"match\":{\"port\":1.5}}", "'match.port' must be a text"},
        {"{\"type\":\"down\",\"attributes\":{\"x\":1}}", "no attribute 'x'"},
        {"{\"type\":\"readonly\",\"match\":{\"command\":\"@wrote\"}}", "did you mean @write"},
        {"{\"type\":\"readonly\",\"match\":{\"command\":\"GETT\"}}", "no command 'GETT'"},
        {"{\"type\":\"readonly\",\"probability\":1.5}", "from 0 to 1"},
        {"{\"type\":\"readonly\",\"percentage\":101}", "from 0 to 100"},
        {"{\"type\":\"readonly\",\"probability\":1,\"toxicity\":1}", "say the same"},
        {"{\"type\":\"readonly\",\"times\":0}", "'times' must be a whole number"},
        {"{\"type\":\"readonly\",\"times\":1.5}", "'times' must be a whole number"},
        {"{\"type\":\"readonly\",\"after\":-1}", "'after' must be a whole number"},
        {"{\"type\":\"readonly\",\"duration\":\"0s\"}", "'duration' must be a duration"},
        {"{\"type\":\"readonly\",\"duration\":\"soon\"}", "'duration' must be a duration"},
        {"{\"type\":\"readonly\",\"startAfter\":5}", "'startAfter' must be a duration"},
        {"{\"type\":\"readonly\",\"enabled\":1}", "'enabled' must be true or false"},
        {"{\"type\":\"readonly\",\"id\":\"a b\"}", "'id' must be"},
        {"{\"type\":\"readonly\",\"id\":\"\"}", "'id' must be"},
        {"{\"type\":\"readonly\",\"times\":1,\"times\":2}", "'times' is there twice"},
        {"{\"type\":\"readonly\",\"attributes\":{\"error\":\"a\\r\\nb\"}}", "one line"},
        {"{\"type\":\"readonly\",\"attributes\":{\"runs\":1}}", "'runs' must be true or false"},
        {"{\"type\":\"slicer\",\"attributes\":{\"average_size\":2,\"size_variation\":2}}",
         "less than 'average_size'"},
        {"{\"type\":\"bandwidth\",\"attributes\":{\"rate\":0}}", "'rate' must be a number"},
        {"{\"type\":\"bandwidth\",\"attributes\":{\"rate\":1,\"stream\":\"up\"}}",
         "downstream, upstream, both"},
        {"{\"type\":\"clock_skew\",\"attributes\":{\"skew\":\"x\"}}", "'skew' must be a duration"},
        {"{\"type\":\"slow\"}", "'factor'"},
        {"{\"type\":\"old_address\",\"attributes\":{\"to\":\"1.2.3\"}}", "IPv4"},
        {"{\"type\":\"error\",\"plane\":\"arm\",\"attributes\":{\"status\":200,\"code\":\"\","
         "\"message\":\"\"}}",
         "from 400 to 599"},
    };
    struct faults_fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const char *why = fixture_add(&fixture, rules[i].rule);
        if (!CHECK(why != NULL && strstr(why, rules[i].says) != NULL)) {
            printf("# %s: %s\n", rules[i].rule, why == NULL ? "taken" : why);
        }
    }
    CHECK_INT(faults_count(fixture.faults), 0);
    fixture_finish(&fixture);
}

TEST(what_was_taken_is_shown_with_its_defaults)
{
    struct faults_fixture fixture;
    fixture_init(&fixture);
    CHECK(fixture_add(&fixture, "{\"id\":\"a\",\"type\":\"latency\",\"plane\":\"tcp\","
                                "\"attributes\":{\"latency\":\"1s\"},\"percentage\":25,"
                                "\"match\":{\"port\":6379},\"duration\":\"90s\"}") == NULL);
    cJSON *rule = faults_show(fixture.faults, BYTES("a"));
    char *text = cJSON_PrintUnformatted(rule);
    CHECK_TEXT(text, "{\"id\":\"a\",\"plane\":\"tcp\",\"type\":\"latency\",\"priority\":0,"
                     "\"match\":{\"port\":\"6379\"},\"attributes\":{\"latency\":1000,\"jitter\":0,"
                     "\"stream\":\"downstream\"},\"probability\":0.25,\"after\":0,"
                     "\"startAfter\":\"0s\",\"duration\":\"1m30s\",\"enabled\":true,\"hits\":0,"
                     "\"fired\":0,\"active\":true}");
    cJSON_free(text);
    cJSON_Delete(rule);
    fixture_finish(&fixture);
}

static bool matches(const char *match, struct fault_subject *subject)
{
    struct fault_match parsed = {0};
    struct buf error;
    cJSON *object = cJSON_Parse(match);
    buf_init(&error, 1024);
    bool fits = CHECK(fault_match_parse(&parsed, subject->plane, object, &error)) &&
                fault_match_fits(&parsed, subject);
    fault_match_finish(&parsed);
    cJSON_Delete(object);
    buf_finish(&error);
    return fits;
}

TEST(commands_are_matched_by_name_list_group_and_container)
{
    struct fault_subject subject = {.plane = FAULT_REDIS};
    subject.values[FAULT_KEY_COMMAND] = BYTES("config|get");
    subject.groups = 1u << 14; /* a category */
    CHECK(matches("{\"command\":\"CONFIG\"}", &subject));
    CHECK(matches("{\"command\":\"CONFIG GET\"}", &subject));
    CHECK(matches("{\"command\":\"config|get\"}", &subject));
    CHECK(matches("{\"command\":[\"GET\",\"config\"]}", &subject));
    CHECK(matches("{\"command\":\"conf*\"}", &subject));
    CHECK(matches("{\"command\":\"@all\"}", &subject));
    CHECK(matches("{\"command\":\"@pubsub\"}", &subject));
    CHECK(!matches("{\"command\":\"@write\"}", &subject));
    CHECK(!matches("{\"command\":\"CONFIG SET\"}", &subject));
    CHECK(!matches("{\"command\":\"GET\"}", &subject));
}

TEST(keys_ids_and_addresses_are_matched_as_people_mean_them)
{
    struct bytes keys[] = {BYTES("a"), BYTES("session:7")};
    struct fault_subject subject = {.plane = FAULT_REDIS, .keys = keys, .key_count = 2};
    subject.values[FAULT_KEY_KEY] = keys[0];
    subject.values[FAULT_KEY_ADDRESS] = BYTES("127.0.0.1:5000");
    subject.values[FAULT_KEY_CACHE] = BYTES("MyCache");
    subject.values[FAULT_KEY_DATABASE] = BYTES("0");
    CHECK(matches("{\"key\":\"session:*\"}", &subject));
    CHECK(!matches("{\"key\":\"SESSION:*\"}", &subject));
    CHECK(matches("{\"address\":\"127.0.0.1\"}", &subject));
    CHECK(matches("{\"address\":\"127.0.0.1:5000\"}", &subject));
    CHECK(!matches("{\"address\":\"127.0.0.1:50\"}", &subject));
    CHECK(matches("{\"cache\":\"mycache\",\"database\":0}", &subject));
    CHECK(!matches("{\"cache\":\"mycache\",\"database\":1}", &subject));
    CHECK(!matches("{\"client\":\"*\"}", &subject)); /* not known */

    subject = (struct fault_subject){.plane = FAULT_ARM};
    subject.values[FAULT_KEY_RESOURCE] =
        BYTES("/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/prod-1");
    CHECK(matches("{\"resource\":\"prod-*\"}", &subject));
    CHECK(matches("{\"resource\":\"/subscriptions/*/PROD-1\"}", &subject));
    CHECK(!matches("{\"resource\":\"prod\"}", &subject));
}

TEST(a_glob_that_explodes_elsewhere_is_bounded)
{
    static char text[1 << 20];
    char pattern[FAULT_LONGEST_PATTERN + 1], match[400];
    struct fault_subject subject = {.plane = FAULT_REDIS};
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(pattern) - 1; i += 2) {
        memcpy(pattern + i, "a*", 2);
    }
    pattern[sizeof(pattern) - 2] = 'b';
    pattern[sizeof(pattern) - 1] = '\0';
    snprintf(match, sizeof(match), "{\"key\":\"%s\"}", pattern);
    subject.values[FAULT_KEY_KEY] = (struct bytes){text, sizeof(text)};
    for (int i = 0; i < 1000; i++) {
        CHECK(!matches(match, &subject));
    }
}

TEST(rows_hold_together)
{
    size_t count;
    const struct fault_family *const *families = fault_families(&count);
    for (size_t f = 0; f < count; f++) {
        for (size_t k = 0; k < families[f]->count; k++) {
            const struct fault_kind *kind = &families[f]->kinds[k];
            struct bytes name = bytes_from_string(kind->name);
            size_t attributes = 0;
            CHECK(kind->planes != 0 && kind->moments != 0 && kind->decide != NULL);
            CHECK(kind->summary != NULL && kind->summary[0] != '\0');
            CHECK(strlen(kind->name) <= 40);
            for (int plane = 0; plane < FAULT_PLANES; plane++) {
                if ((kind->planes & FAULT_BIT(plane)) != 0) {
                    /* One row of a name in each plane. */
                    CHECK(fault_kind_find(name, (enum fault_plane)plane) == kind);
                }
            }
            for (; kind->attributes != NULL && kind->attributes[attributes].name != NULL;
                 attributes++) {
                const struct fault_attribute *attribute = &kind->attributes[attributes];
                struct bytes word = bytes_from_string(attribute->name);
                /* The command line sorts words by these. */
                CHECK(!fault_field_known(word) && !fault_key_known(word));
                CHECK((attribute->type == FAULT_CHOICE) == (attribute->choices != NULL));
            }
            CHECK(attributes <= FAULT_MOST_ATTRIBUTES);
        }
    }
}

static const struct test_case cases[] = {
    CASE(a_bad_rule_is_refused_by_name),
    CASE(what_was_taken_is_shown_with_its_defaults),
    CASE(commands_are_matched_by_name_list_group_and_container),
    CASE(keys_ids_and_addresses_are_matched_as_people_mean_them),
    CASE(a_glob_that_explodes_elsewhere_is_bounded),
    CASE(rows_hold_together),
};

TEST_MAIN(cases)
