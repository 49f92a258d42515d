/* EVAL, EVALSHA, SCRIPT. */
#include "resp/command.h"

const struct command_family scripting_family = {"scripting", NULL, 0};
