/* The DNS responder. */
#include "emulator/dns_server.h"

#include <stdio.h>
#include <string.h>

#include "base/dns.h"
#include "base/log.h"
#include "emulator/dns_answer.h"
#include "emulator/listener.h"

enum {
    IDLE_MS = 10000, /* of a TCP client */
    UDP_SIZE = 65535,
    ATTEMPTS = 8, /* to find a port that is free for UDP and TCP */
};

struct dns_server {
    struct dns_server_config config;
    uv_udp_t udp;
    struct listener *listener;
    int port;
    char received[UDP_SIZE];
    size_t open;
    void (*done)(void *context);
    void *context;
};

static void answer(const struct dns_server *server, struct bytes message, size_t limit,
                   struct buf *output)
{
    dns_answer(&server->config.names, server->config.faults, message, limit, output);
}

/* ---- UDP ---- */

static void give_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct dns_server *server = handle->data;
    (void)size;
    *buffer = uv_buf_init(server->received, sizeof(server->received));
}

static void datagram(uv_udp_t *udp, ssize_t size, const uv_buf_t *buffer,
                     const struct sockaddr *peer, unsigned flags)
{
    struct dns_server *server = udp->data;
    struct buf output;
    if (size <= 0 || peer == NULL || (flags & UV_UDP_PARTIAL) != 0) {
        return;
    }
    buf_init(&output, DNS_TCP_LIMIT);
    answer(server, (struct bytes){buffer->base, (size_t)size}, 0, &output);
    if (output.size > 0) {
        uv_buf_t sent = uv_buf_init(output.data, (unsigned)output.size);
        uv_udp_try_send(udp, &sent, 1, peer); /* lost is lost: clients ask again */
    }
    buf_finish(&output);
}

/* ---- TCP: each message behind its size ---- */

struct dns_client {
    struct dns_server *server;
    struct buf input;
};

static bool opened(void *context, struct connection *connection)
{
    struct dns_client *client = memory_allocate(sizeof(*client));
    client->server = context;
    buf_init(&client->input, 2 * (DNS_TCP_LIMIT + 2));
    connection_set_data(connection, client);
    connection_set_deadline(connection, IDLE_MS);
    return true;
}

static void answer_all(struct dns_server *server, struct connection *connection, struct buf *input)
{
    while (input->size >= 2) {
        size_t size = (size_t)((unsigned char)input->data[0] << 8 | (unsigned char)input->data[1]);
        struct buf output;
        if (input->size - 2 < size) {
            return;
        }
        buf_init(&output, DNS_TCP_LIMIT);
        answer(server, (struct bytes){input->data + 2, size}, DNS_TCP_LIMIT, &output);
        if (output.size > 0) {
            const char prefix[2] = {(char)(output.size >> 8), (char)(output.size & 255)};
            connection_send(connection, (struct bytes){prefix, sizeof(prefix)});
            connection_send(connection, buf_bytes(&output));
        }
        buf_finish(&output);
        buf_consume(input, size + 2);
    }
}

static void received(struct connection *connection, struct bytes data)
{
    struct dns_client *client = connection_data(connection);
    if (!buf_append(&client->input, data) ||
        connection_pending(connection) > CONNECTION_HIGH_WATER) {
        connection_abort(connection);
        return;
    }
    connection_set_deadline(connection, IDLE_MS);
    answer_all(client->server, connection, &client->input);
}

static void closed(struct connection *connection)
{
    struct dns_client *client = connection_data(connection);
    buf_finish(&client->input);
    memory_free(client);
}

/* ---- Life ---- */

static void finish_part(struct dns_server *server)
{
    if (--server->open == 0) {
        void (*done)(void *context) = server->done;
        void *context = server->context;
        memory_free(server);
        if (done != NULL) {
            done(context);
        }
    }
}

static void udp_closed(uv_handle_t *handle)
{
    finish_part(handle->data);
}

static void listener_closed(void *context)
{
    finish_part(context);
}

/* A socket address for `bind`; "localhost" is IPv4's. */
static int address_of(const char *bind, int port, struct sockaddr_storage *address)
{
    const char *text = strcmp(bind, "localhost") == 0 ? "127.0.0.1" : bind;
    int failure = uv_ip4_addr(text, port, (struct sockaddr_in *)address);
    return failure == 0 ? 0 : uv_ip6_addr(text, port, (struct sockaddr_in6 *)address);
}

static int bind_udp(struct dns_server *server)
{
    struct sockaddr_storage address;
    int failure = address_of(server->config.bind, server->port, &address);
    if (failure == 0) {
        failure = uv_udp_bind(&server->udp, (const struct sockaddr *)&address, 0);
    }
    return failure == 0 ? uv_udp_recv_start(&server->udp, give_buffer, datagram) : failure;
}

static bool listen_tcp(struct dns_server *server, struct buf *error)
{
    const struct listener_config config = {
        .address = server->config.bind,
        .port = server->config.port,
        .security = LISTENER_PLAIN,
        .handler =
            {
                .context = server,
                .opened = opened,
                .received = received,
                .closed = closed,
            },
    };
    server->listener = listener_create(server->config.loop, &config, error);
    if (server->listener == NULL) {
        return false;
    }
    server->port = listener_port(server->listener);
    server->open++;
    return true;
}

static struct dns_server *try_create(const struct dns_server_config *config, struct buf *error)
{
    struct dns_server *server = memory_allocate_zeroed(sizeof(*server));
    server->config = *config;
    if (!listen_tcp(server, error)) {
        memory_free(server);
        return NULL;
    }
    uv_udp_init(&config->loop->uv, &server->udp);
    server->udp.data = server;
    server->open++;
    int failure = bind_udp(server);
    if (failure != 0) {
        buf_printf(error, "cannot answer DNS over UDP at %s port %d: %s", config->bind,
                   server->port, uv_strerror(failure));
        dns_server_close(server, NULL, NULL);
        return NULL;
    }
    return server;
}

struct dns_server *dns_server_create(const struct dns_server_config *config, struct buf *error)
{
    struct dns_server *server = NULL;
    for (int i = 0; server == NULL && i < (config->port == 0 ? ATTEMPTS : 1); i++) {
        buf_clear(error);
        server = try_create(config, error);
    }
    return server;
}

int dns_server_port(const struct dns_server *server)
{
    return server->port;
}

void dns_server_close(struct dns_server *server, void (*done)(void *context), void *context)
{
    server->done = done;
    server->context = context;
    uv_close((uv_handle_t *)&server->udp, udp_closed);
    listener_close(server->listener, listener_closed, server);
}
