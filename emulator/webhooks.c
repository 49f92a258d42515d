/* JSON to webhooks: one request, one answer. */
#include "emulator/webhooks.h"

#include <string.h>

#include "base/http.h"
#include "base/log.h"
#include "emulator/connection.h"
#include "emulator/http_place.h"
#include "emulator/http_routes.h"
#include "emulator/tls_client.h"
#include "emulator/version.h"

enum {
    MOST_AT_ONCE = 64,
    DEADLINE_MS = 30 * 1000,
    ANSWER_LIMIT = 64 * 1024,
};

struct webhooks {
    struct connection_group group;
    const struct tls_authority *authority;
    SSL_CTX *tls; /* NULL until the first https: reading the system's authorities takes 20 ms */
    size_t count;
    bool offline, leaving;
};

struct delivery {
    struct webhooks *webhooks;
    char *host;             /* for the log: a URL may hold a secret behind it */
    struct tls_client *tls; /* NULL: plain */
    struct buf request;
    struct http_reply_parser *parser;
};

/* ---- One delivery ---- */

static void delivery_free(struct delivery *delivery)
{
    delivery->webhooks->count--;
    tls_client_destroy(delivery->tls);
    http_reply_parser_destroy(delivery->parser);
    buf_finish(&delivery->request);
    memory_free(delivery->host);
    memory_free(delivery);
}

/* Answered, or it never will be. */
static void answered(struct delivery *delivery, struct connection *connection, struct bytes data)
{
    struct http_reply reply;
    enum http_parse_state state = http_reply_parser_feed(delivery->parser, &data, &reply);
    if (state == HTTP_COMPLETE) {
        log_info("monitor", "webhook delivered host=%s status=%d", delivery->host, reply.status);
    } else if (state == HTTP_REJECTED) {
        log_warn("monitor", "webhook answered with something that is no HTTP host=%s",
                 delivery->host);
    }
    if (state != HTTP_INCOMPLETE) {
        connection_close(connection);
    }
}

/* Handshake, then the request, then the answer: as far as what is there goes. */
static void go_on(struct delivery *delivery, struct connection *connection, struct bytes data)
{
    struct buf plain, sealed;
    buf_init(&plain, SIZE_MAX);
    buf_init(&sealed, SIZE_MAX);
    const char *failure = tls_client_hear(delivery->tls, data, &plain, &sealed);
    connection_send(connection, buf_bytes(&sealed));
    if (failure != NULL) {
        log_warn("monitor", "webhook failed host=%s reason=\"%s\"", delivery->host, failure);
        connection_close(connection);
    } else if (plain.size > 0) {
        answered(delivery, connection, buf_bytes(&plain));
    }
    buf_finish(&plain);
    buf_finish(&sealed);
}

static bool opened(void *context, struct connection *connection)
{
    struct delivery *delivery = connection_data(connection);
    struct buf sealed;
    (void)context;
    buf_init(&sealed, SIZE_MAX);
    connection_set_deadline(connection, DEADLINE_MS);
    if (delivery->tls != NULL) {
        tls_client_say(delivery->tls, buf_bytes(&delivery->request), &sealed);
        go_on(delivery, connection, BYTES(""));
    } else {
        connection_send(connection, buf_bytes(&delivery->request));
    }
    buf_finish(&sealed);
    return true;
}

static void received(struct connection *connection, struct bytes data)
{
    struct delivery *delivery = connection_data(connection);
    if (delivery->tls == NULL) {
        answered(delivery, connection, data);
    } else {
        go_on(delivery, connection, data);
    }
}

static void closed(struct connection *connection)
{
    struct delivery *delivery = connection_data(connection);
    int failure = connection_failure(connection);
    if (failure != 0) {
        log_warn("monitor", "webhook failed host=%s reason=\"%s\"", delivery->host,
                 uv_strerror(failure));
    }
    delivery_free(delivery);
}

/* ---- Where to ---- */

static SSL_CTX *client_context(struct webhooks *webhooks)
{
    if (webhooks->tls == NULL) {
        webhooks->tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_default_verify_paths(webhooks->tls);
        SSL_CTX_load_verify_locations(webhooks->tls, tls_authority_file(webhooks->authority), NULL);
        SSL_CTX_set_verify(webhooks->tls, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_min_proto_version(webhooks->tls, TLS1_2_VERSION);
    }
    return webhooks->tls;
}

void webhooks_post(struct webhooks *webhooks, const char *url, struct bytes body)
{
    struct http_place place;
    if (!http_place_read(url, &place)) {
        log_warn("monitor", "a webhook's address is no http or https URL");
        return;
    }
    if (webhooks->offline && !http_host_is_loopback(place.host)) {
        log_warn("monitor", "webhook not called: the emulator is offline host=%.*s",
                 (int)place.host.size, place.host.data);
        return;
    }
    if (webhooks->count >= MOST_AT_ONCE) {
        log_warn("monitor", "too many webhooks at once; dropped host=%.*s", (int)place.host.size,
                 place.host.data);
        return;
    }
    struct delivery *delivery = memory_allocate_zeroed(sizeof(*delivery));
    const struct http_limits limits = {ANSWER_LIMIT, ANSWER_LIMIT};
    delivery->webhooks = webhooks;
    webhooks->count++;
    delivery->host = bytes_to_string(place.host);
    delivery->parser = http_reply_parser_create(limits);
    buf_init(&delivery->request, body.size + 16 * 1024);
    bool absolute = place.path.size > 0 && place.path.data[0] == '/';
    buf_printf(&delivery->request,
               "POST %s%.*s HTTP/1.1\r\nHost: %.*s:%d\r\n"
               "Content-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n"
               "User-Agent: redurite/" REDURITE_VERSION "\r\nConnection: close\r\n\r\n",
               absolute ? "" : "/", (int)place.path.size, place.path.data, (int)place.host.size,
               place.host.data, place.port, body.size);
    buf_append(&delivery->request, body);
    if (place.tls) {
        char *name = http_place_name(&place);
        delivery->tls = tls_client_create(client_context(webhooks), name);
        memory_free(name);
    }
    connection_dial(&webhooks->group, place.host, place.port, delivery);
}

/* ---- Life ---- */

static void emptied(struct connection_group *group)
{
    struct webhooks *webhooks = CONTAINER_OF(group, struct webhooks, group);
    if (webhooks->leaving) {
        SSL_CTX_free(webhooks->tls);
        memory_free(webhooks);
    }
}

struct webhooks *webhooks_create(struct loop *loop, const struct tls_authority *authority,
                                 bool offline)
{
    struct webhooks *webhooks = memory_allocate_zeroed(sizeof(*webhooks));
    webhooks->offline = offline;
    webhooks->authority = authority;
    webhooks->group = (struct connection_group){
        .loop = loop,
        .security = LISTENER_PLAIN,
        .handler =
            {
                .context = webhooks,
                .opened = opened,
                .received = received,
                .closed = closed,
            },
        .emptied = emptied,
    };
    return webhooks;
}

void webhooks_destroy(struct webhooks *webhooks)
{
    if (webhooks == NULL) {
        return;
    }
    webhooks->leaving = true;
    if (webhooks->group.count == 0) {
        emptied(&webhooks->group);
        return;
    }
    connection_group_abort(&webhooks->group);
}
