/*
 * Entra ID: discovery documents, the token endpoint with its grants, managed identity, and the
 * verification of the tokens it signed, for the management API and for the data planes.
 */
#ifndef EMULATOR_IDENTITY_H
#define EMULATOR_IDENTITY_H

#include "arm/host.h"
#include "base/clock.h"
#include "base/random.h"
#include "emulator/site.h"

struct identity;

struct identity_config {
    struct clock *clock;
    struct random *random;
    const char *tenant_id, *client_id, *client_secret, *subscription_id;
    const char *key_file; /* RS256 signing key, made when missing, mode 0600; NULL: in memory */
};

struct identity *identity_create(const struct identity_config *config, struct buf *error);
void identity_destroy(struct identity *identity);

/* Rows for the front door: login hosts, /adfs, /{tenant}/oauth2..., metadata endpoints, IMDS. */
const struct site *identity_sites(struct identity *identity, size_t *count);

/* What a verified token says. */
struct token_claims {
    struct arm_principal principal;
    char audience[256];
    int64_t expires_at_ms;
};
/*
 * Signature, issuer, expiry on the emulator's clock, and audience (any of the NULL-terminated
 * globs). False: `error` has Azure's code and words.
 */
bool identity_verify(struct identity *identity, struct bytes token, const char *const *audiences,
                     struct token_claims *claims, struct arm_error *error);

#endif
