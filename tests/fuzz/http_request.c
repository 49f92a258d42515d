/*
 * Requests in any shape. The same bytes must give the same requests however they arrive: all at
 * once, or in pieces of the size that the first byte says.
 */
#include "tests/fuzz/fuzz.h"

#include <assert.h>

#include "base/http.h"

enum { TRANSCRIPT_LIMIT = 1024 * 1024 };

static void write_view(struct buf *transcript, const char *name, struct bytes view)
{
    buf_printf(transcript, "%s %zu ", name, view.size);
    buf_append(transcript, view);
    buf_append_byte(transcript, '\n');
}

static void write_request(struct buf *transcript, const struct http_request *request)
{
    struct buf text;
    struct http_response response;
    write_view(transcript, "method", request->method);
    write_view(transcript, "target", request->target);
    write_view(transcript, "host", request->host);
    write_view(transcript, "path", request->path);
    write_view(transcript, "query", request->query);
    write_view(transcript, "body", request->body);
    for (size_t i = 0; i < request->headers.count; i++) {
        write_view(transcript, "name", request->headers.list[i].name);
        write_view(transcript, "value", request->headers.list[i].value);
        assert(bytes_find(request->headers.list[i].value, '\n') ==
               request->headers.list[i].value.size);
    }

    buf_init(&text, TRANSCRIPT_LIMIT);
    http_form_get(request->query, "api-version", &text);
    http_url_decode(request->path, false, &text);
    http_url_encode(request->path, &text);
    http_response_init(&response, 200);
    http_response_header(&response, "Location", "%s", buf_string(&text));
    http_response_write(&response, request, transcript);
    http_response_finish(&response);
    buf_finish(&text);
}

/* Bytes read are counted at the end of each request only: a rejection may come early or late. */
static void read_all(struct bytes input, size_t piece_size, struct buf *transcript)
{
    struct http_parser *parser =
        http_parser_create((struct http_limits){.header_bytes = 512, .body_bytes = 256});
    enum http_parse_state state = HTTP_INCOMPLETE;
    while (state != HTTP_REJECTED && input.size > 0) {
        struct http_request request;
        struct bytes piece = bytes_slice(input, 0, piece_size);
        size_t before = piece.size;
        state = http_parser_feed(parser, &piece, &request);
        assert(piece.size < before || state == HTTP_REJECTED);
        assert(state != HTTP_INCOMPLETE || piece.size == 0);
        input = bytes_slice(input, before - piece.size, input.size);
        if (state == HTTP_COMPLETE) {
            assert(!http_parser_in_message(parser));
            write_request(transcript, &request);
            buf_printf(transcript, "%zu bytes left\n", input.size);
        }
    }
    if (state == HTTP_REJECTED) {
        const char *reason;
        buf_printf(transcript, "rejected %d", http_parser_rejection(parser, &reason));
        assert(reason != NULL);
    }
    http_parser_destroy(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces;
    if (size == 0) {
        return 0;
    }
    struct bytes input = {(const char *)data + 1, size - 1};
    buf_init(&whole, TRANSCRIPT_LIMIT);
    buf_init(&pieces, TRANSCRIPT_LIMIT);
    read_all(input, SIZE_MAX, &whole);
    read_all(input, data[0] % 32 + 1u, &pieces);
    assert(bytes_equal(buf_bytes(&whole), buf_bytes(&pieces)));
    buf_finish(&whole);
    buf_finish(&pieces);
    return 0;
}
