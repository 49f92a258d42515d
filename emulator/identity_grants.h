/*
 * The token endpoint: one row per grant type, and the answer they share.
 */
#ifndef EMULATOR_IDENTITY_GRANTS_H
#define EMULATOR_IDENTITY_GRANTS_H

#include "emulator/identity_claims.h"
#include "emulator/identity_scopes.h"

/* POST .../token. The tenant has been checked. */
void grants_answer_token(struct login *login);

/*
 * The issuer that discovery documents of that flavour name and id tokens carry; owned by the
 * caller.
 */
char *login_issuer(const struct login *login);

#endif
