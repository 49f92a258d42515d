/* FUNCTION and FCALL. */
#include "resp/command.h"

const struct command_family function_family = {"scripting", NULL, 0};
