/* Finds the site of a request. */
#include "emulator/http_routes.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "emulator/http_error.h"

enum { LIST_LIMIT = 2048, LONGEST_NAME = 253, LONGEST_LABEL = 63, QUOTED_BYTES = 200 };

void http_routes_finish(struct http_routes *routes)
{
    memory_free(routes->sites);
    *routes = (struct http_routes){0};
}

void http_routes_add(struct http_routes *routes, const struct site *sites, size_t count)
{
    routes->sites = memory_resize(routes->sites, (routes->count + count) * sizeof(*routes->sites));
    for (size_t i = 0; i < count; i++) {
        routes->sites[routes->count++] = &sites[i];
    }
}

/* ---- Hosts ---- */

static bool matches_any(const char *const *globs, struct bytes text)
{
    for (size_t i = 0; globs[i] != NULL; i++) {
        if (bytes_match_glob(bytes_from_string(globs[i]), text, true)) {
            return true;
        }
    }
    return false;
}

static bool is_address(struct bytes host)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    bool bracketed = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';

    if (bracketed) {
        host = bytes_slice(host, 1, host.size - 1);
    }
    if (host.size == 0 || host.size >= sizeof(text)) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(bracketed ? AF_INET6 : AF_INET, text, address) == 1;
}

static bool is_plain_name(struct bytes host)
{
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || (c != '-' && c != '.' && c != '_'))) {
            return false;
        }
    }
    return host.size > 0 && host.size <= LONGEST_NAME;
}

bool http_host_is_loopback(struct bytes host)
{
    static const char *const names[] = {"localhost", "*.localhost", "127.*",
                                        "[[]::1]",   "0.0.0.0",     NULL};
    return (is_plain_name(host) || is_address(host)) && matches_any(names, host);
}

bool http_host_is_ours(struct bytes host)
{
    char machine[LONGEST_NAME + 1] = "";

    if (is_address(host)) {
        return true;
    }
    if (!is_plain_name(host)) {
        return false;
    }
    if (bytes_find(host, '.') == host.size) {
        return host.size <= LONGEST_LABEL;
    }
    if (gethostname(machine, sizeof(machine) - 1) != 0) {
        machine[0] = '\0';
    }
    return bytes_match_glob(BYTES("*.localhost"), host, true) ||
           bytes_equal_string_nocase(host, "host.docker.internal") ||
           bytes_equal_string_nocase(host, machine);
}

/* ---- Sites ---- */

/*
 * Azure's own names that are never looked for elsewhere, whether or not a site of this version
 * answers them: a token or a secret meant for the emulator must not reach the real service.
 */
static const char *const azure_hosts[] = {
    "graph.microsoft.com", "graph.windows.net",       "*.vault.azure.net",
    "vault.azure.net",     "*.scm.azurewebsites.net", NULL,
};

bool http_routes_serve(const struct http_routes *routes, struct bytes host)
{
    if (matches_any(azure_hosts, host)) {
        return true;
    }
    for (size_t i = 0; i < routes->count; i++) {
        if (routes->sites[i]->hosts != NULL && matches_any(routes->sites[i]->hosts, host)) {
            return true;
        }
    }
    return false;
}

const struct site *http_routes_find(const struct http_routes *routes, struct bytes host,
                                    struct bytes path)
{
    bool ours = http_host_is_ours(host) || http_routes_serve(routes, host);

    for (size_t i = 0; i < routes->count; i++) {
        const struct site *site = routes->sites[i];
        if ((site->hosts != NULL ? matches_any(site->hosts, host) : ours) &&
            (site->paths == NULL || matches_any(site->paths, path))) {
            return site;
        }
    }
    return NULL;
}

static void list_globs(const char *const *globs, struct buf *list)
{
    for (size_t i = 0; globs != NULL && globs[i] != NULL; i++) {
        buf_printf(list, "%s%s", list->size == 0 ? "" : ", ", globs[i]);
    }
}

void http_routes_explain(const struct http_routes *routes, const struct http_request *request,
                         struct http_response *response)
{
    bool ours = http_host_is_ours(request->host) || http_routes_serve(routes, request->host);
    struct bytes quoted = bytes_slice(ours ? request->path : request->host, 0, QUOTED_BYTES);
    struct buf list;

    buf_init(&list, LIST_LIMIT);
    for (size_t i = 0; i < routes->count; i++) {
        list_globs(ours ? routes->sites[i]->paths : routes->sites[i]->hosts, &list);
    }
    if (ours) {
        http_error(response, 404, "NotFound", "Nothing is served at '%.*s'. There are: %s.",
                   (int)quoted.size, quoted.data, buf_string(&list));
    } else {
        http_error(response, 421, "MisdirectedRequest",
                   "The host '%.*s' is not served here. There are: localhost, addresses, %s.",
                   (int)quoted.size, quoted.data, buf_string(&list));
    }
    buf_finish(&list);
}

/* ---- Targets and headers ---- */

bool http_target_is_absolute(struct bytes target)
{
    return bytes_equal_nocase(bytes_slice(target, 0, 7), BYTES("http://")) ||
           bytes_equal_nocase(bytes_slice(target, 0, 8), BYTES("https://"));
}

struct bytes http_request_authority(const struct http_request *request)
{
    if (!http_target_is_absolute(request->target)) {
        return http_headers_get(&request->headers, "Host");
    }
    struct bytes rest = request->target;
    rest = bytes_slice(rest, bytes_find(rest, ':') + 3, rest.size);
    size_t end = 0;
    while (end < rest.size && strchr("/?", rest.data[end]) == NULL) {
        end++;
    }
    return bytes_slice(rest, 0, end);
}

int http_authority_port(struct bytes authority)
{
    size_t host_end =
        authority.size > 0 && authority.data[0] == '[' ? bytes_find(authority, ']') : 0;
    struct bytes rest = bytes_slice(authority, host_end, authority.size);
    size_t colon = bytes_find(rest, ':');
    int64_t port;

    if (colon == rest.size) {
        return 0;
    }
    rest = bytes_slice(rest, colon + 1, rest.size);
    return rest.size <= 5 && bytes_to_int64(rest, &port) && port > 0 && port <= 65535 ? (int)port
                                                                                      : -1;
}

bool http_header_is_for_proxies(struct bytes name)
{
    static const char *const names[] = {"Connection",
                                        "Proxy-Connection",
                                        "Proxy-Authorization",
                                        "Keep-Alive",
                                        "TE",
                                        "Trailer",
                                        "Transfer-Encoding",
                                        "Upgrade",
                                        "Content-Length",
                                        "Expect"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (bytes_equal_string_nocase(name, names[i])) {
            return true;
        }
    }
    return false;
}

void http_path_collapse(struct bytes path, struct buf *collapsed)
{
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '/' || i == 0 || path.data[i - 1] != '/') {
            buf_append_byte(collapsed, path.data[i]);
        }
    }
}
