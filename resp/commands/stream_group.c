/* Consumer groups: XGROUP, XREADGROUP, XACK, XCLAIM, XPENDING. */
#include "resp/command.h"

const struct command_family stream_group_family = {"stream", NULL, 0};
