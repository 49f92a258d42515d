/*
 * A load generator for one Redis port: some connections, each with a fixed number of commands under
 * way, for a fixed number of commands. Prints commands per second, what the server's process spent
 * on each in CPU nanoseconds, which is the figure to trust when this end is the slower one, and how
 * many microseconds 99 of 100 batches took at most. Batches are written beforehand.
 * Knows only as much RESP as counting replies takes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEYS 100000
#define VALUE "an ordinary value, 32 bytes long"
#define MAX_CONNECTIONS 256
#define COMMANDS 200000 /* different ones, one after the other, then again */
#define LONGEST_COMMAND 512
#define LONGEST_US 1000000

struct options {
    int port, connections, pipeline;
    long requests;
    const char *command, *key;
    bool tls;
    pid_t server;
};

/* Batches of commands, one behind the other. */
struct batches {
    char *text;
    size_t *starts; /* count + 1 of them */
    size_t count, next;
};

struct connection {
    int socket;
    SSL *tls;
    const char *request; /* a batch */
    size_t request_size, sent;
    double asked;  /* when */
    int awaited;   /* replies missing of this batch */
    size_t skip;   /* bytes of a bulk, with its end, still to come */
    char line[64]; /* the start of a reply's first line */
    size_t line_length;
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* CPU time of a process so far, in nanoseconds; 0 where /proc does not tell. */
static double cpu_nanoseconds(pid_t pid)
{
    char path[64];
    double nanoseconds = 0;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%lf", &nanoseconds) != 1) {
        nanoseconds = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return nanoseconds;
}

/* Bytes sent of `write`, or received into `read`; 0 if it would block. */
static size_t transfer(struct connection *connection, const char *write, char *read, size_t size)
{
    if (connection->tls != NULL) {
        size_t done = 0;
        int good = write != NULL ? SSL_write_ex(connection->tls, write, size, &done)
                                 : SSL_read_ex(connection->tls, read, size, &done);
        if (!good) {
            int why = SSL_get_error(connection->tls, 0);
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
                die("TLS");
            }
        }
        return done;
    }
    ssize_t done = write != NULL ? send(connection->socket, write, size, 0)
                                 : recv(connection->socket, read, size, 0);
    if (done == 0) {
        die("the server hung up");
    }
    if (done < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            die("socket");
        }
        return 0;
    }
    return (size_t)done;
}

static size_t append_word(char *at, const char *word)
{
    return (size_t)sprintf(at, "$%zu\r\n%s\r\n", strlen(word), word);
}

/*
 * The words behind a command's name: k a key of many, l h s z a list, hash, set or sorted set of a
 * hundred, m a member or field of many, n a number, v the value. Commands that are not here get a
 * key.
 */
static const struct {
    const char *command, *words;
} shapes[] = {
    {"SET", "kv"},   {"LPUSH", "lv"},        {"RPUSH", "lv"},   {"LPOP", "l"},
    {"RPOP", "l"},   {"HSET", "hmv"},        {"HGET", "hm"},    {"SADD", "sm"},
    {"ZADD", "znm"}, {"MSET", "kvkvkvkvkv"}, {"MGET", "kkkkk"},
};

static const char *words_of(const char *command)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(command, shapes[i].command) == 0) {
            return shapes[i].words;
        }
    }
    return "k";
}

/* Keys differ from command to command, so that a server cannot live from one cache line. */
static size_t append_random_word(char *at, char kind, unsigned *chance)
{
    char word[40];
    *chance = *chance * 1103515245u + 12345u;
    unsigned number = (*chance >> 8) % KEYS;
    switch (kind) {
    case 'l':
    case 'h':
    case 's':
    case 'z':
        snprintf(word, sizeof(word), "bench:%c%u", kind, number % 100);
        break;
    case 'm':
        snprintf(word, sizeof(word), "member:%u", number % 1000);
        break;
    case 'n':
        snprintf(word, sizeof(word), "%u", number);
        break;
    case 'v':
        return append_word(at, VALUE);
    default:
        snprintf(word, sizeof(word), "bench:%u", number);
        break;
    }
    return append_word(at, word);
}

static struct batches write_batches(const struct options *options)
{
    const char *words = words_of(options->command);
    struct batches batches = {.count = (size_t)(COMMANDS / options->pipeline)};
    size_t commands = batches.count * (size_t)options->pipeline;
    unsigned chance = 1;
    char *at = malloc(commands * LONGEST_COMMAND); /* of which pages are used as it is written */

    batches.text = at;
    batches.starts = malloc((batches.count + 1) * sizeof(*batches.starts));
    for (size_t i = 0; i < commands; i++) {
        if (i % (size_t)options->pipeline == 0) {
            batches.starts[i / (size_t)options->pipeline] = (size_t)(at - batches.text);
        }
        at += sprintf(at, "*%zu\r\n", strlen(words) + 1);
        at += append_word(at, options->command);
        for (const char *word = words; *word != '\0'; word++) {
            at += append_random_word(at, *word, &chance);
        }
    }
    batches.starts[batches.count] = (size_t)(at - batches.text);
    return batches;
}

static void take_batch(const struct options *options, struct connection *connection,
                       struct batches *batches)
{
    size_t start = batches->starts[batches->next];
    connection->request = batches->text + start;
    connection->request_size = batches->starts[batches->next + 1] - start;
    connection->sent = 0;
    connection->awaited = options->pipeline;
    connection->asked = now_seconds();
    batches->next = (batches->next + 1) % batches->count;
}

static void send_more(struct connection *connection)
{
    while (connection->sent < connection->request_size) {
        size_t done = transfer(connection, connection->request + connection->sent, NULL,
                               connection->request_size - connection->sent);
        if (done == 0) {
            return;
        }
        connection->sent += done;
    }
}

/*
 * One first line of a reply is complete: an error ends the run, a bulk announces its bytes, an
 * array its replies.
 */
static void take_line(struct connection *connection)
{
    connection->line[connection->line_length] = '\0';
    connection->line_length = 0;
    if (connection->line[0] == '-') {
        fprintf(stderr, "load: the server said %s\n", connection->line);
        exit(1);
    }
    connection->awaited--;
    if (connection->line[0] == '$' && connection->line[1] != '-') {
        connection->skip = (size_t)strtoul(connection->line + 1, NULL, 10) + 2;
    } else if (connection->line[0] == '*') {
        connection->awaited += atoi(connection->line + 1);
    }
}

static void take_replies(struct connection *connection, const char *data, size_t size)
{
    while (size > 0) {
        if (connection->skip > 0) {
            size_t step = connection->skip < size ? connection->skip : size;
            connection->skip -= step;
            data += step;
            size -= step;
            continue;
        }
        const char *end = memchr(data, '\n', size);
        size_t step = end == NULL ? size : (size_t)(end - data) + 1;
        size_t room = sizeof(connection->line) - 1 - connection->line_length;
        size_t kept = step < room ? step : room;
        memcpy(connection->line + connection->line_length, data, kept);
        connection->line_length += kept;
        data += step;
        size -= step;
        if (end != NULL) {
            take_line(connection);
        }
    }
}

static void receive_more(struct connection *connection)
{
    static char data[1 << 16];
    size_t size;
    while ((size = transfer(connection, NULL, data, sizeof(data))) > 0) {
        take_replies(connection, data, size);
        if (connection->tls == NULL && size < sizeof(data)) {
            return;
        }
    }
}

static void connection_open(const struct options *options, SSL_CTX *context,
                            struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection->socket, (struct sockaddr *)&address, sizeof(address)) != 0) {
        die("connect");
    }
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (options->tls) {
        connection->tls = SSL_new(context);
        SSL_set_fd(connection->tls, connection->socket);
        SSL_set_tlsext_host_name(connection->tls, "localhost");
        if (SSL_connect(connection->tls) != 1) {
            die("TLS handshake");
        }
    }
    if (options->key != NULL) {
        char request[LONGEST_COMMAND];
        size_t head = (size_t)sprintf(request, "*2\r\n$4\r\nAUTH\r\n");
        connection->request = request;
        connection->request_size = head + append_word(request + head, options->key);
        connection->awaited = 1;
        send_more(connection);
        while (connection->awaited > 0) {
            char data[256];
            take_replies(connection, data, transfer(connection, NULL, data, sizeof(data)));
        }
    }
    fcntl(connection->socket, F_SETFL, O_NONBLOCK);
}

/* `waits` counts batches by the microseconds they took; may be NULL. */
static void run(const struct options *options, struct connection *connections,
                struct batches *batches, long requests, unsigned *waits)
{
    struct pollfd polled[MAX_CONNECTIONS];
    long started = 0;
    int busy = 0;

    for (int i = 0; i < options->connections; i++) {
        polled[i].fd = connections[i].socket;
        connections[i].awaited = 0;
    }
    do {
        busy = 0;
        for (int i = 0; i < options->connections; i++) {
            struct connection *connection = &connections[i];
            if (connection->awaited == 0 && started < requests) {
                take_batch(options, connection, batches);
                started += options->pipeline;
                send_more(connection);
            }
            busy += connection->awaited > 0;
            polled[i].events = POLLIN;
            if (connection->awaited > 0 && connection->sent < connection->request_size) {
                polled[i].events |= POLLOUT;
            }
        }
        if (busy == 0) {
            break;
        }
        if (poll(polled, (nfds_t)options->connections, 10000) <= 0) {
            die("no answer within ten seconds");
        }
        for (int i = 0; i < options->connections; i++) {
            if (polled[i].revents & POLLOUT) {
                send_more(&connections[i]);
            }
            if (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) {
                receive_more(&connections[i]);
                if (connections[i].awaited == 0 && waits != NULL) {
                    double took_us = (now_seconds() - connections[i].asked) * 1e6;
                    waits[took_us < LONGEST_US ? (size_t)took_us : LONGEST_US]++;
                }
            }
        }
    } while (true);
}

/* What 99 of 100 did not exceed. */
static size_t percentile_us(const unsigned *waits)
{
    unsigned long all = 0, above = 0;
    size_t at = LONGEST_US;
    for (size_t i = 0; i <= LONGEST_US; i++) {
        all += waits[i];
    }
    while (at > 0 && (above += waits[at]) <= all / 100) {
        at--;
    }
    return at;
}

static void read_options(struct options *options, int argc, char **argv)
{
    for (int at = 1; at + 1 < argc; at += 2) {
        const char *name = argv[at], *value = argv[at + 1];
        if (strcmp(name, "--port") == 0) {
            options->port = atoi(value);
        } else if (strcmp(name, "--connections") == 0) {
            options->connections = atoi(value);
        } else if (strcmp(name, "--pipeline") == 0) {
            options->pipeline = atoi(value);
        } else if (strcmp(name, "--requests") == 0) {
            options->requests = atol(value);
        } else if (strcmp(name, "--command") == 0) {
            options->command = value;
        } else if (strcmp(name, "--key") == 0) {
            options->key = value;
        } else if (strcmp(name, "--tls") == 0) {
            options->tls = strcmp(value, "yes") == 0;
        } else if (strcmp(name, "--server") == 0) {
            options->server = (pid_t)atoi(value);
        } else {
            fprintf(stderr, "load: unknown option %s\n", name);
            exit(2);
        }
    }
    if (argc % 2 == 0 || options->port == 0 || options->connections < 1 ||
        options->connections > MAX_CONNECTIONS || options->pipeline < 1) {
        fprintf(stderr,
                "usage: load --port N [--tls yes] [--key KEY] [--connections N]"
                " [--pipeline N] [--requests N] [--command GET|SET|HSET|...] [--server PID]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct connection connections[MAX_CONNECTIONS];
    static unsigned waits[LONGEST_US + 1];
    struct options options = {
        .connections = 50, .pipeline = 1, .requests = 100000, .command = "GET"};
    read_options(&options, argc, argv);

    SSL_CTX *context = SSL_CTX_new(TLS_client_method()); /* loopback: nothing to verify */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (int i = 0; i < options.connections; i++) {
        connection_open(&options, context, &connections[i]);
    }
    struct batches batches = write_batches(&options);
    run(&options, connections, &batches, options.requests / 10, NULL); /* warm up */

    double cpu = cpu_nanoseconds(options.server), start = now_seconds();
    run(&options, connections, &batches, options.requests, waits);
    double seconds = now_seconds() - start;
    cpu = cpu_nanoseconds(options.server) - cpu;
    printf("%.0f %.0f %zu\n", (double)options.requests / seconds, cpu / (double)options.requests,
           percentile_us(waits));
    return 0;
}
