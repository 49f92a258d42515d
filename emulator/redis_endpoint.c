/* Joins connections to sessions: input, output, back-pressure, and whom a key lets in where. */
#include "emulator/redis_endpoint.h"

#include <string.h>

#include "base/log.h"

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
    struct redis_directory directory;
    struct redis_faults *faults; /* NULL: none */
    const struct faults *engine;
    struct gathering gathering;
    char refusal[FAULT_REFUSAL_SIZE]; /* what a fault says to the client being turned away */
};

struct client {
    struct redis_endpoint *endpoint;
    struct connection *connection;
    struct session *session;
    struct instance *named; /* routed here by server name; NULL: by key */
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

    if (endpoint->faults == NULL || !redis_faults_armed(endpoint->engine)) {
        session_run(client->session);
    } else if (redis_faults_run(endpoint->faults, &client->hold, client->session,
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

/* ---- Who may come in ---- */

/* Whether the connection may go there; else what it is told. */
static bool admit(const struct client *client, const struct redis_target *target,
                  struct session_admission *admission)
{
    const struct connection *connection = client->connection;
    struct bytes peer = connection_peer(connection);
    const char *reason = NULL;

    if (target->network != NULL) {
        reason = network_rules_refusal(target->network, peer, connection_local(connection));
        admission->hang_up = reason != NULL; /* as one whom the network keeps out sees it */
    }
    if (reason == NULL && !connection_is_tls(connection)) {
        if (!target->plain_port_open) {
            reason = "ERR The non-TLS port of this cache is disabled (enableNonSslPort is "
                     "false): connect with TLS to the TLS port, 6380 by default";
        }
    } else if (reason == NULL && connection_tls_version(connection) < target->minimum_tls) {
        reason = target->minimum_tls >= TLS_1_3
                     ? "ERR This cache requires TLS 1.3 (minimumTlsVersion)"
                     : "ERR This cache requires a newer TLS version (minimumTlsVersion)";
    }
    if (reason == NULL) {
        return true;
    }
    admission->refusal = reason;
    struct bytes name = instance_name(target->instance);
    log_info("redis", "refused name=%.*s peer=%.*s reason=\"%s\"", (int)name.size, name.data,
             (int)peer.size, peer.data, reason);
    return false;
}

static struct instance *authenticate(void *context, struct session *session,
                                     struct instance *instance, struct bytes user,
                                     struct bytes password, struct session_admission *admission)
{
    struct client *client = context;
    const struct redis_directory *directory = &client->endpoint->directory;
    const struct redis_credentials given = {user, password, connection_is_tls(client->connection)};
    struct redis_target target = {0};

    (void)session;
    (void)instance;
    if (!directory->by_password(directory->context, client->named, &given, &target, admission)) {
        return NULL;
    }
    if (!admit(client, &target, admission)) {
        return NULL;
    }
    if (client->named == NULL && client->endpoint->faults != NULL &&
        !redis_faults_admit(client->endpoint->faults, target.instance, target.node,
                            connection_peer(client->connection), true, client->endpoint->refusal)) {
        admission->refusal = client->endpoint->refusal;
        admission->hang_up = client->endpoint->refusal[0] == '\0';
        return NULL;
    }
    connection_set_cache(client->connection, instance_name(target.instance));
    return target.instance;
}

/* Where a new connection begins. False: nowhere. */
static bool find_target(struct client *client, struct redis_target *target)
{
    const struct redis_directory *directory = &client->endpoint->directory;
    enum redis_name found = REDIS_NAME_FOREIGN;

    if (connection_is_tls(client->connection)) {
        struct bytes name = connection_server_name(client->connection);
        found = directory->by_name(directory->context, name, target);
    }
    if (found == REDIS_NAME_FOREIGN) {
        *target = directory->anteroom(directory->context);
    } else {
        client->named = target->instance;
    }
    return found != REDIS_NAME_UNKNOWN;
}

/* ---- The connection's events ---- */

static void refuse(struct connection *connection, const char *refusal)
{
    connection_send(connection, BYTES("-"));
    connection_send(connection, bytes_from_string(refusal));
    connection_send(connection, BYTES("\r\n"));
}

static bool begin_session(struct client *client)
{
    struct connection *connection = client->connection;
    struct session_peer peer = {
        .address = connection_peer(connection),
        .local_address = connection_local(connection),
        .descriptor = connection_descriptor(connection),
        .tls = connection_is_tls(connection),
    };
    const struct session_host host = {client, authenticate, wake};
    struct redis_target target = {0};
    struct session_admission admission = {0};
    struct buf full;

    if (!find_target(client, &target)) {
        return false;
    }
    if (!admit(client, &target, &admission)) {
        if (!admission.hang_up) {
            refuse(connection, admission.refusal);
        }
        return false;
    }
    peer.node = target.node;
    connection_set_cache(connection, redis_faults_cache_name(target.instance));
    if (client->endpoint->faults != NULL &&
        !redis_faults_admit(client->endpoint->faults, target.instance, target.node, peer.address,
                            false, client->endpoint->refusal)) {
        if (client->endpoint->refusal[0] != '\0') {
            refuse(connection, client->endpoint->refusal);
        }
        return false;
    }
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
    client->woken.run = woken;
    connection_set_data(connection, client);
    return begin_session(client);
}

/* "GET / HTTP/1.1": what a browser or a health check sends first, and no Redis client ever. */
static bool is_http(struct bytes first)
{
    size_t end = bytes_find(first, '\n'), space = bytes_find(first, ' ');
    struct bytes line = bytes_slice(first, 0, end);

    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    return end < first.size && space > 0 && space + 1 < line.size &&
           (line.data[space + 1] == '/' || line.data[space + 1] == '*' ||
            bytes_start_with(line, BYTES("CONNECT ")) ||
            bytes_start_with(bytes_slice(line, space + 1, line.size), BYTES("http"))) &&
           bytes_match_glob(BYTES("[A-Z]* HTTP/[12].[01]"), line, false);
}

/* A client of another protocol gets no answer: it could not read it. False: it is gone. */
static bool check_first_bytes(struct client *client, struct bytes first)
{
    struct connection *connection = client->connection;
    struct bytes peer = connection_peer(connection);
    const char *hint = NULL;

    client->spoken = true;
    if (first.size > 2 && first.data[0] == 0x16 && first.data[1] == 0x03) {
        hint = "this is the plain port: use the TLS port, or turn TLS off";
    } else if (is_http(first)) {
        hint = "this is a Redis port: the management API is at the https port";
    }
    if (hint == NULL) {
        return true;
    }
    log_info("redis", "closed: not Redis port=%d peer=%.*s from=\"%s\" hint=\"%s\"",
             connection_local_port(connection), (int)peer.size, peer.data, protocol_guess(first),
             hint);
    connection_close(connection);
    return false;
}

static void received(struct connection *connection, struct bytes data)
{
    struct client *client = connection_data(connection);

    if (client->finishing || (!client->spoken && !check_first_bytes(client, data))) {
        return;
    }
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
        .directory = *directory,
        .faults = faults,
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
    const struct redis_directory *directory = &endpoint->directory;
    struct redis_target target = {0};

    switch (directory->by_name(directory->context, server_name, &target)) {
    case REDIS_NAME_UNKNOWN:
        return (struct tls_policy){.refuse = true};
    case REDIS_NAME_FOREIGN:
        target = directory->anteroom(directory->context);
        break;
    default:
        break;
    }
    return (struct tls_policy){.minimum = target.minimum_tls};
}

struct tls_policy_source redis_endpoint_policy(struct redis_endpoint *endpoint)
{
    return (struct tls_policy_source){endpoint, decide};
}
