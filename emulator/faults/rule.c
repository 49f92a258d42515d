/* From JSON to a rule and back. */
#include "emulator/faults/rule.h"

#include <math.h>
#include <string.h>

#include "emulator/faults/attributes.h"
#include "emulator/options.h"

#define MOST_COUNT 9007199254740991.0 /* whole numbers that JSON carries exactly */

static const char *const fields[] = {
    "id",       "plane",      "priority", "match", "type",       "attributes", "probability",
    "toxicity", "percentage", "times",    "after", "startAfter", "duration",   "enabled",
};

bool fault_field_known(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (bytes_equal_string(name, fields[i])) {
            return true;
        }
    }
    return false;
}

static bool fields_known(const cJSON *document, struct buf *error)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, document)
    {
        struct bytes name = bytes_from_string(member->string);
        const char *nearest;
        if (!fault_field_known(name)) {
            nearest = nearest_name(name, fields, ARRAY_LEN(fields));
            buf_printf(error, "unknown field '%.100s'", member->string);
            if (nearest != NULL) {
                buf_printf(error, "; did you mean '%s'?", nearest);
            } else {
                buf_append_string(error, "; a rule has ");
                for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
                    buf_printf(error, "%s%s", i == 0 ? "" : ", ", fields[i]);
                }
            }
            return false;
        }
        if (cJSON_GetObjectItemCaseSensitive(document, member->string) != member) {
            buf_printf(error, "'%s' is there twice", member->string);
            return false;
        }
    }
    return true;
}

static const cJSON *member_of(const cJSON *document, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(document, name);
}

/* ---- Fields ---- */

static bool parse_id(struct fault_rule *rule, const cJSON *document, struct buf *error)
{
    const cJSON *id = member_of(document, "id");

    if (id == NULL) {
        return true;
    }
    bool good = cJSON_IsString(id) && id->valuestring[0] != '\0' &&
                strlen(id->valuestring) <= FAULT_LONGEST_ID;
    for (const char *c = good ? id->valuestring : ""; *c != '\0'; c++) {
        good = good && (strchr("-_.:", *c) != NULL || (*c >= '0' && *c <= '9') ||
                        (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
    }
    if (!good) {
        buf_printf(error, "'id' must be 1 to %d letters, digits, '-', '_', '.' or ':'",
                   FAULT_LONGEST_ID);
        return false;
    }
    fault_copy(id->valuestring, rule->id, sizeof(rule->id));
    return true;
}

static void list_planes(unsigned planes, struct buf *error)
{
    bool first = true;
    for (int plane = 0; plane < FAULT_PLANES; plane++) {
        if ((planes & FAULT_BIT(plane)) != 0) {
            buf_printf(error, "%s%s", first ? "" : ", ", fault_plane_name((enum fault_plane)plane));
            first = false;
        }
    }
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    size_t at = 0;
    while (at < count && strcmp(names[at], name) != 0) {
        at++;
    }
    return at < count;
}

/* A name that kinds of several planes share is told once. */
static bool unknown_type(struct bytes type, enum fault_plane plane, struct buf *error)
{
    const char *names[256];
    size_t count = 0, family_count;
    const struct fault_family *const *families = fault_families(&family_count);

    for (size_t i = 0; i < family_count; i++) {
        for (size_t k = 0; k < families[i]->count && count < ARRAY_LEN(names); k++) {
            const struct fault_kind *kind = &families[i]->kinds[k];
            bool fits = plane == FAULT_PLANES || (kind->planes & FAULT_BIT(plane)) != 0;
            if (fits && !is_among(kind->name, names, count)) {
                names[count++] = kind->name;
            }
        }
    }
    const char *nearest = nearest_name(type, names, count);
    buf_printf(error, "there is no type '%.*s'%s%s", (int)bytes_slice(type, 0, 100).size, type.data,
               plane == FAULT_PLANES ? "" : " in plane ",
               plane == FAULT_PLANES ? "" : fault_plane_name(plane));
    if (nearest != NULL) {
        buf_printf(error, "; did you mean '%s'?", nearest);
        return false;
    }
    buf_append_string(error, "; there are ");
    for (size_t i = 0; i < count; i++) {
        buf_printf(error, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return false;
}

static bool parse_plane(const cJSON *document, enum fault_plane *plane, struct buf *error)
{
    const cJSON *item = member_of(document, "plane");

    *plane = FAULT_PLANES;
    if (item == NULL) {
        return true;
    }
    struct bytes name = cJSON_IsString(item) ? bytes_from_string(item->valuestring) : BYTES("");
    *plane = fault_plane_find(name);
    if (*plane != FAULT_PLANES) {
        return true;
    }
    const char *nearest = nearest_name(name, fault_plane_names(), FAULT_PLANES);
    buf_printf(error, "there is no plane '%.*s'; ", (int)bytes_slice(name, 0, 100).size, name.data);
    if (nearest != NULL) {
        buf_printf(error, "did you mean '%s'?", nearest);
    } else {
        buf_append_string(error, "there are ");
        list_planes(FAULT_BIT(FAULT_PLANES) - 1, error);
    }
    return false;
}

/* A type that acts in one plane only needs no plane. */
static bool parse_kind(struct fault_rule *rule, const cJSON *document, struct buf *error)
{
    const cJSON *type = member_of(document, "type");

    if (!parse_plane(document, &rule->plane, error)) {
        return false;
    }
    if (!cJSON_IsString(type)) {
        buf_append_string(error, "'type' is missing: the kind of fault, such as \"latency\"");
        return false;
    }
    struct bytes name = bytes_from_string(type->valuestring);
    unsigned planes = fault_kind_planes(name);
    rule->kind = fault_kind_find(name, rule->plane);
    if (rule->kind == NULL && planes == 0) {
        return unknown_type(name, rule->plane, error);
    }
    if (rule->kind == NULL) {
        buf_printf(error, "type '%s' does not act in plane %s; it does in ", type->valuestring,
                   fault_plane_name(rule->plane));
        list_planes(planes, error);
        return false;
    }
    if (rule->plane != FAULT_PLANES) {
        return true;
    }
    if ((planes & (planes - 1)) != 0) {
        buf_printf(error, "'plane' is missing: type '%s' acts in ", type->valuestring);
        list_planes(planes, error);
        return false;
    }
    rule->plane = FAULT_ARM;
    while (planes >>= 1) {
        rule->plane++;
    }
    return true;
}

static bool parse_probability(struct fault_rule *rule, const cJSON *document, struct buf *error)
{
    static const struct {
        const char *name;
        double whole;
    } names[] = {{"probability", 1}, {"toxicity", 1}, {"percentage", 100}};
    const char *given = NULL;

    rule->probability = 1;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const cJSON *item = member_of(document, names[i].name);
        if (item == NULL) {
            continue;
        }
        if (given != NULL) {
            buf_printf(error, "'%s' and '%s' say the same: give one of them", given, names[i].name);
            return false;
        }
        given = names[i].name;
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
            !(item->valuedouble <= names[i].whole)) {
            buf_printf(error, "'%s' must be a number from 0 to %g", given, names[i].whole);
            return false;
        }
        rule->probability = item->valuedouble / names[i].whole;
    }
    return true;
}

static bool parse_count(const cJSON *document, const char *name, double least, double most,
                        int64_t *number, struct buf *error)
{
    const cJSON *item = member_of(document, name);

    if (item == NULL) {
        return true;
    }
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= least) || !(item->valuedouble <= most) ||
        item->valuedouble != floor(item->valuedouble)) {
        buf_printf(error, "'%s' must be a whole number from %.0f to %.0f", name, least, most);
        return false;
    }
    *number = (int64_t)item->valuedouble;
    return true;
}

static bool parse_duration(const cJSON *document, const char *name, bool zero, int64_t *duration_ms,
                           struct buf *error)
{
    const cJSON *item = member_of(document, name);

    if (item == NULL) {
        return true;
    }
    if (!cJSON_IsString(item) ||
        !duration_parse(bytes_from_string(item->valuestring), duration_ms) ||
        (*duration_ms == 0 && !zero)) {
        buf_printf(error, "'%s' must be a duration such as \"90s\", \"20m\" or \"36h\"", name);
        return false;
    }
    return true;
}

static bool parse_numbers(struct fault_rule *rule, const cJSON *document, struct buf *error)
{
    const cJSON *enabled = member_of(document, "enabled");
    int64_t times = 0, after = 0;

    rule->enabled = enabled == NULL || cJSON_IsTrue(enabled);
    if (enabled != NULL && !cJSON_IsBool(enabled)) {
        buf_append_string(error, "'enabled' must be true or false");
        return false;
    }
    bool good = parse_count(document, "priority", -1e6, 1e6, &rule->priority, error) &&
                parse_count(document, "times", 1, MOST_COUNT, &times, error) &&
                parse_count(document, "after", 0, MOST_COUNT, &after, error) &&
                parse_duration(document, "startAfter", true, &rule->start_after_ms, error) &&
                parse_duration(document, "duration", false, &rule->duration_ms, error);
    rule->times = (uint64_t)times;
    rule->after = (uint64_t)after;
    return good;
}

/* ---- The rule ---- */

static bool parse(struct fault_rule *rule, const cJSON *document, struct buf *error)
{
    if (!cJSON_IsObject(document)) {
        buf_append_string(error, "a rule must be a JSON object");
        return false;
    }
    if (!fields_known(document, error) || !parse_id(rule, document, error) ||
        !parse_kind(rule, document, error) || !parse_probability(rule, document, error) ||
        !parse_numbers(rule, document, error) ||
        !fault_match_parse(&rule->match, rule->plane, member_of(document, "match"), error) ||
        !fault_attributes_parse(rule->kind, member_of(document, "attributes"), rule->values,
                                error)) {
        return false;
    }
    struct fault view = fault_rule_view(rule, 0, NULL);
    return rule->kind->check == NULL || rule->kind->check(&view, error);
}

struct fault_rule *fault_rule_parse(const cJSON *document, struct buf *error)
{
    struct fault_rule *rule = memory_allocate_zeroed(sizeof(*rule));

    if (!parse(rule, document, error)) {
        fault_rule_destroy(rule);
        return NULL;
    }
    return rule;
}

void fault_rule_destroy(struct fault_rule *rule)
{
    if (rule == NULL) {
        return;
    }
    fault_match_finish(&rule->match);
    fault_attributes_finish(rule->values);
    memory_free(rule);
}

struct fault fault_rule_view(const struct fault_rule *rule, int64_t now_ms, struct random *random)
{
    return (struct fault){
        .kind = rule->kind,
        .values = rule->values,
        .elapsed_ms = now_ms - rule->begins_ms,
        .random = random,
    };
}

static void add_duration(cJSON *document, const char *name, int64_t duration_ms)
{
    char text[32];
    duration_format(duration_ms, text);
    cJSON_AddStringToObject(document, name, text);
}

cJSON *fault_rule_document(const struct fault_rule *rule)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "id", rule->id);
    cJSON_AddStringToObject(document, "plane", fault_plane_name(rule->plane));
    cJSON_AddStringToObject(document, "type", rule->kind->name);
    cJSON_AddNumberToObject(document, "priority", (double)rule->priority);
    cJSON *match = cJSON_AddObjectToObject(document, "match");
    for (size_t i = 0; i < rule->match.count; i++) {
        const struct fault_condition *condition = &rule->match.conditions[i];
        const char *name = fault_key_name(condition->key);
        if (condition->count == 1) {
            cJSON_AddStringToObject(match, name, condition->patterns[0].text);
            continue;
        }
        cJSON *list = cJSON_AddArrayToObject(match, name);
        for (size_t p = 0; p < condition->count; p++) {
            cJSON_AddItemToArray(list, cJSON_CreateString(condition->patterns[p].text));
        }
    }
    cJSON_AddItemToObject(document, "attributes",
                          fault_attributes_document(rule->kind, rule->values));
    cJSON_AddNumberToObject(document, "probability", rule->probability);
    if (rule->times > 0) {
        cJSON_AddNumberToObject(document, "times", (double)rule->times);
    }
    cJSON_AddNumberToObject(document, "after", (double)rule->after);
    add_duration(document, "startAfter", rule->start_after_ms);
    if (rule->duration_ms > 0) {
        add_duration(document, "duration", rule->duration_ms);
    }
    cJSON_AddBoolToObject(document, "enabled", rule->enabled);
    return document;
}
