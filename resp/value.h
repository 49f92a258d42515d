/*
 * What a key can hold. One const row per type; everything that treats values alike (deletion,
 * TYPE, OBJECT ENCODING, memory, COPY, RDB) goes through the row and asks for no type.
 */
#ifndef RESP_VALUE_H
#define RESP_VALUE_H

#include "base/bytes.h"
#include "base/random.h"

struct rdb_writer;

struct value_type {
    const char *name; /* as TYPE answers: "string" */
    void (*destroy)(void *data);
    void *(*copy)(const void *data);
    const char *(*encoding)(const void *data); /* as OBJECT ENCODING answers */
    size_t (*memory)(const void *data);        /* O(1): kept up to date by the type */
    size_t (*effort)(const void *data);        /* elements to free; UNLINK's and FLUSH's measure */
    unsigned char (*rdb_type)(const void *data); /* RDB's type byte for the present encoding */
    void (*rdb_save)(const void *data, struct rdb_writer *writer);
};

extern const struct value_type string_type; /* data: struct string, resp/types/string.h */

#endif
