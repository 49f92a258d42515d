/* Types of parameters: the basic ones, their limits, and the definitions of languageVersion 2.0. */
#include "arm/templates/exact_number.h"
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct type_row {
    const char *name;  /* as templates write it */
    const char *shown; /* as Azure's answers do */
    const char *expected;
    int types; /* of cJSON */
    bool secure;
};

static const struct type_row type_rows[] = {
    {"string", "String", "String, Uri", cJSON_String, false},
    {"securestring", "SecureString", "String, Uri", cJSON_String, true},
    {"int", "Int", "Integer", cJSON_Number, false},
    {"bool", "Bool", "Boolean", cJSON_True | cJSON_False, false},
    {"array", "Array", "Array", cJSON_Array, false},
    {"object", "Object", "Object", cJSON_Object, false},
    {"secureobject", "SecureObject", "Object", cJSON_Object, true},
};

static const struct type_row *find_type(const cJSON *schema)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(schema, "type"));
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(type_rows); i++) {
        if (strcasecmp(type_rows[i].name, name) == 0) {
            return &type_rows[i];
        }
    }
    return NULL;
}

const cJSON *template_resolve_type(const struct template *template, const cJSON *schema)
{
    static const char prefix[] = "#/definitions/";
    for (int i = 0; i < 32; i++) {
        const char *reference = cJSON_GetStringValue(cJSON_GetObjectItem(schema, "$ref"));
        if (reference == NULL) {
            return schema;
        }
        if (strncmp(reference, prefix, sizeof(prefix) - 1) != 0) {
            return NULL;
        }
        schema = cJSON_GetObjectItem(cJSON_GetObjectItem(template->document, "definitions"),
                                     reference + sizeof(prefix) - 1);
    }
    return NULL;
}

bool template_type_is_secure(const struct template *template, const cJSON *schema)
{
    const struct type_row *row = find_type(template_resolve_type(template, schema));
    return row != NULL && row->secure;
}

const char *template_type_name(const struct template *template, const cJSON *schema)
{
    const struct type_row *row = find_type(template_resolve_type(template, schema));
    return row != NULL ? row->shown : NULL;
}

/* One value that is being checked. */
struct check {
    const struct template *template;
    const char *name; /* of the parameter */
    const char *kind; /* "parameter" */
    const char *path; /* of the parameter in the template */
    struct template_error *error;
    int depth;
};

static const char usage[] =
    "Please see https://aka.ms/arm-create-parameter-file for usage details.";

static bool fail_type(struct check *check, const struct type_row *row, const cJSON *value)
{
    return template_fail_at(check->template, check->error, check->path,
                            "The provided value for the template %s '%s' is not valid. Expected a "
                            "value of type '%s', but received a value of type '%s'. %s",
                            check->kind, check->name, row->expected, expression_type_name(value),
                            usage);
}

static bool check_allowed(struct check *check, const cJSON *allowed, const cJSON *value)
{
    const cJSON *item;
    struct buf names;
    buf_init(&names, 1024);
    cJSON_ArrayForEach(item, allowed)
    {
        if (value_equal(item, value)) {
            buf_finish(&names);
            return true;
        }
        size_t size = names.size;
        if (!buf_append_string(&names, size > 0 ? "," : "") ||
            !function_append_value(&names, item)) {
            break;
        }
    }
    struct buf given;
    buf_init(&given, 512);
    function_append_value(&given, value);
    int line, column;
    template_locate(check->template, check->path, &line, &column);
    template_fail_at(check->template, check->error, check->path,
                     "The provided value '%s' for the template %s '%s' at line '%d' and column "
                     "'%d' is not valid. The parameter value is not part of the allowed value(s): "
                     "'%s'.",
                     buf_string(&given), check->kind, check->name, line, column,
                     buf_string(&names));
    buf_finish(&given);
    buf_finish(&names);
    return false;
}

/* An array whose every element must be among the allowed ones, or the allowed value itself. */
static bool check_allowed_values(struct check *check, const cJSON *schema, const cJSON *value)
{
    const cJSON *allowed = cJSON_GetObjectItem(schema, "allowedValues"), *item;
    if (allowed == NULL) {
        return true;
    }
    if (cJSON_IsArray(value) && !cJSON_IsArray(allowed->child)) {
        cJSON_ArrayForEach(item, value)
        {
            if (!check_allowed(check, allowed, item)) {
                return false;
            }
        }
        return true;
    }
    return check_allowed(check, allowed, value);
}

static bool check_limits(struct check *check, const cJSON *schema, const cJSON *value)
{
    static const struct {
        const char *name;
        bool length, least;
    } rows[] = {
        {"minLength", true, true},
        {"maxLength", true, false},
        {"minValue", false, true},
        {"maxValue", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const cJSON *limit = cJSON_GetObjectItem(schema, rows[i].name);
        double number = value->valuedouble;
        if (!cJSON_IsNumber(limit) || rows[i].length == cJSON_IsNumber(value)) {
            continue;
        }
        if (rows[i].length) {
            number = cJSON_IsString(value) ? (double)text_units(value->valuestring)
                                           : cJSON_GetArraySize(value);
        }
        bool exact = !rows[i].length && value_is_integer(value) && value_is_integer(limit);
        int64_t own = exact ? exact_number(value) : 0, bound = exact ? exact_number(limit) : 0;
        bool outside = exact           ? (rows[i].least ? own < bound : own > bound)
                       : rows[i].least ? number < limit->valuedouble
                                       : number > limit->valuedouble;
        if (outside) {
            return template_fail_at(
                check->template, check->error, check->path,
                "The provided value for the template %s '%s' is not valid. %s should be %s than or "
                "equal to '%.0f'. %s",
                check->kind, check->name,
                rows[i].length ? "Length of the value" : "The value of parameter",
                rows[i].least ? "greater" : "less", limit->valuedouble, usage);
        }
    }
    return true;
}

static bool check_value(struct check *check, const cJSON *schema, const cJSON *value);

static bool check_properties(struct check *check, const cJSON *schema, const cJSON *value)
{
    const cJSON *properties = cJSON_GetObjectItem(schema, "properties"), *item;
    const cJSON *others = cJSON_GetObjectItem(schema, "additionalProperties");
    cJSON_ArrayForEach(item, properties)
    {
        const cJSON *member = cJSON_GetObjectItem(value, item->string);
        const cJSON *type = template_resolve_type(check->template, item);
        bool nullable = cJSON_IsTrue(cJSON_GetObjectItem(item, "nullable")) ||
                        cJSON_IsTrue(cJSON_GetObjectItem(type, "nullable"));
        if (member == NULL && !nullable) {
            return template_fail_at(check->template, check->error, check->path,
                                    "The provided value for the template %s '%s' is not valid. The "
                                    "property '%s' is required, but was not provided. %s",
                                    check->kind, check->name, item->string, usage);
        }
        if (member != NULL && !(nullable && cJSON_IsNull(member)) &&
            !check_value(check, item, member)) {
            return false;
        }
    }
    cJSON_ArrayForEach(item, (others != NULL ? value : NULL))
    {
        if (cJSON_GetObjectItem(properties, item->string) != NULL) {
            continue;
        }
        if (cJSON_IsFalse(others)) {
            return template_fail_at(check->template, check->error, check->path,
                                    "The provided value for the template %s '%s' is not valid. The "
                                    "following properties are not permitted: '%s'. %s",
                                    check->kind, check->name, item->string, usage);
        }
        if (cJSON_IsObject(others) && !check_value(check, others, item)) {
            return false;
        }
    }
    return true;
}

static bool check_discriminator(struct check *check, const cJSON *schema, const cJSON *value)
{
    const cJSON *choice = cJSON_GetObjectItem(schema, "discriminator");
    if (choice == NULL) {
        return true;
    }
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(choice, "propertyName"));
    const char *tag = name != NULL ? cJSON_GetStringValue(cJSON_GetObjectItem(value, name)) : NULL;
    const cJSON *variant =
        tag != NULL ? cJSON_GetObjectItem(cJSON_GetObjectItem(choice, "mapping"), tag) : NULL;
    if (variant == NULL) {
        return template_fail_at(check->template, check->error, check->path,
                                "The provided value for the template %s '%s' is not valid. The "
                                "property '%s' must name one of the types. %s",
                                check->kind, check->name, name != NULL ? name : "", usage);
    }
    return check_value(check, variant, value);
}

static bool check_items(struct check *check, const cJSON *schema, const cJSON *value)
{
    const cJSON *items = cJSON_GetObjectItem(schema, "items");
    const cJSON *prefix = cJSON_GetObjectItem(schema, "prefixItems"), *item;
    const cJSON *fixed = prefix != NULL ? prefix->child : NULL;
    cJSON_ArrayForEach(item, value)
    {
        const cJSON *type = fixed != NULL ? fixed : items;
        if (cJSON_IsObject(type) && !check_value(check, type, item)) {
            return false;
        }
        fixed = fixed != NULL ? fixed->next : NULL;
    }
    return true;
}

static bool check_value(struct check *check, const cJSON *schema, const cJSON *value)
{
    bool nullable = cJSON_IsTrue(cJSON_GetObjectItem(schema, "nullable"));
    schema = template_resolve_type(check->template, schema);
    nullable = nullable || cJSON_IsTrue(cJSON_GetObjectItem(schema, "nullable"));
    if (nullable && cJSON_IsNull(value)) {
        return true;
    }
    if (schema == NULL || check->depth > 64) {
        return template_fail_at(check->template, check->error, check->path,
                                "The type of the template %s '%s' is not defined, or too deep. "
                                "Please see https://aka.ms/arm-syntax-parameters for usage "
                                "details.",
                                check->kind, check->name);
    }
    const struct type_row *row = find_type(schema);
    if (row != NULL && ((value->type & row->types & 0xff) == 0 ||
                        (row->types == cJSON_Number && !value_is_integer(value)))) {
        return fail_type(check, row, value);
    }
    check->depth++;
    bool valid = check_allowed_values(check, schema, value) && check_limits(check, schema, value) &&
                 (!cJSON_IsObject(value) || (check_properties(check, schema, value) &&
                                             check_discriminator(check, schema, value))) &&
                 (!cJSON_IsArray(value) || check_items(check, schema, value));
    check->depth--;
    return valid;
}

bool template_check_type(const struct template *template, const cJSON *schema, const cJSON *value,
                         const char *name, const char *kind, struct template_error *error)
{
    char path[256];
    snprintf(path, sizeof(path), "%ss.%s", kind, name);
    struct check check = {template, name, kind, path, error, 0};
    return check_value(&check, schema, value);
}
