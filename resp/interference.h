/*
 * What a host may do to the ordinary course of an instance: commands wait, answers are lost, keys
 * go early, memory seems full. For faults; nothing of it happens by itself, and while nobody asks
 * for it no command pays for it.
 */
#ifndef RESP_INTERFERENCE_H
#define RESP_INTERFERENCE_H

#include "resp/session.h"

/* ---- Between session_next and session_run: the ready command ---- */

/*
 * It waits, on the instance's clock, and passes all gates then; INT64_MAX: until it is hastened.
 * The session is blocked meanwhile, and the host woken afterwards.
 */
void session_postpone(struct session *session, int64_t until_ms);
void session_hasten(struct session *session); /* not postponed: nothing */
bool session_postponed(const struct session *session);
/* It will run, but its answer is dropped. */
void session_mute(struct session *session);
/* Instead of running; a transaction that is being queued fails with it. */
void session_refuse(struct session *session, const char *error);
/* It runs on the databases of another instance, which the caller makes sure it only reads. */
void session_run_against(struct session *session, struct instance *other);
/* The keys of the command, at most `most`; returns how many. Borrowed until it has run. */
size_t session_keys(const struct session *session, struct bytes *keys, size_t most);
/* The names of its groups: enum command_category. */
unsigned session_command_groups(const struct session *session);
/* "config|get"; false: an unknown command, `text` is what was sent, cut. */
bool session_command_name(const struct session *session, char text[64]);
/* Those of its keys that would expire within that time do so now; returns how many. */
size_t session_expire_keys(struct session *session, int64_t within_ms);
/* It goes into the slow log as if it had taken so long. */
void session_log_slow(struct session *session, int64_t duration_us);

/* ---- Any time ---- */

/* RESP bytes, as they are, behind what the session has answered. */
void session_answer(struct session *session, struct bytes resp);

/* All clients wait, as behind a command that takes that long. */
void instance_stall(struct instance *instance, int64_t until_ms);
/* So much of the memory is taken by what nobody can remove. */
void instance_set_ballast(struct instance *instance, uint64_t bytes);
uint64_t instance_max_memory(const struct instance *instance); /* 0: no limit */
/* Evicts by the instance's policy, whatever keys there are when it has none. */
size_t instance_evict(struct instance *instance, size_t count);
/* An empty instance of the same version, to read a copy of the data from; owned by the caller. */
struct instance *instance_create_like(const struct instance *instance);

#endif
