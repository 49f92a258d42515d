/*
 * Instants in order: a heap of deadlines that are embedded in what they belong to. The heap owns
 * its table only; what a deadline belongs to must stay in place while it stands in the heap.
 */
#ifndef RESP_TYPES_DEADLINES_H
#define RESP_TYPES_DEADLINES_H

#include "base/bytes.h"

struct deadline {
    int64_t at_ms;
    size_t slot; /* private: 0 when in no heap */
};

/* Zeroed: empty. */
struct deadlines {
    struct deadline **heap; /* heap[0] is not used */
    size_t count, capacity;
};

void deadlines_finish(struct deadlines *deadlines); /* forgets all; they keep their slots */
/* Adds it, or moves it to another time. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms);
void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline); /* absent: nothing */
struct deadline *deadlines_first(const struct deadlines *deadlines);           /* NULL when empty */
size_t deadlines_memory(const struct deadlines *deadlines);

#endif
