/*
 * Microsoft.Resources/templateSpecs and their versions: templates that are kept in a group and
 * deployed by id.
 * Source: the REST specification of template specs, 2022-02-01.
 */
#include "arm/types/template_specs.h"

#include <string.h>

#include "arm/json.h"

static const struct arm_property spec_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .fallback = "{}"},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.displayName", .kind = ARM_TEXT},
    {.path = "properties.metadata", .kind = ARM_OBJECT},
    {.path = "properties.versions", .kind = ARM_OBJECT, .rules = ARM_READ_ONLY},
    {0},
};

static const struct arm_property version_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.mainTemplate", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.linkedTemplates", .kind = ARM_ARRAY},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.metadata", .kind = ARM_OBJECT},
    {.path = "properties.uiFormDefinition", .kind = ARM_OBJECT},
    {0},
};

static bool check_version(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *item;
    (void)old;
    cJSON_ArrayForEach(item, arm_json_at(body, "properties.linkedTemplates"))
    {
        if (arm_json_text(item, "path") == NULL || !cJSON_IsObject(arm_json_at(item, "template"))) {
            return arm_fail_property(&call->error, "properties.linkedTemplates",
                                     "a list of objects with path and template");
        }
    }
    return true;
}

static void add_time(cJSON *to, const char *name, int64_t time_ms)
{
    char text[32];
    timestamp_format(time_ms, text);
    cJSON_AddStringToObject(to, name, text);
}

/* $expand=versions: what there is of each, without the templates. */
static cJSON *show_spec(struct arm_call *call, const struct arm_resource *spec, bool secrets)
{
    struct buf expand;
    const struct arm_resource *version = NULL;
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, spec);
    buf_init(&expand, 64);
    bool wanted = arm_query(call, "$expand", &expand) &&
                  bytes_equal_string_nocase(buf_bytes(&expand), "versions");
    buf_finish(&expand);
    cJSON *versions = wanted ? cJSON_CreateObject() : NULL;
    while (wanted && (version = arm_resource_next_child(
                          call->service, spec, &arm_template_spec_version_type, version)) != NULL) {
        cJSON *one = cJSON_AddObjectToObject(versions, version->name);
        arm_json_copy_member(one, arm_json_at(version->body, "properties"), "description");
        add_time(one, "timeCreated", version->created_ms);
        add_time(one, "timeModified", version->changed_ms);
    }
    if (versions != NULL) {
        arm_json_put(item, "properties.versions", versions);
    }
    return item;
}

static const char *const api_versions[] = {"2022-02-01", "2021-05-01", "2021-03-01-preview",
                                           "2019-06-01-preview", NULL};

static const struct arm_resource_type spec_type = {
    .name = "Microsoft.Resources/templateSpecs",
    .names = {.words = "1 to 90 letters, digits, '-', '_', '(', ')' and '.'",
              .least = 1,
              .most = 90,
              .marks = "-_().",
              .flags = 0},
    .traits = ARM_TRACKED | ARM_NO_STATE,
    .api_versions = api_versions,
    .schema = spec_schema,
    .created = 201,
    .show = show_spec,
};

const struct arm_resource_type arm_template_spec_version_type = {
    .name = "Microsoft.Resources/templateSpecs/versions",
    .names = {.words = "1 to 90 letters, digits, '-', '_', '(', ')' and '.'",
              .least = 1,
              .most = 90,
              .marks = "-_().",
              .flags = 0},
    .traits = ARM_NO_STATE | ARM_INHERITED_LOCATION | ARM_FELT,
    .api_versions = api_versions,
    .schema = version_schema,
    .created = 201,
    .check = check_version,
};

static const struct arm_resource_type *const types[] = {&spec_type,
                                                        &arm_template_spec_version_type};
const struct arm_module arm_module_template_specs = {types, ARRAY_LEN(types), NULL, 0};
