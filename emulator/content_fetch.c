#include "emulator/content_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/http.h"
#include "emulator/http_place.h"
#include "emulator/http_routes.h"
#include "emulator/version.h"

enum { DEADLINE_MS = 10 * 1000, HEAD_LIMIT = 64 * 1024, CHUNK = 16 * 1024, MOST_REDIRECTS = 3 };

/* One exchange on a socket that never blocks for longer than is left. */
struct exchange {
    int socket;
    SSL *ssl; /* NULL: plain */
    int64_t until_us;
};

static bool wait_for(const struct exchange *exchange, short events)
{
    struct pollfd polled = {.fd = exchange->socket, .events = events};
    int64_t left_ms = (exchange->until_us - clock_monotonic_us()) / 1000;
    return left_ms > 0 && poll(&polled, 1, (int)left_ms) > 0;
}

/* Whether the TLS operation that gave this is worth trying again. */
static bool wait_for_tls(const struct exchange *exchange, int result)
{
    int error = SSL_get_error(exchange->ssl, result);
    return error == SSL_ERROR_WANT_READ    ? wait_for(exchange, POLLIN)
           : error == SSL_ERROR_WANT_WRITE ? wait_for(exchange, POLLOUT)
                                           : false;
}

static bool connect_to(struct exchange *exchange, const struct addrinfo *address)
{
    int failure = 0;
    socklen_t size = sizeof(failure);
    exchange->socket = socket(address->ai_family, SOCK_STREAM, 0);
    if (exchange->socket < 0) {
        return false;
    }
    fcntl(exchange->socket, F_SETFD, FD_CLOEXEC);
    fcntl(exchange->socket, F_SETFL, O_NONBLOCK);
    bool good =
        connect(exchange->socket, address->ai_addr, address->ai_addrlen) == 0 ||
        (errno == EINPROGRESS && wait_for(exchange, POLLOUT) &&
         getsockopt(exchange->socket, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0);
    if (!good) {
        close(exchange->socket);
        exchange->socket = -1;
    }
    return good;
}

static bool dial(struct exchange *exchange, const struct http_place *place)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    char port[16];
    char *name = http_place_name(place);
    snprintf(port, sizeof(port), "%d", place->port);
    int failure = getaddrinfo(name, port, &hints, &addresses);
    memory_free(name);
    bool good = false;
    for (const struct addrinfo *one = addresses; failure == 0 && one != NULL && !good;
         one = one->ai_next) {
        good = connect_to(exchange, one);
    }
    if (failure == 0) {
        freeaddrinfo(addresses);
    }
    return good;
}

static bool shake_hands(struct exchange *exchange, const struct http_place *place, SSL_CTX *context)
{
    char *name = http_place_name(place);
    exchange->ssl = SSL_new(context);
    SSL_set_fd(exchange->ssl, exchange->socket);
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(exchange->ssl), name) != 1) {
        SSL_set1_host(exchange->ssl, name);
        SSL_set_tlsext_host_name(exchange->ssl, name);
    }
    memory_free(name);
    int done;
    ERR_clear_error();
    while ((done = SSL_connect(exchange->ssl)) != 1) {
        if (!wait_for_tls(exchange, done)) {
            return false;
        }
    }
    return true;
}

static bool send_all(struct exchange *exchange, struct bytes data)
{
    while (data.size > 0) {
        ssize_t sent;
        bool again;
        if (exchange->ssl != NULL) {
            sent = SSL_write(exchange->ssl, data.data, (int)data.size);
            again = sent <= 0 && wait_for_tls(exchange, (int)sent);
        } else {
            sent = send(exchange->socket, data.data, data.size, MSG_NOSIGNAL);
            again = sent < 0 && errno == EAGAIN && wait_for(exchange, POLLOUT);
        }
        if (sent <= 0 && !again) {
            return false;
        }
        data = bytes_slice(data, sent > 0 ? (size_t)sent : 0, data.size);
    }
    return true;
}

/* 0: the end of the stream; negative: it failed, or time is over. */
static ssize_t receive(struct exchange *exchange, char chunk[CHUNK])
{
    for (;;) {
        ssize_t size = exchange->ssl != NULL ? SSL_read(exchange->ssl, chunk, CHUNK)
                                             : recv(exchange->socket, chunk, CHUNK, 0);
        bool again = exchange->ssl != NULL
                         ? size <= 0 && wait_for_tls(exchange, (int)size)
                         : size < 0 && errno == EAGAIN && wait_for(exchange, POLLIN);
        if (!again) {
            return exchange->ssl != NULL && size <= 0 &&
                           SSL_get_error(exchange->ssl, (int)size) == SSL_ERROR_ZERO_RETURN
                       ? 0
                       : size;
        }
    }
}

static enum http_parse_state read_reply(struct exchange *exchange, struct http_reply_parser *parser,
                                        struct http_reply *reply)
{
    char chunk[CHUNK];
    enum http_parse_state state = HTTP_INCOMPLETE;
    while (state == HTTP_INCOMPLETE) {
        ssize_t size = receive(exchange, chunk);
        struct bytes data = {chunk, size > 0 ? (size_t)size : 0};
        if (size < 0) {
            return HTTP_REJECTED;
        }
        state = http_reply_parser_feed(parser, &data, reply);
        if (size == 0) {
            break;
        }
    }
    return state;
}

static SSL_CTX *make_context(const struct content_source *source)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_default_verify_paths(context);
    if (source->authority != NULL) {
        SSL_CTX_load_verify_locations(context, tls_authority_file(source->authority), NULL);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    return context;
}

/* The reply's views live as long as the parser. */
static bool ask(struct exchange *exchange, const struct http_place *place, SSL_CTX *context,
                struct http_reply_parser *parser, struct http_reply *reply, struct buf *reason)
{
    struct buf request;
    bool good = dial(exchange, place);
    if (!good) {
        buf_append_string(reason, "no connection");
    } else if (context != NULL && !shake_hands(exchange, place, context)) {
        const char *why = ERR_reason_error_string(ERR_peek_last_error());
        good = false;
        buf_printf(reason, "TLS: %s", why == NULL ? "no handshake" : why);
    }
    buf_init(&request, 32 * 1024);
    buf_printf(&request,
               "GET %s%.*s HTTP/1.1\r\nHost: %.*s:%d\r\nAccept: */*\r\n"
               "User-Agent: redurite/" REDURITE_VERSION "\r\nConnection: close\r\n\r\n",
               place->path.size > 0 && place->path.data[0] == '/' ? "" : "/", (int)place->path.size,
               place->path.data, (int)place->host.size, place->host.data, place->port);
    if (good && (!send_all(exchange, buf_bytes(&request)) ||
                 read_reply(exchange, parser, reply) != HTTP_COMPLETE)) {
        good = false;
        buf_append_string(reason, "no whole answer in time, or one that is too large");
    }
    buf_finish(&request);
    return good;
}

static void end(struct exchange *exchange)
{
    SSL_free(exchange->ssl);
    if (exchange->socket >= 0) {
        close(exchange->socket);
    }
}

/* `moved` is where a redirect leads; empty: there was none. */
static bool fetch_once(const struct content_source *source, const char *url, int64_t until_us,
                       struct buf *content, struct buf *moved, struct buf *reason)
{
    struct http_place place;
    struct http_reply reply;
    if (!http_place_read(url, &place)) {
        buf_append_string(reason, "it is no http or https URL");
        return false;
    }
    if (source->offline && !http_host_is_loopback(place.host)) {
        buf_append_string(reason, "the emulator is offline, only this machine is asked");
        return false;
    }
    const struct http_limits limits = {HEAD_LIMIT, content->limit};
    struct exchange exchange = {.socket = -1, .until_us = until_us};
    struct http_reply_parser *parser = http_reply_parser_create(limits);
    SSL_CTX *context = place.tls ? make_context(source) : NULL;
    bool good = ask(&exchange, &place, context, parser, &reply, reason);
    if (good && reply.status >= 300 && reply.status < 400) {
        buf_append(moved, http_headers_get(&reply.headers, "location"));
    }
    if (good && reply.status != 200 && moved->size == 0) {
        good = false;
        buf_printf(reason, "the answer's status is %d", reply.status);
    }
    if (good && moved->size == 0) {
        buf_clear(content);
        good = buf_append(content, reply.body);
    }
    end(&exchange);
    SSL_CTX_free(context);
    http_reply_parser_destroy(parser);
    return good;
}

bool content_fetch(const struct content_source *source, const char *url, struct buf *content,
                   struct buf *reason)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)DEADLINE_MS * 1000;
    char *at = string_duplicate(url);
    bool good = false, again = true;
    for (int i = 0; again && i <= MOST_REDIRECTS; i++) {
        struct buf moved;
        buf_init(&moved, 8 * 1024);
        good = fetch_once(source, at, until_us, content, &moved, reason);
        again = good && moved.size > 0;
        if (again) {
            memory_free(at);
            at = string_duplicate(buf_string(&moved));
        }
        buf_finish(&moved);
    }
    memory_free(at);
    if (again) {
        buf_append_string(reason, "it is redirected too often");
    }
    return good && !again;
}
