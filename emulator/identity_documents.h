/*
 * The documents by which clients find their way: OpenID configuration in its three flavours,
 * instance discovery, user realm, and the signing keys.
 */
#ifndef EMULATOR_IDENTITY_DOCUMENTS_H
#define EMULATOR_IDENTITY_DOCUMENTS_H

#include "emulator/identity_state.h"

void documents_answer_configuration(struct login *login);
void documents_answer_instance(struct login *login);
void documents_answer_user_realm(struct login *login);
void documents_answer_keys(struct login *login);

#endif
