/*
 * The Redis ports: connections on one side, sessions on the other. Which instance a connection
 * belongs to is asked of a directory; nothing here knows what a cache is.
 */
#ifndef EMULATOR_REDIS_ENDPOINT_H
#define EMULATOR_REDIS_ENDPOINT_H

#include "emulator/listener.h"
#include "emulator/network_rules.h"
#include "emulator/redis_faults.h"
#include "resp/session.h"

/* Where a connection may go. */
struct redis_target {
    struct instance *instance;
    enum tls_version minimum_tls;
    bool plain_port_open;                /* false: only TLS clients are let in */
    int node;                            /* as in struct session_peer */
    const struct network_rules *network; /* borrowed for the call; NULL: from everywhere */
};

/* What AUTH brought, and how. Borrowed. */
struct redis_credentials {
    struct bytes user, password;
    bool tls;
};

/* Who knows the caches. All views are borrowed for the call. */
struct redis_directory {
    void *context;
    /*
     * The cache that a TLS client names in its hello. REDIS_NAME_FOREIGN: the name is none of a
     * cache ("localhost", empty), the client is routed by its key; REDIS_NAME_UNKNOWN: it is, but
     * there is no such cache, so the handshake is refused.
     */
    enum redis_name {
        REDIS_NAME_FOUND,
        REDIS_NAME_FOREIGN,
        REDIS_NAME_UNKNOWN
    } (*by_name)(void *context, struct bytes server_name, struct redis_target *target);
    /* Where clients wait that are routed by key; in profile redis, the open devcache. */
    struct redis_target (*anteroom)(void *context);
    /*
     * The cache that these open. `named` is the instance the connection was routed to by name, or
     * NULL when any may be opened. `admission` as in resp/session.h.
     */
    bool (*by_password)(void *context, struct instance *named,
                        const struct redis_credentials *given, struct redis_target *target,
                        struct session_admission *admission);
};

struct redis_endpoint;

/* `faults` decide on clients and commands; NULL: none. */
struct redis_endpoint *redis_endpoint_create(struct loop *loop,
                                             const struct redis_directory *directory,
                                             struct redis_faults *faults);
void redis_endpoint_destroy(struct redis_endpoint *endpoint); /* its connections must be gone */
/* For the listeners of both ports. */
struct connection_handler redis_endpoint_handler(struct redis_endpoint *endpoint);
struct tls_policy_source redis_endpoint_policy(struct redis_endpoint *endpoint);

#endif
