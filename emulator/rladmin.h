/*
 * Redis Enterprise's command rladmin, as far as the scenario tests of client libraries use it
 * through the fault injector: they read from its status which nodes, databases, endpoints and
 * shards there are, and order migrations, bindings and failovers.
 *
 * The columns are those that these tests read (redis-py, jedis and lettuce have samples of them).
 */
#ifndef EMULATOR_RLADMIN_H
#define EMULATOR_RLADMIN_H

#include "emulator/cache_host.h"

/*
 * "status", "status shards", "migrate node 1 all_shards target_node 3", with or without "rladmin"
 * in front. *type is the type of action that the command amounts to, or NULL: it told something in
 * `output`. False: it is unknown, and `error` says what there is.
 */
bool rladmin_read(struct cache_host *caches, struct bytes command, const char **type,
                  struct buf *output, struct buf *error);

#endif
