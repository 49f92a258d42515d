/*
 * Writing the dump format into a sink, through a bounded buffer.
 */
#ifndef RESP_RDB_WRITER_H
#define RESP_RDB_WRITER_H

#include "resp/rdb.h"
#include "resp/rdb_format.h"

struct rdb_writer {
    const struct rdb_sink *sink;
    int version; /* of the format; before 10 small collections are ziplists */
    struct buf pending;
    uint64_t checksum; /* of everything written so far */
    bool failed;       /* the sink refused: nothing more is written */
};

/* A sink whose context is a struct buf. */
bool rdb_sink_into_buf(void *context, struct bytes piece);

void rdb_writer_init(struct rdb_writer *writer, const struct rdb_sink *sink, int version);
/* Hands over what is pending and frees the buffer. False when the sink refused anything. */
bool rdb_writer_finish(struct rdb_writer *writer);

void rdb_write_raw(struct rdb_writer *writer, struct bytes data);
void rdb_write_byte(struct rdb_writer *writer, unsigned char byte);
void rdb_write_little(struct rdb_writer *writer, uint64_t number, size_t size);
void rdb_write_length(struct rdb_writer *writer, uint64_t length);
/* The checksum of everything written so far. */
uint64_t rdb_writer_checksum(struct rdb_writer *writer);
/* A string; short canonical integers take their compact form. */
void rdb_write_string(struct rdb_writer *writer, struct bytes text);
/* The type that a value's row tells, as the version has it. */
void rdb_write_type(struct rdb_writer *writer, unsigned char type);
void rdb_write_double(struct rdb_writer *writer, double number); /* 8 bytes, ZSET2's scores */

void rdb_write_footer(struct rdb_writer *writer, int version); /* of a DUMP payload */

#endif
