/* Rows of what was saved against what came. */
#include "arm/saved_shape.h"

#include <string.h>

/* The last millisecond that a timestamp can tell. */
#define LAST_MS 253402300799999.0

static const char *const kind_words[] = {
    [SAVED_TEXT] = "a string",         [SAVED_ID] = "the id of a resource",
    [SAVED_NUMBER] = "a whole number", [SAVED_TIME] = "a time in milliseconds",
    [SAVED_TRUTH] = "true or false",   [SAVED_OBJECT] = "an object",
    [SAVED_LIST] = "an array",
};

static bool is_kind(const cJSON *item, enum saved_kind kind)
{
    switch (kind) {
    case SAVED_TEXT:
        return cJSON_IsString(item);
    case SAVED_ID:
        return cJSON_IsString(item) &&
               bytes_start_with(bytes_from_string(item->valuestring), BYTES("/subscriptions/"));
    case SAVED_NUMBER:
        return cJSON_IsNumber(item) && item->valuedouble == (double)item->valueint;
    case SAVED_TIME:
        return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= LAST_MS;
    case SAVED_TRUTH:
        return cJSON_IsBool(item);
    case SAVED_OBJECT:
        return cJSON_IsObject(item);
    default:
        return cJSON_IsArray(item);
    }
}

/* `path` counts from `item`; what is of another kind on the way has a row of its own. */
static bool holds(const struct saved_shape *row, const char *path, const cJSON *item)
{
    if (path[0] == '\0') {
        return item == NULL ? !row->needed : is_kind(item, row->kind);
    }
    size_t size = strcspn(path, ".");
    struct bytes word = {path, size};
    const char *rest = path + size + (path[size] == '.');
    const cJSON *member;
    if (bytes_equal_string(word, "[]") || bytes_equal_string(word, "{}")) {
        bool wanted = path[0] == '[' ? cJSON_IsArray(item) : cJSON_IsObject(item);
        const cJSON *holder = wanted ? item : NULL;
        cJSON_ArrayForEach(member, holder)
        {
            if (!holds(row, rest, member)) {
                return false;
            }
        }
        return true;
    }
    if (!cJSON_IsObject(item)) {
        return true;
    }
    /* All of that name, in any case: nobody knows which of them a module will find. */
    bool found = false;
    cJSON_ArrayForEach(member, item)
    {
        if (bytes_equal_string_nocase(word, member->string)) {
            found = true;
            if (!holds(row, rest, member)) {
                return false;
            }
        }
    }
    return found || rest[0] != '\0' || !row->needed;
}

bool saved_shape_fits(const struct saved_shape *rows, const cJSON *document, struct buf *why)
{
    for (const struct saved_shape *row = rows; row != NULL && row->path != NULL; row++) {
        if (!holds(row, row->path, document)) {
            buf_printf(why, "'%s' must be %s", row->path, kind_words[row->kind]);
            return false;
        }
    }
    return true;
}
