/*
 * The notation of a row's arguments, and its reading for COMMAND DOCS.
 *
 * Arguments stand in order, separated by blanks:
 *     name[=type][#n][@TOKEN][^since][!deprecated][*][...]     type "string" when left out,
 *                                                              "key" when #n (key spec) stands
 * alone name(a|b)   one of        name{a b}   a block        [argument]   optional
 * `=token` is a word of its own, `*` repeats the token with each value, `...` repeats the argument.
 * tools/command_rows.py writes it.
 */
#ifndef RESP_COMMAND_ARGUMENTS_H
#define RESP_COMMAND_ARGUMENTS_H

#include "resp/reply.h"

/*
 * The array of maps that COMMAND DOCS shows under "arguments", without those that are newer than
 * `version` (version_number of resp/command_table.h).
 */
void reply_command_arguments(struct reply *reply, const char *notation, unsigned version);

#endif
