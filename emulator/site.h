/*
 * A site answers the requests of some host names or paths at the front door. Sites are rows; the
 * front door (http_endpoint) finds the first that fits and knows nothing else about them.
 */
#ifndef EMULATOR_SITE_H
#define EMULATOR_SITE_H

#include "base/http.h"

struct site_request {
    const struct http_request *http;
    struct bytes authority; /* what the client called us, with port if it gave one */
    bool tls;               /* the request came encrypted, directly or inside CONNECT */
    struct bytes peer;      /* "127.0.0.1:53124" */
};

struct site {
    const char *name;
    /* Globs of host names without port, NULL-terminated; NULL: any host that is ours. */
    const char *const *hosts;
    /* Globs of paths, NULL-terminated, any case; NULL: any path. */
    const char *const *paths;
    bool plain_allowed; /* false: over plain HTTP the answer is 400, in words that help */
    void (*handle)(void *context, const struct site_request *request,
                   struct http_response *response);
    void *context;
};

#endif
