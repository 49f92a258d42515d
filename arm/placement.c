/* Resources without a request: what is seeded, and what was saved. */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

/* Reads the id as a request's path would be read: into call->target. */
static bool read_id(struct arm_call *call, const char *id)
{
    size_t used = 0;
    for (const char *at = id; *at != '\0';) {
        at += strspn(at, "/");
        size_t size = strcspn(at, "/");
        if (size == 0) {
            break;
        }
        if (call->segment_count == MOST_SEGMENTS || used + size + 1 > sizeof(call->path)) {
            return false;
        }
        call->segments[call->segment_count++] = call->path + used;
        memcpy(call->path + used, at, size);
        used += size;
        call->path[used++] = '\0';
        at += size;
    }
    call->method = ARM_PUT;
    return arm_target_read(call) && call->target.resource && call->target.name.size > 0 &&
           call->target.action == NULL;
}

/*
 * What is seeded without keys gets the same ones each time: an application under test keeps its
 * connection string when the emulator is reset or started anew.
 */
static void create_lasting_secrets(struct arm_service *service, struct arm_resource *resource)
{
    struct random *usual = service->random, lasting;
    uint64_t hash = 14695981039346656037u; /* FNV-1a of the id */
    for (const char *c = resource->id; *c != '\0'; c++) {
        char lower = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
        hash = (hash ^ (unsigned char)lower) * 1099511628211u;
    }
    random_init(&lasting, hash);
    service->random = &lasting;
    resource->type->create_secrets(service, resource);
    service->random = usual;
}

/* What each saved resource has, whatever its type. */
static const struct saved_shape saved_resource[] = {
    {"location", SAVED_TEXT, false},
    {"state", SAVED_TEXT, false},
    {"createdMs", SAVED_TIME, false},
    {"changedMs", SAVED_TIME, false},
    {"operation", SAVED_TEXT, false},
    {"pending", SAVED_OBJECT, false},
    {"secrets", SAVED_OBJECT, false},
    {"properties", SAVED_OBJECT, false},
    {"tags", SAVED_OBJECT, false},
    {"tags.{}", SAVED_TEXT, false},
    {"identity", SAVED_OBJECT, false},
    {"identity.type", SAVED_TEXT, false},
    {"identity.principalId", SAVED_TEXT, false},
    {"identity.tenantId", SAVED_TEXT, false},
    {"identity.userAssignedIdentities", SAVED_OBJECT, false},
    {NULL, SAVED_TEXT, false},
};

static bool shape_fits(const struct arm_resource_type *type, const char *id, const cJSON *document,
                       struct arm_error *error)
{
    struct buf why;
    buf_init(&why, 512);
    bool fits = saved_shape_fits(saved_resource, document, &why) &&
                saved_shape_fits(type->saved, document, &why);
    if (!fits) {
        arm_fail(error, 400, "InvalidRequestBody", "%s: %s", id, buf_string(&why));
    }
    buf_finish(&why);
    return fits;
}

/* What was saved is whole: nobody looks whether a required property is there after this. */
static bool saved_fits(const struct arm_resource_type *type, const char *id, const cJSON *body,
                       struct arm_error *error)
{
    struct arm_error why;
    cJSON *copy = cJSON_Duplicate(body, true);
    bool fits = arm_schema_accept_saved(type->schema, copy, &why);
    cJSON_Delete(copy);
    if (fits && type->sound != NULL && !type->sound(body)) {
        return arm_fail(error, 400, "InvalidRequestBody",
                        "%s: its properties do not go together, or there is no such SKU", id);
    }
    return fits || arm_fail(error, 400, why.code, "%s: %s", id, why.message);
}

static bool place(struct arm_call *call, const cJSON *document, bool loaded)
{
    struct arm_service *service = call->service;
    struct arm_error *error = &call->error;
    const struct arm_target *target = &call->target;
    const struct arm_resource_type *type = target->type;
    const char *id = arm_json_text(document, "id"), *where = arm_json_text(document, "location");
    const struct arm_location *location =
        where == NULL ? NULL : arm_type_location(type, bytes_from_string(where));
    if (target->group.size > 0 && arm_group_find(service, target->group) == NULL) {
        return arm_fail(error, 404, "ResourceGroupNotFound",
                        "%s: the resource group '%.*s' is not there", id, (int)target->group.size,
                        target->group.data);
    }
    if (strstr(target->holder, "/providers/") != NULL &&
        arm_resource_find_id(service, target->holder) == NULL) {
        return arm_fail(error, 404, "ParentResourceNotFound", "%s: '%s' is not there", id,
                        target->holder);
    }
    if (location == NULL &&
        (where != NULL || ((type->traits & ARM_TRACKED) != 0 && type != &arm_generic_type))) {
        return arm_fail(error, 400, "LocationRequired", "%s: 'location' is no region", id);
    }
    if (!arm_name_fits(&type->names, target->name)) {
        return arm_fail(error, 400, "InvalidParameter", "%s: %s", id, arm_name_words(&type->names));
    }
    if (arm_resource_find_id(service, target->id) != NULL ||
        ((type->traits & ARM_UNIQUE_NAME) != 0 &&
         arm_resource_find_name(service, type, target->name) != NULL)) {
        return arm_fail(error, 409, "NameNotAvailable", "%s: the name is taken", id);
    }
    cJSON *body = cJSON_Duplicate(document, true);
    static const char *const own[] = {"id",      "location", "name",      "type",      "state",
                                      "pending", "secrets",  "createdMs", "changedMs", "operation"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        arm_json_remove(body, own[i]);
    }
    cJSON *keys = cJSON_Duplicate(arm_json_at(body, "properties.accessKeys"), true);
    arm_json_remove(body, "properties.accessKeys");
    const cJSON *pending = arm_json_at(document, "pending");
    if (loaded ? !shape_fits(type, id, document, error) || !saved_fits(type, id, body, error) ||
                     (cJSON_IsObject(pending) && !saved_fits(type, id, pending, error))
               : (!arm_schema_accept(type->schema, body, NULL, true, "2024-11-01", error) ||
                  (type->check != NULL && !type->check(call, NULL, body)))) {
        cJSON_Delete(keys);
        cJSON_Delete(body);
        return false;
    }
    arm_schema_complete(type->schema, body);
    if (type->complete != NULL) {
        type->complete(service, body);
    }
    struct arm_resource *resource =
        arm_resource_add(service, type, target->type_name, target->id, location, body);
    cJSON *secrets = cJSON_Duplicate(arm_json_at(document, "secrets"), true);
    resource->secrets = cJSON_IsObject(secrets) ? secrets : keys;
    if (resource->secrets != keys) {
        cJSON_Delete(keys);
    }
    if (!cJSON_IsObject(resource->secrets)) {
        cJSON_Delete(resource->secrets);
        resource->secrets = NULL;
        if (type->create_secrets != NULL) {
            create_lasting_secrets(service, resource);
        }
    }
    return true;
}

bool arm_resource_place(struct arm_service *service, const cJSON *document, bool loaded,
                        struct arm_error *error)
{
    const char *id = arm_json_text(document, "id");
    struct arm_call *call = memory_allocate_zeroed(sizeof(*call));
    call->service = service;
    bool good = id != NULL && read_id(call, id)
                    ? place(call, document, loaded)
                    : arm_fail(&call->error, 400, "InvalidResourceId",
                               "'%s' is not the id of a resource", id == NULL ? "" : id);
    *error = call->error;
    memory_free(call);
    return good;
}
