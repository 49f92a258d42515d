/* Faults of Redis commands in this process. */
#include "tests/transcripts/redis_stage.h"

enum { MOST_CLIENTS = 4 };

struct redis_stage {
    struct instance *instance;
    struct journal *journal;
    struct faults *faults;
    struct redis_faults *redis;
    struct redis_hold holds[MOST_CLIENTS];
};

static bool lose(void *context, const struct session *subscriber, struct bytes channel)
{
    struct redis_stage *stage = context;
    return redis_faults_lose(stage->redis, subscriber, channel);
}

bool redis_stage_admit(struct redis_stage *stage, struct bytes address, struct buf *refusal)
{
    char words[FAULT_REFUSAL_SIZE];
    if (redis_faults_admit(stage->redis, stage->instance, 0, address, false, words)) {
        return true;
    }
    if (words[0] != '\0') {
        buf_printf(refusal, "-%s\r\n", words);
    }
    return false;
}

void redis_stage_run(struct redis_stage *stage, int client, struct session *session)
{
    if (!redis_faults_armed(stage->faults)) {
        session_run(session);
    } else if (redis_faults_run(stage->redis, &stage->holds[client], session, NULL) ==
               FAULT_CLOSES) {
        session_close(session);
    }
}

void redis_stage_forget(struct redis_stage *stage, int client)
{
    redis_hold_finish(&stage->holds[client]);
}

struct faults *redis_stage_faults(struct redis_stage *stage)
{
    return stage->faults;
}

struct redis_stage *redis_stage_create(struct clock *clock, struct random *random,
                                       struct instance *instance)
{
    struct redis_stage *stage = memory_allocate_zeroed(sizeof(*stage));
    const struct faults_config config = {.clock = clock, .random = random};
    const struct instance_host_info info = {.context = stage, .lose = lose};

    stage->instance = instance;
    stage->journal = journal_create(clock);
    stage->faults = faults_create(&config);
    stage->redis = redis_faults_create(stage->faults, clock, stage->journal);
    instance_set_host_info(instance, &info);
    return stage;
}

void redis_stage_destroy(struct redis_stage *stage)
{
    if (stage != NULL) {
        redis_faults_destroy(stage->redis);
        faults_destroy(stage->faults);
        journal_destroy(stage->journal);
        memory_free(stage);
    }
}
