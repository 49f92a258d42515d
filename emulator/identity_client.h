/*
 * Who is asking the token endpoint: the client by its secret, a signed assertion (certificate),
 * a token of another provider (federation), or nothing at all for public clients.
 */
#ifndef EMULATOR_IDENTITY_CLIENT_H
#define EMULATOR_IDENTITY_CLIENT_H

#include "emulator/identity_claims.h"

/*
 * Fills client, application and proof of *subject. With `required`, a client without a credential
 * is refused. False: the error has been answered.
 *
 * An assertion signed for itself (iss and sub are the client) is checked against the certificates
 * registered for the application; an application without any has its assertions accepted when
 * issuer, subject, audience and dates fit, so that `az login -p cert.pem` works unprepared. A
 * token of another provider is accepted when its audience is that of token exchange: nothing
 * here could know the provider's keys.
 *
 * Assertions are dated by the client's clock, which is the real one. They are in time when they
 * are by the emulator's clock or by the real one.
 */
bool client_identify_or_reply(struct login *login, bool required, struct token_subject *subject);

#endif
