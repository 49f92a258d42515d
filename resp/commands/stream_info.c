/* XINFO. */
#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/commands/stream.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static bool stream_there_or_reply(struct call *call, struct stream **stream)
{
    if (!stream_read_or_reply(call, 2, stream)) {
        return false;
    }
    if (*stream == NULL) {
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
    }
    return *stream != NULL;
}

static void reply_named_integer(struct call *call, const char *name, int64_t number)
{
    reply_bulk_string(call->reply, name);
    reply_integer(call->reply, number);
}

static void reply_named_id(struct call *call, const char *name, struct stream_id id)
{
    reply_bulk_string(call->reply, name);
    reply_stream_id(call, id);
}

/* Since 7.0: how far the group has read, and what is left. Null when it cannot be told. */
static void reply_progress(struct call *call, const struct stream *stream,
                           const struct stream_group *group)
{
    int64_t lag;
    reply_bulk_string(call->reply, "entries-read");
    if (group->entries_read == STREAM_ENTRIES_UNKNOWN) {
        reply_null(call->reply);
    } else {
        reply_integer(call->reply, group->entries_read);
    }
    reply_bulk_string(call->reply, "lag");
    if (stream_group_lag(stream, group, &lag)) {
        reply_integer(call->reply, lag);
    } else {
        reply_null(call->reply);
    }
}

static void cmd_xinfo_consumers(struct call *call)
{
    struct stream *stream;
    if (!stream_there_or_reply(call, &stream)) {
        return;
    }
    const struct stream_group *group = stream_group_find(stream, call->argv[3]);
    if (group == NULL) {
        struct bytes key = call->argv[2], name = call->argv[3];
        reply_errorf(call->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     (int)name.size, name.data, (int)key.size, key.data);
        return;
    }
    bool activity = call_supports(call, "7.2.0");
    reply_array(call->reply, group->consumer_count);
    for (size_t i = 0; i < group->consumer_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        int64_t idle_ms = call->now_ms - consumer->seen_ms;
        reply_map(call->reply, activity ? 4 : 3);
        reply_bulk_string(call->reply, "name");
        reply_bulk(call->reply, consumer->name);
        reply_named_integer(call, "pending", (int64_t)consumer->pending.count);
        reply_named_integer(call, "idle", idle_ms < 0 ? 0 : idle_ms);
        if (activity) {
            reply_named_integer(call, "inactive",
                                consumer->active_ms < 0 ? -1 : call->now_ms - consumer->active_ms);
        }
    }
}

static void cmd_xinfo_groups(struct call *call)
{
    struct stream *stream;
    bool counters = call_supports(call, "7.0.0");
    if (!stream_there_or_reply(call, &stream)) {
        return;
    }
    reply_array(call->reply, stream->group_count);
    for (size_t i = 0; i < stream->group_count; i++) {
        const struct stream_group *group = stream->groups[i];
        reply_map(call->reply, counters ? 6 : 4);
        reply_bulk_string(call->reply, "name");
        reply_bulk(call->reply, group->name);
        reply_named_integer(call, "consumers", (int64_t)group->consumer_count);
        reply_named_integer(call, "pending", (int64_t)group->pending.count);
        reply_named_id(call, "last-delivered-id", group->last_id);
        if (counters) {
            reply_progress(call, stream, group);
        }
    }
}

/* ---- XINFO STREAM ---- */

static void reply_edge(struct call *call, const struct stream *stream, bool last)
{
    struct stream_entry entry;
    struct stream_cursor cursor = stream_range(stream, STREAM_ID_LEAST, STREAM_ID_MOST, last);
    if (stream_next(&cursor, &entry)) {
        reply_stream_entry(call, entry);
    } else {
        reply_null(call->reply);
    }
}

/* Pending entries; a consumer's own without its name. */
static void reply_pending(struct call *call, const struct counted_tree *tree, bool with_consumer,
                          int64_t count)
{
    size_t mark = reply_defer(call->reply), shown = 0;
    const struct stream_pending *pending = stream_pending_from(tree, STREAM_ID_LEAST);
    for (; pending != NULL && (count == 0 || shown < (size_t)count);
         pending = stream_pending_next(tree, pending), shown++) {
        reply_array(call->reply, with_consumer ? 4 : 3);
        reply_stream_id(call, stream_pending_id(pending));
        if (with_consumer) {
            reply_bulk(call->reply, pending->consumer->name);
        }
        reply_integer(call->reply, pending->delivered_ms);
        reply_integer(call->reply, (int64_t)pending->deliveries);
    }
    reply_array_at(call->reply, mark, shown);
}

static void reply_whole_group(struct call *call, const struct stream *stream,
                              const struct stream_group *group, int64_t count)
{
    bool counters = call_supports(call, "7.0.0"), activity = call_supports(call, "7.2.0");
    reply_map(call->reply, counters ? 7 : 5);
    reply_bulk_string(call->reply, "name");
    reply_bulk(call->reply, group->name);
    reply_named_id(call, "last-delivered-id", group->last_id);
    if (counters) {
        reply_progress(call, stream, group);
    }
    reply_named_integer(call, "pel-count", (int64_t)group->pending.count);
    reply_bulk_string(call->reply, "pending");
    reply_pending(call, &group->pending, true, count);
    reply_bulk_string(call->reply, "consumers");
    reply_array(call->reply, group->consumer_count);
    for (size_t i = 0; i < group->consumer_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        reply_map(call->reply, activity ? 5 : 4);
        reply_bulk_string(call->reply, "name");
        reply_bulk(call->reply, consumer->name);
        reply_named_integer(call, "seen-time", consumer->seen_ms);
        if (activity) {
            reply_named_integer(call, "active-time", consumer->active_ms);
        }
        reply_named_integer(call, "pel-count", (int64_t)consumer->pending.count);
        reply_bulk_string(call->reply, "pending");
        reply_pending(call, &consumer->pending, false, count);
    }
}

static bool full_or_reply(struct call *call, bool *full, int64_t *count)
{
    *full = call->argc > 3;
    if (!*full) {
        return true;
    }
    if ((call->argc != 4 && call->argc != 6) || !bytes_equal_string_nocase(call->argv[3], "FULL") ||
        (call->argc == 6 && !bytes_equal_string_nocase(call->argv[4], "COUNT"))) {
        reply_subcommand_syntax_error(call);
        return false;
    }
    if (call->argc == 6 && !argument_integer_or_reply(call, 5, count)) {
        return false;
    }
    *count = *count < 0 ? 10 : *count;
    return true;
}

static void cmd_xinfo_stream(struct call *call)
{
    struct stream *stream;
    bool full, counters = call_supports(call, "7.0.0");
    int64_t count = 10;
    if (!stream_there_or_reply(call, &stream) || !full_or_reply(call, &full, &count)) {
        return;
    }
    reply_map(call->reply, (full ? 6 : 7) + (counters ? 3 : 0));
    reply_named_integer(call, "length", (int64_t)stream->length);
    reply_named_integer(call, "radix-tree-keys", (int64_t)stream->count);
    reply_named_integer(call, "radix-tree-nodes", (int64_t)stream_radix_nodes(stream));
    reply_named_id(call, "last-generated-id", stream->last_id);
    if (counters) {
        reply_named_id(call, "max-deleted-entry-id", stream->max_deleted_id);
        reply_named_integer(call, "entries-added", (int64_t)stream->entries_added);
        reply_named_id(call, "recorded-first-entry-id", stream->first_id);
    }
    if (!full) {
        reply_named_integer(call, "groups", (int64_t)stream->group_count);
        reply_bulk_string(call->reply, "first-entry");
        reply_edge(call, stream, false);
        reply_bulk_string(call->reply, "last-entry");
        reply_edge(call, stream, true);
        return;
    }
    reply_bulk_string(call->reply, "entries");
    reply_stream_range(call, stream, STREAM_ID_LEAST, STREAM_ID_MOST, false, count);
    reply_bulk_string(call->reply, "groups");
    reply_array(call->reply, stream->group_count);
    for (size_t i = 0; i < stream->group_count; i++) {
        reply_whole_group(call, stream, stream->groups[i], count);
    }
}

static void cmd_xinfo_help(struct call *call)
{
    static const char *const help_lines[] = {
        "CONSUMERS <key> <groupname>",
        "    Show consumers of <groupname>.",
        "GROUPS <key>",
        "    Show the stream consumer groups.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
        NULL,
    };
    reply_help(call, help_lines);
}

static const struct command xinfo_subcommands[] = {
    {
        .name = "CONSUMERS",
        .handler = cmd_xinfo_consumers,
        .arity = 4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "List the consumers in a consumer group",
        .arguments = "key#0 groupname",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "GROUPS",
        .handler = cmd_xinfo_groups,
        .arity = 3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "List the consumer groups of a stream",
        .arguments = "key#0",
        .history =
            (const struct command_history[]){{"7.0.0", "Added the `entries-read` and `lag` fields"},
                                             {0}},
    },
    {
        .name = "HELP",
        .handler = cmd_xinfo_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "STREAM",
        .handler = cmd_xinfo_stream,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Get information about a stream",
        .arguments = "key#0 [full{[count=integer@COUNT]}@FULL]",
        .history =
            (const struct command_history[]){
                {"6.0.0", "Added the `FULL` modifier."},
                {"7.0.0", "Added the `max-deleted-entry-id`, `entries-added`, "
                          "`recorded-first-entry-id`, `entries-read` and `lag` fields"},
                {0}},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "XINFO",
        .arity = -2,
        .since = "5.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for stream introspection commands",
        .subcommands = xinfo_subcommands,
    },
};

const struct command_family stream_info_family = {"stream", commands, ARRAY_LEN(commands)};
