/* Writing the dump format. */
#include "resp/rdb_writer.h"

#include <string.h>

enum { PIECE = 64 * 1024 };

/* Four bits at a time: a table of 16 is small enough to be made on the spot and fast enough. */
uint64_t rdb_checksum(uint64_t checksum, struct bytes data)
{
    /* The polynomial 0xad93d23594c935a9, reflected. */
    static const uint64_t polynomial = 0x95ac9329ac4bc9b5u;
    uint64_t table[256];
    for (unsigned i = 0; i < 256; i++) {
        uint64_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = (value & 1) != 0 ? value >> 1 ^ polynomial : value >> 1;
        }
        table[i] = value;
    }
    for (size_t i = 0; i < data.size; i++) {
        checksum = table[(checksum ^ (unsigned char)data.data[i]) & 255] ^ checksum >> 8;
    }
    return checksum;
}

void rdb_writer_init(struct rdb_writer *writer, const struct rdb_sink *sink, int version)
{
    *writer = (struct rdb_writer){.sink = sink, .version = version};
    buf_init(&writer->pending, 2 * PIECE);
}

static void flush(struct rdb_writer *writer)
{
    struct bytes piece = buf_bytes(&writer->pending);
    writer->checksum = rdb_checksum(writer->checksum, piece);
    if (piece.size > 0 && !writer->failed) {
        writer->failed = !writer->sink->write(writer->sink->context, piece);
    }
    buf_clear(&writer->pending);
}

bool rdb_writer_finish(struct rdb_writer *writer)
{
    flush(writer);
    buf_finish(&writer->pending);
    return !writer->failed;
}

uint64_t rdb_writer_checksum(struct rdb_writer *writer)
{
    flush(writer);
    return writer->checksum;
}

void rdb_write_raw(struct rdb_writer *writer, struct bytes data)
{
    if (writer->pending.size + data.size > PIECE) {
        flush(writer);
    }
    if (data.size <= PIECE) {
        buf_append(&writer->pending, data);
        return;
    }
    writer->checksum = rdb_checksum(writer->checksum, data);
    if (!writer->failed) {
        writer->failed = !writer->sink->write(writer->sink->context, data);
    }
}

void rdb_write_byte(struct rdb_writer *writer, unsigned char byte)
{
    rdb_write_raw(writer, (struct bytes){(const char *)&byte, 1});
}

static void write_number(struct rdb_writer *writer, uint64_t number, size_t size, bool big)
{
    char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[big ? size - 1 - i : i] = (char)(number >> (8 * i));
    }
    rdb_write_raw(writer, (struct bytes){bytes, size});
}

void rdb_write_little(struct rdb_writer *writer, uint64_t number, size_t size)
{
    write_number(writer, number, size, false);
}

void rdb_write_type(struct rdb_writer *writer, unsigned char type)
{
    static const struct {
        unsigned char now, before;
    } types[] = {
        {RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_ZIPLIST},
        {RDB_TYPE_ZSET_LISTPACK, RDB_TYPE_ZSET_ZIPLIST},
        {RDB_TYPE_LIST_QUICKLIST_2, RDB_TYPE_LIST_QUICKLIST},
        {RDB_TYPE_STREAM_LISTPACKS_2, RDB_TYPE_STREAM_LISTPACKS},
    };
    for (size_t i = 0; writer->version < 10 && i < ARRAY_LEN(types); i++) {
        type = type == types[i].now ? types[i].before : type;
    }
    rdb_write_byte(writer, type);
}

void rdb_write_length(struct rdb_writer *writer, uint64_t length)
{
    if (length < 1u << 6) {
        rdb_write_byte(writer, (unsigned char)length);
    } else if (length < 1u << 14) {
        write_number(writer, length | 1u << 14, 2, true);
    } else if (length <= UINT32_MAX) {
        rdb_write_byte(writer, 0x80);
        write_number(writer, length, 4, true);
    } else {
        rdb_write_byte(writer, 0x81);
        write_number(writer, length, 8, true);
    }
}

void rdb_write_string(struct rdb_writer *writer, struct bytes text)
{
    int64_t number;
    if (text.size <= 11 && bytes_to_int64(text, &number) && number >= INT32_MIN &&
        number <= INT32_MAX) {
        enum rdb_string_encoding encoding = number >= INT8_MIN && number <= INT8_MAX ? RDB_INT8
                                            : number >= INT16_MIN && number <= INT16_MAX
                                                ? RDB_INT16
                                                : RDB_INT32;
        rdb_write_byte(writer, (unsigned char)(0xc0 | encoding));
        rdb_write_little(writer, (uint64_t)number, (size_t)1 << encoding);
        return;
    }
    rdb_write_length(writer, text.size);
    rdb_write_raw(writer, text);
}

void rdb_write_double(struct rdb_writer *writer, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    rdb_write_little(writer, bits, sizeof(bits));
}

void rdb_write_footer(struct rdb_writer *writer, int version)
{
    rdb_write_little(writer, (uint64_t)version, 2);
    rdb_write_little(writer, rdb_writer_checksum(writer), 8);
}

bool rdb_sink_into_buf(void *context, struct bytes piece)
{
    return buf_append(context, piece);
}
