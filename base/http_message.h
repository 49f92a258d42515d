/*
 * One HTTP/1 message off the wire: head, framing and body, in either direction. Private to base/:
 * http.c says what a request or a reply means. The only code that knows the parsing library.
 *
 * The library is handed whole, checked lines only: both libraries take some bare CRs, bare LFs or
 * blanks that other servers read differently, which is how requests are smuggled.
 */
#ifndef BASE_HTTP_MESSAGE_H
#define BASE_HTTP_MESSAGE_H

#include "base/http.h"

enum http_message_kind { HTTP_MESSAGE_REQUEST, HTTP_MESSAGE_REPLY };

enum http_message_phase {
    HTTP_READING_HEAD,
    HTTP_READING_SIZED,  /* Content-Length: `left` bytes to come */
    HTTP_READING_CHUNKS, /* `left` bytes of the present chunk to come */
    HTTP_READING_TO_END, /* a reply without a length: until the stream ends */
    HTTP_READ,
    HTTP_REFUSED,
};

struct http_library;

struct http_message {
    enum http_message_kind kind;
    struct http_limits limits;
    struct http_library *library;
    enum http_message_phase phase;
    /* The head is there, its body is not: may change limits.body_bytes, or reject. May be NULL. */
    enum http_parse_state (*head_read)(struct http_message *message);

    struct buf head; /* all lines of the head; the views below point into it */
    size_t line_start;
    struct bytes method, target;
    struct http_headers headers;
    int status; /* of a reply */
    int minor_version;
    bool keep_alive;

    struct buf body;
    uint64_t left;
    struct buf line;       /* of the chunked framing */
    size_t framing_bytes;  /* of whole lines since the latest byte of body */
    bool chunk_ends;       /* the line that ends a chunk comes next */
    bool library_complete; /* the library saw the end of the message */

    int rejection;
    const char *reason;
};

void http_message_init(struct http_message *message, enum http_message_kind kind,
                       struct http_limits limits);
void http_message_finish(struct http_message *message);
/* Forgets the message, keeps the memory. */
void http_message_restart(struct http_message *message);
/* As http_parser_feed. */
enum http_parse_state http_message_feed(struct http_message *message, struct bytes *input);
/* Ends in HTTP_REJECTED, which it returns. `reason` must live on: a literal. */
enum http_parse_state http_message_reject(struct http_message *message, int status,
                                          const char *reason);

#endif
