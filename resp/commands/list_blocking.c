/* BLPOP, BRPOP, BLMOVE, BRPOPLPUSH and BLMPOP. */
#include "resp/command.h"

const struct command_family list_blocking_family = {"list", NULL, 0};
