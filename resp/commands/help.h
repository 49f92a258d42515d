/*
 * The HELP subcommand of containers, in the shape of Redis 7: a head line with the container's
 * name, the given lines, and HELP's own.
 */
#ifndef RESP_COMMANDS_HELP_H
#define RESP_COMMANDS_HELP_H

#include "resp/command.h"

void reply_help(struct call *call, const char *const *lines); /* ended by NULL */
/* That of Redis 6.0 for the container call->command; false, without an answer: it is not known. */
bool reply_older_help(struct call *call);

#endif
