/* An OpenSSL client over memory, to hold against a tls_stream. Knows no socket. */
#ifndef TESTS_UNIT_EMULATOR_TLS_CLIENT_H
#define TESTS_UNIT_EMULATOR_TLS_CLIENT_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/bytes.h"

struct tls_client {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    SSL_SESSION *session;
    bool failed;
};

/* `ca_file` NULL: nothing is verified. `name` NULL: no SNI. Versions are OpenSSL's. */
void tls_client_init(struct tls_client *client, const char *ca_file, const char *name, int least,
                     int most);
void tls_client_finish(struct tls_client *client);
/* Takes what came from the server, appends what it decrypts to. */
void tls_client_receive(struct tls_client *client, struct bytes received, struct buf *plain);
void tls_client_send(struct tls_client *client, struct bytes plain);
/* Moves what the client has to send to `output`. */
void tls_client_take(struct tls_client *client, struct buf *output);

#endif
