/*
 * Trouble on the way, with Toxiproxy's names and attributes (its README, "Toxics"): milliseconds,
 * kilobytes a second, microseconds between slices. In plane tcp they act on bytes, whatever these
 * mean; latency, timeout and reset_peer also on single commands and requests.
 */
#include "emulator/faults/families.h"

#define MOST_MS 86400000.0
#define MOST_BYTES 1e12

static const char *const streams[] = {"downstream", "upstream", "both", NULL};

#define STREAM                                                                                     \
    {                                                                                              \
        .name = "stream", .type = FAULT_CHOICE, .text = "downstream", .choices = streams           \
    }

static void take_direction(const struct fault *fault, struct fault_verdict *verdict)
{
    struct bytes stream = bytes_from_string(fault_text(fault, "stream"));

    verdict->direction = bytes_equal_string(stream, "upstream") ? FAULT_UPSTREAM
                         : bytes_equal_string(stream, "both")   ? FAULT_BOTH_WAYS
                                                                : FAULT_DOWNSTREAM;
}

/* ---- Slow ---- */

static bool decide_latency(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    int64_t latency = (int64_t)fault_number(fault, "latency");
    int64_t jitter = (int64_t)fault_number(fault, "jitter");

    if (subject->plane == FAULT_TCP) {
        /* Each piece of the stream draws its own. */
        verdict->delay_ms = latency;
        verdict->jitter_ms = jitter;
        take_direction(fault, verdict);
        return true;
    }
    if (jitter > 0) {
        latency += (int64_t)random_below(fault->random, 2 * (uint64_t)jitter + 1) - jitter;
    }
    verdict->delay_ms = latency < 0 ? 0 : latency;
    return true;
}

static const struct fault_attribute latency_attributes[] = {
    {.name = "latency", .type = FAULT_MILLISECONDS, .most = MOST_MS, .required = true},
    {.name = "jitter", .type = FAULT_MILLISECONDS, .most = MOST_MS},
    {0},
};

static const struct fault_attribute stream_latency_attributes[] = {
    {.name = "latency", .type = FAULT_MILLISECONDS, .most = MOST_MS, .required = true},
    {.name = "jitter", .type = FAULT_MILLISECONDS, .most = MOST_MS},
    STREAM,
    {0},
};

static bool decide_bandwidth(const struct fault *fault, const struct fault_subject *subject,
                             struct fault_verdict *verdict)
{
    (void)subject;
    verdict->bytes_per_second = fault_number(fault, "rate") * 1000;
    take_direction(fault, verdict);
    return true;
}

static const struct fault_attribute bandwidth_attributes[] = {
    {.name = "rate", .type = FAULT_NUMBER, .least = 0.001, .most = 1e9, .required = true},
    STREAM,
    {0},
};

static bool decide_slicer(const struct fault *fault, const struct fault_subject *subject,
                          struct fault_verdict *verdict)
{
    (void)subject;
    verdict->slice_size = (int64_t)fault_number(fault, "average_size");
    verdict->slice_variation = (int64_t)fault_number(fault, "size_variation");
    verdict->slice_pause_us = (int64_t)fault_number(fault, "delay");
    take_direction(fault, verdict);
    return true;
}

static bool check_slicer(const struct fault *fault, struct buf *error)
{
    if (fault_number(fault, "size_variation") < fault_number(fault, "average_size")) {
        return true;
    }
    buf_append_string(error, "attribute 'size_variation' must be less than 'average_size'");
    return false;
}

static const struct fault_attribute slicer_attributes[] = {
    {.name = "average_size", .type = FAULT_WHOLE, .least = 1, .most = 1e9, .required = true},
    {.name = "size_variation", .type = FAULT_WHOLE, .most = 1e9},
    {.name = "delay", .type = FAULT_WHOLE, .most = 1e9},
    STREAM,
    {0},
};

/* ---- Ends ---- */

static bool decide_slow_close(const struct fault *fault, const struct fault_subject *subject,
                              struct fault_verdict *verdict)
{
    (void)subject;
    verdict->close_delay_ms = (int64_t)fault_number(fault, "delay");
    return true;
}

static const struct fault_attribute slow_close_attributes[] = {
    {.name = "delay", .type = FAULT_MILLISECONDS, .most = MOST_MS, .required = true},
    {0},
};

/* Nothing gets through; after `timeout` the connection is closed, with 0 only when it is over. */
static bool decide_timeout(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    int64_t timeout = (int64_t)fault_number(fault, "timeout");

    verdict->silent = true;
    verdict->blocked = true;
    verdict->ending = FAULT_CLOSES;
    verdict->ending_ms = timeout == 0 ? FAULT_FOR_EVER : timeout;
    if (subject->plane == FAULT_TCP) {
        take_direction(fault, verdict);
    }
    return true;
}

static const struct fault_attribute timeout_attributes[] = {
    {.name = "timeout", .type = FAULT_MILLISECONDS, .most = MOST_MS},
    {0},
};

static const struct fault_attribute stream_timeout_attributes[] = {
    {.name = "timeout", .type = FAULT_MILLISECONDS, .most = MOST_MS},
    STREAM,
    {0},
};

static bool decide_reset(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    (void)subject;
    verdict->silent = true;
    verdict->ending = FAULT_RESETS;
    verdict->ending_ms = (int64_t)fault_number(fault, "timeout");
    return true;
}

static bool decide_limit(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    (void)subject;
    verdict->byte_limit = (int64_t)fault_number(fault, "bytes");
    take_direction(fault, verdict);
    return true;
}

static const struct fault_attribute limit_attributes[] = {
    {.name = "bytes", .type = FAULT_WHOLE, .most = MOST_BYTES, .required = true},
    STREAM,
    {0},
};

static bool decide_down(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->down = true;
    return true;
}

#define TCP FAULT_BIT(FAULT_TCP)
#define REQUESTS                                                                                   \
    (FAULT_BIT(FAULT_REDIS) | FAULT_BIT(FAULT_ARM) | FAULT_BIT(FAULT_ENTRA) |                      \
     FAULT_BIT(FAULT_KEYVAULT) | FAULT_BIT(FAULT_MONITOR))

static const struct fault_kind kinds[] = {
    {
        .name = "latency",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "each piece of the stream comes later, by latency, give or take jitter",
        .attributes = stream_latency_attributes,
        .decide = decide_latency,
    },
    {
        .name = "latency",
        .planes = REQUESTS,
        .moments = FAULT_BIT(FAULT_AT_REQUEST),
        .summary = "a command or request takes that much longer",
        .attributes = latency_attributes,
        .decide = decide_latency,
    },
    {
        .name = "bandwidth",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "no more than rate kilobytes a second get through",
        .attributes = bandwidth_attributes,
        .decide = decide_bandwidth,
    },
    {
        .name = "slow_close",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "the end of a connection reaches the client late",
        .attributes = slow_close_attributes,
        .decide = decide_slow_close,
    },
    {
        .name = "timeout",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "nothing gets through, then the connection is closed",
        .attributes = stream_timeout_attributes,
        .decide = decide_timeout,
    },
    {
        .name = "timeout",
        .planes = REQUESTS,
        .moments = FAULT_BIT(FAULT_AT_REQUEST),
        .summary = "a command or request is never answered, then the connection is closed",
        .attributes = timeout_attributes,
        .decide = decide_timeout,
    },
    {
        .name = "reset_peer",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "the connection is reset after timeout",
        .attributes = timeout_attributes,
        .decide = decide_reset,
    },
    {
        .name = "reset_peer",
        .planes = REQUESTS,
        .moments = FAULT_BIT(FAULT_AT_REQUEST),
        .summary = "the connection is reset instead of an answer",
        .attributes = timeout_attributes,
        .decide = decide_reset,
    },
    {
        .name = "slicer",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "the stream comes in small pieces, delay microseconds apart",
        .attributes = slicer_attributes,
        .decide = decide_slicer,
        .check = check_slicer,
    },
    {
        .name = "limit_data",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "the connection is closed once so many bytes have passed",
        .attributes = limit_attributes,
        .decide = decide_limit,
    },
    {
        .name = "down",
        .planes = TCP,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "connections are cut and new ones refused",
        .decide = decide_down,
    },
};

const struct fault_family fault_network_family = {"network", kinds, ARRAY_LEN(kinds)};
