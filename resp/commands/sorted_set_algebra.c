/* ZUNION, ZINTER, ZDIFF, their STORE forms. */
#include "resp/command.h"

const struct command_family sorted_set_algebra_family = {"sorted-set", NULL, 0};
