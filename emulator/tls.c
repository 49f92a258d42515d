/* TLS streams, and the one context they all come from. */
#include "emulator/tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "emulator/certificate_authority.h"

enum {
    LONGEST_NAME = 255,
    RECORD_SIZE = 16 * 1024, /* what one SSL_read gives at most */
    SESSION_SECONDS = 2 * 60 * 60,
    WAITING_LIMIT = 1024 * 1024, /* sent before the handshake was over */
};

/* AES-128 first: as good as any for this purpose, and the quickest. */
#define CIPHERS_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define CIPHERS_1_2                                                                                \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"   \
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA:"                  \
    "ECDHE-ECDSA-AES256-SHA"

struct tls_authority {
    struct certificate_authority *certificates;
    SSL_CTX *context; /* made by the first stream: plain users do not wait for it */
    BIO_METHOD *memory;
};

struct tls_stream {
    struct tls_authority *authority;
    struct tls_policy_source policy;
    SSL *ssl;
    bool http, established, failed, stalled;
    struct bytes received; /* what is left of it, during tls_stream_receive */
    struct buf *outgoing;  /* during any call */
    struct buf waiting;    /* plain bytes to send after the handshake */
    char server_name[LONGEST_NAME + 1];
    char *fallback;
    const char *failure;
};

/* ---- The memory under OpenSSL ---- */

static int memory_read(BIO *bio, char *data, int size)
{
    struct tls_stream *stream = BIO_get_data(bio);
    size_t taken = stream->received.size;

    BIO_clear_retry_flags(bio);
    if (size <= 0 || taken == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    taken = taken < (size_t)size ? taken : (size_t)size;
    memcpy(data, stream->received.data, taken);
    stream->received = bytes_slice(stream->received, taken, stream->received.size);
    return (int)taken;
}

static int memory_write(BIO *bio, const char *data, int size)
{
    struct tls_stream *stream = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (stream->outgoing == NULL ||
        !buf_append(stream->outgoing, (struct bytes){data, size < 0 ? 0 : (size_t)size})) {
        return -1;
    }
    return size;
}

static long memory_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *make_memory(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "read buffer");
    if (method != NULL) {
        BIO_meth_set_read(method, memory_read);
        BIO_meth_set_write(method, memory_write);
        BIO_meth_set_ctrl(method, memory_control);
    }
    return method;
}

/* ---- The client's hello ---- */

/* A list of one host_name (RFC 6066): its text, or empty. */
static struct bytes name_in_extension(struct bytes extension)
{
    const unsigned char *data = (const unsigned char *)extension.data;

    if (extension.size < 5 || data[2] != TLSEXT_NAMETYPE_host_name) {
        return BYTES("");
    }
    size_t size = (size_t)data[3] << 8 | data[4];
    if (size > extension.size - 5 || memchr(data + 5, '\0', size) != NULL) {
        return BYTES("");
    }
    return bytes_slice(extension, 5, 5 + size);
}

static void note_server_name(struct tls_stream *stream)
{
    const unsigned char *data;
    size_t size;

    if (SSL_client_hello_get0_ext(stream->ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) {
        return;
    }
    struct bytes name = name_in_extension((struct bytes){(const char *)data, size});
    if (name.size <= LONGEST_NAME) {
        memcpy(stream->server_name, name.data, name.size);
        stream->server_name[name.size] = '\0';
    }
}

static bool use_flawed_certificate(struct tls_stream *stream, struct bytes name,
                                   enum tls_certificate wanted)
{
    static const enum certificate_flaw flaws[] = {
        [TLS_CERTIFICATE_EXPIRED] = CERTIFICATE_EXPIRED,
        [TLS_CERTIFICATE_NOT_YET] = CERTIFICATE_NOT_YET,
        [TLS_CERTIFICATE_OF_ANOTHER] = CERTIFICATE_OF_ANOTHER,
        [TLS_CERTIFICATE_FROM_NOWHERE] = CERTIFICATE_FROM_NOWHERE,
        [TLS_CERTIFICATE_RENEWED] = CERTIFICATE_RENEWED,
    };
    X509 *leaf;
    EVP_PKEY *key;

    if (!certificate_authority_flawed_leaf(stream->authority->certificates, name, flaws[wanted],
                                           &leaf, &key)) {
        return false;
    }
    bool good = SSL_use_cert_and_key(stream->ssl, leaf, key, NULL, 1) == 1;
    /* A session resumed would show no certificate. */
    SSL_set_options(stream->ssl, SSL_OP_NO_TICKET);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return good;
}

static bool use_certificate(struct tls_stream *stream, enum tls_certificate wanted)
{
    struct certificate_authority *certificates = stream->authority->certificates;
    struct bytes name = bytes_from_string(stream->server_name);

    if (!certificate_name_valid(name)) {
        name = bytes_from_string(stream->fallback);
    }
    if (wanted != TLS_CERTIFICATE) {
        return use_flawed_certificate(stream, name, wanted);
    }
    X509 *leaf = certificate_authority_leaf(certificates, name);
    EVP_PKEY *key = certificate_authority_leaf_key(certificates);
    return leaf != NULL && key != NULL &&
           SSL_use_cert_and_key(stream->ssl, leaf, key, NULL, 1) == 1;
}

/*
 * The first thing looked at in a handshake, resumed ones too, so that a ticket of one name opens
 * no other. Here the name decides on the certificate and on the oldest version.
 */
static int client_hello(SSL *ssl, int *alert, void *context)
{
    struct tls_stream *stream = SSL_get_app_data(ssl);
    struct tls_policy policy = {.minimum = TLS_1_2};

    (void)context;
    note_server_name(stream);
    if (stream->policy.decide != NULL) {
        policy =
            stream->policy.decide(stream->policy.context, bytes_from_string(stream->server_name));
    }
    if (policy.refuse) {
        stream->failure = "unrecognized server name";
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    stream->stalled = policy.stall;
    if (policy.stall) {
        return SSL_CLIENT_HELLO_RETRY;
    }
    if (policy.minimum < TLS_1_2) {
        SSL_set_security_level(ssl, 0); /* their signatures are SHA-1 */
    }
    SSL_set_min_proto_version(ssl, (int)policy.minimum);
    SSL_set_max_proto_version(ssl, (int)policy.maximum);
    if (!use_certificate(stream, policy.certificate)) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int select_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                           const unsigned char *offered, unsigned offered_size, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    const struct tls_stream *stream = SSL_get_app_data(ssl);
    unsigned char *found;

    (void)context;
    if (!stream->http || SSL_select_next_proto(&found, chosen_size, ours, sizeof(ours) - 1, offered,
                                               offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* ---- The authority ---- */

static SSL_CTX *make_context(void)
{
    static const unsigned char sessions[] = "redurite";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL) {
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* The hello callback lowers or raises this to what the name's policy says. */
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_security_level(context, 1);
    /* Tickets hold the whole session: nothing is kept here. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, sessions, sizeof(sessions) - 1);
    SSL_CTX_set_timeout(context, SESSION_SECONDS);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_client_hello_cb(context, client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    if (SSL_CTX_set_ciphersuites(context, CIPHERS_1_3) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS_1_2) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

struct tls_authority *tls_authority_create(const char *directory, struct clock *clock,
                                           struct buf *error)
{
    /* The machine's OpenSSL configuration may forbid what a test of old clients needs. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    struct certificate_authority *certificates =
        certificate_authority_create(directory, clock, error);
    if (certificates == NULL) {
        return NULL;
    }
    struct tls_authority *authority = memory_allocate_zeroed(sizeof(*authority));
    authority->certificates = certificates;
    return authority;
}

void tls_authority_destroy(struct tls_authority *authority)
{
    if (authority == NULL) {
        return;
    }
    SSL_CTX_free(authority->context);
    BIO_meth_free(authority->memory);
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

static bool prepare_authority(struct tls_authority *authority)
{
    if (authority->memory == NULL) {
        authority->memory = make_memory();
    }
    if (authority->context == NULL) {
        authority->context = make_context();
    }
    return authority->memory != NULL && authority->context != NULL;
}

static bool make_ssl(struct tls_stream *stream)
{
    struct tls_authority *authority = stream->authority;

    if (!prepare_authority(authority)) {
        return false;
    }
    stream->ssl = SSL_new(authority->context);
    BIO *bio = stream->ssl == NULL ? NULL : BIO_new(authority->memory);
    if (bio == NULL) {
        return false;
    }
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(stream->ssl, bio, bio);
    SSL_set_app_data(stream->ssl, stream);
    SSL_set_accept_state(stream->ssl);
    return true;
}

struct tls_stream *tls_stream_create(struct tls_authority *authority,
                                     const struct tls_policy_source *policy, bool http)
{
    struct tls_stream *stream = memory_allocate_zeroed(sizeof(*stream));

    stream->authority = authority;
    stream->http = http;
    stream->failure = "";
    buf_init(&stream->waiting, WAITING_LIMIT);
    if (policy != NULL) {
        stream->policy = *policy;
    }
    if (!make_ssl(stream)) {
        stream->failed = true;
        stream->failure = "OpenSSL cannot make a context";
    }
    return stream;
}

void tls_stream_destroy(struct tls_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    SSL_free(stream->ssl);
    buf_finish(&stream->waiting);
    memory_free(stream->fallback);
    memory_free(stream);
}

void tls_stream_set_fallback(struct tls_stream *stream, struct bytes name)
{
    memory_free(stream->fallback);
    stream->fallback = bytes_to_string(name);
}

static enum tls_result fail(struct tls_stream *stream)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    stream->failed = true;
    if (stream->failure[0] == '\0') {
        stream->failure = reason != NULL ? reason : "the connection broke";
    }
    ERR_clear_error();
    return TLS_FAILED;
}

/* Of a call that did not succeed: whether it only wants more bytes. */
static bool wants_more(const struct tls_stream *stream, int returned)
{
    int error = SSL_get_error(stream->ssl, returned);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ||
           error == SSL_ERROR_WANT_CLIENT_HELLO_CB;
}

static enum tls_result write_all(struct tls_stream *stream, struct bytes plain)
{
    size_t written;

    if (plain.size == 0) {
        return TLS_OK;
    }
    ERR_clear_error();
    return SSL_write_ex(stream->ssl, plain.data, plain.size, &written) == 1 ? TLS_OK : fail(stream);
}

static enum tls_result shake_hands(struct tls_stream *stream)
{
    int returned = SSL_do_handshake(stream->ssl);

    if (returned != 1) {
        return wants_more(stream, returned) ? TLS_OK : fail(stream);
    }
    stream->established = true;
    enum tls_result result = write_all(stream, buf_bytes(&stream->waiting));
    buf_finish(&stream->waiting);
    return result;
}

static enum tls_result read_all(struct tls_stream *stream, struct buf *plain)
{
    for (;;) {
        size_t size;
        char *place = buf_reserve(plain, RECORD_SIZE);
        if (place == NULL) {
            return fail(stream);
        }
        int returned = SSL_read_ex(stream->ssl, place, RECORD_SIZE, &size);
        if (returned != 1) {
            return SSL_get_error(stream->ssl, returned) == SSL_ERROR_ZERO_RETURN ? TLS_CLOSED
                   : wants_more(stream, returned)                                ? TLS_OK
                                                                                 : fail(stream);
        }
        plain->size += size;
    }
}

enum tls_result tls_stream_receive(struct tls_stream *stream, struct bytes received,
                                   struct buf *plain, struct buf *outgoing)
{
    enum tls_result result = TLS_OK;

    if (stream->failed) {
        return TLS_FAILED;
    }
    stream->received = received;
    stream->outgoing = outgoing;
    ERR_clear_error();
    if (!stream->established) {
        result = shake_hands(stream);
    }
    if (result == TLS_OK && stream->established) {
        result = read_all(stream, plain);
    }
    stream->received = (struct bytes){0};
    stream->outgoing = NULL;
    return result;
}

enum tls_result tls_stream_send(struct tls_stream *stream, struct bytes plain, struct buf *outgoing)
{
    if (stream->failed) {
        return TLS_FAILED;
    }
    if (!stream->established) {
        return buf_append(&stream->waiting, plain) ? TLS_OK : fail(stream);
    }
    stream->outgoing = outgoing;
    enum tls_result result = write_all(stream, plain);
    stream->outgoing = NULL;
    return result;
}

void tls_stream_shutdown(struct tls_stream *stream, struct buf *outgoing)
{
    if (stream->failed || !stream->established) {
        return;
    }
    stream->outgoing = outgoing;
    ERR_clear_error();
    SSL_shutdown(stream->ssl);
    ERR_clear_error();
    stream->outgoing = NULL;
}

bool tls_stream_established(const struct tls_stream *stream)
{
    return stream->established;
}

bool tls_stream_stalled(const struct tls_stream *stream)
{
    return stream->stalled;
}

struct bytes tls_stream_server_name(const struct tls_stream *stream)
{
    return bytes_from_string(stream->server_name);
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
