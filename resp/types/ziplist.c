/*
 * The ziplist format: a 10-byte head (bytes, offset of the last element, count), elements of
 * {length of the one before, encoding, data}, an end mark.
 */
#include "resp/types/ziplist.h"

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

static bool read_integer(struct walk *walk, unsigned char code, struct listpack **pack)
{
    static const struct {
        unsigned char code;
        size_t size;
    } sizes[] = {{0xc0, 2}, {0xd0, 4}, {0xe0, 8}, {0xf0, 3}, {0xfe, 1}};
    if (code >= 0xf1 && code <= 0xfd) {
        *pack = listpack_append_integer(*pack, code - 0xf1);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const unsigned char *bytes;
        if (sizes[i].code == code) {
            if (!take(walk, sizes[i].size, &bytes)) {
                return false;
            }
            *pack = listpack_append_integer(*pack, little_signed(bytes, sizes[i].size));
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
