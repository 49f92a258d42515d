/* Writing HTTP: responses, and the text of URLs and forms. */
#include "base/http.h"

#include <string.h>

enum { HEADERS_LIMIT = 256 * 1024, BODY_LIMIT = 1024 * 1024 * 1024 };

void http_response_init(struct http_response *response, int status)
{
    response->status = status;
    buf_init(&response->headers, HEADERS_LIMIT);
    buf_init(&response->body, BODY_LIMIT);
}

void http_response_finish(struct http_response *response)
{
    buf_finish(&response->headers);
    buf_finish(&response->body);
}

void http_response_header(struct http_response *response, const char *name, const char *format, ...)
{
    struct buf value;
    buf_init(&value, HEADERS_LIMIT);
    va_list arguments;
    va_start(arguments, format);
    bool whole = buf_vprintf(&value, format, arguments);
    va_end(arguments);

    size_t kept = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte >= ' ' && byte != 0x7f) {
            value.data[kept++] = value.data[i];
        }
    }
    value.size = kept;

    /* All of the line or nothing: half a line would swallow the next. */
    size_t line_size = strlen(name) + 2 + value.size + 2;
    if (whole && buf_reserve(&response->headers, line_size) != NULL) {
        buf_append_string(&response->headers, name);
        buf_append(&response->headers, BYTES(": "));
        buf_append(&response->headers, buf_bytes(&value));
        buf_append(&response->headers, BYTES("\r\n"));
    }
    buf_finish(&value);
}

bool http_response_has_header(const struct http_response *response, const char *name)
{
    struct bytes rest = buf_bytes(&response->headers);
    while (rest.size > 0) {
        size_t end = bytes_find(rest, '\n');
        struct bytes line = bytes_slice(rest, 0, end);
        if (bytes_equal_string_nocase(bytes_slice(line, 0, bytes_find(line, ':')), name)) {
            return true;
        }
        rest = bytes_slice(rest, end + 1, rest.size);
    }
    return false;
}

static bool is_method(const struct http_request *request, const char *method)
{
    return request != NULL && bytes_equal_string(request->method, method);
}

static void write_connection(const struct http_response *response,
                             const struct http_request *request, struct buf *output)
{
    if (http_response_has_header(response, "Connection")) {
        return;
    }
    if (request == NULL || !request->keep_alive) {
        buf_append_string(output, "Connection: close\r\n");
    } else if (request->minor_version == 0) {
        buf_append_string(output, "Connection: keep-alive\r\n");
    }
}

void http_response_write(const struct http_response *response, const struct http_request *request,
                         struct buf *output)
{
    int status = response->status;
    bool interim = status / 100 == 1;
    bool tunnel = is_method(request, "CONNECT") && status / 100 == 2;
    bool bodiless = interim || tunnel || status == 204 || status == 304;

    buf_printf(output, "HTTP/1.1 %d %s\r\n", status, http_status_text(status));
    buf_append(output, buf_bytes(&response->headers));
    if (!bodiless && !http_response_has_header(response, "Content-Length") &&
        !http_response_has_header(response, "Transfer-Encoding")) {
        buf_printf(output, "Content-Length: %zu\r\n", response->body.size);
    }
    if (!interim && !tunnel) {
        write_connection(response, request, output);
    }
    buf_append(output, BYTES("\r\n"));
    if (!bodiless && !is_method(request, "HEAD")) {
        buf_append(output, buf_bytes(&response->body));
    }
}

const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Entity"},
        {423, "Locked"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Unknown";
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool http_url_decode(struct bytes text, bool form, struct buf *output)
{
    char *place = buf_reserve(output, text.size);
    if (place == NULL) {
        return false;
    }
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = i + 1 < text.size ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && form) {
            byte = ' ';
        }
        place[size++] = byte;
    }
    output->size += size;
    return true;
}

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void http_url_encode(struct bytes text, struct buf *output)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_unreserved(text.data[i])) {
            buf_append_byte(output, text.data[i]);
        } else {
            buf_printf(output, "%%%02X", (unsigned char)text.data[i]);
        }
    }
}

static bool form_name_is(struct bytes name, const char *wanted)
{
    struct buf decoded;
    buf_init(&decoded, name.size);
    bool same = http_url_decode(name, true, &decoded) &&
                bytes_equal_string_nocase(buf_bytes(&decoded), wanted);
    buf_finish(&decoded);
    return same;
}

bool http_form_get(struct bytes text, const char *name, struct buf *value)
{
    buf_clear(value);
    while (text.size > 0) {
        struct bytes pair = bytes_slice(text, 0, bytes_find(text, '&'));
        size_t sign = bytes_find(pair, '=');
        if (form_name_is(bytes_slice(pair, 0, sign), name)) {
            return http_url_decode(bytes_slice(pair, sign + 1, pair.size), true, value);
        }
        text = bytes_slice(text, pair.size + 1, text.size);
    }
    return false;
}
