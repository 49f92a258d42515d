/* The sorted set family: ZADD, ZSCORE, ZRANK and friends. */
#include "resp/commands/sorted_set.h"

#include <math.h>

#include "resp/arguments.h"
#include "resp/commands/random_selection.h"
#include "resp/commands/scan.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

void sorted_set_store(struct call *call, struct bytes key, struct sorted_set result,
                      const char *event)
{
    size_t count = sorted_set_count(&result);
    if (count > 0) {
        keyspace_set_take(call->db, key, &sorted_set_type, result.word);
        keyspace_changed(call, key, EVENT_SORTED_SET, event);
    } else {
        sorted_set_destroy(&result);
        keyspace_delete_changed(call, key);
    }
    reply_integer(call->reply, (int64_t)count);
}

void sorted_set_reply_begin(struct call *call, size_t count, bool with_scores)
{
    reply_array(call->reply, with_scores && call->reply->protocol < 3 ? count * 2 : count);
}

void sorted_set_reply_member(struct call *call, struct bytes member, double score, bool with_scores)
{
    if (with_scores && call->reply->protocol > 2) {
        reply_array(call->reply, 2);
    }
    reply_bulk(call->reply, member);
    if (with_scores) {
        reply_double(call->reply, score);
    }
}

/* ---- ZADD and ZINCRBY ---- */

static const struct option add_options[] = {
    {"NX", OPTION_FLAG, 0, NULL, 0},
    {"XX", OPTION_FLAG, 0, NULL, 0},
    {"CH", OPTION_FLAG, 0, NULL, 0},
    {"INCR", OPTION_FLAG, 0, NULL, 0},
    {"GT", OPTION_FLAG, 0, "6.2.0", 0},
    {"LT", OPTION_FLAG, 0, "6.2.0", 0},
    {0},
};
/* The options in front of the scores; the index behind them. */
static int read_add_options(struct call *call, unsigned *flags)
{
    int at = 2;
    for (; at < call->argc; at++) {
        size_t i = 0;
        while (add_options[i].token != NULL &&
               !(bytes_equal_string_nocase(call->argv[at], add_options[i].token) &&
                 call_supports(call, add_options[i].since))) {
            i++;
        }
        if (add_options[i].token == NULL) {
            break;
        }
        *flags |= 1u << i;
    }
    return at;
}

static bool add_options_fit_or_reply(struct call *call, unsigned flags, int words)
{
    bool nx = (flags & ADD_NX) != 0, gt = (flags & ADD_GT) != 0, lt = (flags & ADD_LT) != 0;
    if (words == 0 || words % 2 != 0) {
        reply_syntax_error(call);
    } else if (nx && (flags & ADD_XX) != 0) {
        reply_error(call->reply, "ERR XX and NX options at the same time are not compatible");
    } else if ((gt && nx) || (lt && nx) || (gt && lt)) {
        reply_error(call->reply,
                    "ERR GT, LT, and/or NX options at the same time are not compatible");
    } else if ((flags & ADD_INCR) != 0 && words > 2) {
        reply_error(call->reply, "ERR INCR option supports a single increment-element pair");
    } else {
        return true;
    }
    return false;
}

struct addition {
    struct sorted_set *set;
    unsigned flags;
    int64_t added, updated;
    bool refused; /* the options left the last member alone */
    double score; /* of the last member */
};

/* False after answering: an increment that ends in no number. */
static bool add_or_reply(struct call *call, struct addition *addition, struct bytes member,
                         double score)
{
    double old;
    unsigned flags = addition->flags;
    bool there = sorted_set_score(addition->set, member, &old);
    addition->refused = (flags & (there ? ADD_NX : ADD_XX)) != 0;
    if (addition->refused) {
        return true;
    }
    if (there && (flags & ADD_INCR) != 0) {
        score += old;
        if (isnan(score)) {
            reply_error(call->reply, "ERR resulting score is not a number (NaN)");
            return false;
        }
    }
    addition->refused = there && (((flags & ADD_LT) != 0 && score >= old) ||
                                  ((flags & ADD_GT) != 0 && score <= old));
    if (addition->refused) {
        return true;
    }
    addition->score = score;
    if (sorted_set_put(addition->set, member, score, &call->instance->packing)) {
        addition->added++;
    } else if (score != old) {
        addition->updated++;
    }
    return true;
}

void sorted_set_add(struct call *call, unsigned flags, const double *scores, int count, int first,
                    int step)
{
    struct addition addition = {.flags = flags};
    struct bytes key = call->argv[1];
    if (!sorted_set_write_or_reply(call, 1, &addition.set)) {
        return;
    }
    if (addition.set == NULL && (flags & ADD_XX) != 0) {
        addition.refused = true;
        count = 0;
    } else if (addition.set == NULL) {
        addition.set = sorted_set_in(
            keyspace_set_take(call->db, key, &sorted_set_type, sorted_set_create().word));
    }
    for (int i = 0; i < count; i++) {
        if (!add_or_reply(call, &addition, call->argv[first + i * step], scores[i])) {
            return;
        }
    }
    if (addition.added + addition.updated > 0) {
        keyspace_changed(call, key, EVENT_SORTED_SET, (flags & ADD_INCR) != 0 ? "zincr" : "zadd");
    }
    if ((flags & ADD_INCR) == 0) {
        reply_integer(call->reply,
                      (flags & ADD_CH) != 0 ? addition.added + addition.updated : addition.added);
    } else if (addition.refused) {
        reply_null(call->reply);
    } else {
        reply_double(call->reply, addition.score);
    }
}

static void add(struct call *call, unsigned flags)
{
    int first = read_add_options(call, &flags), count = (call->argc - first) / 2;
    if (!add_options_fit_or_reply(call, flags, call->argc - first)) {
        return;
    }
    double *scores = memory_allocate((size_t)count * sizeof(*scores));
    bool going = true;
    for (int i = 0; going && i < count; i++) {
        going = argument_double_or_reply(call, first + i * 2, &scores[i]);
    }
    if (going) {
        sorted_set_add(call, flags, scores, count, first + 1, 2);
    }
    memory_free(scores);
}

static void cmd_zadd(struct call *call)
{
    add(call, 0);
}

static void cmd_zincrby(struct call *call)
{
    add(call, ADD_INCR);
}

static void cmd_zrem(struct call *call)
{
    struct sorted_set *set;
    int64_t removed = 0;
    if (!sorted_set_write_or_reply(call, 1, &set)) {
        return;
    }
    for (int i = 2; set != NULL && i < call->argc && sorted_set_count(set) > 0; i++) {
        removed += sorted_set_remove(set, call->argv[i]) ? 1 : 0;
    }
    if (removed > 0) {
        keyspace_shrunk(call, call->argv[1], EVENT_SORTED_SET, "zrem", sorted_set_count(set));
    }
    reply_integer(call->reply, removed);
}

/* ---- Reading ---- */

static void cmd_zcard(struct call *call)
{
    struct sorted_set *set;
    if (sorted_set_read_or_reply(call, 1, &set)) {
        reply_integer(call->reply, set == NULL ? 0 : (int64_t)sorted_set_count(set));
    }
}

static void reply_score(struct call *call, const struct sorted_set *set, struct bytes member)
{
    double score;
    if (set != NULL && sorted_set_score(set, member, &score)) {
        reply_double(call->reply, score);
    } else {
        reply_null(call->reply);
    }
}

static void cmd_zscore(struct call *call)
{
    struct sorted_set *set;
    if (sorted_set_read_or_reply(call, 1, &set)) {
        reply_score(call, set, call->argv[2]);
    }
}

static void cmd_zmscore(struct call *call)
{
    struct sorted_set *set;
    if (!sorted_set_read_or_reply(call, 1, &set)) {
        return;
    }
    reply_array(call->reply, (size_t)call->argc - 2);
    for (int i = 2; i < call->argc; i++) {
        reply_score(call, set, call->argv[i]);
    }
}

static void reply_rank(struct call *call, bool reverse)
{
    struct sorted_set *set;
    size_t rank;
    bool with_score = call->argc == 4;
    if (call->argc > 4) {
        reply_wrong_arity(call);
        return;
    }
    if (with_score && !bytes_equal_string_nocase(call->argv[3], "WITHSCORE")) {
        reply_syntax_error(call);
        return;
    }
    if (!sorted_set_read_or_reply(call, 1, &set)) {
        return;
    }
    if (set == NULL || !sorted_set_rank(set, call->argv[2], &rank)) {
        if (with_score) {
            reply_null_array(call->reply);
        } else {
            reply_null(call->reply);
        }
        return;
    }
    if (with_score) {
        reply_array(call->reply, 2);
    }
    reply_integer(call->reply, (int64_t)(reverse ? sorted_set_count(set) - 1 - rank : rank));
    if (with_score) {
        reply_score(call, set, call->argv[2]);
    }
}

static void cmd_zrank(struct call *call)
{
    reply_rank(call, false);
}

static void cmd_zrevrank(struct call *call)
{
    reply_rank(call, true);
}

static void visit(void *context, struct bytes member, struct bytes score)
{
    struct scan_progress *progress = context;
    if (scan_meets(progress, member, 2)) {
        reply_bulk(progress->reply, member);
        reply_bulk(progress->reply, score);
    }
}

static uint64_t scan_step(const void *data, uint64_t cursor, struct scan_progress *progress)
{
    const struct sorted_set set = {(void *)data};
    return sorted_set_scan(&set, cursor, visit, progress);
}

static void cmd_zscan(struct call *call)
{
    scan_collection(call, &sorted_set_type, scan_step);
}

/* ---- ZRANDMEMBER ---- */

static void random_element(struct call *call, const struct sorted_set *set,
                           struct sorted_set_element *element)
{
    uint64_t rank = random_below(call->instance->random, sorted_set_count(set));
    struct sorted_set_cursor cursor = sorted_set_at(set, (size_t)rank, false);
    sorted_set_next(&cursor, element);
}

static void reply_with_repeats(struct call *call, const struct sorted_set *set,
                               const struct random_selection *selection)
{
    struct sorted_set_element element;
    uint64_t count = (uint64_t)-selection->count;
    random_selection_begin(call, selection, count);
    for (uint64_t i = 0; i < count; i++) {
        random_element(call, set, &element);
        sorted_set_reply_member(call, element.member, element.score, selection->with);
    }
}

/* `count` different members: each is taken with the odds of what is still wanted. */
static void reply_different(struct call *call, const struct sorted_set *set,
                            const struct random_selection *selection)
{
    struct sorted_set_element element;
    uint64_t left = sorted_set_count(set), count = (uint64_t)selection->count;
    uint64_t wanted = count < left ? count : left;
    struct sorted_set_cursor cursor = sorted_set_at(set, 0, false);
    random_selection_begin(call, selection, wanted);
    for (; wanted > 0 && sorted_set_next(&cursor, &element); left--) {
        if (random_below(call->instance->random, left) < wanted) {
            wanted--;
            sorted_set_reply_member(call, element.member, element.score, selection->with);
        }
    }
}

static void cmd_zrandmember(struct call *call)
{
    struct random_selection selection;
    struct sorted_set *set;
    if (!random_selection_or_reply(call, "WITHSCORES", &selection) ||
        !sorted_set_read_or_reply(call, 1, &set)) {
        return;
    }
    if (!selection.counted) {
        struct sorted_set_element element;
        if (set == NULL) {
            reply_null(call->reply);
        } else {
            random_element(call, set, &element);
            reply_bulk(call->reply, element.member);
        }
    } else if (set == NULL || selection.count == 0) {
        reply_array(call->reply, 0);
    } else if (selection.count < 0) {
        reply_with_repeats(call, set, &selection);
    } else {
        reply_different(call, set, &selection);
    }
}

static const struct command commands[] = {
    {
        .name = "ZADD",
        .handler = cmd_zadd,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(log(N)) for each item added, where N is the number of elements in the "
                      "sorted set.",
        .summary = "Add one or more members to a sorted set, or update its score if it "
                   "already exists",
        .arguments = "key#0 [condition(nx=token@NX|xx=token@XX)^3.0.2] "
                     "[comparison(gt=token@GT|lt=token@LT)^6.2.0] [change=token@CH^3.0.2] "
                     "[increment=token@INCR^3.0.2] score_member{score=double member}...",
        .history =
            (const struct command_history[]){
                {"2.4.0", "Accepts multiple elements."},
                {"3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."},
                {"6.2.0", "Added the `GT` and `LT` options."},
                {0}},
    },
    {
        .name = "ZINCRBY",
        .handler = cmd_zincrby,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(log(N)) where N is the number of elements in the sorted set.",
        .summary = "Increment the score of a member in a sorted set",
        .arguments = "key#0 increment=integer member",
    },
    {
        .name = "ZREM",
        .handler = cmd_zrem,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(M*log(N)) with N being the number of elements in the sorted set and M "
                      "the number of elements to be removed.",
        .summary = "Remove one or more members from a sorted set",
        .arguments = "key#0 member...",
        .history = (const struct command_history[]){{"2.4.0", "Accepts multiple elements."}, {0}},
    },
    {
        .name = "ZCARD",
        .handler = cmd_zcard,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Get the number of members in a sorted set",
        .arguments = "key#0",
    },
    {
        .name = "ZSCORE",
        .handler = cmd_zscore,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Get the score associated with the given member in a sorted set",
        .arguments = "key#0 member",
    },
    {
        .name = "ZMSCORE",
        .handler = cmd_zmscore,
        .arity = -3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N) where N is the number of members being requested.",
        .summary = "Get the score associated with the given members in a sorted set",
        .arguments = "key#0 member...",
    },
    {
        .name = "ZRANK",
        .handler = cmd_zrank,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .until = "7.2.0",
        .complexity = "O(log(N))",
        .summary = "Determine the index of a member in a sorted set",
        .arguments = "key#0 member",
    },
    {
        .name = "ZRANK",
        .handler = cmd_zrank,
        .arity = -3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .from = "7.2.0",
        .complexity = "O(log(N))",
        .summary = "Returns the index of a member in a sorted set ordered by ascending scores.",
        .arguments = "key#0 member [withscore=token@WITHSCORE]",
        .history =
            (const struct command_history[]){{"7.2.0", "Added the optional `WITHSCORE` argument."},
                                             {0}},
    },
    {
        .name = "ZREVRANK",
        .handler = cmd_zrevrank,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .until = "7.2.0",
        .complexity = "O(log(N))",
        .summary = "Determine the index of a member in a sorted set, with scores ordered "
                   "from high to low",
        .arguments = "key#0 member",
    },
    {
        .name = "ZREVRANK",
        .handler = cmd_zrevrank,
        .arity = -3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .from = "7.2.0",
        .complexity = "O(log(N))",
        .summary = "Returns the index of a member in a sorted set ordered by descending scores.",
        .arguments = "key#0 member [withscore=token@WITHSCORE]",
        .history =
            (const struct command_history[]){{"7.2.0", "Added the optional `WITHSCORE` argument."},
                                             {0}},
    },
    {
        .name = "ZSCAN",
        .handler = cmd_zscan,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.0",
        .complexity = "O(1) for every call. O(N) for a complete iteration, including enough "
                      "command calls for the cursor to return back to 0. N is the number of "
                      "elements inside the collection..",
        .summary = "Incrementally iterate sorted sets elements and associated scores",
        .arguments = "key#0 cursor=integer [pattern=pattern@MATCH] [count=integer@COUNT]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "ZRANDMEMBER",
        .handler = cmd_zrandmember,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N) where N is the number of elements returned",
        .summary = "Get one or multiple random elements from a sorted set",
        .arguments = "key#0 [options{count=integer [withscores=token@WITHSCORES]}]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
};

const struct command_family sorted_set_family = {"sorted-set", commands, ARRAY_LEN(commands)};
