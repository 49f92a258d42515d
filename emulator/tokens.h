/*
 * JSON web tokens signed with RS256, by OpenSSL. Owns the signing key and its self-signed
 * certificate; knows nothing of what tokens mean, of tenants or of requests.
 *
 * The key is made or read at its first use, because making one takes longer than the whole
 * start of the emulator may take.
 */
#ifndef EMULATOR_TOKENS_H
#define EMULATOR_TOKENS_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

struct tokens;

/*
 * `key_file` holds the key as PEM and is made when missing, mode 0600; NULL keeps it in memory.
 * NULL with one line in `error` when the file is there but cannot be read.
 */
struct tokens *tokens_create(const char *key_file, struct buf *error);
void tokens_destroy(struct tokens *tokens);

/* What a token was made for, in its header: one kind is never accepted in place of another. */
#define TOKEN_TYPE_ACCESS "JWT"
#define TOKEN_TYPE_REFRESH "refresh"
#define TOKEN_TYPE_CODE "code"

/* "header.payload.signature"; owned by the caller, memory_free. */
char *tokens_sign(struct tokens *tokens, const char *type, const cJSON *payload);

enum token_check {
    TOKEN_GENUINE,   /* ours, of that type, unchanged; dates are not looked at */
    TOKEN_MALFORMED, /* not a token, or of another type or algorithm */
    TOKEN_FOREIGN,   /* signed by a key that is not ours */
    TOKEN_FORGED,    /* names our key, but the signature is wrong */
};
/*
 * Fills *payload (owned by the caller) for all but malformed tokens, so that an error can say
 * what is wrong with it. Only a genuine one may be believed.
 */
enum token_check tokens_open(struct tokens *tokens, struct bytes token, const char *type,
                             cJSON **payload);
/* Splits and decodes only. False: not a token, and both are NULL. */
bool token_read(struct bytes token, cJSON **header, cJSON **payload);

/* {"keys":[...]} with x5c and x5t. `issuer` may be NULL. Owned by the caller. */
cJSON *tokens_key_set(struct tokens *tokens, const char *issuer);

/* A certificate that a client registered, to check its assertions with. */
struct token_certificate;
struct token_certificate *token_certificate_create(struct bytes pem); /* NULL: not one */
void token_certificate_destroy(struct token_certificate *certificate);
const char *token_certificate_thumbprint(const struct token_certificate *certificate);
/* RS256 or PS256, whichever the token's header says. */
bool token_certificate_check(const struct token_certificate *certificate, struct bytes token);

/* base64url of the SHA-256 of `text`, as PKCE's S256 has it; terminated, 43 characters. */
void token_digest(struct bytes text, char digest[44]);

#endif
