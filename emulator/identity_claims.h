/*
 * Makes the tokens: which claims an access, id or refresh token carries, for an application, a
 * managed identity or a user. Knows nothing of grants or of requests.
 */
#ifndef EMULATOR_IDENTITY_CLAIMS_H
#define EMULATOR_IDENTITY_CLAIMS_H

#include "emulator/identity_state.h"

/*
 * A day, as Entra ID gives clients that declare the CP1 capability (az does). An hour would end in
 * the middle of a lesson in which the clock is advanced by the time three caches take.
 */
#define ACCESS_TOKEN_SECONDS 86399
#define MANAGED_TOKEN_SECONDS 86399
#define REFRESH_TOKEN_SECONDS (90 * 86400)
#define CODE_SECONDS 600

/* How the client proved who it is; the value of the claim appidacr. */
enum client_proof {
    CLIENT_PUBLIC = 0,
    CLIENT_SECRET = 1,
    CLIENT_ASSERTION = 2,
};

/* For whom a token is. */
struct token_subject {
    const char *client_id;
    const struct application *application; /* NULL for Microsoft's own public clients */
    const struct user *user;               /* NULL: the application itself */
    enum client_proof proof;
};

/* Each returns a signed token, owned by the caller. */
char *claims_access_token(struct identity *identity, const struct token_subject *subject,
                          const char *audience, const char *scopes, int64_t lifetime_seconds,
                          const struct token_shape *shape);
/* `issuer` is what the discovery document of that flavour says. */
char *claims_id_token(struct identity *identity, const struct token_subject *subject,
                      enum login_flavour flavour, const char *issuer, const char *nonce);
char *claims_refresh_token(struct identity *identity, const struct token_subject *subject,
                           const char *scopes);

/* base64url of {"uid","utid"}, by which MSAL tells accounts apart; owned by the caller. */
char *claims_client_info(const struct identity *identity, const struct user *user);

#endif
