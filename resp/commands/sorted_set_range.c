/* Ranges of sorted sets, by rank, by score and by member: ZRANGE, ZCOUNT, ZREMRANGEBYSCORE... */
#include <math.h>
#include <stdlib.h>

#include "resp/arguments.h"
#include "resp/commands/sorted_set.h"
#include "resp/instance_state.h"

/* ---- Bounds ---- */

enum range_kind { BY_RANK, BY_SCORE, BY_MEMBER };
enum bound_kind { BOUND_LOWEST, BOUND_VALUE, BOUND_HIGHEST };

struct bound {
    bool open; /* the value itself is outside */
    double score;
    enum bound_kind kind; /* of a member */
    struct bytes member;
};

struct range {
    enum range_kind kind;
    int64_t first, last; /* BY_RANK, as given */
    struct bound minimum, maximum;
};

/* Redis reads these with strtod alone: an empty word is 0, spaces in front are fine. */
static bool read_score_bound(struct bytes text, struct bound *bound)
{
    bound->open = text.size > 0 && text.data[0] == '(';
    char *copy = bytes_to_string(bound->open ? bytes_slice(text, 1, text.size) : text), *end;
    bound->score = strtod(copy, &end);
    bool whole = *end == '\0' && !isnan(bound->score);
    memory_free(copy);
    return whole;
}

static bool read_member_bound(struct bytes text, struct bound *bound)
{
    char mark = text.size > 0 ? text.data[0] : '\0';
    bound->kind = mark == '-' ? BOUND_LOWEST : mark == '+' ? BOUND_HIGHEST : BOUND_VALUE;
    bound->open = mark == '(';
    bound->member = bytes_slice(text, 1, text.size);
    return bound->kind == BOUND_VALUE ? mark == '(' || mark == '[' : text.size == 1;
}

/* The bounds at argv[minimum_at] and argv[maximum_at]. */
static bool range_or_reply(struct call *call, enum range_kind kind, int minimum_at, int maximum_at,
                           struct range *range)
{
    struct bytes minimum = call->argv[minimum_at], maximum = call->argv[maximum_at];
    *range = (struct range){.kind = kind};
    switch (kind) {
    case BY_RANK:
        return argument_integer_or_reply(call, minimum_at, &range->first) &&
               argument_integer_or_reply(call, maximum_at, &range->last);
    case BY_SCORE:
        if (read_score_bound(minimum, &range->minimum) &&
            read_score_bound(maximum, &range->maximum)) {
            return true;
        }
        reply_error(call->reply, "ERR min or max is not a float");
        return false;
    case BY_MEMBER:
        break;
    }
    if (read_member_bound(minimum, &range->minimum) &&
        read_member_bound(maximum, &range->maximum)) {
        return true;
    }
    reply_error(call->reply, "ERR min or max not valid string range item");
    return false;
}

/* ---- From bounds to ranks ---- */

static bool score_below(const void *context, struct bytes member, double score)
{
    const struct bound *minimum = context;
    (void)member;
    return minimum->open ? score <= minimum->score : score < minimum->score;
}

static bool score_within(const void *context, struct bytes member, double score)
{
    const struct bound *maximum = context;
    (void)member;
    return maximum->open ? score < maximum->score : score <= maximum->score;
}

static int compare_to_bound(struct bytes member, const struct bound *bound)
{
    return bound->kind == BOUND_VALUE    ? bytes_compare(member, bound->member)
           : bound->kind == BOUND_LOWEST ? 1
                                         : -1;
}

static bool member_below(const void *context, struct bytes member, double score)
{
    const struct bound *minimum = context;
    int order = compare_to_bound(member, minimum);
    (void)score;
    return minimum->open ? order <= 0 : order < 0;
}

static bool member_within(const void *context, struct bytes member, double score)
{
    const struct bound *maximum = context;
    int order = compare_to_bound(member, maximum);
    (void)score;
    return maximum->open ? order < 0 : order <= 0;
}

/* Ranks from..from+count-1 of the set, counted from the front. */
struct ranks {
    size_t from, count;
};

static struct ranks find_ranks(const struct sorted_set *set, const struct range *range,
                               bool reverse)
{
    int64_t length = (int64_t)sorted_set_count(set), from, to; /* `to` is outside */
    if (range->kind == BY_RANK) {
        from = range->first < 0 ? range->first + length : range->first;
        to = (range->last < 0        ? range->last + length
              : range->last < length ? range->last
                                     : length - 1) +
             1;
        from = from < 0 ? 0 : from;
        if (reverse) {
            int64_t end = length - from;
            from = length - to;
            to = end;
        }
    } else {
        bool scores = range->kind == BY_SCORE;
        from = (int64_t)sorted_set_partition(set, scores ? score_below : member_below,
                                             &range->minimum);
        to = (int64_t)sorted_set_partition(set, scores ? score_within : member_within,
                                           &range->maximum);
    }
    return to <= from ? (struct ranks){0} : (struct ranks){(size_t)from, (size_t)(to - from)};
}

/* ---- ZRANGE and its older forms ---- */

static const struct option range_options[] = {
    {"WITHSCORES", OPTION_FLAG, 0, NULL, 0}, {"LIMIT", OPTION_INTEGER, 0, NULL, 1},
    {"REV", OPTION_FLAG, 0, "6.2.0", 0},     {"BYLEX", OPTION_FLAG, 1, "6.2.0", 0},
    {"BYSCORE", OPTION_FLAG, 1, "6.2.0", 0}, {0},
};
enum { WITHSCORES, LIMIT, REV, BYLEX, BYSCORE, RANGE_OPTIONS };

struct range_request {
    enum range_kind kind;
    bool reverse, fixed; /* fixed: kind and direction are the command's own */
    bool with_scores, store;
    int64_t offset, limit; /* limit negative: all */
    struct range range;
};

static bool range_options_or_reply(struct call *call, int from, struct range_request *request)
{
    struct option_found found[RANGE_OPTIONS];
    request->limit = -1;
    if (!call_supports(call, "6.2.0") && request->kind == BY_RANK && call->argc > from) {
        request->with_scores =
            call->argc == from + 1 && bytes_equal_string_nocase(call->argv[from], "WITHSCORES");
        if (!request->with_scores) {
            reply_syntax_error(call);
        }
        return request->with_scores;
    }
    if (!arguments_options_or_reply(call, from, range_options, found)) {
        return false;
    }
    bool kinds = found[REV].present || found[BYLEX].present || found[BYSCORE].present;
    if ((request->store && found[WITHSCORES].present) || (request->fixed && kinds)) {
        reply_syntax_error(call);
        return false;
    }
    if (found[LIMIT].present) {
        request->offset = found[LIMIT].integer;
        if (!argument_integer_or_reply(call, found[LIMIT].index + 2, &request->limit)) {
            return false;
        }
    }
    request->with_scores = found[WITHSCORES].present;
    if (!request->fixed) {
        request->reverse = found[REV].present;
        request->kind = found[BYLEX].present     ? BY_MEMBER
                        : found[BYSCORE].present ? BY_SCORE
                                                 : BY_RANK;
    }
    if (request->limit != -1 && request->kind == BY_RANK) {
        reply_error(call->reply, "ERR syntax error, LIMIT is only supported in combination with "
                                 "either BYSCORE or BYLEX");
        return false;
    }
    if (request->with_scores && request->kind == BY_MEMBER) {
        reply_error(call->reply,
                    "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    return true;
}

/* Cuts LIMIT's part out, seen in the direction of the answer. */
static struct ranks limit_ranks(const struct range_request *request, struct ranks ranks)
{
    if (request->kind == BY_RANK) {
        return ranks;
    }
    if (request->offset < 0 || (uint64_t)request->offset >= ranks.count) {
        return (struct ranks){0};
    }
    size_t skipped = (size_t)request->offset, count = ranks.count - skipped;
    if (request->limit >= 0 && (uint64_t)request->limit < count) {
        count = (size_t)request->limit;
    }
    return (struct ranks){request->reverse ? ranks.from + ranks.count - skipped - count
                                           : ranks.from + skipped,
                          count};
}

static struct sorted_set_cursor begin_ranks(const struct sorted_set *set, struct ranks ranks,
                                            bool reverse)
{
    return sorted_set_at(set, reverse ? ranks.from + ranks.count - 1 : ranks.from, reverse);
}

static void reply_range(struct call *call, const struct sorted_set *set, struct ranks ranks,
                        const struct range_request *request)
{
    struct sorted_set_element element;
    sorted_set_reply_begin(call, ranks.count, request->with_scores);
    if (ranks.count == 0) {
        return;
    }
    struct sorted_set_cursor cursor = begin_ranks(set, ranks, request->reverse);
    for (size_t i = 0; i < ranks.count && sorted_set_next(&cursor, &element); i++) {
        sorted_set_reply_member(call, element.member, element.score, request->with_scores);
    }
}

static void store_range(struct call *call, const struct sorted_set *set, struct ranks ranks)
{
    struct sorted_set result = sorted_set_create();
    struct sorted_set_element element;
    if (ranks.count > 0) {
        struct sorted_set_cursor cursor = begin_ranks(set, ranks, false);
        for (size_t i = 0; i < ranks.count && sorted_set_next(&cursor, &element); i++) {
            sorted_set_put(&result, element.member, element.score, &call->instance->packing);
        }
    }
    sorted_set_store(call, call->argv[1], result, "zrangestore");
}

/* `at` is the key's index; bounds and options follow. */
static void answer_range(struct call *call, int at, struct range_request request)
{
    struct sorted_set *set;
    bool options_first = call_supports(call, "6.2.0");
    if (options_first && !range_options_or_reply(call, at + 3, &request)) {
        return;
    }
    bool swapped = request.reverse && request.kind != BY_RANK;
    if (!range_or_reply(call, request.kind, swapped ? at + 2 : at + 1, swapped ? at + 1 : at + 2,
                        &request.range) ||
        (!options_first && !range_options_or_reply(call, at + 3, &request)) ||
        !sorted_set_read_or_reply(call, at, &set)) {
        return;
    }
    struct ranks ranks = {0};
    if (set != NULL) {
        ranks = limit_ranks(&request, find_ranks(set, &request.range, request.reverse));
    }
    if (request.store) {
        store_range(call, set, ranks);
    } else {
        reply_range(call, set, ranks, &request);
    }
}

static void cmd_zrange(struct call *call)
{
    answer_range(call, 1, (struct range_request){0});
}

static void cmd_zrangestore(struct call *call)
{
    answer_range(call, 2, (struct range_request){.store = true});
}

static void cmd_zrevrange(struct call *call)
{
    answer_range(call, 1, (struct range_request){.fixed = true, .reverse = true});
}

static void cmd_zrangebyscore(struct call *call)
{
    answer_range(call, 1, (struct range_request){.fixed = true, .kind = BY_SCORE});
}

static void cmd_zrevrangebyscore(struct call *call)
{
    answer_range(call, 1, (struct range_request){.fixed = true, .kind = BY_SCORE, .reverse = true});
}

static void cmd_zrangebylex(struct call *call)
{
    answer_range(call, 1, (struct range_request){.fixed = true, .kind = BY_MEMBER});
}

static void cmd_zrevrangebylex(struct call *call)
{
    answer_range(call, 1,
                 (struct range_request){.fixed = true, .kind = BY_MEMBER, .reverse = true});
}

/* ---- Counting and removing ---- */

static void reply_count(struct call *call, enum range_kind kind)
{
    struct range range;
    struct sorted_set *set;
    if (range_or_reply(call, kind, 2, 3, &range) && sorted_set_read_or_reply(call, 1, &set)) {
        reply_integer(call->reply, set == NULL ? 0 : (int64_t)find_ranks(set, &range, false).count);
    }
}

static void cmd_zcount(struct call *call)
{
    reply_count(call, BY_SCORE);
}

static void cmd_zlexcount(struct call *call)
{
    reply_count(call, BY_MEMBER);
}

static void remove_range(struct call *call, enum range_kind kind, const char *event)
{
    struct range range;
    struct sorted_set *set;
    if (!range_or_reply(call, kind, 2, 3, &range) || !sorted_set_write_or_reply(call, 1, &set)) {
        return;
    }
    struct ranks ranks = {0};
    if (set != NULL) {
        ranks = find_ranks(set, &range, false);
    }
    if (ranks.count > 0) {
        sorted_set_remove_ranks(set, ranks.from, ranks.count);
        keyspace_shrunk(call, call->argv[1], EVENT_SORTED_SET, event, sorted_set_count(set));
    }
    reply_integer(call->reply, (int64_t)ranks.count);
}

static void cmd_zremrangebyrank(struct call *call)
{
    remove_range(call, BY_RANK, "zremrangebyrank");
}

static void cmd_zremrangebyscore(struct call *call)
{
    remove_range(call, BY_SCORE, "zremrangebyscore");
}

static void cmd_zremrangebylex(struct call *call)
{
    remove_range(call, BY_MEMBER, "zremrangebylex");
}

static const struct command commands[] = {
    {
        .name = "ZRANGE",
        .handler = cmd_zrange,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements returned.",
        .summary = "Return a range of members in a sorted set",
        .arguments = "key#0 start stop "
                     "[sortby(byscore=token@BYSCORE|bylex=token@BYLEX)^6.2.0] "
                     "[rev=token@REV^6.2.0] [offset_count{offset=integer "
                     "count=integer}@LIMIT^6.2.0] [withscores=token@WITHSCORES]",
        .history =
            (const struct command_history[]){
                {"6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."}, {0}},
    },
    {
        .name = "ZRANGESTORE",
        .handler = cmd_zrangestore,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements stored into the destination key.",
        .summary = "Store a range of members from sorted set into another key",
        .arguments = "dst#0 src#1 min max [sortby(byscore=token@BYSCORE|bylex=token@BYLEX)] "
                     "[rev=token@REV] [offset_count{offset=integer count=integer}@LIMIT]",
    },
    {
        .name = "ZREVRANGE",
        .handler = cmd_zrevrange,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements returned.",
        .summary = "Return a range of members in a sorted set, by index, with scores "
                   "ordered from high to low",
        .arguments = "key#0 start=integer stop=integer [withscores=token@WITHSCORES]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` argument",
    },
    {
        .name = "ZRANGEBYSCORE",
        .handler = cmd_zrangebyscore,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.5",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements being returned. If M is constant (e.g. always "
                      "asking for the first 10 elements with LIMIT), you can consider it "
                      "O(log(N)).",
        .summary = "Return a range of members in a sorted set, by score",
        .arguments = "key#0 min=double max=double [withscores=token@WITHSCORES^2.0.0] "
                     "[offset_count{offset=integer count=integer}@LIMIT]",
        .history =
            (const struct command_history[]){{"2.0.0", "Added the `WITHSCORES` modifier."}, {0}},
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
    },
    {
        .name = "ZREVRANGEBYSCORE",
        .handler = cmd_zrevrangebyscore,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements being returned. If M is constant (e.g. always "
                      "asking for the first 10 elements with LIMIT), you can consider it "
                      "O(log(N)).",
        .summary = "Return a range of members in a sorted set, by score, with scores "
                   "ordered from high to low",
        .arguments = "key#0 max=double min=double [withscores=token@WITHSCORES] "
                     "[offset_count{offset=integer count=integer}@LIMIT]",
        .history =
            (const struct command_history[]){{"2.1.6", "`min` and `max` can be exclusive."}, {0}},
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    },
    {
        .name = "ZRANGEBYLEX",
        .handler = cmd_zrangebylex,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.9",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements being returned. If M is constant (e.g. always "
                      "asking for the first 10 elements with LIMIT), you can consider it "
                      "O(log(N)).",
        .summary = "Return a range of members in a sorted set, by lexicographical range",
        .arguments = "key#0 min max [offset_count{offset=integer count=integer}@LIMIT]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYLEX` argument",
    },
    {
        .name = "ZREVRANGEBYLEX",
        .handler = cmd_zrevrangebylex,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.9",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements being returned. If M is constant (e.g. always "
                      "asking for the first 10 elements with LIMIT), you can consider it "
                      "O(log(N)).",
        .summary = "Return a range of members in a sorted set, by lexicographical range, "
                   "ordered from higher to lower strings.",
        .arguments = "key#0 max min [offset_count{offset=integer count=integer}@LIMIT]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
    },
    {
        .name = "ZCOUNT",
        .handler = cmd_zcount,
        .arity = 4,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
        .summary = "Count the members in a sorted set with scores within the given values",
        .arguments = "key#0 min=double max=double",
    },
    {
        .name = "ZLEXCOUNT",
        .handler = cmd_zlexcount,
        .arity = 4,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.9",
        .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
        .summary = "Count the number of members in a sorted set between a given "
                   "lexicographical range",
        .arguments = "key#0 min max",
    },
    {
        .name = "ZREMRANGEBYRANK",
        .handler = cmd_zremrangebyrank,
        .arity = 4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements removed by the operation.",
        .summary = "Remove all members in a sorted set within the given indexes",
        .arguments = "key#0 start=integer stop=integer",
    },
    {
        .name = "ZREMRANGEBYSCORE",
        .handler = cmd_zremrangebyscore,
        .arity = 4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements removed by the operation.",
        .summary = "Remove all members in a sorted set within the given scores",
        .arguments = "key#0 min=double max=double",
    },
    {
        .name = "ZREMRANGEBYLEX",
        .handler = cmd_zremrangebylex,
        .arity = 4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "2.8.9",
        .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M "
                      "the number of elements removed by the operation.",
        .summary = "Remove all members in a sorted set between the given lexicographical "
                   "range",
        .arguments = "key#0 min max",
    },
};

const struct command_family sorted_set_range_family = {"sorted-set", commands, ARRAY_LEN(commands)};
