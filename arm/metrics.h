/*
 * The metrics of a cache, as Azure Monitor names and aggregates them. A row each; those that exist
 * once for each shard, too, say so and are one row.
 * Source: Azure Monitor's list of supported metrics for Microsoft.Cache/redis.
 */
#ifndef ARM_METRICS_H
#define ARM_METRICS_H

#include "arm/host.h"

enum arm_aggregation {
    ARM_AVERAGE = 1u << 0,
    ARM_MINIMUM = 1u << 1,
    ARM_MAXIMUM = 1u << 2,
    ARM_TOTAL = 1u << 3,
    ARM_COUNT = 1u << 4,
};

enum { ARM_NUMBERED_SHARDS = 10 };

struct arm_metric {
    const char *name, *display_name, *unit;
    enum arm_figure figure;
    unsigned aggregations;  /* the first of them is what is told unless asked otherwise */
    const char *dimensions; /* "ShardId,Port,Primary" */
    bool numbered;          /* "cachehits0" to "cachehits9" exist as well, for one shard */
};
extern const struct arm_metric arm_metrics[];
extern const size_t arm_metric_count;

/* Values of the dimension ErrorType; some stand for the same. */
struct arm_error_type {
    const char *name;
    enum arm_figure figure;
};
extern const struct arm_error_type arm_error_types[];
extern const size_t arm_error_type_count;

/* In any case; `shard` is -1, or that of a numbered name. NULL: there is none. */
const struct arm_metric *arm_metric_find(struct bytes name, int *shard);

/* "Average", for bodies; NULL at the end. */
const char *arm_aggregation_name(size_t index);
/* 0: there is no such. */
unsigned arm_aggregation_find(struct bytes name);
/* False: nothing was seen. */
bool arm_sample_value(const struct arm_sample *sample, unsigned aggregation, double *value);
void arm_sample_add(struct arm_sample *sum, const struct arm_sample *part);

#endif
