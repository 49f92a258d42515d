/* Text and JSON with placeholders against what came. */
#include "tests/transcripts/json_pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* ---- Names ---- */

void names_set(struct names *names, struct bytes name, struct bytes value)
{
    size_t i = 0;
    while (i < names->count && !bytes_equal_string(name, names->list[i].name)) {
        i++;
    }
    if (i == names->count) {
        if (i == MOST_NAMES) {
            return;
        }
        names->list[names->count++].name = bytes_to_string(name);
    } else {
        memory_free(names->list[i].value);
    }
    names->list[i].value = bytes_to_string(value);
}

void names_finish(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        memory_free(names->list[i].name);
        memory_free(names->list[i].value);
    }
    names->count = 0;
}

char *names_expand(const struct names *names, const char *text)
{
    struct buf result;
    buf_init(&result, 1 << 20);
    while (*text != '\0') {
        size_t longest = 0, found = 0;
        for (size_t i = 0; *text == '$' && i < names->count; i++) {
            size_t size = strlen(names->list[i].name);
            if (size > longest && strncmp(text + 1, names->list[i].name, size) == 0) {
                longest = size;
                found = i;
            }
        }
        if (longest > 0) {
            buf_append_string(&result, names->list[found].value);
            text += longest + 1;
        } else {
            buf_append_byte(&result, *text++);
        }
    }
    char *copy = string_duplicate(buf_string(&result));
    buf_finish(&result);
    return copy;
}

/* ---- Text ---- */

static bool is_guid(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i])) {
            return false;
        }
    }
    return text.size == 36;
}

static bool is_number(struct bytes text)
{
    int64_t number;
    return bytes_to_int64(text, &number);
}

static bool is_time(struct bytes text)
{
    int64_t time_ms;
    return text.size > 10 && timestamp_parse(text, &time_ms);
}

static bool is_any(struct bytes text)
{
    (void)text;
    return true;
}

static const struct {
    const char *word;
    bool (*fits)(struct bytes text);
} placeholders[] = {
    {"guid", is_guid},
    {"number", is_number},
    {"time", is_time},
    {"any", is_any},
};

/* The placeholder that `pattern` begins with: its index, or -1. */
static int placeholder_at(const char *pattern, struct bytes *name, size_t *size)
{
    for (size_t i = 0; pattern[0] == '<' && i < ARRAY_LEN(placeholders); i++) {
        size_t length = strlen(placeholders[i].word);
        const char *behind = pattern + 1 + length, *end = strchr(pattern, '>');
        if (end != NULL && strncmp(pattern + 1, placeholders[i].word, length) == 0 &&
            (behind == end || *behind == ':')) {
            *name = behind == end ? (struct bytes){0}
                                  : (struct bytes){behind + 1, (size_t)(end - behind - 1)};
            *size = (size_t)(end - pattern) + 1;
            return (int)i;
        }
    }
    return -1;
}

bool text_fits(const char *pattern, struct bytes text, struct names *names)
{
    struct bytes name;
    size_t size;
    if (*pattern == '\0') {
        return text.size == 0;
    }
    int kind = placeholder_at(pattern, &name, &size);
    if (kind < 0) {
        return text.size > 0 && text.data[0] == *pattern &&
               text_fits(pattern + 1, bytes_slice(text, 1, text.size), names);
    }
    for (size_t end = 0; end <= text.size; end++) {
        struct bytes part = bytes_slice(text, 0, end);
        if (placeholders[kind].fits(part) &&
            text_fits(pattern + size, bytes_slice(text, end, text.size), names)) {
            if (name.size > 0) {
                names_set(names, name, part);
            }
            return true;
        }
    }
    return false;
}

/* ---- JSON ---- */

static bool differs(const cJSON *pattern, const cJSON *value, const char *path, struct buf *why)
{
    char *wanted = cJSON_PrintUnformatted(pattern), *got = cJSON_PrintUnformatted(value);
    buf_printf(why, "%s: is %s, not %s", path, got == NULL ? "absent" : got,
               wanted == NULL ? "absent" : wanted);
    cJSON_free(wanted);
    cJSON_free(got);
    return false;
}

static bool fits(const cJSON *pattern, const cJSON *value, const char *path, struct names *names,
                 struct buf *why);

static bool member_fits(const cJSON *pattern, const cJSON *value, const char *path,
                        const char *member, struct names *names, struct buf *why)
{
    char *longer = string_format("%s%s%s", path, path[0] == '\0' ? "" : ".", member);
    bool good = fits(pattern, value, longer, names, why);
    memory_free(longer);
    return good;
}

static bool object_fits(const cJSON *pattern, const cJSON *value, const char *path,
                        struct names *names, struct buf *why)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, pattern)
    {
        if (strcmp(member->string, "<more>") != 0 &&
            !member_fits(member, cJSON_GetObjectItemCaseSensitive(value, member->string), path,
                         member->string, names, why)) {
            return false;
        }
    }
    if (cJSON_GetObjectItemCaseSensitive(pattern, "<more>") != NULL) {
        return true;
    }
    cJSON_ArrayForEach(member, value)
    {
        if (cJSON_GetObjectItemCaseSensitive(pattern, member->string) == NULL) {
            return member_fits(NULL, member, path, member->string, names, why);
        }
    }
    return true;
}

static bool fits(const cJSON *pattern, const cJSON *value, const char *path, struct names *names,
                 struct buf *why)
{
    if (pattern == NULL || value == NULL) {
        return differs(pattern, value, path, why);
    }
    if (cJSON_IsString(pattern)) {
        if (strcmp(pattern->valuestring, "<any>") == 0 ||
            (cJSON_IsString(value) &&
             text_fits(pattern->valuestring, bytes_from_string(value->valuestring), names))) {
            return true;
        }
    } else if (cJSON_IsObject(pattern) && cJSON_IsObject(value)) {
        return object_fits(pattern, value, path, names, why);
    } else if (cJSON_IsArray(pattern) && cJSON_IsArray(value) &&
               cJSON_GetArraySize(pattern) == cJSON_GetArraySize(value)) {
        char number[16];
        for (int i = 0; i < cJSON_GetArraySize(pattern); i++) {
            snprintf(number, sizeof(number), "%d", i);
            if (!member_fits(cJSON_GetArrayItem(pattern, i), cJSON_GetArrayItem(value, i), path,
                             number, names, why)) {
                return false;
            }
        }
        return true;
    } else if (cJSON_Compare(pattern, value, true)) {
        return true;
    }
    return differs(pattern, value, path, why);
}

bool json_fits(const cJSON *pattern, const cJSON *value, struct names *names, struct buf *why)
{
    return fits(pattern, value, "", names, why);
}
