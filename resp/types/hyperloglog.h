/*
 * HyperLogLog: how many different elements were seen, in 12 KB at most. The value is a string in
 * Redis's own format, so GET, SET and DUMP carry it between servers: 16 bytes of header ("HYLL",
 * encoding, cached count), then 16384 registers, dense (6 bits each) or sparse (run lengths).
 */
#ifndef RESP_TYPES_HYPERLOGLOG_H
#define RESP_TYPES_HYPERLOGLOG_H

#include "resp/types/string.h"

enum { HYPERLOGLOG_REGISTERS = 16384 };

enum hyperloglog_change { HYPERLOGLOG_CORRUPT, HYPERLOGLOG_SAME, HYPERLOGLOG_CHANGED };

/* One run of equal registers; a dense value's runs have length 1. */
struct hyperloglog_run {
    unsigned value, length;
    bool wide; /* sparse: an opcode of two bytes (XZERO) */
};

struct hyperloglog_cursor {
    struct bytes text;
    size_t at; /* sparse: a byte; dense: a register */
};

struct string *hyperloglog_create(void);
/* Its header is right, and its size when dense; the registers are looked at by their users. */
bool hyperloglog_valid(struct bytes text);
bool hyperloglog_dense(struct bytes text);

/* These may move the string, and forget the cached count. `sparse_limit`: hll-sparse-max-bytes. */
enum hyperloglog_change hyperloglog_add(struct string **string, struct bytes element,
                                        size_t sparse_limit);
enum hyperloglog_change hyperloglog_raise(struct string **string, unsigned index, unsigned value,
                                          size_t sparse_limit);
bool hyperloglog_to_dense(struct string **string); /* false: corrupt */
void hyperloglog_forget_count(struct string *string);

struct hyperloglog_cursor hyperloglog_runs(struct bytes text);
bool hyperloglog_next_run(struct hyperloglog_cursor *cursor, struct hyperloglog_run *run);

/* Raises registers[] to the value's. False: corrupt. */
bool hyperloglog_merge(unsigned char registers[HYPERLOGLOG_REGISTERS], struct bytes text);
uint64_t hyperloglog_estimate(const unsigned char registers[HYPERLOGLOG_REGISTERS]);
/* The count kept in the header, or a new one, which is put there. False: corrupt. */
bool hyperloglog_count(struct string *string, uint64_t *count, bool *computed);

#endif
