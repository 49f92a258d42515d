/* A listening TCP port. What it accepts are connections (connection.h). */
#ifndef EMULATOR_LISTENER_H
#define EMULATOR_LISTENER_H

#include "emulator/connection.h"

struct listener;

struct listener_config {
    const char *address; /* 127.0.0.1 stands for ::1, too: clients are told "localhost" */
    int port;            /* 0: any free port */
    enum listener_security security;
    bool http;
    struct tls_authority *authority;
    struct tls_policy_source policy;
    struct connection_handler handler;
    struct faults *faults; /* on its connections, and on itself; NULL: none */
};

/* NULL with one line in `error`: "port 6380 on 127.0.0.1 is already in use; ...". */
struct listener *listener_create(struct loop *loop, const struct listener_config *config,
                                 struct buf *error);
int listener_port(const struct listener *listener);
size_t listener_connection_count(const struct listener *listener);
/* Stops accepting and closes every connection; `done` runs when all of it is freed. */
void listener_close(struct listener *listener, void (*done)(void *context), void *context);

#endif
