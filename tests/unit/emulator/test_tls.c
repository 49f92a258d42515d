/* The server's side of TLS, held against an OpenSSL client over memory. */
#include <string.h>

#include "base/log.h"
#include "emulator/tls.h"
#include "tests/support/test.h"
#include "tests/unit/emulator/test_directory.h"
#include "tests/unit/emulator/tls_client.h"

enum { FAR_LIMIT = 64 * 1024 * 1024 };

static struct test_directory directory;
static struct clock *wall;
static struct tls_authority *authority;

struct pair {
    struct tls_client client;
    struct tls_stream *server;
    struct buf to_server, to_client, server_got, client_got;
    enum tls_result result;
    size_t portion; /* how many bytes the server is given at once */
};

static void pair_init(struct pair *pair, const struct tls_policy_source *policy, const char *name,
                      int least, int most)
{
    *pair = (struct pair){.portion = SIZE_MAX};
    tls_client_init(&pair->client, tls_authority_file(authority), name, least, most);
    pair->server = tls_stream_create(authority, policy, true);
    buf_init(&pair->to_server, FAR_LIMIT);
    buf_init(&pair->to_client, FAR_LIMIT);
    buf_init(&pair->server_got, FAR_LIMIT);
    buf_init(&pair->client_got, FAR_LIMIT);
}

static void pair_finish(struct pair *pair)
{
    tls_client_finish(&pair->client);
    tls_stream_destroy(pair->server);
    buf_finish(&pair->to_server);
    buf_finish(&pair->to_client);
    buf_finish(&pair->server_got);
    buf_finish(&pair->client_got);
}

static void feed_server(struct pair *pair)
{
    struct bytes rest = buf_bytes(&pair->to_server);
    while (rest.size > 0 && pair->result == TLS_OK) {
        struct bytes part = bytes_slice(rest, 0, pair->portion);
        rest = bytes_slice(rest, part.size, rest.size);
        pair->result = tls_stream_receive(pair->server, part, &pair->server_got, &pair->to_client);
    }
    buf_clear(&pair->to_server);
}

/* Until neither side has anything to say. */
static void exchange(struct pair *pair)
{
    do {
        tls_client_receive(&pair->client, buf_bytes(&pair->to_client), &pair->client_got);
        buf_clear(&pair->to_client);
        tls_client_take(&pair->client, &pair->to_server);
        feed_server(pair);
    } while (pair->to_client.size > 0);
}

static void echo(struct pair *pair, struct bytes text)
{
    buf_clear(&pair->server_got);
    buf_clear(&pair->client_got);
    tls_client_send(&pair->client, text);
    exchange(pair);
    CHECK_BYTES(buf_bytes(&pair->server_got), text);
    CHECK(tls_stream_send(pair->server, text, &pair->to_client) == TLS_OK);
    exchange(pair);
    CHECK_BYTES(buf_bytes(&pair->client_got), text);
}

static void both_ways(int version, enum tls_version seen)
{
    struct pair pair;
    pair_init(&pair, NULL, "management.azure.com", version, version);
    exchange(&pair);
    CHECK(tls_stream_established(pair.server));
    CHECK(tls_stream_version(pair.server) == seen);
    CHECK(!tls_stream_resumed(pair.server));
    CHECK_BYTES(tls_stream_server_name(pair.server), BYTES("management.azure.com"));
    echo(&pair, BYTES("hello"));
    echo(&pair, BYTES("again"));
    CHECK_TEXT(tls_stream_failure(pair.server), "");
    pair_finish(&pair);
}

TEST(speaks_1_2)
{
    both_ways(TLS1_2_VERSION, TLS_1_2);
}

TEST(speaks_1_3)
{
    both_ways(TLS1_3_VERSION, TLS_1_3);
}

TEST(large_amounts_pass_both_ways)
{
    struct buf text;
    struct pair pair;
    buf_init(&text, FAR_LIMIT);
    for (int i = 0; i < 200000; i++) {
        buf_printf(&text, "%d,", i);
    }
    pair_init(&pair, NULL, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    exchange(&pair);
    pair.portion = 1000;
    echo(&pair, buf_bytes(&text));
    pair_finish(&pair);
    buf_finish(&text);
}

TEST(a_handshake_may_come_byte_by_byte)
{
    struct pair pair;
    pair_init(&pair, NULL, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    pair.portion = 1;
    exchange(&pair);
    CHECK(tls_stream_established(pair.server));
    echo(&pair, BYTES("slowly"));
    pair_finish(&pair);
}

TEST(what_is_sent_early_waits_for_the_handshake)
{
    struct pair pair;
    pair_init(&pair, NULL, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    CHECK(tls_stream_send(pair.server, BYTES("welcome"), &pair.to_client) == TLS_OK);
    CHECK_INT(pair.to_client.size, 0);
    exchange(&pair);
    CHECK_BYTES(buf_bytes(&pair.client_got), BYTES("welcome"));
    pair_finish(&pair);
}

static struct tls_policy decide_by_name(void *context, struct bytes name)
{
    ++*(int *)context;
    return (struct tls_policy){
        .refuse = bytes_equal_string(name, "unknown.example"),
        .minimum = bytes_equal_string(name, "old.example")      ? TLS_1_0
                   : bytes_equal_string(name, "newest.example") ? TLS_1_3
                                                                : TLS_1_2,
    };
}

static bool gets_in(const char *name, int version)
{
    int asked = 0;
    const struct tls_policy_source policy = {&asked, decide_by_name};
    struct pair pair;
    pair_init(&pair, &policy, name, version, version);
    exchange(&pair);
    bool in = tls_stream_established(pair.server) && !pair.client.failed;
    CHECK_INT(asked, 1);
    CHECK(in || (pair.result == TLS_FAILED && tls_stream_failure(pair.server)[0] != '\0'));
    pair_finish(&pair);
    return in;
}

TEST(the_name_decides_the_oldest_version)
{
    CHECK(gets_in("old.example", TLS1_VERSION));
    CHECK(gets_in("old.example", TLS1_1_VERSION));
    CHECK(gets_in("old.example", TLS1_3_VERSION));
    CHECK(!gets_in("other.example", TLS1_VERSION));
    CHECK(!gets_in("other.example", TLS1_1_VERSION));
    CHECK(gets_in("other.example", TLS1_2_VERSION));
    CHECK(!gets_in("newest.example", TLS1_2_VERSION));
    CHECK(gets_in("newest.example", TLS1_3_VERSION));
}

TEST(an_unknown_name_is_told_so)
{
    int asked = 0;
    const struct tls_policy_source policy = {&asked, decide_by_name};
    struct pair pair;
    pair_init(&pair, &policy, "unknown.example", TLS1_2_VERSION, TLS1_3_VERSION);
    ERR_clear_error();
    exchange(&pair);
    CHECK_INT(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_UNRECOGNIZED_NAME);
    CHECK_TEXT(tls_stream_failure(pair.server), "unrecognized server name");
    ERR_clear_error();
    pair_finish(&pair);
}

static void resumes(int version)
{
    struct pair first, second;
    pair_init(&first, NULL, "localhost", version, version);
    exchange(&first);
    echo(&first, BYTES("ticket"));
    first.client.session = SSL_get1_session(first.client.ssl);

    pair_init(&second, NULL, "localhost", version, version);
    SSL_set_session(second.client.ssl, first.client.session);
    exchange(&second);
    CHECK(tls_stream_resumed(second.server));
    echo(&second, BYTES("resumed"));
    pair_finish(&first);
    pair_finish(&second);
}

TEST(sessions_resume_in_1_2)
{
    resumes(TLS1_2_VERSION);
}

TEST(sessions_resume_in_1_3)
{
    resumes(TLS1_3_VERSION);
}

TEST(a_ticket_leads_to_the_name_in_the_hello)
{
    struct pair first, second;
    pair_init(&first, NULL, "one.redis.cache.windows.net", TLS1_2_VERSION, TLS1_2_VERSION);
    exchange(&first);
    first.client.session = SSL_get1_session(first.client.ssl);
    pair_init(&second, NULL, "two.redis.cache.windows.net", TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_set_session(second.client.ssl, first.client.session);
    exchange(&second);
    CHECK_BYTES(tls_stream_server_name(second.server), BYTES("two.redis.cache.windows.net"));
    pair_finish(&first);
    pair_finish(&second);
}

TEST(the_protocol_is_http_1_1)
{
    static const unsigned char offered[] = "\x02h2\x08http/1.1";
    const unsigned char *chosen;
    unsigned size;
    struct pair pair;
    pair_init(&pair, NULL, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    SSL_set_alpn_protos(pair.client.ssl, offered, sizeof(offered) - 1);
    exchange(&pair);
    SSL_get0_alpn_selected(pair.client.ssl, &chosen, &size);
    CHECK_BYTES(((struct bytes){(const char *)chosen, size}), BYTES("http/1.1"));
    pair_finish(&pair);
}

TEST(without_a_name_the_address_is_certified)
{
    struct pair pair;
    pair_init(&pair, NULL, NULL, TLS1_2_VERSION, TLS1_3_VERSION);
    tls_stream_set_fallback(pair.server, BYTES("192.0.2.7"));
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(pair.client.ssl), "192.0.2.7");
    exchange(&pair);
    CHECK(tls_stream_established(pair.server));
    CHECK(!pair.client.failed);
    CHECK_BYTES(tls_stream_server_name(pair.server), BYTES(""));
    pair_finish(&pair);
}

TEST(a_client_that_does_not_trust_us_is_understood)
{
    struct pair pair;
    pair_init(&pair, NULL, "localhost", TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_set0_verify_cert_store(pair.client.ssl, X509_STORE_new());
    exchange(&pair);
    CHECK(pair.result == TLS_FAILED);
    CHECK(strstr(tls_stream_failure(pair.server), "unknown ca") != NULL);
    ERR_clear_error();
    pair_finish(&pair);
}

TEST(garbage_fails_and_stays_failed)
{
    struct buf plain, outgoing;
    buf_init(&plain, FAR_LIMIT);
    buf_init(&outgoing, FAR_LIMIT);
    struct tls_stream *stream = tls_stream_create(authority, NULL, false);
    CHECK(tls_stream_receive(stream, BYTES("\x16\x03\x01\x00\x05hello, world"), &plain,
                             &outgoing) == TLS_FAILED);
    CHECK(tls_stream_failure(stream)[0] != '\0');
    CHECK(tls_stream_receive(stream, BYTES("more"), &plain, &outgoing) == TLS_FAILED);
    CHECK(tls_stream_send(stream, BYTES("more"), &outgoing) == TLS_FAILED);
    CHECK_INT(plain.size, 0);
    tls_stream_shutdown(stream, &outgoing);
    tls_stream_destroy(stream);
    tls_stream_destroy(NULL);
    buf_finish(&plain);
    buf_finish(&outgoing);
}

TEST(both_sides_can_say_goodbye)
{
    struct pair pair;
    pair_init(&pair, NULL, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    exchange(&pair);
    tls_stream_shutdown(pair.server, &pair.to_client);
    CHECK(pair.to_client.size > 0);
    SSL_shutdown(pair.client.ssl);
    exchange(&pair);
    CHECK(pair.result == TLS_CLOSED);
    CHECK(!pair.client.failed);
    pair_finish(&pair);
}

static struct tls_policy stall_once(void *context, struct bytes name)
{
    (void)name;
    return (struct tls_policy){.stall = ++*(int *)context == 1, .minimum = TLS_1_2};
}

TEST(a_stalled_hello_is_answered_when_asked_again)
{
    int asked = 0;
    const struct tls_policy_source policy = {&asked, stall_once};
    struct pair pair;
    pair_init(&pair, &policy, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    exchange(&pair);
    CHECK(tls_stream_stalled(pair.server));
    CHECK(!tls_stream_established(pair.server));
    CHECK(pair.result == TLS_OK);
    pair.result = tls_stream_receive(pair.server, BYTES(""), &pair.server_got, &pair.to_client);
    exchange(&pair);
    CHECK(tls_stream_established(pair.server));
    CHECK_INT(asked, 2);
    echo(&pair, BYTES("at last"));
    pair_finish(&pair);
}

static struct tls_policy old_only(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return (struct tls_policy){.minimum = TLS_1_0, .maximum = TLS_1_1};
}

TEST(the_newest_version_may_be_bounded)
{
    const struct tls_policy_source policy = {NULL, old_only};
    struct pair old, recent;
    pair_init(&old, &policy, "localhost", TLS1_VERSION, TLS1_3_VERSION);
    exchange(&old);
    CHECK(tls_stream_version(old.server) == TLS_1_1);
    pair_finish(&old);
    pair_init(&recent, &policy, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    exchange(&recent);
    CHECK(!tls_stream_established(recent.server));
    CHECK(recent.result == TLS_FAILED && tls_stream_failure(recent.server)[0] != '\0');
    ERR_clear_error();
    pair_finish(&recent);
}

static struct tls_policy show_expired(void *context, struct bytes name)
{
    (void)context;
    (void)name;
    return (struct tls_policy){.minimum = TLS_1_2, .certificate = TLS_CERTIFICATE_EXPIRED};
}

TEST(a_client_finds_the_flaw_of_a_certificate)
{
    const struct tls_policy_source policy = {NULL, show_expired};
    struct pair pair;
    pair_init(&pair, &policy, "localhost", TLS1_2_VERSION, TLS1_3_VERSION);
    exchange(&pair);
    CHECK_INT(SSL_get_verify_result(pair.client.ssl), X509_V_ERR_CERT_HAS_EXPIRED);
    CHECK(pair.client.failed);
    ERR_clear_error();
    pair_finish(&pair);
}

static const struct test_case cases[] = {
    CASE(speaks_1_2),
    CASE(speaks_1_3),
    CASE(large_amounts_pass_both_ways),
    CASE(a_handshake_may_come_byte_by_byte),
    CASE(what_is_sent_early_waits_for_the_handshake),
    CASE(the_name_decides_the_oldest_version),
    CASE(an_unknown_name_is_told_so),
    CASE(sessions_resume_in_1_2),
    CASE(sessions_resume_in_1_3),
    CASE(a_ticket_leads_to_the_name_in_the_hello),
    CASE(the_protocol_is_http_1_1),
    CASE(without_a_name_the_address_is_certified),
    CASE(a_client_that_does_not_trust_us_is_understood),
    CASE(garbage_fails_and_stays_failed),
    CASE(both_sides_can_say_goodbye),
    CASE(a_stalled_hello_is_answered_when_asked_again),
    CASE(the_newest_version_may_be_bounded),
    CASE(a_client_finds_the_flaw_of_a_certificate),
};

int main(void)
{
    struct buf error;
    log_configure(LOG_ERROR, NULL, NULL);
    test_directory_make(&directory);
    wall = clock_create(NULL, NULL);
    buf_init(&error, 1000);
    authority = tls_authority_create(directory.path, wall, &error);
    int status = authority == NULL ? 1 : test_run(cases, ARRAY_LEN(cases));
    tls_authority_destroy(authority);
    clock_destroy(wall);
    buf_finish(&error);
    test_directory_remove(&directory);
    return status;
}
