/* numkeys key... where [COUNT count] */
#include "resp/commands/multiple_pop.h"

#include "resp/arguments.h"
#include "resp/reply.h"

bool multiple_pop_or_reply(struct call *call, int at, const char *front, const char *end,
                           struct multiple_pop *pop)
{
    int64_t keys;
    *pop = (struct multiple_pop){.first_key = at + 1, .count = 1};
    if (!argument_integer_in_range_or_reply(call, at, 1, INT64_MAX, &keys,
                                            "ERR numkeys should be greater than 0")) {
        return false;
    }
    if (keys >= call->argc - pop->first_key) {
        reply_syntax_error(call);
        return false;
    }
    pop->key_count = (int)keys;
    at = pop->first_key + pop->key_count;
    pop->from_end = bytes_equal_string_nocase(call->argv[at], end);
    bool fits = pop->from_end || bytes_equal_string_nocase(call->argv[at], front);
    bool counted = at + 2 < call->argc && bytes_equal_string_nocase(call->argv[at + 1], "COUNT");
    if (fits && counted &&
        !argument_integer_in_range_or_reply(call, at + 2, 1, INT64_MAX, &pop->count,
                                            "ERR count should be greater than 0")) {
        return false;
    }
    fits = fits && call->argc == at + (counted ? 3 : 1);
    if (!fits) {
        reply_syntax_error(call);
    }
    return fits;
}
