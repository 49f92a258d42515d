/* The Redis ports over real sockets: who comes in where, by name and by key. */
#include <sys/socket.h>

#include "tests/unit/emulator/ports_fixture.h"

TEST(a_key_opens_its_cache)
{
    struct ports ports;
    struct client one, two;
    ports_open(&ports);
    ports_join(&one, &ports);
    ports_join(&two, &ports);
    CHECK(ports_ask(&one, "GET a\r\n", "-NOAUTH "));
    CHECK(ports_ask(&one, "AUTH wrong\r\n", "-WRONGPASS "));
    CHECK(ports_ask(&one, "AUTH key-one\r\n", "+OK\r\n"));
    CHECK(ports_ask(&one, "SET a 1\r\n", "+OK\r\n"));
    CHECK(ports_ask(&two, "AUTH key-one\r\nGET a\r\n", "+OK\r\n$1\r\n1\r\n"));
    client_finish(&one);
    client_finish(&two);
    ports_close(&ports);
}

TEST(a_cache_without_plain_port_says_so_and_hangs_up)
{
    struct ports ports;
    struct client client;
    ports_open(&ports);
    ports_join(&client, &ports);
    CHECK(
        ports_ask(&client, "AUTH key-two\r\n", "-ERR The non-TLS port of this cache is disabled"));
    CHECK(client_wait_for_end(&client));
    client_finish(&client);
    ports_close(&ports);
}

TEST(a_server_name_leads_to_its_cache_only)
{
    struct ports ports;
    struct client client;
    struct tls_client tls;
    ports_open(&ports);
    CHECK(ports_join_tls(&client, &tls, &ports, "two.redis.cache.windows.net", TLS1_3_VERSION));
    CHECK(ports_ask(&client, "AUTH key-one\r\n", "-WRONGPASS "));
    CHECK(ports_ask(&client, "AUTH key-two\r\n", "+OK\r\n"));
    client_finish(&client);
    tls_client_finish(&tls);
    CHECK(!ports_join_tls(&client, &tls, &ports, "none.redis.cache.windows.net", TLS1_3_VERSION));
    client_finish(&client);
    tls_client_finish(&tls);
    CHECK(ports_join_tls(&client, &tls, &ports, "localhost", TLS1_2_VERSION));
    CHECK(ports_ask(&client, "AUTH key-two\r\nPING\r\n", "+OK\r\n+PONG\r\n"));
    client_finish(&client);
    tls_client_finish(&tls);
    ports_close(&ports);
}

TEST(the_oldest_tls_is_the_caches)
{
    struct ports ports;
    struct client client;
    struct tls_client tls;
    ports_open(&ports);
    CHECK(!ports_join_tls(&client, &tls, &ports, "two.redis.cache.windows.net", TLS1_1_VERSION));
    client_finish(&client);
    tls_client_finish(&tls);
    CHECK(ports_join_tls(&client, &tls, &ports, "one.redis.cache.windows.net", TLS1_1_VERSION));
    CHECK(ports_ask(&client, "AUTH key-one\r\n", "+OK\r\n"));
    client_finish(&client);
    tls_client_finish(&tls);
    /* By key the name comes too late for the handshake to refuse. */
    CHECK(ports_join_tls(&client, &tls, &ports, "localhost", TLS1_VERSION));
    CHECK(ports_ask(&client, "AUTH key-two\r\n", "-ERR This cache requires a newer TLS version"));
    CHECK(client_wait_for_end(&client));
    client_finish(&client);
    tls_client_finish(&tls);
    ports_close(&ports);
}

TEST(too_many_clients_are_told)
{
    struct ports ports;
    struct client clients[4];
    ports_open(&ports);
    for (int i = 0; i < 4; i++) {
        ports_join(&clients[i], &ports);
        CHECK(ports_ask(&clients[i], "AUTH key-one\r\n",
                        i < 3 ? "+OK\r\n" : "-ERR max number of clients reached\r\n"));
    }
    CHECK(client_wait_for_end(&clients[3]));
    for (int i = 0; i < 4; i++) {
        client_finish(&clients[i]);
    }
    ports_close(&ports);
}

TEST(other_protocols_are_hung_up_on)
{
    static const struct bytes words[] = {
        {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35},
        {"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nSET a 1\r\n", 47},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
    };
    struct ports ports;
    struct client client;
    ports_open(&ports);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        ports_join(&client, &ports);
        client_send(&client, words[i]);
        CHECK(client_wait_for_end(&client));
        CHECK_INT(client.got.size, 0);
        client_finish(&client);
        client_connect(&client, &ports.loop, listener_port(ports.tls));
        client_send(&client, bytes_slice(words[i], 0, i == 2 ? 6 : words[i].size));
        shutdown(client.socket, SHUT_WR);
        CHECK(client_wait_for_end(&client));
        client_finish(&client);
    }
    ports_close(&ports);
}

static const struct test_case cases[] = {
    CASE(a_key_opens_its_cache),
    CASE(a_cache_without_plain_port_says_so_and_hangs_up),
    CASE(a_server_name_leads_to_its_cache_only),
    CASE(the_oldest_tls_is_the_caches),
    CASE(too_many_clients_are_told),
    CASE(other_protocols_are_hung_up_on),
};

int main(void)
{
    return door_test_main(cases, ARRAY_LEN(cases));
}
