/*
 * Trouble with commands of one cache. Texts of errors are redis-server's own: those of 6.0 and 7.0
 * are alike, the sources say where each stands.
 */
#include <stdio.h>
#include <string.h>

#include "emulator/faults/families.h"
#include "resp/cluster.h"
#include "resp/command.h"
#include "resp/errors.h"

#define REDIS FAULT_BIT(FAULT_REDIS)
#define REQUEST FAULT_BIT(FAULT_AT_REQUEST)
#define MOST_MS 86400000.0

/* ---- Errors ---- */

static bool decide_error(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    const char *text = fault_text(fault, "error");

    fault_fill(text[0] == '\0' ? fault->kind->preset.message : text, fault, subject, verdict->error,
               sizeof(verdict->error));
    verdict->run = fault_flag(fault, "runs");
    return true;
}

/* What a replica, or a server short of replicas, refuses are writes only. */
static bool decide_write_error(const struct fault *fault, const struct fault_subject *subject,
                               struct fault_verdict *verdict)
{
    return subject->write && decide_error(fault, subject, verdict);
}

/* AUTH, SELECT, INFO and their like are answered while a server loads. */
static bool decide_loading(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    return !subject->while_loading && decide_error(fault, subject, verdict);
}

static bool decide_memory_error(const struct fault *fault, const struct fault_subject *subject,
                                struct fault_verdict *verdict)
{
    return subject->needs_memory && decide_error(fault, subject, verdict);
}

/* MOVED 3999 127.0.0.1:6381: the slot and where it went. */
static bool decide_moved(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    struct bytes key = subject->key_count > 0 ? subject->keys[0] : subject->values[FAULT_KEY_KEY];

    if (key.data == NULL) {
        return false; /* a command without keys has no slot */
    }
    snprintf(verdict->error, sizeof(verdict->error), "MOVED %d %s", cluster_slot(key),
             fault_text(fault, "to"));
    return true;
}

static bool check_error(const struct fault *fault, struct buf *error)
{
    const char *text = fault_text(fault, "error");
    if (strpbrk(text, "\r\n") == NULL) {
        return true;
    }
    buf_append_string(error, "attribute 'error' must be one line");
    return false;
}

static const struct fault_attribute error_attributes[] = {
    {.name = "error", .type = FAULT_TEXT, .required = true},
    {.name = "runs", .type = FAULT_FLAG},
    {0},
};

static const struct fault_attribute preset_attributes[] = {
    {.name = "error", .type = FAULT_TEXT},
    {.name = "runs", .type = FAULT_FLAG},
    {0},
};

static const struct fault_attribute moved_attributes[] = {
    {.name = "to", .type = FAULT_TEXT, .text = "127.0.0.1:6380"},
    {0},
};

static bool decide_max_clients(const struct fault *fault, const struct fault_subject *subject,
                               struct fault_verdict *verdict)
{
    (void)subject;
    fault_copy(fault->kind->preset.message, verdict->error, sizeof(verdict->error));
    verdict->ending = FAULT_CLOSES;
    return true;
}

/* ---- Answers ---- */

static const char *const answer_kinds[] = {"bulk",  "status", "integer", "null",
                                           "array", "error",  "garbage", NULL};

static bool decide_wrong_reply(const struct fault *fault, const struct fault_subject *subject,
                               struct fault_verdict *verdict)
{
    struct bytes as = bytes_from_string(fault_text(fault, "as"));
    const char *value = fault_text(fault, "value");
    struct buf raw;

    (void)subject;
    buf_init(&raw, sizeof(verdict->raw) - 1);
    if (bytes_equal_string(as, "status")) {
        buf_printf(&raw, "+%s\r\n", value);
    } else if (bytes_equal_string(as, "integer")) {
        buf_printf(&raw, ":%s\r\n", value[0] == '\0' ? "0" : value);
    } else if (bytes_equal_string(as, "null")) {
        buf_append_string(&raw, "$-1\r\n");
    } else if (bytes_equal_string(as, "array")) {
        buf_append_string(&raw, "*0\r\n");
    } else if (bytes_equal_string(as, "error")) {
        buf_printf(&raw, "-%s\r\n", value);
    } else if (bytes_equal_string(as, "garbage")) {
        buf_printf(&raw, "?%s\r\n", value); /* no type of RESP begins so */
    } else {
        buf_printf(&raw, "$%zu\r\n%s\r\n", strlen(value), value);
    }
    fault_copy(buf_string(&raw), verdict->raw, sizeof(verdict->raw));
    buf_finish(&raw);
    verdict->run = fault_flag(fault, "runs");
    return true;
}

static bool check_wrong_reply(const struct fault *fault, struct buf *error)
{
    const char *value = fault_text(fault, "value");
    bool line = strcmp(fault_text(fault, "as"), "bulk") != 0;
    int64_t number;

    if (line && strpbrk(value, "\r\n") != NULL) {
        buf_append_string(error, "attribute 'value' must be one line");
        return false;
    }
    if (strcmp(fault_text(fault, "as"), "integer") == 0 && value[0] != '\0' &&
        !bytes_to_int64(bytes_from_string(value), &number)) {
        buf_append_string(error, "attribute 'value' must be a whole number, as 'as' is integer");
        return false;
    }
    return true;
}

static const struct fault_attribute wrong_reply_attributes[] = {
    {.name = "value", .type = FAULT_TEXT, .text = ""},
    {.name = "as", .type = FAULT_CHOICE, .text = "bulk", .choices = answer_kinds},
    {.name = "runs", .type = FAULT_FLAG},
    {0},
};

static const char *const afterwards[] = {"close", "reset", "silence", NULL};

static bool decide_dropped_reply(const struct fault *fault, const struct fault_subject *subject,
                                 struct fault_verdict *verdict)
{
    struct bytes then = bytes_from_string(fault_text(fault, "then"));

    (void)subject;
    verdict->drop_answer = true;
    verdict->ending = bytes_equal_string(then, "close")   ? FAULT_CLOSES
                      : bytes_equal_string(then, "reset") ? FAULT_RESETS
                                                          : FAULT_GOES_ON;
    return true;
}

static const struct fault_attribute dropped_reply_attributes[] = {
    {.name = "then", .type = FAULT_CHOICE, .text = "close", .choices = afterwards},
    {0},
};

/* ---- Data ---- */

/* Writes only see to it that the replica knows what was there before them. */
static bool decide_stale_read(const struct fault *fault, const struct fault_subject *subject,
                              struct fault_verdict *verdict)
{
    verdict->stale_ms = (int64_t)fault_number(fault, "lag");
    verdict->quiet = subject->write;
    return subject->write || (subject->groups & CATEGORY_READ) != 0;
}

static const struct fault_attribute stale_read_attributes[] = {
    {.name = "lag", .type = FAULT_MILLISECONDS, .least = 1, .most = MOST_MS, .fallback = 5000},
    {0},
};

static bool decide_early_expiry(const struct fault *fault, const struct fault_subject *subject,
                                struct fault_verdict *verdict)
{
    if (subject->values[FAULT_KEY_KEY].data == NULL && subject->key_count == 0) {
        return false;
    }
    verdict->expire_keys = true;
    verdict->expire_within_ms =
        fault_has(fault, "within") ? (int64_t)fault_number(fault, "within") : INT64_MAX;
    return true;
}

static const struct fault_attribute early_expiry_attributes[] = {
    {.name = "within", .type = FAULT_MILLISECONDS, .most = 1e12},
    {0},
};

static bool decide_memory_pressure(const struct fault *fault, const struct fault_subject *subject,
                                   struct fault_verdict *verdict)
{
    (void)subject;
    verdict->memory_fill = fault_number(fault, "percent") / 100;
    return true;
}

static const struct fault_attribute memory_pressure_attributes[] = {
    {.name = "percent", .type = FAULT_NUMBER, .least = 0.1, .most = 200, .fallback = 100},
    {0},
};

static bool decide_eviction_storm(const struct fault *fault, const struct fault_subject *subject,
                                  struct fault_verdict *verdict)
{
    (void)subject;
    verdict->evict_keys = (int64_t)fault_number(fault, "keys");
    verdict->evict_share = fault_number(fault, "percent") / 100;
    return true;
}

static const struct fault_attribute eviction_storm_attributes[] = {
    {.name = "keys", .type = FAULT_WHOLE, .most = 1e9, .fallback = 1},
    {.name = "percent", .type = FAULT_NUMBER, .most = 100},
    {0},
};

/* ---- Time and messages ---- */

static bool decide_slow_command(const struct fault *fault, const struct fault_subject *subject,
                                struct fault_verdict *verdict)
{
    (void)subject;
    verdict->stall_ms = (int64_t)fault_number(fault, "latency");
    return true;
}

static const struct fault_attribute slow_command_attributes[] = {
    {.name = "latency", .type = FAULT_MILLISECONDS, .least = 1, .most = MOST_MS, .required = true},
    {0},
};

static bool decide_message_loss(const struct fault *fault, const struct fault_subject *subject,
                                struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->lose_message = true;
    return true;
}

#define PRESET(kind_name, kind_summary, text, function)                                            \
    {                                                                                              \
        .name = (kind_name), .planes = REDIS, .moments = REQUEST, .summary = (kind_summary),       \
        .attributes = preset_attributes, .decide = (function), .check = check_error,               \
        .preset = {.message = (text)},                                                             \
    }

static const struct fault_kind kinds[] = {
    {
        .name = "error",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "commands are answered with this error",
        .attributes = error_attributes,
        .decide = decide_error,
        .check = check_error,
    },
    /* server.c, shared.loadingerr: said to what is not flagged "loading" */
    PRESET("loading", "as while a restarted node reads its data",
           "LOADING Redis is loading the dataset in memory", decide_loading),
    /* server.c, shared.roslaveerr: said to writes */
    PRESET("readonly", "writes go to a node that has become a replica",
           "READONLY You can't write against a read only replica.", decide_write_error),
    /* resp/errors.h; server.c, shared.oomerr: said to what needs memory */
    PRESET("oom", "memory is full and nothing may be evicted", ERROR_OUT_OF_MEMORY,
           decide_memory_error),
    /* server.c, shared.slowscripterr */
    PRESET("busy", "another client's script runs and does not end", ERROR_BUSY_SCRIPT,
           decide_error),
    /* cluster.c, clusterRedirectClient */
    PRESET("clusterdown", "a shard is missing", "CLUSTERDOWN The cluster is down", decide_error),
    /* cluster.c, clusterRedirectClient: a slot is on its way */
    PRESET("tryagain", "keys of one command are on two shards while slots move",
           "TRYAGAIN Multiple keys request during rehashing of slot", decide_error),
    {
        .name = "moved", /* cluster.c, clusterRedirectClient */
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "the slot has moved to another node",
        .attributes = moved_attributes,
        .decide = decide_moved,
    },
    /* resp/errors.h; server.c, processCommand */
    PRESET("noauth", "the client has to sign in (again)", ERROR_NO_AUTH, decide_error),
    /* resp/errors.h; acl.c, addAuthErrReply */
    PRESET("wrongpass", "the password is not, or no longer, the right one", ERROR_WRONG_PASSWORD,
           decide_error),
    /* server.c, shared.bgsaveerr */
    PRESET("misconf", "persistence fails, and writes with it",
           "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
           "persist to disk. Commands that may modify the data set are disabled, because this "
           "instance is configured to report errors during writes if RDB snapshotting fails "
           "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about "
           "the RDB error.",
           decide_write_error),
    /* server.c, shared.noreplicaserr */
    PRESET("noreplicas", "too few replicas for writes",
           "NOREPLICAS Not enough good replicas to write.", decide_write_error),
    {
        .name = "max_clients", /* networking.c, acceptCommonHandler */
        .planes = REDIS,
        .moments = FAULT_BIT(FAULT_AT_CONNECT),
        .summary = "new clients are turned away: the cache has its most",
        .decide = decide_max_clients,
        .preset = {.message = ERROR_MAX_CLIENTS},
    },
    {
        .name = "wrong_reply",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "another answer than the true one, or no RESP at all",
        .attributes = wrong_reply_attributes,
        .decide = decide_wrong_reply,
        .check = check_wrong_reply,
    },
    {
        .name = "dropped_reply",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "the command runs, its answer is lost",
        .attributes = dropped_reply_attributes,
        .decide = decide_dropped_reply,
    },
    {
        .name = "stale_read",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "reads come from a replica that lags behind",
        .attributes = stale_read_attributes,
        .decide = decide_stale_read,
    },
    {
        .name = "early_expiry",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "keys with an expiry are gone before their time",
        .attributes = early_expiry_attributes,
        .decide = decide_early_expiry,
    },
    {
        .name = "memory_pressure",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "so much of maxmemory is taken: keys are evicted, or writes answered OOM",
        .attributes = memory_pressure_attributes,
        .decide = decide_memory_pressure,
    },
    {
        .name = "eviction_storm",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "before each command so many keys are evicted",
        .attributes = eviction_storm_attributes,
        .decide = decide_eviction_storm,
    },
    {
        .name = "slow_command",
        .planes = REDIS,
        .moments = REQUEST,
        .summary = "the command keeps the whole cache waiting, and is in the slow log",
        .attributes = slow_command_attributes,
        .decide = decide_slow_command,
    },
    {
        .name = "message_loss",
        .planes = REDIS,
        .moments = FAULT_BIT(FAULT_AT_MESSAGE),
        .summary = "published messages do not reach subscribers (match key: the channel)",
        .decide = decide_message_loss,
    },
};

const struct fault_family fault_redis_family = {"redis", kinds, ARRAY_LEN(kinds)};
