/* Templates that the service writes: of a deployment, and of what lies in a group. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/types/deployment.h"

static cJSON *begin_template(void)
{
    cJSON *template = cJSON_CreateObject();
    cJSON_AddStringToObject(
        template, "$schema",
        "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#");
    cJSON_AddStringToObject(template, "contentVersion", "1.0.0.0");
    return template;
}

/* ---- Of a deployment ---- */

static const struct arm_resource *find(const struct arm_call *call)
{
    bool grouped = strcasecmp(call->segments[2], "resourceGroups") == 0;
    struct deployment_scope scope = {grouped ? call->segments[3] : NULL,
                                     call->segments[call->segment_count - 2]};
    char *id = deployment_id(call->service, &scope);
    const struct arm_resource *deployment = arm_resource_find_id(call->service, id);
    memory_free(id);
    return deployment;
}

bool deployment_export(struct arm_call *call)
{
    const struct arm_resource *deployment = find(call);
    if (deployment == NULL) {
        return arm_fail(&call->error, 404, "DeploymentNotFound",
                        "Deployment '%.64s' could not be found.",
                        call->segments[call->segment_count - 2]);
    }
    cJSON *body = cJSON_CreateObject(), *item;
    cJSON *template = cJSON_Duplicate(arm_json_at(deployment->secrets, "template"), true);
    /* Types come back as the service names them. */
    cJSON_ArrayForEach(item, arm_json_at(template, "parameters"))
    {
        static const char *const names[] = {"String", "SecureString", "Int",         "Bool",
                                            "Array",  "Object",       "SecureObject"};
        const char *type = arm_json_text(item, "type");
        for (size_t i = 0; type != NULL && i < ARRAY_LEN(names); i++) {
            if (strcasecmp(names[i], type) == 0) {
                cJSON_ReplaceItemInObject(item, "type", cJSON_CreateString(names[i]));
                break;
            }
        }
    }
    cJSON_AddItemToObject(body, "template", template);
    arm_answer(call, 200, body);
    return true;
}

/* ---- Of a group ---- */

/* "redis_shop_name": the parameter that stands for a resource's name. */
static char *parameter_of(const struct arm_resource *resource)
{
    struct buf name;
    buf_init(&name, 1024);
    const char *kind = arm_type_leaf(resource->type_name);
    for (; *kind != '\0'; kind++) {
        buf_append_byte(&name, (char)kind[0]);
    }
    buf_append_byte(&name, '_');
    for (const char *at = resource->name; *at != '\0'; at++) {
        buf_append_byte(&name, isalnum((unsigned char)*at) ? *at : '_');
    }
    buf_append_string(&name, "_name");
    char *text = string_duplicate(buf_string(&name));
    buf_finish(&name);
    return text;
}

static bool is_selected(const struct arm_call *call, const struct arm_resource *resource)
{
    const char *origin = arm_json_text(resource->body, "properties.type");
    if (origin != NULL && strcmp(origin, "BuiltIn") == 0) {
        return false; /* it comes with its parent */
    }
    const cJSON *list = arm_json_at(call->body, "resources"), *item;
    const struct arm_resource *top = resource;
    while (top->parent != NULL) {
        top = top->parent;
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *text = cJSON_GetStringValue(item);
        if (text != NULL && (strcmp(text, "*") == 0 || strcasecmp(text, top->id) == 0)) {
            return true;
        }
    }
    return list == NULL;
}

static const char *version_of(const struct arm_resource *resource)
{
    const char *const *versions = resource->type->api_versions;
    return versions != NULL && versions[0] != NULL ? versions[0] : "2024-11-01";
}

static char *name_expression(const struct arm_resource *resource)
{
    if (resource->parent == NULL) {
        char *parameter = parameter_of(resource);
        char *text = string_format("[parameters('%s')]", parameter);
        memory_free(parameter);
        return text;
    }
    struct buf tail;
    const struct arm_resource *top = resource;
    buf_init(&tail, ID_SIZE);
    while (top->parent != NULL) {
        char *longer = string_format("/%s%s", top->name, buf_string(&tail));
        buf_clear(&tail);
        buf_append_string(&tail, longer);
        memory_free(longer);
        top = top->parent;
    }
    char *parameter = parameter_of(top);
    char *text = string_format("[concat(parameters('%s'), '%s')]", parameter, buf_string(&tail));
    memory_free(parameter);
    buf_finish(&tail);
    return text;
}

static void add_resource(const struct arm_resource *resource, cJSON *resources)
{
    cJSON *item = cJSON_CreateObject();
    char *name = name_expression(resource);
    cJSON_AddStringToObject(item, "type", resource->type_name);
    cJSON_AddStringToObject(item, "apiVersion", version_of(resource));
    cJSON_AddStringToObject(item, "name", name);
    memory_free(name);
    if (resource->location != NULL) {
        cJSON_AddStringToObject(item, "location", resource->location->name);
    }
    if (resource->parent != NULL) {
        char *parameter = parameter_of(resource->parent);
        char *text = string_format("[resourceId('%s', parameters('%s'))]",
                                   resource->parent->type_name, parameter);
        if (resource->parent->parent == NULL) {
            cJSON_AddItemToArray(cJSON_AddArrayToObject(item, "dependsOn"),
                                 cJSON_CreateString(text));
        }
        memory_free(text);
        memory_free(parameter);
    }
    static const char *const members[] = {"tags", "sku", "kind", "zones", "identity", "properties"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        arm_json_copy_member(item, resource->body, members[i]);
    }
    arm_json_remove(item, "properties.provisioningState");
    cJSON_AddItemToArray(resources, item);
}

bool deployment_export_group(struct arm_call *call)
{
    const struct arm_group *group = arm_group_find(call->service, call->wildcards[1]);
    if (group == NULL) {
        return arm_fail_group_not_found(&call->error, call->wildcards[1]);
    }
    const char *options = arm_json_text(call->body, "options");
    bool defaults = options != NULL && strstr(options, "IncludeParameterDefaultValue") != NULL;
    cJSON *body = cJSON_CreateObject(), *template = begin_template();
    cJSON *parameters = cJSON_AddObjectToObject(template, "parameters");
    cJSON_AddObjectToObject(template, "variables");
    cJSON *resources = cJSON_AddArrayToObject(template, "resources");
    for (const struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->group != group || resource->type == &arm_deployment_type ||
            !is_selected(call, resource)) {
            continue;
        }
        add_resource(resource, resources);
        char *name = resource->parent == NULL ? parameter_of(resource) : NULL;
        if (name != NULL && cJSON_GetObjectItem(parameters, name) == NULL) {
            cJSON *parameter = cJSON_AddObjectToObject(parameters, name);
            if (defaults) {
                cJSON_AddStringToObject(parameter, "defaultValue", resource->name);
            }
            cJSON_AddStringToObject(parameter, "type", "String");
        }
        memory_free(name);
    }
    cJSON_AddItemToObject(body, "template", template);
    arm_answer(call, 200, body);
    return true;
}
