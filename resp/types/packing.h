/*
 * When small collections stop being packed: Redis's own thresholds, which CONFIG SET may change.
 */
#ifndef RESP_TYPES_PACKING_H
#define RESP_TYPES_PACKING_H

#include <stdbool.h>
#include <stddef.h>

struct random;

struct packing_limits {
    size_t hash_entries, hash_value;             /* hash-max-listpack-entries, -value */
    size_t sorted_set_entries, sorted_set_value; /* zset-max-listpack-entries, -value */
    size_t set_intset_entries;                   /* set-max-intset-entries */
    size_t set_entries, set_value; /* set-max-listpack-entries, -value; none before Redis 7.2 */
    bool sorted_set_texts;         /* scores are packed as Redis before 7.0 wrote them: "-0" */
    int list_size;                 /* list-max-listpack-size: -2 is 8 KB */
    size_t stream_node_bytes, stream_node_entries;
    size_t hyperloglog_sparse_bytes;
    struct random *random; /* borrowed; seeds the tables of what is not packed any more */
};

#define PACKING_DEFAULTS                                                                           \
    {                                                                                              \
        .hash_entries = 512, .hash_value = 64, .sorted_set_entries = 128, .sorted_set_value = 64,  \
        .set_intset_entries = 512, .list_size = -2, .stream_node_bytes = 4096,                     \
        .stream_node_entries = 100, .hyperloglog_sparse_bytes = 3000                               \
    }

#endif
