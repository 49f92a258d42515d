/* key [count [WITHVALUES]] */
#include "resp/commands/random_selection.h"

#include "resp/arguments.h"
#include "resp/reply.h"

bool random_selection_or_reply(struct call *call, const char *token,
                               struct random_selection *selection)
{
    *selection = (struct random_selection){
        .counted = call->argc > 2,
        .with = call->argc == 4 && bytes_equal_string_nocase(call->argv[3], token),
    };
    if (selection->counted && !argument_integer_in_range_or_reply(call, 2, -INT64_MAX, INT64_MAX,
                                                                  &selection->count, NULL)) {
        return false;
    }
    if (call->argc > 4 || (call->argc == 4 && !selection->with)) {
        reply_syntax_error(call);
        return false;
    }
    if (selection->with &&
        (selection->count < -INT64_MAX / 2 || selection->count > INT64_MAX / 2)) {
        reply_error(call->reply, "ERR value is out of range");
        return false;
    }
    return true;
}

void random_selection_begin(struct call *call, const struct random_selection *selection,
                            uint64_t count)
{
    bool flat = selection->with && call->reply->protocol < 3;
    reply_array(call->reply, (size_t)(flat ? count * 2 : count));
}
