/*
 * The body of a deployment: the tolerant reader, then the template in it, expanded and checked as
 * for a group. Every resource that is planned can be shown, and outputs end in a value or an error.
 */
#include <assert.h>
#include <string.h>

#include "arm/json.h"
#include "arm/relaxed_json.h"
#include "arm/templates/template.h"
#include "tests/fuzz/fuzz.h"

static cJSON *give_resource(void *context, const char *id, const char *api_version,
                            struct template_error *error)
{
    (void)context;
    (void)error;
    cJSON *resource = cJSON_CreateObject();
    cJSON_AddStringToObject(resource, "id", id);
    cJSON_AddStringToObject(resource, "version", api_version);
    arm_json_put_text(resource, "properties.state", "there");
    return resource;
}

static void check(struct template *template)
{
    struct template_error error;
    for (size_t i = 0; i < template_resource_count(template); i++) {
        const struct template_resource *resource = template_resource_at(template, i);
        assert(resource->id[0] == '/' || resource->id[0] == '\0');
        if (resource->deployed) {
            cJSON_Delete(template_resource_preview(template, i, &error));
            cJSON_Delete(template_resource_body(template, i, &error));
            cJSON_Delete(template_outer(template, i, &error));
        }
    }
    cJSON *outputs = template_outputs(template, &error);
    assert(outputs != NULL || error.message[0] != '\0');
    cJSON_Delete(outputs);
    cJSON_Delete(template_shown_parameters(template));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct random random;
    size_t position;
    random_init(&random, 1);
    cJSON *body = arm_relaxed_json(text, &position);
    const struct template_host host = {.resource = give_resource};
    const struct template_settings settings = {
        .template = arm_json_at(body, "properties.template"),
        .parameters = arm_json_at(body, "properties.parameters"),
        .subscription_id = "sub",
        .resource_group = "group",
        .random = &random,
        .host = &host,
        .source = text,
        .source_path = "properties.template",
    };
    struct template_error error = {0};
    struct template *template =
        settings.template != NULL ? template_create(&settings, &error) : NULL;
    if (template != NULL) {
        check(template);
    } else if (settings.template != NULL) {
        assert(error.message[0] != '\0' && error.code[0] != '\0');
    }
    template_destroy(template);
    cJSON_Delete(body);
    return 0;
}
