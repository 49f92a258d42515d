/* Reads one HTTP/1 message: cuts the input into lines, checks them, lets the library read them. */
#include "base/http_message.h"

#include <string.h>

#if defined(REDURITE_LLHTTP)
#include <llhttp.h>
typedef llhttp_t library_parser;
typedef llhttp_settings_t library_settings;
#else
/* The library's struct bears a name that base/http.h uses. */
#define http_parser library_parser
#include <http_parser.h>
#undef http_parser
typedef http_parser_settings library_settings;
#endif

struct http_library {
    library_parser parser;
    library_settings settings;
};

enum http_parse_state http_message_reject(struct http_message *message, int status,
                                          const char *reason)
{
    message->phase = HTTP_REFUSED;
    message->rejection = status;
    message->reason = reason;
    return HTTP_REJECTED;
}

/* The library's callbacks. `at` points into the head, or into the line or input being read. */

static int on_target(library_parser *parser, const char *at, size_t size)
{
    struct http_message *message = parser->data;
    message->target = (struct bytes){at, size};
    return 0;
}

static int on_header_name(library_parser *parser, const char *at, size_t size)
{
    struct http_message *message = parser->data;
    struct http_headers *headers = &message->headers;
    if (message->phase != HTTP_READING_HEAD) {
        return 0; /* trailers are read and forgotten: nothing here needs one */
    }
    if (headers->count == headers->capacity) {
        headers->capacity = headers->capacity == 0 ? 16 : headers->capacity * 2;
        headers->list =
            memory_resize(headers->list, headers->capacity * sizeof(struct http_header));
    }
    headers->list[headers->count++] =
        (struct http_header){.name = {at, size}, .value = {at + size, 0}};
    return 0;
}

static int on_header_value(library_parser *parser, const char *at, size_t size)
{
    struct http_message *message = parser->data;
    if (message->phase != HTTP_READING_HEAD || message->headers.count == 0) {
        return 0;
    }
    while (size > 0 && (at[size - 1] == ' ' || at[size - 1] == '\t')) {
        size--;
    }
    message->headers.list[message->headers.count - 1].value = (struct bytes){at, size};
    return 0;
}

static int on_headers_complete(library_parser *parser)
{
    struct http_message *message = parser->data;
#if defined(REDURITE_LLHTTP)
    message->keep_alive = llhttp_should_keep_alive(parser) != 0;
#else
    message->keep_alive = http_should_keep_alive(parser) != 0;
#endif
    return 0;
}

static int on_chunk_header(library_parser *parser)
{
    struct http_message *message = parser->data;
    message->left = parser->content_length;
    return 0;
}

static int on_body(library_parser *parser, const char *at, size_t size)
{
    struct http_message *message = parser->data;
    return buf_append(&message->body, (struct bytes){at, size}) ? 0 : -1;
}

static int on_message_complete(library_parser *parser)
{
    struct http_message *message = parser->data;
    message->library_complete = true;
    return 0;
}

static void library_start(struct http_message *message)
{
    struct http_library *library = message->library;
#if defined(REDURITE_LLHTTP)
    llhttp_init(&library->parser,
                message->kind == HTTP_MESSAGE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE,
                &library->settings);
#else
    http_parser_init(&library->parser,
                     message->kind == HTTP_MESSAGE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE);
#endif
    library->parser.data = message;
}

static enum http_parse_state library_rejection(struct http_message *message, int error,
                                               const char *reason)
{
    if (error == HPE_INVALID_METHOD) {
        return http_message_reject(message, 501, "unknown method");
    }
    if (error == HPE_INVALID_VERSION) {
        return http_message_reject(message, 505, "only HTTP 1.0 and 1.1 are spoken here");
    }
#if !defined(REDURITE_LLHTTP)
    if (error == HPE_HEADER_OVERFLOW) {
        return http_message_reject(message, 431, "the head is too long");
    }
#endif
    return http_message_reject(message, 400, reason);
}

/* False: the message is rejected. CONNECT and Upgrade stop the library behind the head, where the
 * text ends anyway. */
static bool library_read(struct http_message *message, struct bytes text)
{
    library_parser *parser = &message->library->parser;
#if defined(REDURITE_LLHTTP)
    llhttp_errno_t error = llhttp_execute(parser, text.data, text.size);
    if (error == HPE_OK || error == HPE_PAUSED_UPGRADE) {
        return true;
    }
    library_rejection(message, error, llhttp_get_error_reason(parser));
#else
    size_t size = http_parser_execute(parser, &message->library->settings, text.data, text.size);
    enum http_errno error = HTTP_PARSER_ERRNO(parser);
    if (error == HPE_OK && size == text.size) {
        return true;
    }
    library_rejection(message, error, http_errno_description(error));
#endif
    return false;
}

void http_message_init(struct http_message *message, enum http_message_kind kind,
                       struct http_limits limits)
{
    *message = (struct http_message){.kind = kind, .limits = limits};
    buf_init(&message->head, limits.header_bytes);
    buf_init(&message->line, limits.header_bytes);
    buf_init(&message->body, limits.body_bytes);
    message->library = memory_allocate_zeroed(sizeof(*message->library));
    message->library->settings = (library_settings){
        .on_url = on_target,
        .on_header_field = on_header_name,
        .on_header_value = on_header_value,
        .on_headers_complete = on_headers_complete,
        .on_chunk_header = on_chunk_header,
        .on_body = on_body,
        .on_message_complete = on_message_complete,
    };
}

void http_message_finish(struct http_message *message)
{
    buf_finish(&message->head);
    buf_finish(&message->line);
    buf_finish(&message->body);
    memory_free(message->headers.list);
    memory_free(message->library);
    *message = (struct http_message){0};
}

void http_message_restart(struct http_message *message)
{
    enum { WORTH_KEEPING = 64 * 1024 };
    if (message->body.capacity > WORTH_KEEPING) {
        buf_finish(&message->body); /* one large upload must not weigh on an idle connection */
    }
    buf_clear(&message->head);
    buf_clear(&message->line);
    buf_clear(&message->body);
    message->phase = HTTP_READING_HEAD;
    message->line_start = 0;
    message->method = message->target = (struct bytes){NULL, 0};
    message->headers.count = 0;
    message->left = 0;
    message->framing_bytes = 0;
    message->chunk_ends = false;
    message->library_complete = false;
}

static struct bytes take(struct bytes *input, size_t size)
{
    struct bytes taken = bytes_slice(*input, 0, size);
    *input = bytes_slice(*input, taken.size, input->size);
    return taken;
}

/* Ends in CRLF and holds no other control byte but tabs. */
static bool line_is_clean(struct bytes line)
{
    if (!bytes_end_with(line, BYTES("\r\n"))) {
        return false;
    }
    for (size_t i = 0; i < line.size - 2; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

/*
 * Moves input up to the end of a line to `into`, where the line began at `start`. Complete: the
 * line is whole and clean. `too_long` is the status when the limit is passed.
 */
static enum http_parse_state take_line(struct http_message *message, struct bytes *input,
                                       struct buf *into, size_t start, int too_long)
{
    size_t end = bytes_find(*input, '\n');
    bool whole = end < input->size;
    if (!buf_append(into, take(input, whole ? end + 1 : end))) {
        return http_message_reject(message, too_long,
                                   too_long == 414 ? "the request line is too long"
                                                   : "the header lines are too long");
    }
    if (!whole) {
        return HTTP_INCOMPLETE;
    }
    if (!line_is_clean(bytes_slice(buf_bytes(into), start, into->size))) {
        return http_message_reject(message, 400, "a line is not text ended by CR LF");
    }
    return HTTP_COMPLETE;
}

static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && (byte == '\0' || strchr("!#$%&'*+-.^_`|~", byte) == NULL)) {
            return false;
        }
    }
    return text.size > 0;
}

static bool status_has_no_body(int status)
{
    return status / 100 == 1 || status == 204 || status == 304;
}

static enum http_parse_state frame_sized(struct http_message *message, struct bytes length)
{
    int64_t size;
    if (!bytes_to_int64(length, &size) || size < 0) {
        return http_message_reject(message, 400, "Content-Length is not a number");
    }
    if ((uint64_t)size > message->limits.body_bytes) {
        return http_message_reject(message, 413, "the body is too long");
    }
    if (size > 0 && bytes_equal(message->method, BYTES("CONNECT"))) {
        return http_message_reject(message, 400, "CONNECT takes no body");
    }
    message->left = (uint64_t)size;
    message->phase = HTTP_READING_SIZED;
    return HTTP_COMPLETE;
}

static enum http_parse_state frame_chunked(struct http_message *message, struct bytes coding)
{
    if (!bytes_equal_nocase(coding, BYTES("chunked"))) {
        return http_message_reject(message, 501, "the only transfer coding taken is chunked");
    }
    if (message->minor_version == 0) {
        return http_message_reject(message, 400, "HTTP/1.0 knows no transfer coding");
    }
    if (bytes_equal(message->method, BYTES("CONNECT"))) {
        return http_message_reject(message, 400, "CONNECT takes no body");
    }
    message->left = 0;
    message->phase = HTTP_READING_CHUNKS;
    return HTTP_COMPLETE;
}

/* How long is the body? Any doubt is an error: two readers must never disagree on it. */
static enum http_parse_state frame_body(struct http_message *message)
{
    size_t lengths = 0, codings = 0;
    struct bytes length = {NULL, 0}, coding = {NULL, 0};
    for (size_t i = 0; i < message->headers.count; i++) {
        const struct http_header *header = &message->headers.list[i];
        if (!is_token(header->name)) {
            return http_message_reject(message, 400, "a header name is not a token");
        }
        if (bytes_equal_string_nocase(header->name, "Content-Length")) {
            lengths++;
            length = header->value;
        } else if (bytes_equal_string_nocase(header->name, "Transfer-Encoding")) {
            codings++;
            coding = header->value;
        }
    }

    if (message->kind == HTTP_MESSAGE_REPLY && status_has_no_body(message->status)) {
        message->phase = HTTP_READ;
        return HTTP_COMPLETE;
    }
    if (lengths + codings > 1) {
        return http_message_reject(message, 400, "the length of the body is told twice");
    }
    if (codings == 1) {
        return frame_chunked(message, coding);
    }
    if (lengths == 1) {
        return frame_sized(message, length);
    }
    message->phase = message->kind == HTTP_MESSAGE_REPLY ? HTTP_READING_TO_END : HTTP_READ;
    return HTTP_COMPLETE;
}

static enum http_parse_state read_head(struct http_message *message)
{
    struct bytes head = buf_bytes(&message->head);
    library_start(message);
    if (!library_read(message, head)) {
        return HTTP_REJECTED;
    }
    const library_parser *parser = &message->library->parser;
    if (parser->http_major != 1 || parser->http_minor > 1) {
        return http_message_reject(message, 505, "only HTTP 1.0 and 1.1 are spoken here");
    }
    message->minor_version = parser->http_minor;
    if (message->kind == HTTP_MESSAGE_REPLY) {
        message->status = (int)parser->status_code;
    } else {
        message->method = bytes_slice(head, 0, bytes_find(head, ' '));
    }
    message->library_complete = false;
    if (message->head_read != NULL && message->head_read(message) == HTTP_REJECTED) {
        return HTTP_REJECTED;
    }
    return frame_body(message);
}

/* Refuses at the first line what is no HTTP at all, rather than wait for the end of a head. */
static enum http_parse_state check_first_line(struct http_message *message, struct bytes line)
{
    bool version_ends =
        line.size > 11 &&
        bytes_equal(bytes_slice(line, line.size - 11, line.size - 5), BYTES(" HTTP/"));
    bool version_starts = bytes_start_with(line, BYTES("HTTP/"));
    if (message->kind == HTTP_MESSAGE_REQUEST ? version_ends : version_starts) {
        return HTTP_COMPLETE;
    }
    return http_message_reject(message, 400, "the first line is not HTTP/1");
}

static enum http_parse_state feed_head(struct http_message *message, struct bytes *input)
{
    while (input->size > 0) {
        bool first = message->line_start == 0;
        enum http_parse_state state =
            take_line(message, input, &message->head, message->line_start,
                      first && message->kind == HTTP_MESSAGE_REQUEST ? 414 : 431);
        if (state != HTTP_COMPLETE) {
            return state;
        }
        struct bytes line =
            bytes_slice(buf_bytes(&message->head), message->line_start, message->head.size);
        message->line_start = message->head.size;
        if (first && line.size == 2) {
            buf_clear(&message->head); /* an empty line before a message is to be ignored */
            message->line_start = 0;
        } else if (first) {
            if (check_first_line(message, line) != HTTP_COMPLETE) {
                return HTTP_REJECTED;
            }
        } else if (line.size == 2) {
            return read_head(message);
        } else if (line.data[0] == ' ' || line.data[0] == '\t') {
            return http_message_reject(message, 400, "a header is folded over several lines");
        }
    }
    return HTTP_INCOMPLETE;
}

static enum http_parse_state feed_sized(struct http_message *message, struct bytes *input)
{
    struct bytes part =
        take(input, message->left < input->size ? (size_t)message->left : input->size);
    buf_append(&message->body, part); /* frame_sized has checked the limit */
    message->left -= part.size;
    if (message->left > 0) {
        return HTTP_INCOMPLETE;
    }
    message->phase = HTTP_READ;
    return HTTP_COMPLETE;
}

static enum http_parse_state feed_to_end(struct http_message *message, struct bytes *input)
{
    if (input->size == 0) {
        message->phase = HTTP_READ;
        return HTTP_COMPLETE;
    }
    if (!buf_append(&message->body, take(input, input->size))) {
        return http_message_reject(message, 413, "the body is too long");
    }
    return HTTP_INCOMPLETE;
}

/* A line of the chunked framing: a chunk's size, the empty line behind its data, a trailer. */
static enum http_parse_state feed_chunk_line(struct http_message *message, struct bytes *input)
{
    message->line.limit = message->limits.header_bytes - message->framing_bytes;
    enum http_parse_state state = take_line(message, input, &message->line, 0, 431);
    if (state != HTTP_COMPLETE) {
        return state;
    }
    message->framing_bytes += message->line.size;
    if (message->chunk_ends && message->line.size != 2) {
        return http_message_reject(message, 400, "a chunk is longer than its size");
    }
    message->chunk_ends = false;
    if (!library_read(message, buf_bytes(&message->line))) {
        return HTTP_REJECTED;
    }
    if (message->left > message->limits.body_bytes - message->body.size) {
        return http_message_reject(message, 413, "the body is too long");
    }
    buf_clear(&message->line);
    return HTTP_COMPLETE;
}

static enum http_parse_state feed_chunks(struct http_message *message, struct bytes *input)
{
    while (input->size > 0) {
        if (message->left > 0) {
            struct bytes part =
                take(input, message->left < input->size ? (size_t)message->left : input->size);
            if (!library_read(message, part)) {
                return HTTP_REJECTED;
            }
            message->left -= part.size;
            message->chunk_ends = message->left == 0;
            message->framing_bytes = 0;
            continue;
        }
        enum http_parse_state state = feed_chunk_line(message, input);
        if (state != HTTP_COMPLETE) {
            return state;
        }
        if (message->library_complete) {
            message->phase = HTTP_READ;
            return HTTP_COMPLETE;
        }
    }
    return HTTP_INCOMPLETE;
}

enum http_parse_state http_message_feed(struct http_message *message, struct bytes *input)
{
    if (message->phase == HTTP_READING_HEAD) {
        enum http_parse_state state = feed_head(message, input);
        if (state != HTTP_COMPLETE) {
            return state;
        }
        if (message->phase == HTTP_READING_TO_END && input->size == 0) {
            return HTTP_INCOMPLETE; /* an empty input means the end only when it came that way */
        }
    }
    switch (message->phase) {
    case HTTP_READING_SIZED:
        return feed_sized(message, input);
    case HTTP_READING_CHUNKS:
        return feed_chunks(message, input);
    case HTTP_READING_TO_END:
        return feed_to_end(message, input);
    case HTTP_READ:
        return HTTP_COMPLETE;
    case HTTP_READING_HEAD:
    case HTTP_REFUSED:
        break;
    }
    return HTTP_REJECTED;
}
