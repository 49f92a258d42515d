/*
 * The front door's connections: messages in, answers out, and CONNECT. Limits and timeouts are in
 * real time, because they protect the process.
 */
#include "emulator/http_endpoint.h"

#include <string.h>

#include "base/log.h"
#include "emulator/http_client.h"
#include "emulator/http_error.h"
#include "emulator/http_hold.h"
#include "emulator/http_routes.h"
#include "emulator/name_faults.h"
#include "emulator/proxy.h"

enum {
    BODY_LIMIT = 4 * 1024 * 1024,       /* as Azure Resource Manager's */
    STATE_LIMIT = 1024 * 1024 * 1024,   /* a whole state holds the caches' data */
    WAITING_LIMIT = 4 * LOOP_READ_SIZE, /* read while an answer goes first */
    MESSAGE_MS = 60 * 1000,             /* of each PROGRESS_BYTES of a message */
    PROGRESS_BYTES = 64 * 1024,
    IDLE_MS = 120 * 1000,
};
#define RESPONSE_LIMIT ((size_t)2 << 30)

/* ---- Answers ---- */

/* Answers with an error of our own, and ends the connection: what follows has no known meaning. */
static void refuse(struct http_client *client, const struct http_request *request, int status,
                   const char *code, const char *message)
{
    struct http_response response;

    http_client_tell(client,
                     (struct http_record){.request = request, .status = status, .duration_us = -1});
    http_response_init(&response, status);
    http_error(&response, status, code, "%s", message);
    http_response_header(&response, "Connection", "close");
    http_client_send(client, &response, request);
    http_response_finish(&response);
    connection_close(client->connection);
}

static void refuse_broken(struct http_client *client, struct bytes input)
{
    const char *reason = "";
    int status = http_parser_rejection(client->parser, &reason);
    struct bytes peer = connection_peer(client->connection);

    log_info("http", "refused a broken request peer=%.*s status=%d reason=\"%s\" from=\"%s\"",
             (int)peer.size, peer.data, status, reason, protocol_guess(input));
    refuse(client, NULL, status, status == 413 ? "RequestEntityTooLarge" : "BadRequest", reason);
}

/* ---- Names ---- */

/* False: a fault keeps the name from leading anywhere, and the client hears of it, or nothing. */
static bool resolve_or_refuse(struct http_client *client, const struct http_request *request)
{
    struct http_endpoint *endpoint = client->endpoint;
    struct name_answer answer;
    struct http_response nothing;
    const char *reason = NULL;

    switch (name_faults_decide(endpoint->config.faults, request->host, &answer)) {
    case NAME_RESOLVES:
        return true;
    case NAME_SILENT:
        http_response_init(&nothing, 504);
        http_hold_begin(client, endpoint->config.faults,
                        &(struct site_fate){
                            .holder = answer.serial, .silent = true, .ending_ms = FAULT_FOR_EVER},
                        request, &nothing);
        http_response_finish(&nothing);
        return false;
    case NAME_UNKNOWN:
        reason = "The name cannot be resolved: there is no such host (NXDOMAIN).";
        break;
    case NAME_ELSEWHERE:
        reason = "The name leads to an address where nothing answers.";
        break;
    }
    refuse(client, request, 502, "BadGateway", reason);
    return false;
}

/* ---- Foreign hosts ---- */

static void refuse_offline(struct http_client *client, const struct http_request *request)
{
    struct bytes peer = connection_peer(client->connection);

    log_info("proxy", "refused: offline peer=%.*s target=\"%.*s\"", (int)peer.size, peer.data,
             (int)bytes_slice(request->target, 0, 200).size, request->target.data);
    refuse(
        client, request, 403, "Offline",
        "This host is not emulated, and the emulator runs with --offline: it passes nothing on.");
}

/* An absolute-form request, on its way: in origin form, one answer only. */
static void forward(struct http_client *client, const struct http_request *request, int port)
{
    struct buf opening;
    bool no_path = request->path.size == 0;

    buf_init(&opening, HTTP_HEAD_LIMIT * 2 + request->body.size);
    buf_printf(&opening, "%.*s %.*s", (int)request->method.size, request->method.data,
               no_path ? 1 : (int)request->path.size, no_path ? "/" : request->path.data);
    if (request->query.data != NULL) {
        buf_append_byte(&opening, '?');
        buf_append(&opening, request->query);
    }
    buf_append_string(&opening, " HTTP/1.1\r\n");
    for (size_t i = 0; i < request->headers.count; i++) {
        const struct http_header *header = &request->headers.list[i];
        if (!http_header_is_for_proxies(header->name)) {
            buf_printf(&opening, "%.*s: %.*s\r\n", (int)header->name.size, header->name.data,
                       (int)header->value.size, header->value.data);
        }
    }
    if (request->body.size > 0) {
        buf_printf(&opening, "Content-Length: %zu\r\n", request->body.size);
    }
    buf_append_string(&opening, "Connection: close\r\n\r\n");
    buf_append(&opening, request->body);

    struct connection *connection = client->connection;
    struct proxy *proxy = client->endpoint->proxy;
    char *host = bytes_to_string(request->host);
    http_client_leave(client);
    proxy_lead(proxy, connection, bytes_from_string(host), port, BYTES(""), buf_bytes(&opening));
    memory_free(host);
    buf_finish(&opening);
}

/* False: the client is no longer ours. */
static bool pass_on_or_refuse(struct http_client *client, const struct http_request *request,
                              int port)
{
    if (bytes_equal_nocase(bytes_slice(request->target, 0, 8), BYTES("https://"))) {
        refuse(client, request, 400, "BadRequest",
               "Requests to https:// addresses come through CONNECT, not in the clear.");
        return true;
    }
    if (!resolve_or_refuse(client, request)) {
        return true;
    }
    if (client->endpoint->config.offline && !http_host_is_loopback(request->host)) {
        refuse_offline(client, request);
        return true;
    }
    http_client_tell(
        client, (struct http_record){.request = request, .passed_on = true, .duration_us = -1});
    forward(client, request, port);
    return false;
}

/* ---- CONNECT ---- */

static void accept_tunnel(struct http_client *client, const struct http_request *request)
{
    http_client_tell(client,
                     (struct http_record){.request = request, .status = 200, .duration_us = -1});
    memory_free(client->connected_to);
    client->connected_to = bytes_to_string(request->host);
    client->expects_hello = true;
    connection_send(client->connection, BYTES("HTTP/1.1 200 Connection established\r\n\r\n"));
}

/* False: the client is no longer ours. */
static bool connect_to(struct http_client *client, const struct http_request *request,
                       struct bytes rest)
{
    struct http_endpoint *endpoint = client->endpoint;
    struct connection *connection = client->connection;
    int port = http_authority_port(request->target);

    if (port <= 0 || client->connected_to != NULL) {
        refuse(client, request, 400, "BadRequest", "CONNECT takes host:port, and once only.");
        return true;
    }
    if (!resolve_or_refuse(client, request)) {
        return true;
    }
    if (http_routes_serve(&endpoint->routes, request->host) ||
        (http_host_is_ours(request->host) && port == connection_local_port(connection))) {
        if (connection_is_tls(connection)) {
            refuse(client, request, 501, "NotImplemented",
                   "TLS inside TLS is not served: give the proxy's address as http://, not "
                   "https://.");
            return true;
        }
        accept_tunnel(client, request);
        return true;
    }
    if (endpoint->config.offline && !http_host_is_loopback(request->host)) {
        refuse_offline(client, request);
        return true;
    }
    http_client_tell(
        client, (struct http_record){.request = request, .passed_on = true, .duration_us = -1});
    char *host = bytes_to_string(request->host);
    http_client_leave(client);
    proxy_lead(endpoint->proxy, connection, bytes_from_string(host), port,
               BYTES("HTTP/1.1 200 Connection established\r\n\r\n"), rest);
    memory_free(host);
    return false;
}

/* ---- Messages ---- */

/* A copy with the host we were called by and a path without runs of slashes. */
static struct http_request normalized(struct http_client *client,
                                      const struct http_request *request, struct bytes *authority)
{
    struct http_request copy = *request;

    *authority = http_request_authority(request);
    if (copy.host.size == 0) {
        copy.host = client->connected_to != NULL ? bytes_from_string(client->connected_to)
                                                 : BYTES("localhost");
        *authority = copy.host;
    }
    buf_clear(&client->endpoint->path);
    http_path_collapse(request->path, &client->endpoint->path);
    copy.path = buf_bytes(&client->endpoint->path);
    return copy;
}

/* False: the client is no longer ours. */
static bool handle_request(struct http_client *client, const struct http_request *request,
                           struct bytes rest)
{
    struct http_endpoint *endpoint = client->endpoint;

    if (bytes_equal_string(request->method, "CONNECT")) {
        return connect_to(client, request, rest);
    }
    struct bytes authority;
    struct http_request copy = normalized(client, request, &authority);
    if (http_target_is_absolute(request->target) &&
        !http_routes_serve(&endpoint->routes, copy.host)) {
        int port = http_authority_port(authority);
        bool elsewhere = port > 0 && port != connection_local_port(client->connection);
        if (!http_host_is_ours(copy.host) || elsewhere) {
            return pass_on_or_refuse(client, &copy, port > 0 ? port : 80);
        }
    }
    http_client_answer(client, &copy, authority);
    return true;
}

/* What is left waits until the answer in progress is over, or has been read. */
static void keep_waiting(struct http_client *client, struct bytes data)
{
    if (!buf_append(&client->waiting, data) || !http_client_answering(client) ||
        client->waiting.size >= LOOP_READ_SIZE) {
        /* Without a stream the pause is short. With one it ends the watch for its leaving. */
        connection_pause(client->connection);
    }
}

static void move_deadline(struct http_client *client, size_t received)
{
    const struct http_endpoint_config *config = &client->endpoint->config;
    bool in_message = http_parser_in_message(client->parser);

    client->message_bytes += received;
    if (in_message && client->in_message && client->message_bytes < PROGRESS_BYTES) {
        return;
    }
    client->in_message = in_message;
    client->message_bytes = 0;
    connection_set_deadline(client->connection, in_message ? config->message_ms : config->idle_ms);
}

/* Everything that can be done with these bytes now. False: the client is no longer ours. */
static bool process(struct http_client *client, struct bytes data)
{
    struct connection *connection = client->connection;
    size_t received = data.size;

    while (data.size > 0 && connection_open(connection)) {
        struct http_request request;
        if (client->expects_hello) {
            client->expects_hello = false;
            if (data.data[0] == 0x16) {
                connection_start_tls(connection, data, bytes_from_string(client->connected_to));
                return true;
            }
        }
        if (http_client_answering(client) ||
            connection_pending(connection) > CONNECTION_HIGH_WATER) {
            keep_waiting(client, data);
            return true;
        }
        struct bytes before = data;
        switch (http_parser_feed(client->parser, &data, &request)) {
        case HTTP_REJECTED:
            refuse_broken(client, before);
            return true;
        case HTTP_COMPLETE:
            if (!handle_request(client, &request, data)) {
                return false;
            }
            break;
        default:
            if (http_parser_wants_continue(client->parser)) {
                connection_send(connection, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
            }
        }
    }
    if (connection_open(connection) && !http_client_answering(client)) {
        move_deadline(client, received);
    }
    return true;
}

static void process_waiting(struct http_client *client)
{
    struct buf waiting = client->waiting;
    struct connection *connection = client->connection;

    buf_init(&client->waiting, WAITING_LIMIT);
    if (process(client, buf_bytes(&waiting)) && client->waiting.size == 0) {
        connection_resume(connection);
    }
    buf_finish(&waiting);
}

static void go_on(struct loop_task *task)
{
    struct http_client *client = CONTAINER_OF(task, struct http_client, go_on);

    if (!http_client_answering(client) && connection_open(client->connection)) {
        move_deadline(client, PROGRESS_BYTES);
        process_waiting(client);
    }
}

static size_t body_limit(void *context, const struct http_request *head)
{
    (void)context;
    return bytes_equal_string(head->path, "/_redurite/state") ? STATE_LIMIT : BODY_LIMIT;
}

/* ---- The connection's events ---- */

static bool opened(void *context, struct connection *connection)
{
    static const struct http_limits limits = {HTTP_HEAD_LIMIT, BODY_LIMIT};
    struct http_endpoint *endpoint = context;
    struct http_client *client = memory_allocate_zeroed(sizeof(*client));

    client->endpoint = endpoint;
    client->connection = connection;
    client->parser = http_parser_create(limits);
    http_parser_limit_bodies(client->parser, body_limit, NULL);
    client->go_on.run = go_on;
    buf_init(&client->waiting, WAITING_LIMIT);
    connection_set_data(connection, client);
    connection_set_deadline(connection, endpoint->config.idle_ms);
    return true;
}

static void received(struct connection *connection, struct bytes data)
{
    struct http_client *client = connection_data(connection);

    if (client->waiting.size > 0) {
        keep_waiting(client, data);
    } else {
        process(client, data);
    }
}

static void drained(struct connection *connection)
{
    struct http_client *client = connection_data(connection);
    if (client->waiting.size > 0 && !http_client_answering(client)) {
        process_waiting(client);
    }
}

static void expired(struct connection *connection)
{
    struct http_client *client = connection_data(connection);

    if (http_parser_in_message(client->parser)) {
        refuse(client, NULL, 408, "RequestTimeout", "The request did not come to its end in time.");
    } else {
        connection_close(connection);
    }
}

void http_client_leave(struct http_client *client)
{
    loop_cancel(connection_loop(client->connection), &client->go_on);
    http_stream_abandon(client->stream);
    http_hold_abandon(client->hold);
    http_client_abandon_answer(client);
    http_parser_destroy(client->parser);
    buf_finish(&client->waiting);
    memory_free(client->connected_to);
    memory_free(client);
}

static void closed(struct connection *connection)
{
    http_client_leave(connection_data(connection));
}

/* ---- The endpoint ---- */

struct http_endpoint *http_endpoint_create(const struct http_endpoint_config *config)
{
    struct http_endpoint *endpoint = memory_allocate_zeroed(sizeof(*endpoint));

    endpoint->config = *config;
    if (endpoint->config.message_ms == 0) {
        endpoint->config.message_ms = MESSAGE_MS;
    }
    if (endpoint->config.idle_ms == 0) {
        endpoint->config.idle_ms = IDLE_MS;
    }
    endpoint->proxy = proxy_create(config->loop);
    buf_init(&endpoint->output, RESPONSE_LIMIT);
    buf_init(&endpoint->path, HTTP_HEAD_LIMIT);
    return endpoint;
}

void http_endpoint_destroy(struct http_endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    proxy_destroy(endpoint->proxy);
    http_routes_finish(&endpoint->routes);
    buf_finish(&endpoint->output);
    buf_finish(&endpoint->path);
    memory_free(endpoint);
}

void http_endpoint_add_sites(struct http_endpoint *endpoint, const struct site *sites, size_t count)
{
    http_routes_add(&endpoint->routes, sites, count);
}

bool http_endpoint_serves(const struct http_endpoint *endpoint, struct bytes host)
{
    return http_routes_serve(&endpoint->routes, host);
}

struct connection_handler http_endpoint_handler(struct http_endpoint *endpoint)
{
    return (struct connection_handler){
        .context = endpoint,
        .opened = opened,
        .received = received,
        .drained = drained,
        .expired = expired,
        .closed = closed,
    };
}

static struct tls_policy decide(void *context, struct bytes server_name)
{
    const struct http_endpoint *endpoint = context;
    bool ours = server_name.size == 0 || http_host_is_ours(server_name) ||
                http_routes_serve(&endpoint->routes, server_name);

    if (!ours) {
        log_info("http", "refused a server name that is not served here name=\"%.*s\"",
                 (int)server_name.size, server_name.data);
    }
    return (struct tls_policy){.refuse = !ours, .minimum = TLS_1_2};
}

struct tls_policy_source http_endpoint_policy(struct http_endpoint *endpoint)
{
    return (struct tls_policy_source){endpoint, decide};
}
