/* Connections to elsewhere: a name is looked up, its addresses are tried in turn. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emulator/connection_state.h"

enum { DIAL_MS = 30 * 1000 };

/* One address being tried. Its socket moves into the connection when it is connected. */
struct attempt {
    uv_tcp_t tcp;
    uv_connect_t request;
    struct connection *connection; /* NULL: nobody waits any more */
};

struct connection_dialling {
    uv_getaddrinfo_t lookup;
    struct connection *connection; /* NULL: nobody waits any more */
    struct addrinfo *addresses, *next;
    struct attempt *attempt;
    bool looking_up;
};

static void try_next(struct connection *connection, int failure);

static void free_attempt(uv_handle_t *handle)
{
    memory_free(CONTAINER_OF(handle, struct attempt, tcp));
}

static void leave_attempt(struct attempt *attempt)
{
    attempt->connection = NULL;
    uv_close((uv_handle_t *)&attempt->tcp, free_attempt);
}

static void free_dialling(struct connection_dialling *dialling)
{
    uv_freeaddrinfo(dialling->addresses);
    memory_free(dialling);
}

void connection_dial_abandon(struct connection *connection)
{
    struct connection_dialling *dialling = connection->dialling;

    if (dialling == NULL) {
        return;
    }
    connection->dialling = NULL;
    dialling->connection = NULL;
    if (dialling->attempt != NULL) {
        leave_attempt(dialling->attempt);
    }
    if (dialling->looking_up) {
        uv_cancel((uv_req_t *)&dialling->lookup); /* its callback frees it */
    } else {
        free_dialling(dialling);
    }
}

static int adopt_socket(struct connection *connection, uv_tcp_t *from)
{
    uv_os_fd_t descriptor;
    int failure = uv_fileno((const uv_handle_t *)from, &descriptor);

    if (failure != 0) {
        return failure;
    }
    int copy = dup(descriptor);
    if (copy < 0) {
        return UV_EMFILE;
    }
    failure = uv_tcp_open(&connection->tcp, copy);
    if (failure != 0) {
        close(copy);
    }
    return failure;
}

static void connected(uv_connect_t *request, int status)
{
    struct attempt *attempt = CONTAINER_OF(request, struct attempt, request);
    struct connection *connection = attempt->connection;

    if (connection == NULL) {
        return;
    }
    if (status == 0) {
        status = adopt_socket(connection, &attempt->tcp);
    }
    connection->dialling->attempt = NULL;
    leave_attempt(attempt);
    if (status != 0) {
        try_next(connection, status);
        return;
    }
    connection_dial_abandon(connection);
    connection_begin(connection);
    if (connection->phase == CONNECTION_DIALLING) {
        connection_announce(connection);
    }
}

static void try_next(struct connection *connection, int failure)
{
    struct connection_dialling *dialling = connection->dialling;

    while (dialling->next != NULL) {
        struct attempt *attempt = memory_allocate_zeroed(sizeof(*attempt));
        const struct sockaddr *address = dialling->next->ai_addr;

        dialling->next = dialling->next->ai_next;
        attempt->connection = connection;
        uv_tcp_init(connection->tcp.loop, &attempt->tcp);
        failure = uv_tcp_connect(&attempt->request, &attempt->tcp, address, connected);
        if (failure == 0) {
            dialling->attempt = attempt;
            return;
        }
        leave_attempt(attempt);
    }
    connection_close_now(connection, failure);
}

static void looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct connection_dialling *dialling = CONTAINER_OF(lookup, struct connection_dialling, lookup);

    dialling->looking_up = false;
    dialling->addresses = dialling->next = addresses;
    if (dialling->connection == NULL) {
        free_dialling(dialling);
    } else if (status != 0) {
        connection_close_now(dialling->connection, status);
    } else {
        try_next(dialling->connection, UV_EADDRNOTAVAIL);
    }
}

struct connection *connection_dial(struct connection_group *group, struct bytes host, int port,
                                   void *data)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_ADDRCONFIG,
    };
    struct connection *connection = connection_create(group);
    struct connection_dialling *dialling = memory_allocate_zeroed(sizeof(*dialling));
    char service[16];

    if (host.size > 2 && host.data[0] == '[') {
        host = bytes_slice(host, 1, host.size - 1);
    }
    char *name = bytes_to_string(host);
    snprintf(service, sizeof(service), "%d", port);
    connection->data = data;
    connection->phase = CONNECTION_DIALLING;
    connection->announced = true;
    connection->dialling = dialling;
    dialling->connection = connection;
    snprintf(connection->peer, sizeof(connection->peer), "%.40s:%d", name, port);
    uv_tcp_init(&group->loop->uv, &connection->tcp);
    int failure =
        uv_getaddrinfo(&group->loop->uv, &dialling->lookup, looked_up, name, service, &hints);
    dialling->looking_up = failure == 0;
    memory_free(name);
    if (failure != 0) {
        connection_close_now(connection, failure);
    } else {
        connection_set_deadline(connection, DIAL_MS);
    }
    return connection;
}
