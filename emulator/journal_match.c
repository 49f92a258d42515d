/* Reads conditions and applies them; journal_fields.c knows what they are about. */
#include "emulator/journal_match.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "emulator/journal_fields.h"
#include "emulator/options.h"

enum { MOST_GLOBS = 64, LONGEST_GLOB = 1024 };

/* ---- Reading conditions ---- */

static const struct match_field *find_field(const char *name)
{
    for (size_t i = 0; i < match_field_count; i++) {
        if (strcmp(match_fields[i].name, name) == 0) {
            return &match_fields[i];
        }
    }
    return NULL;
}

static void explain_name(const char *name, const char *const *others, struct buf *error)
{
    const char *names[64];
    size_t count = 0;

    for (size_t i = 0; i < match_field_count; i++) {
        names[count++] = match_fields[i].name;
    }
    for (; others != NULL && *others != NULL && count < ARRAY_LEN(names); others++) {
        names[count++] = *others;
    }
    const char *nearest = nearest_name(bytes_from_string(name), names, count);
    buf_printf(error, "'%.100s' is not known here", name);
    if (nearest != NULL) {
        buf_printf(error, "; did you mean '%s'?", nearest);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buf_printf(error, "%s%s", i == 0 ? "; there are " : ", ", names[i]);
    }
}

static bool add_glob(struct match_condition *condition, const cJSON *value, struct buf *error)
{
    char number[32];
    const char *text = cJSON_IsString(value)  ? value->valuestring
                       : cJSON_IsTrue(value)  ? "true"
                       : cJSON_IsFalse(value) ? "false"
                                              : NULL;

    if (cJSON_IsNumber(value) && fabs(value->valuedouble) < 1e15 &&
        value->valuedouble == floor(value->valuedouble)) {
        snprintf(number, sizeof(number), "%.0f", value->valuedouble);
        text = number;
    }
    if (condition->field->single && condition->count == 1) {
        buf_printf(error, "'%s' takes one value", condition->field->name);
        return false;
    }
    if (text == NULL || strlen(text) > LONGEST_GLOB || condition->count == MOST_GLOBS) {
        buf_printf(error, "'%s' must be a text of at most %d bytes, or a list of up to %d of them",
                   condition->field->name, LONGEST_GLOB, MOST_GLOBS);
        return false;
    }
    size_t before = error->size;
    buf_printf(error, "'%s' is '%.100s', but must be ", condition->field->name, text);
    if (condition->field->check != NULL && !condition->field->check(condition, text, error)) {
        return false;
    }
    error->size = before;
    condition->globs[condition->count++] = string_duplicate(text);
    return true;
}

static bool add_condition(struct journal_match *match, const cJSON *member,
                          const char *const *others, struct buf *error)
{
    const struct match_field *field = find_field(member->string);

    if (field == NULL) {
        explain_name(member->string, others, error);
        return false;
    }
    for (size_t i = 0; i < match->count; i++) {
        if (match->conditions[i].field == field) {
            buf_printf(error, "'%s' is there twice", field->name);
            return false;
        }
    }
    struct match_condition *condition = &match->conditions[match->count++];
    condition->field = field;
    condition->globs = memory_allocate_zeroed(MOST_GLOBS * sizeof(*condition->globs));
    if (!cJSON_IsArray(member)) {
        return add_glob(condition, member, error);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, member)
    {
        if (!add_glob(condition, item, error)) {
            return false;
        }
    }
    return true;
}

static bool parse(struct journal_match *match, const cJSON *object, const char *const *others,
                  struct buf *error)
{
    const cJSON *member;

    *match = (struct journal_match){0};
    if (!cJSON_IsObject(object)) {
        buf_append_string(error, "'match' must be an object");
        return false;
    }
    cJSON_ArrayForEach(member, object)
    {
        bool foreign = false;
        for (const char *const *other = others; other != NULL && *other != NULL; other++) {
            foreign = foreign || strcmp(*other, member->string) == 0;
        }
        if (!foreign && !add_condition(match, member, others, error)) {
            return false;
        }
    }
    return true;
}

bool journal_match_parse(struct journal_match *match, const cJSON *object, struct buf *error)
{
    return parse(match, object, NULL, error);
}

/* "a=1&a=2&b=3" as {"a": ["1", "2"], "b": ["3"]}. */
static bool read_query(struct bytes query, cJSON *object, struct buf *error)
{
    struct buf name, value;
    bool good = true;

    buf_init(&name, 256);
    buf_init(&value, 2 * LONGEST_GLOB);
    while (query.size > 0 && good) {
        struct bytes part = bytes_slice(query, 0, bytes_find(query, '&'));
        size_t equals = bytes_find(part, '=');
        query = bytes_slice(query, part.size + 1, query.size);
        buf_clear(&name);
        buf_clear(&value);
        good = http_url_decode(bytes_slice(part, 0, equals), true, &name) &&
               http_url_decode(bytes_slice(part, equals + 1, part.size), true, &value);
        if (good && name.size > 0) {
            cJSON *list = cJSON_GetObjectItemCaseSensitive(object, buf_string(&name));
            if (list == NULL) {
                list = cJSON_AddArrayToObject(object, buf_string(&name));
            }
            cJSON_AddItemToArray(list, cJSON_CreateString(buf_string(&value)));
        }
    }
    if (!good) {
        buf_append_string(error, "the query is too long or its escapes are broken");
    }
    buf_finish(&name);
    buf_finish(&value);
    return good;
}

bool journal_match_parse_query(struct journal_match *match, struct bytes query,
                               const char *const *others, struct buf *error)
{
    cJSON *object = cJSON_CreateObject();

    *match = (struct journal_match){0};
    bool good = read_query(query, object, error) && parse(match, object, others, error);
    cJSON_Delete(object);
    return good;
}

void journal_match_finish(struct journal_match *match)
{
    for (size_t i = 0; i < match->count; i++) {
        for (size_t j = 0; j < match->conditions[i].count; j++) {
            memory_free(match->conditions[i].globs[j]);
        }
        memory_free(match->conditions[i].globs);
    }
    *match = (struct journal_match){0};
}

/* ---- Applying them ---- */

static bool condition_holds(const struct match_condition *condition, const struct journal *journal,
                            size_t index)
{
    for (size_t i = 0; i < condition->count; i++) {
        if (condition->field->fits(condition, condition->globs[i], journal, index)) {
            return true;
        }
    }
    return false;
}

size_t journal_match_misses(const struct journal_match *match, const struct journal *journal,
                            size_t index, const char **missed)
{
    size_t misses = 0;

    for (size_t i = 0; i < match->count; i++) {
        if (!condition_holds(&match->conditions[i], journal, index)) {
            *missed = match->conditions[i].field->name;
            misses++;
        }
    }
    return misses;
}

bool journal_match_fits(const struct journal_match *match, const struct journal *journal,
                        size_t index)
{
    for (size_t i = 0; i < match->count; i++) {
        if (!condition_holds(&match->conditions[i], journal, index)) {
            return false;
        }
    }
    return true;
}

bool journal_match_wants_commands(const struct journal_match *match)
{
    for (size_t i = 0; i < match->count; i++) {
        const struct match_condition *condition = &match->conditions[i];
        if (strcmp(condition->field->name, "plane") != 0) {
            continue;
        }
        for (size_t j = 0; j < condition->count; j++) {
            if (bytes_match_glob(bytes_from_string(condition->globs[j]), BYTES("redis"), true)) {
                return true;
            }
        }
        return false;
    }
    return true;
}

void journal_match_describe(const struct journal_match *match, struct buf *text)
{
    for (size_t i = 0; i < match->count; i++) {
        const struct match_condition *condition = &match->conditions[i];
        buf_printf(text, "%s%s ", i == 0 ? "" : ", ", condition->field->name);
        for (size_t j = 0; j < condition->count; j++) {
            buf_printf(text, "%s%.100s", j == 0 ? "" : " or ", condition->globs[j]);
        }
    }
    if (match->count == 0) {
        buf_append_string(text, "anything");
    }
}
