/* One blocking HTTP request to a running emulator. */
#include "emulator/cli/client.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/http.h"

#define ANSWER_LIMIT ((size_t)4 << 30)
#define TIMEOUT_SECONDS 120

struct endpoint {
    char host[256];
    char port[8];
    bool bracketed; /* an IPv6 address */
};

const char *client_endpoint(const char *option)
{
    if (option != NULL) {
        return option;
    }
    const char *variable = getenv("REDURITE_ENDPOINT");
    return variable != NULL && variable[0] != '\0' ? variable : CLIENT_DEFAULT_ENDPOINT;
}

/* "http://HOST[:PORT][/]"; https is taken as well, for the port answers both. */
static bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
    struct bytes rest = bytes_from_string(text);
    const char *port = "80";

    if (bytes_start_with(rest, BYTES("http://"))) {
        rest = bytes_slice(rest, 7, rest.size);
    } else if (bytes_start_with(rest, BYTES("https://"))) {
        rest = bytes_slice(rest, 8, rest.size);
        port = "443";
    }
    rest = bytes_slice(rest, 0, bytes_find(rest, '/'));
    snprintf(endpoint->port, sizeof(endpoint->port), "%s", port);

    struct bytes host, behind;
    endpoint->bracketed = rest.size > 0 && rest.data[0] == '[';
    if (endpoint->bracketed) {
        size_t end = bytes_find(rest, ']');
        host = bytes_slice(rest, 1, end);
        behind = bytes_slice(rest, end + 1, rest.size);
    } else {
        size_t end = bytes_find(rest, ':');
        host = bytes_slice(rest, 0, end);
        behind = bytes_slice(rest, end, rest.size);
    }
    if (host.size == 0 || host.size >= sizeof(endpoint->host)) {
        return false;
    }
    memcpy(endpoint->host, host.data, host.size);
    endpoint->host[host.size] = '\0';
    if (behind.size > 0) {
        int64_t number;
        struct bytes digits = bytes_slice(behind, 1, behind.size);
        if (behind.data[0] != ':' || !bytes_to_int64(digits, &number) || number < 1 ||
            number > 65535) {
            return false;
        }
        snprintf(endpoint->port, sizeof(endpoint->port), "%d", (int)number);
    }
    return true;
}

/* A connected socket, or -1 with errno. */
static int connect_to(const struct endpoint *endpoint)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int result = getaddrinfo(endpoint->host, endpoint->port, &hints, &found);
    if (result != 0) {
        errno = result == EAI_SYSTEM ? errno : ENOENT;
        return -1;
    }
    int descriptor = -1;
    for (struct addrinfo *at = found; at != NULL && descriptor < 0; at = at->ai_next) {
        descriptor = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (descriptor >= 0 && connect(descriptor, at->ai_addr, at->ai_addrlen) != 0) {
            int kept = errno;
            close(descriptor);
            descriptor = -1;
            errno = kept;
        }
    }
    freeaddrinfo(found);
    if (descriptor >= 0) {
        struct timeval patience = {.tv_sec = TIMEOUT_SECONDS};
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    return descriptor;
}

static bool send_all(int descriptor, struct bytes data)
{
    while (data.size > 0) {
        ssize_t sent = send(descriptor, data.data, data.size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        data = bytes_slice(data, (size_t)sent, data.size);
    }
    return true;
}

/* Reads until the reply is whole. */
static bool receive_reply(int descriptor, struct http_reply_parser *parser,
                          struct http_reply *reply)
{
    char piece[64 * 1024];

    for (;;) {
        ssize_t got = recv(descriptor, piece, sizeof(piece), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return false;
        }
        struct bytes input = {piece, (size_t)got};
        enum http_parse_state state = http_reply_parser_feed(parser, &input, reply);
        if (state == HTTP_COMPLETE) {
            return true;
        }
        if (state == HTTP_REJECTED || got == 0) {
            errno = EPROTO;
            return false;
        }
    }
}

static enum exit_status report_refusal(const struct http_reply *reply, const char *endpoint,
                                       const char *path)
{
    cJSON *document = cJSON_ParseWithLength(reply->body.data, reply->body.size);
    const char *message = json_text(document, "error.message");
    enum exit_status status;

    if (message[0] != '\0') {
        status = cli_fail(EXIT_FAILED, "%s", message);
    } else {
        status = cli_fail(EXIT_FAILED, "%s%s answered %d: is that a Redurite emulator?", endpoint,
                          path, reply->status);
    }
    cJSON_Delete(document);
    return status;
}

enum exit_status client_request(const char *endpoint_option, const char *method, const char *path,
                                const struct bytes *content, struct buf *body)
{
    const char *url = client_endpoint(endpoint_option);
    struct endpoint endpoint;
    if (!endpoint_parse(url, &endpoint)) {
        return cli_fail(EXIT_USAGE, "'%s' is no endpoint: expected http://HOST:PORT", url);
    }
    int descriptor = connect_to(&endpoint);
    if (descriptor < 0) {
        return cli_fail(EXIT_UNREACHABLE,
                        "no emulator at %s (%s); start one with 'redurite start', or name it with "
                        "--endpoint URL",
                        url, errno == ENOENT ? "unknown host" : strerror(errno));
    }

    struct buf request;
    struct http_reply reply;
    struct http_reply_parser *parser = http_reply_parser_create(
        (struct http_limits){.header_bytes = 64 * 1024, .body_bytes = ANSWER_LIMIT});
    enum exit_status status = EXIT_DONE;

    buf_init(&request, 4096);
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nConnection: close\r\n", method, path,
               endpoint.bracketed ? "[" : "", endpoint.host, endpoint.bracketed ? "]" : "",
               endpoint.port);
    if (content != NULL) {
        buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                   content->size);
    }
    buf_append_string(&request, "\r\n");
    /* A server that refuses a long body early has answered all the same: read on. */
    bool sent = send_all(descriptor, buf_bytes(&request)) &&
                (content == NULL || send_all(descriptor, *content));
    if (!receive_reply(descriptor, parser, &reply)) {
        status = cli_fail(EXIT_UNREACHABLE, "%s did not answer as an emulator would (%s)", url,
                          sent ? strerror(errno) : "it closed the connection");
    } else if (reply.status < 200 || reply.status > 299) {
        status = report_refusal(&reply, url, path);
    } else if (!buf_append(body, reply.body)) {
        status = cli_fail(EXIT_FAILED, "the answer of %s%s is too long", url, path);
    }
    http_reply_parser_destroy(parser);
    buf_finish(&request);
    close(descriptor);
    return status;
}

enum exit_status client_json(const char *endpoint, const char *path, const cJSON *content,
                             cJSON **answer)
{
    struct buf body;
    struct bytes sent = {0};
    char *text = content == NULL ? NULL : cJSON_PrintUnformatted(content);

    *answer = NULL;
    buf_init(&body, ANSWER_LIMIT);
    sent = bytes_from_string(text);
    enum exit_status status = client_request(endpoint, content == NULL ? "GET" : "POST", path,
                                             content == NULL ? NULL : &sent, &body);
    if (status == EXIT_DONE) {
        *answer = cJSON_ParseWithLength(body.data, body.size);
        if (*answer == NULL) {
            status = cli_fail(EXIT_FAILED, "%s%s did not answer JSON: is that a Redurite emulator?",
                              client_endpoint(endpoint), path);
        }
    }
    cJSON_free(text);
    buf_finish(&body);
    return status;
}

enum exit_status client_info(const char *endpoint, cJSON **info)
{
    return client_json(endpoint, "/_redurite/info", NULL, info);
}

const cJSON *json_at(const cJSON *object, const char *path)
{
    while (object != NULL && *path != '\0') {
        char name[64];
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        path += length;
        path += *path == '.';
    }
    return object;
}

const char *json_text(const cJSON *object, const char *path)
{
    const cJSON *item = json_at(object, path);
    return cJSON_IsString(item) ? item->valuestring : "";
}

int64_t json_number(const cJSON *object, const char *path)
{
    const cJSON *item = json_at(object, path);
    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;
}
