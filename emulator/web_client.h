/*
 * HTTP requests to elsewhere, each on a connection of its own, once and without following
 * redirects. https goes through TLS with the system's authorities and the emulator's own.
 */
#ifndef EMULATOR_WEB_CLIENT_H
#define EMULATOR_WEB_CLIENT_H

#include "base/http.h"
#include "emulator/loop.h"
#include "emulator/tls.h"

struct web_client;
struct web_exchange;

struct web_request {
    const char *method;
    const char *url;
    struct bytes json;    /* the body; empty: none */
    size_t answer_limit;  /* bytes of its body */
    uint64_t deadline_ms; /* for all of it, in real time */
    /*
     * How it ended, once. `reply` is NULL when there was no whole answer; `failure` says why then,
     * for people. Both are borrowed.
     */
    void (*done)(void *context, const struct http_reply *reply, const char *failure);
    void *context;
};

/* `offline`: only this machine is asked. */
struct web_client *web_client_create(struct loop *loop, const struct tls_authority *authority,
                                     bool offline);
/* What is under way is dropped, and nobody is told. NULL is fine. */
void web_client_destroy(struct web_client *web);
/* The request is copied. NULL: it could not be asked, and `done` has heard why already. */
struct web_exchange *web_client_ask(struct web_client *web, const struct web_request *request);
/* Before `done`, which does not run then. */
void web_exchange_cancel(struct web_exchange *exchange);

#endif
