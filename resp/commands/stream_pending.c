/* What consumers have not acknowledged: XPENDING, XCLAIM, XAUTOCLAIM. */
#include <stdio.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/stream.h"
#include "resp/instance_state.h"

/* ---- XPENDING ---- */

static void reply_pending_summary(struct call *call, const struct stream_group *group)
{
    reply_array(call->reply, 4);
    reply_integer(call->reply, (int64_t)group->pending.count);
    if (group->pending.count == 0) {
        reply_null(call->reply);
        reply_null(call->reply);
        reply_null_array(call->reply);
        return;
    }
    reply_stream_id(call, stream_pending_id(stream_pending_from(&group->pending, STREAM_ID_LEAST)));
    reply_stream_id(call, stream_pending_id(stream_pending_last(&group->pending)));
    size_t mark = reply_defer(call->reply), shown = 0;
    for (size_t i = 0; i < group->consumer_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        if (consumer->pending.count > 0) {
            reply_array(call->reply, 2);
            reply_bulk(call->reply, consumer->name);
            reply_bulk_integer(call->reply, (int64_t)consumer->pending.count);
            shown++;
        }
    }
    reply_array_at(call->reply, mark, shown);
}

struct pending_query {
    int64_t idle_ms, count;
    struct stream_id from, to;
    int consumer_at; /* argument index; 0: all consumers */
};

static bool pending_query_or_reply(struct call *call, struct pending_query *query)
{
    int at = 3;
    if (call_supports(call, "6.2.0") && bytes_equal_string_nocase(call->argv[at], "IDLE")) {
        if (!argument_integer_or_reply(call, at + 1, &query->idle_ms)) {
            return false;
        }
        at += 2;
        if (call->argc < 8) {
            reply_syntax_error(call);
            return false;
        }
    }
    if (!argument_integer_or_reply(call, at + 2, &query->count) ||
        !stream_interval_or_reply(call, at, at + 1, &query->from, &query->to)) {
        return false;
    }
    query->count = query->count < 0 ? 0 : query->count;
    query->consumer_at = at + 3 < call->argc ? at + 3 : 0;
    return true;
}

static void reply_pending_entries(struct call *call, const struct stream_group *group,
                                  const struct pending_query *query)
{
    const struct counted_tree *tree = &group->pending;
    if (query->consumer_at != 0) {
        const struct stream_consumer *consumer =
            stream_consumer_find(group, call->argv[query->consumer_at]);
        if (consumer == NULL) {
            reply_array(call->reply, 0);
            return;
        }
        tree = &consumer->pending;
    }
    size_t mark = reply_defer(call->reply), shown = 0;
    const struct stream_pending *pending = stream_pending_from(tree, query->from);
    for (; pending != NULL && shown < (size_t)query->count &&
           stream_id_compare(stream_pending_id(pending), query->to) <= 0;
         pending = stream_pending_next(tree, pending)) {
        int64_t idle_ms = call->now_ms - pending->delivered_ms;
        if (idle_ms < query->idle_ms) {
            continue;
        }
        reply_array(call->reply, 4);
        reply_stream_id(call, stream_pending_id(pending));
        reply_bulk(call->reply, pending->consumer->name);
        reply_integer(call->reply, idle_ms < 0 ? 0 : idle_ms);
        reply_integer(call->reply, (int64_t)pending->deliveries);
        shown++;
    }
    reply_array_at(call->reply, mark, shown);
}

static void cmd_xpending(struct call *call)
{
    struct pending_query query = {.idle_ms = INT64_MIN};
    struct stream *stream;
    struct stream_group *group;
    bool summary = call->argc == 3;
    if (!summary && (call->argc < 6 || call->argc > (call_supports(call, "6.2.0") ? 9 : 7))) {
        reply_syntax_error(call);
        return;
    }
    if ((!summary && !pending_query_or_reply(call, &query)) ||
        !stream_group_or_reply(call, 1, 2, &stream, &group)) {
        return;
    }
    if (summary) {
        reply_pending_summary(call, group);
    } else {
        reply_pending_entries(call, group, &query);
    }
}

/* ---- XCLAIM and XAUTOCLAIM ---- */

struct claim {
    struct stream *stream;
    struct stream_group *group;
    int64_t idle_ms;      /* only what has been idle for that long */
    int64_t delivered_ms; /* what is kept as the time of delivery */
    int64_t deliveries;   /* -1: one more than before */
    bool force, only_id;
    struct stream_id last_id;
};

static bool claim_number_or_reply(struct call *call, int index, const char *option, int64_t *number)
{
    if (bytes_to_int64(call->argv[index], number)) {
        return true;
    }
    reply_errorf(call->reply, "ERR Invalid %s option argument for XCLAIM", option);
    return false;
}

static bool claim_options_or_reply(struct call *call, int from, struct claim *claim)
{
    for (int at = from; at < call->argc; at++) {
        struct bytes word = call->argv[at];
        bool more = at + 1 < call->argc, read = true;
        if (bytes_equal_string_nocase(word, "FORCE")) {
            claim->force = true;
        } else if (bytes_equal_string_nocase(word, "JUSTID")) {
            claim->only_id = true;
        } else if (more && bytes_equal_string_nocase(word, "IDLE")) {
            read = claim_number_or_reply(call, ++at, "IDLE", &claim->delivered_ms);
            claim->delivered_ms = (int64_t)((uint64_t)call->now_ms - (uint64_t)claim->delivered_ms);
        } else if (more && bytes_equal_string_nocase(word, "TIME")) {
            read = claim_number_or_reply(call, ++at, "TIME", &claim->delivered_ms);
        } else if (more && bytes_equal_string_nocase(word, "RETRYCOUNT")) {
            read = claim_number_or_reply(call, ++at, "RETRYCOUNT", &claim->deliveries);
        } else if (more && bytes_equal_string_nocase(word, "LASTID")) {
            read = stream_id_or_reply(call, ++at, &claim->last_id);
        } else {
            reply_errorf(call->reply, "ERR Unrecognized XCLAIM option '%.*s'", (int)word.size,
                         word.data);
            read = false;
        }
        if (!read) {
            return false;
        }
    }
    /* A moment in the future, or none, is now. */
    if (claim->delivered_ms < 0 || claim->delivered_ms > call->now_ms) {
        claim->delivered_ms = call->now_ms;
    }
    return true;
}

/*
 * Gives the entry to the consumer, which comes to be only now, and answers it; pending is NULL
 * where FORCE makes it so, entry where it was deleted.
 */
static void take(struct call *call, const struct claim *claim, struct stream_pending *pending,
                 struct stream_id id, const struct stream_entry *entry)
{
    struct stream_consumer *consumer =
        stream_consumer_obtain(call, 1, claim->stream, claim->group, call->argv[3]);
    if (pending == NULL) {
        pending = stream_pending_add(claim->stream, claim->group, consumer, id, call->now_ms);
    }
    stream_pending_move(pending, consumer);
    consumer->active_ms = call->now_ms;
    pending->delivered_ms = claim->delivered_ms;
    if (claim->deliveries >= 0) {
        pending->deliveries = (uint64_t)claim->deliveries;
    } else if (!claim->only_id) {
        pending->deliveries++;
    }
    if (claim->only_id) {
        reply_stream_id(call, id);
    } else if (entry == NULL) {
        reply_null(call->reply);
    } else {
        reply_stream_entry(call, *entry);
    }
}

static void cmd_xclaim(struct call *call)
{
    struct claim claim = {.delivered_ms = -1, .deliveries = -1};
    struct stream_id id;
    if (!stream_group_or_reply(call, 1, 2, &claim.stream, &claim.group)) {
        return;
    }
    if (!bytes_to_int64(call->argv[4], &claim.idle_ms)) {
        reply_error(call->reply, "ERR Invalid min-idle-time argument for XCLAIM");
        return;
    }
    int end = 5;
    while (end < call->argc && stream_id_read_strict(call->argv[end], &id)) {
        end++;
    }
    if (!claim_options_or_reply(call, end, &claim)) {
        return;
    }
    bool forgets = call_supports(call, "7.0.0"); /* what is pending and deleted */
    struct stream_group *group = claim.group;
    if (stream_id_compare(claim.last_id, group->last_id) > 0) {
        group->last_id = claim.last_id;
    }
    size_t mark = reply_defer(call->reply), shown = 0;
    for (int i = 5; i < end; i++) {
        struct stream_entry entry;
        stream_id_read_strict(call->argv[i], &id);
        struct stream_pending *pending = stream_pending_find(&group->pending, id);
        bool there = stream_find(claim.stream, id, &entry);
        if (!there && pending != NULL && forgets) {
            stream_pending_remove(claim.stream, group, pending);
            pending = NULL;
        }
        bool busy = pending != NULL && claim.idle_ms > 0 &&
                    call->now_ms - pending->delivered_ms < claim.idle_ms;
        if (!busy && (pending != NULL || (there && claim.force))) {
            take(call, &claim, pending, id, there ? &entry : NULL);
            shown++;
        }
    }
    reply_array_at(call->reply, mark, shown);
    stream_account(call, call->argv[1]);
}

static bool autoclaim_options_or_reply(struct call *call, int64_t *count, bool *only_id)
{
    const int64_t most = INT64_MAX / 16; /* what Redis can still allocate IDs for */
    for (int at = 6; at < call->argc; at++) {
        if (at + 1 < call->argc && bytes_equal_string_nocase(call->argv[at], "COUNT")) {
            if (!argument_integer_in_range_or_reply(call, ++at, 1, most, count,
                                                    "ERR COUNT must be > 0")) {
                return false;
            }
        } else if (bytes_equal_string_nocase(call->argv[at], "JUSTID")) {
            *only_id = true;
        } else {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

/* Looks at ten times as many entries as are wanted; *next is where it stopped. */
static size_t claim_idle(struct call *call, const struct claim *claim, int64_t count,
                         struct stream_id *next, struct buf *deleted)
{
    enum { LOOKS = 10 };
    struct stream *stream = claim->stream;
    struct stream_group *group = claim->group;
    struct stream_pending *pending = stream_pending_from(&group->pending, *next);
    int64_t looks = count > INT64_MAX / LOOKS ? INT64_MAX : count * LOOKS;
    size_t shown = 0;
    for (; looks > 0 && count > 0 && pending != NULL; looks--) {
        struct stream_id id = stream_pending_id(pending);
        struct stream_entry entry;
        struct stream_pending *behind = stream_pending_next(&group->pending, pending);
        if (!stream_find(stream, id, &entry)) {
            stream_pending_remove(stream, group, pending);
            buf_append(deleted, (struct bytes){(const char *)&id, sizeof(id)});
            count--;
        } else if (claim->idle_ms <= 0 || call->now_ms - pending->delivered_ms >= claim->idle_ms) {
            take(call, claim, pending, id, &entry);
            shown++;
            count--;
        }
        pending = behind;
    }
    *next = pending == NULL ? STREAM_ID_LEAST : stream_pending_id(pending);
    return shown;
}

static void cmd_xautoclaim(struct call *call)
{
    struct claim claim = {.delivered_ms = call->now_ms, .deliveries = -1};
    struct stream_id next;
    int64_t count = 100;
    if (!bytes_to_int64(call->argv[4], &claim.idle_ms)) {
        reply_error(call->reply, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
        return;
    }
    if (!stream_interval_start_or_reply(call, 5, &next) ||
        !autoclaim_options_or_reply(call, &count, &claim.only_id) ||
        !stream_group_or_reply(call, 1, 2, &claim.stream, &claim.group)) {
        return;
    }
    struct buf deleted;
    buf_init(&deleted, SIZE_MAX);
    reply_array(call->reply, call_supports(call, "7.0.0") ? 3 : 2);
    size_t mark = reply_defer(call->reply);
    size_t shown = claim_idle(call, &claim, count, &next, &deleted);
    reply_array_at(call->reply, mark, shown);
    char text[64], digits[48];
    int size = snprintf(digits, sizeof(digits), "%llu-%llu", (unsigned long long)next.ms,
                        (unsigned long long)next.seq);
    size_t total = (size_t)snprintf(text, sizeof(text), "$%d\r\n%s\r\n", size, digits);
    reply_insert(call->reply, mark, (struct bytes){text, total});
    if (call_supports(call, "7.0.0")) {
        reply_array(call->reply, deleted.size / sizeof(struct stream_id));
        for (size_t at = 0; at < deleted.size; at += sizeof(struct stream_id)) {
            struct stream_id id;
            memcpy(&id, deleted.data + at, sizeof(id));
            reply_stream_id(call, id);
        }
    }
    buf_finish(&deleted);
    stream_account(call, call->argv[1]);
}

static const struct command commands[] = {
    {
        .name = "XPENDING",
        .handler = cmd_xpending,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(N) with N being the number of elements returned, so asking for a "
                      "small fixed number of entries per call is O(1). O(M), where M is the "
                      "total number of entries scanned when used with the IDLE filter. When "
                      "the command returns just the summary and the list of consumers is "
                      "small, it runs in O(1) time; otherwise, an additional O(N) time for "
                      "iterating every consumer.",
        .summary = "Return information and entries from a stream consumer group pending "
                   "entries list, that are messages fetched but never acknowledged.",
        .arguments = "key#0 group [filters{[min-idle-time=integer@IDLE^6.2.0] start end "
                     "count=integer [consumer]}]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){
                {"6.2.0", "Added the `IDLE` option and exclusive range intervals."}, {0}},
    },
    {
        .name = "XCLAIM",
        .handler = cmd_xclaim,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(log N) with N being the number of messages in the PEL of the consumer "
                      "group.",
        .summary = "Changes (or acquires) ownership of a message in a consumer group, as if "
                   "the message was delivered to the specified consumer.",
        .arguments = "key#0 group consumer min-idle-time id... [ms=integer@IDLE] "
                     "[unix-time-milliseconds=unix-time@TIME] [count=integer@RETRYCOUNT] "
                     "[force=token@FORCE] [justid=token@JUSTID] [id@LASTID]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "XAUTOCLAIM",
        .handler = cmd_xautoclaim,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(1) if COUNT is small.",
        .summary = "Changes (or acquires) ownership of messages in a consumer group, as if "
                   "the messages were delivered to the specified consumer.",
        .arguments = "key#0 group consumer min-idle-time start [count=integer@COUNT] "
                     "[justid=token@JUSTID]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added an element to the reply array, containing deleted entries the "
                          "command cleared from the PEL"},
                {0}},
    },
};

const struct command_family stream_pending_family = {"stream", commands, ARRAY_LEN(commands)};
