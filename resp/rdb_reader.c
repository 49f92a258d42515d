/* Reading the dump format. */
#include "resp/rdb_reader.h"

#include <string.h>

#include "resp/instance_state.h"
#include "resp/rdb_loaders.h"

#define LONGEST_TEXT ((size_t)512 * 1024 * 1024)

bool rdb_fail(struct rdb_reader *reader, const char *why)
{
    reader->failure = reader->failure == NULL ? why : reader->failure;
    return false;
}

bool rdb_read_raw(struct rdb_reader *reader, size_t size, struct bytes *data)
{
    if (reader->failure != NULL || size > reader->data.size - reader->at) {
        return rdb_fail(reader, "it ends in the middle");
    }
    *data = (struct bytes){reader->data.data + reader->at, size};
    reader->at += size;
    return true;
}

bool rdb_read_byte(struct rdb_reader *reader, unsigned char *byte)
{
    struct bytes data;
    if (!rdb_read_raw(reader, 1, &data)) {
        return false;
    }
    *byte = (unsigned char)data.data[0];
    return true;
}

static bool read_number(struct rdb_reader *reader, size_t size, bool big, uint64_t *number)
{
    struct bytes data;
    if (!rdb_read_raw(reader, size, &data)) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < size; i++) {
        *number = *number << 8 | (unsigned char)data.data[big ? i : size - 1 - i];
    }
    return true;
}

bool rdb_read_little(struct rdb_reader *reader, size_t size, uint64_t *number)
{
    return read_number(reader, size, false, number);
}

/* A length, or with *encoded the number of a special string encoding. */
static bool read_length(struct rdb_reader *reader, uint64_t *length, bool *encoded)
{
    unsigned char first;
    *encoded = false;
    if (!rdb_read_byte(reader, &first)) {
        return false;
    }
    switch (first >> 6) {
    case 0:
        *length = first & 63;
        return true;
    case 1: {
        uint64_t low;
        if (!read_number(reader, 1, true, &low)) {
            return false;
        }
        *length = (uint64_t)(first & 63) << 8 | low;
        return true;
    }
    case 2:
        if (first != 0x80 && first != 0x81) {
            return rdb_fail(reader, "a length has an unknown form");
        }
        return read_number(reader, first == 0x80 ? 4 : 8, true, length);
    default:
        *encoded = true;
        *length = first & 63;
        return true;
    }
}

bool rdb_read_length(struct rdb_reader *reader, uint64_t *length)
{
    bool encoded;
    if (!read_length(reader, length, &encoded)) {
        return false;
    }
    return !encoded || rdb_fail(reader, "a length was expected where a string stands");
}

/* LZF: runs of literals, and references back of up to 264 bytes. */
static bool decompress(struct bytes packed, char *to, size_t size)
{
    size_t in = 0, out = 0;
    while (in < packed.size) {
        unsigned control = (unsigned char)packed.data[in++];
        if (control < 32) {
            size_t count = control + 1;
            if (count > packed.size - in || count > size - out) {
                return false;
            }
            memcpy(to + out, packed.data + in, count);
            in += count;
            out += count;
            continue;
        }
        size_t count = control >> 5;
        if (count == 7) {
            if (in >= packed.size) {
                return false;
            }
            count += (unsigned char)packed.data[in++];
        }
        if (in >= packed.size) {
            return false;
        }
        size_t back = ((size_t)(control & 31) << 8 | (unsigned char)packed.data[in++]) + 1;
        count += 2;
        if (back > out || count > size - out) {
            return false;
        }
        for (; count > 0; count--, out++) {
            to[out] = to[out - back];
        }
    }
    return out == size;
}

static bool read_compressed(struct rdb_reader *reader, struct buf *text)
{
    uint64_t packed_size = 0, size = 0;
    struct bytes packed;
    if (!rdb_read_length(reader, &packed_size) || !rdb_read_length(reader, &size) ||
        !rdb_read_raw(reader, packed_size > SIZE_MAX ? SIZE_MAX : (size_t)packed_size, &packed)) {
        return false;
    }
    /* No byte of LZF stands for more than 264 others. */
    if (size > LONGEST_TEXT || size > packed_size * 264) {
        return rdb_fail(reader, "a compressed string claims an impossible size");
    }
    char *place = buf_reserve(text, (size_t)size);
    if (place == NULL || !decompress(packed, place, (size_t)size)) {
        return rdb_fail(reader, "a compressed string is damaged");
    }
    text->size += (size_t)size;
    return true;
}

bool rdb_read_string(struct rdb_reader *reader, struct buf *text)
{
    uint64_t length = 0;
    bool encoded;
    if (!read_length(reader, &length, &encoded)) {
        return false;
    }
    if (!encoded) {
        struct bytes raw;
        if (length > LONGEST_TEXT) {
            return rdb_fail(reader, "a string is longer than 512 MB");
        }
        return rdb_read_raw(reader, (size_t)length, &raw) && buf_append(text, raw);
    }
    if (length == RDB_LZF) {
        return read_compressed(reader, text);
    }
    if (length > RDB_INT32) {
        return rdb_fail(reader, "a string has an unknown encoding");
    }
    uint64_t bits;
    size_t size = (size_t)1 << length;
    if (!rdb_read_little(reader, size, &bits)) {
        return false;
    }
    uint64_t sign = (uint64_t)1 << (size * 8 - 1);
    return buf_append_int64(text, (int64_t)((bits ^ sign) - sign));
}

static const struct rdb_loader *const tables[] = {
#define LOADERS(name) name##_loaders,
    RDB_LOADERS
#undef LOADERS
};

bool rdb_read_value(struct rdb_reader *reader, unsigned char mark, const struct value_type **type,
                    void **data)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (const struct rdb_loader *loader = tables[i]; loader->read != NULL; loader++) {
            if (loader->mark == mark) {
                *type = loader->type;
                return loader->read(reader, data);
            }
        }
    }
    return rdb_fail(reader, "it holds a value of a type that this version cannot read");
}

bool rdb_footer_fits(const struct instance *instance, struct bytes payload, struct bytes *value)
{
    if (payload.size < RDB_FOOTER_SIZE) {
        return false;
    }
    struct rdb_reader reader = {.data = payload, .at = payload.size - RDB_FOOTER_SIZE};
    uint64_t version, checksum;
    rdb_read_little(&reader, 2, &version);
    rdb_read_little(&reader, 8, &checksum);
    *value = bytes_slice(payload, 0, payload.size - RDB_FOOTER_SIZE);
    return version <= (uint64_t)rdb_version(instance) &&
           (instance->checksums_ignored ||
            checksum == rdb_checksum(0, bytes_slice(payload, 0, payload.size - 8)));
}
