/* The set family: SADD, SMEMBERS, SPOP and friends. */
#include "resp/command.h"

const struct command_family set_family = {"set", NULL, 0};
