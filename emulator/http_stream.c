/* Answers that go on after their handler has returned: chunks, as they come. */
#include "emulator/http_client.h"

enum {
    FARTHEST_BEHIND = 4 * 1024 * 1024, /* a reader slower than that is let go */
    HEAD_LIMIT = 256 * 1024,
};

struct site_stream {
    struct http_client *client;
    void (*closed)(void *context);
    void *context;
    bool begun;
    bool chunked; /* else the connection's end is the body's */
    bool keep_alive;
};

struct site_stream *site_stream_open(const struct site_request *request,
                                     void (*closed)(void *context), void *context)
{
    struct site_exchange *exchange = request->exchange;

    if (exchange == NULL || exchange->client->stream != NULL ||
        bytes_equal_string(exchange->request.method, "HEAD")) {
        return NULL;
    }
    struct site_stream *stream = memory_allocate_zeroed(sizeof(*stream));
    stream->client = exchange->client;
    stream->closed = closed;
    stream->context = context;
    stream->chunked = exchange->request.minor_version > 0;
    stream->keep_alive = stream->chunked && exchange->request.keep_alive;
    exchange->client->stream = stream;
    return stream;
}

static void send_chunk(struct site_stream *stream, struct bytes chunk)
{
    struct connection *connection = stream->client->connection;
    struct buf output;

    if (chunk.size == 0) {
        return; /* an empty one would be the last */
    }
    if (!stream->chunked) {
        connection_send(connection, chunk);
        return;
    }
    buf_init(&output, chunk.size + 32);
    buf_printf(&output, "%zx\r\n", chunk.size);
    buf_append(&output, chunk);
    buf_append(&output, BYTES("\r\n"));
    connection_send(connection, buf_bytes(&output));
    buf_finish(&output);
}

void http_stream_begin(struct site_stream *stream, const struct http_response *response)
{
    struct buf head;

    buf_init(&head, HEAD_LIMIT);
    buf_printf(&head, "HTTP/1.1 %d %s\r\n", response->status, http_status_text(response->status));
    buf_append(&head, buf_bytes(&response->headers));
    if (stream->chunked) {
        buf_append(&head, BYTES("Transfer-Encoding: chunked\r\n"));
    }
    if (!stream->keep_alive) {
        buf_append(&head, BYTES("Connection: close\r\n"));
    }
    buf_append(&head, BYTES("\r\n"));
    connection_send(stream->client->connection, buf_bytes(&head));
    buf_finish(&head);
    stream->begun = true;
    send_chunk(stream, buf_bytes(&response->body));
}

bool site_stream_write(struct site_stream *stream, struct bytes chunk)
{
    struct connection *connection = stream->client->connection;

    if (!stream->begun || !connection_open(connection)) {
        return false;
    }
    if (connection_pending(connection) > FARTHEST_BEHIND) {
        connection_abort(connection);
        return false;
    }
    send_chunk(stream, chunk);
    return connection_open(connection);
}

void site_stream_close(struct site_stream *stream)
{
    struct http_client *client = stream->client;
    bool begun = stream->begun, keep_alive = stream->keep_alive;

    client->stream = NULL;
    if (begun && stream->chunked) {
        connection_send(client->connection, BYTES("0\r\n\r\n"));
    }
    memory_free(stream);
    if (begun && keep_alive) {
        loop_defer(connection_loop(client->connection), &client->go_on);
    } else if (begun) {
        connection_close(client->connection);
    }
}

void http_stream_abandon(struct site_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    stream->client->stream = NULL;
    if (stream->closed != NULL) {
        stream->closed(stream->context);
    }
    memory_free(stream);
}
