/*
 * What a request does and over which scope, in the words of Azure's permissions:
 * "Microsoft.Cache/Redis/listKeys/action" over the cache's id. Locks, permissions, policies and the
 * activity log all go by these two.
 */
#include <stdio.h>
#include <string.h>

#include "arm/service_state.h"

struct bytes arm_scope_of(const char *id)
{
    const char *end = id;
    for (const char *next = id; (next = strstr(next, "/providers/")) != NULL; next++) {
        end = next;
    }
    return (struct bytes){id, (size_t)(end - id)};
}

bool arm_id_below(struct bytes id, struct bytes scope)
{
    return bytes_equal_nocase(bytes_slice(id, 0, scope.size), scope) &&
           (id.size == scope.size || (id.size > scope.size && id.data[scope.size] == '/'));
}

static const char *verb_of(enum arm_method method)
{
    switch (method) {
    case ARM_GET:
    case ARM_HEAD:
        return "read";
    case ARM_DELETE:
        return "delete";
    case ARM_POST:
        return "action";
    default:
        return "write";
    }
}

/* Of a route: the subscription, or the group that its path names. */
static void route_scope(struct arm_call *call)
{
    struct arm_service *service = call->service;
    const char *id = service->config.subscription_id;
    if (call->segment_count >= 4 &&
        bytes_equal_string_nocase(bytes_from_string(call->segments[2]), "resourceGroups")) {
        const struct arm_group *group =
            arm_group_find(service, bytes_from_string(call->segments[3]));
        snprintf(call->scope, sizeof(call->scope), "/subscriptions/%s/resourceGroups/%.100s", id,
                 group == NULL ? call->segments[3] : group->name);
    } else {
        snprintf(call->scope, sizeof(call->scope), "/subscriptions/%s", id);
    }
}

/* Operations say "Microsoft.Cache/redis" where bodies say "Microsoft.Cache/Redis". */
void arm_action_spell(char *action)
{
    for (char *slash = strchr(action, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        if (slash[1] >= 'A' && slash[1] <= 'Z') {
            slash[1] = (char)(slash[1] + ('a' - 'A'));
        }
    }
}

bool arm_step_action(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    const char *verb = verb_of(call->method);
    if (call->route != NULL) {
        if (call->route->type != NULL) {
            snprintf(call->action, sizeof(call->action), "%s/%s", call->route->type, verb);
            route_scope(call);
        }
        return true;
    }
    if (target->action != NULL) {
        snprintf(call->action, sizeof(call->action), "%s/%.100s/%s", target->type_name,
                 target->action, verb);
    } else {
        snprintf(call->action, sizeof(call->action), "%s/%s", target->type_name, verb);
    }
    arm_action_spell(call->action);
    snprintf(call->scope, sizeof(call->scope), "%s", target->id);
    return true;
}
