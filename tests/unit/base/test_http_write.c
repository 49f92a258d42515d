/* Writing HTTP: responses, URLs and forms. */
#include "base/http.h"

#include <string.h>

#include "tests/support/test.h"

static struct http_request request_with(const char *method, int minor_version, bool keep_alive)
{
    return (struct http_request){
        .method = bytes_from_string(method),
        .minor_version = minor_version,
        .keep_alive = keep_alive,
    };
}

/* What a response with the body "hi" looks like; memory_free. */
static char *written(int status, const char *header, const struct http_request *request)
{
    struct http_response response;
    struct buf output;
    http_response_init(&response, status);
    if (header != NULL) {
        http_response_header(&response, header, "%s", "v");
    }
    buf_append_string(&response.body, "hi");
    buf_init(&output, 4096);
    http_response_write(&response, request, &output);
    http_response_finish(&response);
    return buf_string(&output);
}

static void check_written(int status, const char *header, const struct http_request *request,
                          const char *expected)
{
    char *text = written(status, header, request);
    CHECK_TEXT(text, expected);
    memory_free(text);
}

TEST(response_tells_its_length)
{
    struct http_request request = request_with("GET", 1, true);
    check_written(200, "X", &request, "HTTP/1.1 200 OK\r\nX: v\r\nContent-Length: 2\r\n\r\nhi");
}

TEST(connection_is_told_where_it_differs_from_the_default)
{
    struct http_request closing = request_with("GET", 1, false), old = request_with("GET", 0, true);
    check_written(200, NULL, &closing,
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    check_written(200, NULL, &old,
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
    check_written(400, NULL, NULL,
                  "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    check_written(200, "connection", &closing,
                  "HTTP/1.1 200 OK\r\nconnection: v\r\nContent-Length: 2\r\n\r\nhi");
}

TEST(responses_without_body_have_none)
{
    struct http_request get = request_with("GET", 1, true), head = request_with("HEAD", 1, true),
                        connect = request_with("CONNECT", 0, false);
    check_written(200, NULL, &head, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    check_written(204, NULL, &get, "HTTP/1.1 204 No Content\r\n\r\n");
    check_written(304, NULL, &get, "HTTP/1.1 304 Not Modified\r\n\r\n");
    check_written(100, NULL, &get, "HTTP/1.1 100 Continue\r\n\r\n");
    check_written(200, NULL, &connect, "HTTP/1.1 200 OK\r\n\r\n");
}

TEST(framing_given_by_the_handler_is_kept)
{
    struct http_request get = request_with("GET", 1, true);
    check_written(200, "Transfer-Encoding", &get,
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: v\r\n\r\nhi");
    check_written(200, "content-length", &get, "HTTP/1.1 200 OK\r\ncontent-length: v\r\n\r\nhi");
}

TEST(header_values_cannot_start_a_new_header)
{
    struct http_response response;
    http_response_init(&response, 200);
    http_response_header(&response, "Location", "/a%s", "\r\nSet-Cookie: x\x7f");
    CHECK_BYTES(buf_bytes(&response.headers), BYTES("Location: /aSet-Cookie: x\r\n"));
    CHECK(http_response_has_header(&response, "LOCATION"));
    CHECK(!http_response_has_header(&response, "Set-Cookie"));
    CHECK(!http_response_has_header(&response, "Loc"));
    http_response_finish(&response);
}

TEST(statuses_have_texts)
{
    CHECK_TEXT(http_status_text(429), "Too Many Requests");
    CHECK_TEXT(http_status_text(299), "Unknown");
}

static void check_decoded(const char *text, bool form, const char *expected)
{
    struct buf output;
    buf_init(&output, 100);
    bool decoded = http_url_decode(bytes_from_string(text), form, &output);
    CHECK_TEXT(decoded ? buf_string(&output) : NULL, expected);
    CHECK(decoded || output.size == 0);
    buf_finish(&output);
}

TEST(urls_are_decoded)
{
    check_decoded("a%20b%2Fc%2f", false, "a b/c/");
    check_decoded("a+b", false, "a+b");
    check_decoded("a+b", true, "a b");
    check_decoded("%", false, "NULL");
    check_decoded("a%2", false, "NULL");
    check_decoded("a%2g", false, "NULL");
}

TEST(urls_are_encoded)
{
    struct buf output;
    buf_init(&output, 100);
    http_url_encode(BYTES("a-Z_0.~ /+\xff"), &output);
    CHECK_TEXT(buf_string(&output), "a-Z_0.~%20%2F%2B%FF");
    buf_finish(&output);
}

static void check_field(const char *text, const char *name, const char *expected)
{
    struct buf value;
    buf_init(&value, 100);
    buf_append_string(&value, "before");
    bool found = http_form_get(bytes_from_string(text), name, &value);
    CHECK_TEXT(found ? buf_string(&value) : NULL, expected);
    buf_finish(&value);
}

TEST(form_fields_are_found_by_name)
{
    check_field("api-version=2024-11-01&x=a%20b+c", "API-Version", "2024-11-01");
    check_field("api-version=2024-11-01&x=a%20b+c", "x", "a b c");
    check_field("%24filter=eq", "$filter", "eq");
    check_field("flag&y=1", "flag", "");
    check_field("a=1&a=2", "a", "1");
    check_field("a=%zz", "a", "NULL");
    check_field("ab=1", "a", "NULL");
    check_field("", "a", "NULL");
}

static const struct test_case cases[] = {
    CASE(response_tells_its_length),
    CASE(connection_is_told_where_it_differs_from_the_default),
    CASE(responses_without_body_have_none),
    CASE(framing_given_by_the_handler_is_kept),
    CASE(header_values_cannot_start_a_new_header),
    CASE(statuses_have_texts),
    CASE(urls_are_decoded),
    CASE(urls_are_encoded),
    CASE(form_fields_are_found_by_name),
};

TEST_MAIN(cases)
