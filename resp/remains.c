/* Frees large values in slices between the loop's turns. */
#include "resp/remains.h"

#include "resp/instance_state.h"

enum { AT_ONCE = 256, SLICE_US = 500 };

struct remain {
    struct remain *next;
    const struct value_type *type; /* NULL: keys */
    void *data;
    struct dict keys;
    size_t position, objects;
};

static bool take_apart(struct remain *remain, size_t elements)
{
    return remain->type != NULL ? remain->type->dismantle(remain->data, elements, &remain->position)
                                : dict_clear_some(&remain->keys, elements, &remain->position);
}

static void drop_first(struct remains *remains)
{
    struct remain *done = remains->first;
    remains->first = done->next;
    remains->objects -= done->objects;
    memory_free(done);
}

static void next_slice(struct timer *timer)
{
    struct instance *instance = CONTAINER_OF(timer, struct instance, remains.timer);
    struct remains *remains = &instance->remains;
    int64_t start_us = clock_monotonic_us();
    do {
        if (take_apart(remains->first, AT_ONCE)) {
            drop_first(remains);
        }
    } while (remains->first != NULL && clock_monotonic_us() - start_us < SLICE_US);
    if (remains->first != NULL) {
        clock_arm(instance->clock, timer, clock_now_ms(instance->clock));
    }
}

static struct remain *add(struct instance *instance, size_t objects)
{
    struct remains *remains = &instance->remains;
    struct remain *remain = memory_allocate_zeroed(sizeof(*remain));
    remain->next = remains->first;
    remain->objects = objects;
    remains->objects += objects;
    remains->first = remain;
    remains->timer.fire = next_slice;
    if (!timer_armed(&remains->timer)) {
        clock_arm(instance->clock, &remains->timer, clock_now_ms(instance->clock));
    }
    return remain;
}

void remains_take(struct instance *instance, const struct value_type *type, void *data)
{
    if (type->dismantle == NULL || type->effort(data) <= AT_ONCE) {
        type->destroy(data);
        return;
    }
    struct remain *remain = add(instance, 1);
    remain->type = type;
    remain->data = data;
}

void remains_take_keys(struct instance *instance, struct dict *keys)
{
    if (dict_count(keys) <= AT_ONCE) {
        dict_clear(keys);
        return;
    }
    struct remain *remain = add(instance, dict_count(keys));
    remain->keys = *keys;
    dict_init(keys, keys->payload_size, keys->release, instance->random);
}

void remains_finish(struct instance *instance)
{
    while (instance->remains.first != NULL) {
        while (!take_apart(instance->remains.first, SIZE_MAX / 8)) {
        }
        drop_first(&instance->remains);
    }
    clock_disarm(instance->clock, &instance->remains.timer);
}
