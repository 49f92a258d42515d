/* The hash family: HSET, HGET and friends. */
#include "resp/command.h"

const struct command_family hash_family = {"hash", NULL, 0};
