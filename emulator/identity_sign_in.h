/*
 * Signing a user in without a human: the authorization endpoint answers at once for the tenant's
 * user, and device codes approve themselves.
 */
#ifndef EMULATOR_IDENTITY_SIGN_IN_H
#define EMULATOR_IDENTITY_SIGN_IN_H

#include "emulator/identity_state.h"

void sign_in_answer_authorize(struct login *login);
void sign_in_answer_device_code(struct login *login);
void sign_in_answer_device_page(struct login *login);
void sign_in_answer_logout(struct login *login);

#endif
