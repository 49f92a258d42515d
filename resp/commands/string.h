/*
 * Typed lookups of string values, for the files of the string family and those that keep their
 * data in strings. *string is NULL when the key does not exist; false after answering WRONGTYPE.
 */
#ifndef RESP_COMMANDS_STRING_H
#define RESP_COMMANDS_STRING_H

#include "resp/command.h"
#include "resp/types/string.h"

/* Redis's proto-max-bulk-len as it is shipped. */
enum { LONGEST_STRING = 512 * 1024 * 1024 };

bool string_read_or_reply(struct call *call, int index, struct string **string);
bool string_write_or_reply(struct call *call, int index, struct string **string);

#endif
