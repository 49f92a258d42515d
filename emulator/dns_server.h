/*
 * The DNS responder, over UDP and TCP on one port: answers for the emulated names only, and refuses
 * all others, so that a resolver asks its next server.
 */
#ifndef EMULATOR_DNS_SERVER_H
#define EMULATOR_DNS_SERVER_H

#include "emulator/faults/faults.h"
#include "emulator/loop.h"
#include "emulator/names.h"

struct dns_server;

struct dns_server_config {
    struct loop *loop;
    struct names names;
    struct faults *faults;
    const char *bind;
    int port; /* 0: any free port */
};

/* NULL with one line in `error`. */
struct dns_server *dns_server_create(const struct dns_server_config *config, struct buf *error);
int dns_server_port(const struct dns_server *server);
/* Frees it; `done` runs when both ports are closed. */
void dns_server_close(struct dns_server *server, void (*done)(void *context), void *context);

#endif
