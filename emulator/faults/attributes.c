/* Reads, checks and shows attributes. */
#include "emulator/faults/attributes.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "emulator/options.h"

enum { LONGEST_TEXT = 480 };

static const struct fault_attribute none[] = {{0}};

static const struct fault_attribute *schema_of(const struct fault_kind *kind)
{
    return kind->attributes == NULL ? none : kind->attributes;
}

static bool unknown(const struct fault_kind *kind, const char *name, struct buf *error)
{
    const struct fault_attribute *schema = schema_of(kind);
    const char *names[FAULT_MOST_ATTRIBUTES];
    size_t count = 0;

    for (; schema[count].name != NULL; count++) {
        names[count] = schema[count].name;
    }
    const char *nearest = nearest_name(bytes_from_string(name), names, count);
    buf_printf(error, "type '%s' has no attribute '%.100s'", kind->name, name);
    if (nearest != NULL) {
        buf_printf(error, "; did you mean '%s'?", nearest);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        buf_printf(error, "%s%s", i == 0 ? "; it has " : ", ", names[i]);
    }
    return false;
}

/* ---- One value ---- */

static bool parse_number(const struct fault_attribute *attribute, const cJSON *item,
                         struct fault_value *value, struct buf *error)
{
    bool whole = attribute->type == FAULT_WHOLE;

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= attribute->least) ||
        !(item->valuedouble <= attribute->most) ||
        (whole && item->valuedouble != floor(item->valuedouble))) {
        buf_printf(error, "attribute '%s' must be a %snumber from %g to %.15g", attribute->name,
                   whole ? "whole " : "", attribute->least, attribute->most);
        return false;
    }
    value->number = item->valuedouble;
    return true;
}

static bool parse_time(const struct fault_attribute *attribute, const cJSON *item,
                       struct fault_value *value, struct buf *error)
{
    bool in_ms = attribute->type == FAULT_MILLISECONDS;
    int64_t duration_ms;
    bool good = false;

    if (cJSON_IsNumber(item)) {
        value->number = item->valuedouble * (in_ms ? 1 : 1000);
        good = true;
    } else if (cJSON_IsString(item)) {
        bool negative = item->valuestring[0] == '-';
        struct bytes text = bytes_from_string(item->valuestring + (negative ? 1 : 0));
        int64_t number;
        /* Milliseconds without a unit are milliseconds as a text, too. */
        if (in_ms && bytes_to_int64(text, &number)) {
            duration_ms = number;
            good = true;
        } else {
            good = duration_parse(text, &duration_ms);
        }
        value->number = good ? (double)(negative ? -duration_ms : duration_ms) : 0;
    }
    if (!good || !(value->number >= attribute->least) || !(value->number <= attribute->most)) {
        buf_printf(error, "attribute '%s' must be %s from %g to %.15g ms", attribute->name,
                   in_ms ? "milliseconds, or a duration such as \"250ms\","
                         : "a duration such as \"90s\" or \"20m\"",
                   attribute->least, attribute->most);
        return false;
    }
    return true;
}

static bool parse_text(const struct fault_attribute *attribute, const cJSON *item,
                       struct fault_value *value, struct buf *error)
{
    if (cJSON_IsNumber(item)) {
        /* A code of digits is a text, too. */
        memory_free(value->text);
        value->text = string_format("%.15g", item->valuedouble);
        return true;
    }
    if (!cJSON_IsString(item) || strlen(item->valuestring) > LONGEST_TEXT) {
        buf_printf(error, "attribute '%s' must be a text of at most %d bytes", attribute->name,
                   LONGEST_TEXT);
        return false;
    }
    memory_free(value->text);
    value->text = string_duplicate(item->valuestring);
    return true;
}

static bool parse_choice(const struct fault_attribute *attribute, const cJSON *item,
                         struct fault_value *value, struct buf *error)
{
    for (size_t i = 0; cJSON_IsString(item) && attribute->choices[i] != NULL; i++) {
        if (strcmp(item->valuestring, attribute->choices[i]) == 0) {
            return parse_text(attribute, item, value, error);
        }
    }
    buf_printf(error, "attribute '%s' must be one of ", attribute->name);
    for (size_t i = 0; attribute->choices[i] != NULL; i++) {
        buf_printf(error, "%s%s", i == 0 ? "" : ", ", attribute->choices[i]);
    }
    return false;
}

static bool parse_flag(const struct fault_attribute *attribute, const cJSON *item,
                       struct fault_value *value, struct buf *error)
{
    if (!cJSON_IsBool(item)) {
        buf_printf(error, "attribute '%s' must be true or false", attribute->name);
        return false;
    }
    value->number = cJSON_IsTrue(item);
    return true;
}

static bool (*const parsers[])(const struct fault_attribute *attribute, const cJSON *item,
                               struct fault_value *value, struct buf *error) = {
    [FAULT_NUMBER] = parse_number, [FAULT_WHOLE] = parse_number, [FAULT_MILLISECONDS] = parse_time,
    [FAULT_DURATION] = parse_time, [FAULT_TEXT] = parse_text,    [FAULT_CHOICE] = parse_choice,
    [FAULT_FLAG] = parse_flag,
};

/* ---- All of them ---- */

bool fault_attributes_parse(const struct fault_kind *kind, const cJSON *object,
                            struct fault_value *values, struct buf *error)
{
    const struct fault_attribute *schema = schema_of(kind);
    bool given[FAULT_MOST_ATTRIBUTES] = {false};
    const cJSON *member;

    for (size_t i = 0; schema[i].name != NULL; i++) {
        values[i].number = schema[i].fallback;
        values[i].text = schema[i].text == NULL ? NULL : string_duplicate(schema[i].text);
    }
    if (object != NULL && !cJSON_IsObject(object)) {
        buf_append_string(error, "'attributes' must be an object");
        return false;
    }
    cJSON_ArrayForEach(member, object)
    {
        size_t i = 0;
        while (schema[i].name != NULL && strcmp(schema[i].name, member->string) != 0) {
            i++;
        }
        if (schema[i].name == NULL) {
            return unknown(kind, member->string, error);
        }
        if (given[i]) {
            buf_printf(error, "attribute '%s' is there twice", member->string);
            return false;
        }
        given[i] = true;
        if (!parsers[schema[i].type](&schema[i], member, &values[i], error)) {
            return false;
        }
    }
    for (size_t i = 0; schema[i].name != NULL; i++) {
        if (schema[i].required && !given[i]) {
            buf_printf(error, "type '%s' needs the attribute '%s'", kind->name, schema[i].name);
            return false;
        }
    }
    return true;
}

void fault_attributes_finish(struct fault_value *values)
{
    for (size_t i = 0; i < FAULT_MOST_ATTRIBUTES; i++) {
        memory_free(values[i].text);
        values[i].text = NULL;
    }
}

cJSON *fault_attributes_document(const struct fault_kind *kind, const struct fault_value *values)
{
    const struct fault_attribute *schema = schema_of(kind);
    cJSON *document = cJSON_CreateObject();
    char text[40];

    for (size_t i = 0; schema[i].name != NULL; i++) {
        bool number = schema[i].type <= FAULT_DURATION;
        if (number && values[i].number < schema[i].least) {
            continue; /* not given, and there is no default */
        }
        switch (schema[i].type) {
        case FAULT_TEXT:
        case FAULT_CHOICE:
            if (values[i].text != NULL) {
                cJSON_AddStringToObject(document, schema[i].name, values[i].text);
            }
            break;
        case FAULT_FLAG:
            cJSON_AddBoolToObject(document, schema[i].name, values[i].number != 0);
            break;
        case FAULT_DURATION:
            text[0] = '-';
            duration_format((int64_t)fabs(values[i].number), text + 1);
            cJSON_AddStringToObject(document, schema[i].name,
                                    values[i].number < 0 ? text : text + 1);
            break;
        default:
            cJSON_AddNumberToObject(document, schema[i].name, values[i].number);
        }
    }
    return document;
}
