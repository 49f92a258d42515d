/*
 * Expiry times out of arguments, for EXPIRE, SET and RESTORE alike.
 */
#ifndef RESP_COMMANDS_EXPIRY_H
#define RESP_COMMANDS_EXPIRY_H

#include "resp/command.h"

/*
 * The instant that `amount` units mean. Answers "invalid expire time" in the version's words when
 * it does not fit, or is not positive where it must be.
 */
bool expiry_time_or_reply(struct call *call, int64_t amount, int64_t unit_ms, bool relative,
                          bool positive, int64_t *at_ms);

#endif
