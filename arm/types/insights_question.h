/* What a request for metrics asks: which time, in what steps, which figures of it. */
#ifndef ARM_TYPES_INSIGHTS_QUESTION_H
#define ARM_TYPES_INSIGHTS_QUESTION_H

#include "arm/metrics.h"
#include "arm/service_state.h"

/* A dimension in $filter. "eq '*'" tells the values apart, "eq 'Failover'" picks one. */
struct metric_split {
    bool apart;
    uint64_t wanted; /* of those told apart: a bit each */
};

struct metric_question {
    int64_t from_ms, to_ms, interval_ms;
    char interval[32];
    unsigned aggregations;            /* 0: each metric's own first */
    struct metric_split shard, error; /* the latter: an index of arm_error_types */
    char dimensions[160];             /* what the filter names: "shardid,errortype" */
    bool only_metadata;               /* which values dimensions have, without figures */
};

/* timespan, interval, aggregation, resultType and $filter of the call. False: 400, one is
 * malformed. */
bool metric_question_or_fail(struct arm_call *call, struct metric_question *question);
/* The next part of "a,b" from `*at` on; false at the end. */
bool metric_next_part(struct bytes list, size_t *at, struct bytes *part);
/* Whether the split leaves this one in. */
bool metric_split_has(const struct metric_split *split, int index);
/* Once more, for clients that encode twice. */
void metric_decode_again(struct buf *text);

#endif
