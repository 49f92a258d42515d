/*
 * TLS over memory BIOs. The client's hello decides everything: which name is served, with which
 * certificate, from which protocol version on.
 */
#include "emulator/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "emulator/certificate_authority.h"

enum { LONGEST_NAME = 255, READ_PIECE = 16 * 1024, PENDING_LIMIT = 1024 * 1024 };

struct tls_authority {
    struct certificate_authority *certificates;
    SSL_CTX *contexts[2]; /* for Redis, for HTTP */
};

struct tls_stream {
    struct tls_authority *authority;
    struct tls_policy_source policy;
    SSL *ssl;
    BIO *received, *outgoing; /* owned by ssl */
    struct buf pending;       /* plain bytes that wait for the handshake's end */
    char name[LONGEST_NAME + 1];
    char failure[160];
    bool closed;
};

/* ---- The hello ---- */

/* The host name of the server_name extension; empty when there is none. */
static struct bytes hello_name(SSL *ssl)
{
    const unsigned char *data;
    size_t size;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < 5) {
        return (struct bytes){"", 0};
    }
    /* A list with one entry: two bytes of list size, one of type, two of name size. */
    size_t name_size = (size_t)data[3] << 8 | data[4];
    if (data[2] != TLSEXT_NAMETYPE_host_name || name_size > size - 5) {
        return (struct bytes){"", 0};
    }
    return (struct bytes){(const char *)data + 5, name_size};
}

static int on_hello(SSL *ssl, int *alert, void *context)
{
    (void)context;
    struct tls_stream *stream = SSL_get_app_data(ssl);
    struct bytes name = hello_name(ssl);
    if (name.size <= LONGEST_NAME && certificate_name_valid(name)) {
        memcpy(stream->name, name.data, name.size);
        stream->name[name.size] = '\0';
    }
    struct tls_policy policy =
        stream->policy.decide == NULL
            ? (struct tls_policy){.minimum = TLS_1_2}
            : stream->policy.decide(stream->policy.context, bytes_from_string(stream->name));
    if (policy.refuse) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    if (policy.minimum < TLS_1_2) {
        /* OpenSSL counts SHA-1 signatures, which these versions need, as too weak otherwise. */
        SSL_set_security_level(ssl, 0);
        SSL_set_cipher_list(ssl, "ALL:@SECLEVEL=0");
    }
    SSL_set_min_proto_version(ssl, policy.minimum);
    struct certificate_authority *certificates = stream->authority->certificates;
    X509 *leaf = certificate_authority_leaf(certificates, bytes_from_string(stream->name));
    EVP_PKEY *key = certificate_authority_leaf_key(certificates);
    if (leaf == NULL || key == NULL || SSL_use_certificate(ssl, leaf) != 1 ||
        SSL_use_PrivateKey(ssl, key) != 1) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int select_http(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                       const unsigned char *offered, unsigned int offered_size, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)context;
    if (SSL_select_next_proto((unsigned char **)chosen, chosen_size, ours, sizeof(ours) - 1,
                              offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* ---- The authority ---- */

static SSL_CTX *make_context(struct tls_authority *authority, bool http)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    const char *session_context = http ? "http" : "redis";
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)session_context,
                                   (unsigned)strlen(session_context));
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets hold the sessions */
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_client_hello_cb(context, on_hello, authority);
    if (http) {
        SSL_CTX_set_alpn_select_cb(context, select_http, NULL);
    }
    return context;
}

struct tls_authority *tls_authority_create(const char *directory, struct clock *clock,
                                           struct buf *error)
{
    struct certificate_authority *certificates =
        certificate_authority_create(directory, clock, error);
    if (certificates == NULL) {
        return NULL;
    }
    struct tls_authority *authority = memory_allocate_zeroed(sizeof(*authority));
    authority->certificates = certificates;
    authority->contexts[0] = make_context(authority, false);
    authority->contexts[1] = make_context(authority, true);
    return authority;
}

void tls_authority_destroy(struct tls_authority *authority)
{
    if (authority == NULL) {
        return;
    }
    SSL_CTX_free(authority->contexts[0]);
    SSL_CTX_free(authority->contexts[1]);
    certificate_authority_destroy(authority->certificates);
    memory_free(authority);
}

const char *tls_authority_file(const struct tls_authority *authority)
{
    return certificate_authority_file(authority->certificates);
}

struct bytes tls_authority_pem(const struct tls_authority *authority)
{
    return certificate_authority_pem(authority->certificates);
}

/* ---- Streams ---- */

struct tls_stream *tls_stream_create(struct tls_authority *authority,
                                     const struct tls_policy_source *policy, bool http)
{
    struct tls_stream *stream = memory_allocate_zeroed(sizeof(*stream));
    stream->authority = authority;
    if (policy != NULL) {
        stream->policy = *policy;
    }
    buf_init(&stream->pending, PENDING_LIMIT);
    stream->ssl = SSL_new(authority->contexts[http ? 1 : 0]);
    stream->received = BIO_new(BIO_s_mem());
    stream->outgoing = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(stream->received, -1);
    BIO_set_mem_eof_return(stream->outgoing, -1);
    SSL_set_bio(stream->ssl, stream->received, stream->outgoing);
    SSL_set_app_data(stream->ssl, stream);
    SSL_set_accept_state(stream->ssl);
    return stream;
}

void tls_stream_destroy(struct tls_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    SSL_free(stream->ssl);
    buf_finish(&stream->pending);
    memory_free(stream);
}

static bool drain(struct tls_stream *stream, struct buf *outgoing)
{
    char *data;
    long size = BIO_get_mem_data(stream->outgoing, &data);
    bool good = size <= 0 || buf_append(outgoing, (struct bytes){data, (size_t)size});
    (void)BIO_reset(stream->outgoing);
    return good;
}

static enum tls_result failed(struct tls_stream *stream)
{
    unsigned long code = ERR_get_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    strncpy(stream->failure, reason == NULL ? "the stream is damaged" : reason,
            sizeof(stream->failure) - 1);
    stream->closed = true;
    return TLS_FAILED;
}

/* What SSL_* answered, as a result; wanting more is no failure. */
static enum tls_result judge(struct tls_stream *stream, int status)
{
    switch (SSL_get_error(stream->ssl, status)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TLS_OK;
    case SSL_ERROR_ZERO_RETURN:
        stream->closed = true;
        return TLS_CLOSED;
    default:
        return failed(stream);
    }
}

static enum tls_result read_all(struct tls_stream *stream, struct buf *plain)
{
    for (;;) {
        char *place = buf_reserve(plain, READ_PIECE);
        if (place == NULL) {
            strncpy(stream->failure, "too much at once", sizeof(stream->failure) - 1);
            return TLS_FAILED;
        }
        int size = SSL_read(stream->ssl, place, READ_PIECE);
        if (size <= 0) {
            return judge(stream, size);
        }
        plain->size += (size_t)size;
    }
}

static enum tls_result write_all(struct tls_stream *stream, struct bytes plain)
{
    while (plain.size > 0) {
        int part = plain.size > 1024 * 1024 ? 1024 * 1024 : (int)plain.size;
        int size = SSL_write(stream->ssl, plain.data, part);
        if (size <= 0) {
            return judge(stream, size);
        }
        plain = bytes_slice(plain, (size_t)size, plain.size);
    }
    return TLS_OK;
}

enum tls_result tls_stream_receive(struct tls_stream *stream, struct bytes received,
                                   struct buf *plain, struct buf *outgoing)
{
    enum tls_result result = TLS_OK;
    if (stream->closed) {
        return TLS_CLOSED;
    }
    ERR_clear_error();
    if (received.size > INT32_MAX ||
        (received.size > 0 &&
         BIO_write(stream->received, received.data, (int)received.size) != (int)received.size)) {
        return failed(stream);
    }
    if (!SSL_is_init_finished(stream->ssl)) {
        result = judge(stream, SSL_do_handshake(stream->ssl));
        if (result == TLS_OK && SSL_is_init_finished(stream->ssl) && stream->pending.size > 0) {
            result = write_all(stream, buf_bytes(&stream->pending));
            buf_finish(&stream->pending);
        }
    }
    if (result == TLS_OK && SSL_is_init_finished(stream->ssl)) {
        result = read_all(stream, plain);
    }
    return drain(stream, outgoing) ? result : TLS_FAILED;
}

enum tls_result tls_stream_send(struct tls_stream *stream, struct bytes plain, struct buf *outgoing)
{
    if (!SSL_is_init_finished(stream->ssl)) {
        return buf_append(&stream->pending, plain) ? TLS_OK : TLS_FAILED;
    }
    ERR_clear_error();
    enum tls_result result = write_all(stream, plain);
    return drain(stream, outgoing) ? result : TLS_FAILED;
}

void tls_stream_shutdown(struct tls_stream *stream, struct buf *outgoing)
{
    if (SSL_is_init_finished(stream->ssl) && stream->failure[0] == '\0') {
        ERR_clear_error();
        SSL_shutdown(stream->ssl);
        ERR_clear_error();
        drain(stream, outgoing);
    }
}

bool tls_stream_established(const struct tls_stream *stream)
{
    return SSL_is_init_finished(stream->ssl);
}

struct bytes tls_stream_server_name(const struct tls_stream *stream)
{
    return bytes_from_string(stream->name);
}

enum tls_version tls_stream_version(const struct tls_stream *stream)
{
    return (enum tls_version)SSL_version(stream->ssl);
}

bool tls_stream_resumed(const struct tls_stream *stream)
{
    return SSL_session_reused(stream->ssl) == 1;
}

const char *tls_stream_failure(const struct tls_stream *stream)
{
    return stream->failure;
}
