/* SINTER, SUNION, SDIFF, their STORE forms, SINTERCARD. */
#include "resp/command.h"

const struct command_family set_algebra_family = {"set", NULL, 0};
