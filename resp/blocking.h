/*
 * Sessions that wait: for a key to hold something (BLPOP, XREAD BLOCK), for a moment (WAIT), for
 * CLIENT UNPAUSE. A blocking command is an ordinary handler that finds nothing to answer and calls
 * block_on_keys as its last act; when one of the keys comes to hold a value of the wanted type, the
 * handler is run again from the start (call->resumed), in the order in which clients began to
 * wait, after the command, transaction or script that changed the key is over. A handler that
 * calls block_on_keys again keeps the client's place and deadline.
 */
#ifndef RESP_BLOCKING_H
#define RESP_BLOCKING_H

#include "resp/command.h"

struct command_entry;
struct instance;
struct keyspace;
struct session;
struct value_type;

/* What is answered when the time is over. */
typedef void block_give_up(struct reply *reply);

/* "BLPOP key timeout": seconds with decimals at argv[index], Redis's errors. 0 waits forever. */
bool block_timeout_or_reply(struct call *call, int index, int64_t *timeout_ms);
/* The same in whole milliseconds (XREAD BLOCK, WAIT). */
bool block_timeout_ms_or_reply(struct call *call, int index, int64_t *timeout_ms);

/*
 * Parks the client on the keys at argv[indexes[...]] of the selected database. In a transaction or
 * a script nothing waits: give_up answers at once. `type` NULL: any. `or_gone`: since 7.0 also
 * woken when a key is deleted or takes another type (consumer groups).
 */
void block_on_keys(struct call *call, const int *indexes, int count, const struct value_type *type,
                   bool or_gone, int64_t timeout_ms, block_give_up *give_up);
/* The same for `count` keys from argv[first] on. */
void block_on_key_range(struct call *call, int first, int count, const struct value_type *type,
                        bool or_gone, int64_t timeout_ms, block_give_up *give_up);
/*
 * Whether a blocking command looks at that key now. Until 7.2 Redis serves a waiting client from
 * the key that has become ready, whatever its others hold by then; since then it begins anew.
 */
bool block_awaits(const struct call *call, struct bytes key);
/* Parks the client for a time only (WAIT with too few replicas). */
void block_for_time(struct call *call, int64_t timeout_ms, block_give_up *give_up);

/*
 * Parks the client until the host has done something for its command (MIGRATE: one client of an
 * instance at a time). Then the handler runs again, and writes that waited for it go on.
 */
void block_for_host(struct call *call);
void blocking_go_on_for_host(struct instance *instance);

/* CLIENT UNBLOCK: as if the time were over, or with an error. False: it does not wait on keys. */
bool block_release(struct session *session, const char *error);
/* Ends the wait without an answer: the session closes, is reset, or moves. */
void block_forget(struct session *session);
bool session_blocked(const struct session *session);

/*
 * CLIENT PAUSE: commands (or writes only) wait until then, or until CLIENT UNPAUSE. A second pause
 * never ends earlier or holds less than the first.
 */
void blocking_pause(struct instance *instance, int64_t until_ms, bool writes_only);
void blocking_unpause(struct instance *instance);
/* Parks the command of a paused client; it passes all gates again afterwards. */
void block_until_unpaused(struct call *call, struct command_entry *entry);
/*
 * The same for one client whose command has not been dispatched yet (resp/interference.h): until
 * then (INT64_MAX: for ever), or until block_go_on.
 */
void block_alone(struct session *session, struct command_entry *entry, const struct bytes *argv,
                 int argc, int64_t until_ms);
void block_go_on(struct session *session);

/* A key changed or went: wakes nobody yet. Called by keyspace.c. */
void blocking_key_changed(struct instance *instance, struct keyspace *db, struct bytes key);
/* A whole database changed its contents (SWAPDB). */
void blocking_database_changed(struct instance *instance, struct keyspace *db);
/* Serves those whose keys are ready; called when a command is over. */
void blocking_serve(struct instance *instance);

#endif
