/* Planes, the keys that each may be matched by, and the comparison. */
#include "emulator/faults/match.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "emulator/options.h"
#include "resp/command_table.h"

#define KEY(name) FAULT_BIT(FAULT_KEY_##name)

enum {
    ARM_KEYS = KEY(OPERATION) | KEY(RESOURCE) | KEY(RESOURCE_TYPE) | KEY(LOCATION) | KEY(SKU) |
               KEY(METHOD) | KEY(PRINCIPAL) | KEY(API_VERSION),
    STREAM_KEYS = KEY(CACHE) | KEY(PORT) | KEY(NAME),
};

static const char *const plane_names[FAULT_PLANES + 1] = {
    [FAULT_ARM] = "arm",           [FAULT_REDIS] = "redis",     [FAULT_ENTRA] = "entra",
    [FAULT_KEYVAULT] = "keyvault", [FAULT_MONITOR] = "monitor", [FAULT_TLS] = "tls",
    [FAULT_TCP] = "tcp",           [FAULT_DNS] = "dns",         [FAULT_OPERATION] = "operation",
};

static const unsigned plane_keys[FAULT_PLANES] = {
    [FAULT_ARM] = ARM_KEYS,
    [FAULT_MONITOR] = ARM_KEYS,
    [FAULT_REDIS] =
        KEY(CACHE) | KEY(COMMAND) | KEY(KEY) | KEY(CLIENT) | KEY(ADDRESS) | KEY(DATABASE),
    [FAULT_ENTRA] = KEY(CLIENT) | KEY(TENANT) | KEY(GRANT),
    [FAULT_KEYVAULT] = KEY(VAULT) | KEY(SECRET) | KEY(METHOD),
    [FAULT_TLS] = STREAM_KEYS,
    [FAULT_TCP] = STREAM_KEYS,
    [FAULT_DNS] = KEY(NAME),
    [FAULT_OPERATION] = KEY(OPERATION) | KEY(RESOURCE) | KEY(RESOURCE_TYPE) | KEY(LOCATION),
};

static const struct {
    const char *name;
    bool exact_case;
} keys[FAULT_KEYS] = {
    [FAULT_KEY_CACHE] = {"cache", false},
    [FAULT_KEY_COMMAND] = {"command", false},
    [FAULT_KEY_KEY] = {"key", true},
    [FAULT_KEY_CLIENT] = {"client", true},
    [FAULT_KEY_ADDRESS] = {"address", false},
    [FAULT_KEY_DATABASE] = {"database", false},
    [FAULT_KEY_OPERATION] = {"operation", false},
    [FAULT_KEY_RESOURCE] = {"resource", false},
    [FAULT_KEY_RESOURCE_TYPE] = {"resourceType", false},
    [FAULT_KEY_LOCATION] = {"location", false},
    [FAULT_KEY_SKU] = {"sku", false},
    [FAULT_KEY_METHOD] = {"method", false},
    [FAULT_KEY_PRINCIPAL] = {"principal", false},
    [FAULT_KEY_API_VERSION] = {"apiVersion", false},
    [FAULT_KEY_TENANT] = {"tenant", false},
    [FAULT_KEY_GRANT] = {"grant", false},
    [FAULT_KEY_VAULT] = {"vault", false},
    [FAULT_KEY_SECRET] = {"secret", false},
    [FAULT_KEY_PORT] = {"port", false},
    [FAULT_KEY_NAME] = {"name", false},
};

/* ---- Names ---- */

enum fault_plane fault_plane_find(struct bytes name)
{
    int plane = 0;
    while (plane < FAULT_PLANES && !bytes_equal_string(name, plane_names[plane])) {
        plane++;
    }
    return (enum fault_plane)plane;
}

const char *fault_plane_name(enum fault_plane plane)
{
    return plane_names[plane];
}

const char *const *fault_plane_names(void)
{
    return plane_names;
}

const char *fault_key_name(enum fault_key key)
{
    return keys[key].name;
}

bool fault_key_known(struct bytes name)
{
    for (int key = 0; key < FAULT_KEYS; key++) {
        if (bytes_equal_string(name, keys[key].name)) {
            return true;
        }
    }
    return false;
}

/* ---- Reading ---- */

static bool find_key(enum fault_plane plane, const char *name, enum fault_key *found,
                     struct buf *error)
{
    const char *allowed[FAULT_KEYS];
    size_t count = 0;

    for (int key = 0; key < FAULT_KEYS; key++) {
        if ((plane_keys[plane] & FAULT_BIT(key)) == 0) {
            continue;
        }
        if (strcmp(keys[key].name, name) == 0) {
            *found = (enum fault_key)key;
            return true;
        }
        allowed[count++] = keys[key].name;
    }
    const char *nearest = nearest_name(bytes_from_string(name), allowed, count);
    buf_printf(error, "plane %s is not matched by '%.100s'", plane_names[plane], name);
    if (nearest != NULL) {
        buf_printf(error, "; did you mean '%s'?", nearest);
        return false;
    }
    buf_append_string(error, "; it is by ");
    for (size_t i = 0; i < count; i++) {
        buf_printf(error, "%s%s", i == 0 ? "" : ", ", allowed[i]);
    }
    return false;
}

static bool find_group(struct fault_pattern *pattern, struct buf *error)
{
    const char *names[64];
    size_t count = 0;
    struct bytes name = bytes_from_string(pattern->text + 1);

    if (bytes_equal_string_nocase(name, "all")) {
        pattern->any = true;
        return true;
    }
    for (size_t i = 0; i < command_category_count; i++) {
        if (bytes_equal_string_nocase(name, command_categories[i].name)) {
            pattern->group = command_categories[i].category;
            return true;
        }
        if (count < ARRAY_LEN(names)) {
            names[count++] = command_categories[i].name;
        }
    }
    const char *nearest = nearest_name(name, names, count);
    buf_printf(error, "there is no group of commands '%s'; %s%s", pattern->text,
               nearest == NULL ? "@write, @read and @all are such" : "did you mean @",
               nearest == NULL ? "" : nearest);
    return false;
}

/* "CONFIG GET" is "config|get", as the subject spells it. */
static bool settle_command(struct fault_pattern *pattern, struct buf *error)
{
    if (pattern->text[0] == '@') {
        return find_group(pattern, error);
    }
    struct bytes text = bytes_from_string(pattern->text);
    size_t space = bytes_find(text, ' ');
    if (space < text.size) {
        pattern->text[space] = '|';
    }
    struct bytes name = bytes_slice(text, 0, bytes_find(text, '|'));
    bool glob = strpbrk(pattern->text, "*?[\\") != NULL;
    if (!glob && command_rows_find(name) == NULL) {
        buf_printf(error, "there is no command '%.100s'", pattern->text);
        return false;
    }
    return true;
}

static bool add_pattern(struct fault_condition *condition, const cJSON *item, struct buf *error)
{
    const char *name = keys[condition->key].name;
    char digits[32];
    const char *text = item->valuestring;

    if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e15 &&
        item->valuedouble == floor(item->valuedouble)) {
        snprintf(digits, sizeof(digits), "%.0f", item->valuedouble);
        text = digits;
    } else if (!cJSON_IsString(item)) {
        buf_printf(error, "'match.%s' must be a text, or a list of texts", name);
        return false;
    }
    if (text[0] == '\0' || strlen(text) > FAULT_LONGEST_PATTERN) {
        buf_printf(error, "'match.%s' must have 1 to %d characters", name, FAULT_LONGEST_PATTERN);
        return false;
    }
    struct fault_pattern *pattern = &condition->patterns[condition->count++];
    *pattern = (struct fault_pattern){.text = string_duplicate(text)};
    return condition->key != FAULT_KEY_COMMAND || settle_command(pattern, error);
}

static bool parse_condition(struct fault_condition *condition, const cJSON *value,
                            struct buf *error)
{
    int count = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 1;
    const cJSON *item;

    if (count == 0 || count > FAULT_MOST_PATTERNS) {
        buf_printf(error, "'match.%s' must name 1 to %d", keys[condition->key].name,
                   FAULT_MOST_PATTERNS);
        return false;
    }
    condition->patterns = memory_allocate_zeroed((size_t)count * sizeof(*condition->patterns));
    if (!cJSON_IsArray(value)) {
        return add_pattern(condition, value, error);
    }
    cJSON_ArrayForEach(item, value)
    {
        if (!add_pattern(condition, item, error)) {
            return false;
        }
    }
    return true;
}

bool fault_match_parse(struct fault_match *match, enum fault_plane plane, const cJSON *object,
                       struct buf *error)
{
    const cJSON *member;

    if (object == NULL) {
        return true;
    }
    if (!cJSON_IsObject(object)) {
        buf_append_string(error, "'match' must be an object");
        return false;
    }
    cJSON_ArrayForEach(member, object)
    {
        enum fault_key key;
        if (!find_key(plane, member->string, &key, error)) {
            return false;
        }
        if ((match->keys & FAULT_BIT(key)) != 0) {
            buf_printf(error, "'match.%s' is there twice", keys[key].name);
            return false;
        }
        struct fault_condition *condition = &match->conditions[match->count++];
        match->keys |= FAULT_BIT(key);
        condition->key = key;
        if (!parse_condition(condition, member, error)) {
            return false;
        }
    }
    return true;
}

void fault_match_finish(struct fault_match *match)
{
    for (size_t i = 0; i < match->count; i++) {
        struct fault_condition *condition = &match->conditions[i];
        for (size_t p = 0; p < condition->count; p++) {
            memory_free(condition->patterns[p].text);
        }
        memory_free(condition->patterns);
    }
    *match = (struct fault_match){0};
}

/* ---- Comparing ---- */

static bool glob_fits(enum fault_key key, const char *pattern, struct bytes value)
{
    return bytes_match_glob(bytes_from_string(pattern),
                            bytes_slice(value, 0, FAULT_LONGEST_MATCHED), !keys[key].exact_case);
}

/* What stands behind the last '/'. */
static struct bytes last_part(struct bytes text)
{
    size_t start = text.size;
    while (start > 0 && text.data[start - 1] != '/') {
        start--;
    }
    return bytes_slice(text, start, text.size);
}

static struct bytes without_port(struct bytes address)
{
    size_t end = address.size;
    while (end > 0 && address.data[end - 1] != ':') {
        end--;
    }
    return bytes_slice(address, 0, end == 0 ? address.size : end - 1);
}

/* Of "one|two|three". */
static bool any_part_fits(enum fault_key key, const char *pattern, struct bytes value)
{
    while (value.size > 0) {
        struct bytes part = bytes_slice(value, 0, bytes_find(value, '|'));
        if (glob_fits(key, pattern, part)) {
            return true;
        }
        value = bytes_slice(value, part.size + 1, value.size);
    }
    return false;
}

static bool value_fits(enum fault_key key, const char *pattern, struct bytes value)
{
    if (glob_fits(key, pattern, value)) {
        return true;
    }
    switch (key) {
    case FAULT_KEY_RESOURCE: /* by name, too */
        return glob_fits(key, pattern, last_part(value));
    case FAULT_KEY_ADDRESS:
        return glob_fits(key, pattern, without_port(value));
    case FAULT_KEY_PRINCIPAL: /* by any of its names */
        return any_part_fits(key, pattern, value);
    case FAULT_KEY_COMMAND: /* of any subcommand */
        return glob_fits(key, pattern, bytes_slice(value, 0, bytes_find(value, '|')));
    default:
        return false;
    }
}

static bool pattern_fits(enum fault_key key, const struct fault_pattern *pattern,
                         const struct fault_subject *subject)
{
    struct bytes value = subject->values[key];

    if (pattern->any || pattern->group != 0) {
        return value.size > 0 && (pattern->any || (subject->groups & pattern->group) != 0);
    }
    if (key == FAULT_KEY_KEY && subject->key_count > 0) {
        for (size_t i = 0; i < subject->key_count; i++) {
            if (glob_fits(key, pattern->text, subject->keys[i])) {
                return true;
            }
        }
        return false;
    }
    return value.data != NULL && value_fits(key, pattern->text, value);
}

static bool condition_fits(const struct fault_condition *condition,
                           const struct fault_subject *subject)
{
    for (size_t i = 0; i < condition->count; i++) {
        if (pattern_fits(condition->key, &condition->patterns[i], subject)) {
            return true;
        }
    }
    return false;
}

bool fault_match_fits(const struct fault_match *match, const struct fault_subject *subject)
{
    for (size_t i = 0; i < match->count; i++) {
        if (!condition_fits(&match->conditions[i], subject)) {
            return false;
        }
    }
    return true;
}

bool fault_match_fits_key(const struct fault_match *match, enum fault_key key, struct bytes value)
{
    struct fault_subject subject = {0};
    subject.values[key] = value;
    for (size_t i = 0; i < match->count; i++) {
        if (match->conditions[i].key == key && !condition_fits(&match->conditions[i], &subject)) {
            return false;
        }
    }
    return true;
}
