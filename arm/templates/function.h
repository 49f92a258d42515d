/*
 * What a template function is, for the files functions_*.c only: a row, and the call it sees.
 * Arguments are borrowed until the function returns; what it returns is owned by the caller.
 * NULL: the error says why.
 */
#ifndef ARM_TEMPLATES_FUNCTION_H
#define ARM_TEMPLATES_FUNCTION_H

#include "arm/templates/expression.h"

struct expression_node;
struct lambda_binding;

/* A call being evaluated. */
struct function_call {
    const char *name; /* as the template wrote it */
    const struct expression_scope *scope;
    struct template_error *error;
    const cJSON *const *arguments; /* NULL where a lambda stands, and all of a lazy function's */
    const struct expression_node *const *nodes;
    const struct lambda_binding *bindings;
    size_t count;
};

#define FUNCTION_ANY SIZE_MAX

struct template_function {
    const char *name;
    size_t minimum, maximum;
    cJSON *(*run)(const struct function_call *call);
    bool lazy; /* evaluates its own arguments, with function_argument */
};

struct function_family {
    const struct template_function *rows;
    size_t count;
};

extern const struct function_family string_functions, text_functions, array_functions,
    object_functions, lambda_functions, logical_functions, number_functions, date_functions,
    network_functions, resource_functions, scope_functions, format_functions;

/* listKeys, listSecrets and every other list...: found by how the name begins. */
extern const struct template_function list_function;

/* Always NULL. */
cJSON *function_fail(const struct function_call *call, const char *format, ...) PRINTF_LIKE(2, 3);
/* "expects its second parameter to be of type 'String'". Always NULL. */
cJSON *function_fail_type(const struct function_call *call, size_t index, const char *expected);

/* The result is longer than allowed. Always NULL. */
cJSON *function_fail_size(const struct function_call *call);

/* For lazy functions: owned by the caller. */
cJSON *function_argument(const struct function_call *call, size_t index);
/* Applies the lambda at `index`; owned by the caller. */
cJSON *function_lambda(const struct function_call *call, size_t index, const cJSON *const *values,
                       size_t count);

/* The argument, or NULL after filling the error. */
const char *function_text(const struct function_call *call, size_t index);
const cJSON *function_array(const struct function_call *call, size_t index);
const cJSON *function_object(const struct function_call *call, size_t index);
bool function_integer(const struct function_call *call, size_t index, int64_t *number);
bool function_boolean(const struct function_call *call, size_t index, bool *truth);

/* Spends; false when the deployment's budget is gone. */
bool function_charge(const struct function_call *call, int64_t units);
/* A copy, charged; NULL when that would pass the budget. */
cJSON *function_copy(const struct function_call *call, const cJSON *value);
/* The text as a string value; a result over the limit fails. The buf is finished. */
cJSON *function_take_text(const struct function_call *call, struct buf *text);
cJSON *function_string(const struct function_call *call, struct bytes text);
cJSON *function_number(double number);
/* All 64 bits of it. */
cJSON *function_integer_value(int64_t number);
/* How string() and format() write a value: "True", "5", compact JSON. */
bool function_append_value(struct buf *text, const cJSON *value);

/* union and intersection, when they are given arrays. */
cJSON *array_union(const struct function_call *call);
cJSON *array_intersection(const struct function_call *call);

bool value_is_integer(const cJSON *value);
bool value_equal(const cJSON *left, const cJSON *right); /* case counts, property order does not */

/* UTF-16 code units, as .NET counts: length, and the byte offset of a unit. */
size_t text_units(const char *text);
size_t text_offset(const char *text, size_t unit);

#endif
