/* LATENCY: spikes, and how long commands take. */
#include "resp/latency.h"

#include <stdio.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

static struct latency_event *find_event(const struct call *call)
{
    return dict_find(&call->instance->latency.events, call->argv[2]);
}

/* ---- Samples ---- */

static void cmd_latency_history(struct call *call)
{
    const struct latency_event *event = find_event(call);
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; event != NULL && i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *sample = &event->samples[(event->next + i) % LATENCY_SAMPLES];
        if (sample->time_s != 0) {
            reply_array(call->reply, 2);
            reply_integer(call->reply, sample->time_s);
            reply_integer(call->reply, sample->latency_ms);
            count++;
        }
    }
    reply_array_at(call->reply, mark, count);
}

static void cmd_latency_latest(struct call *call)
{
    struct dict *events = &call->instance->latency.events;
    const struct latency_event *event;
    reply_array(call->reply, dict_count(events));
    for (struct dict_cursor cursor = dict_begin(events); (event = dict_next(&cursor)) != NULL;) {
        const struct latency_sample *last = latency_last(event);
        reply_array(call->reply, 4);
        reply_bulk(call->reply, dict_key(events, event));
        reply_integer(call->reply, last->time_s);
        reply_integer(call->reply, last->latency_ms);
        reply_integer(call->reply, event->maximum_ms);
    }
}

static void cmd_latency_reset(struct call *call)
{
    struct dict *events = &call->instance->latency.events;
    int64_t removed = 0;
    if (call->argc == 2) {
        removed = (int64_t)dict_count(events);
        dict_clear(events);
    }
    for (int i = 2; i < call->argc; i++) {
        removed += dict_remove(events, call->argv[i]) ? 1 : 0;
    }
    reply_integer(call->reply, removed);
}

/* ---- For people ---- */

static void cmd_latency_graph(struct call *call)
{
    enum { ROWS = 4 };
    static const char marks[] = "_o#";
    const struct latency_event *event = find_event(call);
    if (event == NULL) {
        reply_errorf(call->reply, "ERR No samples available for event '%.*s'",
                     (int)bytes_slice(call->argv[2], 0, 128).size, call->argv[2].data);
        return;
    }
    uint32_t low = UINT32_MAX, high = 0, values[LATENCY_SAMPLES];
    size_t count = 0;
    for (size_t i = 0; i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *sample = &event->samples[(event->next + i) % LATENCY_SAMPLES];
        if (sample->time_s != 0) {
            values[count++] = sample->latency_ms;
            low = sample->latency_ms < low ? sample->latency_ms : low;
            high = sample->latency_ms > high ? sample->latency_ms : high;
        }
    }
    struct buf text;
    buf_init(&text, 64 * 1024);
    buf_append(&text, call->argv[2]);
    buf_printf(&text, " - high %u ms, low %u ms (all time high %u ms)\n", high, low,
               event->maximum_ms);
    for (int i = 0; i < 80; i++) {
        buf_append_byte(&text, '-');
    }
    buf_append_byte(&text, '\n');
    uint32_t steps = ROWS * (sizeof(marks) - 1), range = high > low ? high - low : 1;
    for (int row = ROWS - 1; row >= 0; row--) {
        for (size_t i = 0; i < count; i++) {
            uint32_t level = (uint32_t)((uint64_t)(values[i] - low) * (steps - 1) / range);
            uint32_t own = level / (sizeof(marks) - 1);
            buf_append_byte(&text, own == (uint32_t)row  ? marks[level % (sizeof(marks) - 1)]
                                   : own > (uint32_t)row ? '|'
                                                         : ' ');
        }
        buf_append_byte(&text, '\n');
    }
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

static void cmd_latency_doctor(struct call *call)
{
    struct dict *events = &call->instance->latency.events;
    struct buf text;
    buf_init(&text, 64 * 1024);
    if (call->instance->latency.threshold_ms == 0 && dict_count(events) == 0) {
        buf_append_string(&text,
                          "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in "
                          "this Redis instance. You may use \"CONFIG SET latency-monitor-threshold "
                          "<milliseconds>.\" in order to enable it. If we weren't in a deep space "
                          "mission I'd suggest to take a look at ");
        buf_append_string(&text, call_supports(call, "7.0.0") ? "https" : "http");
        buf_append_string(&text, "://redis.io/topics/latency-monitor.\n");
    } else if (dict_count(events) == 0) {
        buf_append_string(&text, "Dave, no latency spike was observed during the lifetime of this "
                                 "Redis instance, not in the slightest bit. I honestly think you "
                                 "ought to sit down calmly, take a stress pill, and think things "
                                 "over.\n");
    } else {
        buf_append_string(&text,
                          "Dave, I have observed latency spikes in this Redis instance.\n\n");
        const struct latency_event *event;
        int number = 0;
        for (struct dict_cursor cursor = dict_begin(events);
             (event = dict_next(&cursor)) != NULL;) {
            struct bytes name = dict_key(events, event);
            buf_printf(&text, "%d. %.*s: latest %u ms, all time high %u ms.\n", ++number,
                       (int)name.size, name.data, latency_last(event)->latency_ms,
                       event->maximum_ms);
        }
    }
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

/* ---- Histograms ---- */

static size_t reply_histogram(struct call *call, const struct command_entry *entry)
{
    if (entry == NULL || entry->histogram == NULL) {
        return 0;
    }
    char name[64];
    command_full_name(entry, name);
    reply_bulk_string(call->reply, name);
    reply_map(call->reply, 2);
    reply_bulk_string(call->reply, "calls");
    uint64_t total = 0, seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        total += entry->histogram[i];
    }
    reply_integer(call->reply, (int64_t)total);
    reply_bulk_string(call->reply, "histogram_usec");
    size_t mark = reply_defer(call->reply), pairs = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS && seen < total; i++) {
        seen += entry->histogram[i];
        if (entry->histogram[i] > 0) {
            reply_integer(call->reply, latency_bucket_us(i));
            reply_integer(call->reply, (int64_t)seen);
            pairs++;
        }
    }
    reply_map_at(call->reply, mark, pairs);
    return 1;
}

static size_t reply_histograms(struct call *call, const struct command_entry *entry)
{
    size_t pairs = reply_histogram(call, entry);
    for (size_t i = 0; entry != NULL && i < entry->subcommand_count; i++) {
        pairs += reply_histogram(call, &entry->subcommands[i]);
    }
    return pairs;
}

static void cmd_latency_histogram(struct call *call)
{
    const struct command_table *table = &call->instance->commands;
    size_t mark = reply_defer(call->reply), pairs = 0;
    for (size_t i = 0; call->argc == 2 && i < table->count; i++) {
        pairs += reply_histograms(call, &table->entries[i]);
    }
    for (int i = 2; i < call->argc; i++) {
        pairs += reply_histograms(call, command_table_find_full(table, call->argv[i]));
    }
    reply_map_at(call->reply, mark, pairs);
}

static const char *const help_lines[] = {
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the "
    "specified command names.",
    "    If no commands are specified then all histograms are replied.",
    NULL,
};

static void cmd_latency_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command latency_subcommands[] = {
    {
        .name = "DOCTOR",
        .handler = cmd_latency_doctor,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Return a human readable latency analysis report.",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special", NULL},
    },
    {
        .name = "GRAPH",
        .handler = cmd_latency_graph,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Return a latency graph for the event.",
        .arguments = "event",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special", NULL},
    },
    {
        .name = "HELP",
        .handler = cmd_latency_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands.",
    },
    {
        .name = "HISTOGRAM",
        .handler = cmd_latency_histogram,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of commands with latency information being "
                      "retrieved.",
        .summary = "Return the cumulative distribution of latencies of a subset of commands "
                   "or all.",
        .arguments = "[command...]",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special", NULL},
    },
    {
        .name = "HISTORY",
        .handler = cmd_latency_history,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Return timestamp-latency samples for the event.",
        .arguments = "event",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special", NULL},
    },
    {
        .name = "LATEST",
        .handler = cmd_latency_latest,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Return the latest latency samples for all events.",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special", NULL},
    },
    {
        .name = "RESET",
        .handler = cmd_latency_reset,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Reset latency data for one or more events.",
        .arguments = "[event...]",
        .tips = (const char *const[]){"request_policy:all_nodes", "response_policy:all_succeeded",
                                      NULL},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "LATENCY",
        .arity = -2,
        .since = "2.8.13",
        .complexity = "Depends on subcommand.",
        .summary = "A container for latency diagnostics commands",
        .subcommands = latency_subcommands,
    },
};

const struct command_family latency_family = {"server", commands, ARRAY_LEN(commands)};
