/* Requests to elsewhere: one request, one answer. */
#include "emulator/web_client.h"

#include <stdio.h>

#include "emulator/connection.h"
#include "emulator/http_place.h"
#include "emulator/http_routes.h"
#include "emulator/tls_client.h"
#include "emulator/version.h"

enum { HEAD_LIMIT = 64 * 1024, REASON_SIZE = 200, MOST_AT_ONCE = 64 };

struct web_client {
    struct connection_group group;
    const struct tls_authority *authority;
    SSL_CTX *tls; /* NULL until the first https: reading the system's authorities takes 20 ms */
    bool offline, leaving;
};

struct web_exchange {
    struct web_client *web;
    struct connection *connection;
    uint64_t until_ms;      /* as uv_now */
    struct tls_client *tls; /* NULL: plain */
    struct buf request;
    struct http_reply_parser *parser;
    void (*done)(void *context, const struct http_reply *reply, const char *failure);
    void *context;
};

/* ---- One exchange ---- */

/* Tells how it ended, the first time. */
static void end(struct web_exchange *exchange, const struct http_reply *reply, const char *failure)
{
    void (*done)(void *, const struct http_reply *, const char *) = exchange->done;
    exchange->done = NULL;
    if (done != NULL && !exchange->web->leaving) {
        done(exchange->context, reply, failure);
    }
}

/* Answered, or it never will be. */
static void answered(struct web_exchange *exchange, struct bytes data)
{
    struct http_reply reply;
    enum http_parse_state state = http_reply_parser_feed(exchange->parser, &data, &reply);
    if (state == HTTP_COMPLETE) {
        end(exchange, &reply, NULL);
    } else if (state == HTTP_REJECTED) {
        end(exchange, NULL, "the answer is too large, or no HTTP");
    }
    if (state != HTTP_INCOMPLETE) {
        connection_close(exchange->connection);
    }
}

/* An answer may end with the connection, if that has ended well. */
static void end_of_answer(struct web_exchange *exchange)
{
    if (exchange->tls == NULL || tls_client_ended(exchange->tls)) {
        answered(exchange, BYTES(""));
    }
    connection_close(exchange->connection);
}

/* Handshake, then the request, then the answer: as far as what is there goes. */
static void go_on(struct web_exchange *exchange, struct bytes data)
{
    struct buf plain, sealed;
    buf_init(&plain, SIZE_MAX);
    buf_init(&sealed, SIZE_MAX);
    const char *failure = tls_client_hear(exchange->tls, data, &plain, &sealed);
    connection_send(exchange->connection, buf_bytes(&sealed));
    if (failure != NULL) {
        char reason[REASON_SIZE];
        snprintf(reason, sizeof(reason), "TLS: %s", failure);
        end(exchange, NULL, reason);
        connection_close(exchange->connection);
    } else if (plain.size > 0) {
        answered(exchange, buf_bytes(&plain));
    }
    if (connection_open(exchange->connection) && tls_client_ended(exchange->tls)) {
        end_of_answer(exchange);
    }
    buf_finish(&plain);
    buf_finish(&sealed);
}

static bool opened(void *context, struct connection *connection)
{
    struct web_exchange *exchange = connection_data(connection);
    uint64_t now_ms = uv_now(&connection_loop(connection)->uv);
    struct buf sealed;
    (void)context;
    connection_set_deadline(connection,
                            exchange->until_ms > now_ms ? exchange->until_ms - now_ms : 1);
    buf_init(&sealed, SIZE_MAX);
    if (exchange->tls != NULL) {
        tls_client_say(exchange->tls, buf_bytes(&exchange->request), &sealed);
        go_on(exchange, BYTES(""));
    } else {
        connection_send(connection, buf_bytes(&exchange->request));
    }
    buf_finish(&sealed);
    return true;
}

static void received(struct connection *connection, struct bytes data)
{
    struct web_exchange *exchange = connection_data(connection);
    if (exchange->tls == NULL) {
        answered(exchange, data);
    } else {
        go_on(exchange, data);
    }
}

static void ended(struct connection *connection)
{
    end_of_answer(connection_data(connection));
}

static void expired(struct connection *connection)
{
    end(connection_data(connection), NULL, "no whole answer in time");
    connection_abort(connection);
}

static void closed(struct connection *connection)
{
    struct web_exchange *exchange = connection_data(connection);
    int failure = connection_failure(connection);
    end(exchange, NULL, failure != 0 ? uv_strerror(failure) : "the connection was closed");
    tls_client_destroy(exchange->tls);
    http_reply_parser_destroy(exchange->parser);
    buf_finish(&exchange->request);
    memory_free(exchange);
}

/* ---- Where to ---- */

static SSL_CTX *client_context(struct web_client *web)
{
    if (web->tls == NULL) {
        web->tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_default_verify_paths(web->tls);
        SSL_CTX_load_verify_locations(web->tls, tls_authority_file(web->authority), NULL);
        SSL_CTX_set_verify(web->tls, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_min_proto_version(web->tls, TLS1_2_VERSION);
    }
    return web->tls;
}

static void write_request(const struct web_request *request, const struct http_place *place,
                          struct buf *text)
{
    bool absolute = place->path.size > 0 && place->path.data[0] == '/';
    buf_printf(text, "%s %s%.*s HTTP/1.1\r\nHost: %.*s:%d\r\nAccept: */*\r\n", request->method,
               absolute ? "" : "/", (int)place->path.size, place->path.data, (int)place->host.size,
               place->host.data, place->port);
    if (request->json.size > 0) {
        buf_printf(text, "Content-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n",
                   request->json.size);
    }
    buf_append_string(text,
                      "User-Agent: redurite/" REDURITE_VERSION "\r\nConnection: close\r\n\r\n");
    buf_append(text, request->json);
}

struct web_exchange *web_client_ask(struct web_client *web, const struct web_request *request)
{
    struct http_place place;
    const char *refusal = NULL;
    if (!http_place_read(request->url, &place)) {
        refusal = "it is no http or https URL";
    } else if (web->group.count >= MOST_AT_ONCE) {
        refusal = "too many others are asked at once";
    } else if (web->offline && !http_host_is_loopback(place.host)) {
        refusal = "the emulator is offline, only this machine is asked";
    }
    if (refusal != NULL) {
        request->done(request->context, NULL, refusal);
        return NULL;
    }
    const struct http_limits limits = {HEAD_LIMIT, request->answer_limit};
    struct web_exchange *exchange = memory_allocate_zeroed(sizeof(*exchange));
    exchange->web = web;
    exchange->done = request->done;
    exchange->context = request->context;
    exchange->parser = http_reply_parser_create(limits);
    buf_init(&exchange->request, SIZE_MAX);
    write_request(request, &place, &exchange->request);
    if (place.tls) {
        char *name = http_place_name(&place);
        exchange->tls = tls_client_create(client_context(web), name);
        memory_free(name);
    }
    exchange->until_ms = uv_now(&web->group.loop->uv) + request->deadline_ms;
    exchange->connection = connection_dial(&web->group, place.host, place.port, exchange);
    connection_set_deadline(exchange->connection, request->deadline_ms);
    return exchange;
}

void web_exchange_cancel(struct web_exchange *exchange)
{
    exchange->done = NULL;
    connection_abort(exchange->connection);
}

/* ---- Life ---- */

static void emptied(struct connection_group *group)
{
    struct web_client *web = CONTAINER_OF(group, struct web_client, group);
    if (web->leaving) {
        SSL_CTX_free(web->tls);
        memory_free(web);
    }
}

struct web_client *web_client_create(struct loop *loop, const struct tls_authority *authority,
                                     bool offline)
{
    struct web_client *web = memory_allocate_zeroed(sizeof(*web));
    web->offline = offline;
    web->authority = authority;
    web->group = (struct connection_group){
        .loop = loop,
        .security = LISTENER_PLAIN,
        .handler =
            {
                .context = web,
                .opened = opened,
                .received = received,
                .ended = ended,
                .expired = expired,
                .closed = closed,
            },
        .emptied = emptied,
    };
    return web;
}

void web_client_destroy(struct web_client *web)
{
    if (web == NULL) {
        return;
    }
    web->leaving = true;
    if (web->group.count == 0) {
        emptied(&web->group);
        return;
    }
    connection_group_abort(&web->group);
}
