/* What must come before what: dependsOn, references, serial loops; circles and doubles refused. */
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether `text` is the id without its scope, or "type/name" in either order of segments. */
static bool is_path_of(const struct template_resource *resource, const char *text)
{
    size_t type = strlen(resource->type), size = strlen(text), id = strlen(resource->id);
    if (strncasecmp(text, resource->type, type) == 0 && text[type] == '/' &&
        strcasecmp(text + type + 1, resource->name) == 0) {
        return true;
    }
    return id > size && strcasecmp(resource->id + id - size, text) == 0 &&
           strncmp(resource->id + id - size - 1, "/", 1) == 0 && strchr(text, '.') != NULL &&
           id - size >= 11 && strncasecmp(resource->id + id - size - 11, "/providers/", 11) == 0;
}

static bool is_named(const struct template_resource *resource, const char *text)
{
    const char *last = strrchr(resource->name, '/');
    return strcasecmp(resource->name, text) == 0 ||
           (last != NULL && strcasecmp(last + 1, text) == 0);
}

/* "symbol", or "symbol[2]" for one of a loop. */
static bool is_symbol(const struct template_resource *resource, const char *text)
{
    if (resource->symbol == NULL) {
        return false;
    }
    size_t size = strlen(resource->symbol);
    if (strncasecmp(text, resource->symbol, size) != 0) {
        return false;
    }
    return text[size] == '\0' || (text[size] == '[' && resource->loop != NULL &&
                                  atoi(text + size + 1) == resource->copy_index);
}

static bool is_meant(const struct template_resource *resource, const char *text, int way)
{
    switch (way) {
    case 0:
        return is_symbol(resource, text);
    case 1:
        return strcasecmp(resource->id, text) == 0;
    case 2:
        return resource->loop != NULL && strcasecmp(resource->loop, text) == 0;
    case 3:
        return is_path_of(resource, text);
    default:
        return is_named(resource, text);
    }
}

size_t *template_find_resources(const struct template *template, const char *text, size_t *count)
{
    size_t *found = memory_allocate((template->resource_count + 1) * sizeof(*found));
    *count = 0;
    for (int way = 0; way < 5 && *count == 0; way++) {
        for (size_t i = 0; i < template->resource_count; i++) {
            if (is_meant(&template->resources[i], text, way)) {
                found[(*count)++] = i;
            }
        }
    }
    return found;
}

static void add_dependency(struct template_resource *resource, size_t self, size_t index)
{
    if (index == self) {
        return;
    }
    for (size_t i = 0; i < resource->dependency_count; i++) {
        if (resource->dependencies[i] == index) {
            return;
        }
    }
    size_t count = resource->dependency_count++;
    if ((count & (count - 1)) == 0) {
        resource->dependencies =
            memory_resize(resource->dependencies, (count == 0 ? 1 : count * 2) * sizeof(size_t));
    }
    resource->dependencies[count] = index;
}

static bool add_named(struct template *template, size_t self, const char *text)
{
    size_t count;
    size_t *found = template_find_resources(template, text, &count);
    for (size_t i = 0; i < count; i++) {
        add_dependency(&template->resources[self], self, found[i]);
    }
    memory_free(found);
    return count > 0;
}

static struct expression_scope resource_scope(const struct template *template, size_t index)
{
    struct expression_scope scope = template->scope;
    scope.loops = template->resources[index].loops;
    return scope;
}

/* dependsOn: [] of texts; each must name something of the template. */
static bool add_explicit(struct template *template, size_t self, struct template_error *error)
{
    struct template_resource *resource = &template->resources[self];
    const cJSON *source = cJSON_GetObjectItem(resource->source, "dependsOn"), *item;
    if (source == NULL) {
        return true;
    }
    struct expression_scope scope = resource_scope(template, self);
    scope.reference = NULL;
    scope.list = NULL;
    cJSON *names = expression_evaluate_all(source, &scope, error);
    char *path = template_path_of(template, resource->source);
    int line, column;
    template_locate(template, path, &line, &column);
    bool valid = cJSON_IsArray(names);
    if (names == NULL) {
        char *message = string_duplicate(error->message);
        template_fail_at(template, error, path,
                         "The template resource '%.128s' at line '%d' and column '%d' is not "
                         "valid: %s.",
                         resource->name, line, column, message);
        memory_free(message);
    } else if (!valid) {
        template_fail_at(template, error, path,
                         "The template resource '%.128s' at line '%d' and column '%d' is not "
                         "valid: 'dependsOn' must be an array.",
                         resource->name, line, column);
    }
    cJSON_ArrayForEach(item, (valid ? names : NULL))
    {
        const char *text = cJSON_GetStringValue(item);
        if (valid && (text == NULL || !add_named(template, self, text))) {
            valid = template_fail_at(template, error, path,
                                     "The resource '%.512s' is not defined in the template. Please "
                                     "see https://aka.ms/arm-syntax for usage details.",
                                     text != NULL ? text : "");
        }
    }
    memory_free(path);
    cJSON_Delete(names);
    return valid;
}

/* reference('x') and listKeys('x') wait for x, if the template has it. */
static void add_implicit(struct template *template, size_t self, const cJSON *value,
                         const struct expression_scope *scope)
{
    const cJSON *item;
    if (cJSON_IsString(value) && expression_needs_resources(value->valuestring)) {
        cJSON *names = expression_references(value->valuestring, scope);
        cJSON_ArrayForEach(item, names)
        {
            add_named(template, self, item->valuestring);
        }
        cJSON_Delete(names);
    }
    cJSON_ArrayForEach(item, value)
    {
        /* What a nested template refers to is its own business, its parameters are not. */
        if (item->string != NULL && (strcasecmp(item->string, "template") == 0 ||
                                     (value == template->resources[self].source &&
                                      strcasecmp(item->string, "resources") == 0))) {
            continue;
        }
        add_implicit(template, self, item, scope);
    }
}

static void add_batches(struct template *template, size_t self)
{
    struct template_resource *resource = &template->resources[self];
    if (resource->batch == 0) {
        return;
    }
    int batch = resource->copy_index / resource->batch;
    for (size_t i = 0; i < template->resource_count; i++) {
        const struct template_resource *other = &template->resources[i];
        if (other->source == resource->source && other->copy_index / other->batch == batch - 1) {
            add_dependency(resource, self, i);
        }
    }
}

enum mark { UNSEEN, OPEN, DONE };

static bool find_circle(const struct template *template, size_t index, enum mark *marks,
                        size_t *culprit)
{
    if (marks[index] != UNSEEN) {
        *culprit = index;
        return marks[index] == OPEN;
    }
    marks[index] = OPEN;
    const struct template_resource *resource = &template->resources[index];
    for (size_t i = 0; i < resource->dependency_count; i++) {
        if (find_circle(template, resource->dependencies[i], marks, culprit)) {
            return true;
        }
    }
    marks[index] = DONE;
    return false;
}

static bool check_circles(struct template *template, struct template_error *error)
{
    enum mark *marks = memory_allocate_zeroed((template->resource_count + 1) * sizeof(*marks));
    bool valid = true;
    for (size_t i = 0; valid && i < template->resource_count; i++) {
        size_t culprit;
        if (marks[i] == UNSEEN && find_circle(template, i, marks, &culprit)) {
            char *path = template_path_of(template, template->resources[culprit].source);
            valid = template_fail_at(template, error, path,
                                     "Circular dependency detected on resource: '%s'. Please see "
                                     "https://aka.ms/arm-syntax-resources for usage details.",
                                     template->resources[culprit].id);
            memory_free(path);
        }
    }
    memory_free(marks);
    return valid;
}

static bool check_doubles(struct template *template, struct template_error *error)
{
    for (size_t i = 0; i < template->resource_count; i++) {
        const struct template_resource *resource = &template->resources[i];
        for (size_t j = 0; resource->deployed && j < i; j++) {
            if (!template->resources[j].deployed ||
                strcasecmp(template->resources[j].id, resource->id) != 0) {
                continue;
            }
            char *path = template_path_of(template, resource->source);
            int line, column;
            template_locate(template, path, &line, &column);
            template_fail_at(template, error, path,
                             "The resource '%s' at line '%d' and column '%d' is defined multiple "
                             "times in a template. Please see https://aka.ms/arm-syntax-resources "
                             "for usage details.",
                             strstr(resource->id, resource->type) != NULL &&
                                     strchr(resource->name, '/') == NULL
                                 ? strstr(resource->id, resource->type)
                                 : resource->id,
                             line, column);
            memory_free(path);
            return false;
        }
    }
    return true;
}

/* What can be evaluated without resources must evaluate. */
static bool check_bodies(struct template *template, struct template_error *error)
{
    for (size_t i = 0; i < template->resource_count; i++) {
        if (!template->resources[i].deployed) {
            continue;
        }
        cJSON *body = template_resource_preview(template, i, error);
        if (body == NULL) {
            return false;
        }
        cJSON_Delete(body);
    }
    return true;
}

bool template_connect_resources(struct template *template, struct template_error *error)
{
    for (size_t i = 0; i < template->resource_count; i++) {
        struct template_resource *resource = &template->resources[i];
        struct expression_scope scope = resource_scope(template, i);
        if (!resource->deployed) {
            continue;
        }
        if (!add_explicit(template, i, error)) {
            return false;
        }
        add_implicit(template, i, resource->source, &scope);
        add_batches(template, i);
    }
    return check_doubles(template, error) && check_circles(template, error) &&
           check_bodies(template, error);
}
