/* The Redis ports over real sockets: much at once, slow readers, and how connections end. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resp/instance.h"
#include "tests/unit/emulator/ports_fixture.h"

TEST(pipelines_are_answered_whole_and_in_order)
{
    enum { COUNT = 100000 };
    struct ports ports;
    struct client client;
    struct buf commands, expected;
    buf_init(&commands, FAR_LIMIT);
    buf_init(&expected, FAR_LIMIT);
    for (int i = 0; i < COUNT; i++) {
        buf_printf(&commands, "*2\r\n$4\r\nECHO\r\n$6\r\n%06d\r\n", i);
        buf_printf(&expected, "$6\r\n%06d\r\n", i);
    }
    ports_open(&ports);
    ports_join(&client, &ports);
    CHECK(ports_ask(&client, "AUTH key-one\r\n", "+OK\r\n"));
    buf_clear(&client.got);
    client_send(&client, buf_bytes(&commands));
    CHECK(client_wait_for_size(&client, expected.size));
    CHECK(bytes_equal(buf_bytes(&client.got), buf_bytes(&expected)));
    client_finish(&client);
    ports_close(&ports);
    buf_finish(&commands);
    buf_finish(&expected);
}

static void slow_reader(bool encrypted)
{
    enum { COUNT = 200, SIZE = 256 * 1024 };
    struct ports ports;
    struct client client;
    struct tls_client tls;
    struct buf value;
    buf_init(&value, FAR_LIMIT);
    buf_printf(&value, "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$%d\r\n", SIZE);
    memset(buf_reserve(&value, SIZE), 'v', SIZE);
    value.size += SIZE;
    buf_append_string(&value, "\r\n");
    ports_open(&ports);
    if (encrypted) {
        CHECK(ports_join_tls(&client, &tls, &ports, "localhost", TLS1_3_VERSION));
    } else {
        ports_join(&client, &ports);
    }
    CHECK(ports_ask(&client, "AUTH key-one\r\n", "+OK\r\n"));
    buf_clear(&client.got);
    client_send(&client, buf_bytes(&value));
    CHECK(client_wait_for(&client, "+OK\r\n"));
    buf_clear(&client.got);
    struct buf questions;
    buf_init(&questions, FAR_LIMIT);
    for (int i = 0; i < COUNT; i++) {
        buf_append_string(&questions, "GET v\r\n");
    }
    /* All questions at once, and no reading for a while: the ports must stop answering. */
    if (encrypted) {
        struct buf raw;
        buf_init(&raw, FAR_LIMIT);
        tls_client_send(&tls, buf_bytes(&questions));
        tls_client_take(&tls, &raw);
        CHECK(write(client.socket, raw.data, raw.size) == (ssize_t)raw.size);
        buf_finish(&raw);
    } else {
        CHECK(write(client.socket, questions.data, questions.size) == (ssize_t)questions.size);
    }
    for (int i = 0; i < 500; i++) {
        uv_run(&ports.loop.uv, UV_RUN_NOWAIT);
    }
    struct instance_stats stats;
    instance_stats(ports.one, &stats);
    CHECK(stats.get_commands < COUNT);
    size_t whole = (size_t)COUNT * (SIZE + sizeof("$262144\r\n\r\n") - 1);
    CHECK(client_wait_for_size(&client, whole));
    CHECK_INT(client.got.size, whole);
    buf_clear(&client.got);
    CHECK(ports_ask(&client, "PING\r\n", "+PONG\r\n"));
    buf_finish(&questions);
    buf_finish(&value);
    client_finish(&client);
    if (encrypted) {
        tls_client_finish(&tls);
    }
    ports_close(&ports);
}

TEST(a_slow_reader_stops_its_own_questions_only)
{
    slow_reader(false);
}

TEST(a_slow_reader_over_tls_does_so_too)
{
    slow_reader(true);
}

TEST(a_reply_of_many_megabytes_arrives_whole)
{
    enum { SIZE = 40 * 1024 * 1024 };
    struct ports ports;
    struct client client;
    struct buf command;
    buf_init(&command, FAR_LIMIT);
    buf_printf(&command, "*2\r\n$4\r\nECHO\r\n$%d\r\n", SIZE);
    memset(buf_reserve(&command, SIZE), 'e', SIZE);
    command.size += SIZE;
    buf_append_string(&command, "\r\n");
    ports_open(&ports);
    ports_join(&client, &ports);
    CHECK(ports_ask(&client, "AUTH key-one\r\n", "+OK\r\n"));
    buf_clear(&client.got);
    client_send(&client, buf_bytes(&command));
    CHECK(client_wait_for_size(&client, SIZE + 13));
    CHECK_INT(client.got.size, SIZE + 13);
    buf_finish(&command);
    client_finish(&client);
    ports_close(&ports);
}

TEST(the_last_words_before_the_end_arrive)
{
    static const char flood[] = "*1\r\n:1\r\n";
    struct ports ports;
    struct client client;
    ports_open(&ports);
    ports_join(&client, &ports);
    client_send(&client, bytes_from_string(flood));
    /* Bytes that nobody will read, which would make the kernel reset the connection. */
    for (int i = 0; i < 100 && !client.ended; i++) {
        client_send(&client, bytes_from_string(flood));
    }
    CHECK(client_wait_for(&client, "-ERR Protocol error: expected '$', got ':'\r\n"));
    client_finish(&client);
    ports_join(&client, &ports);
    client_send(&client, BYTES("QUIT\r\n"));
    CHECK(client_wait_for_end(&client));
    CHECK_BYTES(buf_bytes(&client.got), BYTES("+OK\r\n"));
    client_finish(&client);
    ports_close(&ports);
}

static void close_session(void *context, struct session *session)
{
    (void)context;
    session_close(session);
}

TEST(the_connections_of_a_cache_that_goes_are_closed)
{
    struct ports ports;
    struct client one, two;
    struct tls_client tls;
    ports_open(&ports);
    ports_join(&one, &ports);
    CHECK(ports_ask(&one, "AUTH key-one\r\n", "+OK\r\n"));
    CHECK(ports_join_tls(&two, &tls, &ports, "two.redis.cache.windows.net", TLS1_3_VERSION));
    CHECK(ports_ask(&two, "AUTH key-two\r\n", "+OK\r\n"));
    instance_each_session(ports.one, close_session, NULL);
    CHECK(client_wait_for_end(&one));
    CHECK(ports_ask(&two, "PING\r\n", "+PONG\r\n"));
    instance_each_session(ports.two, close_session, NULL);
    CHECK(client_wait_for_end(&two));
    client_finish(&one);
    client_finish(&two);
    tls_client_finish(&tls);
    ports_close(&ports);
}

TEST(a_client_that_asks_and_leaves_does_no_harm)
{
    struct ports ports;
    struct client client;
    ports_open(&ports);
    for (int i = 0; i < 20; i++) {
        ports_join(&client, &ports);
        client_send(&client, BYTES("AUTH key-one\r\nSET left 1\r\nGET left\r\n*2\r\n$3\r\nGE"));
        if (i % 2 == 0) {
            const struct linger now = {1, 0};
            setsockopt(client.socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
        client_finish(&client);
    }
    int64_t end_us = patience_end_us();
    while (listener_connection_count(ports.plain) > 0 && patience_left(end_us)) {
        uv_run(&ports.loop.uv, UV_RUN_NOWAIT);
    }
    CHECK_INT(listener_connection_count(ports.plain), 0);
    ports_close(&ports);
}

static const struct test_case cases[] = {
    CASE(pipelines_are_answered_whole_and_in_order),
    CASE(a_slow_reader_stops_its_own_questions_only),
    CASE(a_slow_reader_over_tls_does_so_too),
    CASE(a_reply_of_many_megabytes_arrives_whole),
    CASE(the_last_words_before_the_end_arrive),
    CASE(the_connections_of_a_cache_that_goes_are_closed),
    CASE(a_client_that_asks_and_leaves_does_no_harm),
};

int main(void)
{
    return door_test_main(cases, ARRAY_LEN(cases));
}
