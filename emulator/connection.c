/* Reading and writing. */
#include "emulator/connection.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emulator/connection_faults.h"
#include "emulator/connection_shaper.h"
#include "emulator/connection_state.h"

enum {
    KEEPALIVE_SECONDS = 300,
    /* One connection may read so much before the others have their turn. */
    BYTES_PER_TURN = 4 * LOOP_READ_SIZE,
    ENCRYPT_SLICE = 256 * 1024,
    FIRST_BYTE_MS = 60 * 1000,
    HANDSHAKE_MS = 30 * 1000,
};

/* A guard against mistakes only: producers heed CONNECTION_HIGH_WATER. */
#define PENDING_LIMIT ((size_t)2 << 30)

/* ---- Life ---- */

struct connection *connection_create(struct connection_group *group)
{
    struct connection *connection = memory_allocate_zeroed(sizeof(*connection));

    connection->group = group;
    connection->handler = group->handler;
    buf_init(&connection->writing, PENDING_LIMIT);
    buf_init(&connection->pending, PENDING_LIMIT);
    connection->next = group->first;
    connection->at = &group->first;
    if (group->first != NULL) {
        group->first->at = &connection->next;
    }
    group->first = connection;
    group->count++;
    return connection;
}

static void destroy(uv_handle_t *handle)
{
    struct connection *connection = CONTAINER_OF(handle, struct connection, tcp);
    struct connection_group *group = connection->group;

    if (connection->announced && connection->handler.closed != NULL) {
        connection->handler.closed(connection);
    }
    *connection->at = connection->next;
    if (connection->next != NULL) {
        connection->next->at = connection->at;
    }
    loop_clear_deadline(group->loop, &connection->deadline);
    connection_shaper_finish(connection);
    memory_free(connection->cache);
    tls_stream_destroy(connection->tls);
    buf_finish(&connection->writing);
    buf_finish(&connection->pending);
    memory_free(connection);
    if (--group->count == 0 && group->emptied != NULL) {
        group->emptied(group);
    }
}

void connection_close_now(struct connection *connection, int failure)
{
    if (connection->phase == CONNECTION_CLOSED) {
        return;
    }
    connection->phase = CONNECTION_CLOSED;
    connection->failure = failure;
    connection_dial_abandon(connection);
    loop_clear_deadline(connection->group->loop, &connection->deadline);
    uv_close((uv_handle_t *)&connection->tcp, destroy);
}

void connection_abort(struct connection *connection)
{
    if (connection->phase == CONNECTION_CLOSED || connection->phase == CONNECTION_DIALLING) {
        connection_close_now(connection, UV_ECANCELED);
        return;
    }
    connection->phase = CONNECTION_CLOSED;
    loop_clear_deadline(connection->group->loop, &connection->deadline);
    if (uv_tcp_close_reset(&connection->tcp, destroy) != 0) {
        uv_close((uv_handle_t *)&connection->tcp, destroy);
    }
}

bool connection_open(const struct connection *connection)
{
    return connection->phase <= CONNECTION_OPEN;
}

static void deadline_passed(struct loop_deadline *deadline)
{
    struct connection *connection = CONTAINER_OF(deadline, struct connection, deadline);

    if (connection->phase == CONNECTION_OPEN && connection->handler.expired != NULL) {
        connection->handler.expired(connection);
    } else if (connection->phase == CONNECTION_LINGERING) {
        connection_close_now(connection, 0);
    } else if (connection->phase == CONNECTION_DIALLING) {
        connection_close_now(connection, UV_ETIMEDOUT);
    } else {
        log_debug("net", "gave up on a client port=%d peer=%s", connection->group->port,
                  connection->peer);
        connection_abort(connection);
    }
}

void connection_set_deadline(struct connection *connection, uint64_t from_now_ms)
{
    if (connection->phase == CONNECTION_CLOSED) {
        return;
    }
    connection->deadline.passed = deadline_passed;
    if (from_now_ms == 0) {
        loop_clear_deadline(connection->group->loop, &connection->deadline);
    } else {
        loop_set_deadline(connection->group->loop, &connection->deadline, from_now_ms);
    }
}

/* ---- Writing ---- */

static void written(uv_write_t *request, int status);

static void write_queue(struct connection *connection)
{
    struct buf empty = connection->writing;
    uv_buf_t view;

    connection->writing = connection->pending;
    connection->pending = empty;
    view = uv_buf_init(connection->writing.data, (unsigned)connection->writing.size);
    int failure =
        uv_write(&connection->request.write, (uv_stream_t *)&connection->tcp, &view, 1, written);
    if (failure != 0) {
        connection_close_now(connection, failure);
    }
}

static void written(uv_write_t *request, int status)
{
    struct connection *connection = CONTAINER_OF(request, struct connection, request.write);

    /* Idle connections keep no memory. */
    buf_finish(&connection->writing);
    if (connection->phase == CONNECTION_CLOSED) {
        return;
    }
    if (status != 0) {
        connection_close_now(connection, status);
        return;
    }
    if (connection->phase == CONNECTION_FLUSHING) {
        connection_set_deadline(connection, CONNECTION_FLUSH_MS);
    }
    if (connection->pending.size > 0) {
        write_queue(connection);
    }
    connection_flushed(connection);
}

/* Straight to the socket if it takes them; only the rest is copied. */
void connection_write_raw(struct connection *connection, struct bytes data)
{
    if (connection->phase == CONNECTION_CLOSED || data.size == 0) {
        return;
    }
    if (connection->writing.size == 0 && connection->pending.size == 0) {
        uv_buf_t view = uv_buf_init((char *)data.data, (unsigned)data.size);
        int count = uv_try_write((uv_stream_t *)&connection->tcp, &view, 1);
        if (count < 0 && count != UV_EAGAIN) {
            connection_close_now(connection, count);
            return;
        }
        data = bytes_slice(data, count < 0 ? 0 : (size_t)count, data.size);
        if (data.size == 0) {
            return;
        }
    }
    if (!buf_append(&connection->pending, data)) {
        connection_abort(connection);
    } else if (connection->writing.size == 0) {
        write_queue(connection);
    }
}

void connection_write(struct connection *connection, struct bytes data)
{
    if (!connection->ending &&
        (connection->shaper == NULL || !connection_shaper_hold_output(connection, data))) {
        connection_write_raw(connection, data);
    }
}

static void send_encrypted(struct connection *connection, struct bytes data)
{
    struct buf *outgoing = &connection->group->loop->outgoing;

    while (data.size > 0) {
        struct bytes slice = bytes_slice(data, 0, ENCRYPT_SLICE);
        data = bytes_slice(data, slice.size, data.size);
        buf_clear(outgoing);
        enum tls_result result = tls_stream_send(connection->tls, slice, outgoing);
        connection_write(connection, buf_bytes(outgoing));
        if (result != TLS_OK) {
            connection_close_now(connection, UV_EPROTO);
            return;
        }
    }
}

void connection_send(struct connection *connection, struct bytes data)
{
    if (connection->phase > CONNECTION_OPEN) {
        return;
    }
    if (connection->tls != NULL) {
        send_encrypted(connection, data);
        return;
    }
    /* uv_buf_t counts in 32 bits on some systems. */
    while (data.size > 0) {
        struct bytes slice = bytes_slice(data, 0, (size_t)1 << 30);
        data = bytes_slice(data, slice.size, data.size);
        connection_write(connection, slice);
    }
}

size_t connection_pending(const struct connection *connection)
{
    size_t held = connection->shaper == NULL ? 0 : connection_shaper_held(connection);
    return connection->writing.size + connection->pending.size + held;
}

/* ---- Reading ---- */

void connection_announce(struct connection *connection)
{
    connection->phase = CONNECTION_OPEN;
    connection_set_deadline(connection, 0);
    connection->announced = true;
    if (!connection->handler.opened(connection->handler.context, connection)) {
        connection_close(connection);
    }
}

void connection_end_of_input(struct connection *connection)
{
    connection->ended = true;
    uv_read_stop((uv_stream_t *)&connection->tcp);
    if (connection->phase < CONNECTION_OPEN) {
        connection_close_now(connection, UV_EOF);
    } else if (connection->handler.ended != NULL) {
        connection->handler.ended(connection);
    } else {
        connection_close(connection);
    }
}

static void take_encrypted(struct connection *connection, struct bytes data)
{
    struct loop *loop = connection->group->loop;
    bool began = tls_stream_established(connection->tls), secured = false;

    buf_clear(&loop->plain);
    buf_clear(&loop->outgoing);
    enum tls_result result =
        tls_stream_receive(connection->tls, data, &loop->plain, &loop->outgoing);
    connection_write(connection, buf_bytes(&loop->outgoing));
    if (result == TLS_FAILED && !tls_stream_established(connection->tls)) {
        connection_log_handshake_failure(connection);
    }
    if (tls_stream_stalled(connection->tls)) {
        connection_set_deadline(connection, 0);
    }
    if (!began && tls_stream_established(connection->tls)) {
        log_debug("tls", "handshake done port=%d peer=%s version=%x resumed=%s",
                  connection->group->port, connection->peer,
                  (unsigned)tls_stream_version(connection->tls),
                  tls_stream_resumed(connection->tls) ? "yes" : "no");
        if (connection->announced) { /* CONNECT */
            connection->phase =
                connection->phase == CONNECTION_HANDSHAKE ? CONNECTION_OPEN : connection->phase;
            connection_set_deadline(connection, 0);
            secured = true; /* the handler is told, and sets its own deadline again */
        } else if (connection->phase == CONNECTION_HANDSHAKE) {
            connection_announce(connection);
        }
    }
    if ((loop->plain.size > 0 || secured) && connection->phase == CONNECTION_OPEN) {
        connection->handler.received(connection, buf_bytes(&loop->plain));
    }
    if (result == TLS_CLOSED && connection->phase <= CONNECTION_OPEN) {
        connection_end_of_input(connection);
    } else if (result == TLS_FAILED) {
        connection_close(connection);
    }
}

static void begin_tls(struct connection *connection, struct bytes name)
{
    const struct connection_group *group = connection->group;
    const struct tls_policy_source policy = connection_faults_policy(connection);

    connection->phase = CONNECTION_HANDSHAKE;
    connection_set_deadline(connection, HANDSHAKE_MS);
    connection->tls = tls_stream_create(group->authority, &policy, group->http);
    tls_stream_set_fallback(connection->tls, name);
}

/* The address that the client reached us by: "10.0.0.2" of "10.0.0.2:6380". */
static struct bytes local_address(const struct connection *connection)
{
    const char *colon = strrchr(connection->local, ':');
    struct bytes local = bytes_from_string(connection->local);
    return colon == NULL ? local : bytes_slice(local, 0, (size_t)(colon - connection->local));
}

/* False: the connection is closing. */
static bool sniff(struct connection *connection, struct bytes data)
{
    bool hello = data.data[0] == CONNECTION_TLS_RECORD;

    if (hello) {
        begin_tls(connection, local_address(connection));
        return true;
    }
    if (connection->group->security == LISTENER_TLS) {
        connection_log_plain_text(connection, data);
        connection_close_now(connection, UV_EPROTO);
        return false;
    }
    connection_announce(connection);
    return connection->phase == CONNECTION_OPEN;
}

void connection_take(struct connection *connection, struct bytes data)
{
    if (connection->phase == CONNECTION_SNIFFING && !sniff(connection, data)) {
        return;
    }
    if (connection->tls != NULL) {
        take_encrypted(connection, data);
    } else if (connection->phase == CONNECTION_OPEN) {
        connection->handler.received(connection, data);
    }
}

static void take(struct connection *connection, struct bytes data)
{
    if (connection->shaper == NULL || !connection_shaper_hold_input(connection, data)) {
        connection_take(connection, data);
    }
}

void connection_retry_handshake(struct connection *connection)
{
    if (connection->tls != NULL && connection->phase <= CONNECTION_OPEN) {
        connection_set_deadline(connection, HANDSHAKE_MS);
        take_encrypted(connection, (struct bytes){0});
    }
}

/* No room, when this connection has had its share of the turn: libuv comes back for the rest. */
static void offer_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct connection *connection = CONTAINER_OF(handle, struct connection, tcp);
    struct loop *loop = connection->group->loop;

    (void)suggested;
    if (connection->turn != loop->turn) {
        connection->turn = loop->turn;
        connection->turn_bytes = 0;
    }
    *room = uv_buf_init(loop->read_buffer,
                        connection->turn_bytes >= BYTES_PER_TURN ? 0 : LOOP_READ_SIZE);
}

static void was_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
    struct connection *connection = CONTAINER_OF(stream, struct connection, tcp);

    if (count == 0 || count == UV_ENOBUFS) {
        return;
    }
    if (count > 0) {
        connection->turn_bytes += (size_t)count;
        if (connection->phase <= CONNECTION_OPEN) {
            take(connection, (struct bytes){room->base, (size_t)count});
        }
        return;
    }
    if (count != UV_EOF || connection->phase == CONNECTION_LINGERING) {
        connection_close_now(connection, count == UV_EOF ? 0 : (int)count);
    } else if (connection->phase == CONNECTION_FLUSHING) {
        connection->ended = true;
        uv_read_stop(stream);
    } else if (!connection->ended) {
        connection->ended = true;
        uv_read_stop(stream);
        if (!connection_shaper_hold_end(connection)) {
            connection_end_of_input(connection);
        }
    }
}

void connection_pause(struct connection *connection)
{
    if (connection->phase <= CONNECTION_OPEN && !connection->paused) {
        connection->paused = true;
        uv_read_stop((uv_stream_t *)&connection->tcp);
    }
}

void connection_resume(struct connection *connection)
{
    if (connection->paused && !connection->ended && connection->phase != CONNECTION_CLOSED) {
        connection->paused = false;
        if (!connection->throttled) {
            uv_read_start((uv_stream_t *)&connection->tcp, offer_room, was_read);
        }
    }
}

void connection_throttle(struct connection *connection, bool throttled)
{
    if (connection->throttled == throttled || connection->phase == CONNECTION_CLOSED) {
        return;
    }
    connection->throttled = throttled;
    if (throttled) {
        uv_read_stop((uv_stream_t *)&connection->tcp);
    } else if (!connection->paused && !connection->ended) {
        uv_read_start((uv_stream_t *)&connection->tcp, offer_room, was_read);
    }
}

/* ---- Beginning ---- */

static void write_address(const struct sockaddr_storage *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        uv_ip6_name(six, host, sizeof(host));
        snprintf(text, size, "[%s]:%d", host, ntohs(six->sin6_port));
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        uv_ip4_name(four, host, sizeof(host));
        snprintf(text, size, "%s:%d", host, ntohs(four->sin_port));
    }
}

static void note_addresses(struct connection *connection)
{
    struct sockaddr_storage address = {0};
    int size = sizeof(address);

    uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size);
    write_address(&address, connection->peer, sizeof(connection->peer));
    size = sizeof(address);
    uv_tcp_getsockname(&connection->tcp, (struct sockaddr *)&address, &size);
    write_address(&address, connection->local, sizeof(connection->local));
}

void connection_begin(struct connection *connection)
{
    uv_tcp_nodelay(&connection->tcp, 1);
    uv_tcp_keepalive(&connection->tcp, 1, KEEPALIVE_SECONDS);
    note_addresses(connection);
    int failure = uv_read_start((uv_stream_t *)&connection->tcp, offer_room, was_read);
    if (failure != 0) {
        connection_close_now(connection, failure);
    }
}

int connection_accept(struct connection_group *group, uv_stream_t *listening)
{
    struct connection *connection = connection_create(group);
    int failure = uv_tcp_init(&group->loop->uv, &connection->tcp);

    if (failure == 0) {
        failure = uv_accept(listening, (uv_stream_t *)&connection->tcp);
    }
    if (failure != 0 || group->closing) {
        connection_close_now(connection, failure);
        return failure;
    }
    connection->phase = CONNECTION_SNIFFING;
    connection_begin(connection);
    connection_faults_begin(connection);
    if (group->security != LISTENER_PLAIN) {
        connection_set_deadline(connection, FIRST_BYTE_MS);
    } else if (connection->phase == CONNECTION_SNIFFING) {
        connection_announce(connection);
    }
    return 0;
}

void connection_start_tls(struct connection *connection, struct bytes first, struct bytes name)
{
    if (connection->phase != CONNECTION_OPEN || connection->tls != NULL) {
        return;
    }
    begin_tls(connection, name);
    if (first.size > 0) {
        take_encrypted(connection, first);
    }
}

/* ---- Looking ---- */

void connection_set_data(struct connection *connection, void *data)
{
    connection->data = data;
}

void *connection_data(const struct connection *connection)
{
    return connection->data;
}

void connection_set_handler(struct connection *connection, const struct connection_handler *handler)
{
    connection->handler = *handler;
}

struct loop *connection_loop(const struct connection *connection)
{
    return connection->group->loop;
}

bool connection_is_tls(const struct connection *connection)
{
    return connection->tls != NULL;
}

struct bytes connection_server_name(const struct connection *connection)
{
    return connection->tls == NULL ? BYTES("") : tls_stream_server_name(connection->tls);
}

enum tls_version connection_tls_version(const struct connection *connection)
{
    return connection->tls == NULL ? 0 : tls_stream_version(connection->tls);
}

struct bytes connection_peer(const struct connection *connection)
{
    return bytes_from_string(connection->peer);
}

struct bytes connection_local(const struct connection *connection)
{
    return bytes_from_string(connection->local);
}

int connection_local_port(const struct connection *connection)
{
    return connection->group->port;
}

int connection_descriptor(const struct connection *connection)
{
    uv_os_fd_t descriptor;
    return uv_fileno((const uv_handle_t *)&connection->tcp, &descriptor) == 0 ? descriptor : -1;
}

int connection_failure(const struct connection *connection)
{
    return connection->failure;
}
