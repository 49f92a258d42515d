/* Taking the lowest and highest members off: ZPOPMIN, ZMPOP, BZPOPMIN, BZMPOP... */
#include "resp/arguments.h"
#include "resp/blocking.h"
#include "resp/commands/multiple_pop.h"
#include "resp/commands/sorted_set.h"
#include "resp/instance_state.h"

/* Answers up to `count` members with their scores, each a pair when `nested`. */
static void reply_popped(struct call *call, struct bytes key, struct sorted_set *set, bool highest,
                         size_t count, bool nested)
{
    struct sorted_set_element element;
    size_t length = sorted_set_count(set), from = highest ? length - count : 0;
    struct sorted_set_cursor cursor = sorted_set_at(set, highest ? length - 1 : 0, highest);
    for (size_t i = 0; i < count && sorted_set_next(&cursor, &element); i++) {
        if (nested) {
            reply_array(call->reply, 2);
        }
        reply_bulk(call->reply, element.member);
        reply_double(call->reply, element.score);
    }
    sorted_set_remove_ranks(set, from, count);
    keyspace_shrunk(call, key, EVENT_SORTED_SET, highest ? "zpopmax" : "zpopmin",
                    sorted_set_count(set));
}

static size_t at_most(const struct sorted_set *set, int64_t count)
{
    size_t length = sorted_set_count(set);
    return (uint64_t)count < length ? (size_t)count : length;
}

static void pop(struct call *call, bool highest)
{
    struct sorted_set *set;
    int64_t count = 1;
    bool counted = call->argc == 3;
    if (call->argc > 3) {
        reply_syntax_error(call);
        return;
    }
    if (counted && !call_supports(call, "7.0.0")) {
        if (!argument_integer_or_reply(call, 2, &count)) {
            return;
        }
        if (count <= 0) { /* whatever the key is */
            reply_array(call->reply, 0);
            return;
        }
    }
    if ((counted &&
         !argument_integer_in_range_or_reply(call, 2, 0, INT64_MAX, &count,
                                             "ERR value is out of range, must be positive")) ||
        !sorted_set_write_or_reply(call, 1, &set)) {
        return;
    }
    if (set == NULL || count == 0) {
        reply_array(call->reply, 0);
        return;
    }
    bool nested = counted && call->reply->protocol > 2;
    size_t popped = at_most(set, count);
    reply_array(call->reply, nested ? popped : popped * 2);
    reply_popped(call, call->argv[1], set, highest, popped, nested);
}

static void cmd_zpopmin(struct call *call)
{
    pop(call, false);
}

static void cmd_zpopmax(struct call *call)
{
    pop(call, true);
}

/* True after answering from the first key that is there. */
static bool pop_first(struct call *call, const struct multiple_pop *request)
{
    for (int i = 0; i < request->key_count; i++) {
        struct bytes key = call->argv[request->first_key + i];
        struct sorted_set *set;
        if (!block_awaits(call, key)) {
            continue;
        }
        if (!sorted_set_write_or_reply(call, request->first_key + i, &set)) {
            return true;
        }
        if (set != NULL) {
            size_t popped = at_most(set, request->count);
            reply_array(call->reply, 2);
            reply_bulk(call->reply, key);
            reply_array(call->reply, popped);
            reply_popped(call, key, set, request->from_end, popped, true);
            return true;
        }
    }
    return false;
}

static void cmd_zmpop(struct call *call)
{
    struct multiple_pop request;
    if (multiple_pop_or_reply(call, 1, "MIN", "MAX", &request) && !pop_first(call, &request)) {
        reply_null_array(call->reply);
    }
}

static void cmd_bzmpop(struct call *call)
{
    struct multiple_pop request;
    int64_t timeout_ms;
    if (multiple_pop_or_reply(call, 2, "MIN", "MAX", &request) &&
        block_timeout_or_reply(call, 1, &timeout_ms) && !pop_first(call, &request)) {
        block_on_key_range(call, request.first_key, request.key_count, &sorted_set_type, false,
                           timeout_ms, reply_null_array);
    }
}

static void pop_or_wait(struct call *call, bool highest)
{
    int64_t timeout_ms;
    if (!block_timeout_or_reply(call, call->argc - 1, &timeout_ms)) {
        return;
    }
    for (int i = 1; i < call->argc - 1; i++) {
        struct sorted_set *set;
        if (!block_awaits(call, call->argv[i])) {
            continue;
        }
        if (!sorted_set_write_or_reply(call, i, &set)) {
            return;
        }
        if (set != NULL) {
            reply_array(call->reply, 3);
            reply_bulk(call->reply, call->argv[i]);
            reply_popped(call, call->argv[i], set, highest, 1, false);
            return;
        }
    }
    block_on_key_range(call, 1, call->argc - 2, &sorted_set_type, false, timeout_ms,
                       reply_null_array);
}

static void cmd_bzpopmin(struct call *call)
{
    pop_or_wait(call, false);
}

static void cmd_bzpopmax(struct call *call)
{
    pop_or_wait(call, true);
}

static const struct command commands[] = {
    {
        .name = "ZPOPMIN",
        .handler = cmd_zpopmin,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(log(N)*M) with N being the number of elements in the sorted set, and "
                      "M being the number of elements popped.",
        .summary = "Remove and return members with the lowest scores in a sorted set",
        .arguments = "key#0 [count=integer]",
    },
    {
        .name = "ZPOPMAX",
        .handler = cmd_zpopmax,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(log(N)*M) with N being the number of elements in the sorted set, and "
                      "M being the number of elements popped.",
        .summary = "Remove and return members with the highest scores in a sorted set",
        .arguments = "key#0 [count=integer]",
    },
    {
        .name = "ZMPOP",
        .handler = cmd_zmpop,
        .arity = -4,
        .flags = CMD_WRITE,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_DELETE}},
        .since = "7.0.0",
        .complexity = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the "
                      "number of elements in the sorted set, and M being the number of "
                      "elements popped.",
        .summary = "Remove and return members with scores in a sorted set",
        .arguments = "numkeys=integer key#0... where(min=token@MIN|max=token@MAX) "
                     "[count=integer@COUNT]",
    },
    {
        .name = "BZMPOP",
        .handler = cmd_bzmpop,
        .arity = -5,
        .flags = CMD_WRITE | CMD_BLOCKING,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_DELETE}},
        .since = "7.0.0",
        .complexity = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the "
                      "number of elements in the sorted set, and M being the number of "
                      "elements popped.",
        .summary = "Remove and return members with scores in a sorted set or block until "
                   "one is available",
        .arguments = "timeout=double numkeys=integer key#0... "
                     "where(min=token@MIN|max=token@MAX) [count=integer@COUNT]",
    },
    {
        .name = "BZPOPMIN",
        .handler = cmd_bzpopmin,
        .arity = -3,
        .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
        .since = "5.0.0",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
        .summary = "Remove and return the member with the lowest score from one or more "
                   "sorted sets, or block until one is available",
        .arguments = "key#0... timeout=double",
        .history =
            (const struct command_history[]){
                {"6.0.0", "`timeout` is interpreted as a double instead of an integer."}, {0}},
    },
    {
        .name = "BZPOPMAX",
        .handler = cmd_bzpopmax,
        .arity = -3,
        .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
        .since = "5.0.0",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
        .summary = "Remove and return the member with the highest score from one or more "
                   "sorted sets, or block until one is available",
        .arguments = "key#0... timeout=double",
        .history =
            (const struct command_history[]){
                {"6.0.0", "`timeout` is interpreted as a double instead of an integer."}, {0}},
    },
};

const struct command_family sorted_set_pop_family = {"sorted-set", commands, ARRAY_LEN(commands)};
