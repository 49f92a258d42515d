/*
 * Who may come in at the Redis ports: where a connection begins, which cache a key opens, and what
 * those are told who stay outside. Which instance is meant is asked of a directory; nothing here
 * knows what a cache is, or what is said once inside.
 */
#ifndef EMULATOR_REDIS_ADMISSION_H
#define EMULATOR_REDIS_ADMISSION_H

#include "emulator/connection.h"
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

/* Of an endpoint. */
struct redis_admission {
    struct redis_directory directory;
    struct redis_faults *faults;      /* NULL: none */
    char refusal[FAULT_REFUSAL_SIZE]; /* what a fault says to the client being turned away */
};

/* Of a client; lives as long as its connection. */
struct redis_visitor {
    struct redis_admission *admission;
    struct connection *connection;
    struct instance *named; /* routed here by server name; NULL: by key */
};

/* Where a new connection begins. False: nowhere, and it has been told why if it may know. */
bool redis_visitor_enter(struct redis_visitor *visitor, struct redis_target *target);
/* What AUTH opens; NULL with the reason in `verdict`. As session_host.authenticate. */
struct instance *redis_visitor_authenticate(struct redis_visitor *visitor, struct bytes user,
                                            struct bytes password,
                                            struct session_admission *verdict);
/* A client of another protocol gets no answer: it could not read it. False: it is gone. */
bool redis_visitor_speaks_redis(const struct redis_visitor *visitor, struct bytes first);

/* For the handshake of a client that says this name. */
struct tls_policy redis_admission_policy(const struct redis_admission *admission,
                                         struct bytes server_name);

#endif
