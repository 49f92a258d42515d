/*
 * The fault engine between a transcript's clients and their instance: what redis_endpoint does with
 * it in the emulator, without connections. Endings by reset and the like need a connection: the
 * network's tests have those.
 */
#ifndef TESTS_TRANSCRIPTS_REDIS_STAGE_H
#define TESTS_TRANSCRIPTS_REDIS_STAGE_H

#include "emulator/redis_faults.h"

struct redis_stage;

struct redis_stage *redis_stage_create(struct clock *clock, struct random *random,
                                       struct instance *instance);
void redis_stage_destroy(struct redis_stage *stage); /* before the instance; NULL is fine */
struct faults *redis_stage_faults(struct redis_stage *stage);

/* False: the client is turned away with what was appended to `refusal`. */
bool redis_stage_admit(struct redis_stage *stage, struct bytes address, struct buf *refusal);
/* Runs the ready command of client number `client`, or what a fault makes of it. */
void redis_stage_run(struct redis_stage *stage, int client, struct session *session);
/* Before the session goes. */
void redis_stage_forget(struct redis_stage *stage, int client);

#endif
