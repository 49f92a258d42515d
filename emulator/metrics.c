/* The figures of every cache over time. */
#include "emulator/metrics.h"

#include <string.h>
#include <sys/resource.h>

#include "arm/metrics.h"
#include "emulator/geo_replication.h"

enum {
    TICK_MS = 10 * 1000,
    MINUTE_MS = 60 * 1000,
    MOST_MINUTES = 24 * 60,
    FIRST_MINUTES = 16,
    SHORTEST_MS = 1000, /* rates of less would jump */
    SHORTEST_REAL_US = 100 * 1000,
};

struct minute {
    int64_t start_ms;
    struct arm_sample figures[ARM_FIGURE_COUNT];
};

/* One shard of a cache: the last minutes, in a ring once it is full. */
struct series {
    struct instance_stats last;
    struct geo_figures last_geo;
    uint32_t troubles[ARM_FIGURE_COUNT]; /* since then */
    int64_t taken_ms;
    struct minute *minutes;
    size_t first, count, capacity;
};

struct watched {
    char *name;
    struct series *shards;
    int shard_count;
    struct watched *next;
};

struct metrics {
    struct metrics_config config;
    struct timer tick;
    struct watched *first;
    int64_t processor_us, real_us; /* when last measured */
    double processor;              /* percent */
    bool idle;                     /* nothing had happened when last looked */
    bool skips;                    /* the next look is when the kept minutes begin */
};

/* ---- Keeping ---- */

static void series_finish(struct series *series)
{
    memory_free(series->minutes);
}

static struct minute *minute_at(const struct series *series, size_t index)
{
    return &series->minutes[(series->first + index) % series->capacity];
}

static struct minute *minute_now(struct series *series, int64_t now_ms)
{
    int64_t start_ms = now_ms - now_ms % MINUTE_MS;
    if (series->count > 0 && minute_at(series, series->count - 1)->start_ms >= start_ms) {
        return minute_at(series, series->count - 1);
    }
    if (series->count == series->capacity && series->capacity < MOST_MINUTES) {
        /* Not a ring yet: the first stands at the front. */
        size_t capacity = series->capacity == 0 ? FIRST_MINUTES : series->capacity * 2;
        series->capacity = capacity < MOST_MINUTES ? capacity : MOST_MINUTES;
        series->minutes = memory_resize(series->minutes, series->capacity * sizeof(struct minute));
    }
    if (series->count == series->capacity) {
        series->first = (series->first + 1) % series->capacity;
        series->count--;
    }
    struct minute *minute = minute_at(series, series->count++);
    *minute = (struct minute){.start_ms = start_ms};
    return minute;
}

static void see(struct minute *minute, enum arm_figure figure, double value)
{
    const struct arm_sample sample = {value, value, value, 1};
    arm_sample_add(&minute->figures[figure], &sample);
}

/* What was counted since; a counter that went back was reset meanwhile. */
static double since(uint64_t now, uint64_t last)
{
    return (double)(now >= last ? now - last : now);
}

static void take_latency(struct minute *minute, struct instance *instance)
{
    struct instance_latency latency;
    instance_take_latency(instance, &latency);
    if (latency.commands > 0) {
        const struct arm_sample sample = {(double)latency.total_us, (double)latency.minimum_us,
                                          (double)latency.maximum_us, latency.commands};
        arm_sample_add(&minute->figures[ARM_FIGURE_LATENCY], &sample);
        see(minute, ARM_FIGURE_LATENCY_99, (double)latency.percentile_99_us);
    }
}

static void take_errors(struct minute *minute, struct series *series,
                        const struct instance_stats *now)
{
    series->troubles[ARM_FIGURE_SLOW_READERS] = (uint32_t)now->slow_readers;
    series->troubles[ARM_FIGURE_TOKENS_EXPIRED] =
        (uint32_t)since(now->accounts_ended, series->last.accounts_ended);
    for (int what = ARM_FIGURE_FAILOVERS; what < ARM_FIGURE_COUNT; what++) {
        see(minute, (enum arm_figure)what, series->troubles[what]);
        series->troubles[what] = 0;
    }
}

/* Azure tells how far behind a link is at its primary, everything else at its secondary. */
static void take_geo(struct metrics *metrics, struct minute *minute, struct series *series,
                     const struct cache *cache, int shard)
{
    const struct cache_host *host = metrics->config.caches;
    struct geo_figures now = geo_shard_figures(host, cache, shard);
    if (now.linked) {
        const struct geo_figures *last = &series->last_geo;
        see(minute, ARM_FIGURE_GEO_LAG, (double)now.lag_ms / 1000);
        see(minute, ARM_FIGURE_GEO_HEALTHY, now.healthy ? 1 : 0);
        for (uint64_t i = last->linked ? last->copies_wanted : 0; i < now.copies_wanted; i++) {
            see(minute, ARM_FIGURE_GEO_COPY_STARTED, 1);
        }
        for (uint64_t i = last->linked ? last->full_copies : 0; i < now.full_copies; i++) {
            see(minute, ARM_FIGURE_GEO_COPY_FINISHED, 1);
        }
    }
    if (cache->active != NULL && active_linked(host, cache)) {
        see(minute, ARM_FIGURE_GEO_HEALTHY, 1); /* a write is everywhere when it is answered */
    }
    series->last_geo = now;
    for (const struct cache *other = cache_host_first(metrics->config.caches); other != NULL;
         other = other->next) {
        if (other != cache && geo_primary_of(other) == cache) {
            see(minute, ARM_FIGURE_GEO_WAITING,
                (double)geo_shard_figures(host, other, shard).waiting_bytes);
        }
    }
}

static bool troubled(const struct series *series)
{
    for (int what = 0; what < ARM_FIGURE_COUNT; what++) {
        if (series->troubles[what] > 0) {
            return true;
        }
    }
    return false;
}

/* False: nothing has happened since. */
static bool take(struct metrics *metrics, struct series *series, const struct cache *cache,
                 int shard, int64_t now_ms)
{
    struct instance *instance = cache_instance(cache, shard);
    struct instance_stats now;
    const struct instance_stats *last = &series->last;
    instance_stats(instance, &now);
    int64_t elapsed_ms = now_ms - series->taken_ms;
    if (elapsed_ms < 0) {
        series->count = series->first = 0; /* the clock was set back */
    }
    bool changed = memcmp(&now, last, sizeof(now)) != 0 || troubled(series);
    if (elapsed_ms == 0 && !changed) {
        return false; /* asked twice in an instant */
    }
    struct minute *minute = minute_now(series, now_ms);
    double seconds = (double)(elapsed_ms > SHORTEST_MS ? elapsed_ms : SHORTEST_MS) / 1000;
    double hits = since(now.keyspace_hits, last->keyspace_hits);
    double misses = since(now.keyspace_misses, last->keyspace_misses);
    double opened = since(now.connections_received, last->connections_received);
    double closed = opened + (double)(last->connected_clients - now.connected_clients);
    see(minute, ARM_FIGURE_HITS, hits);
    see(minute, ARM_FIGURE_MISSES, misses);
    if (hits + misses > 0) {
        see(minute, ARM_FIGURE_MISS_RATE, 100 * misses / (hits + misses));
    }
    see(minute, ARM_FIGURE_READ, since(now.output_bytes, last->output_bytes) / seconds);
    see(minute, ARM_FIGURE_WRITTEN, since(now.input_bytes, last->input_bytes) / seconds);
    see(minute, ARM_FIGURE_CLIENTS, (double)now.connected_clients);
    see(minute, ARM_FIGURE_TOKEN_CLIENTS, (double)now.account_clients);
    see(minute, ARM_FIGURE_EVICTED, since(now.evicted_keys, last->evicted_keys));
    see(minute, ARM_FIGURE_EXPIRED, since(now.expired_keys, last->expired_keys));
    see(minute, ARM_FIGURE_GETS, since(now.get_commands, last->get_commands));
    see(minute, ARM_FIGURE_SETS, since(now.set_commands, last->set_commands));
    see(minute, ARM_FIGURE_COMMANDS, since(now.commands_processed, last->commands_processed));
    see(minute, ARM_FIGURE_OPERATIONS,
        since(now.commands_processed, last->commands_processed) / seconds);
    see(minute, ARM_FIGURE_PROCESSOR, metrics->processor);
    see(minute, ARM_FIGURE_KEYS, (double)now.keys);
    see(minute, ARM_FIGURE_MEMORY, (double)now.used_memory);
    if (now.max_memory > 0) {
        see(minute, ARM_FIGURE_MEMORY_PERCENT,
            100 * (double)now.used_memory / (double)now.max_memory);
    }
    see(minute, ARM_FIGURE_RESIDENT, (double)now.used_memory_peak);
    see(minute, ARM_FIGURE_OPENED, opened / seconds);
    see(minute, ARM_FIGURE_CLOSED, closed > 0 ? closed / seconds : 0);
    take_latency(minute, instance);
    take_errors(minute, series, &now);
    take_geo(metrics, minute, series, cache, shard);
    series->last = now;
    series->taken_ms = now_ms;
    return changed;
}

/* ---- Caches ---- */

static void watched_free(struct watched *watched)
{
    for (int i = 0; i < watched->shard_count; i++) {
        series_finish(&watched->shards[i]);
    }
    memory_free(watched->shards);
    memory_free(watched->name);
    memory_free(watched);
}

static struct watched *find(const struct metrics *metrics, struct bytes cache)
{
    struct watched *watched = metrics->first;
    while (watched != NULL && !bytes_equal_string_nocase(cache, watched->name)) {
        watched = watched->next;
    }
    return watched;
}

static void settle_shards(struct watched *watched, int count)
{
    if (watched->shard_count == count) {
        return;
    }
    for (int i = count; i < watched->shard_count; i++) {
        series_finish(&watched->shards[i]);
    }
    watched->shards = memory_resize(watched->shards, (size_t)count * sizeof(*watched->shards));
    for (int i = watched->shard_count; i < count; i++) {
        watched->shards[i] = (struct series){0};
    }
    watched->shard_count = count;
}

static struct watched *watch(struct metrics *metrics, const struct cache *cache)
{
    struct watched *watched = find(metrics, bytes_from_string(cache->name));
    if (watched == NULL) {
        watched = memory_allocate_zeroed(sizeof(*watched));
        watched->name = string_duplicate(cache->name);
        watched->next = metrics->first;
        metrics->first = watched;
    }
    settle_shards(watched, cache_instance_count(cache));
    return watched;
}

void metrics_trouble(struct metrics *metrics, struct bytes cache, int shard, enum arm_figure what)
{
    const struct cache *found = cache_host_find(metrics->config.caches, cache);
    struct watched *watched = found == NULL ? NULL : watch(metrics, found);
    if (watched != NULL && shard < watched->shard_count) {
        watched->shards[shard].troubles[what]++;
    }
}

/* The process's own share of a processor, in real time: all caches live in it. */
static void measure_processor(struct metrics *metrics)
{
    struct rusage usage;
    int64_t real_us = clock_monotonic_us();
    if (real_us - metrics->real_us < SHORTEST_REAL_US || getrusage(RUSAGE_SELF, &usage) != 0) {
        return;
    }
    int64_t used_us = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                      usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    double percent =
        100 * (double)(used_us - metrics->processor_us) / (double)(real_us - metrics->real_us);
    metrics->processor = percent < 100 ? percent : 100;
    metrics->processor_us = used_us;
    metrics->real_us = real_us;
}

/* False: nothing has happened since. */
static bool take_cache(struct metrics *metrics, const struct cache *cache, int64_t now_ms)
{
    bool changed = false;
    struct watched *watched = watch(metrics, cache);
    for (int i = 0; i < watched->shard_count; i++) {
        changed |= take(metrics, &watched->shards[i], cache, i, now_ms);
    }
    return changed;
}

static void take_all(struct metrics *metrics, int64_t now_ms)
{
    bool changed = false;
    measure_processor(metrics);
    for (struct cache *cache = cache_host_first(metrics->config.caches); cache != NULL;
         cache = cache->next) {
        changed |= take_cache(metrics, cache, now_ms);
    }
    metrics->idle = !changed;
}

/*
 * While nothing happens once a minute is enough. On the way to a far destination the next look is
 * two minutes before those that are still kept there: it takes what was counted on the way, and is
 * forgotten with it.
 */
static void arm_next(struct metrics *metrics)
{
    const struct metrics_config *config = &metrics->config;
    int64_t next_ms = clock_now_ms(config->clock) + 1;
    int64_t step_ms = metrics->idle ? MINUTE_MS : TICK_MS;
    int64_t kept_ms = clock_destination_ms(config->clock) - (MOST_MINUTES + 2) * MINUTE_MS;

    metrics->skips = kept_ms > next_ms &&
                     (config->minutes_watched == NULL || !config->minutes_watched(config->context));
    next_ms = metrics->skips ? kept_ms : next_ms;
    clock_arm(config->clock, &metrics->tick, next_ms - next_ms % step_ms + step_ms - 1);
}

void metrics_watchers_changed(struct metrics *metrics)
{
    if (metrics->skips) {
        arm_next(metrics);
    }
}

/* Due at the last instant of its ten seconds, which are what it measures. */
static void ticked(struct timer *timer)
{
    struct metrics *metrics = CONTAINER_OF(timer, struct metrics, tick);
    int64_t due_ms = timer->due_ms;
    bool late = clock_now_ms(metrics->config.clock) - due_ms > TICK_MS;
    take_all(metrics, late ? clock_now_ms(metrics->config.clock) : due_ms);
    arm_next(metrics);
    if (due_ms % MINUTE_MS > MINUTE_MS - TICK_MS && metrics->config.minute != NULL) {
        metrics->config.minute(metrics->config.context);
    }
}

struct metrics *metrics_create(const struct metrics_config *config)
{
    struct metrics *metrics = memory_allocate_zeroed(sizeof(*metrics));
    metrics->config = *config;
    metrics->tick.fire = ticked;
    arm_next(metrics);
    return metrics;
}

void metrics_forget(struct metrics *metrics, struct bytes cache)
{
    struct watched **at = &metrics->first;
    while (*at != NULL && !bytes_equal_string_nocase(cache, (*at)->name)) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        struct watched *watched = *at;
        *at = watched->next;
        watched_free(watched);
    }
}

void metrics_clear(struct metrics *metrics)
{
    while (metrics->first != NULL) {
        struct watched *watched = metrics->first;
        metrics->first = watched->next;
        watched_free(watched);
    }
    arm_next(metrics);
}

void metrics_clock_changed(struct metrics *metrics)
{
    arm_next(metrics);
}

void metrics_destroy(struct metrics *metrics)
{
    if (metrics != NULL) {
        metrics_clear(metrics);
        clock_disarm(metrics->config.clock, &metrics->tick);
        memory_free(metrics);
    }
}

/* ---- Asking ---- */

int metrics_shards(struct metrics *metrics, struct bytes cache)
{
    /* This one only: an alert rule over many caches asks for each of them in each minute. */
    const struct cache *asked = cache_host_find(metrics->config.caches, cache);
    if (asked == NULL) {
        return 0;
    }
    measure_processor(metrics);
    take_cache(metrics, asked, clock_now_ms(metrics->config.clock));
    return find(metrics, cache)->shard_count;
}

/* The first minute that does not begin before `from_ms`. */
static size_t first_minute(const struct series *series, int64_t from_ms)
{
    size_t low = 0, high = series->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (minute_at(series, middle)->start_ms < from_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct arm_sample metrics_sample(struct metrics *metrics, struct bytes cache, int shard,
                                 enum arm_figure figure, int64_t from_ms, int64_t to_ms)
{
    struct arm_sample sum = {0};
    const struct watched *watched = find(metrics, cache);
    int first = (int)figure, last = first;
    if (figure == ARM_FIGURE_ERRORS) {
        first = ARM_FIGURE_FAILOVERS;
        last = ARM_FIGURE_COUNT - 1;
    }
    for (int i = 0; watched != NULL && i < watched->shard_count; i++) {
        const struct series *series = &watched->shards[i];
        if (shard != -1 && shard != i) {
            continue;
        }
        for (size_t at = first_minute(series, from_ms);
             at < series->count && minute_at(series, at)->start_ms < to_ms; at++) {
            for (int one = first; one <= last; one++) {
                arm_sample_add(&sum, &minute_at(series, at)->figures[one]);
            }
        }
    }
    return sum;
}
