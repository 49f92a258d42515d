/*
 * CLIENT TRACKING: which clients cache which keys, and telling them when a key changes: at once,
 * but who changed it behind the answer, and broadcast clients when the command is over.
 */
#ifndef RESP_TRACKING_H
#define RESP_TRACKING_H

#include "base/dict.h"
#include "resp/command.h"

struct session;

struct tracking_options {
    bool broadcast, opt_in, opt_out, no_loop;
    uint64_t redirect;            /* a session's id; 0: none */
    const struct bytes *prefixes; /* of broadcast mode; borrowed for the call */
    size_t prefix_count;
};

/* What a session keeps. */
struct tracking {
    bool on, broadcast, opt_in, opt_out, no_loop, broken_redirect;
    bool caching; /* CLIENT CACHING was the last command, or stands in this transaction */
    uint64_t redirect;
    char **prefixes;
    size_t *prefix_sizes;
    size_t prefix_count;
};

/* What an instance keeps. */
struct tracking_table {
    struct dict keys;          /* key -> struct tracked: who read it */
    uint64_t sessions;         /* with tracking on */
    uint64_t items;            /* ids in `keys` */
    uint64_t broadcasters;     /* sessions with broadcast mode */
    size_t maximum;            /* tracking-table-max-keys; 0: no limit */
    struct dict changed;       /* for these: keys that changed while a command runs */
    struct tracked_news *news; /* for whose command runs, in order */
    size_t news_count;
};

void tracking_table_init(struct tracking_table *table, struct random *random);
void tracking_table_finish(struct tracking_table *table);

/* Turns it on (again, with more prefixes); false after answering. */
bool tracking_start_or_reply(struct call *call, const struct tracking_options *options);
void tracking_stop(struct session *session);
/* A read command is over: its keys are remembered for the client. */
void tracking_remember(struct call *call);
/* A key changed, or all did; `by` (may be NULL) is whose command did it. */
void tracking_key_changed(struct instance *instance, struct bytes key, const struct session *by);
void tracking_flushed(struct instance *instance);
/* Sends what gathered; called when a command is over. */
void tracking_deliver(struct instance *instance);
size_t tracking_prefix_count(const struct instance *instance);

#endif
