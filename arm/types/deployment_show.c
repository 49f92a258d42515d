/* How deployments, their steps and their errors look. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/templates/hashes.h"
#include "arm/types/deployment.h"

char *deployment_id(const struct arm_service *service, const struct deployment_scope *scope)
{
    const struct arm_group *group =
        scope->group != NULL ? arm_group_find(service, bytes_from_string(scope->group)) : NULL;
    return string_format("/subscriptions/%s%s%s/providers/Microsoft.Resources/deployments/%s",
                         service->config.subscription_id,
                         scope->group != NULL ? "/resourceGroups/" : "",
                         scope->group == NULL ? ""
                         : group != NULL      ? group->name
                                              : scope->group,
                         scope->name);
}

void deployment_duration(int64_t milliseconds, char text[32])
{
    struct buf duration;
    int64_t seconds = milliseconds / 1000;
    int rest = (int)(seconds % 60), decimals = (int)(milliseconds % 1000);
    buf_init(&duration, 31);
    buf_append_string(&duration, "PT");
    if (seconds >= 3600) {
        buf_printf(&duration, "%lldH", (long long)(seconds / 3600));
    }
    if (seconds / 60 % 60 > 0) {
        buf_printf(&duration, "%lldM", (long long)(seconds / 60 % 60));
    }
    if (decimals > 0) {
        int places = decimals % 100 == 0 ? 1 : decimals % 10 == 0 ? 2 : 3;
        int digits = places == 1 ? decimals / 100 : places == 2 ? decimals / 10 : decimals;
        buf_printf(&duration, "%d.%0*dS", rest, places, digits);
    } else if (rest > 0 || seconds == 0) {
        buf_printf(&duration, "%dS", rest);
    }
    snprintf(text, 32, "%s", buf_string(&duration));
    buf_finish(&duration);
}

/* ---- What a template is made of ---- */

static void add_location(cJSON *locations, const cJSON *source)
{
    const char *text = arm_json_text(source, "location");
    const struct arm_location *location =
        text != NULL ? arm_type_location(&arm_generic_type, bytes_from_string(text)) : NULL;
    cJSON *entry = location != NULL ? cJSON_CreateString(location->name) : cJSON_CreateNull();
    const cJSON *item;
    cJSON_ArrayForEach(item, locations)
    {
        if (cJSON_Compare(item, entry, true)) {
            cJSON_Delete(entry);
            return;
        }
    }
    cJSON_AddItemToArray(locations, entry);
}

static cJSON *find_or_add(cJSON *list, const char *member, struct bytes value)
{
    cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (bytes_equal_string_nocase(value, arm_json_text(item, member))) {
            return item;
        }
    }
    item = cJSON_CreateObject();
    cJSON_AddItemToObject(item, member, arm_json_text_bytes(value));
    cJSON_AddItemToArray(list, item);
    return item;
}

cJSON *deployment_providers(const struct template *template)
{
    cJSON *providers = cJSON_CreateArray();
    for (size_t i = 0; i < template_resource_count(template); i++) {
        const struct template_resource *resource = template_resource_at(template, i);
        if (resource->existing) {
            continue;
        }
        struct bytes type = bytes_from_string(resource->type);
        size_t slash = bytes_find(type, '/');
        cJSON *provider = find_or_add(providers, "namespace", bytes_slice(type, 0, slash));
        cJSON *types = cJSON_GetObjectItem(provider, "resourceTypes");
        if (types == NULL) {
            types = cJSON_AddArrayToObject(provider, "resourceTypes");
        }
        cJSON *entry = find_or_add(types, "resourceType", bytes_slice(type, slash + 1, type.size));
        cJSON *locations = cJSON_GetObjectItem(entry, "locations");
        if (locations == NULL) {
            locations = cJSON_AddArrayToObject(entry, "locations");
        }
        struct template_error error;
        cJSON *body = template_resource_preview((struct template *)template, i, &error);
        add_location(locations, body);
        cJSON_Delete(body);
    }
    return providers;
}

static void add_reference(cJSON *object, const struct template_resource *resource)
{
    cJSON_AddStringToObject(object, "id", resource->id);
    cJSON_AddStringToObject(object, "resourceType", resource->type);
    cJSON_AddStringToObject(object, "resourceName", resource->name);
}

cJSON *deployment_dependencies(const struct template *template)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < template_resource_count(template); i++) {
        const struct template_resource *resource = template_resource_at(template, i);
        if (resource->dependency_count == 0) {
            continue;
        }
        cJSON *entry = cJSON_CreateObject();
        cJSON *others = cJSON_AddArrayToObject(entry, "dependsOn");
        for (size_t j = 0; j < resource->dependency_count; j++) {
            cJSON *other = cJSON_CreateObject();
            add_reference(other, template_resource_at(template, resource->dependencies[j]));
            cJSON_AddItemToArray(others, other);
        }
        add_reference(entry, resource);
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

cJSON *deployment_properties(const struct template *template, const cJSON *document,
                             const char *mode)
{
    cJSON *properties = cJSON_CreateObject();
    char hash[24];
    template_hash(document, hash);
    cJSON_AddStringToObject(properties, "templateHash", hash);
    cJSON *parameters = template_shown_parameters(template);
    if (parameters->child != NULL) {
        cJSON_AddItemToObject(properties, "parameters", parameters);
    } else {
        cJSON_Delete(parameters);
    }
    cJSON_AddStringToObject(properties, "mode", mode);
    return properties;
}

/* ---- Errors ---- */

cJSON *deployment_template_error(const struct template_error *error)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "code",
                            error->code[0] != '\0' ? error->code : "InvalidTemplate");
    cJSON_AddStringToObject(object, "message", error->message);
    if (strcmp(error->code, "InvalidTemplate") == 0) {
        cJSON *list = cJSON_AddArrayToObject(object, "additionalInfo");
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "type", "TemplateViolation");
        cJSON *info = cJSON_AddObjectToObject(entry, "info");
        cJSON_AddNumberToObject(info, "lineNumber", error->line);
        cJSON_AddNumberToObject(info, "linePosition", error->column);
        cJSON_AddStringToObject(info, "path", error->path);
        cJSON_AddItemToArray(list, entry);
    }
    return object;
}

bool deployment_answer_error(struct arm_call *call, const struct template_error *error)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "error", deployment_template_error(error));
    http_response_header(call->response, "x-ms-failure-cause", "gateway");
    static const struct {
        const char *code;
        int status;
    } others[] = {{"DeploymentActive", 409},
                  {"InvalidDeploymentLocation", 409},
                  {"ResourceGroupBeingDeleted", 409},
                  {"ResourceGroupNotFound", 404}};
    int status = 400;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        status = strcmp(error->code, others[i].code) == 0 ? others[i].status : status;
    }
    arm_answer(call, status, body);
    return true;
}

/* cJSON indents with tabs; .NET with two blanks and CR LF. */
char *deployment_quote(const cJSON *body)
{
    char *printed = cJSON_Print(body);
    struct buf text;
    buf_init(&text, strlen(printed) * 3 + 16);
    bool start = true;
    for (const char *at = printed; *at != '\0'; at++) {
        if (*at == '\n') {
            buf_append_string(&text, "\r\n");
        } else if (*at == '\t') {
            buf_append_string(&text, start ? "  " : " ");
            continue;
        } else {
            buf_append_byte(&text, *at);
        }
        start = *at == '\n';
    }
    char *result = string_duplicate(buf_string(&text));
    buf_finish(&text);
    cJSON_free(printed);
    return result;
}

/* ---- Steps ---- */

static void add_time(cJSON *properties, const cJSON *step)
{
    char text[32];
    const cJSON *started = arm_json_at(step, "startedMs"), *ended = arm_json_at(step, "endedMs");
    int64_t from = cJSON_IsNumber(started) ? (int64_t)started->valuedouble : 0;
    int64_t to = cJSON_IsNumber(ended) ? (int64_t)ended->valuedouble : from;
    timestamp_format(to, text);
    cJSON_AddStringToObject(properties, "timestamp", text);
    deployment_duration(to - from, text);
    cJSON_AddStringToObject(properties, "duration", text);
}

cJSON *deployment_show_step(const struct arm_resource *deployment, const cJSON *step)
{
    static const char *const copied[] = {"provisioningOperation", "provisioningState"};
    cJSON *item = cJSON_CreateObject();
    const char *operation = arm_json_text(step, "operationId");
    char *id = string_format("%s/operations/%s", deployment->id, operation);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "operationId", operation);
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
        arm_json_copy_member(properties, step, copied[i]);
    }
    add_time(properties, step);
    arm_json_copy_member(properties, step, "trackingId");
    const char *target = arm_json_text(step, "id");
    if (target != NULL) {
        arm_json_copy_member(properties, step, "serviceRequestId");
    }
    arm_json_copy_member(properties, step, "statusCode");
    if (arm_json_at(step, "statusMessage") != NULL) {
        arm_json_copy_member(properties, step, "statusMessage");
    } else if (target == NULL) {
        cJSON_AddNullToObject(properties, "statusMessage");
    }
    if (target != NULL) {
        cJSON *resource = cJSON_AddObjectToObject(properties, "targetResource");
        cJSON_AddStringToObject(resource, "id", target);
        cJSON_AddItemToObject(resource, "resourceType",
                              cJSON_Duplicate(arm_json_at(step, "type"), true));
        cJSON_AddItemToObject(resource, "resourceName",
                              cJSON_Duplicate(arm_json_at(step, "name"), true));
    }
    memory_free(id);
    return item;
}
