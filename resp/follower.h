/*
 * A client that is a replica of this instance: another Redis that asked for PSYNC. It gets a copy
 * of everything and then what the feed tells; what it says is how far it has come.
 */
#ifndef RESP_FOLLOWER_H
#define RESP_FOLLOWER_H

#include "base/clock.h"
#include "resp/replication_feed.h"

struct instance;
struct session;

struct follower {
    struct session *session;
    struct replication_listener listener;
    struct timer ping;
    uint64_t acknowledged; /* offset */
    int64_t heard_ms;
};

/* From now on the session is one; what it is sent first must be in its output. */
void follower_begin(struct session *session);
void follower_end(struct session *session); /* it is none: nothing */
/* All of them, at once: they come back to ask where they are. */
void followers_close(struct instance *instance);
/* REPLCONF ACK. */
void follower_acknowledge(struct session *session, uint64_t offset);

/* Followers that have come as far as the instance; and all of them. */
int followers_up_to_date(const struct instance *instance);
int followers_count(const struct instance *instance);

#endif
