/* MEMORY: what keys and the instance take. */
#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

static void cmd_memory_usage(struct call *call)
{
    for (int i = 3; i < call->argc; i++) {
        int64_t samples;
        if (!bytes_equal_string_nocase(call->argv[i], "SAMPLES") || i + 1 >= call->argc) {
            reply_syntax_error(call);
            return;
        }
        if (!argument_integer_or_reply(call, ++i, &samples)) {
            return;
        }
        if (samples < 0) {
            reply_syntax_error(call);
            return;
        }
    }
    const struct entry *entry = keyspace_peek_at(call->db, call->argv[2], call->now_ms);
    if (entry == NULL) {
        reply_null(call->reply);
        return;
    }
    /* The figure is kept exactly, so nothing is sampled. */
    reply_integer(call->reply, (int64_t)keyspace_entry_memory(call->db, entry));
}

static void cmd_memory_doctor(struct call *call)
{
    reply_verbatim(call->reply, "txt",
                   BYTES("Hi Sam, this instance is empty or is using very little memory, my issues "
                         "detector can't be used in these conditions. Please, leave for your "
                         "mission on Earth and fill it with some data. The new Sam and I will be "
                         "back to our programming as soon as I finished rebooting.\n"));
}

static void cmd_memory_malloc_stats(struct call *call)
{
    reply_bulk_string(call->reply, "Stats not supported for the current allocator");
}

static void cmd_memory_purge(struct call *call)
{
    reply_ok(call->reply);
}

static void reply_figure(struct call *call, const char *name, uint64_t figure)
{
    reply_bulk_string(call->reply, name);
    reply_integer(call->reply, (int64_t)figure);
}

static void reply_ratio(struct call *call, const char *name, double ratio)
{
    reply_bulk_string(call->reply, name);
    reply_double(call->reply, ratio);
}

static void cmd_memory_stats(struct call *call)
{
    struct instance *instance = call->instance;
    uint64_t total = instance_memory(instance), keys = 0, tables = 0;
    size_t mark = reply_defer(call->reply), pairs = 0;
    uint64_t resident = instance_resident_bytes(instance);
    uint64_t peak = instance->peak_memory > total ? instance->peak_memory : total;
    reply_figure(call, "peak.allocated", peak);
    reply_figure(call, "total.allocated", total);
    reply_figure(call, "startup.allocated", sizeof(*instance));
    reply_figure(call, "replication.backlog", instance->backlog.bytes.capacity);
    reply_figure(call, "clients.slaves", 0);
    reply_figure(call, "clients.normal", instance->session_memory);
    pairs += 6;
    if (call_supports(call, "7.0.0")) {
        reply_figure(call, "cluster.links", 0);
        pairs++;
    }
    reply_figure(call, "aof.buffer", 0);
    reply_figure(call, "lua.caches", 0);
    pairs += 2;
    if (call_supports(call, "7.0.0")) {
        reply_figure(call, "functions.caches", 0);
        pairs++;
    }
    for (int i = 0; i < instance->database_count; i++) {
        const struct keyspace *db = instance->databases[i];
        if (keyspace_count(db) == 0) {
            continue;
        }
        keys += keyspace_count(db);
        tables += keyspace_memory(db);
        reply_bulkf(call->reply, "db.%d", i);
        reply_map(call->reply, 2);
        reply_figure(call, "overhead.hashtable.main", keyspace_memory(db));
        reply_figure(call, "overhead.hashtable.expires",
                     keyspace_expiring_count(db) * sizeof(void *));
        pairs++;
    }
    uint64_t overhead = sizeof(*instance) + instance->session_memory + tables;
    uint64_t dataset = total > overhead ? total - overhead : 0;
    reply_figure(call, "overhead.total", overhead);
    reply_figure(call, "keys.count", keys);
    reply_figure(call, "keys.bytes-per-key", keys == 0 ? 0 : (dataset + tables) / keys);
    reply_figure(call, "dataset.bytes", dataset);
    reply_ratio(call, "dataset.percentage",
                total == 0 ? 0 : 100.0 * (double)dataset / (double)total);
    reply_ratio(call, "peak.percentage", 100.0 * (double)total / (double)peak);
    reply_figure(call, "allocator.allocated", total);
    reply_figure(call, "allocator.active", total);
    reply_figure(call, "allocator.resident", resident);
    reply_ratio(call, "allocator-fragmentation.ratio", 1);
    reply_figure(call, "allocator-fragmentation.bytes", 0);
    reply_ratio(call, "allocator-rss.ratio", (double)resident / (double)total);
    reply_figure(call, "allocator-rss.bytes", resident > total ? resident - total : 0);
    reply_ratio(call, "rss-overhead.ratio", 1);
    reply_figure(call, "rss-overhead.bytes", 0);
    reply_ratio(call, "fragmentation", (double)resident / (double)total);
    reply_figure(call, "fragmentation.bytes", resident > total ? resident - total : 0);
    reply_map_at(call->reply, mark, pairs + 17);
}

static const char *const help_lines[] = {
    "DOCTOR",
    "    Return memory problems reports.",
    "MALLOC-STATS",
    "    Return internal statistics report from the memory allocator.",
    "PURGE",
    "    Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value. Nested values are",
    "    sampled up to <count> times (default: 5, 0 means sample all).",
    NULL,
};

static void cmd_memory_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command memory_subcommands[] = {
    {
        .name = "DOCTOR",
        .handler = cmd_memory_doctor,
        .arity = 2,
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Outputs memory problems report",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special", NULL},
    },
    {
        .name = "HELP",
        .handler = cmd_memory_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "MALLOC-STATS",
        .handler = cmd_memory_malloc_stats,
        .arity = 2,
        .since = "4.0.0",
        .complexity = "Depends on how much memory is allocated, could be slow",
        .summary = "Show allocator internal stats",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special", NULL},
    },
    {
        .name = "PURGE",
        .handler = cmd_memory_purge,
        .arity = 2,
        .since = "4.0.0",
        .complexity = "Depends on how much memory is allocated, could be slow",
        .summary = "Ask the allocator to release memory",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "STATS",
        .handler = cmd_memory_stats,
        .arity = 2,
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Show memory usage details",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special", NULL},
    },
    {
        .name = "USAGE",
        .handler = cmd_memory_usage,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
        .since = "4.0.0",
        .complexity = "O(N) where N is the number of samples.",
        .summary = "Estimate the memory usage of a key",
        .arguments = "key#0 [count=integer@SAMPLES]",
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "MEMORY",
        .arity = -2,
        .since = "4.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for memory diagnostics commands",
        .subcommands = memory_subcommands,
    },
};

const struct command_family memory_family = {"server", commands, ARRAY_LEN(commands)};
