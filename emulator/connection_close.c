/* How a connection ends: what is pending goes out, then each side says goodbye. */
#include "emulator/connection_shaper.h"
#include "emulator/connection_state.h"

enum {
    LOW_WATER = CONNECTION_HIGH_WATER / 4,
    LINGER_MS = 2000,
};

static void shut_down(uv_shutdown_t *request, int status)
{
    struct connection *connection = CONTAINER_OF(request, struct connection, request.shutdown);
    if (status != 0 && connection->phase == CONNECTION_LINGERING) {
        connection_close_now(connection, 0);
    }
}

static void half_close(struct connection *connection)
{
    int failure =
        uv_shutdown(&connection->request.shutdown, (uv_stream_t *)&connection->tcp, shut_down);
    if (failure != 0) {
        connection_close_now(connection, failure);
    }
}

/*
 * Nothing is left to send. A connection that is closing lingers until the peer hangs up: closing
 * while its bytes still come in would reset it, and it might lose what we sent last.
 */
static void after_flush(struct connection *connection)
{
    if (connection->phase == CONNECTION_OPEN) {
        if (connection->ending && connection_shaper_held(connection) == 0) {
            half_close(connection);
        }
        return;
    }
    if (connection->phase != CONNECTION_FLUSHING || connection_shaper_held(connection) > 0 ||
        (!connection->group->closing && connection_shaper_hold_close(connection))) {
        return;
    }
    if (connection->ended || connection->group->closing || connection->ending) {
        connection_close_now(connection, 0);
        return;
    }
    connection->phase = CONNECTION_LINGERING;
    connection_set_deadline(connection, LINGER_MS);
    connection_resume(connection);
    half_close(connection);
}

void connection_flushed(struct connection *connection)
{
    if (connection->phase != CONNECTION_CLOSED && connection_pending(connection) == 0) {
        after_flush(connection);
    } else if (connection->phase == CONNECTION_FLUSHING && connection->shaper == NULL) {
        connection_set_deadline(connection, CONNECTION_FLUSH_MS);
    }
    if (connection->phase == CONNECTION_OPEN && connection_pending(connection) <= LOW_WATER &&
        connection->handler.drained != NULL) {
        connection->handler.drained(connection);
    }
}

void connection_close(struct connection *connection)
{
    if (connection->phase > CONNECTION_OPEN) {
        return;
    }
    if (connection->phase < CONNECTION_HANDSHAKE) {
        connection_close_now(connection, UV_ECANCELED);
        return;
    }
    if (connection->tls != NULL) {
        struct buf *outgoing = &connection->group->loop->outgoing;
        buf_clear(outgoing);
        tls_stream_shutdown(connection->tls, outgoing);
        connection_write(connection, buf_bytes(outgoing));
    }
    if (connection->phase == CONNECTION_CLOSED) {
        return; /* that write failed */
    }
    connection->phase = CONNECTION_FLUSHING;
    if (connection->group->closing) {
        connection_shaper_finish(connection);
    }
    if (connection_pending(connection) == 0) {
        after_flush(connection);
    } else if (connection->shaper == NULL) {
        connection_set_deadline(connection, CONNECTION_FLUSH_MS);
    }
}

void connection_end(struct connection *connection)
{
    if (connection->phase != CONNECTION_OPEN || connection->ending || connection->tls != NULL) {
        return;
    }
    connection->ending = true;
    if (connection_pending(connection) == 0) {
        after_flush(connection);
    }
}

void connection_group_close(struct connection_group *group)
{
    group->closing = true;
    for (struct connection *connection = group->first, *next; connection != NULL;
         connection = next) {
        next = connection->next;
        if (connection->phase == CONNECTION_LINGERING) {
            connection_close_now(connection, 0);
        } else {
            connection_close(connection);
        }
    }
}

void connection_group_abort(struct connection_group *group)
{
    group->closing = true;
    for (struct connection *connection = group->first; connection != NULL;
         connection = connection->next) {
        connection_abort(connection);
    }
}
