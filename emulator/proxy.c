/* Two connections, glued together. */
#include "emulator/proxy.h"

#include <string.h>

#include "base/http.h"
#include "base/log.h"
#include "emulator/http_error.h"

enum { OPENING_LIMIT = 64 * 1024 * 1024 };

struct proxy {
    struct connection_group group; /* of the connections to hosts */
    bool leaving;
};

struct tunnel {
    struct connection *client, *host; /* NULL: gone */
    bool connected;
    struct buf greeting, opening;
    char *name; /* "example.com:443" */
};

static struct connection *other_side(const struct tunnel *tunnel,
                                     const struct connection *connection)
{
    return connection == tunnel->client ? tunnel->host : tunnel->client;
}

static void free_when_empty(struct tunnel *tunnel)
{
    if (tunnel->client == NULL && tunnel->host == NULL) {
        buf_finish(&tunnel->greeting);
        buf_finish(&tunnel->opening);
        memory_free(tunnel->name);
        memory_free(tunnel);
    }
}

static void answer_failure(struct tunnel *tunnel, int failure)
{
    struct http_response response;
    struct buf output;

    log_info("proxy", "no connection host=%s reason=\"%s\"", tunnel->name, uv_strerror(failure));
    http_response_init(&response, 502);
    buf_init(&output, OPENING_LIMIT);
    http_error(&response, 502, "BadGateway",
               "%s could not be reached: %s. It is not one of the emulated hosts, so the request "
               "was passed on.",
               tunnel->name, uv_strerror(failure));
    http_response_write(&response, NULL, &output);
    connection_send(tunnel->client, buf_bytes(&output));
    buf_finish(&output);
    http_response_finish(&response);
    connection_close(tunnel->client);
}

static bool host_reached(void *context, struct connection *host)
{
    struct tunnel *tunnel = connection_data(host);

    (void)context;
    tunnel->connected = true;
    if (tunnel->client == NULL) {
        return false;
    }
    log_debug("proxy", "connected host=%s", tunnel->name);
    connection_send(tunnel->client, buf_bytes(&tunnel->greeting));
    connection_send(host, buf_bytes(&tunnel->opening));
    buf_finish(&tunnel->greeting);
    buf_finish(&tunnel->opening);
    connection_resume(tunnel->client);
    return true;
}

static void received(struct connection *connection, struct bytes data)
{
    struct tunnel *tunnel = connection_data(connection);
    struct connection *other = other_side(tunnel, connection);

    if (other == NULL || !tunnel->connected) {
        return;
    }
    connection_send(other, data);
    if (connection_pending(other) > CONNECTION_HIGH_WATER) {
        connection_pause(connection);
    }
}

static void drained(struct connection *connection)
{
    struct tunnel *tunnel = connection_data(connection);
    struct connection *other = other_side(tunnel, connection);

    if (other != NULL && tunnel->connected) {
        connection_resume(other);
    }
}

/* One side has no more to say; the other may still answer. */
static void ended(struct connection *connection)
{
    struct tunnel *tunnel = connection_data(connection);
    struct connection *other = other_side(tunnel, connection);

    if (other == NULL || !tunnel->connected) {
        connection_close(connection);
    } else if (connection_is_tls(other)) {
        connection_close(other);
    } else {
        connection_end(other);
    }
}

static void closed(struct connection *connection)
{
    struct tunnel *tunnel = connection_data(connection);
    struct connection *other = other_side(tunnel, connection);

    *(connection == tunnel->client ? &tunnel->client : &tunnel->host) = NULL;
    if (tunnel->connected && other != NULL) {
        connection_close(other);
    } else if (other != NULL && other == tunnel->client) {
        answer_failure(tunnel, connection_failure(connection));
    } else if (other != NULL) {
        connection_abort(other); /* nobody waits for it any more */
    }
    free_when_empty(tunnel);
}

void proxy_lead(struct proxy *proxy, struct connection *client, struct bytes host, int port,
                struct bytes greeting, struct bytes opening)
{
    const struct connection_handler handler = {
        .received = received,
        .ended = ended,
        .drained = drained,
        .closed = closed,
    };
    struct tunnel *tunnel = memory_allocate_zeroed(sizeof(*tunnel));

    buf_init(&tunnel->greeting, OPENING_LIMIT);
    buf_init(&tunnel->opening, OPENING_LIMIT);
    buf_append(&tunnel->greeting, greeting);
    buf_append(&tunnel->opening, opening);
    tunnel->name = string_format("%.*s:%d", (int)host.size, host.data, port);
    tunnel->client = client;
    connection_set_handler(client, &handler);
    connection_set_data(client, tunnel);
    connection_set_deadline(client, 0);
    connection_pause(client);
    tunnel->host = connection_dial(&proxy->group, host, port, tunnel);
}

static void emptied(struct connection_group *group)
{
    struct proxy *proxy = CONTAINER_OF(group, struct proxy, group);
    if (proxy->leaving) {
        memory_free(proxy);
    }
}

struct proxy *proxy_create(struct loop *loop)
{
    struct proxy *proxy = memory_allocate_zeroed(sizeof(*proxy));

    proxy->group = (struct connection_group){
        .loop = loop,
        .security = LISTENER_PLAIN,
        .handler =
            {
                .context = proxy,
                .opened = host_reached,
                .received = received,
                .ended = ended,
                .drained = drained,
                .closed = closed,
            },
        .emptied = emptied,
    };
    return proxy;
}

void proxy_destroy(struct proxy *proxy)
{
    if (proxy == NULL) {
        return;
    }
    proxy->leaving = true;
    if (proxy->group.count == 0) {
        memory_free(proxy);
        return;
    }
    connection_group_abort(&proxy->group);
}
