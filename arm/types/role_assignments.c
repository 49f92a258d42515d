/* Microsoft.Authorization/roleAssignments: which principal has which role, over which scope. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/roles.h"

static const char *const principal_types[] = {"User",         "Group",  "ServicePrincipal",
                                              "ForeignGroup", "Device", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.roleDefinitionId", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.principalId", .kind = ARM_GUID, .rules = ARM_REQUIRED},
    {.path = "properties.principalType", .kind = ARM_CHOICE, .choices = principal_types},
    {.path = "properties.scope", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.condition", .kind = ARM_TEXT},
    {.path = "properties.conditionVersion", .kind = ARM_TEXT},
    {0},
};

/* ---- Writing ---- */

static bool same(const cJSON *left, const cJSON *right, const char *path)
{
    return bytes_equal_string_nocase(bytes_from_string(arm_json_text(left, path)),
                                     arm_json_text(right, path));
}

static bool role_or_fail(struct arm_call *call, cJSON *body)
{
    const char *id = arm_json_text(body, "properties.roleDefinitionId");
    struct bytes guid = bytes_from_string(arm_type_leaf(id));
    if (arm_built_in_role_find(guid) == NULL && arm_custom_role_find(call->service, guid) == NULL) {
        return arm_fail(&call->error, 404, "RoleDefinitionDoesNotExist",
                        "The specified role definition with ID '%.100s' does not exist.",
                        guid.data);
    }
    char *whole =
        string_format("/subscriptions/%s/providers/%s/%.*s", call->service->config.subscription_id,
                      arm_role_definition_type.name, (int)guid.size, guid.data);
    arm_json_put_text(body, "properties.roleDefinitionId", whole);
    memory_free(whole);
    return true;
}

/* Who says of what type the principal is need not wait for the directory to know it. */
static bool principal_or_fail(struct arm_call *call, cJSON *body)
{
    const struct arm_host *host = &call->service->host;
    const char *id = arm_json_text(body, "properties.principalId");
    const char *type = host->principal_type == NULL
                           ? "ServicePrincipal"
                           : host->principal_type(host->context, bytes_from_string(id));
    if (arm_json_text(body, "properties.principalType") != NULL) {
        return true;
    }
    if (type == NULL) {
        return arm_fail(&call->error, 400, "PrincipalNotFound",
                        "Principal %s does not exist in the directory %s. Check that you have the "
                        "correct principal ID. If you are creating this principal and then "
                        "immediately assigning a role, this error might be related to a "
                        "replication delay. In this case, set the role assignment principalType "
                        "property to a value, such as ServicePrincipal, User, or Group.  See "
                        "https://aka.ms/docs-principaltype",
                        id, call->service->config.tenant_id);
    }
    arm_json_put_text(body, "properties.principalType", type);
    return true;
}

static bool exists(const struct arm_call *call, const cJSON *body)
{
    for (const struct arm_resource *other = call->service->resources; other != NULL;
         other = other->next) {
        if (other->type == &arm_role_assignment_type &&
            !bytes_equal_string_nocase(bytes_from_string(other->id), call->target.id) &&
            bytes_equal_nocase(arm_scope_of(other->id), arm_scope_of(call->target.id)) &&
            same(other->body, body, "properties.roleDefinitionId") &&
            same(other->body, body, "properties.principalId")) {
            return true;
        }
    }
    return false;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    if (!role_or_fail(call, body) || !principal_or_fail(call, body)) {
        return false;
    }
    if (old != NULL && (!same(old->body, body, "properties.roleDefinitionId") ||
                        !same(old->body, body, "properties.principalId"))) {
        return arm_fail(&call->error, 400, "RoleAssignmentUpdateNotPermitted",
                        "Tenant ID, application ID, principal ID, and scope are not allowed to be "
                        "updated.");
    }
    if (exists(call, body)) {
        return arm_fail(&call->error, 409, "RoleAssignmentExists",
                        "The role assignment already exists.");
    }
    arm_json_put_text(body, "properties.updatedBy", call->principal.object_id);
    const char *creator = old == NULL ? NULL : arm_json_text(old->body, "properties.createdBy");
    arm_json_put_text(body, "properties.createdBy",
                      creator == NULL ? call->principal.object_id : creator);
    return true;
}

/* ---- Showing ---- */

static cJSON *show(struct arm_call *call, const struct arm_resource *assignment, bool secrets)
{
    static const char *const nulls[] = {"condition", "conditionVersion",
                                        "delegatedManagedIdentityResourceId", "description"};
    char time[32];
    struct bytes scope = arm_scope_of(assignment->id);
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, assignment);
    arm_json_put(item, "properties.scope", arm_json_text_bytes(scope));
    timestamp_format(assignment->created_ms, time);
    arm_json_put_text(item, "properties.createdOn", time);
    timestamp_format(assignment->changed_ms, time);
    arm_json_put_text(item, "properties.updatedOn", time);
    cJSON *properties = arm_json_at(item, "properties");
    for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
        if (cJSON_GetObjectItem(properties, nulls[i]) == NULL) {
            cJSON_AddNullToObject(properties, nulls[i]);
        }
    }
    return item;
}

static cJSON *removal_body(struct arm_call *call, const struct arm_resource *assignment)
{
    return show(call, assignment, false);
}

/* ---- Lists: what is at the scope, above it and, unless atScope() is asked for, below ---- */

struct wish {
    const struct arm_resource *assignment;
    struct bytes holder;
};

static const char *const filter_names[] = {"atScope",       "assignedTo",       "principalId",
                                           "principalType", "roleDefinitionId", NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const struct wish *wish = context;
    struct bytes scope = arm_scope_of(wish->assignment->id);
    if (bytes_equal_string_nocase(condition->name, "atScope")) {
        return arm_id_below(wish->holder, scope);
    }
    if (bytes_equal_string_nocase(condition->name, "assignedTo")) {
        return bytes_equal_string_nocase(
            bytes_from_string(condition->value),
            arm_json_text(wish->assignment->body, "properties.principalId"));
    }
    char *path = string_format("properties.%.*s", (int)condition->name.size, condition->name.data);
    bool fits = odata_text_fits(condition, arm_json_text(wish->assignment->body, path));
    memory_free(path);
    return fits;
}

static bool list(struct arm_call *call)
{
    struct buf filter;
    struct bytes holder = bytes_from_string(call->target.holder);
    if (!arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    for (const struct arm_resource *assignment = call->service->resources; assignment != NULL;
         assignment = assignment->next) {
        struct wish wish = {assignment, holder};
        struct bytes scope = arm_scope_of(assignment->id);
        bool wanted;
        if (assignment->type == &arm_role_assignment_type &&
            (arm_id_below(holder, scope) || arm_id_below(scope, holder))) {
            odata_filter(buf_bytes(&filter), holds, &wish, &wanted);
            if (wanted) {
                cJSON_AddItemToArray(value, show(call, assignment, false));
            }
        }
    }
    buf_finish(&filter);
    arm_answer(call, 200, body);
    return true;
}

static bool request(struct arm_call *call)
{
    if (call->target.name.size == 0 && call->method == ARM_GET) {
        return arm_holder_or_fail(call) && list(call);
    }
    return arm_resource_ordinary_request(call);
}

const struct arm_resource_type arm_role_assignment_type = {
    .name = "Microsoft.Authorization/roleAssignments",
    .names = {.words = "a GUID", .flags = ARM_NAME_GUID},
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .schema = schema,
    .created = 201,
    .check = check,
    .removal_body = removal_body,
    .show = show,
    .request = request,
};

static const struct arm_resource_type *const types[] = {&arm_role_assignment_type};
const struct arm_module arm_module_role_assignments = {types, ARRAY_LEN(types), NULL, 0};
