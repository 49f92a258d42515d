/*
 * Connections on one side, sessions on the other: bytes in, commands one by one, one send per turn.
 * A client that pipelines without end is served in portions, so that the others get their turn.
 */
#include "emulator/redis_endpoint.h"

#include "base/log.h"
#include "resp/session.h"

enum { PORTION = 4096, OUTPUT_PORTION = 1024 * 1024 };

struct redis_endpoint {
    struct loop *loop;
    struct redis_directory directory;
};

/* What a connection carries. */
struct redis_client {
    struct redis_endpoint *endpoint;
    struct connection *connection;
    struct session *session;
    struct instance *named; /* routed by the TLS server name; NULL: by key */
    struct loop_task turn;  /* continues, or flushes what appeared meanwhile */
    bool serving;
};

/* ---- Routing ---- */

static struct instance *authenticate(void *context, struct session *session,
                                     struct instance *instance, struct bytes user,
                                     struct bytes password, const char **refusal)
{
    struct redis_client *client = context;
    const struct redis_directory *directory = &client->endpoint->directory;
    struct redis_target target;
    (void)session;
    (void)instance;
    if (!directory->by_password(directory->context, client->named, user, password, &target)) {
        return NULL;
    }
    /* What Azure refuses before AUTH is refused here as soon as the cache is known. */
    if (!connection_is_tls(client->connection)) {
        if (!target.plain_port_open) {
            *refusal = "ERR this cache takes TLS connections only: its non-TLS port is disabled "
                       "(enableNonSslPort is false)";
            return NULL;
        }
    } else if (connection_tls_version(client->connection) < target.minimum_tls) {
        *refusal = "ERR this cache requires a newer TLS version (minimumTlsVersion)";
        return NULL;
    }
    return target.instance;
}

static struct tls_policy decide_policy(void *context, struct bytes server_name)
{
    struct redis_endpoint *endpoint = context;
    const struct redis_directory *directory = &endpoint->directory;
    struct redis_target target;
    switch (directory->by_name(directory->context, server_name, &target)) {
    case REDIS_NAME_FOUND:
        return (struct tls_policy){.minimum = target.minimum_tls};
    case REDIS_NAME_UNKNOWN:
        log_info("redis", "no such cache name=%.*s", (int)server_name.size, server_name.data);
        return (struct tls_policy){.refuse = true};
    default:
        return (struct tls_policy){.minimum = directory->anteroom(directory->context).minimum_tls};
    }
}

struct tls_policy_source redis_endpoint_policy(struct redis_endpoint *endpoint)
{
    return (struct tls_policy_source){.context = endpoint, .decide = decide_policy};
}

/* ---- Serving ---- */

static void send_output(struct redis_client *client)
{
    struct bytes output = session_output(client->session);
    if (output.size > 0) {
        connection_send(client->connection, output);
        session_sent(client->session, output.size);
    }
}

/* Runs what is there, up to a portion. True when more commands wait. */
static bool serve(struct redis_client *client)
{
    struct session *session = client->session;
    size_t commands = 0;
    bool more = false;
    client->serving = true;
    for (;;) {
        enum session_step step = session_next(session);
        if (step != SESSION_COMMAND) {
            break;
        }
        /* Here a fault rule will have its say about the command before it runs. */
        session_run(session);
        if (++commands == PORTION || session_output(session).size > OUTPUT_PORTION) {
            session_hold(session);
            more = true;
            break;
        }
    }
    client->serving = false;
    send_output(client);
    if (session_closed(session)) {
        connection_close(client->connection);
        return false;
    }
    return more;
}

static void continue_serving(struct redis_client *client)
{
    if (connection_pending(client->connection) > OUTPUT_PORTION) {
        connection_pause(client->connection); /* drained goes on */
    } else if (serve(client)) {
        connection_pause(client->connection);
        loop_defer(client->endpoint->loop, &client->turn);
    } else {
        connection_resume(client->connection);
    }
}

static void take_turn(struct loop_task *task)
{
    struct redis_client *client = CONTAINER_OF(task, struct redis_client, turn);
    continue_serving(client);
}

static void wake(void *context, struct session *session)
{
    struct redis_client *client = context;
    (void)session;
    if (!client->serving) {
        loop_defer(client->endpoint->loop, &client->turn);
    }
}

static bool opened(void *context, struct connection *connection)
{
    struct redis_endpoint *endpoint = context;
    const struct redis_directory *directory = &endpoint->directory;
    struct redis_target target;
    struct instance *named = NULL;
    if (connection_is_tls(connection) &&
        directory->by_name(directory->context, connection_server_name(connection), &target) ==
            REDIS_NAME_FOUND) {
        named = target.instance;
    } else {
        target = directory->anteroom(directory->context);
    }
    struct redis_client *client = memory_allocate_zeroed(sizeof(*client));
    client->endpoint = endpoint;
    client->connection = connection;
    client->named = named;
    client->turn.run = take_turn;
    const struct session_peer peer = {
        .address = connection_peer(connection),
        .local_address = connection_local(connection),
        .descriptor = connection_descriptor(connection),
        .tls = connection_is_tls(connection),
    };
    const struct session_host host = {
        .context = client,
        .authenticate = authenticate,
        .wake = wake,
    };
    struct buf refusal;
    buf_init(&refusal, 1024);
    client->session = session_create(target.instance, &peer, &host, &refusal);
    if (client->session == NULL) {
        connection_send(connection, buf_bytes(&refusal));
        memory_free(client);
        client = NULL;
    }
    buf_finish(&refusal);
    connection_set_data(connection, client);
    return client != NULL;
}

static void received(struct connection *connection, struct bytes data)
{
    struct redis_client *client = connection_data(connection);
    if (client != NULL) {
        session_feed(client->session, data);
        continue_serving(client);
    }
}

static void drained(struct connection *connection)
{
    struct redis_client *client = connection_data(connection);
    if (client != NULL) {
        loop_defer(client->endpoint->loop, &client->turn);
    }
}

static void closed(struct connection *connection)
{
    struct redis_client *client = connection_data(connection);
    if (client != NULL) {
        loop_cancel(client->endpoint->loop, &client->turn);
        session_destroy(client->session);
        memory_free(client);
    }
}

/* ---- Life ---- */

struct redis_endpoint *redis_endpoint_create(struct loop *loop,
                                             const struct redis_directory *directory)
{
    struct redis_endpoint *endpoint = memory_allocate_zeroed(sizeof(*endpoint));
    endpoint->loop = loop;
    endpoint->directory = *directory;
    return endpoint;
}

void redis_endpoint_destroy(struct redis_endpoint *endpoint)
{
    memory_free(endpoint);
}

struct connection_handler redis_endpoint_handler(struct redis_endpoint *endpoint)
{
    return (struct connection_handler){
        .context = endpoint,
        .opened = opened,
        .received = received,
        .drained = drained,
        .closed = closed,
    };
}
