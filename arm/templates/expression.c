/*
 * Evaluates expressions: walks the tree, spends the budget, calls the rows of functions_*.c.
 * Knows no function itself but parameters, variables and lambdaVariables.
 */
#include "arm/templates/expression.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/templates/expression_node.h"
#include "arm/templates/function.h"

/* A lambda's variable while its body runs. */
struct lambda_binding {
    const char *name;
    const cJSON *value;
    const struct lambda_binding *outer;
};

struct evaluator {
    const struct expression_scope *scope;
    const struct lambda_binding *bindings;
    struct template_error *error;
};

/* A value on its way: borrowed from parameters and the like, or ours to free. */
struct value {
    cJSON *item;
    bool owned;
};

static const struct value no_value = {NULL, false};

bool template_fail(struct template_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->code[0] = '\0';
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return false;
}

bool expression_is(const char *text)
{
    size_t size = strlen(text);
    return size >= 2 && text[0] == '[' && text[1] != '[' && text[size - 1] == ']';
}

static struct value owned(cJSON *item)
{
    return (struct value){item, true};
}

static void value_finish(struct value value)
{
    if (value.owned) {
        cJSON_Delete(value.item);
    }
}

static struct value evaluate(struct evaluator *evaluator, const struct expression_node *node);

static bool is_lambda(const struct expression_node *node)
{
    return node->kind == NODE_CALL && node->space == NULL && strcasecmp(node->text, "lambda") == 0;
}

/* ---- what functions ask of the evaluator ---- */

static cJSON *value_own(const struct function_call *call, struct value value)
{
    return value.item == NULL || value.owned ? value.item : function_copy(call, value.item);
}

cJSON *function_argument(const struct function_call *call, size_t index)
{
    struct evaluator evaluator = {call->scope, call->bindings, call->error};
    return value_own(call, evaluate(&evaluator, call->nodes[index]));
}

cJSON *function_lambda(const struct function_call *call, size_t index, const cJSON *const *values,
                       size_t count)
{
    const struct expression_node *lambda = call->nodes[index];
    struct lambda_binding bindings[4];
    if (!is_lambda(lambda) || lambda->count < 1 || lambda->count > ARRAY_LEN(bindings)) {
        return function_fail(call,
                             "The template language function '%s' expects its parameter at "
                             "position '%zu' to be a lambda.",
                             call->name, index + 1);
    }
    size_t names = lambda->count - 1;
    if (names > count) {
        return function_fail(call,
                             "The template language function '%s' expects a lambda of at most "
                             "'%zu' variable(s) while '%zu' were provided.",
                             call->name, count, names);
    }
    const struct lambda_binding *outer = call->bindings;
    for (size_t i = 0; i < names; i++) {
        if (lambda->arguments[i]->kind != NODE_STRING) {
            return function_fail(call,
                                 "The template language function 'lambda' expects the names of "
                                 "its variables to be string literals.");
        }
        bindings[i] = (struct lambda_binding){lambda->arguments[i]->text, values[i], outer};
        outer = &bindings[i];
    }
    struct evaluator evaluator = {call->scope, outer, call->error};
    return value_own(call, evaluate(&evaluator, lambda->arguments[names]));
}

/* ---- the tree ---- */

static bool spend(struct evaluator *evaluator, int64_t units)
{
    struct expression_budget *budget = evaluator->scope->budget;
    budget->left -= units;
    if (budget->left >= 0) {
        return true;
    }
    return template_fail(evaluator->error,
                         "The evaluation of the template's language expressions exceeds the "
                         "allowed amount of work.");
}

/* Looking at a value costs as much as it is long. */
static bool spend_look(struct evaluator *evaluator, const cJSON *value)
{
    int64_t units = 0;
    if (cJSON_IsString(value)) {
        units = (int64_t)strlen(value->valuestring) / 16;
    } else if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
        units = cJSON_GetArraySize(value) / 32;
    }
    return spend(evaluator, units);
}

static const struct template_function *find_function(const char *name)
{
    static const struct function_family *const families[] = {
        &string_functions,  &text_functions,     &array_functions,  &object_functions,
        &lambda_functions,  &logical_functions,  &number_functions, &date_functions,
        &network_functions, &resource_functions, &scope_functions,  &format_functions,
    };
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        for (size_t j = 0; j < families[i]->count; j++) {
            if (strcasecmp(families[i]->rows[j].name, name) == 0) {
                return &families[i]->rows[j];
            }
        }
    }
    return NULL;
}

static bool is_list(const char *name)
{
    return strlen(name) > 4 && strncasecmp(name, "list", 4) == 0;
}

static struct value fail_count(struct evaluator *evaluator, const struct expression_node *node,
                               const struct template_function *row)
{
    if (row->maximum == FUNCTION_ANY) {
        template_fail(evaluator->error,
                      "Unable to evaluate template language function '%s'. At least %zu "
                      "parameter(s) should be provided. Please see https://aka.ms/arm-functions "
                      "for usage details.",
                      node->text, row->minimum);
    } else if (row->minimum == row->maximum) {
        template_fail(evaluator->error,
                      "Unable to evaluate template language function '%s': function requires %zu "
                      "argument(s) while %zu were provided. Please see "
                      "https://aka.ms/arm-resource-functions/#%s for usage details.",
                      node->text, row->minimum, node->count, node->text);
    } else {
        template_fail(evaluator->error,
                      "Unable to evaluate template language function '%s': function requires "
                      "between %zu and %zu argument(s) while %zu were provided. Please see "
                      "https://aka.ms/arm-resource-functions/#%s for usage details.",
                      node->text, row->minimum, row->maximum, node->count, node->text);
    }
    return no_value;
}

/* parameters('x'), variables('x') and lambdaVariables('x') lend what they name. */
static bool evaluate_lent(struct evaluator *evaluator, const struct expression_node *node,
                          struct value *result)
{
    const struct expression_scope *scope = evaluator->scope;
    bool parameter = strcasecmp(node->text, "parameters") == 0;
    bool variable = strcasecmp(node->text, "variables") == 0;
    if (!parameter && !variable && strcasecmp(node->text, "lambdaVariables") != 0) {
        return false;
    }
    *result = no_value;
    if (node->count != 1) {
        static const struct template_function one = {.minimum = 1, .maximum = 1};
        fail_count(evaluator, node, &one);
        return true;
    }
    struct value name = evaluate(evaluator, node->arguments[0]);
    const char *text = cJSON_GetStringValue(name.item);
    if (name.item != NULL && text == NULL) {
        template_fail(evaluator->error,
                      "The template language function '%s' expects its parameter to be a string. "
                      "The provided value is of type '%s'. Please see "
                      "https://aka.ms/arm-functions for usage details.",
                      node->text, expression_type_name(name.item));
    } else if (text != NULL && parameter && scope->parameter != NULL) {
        result->item = (cJSON *)scope->parameter(scope->context, text, evaluator->error);
    } else if (text != NULL && variable && scope->variable != NULL) {
        result->item = (cJSON *)scope->variable(scope->context, text, evaluator->error);
    } else if (text != NULL && (parameter || variable)) {
        template_fail(evaluator->error,
                      "The template function '%s' is not expected at this location. Please see "
                      "https://aka.ms/arm-functions for usage details.",
                      node->text);
    } else if (text != NULL) {
        const struct lambda_binding *binding = evaluator->bindings;
        while (binding != NULL && strcasecmp(binding->name, text) != 0) {
            binding = binding->outer;
        }
        if (binding != NULL) {
            result->item = (cJSON *)binding->value;
        } else {
            template_fail(evaluator->error,
                          "The lambda variable '%s' is not found. Please see "
                          "https://aka.ms/arm-functions for usage details.",
                          text);
        }
    }
    value_finish(name);
    return true;
}

static struct value run_function(struct evaluator *evaluator, const struct expression_node *node,
                                 const struct template_function *row)
{
    const struct expression_scope *scope = evaluator->scope;
    struct value *values = memory_allocate_zeroed((node->count + 1) * sizeof(*values));
    const cJSON **arguments = memory_allocate_zeroed((node->count + 1) * sizeof(*arguments));
    struct function_call call = {
        .name = node->text,
        .scope = scope,
        .error = evaluator->error,
        .arguments = arguments,
        .nodes = (const struct expression_node *const *)node->arguments,
        .bindings = evaluator->bindings,
        .count = node->count,
    };
    bool complete = true;
    for (size_t i = 0; complete && i < node->count && (row == NULL || !row->lazy); i++) {
        if (!is_lambda(node->arguments[i])) {
            values[i] = evaluate(evaluator, node->arguments[i]);
            arguments[i] = values[i].item;
            complete = values[i].item != NULL && spend_look(evaluator, values[i].item);
        } else if (row == NULL) {
            complete = template_fail(evaluator->error,
                                     "The template function 'lambda' is not expected at this "
                                     "location.");
        }
    }
    cJSON *result = NULL;
    if (complete && row != NULL) {
        result = row->run(&call);
    } else if (complete && node->space != NULL) {
        result = scope->call(scope->context, node->space, node->text, arguments, node->count,
                             evaluator->error);
    } else if (complete) {
        result = scope->other(scope->context, node->text, arguments, node->count, evaluator->error);
    }
    for (size_t i = 0; i < node->count; i++) {
        value_finish(values[i]);
    }
    memory_free(arguments);
    memory_free(values);
    return owned(result);
}

static struct value evaluate_call(struct evaluator *evaluator, const struct expression_node *node)
{
    struct value result;
    if (node->space != NULL) {
        if (evaluator->scope->call == NULL) {
            template_fail(evaluator->error,
                          "The template function '%s.%s' is not valid. Please see "
                          "https://aka.ms/arm-functions for usage details.",
                          node->space, node->text);
            return no_value;
        }
        return run_function(evaluator, node, NULL);
    }
    if (evaluate_lent(evaluator, node, &result)) {
        return result;
    }
    const struct template_function *row = find_function(node->text);
    if (row == NULL && is_list(node->text)) {
        row = &list_function;
    }
    if (row == NULL && evaluator->scope->other != NULL) {
        return run_function(evaluator, node, NULL);
    }
    if (row == NULL) {
        template_fail(evaluator->error,
                      "The template function '%s' is not valid. Please see "
                      "https://aka.ms/arm-functions for usage details.",
                      node->text);
        return no_value;
    }
    if (node->count < row->minimum || node->count > row->maximum) {
        return fail_count(evaluator, node, row);
    }
    return run_function(evaluator, node, row);
}

/* A part of `base`, which may be ours to free: then the part is taken out of it first. */
static struct value part_of(struct value base, cJSON *part)
{
    if (!base.owned) {
        return (struct value){part, false};
    }
    cJSON_DetachItemViaPointer(base.item, part);
    value_finish(base);
    return owned(part);
}

static struct value fail_property(struct evaluator *evaluator, struct value base, const char *name)
{
    if (!cJSON_IsObject(base.item)) {
        template_fail(evaluator->error, "The language expression property '%s' can't be evaluated.",
                      name);
        value_finish(base);
        return no_value;
    }
    struct buf names;
    buf_init(&names, 1024);
    const cJSON *item;
    cJSON_ArrayForEach(item, base.item)
    {
        if (!buf_printf(&names, "%s%s", names.size > 0 ? ", " : "", item->string)) {
            break;
        }
    }
    template_fail(evaluator->error,
                  "The language expression property '%s' doesn't exist, available properties are "
                  "'%s'.",
                  name, buf_string(&names));
    buf_finish(&names);
    value_finish(base);
    return no_value;
}

static struct value property_of(struct evaluator *evaluator, struct value base, const char *name)
{
    cJSON *part = cJSON_IsObject(base.item) ? cJSON_GetObjectItem(base.item, name) : NULL;
    return part != NULL ? part_of(base, part) : fail_property(evaluator, base, name);
}

static struct value element_of(struct evaluator *evaluator, struct value base, const cJSON *index)
{
    if (cJSON_IsString(index)) {
        return property_of(evaluator, base, index->valuestring);
    }
    if (!cJSON_IsArray(base.item) || !value_is_integer(index)) {
        template_fail(evaluator->error,
                      "The language expression property '%g' can't be evaluated, property name "
                      "must be a string.",
                      cJSON_IsNumber(index) ? index->valuedouble : 0.0);
        value_finish(base);
        return no_value;
    }
    int size = cJSON_GetArraySize(base.item);
    if (index->valuedouble < 0 || index->valuedouble >= size) {
        template_fail(evaluator->error,
                      "The language expression property array index '%.0f' is out of bounds.",
                      index->valuedouble);
        value_finish(base);
        return no_value;
    }
    return part_of(base, cJSON_GetArrayItem(base.item, index->valueint));
}

static struct value evaluate_access(struct evaluator *evaluator, const struct expression_node *node)
{
    struct value base = evaluate(evaluator, node->arguments[0]);
    if (base.item == NULL) {
        return no_value;
    }
    if (!spend_look(evaluator, base.item)) {
        value_finish(base);
        return no_value;
    }
    if (node->kind == NODE_MEMBER) {
        return property_of(evaluator, base, node->text);
    }
    struct value index = evaluate(evaluator, node->arguments[1]);
    if (index.item == NULL) {
        value_finish(base);
        return no_value;
    }
    struct value result = element_of(evaluator, base, index.item);
    value_finish(index);
    return result;
}

static struct value evaluate(struct evaluator *evaluator, const struct expression_node *node)
{
    struct expression_budget *budget = evaluator->scope->budget;
    if (budget->depth >= EXPRESSION_MOST_DEPTH * 2) {
        template_fail(evaluator->error, "The template's language expressions are nested deeper "
                                        "than allowed.");
        return no_value;
    }
    if (!spend(evaluator, 1)) {
        return no_value;
    }
    budget->depth++;
    struct value value = no_value;
    switch (node->kind) {
    case NODE_STRING:
        if (spend(evaluator, (int64_t)strlen(node->text) / 64)) {
            value = owned(cJSON_CreateString(node->text));
        }
        break;
    case NODE_NUMBER:
        value = owned(node->whole ? function_integer_value(node->integer)
                                  : function_number(node->number));
        break;
    case NODE_CALL:
        value = evaluate_call(evaluator, node);
        break;
    case NODE_MEMBER:
    case NODE_INDEX:
        value = evaluate_access(evaluator, node);
        break;
    }
    budget->depth--;
    return value;
}

/* ---- whole strings and documents ---- */

static struct expression_node *parse_text(const char *text, struct template_error *error)
{
    return expression_parse((struct bytes){text + 1, strlen(text) - 2}, error);
}

cJSON *expression_evaluate(const char *text, const struct expression_scope *scope,
                           struct template_error *error)
{
    if (!expression_is(text)) {
        size_t size = strlen(text);
        bool escaped = size >= 3 && text[0] == '[' && text[1] == '[' && text[size - 1] == ']';
        return cJSON_CreateString(escaped ? text + 1 : text);
    }
    struct expression_node *node = parse_text(text, error);
    if (node == NULL) {
        return NULL;
    }
    struct evaluator evaluator = {scope, NULL, error};
    struct function_call call = {.scope = scope, .error = error};
    cJSON *result = value_own(&call, evaluate(&evaluator, node));
    expression_node_destroy(node);
    return result;
}

static bool waits(const struct expression_node *node)
{
    if (node->kind == NODE_CALL && node->space == NULL &&
        (strcasecmp(node->text, "reference") == 0 || strcasecmp(node->text, "references") == 0 ||
         is_list(node->text))) {
        return true;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (waits(node->arguments[i])) {
            return true;
        }
    }
    return false;
}

bool expression_needs_resources(const char *text)
{
    struct template_error error;
    struct expression_node *node = expression_is(text) ? parse_text(text, &error) : NULL;
    bool needs = node != NULL && waits(node);
    expression_node_destroy(node);
    return needs;
}

static void collect_references(struct evaluator *evaluator, const struct expression_node *node,
                               cJSON *names)
{
    if (node->kind == NODE_CALL && node->space == NULL && node->count > 0 &&
        (strcasecmp(node->text, "reference") == 0 || is_list(node->text))) {
        struct value name = evaluate(evaluator, node->arguments[0]);
        if (cJSON_IsString(name.item)) {
            cJSON_AddItemToArray(names, cJSON_CreateString(name.item->valuestring));
        }
        value_finish(name);
    }
    for (size_t i = 0; i < node->count; i++) {
        collect_references(evaluator, node->arguments[i], names);
    }
}

cJSON *expression_references(const char *text, const struct expression_scope *scope)
{
    cJSON *names = cJSON_CreateArray();
    struct template_error error;
    struct expression_node *node = expression_is(text) ? parse_text(text, &error) : NULL;
    if (node != NULL && waits(node)) {
        struct evaluator evaluator = {scope, NULL, &error};
        collect_references(&evaluator, node, names);
    }
    expression_node_destroy(node);
    return names;
}
