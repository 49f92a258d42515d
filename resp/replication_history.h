/*
 * The names of what an instance's replication stream told: the present one, and the one that it
 * went by before its primary was left or took another name. Who followed under the old name goes
 * on with what came behind.
 */
#ifndef RESP_REPLICATION_HISTORY_H
#define RESP_REPLICATION_HISTORY_H

#include "base/bytes.h"

struct instance;

enum { REPLICATION_ID_SIZE = 40 };

struct replication_history {
    char id[REPLICATION_ID_SIZE + 1];
    char old_id[REPLICATION_ID_SIZE + 1]; /* empty: there was none */
    uint64_t old_end;                     /* the first offset that is not the old one's any more */
};

/* Nothing leads here. `id` NULL: a new one. */
void replication_history_begin(struct instance *instance, const char *id);
/* The same data from the present offset on, under another name. */
void replication_history_branch(struct instance *instance, const char *id);
/* Whether the byte with that offset is the same under that name as here. */
bool replication_history_has(const struct instance *instance, struct bytes id, uint64_t offset);

#endif
