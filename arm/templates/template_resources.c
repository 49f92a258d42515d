/* Resources as a template's source describes them: loops, conditions, children, ids. */
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char usage[] = "Please see https://aka.ms/arm-syntax-resources for usage details.";

/* What is being expanded: one entry of "resources". */
struct entry {
    struct template *template;
    const cJSON *source;
    const char *symbol;
    const struct template_resource *parent; /* NULL at the top; a copy, its texts borrowed */
    const struct expression_loop *loops;
    struct template_error *error;
};

static size_t count_slashes(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == '/';
    }
    return count;
}

static bool fail_entry(const struct entry *entry, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

static bool fail_entry(const struct entry *entry, const char *name, const char *format, ...)
{
    char reason[1600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    char *path = template_path_of(entry->template, entry->source);
    int line, column;
    template_locate(entry->template, path, &line, &column);
    template_fail_at(entry->template, entry->error, path,
                     "The template resource '%.128s' at line '%d' and column '%d' is not valid%s",
                     name, line, column, reason);
    memory_free(path);
    return false;
}

static struct expression_scope entry_scope(const struct entry *entry)
{
    struct expression_scope scope = entry->template->scope;
    scope.loops = entry->loops;
    scope.reference = NULL;
    scope.references = NULL;
    scope.list = NULL;
    return scope;
}

/* The member as text, evaluated; owned. NULL with an error, or without one when it is absent. */
static char *read_text(const struct entry *entry, const char *member, bool *failed)
{
    const cJSON *source = cJSON_GetObjectItem(entry->source, member);
    if (source == NULL || cJSON_IsNull(source)) {
        return NULL;
    }
    struct expression_scope scope = entry_scope(entry);
    cJSON *value = expression_evaluate_all(source, &scope, entry->error);
    char *text = NULL;
    const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(entry->source, "name"));
    if (value == NULL) {
        char *message = string_duplicate(entry->error->message);
        fail_entry(entry, title != NULL ? title : "", ": %s.", message);
        memory_free(message);
    } else if (cJSON_IsString(value) && value->valuestring[0] != '\0') {
        text = string_duplicate(value->valuestring);
    } else {
        fail_entry(entry, title != NULL ? title : "",
                   ". The %s property cannot be null or empty. %s", member, usage);
    }
    *failed = *failed || text == NULL;
    cJSON_Delete(value);
    return text;
}

static char *require_text(const struct entry *entry, const char *member, bool *failed)
{
    char *text = *failed ? NULL : read_text(entry, member, failed);
    if (text == NULL && !*failed) {
        const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(entry->source, "name"));
        fail_entry(entry, title != NULL ? title : "",
                   ". The %s property cannot be null or empty. %s", member, usage);
        *failed = true;
    }
    return text;
}

/* "/providers/{type with the names between}" behind what `id` holds. */
static void append_path(struct buf *id, const char *type, const char *name)
{
    if (strcasecmp(type, "Microsoft.Resources/resourceGroups") == 0) {
        buf_printf(id, "/resourceGroups/%s", name);
        return;
    }
    size_t size = strcspn(type, "/");
    buf_printf(id, "/providers/%.*s", (int)size, type);
    type += size;
    while (*type == '/') {
        type++;
        size = strcspn(type, "/");
        size_t part = strcspn(name, "/");
        buf_printf(id, "/%.*s/%.*s", (int)size, type, (int)part, name);
        type += size;
        name += part + (name[part] == '/');
    }
}

static void append_scope(struct buf *id, const char *subscription, const char *group)
{
    if (subscription != NULL) {
        buf_printf(id, "/subscriptions/%s", subscription);
    }
    if (group != NULL) {
        buf_printf(id, "/resourceGroups/%s", group);
    }
}

/* "Microsoft.Cache/redis/name" as a path below the deployment's scope. */
static void append_relative(struct buf *id, const char *scope)
{
    buf_printf(id, "/providers/%s", scope);
}

static char *make_id(const struct entry *entry, const struct template_resource *resource,
                     const char *scope)
{
    struct buf id;
    buf_init(&id, 16384);
    if (scope != NULL && scope[0] == '/') {
        buf_append_string(&id, strcmp(scope, "/") == 0 ? "" : scope);
    } else if (scope != NULL) {
        append_scope(&id, entry->template->subscription_id, entry->template->resource_group);
        append_relative(&id, scope);
    } else {
        append_scope(&id, resource->subscription_id, resource->resource_group);
    }
    append_path(&id, resource->type, resource->name);
    char *text = string_duplicate(buf_string(&id));
    buf_finish(&id);
    return text;
}

static bool check_segments(const struct entry *entry, const struct template_resource *resource)
{
    size_t types = count_slashes(resource->type), names = count_slashes(resource->name) + 1;
    if (types > 0 && types == names) {
        return true;
    }
    char *path = template_path_of(entry->template, entry->source);
    int line, column;
    template_locate(entry->template, path, &line, &column);
    template_fail_at(entry->template, entry->error, path,
                     "The template resource '%.128s' for type '%.128s' at line '%d' and column "
                     "'%d' has incorrect segment lengths. A nested resource type must have "
                     "identical number of segments as its resource name. A root resource type must "
                     "have segment length one greater than its resource name. Please see "
                     "https://aka.ms/arm-syntax-resources for usage details.",
                     resource->name, resource->type, line, column);
    memory_free(path);
    return false;
}

static bool read_condition(const struct entry *entry, struct template_resource *resource)
{
    const cJSON *condition = cJSON_GetObjectItem(entry->source, "condition");
    resource->existing = cJSON_IsTrue(cJSON_GetObjectItem(entry->source, "existing"));
    resource->deployed = !resource->existing;
    if (condition == NULL || cJSON_IsNull(condition)) {
        return true;
    }
    struct expression_scope scope = entry_scope(entry);
    cJSON *value = expression_evaluate_all(condition, &scope, entry->error);
    bool valid = cJSON_IsBool(value);
    if (value == NULL) {
        char *message = string_duplicate(entry->error->message);
        fail_entry(entry, resource->name, ": %s.", message);
        memory_free(message);
    } else if (!valid) {
        fail_entry(entry, resource->name,
                   ". The condition must be of type 'Boolean', but its value is of type '%s'. %s",
                   expression_type_name(value), usage);
    }
    resource->deployed = resource->deployed && cJSON_IsTrue(value);
    cJSON_Delete(value);
    return valid;
}

/* Where a nested deployment goes: its own subscription and group, or those around it. */
static void read_target(const struct entry *entry, struct template_resource *resource, bool *failed)
{
    const struct template *template = entry->template;
    if (resource->nested) {
        resource->subscription_id = read_text(entry, "subscriptionId", failed);
        resource->resource_group = *failed ? NULL : read_text(entry, "resourceGroup", failed);
        bool wider = resource->subscription_id != NULL && resource->resource_group == NULL &&
                     cJSON_GetObjectItem(entry->source, "location") != NULL;
        if (!wider && resource->resource_group == NULL && template->resource_group != NULL) {
            resource->resource_group = string_duplicate(template->resource_group);
        }
    } else if (template->resource_group != NULL) {
        resource->resource_group = string_duplicate(template->resource_group);
    }
    if (resource->subscription_id == NULL && template->subscription_id != NULL) {
        resource->subscription_id = string_duplicate(template->subscription_id);
    }
}

static bool read_resource(const struct entry *entry, struct template_resource *resource)
{
    bool failed = false;
    char *name = require_text(entry, "name", &failed), *type = require_text(entry, "type", &failed);
    resource->api_version = require_text(entry, "apiVersion", &failed);
    char *scope = failed ? NULL : read_text(entry, "scope", &failed);
    if (!failed && entry->parent != NULL) {
        resource->name = string_format("%s/%s", entry->parent->name, name);
        resource->type = string_format("%s/%s", entry->parent->type, type);
        memory_free(name);
        memory_free(type);
    } else {
        resource->name = name;
        resource->type = type;
    }
    if (!failed) {
        resource->nested = strcasecmp(resource->type, "Microsoft.Resources/deployments") == 0;
        read_target(entry, resource, &failed);
    }
    bool valid = !failed && check_segments(entry, resource) && read_condition(entry, resource);
    if (valid) {
        resource->id = make_id(entry, resource, scope);
        resource->source = entry->source;
        resource->loops = entry->loops;
        resource->symbol = entry->symbol != NULL ? string_duplicate(entry->symbol) : NULL;
    }
    memory_free(scope);
    return valid;
}

static struct template_resource *add_resource(struct template *template)
{
    size_t count = template->resource_count;
    if ((count & (count - 1)) == 0) {
        size_t room = count == 0 ? 1 : count * 2;
        template->resources =
            memory_resize(template->resources, room * sizeof(*template->resources));
    }
    template->resource_count++;
    template->resources[count] = (struct template_resource){0};
    return &template->resources[count];
}

static bool expand_all(const struct entry *around, const cJSON *sources);

static bool expand_one(const struct entry *entry, const char *loop, int batch)
{
    struct template *template = entry->template;
    template_spend(template, TEMPLATE_RESOURCE_COST);
    if (template->resource_count >= TEMPLATE_MOST_RESOURCES || template->budget.left < 0) {
        return template_fail_at(template, entry->error, "resources",
                                "The number of template resources limit exceeded. Limit: '%d', "
                                "and '%d' with those of nested deployments. %s",
                                TEMPLATE_MOST_RESOURCES, EXPRESSION_BUDGET / TEMPLATE_RESOURCE_COST,
                                usage);
    }
    struct template_resource *resource = add_resource(template);
    if (!read_resource(entry, resource)) {
        return false;
    }
    resource->loop = loop != NULL ? string_duplicate(loop) : NULL;
    resource->batch = batch;
    resource->copy_index = loop != NULL ? (int)entry->loops->index : 0;
    const cJSON *children = cJSON_GetObjectItem(entry->source, "resources");
    if (children == NULL || resource->nested) {
        return true;
    }
    struct template_resource parent = *resource; /* the array may move */
    struct entry around = *entry;
    around.parent = &parent;
    return expand_all(&around, children);
}

static struct expression_loop *add_loop(struct template *template, const char *name, int64_t index,
                                        const struct expression_loop *outer)
{
    struct expression_loop *loop = memory_allocate(sizeof(*loop));
    *loop = (struct expression_loop){name, index, false, outer};
    size_t count = template->loop_count++;
    template->loops =
        memory_resize(template->loops, template->loop_count * sizeof(struct expression_loop *));
    template->loops[count] = loop;
    return loop;
}

static bool expand_copies(struct entry *entry, const cJSON *copy)
{
    struct expression_scope scope = entry_scope(entry);
    const struct expression_loop *outer = entry->loops;
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(copy, "name"));
    const char *mode = cJSON_GetStringValue(cJSON_GetObjectItem(copy, "mode"));
    const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(entry->source, "name"));
    int batch = 0, count = -1;
    if (name == NULL) {
        return fail_entry(entry, title != NULL ? title : "",
                          ". The copy has no name. Please see https://aka.ms/arm-copy for usage "
                          "details.");
    }
    if (mode != NULL && strcasecmp(mode, "serial") == 0) {
        const cJSON *size = cJSON_GetObjectItem(copy, "batchSize");
        cJSON *value = size != NULL ? expression_evaluate_all(size, &scope, entry->error) : NULL;
        batch = value_is_integer(value) ? value->valueint : 1;
        cJSON_Delete(value);
        if (batch < 1) {
            return fail_entry(entry, title != NULL ? title : "",
                              ". The batchSize of a copy must be at least 1. Please see "
                              "https://aka.ms/arm-copy for usage details.");
        }
    }
    count = expression_copy_count(copy, &scope, entry->error);
    if (count < 0) {
        char *message = string_duplicate(entry->error->message);
        fail_entry(entry, title != NULL ? title : "", ": %s.", message);
        memory_free(message);
        return false;
    }
    for (int i = 0; i < count; i++) {
        entry->loops = add_loop(entry->template, name, i, outer);
        if (!expand_one(entry, name, batch)) {
            return false;
        }
    }
    return true;
}

static bool expand_all(const struct entry *around, const cJSON *sources)
{
    const cJSON *source;
    cJSON_ArrayForEach(source, sources)
    {
        struct entry entry = *around;
        entry.source = source;
        entry.symbol = cJSON_IsObject(sources) ? source->string : NULL;
        if (!cJSON_IsObject(source)) {
            return fail_entry(&entry, "", ". It must be a JSON object. %s", usage);
        }
        const cJSON *copy = cJSON_GetObjectItem(source, "copy");
        if (!(cJSON_IsObject(copy) ? expand_copies(&entry, copy) : expand_one(&entry, NULL, 0))) {
            return false;
        }
    }
    return true;
}

bool template_expand_resources(struct template *template, struct template_error *error)
{
    struct entry top = {
        .template = template,
        .loops = template->scope.loops,
        .error = error,
    };
    return expand_all(&top, cJSON_GetObjectItem(template->document, "resources"));
}

size_t template_resource_count(const struct template *template)
{
    return template->resource_count;
}

const struct template_resource *template_resource_at(const struct template *template, size_t index)
{
    return &template->resources[index];
}
