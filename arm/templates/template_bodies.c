/* What a deployment asks of a template while it runs: bodies, references, outputs. */
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Members of a resource that are the template's business, not the provider's. */
static bool is_own_member(const char *name)
{
    static const char *const names[] = {
        "type",           "name",          "apiVersion", "dependsOn", "condition",
        "copy",           "scope",         "resources",  "existing",  "comments",
        "subscriptionId", "resourceGroup", "metadata",   "@options",  "asserts",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcasecmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The properties of a nested deployment: all but its template is evaluated. */
static cJSON *evaluate_deployment(const cJSON *properties, const struct expression_scope *scope,
                                  struct template_error *error)
{
    cJSON *copy = cJSON_Duplicate(properties, true);
    cJSON *inner = cJSON_DetachItemFromObject(copy, "template");
    cJSON *result = expression_evaluate_all(copy, scope, error);
    cJSON_Delete(copy);
    if (result != NULL && cJSON_IsString(inner)) {
        cJSON *value = expression_evaluate_all(inner, scope, error);
        cJSON_Delete(inner);
        inner = value;
        if (value == NULL) {
            cJSON_Delete(result);
            return NULL;
        }
    }
    if (result != NULL && inner != NULL) {
        cJSON_AddItemToObject(result, "template", inner);
        return result;
    }
    cJSON_Delete(inner);
    return result;
}

static cJSON *evaluate_body(struct template *template, size_t index, bool preview,
                            struct template_error *error)
{
    const struct template_resource *resource = &template->resources[index];
    struct expression_scope scope = template->scope;
    scope.loops = resource->loops;
    scope.keep_waiting = preview;
    cJSON *body = cJSON_CreateObject();
    const cJSON *item;
    cJSON_ArrayForEach(item, resource->source)
    {
        if (is_own_member(item->string)) {
            continue;
        }
        bool deployment = resource->nested && strcasecmp(item->string, "properties") == 0;
        cJSON *value = deployment ? evaluate_deployment(item, &scope, error)
                                  : expression_evaluate_all(item, &scope, error);
        if (value == NULL) {
            cJSON_Delete(body);
            return NULL;
        }
        if (cJSON_IsNull(value)) {
            cJSON_Delete(value);
            continue;
        }
        cJSON_AddItemToObject(body, item->string, value);
    }
    return body;
}

static bool fail_body(const struct template *template, const struct template_resource *resource,
                      bool preview, struct template_error *error)
{
    char *path = template_path_of(template, resource->source);
    char *message = string_duplicate(error->message);
    int line, column;
    template_locate(template, path, &line, &column);
    if (preview) {
        template_fail_at(template, error, path,
                         "The template resource '%.128s' at line '%d' and column '%d' is not "
                         "valid: %s.",
                         resource->name, line, column, message);
    } else if (error->code[0] == '\0') {
        template_fail_at(template, error, path,
                         "Unable to process template language expressions for resource '%s' at "
                         "line '%d' and column '%d'. '%s'",
                         resource->id, line, column, message);
        snprintf(error->code, sizeof(error->code), "InvalidTemplate");
    }
    memory_free(message);
    memory_free(path);
    return false;
}

cJSON *template_resource_body(struct template *template, size_t index, struct template_error *error)
{
    *error = (struct template_error){0};
    cJSON *body = evaluate_body(template, index, false, error);
    if (body == NULL) {
        fail_body(template, &template->resources[index], false, error);
    }
    return body;
}

cJSON *template_resource_preview(struct template *template, size_t index,
                                 struct template_error *error)
{
    *error = (struct template_error){0};
    cJSON *body = evaluate_body(template, index, true, error);
    if (body == NULL) {
        fail_body(template, &template->resources[index], true, error);
    }
    return body;
}

cJSON *template_outer(struct template *template, size_t index, struct template_error *error)
{
    cJSON *outer = cJSON_CreateObject();
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(template->document, "variables"))
    {
        if (template->outer == NULL && strcasecmp(item->string, "copy") != 0 &&
            template_variable(template, item->string, error) == NULL) {
            cJSON_Delete(outer);
            return NULL;
        }
    }
    cJSON_AddItemToObject(outer, "parameters", cJSON_Duplicate(template->parameters, true));
    cJSON_AddItemToObject(outer, "variables", cJSON_Duplicate(template->variables, true));
    if (template->outer_subscription_id != NULL) {
        cJSON_AddStringToObject(outer, "subscriptionId", template->outer_subscription_id);
    }
    if (template->outer_resource_group != NULL) {
        cJSON_AddStringToObject(outer, "resourceGroup", template->outer_resource_group);
    }
    cJSON *loops = cJSON_AddArrayToObject(outer, "loops");
    const struct expression_loop *loop = template->resources[index].loops;
    for (; loop != NULL; loop = loop->outer) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", loop->name != NULL ? loop->name : "");
        cJSON_AddNumberToObject(entry, "index", (double)loop->index);
        cJSON_InsertItemInArray(loops, 0, entry);
    }
    return outer;
}

/* ---- reference and list ---- */

/* The one resource of the template that is meant; NULL: none. */
static const struct template_resource *find_one(const struct template *template, const char *name)
{
    size_t count;
    size_t *found = template_find_resources(template, name, &count);
    const struct template_resource *result = count > 0 ? &template->resources[found[0]] : NULL;
    memory_free(found);
    return result;
}

static cJSON *ask_resource(struct template *template, const struct template_resource *resource,
                           const char *id, const char *api_version, bool full,
                           struct template_error *error)
{
    if (template->host->resource == NULL) {
        template_fail(error, "The template function 'reference' is not expected at this location. "
                             "Please see https://aka.ms/arm-functions for usage details.");
        return NULL;
    }
    if (api_version == NULL && resource != NULL) {
        api_version = resource->api_version;
    }
    if (api_version == NULL) {
        template_fail(error,
                      "The reference to '%.256s' requires an API version. Please see "
                      "https://aka.ms/arm-syntax for usage details.",
                      id);
        return NULL;
    }
    cJSON *whole = template->host->resource(template->host->context, id, api_version, error);
    if (whole == NULL || full) {
        return whole;
    }
    cJSON *properties = cJSON_DetachItemFromObject(whole, "properties");
    cJSON_Delete(whole);
    return properties != NULL ? properties : cJSON_CreateObject();
}

cJSON *template_reference(void *context, const char *name, const char *api_version, bool full,
                          struct template_error *error)
{
    struct template *template = context;
    const struct template_resource *resource = find_one(template, name);
    if (resource == NULL && name[0] != '/') {
        template_fail(error,
                      "The template reference '%.256s' is not valid: could not find template "
                      "resource or resource copy with this name. Please see "
                      "https://aka.ms/arm-function-reference for usage details.",
                      name);
        return NULL;
    }
    return ask_resource(template, resource, resource != NULL ? resource->id : name, api_version,
                        full, error);
}

cJSON *template_references(void *context, const char *loop, bool full, struct template_error *error)
{
    struct template *template = context;
    size_t count;
    size_t *found = template_find_resources(template, loop, &count);
    cJSON *result = cJSON_CreateArray();
    if (count == 0) {
        template_fail(error,
                      "The template reference '%.256s' is not valid: could not find resource copy "
                      "with this name. Please see https://aka.ms/arm-function-reference for usage "
                      "details.",
                      loop);
    }
    for (size_t i = 0; i < count; i++) {
        const struct template_resource *resource = &template->resources[found[i]];
        cJSON *item = ask_resource(template, resource, resource->id, NULL, full, error);
        if (item == NULL) {
            count = 0;
            break;
        }
        cJSON_AddItemToArray(result, item);
    }
    memory_free(found);
    if (count == 0) {
        cJSON_Delete(result);
        return NULL;
    }
    return result;
}

cJSON *template_list(void *context, const char *function, const char *name, const char *api_version,
                     const cJSON *body, struct template_error *error)
{
    struct template *template = context;
    const struct template_resource *resource = find_one(template, name);
    if (template->host->list == NULL || (resource == NULL && name[0] != '/')) {
        template_fail(error,
                      "The template function '%.64s' is not valid: could not find the resource "
                      "'%.256s'. Please see https://aka.ms/arm-resource-functions/#list for usage "
                      "details.",
                      function, name);
        return NULL;
    }
    if (api_version == NULL && resource != NULL) {
        api_version = resource->api_version;
    }
    return template->host->list(template->host->context, function,
                                resource != NULL ? resource->id : name,
                                api_version != NULL ? api_version : "", body, error);
}

/* ---- outputs ---- */

/* False: the condition does not hold, or the error is filled. */
static bool output_wanted(struct template *template, const cJSON *output,
                          struct template_error *error)
{
    const cJSON *condition = cJSON_GetObjectItem(output, "condition");
    if (condition == NULL) {
        return true;
    }
    cJSON *value = expression_evaluate_all(condition, &template->scope, error);
    if (value != NULL && !cJSON_IsBool(value)) {
        template_fail(error, "its condition is not of type 'Boolean'");
    }
    bool wanted = cJSON_IsTrue(value);
    cJSON_Delete(value);
    return wanted;
}

static cJSON *output_value(struct template *template, const cJSON *output,
                           struct template_error *error)
{
    const cJSON *source = cJSON_GetObjectItem(output, "value");
    const cJSON *copy = cJSON_GetObjectItem(output, "copy");
    if (copy != NULL) {
        return expression_copy(copy, NULL, &template->scope, error);
    }
    if (source == NULL) {
        template_fail(error, "it has no 'value'");
        return NULL;
    }
    return expression_evaluate_all(source, &template->scope, error);
}

static bool fail_output(const struct template *template, const char *name,
                        struct template_error *error)
{
    char path[256], *message = string_duplicate(error->message);
    int line, column;
    snprintf(path, sizeof(path), "outputs.%s", name);
    template_locate(template, path, &line, &column);
    template_fail_at(template, error, path, "The template output '%.128s' is not valid: %s.", name,
                     message);
    snprintf(error->code, sizeof(error->code), "DeploymentOutputEvaluationFailed");
    memory_free(message);
    return false;
}

cJSON *template_outputs(struct template *template, struct template_error *error)
{
    const cJSON *all = cJSON_GetObjectItem(template->document, "outputs"), *output;
    cJSON *result = cJSON_CreateObject();
    *error = (struct template_error){0};
    cJSON_ArrayForEach(output, all)
    {
        bool wanted = output_wanted(template, output, error);
        if (!wanted && error->message[0] == '\0') {
            continue;
        }
        cJSON *value = wanted ? output_value(template, output, error) : NULL;
        const char *type = template_type_name(template, output);
        if (value != NULL &&
            !template_check_type(template, output, value, output->string, "output", error)) {
            cJSON_Delete(value);
            value = NULL;
        }
        if (value == NULL) {
            fail_output(template, output->string, error);
            cJSON_Delete(result);
            return NULL;
        }
        char *name = template_camel_case(output->string);
        cJSON *entry = cJSON_AddObjectToObject(result, name);
        memory_free(name);
        cJSON_AddStringToObject(entry, "type", type != NULL ? type : "Object");
        if (template_type_is_secure(template, output)) {
            cJSON_Delete(value);
        } else {
            cJSON_AddItemToObject(entry, "value", value);
        }
    }
    return result;
}
