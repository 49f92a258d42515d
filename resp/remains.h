/*
 * What is gone from its key but takes long to free: it is taken apart a little at a time, so that
 * deleting a value of a million elements, or all keys, keeps no other client waiting. Its memory no
 * longer counts as the keyspace's.
 */
#ifndef RESP_REMAINS_H
#define RESP_REMAINS_H

#include "base/clock.h"
#include "base/dict.h"
#include "resp/value.h"

struct instance;

struct remains {
    struct remain *first; /* in no order */
    size_t objects;       /* how many keys they were */
    struct timer timer;   /* fires in the loop's next turn, until nothing is left */
};

/* Takes the value; a small one goes at once. */
void remains_take(struct instance *instance, const struct value_type *type, void *data);
/* Takes what is in a map of keys, with its release, and leaves it empty. */
void remains_take_keys(struct instance *instance, struct dict *keys);
void remains_finish(struct instance *instance); /* all of it, now */

#endif
