/* What clients of deployments send instead of JSON, and where its elements stand. */
#include "arm/relaxed_json.h"

#include "arm/templates/json_position.h"
#include "tests/support/test.h"

static void check_read(const char *text, const char *expected)
{
    size_t position;
    cJSON *value = arm_relaxed_json(bytes_from_string(text), &position);
    char *printed = value != NULL ? cJSON_PrintUnformatted(value) : NULL;
    if (!CHECK_TEXT(printed, expected)) {
        printf("# %s\n", text);
    }
    cJSON_free(printed);
    cJSON_Delete(value);
}

static void check_refused(const char *text)
{
    size_t position;
    cJSON *value = arm_relaxed_json(bytes_from_string(text), &position);
    if (!CHECK(value == NULL)) {
        printf("# %s\n", text);
    }
    cJSON_Delete(value);
}

TEST(strict_json_stays_what_it_is)
{
    check_read("{\"a\":[1,-2.5e3,true,null,\"x\\n\\u00e9\\\\\\\"\"]}",
               "{\"a\":[1,-2500,true,null,\"x\\n\xc3\xa9\\\\\\\"\"]}");
    check_read(" [ ] ", "[]");
    check_read("\"text\"", "\"text\"");
    check_read("12", "12");
    check_read("false", "false");
}

TEST(what_azures_reader_takes_is_taken)
{
    check_read("{template: {\"a\": 1}}", "{\"template\":{\"a\":1}}");
    check_read("// first\n{/* in between */\"a\" /**/ : /* x */ 1} // last", "{\"a\":1}");
    check_read("{\"a\": \"one\n\ttwo\"}", "{\"a\":\"one\\n\\ttwo\"}");
    check_read("{'a': 'say \"hi\" \\'now\\''}", "{\"a\":\"say \\\"hi\\\" 'now'\"}");
    check_read("{\"a\": [1, 2, ], }", "{\"a\":[1,2]}");
    check_read("{\"a\": \"// no comment /* either */\"}", "{\"a\":\"// no comment /* either */\"}");
    check_read("{$schema: 1, true: 2, a_1: true}", "{\"$schema\":1,\"true\":2,\"a_1\":true}");
}

TEST(bodies_as_recorders_write_them_are_unwrapped)
{
    check_read("b'{\"a\": \"[parameters(\\'x\\')]\"}'", "{\"a\":\"[parameters('x')]\"}");
    check_read("b'{\"a\": \"\\\\n\\xc3\\xa9\"}'", "{\"a\":\"\\n\xc3\xa9\"}");
    check_refused("b'");
    check_refused("b'{'");
}

TEST(the_rest_is_refused)
{
    static const char *const texts[] = {
        "",           "{",       "{\"a\" 1}", "{\"a\": 1 2}",   "[1 2]",     "[1,,2]",
        "{\"a\": \"", "/* open", "{'a: 1}",   "{a b: 1}",       "{} {}",     "{\"a\":}",
        "[tru]",      "@",       "{,}",       "{'a': 'it''s'}", "{\"a\":1]", "\"\\",
        "[1]]",       "nul",     "- 1",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        check_refused(texts[i]);
    }
}

static void check_position(const char *text, const char *path, int line, int column)
{
    int got_line, got_column;
    bool found = json_position(bytes_from_string(text), path, &got_line, &got_column);
    CHECK(found == (line > 0));
    if (!CHECK_INT(got_line, line) || !CHECK_INT(got_column, column)) {
        printf("# %s\n", path);
    }
}

TEST(elements_are_found_by_their_path)
{
    static const char text[] = "{\"properties\": {template: // comment {\n"
                               "{\n"
                               "  \"parameters\": {\"a\": {\"type\": \"string\"}},\n"
                               "  \"resources\": [ {\"x\": [1, 2]},\n"
                               "    {\"name\": \"b\"} ]\n"
                               "}}}";
    check_position(text, "", 1, 1);
    check_position(text, "properties.template", 2, 1);
    check_position(text, "properties.template.parameters.a", 3, 23);
    check_position(text, "PROPERTIES.Template.Parameters.A.type", 3, 39);
    check_position(text, "properties.template.resources[1]", 5, 5);
    check_position(text, "properties.template.resources[1].name", 5, 16);
    check_position(text, "properties.template.resources[0].x[1]", 4, 28);
    check_position(text, "properties.template.resources[2]", 0, 0);
    check_position(text, "properties.nothing", 0, 0);
    check_position("{\"a\": ", "a", 0, 0);
    check_position("", "a", 0, 0);
}

static const struct test_case cases[] = {
    CASE(strict_json_stays_what_it_is),
    CASE(what_azures_reader_takes_is_taken),
    CASE(bodies_as_recorders_write_them_are_unwrapped),
    CASE(the_rest_is_refused),
    CASE(elements_are_found_by_their_path),
};
TEST_MAIN(cases)
