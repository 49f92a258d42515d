/* ZADD, ZSCORE, ZREM, ZRANK, pops. */
#include "resp/command.h"

const struct command_family sorted_set_family = {"sorted-set", NULL, 0};
