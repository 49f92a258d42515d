/* Messages, limits and streams at the front door, over real sockets. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/emulator/door_fixture.h"

TEST(a_site_answers)
{
    door_check_answer(BYTES("GET //open//path?x=1 HTTP/1.1\r\nHost: localhost:8443\r\n\r\n"),
                      "HTTP/1.1 200 OK\r\n", "\r\n\r\nGET localhost:8443 /open/path plain 0\n");
    door_check_answer(BYTES("GET /open HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK\r\n",
                      "Connection: close\r\n\r\nGET localhost /open plain 0\n");
}

TEST(what_nobody_serves_is_explained)
{
    door_check_answer(BYTES("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 404 ",
                      "/open*");
    door_check_answer(BYTES("GET /open HTTP/1.1\r\nHost: \"a.example\r\n\r\n"), "HTTP/1.1 421 ",
                      "management.azure.com");
    door_check_answer(BYTES("GET / HTTP/1.1\r\nHost: management.azure.com\r\n\r\n"),
                      "HTTP/1.1 400 ", "HTTPS_PROXY=http://127.0.0.1:");
    door_check_answer(BYTES("\x01\x02 garbage\r\n\r\n"), "HTTP/1.1 400 ", NULL);
    door_check_answer(BYTES("*1\r\n$4\r\nPING\r\n"), "HTTP/1.1 400 ", NULL);
}

TEST(pipelined_requests_are_answered_in_order)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client,
                BYTES("GET /open/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                      "GET /open/2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                      "GET /open/3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                      "GET /open/4 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for_end(&client));
    CHECK(client_holds(&client, "/open/1 plain") && client_holds(&client, "/open/3 plain"));
    CHECK(!client_holds(&client, "/open/4 plain"));
    CHECK_INT(door.recorded, 3);
    client_finish(&client);
    door_close(&door);
}

TEST(answers_nobody_reads_are_not_piled_up)
{
    static const char request[] = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    for (int i = 0; i < 50; i++) {
        CHECK(write(client.socket, request, sizeof(request) - 1) > 0);
    }
    for (int i = 0; i < 200; i++) {
        door_turn(&door);
    }
    CHECK(door.recorded <= 2);
    CHECK(client_wait_for_size(&client, (size_t)200 * 1024 * 1024));
    client_finish(&client);
    door_close(&door);
}

TEST(bodies_are_bounded)
{
    door_check_answer(
        BYTES("PUT /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n"),
        "HTTP/1.1 413 ", NULL);
    struct door door;
    struct client client;
    char piece[65536];
    memset(piece, 'x', sizeof(piece));
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, BYTES("PUT /open HTTP/1.1\r\nHost: localhost\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n10000000\r\n"));
    for (int i = 0; i < 200 && !client.ended; i++) {
        client_send(&client, (struct bytes){piece, sizeof(piece)});
    }
    CHECK(client_wait_for(&client, "HTTP/1.1 413 "));
    client_finish(&client);
    door_close(&door);
}

TEST(a_client_that_expects_continue_is_told_to)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, BYTES("PUT /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                               "Expect: 100-continue\r\n\r\n"));
    CHECK(client_wait_for(&client, "HTTP/1.1 100 Continue\r\n\r\n"));
    client_send(&client, BYTES("12345"));
    CHECK(client_wait_for(&client, "PUT localhost /open plain 5\n"));
    client_finish(&client);
    door_close(&door);
}

TEST(slow_and_idle_clients_are_let_go)
{
    struct door door;
    struct client idle, slow;
    door_open(&door, (struct http_endpoint_config){.message_ms = 150, .idle_ms = 100});
    door_join(&door, &idle);
    door_join(&door, &slow);
    client_send(&idle, BYTES("GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    client_send(&slow, BYTES("GET /open HTTP/1.1\r\nHost: "));
    int64_t end_us = patience_end_us();
    while (!(idle.ended && slow.ended) && patience_left(end_us)) {
        client_turn(&idle);
        client_turn(&slow);
    }
    CHECK(idle.ended && client_holds(&idle, "/open plain") && !client_holds(&idle, "408"));
    CHECK(slow.ended && client_holds(&slow, "HTTP/1.1 408 "));
    client_finish(&idle);
    client_finish(&slow);
    door_close(&door);
}

TEST(a_stream_goes_on)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, BYTES("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                               "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for(&client, "Transfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n"));
    CHECK(site_stream_write(door.stream, BYTES("second\n")));
    CHECK(client_wait_for(&client, "7\r\nsecond\n\r\n"));
    CHECK(!client_holds(&client, "/open plain"));
    site_stream_close(door.stream);
    CHECK(client_wait_for(&client, "\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    CHECK(client_wait_for(&client, "/open plain"));
    CHECK_INT(door.streams_closed, 0);
    client_finish(&client);
    door_close(&door);
}

TEST(a_stream_ends_with_its_client)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, BYTES("GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for(&client, "Connection: close\r\n\r\nfirst\n"));
    client_finish(&client);
    int64_t end_us = patience_end_us();
    while (door.streams_closed == 0 && patience_left(end_us)) {
        door_turn(&door);
    }
    CHECK_INT(door.streams_closed, 1);
    CHECK_INT(listener_connection_count(door.listener), 0);
    door_close(&door);
}

TEST(a_reader_far_behind_loses_its_stream)
{
    struct door door;
    struct client client;
    char piece[65536];
    memset(piece, 'x', sizeof(piece));
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, BYTES("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for(&client, "first"));
    int written = 0;
    while (written < 10000 && door.stream != NULL &&
           site_stream_write(door.stream, (struct bytes){piece, sizeof(piece)})) {
        written++;
    }
    CHECK(written < 10000);
    for (int i = 0; i < 10 && door.streams_closed == 0; i++) {
        door_turn(&door);
    }
    CHECK_INT(door.streams_closed, 1);
    client_finish(&client);
    door_close(&door);
}

TEST(a_head_request_has_no_body)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, BYTES("HEAD /open HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for(&client, "\r\n\r\n"));
    CHECK(!client_holds(&client, "plain"));
    client_send(&client, BYTES("GET /open/next HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for(&client, "/open/next plain"));
    client_finish(&client);
    door_close(&door);
}

/* The answer is the only one: what stands behind the bad message is no request. */
static void check_refused(const char *request, const char *start, const char *code)
{
    struct door door;
    struct client client;
    door_open(&door, (struct http_endpoint_config){.offline = true});
    door_join(&door, &client);
    client_send(&client, bytes_from_string(request));
    CHECK(client_wait_for_end(&client));
    CHECK(bytes_start_with(buf_bytes(&client.got), bytes_from_string(start)));
    CHECK(client_holds(&client, code));
    CHECK(!client_holds(&client, "/open/smuggled"));
    client_finish(&client);
    door_close(&door);
}

TEST(smuggled_requests_are_refused)
{
    check_refused("POST /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                  "GET /open/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
                  "HTTP/1.1 400 ", "\"BadRequest\"");
    check_refused("POST /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
                  "Content-Length: 40\r\n\r\nGET /open/smuggled HTTP/1.1\r\n",
                  "HTTP/1.1 400 ", "\"BadRequest\"");
}

static const struct test_case cases[] = {
    CASE(a_site_answers),
    CASE(what_nobody_serves_is_explained),
    CASE(pipelined_requests_are_answered_in_order),
    CASE(answers_nobody_reads_are_not_piled_up),
    CASE(bodies_are_bounded),
    CASE(a_client_that_expects_continue_is_told_to),
    CASE(slow_and_idle_clients_are_let_go),
    CASE(a_stream_goes_on),
    CASE(a_stream_ends_with_its_client),
    CASE(a_reader_far_behind_loses_its_stream),
    CASE(a_head_request_has_no_body),
    CASE(smuggled_requests_are_refused),
};

int main(void)
{
    return door_test_main(cases, ARRAY_LEN(cases));
}
