/* What HTTP requests and replies mean, on top of http_message. */
#include "base/http.h"

#include "base/http_message.h"

#include <string.h>

struct http_parser {
    struct http_message message;
    bool body_announced; /* the head of the present message has been looked at */
    bool wants_continue;
    size_t (*body_limit)(void *context, const struct http_request *head);
    void *body_limit_context;
};

struct http_reply_parser {
    struct http_message message;
};

struct bytes http_headers_get(const struct http_headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (bytes_equal_string_nocase(headers->list[i].name, name)) {
            return headers->list[i].value;
        }
    }
    return (struct bytes){NULL, 0};
}

struct http_parser *http_parser_create(struct http_limits limits)
{
    struct http_parser *parser = memory_allocate_zeroed(sizeof(*parser));
    http_message_init(&parser->message, HTTP_MESSAGE_REQUEST, limits);
    return parser;
}

void http_parser_destroy(struct http_parser *parser)
{
    if (parser == NULL) {
        return;
    }
    http_message_finish(&parser->message);
    memory_free(parser);
}

static bool scheme_skip(struct bytes *target, struct bytes scheme)
{
    if (!bytes_equal_nocase(bytes_slice(*target, 0, scheme.size), scheme)) {
        return false;
    }
    *target = bytes_slice(*target, scheme.size, target->size);
    return true;
}

/* "host:443" or "[::1]:443" without its port; brackets stay, as in a URL. */
static struct bytes without_port(struct bytes authority)
{
    size_t from = bytes_start_with(authority, BYTES("[")) ? bytes_find(authority, ']') : 0;
    struct bytes rest = bytes_slice(authority, from, authority.size);
    return bytes_slice(authority, 0, from + bytes_find(rest, ':'));
}

static bool is_authority(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\0' || strchr(" \t/?#@\\,", text.data[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* Splits the target's four forms: "/path?query", "http://host/path?query", "host:port", "*". */
static bool split_target(struct http_request *request)
{
    struct bytes rest = request->target;
    if (bytes_equal(request->method, BYTES("CONNECT"))) {
        request->host = without_port(rest);
        return is_authority(rest) && request->host.size > 0;
    }
    if (scheme_skip(&rest, BYTES("http://")) || scheme_skip(&rest, BYTES("https://"))) {
        size_t end = 0;
        while (end < rest.size && strchr("/?", rest.data[end]) == NULL) {
            end++;
        }
        struct bytes authority = bytes_slice(rest, 0, end);
        request->host = without_port(authority);
        if (!is_authority(authority) || request->host.size == 0) {
            return false;
        }
        rest = bytes_slice(rest, end, rest.size);
    } else if (!bytes_start_with(rest, BYTES("/")) && !bytes_equal(rest, BYTES("*"))) {
        return false;
    }
    size_t mark = bytes_find(rest, '?');
    if (mark < rest.size) {
        request->query = bytes_slice(rest, mark + 1, rest.size);
    }
    request->path = mark == 0 ? BYTES("/") : bytes_slice(rest, 0, mark);
    return bytes_find(rest, '#') == rest.size;
}

/* The Host header counts only when the target names no host, but must be sound in any case. */
static enum http_parse_state find_host(struct http_message *message, struct http_request *request)
{
    size_t count = 0;
    struct bytes host = {NULL, 0};
    for (size_t i = 0; i < request->headers.count; i++) {
        if (bytes_equal_string_nocase(request->headers.list[i].name, "Host")) {
            host = request->headers.list[i].value;
            count++;
        }
    }
    if (count > 1 || !is_authority(host)) {
        return http_message_reject(message, 400, "the Host header is not one host");
    }
    if (request->host.size > 0) {
        return HTTP_COMPLETE;
    }
    if (count == 0 && request->minor_version > 0) {
        return http_message_reject(message, 400, "the Host header is missing");
    }
    request->host = without_port(host);
    return HTTP_COMPLETE;
}

static enum http_parse_state fill_request(struct http_message *message,
                                          struct http_request *request)
{
    *request = (struct http_request){
        .method = message->method,
        .target = message->target,
        .host = BYTES(""),
        .path = BYTES(""),
        .headers = message->headers,
        .body = buf_bytes(&message->body),
        .minor_version = message->minor_version,
        .keep_alive = message->keep_alive,
    };
    if (!split_target(request)) {
        return http_message_reject(message, 400, "the request target is not a path or a URL");
    }
    return find_host(message, request);
}

static enum http_parse_state limit_body(struct http_message *message)
{
    struct http_parser *parser = CONTAINER_OF(message, struct http_parser, message);
    struct http_request head;
    enum http_parse_state state = fill_request(message, &head);
    if (state == HTTP_COMPLETE) {
        message->limits.body_bytes = parser->body_limit(parser->body_limit_context, &head);
        message->body.limit = message->limits.body_bytes;
    }
    return state;
}

void http_parser_limit_bodies(struct http_parser *parser,
                              size_t (*limit)(void *context, const struct http_request *head),
                              void *context)
{
    parser->body_limit = limit;
    parser->body_limit_context = context;
    parser->message.head_read = limit == NULL ? NULL : limit_body;
}

/* A client that says "Expect: 100-continue" holds its body back until it is asked for it. */
static void note_expectation(struct http_parser *parser)
{
    const struct http_message *message = &parser->message;
    bool in_body = message->phase == HTTP_READING_SIZED || message->phase == HTTP_READING_CHUNKS;
    if (!in_body || parser->body_announced) {
        return;
    }
    parser->body_announced = true;
    parser->wants_continue =
        message->minor_version > 0 && message->body.size == 0 &&
        bytes_equal_nocase(http_headers_get(&message->headers, "Expect"), BYTES("100-continue"));
}

enum http_parse_state http_parser_feed(struct http_parser *parser, struct bytes *input,
                                       struct http_request *request)
{
    struct http_message *message = &parser->message;
    if (message->phase == HTTP_READ) {
        http_message_restart(message);
        parser->body_announced = false;
        parser->wants_continue = false;
    }
    enum http_parse_state state = http_message_feed(message, input);
    if (state == HTTP_COMPLETE) {
        parser->wants_continue = false;
        return fill_request(message, request);
    }
    note_expectation(parser);
    return state;
}

bool http_parser_wants_continue(struct http_parser *parser)
{
    bool wants = parser->wants_continue;
    parser->wants_continue = false;
    return wants;
}

int http_parser_rejection(const struct http_parser *parser, const char **reason)
{
    if (reason != NULL) {
        *reason = parser->message.reason;
    }
    return parser->message.rejection;
}

bool http_parser_in_message(const struct http_parser *parser)
{
    const struct http_message *message = &parser->message;
    return message->phase == HTTP_READING_HEAD ? message->head.size > 0
                                               : message->phase < HTTP_READ;
}

struct http_reply_parser *http_reply_parser_create(struct http_limits limits)
{
    struct http_reply_parser *parser = memory_allocate_zeroed(sizeof(*parser));
    http_message_init(&parser->message, HTTP_MESSAGE_REPLY, limits);
    return parser;
}

void http_reply_parser_destroy(struct http_reply_parser *parser)
{
    if (parser == NULL) {
        return;
    }
    http_message_finish(&parser->message);
    memory_free(parser);
}

enum http_parse_state http_reply_parser_feed(struct http_reply_parser *parser, struct bytes *input,
                                             struct http_reply *reply)
{
    struct http_message *message = &parser->message;
    enum http_parse_state state;
    do {
        if (message->phase == HTTP_READ) {
            http_message_restart(message);
        }
        state = http_message_feed(message, input);
        /* 100 Continue and its kin only announce the reply. */
    } while (state == HTTP_COMPLETE && message->status / 100 == 1 && message->status != 101);
    if (state == HTTP_COMPLETE) {
        *reply = (struct http_reply){
            .status = message->status,
            .headers = message->headers,
            .body = buf_bytes(&message->body),
        };
    }
    return state;
}
