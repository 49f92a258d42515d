/*
 * Redis's dump format: its marks and numbers. A fact of the format, shared by writer and reader.
 */
#ifndef RESP_RDB_FORMAT_H
#define RESP_RDB_FORMAT_H

#include "base/bytes.h"

struct instance;

/* Of the instance's Redis: 9 up to 6.2, 10 for 7.0, 11 for 7.2, 12 for 7.4. */
int rdb_version(const struct instance *instance);

enum rdb_mark {
    RDB_TYPE_STRING = 0,
    RDB_TYPE_LIST = 1,
    RDB_TYPE_SET = 2,
    RDB_TYPE_ZSET = 3,
    RDB_TYPE_HASH = 4,
    RDB_TYPE_ZSET_2 = 5,
    RDB_TYPE_HASH_ZIPMAP = 9,
    RDB_TYPE_LIST_ZIPLIST = 10,
    RDB_TYPE_SET_INTSET = 11,
    RDB_TYPE_ZSET_ZIPLIST = 12,
    RDB_TYPE_HASH_ZIPLIST = 13,
    RDB_TYPE_LIST_QUICKLIST = 14,
    RDB_TYPE_STREAM_LISTPACKS = 15,
    RDB_TYPE_HASH_LISTPACK = 16,
    RDB_TYPE_ZSET_LISTPACK = 17,
    RDB_TYPE_LIST_QUICKLIST_2 = 18,
    RDB_TYPE_STREAM_LISTPACKS_2 = 19,
    RDB_TYPE_SET_LISTPACK = 20,
    RDB_TYPE_STREAM_LISTPACKS_3 = 21,
    RDB_TYPE_HASH_EXPIRING = 24,
    RDB_TYPE_HASH_LISTPACK_EXPIRING = 25,
    RDB_MARK_FUNCTION2 = 245,
    RDB_MARK_FUNCTION = 246,
    RDB_MARK_MODULE_AUX = 247,
    RDB_MARK_IDLE = 248,
    RDB_MARK_FREQ = 249,
    RDB_MARK_AUX = 250,
    RDB_MARK_RESIZE_DB = 251,
    RDB_MARK_EXPIRES_MS = 252,
    RDB_MARK_EXPIRES_S = 253,
    RDB_MARK_SELECT_DB = 254,
    RDB_MARK_END = 255,
};

enum rdb_string_encoding { RDB_INT8 = 0, RDB_INT16 = 1, RDB_INT32 = 2, RDB_LZF = 3 };

/* CRC-64 with Jones's polynomial, reflected, as the format's checksum; start with 0. */
uint64_t rdb_checksum(uint64_t checksum, struct bytes data);

#endif
