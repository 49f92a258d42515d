/* Joins connections to sessions: input, output, back-pressure. */
#include "emulator/redis_endpoint.h"

#include <string.h>

enum {
    BLOCKED_INPUT = 1024 * 1024, /* read ahead of a client that waits (BLPOP); then not at all */
    FINISHING_MS = 30 * 1000,    /* without the peer reading anything */
    GATHERED_CLIENTS = 64,
    GATHERED_INPUT = 512, /* of one; who sends more is served at once, and answered later */
};

/*
 * Clients that sent something in this turn of the loop. They are served when everything has been
 * read, and answered when all are served: their keys are fetched together, reading and writing stay
 * in the processor's caches, and who waits for several answers wakes once.
 */
struct gathering {
    struct loop_task complete;
    struct client *clients[GATHERED_CLIENTS]; /* NULL: gone by now */
    size_t count;
    bool serving;
    char *input; /* GATHERED_INPUT of each; NULL until the first */
};

struct redis_endpoint {
    struct loop *loop;
    struct redis_admission admission;
    const struct faults *engine; /* NULL: none */
    struct gathering gathering;
};

struct client {
    struct redis_endpoint *endpoint;
    struct connection *connection;
    struct session *session;
    struct redis_visitor visitor;
    struct loop_task woken;
    struct redis_hold hold;
    size_t handed;        /* of the session's output, to the connection */
    size_t blocked_input; /* fed while the session waits */
    bool spoken;          /* the first bytes have been looked at */
    bool gathered;        /* its output waits for the others', too */
    bool left_off;        /* commands wait inside the session until the output drains */
    bool finishing;       /* what output there is, then the end */
};

/* ---- Output ---- */

static size_t output_waiting(const struct client *client)
{
    return session_output(client->session).size - client->handed;
}

/*
 * Moves output to the connection while that has room. The session drops what it has handed over
 * only when that is half of all: each drop moves the rest.
 */
static void hand_over(struct client *client)
{
    while (output_waiting(client) > 0 &&
           connection_pending(client->connection) < CONNECTION_HIGH_WATER &&
           connection_open(client->connection)) {
        struct bytes output = session_output(client->session);
        struct bytes part = bytes_slice(output, client->handed, output.size);
        part = bytes_slice(part, 0, CONNECTION_HIGH_WATER);
        connection_send(client->connection, part);
        client->handed += part.size;
        if (client->handed >= output.size - client->handed) {
            session_sent(client->session, client->handed);
            client->handed = 0;
        }
    }
    if (client->finishing && output_waiting(client) == 0) {
        connection_close(client->connection);
    } else if (client->finishing) {
        connection_set_deadline(client->connection, FINISHING_MS);
    }
}

static void finish(struct client *client)
{
    client->finishing = true;
    client->left_off = false;
    hand_over(client);
}

/* ---- Input ---- */

static void run_command(struct client *client)
{
    struct redis_endpoint *endpoint = client->endpoint;

    if (endpoint->admission.faults == NULL || !redis_faults_armed(endpoint->engine)) {
        session_run(client->session);
    } else if (redis_faults_run(endpoint->admission.faults, &client->hold, client->session,
                                client->connection) == FAULT_CLOSES) {
        session_close(client->session);
    }
}

static void wait_for_more(struct client *client, enum session_step step)
{
    if (!client->gathered) {
        hand_over(client);
    }
    if (step == SESSION_BLOCKED) {
        /* Reading goes on within reason: only so is it seen that the peer has gone. */
        if (client->blocked_input > BLOCKED_INPUT) {
            connection_pause(client->connection);
        }
        return;
    }
    if (client->blocked_input > BLOCKED_INPUT) {
        connection_resume(client->connection);
    }
    client->blocked_input = 0;
}

/* Everything the session can do now; stops when the peer reads too slowly for its own questions. */
static void go_on(struct client *client)
{
    while (connection_open(client->connection) && !client->finishing) {
        if (output_waiting(client) >= CONNECTION_HIGH_WATER) {
            hand_over(client);
            if (output_waiting(client) >= CONNECTION_HIGH_WATER) {
                session_hold(client->session);
                client->left_off = true;
                connection_pause(client->connection);
                return;
            }
        }
        enum session_step step = session_next(client->session);
        switch (step) {
        case SESSION_COMMAND:
            run_command(client);
            break;
        case SESSION_CLOSED:
            finish(client);
            return;
        default:
            wait_for_more(client, step);
            return;
        }
    }
}

/* ---- Gathering ---- */

static void serve_gathered(struct gathering *gathering)
{
    struct session *sessions[GATHERED_CLIENTS];
    size_t count = 0;

    gathering->serving = true;
    for (size_t i = 0; i < gathering->count; i++) {
        if (gathering->clients[i] != NULL) {
            sessions[count++] = gathering->clients[i]->session;
        }
    }
    sessions_prefetch(sessions, count);
    for (size_t i = 0; i < gathering->count; i++) {
        if (gathering->clients[i] != NULL) {
            go_on(gathering->clients[i]);
        }
    }
    for (size_t i = 0; i < gathering->count; i++) {
        struct client *client = gathering->clients[i];
        if (client != NULL) {
            client->gathered = false;
            hand_over(client);
        }
    }
    gathering->count = 0;
    gathering->serving = false;
}

static void gathering_complete(struct loop_task *task)
{
    serve_gathered(CONTAINER_OF(task, struct gathering, complete));
}

/* A copy of a short input, which lasts until the client is served. */
static struct bytes keep_input(struct gathering *gathering, struct bytes input)
{
    if (gathering->input == NULL) {
        gathering->input = memory_allocate(GATHERED_CLIENTS * GATHERED_INPUT);
    }
    char *copy = gathering->input + gathering->count * GATHERED_INPUT;
    memcpy(copy, input.data, input.size);
    return (struct bytes){copy, input.size};
}

static void gather(struct client *client, struct bytes input)
{
    struct gathering *gathering = &client->endpoint->gathering;
    bool later = input.size <= GATHERED_INPUT;

    if (gathering->count == GATHERED_CLIENTS) {
        serve_gathered(gathering);
    }
    session_feed(client->session, later ? keep_input(gathering, input) : input);
    client->gathered = true;
    gathering->clients[gathering->count++] = client;
    loop_defer_behind_reads(client->endpoint->loop, &gathering->complete);
    if (!later || session_next(client->session) != SESSION_COMMAND) {
        go_on(client);
    }
}

static void leave_gathering(const struct client *client)
{
    struct gathering *gathering = &client->endpoint->gathering;

    for (size_t i = 0; client->gathered && i < gathering->count; i++) {
        if (gathering->clients[i] == client) {
            gathering->clients[i] = NULL;
        }
    }
}

/* ---- Woken from outside ---- */

static void wake(void *context, struct session *session)
{
    struct client *client = context;

    (void)session;
    loop_defer(client->endpoint->loop, &client->woken);
}

static void woken(struct loop_task *task)
{
    struct client *client = CONTAINER_OF(task, struct client, woken);

    if (client->left_off && !session_closed(client->session)) {
        hand_over(client);
    } else {
        client->left_off = false;
        go_on(client);
    }
}

/* ---- The connection's events ---- */

static struct instance *authenticate(void *context, struct session *session,
                                     struct instance *instance, struct bytes user,
                                     struct bytes password, struct session_admission *verdict)
{
    struct client *client = context;

    (void)session;
    (void)instance;
    return redis_visitor_authenticate(&client->visitor, user, password, verdict);
}

static bool begin_session(struct client *client)
{
    struct connection *connection = client->connection;
    const struct session_host host = {client, authenticate, wake};
    struct redis_target target = {0};
    struct buf full;

    if (!redis_visitor_enter(&client->visitor, &target)) {
        return false;
    }
    const struct session_peer peer = {
        .address = connection_peer(connection),
        .local_address = connection_local(connection),
        .descriptor = connection_descriptor(connection),
        .tls = connection_is_tls(connection),
        .node = target.node,
    };
    buf_init(&full, 1024);
    client->session = session_create(target.instance, &peer, &host, &full);
    connection_send(connection, buf_bytes(&full));
    buf_finish(&full);
    return client->session != NULL;
}

static bool opened(void *context, struct connection *connection)
{
    struct client *client = memory_allocate_zeroed(sizeof(*client));

    client->endpoint = context;
    client->connection = connection;
    client->visitor =
        (struct redis_visitor){.admission = &client->endpoint->admission, .connection = connection};
    client->woken.run = woken;
    connection_set_data(connection, client);
    return begin_session(client);
}

static void received(struct connection *connection, struct bytes data)
{
    struct client *client = connection_data(connection);

    if (client->finishing ||
        (!client->spoken && !redis_visitor_speaks_redis(&client->visitor, data))) {
        return;
    }
    client->spoken = true;
    client->blocked_input += data.size;
    if (client->gathered || client->endpoint->gathering.serving) {
        go_on(client); /* what it sent before */
        session_feed(client->session, data);
        go_on(client);
    } else {
        gather(client, data);
    }
}

static void ended(struct connection *connection)
{
    struct client *client = connection_data(connection);

    if (client->session == NULL) {
        connection_close(connection);
        return;
    }
    if (client->gathered) {
        go_on(client);
    }
    finish(client);
}

static void drained(struct connection *connection)
{
    struct client *client = connection_data(connection);

    if (client->session == NULL) {
        return;
    }
    hand_over(client);
    if (client->left_off && output_waiting(client) < CONNECTION_HIGH_WATER) {
        client->left_off = false;
        connection_resume(connection);
        go_on(client);
    }
}

static void closed(struct connection *connection)
{
    struct client *client = connection_data(connection);

    loop_cancel(client->endpoint->loop, &client->woken);
    leave_gathering(client);
    redis_hold_finish(&client->hold);
    session_destroy(client->session);
    memory_free(client);
}

/* ---- The endpoint ---- */

struct redis_endpoint *redis_endpoint_create(struct loop *loop,
                                             const struct redis_directory *directory,
                                             struct redis_faults *faults)
{
    struct redis_endpoint *endpoint = memory_allocate(sizeof(*endpoint));
    *endpoint = (struct redis_endpoint){
        .loop = loop,
        .admission = {.directory = *directory, .faults = faults},
        .engine = faults == NULL ? NULL : redis_faults_engine(faults),
        .gathering = {.complete = {.run = gathering_complete}},
    };
    return endpoint;
}

void redis_endpoint_destroy(struct redis_endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    loop_cancel(endpoint->loop, &endpoint->gathering.complete);
    memory_free(endpoint->gathering.input);
    memory_free(endpoint);
}

struct connection_handler redis_endpoint_handler(struct redis_endpoint *endpoint)
{
    return (struct connection_handler){
        .context = endpoint,
        .opened = opened,
        .received = received,
        .ended = ended,
        .drained = drained,
        .closed = closed,
    };
}

static struct tls_policy decide(void *context, struct bytes server_name)
{
    const struct redis_endpoint *endpoint = context;

    return redis_admission_policy(&endpoint->admission, server_name);
}

struct tls_policy_source redis_endpoint_policy(struct redis_endpoint *endpoint)
{
    return (struct tls_policy_source){endpoint, decide};
}
