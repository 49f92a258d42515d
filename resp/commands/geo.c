/* GEOADD, GEOSEARCH and friends. */
#include "resp/command.h"

const struct command_family geo_family = {"geo", NULL, 0};
