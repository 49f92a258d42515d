/*
 * Entra ID: discovery documents, the token endpoint with its grants, managed identity, and the
 * verification of the tokens it signed, for the management API and for the data planes.
 */
#ifndef EMULATOR_IDENTITY_H
#define EMULATOR_IDENTITY_H

#include "arm/host.h"
#include "base/clock.h"
#include "base/random.h"
#include "emulator/identity_faults.h"
#include "emulator/site.h"

struct identity;

/*
 * Well-known values besides those of the configuration. The user is the only one of the tenant;
 * the managed identity is what IMDS and the App Service endpoint answer when none is asked for.
 */
#define IDENTITY_TENANT_DOMAIN "redurite.onmicrosoft.com"
#define IDENTITY_USER_NAME "dev@redurite.onmicrosoft.com"
#define IDENTITY_USER_PASSWORD "Redurite-dev-1"
#define IDENTITY_USER_OBJECT_ID "00000000-0000-4000-8000-0000000000a1"
#define IDENTITY_CLIENT_OBJECT_ID "00000000-0000-4000-8000-0000000000a2"
#define IDENTITY_MANAGED_CLIENT_ID "00000000-0000-4000-8000-0000000000a3"
#define IDENTITY_MANAGED_OBJECT_ID "00000000-0000-4000-8000-0000000000a4"

struct identity_config {
    struct clock *clock;
    struct random *random;
    const char *tenant_id, *client_id, *client_secret, *subscription_id;
    struct identity_faults faults;
    const char *key_file; /* RS256 signing key, made when missing, mode 0600; NULL: in memory */
};

struct identity *identity_create(const struct identity_config *config, struct buf *error);
void identity_destroy(struct identity *identity);

/*
 * An application (with its service principal) or a managed identity that may have tokens.
 */
struct identity_application {
    const char *client_id, *object_id, *name;
    const char *resource_id; /* of a managed identity; NULL for applications */
};
/* Adds it, or changes the one with that client id; its credentials stay. All is copied. */
void identity_register(struct identity *identity, const struct identity_application *application);
/* One more secret, or certificate (PEM). False: no such application, or not a certificate. */
bool identity_add_secret(struct identity *identity, const char *client_id, struct bytes secret);
bool identity_add_certificate(struct identity *identity, const char *client_id, struct bytes pem);
/* The secret signs nobody in any more. */
void identity_remove_secret(struct identity *identity, const char *client_id, struct bytes secret);
/* Visits all that are there; the visitor changes none. */
void identity_each_application(const struct identity *identity,
                               void (*visit)(void *context,
                                             const struct identity_application *application),
                               void *context);
bool identity_forget(struct identity *identity, const char *client_id); /* false: not there */

/* "User", "ServicePrincipal", or NULL when there is nobody of that object id. */
const char *identity_principal_type(const struct identity *identity, struct bytes object_id);

/* Back to the well-known application and managed identity; sign-ins under way are forgotten. */
void identity_reset(struct identity *identity);

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
 * globs). False: `error` has Azure's code and words; of a genuine token, claims have its audience.
 */
bool identity_verify(struct identity *identity, struct bytes token, const char *const *audiences,
                     struct token_claims *claims, struct arm_error *error);

#endif
