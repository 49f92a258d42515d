/*
 * The last of what the feed told, so that a follower whose link broke goes on where it was. Begins
 * with the first follower, and ends some time after the last one left (repl-backlog-ttl).
 */
#ifndef RESP_REPLICATION_BACKLOG_H
#define RESP_REPLICATION_BACKLOG_H

#include "base/clock.h"
#include "resp/replication_feed.h"

struct replication_backlog {
    struct instance *instance; /* NULL: there is none */
    struct replication_listener listener;
    struct timer end;
    struct buf bytes; /* the newest last, up to the feed's offset; somewhat more than are kept */
    size_t limit;     /* that are kept: repl-backlog-size */
};

/* A follower is there, or about to be: from the present offset of the feed on. None is left. */
void replication_backlog_begin(struct instance *instance);
void replication_backlog_leave(struct instance *instance);
void replication_backlog_finish(struct instance *instance); /* it ends now */

/* How many bytes there are, of which the first has that offset. */
size_t replication_backlog_size(const struct instance *instance, uint64_t *first);
/* What was told from that offset on; false: it is not here any more, or never was. */
bool replication_backlog_since(const struct instance *instance, uint64_t offset,
                               struct bytes *commands);
/* repl-backlog-size or repl-backlog-ttl changed. */
void replication_backlog_configure(struct instance *instance);

#endif
