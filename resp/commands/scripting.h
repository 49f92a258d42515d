/*
 * What EVAL and FCALL share.
 */
#ifndef RESP_COMMANDS_SCRIPTING_H
#define RESP_COMMANDS_SCRIPTING_H

#include "resp/lua/engine.h"

/* "numkeys key... argument...": argv[index] is the number. */
bool script_keys_or_reply(struct call *call, int index, const char *not_a_number, int *count);
/* Fits the flags to the command (a _RO form?) and to memory; prepares the run. */
bool script_run_or_reply(struct call *call, unsigned flags, bool read_only, struct script_run *run);
/* SCRIPT KILL and FUNCTION KILL. */
void script_kill(struct call *call, bool functions);

#endif
