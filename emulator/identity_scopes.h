/*
 * What a token is asked for: `scope` of the v2 endpoints or `resource` of the v1 endpoints, taken
 * apart into one resource and the permissions on it.
 */
#ifndef EMULATOR_IDENTITY_SCOPES_H
#define EMULATOR_IDENTITY_SCOPES_H

#include "emulator/identity_state.h"

struct scopes {
    char *resource;    /* the audience, as the client wrote it */
    char *permissions; /* claim scp: "user_impersonation" */
    char *granted;     /* the answer's scope: those asked for, and what they came to */
    bool openid, offline;
};

/*
 * `kept` is what was asked for earlier (authorization code, refresh token, device code), used
 * when the request says nothing; may be NULL. Applications (no user) may only ask for .default.
 * False: the error has been answered. scopes_finish in either case.
 */
bool scopes_read_or_reply(struct login *login, bool application, const char *kept,
                          struct scopes *scopes);
void scopes_finish(struct scopes *scopes);

#endif
