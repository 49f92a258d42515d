/*
 * Listening sockets and their connections: one read buffer for all, one write per send, reading
 * stopped while a client does not take what was sent to it.
 */
#include "emulator/listener.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum {
    BACKLOG = 1024,
    HIGH_WATER = 1024 * 1024,
    LOW_WATER = 256 * 1024,
    HANDSHAKE_MS = 30 * 1000,
    FAREWELL_MS = 10 * 1000,
    TLS_FIRST_BYTE = 0x16,
};
#define SEND_LIMIT ((size_t)2 << 30)

struct connection {
    uv_tcp_t tcp;
    struct listener *listener;
    struct connection *next, *previous;
    struct tls_stream *tls;
    void *data;
    struct loop_deadline deadline; /* of the handshake, then of the farewell */
    uv_shutdown_t shutdown;
    size_t pending; /* bytes handed to libuv and not written yet */
    bool opened, sniffed, closing, ended, paused, choked, handshaken;
    char peer[64], local[64];
};

struct listener {
    uv_tcp_t tcp;
    struct loop *loop;
    struct listener_config config;
    struct connection *connections;
    size_t count;
    bool closing;
    bool socket_closed;
    void (*done)(void *context);
    void *done_context;
};

/* One write that libuv could not take at once. */
struct pending_write {
    uv_write_t request;
    struct connection *connection;
    size_t size;
    char data[];
};

static void free_listener_when_empty(struct listener *listener)
{
    if (!listener->closing || !listener->socket_closed || listener->count > 0) {
        return;
    }
    void (*done)(void *context) = listener->done;
    void *context = listener->done_context;
    memory_free(listener);
    if (done != NULL) {
        done(context);
    }
}

/* ---- Closing ---- */

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = CONTAINER_OF((uv_tcp_t *)handle, struct connection, tcp);
    struct listener *listener = connection->listener;
    if (connection->opened) {
        listener->config.handler.closed(connection);
    }
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        listener->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    listener->count--;
    tls_stream_destroy(connection->tls);
    memory_free(connection);
    free_listener_when_empty(listener);
}

static void end(struct connection *connection)
{
    if (connection->ended) {
        return;
    }
    connection->ended = true;
    connection->closing = true;
    loop_clear_deadline(connection->listener->loop, &connection->deadline);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

void connection_abort(struct connection *connection)
{
    if (connection->ended) {
        return;
    }
    connection->ended = true;
    connection->closing = true;
    loop_clear_deadline(connection->listener->loop, &connection->deadline);
    if (uv_tcp_close_reset(&connection->tcp, on_closed) != 0) {
        uv_close((uv_handle_t *)&connection->tcp, on_closed);
    }
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    end(CONTAINER_OF(request, struct connection, shutdown));
}

static void deadline_passed(struct loop_deadline *deadline)
{
    struct connection *connection = CONTAINER_OF(deadline, struct connection, deadline);
    if (!connection->opened && !connection->closing) {
        log_debug("listener", "handshake timed out peer=%s", connection->peer);
    }
    end(connection);
}

static void write_out(struct connection *connection, struct bytes data);

void connection_close(struct connection *connection)
{
    if (connection->closing) {
        return;
    }
    struct loop *loop = connection->listener->loop;
    if (connection->tls != NULL) {
        buf_clear(&loop->outgoing);
        tls_stream_shutdown(connection->tls, &loop->outgoing);
        write_out(connection, buf_bytes(&loop->outgoing));
    }
    if (connection->closing) {
        return;
    }
    connection->closing = true;
    uv_read_stop((uv_stream_t *)&connection->tcp);
    loop_set_deadline(loop, &connection->deadline, FAREWELL_MS);
    if (uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown) != 0) {
        end(connection);
    }
}

/* ---- Writing ---- */

static void start_reading(struct connection *connection);

static void on_written(uv_write_t *request, int status)
{
    struct pending_write *write = CONTAINER_OF(request, struct pending_write, request);
    struct connection *connection = write->connection;
    connection->pending -= write->size;
    memory_free(write);
    if (status != 0) {
        end(connection);
        return;
    }
    if (connection->choked && connection->pending < LOW_WATER && !connection->closing) {
        connection->choked = false;
        start_reading(connection);
        if (connection->listener->config.handler.drained != NULL) {
            connection->listener->config.handler.drained(connection);
        }
    }
}

static void write_out(struct connection *connection, struct bytes data)
{
    if (connection->closing || data.size == 0) {
        return;
    }
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (connection->pending == 0) {
        uv_buf_t piece = uv_buf_init((char *)data.data, (unsigned)data.size);
        int written = uv_try_write(stream, &piece, 1);
        if (written > 0) {
            data = bytes_slice(data, (size_t)written, data.size);
        } else if (written != UV_EAGAIN && written < 0) {
            end(connection);
            return;
        }
    }
    if (data.size == 0) {
        return;
    }
    struct pending_write *write = memory_allocate(sizeof(*write) + data.size);
    write->connection = connection;
    write->size = data.size;
    memcpy(write->data, data.data, data.size);
    uv_buf_t piece = uv_buf_init(write->data, (unsigned)data.size);
    if (uv_write(&write->request, stream, &piece, 1, on_written) != 0) {
        memory_free(write);
        end(connection);
        return;
    }
    connection->pending += data.size;
    if (connection->pending > SEND_LIMIT) {
        end(connection);
    } else if (connection->pending > HIGH_WATER && !connection->choked) {
        connection->choked = true;
        uv_read_stop(stream);
    }
}

void connection_send(struct connection *connection, struct bytes data)
{
    if (connection->closing) {
        return;
    }
    if (connection->tls == NULL) {
        write_out(connection, data);
        return;
    }
    struct buf outgoing;
    buf_init(&outgoing, SEND_LIMIT);
    if (tls_stream_send(connection->tls, data, &outgoing) == TLS_OK) {
        write_out(connection, buf_bytes(&outgoing));
    } else {
        end(connection);
    }
    buf_finish(&outgoing);
}

size_t connection_pending(const struct connection *connection)
{
    return connection->pending;
}

/* ---- Reading ---- */

static bool open_connection(struct connection *connection)
{
    struct listener *listener = connection->listener;
    connection->opened = true;
    loop_clear_deadline(listener->loop, &connection->deadline);
    if (!listener->config.handler.opened(listener->config.handler.context, connection)) {
        connection_close(connection);
    }
    return !connection->closing;
}

static void receive_tls(struct connection *connection, struct bytes data)
{
    /* Buffers of its own: a handler may send, and start another connection's turn, meanwhile. */
    struct buf plain, outgoing;
    buf_init(&plain, SEND_LIMIT);
    buf_init(&outgoing, SEND_LIMIT);
    enum tls_result result = tls_stream_receive(connection->tls, data, &plain, &outgoing);
    write_out(connection, buf_bytes(&outgoing));
    if (result == TLS_FAILED) {
        log_info("listener", "TLS failed peer=%s name=%.*s reason=\"%s\"", connection->peer,
                 (int)tls_stream_server_name(connection->tls).size,
                 tls_stream_server_name(connection->tls).data, tls_stream_failure(connection->tls));
    }
    bool established = tls_stream_established(connection->tls);
    if (established && !connection->handshaken && !connection->closing) {
        connection->handshaken = true;
        loop_clear_deadline(connection->listener->loop, &connection->deadline);
        if (!connection->opened) {
            open_connection(connection);
        }
    }
    if (plain.size > 0 && !connection->closing) {
        connection->listener->config.handler.received(connection, buf_bytes(&plain));
    }
    if (result != TLS_OK) {
        connection_close(connection);
    }
    buf_finish(&plain);
    buf_finish(&outgoing);
}

static void start_tls(struct connection *connection)
{
    struct listener *listener = connection->listener;
    connection->tls =
        tls_stream_create(listener->config.authority,
                          listener->config.policy.decide == NULL ? NULL : &listener->config.policy,
                          listener->config.http);
    connection->handshaken = false;
    loop_set_deadline(listener->loop, &connection->deadline, HANDSHAKE_MS);
}

/* By the first byte: TLS or not. False when the listener does not take what it is. */
static bool sniff(struct connection *connection, struct bytes data)
{
    enum listener_security security = connection->listener->config.security;
    bool tls = (unsigned char)data.data[0] == TLS_FIRST_BYTE;
    connection->sniffed = true;
    if (security == LISTENER_TLS && !tls) {
        log_info("listener", "plain text on the TLS port peer=%s hint=\"connect with TLS\"",
                 connection->peer);
        return false;
    }
    if (security == LISTENER_PLAIN && tls) {
        log_info("listener", "TLS on the plain port peer=%s hint=\"use the TLS port\"",
                 connection->peer);
        return false;
    }
    if (tls) {
        start_tls(connection);
    }
    return true;
}

static void handle_bytes(struct connection *connection, struct bytes data)
{
    if (!connection->sniffed) {
        if (!sniff(connection, data)) {
            end(connection);
            return;
        }
        if (connection->tls == NULL && !connection->opened && !open_connection(connection)) {
            return;
        }
    }
    if (connection->tls != NULL) {
        receive_tls(connection, data);
    } else {
        connection->listener->config.handler.received(connection, data);
    }
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = CONTAINER_OF((uv_tcp_t *)handle, struct connection, tcp);
    (void)suggested;
    *buffer = uv_buf_init(connection->listener->loop->read_buffer, LOOP_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = CONTAINER_OF((uv_tcp_t *)stream, struct connection, tcp);
    if (size < 0) {
        end(connection);
    } else if (size > 0 && !connection->closing) {
        handle_bytes(connection, (struct bytes){buffer->base, (size_t)size});
    }
}

static void start_reading(struct connection *connection)
{
    if (!connection->paused && !connection->choked && !connection->closing) {
        uv_read_start((uv_stream_t *)&connection->tcp, on_allocate, on_read);
    }
}

void connection_pause(struct connection *connection)
{
    connection->paused = true;
    if (!connection->ended) {
        uv_read_stop((uv_stream_t *)&connection->tcp);
    }
}

void connection_resume(struct connection *connection)
{
    connection->paused = false;
    start_reading(connection);
}

void connection_start_tls(struct connection *connection, struct bytes first)
{
    start_tls(connection);
    if (first.size > 0) {
        receive_tls(connection, first);
    }
}

/* ---- Accepting ---- */

static void format_address(const struct sockaddr_storage *address, char text[64])
{
    char host[48] = "";
    int port = 0;
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        uv_ip6_name(six, host, sizeof(host));
        port = ntohs(six->sin6_port);
        snprintf(text, 64, "[%s]:%d", host, port);
        return;
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    uv_ip4_name(four, host, sizeof(host));
    port = ntohs(four->sin_port);
    snprintf(text, 64, "%s:%d", host, port);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *listener = CONTAINER_OF((uv_tcp_t *)server, struct listener, tcp);
    if (status != 0 || listener->closing) {
        return;
    }
    struct connection *connection = memory_allocate_zeroed(sizeof(*connection));
    connection->listener = listener;
    connection->deadline.passed = deadline_passed;
    connection->sniffed = false;
    uv_tcp_init(&listener->loop->uv, &connection->tcp);
    connection->next = listener->connections;
    if (listener->connections != NULL) {
        listener->connections->previous = connection;
    }
    listener->connections = connection;
    listener->count++;
    if (uv_accept(server, (uv_stream_t *)&connection->tcp) != 0) {
        end(connection);
        return;
    }
    uv_tcp_nodelay(&connection->tcp, 1);
    uv_tcp_keepalive(&connection->tcp, 1, 60);
    struct sockaddr_storage address;
    int size = sizeof(address);
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size) == 0) {
        format_address(&address, connection->peer);
    }
    size = sizeof(address);
    if (uv_tcp_getsockname(&connection->tcp, (struct sockaddr *)&address, &size) == 0) {
        format_address(&address, connection->local);
    }
    if (listener->config.security == LISTENER_PLAIN) {
        /* A Redis client may wait for nothing, yet counts from its connection on. */
        if (!open_connection(connection)) {
            return;
        }
    } else {
        loop_set_deadline(listener->loop, &connection->deadline, HANDSHAKE_MS);
    }
    start_reading(connection);
}

static bool parse_address(const char *text, int port, struct sockaddr_storage *address)
{
    return uv_ip4_addr(text, port, (struct sockaddr_in *)address) == 0 ||
           uv_ip6_addr(text, port, (struct sockaddr_in6 *)address) == 0;
}

static void free_unused(uv_handle_t *handle)
{
    memory_free(CONTAINER_OF((uv_tcp_t *)handle, struct listener, tcp));
}

struct listener *listener_create(struct loop *loop, const struct listener_config *config,
                                 struct buf *error)
{
    struct sockaddr_storage address;
    if (!parse_address(config->address, config->port, &address)) {
        buf_printf(error, "'%s' is not an IP address to listen on; use one such as 127.0.0.1",
                   config->address);
        return NULL;
    }
    struct listener *listener = memory_allocate_zeroed(sizeof(*listener));
    listener->loop = loop;
    listener->config = *config;
    uv_tcp_init(&loop->uv, &listener->tcp);
    int failure = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&address, 0);
    if (failure == 0) {
        failure = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    }
    if (failure != 0) {
        buf_printf(error, "cannot listen on %s port %d: %s", config->address, config->port,
                   failure == UV_EADDRINUSE
                       ? "the port is in use; stop what uses it or choose another port"
                       : uv_strerror(failure));
        uv_close((uv_handle_t *)&listener->tcp, free_unused);
        return NULL;
    }
    return listener;
}

int listener_port(const struct listener *listener)
{
    struct sockaddr_storage address;
    int size = sizeof(address);
    if (uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                         : ntohs(((struct sockaddr_in *)&address)->sin_port);
}

size_t listener_connection_count(const struct listener *listener)
{
    return listener->count;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *listener = CONTAINER_OF((uv_tcp_t *)handle, struct listener, tcp);
    listener->socket_closed = true;
    free_listener_when_empty(listener);
}

void listener_close(struct listener *listener, void (*done)(void *context), void *context)
{
    listener->closing = true;
    listener->done = done;
    listener->done_context = context;
    for (struct connection *connection = listener->connections, *next; connection != NULL;
         connection = next) {
        next = connection->next;
        connection_close(connection);
    }
    uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
}

/* ---- What endpoints ask ---- */

void connection_set_data(struct connection *connection, void *data)
{
    connection->data = data;
}

void *connection_data(const struct connection *connection)
{
    return connection->data;
}

bool connection_is_tls(const struct connection *connection)
{
    return connection->tls != NULL;
}

struct bytes connection_server_name(const struct connection *connection)
{
    return connection->tls == NULL ? (struct bytes){"", 0}
                                   : tls_stream_server_name(connection->tls);
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

int connection_descriptor(const struct connection *connection)
{
    uv_os_fd_t descriptor;
    return uv_fileno((const uv_handle_t *)&connection->tcp, &descriptor) == 0 ? descriptor : -1;
}
