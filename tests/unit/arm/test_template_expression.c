/* Expressions of the template language: rows of a text and its value or its error. */
#include "arm/templates/expression.h"

#include <string.h>

#include "arm/templates/hashes.h"
#include "tests/support/test.h"

struct row {
    const char *text;
    const char *expected; /* compact JSON; for an error, words of it */
};

static const cJSON *lend(const char *json, const char *name, struct template_error *error)
{
    static cJSON *values;
    cJSON_Delete(values);
    values = cJSON_Parse(json);
    const cJSON *value = cJSON_GetObjectItem(values, name);
    if (value == NULL) {
        template_fail(error, "no %s", name);
    }
    return value;
}

static const cJSON *parameter(void *context, const char *name, struct template_error *error)
{
    (void)context;
    return lend("{\"name\":\"cache\",\"count\":3,\"list\":[\"a\",\"b\",\"c\"],\"on\":true,"
                "\"nothing\":null,\"deep\":{\"a\":{\"B\":[10,20]}}}",
                name, error);
}

static cJSON *reference(void *context, const char *name, const char *api_version, bool full,
                        struct template_error *error)
{
    (void)context;
    if (strcmp(name, "missing") == 0) {
        template_fail(error, "missing is missing");
        return NULL;
    }
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "name", name);
    cJSON_AddStringToObject(result, "version", api_version != NULL ? api_version : "none");
    cJSON_AddBoolToObject(result, "full", full);
    return result;
}

static cJSON *list(void *context, const char *function, const char *name, const char *api_version,
                   const cJSON *body, struct template_error *error)
{
    (void)body;
    cJSON *result = reference(context, name, api_version, false, error);
    cJSON_AddStringToObject(result, "function", function);
    return result;
}

static cJSON *object(void *context, enum expression_object which, struct template_error *error)
{
    (void)context;
    (void)error;
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "location", "westeurope");
    cJSON_AddNumberToObject(result, "which", which);
    return result;
}

static int zone_count(void *context, const char *location)
{
    (void)context;
    return strcmp(location, "westeurope") == 0 ? 3 : 0;
}

static void evaluate(const char *text, char *result, size_t size, bool *failed)
{
    struct expression_budget budget = {EXPRESSION_BUDGET, 0};
    struct random random;
    random_init(&random, 1);
    struct expression_loop outer = {"outer", 5, false, NULL}, loop = {"inner", 2, true, &outer};
    struct expression_scope scope = {
        .budget = &budget,
        .now_ms = 1700000000123,
        .random = &random,
        .subscription_id = "sub",
        .resource_group = "group",
        .loops = &loop,
        .parameter = parameter,
        .object = object,
        .reference = reference,
        .list = list,
        .zone_count = zone_count,
    };
    struct template_error error;
    cJSON *value = expression_evaluate(text, &scope, &error);
    *failed = value == NULL;
    char *printed = value != NULL ? cJSON_PrintUnformatted(value) : NULL;
    snprintf(result, size, "%s", value != NULL ? printed : error.message);
    cJSON_free(printed);
    cJSON_Delete(value);
}

static void check_values(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char result[4096];
        bool failed;
        evaluate(rows[i].text, result, sizeof(result), &failed);
        if (failed || strcmp(result, rows[i].expected) != 0) {
            printf("# %s\n", rows[i].text);
        }
        CHECK_TEXT(result, rows[i].expected);
        CHECK(!failed);
    }
}

static void check_errors(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char result[4096];
        bool failed;
        evaluate(rows[i].text, result, sizeof(result), &failed);
        if (!CHECK(failed && strstr(result, rows[i].expected) != NULL)) {
            printf("# %s gives %s\n", rows[i].text, result);
        }
    }
}

TEST(text_outside_brackets_stays_text)
{
    static const struct row rows[] = {
        {"plain", "\"plain\""},
        {"", "\"\""},
        {"[[escaped]", "\"[escaped]\""},
        {"[half", "\"[half\""},
        {"[[half", "\"[[half\""},
        {"half]", "\"half]\""},
        {"['it''s']", "\"it's\""},
        {"[ 'spaces' ]", "\"spaces\""},
        {"[-5]", "-5"},
        {"[ concat ( 'a' , 'b' ) ]", "\"ab\""},
    };
    check_values(rows, ARRAY_LEN(rows));
}

TEST(values_are_reached_by_name_and_index)
{
    static const struct row rows[] = {
        {"[parameters('name')]", "\"cache\""},
        {"[PARAMETERS('NAME')]", "\"cache\""},
        {"[parameters('deep').a.b[1]]", "20"},
        {"[parameters('deep')['A']['b'][sub(2, 2)]]", "10"},
        {"[parameters('list')[2]]", "\"c\""},
        {"[resourceGroup().location]", "\"westeurope\""},
        {"[createObject('x', createArray(1, 2)).x[0]]", "1"},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[parameters('deep').c]", "The language expression property 'c' doesn't exist, available "
                                   "properties are 'a'."},
        {"[parameters('list')[3]]", "array index '3' is out of bounds"},
        {"[parameters('name').x]", "can't be evaluated"},
        {"[nope()]", "The template function 'nope' is not valid."},
        {"[contoso.nope()]", "The template function 'contoso.nope' is not valid."},
        {"[concat('a']", "expected token 'RightParenthesis' and actual 'EndOfData'"},
        {"[concat('a', 'b)]", "the string constant at position '12' is not terminated"},
        {"[1 +]", "the string character '+' at position '2' is not expected"},
        {"[toLower()]", "function requires 1 argument(s) while 0 were provided"},
        {"[lambdaVariables('x')]", "The lambda variable 'x' is not found"},
        {"[variables('x')]", "The template function 'variables' is not expected at this location"},
        {"[lambda('x', 1)]", "is not "},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(strings)
{
    static const struct row rows[] = {
        {"[concat('a', 1, true(), 'b')]", "\"a1Trueb\""},
        {"[contains('OneTwo', 'Two')]", "true"},
        {"[contains('OneTwo', 'two')]", "false"},
        {"[empty('')]", "true"},
        {"[endsWith('abcdef', 'EF')]", "true"},
        {"[startsWith('abcdef', 'AB')]", "true"},
        {"[startsWith('a', 'ab')]", "false"},
        {"[first('One')]", "\"O\""},
        {"[last('One\xc3\xa9')]", "\"\xc3\xa9\""},
        {"[indexOf('test', 't')]", "0"},
        {"[indexOf('test', 'ST')]", "2"},
        {"[indexOf('test', 'z')]", "-1"},
        {"[lastIndexOf('test', 't')]", "3"},
        {"[join(createArray('a', 'b', 1), ', ')]", "\"a, b, 1\""},
        {"[length('h\xc3\xa9llo')]", "5"},
        {"[length('\xf0\x9f\x98\x80')]", "2"},
        {"[padLeft(123, 10, '0')]", "\"0000000123\""},
        {"[padLeft('abcd', 2)]", "\"abcd\""},
        {"[replace('a-b-c', '-', '')]", "\"abc\""},
        {"[skip('one two three', 4)]", "\"two three\""},
        {"[take('one', 9)]", "\"one\""},
        {"[take('one', 2)]", "\"on\""},
        {"[split('one;two,three', createArray(';', ','))]", "[\"one\",\"two\",\"three\"]"},
        {"[split('a,,b', ',')]", "[\"a\",\"\",\"b\"]"},
        {"[string(createObject('a', 1))]", "\"{\\\"a\\\":1}\""},
        {"[string(false())]", "\"False\""},
        {"[substring('one two three', 4, 3)]", "\"two\""},
        {"[substring('abc', 3)]", "\"\""},
        {"[toLower('\xc3\x84"
         "B')]",
         "\"\xc3\xa4"
         "b\""},
        {"[toUpper('stra\xc3\x9f"
         "e')]",
         "\"STRA\xc3\x9f"
         "E\""},
        {"[trim('  a b ')]", "\"a b\""},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[substring('abc', 2, 2)]", "must refer to a location within the string"},
        {"[toLower(5)]", "expects its parameter to be of type 'String'. The provided value is of "
                         "type 'Integer'"},
        {"[concat('a', createArray('b'))]", "must be either string literals or arrays"},
        {"[concat(parameters('list'), 'x')]", "Array"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(encodings_and_hashes_are_azures)
{
    static const struct row rows[] = {
        {"[base64('one, two, three')]", "\"b25lLCB0d28sIHRocmVl\""},
        {"[base64ToString('b25lLCB0d28sIHRocmVl')]", "\"one, two, three\""},
        {"[base64ToJson(base64('{\"a\":[1]}'))]", "{\"a\":[1]}"},
        {"[dataUri('Hello')]", "\"data:text/plain;charset=utf8;base64,SGVsbG8=\""},
        {"[dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')]", "\"Hello, World!\""},
        {"[uniqueString('tyeth')]", "\"zcztcwvu6iyg6\""},
        {"[uniqueString('hello', 'world')]", "\"a7wkljktk6wne\""},
        {"[uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000', 'resource-id')]",
         "\"cwvxuqg24sifi\""},
        /* uuid5 under the namespace that Azure documents. */
        {"[guid('a', 'b', 'c')]", "\"a98fa280-e03f-5afa-8d8e-92d0a9c201e8\""},
        {"[length(newGuid())]", "36"},
        {"[json('{\"a\": null}')]", "{\"a\":null}"},
        {"[uri('http://contoso.org/firstpath', 'myscript.sh')]",
         "\"http://contoso.org/myscript.sh\""},
        {"[uri('https://x.org/a/b/main.json', '../shared/c.json?sig=a/../b')]",
         "\"https://x.org/a/shared/c.json?sig=a/../b\""},
        {"[uri('https://x.org/a/b/', './c/./d/../e/..')]", "\"https://x.org/a/b/c/\""},
        {"[uri('https://x.org/a', '../../../b')]", "\"https://x.org/b\""},
        {"[uri('https://x.org', '..')]", "\"https://x.org/\""},
        {"[uri('http://contoso.org/firstpath/', 'a/myscript.sh')]",
         "\"http://contoso.org/firstpath/a/myscript.sh\""},
        {"[uriComponent('http://a.b/c d')]", "\"http%3A%2F%2Fa.b%2Fc%20d\""},
        {"[uriComponentToString('a%20b%2Fc')]", "\"a b/c\""},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[json('{a')]", "cannot be converted to JSON"},
        {"[base64ToString('%')]", "is not a valid base64 string"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(formats_are_dotnets)
{
    static const struct row rows[] = {
        {"[format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)]",
         "\"Hello, User. Formatted number: 8,175,133\""},
        {"[format('{0:D3}-{0:X}-{0:x4}', 42)]", "\"042-2A-002a\""},
        {"[format('{{{0}}}', 1)]", "\"{1}\""},
        {"[format('[{0,5}][{0,-5}]', 'ab')]", "\"[   ab][ab   ]\""},
        {"[format('{0:00}', 7)]", "\"07\""},
        {"[format('{0:#,##0}', 1234567)]", "\"1,234,567\""},
        {"[format('{0:F2}', 3)]", "\"3.00\""},
        {"[format('{0}', parameters('on'))]", "\"True\""},
        {"[format('{0}', null())]", "\"\""},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[format('{1}', 'a')]", "format string is not valid"},
        {"[format('{', 'a')]", "format string is not valid"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(arrays_and_objects)
{
    static const struct row rows[] = {
        {"[array('a')]", "[\"a\"]"},
        {"[concat(createArray(1), createArray(2, 3))]", "[1,2,3]"},
        {"[contains(createArray('a', 'b'), 'b')]", "true"},
        {"[contains(parameters('deep'), 'A')]", "true"},
        {"[empty(createObject())]", "true"},
        {"[empty(null())]", "true"},
        {"[first(parameters('list'))]", "\"a\""},
        {"[flatten(createArray(createArray(1), createArray(2)))]", "[1,2]"},
        {"[indexOf(parameters('list'), 'b')]", "1"},
        {"[intersection(createArray(1, 2, 3), createArray(3, 1))]", "[1,3]"},
        {"[intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))]", "{\"a\":1}"},
        {"[items(createObject('b', 1, 'a', 2))]",
         "[{\"key\":\"a\",\"value\":2},{\"key\":\"b\",\"value\":1}]"},
        {"[last(createArray(1, 2))]", "2"},
        {"[length(createObject('a', 1))]", "1"},
        {"[max(createArray(1, 5, 3))]", "5"},
        {"[min(4, 2, 3)]", "2"},
        {"[objectKeys(createObject('b', 1, 'a', 2))]", "[\"a\",\"b\"]"},
        {"[range(5, 3)]", "[5,6,7]"},
        {"[shallowMerge(createArray(createObject('a', createObject('x', 1)), "
         "createObject('a', createObject('y', 2))))]",
         "{\"a\":{\"y\":2}}"},
        {"[skip(range(0, 5), 3)]", "[3,4]"},
        {"[take(range(0, 5), 2)]", "[0,1]"},
        {"[tryGet(parameters('deep'), 'a', 'b', 0)]", "10"},
        {"[tryGet(parameters('deep'), 'x', 'b')]", "null"},
        {"[tryIndexFromEnd(range(0, 3), 1)]", "2"},
        {"[union(createArray(1, 2), createArray(2, 3))]", "[1,2,3]"},
        {"[union(createObject('a', createObject('x', 1), 'b', 1), createObject('a', "
         "createObject('y', 2), 'b', 3))]",
         "{\"a\":{\"x\":1,\"y\":2},\"b\":3}"},
    };
    check_values(rows, ARRAY_LEN(rows));
}

TEST(lambdas)
{
    static const struct row rows[] = {
        {"[filter(range(0, 6), lambda('n', equals(mod(lambdaVariables('n'), 2), 0)))]", "[0,2,4]"},
        {"[map(parameters('list'), lambda('x', toUpper(lambdaVariables('x'))))]",
         "[\"A\",\"B\",\"C\"]"},
        {"[map(parameters('list'), lambda('x', 'i', format('{0}{1}', lambdaVariables('x'), "
         "lambdaVariables('i'))))]",
         "[\"a0\",\"b1\",\"c2\"]"},
        {"[reduce(range(1, 4), 0, lambda('sum', 'n', add(lambdaVariables('sum'), "
         "lambdaVariables('n'))))]",
         "10"},
        {"[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), "
         "lambdaVariables('b'))))]",
         "[1,2,3]"},
        {"[toObject(parameters('list'), lambda('x', lambdaVariables('x')), lambda('x', "
         "length(lambdaVariables('x'))))]",
         "{\"a\":1,\"b\":1,\"c\":1}"},
        {"[groupBy(createArray('ab', 'ac', 'b'), lambda('x', first(lambdaVariables('x'))))]",
         "{\"a\":[\"ab\",\"ac\"],\"b\":[\"b\"]}"},
        {"[mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))]",
         "{\"a\":2}"},
        {"[map(range(0, 2), lambda('i', map(range(0, 2), lambda('j', add(mul(lambdaVariables('i'), "
         "10), lambdaVariables('j'))))))]",
         "[[0,1],[10,11]]"},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[filter(range(0, 2), lambda('n', 1))]", "type 'Boolean'"},
        {"[map(range(0, 2), 5)]", "to be a lambda"},
        {"[toUpper(lambda('x', 'y'))]", "Lambda"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(logic_numbers_and_comparison)
{
    static const struct row rows[] = {
        {"[and(true(), equals(1, 1))]", "true"},
        {"[and(false(), nope())]", "false"},
        {"[or(true(), nope())]", "true"},
        {"[not(false())]", "true"},
        {"[if(true(), 'a', nope())]", "\"a\""},
        {"[if(empty('x'), nope(), 'b')]", "\"b\""},
        {"[bool('True')]", "true"},
        {"[bool(0)]", "false"},
        {"[coalesce(null(), parameters('nothing'), 'x', nope())]", "\"x\""},
        {"[equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))]", "true"},
        {"[equals('a', 'A')]", "false"},
        {"[equals(1, '1')]", "false"},
        {"[greater('b', 'a')]", "true"},
        {"[lessOrEquals(2, 2)]", "true"},
        {"[add(2, 3)]", "5"},
        {"[sub(2, 3)]", "-1"},
        {"[mul(4, 3)]", "12"},
        {"[div(8, 3)]", "2"},
        {"[mod(7, 3)]", "1"},
        {"[int('007')]", "7"},
        {"[int('-4')]", "-4"},
        {"[float('1.5')]", "1.5"},
        {"[copyIndex()]", "5"},
        {"[copyIndex(1)]", "6"},
        {"[copyIndex('inner')]", "2"},
        {"[copyIndex('OUTER', 10)]", "15"},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[div(1, 0)]", "division by zero"},
        {"[int('x')]", "cannot be converted to an integer"},
        {"[add('1', 2)]", "expects its first parameter to be of type 'Integer'"},
        {"[if('yes', 1, 2)]", "type 'String'"},
        {"[less(1, 'a')]", "do not match"},
        {"[copyIndex('nope')]", "The provided copy name 'nope' doesn't exist"},
        {"[mul(9007199254740992, 9007199254740992)]", "does not fit"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(dates)
{
    static const struct row rows[] = {
        {"[utcNow()]", "\"20231114T221320Z\""},
        {"[utcNow('d')]", "\"11/14/2023\""},
        {"[utcNow('M d')]", "\"11 14\""},
        {"[utcNow('yyyy-MM-dd HH:mm:ss.fff')]", "\"2023-11-14 22:13:20.123\""},
        {"[utcNow('R')]", "\"Tue, 14 Nov 2023 22:13:20 GMT\""},
        {"[dateTimeAdd('2020-04-07T14:53:14Z', 'P3Y')]", "\"2023-04-07T14:53:14Z\""},
        {"[dateTimeAdd('2020-04-07 14:53:14Z', '-P9D')]", "\"2020-03-29 14:53:14Z\""},
        {"[dateTimeAdd('2024-01-31T00:00:00Z', 'P1M', 'yyyy-MM-dd')]", "\"2024-02-29\""},
        {"[dateTimeAdd('20231114T221320Z', 'PT1H30M')]", "\"20231114T234320Z\""},
        {"[dateTimeToEpoch('2023-05-02T15:16:13Z')]", "1683040573"},
        {"[dateTimeFromEpoch(1683040573)]", "\"2023-05-02T15:16:13Z\""},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[dateTimeAdd('yesterday', 'P1D')]", "the date 'yesterday' is not valid"},
        {"[dateTimeAdd('2020-04-07T14:53:14Z', '1 day')]", "the duration '1 day' is not valid"},
        {"[utcNow('q')]", "the date format 'q' is not valid"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(address_ranges)
{
    static const struct row rows[] = {
        {"[parseCidr('10.144.0.0/20')]",
         "{\"network\":\"10.144.0.0\",\"netmask\":\"255.255.240.0\",\"broadcast\":\"10.144.15."
         "255\","
         "\"firstUsable\":\"10.144.0.1\",\"lastUsable\":\"10.144.15.254\",\"cidr\":20}"},
        {"[cidrSubnet('10.144.0.0/20', 24, 3)]", "\"10.144.3.0/24\""},
        {"[cidrHost('10.144.3.0/24', 0)]", "\"10.144.3.1\""},
        {"[cidrSubnet('fdad:3236:5555::/48', 64, 2)]", "\"fdad:3236:5555:2::/64\""},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[parseCidr('10.0.0.0')]", "is not a valid CIDR range"},
        {"[cidrSubnet('10.0.0.0/24', 26, 4)]", "there is no subnet"},
        {"[cidrHost('10.0.0.0/30', 2)]", "no usable address"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(resource_ids)
{
    static const struct row rows[] = {
        {"[resourceId('Microsoft.Cache/redis', 'c')]",
         "\"/subscriptions/sub/resourceGroups/group/providers/Microsoft.Cache/redis/c\""},
        {"[resourceId('g2', 'Microsoft.Cache/redis', 'c')]",
         "\"/subscriptions/sub/resourceGroups/g2/providers/Microsoft.Cache/redis/c\""},
        {"[resourceId('s2', 'g2', 'Microsoft.Cache/redis/firewallRules', 'c', 'r')]",
         "\"/subscriptions/s2/resourceGroups/g2/providers/Microsoft.Cache/redis/c/firewallRules/"
         "r\""},
        {"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'x')]",
         "\"/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/x\""},
        {"[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'x')]",
         "\"/subscriptions/sub/resourceGroups/x\""},
        {"[tenantResourceId('Microsoft.Authorization/roleDefinitions', 'x')]",
         "\"/providers/Microsoft.Authorization/roleDefinitions/x\""},
        {"[managementGroupResourceId('mg', 'Microsoft.Authorization/policyDefinitions', 'x')]",
         "\"/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/"
         "policyDefinitions/x\""},
        {"[extensionResourceId(resourceId('A.B/c', 'x'), 'Microsoft.Authorization/locks', 'l')]",
         "\"/subscriptions/sub/resourceGroups/group/providers/A.B/c/x/providers/"
         "Microsoft.Authorization/locks/l\""},
        {"[reference('r', '2024-11-01', 'Full')]",
         "{\"name\":\"r\",\"version\":\"2024-11-01\",\"full\":true}"},
        {"[reference('r').name]", "\"r\""},
        {"[listKeys('r', '1').function]", "\"listKeys\""},
        {"[listAccountSas('r', '1', createObject('a', 1)).version]", "\"1\""},
        {"[pickZones('Microsoft.Cache', 'redis', 'westeurope', 2)]", "[\"1\",\"2\"]"},
        {"[pickZones('Microsoft.Cache', 'redis', 'nowhere')]", "[]"},
    };
    check_values(rows, ARRAY_LEN(rows));
    static const struct row errors[] = {
        {"[resourceId('Microsoft.Cache/redis', 'c', 'd')]",
         "the type 'Microsoft.Cache/redis' requires '1' resource name argument(s)"},
        {"[resourceId('c', 'd')]", "is not valid: it needs a namespace and a type"},
        {"[reference('missing')]", "missing is missing"},
        {"[providers('Microsoft.Cache')]", "is not expected at this location"},
    };
    check_errors(errors, ARRAY_LEN(errors));
}

TEST(bombs_are_refused)
{
    static const struct row errors[] = {
        {"[map(range(0, 9999), lambda('i', map(range(0, 9999), lambda('j', map(range(0, 9999), "
         "lambda('k', 'x'))))))]",
         "exceeds the allowed amount of work"},
        {"[reduce(range(0, 100), 'aaaaaaaaaaaaaaaa', lambda('s', 'n', concat(lambdaVariables('s'), "
         "lambdaVariables('s'))))]",
         "result exceeds the allowed length"},
        {"[reduce(range(0, 100), createArray(1), lambda('s', 'n', concat(lambdaVariables('s'), "
         "lambdaVariables('s'))))]",
         "exceeds the allowed amount of work"},
        {"[map(range(0, 9999), lambda('i', length(padLeft('a', 130000, 'a'))))]",
         "exceeds the allowed amount of work"},
        {"[range(0, 10001)]", "between 0 and 10000"},
        {"[padLeft('', 200000)]", "exceeds the allowed length"},
    };
    check_errors(errors, ARRAY_LEN(errors));
    char deep[4096] = "[";
    for (int i = 0; i < 300; i++) {
        strcat(deep, "string(");
    }
    strcat(deep, "1");
    for (int i = 0; i < 300; i++) {
        strcat(deep, ")");
    }
    strcat(deep, "]");
    struct row row = {deep, "nested deeper"};
    check_errors(&row, 1);
    static char huge[EXPRESSION_MOST_CHARACTERS + 100];
    memset(huge, ' ', sizeof(huge) - 1);
    huge[0] = '[';
    huge[sizeof(huge) - 2] = ']';
    row = (struct row){huge, "The language expression length limit exceeded"};
    check_errors(&row, 1);
}

TEST(copies_become_arrays)
{
    struct expression_budget budget = {EXPRESSION_BUDGET, 0};
    struct expression_scope scope = {.budget = &budget};
    struct template_error error;
    cJSON *source = cJSON_Parse(
        "{\"before\":1,\"copy\":[{\"name\":\"disks\",\"count\":3,\"input\":{\"lun\":"
        "\"[copyIndex('disks')]\",\"copy\":[{\"name\":\"parts\",\"count\":\"[copyIndex('disks')]\","
        "\"input\":\"[format('{0}-{1}', copyIndex('disks'), copyIndex('parts', 1))]\"}]}}],"
        "\"[concat('a', 'b')]\":true}");
    cJSON *value = expression_evaluate_all(source, &scope, &error);
    char *printed = cJSON_PrintUnformatted(value);
    CHECK_TEXT(printed, "{\"before\":1,\"disks\":[{\"lun\":0,\"parts\":[]},{\"lun\":1,\"parts\":["
                        "\"1-1\"]},{\"lun\":2,\"parts\":[\"2-1\",\"2-2\"]}],\"ab\":true}");
    cJSON_free(printed);
    cJSON_Delete(value);
    cJSON_Delete(source);
    source = cJSON_Parse("{\"copy\":[{\"name\":\"x\",\"count\":801,\"input\":1}]}");
    CHECK(expression_evaluate_all(source, &scope, &error) == NULL);
    CHECK(strstr(error.message, "'801' exceeds the allowed limit '800'") != NULL);
    cJSON_Delete(source);
}

TEST(hash_of_a_template_is_the_one_bicep_writes)
{
    /* The whole text of the smallest template, as recorded from Azure (2018: not upper case). */
    static const char recorded[] =
        "{\"$schema\":\"https://schema.management.azure.com/schemas/2015-01-01/"
        "deploymentParameters.json#\",\"contentVersion\":\"1.0.0.0\",\"resources\":[]}";
    CHECK(template_murmur64(bytes_from_string(recorded)) == UINT64_C(2567930156074384302));
    cJSON *template = cJSON_Parse(recorded);
    char hash[24], upper[24];
    template_hash(template, hash);
    cJSON_Delete(template);
    char text[sizeof(recorded)];
    for (size_t i = 0; i < sizeof(recorded); i++) {
        text[i] = recorded[i] >= 'a' && recorded[i] <= 'z' ? (char)(recorded[i] - 32) : recorded[i];
    }
    snprintf(upper, sizeof(upper), "%" PRIu64, template_murmur64(bytes_from_string(text)));
    CHECK_TEXT(hash, upper);
}

static const struct test_case cases[] = {
    CASE(text_outside_brackets_stays_text),
    CASE(values_are_reached_by_name_and_index),
    CASE(strings),
    CASE(encodings_and_hashes_are_azures),
    CASE(formats_are_dotnets),
    CASE(arrays_and_objects),
    CASE(lambdas),
    CASE(logic_numbers_and_comparison),
    CASE(dates),
    CASE(address_ranges),
    CASE(resource_ids),
    CASE(bombs_are_refused),
    CASE(copies_become_arrays),
    CASE(hash_of_a_template_is_the_one_bicep_writes),
};
TEST_MAIN(cases)
