/* ZRANGE and its kin, ZRANGESTORE, ZREMRANGEBY..., counts. */
#include "resp/command.h"

const struct command_family sorted_set_range_family = {"sorted-set", NULL, 0};
