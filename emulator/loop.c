/* The loop's turn: the clock's timers, then what was put off, then the wait. */
#include "emulator/loop.h"

#include <assert.h>
#include <signal.h>

enum {
    SWEEP_STEP_MS = 100,
    TASK_ROUNDS = 4,                  /* in one turn; more wait for the next */
    SCRATCH_LIMIT = 64 * 1024 * 1024, /* one send may be large */
    FAREWELL_TURNS = 1000,
};

/* ---- Tasks ---- */

static void enqueue(struct loop_queue *queue, struct loop_task *task)
{
    if (task->at != NULL) {
        return;
    }
    task->next = NULL;
    task->at = queue->end;
    *task->at = task;
    queue->end = &task->next;
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
    enqueue(&loop->before_wait, task);
}

void loop_defer_behind_reads(struct loop *loop, struct loop_task *task)
{
    enqueue(&loop->behind_reads, task);
}

static void draw_in(struct loop_queue *queue, struct loop_task *last)
{
    if (queue->end == &last->next) {
        queue->end = last->at;
    }
}

void loop_cancel(struct loop *loop, struct loop_task *task)
{
    if (task->at == NULL) {
        return;
    }
    *task->at = task->next;
    if (task->next != NULL) {
        task->next->at = task->at;
    } else {
        draw_in(&loop->before_wait, task);
        draw_in(&loop->behind_reads, task);
    }
    task->at = NULL;
}

/* Those that are queued now; what they queue waits for the next round. */
static void run_tasks(struct loop *loop, struct loop_queue *queue)
{
    struct loop_task *batch = queue->first;

    *queue = (struct loop_queue){NULL, &queue->first};
    if (batch != NULL) {
        batch->at = &batch;
    }
    while (batch != NULL) {
        struct loop_task *task = batch;
        loop_cancel(loop, task);
        task->run(task);
    }
}

/* ---- Deadlines ---- */

static void unlink_deadline(struct loop_deadline *deadline)
{
    if (deadline->at == NULL) {
        return;
    }
    *deadline->at = deadline->next;
    if (deadline->next != NULL) {
        deadline->next->at = deadline->at;
    }
    deadline->at = NULL;
}

static void link_deadline(struct loop_deadline **list, struct loop_deadline *deadline)
{
    deadline->next = *list;
    deadline->at = list;
    if (*list != NULL) {
        (*list)->at = &deadline->next;
    }
    *list = deadline;
}

static void sweep(uv_timer_t *timer)
{
    struct loop *loop = CONTAINER_OF(timer, struct loop, sweep);
    struct loop_deadline *passed = NULL, *next;
    uint64_t now_ms = uv_now(&loop->uv), first_ms = UINT64_MAX;

    for (struct loop_deadline *deadline = loop->deadlines; deadline != NULL; deadline = next) {
        next = deadline->next;
        if (deadline->due_ms <= now_ms) {
            unlink_deadline(deadline);
            link_deadline(&passed, deadline);
        } else if (deadline->due_ms < first_ms) {
            first_ms = deadline->due_ms;
        }
    }
    if (first_ms != UINT64_MAX) {
        uint64_t wait_ms = first_ms - now_ms;
        uv_timer_start(timer, sweep, wait_ms < SWEEP_STEP_MS ? SWEEP_STEP_MS : wait_ms, 0);
    }
    while (passed != NULL) {
        struct loop_deadline *deadline = passed;
        unlink_deadline(deadline);
        deadline->passed(deadline);
    }
}

void loop_set_deadline(struct loop *loop, struct loop_deadline *deadline, uint64_t from_now_ms)
{
    unlink_deadline(deadline);
    link_deadline(&loop->deadlines, deadline);
    deadline->due_ms = uv_now(&loop->uv) + from_now_ms;
    if (!uv_is_active((uv_handle_t *)&loop->sweep) ||
        uv_timer_get_due_in(&loop->sweep) > from_now_ms + SWEEP_STEP_MS) {
        uv_timer_start(&loop->sweep, sweep, from_now_ms, 0);
    }
}

void loop_clear_deadline(struct loop *loop, struct loop_deadline *deadline)
{
    (void)loop;
    unlink_deadline(deadline);
}

/* ---- The clock ---- */

/* Its callbacks run before the next wait, from prepare; here the wait only has to end. */
static void due(uv_timer_t *timer)
{
    struct loop *loop = CONTAINER_OF(timer, struct loop, timer);
    loop->armed_ms = -1;
}

static void arm(struct loop *loop, int64_t wait_ms)
{
    if (wait_ms < 0) {
        if (loop->armed_ms >= 0) {
            uv_timer_stop(&loop->timer);
            loop->armed_ms = -1;
        }
        return;
    }
    int64_t at_ms = (int64_t)uv_now(&loop->uv) + wait_ms;
    if (at_ms != loop->armed_ms) {
        uv_timer_start(&loop->timer, due, (uint64_t)wait_ms, 0);
        loop->armed_ms = at_ms;
    }
}

static void before_wait(uv_prepare_t *prepare)
{
    struct loop *loop = CONTAINER_OF(prepare, struct loop, prepare);
    int64_t wait_ms;
    int rounds = 0;

    loop->turn++;
    do {
        wait_ms = clock_run(loop->clock);
        if (loop->before_wait.first == NULL) {
            break;
        }
        run_tasks(loop, &loop->before_wait);
        /* They may have armed timers: ask again for the next due time. */
        wait_ms = 0;
    } while (++rounds < TASK_ROUNDS);
    arm(loop, wait_ms);
}

static void after_reads(uv_check_t *check)
{
    struct loop *loop = CONTAINER_OF(check, struct loop, check);
    run_tasks(loop, &loop->behind_reads);
}

/* ---- Life ---- */

int loop_init(struct loop *loop, struct clock *clock)
{
    *loop = (struct loop){.clock = clock, .armed_ms = -1};
    int failure = uv_loop_init(&loop->uv);
    if (failure != 0) {
        return failure;
    }
    /* A client that went away is an error of one write, not of the process. */
    signal(SIGPIPE, SIG_IGN);
    loop->before_wait.end = &loop->before_wait.first;
    loop->behind_reads.end = &loop->behind_reads.first;
    loop->read_buffer = memory_allocate(LOOP_READ_SIZE);
    buf_init(&loop->plain, SCRATCH_LIMIT);
    buf_init(&loop->outgoing, SCRATCH_LIMIT);
    uv_timer_init(&loop->uv, &loop->timer);
    uv_timer_init(&loop->uv, &loop->sweep);
    uv_unref((uv_handle_t *)&loop->sweep);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_prepare_start(&loop->prepare, before_wait);
    uv_check_init(&loop->uv, &loop->check);
    uv_check_start(&loop->check, after_reads);
    return 0;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_finish(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->sweep, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    int status = uv_loop_close(&loop->uv);
    for (int i = 0; i < FAREWELL_TURNS && status == UV_EBUSY; i++) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        status = uv_loop_close(&loop->uv);
    }
    assert(status == 0); /* else a handle was left open */
    memory_free(loop->read_buffer);
    buf_finish(&loop->plain);
    buf_finish(&loop->outgoing);
}
