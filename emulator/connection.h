/*
 * One TCP connection, plain or TLS, so that endpoints see bytes only: reads, writes with
 * back-pressure, closes. Accepted by a listener, or dialled by the proxy.
 *
 * A connection belongs to itself: it goes some time after it was closed, when libuv lets go of it.
 * Until its handler's `closed` has run, calls on it are harmless, and do nothing once it is
 * closing.
 */
#ifndef EMULATOR_CONNECTION_H
#define EMULATOR_CONNECTION_H

#include "emulator/faults/faults.h"
#include "emulator/loop.h"
#include "emulator/tls.h"

struct connection;

/* Endpoints should hand over no more while connection_pending is above this. */
enum { CONNECTION_HIGH_WATER = 256 * 1024 };

/* What an endpoint does with its connections. */
struct connection_handler {
    void *context; /* of the endpoint */
    /* A connection is there (TLS: the handshake is done). False closes it. */
    bool (*opened)(void *context, struct connection *connection);
    /* Decrypted bytes, borrowed for the call. None: connection_start_tls has succeeded. */
    void (*received)(struct connection *connection, struct bytes data);
    /* The peer sends no more but may still read. NULL: the connection is closed. */
    void (*ended)(struct connection *connection);
    /* What was queued has become little enough to hand over more. May be NULL. */
    void (*drained)(struct connection *connection);
    /* The deadline has passed. NULL: the connection is aborted. */
    void (*expired)(struct connection *connection);
    /*
     * It is over; free what connection_data points to. The connection goes after this call. Called
     * once for each connection that was opened.
     */
    void (*closed)(struct connection *connection);
};

enum listener_security {
    LISTENER_PLAIN,
    LISTENER_TLS,
    LISTENER_EITHER, /* the first byte tells: 0x16 is TLS */
};

/* What the connections of one listener share. Outlives them. */
struct connection_group {
    struct loop *loop;
    enum listener_security security;
    bool http;
    int port; /* for the log */
    struct tls_authority *authority;
    struct tls_policy_source policy;
    struct connection_handler handler;
    struct faults *faults;                 /* NULL: none */
    struct faults_listener faults_changed; /* private */
    /* The last of them has gone. May be NULL. */
    void (*emptied)(struct connection_group *group);
    bool closing;             /* no lingering for slow peers */
    struct connection *first; /* private */
    size_t count;
};

/* Takes the next client of a listening socket; negative: libuv's error. */
int connection_accept(struct connection_group *group, uv_stream_t *listening);
/*
 * Connects to a host, plain; the group's handler is told of the outcome: `opened`, or `closed`
 * with connection_failure saying why. `host` may have the brackets of an IPv6 address.
 */
struct connection *connection_dial(struct connection_group *group, struct bytes host, int port,
                                   void *data);
/* All of them, as connection_close and connection_abort do it. */
void connection_group_close(struct connection_group *group);
void connection_group_abort(struct connection_group *group);

void connection_set_data(struct connection *connection, void *data);
void *connection_data(const struct connection *connection);
/* From here on another endpoint is told. */
void connection_set_handler(struct connection *connection,
                            const struct connection_handler *handler);
/* Queues bytes (copied or encrypted at once). */
void connection_send(struct connection *connection, struct bytes data);
size_t connection_pending(const struct connection *connection); /* bytes not yet written */
/* Stops and restarts reading, for back-pressure. */
void connection_pause(struct connection *connection);
void connection_resume(struct connection *connection);
/* After what is pending was sent and the peer has hung up, too, or had time to. */
void connection_close(struct connection *connection);
void connection_abort(struct connection *connection); /* at once, with a reset */
/* Nothing more will be sent, though more may be read. Plain connections only. */
void connection_end(struct connection *connection);
bool connection_open(const struct connection *connection); /* neither closed nor closing */
/* In real time; 0 clears it. Each call replaces the last. */
void connection_set_deadline(struct connection *connection, uint64_t from_now_ms);
/*
 * Turns a plain connection into TLS from here on (CONNECT); `first` was read already; `name` is
 * what to show a certificate for when the client names nothing.
 */
void connection_start_tls(struct connection *connection, struct bytes first, struct bytes name);

/*
 * Which cache it has turned out to be for: faults of that cache act on it from now on.
 */
void connection_set_cache(struct connection *connection, struct bytes cache);

struct loop *connection_loop(const struct connection *connection);
bool connection_is_tls(const struct connection *connection);
struct bytes connection_server_name(const struct connection *connection); /* SNI; may be empty */
enum tls_version connection_tls_version(const struct connection *connection);
struct bytes connection_peer(const struct connection *connection);  /* "127.0.0.1:53124" */
struct bytes connection_local(const struct connection *connection); /* "127.0.0.1:6380" */
int connection_local_port(const struct connection *connection);
int connection_descriptor(const struct connection *connection);
int connection_failure(const struct connection *connection); /* libuv's; 0: none */

/* What a peer that speaks the wrong protocol seems to be, for the log: "an HTTP client". */
const char *protocol_guess(struct bytes first);

#endif
