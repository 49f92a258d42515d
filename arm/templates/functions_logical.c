/* Logic, comparison and choice. and, or, if and coalesce evaluate no more than they need. */
#include "arm/templates/exact_number.h"
#include "arm/templates/function.h"

#include <string.h>
#include <strings.h>

/* The lazy argument as a boolean; false: the error is filled. */
static bool read_truth(const struct function_call *call, size_t index, bool *truth)
{
    cJSON *value = function_argument(call, index);
    if (value == NULL) {
        return false;
    }
    bool valid = cJSON_IsBool(value);
    if (!valid) {
        function_fail(call,
                      "The template language function '%s' expects all parameters to be of type "
                      "boolean. The provided parameter at position '%zu' is of type '%s'. Please "
                      "see https://aka.ms/arm-functions/#%s for usage details.",
                      call->name, index + 1, expression_type_name(value), call->name);
    }
    *truth = valid && cJSON_IsTrue(value);
    cJSON_Delete(value);
    return valid;
}

/* `decisive` is what ends the evaluation: false for and, true for or. */
static cJSON *combine(const struct function_call *call, bool decisive)
{
    for (size_t i = 0; i < call->count; i++) {
        bool truth;
        if (!read_truth(call, i, &truth)) {
            return NULL;
        }
        if (truth == decisive) {
            return cJSON_CreateBool(decisive);
        }
    }
    return cJSON_CreateBool(!decisive);
}

static cJSON *run_and(const struct function_call *call)
{
    return combine(call, false);
}

static cJSON *run_or(const struct function_call *call)
{
    return combine(call, true);
}

static cJSON *run_not(const struct function_call *call)
{
    bool truth;
    return function_boolean(call, 0, &truth) ? cJSON_CreateBool(!truth) : NULL;
}

static cJSON *run_if(const struct function_call *call)
{
    bool truth;
    return read_truth(call, 0, &truth) ? function_argument(call, truth ? 1 : 2) : NULL;
}

static cJSON *run_bool(const struct function_call *call)
{
    const cJSON *value = call->arguments[0];
    if (cJSON_IsBool(value)) {
        return cJSON_CreateBool(cJSON_IsTrue(value));
    }
    if (value_is_integer(value)) {
        return cJSON_CreateBool(value->valuedouble != 0);
    }
    const char *text = cJSON_GetStringValue(value);
    if (text != NULL && (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)) {
        return cJSON_CreateTrue();
    }
    if (text != NULL && (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)) {
        return cJSON_CreateFalse();
    }
    return function_fail(call,
                         "The template language function 'bool' parameter is not valid. The "
                         "provided value '%.128s' cannot be converted to a boolean. Please see "
                         "https://aka.ms/arm-functions/#bool for usage details.",
                         text != NULL ? text : expression_type_name(value));
}

static cJSON *run_true(const struct function_call *call)
{
    (void)call;
    return cJSON_CreateTrue();
}

static cJSON *run_false(const struct function_call *call)
{
    (void)call;
    return cJSON_CreateFalse();
}

static cJSON *run_equals(const struct function_call *call)
{
    return cJSON_CreateBool(value_equal(call->arguments[0], call->arguments[1]));
}

/* Numbers by value, texts as .NET's ordinal order. False: the error is filled. */
static bool compare(const struct function_call *call, int *order)
{
    const cJSON *left = call->arguments[0], *right = call->arguments[1];
    if (value_is_integer(left) && value_is_integer(right)) {
        int64_t first = exact_number(left), second = exact_number(right);
        *order = (first > second) - (first < second);
        return true;
    }
    if (cJSON_IsNumber(left) && cJSON_IsNumber(right)) {
        *order =
            (left->valuedouble > right->valuedouble) - (left->valuedouble < right->valuedouble);
        return true;
    }
    if (cJSON_IsString(left) && cJSON_IsString(right)) {
        *order = strcmp(left->valuestring, right->valuestring);
        return true;
    }
    function_fail(call,
                  "The template language function '%s' expects two parameters of matching types. "
                  "The function was invoked with values of type '%s' and '%s' that do not match. "
                  "Please see https://aka.ms/arm-functions/#%s for usage details.",
                  call->name, expression_type_name(left), expression_type_name(right), call->name);
    return false;
}

static cJSON *run_greater(const struct function_call *call)
{
    int order;
    return compare(call, &order) ? cJSON_CreateBool(order > 0) : NULL;
}

static cJSON *run_greater_or_equals(const struct function_call *call)
{
    int order;
    return compare(call, &order) ? cJSON_CreateBool(order >= 0) : NULL;
}

static cJSON *run_less(const struct function_call *call)
{
    int order;
    return compare(call, &order) ? cJSON_CreateBool(order < 0) : NULL;
}

static cJSON *run_less_or_equals(const struct function_call *call)
{
    int order;
    return compare(call, &order) ? cJSON_CreateBool(order <= 0) : NULL;
}

static cJSON *run_coalesce(const struct function_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        cJSON *value = function_argument(call, i);
        if (value == NULL || !cJSON_IsNull(value)) {
            return value;
        }
        cJSON_Delete(value);
    }
    return cJSON_CreateNull();
}

static const struct template_function functions[] = {
    {"and", 1, FUNCTION_ANY, .run = run_and, .lazy = true},
    {"bool", 1, 1, .run = run_bool},
    {"coalesce", 1, FUNCTION_ANY, .run = run_coalesce, .lazy = true},
    {"equals", 2, 2, .run = run_equals},
    {"false", 0, 0, .run = run_false},
    {"greater", 2, 2, .run = run_greater},
    {"greaterOrEquals", 2, 2, .run = run_greater_or_equals},
    {"if", 3, 3, .run = run_if, .lazy = true},
    {"less", 2, 2, .run = run_less},
    {"lessOrEquals", 2, 2, .run = run_less_or_equals},
    {"not", 1, 1, .run = run_not},
    {"or", 1, FUNCTION_ANY, .run = run_or, .lazy = true},
    {"true", 0, 0, .run = run_true},
};

const struct function_family logical_functions = {functions, ARRAY_LEN(functions)};
