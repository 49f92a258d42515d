/* XADD, XRANGE, XREAD, XTRIM and friends. */
#include "resp/command.h"

const struct command_family stream_family = {"stream", NULL, 0};
