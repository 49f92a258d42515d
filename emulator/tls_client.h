/*
 * The client's side of TLS without a socket: bytes in, bytes out. For what the emulator itself
 * connects to.
 */
#ifndef EMULATOR_TLS_CLIENT_H
#define EMULATOR_TLS_CLIENT_H

#include <openssl/ssl.h>

#include "base/bytes.h"

struct tls_client;

/* `name`, or address, that the server's certificate must be for; NULL: any. */
struct tls_client *tls_client_create(SSL_CTX *context, const char *name);
void tls_client_destroy(struct tls_client *client); /* NULL is fine */
/*
 * The peer sent `data` (at first: nothing). What it said is appended to `plain`, what is to be sent
 * to `sealed`. NULL, or why the connection cannot go on; then `sealed` may hold a last word.
 */
const char *tls_client_hear(struct tls_client *client, struct bytes data, struct buf *plain,
                            struct buf *sealed);
/* The peer has said that nothing more comes. */
bool tls_client_ended(const struct tls_client *client);
/* To be said, at the latest when the handshake is over. */
void tls_client_say(struct tls_client *client, struct bytes plain, struct buf *sealed);

#endif
