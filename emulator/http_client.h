/* The inside of the front door and of one client of it, for the files http_*.c. */
#ifndef EMULATOR_HTTP_CLIENT_H
#define EMULATOR_HTTP_CLIENT_H

#include "emulator/http_endpoint.h"
#include "emulator/http_routes.h"

enum { HTTP_HEAD_LIMIT = 64 * 1024 };

struct http_hold;
struct proxy;

struct http_endpoint {
    struct http_endpoint_config config;
    struct http_routes routes;
    struct proxy *proxy;
    struct buf output, path; /* scratch */
};

/* One request and its answer. */
struct site_exchange {
    struct http_client *client;
    const struct site *site; /* NULL: none serves it */
    struct http_request request;
    struct site_request asked;
    struct http_response response;
    struct site_fate fate;
    int64_t start_us;
    bool later;                  /* the site is not done with it */
    void (*gone)(void *context); /* then: the client has left */
    void *context;
    struct buf path; /* then: the request's */
};

struct http_client {
    struct http_endpoint *endpoint;
    struct connection *connection;
    struct http_parser *parser;
    struct buf waiting;         /* received and not parsed yet: an answer goes first */
    struct loop_task go_on;     /* parses what waits */
    struct site_stream *stream; /* the answer in progress; NULL: none */
    struct http_hold *hold;     /* the answer that comes late; NULL: none */
    struct site_exchange exchange;
    char *connected_to;   /* what CONNECT named, without port; NULL without CONNECT */
    bool expects_hello;   /* after CONNECT: TLS or plain, the next byte tells */
    bool in_message;      /* the deadline is the message's */
    size_t message_bytes; /* since that deadline was last moved */
};

/* ---- http_exchange.c ---- */

/* An answer is in progress, comes later, or is held back: what the client sends meanwhile waits. */
static inline bool http_client_answering(const struct http_client *client)
{
    return client->stream != NULL || client->hold != NULL || client->exchange.later;
}

/* Finds the site and has it answer, now or later. */
void http_client_answer(struct http_client *client, const struct http_request *request,
                        struct bytes authority);
/* The client is leaving. */
void http_client_abandon_answer(struct http_client *client);
void http_client_send(struct http_client *client, const struct http_response *response,
                      const struct http_request *request);
/* To the journal. */
void http_client_tell(const struct http_client *client, struct http_record record);

/* ---- http_stream.c and http_endpoint.c ---- */

/* Sends the head and the body so far; what follows comes through site_stream_write. */
void http_stream_begin(struct site_stream *stream, const struct http_response *response);
/* Frees the client; the connection lives on, with another owner or none. */
void http_client_leave(struct http_client *client);
/* The client is leaving: tells whoever writes. NULL is fine. */
void http_stream_abandon(struct site_stream *stream);

#endif
