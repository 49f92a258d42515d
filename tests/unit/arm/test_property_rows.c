/*
 * Generated from the rows of all resource types: a body that is right but for one property is
 * refused with 400, and nothing is there afterwards.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"
#include "base/log.h"
#include "tests/support/arm_fixture.h"
#include "tests/support/test.h"

#define VERSION "2099-01-01" /* later than every "since" */

static const struct arm_location *region(void)
{
    return arm_location_find(BYTES("westus2"));
}

/* ---- Right values ---- */

static cJSON *right_value(const struct arm_property *row)
{
    switch (row->kind) {
    case ARM_CHOICE:
        return cJSON_CreateString(row->choices[0]);
    case ARM_INTEGER:
        return cJSON_CreateNumber(row->maximum > row->minimum ? row->minimum : 1);
    case ARM_TRUTH:
        return cJSON_CreateTrue();
    case ARM_OBJECT:
    case ARM_TEXTS:
        return cJSON_CreateObject();
    case ARM_ARRAY:
        return cJSON_CreateArray();
    case ARM_IPV4:
        return cJSON_CreateString("10.0.0.4");
    case ARM_RESOURCE_ID:
        return cJSON_CreateString("/subscriptions/" FIXTURE_SUBSCRIPTION "/resourceGroups/g");
    case ARM_GUID:
        return cJSON_CreateString("11111111-1111-1111-1111-111111111111");
    default:
        return cJSON_CreateString("text");
    }
}

static cJSON *right_body(const struct arm_resource_type *type)
{
    cJSON *body = cJSON_CreateObject();
    for (const struct arm_property *row = type->schema; row->path != NULL; row++) {
        if ((row->rules & ARM_REQUIRED) != 0 && arm_json_at(body, row->path) == NULL) {
            arm_json_put(body, row->path, right_value(row));
        }
    }
    if ((type->traits & ARM_TRACKED) != 0) {
        arm_json_put_text(body, "location", "westus2");
    }
    return body;
}

/* ---- Wrong values ---- */

static const char *const wrong_texts[] = {
    "\"no such choice\"",
    "\"\"",
    "\"1.2.3\"",
    "\"256.1.1.1\"",
    "\"1.2.3.4.5\"",
    "\"-1\"",
    "\"none\"",
    "7",
    "-1",
    "1.5",
    "99999999999",
    "true",
    "[]",
    "[1]",
    "{}",
    "{\"a\":1}",
};

static bool is_wrong(const struct arm_property *row, const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    uint32_t address;
    switch (row->kind) {
    case ARM_TEXT:
        return text == NULL;
    case ARM_CHOICE:
        for (size_t i = 0; text != NULL && row->choices[i] != NULL; i++) {
            if (bytes_equal_string_nocase(bytes_from_string(text), row->choices[i])) {
                return false;
            }
        }
        return true;
    case ARM_INTEGER:
        return !cJSON_IsNumber(value) || value->valuedouble != (double)value->valueint ||
               (row->maximum > row->minimum &&
                (value->valueint < row->minimum || value->valueint > row->maximum));
    case ARM_TRUTH:
        return !cJSON_IsBool(value);
    case ARM_OBJECT:
        return !cJSON_IsObject(value);
    case ARM_TEXTS:
        return !cJSON_IsObject(value) || cJSON_GetArraySize(value) > 0; /* {"a":1} */
    case ARM_ARRAY:
        return !cJSON_IsArray(value);
    case ARM_IPV4:
        return text == NULL || !arm_ipv4_read(text, &address);
    default: /* ids: none of the wrong texts is one */
        return true;
    }
}

/* ---- Asking ---- */

static const char *name_for(const struct arm_resource_type *type)
{
    static const char *const names[] = {"one1", "default", "11111111-1111-1111-1111-111111111111"};
    if (type->only_name != NULL) {
        return type->only_name;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (arm_name_fits(&type->names, bytes_from_string(names[i]))) {
            return names[i];
        }
    }
    return names[0];
}

/* The id of a resource of that type in group "g", with all that it hangs on put in place. */
static char *place(struct arm_fixture *fixture, const struct arm_resource_type *type)
{
    char *id = string_duplicate("/subscriptions/" FIXTURE_SUBSCRIPTION "/resourceGroups/g");
    const char *name = type->id_name == NULL ? type->name : type->id_name;
    const char *slash = strchr(name, '/');
    char *longer = string_format("%s/providers/%.*s", id, (int)(slash - name), name);
    memory_free(id);
    id = longer;
    while (slash != NULL) {
        const char *next = strchr(slash + 1, '/');
        size_t upto = next == NULL ? strlen(name) : (size_t)(next - name);
        const struct arm_resource_type *part = arm_type_find((struct bytes){name, upto});
        longer = string_format("%s%.*s/%s", id, (int)(name + upto - slash), slash,
                               part == NULL ? "one1" : name_for(part));
        memory_free(id);
        id = longer;
        if (next != NULL && part != NULL && arm_resource_find_id(fixture->service, id) == NULL) {
            cJSON *body = part->schema == NULL ? cJSON_CreateObject() : right_body(part);
            arm_schema_complete(part->schema, body);
            arm_resource_add(fixture->service, part, part->name, id, region(), body);
        }
        slash = next;
    }
    return id;
}

static void refuse(struct arm_fixture *fixture, const struct arm_resource_type *type,
                   const char *id, const struct arm_property *row, const cJSON *body)
{
    char *target = string_format("%s?api-version=" VERSION, id);
    char *text = cJSON_PrintUnformatted(body);
    cJSON *answer = NULL;
    int status = arm_fixture_json(fixture, "PUT", target, text, &answer);
    if (status != 400 || arm_json_text(answer, "error.code") == NULL ||
        arm_resource_find_id(fixture->service, id) != NULL) {
        char *got = cJSON_PrintUnformatted(answer);
        printf("# %s, row %s: %s was answered %d %s\n", type->name, row->path, text, status, got);
        CHECK(false);
        cJSON_free(got);
    }
    cJSON_Delete(answer);
    cJSON_free(text);
    memory_free(target);
}

static void check_row(struct arm_fixture *fixture, const struct arm_resource_type *type,
                      const char *id, const struct arm_property *row)
{
    if ((row->rules & ARM_READ_ONLY) != 0) {
        return; /* dropped, whatever it is */
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong_texts); i++) {
        cJSON *value = cJSON_Parse(wrong_texts[i]);
        if (is_wrong(row, value)) {
            cJSON *body = right_body(type);
            arm_json_put(body, row->path, cJSON_Duplicate(value, true));
            refuse(fixture, type, id, row, body);
            cJSON_Delete(body);
        }
        cJSON_Delete(value);
    }
    if ((row->rules & ARM_REQUIRED) != 0) {
        cJSON *body = right_body(type);
        arm_json_remove(body, row->path);
        refuse(fixture, type, id, row, body);
        cJSON_Delete(body);
    }
}

static void each_type(void (*visit)(const struct arm_resource_type *type))
{
    for (size_t module = 0; module < arm_module_count; module++) {
        for (size_t i = 0; i < arm_modules[module]->type_count; i++) {
            const struct arm_resource_type *type = arm_modules[module]->types[i];
            if (type->schema != NULL) {
                visit(type);
            }
        }
    }
}

static void check_type(const struct arm_resource_type *type)
{
    struct arm_fixture *fixture = arm_fixture_create(ARM_PROVISIONING_INSTANT);
    arm_group_add(fixture->service, BYTES("g"), region());
    char *id = place(fixture, type);
    for (const struct arm_property *row = type->schema; row->path != NULL; row++) {
        check_row(fixture, type, id, row);
    }
    memory_free(id);
    arm_fixture_destroy(fixture);
}

TEST(each_single_violation_of_a_row_is_refused)
{
    each_type(check_type);
}

/* ---- Replacing what is there ---- */

/* A PUT of a body without that property: what is there stays as it was. */
static void replace_without(struct arm_fixture *fixture, const struct arm_resource *resource,
                            const struct arm_property *row)
{
    char *target = string_format("%s?api-version=" VERSION, resource->id);
    cJSON *body = right_body(resource->type), *answer = NULL;
    cJSON *before = cJSON_Duplicate(resource->body, true);
    arm_json_remove(body, row->path);
    char *text = cJSON_PrintUnformatted(body);
    int status = arm_fixture_json(fixture, "PUT", target, text, &answer);
    if (status != 400) {
        printf("# %s without %s was answered %d\n", resource->type->name, row->path, status);
        CHECK(false);
    }
    CHECK(cJSON_Compare(resource->body, before, true));
    cJSON_free(text);
    cJSON_Delete(before);
    cJSON_Delete(answer);
    cJSON_Delete(body);
    memory_free(target);
}

static void check_replacement(const struct arm_resource_type *type)
{
    struct arm_fixture *fixture = arm_fixture_create(ARM_PROVISIONING_INSTANT);
    arm_group_add(fixture->service, BYTES("g"), region());
    char *id = place(fixture, type);
    struct arm_resource *resource =
        arm_resource_add(fixture->service, type, type->name, id, region(), right_body(type));
    for (const struct arm_property *row = type->schema; row->path != NULL; row++) {
        if ((row->rules & (ARM_REQUIRED | ARM_READ_ONLY)) == ARM_REQUIRED) {
            replace_without(fixture, resource, row);
        }
    }
    memory_free(id);
    arm_fixture_destroy(fixture);
}

TEST(a_replacement_needs_what_a_creation_needs)
{
    each_type(check_replacement);
}

/* ---- The rows themselves ---- */

static void check_right_body(const struct arm_resource_type *type)
{
    struct arm_error error = {0};
    cJSON *body = right_body(type);
    if (!arm_schema_accept(type->schema, body, NULL, true, VERSION, &error)) {
        printf("# %s: %s\n", type->name, error.message);
        CHECK(false);
    }
    cJSON_Delete(body);
}

TEST(what_the_rows_ask_for_is_accepted)
{
    each_type(check_right_body);
}

static void check_create_only(const struct arm_resource_type *type)
{
    for (const struct arm_property *row = type->schema; row->path != NULL; row++) {
        if ((row->rules & ARM_CREATE_ONLY) != 0 && (row->rules & ARM_READ_ONLY) == 0) {
            struct arm_error error = {0};
            cJSON *stored = right_body(type), *body = right_body(type);
            arm_json_put(stored, row->path, right_value(row));
            arm_json_put(body, row->path, right_value(row));
            CHECK(arm_schema_accept(type->schema, body, stored, true, VERSION, &error));
            arm_json_remove(stored, row->path);
            CHECK(!arm_schema_accept(type->schema, body, stored, true, VERSION, &error));
            CHECK_INT(error.status, 400);
            cJSON_Delete(stored);
            cJSON_Delete(body);
        }
    }
}

TEST(what_is_fixed_at_creation_stays)
{
    each_type(check_create_only);
}

static void check_fallbacks(const struct arm_resource_type *type)
{
    for (const struct arm_property *row = type->schema; row->path != NULL; row++) {
        if (row->fallback != NULL) {
            struct arm_error error = {0};
            struct arm_property alone[] = {*row, {0}};
            alone[0].rules &= ~(unsigned)ARM_READ_ONLY;
            cJSON *body = cJSON_CreateObject();
            arm_schema_complete(alone, body);
            CHECK(arm_schema_accept(alone, body, NULL, true, VERSION, &error));
            cJSON_Delete(body);
        }
    }
}

TEST(fallbacks_are_what_a_client_could_send)
{
    each_type(check_fallbacks);
}

static const struct test_case cases[] = {
    CASE(each_single_violation_of_a_row_is_refused),
    CASE(a_replacement_needs_what_a_creation_needs),
    CASE(what_the_rows_ask_for_is_accepted),
    CASE(what_is_fixed_at_creation_stays),
    CASE(fallbacks_are_what_a_client_could_send),
};

int main(void)
{
    log_configure(LOG_ERROR, NULL, NULL);
    return test_run(cases, ARRAY_LEN(cases));
}
