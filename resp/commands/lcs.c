/* LCS: the longest common subsequence of two strings. */
#include <stdlib.h>

#include "resp/arguments.h"
#include "resp/instance_state.h"
#include "resp/types/string.h"

enum { LARGEST_TABLE = 1 << 30 };

static const struct option lcs_options[] = {
    {"IDX", OPTION_FLAG, 0, NULL, 0},
    {"LEN", OPTION_FLAG, 0, NULL, 0},
    {"WITHMATCHLEN", OPTION_FLAG, 0, NULL, 0},
    {"MINMATCHLEN", OPTION_INTEGER, 0, NULL, 0},
    {0},
};
enum { LCS_INDEXES, LCS_LENGTH, LCS_WITH_LENGTHS, LCS_MINIMUM, LCS_OPTIONS };

/* lengths[i * width + j]: of the subsequence that a[0..i-1] and b[0..j-1] have in common. */
struct lcs {
    struct bytes a, b;
    uint32_t *lengths;
    size_t width;
};

static uint32_t length_at(const struct lcs *lcs, size_t i, size_t j)
{
    return lcs->lengths[i * lcs->width + j];
}

static bool operand_or_reply(struct call *call, int index, struct bytes *text)
{
    const struct entry *entry = keyspace_read(call, call->argv[index]);
    *text = BYTES("");
    if (entry == NULL) {
        return true;
    }
    if (entry->kind != VALUE_STRING) {
        reply_error(call->reply, "ERR The specified keys must contain string values");
        return false;
    }
    *text = string_bytes(entry->data);
    return true;
}

static bool fill_table(struct lcs *lcs)
{
    lcs->width = lcs->b.size + 1;
    if (lcs->a.size + 1 > LARGEST_TABLE / sizeof(uint32_t) / lcs->width) {
        return false;
    }
    lcs->lengths = memory_allocate_zeroed((lcs->a.size + 1) * lcs->width * sizeof(uint32_t));
    for (size_t i = 1; i <= lcs->a.size; i++) {
        uint32_t *row = lcs->lengths + i * lcs->width, *above = row - lcs->width;
        for (size_t j = 1; j <= lcs->b.size; j++) {
            row[j] = lcs->a.data[i - 1] == lcs->b.data[j - 1] ? above[j - 1] + 1
                     : above[j] > row[j - 1]                  ? above[j]
                                                              : row[j - 1];
        }
    }
    return true;
}

/* Steps from the end to the front; true when a[i] and b[j] (after the step) are in common. */
static bool step_back(const struct lcs *lcs, size_t *i, size_t *j)
{
    if (lcs->a.data[*i - 1] == lcs->b.data[*j - 1]) {
        (*i)--;
        (*j)--;
        return true;
    }
    if (length_at(lcs, *i - 1, *j) > length_at(lcs, *i, *j - 1)) {
        (*i)--;
    } else {
        (*j)--;
    }
    return false;
}

static void reply_text(struct call *call, const struct lcs *lcs)
{
    size_t i = lcs->a.size, j = lcs->b.size, left = length_at(lcs, i, j);
    char *text = memory_allocate(left + 1);
    struct bytes whole = {text, left};
    while (left > 0) {
        if (step_back(lcs, &i, &j)) {
            text[--left] = lcs->a.data[i];
        }
    }
    reply_bulk(call->reply, whole);
    memory_free(text);
}

static void reply_range(struct call *call, size_t first, size_t last)
{
    reply_array(call->reply, 2);
    reply_integer(call->reply, (int64_t)first);
    reply_integer(call->reply, (int64_t)last);
}

static void reply_matches(struct call *call, const struct lcs *lcs, int64_t minimum, bool lengths)
{
    size_t i = lcs->a.size, j = lcs->b.size, run = 0, a_first = 0, b_first = 0, shown = 0;
    reply_map(call->reply, 2);
    reply_bulk_string(call->reply, "matches");
    size_t mark = reply_defer(call->reply);
    for (bool more = i > 0 && j > 0; more || run > 0;) {
        size_t a_was = i, b_was = j;
        bool common = more && step_back(lcs, &i, &j);
        bool extends = common && run > 0 && a_first == a_was && b_first == b_was;
        if (run > 0 && !extends) {
            if ((int64_t)run >= minimum) {
                reply_array(call->reply, lengths ? 3 : 2);
                reply_range(call, a_first, a_first + run - 1);
                reply_range(call, b_first, b_first + run - 1);
                if (lengths) {
                    reply_integer(call->reply, (int64_t)run);
                }
                shown++;
            }
            run = 0;
        }
        if (common) {
            run++;
            a_first = i;
            b_first = j;
        }
        more = more && i > 0 && j > 0;
    }
    reply_array_at(call->reply, mark, shown);
    reply_bulk_string(call->reply, "len");
    reply_integer(call->reply, length_at(lcs, lcs->a.size, lcs->b.size));
}

static void answer(struct call *call, struct lcs *lcs, const struct option_found *found)
{
    if (found[LCS_INDEXES].present && found[LCS_LENGTH].present) {
        reply_error(call->reply,
                    "ERR If you want both the length and indexes, please just use IDX.");
        return;
    }
    if (!fill_table(lcs)) {
        reply_error(call->reply,
                    call_supports(call, "7.0.0")
                        ? "ERR Insufficient memory, failed allocating transient memory for LCS"
                        : "ERR Insufficient memory");
        return;
    }
    if (found[LCS_INDEXES].present) {
        reply_matches(call, lcs, found[LCS_MINIMUM].integer, found[LCS_WITH_LENGTHS].present);
    } else if (found[LCS_LENGTH].present) {
        reply_integer(call->reply, length_at(lcs, lcs->a.size, lcs->b.size));
    } else {
        reply_text(call, lcs);
    }
    memory_free(lcs->lengths);
}

static void cmd_lcs(struct call *call)
{
    struct lcs lcs = {0};
    struct option_found found[LCS_OPTIONS];
    if (operand_or_reply(call, 1, &lcs.a) && operand_or_reply(call, 2, &lcs.b) &&
        arguments_options_or_reply(call, 3, lcs_options, found)) {
        answer(call, &lcs, found);
    }
}

/* ---- STRALGO: what LCS was before 7.0 ---- */

/* STRINGS a b, or KEYS a b, at argv[at]; false after answering. */
static bool source_or_reply(struct call *call, int at, struct lcs *lcs)
{
    if (lcs->a.data != NULL) {
        reply_error(call->reply, "ERR Either use STRINGS or KEYS");
        return false;
    }
    if (bytes_equal_string_nocase(call->argv[at], "STRINGS")) {
        lcs->a = call->argv[at + 1];
        lcs->b = call->argv[at + 2];
        return true;
    }
    return operand_or_reply(call, at + 1, &lcs->a) && operand_or_reply(call, at + 2, &lcs->b);
}

static void cmd_stralgo(struct call *call)
{
    struct lcs lcs = {0};
    struct option_found found[LCS_OPTIONS] = {0};
    if (!bytes_equal_string_nocase(call->argv[1], "LCS")) {
        reply_syntax_error(call);
        return;
    }
    for (int at = 2; at < call->argc; at++) {
        struct bytes word = call->argv[at];
        bool source = at + 2 < call->argc && (bytes_equal_string_nocase(word, "STRINGS") ||
                                              bytes_equal_string_nocase(word, "KEYS"));
        size_t option = 0;
        while (option < LCS_OPTIONS &&
               !bytes_equal_string_nocase(word, lcs_options[option].token)) {
            option++;
        }
        if (source) {
            if (!source_or_reply(call, at, &lcs)) {
                return;
            }
            at += 2;
        } else if (option == LCS_OPTIONS || (option == LCS_MINIMUM && at + 1 == call->argc)) {
            reply_syntax_error(call);
            return;
        } else {
            found[option].present = true;
            if (option == LCS_MINIMUM &&
                !argument_integer_or_reply(call, ++at, &found[option].integer)) {
                return;
            }
        }
    }
    if (lcs.a.data == NULL) {
        reply_error(call->reply, "ERR Please specify two strings: STRINGS or KEYS options are "
                                 "mandatory");
        return;
    }
    answer(call, &lcs, found);
}

static const struct command commands[] = {
    {
        .name = "LCS",
        .handler = cmd_lcs,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 1, 1)},
        .since = "7.0.0",
        .complexity = "O(N*M) where N and M are the lengths of s1 and s2, respectively",
        .summary = "Find longest common substring",
        .arguments = "key1#0 key2#0 [len=token@LEN] [idx=token@IDX] [len=integer@MINMATCHLEN] "
                     "[withmatchlen=token@WITHMATCHLEN]",
    },
    {
        .name = "STRALGO",
        .handler = cmd_stralgo,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {{.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "KEYS",
                  .start_from = 1,
                  .find = KEY_FIND_RANGE,
                  .last = 1,
                  .step = 1,
                  .flags = KEY_RO | KEY_ACCESS}},
        .since = "6.0.0",
        .until = "7.0.0",
        .complexity = "O(N*M) where N and M are the lengths of the two strings",
        .summary = "Find longest common substring",
        .arguments = "algorithm(lcs=token@LCS) algo_specific_argument...",
    },
};

const struct command_family lcs_family = {"string", commands, ARRAY_LEN(commands)};
