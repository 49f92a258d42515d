#include "arm/policy_effects.h"

#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/policy_fields.h"

bool policy_alters(const char *effect)
{
    return strcasecmp(effect, "append") == 0 || strcasecmp(effect, "modify") == 0;
}

/* A request that says nothing of tags keeps them all: then all are said with the new one. */
static void say_tags(const cJSON *made, cJSON *body)
{
    if (arm_json_at(body, "tags") == NULL && arm_json_at(made, "tags") != NULL) {
        arm_json_put(body, "tags", cJSON_Duplicate(arm_json_at(made, "tags"), true));
    }
}

/* One member of the effect's details: the field's name, evaluated. NULL: it names none. */
static char *field_name(struct policy_trial *trial, const cJSON *item)
{
    const cJSON *field = arm_json_at(item, "field");
    cJSON *value = field == NULL ? NULL : policy_evaluate(trial, field);
    char *name = cJSON_IsString(value) ? string_duplicate(cJSON_GetStringValue(value)) : NULL;
    cJSON_Delete(value);
    return name;
}

static cJSON *value_of(struct policy_trial *trial, const cJSON *item)
{
    const cJSON *value = arm_json_at(item, "value");
    return value == NULL ? NULL : policy_evaluate(trial, value);
}

static bool texts_equal(const cJSON *a, const cJSON *b)
{
    return cJSON_IsString(a) && cJSON_IsString(b) ? strcasecmp(a->valuestring, b->valuestring) == 0
                                                  : cJSON_Compare(a, b, false);
}

static enum policy_outcome append(struct policy_trial *trial, const cJSON *item, const char *type,
                                  cJSON *body)
{
    char *field = field_name(trial, item);
    cJSON *value = field == NULL ? NULL : value_of(trial, item);
    enum policy_outcome outcome = POLICY_LEFT;
    if (value != NULL) {
        bool list = policy_field_is_list(field);
        const cJSON *present = list ? NULL : policy_field(trial->resource, field);
        if (present == NULL) {
            say_tags(trial->resource, body);
            policy_field_put(body, type, field, value);
            value = NULL;
            outcome = POLICY_CHANGED;
        } else if (!texts_equal(present, value)) {
            outcome = POLICY_REFUSED;
        }
    }
    cJSON_Delete(value);
    memory_free(field);
    return outcome;
}

/* A condition is an expression that must give true. */
static bool wanted(struct policy_trial *trial, const cJSON *operation)
{
    const cJSON *condition = arm_json_at(operation, "condition");
    cJSON *value = condition == NULL ? NULL : policy_evaluate(trial, condition);
    bool good = condition == NULL || cJSON_IsTrue(value);
    cJSON_Delete(value);
    return good;
}

static enum policy_outcome modify(struct policy_trial *trial, const cJSON *operation,
                                  const char *type, cJSON *body)
{
    const char *name = arm_json_text(operation, "operation");
    char *field = field_name(trial, operation);
    enum policy_outcome outcome = POLICY_LEFT;
    if (name == NULL || field == NULL || !wanted(trial, operation)) {
        memory_free(field);
        return outcome;
    }
    const cJSON *present =
        policy_field_is_list(field) ? NULL : policy_field(trial->resource, field);
    cJSON *value = value_of(trial, operation);
    if (strcasecmp(name, "remove") == 0) {
        if (present != NULL) {
            say_tags(trial->resource, body);
            policy_field_remove(body, type, field);
            outcome = POLICY_CHANGED;
        }
    } else if (value != NULL && (present == NULL || (strcasecmp(name, "addOrReplace") == 0 &&
                                                     !texts_equal(present, value)))) {
        say_tags(trial->resource, body);
        policy_field_put(body, type, field, value);
        value = NULL;
        outcome = POLICY_CHANGED;
    }
    cJSON_Delete(value);
    memory_free(field);
    return outcome;
}

enum policy_outcome policy_apply(struct policy_trial *trial, const char *effect, const cJSON *rule,
                                 const char *type, cJSON *body)
{
    bool appends = strcasecmp(effect, "append") == 0;
    const cJSON *item, *details = arm_json_at(rule, "then.details");
    const cJSON *list = appends ? details : arm_json_at(details, "operations");
    enum policy_outcome outcome = POLICY_LEFT;
    if (!cJSON_IsArray(list)) {
        return POLICY_LEFT;
    }
    cJSON_ArrayForEach(item, list)
    {
        enum policy_outcome one =
            appends ? append(trial, item, type, body) : modify(trial, item, type, body);
        outcome = one > outcome ? one : outcome;
    }
    return outcome;
}
