/*
 * Azure's public regions.
 */
#ifndef ARM_LOCATIONS_H
#define ARM_LOCATIONS_H

#include "base/bytes.h"

struct arm_location {
    const char *name, *display_name, *longitude, *latitude;
};

extern const struct arm_location arm_locations[];
extern const size_t arm_location_count;

/* Of resources that lie in no region: "global". No region of the list. */
extern const struct arm_location arm_location_global;

/* "westus2", "West US 2" and "WestUS2" are the same region. NULL: there is no such. */
const struct arm_location *arm_location_find(struct bytes text);

#endif
