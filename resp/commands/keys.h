/* What OBJECT and DEBUG tell alike of a value. */
#ifndef RESP_COMMANDS_KEYS_H
#define RESP_COMMANDS_KEYS_H

#include "resp/keyspace.h"

/* INT32_MAX for the numbers that Redis keeps one object of. */
int value_reference_count(const struct instance *instance, const struct entry *entry);

#endif
