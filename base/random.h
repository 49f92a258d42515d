/*
 * The one generator behind every arbitrary choice of the emulator (xoshiro256**), so that a run
 * can be repeated from its seed. Not for cryptography: private keys come from OpenSSL.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/bytes.h"

struct random {
    uint64_t state[4];
};

#define GUID_SIZE 36

void random_init(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t limit); /* 0..limit-1; limit > 0 */
double random_unit(struct random *random);                    /* 0 <= x < 1 */
void random_fill(struct random *random, void *memory, size_t size);
/* A version 4 GUID in lower case with hyphens, terminated: `text` holds GUID_SIZE + 1 bytes. */
void random_guid(struct random *random, char text[GUID_SIZE + 1]);

#endif
