/*
 * Who reads which type byte of the dump format: a table per value type, each in types/T_rdb.c.
 * Payloads come from outside (RESTORE, files): a loader trusts no length and no order, sets aside
 * nothing before the bytes are there, and refuses what Redis would refuse.
 */
#ifndef RESP_RDB_LOADERS_H
#define RESP_RDB_LOADERS_H

#include "resp/rdb_reader.h"
#include "resp/types/packing.h"

struct rdb_loader {
    unsigned char mark; /* enum rdb_mark */
    const struct value_type *type;
    /* *data is owned by the caller; false after rdb_fail, with nothing left behind. */
    bool (*read)(struct rdb_reader *reader, void **data);
};

/* Redis's own thresholds; tables are seeded by the reader's generator. */
static inline struct packing_limits rdb_packing_limits(const struct rdb_reader *reader)
{
    struct packing_limits limits = PACKING_DEFAULTS;
    limits.random = reader->random;
    return limits;
}

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
