#include "emulator/replication_client.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emulator/tls_client.h"
#include "resp/configuration.h"
#include "resp/rdb.h"
#include "resp/replica.h"

#define INBOX_LIMIT ((size_t)8 << 30)

enum {
    RETRY_MS = 1000,
    ACK_MS = 1000,
    MARK_SIZE = 40,
    ID_SIZE = 40,
    LONGEST_LINE = 1024,
};

enum phase { PHASE_LINES, PHASE_HEAD, PHASE_COPY, PHASE_STREAM };

struct replication_client {
    struct connection_group group;
    struct instance *instance; /* NULL: nobody follows */
    char *host;
    int port;
    struct connection *connection; /* NULL: none now */
    const struct tls_authority *authority;
    SSL_CTX *context;       /* of the present connection; NULL: plain */
    struct tls_client *tls; /* likewise */
    enum phase phase;
    size_t asked;         /* lines of the handshake that were sent */
    struct buf inbox;     /* what has not been used yet */
    size_t copy_size;     /* of a copy whose size is told */
    char mark[MARK_SIZE]; /* that ends a copy whose size is not */
    bool marked;
    uint64_t copy_offset;       /* of the primary's stream, where the copy ends */
    char copy_id[ID_SIZE + 1];  /* of that stream */
    struct loop_deadline later; /* the next try, or the next ACK */
    bool leaving;
};

static void dial(struct replication_client *client);

static void give_up(struct replication_client *client, const char *reason)
{
    log_warn("redis", "replication failed primary=%s:%d reason=\"%s\"", client->host, client->port,
             reason);
    connection_close(client->connection);
}

/* ---- What is said ---- */

static void transmit(struct replication_client *client, struct bytes text)
{
    struct buf sealed;
    buf_init(&sealed, SIZE_MAX);
    if (client->tls != NULL) {
        tls_client_say(client->tls, text, &sealed);
        text = buf_bytes(&sealed);
    }
    connection_send(client->connection, text);
    buf_finish(&sealed);
}

static void acknowledge(struct replication_client *client)
{
    char digits[24] = {0};
    size_t size = int64_to_digits((int64_t)replica_offset(client->instance), digits);
    char *text = string_format("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$%zu\r\n%s\r\n", size, digits);
    transmit(client, bytes_from_string(text));
    memory_free(text);
}

static void say(struct replication_client *client, const char *const *words, int count)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    buf_printf(&text, "*%d\r\n", count);
    for (int i = 0; i < count; i++) {
        buf_printf(&text, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
    }
    transmit(client, buf_bytes(&text));
    buf_finish(&text);
}

static bool say_ping(struct replication_client *client)
{
    say(client, (const char *const[]){"PING"}, 1);
    return true;
}

/* Only with a password: CONFIG SET masterauth, masteruser. */
static bool say_who(struct replication_client *client)
{
    const char *password = setting_value(client->instance, "masterauth");
    const char *user = setting_value(client->instance, "masteruser");
    const char *const words[] = {"AUTH", user, password};
    const char *const nameless[] = {"AUTH", password};
    if (password[0] != '\0') {
        say(client, user[0] != '\0' ? words : nameless, user[0] != '\0' ? 3 : 2);
    }
    return password[0] != '\0';
}

static bool say_port(struct replication_client *client)
{
    const char *port = setting_value(client->instance, "port");
    say(client, (const char *const[]){"REPLCONF", "listening-port", port}, 3);
    return true;
}

static bool say_what_it_takes(struct replication_client *client)
{
    say(client, (const char *const[]){"REPLCONF", "capa", "eof", "capa", "psync2"}, 5);
    return true;
}

/* From where it was, if it was anywhere. */
static bool say_sync(struct replication_client *client)
{
    char digits[24] = {0};
    uint64_t offset;
    const char *id = replica_point(client->instance, &offset);
    int64_to_digits((int64_t)offset + 1, digits);
    say(client, (const char *const[]){"PSYNC", id == NULL ? "?" : id, id == NULL ? "-1" : digits},
        3);
    return true;
}

/* Each that says something is answered with a line. */
static bool (*const handshake[])(struct replication_client *client) = {
    say_ping, say_who, say_port, say_what_it_takes, say_sync,
};

static void begin_stream(struct replication_client *client)
{
    replica_set_link(client->instance, true, false);
    client->phase = PHASE_STREAM;
    acknowledge(client);
    loop_set_deadline(client->group.loop, &client->later, ACK_MS);
}

static void ask_next(struct replication_client *client)
{
    while (!handshake[client->asked++](client)) {
    }
}

/* ---- What is heard ---- */

/* Cuts off a line; false: it is not whole yet. */
static bool take_line(struct replication_client *client, char line[LONGEST_LINE])
{
    struct bytes inbox = buf_bytes(&client->inbox);
    size_t end = bytes_find(inbox, '\n');
    if (end == inbox.size) {
        return false;
    }
    size_t size = end > 0 && inbox.data[end - 1] == '\r' ? end - 1 : end;
    size = size < LONGEST_LINE - 1 ? size : LONGEST_LINE - 1;
    memcpy(line, inbox.data, size);
    line[size] = '\0';
    buf_consume(&client->inbox, end + 1);
    return true;
}

/* "+CONTINUE [ID]" or "+FULLRESYNC ID OFFSET". */
static bool hear_sync(struct replication_client *client, const char *line)
{
    char id[ID_SIZE + 1];
    unsigned long long offset;
    uint64_t reached;
    if (strncmp(line, "+CONTINUE", 9) == 0 && replica_point(client->instance, &reached) != NULL) {
        bool named = sscanf(line, "+CONTINUE %40s", id) == 1 && strlen(id) == ID_SIZE;
        replica_continue(client->instance, named ? id : NULL);
        log_info("redis", "replication goes on primary=%s:%d", client->host, client->port);
        begin_stream(client); /* a command that was half heard is heard to its end */
        return true;
    }
    if (sscanf(line, "+FULLRESYNC %40s %llu", id, &offset) != 2 || strlen(id) != ID_SIZE) {
        give_up(client, "it does not answer PSYNC as a Redis does");
        return false;
    }
    memcpy(client->copy_id, id, sizeof(id));
    client->copy_offset = offset;
    client->phase = PHASE_HEAD;
    return true;
}

static bool hear_line(struct replication_client *client)
{
    char line[LONGEST_LINE];
    if (!take_line(client, line)) {
        return false;
    }
    if (line[0] == '\0') {
        return true; /* the primary lives, and prepares the copy */
    }
    /* PING is refused where a password is asked for, which comes next. */
    bool unknown_yet = client->asked == 1 && strncmp(line, "-NOAUTH", 7) == 0 &&
                       setting_value(client->instance, "masterauth")[0] != '\0';
    if (line[0] == '-' && !unknown_yet) {
        give_up(client, line);
        return false;
    }
    if (client->asked < ARRAY_LEN(handshake)) {
        ask_next(client);
        return true;
    }
    return hear_sync(client, line);
}

static bool hear_head(struct replication_client *client)
{
    char line[LONGEST_LINE];
    int64_t size;
    if (!take_line(client, line)) {
        return false;
    }
    if (line[0] == '\0') {
        return true;
    }
    client->marked = strncmp(line, "$EOF:", 5) == 0 && strlen(line) == 5 + MARK_SIZE;
    if (client->marked) {
        memcpy(client->mark, line + 5, MARK_SIZE);
    } else if (line[0] == '$' && bytes_to_int64(bytes_from_string(line + 1), &size) && size > 0) {
        client->copy_size = (size_t)size;
    } else {
        give_up(client, "what it sends is no copy");
        return false;
    }
    replica_set_link(client->instance, false, true);
    client->phase = PHASE_COPY;
    return true;
}

static bool load(struct replication_client *client, struct bytes dump)
{
    struct buf error;
    buf_init(&error, 1024);
    replica_clear(client->instance);
    bool good = rdb_load(client->instance, dump, &error);
    if (good) {
        replica_begin(client->instance, client->copy_id, client->copy_offset);
        log_info("redis", "replication copied primary=%s:%d bytes=%zu", client->host, client->port,
                 dump.size);
    } else {
        give_up(client, buf_string(&error));
    }
    buf_finish(&error);
    return good;
}

static bool hear_copy(struct replication_client *client)
{
    struct bytes inbox = buf_bytes(&client->inbox);
    size_t size = client->copy_size, behind = 0;
    if (client->marked) {
        /* Nothing follows the mark until we have said that we got it. */
        struct bytes end =
            bytes_slice(inbox, inbox.size > MARK_SIZE ? inbox.size - MARK_SIZE : 0, inbox.size);
        if (!bytes_equal(end, (struct bytes){client->mark, MARK_SIZE})) {
            return false;
        }
        behind = MARK_SIZE;
        size = inbox.size - MARK_SIZE;
    } else if (inbox.size < size) {
        return false;
    }
    if (!load(client, bytes_slice(inbox, 0, size))) {
        return false;
    }
    buf_consume(&client->inbox, size + behind);
    begin_stream(client);
    return true;
}

static bool hear_stream(struct replication_client *client)
{
    if (client->inbox.size > 0 && replica_run(client->instance, buf_bytes(&client->inbox))) {
        buf_clear(&client->inbox);
        acknowledge(client);
    }
    return false;
}

static void unseal(struct replication_client *client, struct bytes data)
{
    struct buf sealed;
    buf_init(&sealed, SIZE_MAX);
    const char *failure = tls_client_hear(client->tls, data, &client->inbox, &sealed);
    connection_send(client->connection, buf_bytes(&sealed));
    if (failure != NULL) {
        give_up(client, failure);
    }
    buf_finish(&sealed);
}

static void received(struct connection *connection, struct bytes data)
{
    static bool (*const hear[])(struct replication_client * client) = {
        [PHASE_LINES] = hear_line,
        [PHASE_HEAD] = hear_head,
        [PHASE_COPY] = hear_copy,
        [PHASE_STREAM] = hear_stream,
    };
    struct replication_client *client = connection_data(connection);
    if (connection != client->connection) {
        return; /* one that was given up */
    }
    if (client->tls != NULL) {
        unseal(client, data);
    } else if (!buf_append(&client->inbox, data)) {
        give_up(client, "its copy is too large");
        return;
    }
    while (connection_open(connection) && hear[client->phase](client)) {
    }
}

/* ---- The connection ---- */

static void end_tls(struct replication_client *client)
{
    tls_client_destroy(client->tls);
    SSL_CTX_free(client->context);
    client->tls = NULL;
    client->context = NULL;
}

/* CONFIG SET tls-replication. The primary's name is not compared, as Redis does not. */
static bool start_tls(struct replication_client *client)
{
    const char *authority = setting_value(client->instance, "tls-ca-cert-file");
    const char *certificate = setting_value(client->instance, "tls-cert-file");
    const char *key = setting_value(client->instance, "tls-key-file");
    if (strcmp(setting_value(client->instance, "tls-replication"), "yes") != 0) {
        return true;
    }
    authority = authority[0] == '\0' ? tls_authority_file(client->authority) : authority;
    client->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION);
    bool good = SSL_CTX_load_verify_locations(client->context, authority, NULL) == 1;
    if (!good) {
        log_warn("redis", "replication failed reason=\"cannot use tls-ca-cert-file %s\"",
                 authority);
    }
    if (good && certificate[0] != '\0') {
        good = SSL_CTX_use_certificate_chain_file(client->context, certificate) == 1 &&
               SSL_CTX_use_PrivateKey_file(client->context, key, SSL_FILETYPE_PEM) == 1;
        if (!good) {
            log_warn("redis",
                     "replication failed reason=\"cannot use tls-cert-file %s and tls-key-file\"",
                     certificate);
        }
    }
    if (good) {
        client->tls = tls_client_create(client->context, NULL);
    }
    return good;
}

static bool opened(void *context, struct connection *connection)
{
    struct replication_client *client = context;
    if (client->connection != connection || !start_tls(client)) {
        return false;
    }
    ask_next(client);
    if (client->tls != NULL) {
        unseal(client, BYTES(""));
    }
    return true;
}

static void closed(struct connection *connection)
{
    struct replication_client *client = connection_data(connection);
    if (client->connection != connection) {
        return;
    }
    client->connection = NULL;
    if (client->instance != NULL && !client->leaving) {
        replica_set_link(client->instance, false, false);
        loop_set_deadline(client->group.loop, &client->later, RETRY_MS);
    }
}

static void dial(struct replication_client *client)
{
    end_tls(client);
    buf_clear(&client->inbox);
    client->phase = PHASE_LINES;
    client->asked = 0;
    client->connection =
        connection_dial(&client->group, bytes_from_string(client->host), client->port, client);
}

static void later(struct loop_deadline *deadline)
{
    struct replication_client *client = CONTAINER_OF(deadline, struct replication_client, later);
    if (client->connection == NULL) {
        dial(client);
    } else if (client->phase == PHASE_STREAM) {
        hear_stream(client); /* what could not run before */
        acknowledge(client);
        loop_set_deadline(client->group.loop, &client->later, ACK_MS);
    }
}

/* ---- Whom ---- */

static void leave(struct replication_client *client)
{
    struct connection *connection = client->connection;
    client->connection = NULL;
    client->instance = NULL;
    loop_clear_deadline(client->group.loop, &client->later);
    if (connection != NULL) {
        connection_abort(connection);
    }
}

void replication_client_follow(struct replication_client *client, struct instance *instance,
                               struct bytes host, int port)
{
    leave(client);
    replica_follow(instance, host, port);
    if (host.size == 0) {
        return;
    }
    client->instance = instance;
    memory_free(client->host);
    client->host = bytes_to_string(host);
    replica_resume(instance);
    client->port = port;
    dial(client);
}

void replication_client_forget(struct replication_client *client, const struct instance *instance)
{
    if (client != NULL && client->instance == instance) {
        leave(client);
    }
}

static void free_client(struct replication_client *client)
{
    end_tls(client);
    buf_finish(&client->inbox);
    memory_free(client->host);
    memory_free(client);
}

static void emptied(struct connection_group *group)
{
    struct replication_client *client = CONTAINER_OF(group, struct replication_client, group);
    if (client->leaving) {
        free_client(client);
    }
}

struct replication_client *replication_client_create(struct loop *loop,
                                                     const struct tls_authority *authority)
{
    struct replication_client *client = memory_allocate_zeroed(sizeof(*client));
    client->authority = authority;
    client->group = (struct connection_group){
        .loop = loop,
        .security = LISTENER_PLAIN,
        .handler = {.context = client, .opened = opened, .received = received, .closed = closed},
        .emptied = emptied,
    };
    client->later.passed = later;
    buf_init(&client->inbox, INBOX_LIMIT);
    return client;
}

void replication_client_destroy(struct replication_client *client)
{
    if (client == NULL) {
        return;
    }
    client->leaving = true;
    leave(client);
    if (client->group.count == 0) {
        free_client(client);
    }
}
