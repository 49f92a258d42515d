/*
 * Microsoft.Authorization/roleDefinitions: the built-in roles, which are everywhere, and those that
 * somebody made.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/roles.h"

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.roleName", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.type", .kind = ARM_TEXT},
    {.path = "properties.permissions", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {.path = "properties.assignableScopes", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {0},
};

const struct arm_resource *arm_custom_role_find(const struct arm_service *service, struct bytes id)
{
    return arm_resource_find_name(service, &arm_role_definition_type, id);
}

/* ---- Custom roles ---- */

static bool texts(const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) {
            return false;
        }
    }
    return list == NULL || cJSON_IsArray(list);
}

/*
 * A management group, a subscription, or something in one, by its whole id: a custom role is not
 * for all of Azure. Source: learn.microsoft.com/azure/role-based-access-control/role-definitions
 */
static bool assignable(const char *scope)
{
    static const char *const roots[] = {"/subscriptions/",
                                        "/providers/Microsoft.Management/managementGroups/"};
    for (size_t i = 0; scope != NULL && i < ARRAY_LEN(roots); i++) {
        size_t size = strlen(roots[i]);
        if (strncasecmp(scope, roots[i], size) == 0) {
            return scope[size] != '\0' && scope[size] != '/' && strchr(scope, '*') == NULL;
        }
    }
    return false;
}

static bool scopes_fit(const cJSON *scopes, struct arm_error *error)
{
    const cJSON *scope;
    if (cJSON_GetArraySize(scopes) == 0 || !texts(scopes)) {
        return arm_fail(error, 400, "InvalidRoleDefinitionAssignableScopes",
                        "A role definition needs at least one assignable scope.");
    }
    cJSON_ArrayForEach(scope, scopes)
    {
        if (!assignable(scope->valuestring)) {
            return arm_fail(error, 400, "InvalidRoleDefinitionAssignableScopes",
                            "A custom role cannot be assignable at '%.200s': give the id of a "
                            "management group, a subscription or a resource group, without "
                            "wildcards.",
                            scope->valuestring);
        }
    }
    return true;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    static const char *const lists[] = {"actions", "notActions", "dataActions", "notDataActions"};
    const cJSON *permissions = arm_json_at(body, "properties.permissions"), *permission;
    const char *name = arm_json_text(body, "properties.roleName");
    (void)old;
    cJSON_ArrayForEach(permission, permissions)
    {
        for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
            if (!cJSON_IsObject(permission) || !texts(arm_json_at(permission, lists[i]))) {
                return arm_fail(&call->error, 400, "InvalidRoleDefinition",
                                "The '%s' of a role's permissions must be a list of actions.",
                                lists[i]);
            }
        }
    }
    if (!scopes_fit(arm_json_at(body, "properties.assignableScopes"), &call->error)) {
        return false;
    }
    for (const struct arm_resource *role = call->service->resources; role != NULL;
         role = role->next) {
        if (role->type == &arm_role_definition_type && strcmp(role->id, call->target.id) != 0 &&
            bytes_equal_string_nocase(
                bytes_from_string(arm_json_text(role->body, "properties.roleName")), name)) {
            return arm_fail(&call->error, 409, "RoleDefinitionWithSameNameExists",
                            "A custom role with the same name already exists in this directory. "
                            "Use a different name.");
        }
    }
    arm_json_put_text(body, "properties.type", "CustomRole");
    return true;
}

static bool check_removal(struct arm_call *call, const struct arm_resource *role)
{
    for (const struct arm_resource *assignment = call->service->resources; assignment != NULL;
         assignment = assignment->next) {
        const char *id = assignment->type != &arm_role_assignment_type
                             ? NULL
                             : arm_json_text(assignment->body, "properties.roleDefinitionId");
        if (id != NULL &&
            bytes_equal_string_nocase(bytes_from_string(arm_type_leaf(id)), role->name)) {
            return arm_fail(&call->error, 400, "RoleDefinitionHasAssignments",
                            "There are existing role assignments referencing role (code: "
                            "RoleDefinitionHasAssignments).");
        }
    }
    return true;
}

static void add_common(cJSON *item, int64_t created_ms, int64_t changed_ms)
{
    char time[32];
    timestamp_format(created_ms, time);
    arm_json_put_text(item, "properties.createdOn", time);
    timestamp_format(changed_ms, time);
    arm_json_put_text(item, "properties.updatedOn", time);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *role, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, role);
    add_common(item, role->created_ms, role->changed_ms);
    return item;
}

static cJSON *removal_body(struct arm_call *call, const struct arm_resource *role)
{
    return show(call, role, false);
}

/* ---- Built-in ones ---- */

static void add_words(cJSON *permission, const char *name, const char *words)
{
    cJSON *list = cJSON_AddArrayToObject(permission, name);
    while (words != NULL && *words != '\0') {
        size_t size = strcspn(words, " ");
        cJSON_AddItemToArray(list, arm_json_text_bytes((struct bytes){words, size}));
        words += size + strspn(words + size, " ");
    }
}

static cJSON *show_built_in(const struct arm_call *call, const struct arm_built_in_role *role)
{
    cJSON *item = cJSON_CreateObject();
    char *scope = call->segment_count > 1 && call->route == NULL
                      ? string_format("/subscriptions/%s", call->service->config.subscription_id)
                      : string_duplicate("");
    char *id = string_format("%s/providers/%s/%s", scope, arm_role_definition_type.name, role->id);
    arm_json_put_text(item, "properties.roleName", role->name);
    arm_json_put_text(item, "properties.type", "BuiltInRole");
    arm_json_put_text(item, "properties.description", role->description);
    cJSON *properties = arm_json_at(item, "properties");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, "assignableScopes"),
                         cJSON_CreateString("/"));
    cJSON *permission = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(properties, "permissions"), permission);
    add_words(permission, "actions", role->actions);
    add_words(permission, "notActions", role->not_actions);
    add_words(permission, "dataActions", role->data_actions);
    add_words(permission, "notDataActions", NULL);
    cJSON_AddStringToObject(properties, "createdOn", "2015-02-02T21:55:09.880642Z");
    cJSON_AddStringToObject(properties, "updatedOn", "2024-05-31T15:15:33.124157Z");
    cJSON_AddNullToObject(properties, "createdBy");
    cJSON_AddNullToObject(properties, "updatedBy");
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "type", arm_role_definition_type.name);
    cJSON_AddStringToObject(item, "name", role->id);
    memory_free(id);
    memory_free(scope);
    return item;
}

/* ---- Requests ---- */

static const char *const filter_names[] = {"roleName", "type", "atScope", "atScopeAndBelow", NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const cJSON *item = context;
    if (bytes_equal_string_nocase(condition->name, "roleName")) {
        return odata_text_fits(condition, arm_json_text(item, "properties.roleName"));
    }
    if (bytes_equal_string_nocase(condition->name, "type")) {
        return odata_text_fits(condition, arm_json_text(item, "properties.type"));
    }
    return condition->relation == ODATA_CALL; /* atScopeAndBelow() */
}

static bool list(struct arm_call *call)
{
    struct buf filter;
    if (!arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    for (size_t i = 0; i < arm_built_in_role_count; i++) {
        arm_add_filtered(value, buf_bytes(&filter), holds,
                         show_built_in(call, &arm_built_in_roles[i]));
    }
    for (const struct arm_resource *role = call->service->resources; role != NULL;
         role = role->next) {
        if (role->type == &arm_role_definition_type) {
            arm_add_filtered(value, buf_bytes(&filter), holds, show(call, role, false));
        }
    }
    buf_finish(&filter);
    arm_answer(call, 200, body);
    return true;
}

static bool request(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    const struct arm_built_in_role *role = arm_built_in_role_find(target->name);
    if (target->name.size == 0 && call->method == ARM_GET) {
        return arm_holder_or_fail(call) && list(call);
    }
    if (role == NULL) {
        return arm_resource_ordinary_request(call);
    }
    if (call->method == ARM_GET) {
        arm_answer(call, 200, show_built_in(call, role));
        return true;
    }
    return arm_fail(&call->error, 403, "RoleDefinitionIsBuiltIn",
                    "The built-in role '%s' cannot be changed.", role->name);
}

const struct arm_resource_type arm_role_definition_type = {
    .name = "Microsoft.Authorization/roleDefinitions",
    .names = {.words = "a GUID", .flags = ARM_NAME_GUID},
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .schema = schema,
    .created = 201,
    .check = check,
    .check_removal = check_removal,
    .removal_body = removal_body,
    .show = show,
    .request = request,
};

/* At the tenant: the built-in ones, without a subscription in their ids. */
static bool list_at_tenant(struct arm_call *call)
{
    return list(call);
}

static bool get_at_tenant(struct arm_call *call)
{
    const struct arm_built_in_role *role = arm_built_in_role_find(call->wildcards[0]);
    if (role == NULL) {
        return arm_fail(&call->error, 404, "RoleDefinitionDoesNotExist",
                        "The specified role definition with ID '%.*s' does not exist.",
                        (int)bytes_slice(call->wildcards[0], 0, 100).size, call->wildcards[0].data);
    }
    arm_answer(call, 200, show_built_in(call, role));
    return true;
}

static const struct arm_route routes[] = {
    {ARM_GET, "/providers/Microsoft.Authorization/roleDefinitions", list_at_tenant, NULL},
    {ARM_GET, "/providers/Microsoft.Authorization/roleDefinitions/{}", get_at_tenant, NULL},
};
static const struct arm_resource_type *const types[] = {&arm_role_definition_type};
const struct arm_module arm_module_role_definitions = {types, ARRAY_LEN(types), routes,
                                                       ARRAY_LEN(routes)};
