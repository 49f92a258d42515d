/* The inside of a connection, for connection.c and connection_dial.c. */
#ifndef EMULATOR_CONNECTION_STATE_H
#define EMULATOR_CONNECTION_STATE_H

#include "emulator/connection.h"

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
    char peer[64], local[64];
};

struct connection *connection_create(struct connection_group *group);
/* Options, addresses, reading: the socket is connected. */
void connection_begin(struct connection *connection);
void connection_announce(struct connection *connection);
void connection_close_now(struct connection *connection, int failure);
/* Nobody waits for the outcome any more. Not dialling: nothing. */
void connection_dial_abandon(struct connection *connection);

#endif
