/*
 * A listening TCP socket and what it accepts: connection objects that read, write with
 * back-pressure, and close, over plain TCP or TLS, so that endpoints see bytes only.
 */
#ifndef EMULATOR_LISTENER_H
#define EMULATOR_LISTENER_H

#include "emulator/loop.h"
#include "emulator/tls.h"

struct connection;
struct listener;

/* What an endpoint does with its connections. */
struct connection_handler {
    void *context; /* of the endpoint */
    /* A connection is there (TLS: the handshake is done). False closes it. */
    bool (*opened)(void *context, struct connection *connection);
    /* Decrypted bytes, borrowed for the call. */
    void (*received)(struct connection *connection, struct bytes data);
    /* The output buffer has drained below its high-water mark. May be NULL. */
    void (*drained)(struct connection *connection);
    /* It is over; free what connection_data points to. The connection goes after this call. */
    void (*closed)(struct connection *connection);
};

enum listener_security {
    LISTENER_PLAIN,
    LISTENER_TLS,
    LISTENER_EITHER, /* the first byte tells: 0x16 is TLS */
};

struct listener_config {
    const char *address;
    int port; /* 0: any free port */
    enum listener_security security;
    bool http;
    struct tls_authority *authority;
    struct tls_policy_source policy;
    struct connection_handler handler;
};

/* NULL with one line in `error`: "port 6380 is in use; ...". */
struct listener *listener_create(struct loop *loop, const struct listener_config *config,
                                 struct buf *error);
int listener_port(const struct listener *listener);
size_t listener_connection_count(const struct listener *listener);
/* Stops accepting and closes every connection; `done` runs when all of it is freed. */
void listener_close(struct listener *listener, void (*done)(void *context), void *context);

void connection_set_data(struct connection *connection, void *data);
void *connection_data(const struct connection *connection);
/* Queues bytes (copied or encrypted at once). */
void connection_send(struct connection *connection, struct bytes data);
size_t connection_pending(const struct connection *connection); /* bytes not yet written */
/* Stops and restarts reading, for back-pressure. */
void connection_pause(struct connection *connection);
void connection_resume(struct connection *connection);
void connection_close(struct connection *connection); /* after what is pending was sent */
void connection_abort(struct connection *connection); /* at once, with a reset */
/* Turns a plain connection into TLS from here on (CONNECT); `first` was read already. */
void connection_start_tls(struct connection *connection, struct bytes first);
bool connection_is_tls(const struct connection *connection);
struct bytes connection_server_name(const struct connection *connection); /* SNI; may be empty */
enum tls_version connection_tls_version(const struct connection *connection);
struct bytes connection_peer(const struct connection *connection);  /* "127.0.0.1:53124" */
struct bytes connection_local(const struct connection *connection); /* "127.0.0.1:6380" */
int connection_descriptor(const struct connection *connection);

#endif
