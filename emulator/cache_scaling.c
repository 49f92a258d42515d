/* Slots on their way, on the clock. */
#include "emulator/cache_scaling.h"

#include "base/log.h"
#include "emulator/cache_host_state.h"
#include "resp/cluster_move.h"

/* What is over sooner happens at once, at the end. */
enum { SHORTEST_MS = 30 * 1000 };

struct cache_scaling {
    struct cache *cache;
    struct clock *clock;
    struct timer timer;
    int64_t step_ms;
};

static void go_on(struct timer *timer)
{
    struct cache_scaling *scaling = CONTAINER_OF(timer, struct cache_scaling, timer);
    if (cluster_move_step(scaling->cache->cluster)) {
        clock_arm(scaling->clock, timer, clock_now_ms(scaling->clock) + scaling->step_ms);
    }
}

void cache_scaling_forget(struct cache_host *host, struct cache *cache)
{
    if (cache->scaling != NULL) {
        clock_disarm(host->config.clock, &cache->scaling->timer);
        memory_free(cache->scaling);
        cache->scaling = NULL;
    }
}

bool cache_scaling_settle(struct cache_host *host, struct cache *cache, const struct arm_cache *arm,
                          const struct instance_config *config)
{
    struct cluster *cluster = cache->cluster;
    int64_t left_ms = arm->coming_ms - clock_now_ms(host->config.clock);
    if (cluster == NULL || arm->coming_shards == 0 || cache->scaling != NULL ||
        left_ms < SHORTEST_MS) {
        return false;
    }
    int before = cluster->count;
    if (arm->coming_shards > before) {
        cluster_grow(cluster, arm->coming_shards, host->config.random);
    }
    for (int i = before; i < cluster->count; i++) {
        cluster_join(cluster, i, cache_host_make_instance(host, config));
    }
    cluster_move_begin(cluster, arm->coming_shards);
    struct cache_scaling *scaling = memory_allocate_zeroed(sizeof(*scaling));
    scaling->cache = cache;
    scaling->clock = host->config.clock;
    scaling->timer.fire = go_on;
    scaling->step_ms = left_ms / (CLUSTER_MOVE_STEPS + 1);
    clock_arm(scaling->clock, &scaling->timer, clock_now_ms(scaling->clock) + scaling->step_ms);
    cache->scaling = scaling;
    log_info("cache", "slots move name=%s shards=%d coming=%d", cache->name, before,
             arm->coming_shards);
    return cluster->count > before;
}
