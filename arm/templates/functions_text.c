/* Encodings, URIs, hashes and JSON text. */
#include "arm/templates/function.h"

#include <string.h>

#include "arm/templates/hashes.h"

static cJSON *run_base64(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    struct buf encoded;
    buf_init(&encoded, EXPRESSION_MOST_RESULT * 2);
    if (!buf_append_base64(&encoded, bytes_from_string(text))) {
        buf_finish(&encoded);
        return function_fail_size(call);
    }
    return function_take_text(call, &encoded);
}

/* False: not base64, or not text. */
static bool decode_base64(const struct function_call *call, struct bytes text, struct buf *decoded)
{
    buf_init(decoded, EXPRESSION_MOST_RESULT + 1);
    if (buf_append_base64_decoded(decoded, text) && bytes_are_utf8(buf_bytes(decoded)) &&
        bytes_find(buf_bytes(decoded), '\0') == decoded->size) {
        return true;
    }
    buf_finish(decoded);
    function_fail(call,
                  "Unable to evaluate template language function '%s': the string '%.*s' is not a "
                  "valid base64 string.",
                  call->name, text.size < 64 ? (int)text.size : 64, text.data);
    return false;
}

static cJSON *run_base64_to_string(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    struct buf decoded;
    if (text == NULL || !decode_base64(call, bytes_from_string(text), &decoded)) {
        return NULL;
    }
    return function_take_text(call, &decoded);
}

static cJSON *parse_json(const struct function_call *call, const char *text)
{
    if (!function_charge(call, 1 + (int64_t)strlen(text) / 8)) {
        return NULL;
    }
    cJSON *value = cJSON_ParseWithOpts(text, NULL, true);
    if (value == NULL) {
        return function_fail(call,
                             "The template language function '%s' parameter is not valid. The "
                             "provided value '%.128s' cannot be converted to JSON. Please see "
                             "https://aka.ms/arm-functions for usage details.",
                             call->name, text);
    }
    return value;
}

static cJSON *run_base64_to_json(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    struct buf decoded;
    if (text == NULL || !decode_base64(call, bytes_from_string(text), &decoded)) {
        return NULL;
    }
    cJSON *value = parse_json(call, buf_string(&decoded));
    buf_finish(&decoded);
    return value;
}

static cJSON *run_json(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    return text != NULL ? parse_json(call, text) : NULL;
}

static cJSON *run_data_uri(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    struct buf uri;
    buf_init(&uri, EXPRESSION_MOST_RESULT * 2);
    buf_append_string(&uri, "data:text/plain;charset=utf8;base64,");
    if (!buf_append_base64(&uri, bytes_from_string(text))) {
        buf_finish(&uri);
        return function_fail_size(call);
    }
    return function_take_text(call, &uri);
}

static bool append_unescaped(struct buf *text, struct bytes escaped)
{
    for (size_t i = 0; i < escaped.size; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        char byte = escaped.data[i];
        if (byte == '%' && i + 2 < escaped.size && strchr(digits, escaped.data[i + 1]) != NULL &&
            strchr(digits, escaped.data[i + 2]) != NULL) {
            int value = 0;
            for (int j = 1; j <= 2; j++) {
                char digit = escaped.data[i + (size_t)j];
                value = value * 16 + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
            }
            byte = (char)value;
            i += 2;
        }
        if (!buf_append_byte(text, byte)) {
            return false;
        }
    }
    return true;
}

static cJSON *take_unescaped(const struct function_call *call, struct bytes escaped)
{
    struct buf text;
    buf_init(&text, EXPRESSION_MOST_RESULT + 1);
    if (!append_unescaped(&text, escaped) || !bytes_are_utf8(buf_bytes(&text)) ||
        bytes_find(buf_bytes(&text), '\0') < text.size) {
        buf_finish(&text);
        return function_fail(call,
                             "Unable to evaluate template language function '%s': the string is "
                             "not a valid escaped text.",
                             call->name);
    }
    return function_take_text(call, &text);
}

static cJSON *run_data_uri_to_string(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    struct bytes uri = bytes_from_string(text);
    size_t comma = bytes_find(uri, ',');
    if (!bytes_start_with(uri, BYTES("data:")) || comma == uri.size) {
        return function_fail(call, "Unable to evaluate template language function "
                                   "'dataUriToString': the string is not a data URI.");
    }
    struct bytes head = bytes_slice(uri, 0, comma), data = bytes_slice(uri, comma + 1, uri.size);
    if (!bytes_end_with(head, BYTES(";base64"))) {
        return take_unescaped(call, data);
    }
    struct buf decoded;
    return decode_base64(call, data, &decoded) ? function_take_text(call, &decoded) : NULL;
}

static cJSON *run_uri_component(const struct function_call *call)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return NULL;
    }
    struct buf escaped;
    buf_init(&escaped, EXPRESSION_MOST_RESULT + 1);
    bool fits = true;
    for (; fits && *text != '\0'; text++) {
        fits = strchr(kept, *text) != NULL ? buf_append_byte(&escaped, *text)
                                           : buf_printf(&escaped, "%%%02X", (unsigned char)*text);
    }
    if (!fits) {
        buf_finish(&escaped);
        return function_fail_size(call);
    }
    return function_take_text(call, &escaped);
}

static cJSON *run_uri_component_to_string(const struct function_call *call)
{
    const char *text = function_text(call, 0);
    return text != NULL ? take_unescaped(call, bytes_from_string(text)) : NULL;
}

/* Takes the segments "." and ".." out of a URI's path: "/a/b/../c" is "/a/c". */
static void settle_dots(struct buf *uri)
{
    char *text = uri->data;
    size_t scheme = bytes_find(buf_bytes(uri), ':') + strlen("://");
    size_t root = scheme < uri->size ? scheme : uri->size;
    while (root < uri->size && strchr("/?#", text[root]) == NULL) {
        root++;
    }
    size_t from = root, to = root;
    while (from < uri->size && text[from] == '/') {
        size_t end = from + 1;
        while (end < uri->size && strchr("/?#", text[end]) == NULL) {
            end++;
        }
        struct bytes segment = {text + from + 1, end - from - 1};
        bool last = end == uri->size || text[end] != '/';
        bool up = bytes_equal_string(segment, ".."), dots = up || bytes_equal_string(segment, ".");
        while (up && to > root && text[--to] != '/') {
        }
        if (!dots || last) {
            size_t size = dots ? 1 : end - from;
            memmove(text + to, text + from, size);
            to += size;
        }
        from = end;
    }
    memmove(text + to, text + from, uri->size - from);
    uri->size -= from - to;
}

/* Relative references as RFC 3986 resolves them. */
static cJSON *run_uri(const struct function_call *call)
{
    const char *base = function_text(call, 0);
    const char *relative = base != NULL ? function_text(call, 1) : NULL;
    if (relative == NULL) {
        return NULL;
    }
    const char *path = strstr(base, "://");
    if (path == NULL) {
        return function_fail(call,
                             "Unable to evaluate template language function 'uri': the base '%s' "
                             "is not an absolute URI.",
                             base);
    }
    path = path + 3 + strcspn(path + 3, "/?#");
    size_t kept = (size_t)(path - base);
    if (relative[0] != '/') {
        size_t directory = strcspn(path, "?#");
        while (directory > 0 && path[directory - 1] != '/') {
            directory--;
        }
        kept += directory;
    }
    struct buf uri;
    buf_init(&uri, EXPRESSION_MOST_RESULT + 1);
    bool fits = true;
    if (strstr(relative, "://") == NULL) {
        fits = buf_append(&uri, (struct bytes){base, kept}) &&
               ((uri.size > 0 && base[kept - 1] == '/') || relative[0] == '/' ||
                buf_append_byte(&uri, '/'));
    }
    if (!fits || !buf_append_string(&uri, relative)) {
        buf_finish(&uri);
        return function_fail_size(call);
    }
    settle_dots(&uri);
    return function_take_text(call, &uri);
}

/* The arguments as texts with hyphens between them. */
static bool join_texts(const struct function_call *call, struct buf *joined)
{
    buf_init(joined, EXPRESSION_MOST_RESULT + 1);
    for (size_t i = 0; i < call->count; i++) {
        const char *text = function_text(call, i);
        if (text == NULL) {
            buf_finish(joined);
            return false;
        }
        if ((i > 0 && !buf_append_byte(joined, '-')) || !buf_append_string(joined, text)) {
            buf_finish(joined);
            function_fail_size(call);
            return false;
        }
    }
    return true;
}

static cJSON *run_unique_string(const struct function_call *call)
{
    struct buf joined;
    if (!join_texts(call, &joined)) {
        return NULL;
    }
    char result[14];
    template_unique_string(buf_bytes(&joined), result);
    buf_finish(&joined);
    return cJSON_CreateString(result);
}

static cJSON *run_guid(const struct function_call *call)
{
    struct buf joined;
    if (!join_texts(call, &joined)) {
        return NULL;
    }
    char result[GUID_SIZE + 1];
    template_guid(buf_bytes(&joined), result);
    buf_finish(&joined);
    return cJSON_CreateString(result);
}

static cJSON *run_new_guid(const struct function_call *call)
{
    if (call->scope->random == NULL) {
        return function_fail(call,
                             "The template function '%s' is not expected at this location. The "
                             "function can only be used in the default value of a parameter. "
                             "Please see https://aka.ms/arm-functions for usage details.",
                             call->name);
    }
    char result[GUID_SIZE + 1];
    random_guid(call->scope->random, result);
    return cJSON_CreateString(result);
}

static const struct template_function functions[] = {
    {"base64", 1, 1, .run = run_base64},
    {"base64ToJson", 1, 1, .run = run_base64_to_json},
    {"base64ToString", 1, 1, .run = run_base64_to_string},
    {"dataUri", 1, 1, .run = run_data_uri},
    {"dataUriToString", 1, 1, .run = run_data_uri_to_string},
    {"guid", 1, FUNCTION_ANY, .run = run_guid},
    {"json", 1, 1, .run = run_json},
    {"newGuid", 0, 0, .run = run_new_guid},
    {"uniqueString", 1, FUNCTION_ANY, .run = run_unique_string},
    {"uri", 2, 2, .run = run_uri},
    {"uriComponent", 1, 1, .run = run_uri_component},
    {"uriComponentToString", 1, 1, .run = run_uri_component_to_string},
};

const struct function_family text_functions = {functions, ARRAY_LEN(functions)};
