/*
 * Reading the dump format from memory. Nothing is set aside for a length before the bytes are
 * there. After the first failure every read fails, with the first reason kept.
 */
#ifndef RESP_RDB_READER_H
#define RESP_RDB_READER_H

#include "resp/rdb_format.h"
#include "resp/value.h"

struct rdb_reader {
    struct bytes data;
    size_t at;
    const char *failure;   /* NULL while all is well */
    struct random *random; /* borrowed; seeds the tables of what is read */
};

bool rdb_fail(struct rdb_reader *reader, const char *why); /* always false */
bool rdb_read_byte(struct rdb_reader *reader, unsigned char *byte);
bool rdb_read_little(struct rdb_reader *reader, size_t size, uint64_t *number);
bool rdb_read_raw(struct rdb_reader *reader, size_t size, struct bytes *data);
bool rdb_read_length(struct rdb_reader *reader, uint64_t *length);
/* Appends the text to a cleared buf. */
bool rdb_read_string(struct rdb_reader *reader, struct buf *text);
/* A value of that type byte: *data is owned by the caller. */
bool rdb_read_value(struct rdb_reader *reader, unsigned char mark, const struct value_type **type,
                    void **data);

/*
 * Payloads of DUMP and FUNCTION DUMP end with two bytes of version and eight of checksum. True when
 * both are right for the instance (DEBUG makes it take any checksum); *value is what stands before
 * them.
 */
enum { RDB_FOOTER_SIZE = 10 };
bool rdb_footer_fits(const struct instance *instance, struct bytes payload, struct bytes *value);

#endif
