/*
 * Reading places and units, for the geo commands.
 */
#ifndef RESP_COMMANDS_GEO_H
#define RESP_COMMANDS_GEO_H

#include "resp/command.h"
#include "resp/types/geohash.h"

/* argv[index] and argv[index + 1]; "ERR invalid longitude,latitude pair ..." */
bool place_or_reply(struct call *call, int index, struct place *place);
/* M, KM, FT or MI in metres. */
bool unit_or_reply(struct call *call, int index, double *metres);
/* Four digits behind the point. */
void reply_distance(struct call *call, double distance);
void reply_place(struct call *call, struct place place);

#endif
