/*
 * The format that small collections had before Redis 7, as its dumps hold it. Reading trusts
 * nothing: every step stays inside the block.
 */
#ifndef RESP_TYPES_ZIPLIST_H
#define RESP_TYPES_ZIPLIST_H

#include "resp/rdb_writer.h"
#include "resp/types/listpack.h"

/*
 * All elements of a block, in order, as a listpack; NULL when the block is damaged. Prefix lengths
 * are checked only as far as it takes to walk.
 */
struct listpack *ziplist_to_listpack(struct bytes block);

/* Writes a pack as the version of the dump holds it. */
void packed_save(const struct listpack *pack, struct rdb_writer *writer);

#endif
