/*
 * The fault injector that the scenario tests of redis-py, go-redis, jedis, lettuce and node-redis
 * speak to: POST /action starts something that takes time, GET /action/{id} says how it goes. An
 * action is a series of steps on the emulator's clock, each a fault rule for a while.
 *
 * The shape of requests and answers follows what those clients send and read; the service itself
 * is not public.
 */
#ifndef EMULATOR_ACTIONS_H
#define EMULATOR_ACTIONS_H

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "emulator/cache_host.h"
#include "emulator/faults/faults.h"

struct actions;

struct actions *actions_create(struct clock *clock, struct faults *faults,
                               struct cache_host *caches);
void actions_destroy(struct actions *actions); /* before the faults; NULL is fine */
/* All come to their end; their rules go. */
void actions_clear(struct actions *actions);

/*
 * {"type": "failover", "parameters": {"bdb_id": "devcache"}}. The answer is owned by the caller;
 * NULL with one line in `error` when the request is malformed.
 */
cJSON *actions_start(struct actions *actions, const cJSON *request, struct buf *error);
cJSON *actions_show(const struct actions *actions, struct bytes id); /* NULL: there is none */
cJSON *actions_list(const struct actions *actions);
cJSON *actions_types(void); /* their names */

#endif
