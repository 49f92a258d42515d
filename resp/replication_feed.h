/*
 * What a primary tells those that follow it: its writes, as commands that have the same effect
 * wherever they run. Most are passed on as they came. One whose effect depends on the moment, on
 * chance or on who waits (SPOP, SET EX, XADD *, BLPOP) is told as what it did.
 */
#ifndef RESP_REPLICATION_FEED_H
#define RESP_REPLICATION_FEED_H

#include "resp/command.h"

struct command_entry;
struct entry;
struct instance;

/* Embedded in whoever follows; told in the midst of a command, so it must not touch instances. */
struct replication_listener {
    /* RESP, whole commands, SELECT where needed. None: everything is to be copied anew. */
    void (*heard)(struct replication_listener *listener, struct bytes commands);
    struct replication_listener *next; /* private */
};

struct replication_feed {
    struct replication_listener *first; /* NULL: nothing is noted */
    struct buf keys;                    /* changed by the command under way: database, size, key */
    struct buf out;
    int database;             /* that the listeners have selected; -1: unknown */
    uint64_t offset, written; /* bytes told so far; up to the last write */
    uint64_t left_changes;    /* instance_changes when the last listener left */
};

void replication_feed_finish(struct replication_feed *feed);

/* Whether everything that changed since the offset was reached has been told. */
bool replication_is_whole(const struct instance *instance);
/* A listener starts with a full copy, in whatever database a new connection is. */
void replication_listen(struct instance *instance, struct replication_listener *listener);
void replication_forget(struct instance *instance, struct replication_listener *listener);
int replication_listeners(const struct instance *instance);
/* A command that nothing here has to do with. */
void replication_pass_on(struct instance *instance, const struct bytes *argv, int argc);
/* What the primary told that the instance follows. */
void replication_relay(struct instance *instance, struct bytes commands);
/* Something to hear, so that nobody takes the silence for an end. */
void replication_ping(struct instance *instance);
/* Asks the followers how far they are. */
void replication_ask(struct instance *instance);
/* A follower has come further: who waits for that (WAIT) may go on. In commands/replication.c. */
void replication_acknowledged(struct instance *instance);
/* Data changed other than by commands (a load, a flush from outside). */
void replication_copy_anew(struct instance *instance);

/* Called by keyspace.c: a key changed; it is gone by expiry or eviction. */
void replication_note(struct instance *instance, int database, struct bytes key);
void replication_gone(struct instance *instance, int database, struct bytes key);
/* The same for a key that lost a part of its value by itself; NULL: with it, it went. */
void replication_state(struct instance *instance, int database, struct bytes key,
                       const struct entry *entry);
/* Called by dispatch.c when a handler is done. */
void replication_command_done(struct call *call, const struct command_entry *entry);

#endif
