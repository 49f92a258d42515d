#include "tests/unit/emulator/ports_fixture.h"

#include <stdlib.h>

#include "resp/instance.h"

static struct redis_target target_of(const struct ports *ports, struct instance *instance)
{
    bool lenient = instance != ports->two;
    return (struct redis_target){
        .instance = instance,
        .minimum_tls = lenient ? TLS_1_0 : TLS_1_2,
        .plain_port_open = lenient,
    };
}

static enum redis_name by_name(void *context, struct bytes name, struct redis_target *target)
{
    struct ports *ports = context;
    if (!bytes_end_with(name, BYTES(".redis.cache.windows.net"))) {
        return REDIS_NAME_FOREIGN;
    }
    struct bytes cache = bytes_slice(name, 0, bytes_find(name, '.'));
    if (bytes_equal_string(cache, "one") || bytes_equal_string(cache, "two")) {
        *target = target_of(ports, cache.data[0] == 'o' ? ports->one : ports->two);
        return REDIS_NAME_FOUND;
    }
    return REDIS_NAME_UNKNOWN;
}

static struct redis_target anteroom(void *context)
{
    struct ports *ports = context;
    return target_of(ports, ports->anteroom);
}

static bool by_password(void *context, struct instance *named,
                        const struct redis_credentials *given, struct redis_target *target,
                        struct session_admission *admission)
{
    struct ports *ports = context;
    struct instance *found = bytes_equal_string(given->password, "key-one")   ? ports->one
                             : bytes_equal_string(given->password, "key-two") ? ports->two
                                                                              : NULL;
    (void)admission;
    if (found == NULL || (named != NULL && named != found)) {
        return false;
    }
    *target = target_of(ports, found);
    return true;
}

static struct instance *make_instance(struct ports *ports, const char *name, int clients)
{
    const struct instance_config config = {
        .name = bytes_from_string(name),
        .profile = PROFILE_AZURE,
        .version = BYTES("6.0.14"),
        .databases = 16,
        .max_clients = clients,
        .max_memory_policy = BYTES("noeviction"),
    };
    return instance_create(&config, door_clock(), &ports->random);
}

static struct listener *listen_for(struct ports *ports, enum listener_security security)
{
    struct buf error;
    const struct listener_config config = {
        .address = "127.0.0.1",
        .security = security,
        .authority = door_authority(),
        .policy = redis_endpoint_policy(ports->endpoint),
        .handler = redis_endpoint_handler(ports->endpoint),
    };
    buf_init(&error, 1000);
    struct listener *listener = listener_create(&ports->loop, &config, &error);
    if (listener == NULL) {
        printf("# %s\n", buf_string(&error));
        exit(1);
    }
    buf_finish(&error);
    ports->listeners_open++;
    return listener;
}

void ports_open(struct ports *ports)
{
    *ports = (struct ports){0};
    const struct redis_directory caches = {ports, by_name, anteroom, by_password};
    random_init(&ports->random, 1);
    loop_init(&ports->loop, door_clock());
    ports->anteroom = make_instance(ports, "anteroom", 50);
    ports->one = make_instance(ports, "one", 3);
    ports->two = make_instance(ports, "two", 50);
    ports->endpoint = redis_endpoint_create(&ports->loop, &caches, NULL);
    ports->plain = listen_for(ports, LISTENER_PLAIN);
    ports->tls = listen_for(ports, LISTENER_TLS);
}

static void listener_gone(void *context)
{
    ((struct ports *)context)->listeners_open--;
}

void ports_close(struct ports *ports)
{
    listener_close(ports->plain, listener_gone, ports);
    listener_close(ports->tls, listener_gone, ports);
    int64_t end_us = patience_end_us();
    while (ports->listeners_open > 0 && patience_left(end_us)) {
        uv_run(&ports->loop.uv, UV_RUN_NOWAIT);
    }
    CHECK_INT(ports->listeners_open, 0);
    redis_endpoint_destroy(ports->endpoint);
    instance_destroy(ports->anteroom);
    instance_destroy(ports->one);
    instance_destroy(ports->two);
    loop_finish(&ports->loop);
}

void ports_join(struct client *client, struct ports *ports)
{
    client_connect(client, &ports->loop, listener_port(ports->plain));
}

bool ports_join_tls(struct client *client, struct tls_client *tls, struct ports *ports,
                    const char *name, int version)
{
    client_connect(client, &ports->loop, listener_port(ports->tls));
    return client_start_tls(client, tls, tls_authority_file(door_authority()), name, version,
                            version);
}

bool ports_ask(struct client *client, const char *command, const char *answer)
{
    buf_clear(&client->got);
    client_send(client, bytes_from_string(command));
    return client_wait_for(client, answer);
}
