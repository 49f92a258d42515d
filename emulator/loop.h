/*
 * The libuv loop with the emulator's clock on it: one uv_timer, armed for the next due time. Also
 * what connections share: buffers for one read, work put off to the end of a turn, and deadlines
 * in real time (the emulator's clock may be frozen; a slow client must not profit from that).
 */
#ifndef EMULATOR_LOOP_H
#define EMULATOR_LOOP_H

#include <uv.h>

#include "base/clock.h"

enum { LOOP_READ_SIZE = 64 * 1024 };

/* Work to be done once, in this turn of the loop. Embedded in its owner, zeroed at first. */
struct loop_task {
    void (*run)(struct loop_task *task);
    struct loop_task *next, **at; /* private: `at` is NULL when not queued */
};

/* A point in real time, coarse. Embedded in its owner, zeroed at first. */
struct loop_deadline {
    void (*passed)(struct loop_deadline *deadline);
    uint64_t due_ms;                  /* private, as uv_now */
    struct loop_deadline *next, **at; /* private: `at` is NULL when not set */
};

struct loop_queue {
    struct loop_task *first, **end;
};

struct loop {
    uv_loop_t uv;
    struct clock *clock;
    uv_timer_t timer;
    uv_prepare_t prepare; /* before each wait: the clock, the tasks, and the timer anew */
    uv_check_t check;     /* behind each wait, when all that came has been read */
    uv_timer_t sweep;     /* for deadlines */
    struct loop_queue before_wait, behind_reads;
    struct loop_deadline *deadlines;
    uint64_t turn;              /* counts waits */
    int64_t armed_ms;           /* what the timer stands at, as uv_now; -1: stopped */
    char *read_buffer;          /* LOOP_READ_SIZE bytes, for the read in progress */
    struct buf plain, outgoing; /* scratch of the TLS connection being served */
};

int loop_init(struct loop *loop, struct clock *clock); /* libuv's negative error */
void loop_run(struct loop *loop);                      /* until loop_stop */
void loop_stop(struct loop *loop);
void loop_finish(struct loop *loop); /* after every handle has been closed */

/*
 * To be run before the loop next waits; or as soon as everything that came in during the last wait
 * has been read. Queued already: nothing. A task may be freed or queued again by its own run.
 */
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_defer_behind_reads(struct loop *loop, struct loop_task *task);
void loop_cancel(struct loop *loop, struct loop_task *task);

/* Sets or moves it. Off by up to a tenth of a second. */
void loop_set_deadline(struct loop *loop, struct loop_deadline *deadline, uint64_t from_now_ms);
void loop_clear_deadline(struct loop *loop, struct loop_deadline *deadline);

#endif
