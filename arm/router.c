/*
 * From path and verb to what answers: the fixed routes first, then resources by their type.
 * Segments are compared in any case; doubled and trailing slashes have been dropped already.
 */
#include <stdio.h>
#include <string.h>

#include "arm/service_state.h"

static const struct arm_routes *const route_lists[] = {
    &arm_subscription_routes, &arm_provider_routes, &arm_group_routes,
    &arm_resource_routes,     &arm_redis_routes,    &arm_operation_routes,
};

static bool same(const char *segment, const char *word, size_t size)
{
    return bytes_equal_nocase(bytes_from_string(segment), (struct bytes){word, size});
}

static bool matches(struct arm_call *call, const char *path)
{
    size_t segment = 0, wildcard = 0;
    while (*path != '\0') {
        path++; /* the slash */
        size_t size = strcspn(path, "/");
        if (segment == call->segment_count) {
            return false;
        }
        const char *text = call->segments[segment++];
        if (size == 2 && path[0] == '{') {
            call->wildcards[wildcard++] = bytes_from_string(text);
        } else if (!same(text, path, size)) {
            return false;
        }
        path += size;
    }
    return segment == call->segment_count;
}

static bool method_not_allowed(struct arm_call *call)
{
    return arm_fail(&call->error, 405, "HttpMethodNotAllowed",
                    "The requested resource does not support http method '%.*s'.",
                    (int)call->request->method.size, call->request->method.data);
}

/* /subscriptions/{s}[/resourceGroups/{g}]/providers/{namespace}/{type}[/{name}[/{action}]] */
struct target {
    struct bytes group;
    const char *namespace, *type, *name, *action;
};

static bool read_target(struct arm_call *call, struct target *target)
{
    size_t at = 2;
    *target = (struct target){0};
    if (call->segment_count < 4 || !same(call->segments[0], "subscriptions", 13)) {
        return false;
    }
    if (same(call->segments[2], "resourcegroups", 14)) {
        target->group = bytes_from_string(call->segments[3]);
        at = 4;
    }
    if (at + 2 > call->segment_count || !same(call->segments[at], "providers", 9)) {
        return false;
    }
    const char **fields[] = {&target->namespace, &target->type, &target->name, &target->action};
    for (size_t i = 0; i < ARRAY_LEN(fields) && at + 1 + i < call->segment_count; i++) {
        *fields[i] = call->segments[at + 1 + i];
    }
    return call->segment_count <= at + 5;
}

static const struct arm_resource_type *find_type(const struct target *target)
{
    size_t count;
    const struct arm_resource_type *const *types = arm_resource_types(&count);
    char name[256];
    snprintf(name, sizeof(name), "%s/%s", target->namespace, target->type);
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_string_nocase(bytes_from_string(name), types[i]->name)) {
            return types[i];
        }
    }
    return NULL;
}

static bool unknown_target(struct arm_call *call, const struct target *target)
{
    if (target->namespace == NULL) {
        return arm_fail(&call->error, 404, "NotFound",
                        "The path '/%.*s' is none of the management API's.",
                        (int)call->request->path.size, call->request->path.data);
    }
    if (arm_provider_find(call->service, bytes_from_string(target->namespace)) == NULL) {
        return arm_fail(&call->error, 404, "InvalidResourceNamespace",
                        "The resource namespace '%s' is invalid.", target->namespace);
    }
    return arm_fail(&call->error, 404, "InvalidResourceType",
                    "The resource type '%s' could not be found in the namespace '%s' for api "
                    "version '%s'. The supported api-versions are '2024-11-01'.",
                    target->type == NULL ? "" : target->type, target->namespace, call->api_version);
}

static bool registered(struct arm_call *call, const char *namespace)
{
    const struct arm_provider_state *provider =
        arm_provider_find(call->service, bytes_from_string(namespace));
    if (provider == NULL || provider->registered) {
        return true;
    }
    return arm_fail(&call->error, 409, "MissingSubscriptionRegistration",
                    "The subscription is not registered to use namespace '%s'. See "
                    "https://aka.ms/rps-not-found for how to register subscriptions.",
                    namespace);
}

static bool route_resource(struct arm_call *call)
{
    struct target target;
    if (!read_target(call, &target)) {
        return unknown_target(call, &target);
    }
    const struct arm_resource_type *type = target.type == NULL ? NULL : find_type(&target);
    if (type == NULL) {
        return unknown_target(call, &target);
    }
    if (!registered(call, target.namespace)) {
        return false;
    }
    if (target.name != NULL) {
        if (target.group.data == NULL) {
            return unknown_target(call, &target);
        }
        return arm_resource_request(call, type, target.group, bytes_from_string(target.name),
                                    target.action);
    }
    if (call->method != ARM_GET) {
        return method_not_allowed(call);
    }
    const struct arm_group *group = NULL;
    if (target.group.data != NULL) {
        group = arm_group_find(call->service, target.group);
        if (group == NULL) {
            return arm_fail_group_not_found(&call->error, target.group);
        }
    }
    return arm_resource_list(call, type, group);
}

bool arm_route(struct arm_call *call)
{
    bool path_known = false;
    for (size_t list = 0; list < ARRAY_LEN(route_lists); list++) {
        for (size_t i = 0; i < route_lists[list]->count; i++) {
            const struct arm_route *route = &route_lists[list]->rows[i];
            if (!matches(call, route->path)) {
                continue;
            }
            if ((route->methods & call->method) != 0) {
                return route->handle(call);
            }
            path_known = true;
        }
    }
    return path_known ? method_not_allowed(call) : route_resource(call);
}
