/*
 * Names to addresses: what Azure's DNS would say of a name, with the emulator's addresses. Follows
 * private link (arm/service.h) and knows the hosts that the front door serves.
 */
#ifndef EMULATOR_NAMES_H
#define EMULATOR_NAMES_H

#include "arm/service.h"
#include "emulator/http_endpoint.h"

enum { NAMES_MOST_ALIASES = 8 };

struct names {
    const struct arm_service *service;
    const struct http_endpoint *front_door;
    const char *bind; /* where the emulator listens */
};

enum names_result { NAMES_FOUND, NAMES_MISSING, NAMES_FOREIGN };

struct names_answer {
    char aliases[NAMES_MOST_ALIASES][256]; /* each of the one before, the first of the name */
    size_t alias_count;
    char address[64]; /* IPv4 or IPv6; empty unless found */
};

enum names_result names_resolve(const struct names *names, struct bytes name,
                                struct names_answer *answer);

#endif
