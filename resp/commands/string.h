/*
 * Typed lookups of string values, for the files of the string family and those that keep their
 * data in strings. *string is NULL when the key does not exist; false after answering WRONGTYPE.
 */
#ifndef RESP_COMMANDS_STRING_H
#define RESP_COMMANDS_STRING_H

#include "resp/keyspace.h"
#include "resp/types/string.h"

/* Redis's proto-max-bulk-len as it is shipped. */
enum { LONGEST_STRING = 512 * 1024 * 1024 };

VALUE_LOOKUPS(string)

#endif
