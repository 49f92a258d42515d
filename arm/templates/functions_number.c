/* Numbers, and copyIndex. Whole numbers have 64 bits. */
#include "arm/templates/function.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool read_pair(const struct function_call *call, int64_t *left, int64_t *right)
{
    return function_integer(call, 0, left) && function_integer(call, 1, right);
}

static cJSON *overflow(const struct function_call *call)
{
    return function_fail(call,
                         "Unable to evaluate template language function '%s': the result does not "
                         "fit into an integer.",
                         call->name);
}

static cJSON *run_add(const struct function_call *call)
{
    int64_t left, right, result;
    if (!read_pair(call, &left, &right)) {
        return NULL;
    }
    return __builtin_add_overflow(left, right, &result) ? overflow(call)
                                                        : function_integer_value(result);
}

static cJSON *run_sub(const struct function_call *call)
{
    int64_t left, right, result;
    if (!read_pair(call, &left, &right)) {
        return NULL;
    }
    return __builtin_sub_overflow(left, right, &result) ? overflow(call)
                                                        : function_integer_value(result);
}

static cJSON *run_mul(const struct function_call *call)
{
    int64_t left, right, result;
    if (!read_pair(call, &left, &right)) {
        return NULL;
    }
    return __builtin_mul_overflow(left, right, &result) ? overflow(call)
                                                        : function_integer_value(result);
}

static cJSON *divide(const struct function_call *call, bool remainder)
{
    int64_t left, right;
    if (!read_pair(call, &left, &right)) {
        return NULL;
    }
    if (right == 0) {
        return function_fail(call,
                             "Unable to evaluate template language function '%s': division by "
                             "zero. Please see https://aka.ms/arm-functions/#%s for usage details.",
                             call->name, call->name);
    }
    if (right == -1 && !remainder && left == INT64_MIN) {
        return overflow(call);
    }
    if (right == -1) {
        return function_integer_value(remainder ? 0 : -left);
    }
    return function_integer_value(remainder ? left % right : left / right);
}

static cJSON *run_div(const struct function_call *call)
{
    return divide(call, false);
}

static cJSON *run_mod(const struct function_call *call)
{
    return divide(call, true);
}

static cJSON *extreme(const struct function_call *call, bool greatest)
{
    const cJSON *item = NULL;
    struct function_call inner = *call;
    const cJSON **values = NULL;
    if (call->count == 1 && cJSON_IsArray(call->arguments[0])) {
        size_t size = (size_t)cJSON_GetArraySize(call->arguments[0]), i = 0;
        values = memory_allocate((size + 1) * sizeof(*values));
        cJSON_ArrayForEach(item, call->arguments[0])
        {
            values[i++] = item;
        }
        inner.arguments = values;
        inner.count = size;
    }
    cJSON *result = NULL;
    int64_t best = 0, number;
    bool valid = inner.count > 0;
    if (!valid) {
        function_fail(call,
                      "Unable to evaluate template language function '%s': the array is empty.",
                      call->name);
    }
    for (size_t i = 0; valid && i < inner.count; i++) {
        valid = function_integer(&inner, i, &number);
        if (valid && (i == 0 || (greatest ? number > best : number < best))) {
            best = number;
        }
    }
    if (valid) {
        result = function_integer_value(best);
    }
    memory_free(values);
    return result;
}

static cJSON *run_max(const struct function_call *call)
{
    return extreme(call, true);
}

static cJSON *run_min(const struct function_call *call)
{
    return extreme(call, false);
}

static cJSON *run_int(const struct function_call *call)
{
    const cJSON *value = call->arguments[0];
    int64_t number;
    if (value_is_integer(value)) {
        return function_copy(call, value);
    }
    if (cJSON_IsNumber(value)) {
        return function_number(trunc(value->valuedouble));
    }
    const char *text = cJSON_GetStringValue(value);
    struct bytes digits = bytes_from_string(text);
    if (digits.size > 1 && digits.data[0] == '+') {
        digits = bytes_slice(digits, 1, digits.size);
    }
    while (digits.size > 1 && digits.data[0] == '0') {
        digits = bytes_slice(digits, 1, digits.size);
    }
    if (text == NULL || !bytes_to_int64(digits, &number)) {
        return function_fail(call,
                             "The template language function 'int' parameter is not valid. The "
                             "provided value '%.128s' cannot be converted to an integer. Please "
                             "see https://aka.ms/arm-functions/#int for usage details.",
                             text != NULL ? text : expression_type_name(value));
    }
    return function_integer_value(number);
}

static cJSON *run_float(const struct function_call *call)
{
    const cJSON *value = call->arguments[0];
    if (cJSON_IsNumber(value)) {
        return function_number(value->valuedouble);
    }
    const char *text = cJSON_GetStringValue(value);
    char *end = NULL;
    double number = text != NULL && text[0] != '\0' ? strtod(text, &end) : 0;
    if (end == NULL || *end != '\0' || !isfinite(number) || strpbrk(text, "xXnN \t\n") != NULL) {
        return function_fail(call,
                             "The template language function 'float' parameter is not valid. The "
                             "provided value '%.128s' cannot be converted to a number.",
                             text != NULL ? text : expression_type_name(value));
    }
    return function_number(number);
}

/* copyIndex(), copyIndex(offset), copyIndex('loop'), copyIndex('loop', offset). */
static cJSON *run_copy_index(const struct function_call *call)
{
    const char *name = NULL;
    int64_t offset = 0;
    if (call->count > 0 && cJSON_IsString(call->arguments[0])) {
        name = call->arguments[0]->valuestring;
    } else if (call->count == 1 && !function_integer(call, 0, &offset)) {
        return NULL;
    } else if (call->count == 2 && function_text(call, 0) == NULL) {
        return NULL;
    }
    if (call->count == 2 && !function_integer(call, 1, &offset)) {
        return NULL;
    }
    const struct expression_loop *loop = call->scope->loops;
    while (loop != NULL &&
           (name == NULL ? loop->named_only
                         : loop->name == NULL || strcasecmp(loop->name, name) != 0)) {
        loop = loop->outer;
    }
    if (loop == NULL && name != NULL) {
        return function_fail(call,
                             "The template function 'copyIndex' has an invalid argument. The "
                             "provided copy name '%.128s' doesn't exist in the resource. Please "
                             "see https://aka.ms/arm-functions/#copyindex for usage details.",
                             name);
    }
    if (loop == NULL) {
        return function_fail(call, "The template function 'copyIndex' is not expected at this "
                                   "location. The function can only be used in a resource with "
                                   "copy specified. Please see https://aka.ms/arm-copy for usage "
                                   "details.");
    }
    return function_number((double)(loop->index + offset));
}

static const struct template_function functions[] = {
    {"add", 2, 2, .run = run_add},
    {"copyIndex", 0, 2, .run = run_copy_index},
    {"div", 2, 2, .run = run_div},
    {"float", 1, 1, .run = run_float},
    {"int", 1, 1, .run = run_int},
    {"max", 1, FUNCTION_ANY, .run = run_max},
    {"min", 1, FUNCTION_ANY, .run = run_min},
    {"mod", 2, 2, .run = run_mod},
    {"mul", 2, 2, .run = run_mul},
    {"sub", 2, 2, .run = run_sub},
};

const struct function_family number_functions = {functions, ARRAY_LEN(functions)};
