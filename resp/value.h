/*
 * What a key can hold. One const row per type; everything that treats values alike (deletion,
 * TYPE, OBJECT ENCODING, memory, COPY, RDB) goes through the row and asks for no type.
 */
#ifndef RESP_VALUE_H
#define RESP_VALUE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/random.h"
#include "resp/types/deadlines.h"

struct rdb_writer;

/* Where a value of which parts expire stands in its keyspace's order of such values. */
struct value_schedule {
    struct deadline deadline;
    void *entry; /* the keyspace's */
};

/* Of a type whose parts expire by themselves, as the fields of a hash may. */
struct value_expiry {
    /* Kept up to date by the keyspace, embedded in the value; NULL: nothing in it ever expires. */
    struct value_schedule *(*schedule)(const void *data);
    /* When the next part expires; false: none will. */
    bool (*next)(const void *data, int64_t *at_ms);
    /* Removes what is over; returns how many parts that were, and how many are left. */
    size_t (*expire)(void *data, int64_t now_ms, size_t *left);
    char event_class;
    const char *event; /* that some are gone: "hexpired" */
};

/* The types by number, for where a pointer would cost too much. */
enum value_kind {
    VALUE_NONE,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_SET,
    VALUE_SORTED_SET,
    VALUE_HASH,
    VALUE_STREAM,
    VALUE_KINDS,
};

struct value_type {
    const char *name; /* as TYPE answers: "string" */
    enum value_kind kind;
    void (*destroy)(void *data);
    /*
     * The same in steps of about `elements`; *position is 0 at first. True: all is gone. In between
     * the value is good for nothing else. NULL: there is never much to do.
     */
    bool (*dismantle)(void *data, size_t elements, size_t *position);
    void *(*copy)(const void *data);
    const char *(*encoding)(const void *data); /* as OBJECT ENCODING answers */
    size_t (*memory)(const void *data);        /* O(1): kept up to date by the type */
    size_t (*effort)(const void *data);        /* elements to free; UNLINK's and FLUSH's measure */
    unsigned char (*rdb_type)(const void *data); /* RDB's type byte for the present encoding */
    void (*rdb_save)(const void *data, struct rdb_writer *writer);
    const struct value_expiry *expiry; /* NULL: its values expire as a whole */
};

/*
 * For types whose value is one word: the packed form itself, or the address of a body (a table and
 * what belongs to it) with its lowest bit set, so that a small value has no block besides its pack.
 */
static inline void *value_word(void *body)
{
    return (void *)((uintptr_t)body | 1);
}

/* NULL: the word is the packed form. */
static inline void *value_word_body(const void *word)
{
    return ((uintptr_t)word & 1) != 0 ? (void *)((uintptr_t)word - 1) : NULL;
}

extern const struct value_type *const value_types[VALUE_KINDS]; /* [VALUE_NONE] is NULL */
extern const struct value_type string_type; /* data: struct string, resp/types/string.h */

#endif
