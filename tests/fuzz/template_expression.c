/*
 * Expressions of the template language, one a line, with parameters that hold every kind of value.
 * What an expression gives must be printable, and its evaluation within the budget.
 */
#include "arm/templates/expression.h"

#include <assert.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static const cJSON *parameter(void *context, const char *name, struct template_error *error)
{
    const cJSON *value = cJSON_GetObjectItem(context, name);
    if (value == NULL) {
        template_fail(error, "no parameter '%.64s'", name);
    }
    return value;
}

static cJSON *reference(void *context, const char *name, const char *api_version, bool full,
                        struct template_error *error)
{
    (void)name;
    (void)api_version;
    (void)full;
    (void)error;
    return cJSON_Duplicate(context, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expression_budget budget = {200000, 0};
    struct random random;
    random_init(&random, 1);
    cJSON *values = cJSON_Parse("{\"text\":\"a-b\",\"number\":7,\"truth\":true,\"none\":null,"
                                "\"list\":[1,\"two\",[3]],\"object\":{\"a\":{\"b\":1}}}");
    struct expression_loop loop = {"loop", 1, false, NULL};
    const struct expression_scope scope = {
        .context = values,
        .budget = &budget,
        .now_ms = 1700000000000,
        .random = &random,
        .subscription_id = "sub",
        .resource_group = "group",
        .loops = &loop,
        .parameter = parameter,
        .reference = reference,
    };
    struct bytes input = {(const char *)data, size};
    while (input.size > 0) {
        struct bytes line = bytes_slice(input, 0, bytes_find(input, '\n'));
        input = bytes_slice(input, line.size + 1, input.size);
        char *text = bytes_to_string(line);
        struct template_error error = {0};
        cJSON *value = expression_evaluate(text, &scope, &error);
        if (value != NULL) {
            char *printed = cJSON_PrintUnformatted(value);
            assert(printed != NULL);
            cJSON_free(printed);
        } else {
            assert(error.message[0] != '\0');
        }
        assert(budget.depth == 0);
        cJSON_Delete(value);
        cJSON_Delete(expression_references(text, &scope));
        memory_free(text);
    }
    cJSON_Delete(values);
    return 0;
}
