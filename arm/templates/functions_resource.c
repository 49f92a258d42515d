/* Resource ids, and what is asked of resources: reference, list*, providers, pickZones. */
#include "arm/templates/function.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static size_t count_segments(const char *type)
{
    size_t count = 0;
    for (const char *at = strchr(type, '/'); at != NULL; at = strchr(at + 1, '/')) {
        count++;
    }
    return count;
}

/* /providers/{type with names between}; false: the error is filled. */
static bool append_path(const struct function_call *call, size_t first, struct buf *id)
{
    const char *type = function_text(call, first);
    if (type == NULL) {
        return false;
    }
    size_t segments = count_segments(type), names = call->count - first - 1;
    if (segments == 0 || segments != names) {
        if (segments == 0) {
            function_fail(call,
                          "Unable to evaluate template language function '%s': the resource type "
                          "'%.128s' is not valid: it needs a namespace and a type. Please see "
                          "https://aka.ms/arm-resource-functions/#resourceid for usage details.",
                          call->name, type);
        } else {
            function_fail(call,
                          "Unable to evaluate template language function '%s': the type '%.128s' "
                          "requires '%zu' resource name argument(s). Please see "
                          "https://aka.ms/arm-resource-functions/#resourceid for usage details.",
                          call->name, type, segments);
        }
        return false;
    }
    size_t size = strcspn(type, "/");
    bool group = strcasecmp(type, "Microsoft.Resources/resourceGroups") == 0;
    bool fits = group || buf_printf(id, "/providers/%.*s", (int)size, type);
    for (size_t i = first + 1; fits && i < call->count; i++) {
        const char *name = function_text(call, i);
        if (name == NULL) {
            return false;
        }
        type += size + 1;
        size = strcspn(type, "/");
        fits = buf_printf(id, "/%.*s/%s", (int)size, type, name);
    }
    if (!fits) {
        function_fail_size(call);
    }
    return fits;
}

static cJSON *finish_id(const struct function_call *call, size_t first, struct buf *id)
{
    if (!append_path(call, first, id)) {
        buf_finish(id);
        return NULL;
    }
    return function_take_text(call, id);
}

/* Which of the first arguments is the type: the one with a slash. */
static size_t type_index(const struct function_call *call, size_t most)
{
    for (size_t i = 0; i < call->count && i <= most; i++) {
        const char *text = cJSON_GetStringValue(call->arguments[i]);
        if (text != NULL && strchr(text, '/') != NULL) {
            return i;
        }
    }
    return 0;
}

static cJSON *run_resource_id(const struct function_call *call)
{
    const struct expression_scope *scope = call->scope;
    size_t first = type_index(call, 2);
    const char *subscription = scope->subscription_id, *group = scope->resource_group;
    for (size_t i = 0; i < first; i++) {
        const char *text = function_text(call, i);
        if (text == NULL) {
            return NULL;
        }
        if (i + 1 < first || group == NULL) {
            subscription = text;
        } else {
            group = text;
        }
    }
    struct buf id;
    buf_init(&id, EXPRESSION_MOST_RESULT);
    if (subscription != NULL) {
        buf_printf(&id, "/subscriptions/%s", subscription);
    }
    const char *type = function_text(call, first);
    if (type == NULL) {
        buf_finish(&id);
        return NULL;
    }
    if (group != NULL && strcasecmp(type, "Microsoft.Resources/resourceGroups") != 0) {
        buf_printf(&id, "/resourceGroups/%s", group);
    }
    return finish_id(call, first, &id);
}

static cJSON *run_subscription_resource_id(const struct function_call *call)
{
    size_t first = type_index(call, 1);
    const char *subscription = first > 0 ? function_text(call, 0) : call->scope->subscription_id;
    if (subscription == NULL) {
        return first > 0 ? NULL
                         : function_fail(call, "The template function 'subscriptionResourceId' is "
                                               "not expected at this location: the deployment has "
                                               "no subscription.");
    }
    struct buf id;
    buf_init(&id, EXPRESSION_MOST_RESULT);
    buf_printf(&id, "/subscriptions/%s", subscription);
    return finish_id(call, first, &id);
}

static cJSON *run_tenant_resource_id(const struct function_call *call)
{
    struct buf id;
    buf_init(&id, EXPRESSION_MOST_RESULT);
    return finish_id(call, 0, &id);
}

static cJSON *run_management_group_resource_id(const struct function_call *call)
{
    size_t first = type_index(call, 1);
    const char *group = function_text(call, 0);
    if (group == NULL || first == 0) {
        return group == NULL ? NULL
                             : function_fail(call, "Unable to evaluate template language function "
                                                   "'managementGroupResourceId': the name of the "
                                                   "management group is missing.");
    }
    struct buf id;
    buf_init(&id, EXPRESSION_MOST_RESULT);
    buf_printf(&id, "/providers/Microsoft.Management/managementGroups/%s", group);
    return finish_id(call, first, &id);
}

static cJSON *run_extension_resource_id(const struct function_call *call)
{
    const char *base = function_text(call, 0);
    if (base == NULL) {
        return NULL;
    }
    struct buf id;
    buf_init(&id, EXPRESSION_MOST_RESULT);
    size_t size = strlen(base);
    buf_append(&id, (struct bytes){base, size > 0 && base[size - 1] == '/' ? size - 1 : size});
    return finish_id(call, 1, &id);
}

static cJSON *fail_place(const struct function_call *call)
{
    return function_fail(call,
                         "The template function '%s' is not expected at this location. Please see "
                         "https://aka.ms/arm-functions for usage details.",
                         call->name);
}

/* The optional text at `index`: false only after an error. */
static bool optional_text(const struct function_call *call, size_t index, const char **text)
{
    *text = NULL;
    if (call->count <= index || cJSON_IsNull(call->arguments[index])) {
        return true;
    }
    *text = function_text(call, index);
    return *text != NULL;
}

static cJSON *run_reference(const struct function_call *call)
{
    const struct expression_scope *scope = call->scope;
    const char *name = function_text(call, 0), *api_version, *full;
    if (name == NULL || !optional_text(call, 1, &api_version) || !optional_text(call, 2, &full)) {
        return NULL;
    }
    if (scope->reference == NULL) {
        return fail_place(call);
    }
    if (full != NULL && strcasecmp(full, "Full") != 0) {
        return function_fail(call,
                             "The template function 'reference' has an invalid argument: '%.64s' "
                             "is not 'Full'.",
                             full);
    }
    return scope->reference(scope->context, name, api_version, full != NULL, call->error);
}

static cJSON *run_references(const struct function_call *call)
{
    const struct expression_scope *scope = call->scope;
    const char *loop = function_text(call, 0), *full;
    if (loop == NULL || !optional_text(call, 1, &full)) {
        return NULL;
    }
    if (scope->references == NULL) {
        return fail_place(call);
    }
    return scope->references(scope->context, loop, full != NULL, call->error);
}

static cJSON *run_list(const struct function_call *call)
{
    const struct expression_scope *scope = call->scope;
    const char *name = function_text(call, 0), *api_version;
    if (name == NULL || !optional_text(call, 1, &api_version)) {
        return NULL;
    }
    if (scope->list == NULL) {
        return fail_place(call);
    }
    return scope->list(scope->context, call->name, name, api_version,
                       call->count > 2 ? call->arguments[2] : NULL, call->error);
}

static cJSON *run_providers(const struct function_call *call)
{
    const struct expression_scope *scope = call->scope;
    const char *name = function_text(call, 0), *type;
    if (name == NULL || !optional_text(call, 1, &type)) {
        return NULL;
    }
    if (scope->providers == NULL) {
        return fail_place(call);
    }
    return scope->providers(scope->context, name, type, call->error);
}

static cJSON *run_pick_zones(const struct function_call *call)
{
    const struct expression_scope *scope = call->scope;
    const char *location = NULL;
    int64_t wanted = 1, offset = 0;
    if (function_text(call, 0) == NULL || function_text(call, 1) == NULL ||
        (location = function_text(call, 2)) == NULL ||
        (call->count > 3 && !function_integer(call, 3, &wanted)) ||
        (call->count > 4 && !function_integer(call, 4, &offset))) {
        return NULL;
    }
    int zones = scope->zone_count != NULL ? scope->zone_count(scope->context, location) : 0;
    if (zones > 0 && (wanted < 1 || offset < 0 || wanted + offset > zones)) {
        return function_fail(call,
                             "Unable to evaluate template language function 'pickZones': the "
                             "location '%.64s' has '%d' zone(s).",
                             location, zones);
    }
    cJSON *result = cJSON_CreateArray();
    for (int64_t i = 1; zones > 0 && i <= wanted; i++) {
        char zone[24];
        snprintf(zone, sizeof(zone), "%lld", (long long)(i + offset));
        cJSON_AddItemToArray(result, cJSON_CreateString(zone));
    }
    return result;
}

static const struct template_function functions[] = {
    {"extensionResourceId", 3, FUNCTION_ANY, .run = run_extension_resource_id},
    {"managementGroupResourceId", 2, FUNCTION_ANY, .run = run_management_group_resource_id},
    {"pickZones", 3, 5, .run = run_pick_zones},
    {"providers", 1, 2, .run = run_providers},
    {"reference", 1, 3, .run = run_reference},
    {"references", 1, 2, .run = run_references},
    {"resourceId", 2, FUNCTION_ANY, .run = run_resource_id},
    {"subscriptionResourceId", 2, FUNCTION_ANY, .run = run_subscription_resource_id},
    {"tenantResourceId", 2, FUNCTION_ANY, .run = run_tenant_resource_id},
};

const struct function_family resource_functions = {functions, ARRAY_LEN(functions)};

const struct template_function list_function = {"list", 1, 3, .run = run_list};
