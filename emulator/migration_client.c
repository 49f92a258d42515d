#include "emulator/migration_client.h"

#include "base/log.h"
#include "resp/migration.h"

struct migration_client {
    struct connection_group group;
    struct instance *instance;     /* NULL: nothing is on its way */
    struct connection *connection; /* of what is */
    uint64_t timeout_ms;
    bool connected, expired, leaving;
};

static bool opened(void *context, struct connection *connection)
{
    struct migration_client *client = context;
    if (client->connection != connection) {
        return false;
    }
    struct bytes request = migration_request(client->instance);
    client->connected = true;
    connection_send(connection, request);
    connection_set_deadline(connection, client->timeout_ms);
    return request.size > 0;
}

static void received(struct connection *connection, struct bytes data)
{
    struct migration_client *client = connection_data(connection);
    if (connection != client->connection) {
        return;
    }
    connection_set_deadline(connection, client->timeout_ms);
    if (migration_hear(client->instance, data) && client->connection == connection) {
        client->connection = NULL;
        client->instance = NULL;
        connection_close(connection);
    }
}

static void expired(struct connection *connection)
{
    struct migration_client *client = connection_data(connection);
    client->expired |= connection == client->connection;
    connection_abort(connection);
}

/*
 * Redis connects without waiting and notices a refusal when it writes; what it cannot look up, or
 * does not answer in time, is a failure to connect.
 */
static const char *what_failed(const struct migration_client *client,
                               const struct connection *connection)
{
    int failure = connection_failure(connection);
    if (client->connected) {
        return "reading to target instance";
    }
    return !client->expired && (failure == UV_ECONNREFUSED || failure == UV_ECONNRESET)
               ? "writing to target instance"
               : "connecting to the client";
}

static void closed(struct connection *connection)
{
    struct migration_client *client = connection_data(connection);
    struct instance *instance = client->instance;
    if (client->connection != connection) {
        return;
    }
    const char *what = what_failed(client, connection);
    client->connection = NULL;
    client->instance = NULL;
    log_info("redis", "migration failed what=\"%s\"", what);
    migration_break(instance, what);
}

static void leave(struct migration_client *client)
{
    struct connection *connection = client->connection;
    client->connection = NULL;
    client->instance = NULL;
    if (connection != NULL) {
        connection_abort(connection);
    }
}

void migration_client_begin(struct migration_client *client, struct instance *instance,
                            struct bytes host, int port, int64_t timeout_ms)
{
    leave(client);
    client->instance = instance;
    client->timeout_ms = (uint64_t)timeout_ms;
    client->connected = client->expired = false;
    client->connection = connection_dial(&client->group, host, port, client);
    connection_set_deadline(client->connection, client->timeout_ms);
}

void migration_client_forget(struct migration_client *client, const struct instance *instance)
{
    if (client != NULL && client->instance == instance) {
        leave(client);
    }
}

static void emptied(struct connection_group *group)
{
    struct migration_client *client = CONTAINER_OF(group, struct migration_client, group);
    if (client->leaving) {
        memory_free(client);
    }
}

struct migration_client *migration_client_create(struct loop *loop)
{
    struct migration_client *client = memory_allocate_zeroed(sizeof(*client));
    client->group = (struct connection_group){
        .loop = loop,
        .security = LISTENER_PLAIN,
        .handler = {.context = client,
                    .opened = opened,
                    .received = received,
                    .expired = expired,
                    .closed = closed},
        .emptied = emptied,
    };
    return client;
}

void migration_client_destroy(struct migration_client *client)
{
    if (client == NULL) {
        return;
    }
    client->leaving = true;
    leave(client);
    if (client->group.count == 0) {
        memory_free(client);
    }
}
