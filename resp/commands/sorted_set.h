/*
 * What the files of the sorted set family share.
 */
#ifndef RESP_COMMANDS_SORTED_SET_H
#define RESP_COMMANDS_SORTED_SET_H

#include "resp/keyspace.h"
#include "resp/types/sorted_set.h"

VALUE_WORD_LOOKUPS(sorted_set)

enum sorted_set_add_flag {
    ADD_NX = 1 << 0,
    ADD_XX = 1 << 1,
    ADD_CH = 1 << 2,
    ADD_INCR = 1 << 3,
    ADD_GT = 1 << 4,
    ADD_LT = 1 << 5,
};

/*
 * ZADD behind its parsing: gives `count` members their scores and answers. The members stand at
 * argv[first], argv[first + step]...
 */
void sorted_set_add(struct call *call, unsigned flags, const double *scores, int count, int first,
                    int step);

/*
 * Puts the result of a STORE form at `key` and takes it, or removes the key when it is empty;
 * answers the number of members.
 */
void sorted_set_store(struct call *call, struct bytes key, struct sorted_set result,
                      const char *event);

/* Begins an array of `count` members: twice as long in RESP2 with their scores. */
void sorted_set_reply_begin(struct call *call, size_t count, bool with_scores);
/* A member; with its score, in RESP3, a pair. */
void sorted_set_reply_member(struct call *call, struct bytes member, double score,
                             bool with_scores);

#endif
