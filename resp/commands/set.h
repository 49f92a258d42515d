/*
 * What the files of the set family share.
 */
#ifndef RESP_COMMANDS_SET_H
#define RESP_COMMANDS_SET_H

#include "resp/command.h"
#include "resp/types/set.h"

/* The set at argv[index], NULL when it is not there; false after WRONGTYPE. */
bool set_read_or_reply(struct call *call, int index, struct set **set);
bool set_write_or_reply(struct call *call, int index, struct set **set);

#endif
