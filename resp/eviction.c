/* Choosing what goes when memory is full. */
#include "resp/eviction.h"

#include "resp/instance_state.h"

enum { COUNTER_START = 5, COUNTER_MOST = 255, MOST_SAMPLES = 64 };

bool eviction_set_policy(struct instance *instance, struct bytes name)
{
    static const struct {
        const char *name;
        enum eviction_order order;
        bool volatile_only;
    } policies[] = {
        {"noeviction", EVICT_NOTHING, false},         {"allkeys-lru", EVICT_LEAST_RECENT, false},
        {"allkeys-lfu", EVICT_LEAST_FREQUENT, false}, {"allkeys-random", EVICT_RANDOM, false},
        {"volatile-lru", EVICT_LEAST_RECENT, true},   {"volatile-lfu", EVICT_LEAST_FREQUENT, true},
        {"volatile-random", EVICT_RANDOM, true},      {"volatile-ttl", EVICT_SOONEST, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        if (bytes_equal_string_nocase(name, policies[i].name)) {
            instance->eviction.order = policies[i].order;
            instance->eviction.volatile_only = policies[i].volatile_only;
            memory_free(instance->max_memory_policy);
            instance->max_memory_policy = string_duplicate(policies[i].name);
            return true;
        }
    }
    return false;
}

/* ---- Access figures ---- */

static uint32_t minutes_of(int64_t now_ms)
{
    return (uint32_t)(now_ms / 60000) & 0xffff;
}

uint32_t access_new(const struct instance *instance, int64_t now_ms)
{
    return instance->eviction.order == EVICT_LEAST_FREQUENT
               ? minutes_of(now_ms) << 8 | COUNTER_START
               : (uint32_t)(now_ms / 1000) & 0xffffff;
}

uint32_t access_frequency(const struct instance *instance, uint32_t access, int64_t now_ms)
{
    int64_t decay = instance->eviction.decay_minutes;
    uint32_t counter = access & 0xff;
    uint32_t elapsed = (minutes_of(now_ms) - (access >> 8)) & 0xffff;
    uint32_t periods = decay > 0 ? (uint32_t)(elapsed / decay) : 0;
    return periods > counter ? 0 : counter - periods;
}

uint32_t access_again(const struct instance *instance, uint32_t access, int64_t now_ms)
{
    if (instance->eviction.order != EVICT_LEAST_FREQUENT) {
        return (uint32_t)(now_ms / 1000) & 0xffffff;
    }
    uint32_t counter = access_frequency(instance, access, now_ms);
    if (counter < COUNTER_MOST) {
        uint32_t above = counter > COUNTER_START ? counter - COUNTER_START : 0;
        uint64_t odds = (uint64_t)above * (uint64_t)instance->eviction.log_factor + 1;
        counter += random_below(instance->random, odds) == 0 ? 1 : 0;
    }
    return minutes_of(now_ms) << 8 | counter;
}

int64_t access_idle_s(uint32_t access, int64_t now_ms)
{
    return ((uint32_t)(now_ms / 1000) - access) & 0xffffff;
}

/* ---- Choosing ---- */

/* The higher, the sooner it goes. */
static int64_t score(const struct instance *instance, const struct keyspace *db,
                     const struct entry *entry, int64_t now_ms)
{
    switch (instance->eviction.order) {
    case EVICT_LEAST_RECENT:
        return access_idle_s(entry->access, now_ms);
    case EVICT_LEAST_FREQUENT:
        return COUNTER_MOST - (int64_t)access_frequency(instance, entry->access, now_ms);
    case EVICT_SOONEST:
        return INT64_MAX - keyspace_expires_at(db, entry);
    default:
        return 0;
    }
}

struct candidate {
    struct keyspace *db;
    struct entry *entry;
    int64_t score;
};

static void consider(struct instance *instance, struct keyspace *db, struct candidate *best,
                     int64_t now_ms)
{
    struct entry *sampled[MOST_SAMPLES];
    int samples = instance->eviction.samples;
    size_t count = keyspace_sample(db, instance->eviction.volatile_only, sampled,
                                   samples < MOST_SAMPLES ? (size_t)samples : MOST_SAMPLES);
    for (size_t i = 0; i < count; i++) {
        int64_t rank = score(instance, db, sampled[i], now_ms);
        if (best->entry == NULL || rank > best->score) {
            *best = (struct candidate){db, sampled[i], rank};
        }
    }
}

/* Random policies take the databases in turn; the others compare keys of all of them. */
static bool evict_one(struct instance *instance)
{
    int64_t now_ms = clock_now_ms(instance->clock);
    struct candidate best = {0};
    for (int i = 0; i < instance->database_count; i++) {
        int index = (instance->eviction_turn + i) % instance->database_count;
        consider(instance, instance->databases[index], &best, now_ms);
        if (best.entry != NULL && instance->eviction.order == EVICT_RANDOM) {
            instance->eviction_turn = index + 1;
            break;
        }
    }
    if (best.entry == NULL) {
        return false;
    }
    keyspace_evict(best.db, best.entry);
    return true;
}

bool eviction_take_one(struct instance *instance)
{
    struct eviction own = instance->eviction;
    if (own.order == EVICT_NOTHING) {
        instance->eviction.order = EVICT_RANDOM;
        instance->eviction.volatile_only = false;
    }
    bool taken = evict_one(instance);
    instance->eviction.order = own.order;
    instance->eviction.volatile_only = own.volatile_only;
    return taken;
}

bool eviction_make_room(struct instance *instance)
{
    if (instance->max_memory == 0 || instance_memory(instance) <= instance->max_memory) {
        return true;
    }
    int64_t start_us = clock_monotonic_us();
    while (instance_memory(instance) > instance->max_memory) {
        if (instance->eviction.order == EVICT_NOTHING || !evict_one(instance)) {
            return false;
        }
    }
    latency_add(&instance->latency, "eviction-cycle", clock_monotonic_us() - start_us,
                clock_now_ms(instance->clock));
    return true;
}
