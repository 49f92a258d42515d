/* What the functions of the template language share: arguments, errors, values, text. */
#include "arm/templates/function.h"

#include "arm/templates/exact_number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

cJSON *function_fail(const struct function_call *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    call->error->code[0] = '\0';
    vsnprintf(call->error->message, sizeof(call->error->message), format, arguments);
    va_end(arguments);
    return NULL;
}

cJSON *function_fail_type(const struct function_call *call, size_t index, const char *expected)
{
    static const char *const ordinals[] = {"first ", "second ", "third ", "fourth "};
    const char *ordinal = "";
    if (call->count > 1) {
        ordinal = index < ARRAY_LEN(ordinals) ? ordinals[index] : "last ";
    }
    return function_fail(call,
                         "The template language function '%s' expects its %sparameter to be of "
                         "type '%s'. The provided value is of type '%s'. Please see "
                         "https://aka.ms/arm-functions#%s for usage details.",
                         call->name, ordinal, expected,
                         expression_type_name(call->arguments[index]), call->name);
}

const char *function_text(const struct function_call *call, size_t index)
{
    const char *text = cJSON_GetStringValue(call->arguments[index]);
    if (text == NULL) {
        function_fail_type(call, index, "String");
    }
    return text;
}

const cJSON *function_array(const struct function_call *call, size_t index)
{
    if (!cJSON_IsArray(call->arguments[index])) {
        function_fail_type(call, index, "Array");
        return NULL;
    }
    return call->arguments[index];
}

const cJSON *function_object(const struct function_call *call, size_t index)
{
    if (!cJSON_IsObject(call->arguments[index])) {
        function_fail_type(call, index, "Object");
        return NULL;
    }
    return call->arguments[index];
}

bool function_integer(const struct function_call *call, size_t index, int64_t *number)
{
    if (!value_is_integer(call->arguments[index])) {
        function_fail_type(call, index, "Integer");
        return false;
    }
    *number = exact_number(call->arguments[index]);
    return true;
}

bool function_boolean(const struct function_call *call, size_t index, bool *truth)
{
    if (!cJSON_IsBool(call->arguments[index])) {
        function_fail_type(call, index, "Boolean");
        return false;
    }
    *truth = cJSON_IsTrue(call->arguments[index]);
    return true;
}

bool function_charge(const struct function_call *call, int64_t units)
{
    struct expression_budget *budget = call->scope->budget;
    budget->left -= units;
    if (budget->left < 0) {
        function_fail(call, "The evaluation of the template's language expressions exceeds the "
                            "allowed amount of work.");
        return false;
    }
    return true;
}

/* Counts no further than `most`, so that a large value costs no more than is left. */
static int64_t value_units(const cJSON *value, int64_t most)
{
    int64_t units = 1;
    if (cJSON_IsString(value)) {
        units += (int64_t)strlen(value->valuestring) / 64;
    }
    const cJSON *item;
    for (item = value->child; item != NULL && units <= most; item = item->next) {
        units += value_units(item, most - units);
    }
    return units;
}

cJSON *function_copy(const struct function_call *call, const cJSON *value)
{
    if (!function_charge(call, value_units(value, call->scope->budget->left))) {
        return NULL;
    }
    return cJSON_Duplicate(value, true);
}

cJSON *function_take_text(const struct function_call *call, struct buf *text)
{
    cJSON *result = NULL;
    if (text->size > EXPRESSION_MOST_RESULT) {
        function_fail_size(call);
    } else {
        result = function_string(call, buf_bytes(text));
    }
    buf_finish(text);
    return result;
}

cJSON *function_string(const struct function_call *call, struct bytes text)
{
    if (!function_charge(call, 1 + (int64_t)text.size / 64)) {
        return NULL;
    }
    char *copy = bytes_to_string(text);
    cJSON *result = cJSON_CreateString(copy);
    memory_free(copy);
    return result;
}

cJSON *function_number(double number)
{
    return cJSON_CreateNumber(number);
}

cJSON *function_integer_value(int64_t number)
{
    return exact_number_create(number);
}

bool function_append_value(struct buf *text, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        return buf_append_string(text, value->valuestring);
    }
    if (cJSON_IsBool(value)) {
        return buf_append_string(text, cJSON_IsTrue(value) ? "True" : "False");
    }
    if (cJSON_IsNull(value)) {
        return true;
    }
    char *printed = exact_print(value);
    bool fits = buf_append_string(text, printed);
    cJSON_free(printed);
    return fits;
}

const char *expression_type_name(const cJSON *value)
{
    if (value == NULL) {
        return "Lambda";
    }
    if (cJSON_IsString(value)) {
        return "String";
    }
    if (cJSON_IsNumber(value)) {
        return value_is_integer(value) ? "Integer" : "Float";
    }
    if (cJSON_IsBool(value)) {
        return "Boolean";
    }
    if (cJSON_IsArray(value)) {
        return "Array";
    }
    return cJSON_IsObject(value) ? "Object" : "Null";
}

bool value_is_integer(const cJSON *value)
{
    return cJSON_IsNumber(value) && fabs(value->valuedouble) <= 9223372036854775808.0 &&
           value->valuedouble == floor(value->valuedouble);
}

static bool objects_equal(const cJSON *left, const cJSON *right)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, left)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(right, item->string);
        if (other == NULL || !value_equal(item, other)) {
            return false;
        }
    }
    return true;
}

bool value_equal(const cJSON *left, const cJSON *right)
{
    if (cJSON_IsString(left)) {
        return cJSON_IsString(right) && strcmp(left->valuestring, right->valuestring) == 0;
    }
    if (cJSON_IsNumber(left)) {
        return cJSON_IsNumber(right) && left->valuedouble == right->valuedouble &&
               (!value_is_integer(left) || exact_number(left) == exact_number(right));
    }
    if (!cJSON_IsArray(left) && !cJSON_IsObject(left)) {
        return (left->type & 0xff) == (right->type & 0xff);
    }
    if ((left->type & 0xff) != (right->type & 0xff) ||
        cJSON_GetArraySize(left) != cJSON_GetArraySize(right)) {
        return false;
    }
    if (cJSON_IsObject(left)) {
        return objects_equal(left, right);
    }
    const cJSON *other = right->child;
    for (const cJSON *item = left->child; item != NULL; item = item->next, other = other->next) {
        if (!value_equal(item, other)) {
            return false;
        }
    }
    return true;
}

/* Bytes of the character at the front, at least one; units: how many .NET counts it for. */
static size_t character_size(struct bytes text, size_t *units)
{
    size_t size = bytes_utf8_size(text);
    *units = size == 4 ? 2 : 1;
    return size == 0 ? 1 : size;
}

size_t text_units(const char *text)
{
    struct bytes rest = bytes_from_string(text);
    size_t total = 0, units;
    while (rest.size > 0) {
        rest = bytes_slice(rest, character_size(rest, &units), rest.size);
        total += units;
    }
    return total;
}

size_t text_offset(const char *text, size_t unit)
{
    struct bytes rest = bytes_from_string(text);
    size_t total = 0, units;
    while (rest.size > 0) {
        size_t size = character_size(rest, &units);
        total += units;
        if (total > unit) {
            break;
        }
        rest = bytes_slice(rest, size, rest.size);
    }
    return (size_t)(rest.data - text);
}

cJSON *function_fail_size(const struct function_call *call)
{
    return function_fail(call,
                         "The template language function '%s' result exceeds the allowed length "
                         "'%d'. Please see https://aka.ms/arm-functions for usage details.",
                         call->name, EXPRESSION_MOST_RESULT);
}
