/*
 * The libuv loop with the emulator's clock on it: one uv_timer, armed for the next due time.
 */
#ifndef EMULATOR_LOOP_H
#define EMULATOR_LOOP_H

#include <uv.h>

#include "base/clock.h"

struct loop {
    uv_loop_t uv;
    struct clock *clock;
    uv_timer_t timer;
    uv_prepare_t prepare; /* re-arms the timer before each wait */
};

int loop_init(struct loop *loop, struct clock *clock); /* libuv's negative error */
void loop_run(struct loop *loop);                      /* until loop_stop */
void loop_stop(struct loop *loop);
void loop_finish(struct loop *loop); /* after every handle has been closed */

#endif
