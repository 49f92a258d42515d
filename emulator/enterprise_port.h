/*
 * The port of Azure Managed Redis, 10000: one for all its caches, plain and TLS, told apart by name
 * and key as on the main ports. It is open while there is such a cache.
 */
#ifndef EMULATOR_ENTERPRISE_PORT_H
#define EMULATOR_ENTERPRISE_PORT_H

#include "emulator/cache_host.h"

struct enterprise_port;

struct enterprise_port_config {
    struct loop *loop;
    struct tls_authority *authority;
    const char *bind;
    int port; /* wanted; 0: any free one; PORT_OFF: none */
    struct cache_host *caches;
    struct redis_faults *faults; /* may be NULL */
};

struct enterprise_port *enterprise_port_create(const struct enterprise_port_config *config);
/* It must have been closed, or given up. NULL is fine. */
void enterprise_port_destroy(struct enterprise_port *port);
/* A cache has come or is going (`leaving`; NULL: none is): opens or closes as needed. */
void enterprise_port_update(struct enterprise_port *port, const struct cache *leaving);
void enterprise_port_close(struct enterprise_port *port);
bool enterprise_port_open(const struct enterprise_port *port);

#endif
