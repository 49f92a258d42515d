/*
 * From where a cache may be reached: its firewall rules, public access, private endpoints. Sees
 * addresses only, never a connection.
 */
#ifndef EMULATOR_NETWORK_RULES_H
#define EMULATOR_NETWORK_RULES_H

#include "arm/host.h"

struct network_rules {
    bool public_access;
    struct arm_address_range *ranges; /* none: every address is welcome */
    size_t range_count;
    uint32_t *private_addresses;
    size_t private_count;
};

/* A zeroed one is finishable. True: the private addresses are others than before. */
bool network_rules_set(struct network_rules *rules, const struct arm_cache *cache);
void network_rules_finish(struct network_rules *rules);

/*
 * NULL: a client at `peer` that came to `local` ("127.0.0.1:53124") is welcome; else why it is not,
 * for the log. The private addresses are open to everyone who reaches them.
 */
const char *network_rules_refusal(const struct network_rules *rules, struct bytes peer,
                                  struct bytes local);

/* "127.0.0.5", from the number. */
void network_address_format(uint32_t address, char text[16]);

#endif
