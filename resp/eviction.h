/*
 * maxmemory: what goes when memory is full, by the eight policies, and the access figures that the
 * LRU and LFU ones judge by. Like Redis, it looks at a few random keys and takes the best.
 */
#ifndef RESP_EVICTION_H
#define RESP_EVICTION_H

#include "base/bytes.h"

struct instance;

struct eviction {
    enum eviction_order {
        EVICT_NOTHING,
        EVICT_LEAST_RECENT,
        EVICT_LEAST_FREQUENT,
        EVICT_RANDOM,
        EVICT_SOONEST
    } order;
    bool volatile_only; /* keys with an expiry */
    int samples;
    int64_t decay_minutes, log_factor; /* of LFU counters */
};

/* False: no such policy; nothing changes. */
bool eviction_set_policy(struct instance *instance, struct bytes name);
/* Makes room below maxmemory. False: it cannot, commands that need memory are to be refused. */
bool eviction_make_room(struct instance *instance);
/* One key goes, memory or not; without a policy any key. False: there is none that may go. */
bool eviction_take_one(struct instance *instance);

/* The access figure of a new key, and after another access (24 bits, as OBJECT shows them). */
uint32_t access_new(const struct instance *instance, int64_t now_ms);
uint32_t access_again(const struct instance *instance, uint32_t access, int64_t now_ms);
int64_t access_idle_s(uint32_t access, int64_t now_ms);
/* The LFU counter as it is by now. */
uint32_t access_frequency(const struct instance *instance, uint32_t access, int64_t now_ms);

#endif
