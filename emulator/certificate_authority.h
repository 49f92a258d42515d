/*
 * The development certificate authority: one P-256 authority per data directory, kept in ca.pem
 * and ca-key.pem, and the server certificates it signs, minted per name and kept in memory.
 * Knows X.509 only, no TLS.
 */
#ifndef EMULATOR_CERTIFICATE_AUTHORITY_H
#define EMULATOR_CERTIFICATE_AUTHORITY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/clock.h"

struct certificate_authority;

/*
 * Loads the authority from `directory`, or makes it there; several processes may do so at once.
 * NULL with one line in `error` that names the file. Dates follow `clock` and the machine's own,
 * because the clients that check them live by the latter.
 */
struct certificate_authority *certificate_authority_create(const char *directory,
                                                           struct clock *clock, struct buf *error);
void certificate_authority_destroy(struct certificate_authority *authority); /* NULL is fine */
const char *certificate_authority_file(const struct certificate_authority *authority);
struct bytes certificate_authority_pem(const struct certificate_authority *authority);
/* Borrowed for as long as the authority lives. */
X509 *certificate_authority_certificate(const struct certificate_authority *authority);

/* Whether a certificate can be made for it: a host name or an IP address, of sane length. */
bool certificate_name_valid(struct bytes name);
/*
 * The certificate of a server name (any case) or IP address; empty or not valid: the one of
 * localhost, 127.0.0.1 and ::1. Borrowed until the next call.
 */
X509 *certificate_authority_leaf(struct certificate_authority *authority, struct bytes name);
/* What is wrong with a certificate that is made for a test of clients. */
enum certificate_flaw {
    CERTIFICATE_EXPIRED,      /* yesterday */
    CERTIFICATE_NOT_YET,      /* from tomorrow on */
    CERTIFICATE_OF_ANOTHER,   /* another host's */
    CERTIFICATE_FROM_NOWHERE, /* of an authority that nobody knows */
    CERTIFICATE_RENEWED,      /* nothing, but it has a key of its own */
};
/* False when OpenSSL cannot; certificate and key are the caller's. */
bool certificate_authority_flawed_leaf(struct certificate_authority *authority, struct bytes name,
                                       enum certificate_flaw flaw, X509 **leaf, EVP_PKEY **key);
/* The key of all of them; made by the first call. */
EVP_PKEY *certificate_authority_leaf_key(struct certificate_authority *authority);
size_t certificate_authority_leaf_count(const struct certificate_authority *authority); /* kept */

#endif
