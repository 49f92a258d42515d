/* SETBIT, BITCOUNT, BITOP and friends. */
#include "resp/command.h"

const struct command_family bitmap_family = {"bitmap", NULL, 0};
