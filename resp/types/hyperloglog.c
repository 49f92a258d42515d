/* The algorithm follows Otmar Ertl's estimators, as Redis uses them since 4.0. */
#include "resp/types/hyperloglog.h"

#include <math.h>
#include <string.h>

enum {
    INDEX_BITS = 14,
    RANK_BITS = 64 - INDEX_BITS,
    REGISTER_BITS = 6,
    HEADER_SIZE = 16,
    COUNT_OFFSET = 8, /* 8 bytes, little endian; the highest bit says that it is out of date */
    ENCODING_OFFSET = 4,
    DENSE = 0,
    SPARSE = 1,
    DENSE_SIZE = HEADER_SIZE + HYPERLOGLOG_REGISTERS * REGISTER_BITS / 8,
    LONGEST_ZERO = 64,     /* 00xxxxxx: zeros, length - 1 */
    LONGEST_VALUE_RUN = 4, /* 1vvvvvxx: value - 1, length - 1; 01xxxxxx yyyyyyyy: many zeros */
    HIGHEST_SPARSE = 32,
};

/* MurmurHash64A by Austin Appleby, with Redis's seed. */
static uint64_t hash_element(struct bytes element)
{
    const uint64_t multiplier = 0xc6a4a7935bd1e995u;
    const int shift = 47;
    uint64_t hash = 0xadc83b19u ^ (element.size * multiplier), word;
    size_t at = 0;
    for (; at + 8 <= element.size; at += 8) {
        memcpy(&word, element.data + at, sizeof(word));
        word *= multiplier;
        word ^= word >> shift;
        hash = (hash ^ word * multiplier) * multiplier;
    }
    if (at < element.size) {
        word = 0;
        memcpy(&word, element.data + at, element.size - at);
        hash = (hash ^ word) * multiplier;
    }
    hash = (hash ^ hash >> shift) * multiplier;
    return hash ^ hash >> shift;
}

struct string *hyperloglog_create(void)
{
    static const char text[HEADER_SIZE + 2] = {
        'H', 'Y', 'L', 'L', SPARSE, [HEADER_SIZE] = 0x7f, (char)0xff};
    struct string *string = string_create((struct bytes){text, sizeof(text)});
    string->form = STRING_RAW;
    return string;
}

bool hyperloglog_valid(struct bytes text)
{
    return text.size >= HEADER_SIZE && memcmp(text.data, "HYLL", 4) == 0 &&
           (text.data[ENCODING_OFFSET] == SPARSE ||
            (text.data[ENCODING_OFFSET] == DENSE && text.size == DENSE_SIZE));
}

bool hyperloglog_dense(struct bytes text)
{
    return text.data[ENCODING_OFFSET] == DENSE;
}

void hyperloglog_forget_count(struct string *string)
{
    string->data[COUNT_OFFSET + 7] = (char)((unsigned char)string->data[COUNT_OFFSET + 7] | 0x80u);
}

/* ---- Registers ---- */

static unsigned dense_get(const char *registers, unsigned index)
{
    unsigned bit = index * REGISTER_BITS, byte = bit / 8, offset = bit % 8;
    unsigned low = (unsigned char)registers[byte];
    unsigned high = offset > 2 ? (unsigned char)registers[byte + 1] : 0;
    return ((low | high << 8) >> offset) & 0x3f;
}

static void dense_set(char *registers, unsigned index, unsigned value)
{
    unsigned bit = index * REGISTER_BITS, byte = bit / 8, offset = bit % 8;
    unsigned low = (unsigned char)registers[byte];
    registers[byte] = (char)((low & ~(0x3fu << offset)) | value << offset);
    if (offset > 2) {
        unsigned high = (unsigned char)registers[byte + 1];
        registers[byte + 1] = (char)((high & ~(0x3fu >> (8 - offset))) | value >> (8 - offset));
    }
}

struct hyperloglog_cursor hyperloglog_runs(struct bytes text)
{
    return (struct hyperloglog_cursor){text, hyperloglog_dense(text) ? 0 : HEADER_SIZE};
}

bool hyperloglog_next_run(struct hyperloglog_cursor *cursor, struct hyperloglog_run *run)
{
    if (hyperloglog_dense(cursor->text)) {
        if (cursor->at == HYPERLOGLOG_REGISTERS) {
            return false;
        }
        *run = (struct hyperloglog_run){
            .value = dense_get(cursor->text.data + HEADER_SIZE, (unsigned)cursor->at++),
            .length = 1};
        return true;
    }
    if (cursor->at >= cursor->text.size) {
        return false;
    }
    unsigned opcode = (unsigned char)cursor->text.data[cursor->at];
    if ((opcode & 0x80u) != 0) {
        *run =
            (struct hyperloglog_run){.value = (opcode >> 2 & 0x1f) + 1, .length = (opcode & 3) + 1};
    } else if ((opcode & 0x40u) == 0) {
        *run = (struct hyperloglog_run){.length = (opcode & 0x3f) + 1};
    } else {
        /* Redis takes a byte that was cut off for a zero, and so finds too many registers. */
        bool cut = cursor->at + 1 == cursor->text.size;
        unsigned low = cut ? 0 : (unsigned char)cursor->text.data[cursor->at + 1];
        *run = (struct hyperloglog_run){.length = ((opcode & 0x3f) << 8 | low) + 1, .wide = true};
    }
    cursor->at += run->wide ? 2 : 1;
    return true;
}

bool hyperloglog_merge(unsigned char registers[HYPERLOGLOG_REGISTERS], struct bytes text)
{
    struct hyperloglog_cursor cursor = hyperloglog_runs(text);
    unsigned index = 0;
    for (struct hyperloglog_run run; hyperloglog_next_run(&cursor, &run);) {
        if (run.length > HYPERLOGLOG_REGISTERS - index) {
            return false;
        }
        for (unsigned end = index + run.length; index < end; index++) {
            if (run.value > registers[index]) {
                registers[index] = (unsigned char)run.value;
            }
        }
    }
    return index == HYPERLOGLOG_REGISTERS;
}

bool hyperloglog_to_dense(struct string **string)
{
    unsigned char registers[HYPERLOGLOG_REGISTERS] = {0};
    struct string *sparse = *string;
    if (hyperloglog_dense(string_bytes(sparse))) {
        return true;
    }
    if (!hyperloglog_merge(registers, string_bytes(sparse))) {
        return false;
    }
    struct string *dense = string_create((struct bytes){sparse->data, HEADER_SIZE});
    dense = string_write(dense, DENSE_SIZE, BYTES(""));
    dense->data[ENCODING_OFFSET] = DENSE;
    for (unsigned i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        dense_set(dense->data + HEADER_SIZE, i, registers[i]);
    }
    string_destroy(sparse);
    *string = dense;
    return true;
}

/* ---- Raising one register of a sparse value ---- */

static size_t write_zeros(unsigned char *at, unsigned length)
{
    if (length == 0) {
        return 0;
    }
    if (length <= LONGEST_ZERO) {
        at[0] = (unsigned char)(length - 1);
        return 1;
    }
    at[0] = (unsigned char)(0x40u | (length - 1) >> 8);
    at[1] = (unsigned char)(length - 1);
    return 2;
}

static size_t write_values(unsigned char *at, unsigned value, unsigned length)
{
    if (length == 0) {
        return 0;
    }
    at[0] = (unsigned char)(0x80u | (value - 1) << 2 | (length - 1));
    return 1;
}

/* Puts `size` bytes in place of `old_size` ones. */
static struct string *splice(struct string *string, size_t at, size_t old_size, const void *bytes,
                             size_t size)
{
    size_t behind = string->size - at - old_size;
    if (size > old_size) {
        string = string_write(string, string->size + size - old_size, BYTES(""));
    }
    memmove(string->data + at + size, string->data + at + old_size, behind);
    memcpy(string->data + at, bytes, size);
    string->size = at + size + behind;
    return string;
}

/* Neighbours of the same value become one run, where Redis looks: five opcodes from `at` on. */
static void join_runs(struct string *string, size_t at)
{
    for (int looks = 5; at < string->size && looks > 0; looks--) {
        unsigned char *opcode = (unsigned char *)string->data + at;
        if ((*opcode & 0x80u) == 0) {
            at += (*opcode & 0x40u) != 0 ? 2 : 1;
            continue;
        }
        if (at + 1 < string->size && (opcode[0] & 0xfcu) == (opcode[1] & 0xfcu)) {
            unsigned length = (opcode[0] & 3u) + (opcode[1] & 3u) + 2;
            if (length <= LONGEST_VALUE_RUN) {
                opcode[0] = (unsigned char)((opcode[0] & 0xfcu) | (length - 1));
                memmove(opcode + 1, opcode + 2, string->size - at - 2);
                string->size--;
                continue;
            }
        }
        at++;
    }
}

static enum hyperloglog_change raise_dense(struct string *string, unsigned index, unsigned value)
{
    char *registers = string->data + HEADER_SIZE;
    if (dense_get(registers, index) >= value) {
        return HYPERLOGLOG_SAME;
    }
    dense_set(registers, index, value);
    hyperloglog_forget_count(string);
    return HYPERLOGLOG_CHANGED;
}

static enum hyperloglog_change raise_promoted(struct string **string, unsigned index,
                                              unsigned value)
{
    return hyperloglog_to_dense(string) ? raise_dense(*string, index, value) : HYPERLOGLOG_CORRUPT;
}

static enum hyperloglog_change raise_sparse(struct string **string, unsigned index, unsigned value,
                                            size_t limit)
{
    struct hyperloglog_cursor cursor = hyperloglog_runs(string_bytes(*string));
    struct hyperloglog_run run = {0};
    size_t at = HEADER_SIZE, before = HEADER_SIZE;
    unsigned first = 0;
    while (hyperloglog_next_run(&cursor, &run) && index >= first + run.length) {
        before = at;
        at = cursor.at;
        first += run.length;
    }
    if (index < first || at == cursor.at || index >= first + run.length) {
        return HYPERLOGLOG_CORRUPT;
    }
    if (run.value >= value) {
        return HYPERLOGLOG_SAME;
    }
    unsigned char sequence[5];
    size_t size = 0;
    unsigned left = index - first, right = first + run.length - 1 - index;
    size += run.value == 0 ? write_zeros(sequence, left) : write_values(sequence, run.value, left);
    size += write_values(sequence + size, value, 1);
    size += run.value == 0 ? write_zeros(sequence + size, right)
                           : write_values(sequence + size, run.value, right);
    size_t old_size = run.wide ? 2 : 1;
    if (size > old_size && (*string)->size + size - old_size > limit) {
        return raise_promoted(string, index, value);
    }
    /* A run that was cut off keeps its shortage: Redis loses the new last byte instead. */
    size_t missing = cursor.at - (cursor.at < (*string)->size ? cursor.at : (*string)->size);
    *string = splice(*string, at, old_size - missing, sequence, size);
    (*string)->size -= missing;
    join_runs(*string, before);
    hyperloglog_forget_count(*string);
    return HYPERLOGLOG_CHANGED;
}

enum hyperloglog_change hyperloglog_raise(struct string **string, unsigned index, unsigned value,
                                          size_t sparse_limit)
{
    (*string)->form = STRING_RAW;
    if (hyperloglog_dense(string_bytes(*string))) {
        return raise_dense(*string, index, value);
    }
    return value > HIGHEST_SPARSE ? raise_promoted(string, index, value)
                                  : raise_sparse(string, index, value, sparse_limit);
}

enum hyperloglog_change hyperloglog_add(struct string **string, struct bytes element,
                                        size_t sparse_limit)
{
    uint64_t hash = hash_element(element);
    /* The rank: how many bits up to the first set one, behind those that choose the register. */
    uint64_t rest = hash >> INDEX_BITS | (uint64_t)1 << RANK_BITS;
    return hyperloglog_raise(string, (unsigned)(hash & (HYPERLOGLOG_REGISTERS - 1)),
                             (unsigned)__builtin_ctzll(rest) + 1, sparse_limit);
}

/* ---- Counting ---- */

static double tau(double x)
{
    if (x == 0 || x == 1) {
        return 0;
    }
    double before, y = 1, z = 1 - x;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= pow(1 - x, 2) * y;
    } while (before != z);
    return z / 3;
}

static double sigma(double x)
{
    if (x == 1) {
        return HUGE_VAL;
    }
    double before, y = 1, z = x;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (before != z);
    return z;
}

static uint64_t estimate(const unsigned histogram[64])
{
    const double count = HYPERLOGLOG_REGISTERS, alpha = 0.721347520444481703680;
    double z = count * tau((count - histogram[RANK_BITS + 1]) / count);
    for (int rank = RANK_BITS; rank >= 1; rank--) {
        z += histogram[rank];
        z *= 0.5;
    }
    z += count * sigma(histogram[0] / count);
    return (uint64_t)llroundl((long double)(alpha * count * count / z));
}

uint64_t hyperloglog_estimate(const unsigned char registers[HYPERLOGLOG_REGISTERS])
{
    unsigned histogram[64] = {0};
    for (unsigned i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        histogram[registers[i] & 0x3f]++;
    }
    return estimate(histogram);
}

bool hyperloglog_count(struct string *string, uint64_t *count, bool *computed)
{
    unsigned char *cached = (unsigned char *)string->data + COUNT_OFFSET;
    *computed = (cached[7] & 0x80u) != 0;
    if (*computed) {
        unsigned histogram[64] = {0}, total = 0;
        struct hyperloglog_cursor cursor = hyperloglog_runs(string_bytes(string));
        for (struct hyperloglog_run run; hyperloglog_next_run(&cursor, &run);) {
            histogram[run.value] += run.length;
            total += run.length;
        }
        if (total != HYPERLOGLOG_REGISTERS) {
            return false;
        }
        *count = estimate(histogram);
        for (int i = 0; i < 8; i++) {
            cached[i] = (unsigned char)(*count >> 8 * i);
        }
        return true;
    }
    *count = 0;
    for (int i = 0; i < 8; i++) {
        *count |= (uint64_t)cached[i] << 8 * i;
    }
    return true;
}
