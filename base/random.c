/* xoshiro256**, seeded through splitmix64 (both by Blackman and Vigna, public domain). */
#include "base/random.h"

#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

void random_init(struct random *random, uint64_t seed)
{
    for (size_t i = 0; i < ARRAY_LEN(random->state); i++) {
        random->state[i] = splitmix(&seed);
    }
}

uint64_t random_next(struct random *random)
{
    uint64_t *state = random->state;
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t carried = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= carried;
    state[3] = rotate(state[3], 45);
    return result;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    /* Draws of the incomplete last stretch are thrown away, so that none is favoured. */
    uint64_t uneven = (0 - limit) % limit;
    uint64_t drawn;
    do {
        drawn = random_next(random);
    } while (drawn < uneven);
    return drawn % limit;
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

void random_fill(struct random *random, void *memory, size_t size)
{
    char *place = memory;
    while (size > 0) {
        uint64_t drawn = random_next(random);
        size_t part = size < sizeof(drawn) ? size : sizeof(drawn);
        memcpy(place, &drawn, part);
        place += part;
        size -= part;
    }
}

void random_guid(struct random *random, char text[GUID_SIZE + 1])
{
    unsigned char raw[16];
    random_fill(random, raw, sizeof(raw));
    raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40);
    raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
    size_t size = 0;
    for (size_t i = 0; i < sizeof(raw); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[size++] = '-';
        }
        text[size++] = "0123456789abcdef"[raw[i] >> 4];
        text[size++] = "0123456789abcdef"[raw[i] & 15];
    }
    text[size] = '\0';
}
