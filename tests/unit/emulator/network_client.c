#include "tests/unit/emulator/network_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/test.h"

#define PATIENCE_US ((int64_t)20 * 1000 * 1000)

int64_t patience_end_us(void)
{
    return clock_monotonic_us() + PATIENCE_US;
}

bool patience_left(int64_t end_us)
{
    return clock_monotonic_us() < end_us;
}

int network_connect(int port)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(connect(file, (struct sockaddr *)&there, sizeof(there)) == 0);
    fcntl(file, F_SETFL, O_NONBLOCK);
    return file;
}

void client_connect(struct client *client, struct loop *loop, int port)
{
    *client = (struct client){.loop = loop};
    buf_init(&client->got, FAR_LIMIT);
    client->socket = network_connect(port);
}

void client_finish(struct client *client)
{
    close(client->socket);
    buf_finish(&client->got);
}

static void read_all(struct client *client, struct buf *target)
{
    char piece[65536];
    for (;;) {
        ssize_t size = read(client->socket, piece, sizeof(piece));
        if (size <= 0) {
            client->ended |= size == 0 || (errno != EAGAIN && errno != EINTR);
            return;
        }
        buf_append(target, (struct bytes){piece, (size_t)size});
    }
}

void client_turn(struct client *client)
{
    struct pollfd readable = {.fd = client->socket, .events = POLLIN};
    struct buf raw;

    uv_run(&client->loop->uv, UV_RUN_NOWAIT);
    poll(&readable, 1, 1);
    if (client->tls == NULL) {
        read_all(client, &client->got);
        return;
    }
    buf_init(&raw, FAR_LIMIT);
    read_all(client, &raw);
    tls_client_receive(client->tls, buf_bytes(&raw), &client->got);
    buf_clear(&raw);
    tls_client_take(client->tls, &raw);
    if (raw.size > 0) {
        CHECK(send(client->socket, raw.data, raw.size, MSG_NOSIGNAL) == (ssize_t)raw.size);
    }
    buf_finish(&raw);
}

void client_send(struct client *client, struct bytes data)
{
    int64_t end_us = patience_end_us();

    if (client->tls != NULL) {
        tls_client_send(client->tls, data);
        client_turn(client);
        return;
    }
    while (data.size > 0 && !client->ended && patience_left(end_us)) {
        ssize_t size = send(client->socket, data.data, data.size, MSG_NOSIGNAL);
        data = bytes_slice(data, size > 0 ? (size_t)size : 0, data.size);
        client_turn(client);
    }
}

bool client_holds(const struct client *client, const char *text)
{
    struct bytes rest = buf_bytes(&client->got), sought = bytes_from_string(text);
    while (rest.size >= sought.size) {
        if (bytes_start_with(rest, sought)) {
            return true;
        }
        size_t next = bytes_find(bytes_slice(rest, 1, rest.size), text[0]);
        rest = bytes_slice(rest, next + 1, rest.size);
    }
    return false;
}

bool client_wait_for(struct client *client, const char *text)
{
    int64_t end_us = patience_end_us();
    while (!client_holds(client, text) && !client->ended && patience_left(end_us)) {
        client_turn(client);
    }
    bool held = client_holds(client, text);
    if (!held) {
        struct bytes got = bytes_slice(buf_bytes(&client->got), 0, 2000);
        printf("# waited for \"%s\", got %.*s\n", text, (int)got.size,
               got.data == NULL ? "" : got.data);
    }
    return held;
}

bool client_wait_for_size(struct client *client, size_t size)
{
    int64_t end_us = patience_end_us();
    while (client->got.size < size && !client->ended && patience_left(end_us)) {
        client_turn(client);
    }
    return client->got.size >= size;
}

bool client_wait_for_end(struct client *client)
{
    int64_t end_us = patience_end_us();
    while (!client->ended && patience_left(end_us)) {
        client_turn(client);
    }
    return client->ended;
}

bool client_start_tls(struct client *client, struct tls_client *tls, const char *ca_file,
                      const char *name, int least, int most)
{
    int64_t end_us = patience_end_us();

    tls_client_init(tls, ca_file, name, least, most);
    client->tls = tls;
    buf_clear(&client->got);
    while (!SSL_is_init_finished(tls->ssl) && !client->ended && patience_left(end_us)) {
        client_turn(client);
    }
    return SSL_is_init_finished(tls->ssl) && !tls->failed;
}
