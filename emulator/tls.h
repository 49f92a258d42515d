/*
 * TLS by OpenSSL over memory: bytes in, bytes out, no socket. Certificates come from the
 * development authority (certificate_authority.h), one per server name.
 */
#ifndef EMULATOR_TLS_H
#define EMULATOR_TLS_H

#include "base/bytes.h"
#include "base/clock.h"

struct tls_authority;
struct tls_stream;

/*
 * Loads ca.pem and ca-key.pem (0600) from `directory`, or makes them. NULL with one line in
 * `error` that names the file.
 */
struct tls_authority *tls_authority_create(const char *directory, struct clock *clock,
                                           struct buf *error);
void tls_authority_destroy(struct tls_authority *authority);
const char *tls_authority_file(const struct tls_authority *authority); /* path of ca.pem */
struct bytes tls_authority_pem(const struct tls_authority *authority);

/* What a server name is allowed, asked once per handshake from the client's hello. */
enum tls_version { TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };
/* What is shown to the client: the true certificate, or one with a flaw for it to find. */
enum tls_certificate {
    TLS_CERTIFICATE,
    TLS_CERTIFICATE_EXPIRED,
    TLS_CERTIFICATE_NOT_YET,
    TLS_CERTIFICATE_OF_ANOTHER,
    TLS_CERTIFICATE_FROM_NOWHERE,
    TLS_CERTIFICATE_RENEWED,
};
struct tls_policy {
    bool refuse; /* unrecognized_name alert */
    bool stall;  /* the hello is not answered: tls_stream_stalled, and asked again */
    enum tls_version minimum;
    enum tls_version maximum; /* 0: any */
    enum tls_certificate certificate;
};
struct tls_policy_source {
    void *context;
    /* `server_name` is empty when the client sent none. */
    struct tls_policy (*decide)(void *context, struct bytes server_name);
};

/*
 * One server-side connection. ALPN: http/1.1 when `http`, none for Redis. `policy` is copied; NULL
 * lets every name in, from TLS 1.2 on.
 */
struct tls_stream *tls_stream_create(struct tls_authority *authority,
                                     const struct tls_policy_source *policy, bool http);
void tls_stream_destroy(struct tls_stream *stream); /* NULL is fine */
/* The name or address to show a certificate for when the client names none. */
void tls_stream_set_fallback(struct tls_stream *stream, struct bytes name);

enum tls_result {
    TLS_OK,
    TLS_CLOSED, /* the client said that it sends no more */
    TLS_FAILED, /* what is in `outgoing` is still to be sent, then close */
};
/*
 * Takes received bytes, all of them, appends what they decrypt to `plain` and what must be sent
 * back (handshake, alerts) to `outgoing`.
 */
enum tls_result tls_stream_receive(struct tls_stream *stream, struct bytes received,
                                   struct buf *plain, struct buf *outgoing);
/* Encrypts `plain` into `outgoing`. Before the handshake is over it waits inside. */
enum tls_result tls_stream_send(struct tls_stream *stream, struct bytes plain,
                                struct buf *outgoing);
void tls_stream_shutdown(struct tls_stream *stream, struct buf *outgoing); /* close_notify */

bool tls_stream_established(const struct tls_stream *stream);
/* The policy stalled it: to be asked again, receive nothing. */
bool tls_stream_stalled(const struct tls_stream *stream);
struct bytes tls_stream_server_name(const struct tls_stream *stream);
enum tls_version tls_stream_version(const struct tls_stream *stream);
bool tls_stream_resumed(const struct tls_stream *stream);
/* One line on why it failed, for the log: "unsupported protocol". Empty when it did not. */
const char *tls_stream_failure(const struct tls_stream *stream);

#endif
