/* BLPOP, BRPOP, BLMOVE, BRPOPLPUSH and BLMPOP. */
#include "resp/arguments.h"
#include "resp/blocking.h"
#include "resp/commands/list.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static void pop(struct call *call, bool tail)
{
    int64_t timeout_ms;
    if (!block_timeout_or_reply(call, call->argc - 1, &timeout_ms)) {
        return;
    }
    for (int i = 1; i < call->argc - 1; i++) {
        struct list *list;
        if (!block_awaits(call, call->argv[i])) {
            continue;
        }
        if (!list_write_or_reply(call, i, &list)) {
            return;
        }
        if (list != NULL) {
            reply_array(call->reply, 2);
            reply_bulk(call->reply, call->argv[i]);
            list_reply_popped(call, call->argv[i], list, tail);
            return;
        }
    }
    block_on_key_range(call, 1, call->argc - 2, &list_type, false, timeout_ms, reply_null_array);
}

static void cmd_blpop(struct call *call)
{
    pop(call, false);
}

static void cmd_brpop(struct call *call)
{
    pop(call, true);
}

static void move(struct call *call, bool from_tail, bool to_tail, int timeout_index)
{
    struct list *from, *to;
    int64_t timeout_ms;
    if (!block_timeout_or_reply(call, timeout_index, &timeout_ms) ||
        !list_write_or_reply(call, 1, &from)) {
        return;
    }
    if (from == NULL) {
        block_on_key_range(call, 1, 1, &list_type, false, timeout_ms, reply_null);
        return;
    }
    if (list_write_or_reply(call, 2, &to)) {
        list_reply_moved(call, call->argv[1], from, from_tail, call->argv[2], to, to_tail);
    }
}

static void cmd_blmove(struct call *call)
{
    bool from_tail, to_tail;
    if (list_end_or_reply(call, 3, &from_tail) && list_end_or_reply(call, 4, &to_tail)) {
        move(call, from_tail, to_tail, 5);
    }
}

static void cmd_brpoplpush(struct call *call)
{
    move(call, true, false, 3);
}

static void cmd_blmpop(struct call *call)
{
    struct multiple_pop pop;
    int64_t timeout_ms;
    if (multiple_pop_or_reply(call, 2, "LEFT", "RIGHT", &pop) &&
        block_timeout_or_reply(call, 1, &timeout_ms) && !list_reply_first_popped(call, &pop)) {
        block_on_key_range(call, pop.first_key, pop.key_count, &list_type, false, timeout_ms,
                           reply_null_array);
    }
}

static const struct command commands[] = {
    {
        .name = "BLPOP",
        .handler = cmd_blpop,
        .arity = -3,
        .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of provided keys.",
        .summary = "Remove and get the first element in a list, or block until one is "
                   "available",
        .arguments = "key#0... timeout=double",
        .history =
            (const struct command_history[]){
                {"6.0.0", "`timeout` is interpreted as a double instead of an integer."}, {0}},
    },
    {
        .name = "BRPOP",
        .handler = cmd_brpop,
        .arity = -3,
        .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of provided keys.",
        .summary = "Remove and get the last element in a list, or block until one is "
                   "available",
        .arguments = "key#0... timeout=double",
        .history =
            (const struct command_history[]){
                {"6.0.0", "`timeout` is interpreted as a double instead of an integer."}, {0}},
    },
    {
        .name = "BLMOVE",
        .handler = cmd_blmove,
        .arity = 6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_NOSCRIPT | CMD_BLOCKING,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Pop an element from a list, push it to another list and return it; or "
                   "block until one is available",
        .arguments = "source#0 destination#1 wherefrom(left=token@LEFT|right=token@RIGHT) "
                     "whereto(left=token@LEFT|right=token@RIGHT) timeout=double",
    },
    {
        .name = "BRPOPLPUSH",
        .handler = cmd_brpoplpush,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_NOSCRIPT | CMD_BLOCKING,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Pop an element from a list, push it to another list and return it; or "
                   "block until one is available",
        .arguments = "source#0 destination#1 timeout=double",
        .history =
            (const struct command_history[]){
                {"6.0.0", "`timeout` is interpreted as a double instead of an integer."}, {0}},
        .deprecated_since = "6.2.0",
        .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "BLMPOP",
        .handler = cmd_blmpop,
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
        .complexity = "O(N+M) where N is the number of provided keys and M is the number of "
                      "elements returned.",
        .summary = "Pop elements from a list, or block until one is available",
        .arguments = "timeout=double numkeys=integer key#0... "
                     "where(left=token@LEFT|right=token@RIGHT) [count=integer@COUNT]",
    },
};

const struct command_family list_blocking_family = {"list", commands, ARRAY_LEN(commands)};
