/*
 * The figures of every cache over time, for Azure Monitor: taken every ten seconds of the
 * emulator's clock (every minute while nothing happens) from the live instances, kept by the minute
 * for a day, each shard apart. Nothing here is saved: a restart begins anew.
 */
#ifndef EMULATOR_METRICS_H
#define EMULATOR_METRICS_H

#include "arm/host.h"
#include "base/clock.h"
#include "emulator/cache_host.h"

struct metrics;

struct metrics_config {
    struct clock *clock;
    struct cache_host *caches;
    /* A minute is whole. May be NULL. */
    void (*minute)(void *context);
    /*
     * Whether each minute is looked at as it comes. Otherwise those of a long advance that nobody
     * can ask for afterwards are left out. May be NULL: none is.
     */
    bool (*minutes_watched)(void *context);
    void *context;
};

struct metrics *metrics_create(const struct metrics_config *config);
void metrics_destroy(struct metrics *metrics); /* NULL is fine */
/* The cache goes, and what is known of it. */
void metrics_forget(struct metrics *metrics, struct bytes cache);
/* Something went wrong at a shard: one of the figures that count as errors. */
void metrics_trouble(struct metrics *metrics, struct bytes cache, int shard, enum arm_figure what);
void metrics_clock_changed(struct metrics *metrics);
/* What minutes_watched says may have changed. */
void metrics_watchers_changed(struct metrics *metrics);
/* All of it. */
void metrics_clear(struct metrics *metrics);

/* As in arm/host.h; the present minute is included as far as it has gone. */
int metrics_shards(struct metrics *metrics, struct bytes cache);
struct arm_sample metrics_sample(struct metrics *metrics, struct bytes cache, int shard,
                                 enum arm_figure figure, int64_t from_ms, int64_t to_ms);

#endif
