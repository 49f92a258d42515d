/* Functions that a template defines itself. */
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A call of one: its arguments by name, and the template behind it. */
struct user_call {
    struct template *template;
    cJSON *arguments;
};

static const cJSON *read_argument(void *context, const char *name, struct template_error *error)
{
    struct user_call *call = context;
    const cJSON *value = cJSON_GetObjectItem(call->arguments, name);
    if (value == NULL) {
        template_fail(error,
                      "The template function parameter '%.128s' is not found. Please see "
                      "https://aka.ms/arm-user-functions for usage details.",
                      name);
    }
    return value;
}

static cJSON *call_other(void *context, const char *space, const char *name,
                         const cJSON *const *arguments, size_t count, struct template_error *error)
{
    struct user_call *call = context;
    return template_call_function(call->template, space, name, arguments, count, error);
}

static cJSON *give_object(void *context, enum expression_object which, struct template_error *error)
{
    struct user_call *call = context;
    const struct expression_scope *scope = &call->template->scope;
    return scope->object(scope->context, which, error);
}

static const cJSON *find_member(const struct template *template, const char *space,
                                const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(template->document, "functions"))
    {
        const char *own = cJSON_GetStringValue(cJSON_GetObjectItem(item, "namespace"));
        if (own != NULL && strcasecmp(own, space) == 0) {
            const cJSON *member = cJSON_GetObjectItem(cJSON_GetObjectItem(item, "members"), name);
            if (member != NULL) {
                return member;
            }
        }
    }
    return NULL;
}

static bool bind(struct user_call *call, const cJSON *member, const char *title,
                 const cJSON *const *arguments, size_t count, struct template_error *error)
{
    const cJSON *parameters = cJSON_GetObjectItem(member, "parameters"), *parameter;
    size_t declared = (size_t)cJSON_GetArraySize(parameters), at = 0;
    if (declared != count) {
        return template_fail(error,
                             "Unable to evaluate template language function '%.128s': function "
                             "requires %zu argument(s) while %zu were provided. Please see "
                             "https://aka.ms/arm-user-functions for usage details.",
                             title, declared, count);
    }
    cJSON_ArrayForEach(parameter, parameters)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(parameter, "name"));
        if (name == NULL) {
            return template_fail(error, "A parameter of the function '%.128s' has no name.", title);
        }
        cJSON_AddItemToObject(call->arguments, name, cJSON_Duplicate(arguments[at], true));
        if (!template_check_type(call->template, parameter, arguments[at], name, "parameter",
                                 error)) {
            return false;
        }
        at++;
    }
    return true;
}

cJSON *template_call_function(void *context, const char *space, const char *name,
                              const cJSON *const *arguments, size_t count,
                              struct template_error *error)
{
    struct template *template = context;
    const cJSON *member = find_member(template, space, name);
    const cJSON *value = cJSON_GetObjectItem(cJSON_GetObjectItem(member, "output"), "value");
    char title[300];
    snprintf(title, sizeof(title), "%.140s.%.140s", space, name);
    if (value == NULL) {
        template_fail(error,
                      "The template function '%s' is not valid. Please see "
                      "https://aka.ms/arm-functions for usage details.",
                      title);
        return NULL;
    }
    struct user_call call = {template, cJSON_CreateObject()};
    struct expression_scope scope = {
        .context = &call,
        .budget = &template->budget,
        .now_ms = template->now_ms,
        .subscription_id = template->scope.subscription_id,
        .resource_group = template->scope.resource_group,
        .parameter = read_argument,
        .object = give_object,
        .call = call_other,
    };
    cJSON *result = NULL;
    if (bind(&call, member, title, arguments, count, error)) {
        result = expression_evaluate_all(value, &scope, error);
    }
    cJSON_Delete(call.arguments);
    return result;
}
