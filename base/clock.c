/* The emulator's time and its timer heap. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

/* Half of what microseconds can say: sums of two times cannot overflow. */
static const int64_t farthest_ms = INT64_MAX / 2000;

/*
 * Emulated time = base + (real - anchor) * scale while running; base alone while frozen or
 * advancing. It is always reckoned from the same two points, so scaled time does not drift.
 */
struct clock {
    int64_t (*read_us)(void *context);
    void *context;
    enum clock_mode mode;
    double scale;
    bool advancing; /* inside clock_advance: base_us goes from due time to due time */
    int64_t base_us, anchor_us;
    int64_t end_us;      /* of clock_advance, while advancing */
    struct timer **heap; /* heap[0] is not used: slot 0 means "not armed" */
    size_t count, capacity;
    uint64_t armed;                 /* timers armed so far: order among equal due times */
    struct clock_journey *journeys; /* the first is under way */
    size_t holders;
};

static int64_t read_system_us(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct clock *clock_create(int64_t (*read_us)(void *context), void *context)
{
    struct clock *clock = memory_allocate_zeroed(sizeof(*clock));
    clock->read_us = read_us == NULL ? read_system_us : read_us;
    clock->context = context;
    clock->mode = CLOCK_REAL;
    clock->scale = 1;
    clock->base_us = clock->anchor_us = clock->read_us(context);
    return clock;
}

void clock_destroy(struct clock *clock)
{
    if (clock == NULL) {
        return;
    }
    memory_free(clock->heap);
    memory_free(clock);
}

int64_t clock_now_us(const struct clock *clock)
{
    if (clock->mode == CLOCK_FROZEN || clock->advancing) {
        return clock->base_us;
    }
    int64_t elapsed = clock->read_us(clock->context) - clock->anchor_us;
    if (clock->scale == 1) {
        return clock->base_us + elapsed;
    }
    double scaled = (double)elapsed * clock->scale;
    double most = (double)farthest_ms * 1000;
    return clock->base_us + (int64_t)(scaled < most ? scaled : most);
}

int64_t clock_now_ms(const struct clock *clock)
{
    int64_t now_us = clock_now_us(clock);
    return now_us / 1000 - (now_us % 1000 < 0); /* down also before 1970 */
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum clock_mode clock_mode(const struct clock *clock)
{
    return clock->mode;
}

double clock_scale(const struct clock *clock)
{
    return clock->scale;
}

static void continue_from(struct clock *clock, int64_t now_us)
{
    clock->base_us = now_us;
    clock->anchor_us = clock->read_us(clock->context);
}

void clock_set_real(struct clock *clock, double scale)
{
    assert(scale > 0);
    continue_from(clock, clock_now_us(clock));
    clock->mode = CLOCK_REAL;
    clock->scale = scale;
}

void clock_freeze(struct clock *clock)
{
    continue_from(clock, clock_now_us(clock));
    clock->mode = CLOCK_FROZEN;
}

static int64_t clamp_ms(int64_t time_ms)
{
    return time_ms > farthest_ms ? farthest_ms : time_ms < -farthest_ms ? -farthest_ms : time_ms;
}

void clock_set(struct clock *clock, int64_t now_ms)
{
    continue_from(clock, clamp_ms(now_ms) * 1000);
}

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static void place(struct clock *clock, struct timer *timer, size_t slot)
{
    clock->heap[slot] = timer;
    timer->heap_slot = slot;
}

static void sift_up(struct clock *clock, struct timer *timer, size_t slot)
{
    while (slot > 1 && earlier(timer, clock->heap[slot / 2])) {
        place(clock, clock->heap[slot / 2], slot);
        slot /= 2;
    }
    place(clock, timer, slot);
}

static void sift_down(struct clock *clock, struct timer *timer, size_t slot)
{
    while (slot * 2 <= clock->count) {
        size_t child = slot * 2;
        if (child < clock->count && earlier(clock->heap[child + 1], clock->heap[child])) {
            child++;
        }
        if (!earlier(clock->heap[child], timer)) {
            break;
        }
        place(clock, clock->heap[child], slot);
        slot = child;
    }
    place(clock, timer, slot);
}

void clock_arm(struct clock *clock, struct timer *timer, int64_t due_ms)
{
    clock_disarm(clock, timer);
    if (clock->count + 2 > clock->capacity) {
        clock->capacity = clock->capacity == 0 ? 16 : clock->capacity * 2;
        clock->heap = memory_resize(clock->heap, clock->capacity * sizeof(struct timer *));
    }
    timer->due_ms = due_ms;
    timer->order = ++clock->armed;
    sift_up(clock, timer, ++clock->count);
}

void clock_disarm(struct clock *clock, struct timer *timer)
{
    size_t slot = timer->heap_slot;
    if (slot == 0) {
        return;
    }
    assert(clock->heap[slot] == timer);
    timer->heap_slot = 0;
    struct timer *last = clock->heap[clock->count--];
    if (last == timer) {
        return;
    }
    if (slot > 1 && earlier(last, clock->heap[slot / 2])) {
        sift_up(clock, last, slot);
    } else {
        sift_down(clock, last, slot);
    }
}

bool timer_armed(const struct timer *timer)
{
    return timer->heap_slot != 0;
}

static void fire_first(struct clock *clock)
{
    struct timer *timer = clock->heap[1];
    clock_disarm(clock, timer);
    timer->fire(timer);
}

/* Real milliseconds until emulated time has gone on by `span_us`, rounded up. */
static int64_t real_ms(const struct clock *clock, int64_t span_us)
{
    double real_us = (double)span_us / clock->scale;
    double most = (double)farthest_ms * 1000;
    return ((int64_t)(real_us < most ? real_us : most) + 999) / 1000;
}

static void travel(struct clock *clock);

int64_t clock_run(struct clock *clock)
{
    travel(clock);
    /* What callbacks arm for now or earlier waits for the next run: none can hold us here. */
    uint64_t newest = clock->armed;
    int64_t now_ms = clock_now_ms(clock);
    while (clock->count > 0 && clock->heap[1]->due_ms <= now_ms &&
           clock->heap[1]->order <= newest) {
        fire_first(clock);
    }
    if (clock->count == 0) {
        return -1;
    }
    int64_t due_ms = clamp_ms(clock->heap[1]->due_ms), now_us = clock_now_us(clock);
    if (due_ms * 1000 <= now_us) {
        return 0;
    }
    return clock->mode == CLOCK_FROZEN ? -1 : real_ms(clock, due_ms * 1000 - now_us);
}

/* Returns what is left; that is 0 unless it stops for holders. */
static int64_t advance(struct clock *clock, int64_t by_us, bool stops)
{
    bool nested = clock->advancing, stopped = false;
    int64_t start_us = clock_now_us(clock);
    int64_t end_us = start_us + by_us;
    end_us = end_us > farthest_ms * 1000 ? farthest_ms * 1000 : end_us;
    continue_from(clock, start_us);
    int64_t outer_end_us = nested ? clock->end_us : end_us;
    clock->end_us = end_us > outer_end_us ? end_us : outer_end_us;
    clock->advancing = true;
    while (!stopped && clock->count > 0 && clamp_ms(clock->heap[1]->due_ms) * 1000 <= end_us) {
        int64_t due_us = clamp_ms(clock->heap[1]->due_ms) * 1000;
        clock->base_us = due_us > clock->base_us ? due_us : clock->base_us;
        fire_first(clock);
        stopped = stops && clock->holders > 0;
    }
    int64_t left_us = stopped && end_us > clock->base_us ? end_us - clock->base_us : 0;
    /* A callback may have set the clock beyond the end: time does not go back for us. */
    int64_t reached_us = end_us - left_us;
    continue_from(clock, reached_us > clock->base_us ? reached_us : clock->base_us);
    clock->advancing = nested;
    clock->end_us = outer_end_us;
    return left_us;
}

void clock_advance(struct clock *clock, int64_t by_ms)
{
    assert(by_ms >= 0);
    advance(clock, clamp_ms(by_ms) * 1000, false);
}

/* ---- Journeys ---- */

static void travel(struct clock *clock)
{
    struct clock_journey *journey;
    while (!clock->advancing && clock->holders == 0 && (journey = clock->journeys) != NULL) {
        journey->left_us = advance(clock, journey->left_us, true);
        if (journey->left_us == 0 && clock->holders == 0) {
            clock_call_off(journey);
            journey->arrived(journey);
        }
    }
}

void clock_travel(struct clock *clock, struct clock_journey *journey, int64_t by_ms)
{
    assert(by_ms >= 0);
    struct clock_journey **at = &clock->journeys;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    journey->left_us = clamp_ms(by_ms) * 1000;
    journey->next = NULL;
    journey->at = at;
    *at = journey;
    travel(clock);
}

void clock_call_off(struct clock_journey *journey)
{
    *journey->at = journey->next;
    if (journey->next != NULL) {
        journey->next->at = journey->at;
    }
}

void clock_hold(struct clock *clock)
{
    clock->holders++;
}

void clock_release(struct clock *clock)
{
    assert(clock->holders > 0);
    clock->holders--;
}

int64_t clock_destination_ms(const struct clock *clock)
{
    int64_t now_ms = clock_now_ms(clock);
    return clock->advancing && clock->end_us / 1000 > now_ms ? clock->end_us / 1000 : now_ms;
}
