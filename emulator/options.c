/*
 * Reading options by their rows. Knows no option of the emulator; those are in config.c and in
 * the commands of emulator/cli/.
 */
#include "emulator/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define ENVIRONMENT_PREFIX "REDURITE_"
#define HELP_COLUMN 32

/* The next character of a name that counts, in lower case; 0 at the end. */
static char next_significant(struct bytes name, size_t *at)
{
    while (*at < name.size) {
        char c = name.data[(*at)++];
        if (c == '-' || c == '_') {
            continue;
        }
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return '\0';
}

static bool names_match(struct bytes a, struct bytes b)
{
    size_t at_a = 0, at_b = 0;
    for (;;) {
        char from_a = next_significant(a, &at_a);
        if (from_a != next_significant(b, &at_b)) {
            return false;
        }
        if (from_a == '\0') {
            return true;
        }
    }
}

const struct option *options_find(struct option_set set, struct bytes name)
{
    for (size_t i = 0; i < set.count; i++) {
        if (names_match(name, bytes_from_string(set.rows[i].name))) {
            return &set.rows[i];
        }
    }
    return NULL;
}

#define NEAREST_LENGTH 48

/* Edits (insert, remove, replace, swap neighbours) from one text to the other. */
static size_t edit_distance(struct bytes a, struct bytes b)
{
    size_t rows[3][NEAREST_LENGTH + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b.size; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t best = last[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            if (last[j] + 1 < best) {
                best = last[j] + 1;
            }
            if (now[j - 1] + 1 < best) {
                best = now[j - 1] + 1;
            }
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1] && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            now[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b.size];
}

/* How far apart two names are, whatever their case; beyond any use when too long. */
static size_t name_distance(struct bytes a, struct bytes b)
{
    char folded[2][NEAREST_LENGTH];
    struct bytes names[2] = {a, b};

    for (size_t n = 0; n < 2; n++) {
        if (names[n].size > NEAREST_LENGTH) {
            return NEAREST_LENGTH;
        }
        for (size_t i = 0; i < names[n].size; i++) {
            char c = names[n].data[i];
            folded[n][i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
        }
        names[n].data = folded[n];
    }
    return edit_distance(names[0], names[1]);
}

const char *nearest_name(struct bytes text, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t least = text.size / 3 + 2; /* farther is a different word, not a slip */

    for (size_t i = 0; i < count; i++) {
        struct bytes name = bytes_from_string(names[i]);
        size_t distance = name_distance(text, name);
        /* A word typed in part ("port" of "redis-port") is near as well. */
        if (distance >= least && text.size >= 4 && bytes_start_with(name, text)) {
            distance = least - 1;
        }
        if (distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

static const char *nearest_option(struct option_set set, struct bytes name)
{
    const char *names[64];
    size_t count = 0;

    for (size_t i = 0; i < set.count && count < ARRAY_LEN(names); i++) {
        names[count++] = set.rows[i].name;
    }
    return nearest_name(name, names, count);
}

/* "redis-port" -> "redisPort". */
static void name_as_json_key(const char *name, char *key, size_t size)
{
    size_t used = 0;

    for (; *name != '\0' && used + 1 < size; name++) {
        if (*name == '-' && name[1] != '\0') {
            name++;
            key[used++] = (char)(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
        } else {
            key[used++] = *name;
        }
    }
    key[used] = '\0';
}

static bool parse_flag(struct bytes text, bool *value)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off", ""};

    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (bytes_equal_string_nocase(text, yes[i])) {
            *value = true;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        if (bytes_equal_string_nocase(text, no[i])) {
            *value = false;
            return true;
        }
    }
    return false;
}

static bool parse_choice(const char *const *choices, struct bytes text, int *value,
                         struct buf *error)
{
    size_t count = 0;

    for (; choices[count] != NULL; count++) {
        if (bytes_equal_string_nocase(text, choices[count])) {
            *value = (int)count;
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        buf_printf(error, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", choices[i]);
    }
    return false;
}

static bool parse_port(struct bytes text, int *port)
{
    int64_t number;

    if (bytes_equal_string_nocase(text, "off")) {
        *port = PORT_OFF;
        return true;
    }
    if (!bytes_to_int64(text, &number) || number < 0 || number > 65535) {
        return false;
    }
    *port = (int)number;
    return true;
}

static void list_clear(struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        memory_free(list->items[i]);
    }
    memory_free(list->items);
    *list = (struct option_list){0};
}

static void list_add(struct option_list *list, enum option_source source, struct bytes text)
{
    if (list->source != source) {
        list_clear(list);
        list->source = source;
    }
    list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = bytes_to_string(text);
}

static bool check_text(const struct option *option, struct bytes text, struct buf *expected)
{
    if (option->check != NULL) {
        return option->check(text, expected);
    }
    buf_append_string(expected, "some text");
    return text.size > 0 && memchr(text.data, '\0', text.size) == NULL;
}

/* Sets the value; false with what would have been right in `expected`. */
static bool set_value(const struct option *option, void *value, enum option_source source,
                      struct bytes text, struct buf *expected)
{
    switch (option->value) {
    case OPTION_FLAG:
        buf_append_string(expected, "true or false");
        return parse_flag(text, value);
    case OPTION_TEXT: {
        char **owned = value;
        if (!check_text(option, text, expected)) {
            return false;
        }
        memory_free(*owned);
        *owned = bytes_to_string(text);
        return true;
    }
    case OPTION_LIST:
        if (!check_text(option, text, expected)) {
            return false;
        }
        list_add(value, source, text);
        return true;
    case OPTION_PORT:
        buf_append_string(expected, "a port from 1 to 65535, 0 for any free one, or off");
        return parse_port(text, value);
    case OPTION_CHOICE:
        return parse_choice(option->choices, text, value, expected);
    case OPTION_CUSTOM:
        return option->parse(text, value, expected);
    }
    return false;
}

bool options_apply(const struct option *option, void *target, enum option_source source,
                   struct bytes text, struct buf *error)
{
    char name[64];
    switch (source) {
    case OPTION_FROM_FILE:
        name_as_json_key(option->name, name, sizeof(name));
        break;
    case OPTION_FROM_ENVIRONMENT:
        snprintf(name, sizeof(name), ENVIRONMENT_PREFIX "%s", option->name);
        for (char *c = name; *c != '\0'; c++) {
            *c = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        }
        break;
    case OPTION_FROM_DEFAULT:
    case OPTION_FROM_COMMAND_LINE:
        snprintf(name, sizeof(name), "--%s", option->name);
        break;
    }

    struct buf expected;
    buf_init(&expected, 1024);
    bool good = set_value(option, (char *)target + option->offset, source, text, &expected);
    if (!good) {
        buf_printf(error, "'%.*s' is no value for %s: expected %s",
                   (int)(text.size < 100 ? text.size : 100), text.size == 0 ? "" : text.data, name,
                   buf_string(&expected));
    }
    buf_finish(&expected);
    return good;
}

void options_apply_defaults(struct option_set set, void *target)
{
    struct buf error;
    buf_init(&error, 1024);
    for (size_t i = 0; i < set.count; i++) {
        if (set.rows[i].fallback != NULL) {
            options_apply(&set.rows[i], target, OPTION_FROM_DEFAULT,
                          bytes_from_string(set.rows[i].fallback), &error);
        }
    }
    buf_finish(&error);
}

bool options_apply_environment(struct option_set set, void *target, char *const *environment,
                               struct buf *error)
{
    const struct bytes prefix = BYTES(ENVIRONMENT_PREFIX);

    for (; *environment != NULL; environment++) {
        struct bytes variable = bytes_from_string(*environment);
        if (!bytes_start_with(variable, prefix)) {
            continue;
        }
        size_t equals = bytes_find(variable, '=');
        struct bytes name = bytes_slice(variable, prefix.size, equals);
        const struct option *option = options_find(set, name);
        if (option == NULL) {
            const char *nearest = nearest_option(set, name);
            /* `redurite env` prints some for other programs, so only a near miss is one. */
            if (nearest != NULL) {
                log_warn("config",
                         "ignored unknown variable name=" ENVIRONMENT_PREFIX "%.*s nearest=--%s",
                         (int)name.size, name.data, nearest);
            }
            continue;
        }
        struct bytes value = bytes_slice(variable, equals + 1, variable.size);
        if (value.size != 0 &&
            !options_apply(option, target, OPTION_FROM_ENVIRONMENT, value, error)) {
            return false;
        }
    }
    return true;
}

static bool apply_json_value(const struct option *option, void *target, const cJSON *value,
                             struct buf *error)
{
    const char *key = value->string;
    char number[32];

    if (cJSON_IsString(value)) {
        return options_apply(option, target, OPTION_FROM_FILE,
                             bytes_from_string(value->valuestring), error);
    }
    if (cJSON_IsBool(value)) {
        return options_apply(option, target, OPTION_FROM_FILE,
                             bytes_from_string(cJSON_IsTrue(value) ? "true" : "false"), error);
    }
    if (cJSON_IsNumber(value)) {
        snprintf(number, sizeof(number), "%.15g", value->valuedouble);
        return options_apply(option, target, OPTION_FROM_FILE, bytes_from_string(number), error);
    }
    if (cJSON_IsArray(value) && option->value == OPTION_LIST) {
        const cJSON *item;
        cJSON_ArrayForEach(item, value)
        {
            if (!cJSON_IsString(item)) {
                buf_printf(error, "'%s' must be a list of texts", key);
                return false;
            }
            if (!options_apply(option, target, OPTION_FROM_FILE,
                               bytes_from_string(item->valuestring), error)) {
                return false;
            }
        }
        return true;
    }
    buf_printf(error, "'%s' must be a text, a number, true or false", key);
    return false;
}

bool options_apply_json(struct option_set set, void *target, const cJSON *object, const char *file,
                        struct buf *error)
{
    const cJSON *member;

    if (!cJSON_IsObject(object)) {
        buf_printf(error, "%s: must hold one JSON object", file);
        return false;
    }
    cJSON_ArrayForEach(member, object)
    {
        struct bytes name = bytes_from_string(member->string);
        const struct option *option = options_find(set, name);
        if (option == NULL) {
            const char *nearest = nearest_option(set, name);
            char key[64] = "";
            if (nearest != NULL) {
                name_as_json_key(nearest, key, sizeof(key));
            }
            buf_printf(error, "%s: unknown key '%s'%s%s%s", file, member->string,
                       nearest == NULL ? "" : "; did you mean '", key, nearest == NULL ? "" : "'?");
            return false;
        }
        struct buf why;
        buf_init(&why, 2048);
        bool good = apply_json_value(option, target, member, &why);
        if (!good) {
            buf_printf(error, "%s: %s", file, buf_string(&why));
        }
        buf_finish(&why);
        if (!good) {
            return false;
        }
    }
    return true;
}

/* One option on the command line; `*at` is its index and moves over a value of its own. */
static bool apply_word(struct option_set set, void *target, char **words, int count, int *at,
                       struct buf *error)
{
    struct bytes word = bytes_from_string(words[*at] + 2);
    size_t equals = bytes_find(word, '=');
    struct bytes name = bytes_slice(word, 0, equals);
    const struct option *option = options_find(set, name);

    if (option == NULL) {
        const char *nearest = nearest_option(set, name);
        buf_printf(error, "unknown option '--%.*s'%s%s%s", (int)(name.size < 100 ? name.size : 100),
                   name.data, nearest == NULL ? "" : "; did you mean '--",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
        return false;
    }
    if (equals < word.size) {
        return options_apply(option, target, OPTION_FROM_COMMAND_LINE,
                             bytes_slice(word, equals + 1, word.size), error);
    }
    if (option->value == OPTION_FLAG) {
        return options_apply(option, target, OPTION_FROM_COMMAND_LINE, BYTES("true"), error);
    }
    if (*at + 1 >= count) {
        buf_printf(error, "--%s needs a value: --%s %s", option->name, option->name,
                   option->placeholder);
        return false;
    }
    ++*at;
    return options_apply(option, target, OPTION_FROM_COMMAND_LINE, bytes_from_string(words[*at]),
                         error);
}

bool options_apply_words(struct option_set set, enum option_words style, void *target, char **words,
                         int count, int *rest, struct buf *error)
{
    int kept = 0;
    bool ended = false;

    for (int at = 0; at < count; at++) {
        char *word = words[at];
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
            continue;
        }
        if (ended || word[0] != '-' || word[1] == '\0') {
            words[kept++] = word;
            ended = ended || style == WORDS_AFTER_OPTIONS;
            continue;
        }
        if (word[1] != '-') {
            buf_printf(error, "unknown option '%.100s'; options are words, such as --%s", word,
                       set.count == 0 ? "help" : set.rows[0].name);
            return false;
        }
        if (!apply_word(set, target, words, count, &at, error)) {
            return false;
        }
    }
    *rest = kept;
    return true;
}

void options_finish(struct option_set set, void *target)
{
    for (size_t i = 0; i < set.count; i++) {
        void *value = (char *)target + set.rows[i].offset;
        if (set.rows[i].value == OPTION_TEXT) {
            char **text = value;
            memory_free(*text);
            *text = NULL;
        } else if (set.rows[i].value == OPTION_LIST) {
            list_clear(value);
        }
    }
}

static void print_usage_column(const struct option *option, FILE *stream)
{
    struct buf usage;

    buf_init(&usage, 256);
    buf_printf(&usage, "  --%s", option->name);
    if (option->value == OPTION_CHOICE) {
        for (size_t i = 0; option->choices[i] != NULL; i++) {
            buf_printf(&usage, "%c%s", i == 0 ? ' ' : '|', option->choices[i]);
        }
    } else if (option->placeholder != NULL) {
        buf_printf(&usage, " %s", option->placeholder);
    }
    fprintf(stream, "%-*s", HELP_COLUMN, buf_string(&usage));
    if (usage.size + 1 > HELP_COLUMN) {
        fprintf(stream, "\n%*s", HELP_COLUMN, "");
    }
    buf_finish(&usage);
}

void options_print_help(struct option_set set, FILE *stream)
{
    for (size_t i = 0; i < set.count; i++) {
        const struct option *option = &set.rows[i];
        print_usage_column(option, stream);
        fputs(option->help, stream);
        if (option->value == OPTION_LIST) {
            fputs(" (may be repeated)", stream);
        }
        if (option->fallback != NULL && option->value != OPTION_FLAG) {
            fprintf(stream, " [%s]", option->fallback);
        }
        fputc('\n', stream);
    }
}
