/* The inside of a connection, for the files connection*.c. */
#ifndef EMULATOR_CONNECTION_STATE_H
#define EMULATOR_CONNECTION_STATE_H

#include "emulator/connection.h"

enum {
    CONNECTION_FLUSH_MS = 15 * 1000, /* to get rid of what is pending, without any progress */
    CONNECTION_TLS_RECORD = 0x16,    /* the first byte of a client that speaks TLS */
};

enum connection_phase {
    CONNECTION_DIALLING,
    CONNECTION_SNIFFING,  /* waits for the first byte */
    CONNECTION_HANDSHAKE, /* of TLS */
    CONNECTION_OPEN,
    CONNECTION_FLUSHING,  /* closing: what is pending goes out first */
    CONNECTION_LINGERING, /* closing: said so, waits for the peer to hang up */
    CONNECTION_CLOSED,    /* libuv is letting go of it */
};

struct connection_dialling;

struct connection {
    uv_tcp_t tcp;
    struct connection_group *group;
    struct connection *next, **at; /* in the group */
    struct connection_handler handler;
    void *data;
    struct tls_stream *tls;
    enum connection_phase phase;
    bool announced; /* `opened` was called: `closed` is owed */
    bool ended;     /* the peer sends no more */
    bool paused;
    bool ending; /* connection_end: half closed when flushed */
    int failure;
    uint64_t turn; /* of the loop, when it last read */
    size_t turn_bytes;
    struct buf writing, pending; /* handed to libuv; to be handed next */
    union {
        uv_write_t write;
        uv_shutdown_t shutdown; /* only after the last write */
    } request;
    struct loop_deadline deadline;
    struct connection_dialling *dialling;
    struct shaper *shaper; /* NULL: bytes pass as they come */
    uint64_t faults_order; /* rules up to that one have been asked */
    bool throttled;        /* the shaper has taken enough for now */
    uint64_t stalled;      /* the serial of the fault that stalls its handshake; 0: none */
    char *cache;           /* that it is for, once it is known */
    char peer[64], local[64];
};

struct connection *connection_create(struct connection_group *group);
/* Options, addresses, reading: the socket is connected. */
void connection_begin(struct connection *connection);
void connection_announce(struct connection *connection);
void connection_close_now(struct connection *connection, int failure);
/* Through the shaper, where there is one, to the socket. */
void connection_write(struct connection *connection, struct bytes data);
/* To the socket, or what is left of it into the queue. */
void connection_write_raw(struct connection *connection, struct bytes data);
/* What was read, as it came from the socket. */
void connection_take(struct connection *connection, struct bytes data);
void connection_end_of_input(struct connection *connection);
/* Some of what was pending has gone. */
void connection_flushed(struct connection *connection);
/* Reading stops and goes on by the shaper's wish; the owner's own pause stands. */
void connection_throttle(struct connection *connection, bool throttled);
/* Asks the policy again after a stalled handshake. */
void connection_retry_handshake(struct connection *connection);
/* Nobody waits for the outcome any more. Not dialling: nothing. */
void connection_dial_abandon(struct connection *connection);
/* Why a client was turned away, with a hint. */
void connection_log_plain_text(const struct connection *connection, struct bytes first);
void connection_log_handshake_failure(const struct connection *connection);

#endif
