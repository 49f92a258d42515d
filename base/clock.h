/*
 * The emulator's time: the only "now" and the only timer heap. Real, scaled (60: a minute a
 * second) or frozen. Every expiry, delay and long-running operation hangs on it.
 *
 * Times are milliseconds since 1970 UTC on this clock. Timers are embedded in their owner, fire
 * in order of due time (equal times: in order of arming) from clock_run or clock_advance only,
 * and are disarmed before their callback runs, so a callback may arm, free or destroy freely.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/bytes.h"

struct clock;

struct timer {
    int64_t due_ms;
    uint64_t order;   /* private */
    size_t heap_slot; /* private: 0 when not armed */
    void (*fire)(struct timer *timer);
};

enum clock_mode { CLOCK_REAL, CLOCK_FROZEN };

/*
 * `read_us` gives real time in microseconds since 1970; NULL takes the system's. A frozen clock
 * starts at the time read.
 */
struct clock *clock_create(int64_t (*read_us)(void *context), void *context);
void clock_destroy(struct clock *clock); /* timers still armed are forgotten */

int64_t clock_now_ms(const struct clock *clock);
int64_t clock_now_us(const struct clock *clock);
/* Real elapsed microseconds from an arbitrary start: for measuring, never for behaviour. */
int64_t clock_monotonic_us(void);

enum clock_mode clock_mode(const struct clock *clock);
double clock_scale(const struct clock *clock);
/* Time goes on from its present value. scale > 0. */
void clock_set_real(struct clock *clock, double scale);
void clock_freeze(struct clock *clock);
/* Sets the present value, forwards or back; timers that fall due fire at the next clock_run. */
void clock_set(struct clock *clock, int64_t now_ms);

/* Arms or re-arms. A due time in the past fires at the next clock_run. */
void clock_arm(struct clock *clock, struct timer *timer, int64_t due_ms);
void clock_disarm(struct clock *clock, struct timer *timer); /* not armed: nothing */
bool timer_armed(const struct timer *timer);

/*
 * Fires all that is due; returns the real milliseconds until the next is due, -1 for never. What
 * callbacks arm meanwhile waits for the next call, due or not.
 */
int64_t clock_run(struct clock *clock);
/*
 * Moves time forward by `by_ms`, in any mode, stopping at each due time on the way so that every
 * timer of that span (also those armed meanwhile) fires in order and sees its own due time as now.
 */
void clock_advance(struct clock *clock, int64_t by_ms);
/* Where the clock_advance that is under way is going to end; the present time when there is none.
 */
int64_t clock_destination_ms(const struct clock *clock);

/* An advance that waits where it must. Embedded in its owner. */
struct clock_journey {
    void (*arrived)(struct clock_journey *journey); /* may free it, and begin another */
    int64_t left_us;                                /* private, as what follows */
    struct clock_journey *next, **at;
};
/*
 * As clock_advance, but stops at any due time as long as somebody holds the clock: what began there
 * has to come to its end in real time. Goes on in a clock_run behind the release. `arrived` may run
 * at once. Journeys follow each other.
 */
void clock_travel(struct clock *clock, struct clock_journey *journey, int64_t by_ms);
/* One that has not arrived; not from a timer's callback. */
void clock_call_off(struct clock_journey *journey);
/* Counted. Journeys stop, nothing else does. */
void clock_hold(struct clock *clock);
void clock_release(struct clock *clock);

/* "90s", "20m", "36h", "7d", "250ms", "1h30m", or ISO 8601 "PT20M"; a bare number is seconds. */
bool duration_parse(struct bytes text, int64_t *duration_ms);
/* "1h30m", "250ms"; terminated, `text` holds at least 32 bytes. */
void duration_format(int64_t duration_ms, char text[32]);
/* "2026-11-20T22:20:05.123Z"; `text` holds at least 32 bytes. */
void timestamp_format(int64_t time_ms, char text[32]);
/* The same with any number of decimals and with an offset; UTC when there is none. */
bool timestamp_parse(struct bytes text, int64_t *time_ms);

#endif
