/* The front door as a proxy: CONNECT, absolute targets, tunnels to other hosts. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/emulator/door_fixture.h"

static void start_tls(struct client *client, struct tls_client *tls, const char *name)
{
    CHECK(client_start_tls(client, tls, tls_authority_file(door_authority()), name, TLS1_2_VERSION,
                           TLS1_3_VERSION));
}

static void through_connect(struct bytes request, const char *name)
{
    struct door door;
    struct client client;
    struct tls_client tls;
    door_open(&door, (struct http_endpoint_config){.offline = true});
    door_join(&door, &client);
    client_send(&client, request);
    CHECK(client_wait_for(&client, "HTTP/1.1 200 Connection established\r\n\r\n"));
    start_tls(&client, &tls, name);
    client_send(&client, BYTES("POST /y HTTP/1.1\r\nHost: management.azure.com\r\n"
                               "Content-Length: 3\r\n\r\nabc"));
    CHECK(client_wait_for(&client, "POST management.azure.com /y tls 3\n"));
    client_finish(&client);
    tls_client_finish(&tls);
    door_close(&door);
}

TEST(connect_to_an_emulated_host_ends_here)
{
    through_connect(BYTES("CONNECT management.azure.com:443 HTTP/1.0\r\n\r\n"),
                    "management.azure.com");
    through_connect(BYTES("CONNECT management.azure.com:443 HTTP/1.1\r\n"
                          "Host: management.azure.com:443\r\n\r\n"),
                    NULL);
}

TEST(absolute_targets_reach_sites)
{
    door_check_answer(BYTES("GET http://localhost/open HTTP/1.1\r\nHost: other\r\n\r\n"),
                      "HTTP/1.1 200 ", "GET localhost /open plain 0\n");
}

TEST(offline_passes_nothing_on)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){.offline = true});
    door_join(&door, &client);
    client_send(&client, BYTES("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"));
    CHECK(client_wait_for(&client, "HTTP/1.1 403 "));
    client_finish(&client);
    door_join(&door, &client);
    client_send(&client, BYTES("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n"));
    CHECK(client_wait_for(&client, "HTTP/1.1 403 "));
    client_finish(&client);
    door_close(&door);
}

TEST(connect_takes_a_host_and_a_port)
{
    static const char *const targets[] = {
        "management.azure.com",       "management.azure.com:",    "management.azure.com:0",
        "management.azure.com:99999", "management.azure.com:4x3", ":443"};
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        char *request = string_format("CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", targets[i]);
        door_check_answer(bytes_from_string(request), "HTTP/1.1 400 ", NULL);
        memory_free(request);
    }
}

/* The far end of tunnels: a socket that the test itself accepts and answers on. */
struct far_end {
    int listening, socket, port;
};

static void far_end_open(struct far_end *far)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    socklen_t size = sizeof(here);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    far->listening = socket(AF_INET, SOCK_STREAM, 0);
    far->socket = -1;
    CHECK(bind(far->listening, (struct sockaddr *)&here, size) == 0);
    CHECK(listen(far->listening, 8) == 0);
    getsockname(far->listening, (struct sockaddr *)&here, &size);
    far->port = ntohs(here.sin_port);
    fcntl(far->listening, F_SETFL, O_NONBLOCK);
}

static void far_end_accept(struct far_end *far, struct client *client)
{
    int64_t end_us = patience_end_us();
    while (far->socket < 0 && patience_left(end_us)) {
        client_turn(client);
        far->socket = accept(far->listening, NULL, NULL);
    }
    CHECK(far->socket >= 0);
    fcntl(far->socket, F_SETFL, O_NONBLOCK);
}

/* Until that much has come, or the other side has ended; how much it was. */
static size_t far_end_read(struct far_end *far, struct client *client, struct buf *got, size_t size)
{
    char piece[65536];
    int64_t end_us = patience_end_us();
    while (got->size < size && patience_left(end_us)) {
        client_turn(client);
        ssize_t part = read(far->socket, piece, sizeof(piece));
        if (part == 0) {
            break;
        }
        buf_append(got, (struct bytes){piece, part > 0 ? (size_t)part : 0});
    }
    return got->size;
}

static void far_end_close(struct far_end *far)
{
    close(far->listening);
    if (far->socket >= 0) {
        close(far->socket);
    }
}

TEST(other_hosts_are_tunnelled_to)
{
    struct door door;
    struct client client;
    struct far_end far;
    struct buf got;
    buf_init(&got, FAR_LIMIT);
    far_end_open(&far);
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    char *request =
        string_format("CONNECT localhost:%d HTTP/1.1\r\nHost: x\r\n\r\nearly", far.port);
    client_send(&client, bytes_from_string(request));
    far_end_accept(&far, &client);
    CHECK(client_wait_for(&client, "HTTP/1.1 200 Connection established\r\n\r\n"));
    client_send(&client, BYTES(" and late"));
    far_end_read(&far, &client, &got, 14);
    CHECK_BYTES(buf_bytes(&got), BYTES("early and late"));
    CHECK(write(far.socket, "answer", 6) == 6);
    CHECK(client_wait_for(&client, "\r\n\r\nanswer"));
    /* One side may end before the other. */
    shutdown(client.socket, SHUT_WR);
    CHECK_INT(far_end_read(&far, &client, &got, 15), 14);
    CHECK(write(far.socket, "last", 4) == 4);
    CHECK(client_wait_for(&client, "answerlast"));
    far_end_close(&far);
    CHECK(client_wait_for_end(&client));
    memory_free(request);
    buf_finish(&got);
    client_finish(&client);
    door_close(&door);
}

TEST(tunnels_carry_much_and_hold_little)
{
    enum { MUCH = 32 * 1024 * 1024 };
    struct door door;
    struct client client;
    struct far_end far;
    struct buf got, sent;
    buf_init(&got, FAR_LIMIT);
    buf_init(&sent, FAR_LIMIT);
    memset(buf_reserve(&sent, MUCH), 'y', MUCH);
    sent.size = MUCH;
    far_end_open(&far);
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    char *request = string_format("CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n", far.port);
    client_send(&client, bytes_from_string(request));
    far_end_accept(&far, &client);
    struct bytes rest = buf_bytes(&sent);
    int stalled = 0;
    while (rest.size > 0 && stalled < 200) {
        ssize_t size = write(client.socket, rest.data, rest.size);
        stalled = size > 0 ? 0 : stalled + 1;
        rest = bytes_slice(rest, size > 0 ? (size_t)size : 0, rest.size);
        door_turn(&door);
    }
    CHECK(rest.size > MUCH / 2); /* nobody reads: it stops */
    int64_t end_us = patience_end_us();
    while (got.size < MUCH && patience_left(end_us)) {
        ssize_t size = rest.size > 0 ? write(client.socket, rest.data, rest.size) : 0;
        rest = bytes_slice(rest, size > 0 ? (size_t)size : 0, rest.size);
        far_end_read(&far, &client, &got, got.size + 1);
    }
    CHECK_INT(got.size, MUCH);
    memory_free(request);
    far_end_close(&far);
    client_finish(&client);
    buf_finish(&got);
    buf_finish(&sent);
    door_close(&door);
}

TEST(absolute_targets_elsewhere_are_forwarded)
{
    struct door door;
    struct client client;
    struct far_end far;
    struct buf got;
    buf_init(&got, FAR_LIMIT);
    far_end_open(&far);
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    char *request = string_format("POST http://127.0.0.1:%d/a?b=c HTTP/1.1\r\nHost: x\r\n"
                                  "Proxy-Connection: keep-alive\r\nX-Own: yes\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
                                  far.port);
    client_send(&client, bytes_from_string(request));
    far_end_accept(&far, &client);
    const char *expected = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Own: yes\r\nContent-Length: 4\r\n"
                           "Connection: close\r\n\r\nbody";
    far_end_read(&far, &client, &got, strlen(expected));
    CHECK_BYTES(buf_bytes(&got), bytes_from_string(expected));
    CHECK(write(far.socket, "HTTP/1.1 204 No Content\r\n\r\n", 27) == 27);
    far_end_close(&far);
    CHECK(client_wait_for_end(&client));
    CHECK(client_holds(&client, "HTTP/1.1 204 No Content"));
    memory_free(request);
    buf_finish(&got);
    client_finish(&client);
    door_close(&door);
}

TEST(a_host_that_cannot_be_reached_is_a_bad_gateway)
{
    struct far_end far;
    far_end_open(&far);
    far_end_close(&far); /* its port is free now */
    char *request = string_format("CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n", far.port);
    door_check_answer(bytes_from_string(request), "HTTP/1.1 502 ", NULL);
    memory_free(request);
}

TEST(a_tunnel_may_be_open_when_the_server_stops)
{
    struct door door;
    struct client client;
    struct far_end far;
    far_end_open(&far);
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    char *request = string_format("CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n", far.port);
    client_send(&client, bytes_from_string(request));
    far_end_accept(&far, &client);
    door_close(&door);
    memory_free(request);
    far_end_close(&far);
    client_finish(&client);
}

TEST(silent_clients_inside_a_tunnel_are_let_go)
{
    struct door door;
    struct client client;
    struct tls_client tls;
    door_open(&door, (struct http_endpoint_config){.message_ms = 300, .idle_ms = 300});
    door_join(&door, &client);
    client_send(&client, BYTES("CONNECT management.azure.com:443 HTTP/1.1\r\n"
                               "Host: management.azure.com:443\r\n\r\n"));
    CHECK(client_wait_for(&client, "HTTP/1.1 200 Connection established\r\n\r\n"));
    start_tls(&client, &tls, "management.azure.com");
    CHECK(client_wait_for_end(&client));
    client_finish(&client);
    tls_client_finish(&tls);
    door_close(&door);
}

static const struct test_case cases[] = {
    CASE(connect_to_an_emulated_host_ends_here),
    CASE(absolute_targets_reach_sites),
    CASE(offline_passes_nothing_on),
    CASE(connect_takes_a_host_and_a_port),
    CASE(other_hosts_are_tunnelled_to),
    CASE(tunnels_carry_much_and_hold_little),
    CASE(absolute_targets_elsewhere_are_forwarded),
    CASE(a_host_that_cannot_be_reached_is_a_bad_gateway),
    CASE(a_tunnel_may_be_open_when_the_server_stops),
    CASE(silent_clients_inside_a_tunnel_are_let_go),
};

int main(void)
{
    return door_test_main(cases, ARRAY_LEN(cases));
}
