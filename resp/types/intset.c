/* Sorted integers in one block. */
#include "resp/types/intset.h"

#include <string.h>

enum { HEAD_SIZE = 8 };

struct intset {
    unsigned char at[1];
};

static uint64_t read_little(const unsigned char *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

static void write_little(unsigned char *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (unsigned char)(value >> (8 * i));
    }
}

static size_t width_of(const struct intset *set)
{
    return (size_t)read_little(set->at, 4);
}

static size_t width_for(int64_t number)
{
    return number < INT32_MIN || number > INT32_MAX   ? 8
           : number < INT16_MIN || number > INT16_MAX ? 4
                                                      : 2;
}

size_t intset_count(const struct intset *set)
{
    return (size_t)read_little(set->at + 4, 4);
}

static size_t block_size(const struct intset *set)
{
    return HEAD_SIZE + width_of(set) * intset_count(set);
}

static int64_t number_at(const unsigned char *numbers, size_t width, size_t index)
{
    uint64_t sign = (uint64_t)1 << (width * 8 - 1);
    return (int64_t)((read_little(numbers + width * index, width) ^ sign) - sign);
}

int64_t intset_get(const struct intset *set, size_t index)
{
    return number_at(set->at + HEAD_SIZE, width_of(set), index);
}

struct intset *intset_create(void)
{
    struct intset *set = memory_allocate_zeroed(HEAD_SIZE);
    write_little(set->at, 2, 4);
    return set;
}

struct intset *intset_copy(const struct intset *set)
{
    struct intset *copy = memory_allocate(block_size(set));
    memcpy(copy, set, block_size(set));
    return copy;
}

struct bytes intset_bytes(const struct intset *set)
{
    return (struct bytes){(const char *)set->at, block_size(set)};
}

struct intset *intset_from_bytes(struct bytes block)
{
    const struct intset *given = (const struct intset *)(const void *)block.data;
    if (block.size < HEAD_SIZE) {
        return NULL;
    }
    size_t width = width_of(given), count = intset_count(given);
    if ((width != 2 && width != 4 && width != 8) || count == 0 ||
        block.size - HEAD_SIZE != width * count) {
        return NULL;
    }
    for (size_t i = 1; i < count; i++) {
        if (intset_get(given, i - 1) >= intset_get(given, i)) {
            return NULL;
        }
    }
    return intset_copy(given);
}

/* Where the number stands, or would stand. */
static size_t find(const struct intset *set, int64_t number, bool *found)
{
    size_t low = 0, high = intset_count(set);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intset_get(set, middle) < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < intset_count(set) && intset_get(set, low) == number;
    return low;
}

bool intset_contains(const struct intset *set, int64_t number)
{
    bool found;
    find(set, number, &found);
    return found;
}

static struct intset *widen(struct intset *set, size_t width)
{
    size_t count = intset_count(set), old = width_of(set);
    set = memory_resize(set, HEAD_SIZE + width * count);
    for (size_t i = count; i > 0; i--) {
        int64_t number = number_at(set->at + HEAD_SIZE, old, i - 1);
        write_little(set->at + HEAD_SIZE + width * (i - 1), (uint64_t)number, width);
    }
    write_little(set->at, width, 4);
    return set;
}

struct intset *intset_add(struct intset *set, int64_t number, bool *added)
{
    bool found;
    size_t index = find(set, number, &found), count = intset_count(set);
    *added = !found;
    if (found) {
        return set;
    }
    if (width_for(number) > width_of(set)) {
        set = widen(set, width_for(number));
    }
    size_t width = width_of(set);
    set = memory_resize(set, HEAD_SIZE + width * (count + 1));
    unsigned char *place = set->at + HEAD_SIZE + width * index;
    memmove(place + width, place, width * (count - index));
    write_little(place, (uint64_t)number, width);
    write_little(set->at + 4, count + 1, 4);
    return set;
}

struct intset *intset_remove(struct intset *set, int64_t number, bool *removed)
{
    size_t index = find(set, number, removed), count = intset_count(set), width = width_of(set);
    if (!*removed) {
        return set;
    }
    unsigned char *place = set->at + HEAD_SIZE + width * index;
    memmove(place, place + width, width * (count - index - 1));
    write_little(set->at + 4, count - 1, 4);
    return memory_resize(set, HEAD_SIZE + width * (count - 1));
}
