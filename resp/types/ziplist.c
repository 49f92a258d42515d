/*
 * The ziplist format: a 10-byte head (bytes, offset of the last element, count), elements of
 * {length of the one before, encoding, data}, an end mark.
 */
#include "resp/types/ziplist.h"

#include <string.h>

enum { HEAD_SIZE = 10, END_MARK = 0xff, LONG_PREVIOUS = 0xfe };

struct walk {
    const unsigned char *data;
    size_t size, at;
};

static bool take(struct walk *walk, size_t count, const unsigned char **bytes)
{
    if (count > walk->size - walk->at) {
        return false;
    }
    *bytes = walk->data + walk->at;
    walk->at += count;
    return true;
}

static int64_t little_signed(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    uint64_t sign = (uint64_t)1 << (size * 8 - 1);
    return (int64_t)((value ^ sign) - sign);
}

/* The smallest first. */
static const struct {
    unsigned char code;
    size_t size;
} integer_sizes[] = {{0xfe, 1}, {0xc0, 2}, {0xf0, 3}, {0xd0, 4}, {0xe0, 8}};

static bool read_integer(struct walk *walk, unsigned char code, struct listpack **pack)
{
    if (code >= 0xf1 && code <= 0xfd) {
        *pack = listpack_append_integer(*pack, code - 0xf1);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(integer_sizes); i++) {
        const unsigned char *bytes;
        if (integer_sizes[i].code == code) {
            if (!take(walk, integer_sizes[i].size, &bytes)) {
                return false;
            }
            *pack = listpack_append_integer(*pack, little_signed(bytes, integer_sizes[i].size));
            return true;
        }
    }
    return false;
}

static bool read_element(struct walk *walk, struct listpack **pack)
{
    const unsigned char *bytes;
    size_t size;
    if (!take(walk, 1, &bytes) || (bytes[0] == LONG_PREVIOUS && !take(walk, 4, &bytes)) ||
        !take(walk, 1, &bytes)) {
        return false;
    }
    unsigned char code = bytes[0];
    switch (code >> 6) {
    case 0:
        size = code & 63;
        break;
    case 1:
        if (!take(walk, 1, &bytes)) {
            return false;
        }
        size = (size_t)(code & 63) << 8 | bytes[0];
        break;
    case 2:
        if (!take(walk, 4, &bytes)) {
            return false;
        }
        size = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
        break;
    default:
        return read_integer(walk, code, pack);
    }
    if (!take(walk, size, &bytes)) {
        return false;
    }
    *pack = listpack_append(*pack, (struct bytes){(const char *)bytes, size});
    return true;
}

struct listpack *ziplist_to_listpack(struct bytes block)
{
    struct walk walk = {(const unsigned char *)block.data, block.size, HEAD_SIZE};
    if (block.size < HEAD_SIZE + 1 || walk.data[block.size - 1] != END_MARK) {
        return NULL;
    }
    walk.size--;
    struct listpack *pack = listpack_create();
    while (walk.at < walk.size) {
        if (!read_element(&walk, &pack)) {
            memory_free(pack);
            return NULL;
        }
    }
    size_t claimed = (size_t)walk.data[8] | (size_t)walk.data[9] << 8;
    if (claimed != 0xffff && claimed != listpack_count(pack)) {
        memory_free(pack);
        return NULL;
    }
    return pack;
}

/* ---- Writing ---- */

static void put_little(struct buf *block, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        buf_append_byte(block, (char)(value >> (8 * i)));
    }
}

static void put_integer(struct buf *block, int64_t number)
{
    if (number >= 0 && number <= 12) {
        buf_append_byte(block, (char)(0xf1 + number));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(integer_sizes); i++) {
        size_t bits = integer_sizes[i].size * 8;
        if (bits == 64 ||
            (number >= -((int64_t)1 << (bits - 1)) && number < (int64_t)1 << (bits - 1))) {
            buf_append_byte(block, (char)integer_sizes[i].code);
            put_little(block, (uint64_t)number, integer_sizes[i].size);
            return;
        }
    }
}

static void put_text(struct buf *block, struct bytes text)
{
    if (text.size < 64) {
        buf_append_byte(block, (char)text.size);
    } else if (text.size < 16384) {
        buf_append_byte(block, (char)(0x40 | text.size >> 8));
        buf_append_byte(block, (char)text.size);
    } else {
        buf_append_byte(block, (char)0x80);
        for (int shift = 24; shift >= 0; shift -= 8) {
            buf_append_byte(block, (char)(text.size >> shift));
        }
    }
    buf_append(block, text);
}

static void put_head(struct buf *block, size_t last, size_t count)
{
    struct buf head;
    buf_init(&head, HEAD_SIZE);
    put_little(&head, block->size, 4);
    put_little(&head, last, 4);
    put_little(&head, count < 0xffff ? count : 0xffff, 2);
    memcpy(block->data, head.data, HEAD_SIZE);
    buf_finish(&head);
}

static void listpack_to_ziplist(const struct listpack *pack, struct buf *block)
{
    size_t last = HEAD_SIZE, previous = 0, count = 0;
    put_little(block, 0, 8);
    put_little(block, 0, 2);
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at), count++) {
        char digits[LISTPACK_DIGITS];
        int64_t number;
        last = block->size;
        if (previous < LONG_PREVIOUS) {
            buf_append_byte(block, (char)previous);
        } else {
            buf_append_byte(block, (char)LONG_PREVIOUS);
            put_little(block, previous, 4);
        }
        if (listpack_get_integer(pack, at, &number)) {
            put_integer(block, number);
        } else {
            put_text(block, listpack_get(pack, at, digits));
        }
        previous = block->size - last;
    }
    buf_append_byte(block, (char)END_MARK);
    put_head(block, last, count);
}

void packed_save(const struct listpack *pack, struct rdb_writer *writer)
{
    if (writer->version >= 10) {
        rdb_write_string(writer, listpack_bytes(pack));
        return;
    }
    struct buf block;
    buf_init(&block, SIZE_MAX);
    listpack_to_ziplist(pack, &block);
    rdb_write_string(writer, buf_bytes(&block));
    buf_finish(&block);
}
