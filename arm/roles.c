/* Who may do what: the roles that a principal's assignments give it, against an action. */
#include "arm/roles.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"

/* ---- Lists of actions ---- */

static bool in_words(const char *words, struct bytes action)
{
    while (words != NULL && *words != '\0') {
        size_t size = strcspn(words, " ");
        if (bytes_match_glob((struct bytes){words, size}, action, true)) {
            return true;
        }
        words += size + strspn(words + size, " ");
    }
    return false;
}

static bool in_list(const cJSON *list, struct bytes action)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (bytes_match_glob(bytes_from_string(cJSON_GetStringValue(item)), action, true)) {
            return true;
        }
    }
    return false;
}

/* ---- One role ---- */

struct role {
    const struct arm_built_in_role *built_in;
    const struct arm_resource *custom;
};

static struct role role_of(const struct arm_service *service, const struct arm_resource *assignment)
{
    const char *id = arm_json_text(assignment->body, "properties.roleDefinitionId");
    struct bytes guid = bytes_from_string(id == NULL ? "" : arm_type_leaf(id));
    struct role role = {.built_in = arm_built_in_role_find(guid)};
    if (role.built_in == NULL) {
        role.custom = arm_custom_role_find(service, guid);
    }
    return role;
}

static bool custom_allows(const struct arm_resource *custom, struct bytes action, bool data)
{
    const cJSON *permission;
    cJSON_ArrayForEach(permission, arm_json_at(custom->body, "properties.permissions"))
    {
        if (in_list(arm_json_at(permission, data ? "dataActions" : "actions"), action) &&
            !in_list(arm_json_at(permission, data ? "notDataActions" : "notActions"), action)) {
            return true;
        }
    }
    return false;
}

static bool role_allows(struct role role, const char *action, bool data)
{
    struct bytes wanted = bytes_from_string(action);
    if (role.built_in != NULL) {
        return data ? in_words(role.built_in->data_actions, wanted)
                    : in_words(role.built_in->actions, wanted) &&
                          !in_words(role.built_in->not_actions, wanted);
    }
    return role.custom != NULL && custom_allows(role.custom, wanted, data);
}

/* Not one that is there to open data. */
static bool manages(struct role role)
{
    const cJSON *permission, *permissions;
    if (role.built_in != NULL) {
        return role.built_in->data_actions == NULL;
    }
    permissions =
        role.custom == NULL ? NULL : arm_json_at(role.custom->body, "properties.permissions");
    cJSON_ArrayForEach(permission, permissions)
    {
        if (cJSON_GetArraySize(arm_json_at(permission, "dataActions")) > 0) {
            return false;
        }
    }
    return true;
}

/* ---- All of a principal's ---- */

static bool is_of(const struct arm_resource *assignment, const char *object_id)
{
    return assignment->type == &arm_role_assignment_type &&
           bytes_equal_string_nocase(
               bytes_from_string(arm_json_text(assignment->body, "properties.principalId")),
               object_id);
}

bool arm_permitted(const struct arm_service *service, const struct arm_principal *principal,
                   const char *action, const char *scope)
{
    bool open = true;
    if (service->role_assignments == 0) {
        return true; /* lists ask for each of their items */
    }
    for (const struct arm_resource *assignment = service->resources; assignment != NULL;
         assignment = assignment->next) {
        if (is_of(assignment, principal->object_id)) {
            struct role role = role_of(service, assignment);
            open = open && !manages(role);
            if (arm_id_below(bytes_from_string(scope), arm_scope_of(assignment->id)) &&
                role_allows(role, action, false)) {
                return true;
            }
        }
    }
    return open;
}

bool arm_has_role(const struct arm_service *service, const char *object_id)
{
    const struct arm_resource *assignment = service->resources;
    while (assignment != NULL && !is_of(assignment, object_id)) {
        assignment = assignment->next;
    }
    return assignment != NULL;
}

bool arm_data_permitted(const struct arm_service *service, const char *object_id,
                        const char *data_action, const char *scope)
{
    for (const struct arm_resource *assignment = service->resources; assignment != NULL;
         assignment = assignment->next) {
        if (is_of(assignment, object_id) &&
            arm_id_below(bytes_from_string(scope), arm_scope_of(assignment->id)) &&
            role_allows(role_of(service, assignment), data_action, true)) {
            return true;
        }
    }
    return false;
}

/* A list, or what leads to one, shows what of it the principal may see; nothing at all: 403. */
static bool may_see_below(const struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    bool lists = call->method == ARM_GET && target->action == NULL &&
                 (call->route != NULL || target->name.size == 0);
    for (const struct arm_resource *assignment = call->service->resources;
         lists && assignment != NULL; assignment = assignment->next) {
        if (is_of(assignment, call->principal.object_id) &&
            arm_id_below(arm_scope_of(assignment->id), bytes_from_string(call->scope))) {
            return true;
        }
    }
    return false;
}

bool arm_step_authorized(struct arm_call *call)
{
    const struct arm_principal *principal = &call->principal;
    if (call->action[0] == '\0' ||
        arm_permitted(call->service, principal, call->action, call->scope) || may_see_below(call)) {
        return true;
    }
    return arm_fail(
        &call->error, 403, "AuthorizationFailed",
        "The client '%s' with object id '%s' does not have authorization to perform action '%s' "
        "over scope '%s' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials.",
        principal->name[0] != '\0' ? principal->name : principal->object_id, principal->object_id,
        call->action, call->scope);
}

bool arm_may_read(const struct arm_call *call, const char *type_name, const char *id)
{
    char action[ACTION_SIZE];
    snprintf(action, sizeof(action), "%s/read", type_name);
    return arm_permitted(call->service, &call->principal, action, id);
}
