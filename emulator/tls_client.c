#include "emulator/tls_client.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum { CHUNK = 16 * 1024 };

struct tls_client {
    SSL *ssl; /* owns its BIOs */
    BIO *input, *output;
    struct buf waiting; /* for the end of the handshake */
};

struct tls_client *tls_client_create(SSL_CTX *context, const char *name)
{
    struct tls_client *client = memory_allocate_zeroed(sizeof(*client));
    client->ssl = SSL_new(context);
    client->input = BIO_new(BIO_s_mem());
    client->output = BIO_new(BIO_s_mem());
    SSL_set_bio(client->ssl, client->input, client->output);
    SSL_set_connect_state(client->ssl);
    /* An address has a check of its own, and no name to send. */
    if (name != NULL && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client->ssl), name) != 1) {
        SSL_set1_host(client->ssl, name);
        SSL_set_tlsext_host_name(client->ssl, name);
    }
    buf_init(&client->waiting, SIZE_MAX);
    return client;
}

void tls_client_destroy(struct tls_client *client)
{
    if (client != NULL) {
        SSL_free(client->ssl);
        buf_finish(&client->waiting);
        memory_free(client);
    }
}

static const char *last_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == NULL ? "TLS failed" : reason;
}

static void take_sealed(struct tls_client *client, struct buf *sealed)
{
    char chunk[CHUNK];
    int size;
    while ((size = BIO_read(client->output, chunk, sizeof(chunk))) > 0) {
        buf_append(sealed, (struct bytes){chunk, (size_t)size});
    }
}

static void write_waiting(struct tls_client *client)
{
    while (client->waiting.size > 0) {
        size_t size = client->waiting.size < INT_MAX ? client->waiting.size : INT_MAX;
        if (SSL_write(client->ssl, client->waiting.data, (int)size) != (int)size) {
            return;
        }
        buf_consume(&client->waiting, size);
    }
}

static const char *go_on(struct tls_client *client, struct buf *plain)
{
    char chunk[CHUNK];
    int done = 1;
    ERR_clear_error();
    if (!SSL_is_init_finished(client->ssl)) {
        done = SSL_do_handshake(client->ssl);
        if (done != 1) {
            return SSL_get_error(client->ssl, done) == SSL_ERROR_WANT_READ ? NULL : last_reason();
        }
    }
    write_waiting(client);
    while ((done = SSL_read(client->ssl, chunk, sizeof(chunk))) > 0) {
        buf_append(plain, (struct bytes){chunk, (size_t)done});
    }
    return SSL_get_error(client->ssl, done) == SSL_ERROR_SSL ? last_reason() : NULL;
}

const char *tls_client_hear(struct tls_client *client, struct bytes data, struct buf *plain,
                            struct buf *sealed)
{
    while (data.size > 0) {
        struct bytes piece = bytes_slice(data, 0, INT_MAX);
        BIO_write(client->input, piece.data, (int)piece.size);
        data = bytes_slice(data, piece.size, data.size);
    }
    const char *failure = go_on(client, plain);
    take_sealed(client, sealed);
    return failure;
}

bool tls_client_ended(const struct tls_client *client)
{
    return (SSL_get_shutdown(client->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void tls_client_say(struct tls_client *client, struct bytes plain, struct buf *sealed)
{
    buf_append(&client->waiting, plain);
    if (SSL_is_init_finished(client->ssl)) {
        write_waiting(client);
        take_sealed(client, sealed);
    }
}
