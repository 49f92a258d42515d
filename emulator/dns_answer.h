/*
 * What the DNS responder answers to one message: the emulator's names, or what a fault makes of
 * them. Opens no socket.
 */
#ifndef EMULATOR_DNS_ANSWER_H
#define EMULATOR_DNS_ANSWER_H

#include "emulator/faults/faults.h"
#include "emulator/names.h"

/*
 * Appends the answer; nothing when nothing is to be answered. `limit` 0: as the question says.
 * `faults` NULL: none.
 */
void dns_answer(const struct names *names, struct faults *faults, struct bytes message,
                size_t limit, struct buf *output);

#endif
