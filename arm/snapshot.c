/* The whole state as a document, and back; also what is seeded. A document that does not fit is
 * tried on a service of its own first, so that nothing is left half-loaded. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

/* NULL: back to none. */
void arm_set_tag_names(struct arm_service *service, const cJSON *names)
{
    cJSON_Delete(service->tag_names);
    service->tag_names = cJSON_CreateObject();
    const cJSON *name, *value;
    cJSON_ArrayForEach(name, names)
    {
        cJSON *values = cJSON_AddArrayToObject(service->tag_names, name->string);
        cJSON_ArrayForEach(value, name)
        {
            if (cJSON_IsString(value)) {
                cJSON_AddItemToArray(values, cJSON_Duplicate(value, true));
            }
        }
    }
}

static cJSON *save_group(const struct arm_group *group)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "name", group->name);
    cJSON_AddStringToObject(document, "location", group->location->name);
    if (group->tags != NULL) {
        cJSON_AddItemToObject(document, "tags", cJSON_Duplicate(group->tags, true));
    }
    if (group->managed_by != NULL) {
        cJSON_AddStringToObject(document, "managedBy", group->managed_by);
    }
    if (group->deleting != NULL) {
        cJSON_AddStringToObject(document, "deleting", group->deleting->id);
    }
    return document;
}

static cJSON *save_resource(const struct arm_resource *resource)
{
    cJSON *document = cJSON_Duplicate(resource->body, true);
    arm_json_put_text(document, "id", resource->id);
    if (resource->location != NULL) {
        arm_json_put_text(document, "location", resource->location->name);
    }
    arm_json_put_text(document, "state", resource->state);
    arm_json_put(document, "createdMs", cJSON_CreateNumber((double)resource->created_ms));
    arm_json_put(document, "changedMs", cJSON_CreateNumber((double)resource->changed_ms));
    if (resource->pending != NULL) {
        arm_json_put(document, "pending", cJSON_Duplicate(resource->pending, true));
    }
    if (resource->secrets != NULL) {
        arm_json_put(document, "secrets", cJSON_Duplicate(resource->secrets, true));
    }
    if (resource->operation != NULL) {
        arm_json_put_text(document, "operation", resource->operation->id);
    }
    return document;
}

cJSON *arm_service_save(const struct arm_service *service)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *groups = cJSON_AddArrayToObject(document, "resourceGroups");
    for (const struct arm_group *group = service->groups; group != NULL; group = group->next) {
        cJSON_AddItemToArray(groups, save_group(group));
    }
    cJSON *resources = cJSON_AddArrayToObject(document, "resources");
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        cJSON_AddItemToArray(resources, save_resource(resource));
    }
    cJSON *operations = cJSON_AddArrayToObject(document, "operations");
    for (const struct arm_operation *operation = service->operations; operation != NULL;
         operation = operation->next) {
        cJSON_InsertItemInArray(operations, 0, arm_operation_save(operation));
    }
    cJSON_AddItemToObject(document, "providers", arm_providers_save(service));
    if (service->kept != NULL) {
        cJSON_AddItemToObject(document, "directory", cJSON_Duplicate(service->kept, true));
    }
    cJSON_AddItemToObject(document, "tagNames", cJSON_Duplicate(service->tag_names, true));
    return document;
}

static bool place_groups(struct arm_service *service, const cJSON *document, struct buf *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(document, "resourceGroups"))
    {
        const char *name = arm_json_text(item, "name"), *place = arm_json_text(item, "location");
        const struct arm_location *location =
            place == NULL ? NULL : arm_location_find(bytes_from_string(place));
        if (name == NULL || name[0] == '\0' || location == NULL) {
            buf_printf(error, "resourceGroups: '%s' needs a name and the location of a region",
                       name == NULL ? "" : name);
            return false;
        }
        struct arm_group *group = arm_group_find(service, bytes_from_string(name));
        if (group == NULL) {
            group = arm_group_add(service, bytes_from_string(name), location);
        }
        if (cJSON_IsObject(arm_json_at(item, "tags"))) {
            cJSON_Delete(group->tags);
            group->tags = cJSON_Duplicate(arm_json_at(item, "tags"), true);
        }
        if (arm_json_text(item, "managedBy") != NULL) {
            memory_free(group->managed_by);
            group->managed_by = string_duplicate(arm_json_text(item, "managedBy"));
        }
    }
    return true;
}

static bool place_resources(struct arm_service *service, const cJSON *document, bool loaded,
                            struct buf *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(document, "resources"))
    {
        struct arm_error failure;
        if (!arm_resource_place(service, item, loaded, &failure)) {
            buf_printf(error, "resources: %s", failure.message);
            return false;
        }
    }
    return true;
}

/* What was saved, but for the resources: those are looked at one by one. */
static const struct saved_shape saved_service[] = {
    {"resourceGroups.[].name", SAVED_TEXT, true},
    {"resourceGroups.[].location", SAVED_TEXT, true},
    {"resourceGroups.[].tags", SAVED_OBJECT, false},
    {"resourceGroups.[].tags.{}", SAVED_TEXT, false},
    {"resourceGroups.[].managedBy", SAVED_TEXT, false},
    {"resourceGroups.[].deleting", SAVED_TEXT, false},
    {"providers", SAVED_OBJECT, false},
    {"providers.{}", SAVED_TRUTH, false},
    {"tagNames", SAVED_OBJECT, false},
    {"tagNames.{}", SAVED_LIST, false},
    {"tagNames.{}.[]", SAVED_TEXT, false},
    {NULL, SAVED_TEXT, false},
};

static bool saved_fits(const struct arm_service *service, const cJSON *document, struct buf *error)
{
    const cJSON *operation;
    struct buf why;
    buf_init(&why, 512);
    const char *part = "arm";
    bool good = saved_shape_fits(saved_service, document, &why);
    if (good) {
        part = "directory";
        good = saved_shape_fits(service->kept_shape, arm_json_at(document, "directory"), &why);
    }
    cJSON_ArrayForEach(operation, arm_json_at(document, "operations"))
    {
        if (good) {
            part = "operations";
            good = arm_operation_sound(operation, &why);
        }
    }
    if (!good) {
        buf_printf(error, "%s: %s", part, buf_string(&why));
    }
    buf_finish(&why);
    return good;
}

static bool shape_fits(const cJSON *document, struct buf *error)
{
    static const char *const lists[] = {"resourceGroups", "resources", "operations"};
    if (!cJSON_IsObject(document)) {
        buf_append_string(error, "the document is not a JSON object");
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const cJSON *list = arm_json_at(document, lists[i]);
        if (list != NULL && !cJSON_IsArray(list)) {
            buf_printf(error, "'%s' is not an array", lists[i]);
            return false;
        }
    }
    return true;
}

/* Tries the document on a service of its own that tells nobody. */
static void ignore_removal(void *context, struct bytes name)
{
    (void)context;
    (void)name;
}

static void ignore_apply(void *context, const struct arm_cache *cache)
{
    (void)context;
    (void)cache;
}

static bool rehearse(const struct arm_service *service, const cJSON *document, bool loaded,
                     struct buf *error)
{
    struct random random = *service->random;
    struct arm_host host = {.cache_apply = ignore_apply, .cache_remove = ignore_removal};
    struct arm_service_config config = service->config;
    config.host = &host;
    config.random = &random;
    struct arm_service *trial = arm_service_create(&config);
    bool good = true;
    if (!loaded) {
        cJSON *present = arm_service_save(service);
        good = place_groups(trial, present, error) && place_resources(trial, present, true, error);
        cJSON_Delete(present);
    }
    good = good && place_groups(trial, document, error) &&
           place_resources(trial, document, loaded, error);
    arm_service_destroy(trial);
    return good;
}

static void apply_since(struct arm_service *service, const struct arm_resource *last)
{
    for (struct arm_resource *resource = last == NULL ? service->resources : last->next;
         resource != NULL; resource = resource->next) {
        if (resource->type->furnish != NULL) {
            resource->type->furnish(service, resource);
        }
    }
    for (struct arm_resource *resource = last == NULL ? service->resources : last->next;
         resource != NULL; resource = resource->next) {
        if (strcmp(resource->state, "Creating") != 0 && strcmp(resource->state, "Failed") != 0 &&
            resource->type->apply != NULL) {
            resource->type->apply(service, resource);
        }
    }
}

bool arm_service_seed(struct arm_service *service, const cJSON *document, struct buf *error)
{
    return shape_fits(document, error) && rehearse(service, document, false, error) &&
           arm_service_seed_again(service, document, error);
}

bool arm_service_seed_again(struct arm_service *service, const cJSON *document, struct buf *error)
{
    const struct arm_resource *last = service->resources;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    bool good =
        place_groups(service, document, error) && place_resources(service, document, false, error);
    apply_since(service, last);
    arm_changed(service);
    return good;
}

static const char *state_from(const char *text)
{
    static const char *const states[] = {"Creating", "Updating",  "Scaling", "Deleting",
                                         "Failed",   "Succeeded", "Syncing", "Canceled"};
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(states); i++) {
        if (strcmp(text, states[i]) == 0) {
            return states[i];
        }
    }
    return "Succeeded";
}

static void restore_running(struct arm_service *service, const cJSON *document)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, arm_json_at(document, "operations"))
    {
        arm_operation_resume(service, item);
    }
    cJSON_ArrayForEach(item, arm_json_at(document, "resources"))
    {
        struct arm_resource *resource = arm_resource_find_id(service, arm_json_text(item, "id"));
        const char *operation = arm_json_text(item, "operation");
        const cJSON *created = arm_json_at(item, "createdMs"),
                    *changed = arm_json_at(item, "changedMs");
        if (resource == NULL) {
            continue;
        }
        arm_json_remove(resource->body, "operation");
        resource->state = state_from(arm_json_text(item, "state"));
        resource->created_ms =
            cJSON_IsNumber(created) ? (int64_t)created->valuedouble : resource->created_ms;
        resource->changed_ms =
            cJSON_IsNumber(changed) ? (int64_t)changed->valuedouble : resource->changed_ms;
        if (cJSON_IsObject(arm_json_at(item, "pending"))) {
            resource->pending = cJSON_Duplicate(arm_json_at(item, "pending"), true);
            arm_schema_complete(resource->type->schema, resource->pending);
            if (resource->type->complete != NULL) {
                resource->type->complete(service, resource->pending);
            }
        }
        if (operation != NULL) {
            resource->operation = arm_operation_find(service, bytes_from_string(operation));
        }
        if (resource->operation == NULL && strcmp(resource->state, "Failed") != 0) {
            resource->state = "Succeeded";
        }
    }
    cJSON_ArrayForEach(item, arm_json_at(document, "resourceGroups"))
    {
        const char *operation = arm_json_text(item, "deleting");
        struct arm_group *group =
            arm_group_find(service, bytes_from_string(arm_json_text(item, "name")));
        if (operation != NULL && group != NULL) {
            group->deleting = arm_operation_find(service, bytes_from_string(operation));
        }
    }
}

bool arm_service_load(struct arm_service *service, const cJSON *document, struct buf *error)
{
    if (!shape_fits(document, error) || !saved_fits(service, document, error) ||
        !rehearse(service, document, true, error)) {
        return false;
    }
    arm_store_clear(service);
    place_groups(service, document, error);
    place_resources(service, document, true, error);
    arm_providers_load(service, arm_json_at(document, "providers"));
    arm_set_tag_names(service, arm_json_at(document, "tagNames"));
    cJSON_Delete(service->kept);
    service->kept = cJSON_Duplicate(arm_json_at(document, "directory"), true);
    if (service->restored != NULL) {
        service->restored(service->restored_context, service->kept);
    }
    restore_running(service, document);
    apply_since(service, NULL);
    arm_changed(service);
    return true;
}

void arm_service_keep(struct arm_service *service, cJSON *document)
{
    cJSON_Delete(service->kept);
    service->kept = document;
    arm_changed(service);
}

void arm_service_on_restore(struct arm_service *service, const struct saved_shape *shape,
                            void (*restored)(void *context, const cJSON *kept), void *context)
{
    service->kept_shape = shape;
    service->restored = restored;
    service->restored_context = context;
}
