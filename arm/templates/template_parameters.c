/* The values of a template's parameters: given, by default, or from a vault. */
#include "arm/templates/template_private.h"

#include <stdio.h>
#include <string.h>

static void list_names(const cJSON *object, const cJSON *except, struct buf *names)
{
    const cJSON *item;
    buf_init(names, 900);
    cJSON_ArrayForEach(item, object)
    {
        if ((except == NULL || cJSON_GetObjectItem(except, item->string) == NULL) &&
            !buf_printf(names, "%s%s", names->size > 0 ? ", " : "", item->string)) {
            break;
        }
    }
}

static bool check_names(struct template *template, const cJSON *declared, const cJSON *given,
                        struct template_error *error)
{
    struct buf unknown, known;
    list_names(given, declared != NULL ? declared : template->parameters, &unknown);
    list_names(declared, NULL, &known);
    bool valid = unknown.size == 0;
    if (!valid) {
        template_fail_at(template, error, "",
                         "The template parameters '%s' in the parameters file are not valid; they "
                         "are not present in the original template and can therefore not be "
                         "provided at deployment time. The only supported parameters for this "
                         "template are '%s'. Please see https://aka.ms/arm-pass-parameter-values "
                         "for usage details.",
                         buf_string(&unknown), buf_string(&known));
        error->line = error->column = 0;
        error->path[0] = '\0';
    }
    buf_finish(&unknown);
    buf_finish(&known);
    return valid;
}

/* {"keyVault": {"id"}, "secretName", "secretVersion"} */
static cJSON *read_secret(struct template *template, const char *name, const cJSON *reference,
                          struct template_error *error)
{
    const char *vault =
        cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(reference, "keyVault"), "id"));
    const char *secret = cJSON_GetStringValue(cJSON_GetObjectItem(reference, "secretName"));
    const char *version = cJSON_GetStringValue(cJSON_GetObjectItem(reference, "secretVersion"));
    if (vault == NULL || secret == NULL || template->host->secret == NULL) {
        char path[256];
        snprintf(path, sizeof(path), "parameters.%s", name);
        template_fail_at(template, error, path,
                         "The reference of the parameter '%.128s' is not valid: it needs a "
                         "'keyVault' with an 'id' and a 'secretName'. Please see "
                         "https://aka.ms/arm-keyvault for usage details.",
                         name);
        return NULL;
    }
    return template->host->secret(template->host->context, vault, secret, version, error);
}

static cJSON *read_default(struct template *template, const cJSON *declared, const cJSON *value,
                           struct template_error *error)
{
    struct expression_scope scope = template->scope;
    scope.random = template->random;
    scope.variable = NULL;
    scope.reference = NULL;
    scope.list = NULL;
    cJSON *result = expression_evaluate_all(value, &scope, error);
    if (result == NULL) {
        char path[256], *message = string_duplicate(error->message);
        int line, column;
        snprintf(path, sizeof(path), "parameters.%s", declared->string);
        template_locate(template, path, &line, &column);
        template_fail_at(template, error, path,
                         "The template parameter '%.128s' at line '%d' and column '%d' is not "
                         "valid: %s.",
                         declared->string, line, column, message);
        memory_free(message);
    }
    return result;
}

static cJSON *read_value(struct template *template, const cJSON *declared, const cJSON *given,
                         struct template_error *error)
{
    const cJSON *value = cJSON_GetObjectItem(given, "value");
    const cJSON *reference = cJSON_GetObjectItem(given, "reference");
    const cJSON *fallback = cJSON_GetObjectItem(declared, "defaultValue");
    if (reference != NULL && value == NULL) {
        return read_secret(template, declared->string, reference, error);
    }
    const cJSON *type = template_resolve_type(template, declared);
    bool nullable = cJSON_IsTrue(cJSON_GetObjectItem(declared, "nullable")) ||
                    cJSON_IsTrue(cJSON_GetObjectItem(type, "nullable"));
    if (value != NULL && (!cJSON_IsNull(value) || (nullable && fallback == NULL))) {
        return cJSON_Duplicate(value, true);
    }
    if (fallback != NULL) {
        return read_default(template, declared, fallback, error);
    }
    if (nullable) {
        return cJSON_CreateNull();
    }
    char path[256];
    int line, column;
    snprintf(path, sizeof(path), "parameters.%s", declared->string);
    template_locate(template, path, &line, &column);
    template_fail_at(template, error, path,
                     "The value for the template parameter '%.128s' at line '%d' and column '%d' "
                     "is not provided. Please see https://aka.ms/arm-create-parameter-file for "
                     "usage details.",
                     declared->string, line, column);
    return NULL;
}

static bool check_declaration(struct template *template, const cJSON *declared,
                              struct template_error *error)
{
    const cJSON *type = template_resolve_type(template, declared);
    if (type != NULL && (template_type_name(template, declared) != NULL ||
                         (cJSON_GetObjectItem(type, "type") == NULL && type != declared))) {
        return true;
    }
    char path[256];
    int line, column;
    snprintf(path, sizeof(path), "parameters.%s", declared->string);
    template_locate(template, path, &line, &column);
    return template_fail_at(template, error, path,
                            "The template parameter '%.128s' at line '%d' and column '%d' is not "
                            "valid: its type must be one of 'String, SecureString, Int, Bool, "
                            "Array, Object, SecureObject'. Please see "
                            "https://aka.ms/arm-syntax-parameters for usage details.",
                            declared->string, line, column);
}

bool template_read_parameters(struct template *template, const cJSON *given,
                              struct template_error *error)
{
    const cJSON *all = cJSON_GetObjectItem(template->document, "parameters"), *declared;
    if (cJSON_GetArraySize(all) > TEMPLATE_MOST_PARAMETERS) {
        return template_fail_at(template, error, "parameters",
                                "The number of template parameters limit exceeded. Limit: '%d' and "
                                "actual: '%d'. Please see https://aka.ms/arm-syntax-parameters for "
                                "usage details.",
                                TEMPLATE_MOST_PARAMETERS, cJSON_GetArraySize(all));
    }
    if (!check_names(template, all, given, error)) {
        return false;
    }
    cJSON_ArrayForEach(declared, all)
    {
        cJSON *value = NULL;
        if (check_declaration(template, declared, error)) {
            value =
                read_value(template, declared, cJSON_GetObjectItem(given, declared->string), error);
        }
        if (value == NULL) {
            return false;
        }
        cJSON_AddItemToObject(template->parameters, declared->string, value);
        if (!template_check_type(template, declared, value, declared->string, "parameter", error)) {
            return false;
        }
    }
    return true;
}

char *template_camel_case(const char *name)
{
    char *result = string_duplicate(name);
    for (size_t i = 0; result[i] >= 'A' && result[i] <= 'Z'; i++) {
        /* Of "URLPath", the P begins a word. */
        if (i > 0 && result[i + 1] != '\0' && !(result[i + 1] >= 'A' && result[i + 1] <= 'Z')) {
            break;
        }
        result[i] = (char)(result[i] + 32);
    }
    return result;
}

cJSON *template_shown_parameters(const struct template *template)
{
    cJSON *shown = cJSON_CreateObject();
    const cJSON *value;
    if (template->outer != NULL) {
        return shown;
    }
    cJSON_ArrayForEach(value, template->parameters)
    {
        const cJSON *declared = cJSON_GetObjectItem(
            cJSON_GetObjectItem(template->document, "parameters"), value->string);
        char *name = template_camel_case(value->string);
        cJSON *entry = cJSON_AddObjectToObject(shown, name);
        const char *type = template_type_name(template, declared);
        cJSON_AddStringToObject(entry, "type", type != NULL ? type : "Object");
        if (!template_type_is_secure(template, declared)) {
            cJSON_AddItemToObject(entry, "value", cJSON_Duplicate(value, true));
        }
        memory_free(name);
    }
    return shown;
}

cJSON *template_saved_parameters(const struct template *template)
{
    cJSON *saved = cJSON_CreateObject();
    const cJSON *value;
    cJSON_ArrayForEach(value, (template->outer == NULL ? template->parameters : NULL))
    {
        cJSON *entry = cJSON_AddObjectToObject(saved, value->string);
        cJSON_AddItemToObject(entry, "value", cJSON_Duplicate(value, true));
    }
    return saved;
}
