/*
 * LATENCY: spikes of named events ("command", "fast-command", "expire-cycle", "eviction-cycle"),
 * the last 160 seconds with one each, and how long commands take, in powers of two.
 */
#ifndef RESP_LATENCY_H
#define RESP_LATENCY_H

#include "base/dict.h"

#define LATENCY_SAMPLES 160
#define LATENCY_BUCKETS 24

struct latency_sample {
    int64_t time_s;
    uint32_t latency_ms;
};

/* The payload of latency->events. */
struct latency_event {
    struct latency_sample samples[LATENCY_SAMPLES]; /* a ring; `next` is the oldest */
    size_t next;
    uint32_t maximum_ms;
};

struct latency {
    struct dict events;   /* name -> struct latency_event */
    int64_t threshold_ms; /* 0: spikes are not watched */
};

void latency_init(struct latency *latency, struct random *random);
void latency_finish(struct latency *latency);
/* Records a spike if it reaches the threshold. */
void latency_add(struct latency *latency, const char *event, int64_t duration_us, int64_t now_ms);
/* The last sample, NULL when the event is unknown. */
const struct latency_sample *latency_last(const struct latency_event *event);

/* How long the commands of a while took. */
struct latency_window {
    uint64_t commands, total_us, minimum_us, maximum_us;
    uint32_t buckets[LATENCY_BUCKETS];
};
/* `bucket` is the duration's. */
void latency_window_add(struct latency_window *window, int64_t duration_us, size_t bucket);
/* So long that the share of commands (0.99) took no longer; 0: there were none. */
uint64_t latency_window_percentile(const struct latency_window *window, double share);

/* Index of the bucket that a duration falls into, and what LATENCY HISTOGRAM calls it. */
size_t latency_bucket(int64_t duration_us);
int64_t latency_bucket_us(size_t bucket);
int64_t latency_bucket_ns(size_t bucket); /* its upper end */

#endif
