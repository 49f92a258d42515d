/* PFADD, PFCOUNT, PFMERGE. */
#include "resp/command.h"

const struct command_family hyperloglog_family = {"hyperloglog", NULL, 0};
