/* A template from its document: shape, parameters, variables, then its resources. */
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/templates/json_position.h"

void template_locate(const struct template *template, const char *path, int *line, int *column)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "%s%s%s", template->source_path,
             template->source_path[0] != '\0' && path[0] != '\0' && path[0] != '[' ? "." : "",
             path);
    json_position(bytes_from_string(template->source), whole, line, column);
}

bool template_fail_at(const struct template *template, struct template_error *error,
                      const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->code[0] = '\0';
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    template_locate(template, path, &error->line, &error->column);
    snprintf(error->path, sizeof(error->path), "%s%s%s", template->source_path,
             template->source_path[0] != '\0' && path[0] != '\0' ? "." : "", path);
    return false;
}

static bool find_path(const cJSON *from, const cJSON *element, struct buf *path)
{
    if (from == element) {
        return true;
    }
    int index = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, from)
    {
        size_t size = path->size;
        if (cJSON_IsArray(from)) {
            buf_printf(path, "[%d]", index++);
        } else {
            buf_printf(path, "%s%s", size > 0 ? "." : "", item->string);
        }
        if (find_path(item, element, path)) {
            return true;
        }
        path->size = size;
    }
    return false;
}

char *template_path_of(const struct template *template, const cJSON *element)
{
    struct buf path;
    buf_init(&path, 4096);
    find_path(template->document, element, &path);
    char *result = string_duplicate(buf_string(&path));
    buf_finish(&path);
    return result;
}

/* Takes over the message as "'...' is not valid: {message}." */
static bool fail_within(const struct template *template, const char *kind, const char *name,
                        const char *path, struct template_error *error)
{
    char *inner = string_duplicate(error->message);
    int line, column;
    template_locate(template, path, &line, &column);
    template_fail_at(template, error, path,
                     "The template %s '%s' at line '%d' and column '%d' is not valid: %s.", kind,
                     name, line, column, inner);
    memory_free(inner);
    return false;
}

static const cJSON *read_parameter(void *context, const char *name, struct template_error *error)
{
    struct template *template = context;
    const cJSON *value = cJSON_GetObjectItem(template->parameters, name);
    if (value == NULL) {
        template_fail(error,
                      "The template parameter '%.256s' is not found. Please see "
                      "https://aka.ms/arm-syntax-parameters for usage details.",
                      name);
    }
    return value;
}

const cJSON *template_variable(void *context, const char *name, struct template_error *error)
{
    struct template *template = context;
    const cJSON *known = cJSON_GetObjectItem(template->variables, name);
    if (known != NULL) {
        return known;
    }
    const cJSON *all = cJSON_GetObjectItem(template->document, "variables");
    const cJSON *source = cJSON_GetObjectItem(all, name), *loop, *item;
    bool looped = false;
    loop = cJSON_GetObjectItem(all, "copy");
    cJSON_ArrayForEach(item, (cJSON_IsArray(loop) ? loop : NULL))
    {
        const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(item, "name"));
        if (title != NULL && strcasecmp(title, name) == 0) {
            source = item;
            looped = true;
        }
    }
    if (source == NULL || template->outer != NULL) {
        template_fail(error,
                      "The template variable '%.256s' is not found. Please see "
                      "https://aka.ms/arm-syntax-variables for usage details.",
                      name);
        return NULL;
    }
    cJSON_ArrayForEach(item, template->evaluating)
    {
        if (strcasecmp(item->valuestring, name) == 0) {
            template_fail(error,
                          "The template variable '%.256s' refers to itself: circular references "
                          "are not allowed. Please see https://aka.ms/arm-syntax-variables for "
                          "usage details.",
                          name);
            return NULL;
        }
    }
    cJSON_AddItemToArray(template->evaluating, cJSON_CreateString(name));
    struct expression_scope scope = template->scope;
    scope.loops = NULL;
    scope.reference = NULL;
    scope.references = NULL;
    scope.list = NULL;
    cJSON *value = looped ? expression_copy(source, name, &scope, error)
                          : expression_evaluate_all(source, &scope, error);
    cJSON_DeleteItemFromArray(template->evaluating, cJSON_GetArraySize(template->evaluating) - 1);
    if (value != NULL) {
        cJSON_AddItemToObject(template->variables, name, value);
    }
    return value;
}

static bool read_variables(struct template *template, struct template_error *error)
{
    const cJSON *all = cJSON_GetObjectItem(template->document, "variables"), *item, *loop;
    if (cJSON_GetArraySize(all) > TEMPLATE_MOST_VARIABLES) {
        return template_fail_at(template, error, "variables",
                                "The number of template variables limit exceeded. Limit: '%d' and "
                                "actual: '%d'. Please see https://aka.ms/arm-syntax-variables for "
                                "usage details.",
                                TEMPLATE_MOST_VARIABLES, cJSON_GetArraySize(all));
    }
    cJSON_ArrayForEach(item, all)
    {
        bool loops = strcasecmp(item->string, "copy") == 0 && cJSON_IsArray(item);
        char *path = string_format("variables.%s", item->string);
        bool valid = loops || template_variable(template, item->string, error) != NULL;
        cJSON_ArrayForEach(loop, (loops ? item : NULL))
        {
            const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(loop, "name"));
            if (name == NULL) {
                template_fail(error, "a copy has no 'name'");
            }
            valid = valid && name != NULL && template_variable(template, name, error) != NULL;
        }
        if (!valid) {
            fail_within(template, "variable", item->string, path, error);
        }
        memory_free(path);
        if (!valid) {
            return false;
        }
    }
    return true;
}

static cJSON *give_object(void *context, enum expression_object which, struct template_error *error)
{
    struct template *template = context;
    if (template->host->object == NULL) {
        template_fail(error, "The template function is not expected at this location.");
        return NULL;
    }
    return template->host->object(template->host->context, which, error);
}

static cJSON *give_providers(void *context, const char *name, const char *type,
                             struct template_error *error)
{
    struct template *template = context;
    if (template->host->providers == NULL) {
        template_fail(error, "The template function 'providers' is not expected at this location.");
        return NULL;
    }
    return template->host->providers(template->host->context, name, type, error);
}

static int give_zone_count(void *context, const char *location)
{
    struct template *template = context;
    return template->host->zone_count != NULL
               ? template->host->zone_count(template->host->context, location)
               : 0;
}

/* What the request's reader would refuse before the template is looked at. */
static bool check_shape(struct template *template, struct template_error *error)
{
    static const struct {
        const char *name;
        bool required;
        int types;
    } members[] = {
        {"$schema", false, cJSON_String},         {"contentVersion", true, cJSON_String},
        {"parameters", false, cJSON_Object},      {"variables", false, cJSON_Object},
        {"functions", false, cJSON_Array},        {"resources", true, cJSON_Array | cJSON_Object},
        {"outputs", false, cJSON_Object},         {"definitions", false, cJSON_Object},
        {"languageVersion", false, cJSON_String},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const cJSON *item = cJSON_GetObjectItem(template->document, members[i].name);
        bool absent = item == NULL || cJSON_IsNull(item);
        if (absent ? !members[i].required : (item->type & members[i].types) != 0) {
            continue;
        }
        const char *path = absent ? "" : members[i].name;
        template_fail_at(template, error, path, "%s", "");
        if (absent) {
            snprintf(error->message, sizeof(error->message),
                     "Deployment template parse failed: 'Required property '%s' not found in "
                     "JSON. Path '%s', line %d, position %d.'.",
                     members[i].name, error->path, error->line, error->column);
        } else {
            snprintf(error->message, sizeof(error->message),
                     "Deployment template parse failed: 'The property "
                     "'%s' of the template has the wrong JSON type '%s'. Path '%s', line %d, "
                     "position %d.'.",
                     members[i].name, expression_type_name(item), error->path, error->line,
                     error->column);
        }
        snprintf(error->code, sizeof(error->code), "InvalidTemplate");
        return false;
    }
    return true;
}

static void set_scope(struct template *template, const struct template_settings *settings)
{
    const cJSON *outer = settings->outer;
    const char *subscription = settings->subscription_id, *group = settings->resource_group;
    if (outer != NULL) {
        subscription = cJSON_GetStringValue(cJSON_GetObjectItem(outer, "subscriptionId"));
        group = cJSON_GetStringValue(cJSON_GetObjectItem(outer, "resourceGroup"));
    }
    template->outer_subscription_id = subscription != NULL ? string_duplicate(subscription) : NULL;
    template->outer_resource_group = group != NULL ? string_duplicate(group) : NULL;
    template->scope = (struct expression_scope){
        .context = template,
        .budget = &template->budget,
        .now_ms = settings->now_ms,
        .subscription_id = template->outer_subscription_id,
        .resource_group = template->outer_resource_group,
        .parameter = read_parameter,
        .variable = template_variable,
        .object = give_object,
        .reference = template_reference,
        .references = template_references,
        .list = template_list,
        .providers = give_providers,
        .call = template_call_function,
        .zone_count = give_zone_count,
    };
}

static char *duplicate(const char *text)
{
    return text != NULL ? string_duplicate(text) : NULL;
}

/* The loops around the nested deployment, outermost first in the document. */
static const struct expression_loop *read_loops(struct template *template, const cJSON *outer)
{
    const struct expression_loop *innermost = NULL;
    const cJSON *item, *loops = cJSON_GetObjectItem(outer, "loops");
    size_t count = (size_t)cJSON_GetArraySize(loops);
    if (count == 0) {
        return NULL;
    }
    template->loops = memory_allocate_zeroed(count * sizeof(struct expression_loop *));
    cJSON_ArrayForEach(item, loops)
    {
        struct expression_loop *loop = memory_allocate_zeroed(sizeof(*loop));
        loop->name = cJSON_GetStringValue(cJSON_GetObjectItem(item, "name"));
        loop->index = cJSON_GetObjectItem(item, "index")->valueint;
        loop->outer = innermost;
        innermost = loop;
        template->loops[template->loop_count++] = loop;
    }
    return innermost;
}

static bool read_template(struct template *template, const struct template_settings *settings,
                          struct template_error *error)
{
    if (!check_shape(template, error)) {
        return false;
    }
    const char *version =
        cJSON_GetStringValue(cJSON_GetObjectItem(template->document, "languageVersion"));
    int outputs = cJSON_GetArraySize(cJSON_GetObjectItem(template->document, "outputs"));
    if (outputs > TEMPLATE_MOST_OUTPUTS) {
        return template_fail_at(template, error, "outputs",
                                "The number of template outputs limit exceeded. Limit: '%d' and "
                                "actual: '%d'. Please see https://aka.ms/arm-syntax-outputs for "
                                "usage details.",
                                TEMPLATE_MOST_OUTPUTS, outputs);
    }
    template->symbolic = cJSON_IsObject(cJSON_GetObjectItem(template->document, "resources"));
    if (template->symbolic && (version == NULL || version[0] != '2')) {
        return template_fail_at(template, error, "resources",
                                "The template resources must be an array unless the "
                                "'languageVersion' of the template is '2.0'. Please see "
                                "https://aka.ms/arm-syntax-resources for usage details.");
    }
    if (settings->outer != NULL) {
        cJSON_Delete(template->parameters);
        cJSON_Delete(template->variables);
        template->outer = cJSON_Duplicate(settings->outer, true);
        template->scope.loops = read_loops(template, template->outer);
        template->parameters =
            cJSON_Duplicate(cJSON_GetObjectItem(settings->outer, "parameters"), true);
        template->variables =
            cJSON_Duplicate(cJSON_GetObjectItem(settings->outer, "variables"), true);
    } else if (!template_read_parameters(template, settings->parameters, error) ||
               !read_variables(template, error)) {
        return false;
    }
    return template_expand_resources(template, error) &&
           template_connect_resources(template, error);
}

struct template *template_create(const struct template_settings *settings,
                                 struct template_error *error)
{
    static const struct template_host nobody;
    struct template *template = memory_allocate_zeroed(sizeof(*template));
    *error = (struct template_error){0};
    template->document = cJSON_Duplicate(settings->template, true);
    template->parameters = cJSON_CreateObject();
    template->variables = cJSON_CreateObject();
    template->evaluating = cJSON_CreateArray();
    template->subscription_id = duplicate(settings->subscription_id);
    template->resource_group = duplicate(settings->resource_group);
    template->host = settings->host != NULL ? settings->host : &nobody;
    template->budget.left = settings->budget > 0 ? settings->budget : EXPRESSION_BUDGET;
    template->now_ms = settings->now_ms;
    template->random = settings->random;
    template->source_path = string_duplicate("");
    if (settings->source.size > 0) {
        template->source = bytes_to_string(settings->source);
        memory_free(template->source_path);
        template->source_path = string_duplicate(settings->source_path);
    } else {
        char *printed = cJSON_PrintUnformatted(template->document);
        template->source = string_duplicate(printed);
        cJSON_free(printed);
    }
    set_scope(template, settings);
    if (!cJSON_IsObject(template->document)) {
        template_fail_at(template, error, "", "The template is not a JSON object.");
    } else if (read_template(template, settings, error)) {
        return template;
    }
    if (error->code[0] == '\0') {
        char *message = string_duplicate(error->message);
        snprintf(error->code, sizeof(error->code), "InvalidTemplate");
        snprintf(error->message, sizeof(error->message),
                 "Deployment template validation failed: '%s'.", message);
        memory_free(message);
    }
    template_destroy(template);
    return NULL;
}

int64_t template_budget(const struct template *template)
{
    return template->budget.left > 0 ? template->budget.left : 1;
}

void template_spend(struct template *template, int64_t units)
{
    template->budget.left -= units;
}

void template_destroy(struct template *template)
{
    if (template == NULL) {
        return;
    }
    for (size_t i = 0; i < template->resource_count; i++) {
        struct template_resource *resource = &template->resources[i];
        memory_free(resource->id);
        memory_free(resource->type);
        memory_free(resource->name);
        memory_free(resource->api_version);
        memory_free(resource->symbol);
        memory_free(resource->loop);
        memory_free(resource->subscription_id);
        memory_free(resource->resource_group);
        memory_free(resource->dependencies);
    }
    for (size_t i = 0; i < template->loop_count; i++) {
        memory_free(template->loops[i]);
    }
    memory_free(template->loops);
    memory_free(template->resources);
    memory_free(template->subscription_id);
    memory_free(template->resource_group);
    memory_free(template->outer_subscription_id);
    memory_free(template->outer_resource_group);
    memory_free(template->source);
    memory_free(template->source_path);
    cJSON_Delete(template->document);
    cJSON_Delete(template->parameters);
    cJSON_Delete(template->variables);
    cJSON_Delete(template->outer);
    cJSON_Delete(template->evaluating);
    memory_free(template);
}
