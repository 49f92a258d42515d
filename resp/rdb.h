/*
 * Redis's dump format, as the instance's version of Redis writes it: a whole instance, or one
 * value for DUMP and RESTORE. Data moves both ways between here and a real redis-server.
 */
#ifndef RESP_RDB_H
#define RESP_RDB_H

#include "resp/instance.h"
#include "resp/value.h"

/* Where the bytes go: called with consecutive pieces; false stops the save. */
struct rdb_sink {
    bool (*write)(void *context, struct bytes piece);
    void *context;
};

/*
 * False when the sink refused. Expired keys are left out. Of a node of a cluster, the data of all
 * nodes is saved; loaded into any node, every key goes to its own.
 */
bool rdb_save(struct instance *instance, const struct rdb_sink *sink);
/* The same of that one instance, whatever cluster it is a node of. */
bool rdb_save_node(struct instance *instance, const struct rdb_sink *sink);
/*
 * Replaces nothing: keys are added, one that is there already is an error. All or nothing: on
 * false the instance is as before and `error` says what is wrong and at which offset.
 */
bool rdb_load(struct instance *instance, struct bytes dump, struct buf *error);
/* The same, but keys and libraries that are there already give way to those of the dump. */
bool rdb_load_over(struct instance *instance, struct bytes dump, struct buf *error);

#endif
