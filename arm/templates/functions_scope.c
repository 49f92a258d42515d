/* Functions without arguments that describe where a deployment runs. */
#include "arm/templates/function.h"

static cJSON *give(const struct function_call *call, enum expression_object which)
{
    const struct expression_scope *scope = call->scope;
    if (scope->object == NULL) {
        return function_fail(call,
                             "The template function '%s' is not expected at this location. Please "
                             "see https://aka.ms/arm-functions for usage details.",
                             call->name);
    }
    return scope->object(scope->context, which, call->error);
}

static cJSON *run_deployer(const struct function_call *call)
{
    return give(call, EXPRESSION_DEPLOYER);
}

static cJSON *run_deployment(const struct function_call *call)
{
    return give(call, EXPRESSION_DEPLOYMENT);
}

static cJSON *run_environment(const struct function_call *call)
{
    return give(call, EXPRESSION_ENVIRONMENT);
}

static cJSON *run_management_group(const struct function_call *call)
{
    return give(call, EXPRESSION_MANAGEMENT_GROUP);
}

static cJSON *run_resource_group(const struct function_call *call)
{
    return give(call, EXPRESSION_RESOURCE_GROUP);
}

static cJSON *run_subscription(const struct function_call *call)
{
    return give(call, EXPRESSION_SUBSCRIPTION);
}

static cJSON *run_tenant(const struct function_call *call)
{
    return give(call, EXPRESSION_TENANT);
}

static const struct template_function functions[] = {
    {"deployer", 0, 0, .run = run_deployer},
    {"deployment", 0, 0, .run = run_deployment},
    {"environment", 0, 0, .run = run_environment},
    {"managementGroup", 0, 0, .run = run_management_group},
    {"resourceGroup", 0, 0, .run = run_resource_group},
    {"subscription", 0, 0, .run = run_subscription},
    {"tenant", 0, 0, .run = run_tenant},
};

const struct function_family scope_functions = {functions, ARRAY_LEN(functions)};
