/* BITFIELD and BITFIELD_RO. */
#include "resp/command.h"

const struct command_family bitfield_family = {"bitmap", NULL, 0};
