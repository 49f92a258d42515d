/* SINTER, SUNION, SDIFF, their STORE forms, and SINTERCARD. */
#include <stdlib.h>

#include "resp/arguments.h"
#include "resp/commands/set.h"
#include "resp/instance_state.h"

/* The sets at argv[first...]; entries are NULL where there is no key. */
struct operands {
    struct set **sets;
    size_t count;
};

static bool operands_or_reply(struct call *call, int first, int count, struct operands *operands)
{
    operands->count = (size_t)count;
    operands->sets = memory_allocate_zeroed(operands->count * sizeof(*operands->sets));
    for (int i = 0; i < count; i++) {
        if (!set_read_or_reply(call, first + i, &operands->sets[i])) {
            memory_free(operands->sets);
            return false;
        }
    }
    return true;
}

/* ---- Where results go: a reply, a new set, or a mere count ---- */

struct result {
    struct call *call;
    struct set *set; /* NULL: replied as they come */
    bool counted;    /* only how many */
    uint64_t count, limit;
};

static bool result_full(const struct result *result)
{
    return result->limit > 0 && result->count == result->limit;
}

static void result_add(struct result *result, struct bytes member)
{
    if (result->set != NULL) {
        set_add(result->set, member, &result->call->instance->packing);
    } else if (!result->counted) {
        reply_bulk(result->call->reply, member);
    }
    result->count++;
}

/* ---- The operations ---- */

static int by_size(const void *a, const void *b)
{
    size_t first = set_count(*(struct set *const *)a), second = set_count(*(struct set *const *)b);
    return first < second ? -1 : first > second;
}

static bool in_all(struct set *const *sets, size_t count, struct bytes member)
{
    for (size_t i = 0; i < count; i++) {
        if (!set_contains(sets[i], member)) {
            return false;
        }
    }
    return true;
}

static void intersect(struct operands *operands, struct result *result)
{
    struct bytes member;
    for (size_t i = 0; i < operands->count; i++) {
        if (operands->sets[i] == NULL) {
            return;
        }
    }
    qsort(operands->sets, operands->count, sizeof(struct set *), by_size);
    struct set_cursor cursor = set_begin(operands->sets[0]);
    while (set_next(&cursor, &member)) {
        if (in_all(operands->sets + 1, operands->count - 1, member)) {
            result_add(result, member);
            if (result_full(result)) {
                set_end(&cursor);
                return;
            }
        }
    }
}

static void unite(struct operands *operands, struct result *result)
{
    struct set *seen = set_create(result->call->instance->random);
    struct bytes member;
    for (size_t i = 0; i < operands->count; i++) {
        if (operands->sets[i] == NULL) {
            continue;
        }
        for (struct set_cursor cursor = set_begin(operands->sets[i]); set_next(&cursor, &member);) {
            if (set_add(seen, member, &result->call->instance->packing)) {
                result_add(result, member);
            }
        }
    }
    set_destroy(seen);
}

static bool in_any(struct set *const *sets, size_t count, struct bytes member)
{
    for (size_t i = 0; i < count; i++) {
        if (sets[i] != NULL && set_contains(sets[i], member)) {
            return true;
        }
    }
    return false;
}

static void subtract(struct operands *operands, struct result *result)
{
    struct bytes member;
    if (operands->sets[0] == NULL) {
        return;
    }
    for (struct set_cursor cursor = set_begin(operands->sets[0]); set_next(&cursor, &member);) {
        if (!in_any(operands->sets + 1, operands->count - 1, member)) {
            result_add(result, member);
        }
    }
}

typedef void operation(struct operands *operands, struct result *result);

static void reply_operation(struct call *call, operation *run)
{
    struct operands operands;
    struct result result = {.call = call};
    if (!operands_or_reply(call, 1, call->argc - 1, &operands)) {
        return;
    }
    size_t mark = reply_defer(call->reply);
    run(&operands, &result);
    reply_set_at(call->reply, mark, (size_t)result.count);
    memory_free(operands.sets);
}

static void store_operation(struct call *call, operation *run, const char *event)
{
    struct operands operands;
    struct bytes key = call->argv[1];
    if (!operands_or_reply(call, 2, call->argc - 2, &operands)) {
        return;
    }
    struct result result = {.call = call, .set = set_create(call->instance->random)};
    run(&operands, &result);
    memory_free(operands.sets);
    if (result.count > 0) {
        keyspace_set_take(call->db, key, &set_type, result.set);
        keyspace_changed(call, key, EVENT_SET, event);
    } else {
        set_destroy(result.set);
        keyspace_delete_changed(call, key);
    }
    reply_integer(call->reply, (int64_t)result.count);
}

static void cmd_sinter(struct call *call)
{
    reply_operation(call, intersect);
}

static void cmd_sinterstore(struct call *call)
{
    store_operation(call, intersect, "sinterstore");
}

static void cmd_sunion(struct call *call)
{
    reply_operation(call, unite);
}

static void cmd_sunionstore(struct call *call)
{
    store_operation(call, unite, "sunionstore");
}

static void cmd_sdiff(struct call *call)
{
    reply_operation(call, subtract);
}

static void cmd_sdiffstore(struct call *call)
{
    store_operation(call, subtract, "sdiffstore");
}

static void cmd_sintercard(struct call *call)
{
    struct operands operands;
    struct result result = {.call = call, .counted = true};
    int64_t key_count, limit = 0;
    if (!argument_integer_in_range_or_reply(call, 1, 1, INT64_MAX, &key_count,
                                            "ERR numkeys should be greater than 0")) {
        return;
    }
    if (key_count > call->argc - 2) {
        reply_error(call->reply, "ERR Number of keys can't be greater than number of args");
        return;
    }
    for (int i = 2 + (int)key_count; i < call->argc; i += 2) {
        if (!bytes_equal_string_nocase(call->argv[i], "LIMIT") || i + 1 == call->argc) {
            reply_syntax_error(call);
            return;
        }
        if (!argument_integer_in_range_or_reply(call, i + 1, 0, INT64_MAX, &limit,
                                                "ERR LIMIT can't be negative")) {
            return;
        }
    }
    if (!operands_or_reply(call, 2, (int)key_count, &operands)) {
        return;
    }
    result.limit = (uint64_t)limit;
    intersect(&operands, &result);
    memory_free(operands.sets);
    reply_integer(call->reply, (int64_t)result.count);
}

static const struct command commands[] = {
    {
        .name = "SINTER",
        .handler = cmd_sinter,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M "
                      "is the number of sets.",
        .summary = "Intersect multiple sets",
        .arguments = "key#0...",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "SINTERSTORE",
        .handler = cmd_sinterstore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M "
                      "is the number of sets.",
        .summary = "Intersect multiple sets and store the resulting set in a key",
        .arguments = "destination#0 key#1...",
    },
    {
        .name = "SUNION",
        .handler = cmd_sunion,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of elements in all given sets.",
        .summary = "Add multiple sets",
        .arguments = "key#0...",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "SUNIONSTORE",
        .handler = cmd_sunionstore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of elements in all given sets.",
        .summary = "Add multiple sets and store the resulting set in a key",
        .arguments = "destination#0 key#1...",
    },
    {
        .name = "SDIFF",
        .handler = cmd_sdiff,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of elements in all given sets.",
        .summary = "Subtract multiple sets",
        .arguments = "key#0...",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "SDIFFSTORE",
        .handler = cmd_sdiffstore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of elements in all given sets.",
        .summary = "Subtract multiple sets and store the resulting set in a key",
        .arguments = "destination#0 key#1...",
    },
    {
        .name = "SINTERCARD",
        .handler = cmd_sintercard,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "7.0.0",
        .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M "
                      "is the number of sets.",
        .summary = "Intersect multiple sets and return the cardinality of the result",
        .arguments = "numkeys=integer key#0... [limit=integer@LIMIT]",
    },
};

const struct command_family set_algebra_family = {"set", commands, ARRAY_LEN(commands)};
