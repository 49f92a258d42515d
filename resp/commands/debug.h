/*
 * DEBUG's subcommands are no rows of COMMAND, and Redis tells a wrong number of arguments from an
 * unknown word in none of them: a table of their own.
 */
#ifndef RESP_COMMANDS_DEBUG_H
#define RESP_COMMANDS_DEBUG_H

#include "resp/command.h"

struct debug_verb {
    const char *name;
    int least, most; /* arguments behind the name */
    void (*run)(struct call *call);
};

extern const struct debug_verb debug_value_verbs[]; /* ends with a zero row */
extern const struct debug_verb debug_reply_verbs[]; /* likewise */

#endif
