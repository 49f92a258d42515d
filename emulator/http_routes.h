/*
 * Which site answers a request: by host name and path, first row first. Also the questions about
 * names and targets that this takes. Knows no connection.
 */
#ifndef EMULATOR_HTTP_ROUTES_H
#define EMULATOR_HTTP_ROUTES_H

#include "emulator/site.h"

struct http_routes {
    const struct site **sites; /* in order of adding */
    size_t count;
};

void http_routes_finish(struct http_routes *routes); /* a zeroed one is fine */
void http_routes_add(struct http_routes *routes, const struct site *sites, size_t count);
/* NULL: http_routes_explain says why. Host without port, IPv6 with brackets. */
const struct site *http_routes_find(const struct http_routes *routes, struct bytes host,
                                    struct bytes path);
/* Whether some site is for this very host name. */
bool http_routes_serve(const struct http_routes *routes, struct bytes host);
/* 404 or 421, with what there is instead. */
void http_routes_explain(const struct http_routes *routes, const struct http_request *request,
                         struct http_response *response);

/* An address, a name without dots or under .localhost, this machine's: not some other server's. */
bool http_host_is_ours(struct bytes host);
bool http_host_is_loopback(struct bytes host);

/* "host:443" of an absolute target, else of the Host header. */
struct bytes http_request_authority(const struct http_request *request);
int http_authority_port(struct bytes authority); /* 0: none; -1: not one */
bool http_target_is_absolute(struct bytes target);
/* Headers that end at a proxy, and those that the proxy writes anew. */
bool http_header_is_for_proxies(struct bytes name);
/* Appends the path with runs of slashes made one, as several clients double them. */
void http_path_collapse(struct bytes path, struct buf *collapsed);

#endif
