/* The emulator's time and its timers, on a real time that the test moves. */
#include "base/clock.h"

#include "base/random.h"

#include "tests/support/test.h"

static int64_t real_us;

static int64_t read_real(void *context)
{
    (void)context;
    return real_us;
}

static struct clock *clock_at(int64_t now_ms)
{
    real_us = now_ms * 1000;
    return clock_create(read_real, NULL);
}

/* A timer that notes when it fired, and may arm itself or another. */
struct probe {
    struct timer timer;
    struct clock *clock;
    struct probe *next; /* armed by this one's firing */
    int64_t next_delay_ms;
    int fired;
    int64_t fired_at_ms;
    int rank; /* among all firings */
};

static int firings;

static void probe_fire(struct timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
    probe->fired++;
    probe->fired_at_ms = clock_now_ms(probe->clock);
    probe->rank = firings++;
    if (probe->next != NULL) {
        clock_arm(probe->clock, &probe->next->timer, probe->fired_at_ms + probe->next_delay_ms);
    }
}

static struct probe probe_on(struct clock *clock)
{
    return (struct probe){.timer = {.fire = probe_fire}, .clock = clock};
}

TEST(real_clock_follows_the_time_read)
{
    struct clock *clock = clock_at(1000);
    CHECK_INT(clock_now_ms(clock), 1000);
    real_us += 2500;
    CHECK_INT(clock_now_us(clock), 1002500);
    CHECK_INT(clock_now_ms(clock), 1002);
    clock_destroy(clock);
}

TEST(system_clock_is_read_by_default)
{
    struct clock *clock = clock_create(NULL, NULL);
    CHECK(clock_now_ms(clock) > 1700000000000);
    CHECK(clock_mode(clock) == CLOCK_REAL);
    CHECK(clock_monotonic_us() <= clock_monotonic_us());
    clock_destroy(clock);
    clock_destroy(NULL);
}

TEST(scaled_clock_does_not_drift)
{
    struct clock *clock = clock_at(0);
    clock_set_real(clock, 60);
    for (int i = 0; i < 1000000; i++) {
        real_us += 1;
        clock_now_us(clock);
    }
    CHECK_INT(clock_now_us(clock), 60000000);
    CHECK(clock_scale(clock) == 60);
    clock_set_real(clock, 1);
    real_us += 1000;
    CHECK_INT(clock_now_us(clock), 60001000);
    clock_destroy(clock);
}

TEST(frozen_clock_stands_still_until_resumed)
{
    struct clock *clock = clock_at(5000);
    clock_freeze(clock);
    real_us += 1000000;
    CHECK_INT(clock_now_ms(clock), 5000);
    CHECK(clock_mode(clock) == CLOCK_FROZEN);
    clock_set_real(clock, 1);
    CHECK_INT(clock_now_ms(clock), 5000);
    real_us += 1000;
    CHECK_INT(clock_now_ms(clock), 5001);
    clock_destroy(clock);
}

TEST(clock_can_be_set_forwards_and_back)
{
    struct clock *clock = clock_at(5000);
    clock_set(clock, 9000);
    real_us += 1000;
    CHECK_INT(clock_now_ms(clock), 9001);
    clock_set(clock, -1);
    CHECK_INT(clock_now_ms(clock), -1);
    clock_set(clock, INT64_MAX);
    clock_advance(clock, INT64_MAX);
    CHECK(clock_now_ms(clock) > 9000);
    clock_destroy(clock);
}

TEST(milliseconds_before_1970_round_down)
{
    struct clock *clock = clock_at(0);
    real_us = -1;
    CHECK_INT(clock_now_ms(clock), -1);
    clock_destroy(clock);
}

TEST(timers_fire_by_due_time_and_then_by_arming)
{
    struct clock *clock = clock_at(1000);
    struct probe a = probe_on(clock), b = a, c = a;
    clock_arm(clock, &a.timer, 1020);
    clock_arm(clock, &b.timer, 1010);
    clock_arm(clock, &c.timer, 1010);
    firings = 0;
    CHECK_INT(clock_run(clock), 10);
    real_us += 20000;
    CHECK_INT(clock_run(clock), -1);
    CHECK_INT(b.rank, 0);
    CHECK_INT(c.rank, 1);
    CHECK_INT(a.rank, 2);
    CHECK(!timer_armed(&a.timer));
    clock_destroy(clock);
}

TEST(timer_can_be_moved_and_disarmed)
{
    struct clock *clock = clock_at(0);
    struct probe a = probe_on(clock), b = a;
    clock_disarm(clock, &a.timer);
    clock_arm(clock, &a.timer, 10);
    clock_arm(clock, &a.timer, 30);
    clock_arm(clock, &b.timer, 20);
    clock_disarm(clock, &b.timer);
    CHECK(timer_armed(&a.timer));
    CHECK(!timer_armed(&b.timer));
    clock_advance(clock, 29);
    CHECK_INT(a.fired + b.fired, 0);
    clock_advance(clock, 1);
    CHECK_INT(a.fired, 1);
    clock_destroy(clock);
}

TEST(due_time_in_the_past_fires_at_the_next_run)
{
    struct clock *clock = clock_at(1000);
    struct probe a = probe_on(clock);
    clock_arm(clock, &a.timer, 10);
    CHECK_INT(a.fired, 0);
    clock_run(clock);
    CHECK_INT(a.fired, 1);
    clock_destroy(clock);
}

TEST(run_does_not_chase_what_its_callbacks_arm)
{
    struct clock *clock = clock_at(1000);
    struct probe a = probe_on(clock);
    a.next = &a;
    clock_arm(clock, &a.timer, 1000);
    CHECK_INT(clock_run(clock), 0);
    CHECK_INT(a.fired, 1);
    CHECK_INT(clock_run(clock), 0);
    CHECK_INT(a.fired, 2);
    clock_destroy(clock);
}

TEST(run_tells_real_milliseconds_rounded_up)
{
    struct clock *clock = clock_at(0);
    struct probe a = probe_on(clock);
    clock_set_real(clock, 60);
    clock_arm(clock, &a.timer, 601);
    CHECK_INT(clock_run(clock), 11);
    real_us += 11000;
    CHECK_INT(clock_run(clock), -1);
    CHECK_INT(a.fired, 1);

    clock_set_real(clock, 1);
    real_us += 500;
    clock_arm(clock, &a.timer, clock_now_ms(clock) + 1);
    CHECK_INT(clock_run(clock), 1);
    clock_arm(clock, &a.timer, INT64_MAX);
    CHECK(clock_run(clock) > 0);
    clock_destroy(clock);
}

TEST(frozen_clock_waits_for_nothing_but_fires_what_is_due)
{
    struct clock *clock = clock_at(1000);
    struct probe a = probe_on(clock);
    clock_freeze(clock);
    clock_arm(clock, &a.timer, 1001);
    CHECK_INT(clock_run(clock), -1);
    clock_set(clock, 1001);
    clock_run(clock);
    CHECK_INT(a.fired, 1);
    clock_destroy(clock);
}

TEST(advance_stops_at_every_due_time)
{
    struct clock *clock = clock_at(0);
    struct probe a = probe_on(clock), b = a, late = a;
    a.next = &b;
    a.next_delay_ms = 5;
    clock_freeze(clock);
    clock_arm(clock, &a.timer, 10);
    clock_arm(clock, &late.timer, 1201);
    clock_advance(clock, 1200);
    CHECK_INT(a.fired_at_ms, 10);
    CHECK_INT(b.fired_at_ms, 15);
    CHECK_INT(late.fired, 0);
    CHECK_INT(clock_now_ms(clock), 1200);
    clock_destroy(clock);
}

TEST(advance_moves_a_running_clock_too)
{
    struct clock *clock = clock_at(1000);
    struct probe a = probe_on(clock);
    clock_arm(clock, &a.timer, 31000);
    clock_advance(clock, 60000);
    CHECK_INT(a.fired_at_ms, 31000);
    CHECK_INT(clock_now_ms(clock), 61000);
    real_us += 1000;
    CHECK_INT(clock_now_ms(clock), 61001);
    clock_destroy(clock);
}

static void advance_by_hour(struct timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
    clock_freeze(probe->clock);
    clock_advance(probe->clock, 3600000);
    probe->fired_at_ms = clock_now_ms(probe->clock);
}

TEST(callback_may_advance_and_freeze_the_clock_itself)
{
    struct clock *clock = clock_at(0);
    struct probe a = probe_on(clock), b = a;
    a.timer.fire = advance_by_hour;
    clock_arm(clock, &a.timer, 10);
    clock_arm(clock, &b.timer, 2000);
    clock_advance(clock, 1000);
    CHECK_INT(b.fired_at_ms, 2000);
    CHECK_INT(a.fired_at_ms, 3600010);
    CHECK_INT(clock_now_ms(clock), 3600010);
    CHECK(clock_mode(clock) == CLOCK_FROZEN);
    clock_destroy(clock);
}

static void free_probe(struct timer *timer)
{
    memory_free(CONTAINER_OF(timer, struct probe, timer));
}

TEST(callback_may_free_its_timer)
{
    struct clock *clock = clock_at(0);
    for (int i = 0; i < 10; i++) {
        struct probe *probe = memory_allocate_zeroed(sizeof(*probe));
        probe->timer.fire = free_probe;
        clock_arm(clock, &probe->timer, i);
    }
    clock_advance(clock, 10);
    CHECK_INT(clock_run(clock), -1);
    clock_destroy(clock);
}

TEST(many_timers_fire_in_order_whatever_is_disarmed)
{
    enum { COUNT = 2000 };
    static struct probe probes[COUNT];
    struct clock *clock = clock_at(0);
    struct random random;
    random_init(&random, 7);
    for (int i = 0; i < COUNT; i++) {
        probes[i] = probe_on(clock);
        clock_arm(clock, &probes[i].timer, (int64_t)random_below(&random, 500));
    }
    for (int i = 0; i < COUNT; i += 3) {
        clock_disarm(clock, &probes[i].timer);
    }
    firings = 0;
    clock_advance(clock, 500);
    for (int i = 0; i < COUNT; i++) {
        CHECK_INT(probes[i].fired, i % 3 == 0 ? 0 : 1);
        for (int k = 0; k < i && probes[i].fired == 1; k += 97) {
            if (probes[k].fired == 1) {
                bool first = probes[k].timer.due_ms <= probes[i].timer.due_ms;
                CHECK(first == (probes[k].rank < probes[i].rank));
            }
        }
    }
    clock_destroy(clock);
}

static struct clock *traveller;
static int64_t destination_ms;

static void look_ahead(struct timer *timer)
{
    (void)timer;
    destination_ms = clock_destination_ms(traveller);
}

static void hurry(struct timer *timer)
{
    (void)timer;
    clock_advance(traveller, 5000); /* beyond the end of the one that is under way */
}

TEST(destination_is_where_an_advance_ends)
{
    struct timer seen = {.fire = look_ahead}, hurried = {.fire = hurry},
                 last = {.fire = look_ahead};
    traveller = clock_create(NULL, NULL);
    clock_freeze(traveller);
    int64_t start_ms = clock_now_ms(traveller);
    CHECK_INT(clock_destination_ms(traveller), start_ms);
    clock_arm(traveller, &seen, start_ms + 100);
    clock_advance(traveller, 1000);
    CHECK_INT(destination_ms, start_ms + 1000);
    CHECK_INT(clock_destination_ms(traveller), start_ms + 1000);
    clock_arm(traveller, &hurried, start_ms + 1500);
    clock_arm(traveller, &last, start_ms + 4000);
    clock_advance(traveller, 1000);
    CHECK_INT(destination_ms, start_ms + 6500);
    CHECK_INT(clock_destination_ms(traveller), start_ms + 6500);
    clock_destroy(traveller);
}

/* Something that begins on the clock and ends in real time. */
static void hold(struct timer *timer)
{
    (void)timer;
    clock_hold(traveller);
}

static int arrivals;
static int64_t arrived_ms;

static void note_arrival(struct clock_journey *journey)
{
    (void)journey;
    arrivals++;
    arrived_ms = clock_now_ms(traveller);
}

TEST(journeys_wait_for_who_holds_the_clock)
{
    struct timer download = {.fire = hold}, again = {.fire = hold};
    struct clock_journey first = {.arrived = note_arrival}, second = first, third = first;
    traveller = clock_at(0);
    struct probe behind = probe_on(traveller);
    arrivals = 0;
    clock_freeze(traveller);
    clock_travel(traveller, &first, 5);
    CHECK_INT(arrivals, 1);
    CHECK_INT(arrived_ms, 5);
    clock_arm(traveller, &download, 10);
    clock_arm(traveller, &behind.timer, 15);
    clock_arm(traveller, &again, 25);
    clock_travel(traveller, &first, 15); /* to 20 */
    clock_travel(traveller, &second, 5); /* to 25 */
    clock_travel(traveller, &third, 100);
    clock_run(traveller);
    CHECK_INT(arrivals, 1);
    CHECK_INT(clock_now_ms(traveller), 10);
    clock_release(traveller);
    CHECK_INT(clock_now_ms(traveller), 10);
    clock_run(traveller);
    CHECK_INT(behind.fired_at_ms, 15);
    CHECK_INT(arrivals, 2); /* what began at the end of the second keeps it there */
    CHECK_INT(arrived_ms, 20);
    CHECK_INT(clock_now_ms(traveller), 25);
    clock_call_off(&third);
    clock_release(traveller);
    clock_run(traveller);
    CHECK_INT(arrivals, 3);
    CHECK_INT(clock_now_ms(traveller), 25);
    clock_destroy(traveller);
}

static const struct test_case cases[] = {
    CASE(journeys_wait_for_who_holds_the_clock),
    CASE(destination_is_where_an_advance_ends),
    CASE(real_clock_follows_the_time_read),
    CASE(system_clock_is_read_by_default),
    CASE(scaled_clock_does_not_drift),
    CASE(frozen_clock_stands_still_until_resumed),
    CASE(clock_can_be_set_forwards_and_back),
    CASE(milliseconds_before_1970_round_down),
    CASE(timers_fire_by_due_time_and_then_by_arming),
    CASE(timer_can_be_moved_and_disarmed),
    CASE(due_time_in_the_past_fires_at_the_next_run),
    CASE(run_does_not_chase_what_its_callbacks_arm),
    CASE(run_tells_real_milliseconds_rounded_up),
    CASE(frozen_clock_waits_for_nothing_but_fires_what_is_due),
    CASE(advance_stops_at_every_due_time),
    CASE(advance_moves_a_running_clock_too),
    CASE(callback_may_advance_and_freeze_the_clock_itself),
    CASE(callback_may_free_its_timer),
    CASE(many_timers_fire_in_order_whatever_is_disarmed),
};

TEST_MAIN(cases)
