/* XREAD and XREADGROUP. */
#include <stdio.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/blocking.h"
#include "resp/commands/stream.h"
#include "resp/instance_state.h"

/* A blocked reader without COUNT is not served a huge stream at once. */
enum { BLOCKED_COUNT = 1000 };

struct request {
    struct stream_id id; /* what lies behind it is wanted */
    bool newest;         /* ">": what the group has not been given yet */
    struct stream_group *group;
};

struct reading {
    struct call *call;
    bool of_group, no_ack;
    int64_t timeout_ms; /* -1: does not wait */
    int64_t count;
    int group_at, consumer_at; /* argument indexes */
    int first_key, streams;
    struct request *requests; /* one per stream */
};

static bool streams_or_reply(struct reading *reading, int first)
{
    struct call *call = reading->call;
    int words = call->argc - first;
    reading->first_key = first;
    reading->streams = words / 2;
    if (words % 2 == 0) {
        return true;
    }
    if (!call_supports(call, "7.2.0")) {
        reply_error(call->reply,
                    "ERR Unbalanced XREAD list of streams: for each stream key an ID or "
                    "'$' must be specified.");
        return false;
    }
    const char *allowed = reading->of_group              ? " or '>'"
                          : call_supports(call, "7.4.0") ? ", '+', or '$'"
                                                         : " or '$'";
    reply_errorf(call->reply,
                 "ERR Unbalanced '%s' list of streams: for each stream key an ID%s must be "
                 "specified.",
                 reading->of_group ? "xreadgroup" : "xread", allowed);
    return false;
}

static bool only_of_group_or_reply(struct reading *reading, const char *option)
{
    if (!reading->of_group) {
        reply_errorf(reading->call->reply,
                     "ERR The %s option is only supported by XREADGROUP. You called XREAD instead.",
                     option);
    }
    return reading->of_group;
}

/* Everything up to the IDs. */
static bool words_or_reply(struct reading *reading)
{
    struct call *call = reading->call;
    for (int at = 1; at < call->argc && reading->first_key == 0; at++) {
        struct bytes word = call->argv[at];
        int more = call->argc - at - 1;
        bool read = true;
        if (more >= 1 && bytes_equal_string_nocase(word, "BLOCK")) {
            read = block_timeout_ms_or_reply(call, ++at, &reading->timeout_ms);
        } else if (more >= 1 && bytes_equal_string_nocase(word, "COUNT")) {
            read = argument_integer_or_reply(call, ++at, &reading->count);
            reading->count = reading->count < 0 ? 0 : reading->count;
        } else if (more >= 1 && bytes_equal_string_nocase(word, "STREAMS")) {
            read = streams_or_reply(reading, at + 1);
        } else if (more >= 2 && bytes_equal_string_nocase(word, "GROUP")) {
            read = only_of_group_or_reply(reading, "GROUP");
            reading->group_at = at + 1;
            reading->consumer_at = at + 2;
            at += 2;
        } else if (bytes_equal_string_nocase(word, "NOACK")) {
            read = only_of_group_or_reply(reading, "NOACK");
            reading->no_ack = true;
        } else {
            reply_syntax_error(call);
            return false;
        }
        if (!read) {
            return false;
        }
    }
    if (reading->first_key == 0) {
        reply_syntax_error(call);
        return false;
    }
    if (reading->timeout_ms >= 0 && call->instance->snapshot_ms != 0) {
        reply_errorf(call->reply, "ERR %s command is not allowed with BLOCK option from scripts",
                     reading->of_group ? "xreadgroup" : "xread");
        return false;
    }
    if (reading->of_group && reading->group_at == 0) {
        reply_error(call->reply, "ERR Missing GROUP option for XREADGROUP");
        return false;
    }
    return true;
}

static void reply_no_group(const struct reading *reading, const struct stream *stream, int key_at)
{
    struct call *call = reading->call;
    struct bytes key = call->argv[key_at], group = call->argv[reading->group_at];
    if (!call->resumed) {
        reply_errorf(call->reply,
                     "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP "
                     "option",
                     (int)key.size, key.data, (int)group.size, group.data);
    } else if (stream == NULL) {
        reply_error(call->reply, "UNBLOCKED the stream key no longer exists");
    } else {
        reply_error(call->reply,
                    "NOGROUP the consumer group this client was blocked on no longer exists");
    }
}

static bool request_or_reply(struct reading *reading, int index)
{
    struct call *call = reading->call;
    struct request *request = &reading->requests[index];
    int key_at = reading->first_key + index, id_at = key_at + reading->streams;
    struct stream *stream;
    struct entry *entry = keyspace_read(call, call->argv[key_at]);
    if (entry != NULL && entry->kind != VALUE_STREAM && !(call->resumed && reading->of_group)) {
        reply_wrong_type(call);
        return false;
    }
    stream = entry != NULL && entry->kind == VALUE_STREAM ? entry->data : NULL;
    if (reading->of_group) {
        request->group =
            stream == NULL ? NULL : stream_group_find(stream, call->argv[reading->group_at]);
        if (request->group == NULL) {
            reply_no_group(reading, stream, key_at);
            return false;
        }
    }
    bool last = call_supports(call, "7.4.0") && bytes_equal(call->argv[id_at], BYTES("+"));
    if (last || bytes_equal(call->argv[id_at], BYTES("$"))) {
        if (reading->of_group) {
            char sign = call->argv[id_at].data[0];
            reply_errorf(call->reply,
                         "ERR The %c ID is meaningless in the context of XREADGROUP: you want to "
                         "read the history of this consumer by specifying a proper ID, or use the "
                         "> ID to get new messages. The %c ID would just return an empty result "
                         "set.",
                         sign, sign);
            return false;
        }
        request->id = stream == NULL ? STREAM_ID_LEAST
                      : last         ? stream_last_entry_id(stream)
                                     : stream->last_id;
        if (last && !stream_id_is_zero(request->id)) {
            stream_id_decrement(&request->id); /* so that the last one itself is read */
        }
        return true;
    }
    if (bytes_equal(call->argv[id_at], BYTES(">"))) {
        request->newest = true;
        if (!reading->of_group) {
            reply_error(call->reply, "ERR The > ID can be specified only when calling XREADGROUP "
                                     "using the GROUP <group> <consumer> option.");
        }
        return reading->of_group;
    }
    if (!stream_id_or_reply(call, id_at, &request->id)) {
        return false;
    }
    /* To Redis ">" is the highest ID. */
    request->newest = reading->of_group && stream_id_compare(request->id, STREAM_ID_MOST) == 0;
    return true;
}

/* ---- Serving ---- */

/* The group is given an entry: it is pending for the consumer from now on, whoever had it. */
static void deliver(const struct reading *reading, struct stream *stream,
                    struct stream_group *group, struct stream_consumer *consumer,
                    struct stream_id id)
{
    int64_t now_ms = reading->call->now_ms;
    if (stream_id_compare(id, group->last_id) > 0) {
        stream_group_advance(stream, group, id);
    }
    if (reading->no_ack) {
        return;
    }
    consumer->active_ms = now_ms;
    struct stream_pending *pending = stream_pending_find(&group->pending, id);
    if (pending == NULL) {
        stream_pending_add(stream, group, consumer, id, now_ms);
        return;
    }
    stream_pending_move(pending, consumer);
    pending->delivered_ms = now_ms;
    pending->deliveries = 1;
}

static void reply_new(const struct reading *reading, struct stream *stream,
                      struct stream_group *group, struct stream_consumer *consumer,
                      struct stream_id after)
{
    struct call *call = reading->call;
    struct stream_entry entry;
    size_t mark = reply_defer(call->reply), shown = 0;
    bool any = stream_id_increment(&after);
    struct stream_cursor cursor = stream_range(stream, after, STREAM_ID_MOST, false);
    while (any && (reading->count == 0 || shown < (size_t)reading->count) &&
           stream_next(&cursor, &entry)) {
        reply_stream_entry(call, entry);
        if (group != NULL) {
            deliver(reading, stream, group, consumer, entry.id);
        }
        shown++;
    }
    reply_array_at(call->reply, mark, shown);
}

/* What the consumer was given before and has not acknowledged. */
static void reply_history(const struct reading *reading, const struct stream *stream,
                          struct stream_consumer *consumer, struct stream_id after)
{
    struct call *call = reading->call;
    size_t mark = reply_defer(call->reply), shown = 0;
    struct stream_pending *pending =
        stream_id_increment(&after) ? stream_pending_from(&consumer->pending, after) : NULL;
    for (; pending != NULL && (reading->count == 0 || shown < (size_t)reading->count); shown++) {
        struct stream_entry entry;
        if (stream_find(stream, stream_pending_id(pending), &entry)) {
            reply_stream_entry(call, entry);
            pending->delivered_ms = call->now_ms;
            pending->deliveries++;
        } else {
            reply_array(call->reply, 2);
            reply_stream_id(call, stream_pending_id(pending));
            reply_null_array(call->reply);
        }
        pending = stream_pending_next(&consumer->pending, pending);
    }
    reply_array_at(call->reply, mark, shown);
}

/* True: the stream had something, which is answered under its key. */
static bool serve(const struct reading *reading, int index)
{
    struct call *call = reading->call;
    const struct request *request = &reading->requests[index];
    int key_at = reading->first_key + index;
    struct entry *entry = keyspace_read(call, call->argv[key_at]); /* counts twice, as Redis's */
    struct stream_group *group = request->group;
    if (entry == NULL || entry->kind != VALUE_STREAM) {
        return false;
    }
    struct stream *stream = entry->data;
    struct stream_id after = request->newest ? group->last_id : request->id;
    bool history = group != NULL && !request->newest;
    bool ready = history ||
                 (stream->length > 0 && stream_id_compare(stream_last_entry_id(stream), after) > 0);
    if (!ready) {
        return false;
    }
    struct stream_consumer *consumer = NULL;
    if (group != NULL) {
        consumer =
            stream_consumer_obtain(call, key_at, stream, group, call->argv[reading->consumer_at]);
    }
    if (call->reply->protocol < 3) {
        reply_array(call->reply, 2);
    }
    reply_bulk(call->reply, call->argv[key_at]);
    if (history) {
        reply_history(reading, stream, consumer, after);
    } else {
        reply_new(reading, stream, group, consumer, after);
    }
    if (group != NULL) {
        stream_account(call, call->argv[key_at]);
    }
    return true;
}

/* Waits with "$" replaced by what it stands for now. */
static void wait_for_entries(const struct reading *reading)
{
    struct call waiting = *reading->call;
    struct bytes *words = memory_allocate((size_t)waiting.argc * sizeof(*words));
    char(*texts)[44] = memory_allocate((size_t)reading->streams * sizeof(*texts));
    memcpy(words, waiting.argv, (size_t)waiting.argc * sizeof(*words));
    for (int i = 0; i < reading->streams; i++) {
        struct stream_id id = reading->requests[i].id;
        if (!reading->requests[i].newest) {
            int size = snprintf(texts[i], sizeof(texts[i]), "%llu-%llu", (unsigned long long)id.ms,
                                (unsigned long long)id.seq);
            words[reading->first_key + reading->streams + i] =
                (struct bytes){texts[i], (size_t)size};
        }
    }
    waiting.argv = words;
    block_on_key_range(&waiting, reading->first_key, reading->streams, &stream_type,
                       reading->of_group, reading->timeout_ms, reply_null_array);
    memory_free(texts);
    memory_free(words);
}

static void read_streams(struct call *call, bool of_group)
{
    struct reading reading = {.call = call, .of_group = of_group, .timeout_ms = -1};
    if (!words_or_reply(&reading)) {
        return;
    }
    reading.requests =
        memory_allocate_zeroed((size_t)reading.streams * sizeof(*reading.requests) + 1);
    bool fits = true;
    int first = 0, end = reading.streams;
    while (first < end - 1 && !block_awaits(call, call->argv[reading.first_key + first])) {
        first++;
    }
    end = call->ready_key.data != NULL ? first + 1
                                       : end; /* of a key that is named twice, the first */
    for (int i = first; fits && i < end; i++) {
        fits = request_or_reply(&reading, i);
    }
    if (fits) {
        if (call->resumed && reading.count == 0) {
            reading.count = BLOCKED_COUNT;
        }
        size_t mark = reply_defer(call->reply), served = 0;
        for (int i = first; i < end; i++) {
            served += serve(&reading, i) ? 1 : 0;
        }
        if (served > 0 && call->reply->protocol < 3) {
            reply_array_at(call->reply, mark, served);
        } else if (served > 0) {
            reply_map_at(call->reply, mark, served);
        } else if (reading.timeout_ms >= 0) {
            wait_for_entries(&reading);
        } else {
            reply_null_array(call->reply);
        }
    }
    memory_free(reading.requests);
}

static void cmd_xread(struct call *call)
{
    read_streams(call, false);
}

static void cmd_xreadgroup(struct call *call)
{
    read_streams(call, true);
}

static const struct command commands[] = {
    {
        .name = "XREAD",
        .handler = cmd_xread,
        .arity = -4,
        .flags = CMD_READONLY | CMD_BLOCKING,
        .keys = {{.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "STREAMS",
                  .start_from = 1,
                  .find = KEY_FIND_RANGE,
                  .last = -1,
                  .step = 1,
                  .limit = 2,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "5.0.0",
        .complexity = "For each stream mentioned: O(N) with N being the number of elements "
                      "being returned, it means that XREAD-ing with a fixed COUNT is O(1). "
                      "Note that when the BLOCK option is used, XADD will pay O(M) time in "
                      "order to serve the M clients blocked on the stream getting new data.",
        .summary = "Return never seen elements in multiple streams, with IDs greater than "
                   "the ones reported by the caller for each stream. Can block.",
        .arguments = "[count=integer@COUNT] [milliseconds=integer@BLOCK] streams{key#0... "
                     "id...}@STREAMS",
    },
    {
        .name = "XREADGROUP",
        .handler = cmd_xreadgroup,
        .arity = -7,
        .flags = CMD_WRITE | CMD_BLOCKING,
        .keys = {{.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "STREAMS",
                  .start_from = 4,
                  .find = KEY_FIND_RANGE,
                  .last = -1,
                  .step = 1,
                  .limit = 2,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "5.0.0",
        .complexity = "For each stream mentioned: O(M) with M being the number of elements "
                      "returned. If M is constant (e.g. always asking for the first 10 "
                      "elements with COUNT), you can consider it O(1). On the other side when "
                      "XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N "
                      "clients blocked on the stream getting new data.",
        .summary = "Return new entries from a stream using a consumer group, or access the "
                   "history of the pending entries for a given consumer. Can block.",
        .arguments = "group_consumer{group consumer}@GROUP [count=integer@COUNT] "
                     "[milliseconds=integer@BLOCK] [noack=token@NOACK] streams{key#0... "
                     "id...}@STREAMS",
    },
};

const struct command_family stream_read_family = {"stream", commands, ARRAY_LEN(commands)};
