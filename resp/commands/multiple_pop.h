/* The arguments of LMPOP, BLMPOP, ZMPOP and BZMPOP: numkeys key... where [COUNT count]. */
#ifndef RESP_COMMANDS_MULTIPLE_POP_H
#define RESP_COMMANDS_MULTIPLE_POP_H

#include "resp/command.h"

struct multiple_pop {
    int first_key, key_count;
    bool from_end;
    int64_t count;
};

/* `at` is where numkeys stands; the words for both ends are LEFT and RIGHT, or MIN and MAX. */
bool multiple_pop_or_reply(struct call *call, int at, const char *front, const char *end,
                           struct multiple_pop *pop);

#endif
