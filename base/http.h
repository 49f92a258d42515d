/*
 * HTTP/1.1 messages, bytes only: an incremental parser around a library (llhttp where it is
 * packaged, else http-parser) and writers. Knows no socket and no TLS.
 *
 * Strict where it protects: a request with both Content-Length and Transfer-Encoding, with
 * differing Content-Length headers, or with a bare CR or LF in a header is refused.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/bytes.h"

struct http_header {
    struct bytes name, value;
};

struct http_headers {
    struct http_header *list;
    size_t count, capacity;
};

/* Value of the first header of that name (any case); empty with data NULL when absent. */
struct bytes http_headers_get(const struct http_headers *headers, const char *name);

/* A whole message. All views are borrowed from the parser until it starts the next message. */
struct http_request {
    struct bytes method; /* as sent: "GET" */
    struct bytes target; /* as sent: "/a%20b?x=1", "host:443" (CONNECT), "http://h/p" */
    struct bytes host;   /* from the absolute target, else the Host header; no port, "[::1]" */
    struct bytes path;   /* of the target, still encoded, without query */
    struct bytes query;  /* without '?', still encoded; data NULL when there is none */
    struct http_headers headers;
    struct bytes body;
    int minor_version; /* 0 or 1: HTTP/1.x */
    bool keep_alive;
};

struct http_limits {
    size_t header_bytes; /* of the whole head: 431 beyond */
    size_t body_bytes;   /* 413 beyond */
};

enum http_parse_state {
    HTTP_INCOMPLETE, /* wants more bytes */
    HTTP_COMPLETE,   /* *request is whole; call http_parser_feed again for the next one */
    HTTP_REJECTED,   /* http_parser_rejection says with which status; close the connection */
};

struct http_parser;
struct http_parser *http_parser_create(struct http_limits limits);
void http_parser_destroy(struct http_parser *parser);
/*
 * From here on each head decides how long its body may be; `limit` is asked with all but the body
 * of the request.
 */
void http_parser_limit_bodies(struct http_parser *parser,
                              size_t (*limit)(void *context, const struct http_request *head),
                              void *context);
/*
 * Takes bytes from the front of *input and advances it. Stops behind a whole message, leaving
 * pipelined bytes (or, after CONNECT, the tunnel's bytes) in *input.
 */
enum http_parse_state http_parser_feed(struct http_parser *parser, struct bytes *input,
                                       struct http_request *request);
/* True once after the head of a request with "Expect: 100-continue" has been read. */
bool http_parser_wants_continue(struct http_parser *parser);
/* Status (400, 413, 414, 431, 501, 505) and one line for people. */
int http_parser_rejection(const struct http_parser *parser, const char **reason);
/* True when bytes of a message have been read but not all of it. */
bool http_parser_in_message(const struct http_parser *parser);

/* What to answer. Header lines are complete "Name: value\r\n" text in `headers`. */
struct http_response {
    int status;
    struct buf headers;
    struct buf body;
};

void http_response_init(struct http_response *response, int status);
void http_response_finish(struct http_response *response);
/* Bytes below 0x20 in `value` are dropped, so that no value can start a new header. */
void http_response_header(struct http_response *response, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* True when the response already has that header (any case). */
bool http_response_has_header(const struct http_response *response, const char *name);
/*
 * Appends the whole message: status line, the headers, Content-Length, Connection where needed,
 * body (left out for HEAD, 204 and 304).
 */
void http_response_write(const struct http_response *response, const struct http_request *request,
                         struct buf *output);
const char *http_status_text(int status);

/* Percent-decoding; '+' is a space when `form`. False on a broken escape. */
bool http_url_decode(struct bytes text, bool form, struct buf *output);
void http_url_encode(struct bytes text, struct buf *output); /* all but unreserved characters */
/*
 * Decoded value of `name` (any case) in "a=1&b=2" text; false when absent or broken. The `form`
 * rules apply. `value` is cleared first.
 */
bool http_form_get(struct bytes text, const char *name, struct buf *value);

/*
 * The client side, for the command line: one response out of `input`.
 */
struct http_reply {
    int status;
    struct http_headers headers;
    struct bytes body;
};
struct http_reply_parser;
struct http_reply_parser *http_reply_parser_create(struct http_limits limits);
void http_reply_parser_destroy(struct http_reply_parser *parser);
/* As http_parser_feed; at end of stream feed an empty input once more. */
enum http_parse_state http_reply_parser_feed(struct http_reply_parser *parser, struct bytes *input,
                                             struct http_reply *reply);

#endif
