/*
 * From a request's path to what it names. Fixed routes come first; all else is read as ARM's
 * grammar has it: a scope, then any number of "/providers/{namespace}/{type}/{name}...", where each
 * further part extends what stands before it. Segments compare in any case; ids are given the
 * spelling of the type's row.
 */
#include <stdio.h>
#include <string.h>

#include "arm/service_state.h"

static bool same(const char *segment, const char *word)
{
    return bytes_equal_string_nocase(bytes_from_string(segment), word);
}

/* ---- Rows ---- */

const struct arm_resource_type *arm_type_find(struct bytes name)
{
    for (size_t module = 0; module < arm_module_count; module++) {
        for (size_t i = 0; i < arm_modules[module]->type_count; i++) {
            const struct arm_resource_type *type = arm_modules[module]->types[i];
            if (bytes_equal_string_nocase(name, type->name)) {
                return type;
            }
        }
    }
    return NULL;
}

const struct arm_location *arm_type_location(const struct arm_resource_type *type,
                                             struct bytes name)
{
    if ((type->traits & ARM_GLOBAL) != 0 && bytes_equal_string_nocase(name, "global")) {
        return &arm_location_global;
    }
    return arm_location_find(name);
}

const struct arm_action *arm_action_find(const struct arm_resource_type *type, struct bytes name)
{
    for (const struct arm_action *action = type->actions; action != NULL && action->name != NULL;
         action++) {
        if (bytes_equal_string_nocase(name, action->name)) {
            return action;
        }
    }
    return NULL;
}

const char *arm_type_leaf(const char *type_name)
{
    const char *slash = strrchr(type_name, '/');
    return slash == NULL ? type_name : slash + 1;
}

/* ---- Resources ---- */

/* Bounded text that remembers whether it fitted. */
struct text {
    char *data;
    size_t size, limit;
    bool whole;
};

static void append(struct text *text, const char *slash, const char *word)
{
    int size = snprintf(text->data + text->size, text->limit - text->size, "%s%s", slash, word);
    text->whole = text->whole && size >= 0 && (size_t)size < text->limit - text->size;
    text->size = text->whole ? text->size + (size_t)size : text->size;
}

static bool is_action(const struct arm_call *call, const struct arm_resource_type *holder,
                      const char *word, const struct arm_resource_type *child)
{
    if (holder != NULL && arm_action_find(holder, bytes_from_string(word)) != NULL) {
        return true;
    }
    return child == NULL && call->method == ARM_POST;
}

/*
 * One "/providers/{namespace}/{type}/{name}..." from segment `at` (the namespace) on. Returns the
 * segment behind it.
 */
static size_t read_part(struct arm_call *call, size_t at, struct text *id)
{
    struct arm_target *target = &call->target;
    struct text type_name = {target->type_name, 0, sizeof(target->type_name), true};
    const char *namespace = call->segments[at++];
    target->namespace = bytes_from_string(namespace);
    target->type = NULL;
    target->name = (struct bytes){0};
    append(&type_name, "", namespace);
    size_t namespace_at = id->size;
    append(id, "/providers/", namespace);
    snprintf(target->holder, sizeof(target->holder), "%.*s", (int)namespace_at, id->data);
    while (at < call->segment_count && !same(call->segments[at], "providers")) {
        const char *word = call->segments[at];
        size_t type_size = type_name.size;
        const struct arm_resource_type *holder = target->type;
        append(&type_name, "/", word);
        const struct arm_resource_type *type = arm_type_find(bytes_from_string(type_name.data));
        bool last = at + 1 == call->segment_count;
        if (last && target->name.size > 0 && is_action(call, holder, word, type)) {
            type_name.data[type_size] = '\0';
            target->action = word;
            return at + 1;
        }
        if (target->name.size > 0) {
            snprintf(target->holder, sizeof(target->holder), "%s", id->data);
        }
        target->name = (struct bytes){0};
        target->type = type == NULL ? &arm_generic_type : type;
        if (type != NULL) {
            /* Spelled as the row has it, back to the namespace. */
            const char *spelled = type->id_name == NULL ? type->name : type->id_name;
            snprintf(type_name.data, type_name.limit, "%s", type->name);
            if (holder == NULL) {
                id->size = namespace_at;
                append(id, "/providers/", spelled);
            } else {
                append(id, "/", arm_type_leaf(spelled));
            }
        } else {
            append(id, "/", word);
        }
        at++;
        if (at < call->segment_count && !same(call->segments[at], "providers")) {
            target->name = bytes_from_string(call->segments[at]);
            append(id, "/", call->segments[at++]);
        }
    }
    id->whole = id->whole && type_name.whole;
    return at;
}

bool arm_target_read(struct arm_call *call)
{
    struct arm_target *target = &call->target;
    struct text id = {target->id, 0, sizeof(target->id), true};
    size_t at = 2;
    *target = (struct arm_target){0};
    if (call->segment_count < 4 || !same(call->segments[0], "subscriptions")) {
        return true;
    }
    append(&id, "/subscriptions/", call->service->config.subscription_id);
    if (same(call->segments[2], "resourcegroups")) {
        const struct arm_group *group =
            arm_group_find(call->service, bytes_from_string(call->segments[3]));
        target->group = bytes_from_string(call->segments[3]);
        append(&id, "/resourceGroups/", group == NULL ? call->segments[3] : group->name);
        at = 4;
    }
    while (id.whole && at + 2 < call->segment_count && same(call->segments[at], "providers") &&
           target->action == NULL && (at <= 4 || target->name.size > 0)) {
        at = read_part(call, at + 1, &id);
    }
    if (!id.whole) {
        return arm_fail(&call->error, 400, "InvalidResourceId",
                        "The resource id in the request's path is too long.");
    }
    target->resource = target->type != NULL && at == call->segment_count;
    if (target->resource && target->name.size == 0) {
        snprintf(target->id, sizeof(target->id), "%s", target->holder);
    }
    return true;
}

/* ---- Routes ---- */

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
        } else if (!bytes_equal_nocase(bytes_from_string(text), (struct bytes){path, size})) {
            return false;
        }
        path += size;
    }
    return segment == call->segment_count;
}

bool arm_fail_method(struct arm_call *call)
{
    return arm_fail(&call->error, 405, "HttpMethodNotAllowed",
                    "The requested resource does not support http method '%.*s'.",
                    (int)call->request->method.size, call->request->method.data);
}

bool arm_route(struct arm_call *call)
{
    bool path_known = false;
    for (size_t module = 0; module < arm_module_count; module++) {
        for (size_t i = 0; i < arm_modules[module]->route_count; i++) {
            const struct arm_route *route = &arm_modules[module]->routes[i];
            if (!matches(call, route->path)) {
                continue;
            }
            if ((route->methods & call->method) != 0) {
                call->route = route;
                return true;
            }
            path_known = true;
        }
    }
    if (path_known) {
        return arm_fail_method(call);
    }
    if (!arm_target_read(call)) {
        return false;
    }
    return call->target.resource ||
           arm_fail(&call->error, 404, "NotFound",
                    "The path '%.*s' is none of the management API's.",
                    (int)bytes_slice(call->request->path, 0, 512).size, call->request->path.data);
}
