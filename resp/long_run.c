#include "resp/long_run.h"

#include <string.h>

#include "base/fiber.h"
#include "resp/blocking.h"
#include "resp/instance_state.h"
#include "resp/lua/engine.h"

struct long_run {
    struct instance *instance;
    struct fiber *fiber;
    struct call call;
    struct command_entry *entry;
    struct bytes *argv; /* a copy from the first pause on */
    int64_t start_us;
    bool active, paused;
    bool waits;     /* for the host: it goes on when that is done */
    bool held_back; /* others wait for its end */
    bool abandoned;
    struct timer timer; /* fires in the loop's next turn */
};

void long_run_destroy(struct long_run *run)
{
    if (run != NULL) {
        fiber_destroy(run->fiber);
        memory_free(run);
    }
}

static void run_handler(void *context)
{
    struct long_run *run = context;
    run->call.command->handler(&run->call);
}

static void finish(struct long_run *run)
{
    struct session *session = run->call.session;
    run->active = run->paused = false;
    session->suspended = false;
    dispatch_finish(&run->call, run->entry, run->start_us);
    memory_free(run->argv);
    run->argv = NULL;
    if (run->held_back) {
        run->held_back = false;
        blocking_pause(run->instance, clock_now_ms(run->instance->clock), true); /* for a turn */
    }
    session_resumed(session);
}

/* In the loop's next turn, if it does not wait for something else. */
static void go_on_soon(struct long_run *run)
{
    if (!run->waits) {
        clock_arm(run->instance->clock, &run->timer, clock_now_ms(run->instance->clock));
    }
}

static void go_on(struct timer *timer)
{
    struct long_run *run = CONTAINER_OF(timer, struct long_run, timer);
    if (fiber_continue(run->fiber)) {
        finish(run);
    } else {
        go_on_soon(run);
    }
}

bool long_run_start(struct call *call, struct command_entry *entry, int64_t start_us)
{
    struct instance *instance = call->instance;
    if (instance->long_run == NULL) {
        instance->long_run = memory_allocate_zeroed(sizeof(*instance->long_run));
        instance->long_run->instance = instance;
        instance->long_run->timer.fire = go_on;
        instance->long_run->fiber = fiber_create();
    }
    struct long_run *run = instance->long_run;
    if (run->fiber == NULL) { /* no stack to be had: it runs, but never stops */
        call->command->handler(call);
        return true;
    }
    run->call = *call;
    run->entry = entry;
    run->start_us = start_us;
    run->active = true;
    if (fiber_start(run->fiber, run_handler, run)) {
        run->active = false;
        *call = run->call;
        return true;
    }
    call->session->suspended = true;
    go_on_soon(run);
    return false;
}

void long_run_pause(struct instance *instance)
{
    struct long_run *run = instance->long_run;
    if (run == NULL || !run->active || run->fiber == NULL) {
        return;
    }
    if (run->argv == NULL) {
        run->argv = words_copy(run->call.argv, run->call.argc);
        run->call.argv = run->argv;
    }
    struct session *current = instance->current;
    run->paused = true;
    instance->current = NULL;
    fiber_pause(run->fiber);
    run->paused = false;
    instance->current = current;
    instance->current_ms = run->call.now_ms;
}

bool long_run_wait(struct instance *instance)
{
    struct long_run *run = instance->long_run;
    if (run == NULL || !run->active || run->fiber == NULL || run->abandoned) {
        return false;
    }
    run->waits = run->held_back = true;
    long_run_pause(instance);
    run->waits = false;
    return !run->abandoned;
}

void long_run_wake(struct instance *instance)
{
    struct long_run *run = instance->long_run;
    if (long_run_waits(instance)) {
        run->waits = false;
        go_on_soon(run);
    }
}

bool long_run_waits(const struct instance *instance)
{
    return long_run_paused(instance) && instance->long_run->waits;
}

bool long_run_active(const struct instance *instance)
{
    return instance->long_run != NULL && instance->long_run->active;
}

bool long_run_paused(const struct instance *instance)
{
    return instance->long_run != NULL && instance->long_run->paused;
}

void long_run_abandon(struct instance *instance)
{
    struct long_run *run = instance->long_run;
    if (!long_run_paused(instance)) {
        return;
    }
    clock_disarm(instance->clock, &run->timer);
    lua_engines_kill(instance);
    run->abandoned = true;
    while (!fiber_continue(run->fiber)) {
    }
    run->abandoned = false;
    finish(run);
}
