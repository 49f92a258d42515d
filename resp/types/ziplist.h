/*
 * Reading the format that small collections had before Redis 7, as old dumps hold it. Trusts
 * nothing: every step stays inside the block.
 */
#ifndef RESP_TYPES_ZIPLIST_H
#define RESP_TYPES_ZIPLIST_H

#include "resp/types/listpack.h"

/*
 * All elements of a block, in order, as a listpack; NULL when the block is damaged. Prefix lengths
 * are checked only as far as it takes to walk.
 */
struct listpack *ziplist_to_listpack(struct bytes block);

#endif
