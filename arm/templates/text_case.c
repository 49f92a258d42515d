/* Upper and lower case by ranges of code points, as .NET's invariant culture maps them. */
#include "arm/templates/text_case.h"

struct case_range {
    uint32_t first, last; /* of the upper-case letters */
    uint32_t distance;    /* to the lower-case ones; 1: upper and lower alternate */
};

static const struct case_range ranges[] = {
    {'A', 'Z', 32},      {0xc0, 0xd6, 32},    {0xd8, 0xde, 32},   {0x100, 0x12e, 1},
    {0x132, 0x136, 1},   {0x139, 0x147, 1},   {0x14a, 0x176, 1},  {0x179, 0x17d, 1},
    {0x391, 0x3a1, 32},  {0x3a3, 0x3ab, 32},  {0x400, 0x40f, 80}, {0x410, 0x42f, 32},
    {0x460, 0x480, 1},   {0x48a, 0x4be, 1},   {0x4d0, 0x52e, 1},  {0x531, 0x556, 48},
    {0x1e00, 0x1e94, 1}, {0x1ea0, 0x1efe, 1},
};

static uint32_t change(uint32_t point, bool upper)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        const struct case_range *range = &ranges[i];
        uint32_t offset = upper ? range->distance : 0;
        if (point < range->first + offset || point > range->last + offset ||
            (range->distance == 1 && (point - offset - range->first) % 2 != 0)) {
            continue;
        }
        return upper ? point - range->distance : point + range->distance;
    }
    return point;
}

bool text_append_case(struct buf *buf, struct bytes text, bool upper)
{
    size_t size;
    for (; text.size > 0; text = bytes_slice(text, size, text.size)) {
        unsigned char first = (unsigned char)text.data[0];
        size = bytes_utf8_size(text);
        uint32_t point = first;
        if (size == 2) {
            point = (first & 0x1fu) << 6 | ((unsigned char)text.data[1] & 0x3fu);
        } else if (size == 3) {
            point = (first & 0x0fu) << 12 | ((unsigned char)text.data[1] & 0x3fu) << 6 |
                    ((unsigned char)text.data[2] & 0x3fu);
        }
        size = size == 0 ? 1 : size;
        uint32_t changed = size < 4 && (size > 1 || first < 0x80) ? change(point, upper) : point;
        bool fits;
        if (changed == point) {
            fits = buf_append(buf, bytes_slice(text, 0, size));
        } else if (changed < 0x80) {
            fits = buf_append_byte(buf, (char)changed);
        } else if (changed < 0x800) {
            fits = buf_append_byte(buf, (char)(0xc0 | changed >> 6)) &&
                   buf_append_byte(buf, (char)(0x80 | (changed & 0x3f)));
        } else {
            fits = buf_append_byte(buf, (char)(0xe0 | changed >> 12)) &&
                   buf_append_byte(buf, (char)(0x80 | (changed >> 6 & 0x3f))) &&
                   buf_append_byte(buf, (char)(0x80 | (changed & 0x3f)));
        }
        if (!fits) {
            return false;
        }
    }
    return true;
}
