/* ZUNION, ZINTER, ZDIFF, their STORE forms, and ZINTERCARD: over sorted sets and plain sets. */
#include <math.h>
#include <stdlib.h>

#include "resp/arguments.h"
#include "resp/commands/set.h"
#include "resp/commands/sorted_set.h"
#include "resp/instance_state.h"

/* A key's contents: one of both, or neither when there is no key. A plain set scores 1. */
struct operand {
    const struct sorted_set *sorted;
    const struct set *plain;
    double weight;
};

static size_t operand_count(const struct operand *operand)
{
    return operand->sorted != NULL  ? sorted_set_count(operand->sorted)
           : operand->plain != NULL ? set_count(operand->plain)
                                    : 0;
}

static bool operand_score(const struct operand *operand, struct bytes member, double *score)
{
    *score = 1;
    return operand->sorted != NULL ? sorted_set_score(operand->sorted, member, score)
                                   : operand->plain != NULL && set_contains(operand->plain, member);
}

struct operand_cursor {
    const struct operand *operand;
    struct sorted_set_cursor sorted;
    struct set_cursor plain;
};

static struct operand_cursor operand_begin(const struct operand *operand)
{
    struct operand_cursor cursor = {.operand = operand};
    if (operand->sorted != NULL) {
        cursor.sorted = sorted_set_at(operand->sorted, 0, false);
    } else if (operand->plain != NULL) {
        cursor.plain = set_begin(operand->plain);
    }
    return cursor;
}

static bool operand_next(struct operand_cursor *cursor, struct sorted_set_element *element)
{
    if (cursor->operand->sorted != NULL) {
        return sorted_set_next(&cursor->sorted, element);
    }
    element->score = 1;
    return cursor->operand->plain != NULL && set_next(&cursor->plain, &element->member);
}

static void operand_end(struct operand_cursor *cursor)
{
    if (cursor->operand->plain != NULL) {
        set_end(&cursor->plain);
    }
}

enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };
enum operation { OPERATION_UNION, OPERATION_INTERSECTION, OPERATION_DIFFERENCE };

struct algebra {
    enum operation operation;
    enum aggregate aggregate;
    struct operand *operands;
    size_t count;
    bool with_scores, store, cardinality;
    int64_t limit;
    struct sorted_set result;
    struct packing_limits unpacked; /* a result is packed when it is whole: -0 stays on the way */
    uint64_t members;               /* ZINTERCARD's count */
};

static double weigh(const struct operand *operand, double score)
{
    double weighed = operand->weight * score;
    return isnan(weighed) ? 0 : weighed;
}

static double aggregate(const struct algebra *algebra, double a, double b)
{
    switch (algebra->aggregate) {
    case AGGREGATE_MIN:
        return b < a ? b : a;
    case AGGREGATE_MAX:
        return b > a ? b : a;
    case AGGREGATE_SUM:
        break;
    }
    /* inf and -inf add up to nothing */
    return isnan(a + b) ? 0 : a + b;
}

static void unite(struct algebra *algebra)
{
    struct sorted_set_element element;
    for (size_t i = 0; i < algebra->count; i++) {
        const struct operand *operand = &algebra->operands[i];
        for (struct operand_cursor cursor = operand_begin(operand);
             operand_next(&cursor, &element);) {
            double score = weigh(operand, element.score), before;
            if (sorted_set_score(&algebra->result, element.member, &before)) {
                score = aggregate(algebra, before, score);
                sorted_set_remove(&algebra->result, element.member); /* -0 replaces 0, too */
            }
            sorted_set_put(&algebra->result, element.member, score, &algebra->unpacked);
        }
    }
}

static bool score_in_all(const struct algebra *algebra, struct bytes member, double *score)
{
    for (size_t i = 1; i < algebra->count; i++) {
        double other;
        if (!operand_score(&algebra->operands[i], member, &other)) {
            return false;
        }
        *score = aggregate(algebra, *score, algebra->operands[i].weight * other);
    }
    return true;
}

static void intersect(struct algebra *algebra)
{
    struct sorted_set_element element;
    struct operand_cursor cursor = operand_begin(&algebra->operands[0]);
    while (operand_next(&cursor, &element)) {
        double score = weigh(&algebra->operands[0], element.score);
        if (!score_in_all(algebra, element.member, &score)) {
            continue;
        }
        if (!algebra->cardinality) {
            sorted_set_put(&algebra->result, element.member, score, &algebra->unpacked);
        } else if (++algebra->members == (uint64_t)algebra->limit) {
            operand_end(&cursor);
            return;
        }
    }
}

static void subtract(struct algebra *algebra)
{
    struct sorted_set_element element;
    for (struct operand_cursor cursor = operand_begin(&algebra->operands[0]);
         operand_next(&cursor, &element);) {
        bool elsewhere = false;
        for (size_t i = 1; !elsewhere && i < algebra->count; i++) {
            double score;
            elsewhere = operand_score(&algebra->operands[i], element.member, &score);
        }
        if (!elsewhere) {
            sorted_set_put(&algebra->result, element.member, element.score, &algebra->unpacked);
        }
    }
}

/* ---- Arguments ---- */

static bool operands_or_reply(struct call *call, int first, struct algebra *algebra)
{
    for (size_t i = 0; i < algebra->count; i++) {
        struct operand *operand = &algebra->operands[i];
        struct entry *entry = keyspace_read(call, call->argv[first + (int)i]);
        operand->weight = 1;
        if (entry != NULL && entry->kind == VALUE_SORTED_SET) {
            operand->sorted = sorted_set_in(entry);
        } else if (entry != NULL && entry->kind == VALUE_SET) {
            operand->plain = entry->data;
        } else if (entry != NULL) {
            reply_wrong_type(call);
            return false;
        }
    }
    return true;
}

static bool weights_or_reply(struct call *call, int first, struct algebra *algebra)
{
    for (size_t i = 0; i < algebra->count; i++) {
        if (!bytes_to_double(call->argv[first + (int)i], &algebra->operands[i].weight)) {
            reply_error(call->reply, "ERR weight value is not a float");
            return false;
        }
    }
    return true;
}

static bool aggregate_or_reply(struct call *call, int at, struct algebra *algebra)
{
    static const char *const names[] = {"SUM", "MIN", "MAX"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (bytes_equal_string_nocase(call->argv[at], names[i])) {
            algebra->aggregate = (enum aggregate)i;
            return true;
        }
    }
    reply_syntax_error(call);
    return false;
}

/* Which options there are depends on the command. */
static bool options_or_reply(struct call *call, int at, struct algebra *algebra)
{
    bool weighed = algebra->operation != OPERATION_DIFFERENCE && !algebra->cardinality;
    while (at < call->argc) {
        struct bytes word = call->argv[at];
        int left = call->argc - at;
        if (weighed && left > (int)algebra->count && bytes_equal_string_nocase(word, "WEIGHTS")) {
            if (!weights_or_reply(call, at + 1, algebra)) {
                return false;
            }
            at += 1 + (int)algebra->count;
        } else if (weighed && left >= 2 && bytes_equal_string_nocase(word, "AGGREGATE")) {
            if (!aggregate_or_reply(call, at + 1, algebra)) {
                return false;
            }
            at += 2;
        } else if (!algebra->store && !algebra->cardinality &&
                   bytes_equal_string_nocase(word, "WITHSCORES")) {
            algebra->with_scores = true;
            at++;
        } else if (algebra->cardinality && left >= 2 && bytes_equal_string_nocase(word, "LIMIT")) {
            if (!argument_integer_in_range_or_reply(call, at + 1, 0, INT64_MAX, &algebra->limit,
                                                    "ERR LIMIT can't be negative")) {
                return false;
            }
            at += 2;
        } else {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

static int by_count(const void *a, const void *b)
{
    size_t first = operand_count(a), second = operand_count(b);
    return first < second ? -1 : first > second;
}

static void reply_result(struct call *call, const struct algebra *algebra)
{
    struct sorted_set_element element;
    struct sorted_set_cursor cursor = sorted_set_at(&algebra->result, 0, false);
    sorted_set_reply_begin(call, sorted_set_count(&algebra->result), algebra->with_scores);
    while (sorted_set_next(&cursor, &element)) {
        sorted_set_reply_member(call, element.member, element.score, algebra->with_scores);
    }
}

static void (*const operations[])(struct algebra *algebra) = {unite, intersect, subtract};

/* `at` is where numkeys stands. */
static void run(struct call *call, int at, struct algebra algebra, const char *event)
{
    int64_t count;
    if (!argument_integer_or_reply(call, at, &count)) {
        return;
    }
    if (count < 1) {
        char name[64];
        command_full_name(call->session->last, name);
        if (call_supports(call, "7.0.0")) {
            reply_errorf(call->reply, "ERR at least 1 input key is needed for '%s' command", name);
        } else {
            reply_error(call->reply,
                        "ERR at least 1 input key is needed for ZUNIONSTORE/ZINTERSTORE");
        }
        return;
    }
    if (count > call->argc - at - 1) {
        reply_syntax_error(call);
        return;
    }
    algebra.count = (size_t)count;
    algebra.operands = memory_allocate_zeroed(algebra.count * sizeof(*algebra.operands));
    if (operands_or_reply(call, at + 1, &algebra) &&
        options_or_reply(call, at + 1 + (int)count, &algebra)) {
        if (algebra.operation != OPERATION_DIFFERENCE) {
            qsort(algebra.operands, algebra.count, sizeof(*algebra.operands), by_count);
        }
        algebra.result = sorted_set_create();
        algebra.unpacked.random = call->instance->random;
        operations[algebra.operation](&algebra);
        if (algebra.store) {
            sorted_set_pack(&algebra.result, &call->instance->packing);
            sorted_set_store(call, call->argv[1], algebra.result, event);
        } else if (algebra.cardinality) {
            reply_integer(call->reply, (int64_t)algebra.members);
        } else {
            reply_result(call, &algebra);
        }
        if (!algebra.store) {
            sorted_set_destroy(&algebra.result);
        }
    }
    memory_free(algebra.operands);
}

static void cmd_zunion(struct call *call)
{
    run(call, 1, (struct algebra){.operation = OPERATION_UNION}, NULL);
}

static void cmd_zinter(struct call *call)
{
    run(call, 1, (struct algebra){.operation = OPERATION_INTERSECTION}, NULL);
}

static void cmd_zdiff(struct call *call)
{
    run(call, 1, (struct algebra){.operation = OPERATION_DIFFERENCE}, NULL);
}

static void cmd_zunionstore(struct call *call)
{
    run(call, 2, (struct algebra){.operation = OPERATION_UNION, .store = true}, "zunionstore");
}

static void cmd_zinterstore(struct call *call)
{
    run(call, 2, (struct algebra){.operation = OPERATION_INTERSECTION, .store = true},
        "zinterstore");
}

static void cmd_zdiffstore(struct call *call)
{
    run(call, 2, (struct algebra){.operation = OPERATION_DIFFERENCE, .store = true}, "zdiffstore");
}

static void cmd_zintercard(struct call *call)
{
    run(call, 1, (struct algebra){.operation = OPERATION_INTERSECTION, .cardinality = true}, NULL);
}

static const struct command commands[] = {
    {
        .name = "ZUNION",
        .handler = cmd_zunion,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "6.2.0",
        .complexity = "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted "
                      "sets, and M being the number of elements in the resulting sorted set.",
        .summary = "Add multiple sorted sets",
        .arguments = "numkeys=integer key#0... [weight=integer@WEIGHTS...] "
                     "[aggregate(sum=token@SUM|min=token@MIN|max=token@MAX)@AGGREGATE] "
                     "[withscores=token@WITHSCORES]",
    },
    {
        .name = "ZUNIONSTORE",
        .handler = cmd_zunionstore,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1),
                 {.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "2.0.0",
        .complexity = "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted "
                      "sets, and M being the number of elements in the resulting sorted set.",
        .summary = "Add multiple sorted sets and store the resulting sorted set in a new key",
        .arguments = "destination#0 numkeys=integer key#1... [weight=integer@WEIGHTS...] "
                     "[aggregate(sum=token@SUM|min=token@MIN|max=token@MAX)@AGGREGATE]",
    },
    {
        .name = "ZINTER",
        .handler = cmd_zinter,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "6.2.0",
        .complexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted "
                      "set, K being the number of input sorted sets and M being the number of "
                      "elements in the resulting sorted set.",
        .summary = "Intersect multiple sorted sets",
        .arguments = "numkeys=integer key#0... [weight=integer@WEIGHTS...] "
                     "[aggregate(sum=token@SUM|min=token@MIN|max=token@MAX)@AGGREGATE] "
                     "[withscores=token@WITHSCORES]",
    },
    {
        .name = "ZINTERSTORE",
        .handler = cmd_zinterstore,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1),
                 {.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "2.0.0",
        .complexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted "
                      "set, K being the number of input sorted sets and M being the number of "
                      "elements in the resulting sorted set.",
        .summary = "Intersect multiple sorted sets and store the resulting sorted set in a "
                   "new key",
        .arguments = "destination#0 numkeys=integer key#1... [weight=integer@WEIGHTS...] "
                     "[aggregate(sum=token@SUM|min=token@MIN|max=token@MAX)@AGGREGATE]",
    },
    {
        .name = "ZDIFF",
        .handler = cmd_zdiff,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "6.2.0",
        .complexity = "O(L + (N-K)log(N)) worst case where L is the total number of elements "
                      "in all the sets, N is the size of the first set, and K is the size of "
                      "the result set.",
        .summary = "Subtract multiple sorted sets",
        .arguments = "numkeys=integer key#0... [withscores=token@WITHSCORES]",
    },
    {
        .name = "ZDIFFSTORE",
        .handler = cmd_zdiffstore,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1),
                 {.begin = KEY_BEGIN_INDEX,
                  .index = 2,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "6.2.0",
        .complexity = "O(L + (N-K)log(N)) worst case where L is the total number of elements "
                      "in all the sets, N is the size of the first set, and K is the size of "
                      "the result set.",
        .summary = "Subtract multiple sorted sets and store the resulting sorted set in a "
                   "new key",
        .arguments = "destination#0 numkeys=integer key#1...",
    },
    {
        .name = "ZINTERCARD",
        .handler = cmd_zintercard,
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
        .complexity = "O(N*K) worst case with N being the smallest input sorted set, K being "
                      "the number of input sorted sets.",
        .summary = "Intersect multiple sorted sets and return the cardinality of the result",
        .arguments = "numkeys=integer key#0... [limit=integer@LIMIT]",
    },
};

const struct command_family sorted_set_algebra_family = {"sorted-set", commands,
                                                         ARRAY_LEN(commands)};
