/* Reading HTTP: requests and replies, whole and in pieces, sound and hostile. */
#include "base/http.h"

#include <string.h>

#include "tests/support/test.h"

static const struct http_limits limits = {.header_bytes = 1024, .body_bytes = 100};

/* Reads one request out of `text` in pieces of that size; leaves the parser for its views. */
static enum http_parse_state read_pieces(struct http_parser *parser, struct bytes *text,
                                         size_t size, struct http_request *request)
{
    enum http_parse_state state = HTTP_INCOMPLETE;
    while (state == HTTP_INCOMPLETE && text->size > 0) {
        struct bytes piece = bytes_slice(*text, 0, size);
        size_t before = piece.size;
        state = http_parser_feed(parser, &piece, request);
        *text = bytes_slice(*text, before - piece.size, text->size);
    }
    return state;
}

/* The status of the rejection; 0 when the text is taken; -1 when more is wanted. */
static int verdict(const char *text)
{
    int verdicts[2];
    for (int i = 0; i < 2; i++) {
        struct http_parser *parser = http_parser_create(limits);
        struct http_request request;
        struct bytes input = bytes_from_string(text);
        enum http_parse_state state = read_pieces(parser, &input, i == 0 ? 1 : 4096, &request);
        const char *reason = NULL;
        verdicts[i] = state == HTTP_REJECTED   ? http_parser_rejection(parser, &reason)
                      : state == HTTP_COMPLETE ? 0
                                               : -1;
        CHECK((state == HTTP_REJECTED) == (reason != NULL));
        http_parser_destroy(parser);
    }
    CHECK_INT(verdicts[0], verdicts[1]);
    return verdicts[0];
}

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

TEST(request_is_split_into_its_parts)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    struct bytes input = BYTES("PUT /a%20b?x=1&y HTTP/1.1\r\nHost: localhost:8443\r\n"
                               "X-Padded: \t two words \t\r\nX-Empty:\r\nContent-Length: 5\r\n\r\n"
                               "hello");
    CHECK_INT(read_pieces(parser, &input, 4096, &request), HTTP_COMPLETE);
    CHECK_BYTES(request.method, BYTES("PUT"));
    CHECK_BYTES(request.target, BYTES("/a%20b?x=1&y"));
    CHECK_BYTES(request.host, BYTES("localhost"));
    CHECK_BYTES(request.path, BYTES("/a%20b"));
    CHECK_BYTES(request.query, BYTES("x=1&y"));
    CHECK_BYTES(request.body, BYTES("hello"));
    CHECK_BYTES(http_headers_get(&request.headers, "x-padded"), BYTES("two words"));
    CHECK(http_headers_get(&request.headers, "X-EMPTY").data != NULL);
    CHECK(http_headers_get(&request.headers, "X-Absent").data == NULL);
    CHECK_INT(request.minor_version, 1);
    CHECK(request.keep_alive);
    http_parser_destroy(parser);
}

TEST(request_reads_the_same_in_pieces_of_any_size)
{
    for (size_t size = 1; size < 120; size++) {
        struct http_parser *parser = http_parser_create(limits);
        struct http_request request;
        struct bytes input = BYTES("\r\n" CHUNKED "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n"
                                   "GET /next?q HTTP/1.0\r\n\r\n");
        CHECK_INT(read_pieces(parser, &input, size, &request), HTTP_COMPLETE);
        CHECK_BYTES(request.body, BYTES("hello!"));
        CHECK_INT(request.headers.count, 2);
        CHECK_INT(read_pieces(parser, &input, size, &request), HTTP_COMPLETE);
        CHECK_BYTES(request.path, BYTES("/next"));
        CHECK_BYTES(request.query, BYTES("q"));
        CHECK_INT(request.body.size, 0);
        CHECK_INT(request.minor_version, 0);
        CHECK_INT(input.size, 0);
        http_parser_destroy(parser);
    }
}

TEST(pipelined_requests_stay_in_the_input)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    struct bytes input =
        BYTES("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE);
    CHECK_BYTES(request.path, BYTES("/1"));
    CHECK_BYTES(bytes_slice(input, 0, 6), BYTES("GET /2"));
    CHECK(!http_parser_in_message(parser));
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE);
    CHECK_BYTES(request.path, BYTES("/2"));
    http_parser_destroy(parser);
}

TEST(connect_leaves_the_tunnel_alone)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    struct bytes input = BYTES("CONNECT management.azure.com:443 HTTP/1.0\r\n\r\n\x16\x03\x01");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE);
    CHECK_BYTES(request.method, BYTES("CONNECT"));
    CHECK_BYTES(request.target, BYTES("management.azure.com:443"));
    CHECK_BYTES(request.host, BYTES("management.azure.com"));
    CHECK_BYTES(input, BYTES("\x16\x03\x01"));
    http_parser_destroy(parser);
    CHECK_INT(verdict("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 5\r\n\r\n"), 400);
    CHECK_INT(verdict("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 0\r\n\r\n"), 0);
}

static void check_target(const char *target, const char *host, const char *path, const char *query)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    char *text = string_format("GET %s HTTP/1.1\r\nHost: header.example:80\r\n\r\n", target);
    struct bytes input = bytes_from_string(text);
    if (CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE)) {
        CHECK_BYTES(request.host, bytes_from_string(host));
        CHECK_BYTES(request.path, bytes_from_string(path));
        CHECK_BYTES(request.query, bytes_from_string(query));
        CHECK((request.query.data == NULL) == (query == NULL));
    }
    memory_free(text);
    http_parser_destroy(parser);
}

TEST(targets_of_every_form_are_understood)
{
    check_target("/", "header.example", "/", NULL);
    check_target("/a?", "header.example", "/a", "");
    check_target("/a?b?c", "header.example", "/a", "b?c");
    check_target("//double", "header.example", "//double", NULL);
    check_target("http://169.254.169.254/metadata?x", "169.254.169.254", "/metadata", "x");
    check_target("HTTP://a.example:8080", "a.example", "/", NULL);
    check_target("http://a.example?x=1", "a.example", "/", "x=1");
    check_target("https://[::1]:8443/x", "[::1]", "/x", NULL);
}

TEST(star_is_a_target)
{
    CHECK_INT(verdict("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
}

TEST(unusable_targets_are_refused)
{
    CHECK_INT(verdict("GET a/b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    CHECK_INT(verdict("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    CHECK_INT(verdict("GET http://user@host/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    CHECK_INT(verdict("GET ftp://host/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    CHECK_INT(verdict("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(http_1_1_needs_exactly_one_host)
{
    CHECK_INT(verdict("GET / HTTP/1.1\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.0\r\n\r\n"), 0);
}

static bool keeps_alive(const char *text)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request = {.keep_alive = false};
    struct bytes input = bytes_from_string(text);
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE);
    http_parser_destroy(parser);
    return request.keep_alive;
}

TEST(keep_alive_follows_version_and_connection)
{
    CHECK(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(!keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n"));
    CHECK(!keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, close\r\n\r\n"));
    CHECK(!keeps_alive("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(upgrade_is_an_ordinary_request)
{
    CHECK_INT(verdict(POST "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n"
                           "ab"),
              0);
}

TEST(smuggling_by_two_lengths_is_refused)
{
    CHECK_INT(verdict(POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 400);
    CHECK_INT(verdict(POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              400);
    CHECK_INT(verdict(POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"),
              400);
    CHECK_INT(verdict(POST "Content-Length: 1, 1\r\n\r\na"), 400);
    CHECK_INT(verdict(POST "Content-Length: +1\r\n\r\na"), 400);
    CHECK_INT(verdict(POST "Content-Length: -1\r\n\r\na"), 400);
    CHECK_INT(verdict(POST "Content-Length: 0x1\r\n\r\na"), 400);
    CHECK_INT(verdict(POST "Content-Length: 1 1\r\n\r\na"), 400);
    CHECK_INT(verdict(POST "Content-Length:\r\n\r\na"), 400);
    CHECK_INT(verdict(POST "Content-Length : 1\r\n\r\na"), 400);
}

TEST(smuggling_by_odd_codings_is_refused)
{
    CHECK(verdict(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n") >= 400);
    CHECK(verdict(POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n") >= 400);
    CHECK(verdict(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n") >= 400);
    CHECK(verdict(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n") >=
          400);
    CHECK(verdict(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n") >= 400);
    CHECK(verdict(POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n") >= 400);
    CHECK(verdict("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") >= 400);
    CHECK_INT(verdict(POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"), 0);
}

TEST(smuggling_by_bare_line_ends_is_refused)
{
    CHECK_INT(verdict("GET / HTTP/1.1\nHost: a\n\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "2;\nxx\r\n47\r\n0\r\n\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "2\nab\r\n0\r\n\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "2\r\nabXX0\r\n\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "2\r\nab0\r\n\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "0\r\nT: x\nU: y\r\n\r\n"), 400);
}

TEST(broken_chunk_sizes_are_refused)
{
    CHECK_INT(verdict(CHUNKED "x\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "-1\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "0x1\r\na\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "10000000000000000\r\na\r\n"), 400);
    CHECK_INT(verdict(CHUNKED "fffffffffff\r\na\r\n"), 413);
}

TEST(limits_are_kept)
{
    char *target = string_format("GET /%01100d HTTP/1.1\r\n\r\n", 0);
    char *head = string_format("GET / HTTP/1.1\r\nHost: a\r\nX: %01100d\r\n\r\n", 0);
    char *trailer = string_format(CHUNKED "0\r\nX: %01100d\r\n\r\n", 0);
    char *extension = string_format(CHUNKED "1;%01100d\r\na\r\n0\r\n\r\n", 0);
    char *body = string_format(POST "Content-Length: 100\r\n\r\n%0100d", 0);
    CHECK_INT(verdict(target), 414);
    CHECK_INT(verdict(head), 431);
    CHECK_INT(verdict(trailer), 431);
    CHECK_INT(verdict(extension), 431);
    CHECK_INT(verdict(body), 0);
    CHECK_INT(verdict(POST "Content-Length: 101\r\n\r\n"), 413);
    CHECK_INT(verdict(CHUNKED "60\r\n"), -1);
    CHECK_INT(verdict(CHUNKED "65\r\n"), 413);
    memory_free(target);
    memory_free(head);
    memory_free(trailer);
    memory_free(extension);
    memory_free(body);
}

TEST(what_is_not_http_1_is_refused_early)
{
    CHECK_INT(verdict("*1\r\n$4\r\nPING\r\n"), 400);
    CHECK_INT(verdict("GET /\r\n"), 400);
    CHECK_INT(verdict("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    CHECK_INT(verdict("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
    CHECK_INT(verdict("HTTP/1.1 200 OK\r\n\r\n"), 400);
}

TEST(rejection_is_final)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    struct bytes input = BYTES("nonsense\r\nGET / HTTP/1.0\r\n\r\n");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_REJECTED);
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_REJECTED);
    CHECK(!http_parser_in_message(parser));
    http_parser_destroy(parser);
    http_parser_destroy(NULL);
}

TEST(continue_is_wanted_once)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    struct bytes input = BYTES(POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(!http_parser_wants_continue(parser));
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_INCOMPLETE);
    CHECK(http_parser_in_message(parser));
    CHECK(http_parser_wants_continue(parser));
    CHECK(!http_parser_wants_continue(parser));
    input = BYTES("a");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_INCOMPLETE);
    CHECK(!http_parser_wants_continue(parser));
    input = BYTES("b");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE);
    input = BYTES(POST "Content-Length: 2\r\n\r\n");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_INCOMPLETE);
    CHECK(!http_parser_wants_continue(parser));
    http_parser_destroy(parser);
}

TEST(continue_is_not_wanted_when_the_body_came_along)
{
    struct http_parser *parser = http_parser_create(limits);
    struct http_request request;
    struct bytes input = BYTES(POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
    CHECK_INT(http_parser_feed(parser, &input, &request), HTTP_COMPLETE);
    CHECK(!http_parser_wants_continue(parser));
    http_parser_destroy(parser);
}

static void check_reply(const char *text, int status, const char *body, bool needs_end)
{
    struct http_reply_parser *parser = http_reply_parser_create(limits);
    struct http_reply reply = {0};
    struct bytes input = bytes_from_string(text);
    enum http_parse_state state = HTTP_INCOMPLETE;
    while (state == HTTP_INCOMPLETE && input.size > 0) {
        struct bytes piece = bytes_slice(input, 0, 1);
        state = http_reply_parser_feed(parser, &piece, &reply);
        input = bytes_slice(input, 1, input.size);
    }
    CHECK_INT(state, needs_end ? HTTP_INCOMPLETE : HTTP_COMPLETE);
    if (needs_end) {
        CHECK_INT(http_reply_parser_feed(parser, &input, &reply), HTTP_COMPLETE);
    }
    CHECK_INT(reply.status, status);
    CHECK_BYTES(reply.body, bytes_from_string(body));
    http_reply_parser_destroy(parser);
}

TEST(replies_are_read_by_length_chunks_or_end)
{
    check_reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, "ab", false);
    check_reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200,
                "ab", false);
    check_reply("HTTP/1.1 200 OK\r\n\r\nab", 200, "ab", true);
    check_reply("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false);
    check_reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, "",
                false);
}

TEST(reply_headers_are_kept)
{
    struct http_reply_parser *parser = http_reply_parser_create(limits);
    struct http_reply reply;
    struct bytes input =
        BYTES("HTTP/1.1 202 Accepted\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
    CHECK_INT(http_reply_parser_feed(parser, &input, &reply), HTTP_COMPLETE);
    CHECK_BYTES(http_headers_get(&reply.headers, "location"), BYTES("/x"));
    http_reply_parser_destroy(parser);
    http_reply_parser_destroy(NULL);
}

TEST(a_reply_cut_short_is_not_complete)
{
    struct http_reply_parser *parser = http_reply_parser_create(limits);
    struct http_reply reply;
    struct bytes input = BYTES("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    CHECK_INT(http_reply_parser_feed(parser, &input, &reply), HTTP_INCOMPLETE);
    CHECK_INT(http_reply_parser_feed(parser, &input, &reply), HTTP_INCOMPLETE);
    http_reply_parser_destroy(parser);
}

static const struct test_case cases[] = {
    CASE(request_is_split_into_its_parts),
    CASE(request_reads_the_same_in_pieces_of_any_size),
    CASE(pipelined_requests_stay_in_the_input),
    CASE(connect_leaves_the_tunnel_alone),
    CASE(targets_of_every_form_are_understood),
    CASE(star_is_a_target),
    CASE(unusable_targets_are_refused),
    CASE(http_1_1_needs_exactly_one_host),
    CASE(keep_alive_follows_version_and_connection),
    CASE(upgrade_is_an_ordinary_request),
    CASE(smuggling_by_two_lengths_is_refused),
    CASE(smuggling_by_odd_codings_is_refused),
    CASE(smuggling_by_bare_line_ends_is_refused),
    CASE(broken_chunk_sizes_are_refused),
    CASE(limits_are_kept),
    CASE(what_is_not_http_1_is_refused_early),
    CASE(rejection_is_final),
    CASE(continue_is_wanted_once),
    CASE(continue_is_not_wanted_when_the_body_came_along),
    CASE(replies_are_read_by_length_chunks_or_end),
    CASE(reply_headers_are_kept),
    CASE(a_reply_cut_short_is_not_complete),
};

TEST_MAIN(cases)
