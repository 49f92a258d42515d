/*
 * What the files of the set family share.
 */
#ifndef RESP_COMMANDS_SET_H
#define RESP_COMMANDS_SET_H

#include "resp/keyspace.h"
#include "resp/types/set.h"

VALUE_LOOKUPS(set)

#endif
