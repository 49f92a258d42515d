/*
 * A stack of its own for work that may have to stop in the middle (a Lua script that runs long):
 * started and continued from the ordinary stack, paused from within. One fiber does one thing at a
 * time; it belongs to the thread that created it.
 */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include <stdbool.h>

struct fiber;

/* Address space only until it is used. NULL: the system gives none. */
struct fiber *fiber_create(void);
void fiber_destroy(struct fiber *fiber); /* not while something is paused in it; NULL is fine */

/* Runs until `run` returns (true) or pauses (false); continue goes on where it paused. */
bool fiber_start(struct fiber *fiber, void (*run)(void *context), void *context);
bool fiber_continue(struct fiber *fiber);
/* From within: goes back to whoever started or continued the fiber. */
void fiber_pause(struct fiber *fiber);

#endif
