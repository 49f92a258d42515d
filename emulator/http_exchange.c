/* One request at a site, from its arrival to its answer. */
#include "emulator/http_client.h"

#include "emulator/http_error.h"
#include "emulator/http_hold.h"

enum { KEPT_OUTPUT = 256 * 1024 };

void site_set_fate(const struct site_request *request, const struct site_fate *fate)
{
    if (request->exchange != NULL) {
        request->exchange->fate = *fate;
    }
}

void http_client_send(struct http_client *client, const struct http_response *response,
                      const struct http_request *request)
{
    struct buf *output = &client->endpoint->output;

    buf_clear(output);
    http_response_write(response, request, output);
    connection_send(client->connection, buf_bytes(output));
    if (output->capacity > KEPT_OUTPUT) {
        buf_finish(output);
    }
}

void http_client_tell(const struct http_client *client, struct http_record record)
{
    const struct http_endpoint_config *config = &client->endpoint->config;

    if (config->record != NULL) {
        record.peer = connection_peer(client->connection);
        config->record(config->context, &record);
    }
}

/* The answer is in `response`: sends it, or begins the stream that the site has opened. */
static void deliver(struct http_client *client, const struct http_request *request,
                    const struct http_response *response)
{
    if (client->stream != NULL) {
        connection_set_deadline(client->connection, 0);
        http_stream_begin(client->stream, response);
        return;
    }
    http_client_send(client, response, request);
    if (!request->keep_alive) {
        connection_close(client->connection);
    }
}

/* The site is done: the answer goes its way. */
static void complete(struct site_exchange *exchange)
{
    struct http_client *client = exchange->client;
    const struct http_request *request = &exchange->request;

    http_client_tell(
        client, (struct http_record){.site = exchange->site,
                                     .request = request,
                                     .status = exchange->response.status,
                                     .duration_us = clock_monotonic_us() - exchange->start_us});
    if (!http_hold_begin(client, client->endpoint->config.faults, &exchange->fate, request,
                         &exchange->response)) {
        deliver(client, request, &exchange->response);
    }
    http_response_finish(&exchange->response);
    buf_finish(&exchange->path);
}

void http_client_answer(struct http_client *client, const struct http_request *request,
                        struct bytes authority)
{
    struct http_endpoint *endpoint = client->endpoint;
    struct site_exchange *exchange = &client->exchange;
    struct http_response *response = &exchange->response;
    const struct site *site = http_routes_find(&endpoint->routes, request->host, request->path);

    *exchange = (struct site_exchange){
        .client = client,
        .site = site,
        .request = *request,
        .asked =
            {
                .http = &exchange->request,
                .authority = authority,
                .tls = connection_is_tls(client->connection),
                .peer = connection_peer(client->connection),
                .exchange = exchange,
            },
        .start_us = clock_monotonic_us(),
    };
    const struct site_request *asked = &exchange->asked;
    http_response_init(response, 200);
    if (site == NULL) {
        http_routes_explain(&endpoint->routes, request, response);
    } else if (!asked->tls && !site->plain_allowed) {
        http_error(response, 400, "HttpsRequired",
                   "This endpoint is served over TLS only, as Azure's is: use https:// with this "
                   "port, or set HTTPS_PROXY=http://%.*s and keep Azure's own addresses.",
                   (int)connection_local(client->connection).size,
                   connection_local(client->connection).data);
    } else if (endpoint->config.interfere == NULL ||
               !endpoint->config.interfere(endpoint->config.context, site, asked, response)) {
        site->handle(site->context, asked, response);
    }
    if (!exchange->later) {
        complete(exchange);
    }
}

struct site_exchange *site_answer_later(const struct site_request *request,
                                        void (*gone)(void *context), void *context)
{
    struct site_exchange *exchange = request->exchange;
    struct http_endpoint *endpoint = exchange->client->endpoint;

    exchange->later = true;
    exchange->gone = gone;
    exchange->context = context;
    exchange->path = endpoint->path;
    buf_init(&endpoint->path, HTTP_HEAD_LIMIT);
    connection_set_deadline(exchange->client->connection, 0);
    return exchange;
}

void site_answer(struct site_exchange *exchange)
{
    struct http_client *client = exchange->client;

    exchange->later = false;
    complete(exchange);
    loop_defer(connection_loop(client->connection), &client->go_on);
}

void http_client_abandon_answer(struct http_client *client)
{
    struct site_exchange *exchange = &client->exchange;

    if (exchange->later) {
        exchange->gone(exchange->context);
        http_response_finish(&exchange->response);
        buf_finish(&exchange->path);
    }
}
