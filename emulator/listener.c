/* Binds, listens, accepts. */
#include "emulator/listener.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emulator/connection_faults.h"

enum { BACKLOG = 1024 };

struct listener {
    struct connection_group group;
    uv_tcp_t sockets[2]; /* of the address; of ::1 beside 127.0.0.1 */
    char *addresses[2];  /* they are bound to; NULL: not in use */
    size_t open_sockets; /* not yet let go by libuv */
    bool down;           /* a fault: nobody is let in */
    struct faults_listener faults_changed;
    bool closing;
    void (*done)(void *context);
    void *context;
};

static void finish_when_empty(struct listener *listener)
{
    void (*done)(void *context) = listener->done;
    void *context = listener->context;

    if (!listener->closing || listener->open_sockets > 0 || listener->group.count > 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(listener->addresses); i++) {
        memory_free(listener->addresses[i]);
    }
    memory_free(listener);
    if (done != NULL) {
        done(context);
    }
}

static void emptied(struct connection_group *group)
{
    finish_when_empty(CONTAINER_OF(group, struct listener, group));
}

static void socket_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;

    listener->open_sockets--;
    finish_when_empty(listener);
}

static void client_came(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;

    if (status == 0) {
        status = connection_accept(&listener->group, stream);
    }
    if (status != 0) {
        log_warn("net", "cannot accept a client port=%d reason=\"%s\"", listener->group.port,
                 uv_strerror(status));
    }
}

/* ---- Opening ---- */

static int parse_address(const char *text, int port, struct sockaddr_storage *address)
{
    if (strcmp(text, "localhost") == 0) {
        text = "127.0.0.1";
    }
    if (uv_ip4_addr(text, port, (struct sockaddr_in *)address) == 0) {
        return 0;
    }
    return uv_ip6_addr(text, port, (struct sockaddr_in6 *)address);
}

static int port_of(const uv_tcp_t *socket)
{
    struct sockaddr_storage address = {0};
    int size = sizeof(address);

    if (uv_tcp_getsockname(socket, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void close_sockets(struct listener *listener)
{
    for (size_t i = 0; i < ARRAY_LEN(listener->sockets); i++) {
        uv_handle_t *handle = (uv_handle_t *)&listener->sockets[i];
        if (handle->data != NULL && !uv_is_closing(handle)) {
            uv_close(handle, socket_closed);
        }
    }
}

static int bind_socket(struct listener *listener, uv_tcp_t *socket, const char *text, int port)
{
    struct sockaddr_storage address = {0};
    int failure = parse_address(text, port, &address);

    if (failure != 0) {
        return failure;
    }
    failure = uv_tcp_init_ex(&listener->group.loop->uv, socket, address.ss_family);
    if (failure != 0) {
        return failure;
    }
    socket->data = listener;
    listener->open_sockets++;
    return uv_tcp_bind(socket, (struct sockaddr *)&address,
                       address.ss_family == AF_INET6 && strcmp(text, "::1") == 0 ? UV_TCP_IPV6ONLY
                                                                                 : 0);
}

static int open_socket(struct listener *listener, uv_tcp_t *socket, const char *text, int port)
{
    int failure = bind_socket(listener, socket, text, port);

    if (failure == 0) {
        failure = uv_listen((uv_stream_t *)socket, BACKLOG, client_came);
    }
    if (failure == 0) {
        listener->addresses[socket - listener->sockets] = string_duplicate(text);
    }
    return failure;
}

/* ---- Down and up again, by a fault ---- */

/*
 * A port that is bound but not listened at refuses clients as one that nobody has, and nobody else
 * can take it meanwhile.
 */
static void reserve(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    size_t index = (size_t)((uv_tcp_t *)handle - listener->sockets);

    listener->open_sockets--;
    if (listener->closing) {
        finish_when_empty(listener);
        return;
    }
    int failure = bind_socket(listener, &listener->sockets[index], listener->addresses[index],
                              listener->group.port);
    if (failure == 0 && !listener->down) {
        failure = uv_listen((uv_stream_t *)&listener->sockets[index], BACKLOG, client_came);
    }
    if (failure != 0) {
        log_error("net", "lost a port to another program port=%d reason=\"%s\"",
                  listener->group.port, uv_strerror(failure));
    }
}

static void faults_changed(struct faults_listener *changed)
{
    struct listener *listener = CONTAINER_OF(changed, struct listener, faults_changed);
    char port[16];

    snprintf(port, sizeof(port), "%d", listener->group.port);
    bool down = faults_port_down(listener->group.faults, bytes_from_string(port));
    if (down == listener->down) {
        return;
    }
    listener->down = down;
    log_info("net", "%s by a fault port=%d", down ? "refuses clients" : "lets clients in again",
             listener->group.port);
    for (size_t i = 0; i < ARRAY_LEN(listener->sockets); i++) {
        uv_handle_t *handle = (uv_handle_t *)&listener->sockets[i];
        if (listener->addresses[i] == NULL || uv_is_closing(handle)) {
            continue; /* what is closing looks at `down` when it has closed */
        }
        if (down) {
            uv_close(handle, reserve);
        } else {
            uv_listen((uv_stream_t *)handle, BACKLOG, client_came);
        }
    }
}

static void watch_faults(struct listener *listener)
{
    if (listener->group.faults == NULL) {
        return;
    }
    connection_faults_watch(&listener->group);
    if (!listener->group.http) {
        /* The front door stays open: it is where faults are taken away. */
        listener->faults_changed.changed = faults_changed;
        faults_listen(listener->group.faults, &listener->faults_changed);
        faults_changed(&listener->faults_changed);
    }
}

static void unwatch_faults(struct listener *listener)
{
    if (listener->group.faults != NULL) {
        connection_faults_unwatch(&listener->group);
        faults_leave(listener->group.faults, &listener->faults_changed);
    }
}

/* Clients look "localhost" up and may try ::1 first, some of them ::1 only. */
static void open_second_loopback(struct listener *listener)
{
    int port = listener->group.port;
    int failure = open_socket(listener, &listener->sockets[1], "::1", port);

    if (failure == 0) {
        return;
    }
    if (listener->sockets[1].data != NULL) {
        uv_close((uv_handle_t *)&listener->sockets[1], socket_closed);
    }
    if (failure == UV_EADDRINUSE) {
        log_warn("net",
                 "another program has this port on ::1, where \"localhost\" may lead "
                 "clients port=%d",
                 port);
    } else {
        log_debug("net", "not listening on ::1 port=%d reason=\"%s\"", port, uv_strerror(failure));
    }
}

static void explain(const struct listener_config *config, int failure, struct buf *error)
{
    switch (failure) {
    case UV_EADDRINUSE:
        buf_printf(error,
                   "port %d on %s is already in use: stop the program that has it (another "
                   "emulator, a Redis?), or choose another port, 0 for any",
                   config->port, config->address);
        break;
    case UV_EACCES:
        buf_printf(error,
                   "port %d on %s may not be opened by this user: ports below 1024 need "
                   "privileges, choose a higher one",
                   config->port, config->address);
        break;
    case UV_EADDRNOTAVAIL:
        buf_printf(error, "port %d cannot be opened on %s: this machine has no such address",
                   config->port, config->address);
        break;
    case UV_EINVAL:
        buf_printf(error, "port %d cannot be opened on %s: that is not an IP address", config->port,
                   config->address);
        break;
    default:
        buf_printf(error, "port %d on %s cannot be opened: %s", config->port, config->address,
                   uv_strerror(failure));
    }
}

struct listener *listener_create(struct loop *loop, const struct listener_config *config,
                                 struct buf *error)
{
    struct listener *listener = memory_allocate_zeroed(sizeof(*listener));

    listener->group = (struct connection_group){
        .loop = loop,
        .security = config->security,
        .http = config->http,
        .port = config->port,
        .authority = config->authority,
        .policy = config->policy,
        .handler = config->handler,
        .faults = config->faults,
        .emptied = emptied,
    };
    int failure = open_socket(listener, &listener->sockets[0], config->address, config->port);
    if (failure != 0) {
        explain(config, failure, error);
        listener->closing = true;
        close_sockets(listener);
        if (listener->open_sockets == 0) {
            memory_free(listener); /* else when libuv has let go */
        }
        return NULL;
    }
    listener->group.port = port_of(&listener->sockets[0]);
    if (strcmp(config->address, "127.0.0.1") == 0 || strcmp(config->address, "localhost") == 0) {
        open_second_loopback(listener);
    }
    watch_faults(listener);
    return listener;
}

int listener_port(const struct listener *listener)
{
    return listener->group.port;
}

size_t listener_connection_count(const struct listener *listener)
{
    return listener->group.count;
}

void listener_close(struct listener *listener, void (*done)(void *context), void *context)
{
    unwatch_faults(listener);
    listener->closing = true;
    listener->done = done;
    listener->context = context;
    close_sockets(listener);
    connection_group_close(&listener->group);
}
