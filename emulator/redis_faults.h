/*
 * Carries out what faults decide on Redis clients and their commands. Knows sessions, connections
 * and verdicts, but no kind of fault.
 */
#ifndef EMULATOR_REDIS_FAULTS_H
#define EMULATOR_REDIS_FAULTS_H

#include "emulator/connection.h"
#include "emulator/faults/faults.h"
#include "emulator/journal.h"
#include "resp/session.h"

enum { FAULT_REFUSAL_SIZE = 512 };

struct redis_faults;

struct redis_faults *redis_faults_create(struct faults *faults, struct clock *clock,
                                         struct journal *journal);
/* Whether a cache's maintenance falls into windows of its own; until this is said none's does. */
void redis_faults_schedules(struct redis_faults *owner,
                            bool (*scheduled)(void *context, struct bytes cache), void *context);
void redis_faults_destroy(struct redis_faults *owner); /* NULL is fine */
/* A cache goes: what was kept of its data is dropped. */
void redis_faults_forget_data(struct redis_faults *owner);

/*
 * What a fault holds of one client. Embedded in the client, zeroed at first; redis_hold_finish
 * before session and connection go.
 */
struct redis_hold {
    struct redis_faults *owner;
    struct session *session;
    struct connection *connection;
    uint64_t serial; /* of the rule; 0: nothing is held */
    char rule[FAULT_LONGEST_ID + 1];
    enum fault_ending ending;
    struct timer end;
    struct faults_listener listener;
};

void redis_hold_finish(struct redis_hold *hold);

/*
 * False: the client is turned away; `refusal` is what to say first ("ERR ..."), maybe nothing.
 * `node` as in struct session_peer. `late`: it came in before it was known which cache it wants,
 * which only now is.
 */
bool redis_faults_admit(struct redis_faults *owner, const struct instance *instance, int node,
                        struct bytes address, bool late, char refusal[FAULT_REFUSAL_SIZE]);
/*
 * Runs the ready command, or what a fault makes of it. What is to be closed afterwards is said by
 * the answer; a reset has been done already.
 */
enum fault_ending redis_faults_run(struct redis_faults *owner, struct redis_hold *hold,
                                   struct session *session, struct connection *connection);
/* As instance_host_info.lose. */
bool redis_faults_lose(struct redis_faults *owner, const struct session *subscriber,
                       struct bytes channel);

/* The cache as rules name it; empty for the anteroom, whose clients have named none yet. */
struct bytes redis_faults_cache_name(const struct instance *instance);

static inline bool redis_faults_armed(const struct faults *faults)
{
    return faults_armed(faults, FAULT_REDIS);
}
struct faults *redis_faults_engine(const struct redis_faults *owner);

#endif
