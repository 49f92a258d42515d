/* The list family: LPUSH, LRANGE, LMOVE and friends. */
#include "resp/command.h"

const struct command_family list_family = {"list", NULL, 0};
