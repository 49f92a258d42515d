/* The set family: SADD, SMEMBERS, SPOP and friends. */
#include "resp/commands/set.h"

#include "resp/arguments.h"
#include "resp/commands/scan.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static struct set *make_set(struct call *call, struct bytes key)
{
    struct set *set = set_create(call->instance->random);
    keyspace_set_take(call->db, key, &set_type, set);
    return set;
}

/* ---- Writing ---- */

static void cmd_sadd(struct call *call)
{
    struct set *set;
    int64_t added = 0;
    if (!set_write_or_reply(call, 1, &set)) {
        return;
    }
    if (set == NULL) {
        set = make_set(call, call->argv[1]);
    }
    for (int i = 2; i < call->argc; i++) {
        added += set_add(set, call->argv[i], &call->instance->packing) ? 1 : 0;
    }
    if (added > 0) {
        keyspace_changed(call, call->argv[1], EVENT_SET, "sadd");
    }
    reply_integer(call->reply, added);
}

static void cmd_srem(struct call *call)
{
    struct set *set;
    int64_t removed = 0;
    if (!set_write_or_reply(call, 1, &set)) {
        return;
    }
    for (int i = 2; set != NULL && i < call->argc && set_count(set) > 0; i++) {
        removed += set_remove(set, call->argv[i]) ? 1 : 0;
    }
    if (removed > 0) {
        keyspace_shrunk(call, call->argv[1], EVENT_SET, "srem", set_count(set));
    }
    reply_integer(call->reply, removed);
}

static void cmd_smove(struct call *call)
{
    struct bytes from_key = call->argv[1], to_key = call->argv[2], member = call->argv[3];
    struct set *from, *to;
    if (!set_write_or_reply(call, 1, &from)) {
        return;
    }
    if (from == NULL) {
        reply_integer(call->reply, 0);
        return;
    }
    if (!set_write_or_reply(call, 2, &to)) {
        return;
    }
    if (from == to) {
        reply_integer(call->reply, set_contains(from, member) ? 1 : 0);
        return;
    }
    if (!set_remove(from, member)) {
        reply_integer(call->reply, 0);
        return;
    }
    keyspace_shrunk(call, from_key, EVENT_SET, "srem", set_count(from));
    if (to == NULL) {
        to = make_set(call, to_key);
    }
    if (set_add(to, member, &call->instance->packing)) {
        keyspace_changed(call, to_key, EVENT_SET, "sadd");
    }
    reply_integer(call->reply, 1);
}

/* ---- Reading ---- */

static void cmd_sismember(struct call *call)
{
    struct set *set;
    if (set_read_or_reply(call, 1, &set)) {
        reply_integer(call->reply, set != NULL && set_contains(set, call->argv[2]) ? 1 : 0);
    }
}

static void cmd_smismember(struct call *call)
{
    struct set *set;
    if (!set_read_or_reply(call, 1, &set)) {
        return;
    }
    reply_array(call->reply, (size_t)call->argc - 2);
    for (int i = 2; i < call->argc; i++) {
        reply_integer(call->reply, set != NULL && set_contains(set, call->argv[i]) ? 1 : 0);
    }
}

static void cmd_scard(struct call *call)
{
    struct set *set;
    if (set_read_or_reply(call, 1, &set)) {
        reply_integer(call->reply, set == NULL ? 0 : (int64_t)set_count(set));
    }
}

static void reply_members(struct call *call, const struct set *set)
{
    struct bytes member;
    for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member);) {
        reply_bulk(call->reply, member);
    }
}

static void cmd_smembers(struct call *call)
{
    struct set *set;
    if (!set_read_or_reply(call, 1, &set)) {
        return;
    }
    reply_set(call->reply, set == NULL ? 0 : set_count(set));
    if (set != NULL) {
        reply_members(call, set);
    }
}

static void visit(void *context, struct bytes member)
{
    struct scan_progress *progress = context;
    if (scan_meets(progress, member, 1)) {
        reply_bulk(progress->reply, member);
    }
}

static uint64_t scan_step(const void *data, uint64_t cursor, struct scan_progress *progress)
{
    return set_scan(data, cursor, visit, progress);
}

static void cmd_sscan(struct call *call)
{
    scan_collection(call, &set_type, scan_step);
}

/* ---- Arbitrary members ---- */

static void pop_one(struct call *call, struct set *set)
{
    char digits[SET_DIGITS];
    struct bytes member = set_random(set, call->instance->random, digits);
    reply_bulk(call->reply, member);
    /* A table's member lies in what is removed: it is found before it goes. */
    set_remove(set, member);
}

static void pop_many(struct call *call, struct set *set, uint64_t count)
{
    if (count < set_count(set)) {
        reply_set(call->reply, (size_t)count);
        for (uint64_t i = 0; i < count; i++) {
            pop_one(call, set);
        }
        keyspace_changed(call, call->argv[1], EVENT_SET, "spop");
        return;
    }
    reply_set(call->reply, set_count(set));
    reply_members(call, set);
    keyspace_shrunk(call, call->argv[1], EVENT_SET, "spop", 0);
}

static void cmd_spop(struct call *call)
{
    struct set *set;
    int64_t count = 0;
    if (call->argc > 3) {
        reply_syntax_error(call);
        return;
    }
    if (call->argc == 3 && !call_supports(call, "6.2.0")) {
        if (!argument_integer_or_reply(call, 2, &count)) {
            return;
        }
        if (count < 0) {
            reply_error(call->reply, ERROR_INDEX);
            return;
        }
    } else if (call->argc == 3 &&
               !argument_integer_in_range_or_reply(call, 2, 0, INT64_MAX, &count,
                                                   "ERR value is out of range, must be positive")) {
        return;
    }
    if (!set_write_or_reply(call, 1, &set)) {
        return;
    }
    if (call->argc == 3) {
        if (set == NULL || count == 0) {
            reply_set(call->reply, 0);
        } else {
            pop_many(call, set, (uint64_t)count);
        }
    } else if (set == NULL) {
        reply_null(call->reply);
    } else {
        pop_one(call, set);
        keyspace_shrunk(call, call->argv[1], EVENT_SET, "spop", set_count(set));
    }
}

/* Until 6.2 the answer was a set, though members may come twice. */
static void reply_chosen(struct call *call, size_t count)
{
    if (call_supports(call, "6.2.0")) {
        reply_array(call->reply, count);
    } else {
        reply_set(call->reply, count);
    }
}

/* `count` different members: each is taken with the odds of what is still wanted. */
static void reply_different(struct call *call, const struct set *set, uint64_t count)
{
    uint64_t left = set_count(set), wanted = count < left ? count : left;
    struct bytes member;
    reply_chosen(call, (size_t)wanted);
    for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member); left--) {
        if (wanted > 0 && random_below(call->instance->random, left) < wanted) {
            wanted--;
            reply_bulk(call->reply, member);
        }
    }
}

static void cmd_srandmember(struct call *call)
{
    char digits[SET_DIGITS];
    struct set *set;
    int64_t count = 0;
    if (call->argc > 3) {
        reply_syntax_error(call);
        return;
    }
    if ((call->argc == 3 &&
         !argument_integer_in_range_or_reply(call, 2, -INT64_MAX, INT64_MAX, &count, NULL)) ||
        !set_read_or_reply(call, 1, &set)) {
        return;
    }
    if (call->argc == 2) {
        if (set == NULL) {
            reply_null(call->reply);
        } else {
            reply_bulk(call->reply, set_random(set, call->instance->random, digits));
        }
    } else if (set == NULL || count == 0) {
        reply_chosen(call, 0);
    } else if (count > 0) {
        reply_different(call, set, (uint64_t)count);
    } else {
        reply_chosen(call, (size_t)-count);
        for (int64_t i = 0; i > count; i--) {
            reply_bulk(call->reply, set_random(set, call->instance->random, digits));
        }
    }
}

static const struct command commands[] = {
    {
        .name = "SADD",
        .handler = cmd_sadd,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1) for each element added, so O(N) to add N elements when the command "
                      "is called with multiple arguments.",
        .summary = "Add one or more members to a set",
        .arguments = "key#0 member...",
        .history =
            (const struct command_history[]){{"2.4.0", "Accepts multiple `member` arguments."},
                                             {0}},
    },
    {
        .name = "SREM",
        .handler = cmd_srem,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of members to be removed.",
        .summary = "Remove one or more members from a set",
        .arguments = "key#0 member...",
        .history =
            (const struct command_history[]){{"2.4.0", "Accepts multiple `member` arguments."},
                                             {0}},
    },
    {
        .name = "SMOVE",
        .handler = cmd_smove,
        .arity = 4,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Move a member from one set to another",
        .arguments = "source#0 destination#1 member",
    },
    {
        .name = "SISMEMBER",
        .handler = cmd_sismember,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Determine if a given value is a member of a set",
        .arguments = "key#0 member",
    },
    {
        .name = "SMISMEMBER",
        .handler = cmd_smismember,
        .arity = -3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N) where N is the number of elements being checked for membership",
        .summary = "Returns the membership associated with the given elements for a set",
        .arguments = "key#0 member...",
    },
    {
        .name = "SCARD",
        .handler = cmd_scard,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get the number of members in a set",
        .arguments = "key#0",
    },
    {
        .name = "SMEMBERS",
        .handler = cmd_smembers,
        .arity = 2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the set cardinality.",
        .summary = "Get all the members in a set",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "SPOP",
        .handler = cmd_spop,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "Without the count argument O(1), otherwise O(N) where N is the value of "
                      "the passed count.",
        .summary = "Remove and return one or multiple random members from a set",
        .arguments = "key#0 [count=integer^3.2.0]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history = (const struct command_history[]){{"3.2.0", "Added the `count` argument."}, {0}},
    },
    {
        .name = "SRANDMEMBER",
        .handler = cmd_srandmember,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "Without the count argument O(1), otherwise O(N) where N is the absolute "
                      "value of the passed count.",
        .summary = "Get one or multiple random members from a set",
        .arguments = "key#0 [count=integer^2.6.0]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){{"2.6.0", "Added the optional `count` argument."},
                                             {0}},
    },
    {
        .name = "SSCAN",
        .handler = cmd_sscan,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.0",
        .complexity = "O(1) for every call. O(N) for a complete iteration, including enough "
                      "command calls for the cursor to return back to 0. N is the number of "
                      "elements inside the collection..",
        .summary = "Incrementally iterate Set elements",
        .arguments = "key#0 cursor=integer [pattern=pattern@MATCH] [count=integer@COUNT]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
};

const struct command_family set_family = {"set", commands, ARRAY_LEN(commands)};
