#define _XOPEN_SOURCE 700
#include "base/fiber.h"

#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/bytes.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

enum { STACK_SIZE = 8 * 1024 * 1024 };

struct fiber {
    ucontext_t inside, outside;
    char *memory; /* a guard page, then the stack */
    size_t guard;
    void (*run)(void *context);
    void *context;
    bool finished;
    /* What the address sanitizer keeps of either side. */
    void *fake_inside, *fake_outside;
    const void *outside_stack;
    size_t outside_size;
};

struct fiber *fiber_create(void)
{
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    char *memory =
        mmap(NULL, guard + STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    mprotect(memory, guard, PROT_NONE);
    struct fiber *fiber = memory_allocate_zeroed(sizeof(*fiber));
    fiber->memory = memory;
    fiber->guard = guard;
    return fiber;
}

void fiber_destroy(struct fiber *fiber)
{
    if (fiber != NULL) {
        munmap(fiber->memory, fiber->guard + STACK_SIZE);
        memory_free(fiber);
    }
}

static void entered(struct fiber *fiber, void *fake)
{
#ifdef SANITIZED
    __sanitizer_finish_switch_fiber(fake, &fiber->outside_stack, &fiber->outside_size);
#else
    (void)fiber;
    (void)fake;
#endif
}

static void leave(struct fiber *fiber)
{
#ifdef SANITIZED
    /* A NULL place for the fake stack says that this one is over. */
    __sanitizer_start_switch_fiber(fiber->finished ? NULL : &fiber->fake_inside,
                                   fiber->outside_stack, fiber->outside_size);
#endif
    swapcontext(&fiber->inside, &fiber->outside);
    entered(fiber, fiber->fake_inside);
}

/* makecontext passes numbers only. */
static void begin(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(uintptr_t)((uint64_t)high << 32 | low);
    entered(fiber, NULL);
    fiber->run(fiber->context);
    fiber->finished = true;
    leave(fiber);
}

static bool enter(struct fiber *fiber)
{
#ifdef SANITIZED
    __sanitizer_start_switch_fiber(&fiber->fake_outside, fiber->memory + fiber->guard, STACK_SIZE);
#endif
    swapcontext(&fiber->outside, &fiber->inside);
#ifdef SANITIZED
    __sanitizer_finish_switch_fiber(fiber->fake_outside, NULL, NULL);
#endif
    return fiber->finished;
}

bool fiber_start(struct fiber *fiber, void (*run)(void *context), void *context)
{
    uint64_t address = (uint64_t)(uintptr_t)fiber;
    fiber->run = run;
    fiber->context = context;
    fiber->finished = false;
    getcontext(&fiber->inside);
    fiber->inside.uc_stack.ss_sp = fiber->memory + fiber->guard;
    fiber->inside.uc_stack.ss_size = STACK_SIZE;
    fiber->inside.uc_link = NULL;
    makecontext(&fiber->inside, (void (*)(void))begin, 2, (unsigned)(address >> 32),
                (unsigned)address);
    return enter(fiber);
}

bool fiber_continue(struct fiber *fiber)
{
    return enter(fiber);
}

void fiber_pause(struct fiber *fiber)
{
    leave(fiber);
}
