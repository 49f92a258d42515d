/*
 * What the two files of the list family share: taking elements off and answering with them.
 */
#ifndef RESP_COMMANDS_LIST_H
#define RESP_COMMANDS_LIST_H

#include "resp/commands/multiple_pop.h"
#include "resp/keyspace.h"
#include "resp/types/list.h"

VALUE_LOOKUPS(list)

/* LEFT or RIGHT at argv[index]; false after a syntax error. */
bool list_end_or_reply(struct call *call, int index, bool *tail);
/* Appends to the list at `key`, made when it is not there (`list` NULL). One event. */
void list_put(struct call *call, struct bytes key, struct list *list, bool at_tail,
              const struct bytes *texts, int count);
/* Answers one element as a bulk and takes it off; events, and the key's end, included. */
void list_reply_popped(struct call *call, struct bytes key, struct list *list, bool tail);
/* Answers an array of up to `count` elements and takes them off. */
void list_reply_popped_many(struct call *call, struct bytes key, struct list *list, bool tail,
                            uint64_t count);
/* LMOVE of lists looked up already; answers the element. `to` may be NULL or the same list. */
void list_reply_moved(struct call *call, struct bytes from_key, struct list *from, bool from_tail,
                      struct bytes to_key, struct list *to, bool to_tail);
/* Pops from the first list that is there; true after answering (or an error). */
bool list_reply_first_popped(struct call *call, const struct multiple_pop *pop);

#endif
