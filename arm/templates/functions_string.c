/* String functions of the template language. Positions and lengths count as .NET does. */
#include "arm/templates/function.h"

#include <stdlib.h>
#include <string.h>

#include "arm/templates/text_case.h"

static cJSON *run_string(const struct function_call *call)
{
    struct buf text;
    buf_init(&text, EXPRESSION_MOST_RESULT + 1);
    if (!function_append_value(&text, call->arguments[0])) {
        text.size = text.limit;
    }
    return function_take_text(call, &text);
}

static cJSON *change_case(const struct function_call *call, bool upper)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    struct buf changed;
    buf_init(&changed, EXPRESSION_MOST_RESULT * 2);
    if (!text_append_case(&changed, bytes_from_string(text), upper)) {
        buf_finish(&changed);
        return function_fail_size(call);
    }
    return function_take_text(call, &changed);
}

static cJSON *run_to_lower(const struct function_call *call)
{
    return change_case(call, false);
}

static cJSON *run_to_upper(const struct function_call *call)
{
    return change_case(call, true);
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static cJSON *run_trim(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    size_t from = 0, to = strlen(text);
    while (from < to && is_space(text[from])) {
        from++;
    }
    while (to > from && is_space(text[to - 1])) {
        to--;
    }
    return function_string(call, (struct bytes){text + from, to - from});
}

static cJSON *run_pad_left(const struct function_call *call)
{
    struct buf source;
    buf_init(&source, EXPRESSION_MOST_RESULT + 1);
    const cJSON *value = call->arguments[0];
    int64_t width;
    const char *pad = " ";
    bool complete = cJSON_IsString(value) || value_is_integer(value);
    if (!complete) {
        function_fail_type(call, 0, "String");
    }
    complete = complete && function_integer(call, 1, &width);
    if (complete && call->count > 2) {
        pad = function_text(call, 2);
        complete = pad != NULL;
        if (complete && text_units(pad) != 1) {
            function_fail(call, "The template language function 'padLeft' expects its padding to "
                                "be one character.");
            complete = false;
        }
    }
    if (!complete) {
        return NULL;
    }
    function_append_value(&source, value);
    struct buf padded;
    buf_init(&padded, EXPRESSION_MOST_RESULT + 1);
    int64_t size = (int64_t)text_units(buf_string(&source));
    bool fits = width <= EXPRESSION_MOST_RESULT;
    for (int64_t i = size; fits && i < width; i++) {
        fits = buf_append_string(&padded, pad);
    }
    fits = fits && buf_append(&padded, buf_bytes(&source));
    buf_finish(&source);
    if (!fits) {
        buf_finish(&padded);
        return function_fail_size(call);
    }
    return function_take_text(call, &padded);
}

static cJSON *run_replace(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    const char *old = text != NULL ? function_text(call, 1) : NULL;
    const char *new = old != NULL ? function_text(call, 2) : NULL;
    if (new == NULL) {
        return NULL;
    }
    if (old[0] == '\0') {
        return function_fail(call, "Unable to evaluate template language function 'replace': the "
                                   "text to be replaced is empty.");
    }
    struct buf result;
    buf_init(&result, EXPRESSION_MOST_RESULT + 1);
    bool fits = true;
    for (const char *found; fits && (found = strstr(text, old)) != NULL;) {
        fits = buf_append(&result, (struct bytes){text, (size_t)(found - text)}) &&
               buf_append_string(&result, new);
        text = found + strlen(old);
    }
    if (!fits || !buf_append_string(&result, text)) {
        buf_finish(&result);
        return function_fail_size(call);
    }
    return function_take_text(call, &result);
}

/* Bytes of the first separator that `text` starts with; 0: none does. */
static size_t separator_at(const char *text, const cJSON *separators)
{
    if (cJSON_IsString(separators)) {
        size_t size = strlen(separators->valuestring);
        return strncmp(text, separators->valuestring, size) == 0 ? size : 0;
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, separators)
    {
        size_t size = strlen(item->valuestring);
        if (size > 0 && strncmp(text, item->valuestring, size) == 0) {
            return size;
        }
    }
    return 0;
}

static bool are_separators(const cJSON *value)
{
    const cJSON *item;
    if (cJSON_IsArray(value)) {
        cJSON_ArrayForEach(item, value)
        {
            if (!cJSON_IsString(item)) {
                return false;
            }
        }
        return true;
    }
    return cJSON_IsString(value);
}

static cJSON *run_split(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    if (!are_separators(call->arguments[1])) {
        return function_fail_type(call, 1, "String");
    }
    cJSON *parts = cJSON_CreateArray();
    size_t from = 0, at = 0;
    for (;;) {
        size_t separator = text[at] != '\0' ? separator_at(text + at, call->arguments[1]) : 0;
        if (text[at] != '\0' && separator == 0) {
            at++;
            continue;
        }
        cJSON *part = function_string(call, (struct bytes){text + from, at - from});
        if (part == NULL) {
            cJSON_Delete(parts);
            return NULL;
        }
        cJSON_AddItemToArray(parts, part);
        if (text[at] == '\0') {
            return parts;
        }
        at += separator;
        from = at;
    }
}

static cJSON *run_join(const struct function_call *call)
{
    const cJSON *items = function_array(call, 0);
    const char *delimiter = items != NULL ? function_text(call, 1) : NULL;
    if (delimiter == NULL) {
        return NULL;
    }
    struct buf text;
    buf_init(&text, EXPRESSION_MOST_RESULT + 1);
    bool fits = true;
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        fits = fits && (item == items->child || buf_append_string(&text, delimiter)) &&
               function_append_value(&text, item);
    }
    if (!fits) {
        buf_finish(&text);
        return function_fail_size(call);
    }
    return function_take_text(call, &text);
}

static cJSON *run_substring(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    int64_t start, length = 0;
    if (text == NULL || !function_integer(call, 1, &start) ||
        (call->count > 2 && !function_integer(call, 2, &length))) {
        return NULL;
    }
    int64_t size = (int64_t)text_units(text);
    if (call->count < 3) {
        length = size - start;
    }
    if (start < 0 || start > size || length < 0 || length > size - start) {
        return function_fail(
            call,
            "Unable to evaluate template language function 'substring': the index and length "
            "parameters must refer to a location within the string. The index parameter: '%lld', "
            "the length parameter: '%lld', the length of the string parameter: '%lld'. Please see "
            "https://aka.ms/arm-function-substring for usage details.",
            (long long)start, (long long)length, (long long)size);
    }
    size_t from = text_offset(text, (size_t)start);
    size_t to = text_offset(text, (size_t)(start + length));
    return function_string(call, (struct bytes){text + from, to - from});
}

/* As .NET's ordinal comparison that ignores case. */
static bool starts_at(const char *text, const char *part)
{
    struct buf left, right;
    buf_init(&left, EXPRESSION_MOST_RESULT * 4);
    buf_init(&right, EXPRESSION_MOST_RESULT * 4);
    struct bytes whole = bytes_from_string(text);
    bool equal = strlen(part) <= whole.size &&
                 text_append_case(&left, bytes_slice(whole, 0, strlen(part)), true) &&
                 text_append_case(&right, bytes_from_string(part), true) &&
                 bytes_equal(buf_bytes(&left), buf_bytes(&right));
    buf_finish(&left);
    buf_finish(&right);
    return equal;
}

static cJSON *run_starts_with(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    const char *part = text != NULL ? function_text(call, 1) : NULL;
    return part != NULL ? cJSON_CreateBool(starts_at(text, part)) : NULL;
}

static cJSON *run_ends_with(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    const char *part = text != NULL ? function_text(call, 1) : NULL;
    if (part == NULL) {
        return NULL;
    }
    size_t size = strlen(text), tail = strlen(part);
    return cJSON_CreateBool(tail <= size && starts_at(text + size - tail, part));
}

static int64_t text_index(const char *text, const char *part, bool last)
{
    struct buf whole, sought;
    buf_init(&whole, EXPRESSION_MOST_RESULT * 4);
    buf_init(&sought, EXPRESSION_MOST_RESULT * 4);
    text_append_case(&whole, bytes_from_string(text), true);
    text_append_case(&sought, bytes_from_string(part), true);
    const char *start = buf_string(&whole), *needle = buf_string(&sought);
    int64_t index = -1;
    const char *found = strstr(start, needle);
    if (sought.size == 0) {
        index = last ? (int64_t)text_units(text) : 0;
        found = NULL;
    }
    while (found != NULL) {
        char *head = bytes_to_string((struct bytes){start, (size_t)(found - start)});
        index = (int64_t)text_units(head);
        memory_free(head);
        found = last ? strstr(found + 1, needle) : NULL;
    }
    buf_finish(&whole);
    buf_finish(&sought);
    return index;
}

static cJSON *index_of(const struct function_call *call, bool last)
{
    const cJSON *container = call->arguments[0];
    if (!cJSON_IsArray(container)) {
        const char *text = function_text(call, 0);
        const char *part = text != NULL ? function_text(call, 1) : NULL;
        int64_t work = part != NULL ? (int64_t)strlen(text) / 16 : 0;
        if (part == NULL || !function_charge(call, work)) {
            return NULL;
        }
        return function_number((double)text_index(text, part, last));
    }
    int index = -1, i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, container)
    {
        if ((last || index < 0) && value_equal(item, call->arguments[1])) {
            index = i;
        }
        i++;
    }
    return function_number(index);
}

static cJSON *run_index_of(const struct function_call *call)
{
    return index_of(call, false);
}

static cJSON *run_last_index_of(const struct function_call *call)
{
    return index_of(call, true);
}

static const struct template_function functions[] = {
    {"endsWith", 2, 2, .run = run_ends_with}, {"indexOf", 2, 2, .run = run_index_of},
    {"join", 2, 2, .run = run_join},          {"lastIndexOf", 2, 2, .run = run_last_index_of},
    {"padLeft", 2, 3, .run = run_pad_left},   {"replace", 3, 3, .run = run_replace},
    {"split", 2, 2, .run = run_split},        {"startsWith", 2, 2, .run = run_starts_with},
    {"string", 1, 1, .run = run_string},      {"substring", 2, 3, .run = run_substring},
    {"toLower", 1, 1, .run = run_to_lower},   {"toUpper", 1, 1, .run = run_to_upper},
    {"trim", 1, 1, .run = run_trim},
};

const struct function_family string_functions = {functions, ARRAY_LEN(functions)};
