/* Spikes and histograms. */
#include "resp/latency.h"

void latency_init(struct latency *latency, struct random *random)
{
    dict_init(&latency->events, sizeof(struct latency_event), NULL, random);
}

void latency_finish(struct latency *latency)
{
    dict_finish(&latency->events);
}

const struct latency_sample *latency_last(const struct latency_event *event)
{
    return &event->samples[(event->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
}

void latency_add(struct latency *latency, const char *name, int64_t duration_us, int64_t now_ms)
{
    int64_t duration_ms = duration_us / 1000;
    if (latency->threshold_ms <= 0 || duration_ms < latency->threshold_ms) {
        return;
    }
    bool created;
    struct latency_event *event = dict_insert(&latency->events, bytes_from_string(name), &created);
    uint32_t sample_ms = (uint32_t)duration_ms;
    event->maximum_ms = sample_ms > event->maximum_ms ? sample_ms : event->maximum_ms;
    struct latency_sample *last =
        &event->samples[(event->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
    if (last->time_s == now_ms / 1000) {
        /* One sample a second: the worst. */
        last->latency_ms = sample_ms > last->latency_ms ? sample_ms : last->latency_ms;
        return;
    }
    event->samples[event->next] = (struct latency_sample){now_ms / 1000, sample_ms};
    event->next = (event->next + 1) % LATENCY_SAMPLES;
}

/* Redis counts in nanoseconds with two significant digits and shows the upper end of each step. */
int64_t latency_bucket_ns(size_t bucket)
{
    int64_t step_ns = (int64_t)1024 << bucket;
    return step_ns + step_ns / 128 - 1;
}

int64_t latency_bucket_us(size_t bucket)
{
    return latency_bucket_ns(bucket) / 1000;
}

size_t latency_bucket(int64_t duration_us)
{
    /* Bucket b ends a little behind 2^b microseconds: begin one below. */
    size_t bucket = 0;
    for (int64_t rest = duration_us; rest > 3 && bucket + 1 < LATENCY_BUCKETS; rest >>= 1) {
        bucket++;
    }
    while (bucket + 1 < LATENCY_BUCKETS && latency_bucket_us(bucket) < duration_us) {
        bucket++;
    }
    return bucket;
}

void latency_window_add(struct latency_window *window, int64_t duration_us, size_t bucket)
{
    uint64_t took_us = duration_us > 0 ? (uint64_t)duration_us : 0;
    if (window->commands == 0 || took_us < window->minimum_us) {
        window->minimum_us = took_us;
    }
    window->maximum_us = took_us > window->maximum_us ? took_us : window->maximum_us;
    window->commands++;
    window->total_us += took_us;
    window->buckets[bucket]++;
}

uint64_t latency_window_percentile(const struct latency_window *window, double share)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += window->buckets[i];
        if (seen > 0 && (double)seen >= share * (double)window->commands) {
            uint64_t end_us = (uint64_t)latency_bucket_us(i);
            /* The last bucket has no end. */
            return end_us < window->maximum_us && i + 1 < LATENCY_BUCKETS ? end_us
                                                                          : window->maximum_us;
        }
    }
    return 0;
}
