/* How most types show themselves. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

/* "c1/r1": the names of all segments below the namespace. */
static char *path_name(const struct arm_resource *resource)
{
    struct buf name;
    buf_init(&name, ID_SIZE);
    for (const struct arm_resource *at = resource; at != NULL; at = at->parent) {
        struct buf longer;
        buf_init(&longer, ID_SIZE);
        buf_printf(&longer, "%s%s%s", at->name, name.size > 0 ? "/" : "", buf_string(&name));
        buf_finish(&name);
        name = longer;
    }
    char *text = string_duplicate(buf_string(&name));
    buf_finish(&name);
    return text;
}

static void show_location(cJSON *item, const struct arm_resource *resource)
{
    bool inherited = (resource->type->traits & ARM_INHERITED_LOCATION) != 0;
    const struct arm_location *location =
        inherited && resource->parent != NULL ? resource->parent->location : resource->location;
    bool display = (resource->type->traits & ARM_DISPLAY_LOCATION) != 0;
    if (location != NULL) {
        cJSON_AddStringToObject(item, "location",
                                display ? location->display_name : location->name);
    }
}

void arm_resource_etag(const struct arm_resource *resource, char etag[ETAG_SIZE])
{
    snprintf(etag, ETAG_SIZE, "W/\"%016llx\"",
             (unsigned long long)resource->changed_ms * 0x9e3779b97f4a7c15u);
}

static void show_etag(cJSON *item, const struct arm_resource *resource)
{
    char etag[ETAG_SIZE];
    arm_resource_etag(resource, etag);
    cJSON_AddStringToObject(item, "etag", etag);
}

cJSON *arm_resource_show_plain(struct arm_call *call, const struct arm_resource *resource)
{
    (void)call;
    unsigned traits = resource->type->traits;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", resource->id);
    if ((traits & ARM_PATH_NAME) != 0) {
        char *name = path_name(resource);
        cJSON_AddStringToObject(item, "name", name);
        memory_free(name);
    } else {
        cJSON_AddStringToObject(item, "name", resource->name);
    }
    cJSON_AddStringToObject(item, "type", resource->type_name);
    show_location(item, resource);
    if ((traits & ARM_ETAG) != 0) {
        show_etag(item, resource);
    }
    const cJSON *member;
    cJSON_ArrayForEach(member, resource->body)
    {
        if (cJSON_GetObjectItem(item, member->string) == NULL) {
            cJSON_AddItemToObject(item, member->string, cJSON_Duplicate(member, true));
        }
    }
    if ((traits & ARM_TRACKED) != 0 && resource->type != &arm_generic_type &&
        arm_json_at(item, "tags") == NULL) {
        cJSON_AddObjectToObject(item, "tags");
    }
    if ((traits & ARM_NO_STATE) == 0) {
        arm_json_put_text(item, "properties.provisioningState", resource->state);
    }
    return item;
}
