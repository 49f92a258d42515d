/* Tunnels to foreign hosts: two sockets, each read only while the other takes what it gets. */
#include "emulator/proxy.h"

#include <string.h>

#include "base/log.h"

enum { HIGH_WATER = 1024 * 1024, LOW_WATER = 256 * 1024, READ_SIZE = 64 * 1024 };

struct tunnel {
    struct loop *loop;
    struct connection *client; /* NULL once it is gone */
    uv_tcp_t tcp;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    struct addrinfo *addresses, *next_address;
    struct buf early; /* sent by the client before the far end was there */
    char *host;
    size_t pending;
    bool connected, ended, looking_up, choked_client, tcp_open;
};

struct tunnel_write {
    uv_write_t request;
    struct tunnel *tunnel;
    size_t size;
    char data[];
};

static void free_tunnel(struct tunnel *tunnel)
{
    uv_freeaddrinfo(tunnel->addresses);
    buf_finish(&tunnel->early);
    memory_free(tunnel->host);
    memory_free(tunnel);
}

static void on_closed(uv_handle_t *handle)
{
    struct tunnel *tunnel = CONTAINER_OF((uv_tcp_t *)handle, struct tunnel, tcp);
    tunnel->tcp_open = false;
    if (!tunnel->looking_up && tunnel->client == NULL) {
        free_tunnel(tunnel);
    }
}

/* The far end is over; the client is told by closing it, and frees the tunnel then. */
static void far_end_gone(struct tunnel *tunnel)
{
    if (tunnel->ended) {
        return;
    }
    tunnel->ended = true;
    uv_close((uv_handle_t *)&tunnel->tcp, on_closed);
    if (tunnel->client != NULL) {
        connection_close(tunnel->client);
    }
}

static void refuse(struct tunnel *tunnel, const char *reason)
{
    log_info("proxy", "tunnel failed host=%s reason=\"%s\"", tunnel->host, reason);
    if (tunnel->client != NULL) {
        char *text = string_format(
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nConnection: "
            "close\r\n\r\n{\"error\":{\"code\":\"BadGateway\",\"message\":\"Cannot reach %s: "
            "%s\"}}",
            tunnel->host, reason);
        connection_send(tunnel->client, bytes_from_string(text));
        memory_free(text);
    }
    far_end_gone(tunnel);
}

static void on_written(uv_write_t *request, int status)
{
    struct tunnel_write *write = CONTAINER_OF(request, struct tunnel_write, request);
    struct tunnel *tunnel = write->tunnel;
    tunnel->pending -= write->size;
    memory_free(write);
    if (status != 0) {
        far_end_gone(tunnel);
    } else if (tunnel->choked_client && tunnel->pending < LOW_WATER && tunnel->client != NULL) {
        tunnel->choked_client = false;
        connection_resume(tunnel->client);
    }
}

static void write_far(struct tunnel *tunnel, struct bytes data)
{
    struct tunnel_write *write = memory_allocate(sizeof(*write) + data.size);
    write->tunnel = tunnel;
    write->size = data.size;
    memcpy(write->data, data.data, data.size);
    uv_buf_t piece = uv_buf_init(write->data, (unsigned)data.size);
    if (uv_write(&write->request, (uv_stream_t *)&tunnel->tcp, &piece, 1, on_written) != 0) {
        memory_free(write);
        far_end_gone(tunnel);
        return;
    }
    tunnel->pending += data.size;
    if (tunnel->pending > HIGH_WATER && !tunnel->choked_client && tunnel->client != NULL) {
        tunnel->choked_client = true;
        connection_pause(tunnel->client);
    }
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct tunnel *tunnel = CONTAINER_OF((uv_tcp_t *)handle, struct tunnel, tcp);
    (void)suggested;
    *buffer = uv_buf_init(tunnel->loop->read_buffer, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct tunnel *tunnel = CONTAINER_OF((uv_tcp_t *)stream, struct tunnel, tcp);
    if (size < 0) {
        far_end_gone(tunnel);
        return;
    }
    if (size == 0 || tunnel->client == NULL) {
        return;
    }
    connection_send(tunnel->client, (struct bytes){buffer->base, (size_t)size});
    if (!tunnel->ended && tunnel->client != NULL &&
        connection_pending(tunnel->client) > HIGH_WATER) {
        uv_read_stop(stream); /* tunnel_drained goes on */
    }
}

void tunnel_drained(struct tunnel *tunnel)
{
    if (tunnel->connected && !tunnel->ended) {
        uv_read_start((uv_stream_t *)&tunnel->tcp, on_allocate, on_read);
    }
}

static void try_next_address(struct tunnel *tunnel);

static void on_connected(uv_connect_t *request, int status)
{
    struct tunnel *tunnel = CONTAINER_OF(request, struct tunnel, connect);
    if (tunnel->ended) {
        return;
    }
    if (status != 0) {
        refuse(tunnel, uv_strerror(status));
        return;
    }
    tunnel->connected = true;
    if (tunnel->client != NULL) {
        connection_send(tunnel->client, BYTES("HTTP/1.1 200 Connection established\r\n\r\n"));
    }
    if (tunnel->early.size > 0) {
        write_far(tunnel, buf_bytes(&tunnel->early));
        buf_finish(&tunnel->early);
    }
    tunnel_drained(tunnel);
}

static void try_next_address(struct tunnel *tunnel)
{
    int failure =
        uv_tcp_connect(&tunnel->connect, &tunnel->tcp, tunnel->next_address->ai_addr, on_connected);
    if (failure != 0) {
        refuse(tunnel, uv_strerror(failure));
    }
}

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct tunnel *tunnel = CONTAINER_OF(lookup, struct tunnel, lookup);
    tunnel->looking_up = false;
    tunnel->addresses = tunnel->next_address = addresses;
    if (tunnel->ended) {
        if (!tunnel->tcp_open && tunnel->client == NULL) {
            free_tunnel(tunnel);
        }
    } else if (status != 0) {
        refuse(tunnel, uv_strerror(status));
    } else {
        try_next_address(tunnel);
    }
}

struct tunnel *tunnel_open(struct loop *loop, struct connection *client, const char *host,
                           const char *port)
{
    struct tunnel *tunnel = memory_allocate_zeroed(sizeof(*tunnel));
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    tunnel->loop = loop;
    tunnel->client = client;
    tunnel->host = string_duplicate(host);
    buf_init(&tunnel->early, HIGH_WATER);
    uv_tcp_init(&loop->uv, &tunnel->tcp);
    tunnel->tcp_open = true;
    tunnel->looking_up = true;
    int failure = uv_getaddrinfo(&loop->uv, &tunnel->lookup, on_found, host, port, &wanted);
    if (failure != 0) {
        tunnel->looking_up = false;
        refuse(tunnel, uv_strerror(failure));
    }
    return tunnel;
}

void tunnel_send(struct tunnel *tunnel, struct bytes data)
{
    if (tunnel->ended) {
        return;
    }
    if (tunnel->connected) {
        write_far(tunnel, data);
    } else if (!buf_append(&tunnel->early, data)) {
        refuse(tunnel, "too much was sent before the connection was there");
    }
}

void tunnel_close(struct tunnel *tunnel)
{
    tunnel->client = NULL;
    if (!tunnel->ended) {
        tunnel->ended = true;
        if (tunnel->looking_up) {
            uv_cancel((uv_req_t *)&tunnel->lookup);
        }
        uv_close((uv_handle_t *)&tunnel->tcp, on_closed);
    } else if (!tunnel->tcp_open && !tunnel->looking_up) {
        free_tunnel(tunnel);
    }
}
