/* $filter: what fits, what binds tighter, and what is malformed. */
#include <string.h>

#include "arm/odata_filter.h"
#include "tests/support/test.h"

static bool holds(void *context, const struct odata_condition *condition)
{
    int *calls = context;
    ++*calls;
    if (condition->relation == ODATA_CALL) {
        return bytes_equal_string(condition->name, "yes");
    }
    return odata_text_fits(condition, bytes_equal_string(condition->name, "name") ? "Ada" : NULL);
}

static bool fits(const char *filter)
{
    int calls = 0;
    bool result, good = odata_filter(bytes_from_string(filter), holds, &calls, &result);
    CHECK(good);
    CHECK(good == odata_filter_well_formed(bytes_from_string(filter)));
    return result;
}

TEST(comparisons_ignore_case)
{
    CHECK(fits("name eq 'ADA'"));
    CHECK(!fits("name ne 'ada'"));
    CHECK(fits("name gt 'ab' and name lt 'b' and name ge 'ada' and name le 'ada'"));
    CHECK(fits("other ne 'x'"));
    CHECK(!fits("other eq 'x'"));
}

TEST(functions_look_into_the_text)
{
    CHECK(fits("startswith(name, 'a')"));
    CHECK(!fits("startswith(name,'adaa')"));
    CHECK(fits("endswith(name,'DA')"));
    CHECK(fits("substringof('d', name)"));
    CHECK(fits("contains(name,'d')"));
    CHECK(fits("name/any(n:n eq 'ada')"));
    CHECK(fits("yes()"));
}

TEST(and_binds_tighter_than_or)
{
    CHECK(fits("yes() or no() and no()"));
    CHECK(!fits("(yes() or no()) and no()"));
    CHECK(fits("not no() and yes()"));
    CHECK(fits("NOT (no() OR no())"));
}

TEST(quotes_are_doubled_within_a_value)
{
    CHECK(!fits("name eq 'it''s'"));
    CHECK(fits("name ne 'it''s' and yes()"));
    CHECK(fits("name eq datetime'ada'"));
}

TEST(an_empty_filter_holds)
{
    CHECK(fits(""));
    CHECK(fits("  "));
}

TEST(malformed_filters_are_found)
{
    static const char *const wrong[] = {
        "name",
        "name eq",
        "name eq 'x",
        "name is 'x'",
        "name eq 'x' and",
        "(yes()",
        "yes())",
        "yes",
        "and",
        "name eq 'x' 'y'",
        "yes('a', b)",
        "startswith(a)",
        "name/any(n eq 'x')",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (!CHECK(!odata_filter_well_formed(bytes_from_string(wrong[i])))) {
            printf("# %s\n", wrong[i]);
        }
    }
}

TEST(nesting_is_bounded)
{
    char deep[400];
    memset(deep, '(', sizeof(deep));
    CHECK(!odata_filter_well_formed((struct bytes){deep, sizeof(deep)}));
}

static const struct test_case cases[] = {
    CASE(comparisons_ignore_case),   CASE(functions_look_into_the_text),
    CASE(and_binds_tighter_than_or), CASE(quotes_are_doubled_within_a_value),
    CASE(an_empty_filter_holds),     CASE(malformed_filters_are_found),
    CASE(nesting_is_bounded),
};
TEST_MAIN(cases)
