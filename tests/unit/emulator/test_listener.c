/* Ports, the loop behind them, and how a connection begins: plain or with TLS. */
#include <unistd.h>

#include "tests/unit/emulator/door_fixture.h"

static void start_tls(struct client *client, struct tls_client *tls, const char *name)
{
    CHECK(client_start_tls(client, tls, tls_authority_file(door_authority()), name, TLS1_2_VERSION,
                           TLS1_3_VERSION));
}

TEST(tls_and_plain_share_the_port)
{
    struct door door;
    struct client client;
    struct tls_client tls;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    start_tls(&client, &tls, "management.azure.com");
    client_send(&client, BYTES("GET /x HTTP/1.1\r\nHost: management.azure.com\r\n\r\n"));
    CHECK(client_wait_for(&client, "GET management.azure.com /x tls 0\n"));
    client_send(&client, BYTES("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for_size(&client, 8 * 1024 * 1024));
    client_finish(&client);
    tls_client_finish(&tls);
    door_close(&door);
}

TEST(a_foreign_server_name_is_refused)
{
    struct door door;
    struct client client;
    struct tls_client tls;
    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    tls_client_init(&tls, NULL, "www.example.com", TLS1_2_VERSION, TLS1_3_VERSION);
    client.tls = &tls;
    CHECK(client_wait_for_end(&client));
    CHECK(tls.failed);
    client_finish(&client);
    tls_client_finish(&tls);
    door_close(&door);
}

TEST(a_port_in_use_is_named)
{
    struct door door;
    struct buf error;
    door_open(&door, (struct http_endpoint_config){0});
    buf_init(&error, 1000);
    const struct listener_config config = {.address = "127.0.0.1",
                                           .port = listener_port(door.listener)};
    CHECK(listener_create(&door.loop, &config, &error) == NULL);
    char *expected = string_format("port %d on 127.0.0.1 is already in use", config.port);
    CHECK(bytes_start_with(buf_bytes(&error), bytes_from_string(expected)));
    memory_free(expected);
    buf_clear(&error);
    CHECK(listener_create(&door.loop, &(struct listener_config){.address = "nowhere"}, &error) ==
          NULL);
    CHECK(error.size > 0);
    buf_finish(&error);
    door_close(&door);
}

static void count_firing(struct loop_task *task)
{
    (void)task;
}

struct alarm {
    struct timer timer;
    struct loop *loop;
    int fired;
};

static void ring(struct timer *timer)
{
    struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);
    alarm->fired++;
    loop_stop(alarm->loop);
}

TEST(the_loop_wakes_for_the_clock)
{
    struct door door;
    door_open(&door, (struct http_endpoint_config){0});
    struct alarm alarm = {.timer = {.fire = ring}, .loop = &door.loop};
    clock_arm(door_clock(), &alarm.timer, clock_now_ms(door_clock()) + 20);
    loop_run(&door.loop); /* sleeps until then */
    CHECK_INT(alarm.fired, 1);
    struct loop_task task = {.run = count_firing};
    loop_defer(&door.loop, &task);
    loop_defer(&door.loop, &task);
    CHECK(task.at != NULL);
    loop_cancel(&door.loop, &task);
    loop_cancel(&door.loop, &task);
    CHECK(task.at == NULL);
    loop_defer(&door.loop, &task);
    door_turn(&door);
    CHECK(task.at == NULL);
    door_close(&door);
}

TEST(many_idle_clients_cost_little)
{
    enum { MANY = 400 };
    struct door door;
    static int sockets[MANY];
    door_open(&door, (struct http_endpoint_config){0});
    for (int i = 0; i < MANY; i++) {
        sockets[i] = network_connect(listener_port(door.listener));
        door_turn(&door);
    }
    for (int i = 0; i < 100 && listener_connection_count(door.listener) < MANY; i++) {
        door_turn(&door);
    }
    CHECK_INT(listener_connection_count(door.listener), MANY);
    struct client client;
    door_join(&door, &client);
    client_send(&client, BYTES("GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client_wait_for(&client, "/open plain"));
    client_finish(&client);
    for (int i = 0; i < MANY; i++) {
        close(sockets[i]);
    }
    door_close(&door);
}

static const struct test_case cases[] = {
    CASE(tls_and_plain_share_the_port),  CASE(a_foreign_server_name_is_refused),
    CASE(a_port_in_use_is_named),        CASE(the_loop_wakes_for_the_clock),
    CASE(many_idle_clients_cost_little),
};

int main(void)
{
    return door_test_main(cases, ARRAY_LEN(cases));
}
