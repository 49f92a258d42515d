/*
 * A site answers the requests of some host names or paths at the front door. Sites are rows; the
 * front door (http_endpoint) finds the first that fits and knows nothing else about them.
 */
#ifndef EMULATOR_SITE_H
#define EMULATOR_SITE_H

#include "base/http.h"

struct site_exchange;

/* What becomes of an answer on its way out. All zero: it is sent. */
struct site_fate {
    uint64_t holder; /* a fault's serial: its end releases what it holds */
    int64_t delay_ms;
    bool silent;       /* no answer */
    bool reset;        /* the connection is reset, not closed */
    int64_t ending_ms; /* when it ends, of a silent one; negative: with its holder */
};

struct site_request {
    const struct http_request *http; /* runs of '/' in its path have become one */
    struct bytes authority;          /* what the client called us, with port if it gave one */
    bool tls;                        /* the request came encrypted, directly or inside CONNECT */
    struct bytes peer;               /* "127.0.0.1:53124" */
    struct site_exchange *exchange;  /* for what follows; NULL in tests */
};

struct site {
    const char *name;
    const char *plane; /* in the request journal; NULL: its name */
    /* Globs of host names without port, NULL-terminated; NULL: any host that is ours. */
    const char *const *hosts;
    /* Globs of paths, NULL-terminated, any case; NULL: any path. */
    const char *const *paths;
    bool plain_allowed; /* false: over plain HTTP the answer is 400, in words that help */
    void (*handle)(void *context, const struct site_request *request,
                   struct http_response *response);
    void *context;
};

/* Said while the request is handled; nothing happens where there is no connection (tests). */
void site_set_fate(const struct site_request *request, const struct site_fate *fate);

/*
 * Called inside `handle`: the answer comes later. The request and the response stay as they are
 * until site_answer. `gone` runs once if the client leaves first: the exchange is over then.
 */
struct site_exchange *site_answer_later(const struct site_request *request,
                                        void (*gone)(void *context), void *context);
void site_answer(struct site_exchange *exchange);

/*
 * An answer that goes on after `handle` has returned: events, a log that is followed. What
 * `response` holds then is sent first; the rest follows in chunks, as it comes.
 */
struct site_stream;
/*
 * Called inside `handle`. NULL when the answer has no body to go on with (HEAD). `closed` runs once
 * if the client leaves first; the stream is gone after that.
 */
struct site_stream *site_stream_open(const struct site_request *request,
                                     void (*closed)(void *context), void *context);
/* False: the client is gone or far behind, and `closed` runs soon. */
bool site_stream_write(struct site_stream *stream, struct bytes chunk);
void site_stream_close(struct site_stream *stream); /* the answer is whole; `closed` does not run */

#endif
