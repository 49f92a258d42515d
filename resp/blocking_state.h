/*
 * What a waiting session keeps, and what an instance keeps of waiting sessions; for the modules of
 * resp/ only.
 */
#ifndef RESP_BLOCKING_STATE_H
#define RESP_BLOCKING_STATE_H

#include "base/clock.h"
#include "resp/blocking.h"

struct command_entry;

/* One key that one session waits for; in the session's array and in the key's list. */
struct block_place {
    struct session *session;
    struct block_queue *queue;
    struct block_place *next, *previous;
};

/* The payload of instance->blocked_keys: all who wait for one key, first come first served. */
struct block_queue {
    struct block_place *first, *last;
    struct block_queue *next_ready; /* in the instance's list of keys to look at */
    bool ready;
    bool serving; /* not to be removed at this moment */
};

struct blocked {
    bool active;
    bool retrying, again; /* the handler runs anew; it called block_on_keys again */
    bool or_gone;
    bool postponed;   /* waits for CLIENT UNPAUSE, the whole command */
    bool alone;       /* the same, but for this session's own time */
    bool for_host;    /* until the host has done something for it */
    int64_t since_ms; /* of a postponed one */
    const struct value_type *type;
    struct block_place *places;
    size_t place_count;
    struct command_entry *entry;
    struct bytes *argv; /* words behind it in the same block */
    int argc;
    struct timer timer;
    block_give_up *give_up;
};

#endif
