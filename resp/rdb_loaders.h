/*
 * Who reads which type byte of the dump format: a table per value type, each in types/T_rdb.c.
 * Payloads come from outside (RESTORE, files): a loader trusts no length and no order, sets aside
 * nothing before the bytes are there, and refuses what Redis would refuse.
 */
#ifndef RESP_RDB_LOADERS_H
#define RESP_RDB_LOADERS_H

#include "resp/rdb_reader.h"

struct rdb_loader {
    unsigned char mark; /* enum rdb_mark */
    const struct value_type *type;
    /* *data is owned by the caller; false after rdb_fail, with nothing left behind. */
    bool (*read)(struct rdb_reader *reader, void **data);
};

#define RDB_LOADERS                                                                                \
    LOADERS(string)                                                                                \
    LOADERS(list)                                                                                  \
    LOADERS(hash)                                                                                  \
    LOADERS(set)                                                                                   \
    LOADERS(sorted_set)                                                                            \
    LOADERS(stream)

/* Each ends with a row without `read`. */
#define LOADERS(name) extern const struct rdb_loader name##_loaders[];
RDB_LOADERS
#undef LOADERS

#endif
