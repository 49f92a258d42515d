/* A second stack: work that stops in the middle and goes on where it stopped. */
#include "base/fiber.h"

#include "base/bytes.h"
#include "tests/support/test.h"

struct work {
    struct fiber *fiber;
    int steps, done;
};

static void run(void *context)
{
    struct work *work = context;
    for (int i = 0; i < work->steps; i++) {
        work->done++;
        fiber_pause(work->fiber);
    }
}

TEST(work_goes_on_where_it_paused)
{
    struct work work = {fiber_create(), 3, 0};
    CHECK(!fiber_start(work.fiber, run, &work));
    CHECK_INT(work.done, 1);
    CHECK(!fiber_continue(work.fiber));
    CHECK_INT(work.done, 2);
    CHECK(!fiber_continue(work.fiber));
    CHECK(fiber_continue(work.fiber));
    CHECK_INT(work.done, 3);
    fiber_destroy(work.fiber);
}

TEST(a_fiber_is_used_again_and_two_do_not_meet)
{
    struct work first = {fiber_create(), 1, 0}, second = {fiber_create(), 2, 0};
    for (int round = 0; round < 100; round++) {
        first.done = second.done = 0;
        CHECK(!fiber_start(first.fiber, run, &first));
        CHECK(!fiber_start(second.fiber, run, &second));
        CHECK(fiber_continue(first.fiber));
        CHECK(!fiber_continue(second.fiber));
        CHECK(fiber_continue(second.fiber));
        CHECK_INT(first.done, 1);
        CHECK_INT(second.done, 2);
    }
    fiber_destroy(first.fiber);
    fiber_destroy(second.fiber);
}

static int depth_of(int depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    return depth == 0 ? 0 : depth_of(depth - 1) + (room[0] == (char)depth);
}

static void go_deep(void *context)
{
    *(int *)context = depth_of(4000); /* some megabytes */
}

TEST(its_stack_is_deep)
{
    struct fiber *fiber = fiber_create();
    int depth = 0;
    CHECK(fiber_start(fiber, go_deep, &depth));
    CHECK_INT(depth, 4000);
    fiber_destroy(fiber);
}

static const struct test_case cases[] = {
    CASE(work_goes_on_where_it_paused),
    CASE(a_fiber_is_used_again_and_two_do_not_meet),
    CASE(its_stack_is_deep),
};

TEST_MAIN(cases)
