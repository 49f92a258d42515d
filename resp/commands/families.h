/*
 * The list of command families: one line per file of this folder, in the order of COMMAND.
 */
#ifndef RESP_COMMANDS_FAMILIES_H
#define RESP_COMMANDS_FAMILIES_H

#include "resp/command.h"

#define COMMAND_FAMILIES                                                                           \
    FAMILY(connection)                                                                             \
    FAMILY(client)                                                                                 \
    FAMILY(introspection)                                                                          \
    FAMILY(server)                                                                                 \
    FAMILY(configuration)                                                                          \
    FAMILY(slow_log)                                                                               \
    FAMILY(monitor)                                                                                \
    FAMILY(latency)                                                                                \
    FAMILY(memory)                                                                                 \
    FAMILY(transaction)                                                                            \
    FAMILY(pubsub)                                                                                 \
    FAMILY(keys)                                                                                   \
    FAMILY(dump)                                                                                   \
    FAMILY(migrate)                                                                                \
    FAMILY(expiry)                                                                                 \
    FAMILY(string)                                                                                 \
    FAMILY(string_counter)                                                                         \
    FAMILY(string_range)                                                                           \
    FAMILY(list)                                                                                   \
    FAMILY(list_blocking)                                                                          \
    FAMILY(hash)                                                                                   \
    FAMILY(hash_expiry)                                                                            \
    FAMILY(set)                                                                                    \
    FAMILY(set_algebra)                                                                            \
    FAMILY(sorted_set)                                                                             \
    FAMILY(sorted_set_range)                                                                       \
    FAMILY(sorted_set_algebra)                                                                     \
    FAMILY(sorted_set_pop)                                                                         \
    FAMILY(stream)                                                                                 \
    FAMILY(stream_read)                                                                            \
    FAMILY(stream_group)                                                                           \
    FAMILY(stream_pending)                                                                         \
    FAMILY(stream_info)                                                                            \
    FAMILY(geo)                                                                                    \
    FAMILY(geo_search)                                                                             \
    FAMILY(bitmap)                                                                                 \
    FAMILY(bitfield)                                                                               \
    FAMILY(hyperloglog)                                                                            \
    FAMILY(scripting)                                                                              \
    FAMILY(function)                                                                               \
    FAMILY(sort)                                                                                   \
    FAMILY(lcs)                                                                                    \
    FAMILY(acl)                                                                                    \
    FAMILY(replication)                                                                            \
    FAMILY(replication_link)                                                                       \
    FAMILY(cluster)                                                                                \
    FAMILY(persistence)                                                                            \
    FAMILY(module)                                                                                 \
    FAMILY(debug)

#define FAMILY(name) extern const struct command_family name##_family;
COMMAND_FAMILIES
#undef FAMILY

/* Of Sentinels only, and on no list. */
extern const struct command_family sentinel_family;

#endif
