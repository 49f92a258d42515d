/*
 * What an instance must be told to answer as a Sentinel: which masters there are, and how one of
 * them is failed over. It watches nothing itself.
 */
#ifndef RESP_SENTINEL_H
#define RESP_SENTINEL_H

#include "base/bytes.h"

enum { SENTINEL_REPLICAS = 3, SENTINEL_QUORUM = 1 };

/* A master as clients are to find it; borrowed for the call. */
struct sentinel_master {
    struct bytes name, address;
    int port;
    char run_id[41];
    int replicas;
    int replica_ports[SENTINEL_REPLICAS];
    int epoch; /* failovers so far */
};

struct sentinel_host {
    void *context;
    /* The masters by number; false behind the last. `tls`: with the ports for TLS. */
    bool (*master_at)(void *context, size_t index, bool tls, struct sentinel_master *master);
    /* SENTINEL FAILOVER. False: it has no replica. */
    bool (*fail_over)(void *context, struct bytes name);
};

#endif
