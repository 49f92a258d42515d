/* The arguments of HRANDFIELD and ZRANDMEMBER: key [count [WITHVALUES]]. */
#ifndef RESP_COMMANDS_RANDOM_SELECTION_H
#define RESP_COMMANDS_RANDOM_SELECTION_H

#include "resp/command.h"

struct random_selection {
    bool counted;  /* false: one element, answered as a bulk */
    int64_t count; /* negative: that many, repeats allowed */
    bool with;     /* the token was given */
};

bool random_selection_or_reply(struct call *call, const char *token,
                               struct random_selection *selection);
/* The length of the answer's array when pairs are nested in RESP3 only. */
void random_selection_begin(struct call *call, const struct random_selection *selection,
                            uint64_t count);

#endif
