/* A binary heap of embedded deadlines. */
#include "resp/types/deadlines.h"

void deadlines_finish(struct deadlines *deadlines)
{
    memory_free(deadlines->heap);
    *deadlines = (struct deadlines){0};
}

static void place(struct deadlines *deadlines, struct deadline *deadline, size_t slot)
{
    deadlines->heap[slot] = deadline;
    deadline->slot = slot;
}

static void sift_up(struct deadlines *deadlines, struct deadline *deadline)
{
    size_t slot = deadline->slot;
    for (; slot > 1 && deadline->at_ms < deadlines->heap[slot / 2]->at_ms; slot /= 2) {
        place(deadlines, deadlines->heap[slot / 2], slot);
    }
    place(deadlines, deadline, slot);
}

static void sift_down(struct deadlines *deadlines, struct deadline *deadline)
{
    size_t slot = deadline->slot, child;
    for (; (child = slot * 2) <= deadlines->count; slot = child) {
        if (child < deadlines->count &&
            deadlines->heap[child + 1]->at_ms < deadlines->heap[child]->at_ms) {
            child++;
        }
        if (deadline->at_ms <= deadlines->heap[child]->at_ms) {
            break;
        }
        place(deadlines, deadlines->heap[child], slot);
    }
    place(deadlines, deadline, slot);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms)
{
    deadline->at_ms = at_ms;
    if (deadline->slot == 0) {
        if (deadlines->count + 2 > deadlines->capacity) {
            deadlines->capacity = deadlines->capacity == 0 ? 8 : deadlines->capacity * 2;
            deadlines->heap =
                memory_resize(deadlines->heap, deadlines->capacity * sizeof(*deadlines->heap));
        }
        place(deadlines, deadline, ++deadlines->count);
    }
    sift_up(deadlines, deadline);
    sift_down(deadlines, deadline);
}

void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline)
{
    size_t slot = deadline->slot;
    if (slot == 0) {
        return;
    }
    deadline->slot = 0;
    struct deadline *last = deadlines->heap[deadlines->count--];
    if (last != deadline) {
        place(deadlines, last, slot);
        sift_up(deadlines, last);
        sift_down(deadlines, last);
    }
}

struct deadline *deadlines_first(const struct deadlines *deadlines)
{
    return deadlines->count == 0 ? NULL : deadlines->heap[1];
}

size_t deadlines_memory(const struct deadlines *deadlines)
{
    return memory_size(deadlines->heap);
}
