/*
 * The front door: finds the site of each request and writes its answer. Limits and timeouts here
 * are in real time, because they protect the process.
 */
#include "emulator/http_endpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emulator/proxy.h"

enum {
    HEAD_LIMIT = 64 * 1024,
    BODY_LIMIT = 4 * 1024 * 1024, /* as Azure Resource Manager's */
    HEAD_MS = 30 * 1000,
    IDLE_MS = 120 * 1000,
    RESPONSE_LIMIT = 512 * 1024 * 1024,
    MOST_SITES = 64,
};

struct http_endpoint {
    struct http_endpoint_config config;
    const struct site *sites[MOST_SITES];
    size_t site_count;
};

struct http_client {
    struct http_endpoint *endpoint;
    struct connection *connection;
    struct http_parser *parser;
    struct tunnel *tunnel;
    struct loop_deadline deadline;
    char *connected_to; /* what CONNECT named, without :443; NULL without CONNECT */
};

/* ---- Sites ---- */

static bool matches_any(const char *const *globs, struct bytes text)
{
    for (size_t i = 0; globs[i] != NULL; i++) {
        if (bytes_match_glob(bytes_from_string(globs[i]), text, true)) {
            return true;
        }
    }
    return false;
}

static bool is_local(struct bytes host)
{
    static const char *const names[] = {"localhost", "*.localhost", "[::1]",
                                        "127.*",     "0.0.0.0",     NULL};
    return matches_any(names, host);
}

/* The path with runs of slashes made one, as several clients double them. */
static void collapse(struct bytes path, struct buf *collapsed)
{
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '/' || i == 0 || path.data[i - 1] != '/') {
            buf_append_byte(collapsed, path.data[i]);
        }
    }
}

static const struct site *find_site(const struct http_endpoint *endpoint, struct bytes host,
                                    struct bytes path)
{
    struct buf collapsed;
    const struct site *found = NULL;
    buf_init(&collapsed, HEAD_LIMIT);
    collapse(path, &collapsed);
    for (size_t i = 0; i < endpoint->site_count && found == NULL; i++) {
        const struct site *site = endpoint->sites[i];
        if ((site->hosts != NULL ? matches_any(site->hosts, host) : is_local(host)) &&
            (site->paths == NULL || matches_any(site->paths, buf_bytes(&collapsed)))) {
            found = site;
        }
    }
    buf_finish(&collapsed);
    return found;
}

/* Whether requests to this host are answered here. */
static bool served(const struct http_endpoint *endpoint, struct bytes host)
{
    for (size_t i = 0; i < endpoint->site_count; i++) {
        if (endpoint->sites[i]->hosts != NULL && matches_any(endpoint->sites[i]->hosts, host)) {
            return true;
        }
    }
    return is_local(host);
}

/* ---- Answers ---- */

static void answer_json(struct http_response *response, int status, const char *code,
                        const char *message)
{
    response->status = status;
    http_response_header(response, "Content-Type", "application/json");
    buf_printf(&response->body, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", code, message);
}

static void send_response(struct http_client *client, const struct http_response *response,
                          const struct http_request *request)
{
    struct buf output;
    buf_init(&output, RESPONSE_LIMIT);
    http_response_write(response, request, &output);
    connection_send(client->connection, buf_bytes(&output));
    buf_finish(&output);
}

static void refuse_message(struct http_client *client)
{
    const char *reason;
    int status = http_parser_rejection(client->parser, &reason);
    struct http_response response;
    http_response_init(&response, status);
    answer_json(&response, status, "BadRequest", reason);
    http_response_header(&response, "Connection", "close");
    const struct http_request none = {.method = BYTES("GET"), .minor_version = 1};
    send_response(client, &response, &none);
    http_response_finish(&response);
    connection_close(client->connection);
}

static void answer(struct http_client *client, const struct http_request *request,
                   struct bytes host, struct bytes authority)
{
    struct http_endpoint *endpoint = client->endpoint;
    int64_t start_us = clock_monotonic_us();
    const struct site *site = find_site(endpoint, host, request->path);
    const struct site_request asked = {
        .http = request,
        .authority = authority,
        .tls = connection_is_tls(client->connection),
        .peer = connection_peer(client->connection),
    };
    struct http_response response;
    http_response_init(&response, 200);
    if (site == NULL && !served(endpoint, host)) {
        answer_json(&response, 421, "MisdirectedRequest",
                    "This host name is not served here. The emulator answers for "
                    "management.azure.com, login.microsoftonline.com and localhost; use it as "
                    "HTTPS_PROXY to reach others.");
    } else if (site == NULL) {
        answer_json(&response, 404, "NotFound", "Nothing is served at this path.");
    } else if (!asked.tls && !site->plain_allowed) {
        answer_json(&response, 400, "HttpsRequired",
                    "This is served over HTTPS only, as by Azure: use https:// on this port, or "
                    "the emulator as HTTPS_PROXY (redurite exec -- COMMAND does that).");
    } else {
        site->handle(site->context, &asked, &response);
    }
    if (endpoint->config.answered != NULL) {
        endpoint->config.answered(endpoint->config.context, site, &asked, response.status,
                                  clock_monotonic_us() - start_us);
    }
    send_response(client, &response, request);
    http_response_finish(&response);
}

/* ---- CONNECT ---- */

/* "host:443" -> host and port, terminated. */
static bool split_target(struct bytes target, char host[256], char port[8])
{
    size_t colon = target.size;
    while (colon > 0 && target.data[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2 || colon > 256 || target.size - colon > 5 || target.size == colon) {
        return false;
    }
    snprintf(host, 256, "%.*s", (int)colon - 1, target.data);
    snprintf(port, 8, "%.*s", (int)(target.size - colon), target.data + colon);
    return true;
}

/* True when the connection is a tunnel from here on. */
static void connect_to(struct http_client *client, const struct http_request *request,
                       struct bytes rest)
{
    char host[256], port[8];
    struct http_endpoint *endpoint = client->endpoint;
    struct http_response response;
    if (client->connected_to != NULL || !split_target(request->target, host, port)) {
        http_response_init(&response, 400);
        answer_json(&response, 400, "BadRequest", "CONNECT takes host:port, once.");
        send_response(client, &response, request);
        http_response_finish(&response);
        connection_close(client->connection);
        return;
    }
    if (served(endpoint, bytes_from_string(host))) {
        client->connected_to =
            strcmp(port, "443") == 0 ? string_duplicate(host) : string_format("%s:%s", host, port);
        connection_send(client->connection, BYTES("HTTP/1.1 200 Connection established\r\n\r\n"));
        connection_start_tls(client->connection, rest);
        return;
    }
    if (endpoint->config.offline) {
        log_info("proxy", "refused host=%s reason=offline", host);
        http_response_init(&response, 403);
        answer_json(&response, 403, "Forbidden",
                    "The emulator runs with --offline and connects to no other host.");
        send_response(client, &response, request);
        http_response_finish(&response);
        connection_close(client->connection);
        return;
    }
    loop_clear_deadline(endpoint->config.loop, &client->deadline);
    client->tunnel = tunnel_open(endpoint->config.loop, client->connection, host, port);
    if (rest.size > 0) {
        tunnel_send(client->tunnel, rest);
    }
}

/* ---- Connections ---- */

static struct bytes without_port(struct bytes authority)
{
    size_t colon = authority.size;
    while (colon > 0 && authority.data[colon - 1] != ':' && authority.data[colon - 1] != ']') {
        colon--;
    }
    return colon > 0 && authority.data[colon - 1] == ':' ? bytes_slice(authority, 0, colon - 1)
                                                         : authority;
}

static void handle_request(struct http_client *client, const struct http_request *request,
                           struct bytes rest)
{
    if (bytes_equal_string(request->method, "CONNECT")) {
        connect_to(client, request, rest);
        return;
    }
    struct bytes authority = http_headers_get(&request->headers, "Host");
    if (authority.size == 0) {
        authority =
            client->connected_to != NULL ? bytes_from_string(client->connected_to) : request->host;
    }
    struct bytes host = request->host.size > 0 ? request->host : without_port(authority);
    if (host.size == 0) {
        host = authority = BYTES("localhost");
    }
    answer(client, request, host, authority);
    if (!request->keep_alive) {
        connection_close(client->connection);
    }
}

static void received(struct connection *connection, struct bytes data)
{
    struct http_client *client = connection_data(connection);
    struct loop *loop = client->endpoint->config.loop;
    if (client->tunnel != NULL) {
        tunnel_send(client->tunnel, data);
        return;
    }
    while (data.size > 0 && client->tunnel == NULL) {
        struct http_request request;
        enum http_parse_state state = http_parser_feed(client->parser, &data, &request);
        if (http_parser_wants_continue(client->parser)) {
            connection_send(connection, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        if (state == HTTP_REJECTED) {
            refuse_message(client);
            return;
        }
        if (state == HTTP_INCOMPLETE) {
            break;
        }
        bool connect = bytes_equal_string(request.method, "CONNECT");
        bool keep = request.keep_alive;
        handle_request(client, &request, connect ? data : (struct bytes){0});
        if (connect || !keep) {
            return;
        }
    }
    loop_set_deadline(loop, &client->deadline,
                      http_parser_in_message(client->parser) ? HEAD_MS : IDLE_MS);
}

static void deadline_passed(struct loop_deadline *deadline)
{
    struct http_client *client = CONTAINER_OF(deadline, struct http_client, deadline);
    connection_close(client->connection);
}

static bool opened(void *context, struct connection *connection)
{
    static const struct http_limits limits = {HEAD_LIMIT, BODY_LIMIT};
    struct http_endpoint *endpoint = context;
    struct http_client *client = memory_allocate_zeroed(sizeof(*client));
    client->endpoint = endpoint;
    client->connection = connection;
    client->parser = http_parser_create(limits);
    client->deadline.passed = deadline_passed;
    connection_set_data(connection, client);
    loop_set_deadline(endpoint->config.loop, &client->deadline, HEAD_MS);
    return true;
}

static void drained(struct connection *connection)
{
    struct http_client *client = connection_data(connection);
    if (client->tunnel != NULL) {
        tunnel_drained(client->tunnel);
    }
}

static void closed(struct connection *connection)
{
    struct http_client *client = connection_data(connection);
    if (client->tunnel != NULL) {
        tunnel_close(client->tunnel);
    }
    loop_clear_deadline(client->endpoint->config.loop, &client->deadline);
    http_parser_destroy(client->parser);
    memory_free(client->connected_to);
    memory_free(client);
}

/* ---- Life ---- */

struct http_endpoint *http_endpoint_create(const struct http_endpoint_config *config)
{
    struct http_endpoint *endpoint = memory_allocate_zeroed(sizeof(*endpoint));
    endpoint->config = *config;
    return endpoint;
}

void http_endpoint_destroy(struct http_endpoint *endpoint)
{
    memory_free(endpoint);
}

void http_endpoint_add_sites(struct http_endpoint *endpoint, const struct site *sites, size_t count)
{
    for (size_t i = 0; i < count && endpoint->site_count < MOST_SITES; i++) {
        endpoint->sites[endpoint->site_count++] = &sites[i];
    }
}

struct connection_handler http_endpoint_handler(struct http_endpoint *endpoint)
{
    return (struct connection_handler){
        .context = endpoint,
        .opened = opened,
        .received = received,
        .drained = drained,
        .closed = closed,
    };
}
