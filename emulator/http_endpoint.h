/*
 * The front door: HTTP connections on one side, sites on the other. Plain and TLS on one port;
 * CONNECT is answered here for the host names of sites (emulator/proxy for all others).
 */
#ifndef EMULATOR_HTTP_ENDPOINT_H
#define EMULATOR_HTTP_ENDPOINT_H

#include "emulator/faults/faults.h"
#include "emulator/listener.h"
#include "emulator/site.h"

/* One request, for the journal. Borrowed for the call. */
struct http_record {
    const struct site *site;            /* NULL: none fitted, or none was asked */
    const struct http_request *request; /* NULL: it was malformed */
    struct bytes peer;
    bool passed_on;      /* to a host that is not emulated: what it answers is not known here */
    int status;          /* 0: passed on */
    int64_t duration_us; /* -1: has none */
};

struct http_endpoint_config {
    struct loop *loop;
    bool offline; /* foreign hosts are refused instead of tunnelled to */
    /* Told of each request. May be NULL. */
    void (*record)(void *context, const struct http_record *record);
    /* A fault answers in the site's place, or says what becomes of the answer. May be NULL. */
    bool (*interfere)(void *context, const struct site *site, const struct site_request *request,
                      struct http_response *response);
    struct faults *faults; /* what holds answers back; NULL: nothing does */
    void *context;
    /* Of one message, and between two, in real time; 0: 60 s and 120 s. */
    uint64_t message_ms, idle_ms;
};

struct http_endpoint;

struct http_endpoint *http_endpoint_create(const struct http_endpoint_config *config);
void http_endpoint_destroy(struct http_endpoint *endpoint); /* its connections must be gone */
/* Rows are searched in order of adding; they and their context outlive the endpoint. */
void http_endpoint_add_sites(struct http_endpoint *endpoint, const struct site *sites,
                             size_t count);
/* Whether some site is for this very host name. */
bool http_endpoint_serves(const struct http_endpoint *endpoint, struct bytes host);
struct connection_handler http_endpoint_handler(struct http_endpoint *endpoint);
/* Lets in the names that are served here. */
struct tls_policy_source http_endpoint_policy(struct http_endpoint *endpoint);

#endif
