/*
 * Microsoft.Authorization/locks: nothing may be deleted (CanNotDelete) or changed at all (ReadOnly)
 * at the scope of a lock and below. A POST counts as a change, listKeys too. Whoever deletes a
 * group or a resource also meets the locks of what is in it. Locks themselves can always go.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { LONGEST_NOTES = 512 };

static const char *const levels[] = {"NotSpecified", "CanNotDelete", "ReadOnly", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.level", .kind = ARM_CHOICE, .choices = levels, .rules = ARM_REQUIRED},
    {.path = "properties.notes", .kind = ARM_TEXT},
    {0},
};

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    const char *notes = arm_json_text(body, "properties.notes");
    return notes == NULL || strlen(notes) <= LONGEST_NOTES ||
           arm_fail(&call->error, 400, "InvalidLockNotes",
                    "The lock's notes are too long: at most 512 characters are allowed.");
}

static const struct arm_resource_type lock_type = {
    .name = "Microsoft.Authorization/locks",
    .traits = ARM_SCOPED | ARM_LISTS_BELOW | ARM_NO_STATE | ARM_FELT,
    .schema = schema,
    .created = 201,
    .check = check,
};

/* ---- What they do ---- */

/* Whether a request at `scope` meets this lock. */
static bool meets(const struct arm_resource *lock, struct bytes scope, bool removal)
{
    bool read_only = strcmp(arm_json_text(lock->body, "properties.level"), "ReadOnly") == 0;
    bool no_removal =
        read_only || strcmp(arm_json_text(lock->body, "properties.level"), "CanNotDelete") == 0;
    struct bytes locked = arm_scope_of(lock->id);
    return removal ? no_removal && (arm_id_below(scope, locked) || arm_id_below(locked, scope))
                   : read_only && arm_id_below(scope, locked);
}

bool arm_locked_against_removal(const struct arm_service *service, const char *scope)
{
    struct bytes id = bytes_from_string(scope);
    const struct arm_resource *lock = service->resources;
    while (lock != NULL &&
           !(lock->type == &lock_type && arm_id_below(id, arm_scope_of(lock->id)))) {
        lock = lock->next;
    }
    return lock != NULL;
}

static bool concerned(const struct arm_call *call)
{
    static const char own[] = "Microsoft.Authorization/locks";
    bool changes = call->method != ARM_GET && call->method != ARM_HEAD;
    bool group = call->route != NULL && call->route->type != NULL &&
                 strncmp(call->route->type, "Microsoft.Resources/subscriptions/resourceGroups",
                         strlen("Microsoft.Resources/subscriptions/resourceGroups")) == 0;
    return changes && (group || call->route == NULL) && call->target.type != &lock_type &&
           strncmp(call->action, own, sizeof(own) - 1) != 0;
}

bool arm_step_unlocked(struct arm_call *call)
{
    if (!concerned(call)) {
        return true;
    }
    struct buf scopes;
    bool removal = call->method == ARM_DELETE;
    buf_init(&scopes, 700);
    for (const struct arm_resource *lock = call->service->resources; lock != NULL;
         lock = lock->next) {
        if (lock->type == &lock_type && meets(lock, bytes_from_string(call->scope), removal)) {
            struct bytes scope = arm_scope_of(lock->id);
            buf_printf(&scopes, "%s%.*s", scopes.size == 0 ? "" : ",", (int)scope.size, scope.data);
        }
    }
    bool unlocked = scopes.size == 0;
    if (!unlocked) {
        arm_fail(&call->error, 409, "ScopeLocked",
                 "The scope '%s' cannot perform %s operation because following scope(s) are "
                 "locked: '%s'. Please remove the lock and try again.",
                 call->scope, removal ? "delete" : "write", buf_string(&scopes));
    }
    buf_finish(&scopes);
    return unlocked;
}

static const struct arm_resource_type *const types[] = {&lock_type};
const struct arm_module arm_module_locks = {types, ARRAY_LEN(types), NULL, 0};
