/*
 * The listpack format: a 6-byte head (total bytes, element count), entries of {encoding, data,
 * length backwards}, and an end mark. All numbers are little-endian whatever the machine.
 */
#include "resp/types/listpack.h"

#include <assert.h>
#include <string.h>

enum {
    HEAD_SIZE = 6,
    END_MARK = 0xff,
    COUNT_UNKNOWN = 0xffff,
    LONGEST_HEAD = 9, /* of one entry: the encoding byte and a 64-bit number */
    STRING_32 = 0xf0,
    INTEGER_16 = 0xf1,
    INTEGER_24 = 0xf2,
    INTEGER_32 = 0xf3,
    INTEGER_64 = 0xf4,
};

struct listpack {
    unsigned char at[1];
};

static uint64_t read_little(const unsigned char *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

static void write_little(unsigned char *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (unsigned char)(value >> (8 * i));
    }
}

static int64_t sign_extend(uint64_t value, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);
    return (int64_t)((value ^ sign) - sign);
}

size_t listpack_size(const struct listpack *pack)
{
    return (size_t)read_little(pack->at, 4);
}

static void set_size(struct listpack *pack, size_t size)
{
    write_little(pack->at, size, 4);
}

static void add_count(struct listpack *pack, size_t added, size_t removed)
{
    size_t count = (size_t)read_little(pack->at + 4, 2);
    if (count != COUNT_UNKNOWN) {
        count = count + added - removed;
        write_little(pack->at + 4, count < COUNT_UNKNOWN ? count : COUNT_UNKNOWN, 2);
    }
}

/*
 * What is allocated for a block of this size: a large one, the end of a list, grows in steps of an
 * eighth, so that it moves seldom.
 */
static size_t room_for(size_t size)
{
    enum { LARGE = 512 };
    if (size < LARGE) {
        return size;
    }
    size_t step = LARGE / 8;
    while (step * 16 <= size) {
        step *= 2;
    }
    return (size + step - 1) / step * step;
}

struct listpack *listpack_create(void)
{
    struct listpack *pack = memory_allocate(HEAD_SIZE + 1);
    set_size(pack, HEAD_SIZE + 1);
    write_little(pack->at + 4, 0, 2);
    pack->at[HEAD_SIZE] = END_MARK;
    return pack;
}

struct bytes listpack_bytes(const struct listpack *pack)
{
    return (struct bytes){(const char *)pack->at, listpack_size(pack)};
}

struct listpack *listpack_copy(const struct listpack *pack)
{
    size_t size = listpack_size(pack);
    return memcpy(memory_allocate(room_for(size)), pack, size);
}

/* What an entry's first bytes say: how long its head is, and its text or number. */
struct entry_view {
    size_t head, data; /* bytes of the encoding, and of the text behind it */
    bool is_integer;
    int64_t number;
};

static struct entry_view view_entry(const unsigned char *from)
{
    unsigned char first = from[0];
    if (first < 0x80) {
        return (struct entry_view){1, 0, true, first};
    }
    if (first < 0xc0) {
        return (struct entry_view){.head = 1, .data = first & 0x3f};
    }
    if (first < 0xe0) {
        uint64_t bits = (uint64_t)(first & 0x1f) << 8 | from[1];
        return (struct entry_view){2, 0, true, sign_extend(bits, 13)};
    }
    if (first < 0xf0) {
        return (struct entry_view){.head = 2, .data = (size_t)(first & 0x0f) << 8 | from[1]};
    }
    switch (first) {
    case STRING_32:
        return (struct entry_view){.head = 5, .data = (size_t)read_little(from + 1, 4)};
    case INTEGER_16:
        return (struct entry_view){3, 0, true, sign_extend(read_little(from + 1, 2), 16)};
    case INTEGER_24:
        return (struct entry_view){4, 0, true, sign_extend(read_little(from + 1, 3), 24)};
    case INTEGER_32:
        return (struct entry_view){5, 0, true, sign_extend(read_little(from + 1, 4), 32)};
    default:
        return (struct entry_view){9, 0, true, (int64_t)read_little(from + 1, 8)};
    }
}

/* How many bytes of an entry must be there before view_entry may look at it; 0: no such entry. */
static size_t head_size(unsigned char first)
{
    if (first < 0x80 || (first & 0xc0) == 0x80) {
        return 1;
    }
    if (first < 0xf0) {
        return 2;
    }
    static const unsigned char sizes[] = {5, 3, 4, 5, 9};
    return first <= INTEGER_64 ? sizes[first - STRING_32] : 0;
}

static size_t back_size(size_t length)
{
    return length <= 127        ? 1
           : length < 16383     ? 2
           : length < 2097151   ? 3
           : length < 268435455 ? 4
                                : 5;
}

static void write_back(unsigned char *to, size_t length, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char part = (unsigned char)(length >> (7 * (size - 1 - i)) & 127);
        to[i] = i == 0 ? part : part | 128;
    }
}

/* Length of the entry that ends just before `end`, and how many bytes say so. */
static size_t read_back(const unsigned char *end, size_t *size)
{
    size_t length = 0;
    for (*size = 0; *size < 5;) {
        unsigned char part = *(end - 1 - *size);
        length |= (size_t)(part & 127) << (7 * *size);
        (*size)++;
        if ((part & 128) == 0) {
            break;
        }
    }
    return length;
}

static size_t whole_size(const unsigned char *from)
{
    struct entry_view view = view_entry(from);
    return view.head + view.data + back_size(view.head + view.data);
}

struct listpack *listpack_from_bytes(struct bytes block)
{
    const unsigned char *at = (const unsigned char *)block.data;
    if (block.size < HEAD_SIZE + 1 || read_little(at, 4) != block.size ||
        at[block.size - 1] != END_MARK) {
        return NULL;
    }
    size_t position = HEAD_SIZE, end = block.size - 1, count = 0;
    while (position < end) {
        size_t head = head_size(at[position]);
        if (head == 0 || head > end - position) {
            return NULL;
        }
        struct entry_view view = view_entry(at + position);
        size_t length = view.head + view.data;
        if (view.data > end - position || length + back_size(length) > end - position) {
            return NULL;
        }
        size_t size;
        if (read_back(at + position + length + back_size(length), &size) != length ||
            size != back_size(length)) {
            return NULL;
        }
        position += length + size;
        count++;
    }
    size_t stored = (size_t)read_little(at + 4, 2);
    if (stored != COUNT_UNKNOWN && stored != count) {
        return NULL;
    }
    return memcpy(memory_allocate(room_for(block.size)), block.data, block.size);
}

size_t listpack_first(const struct listpack *pack)
{
    return pack->at[HEAD_SIZE] == END_MARK ? 0 : HEAD_SIZE;
}

size_t listpack_next(const struct listpack *pack, size_t position)
{
    position += whole_size(pack->at + position);
    return pack->at[position] == END_MARK ? 0 : position;
}

size_t listpack_previous(const struct listpack *pack, size_t position)
{
    if (position <= HEAD_SIZE) {
        return 0;
    }
    size_t size;
    size_t length = read_back(pack->at + position, &size);
    return position - size - length;
}

size_t listpack_last(const struct listpack *pack)
{
    return listpack_previous(pack, listpack_size(pack) - 1);
}

size_t listpack_count(const struct listpack *pack)
{
    size_t count = (size_t)read_little(pack->at + 4, 2);
    if (count != COUNT_UNKNOWN) {
        return count;
    }
    count = 0;
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at)) {
        count++;
    }
    return count;
}

size_t listpack_at(const struct listpack *pack, int64_t index)
{
    int64_t count = (int64_t)listpack_count(pack);
    index = index < 0 ? index + count : index;
    if (index < 0 || index >= count) {
        return 0;
    }
    size_t position;
    if (index <= count / 2) {
        for (position = listpack_first(pack); index > 0; index--) {
            position = listpack_next(pack, position);
        }
    } else {
        for (position = listpack_last(pack), index = count - 1 - index; index > 0; index--) {
            position = listpack_previous(pack, position);
        }
    }
    return position;
}

bool listpack_get_integer(const struct listpack *pack, size_t position, int64_t *number)
{
    struct entry_view view = view_entry(pack->at + position);
    *number = view.number;
    return view.is_integer;
}

struct bytes listpack_get(const struct listpack *pack, size_t position,
                          char digits[LISTPACK_DIGITS])
{
    struct entry_view view = view_entry(pack->at + position);
    if (view.is_integer) {
        return (struct bytes){digits, int64_to_digits(view.number, digits)};
    }
    return (struct bytes){(const char *)pack->at + position + view.head, view.data};
}

bool listpack_equals(const struct listpack *pack, size_t position, struct bytes text)
{
    char digits[LISTPACK_DIGITS];
    return bytes_equal(listpack_get(pack, position, digits), text);
}

size_t listpack_find(const struct listpack *pack, size_t position, struct bytes text, size_t skip)
{
    int64_t wanted;
    bool is_integer = bytes_to_int64(text, &wanted);
    while (position != 0) {
        struct entry_view view = view_entry(pack->at + position);
        if (view.is_integer ? is_integer && view.number == wanted
                            : !is_integer && view.data == text.size &&
                                  (text.size == 0 || memcmp(pack->at + position + view.head,
                                                            text.data, text.size) == 0)) {
            return position;
        }
        for (size_t step = 0; step <= skip && position != 0; step++) {
            position = listpack_next(pack, position);
        }
    }
    return 0;
}

static size_t encode_integer(int64_t number, unsigned char *to)
{
    uint64_t bits = (uint64_t)number;
    if (number >= 0 && number <= 127) {
        to[0] = (unsigned char)bits;
        return 1;
    }
    if (number >= -4096 && number <= 4095) {
        to[0] = (unsigned char)(0xc0 | (bits >> 8 & 0x1f));
        to[1] = (unsigned char)bits;
        return 2;
    }
    size_t size = number >= INT16_MIN && number <= INT16_MAX   ? 2
                  : number >= -8388608 && number <= 8388607    ? 3
                  : number >= INT32_MIN && number <= INT32_MAX ? 4
                                                               : 8;
    to[0] = (unsigned char)(size == 8 ? INTEGER_64 : INTEGER_16 + (int)size - 2);
    write_little(to + 1, bits, size);
    return size + 1;
}

/* The entry's head for this text; *data is how many bytes of the text follow it. */
static size_t encode_head(struct bytes text, unsigned char to[LONGEST_HEAD], size_t *data)
{
    int64_t number;
    *data = 0;
    if (bytes_to_int64(text, &number)) {
        return encode_integer(number, to);
    }
    *data = text.size;
    if (text.size < 64) {
        to[0] = (unsigned char)(0x80 | text.size);
        return 1;
    }
    if (text.size < 4096) {
        to[0] = (unsigned char)(0xe0 | text.size >> 8);
        to[1] = (unsigned char)text.size;
        return 2;
    }
    to[0] = STRING_32;
    write_little(to + 1, text.size, 4);
    return 5;
}

size_t listpack_entry_size(struct bytes text)
{
    unsigned char head[LONGEST_HEAD];
    size_t data;
    size_t length = encode_head(text, head, &data) + data;
    return length + back_size(length);
}

/* Makes the `old` bytes at `position` into `fresh` bytes, whose contents the caller writes. */
static struct listpack *splice(struct listpack *pack, size_t position, size_t old, size_t fresh)
{
    size_t size = listpack_size(pack), changed = size - old + fresh;
    size_t room = room_for(size), wanted = room_for(changed);
    assert(changed <= UINT32_MAX);
    if (wanted > room) {
        pack = memory_resize(pack, wanted);
    }
    memmove(pack->at + position + fresh, pack->at + position + old, size - position - old);
    if (wanted < room) {
        pack = memory_resize(pack, wanted);
    }
    set_size(pack, changed);
    return pack;
}

static struct listpack *put(struct listpack *pack, size_t position, size_t old,
                            const unsigned char *head, size_t head_bytes, struct bytes data)
{
    size_t length = head_bytes + data.size, back = back_size(length);
    pack = splice(pack, position, old, length + back);
    unsigned char *to = pack->at + position;
    memcpy(to, head, head_bytes);
    if (data.size > 0) {
        memcpy(to + head_bytes, data.data, data.size);
    }
    write_back(to + length, length, back);
    return pack;
}

static struct listpack *put_text(struct listpack *pack, size_t position, size_t old,
                                 struct bytes text)
{
    unsigned char head[LONGEST_HEAD];
    size_t data;
    size_t size = encode_head(text, head, &data);
    return put(pack, position, old, head, size, bytes_slice(text, 0, data));
}

struct listpack *listpack_insert(struct listpack *pack, size_t position, struct bytes text,
                                 size_t *at)
{
    position = position == 0 ? listpack_size(pack) - 1 : position;
    pack = put_text(pack, position, 0, text);
    add_count(pack, 1, 0);
    if (at != NULL) {
        *at = position;
    }
    return pack;
}

struct listpack *listpack_append(struct listpack *pack, struct bytes text)
{
    return listpack_insert(pack, 0, text, NULL);
}

struct listpack *listpack_append_integer(struct listpack *pack, int64_t number)
{
    unsigned char head[LONGEST_HEAD];
    size_t size = encode_integer(number, head);
    pack = put(pack, listpack_size(pack) - 1, 0, head, size, (struct bytes){"", 0});
    add_count(pack, 1, 0);
    return pack;
}

struct listpack *listpack_replace(struct listpack *pack, size_t position, struct bytes text)
{
    return put_text(pack, position, whole_size(pack->at + position), text);
}

struct listpack *listpack_remove(struct listpack *pack, size_t position, size_t count, size_t *next)
{
    size_t end = position, removed = 0;
    for (; removed < count && pack->at[end] != END_MARK; removed++) {
        end += whole_size(pack->at + end);
    }
    pack = splice(pack, position, end - position, 0);
    add_count(pack, 0, removed);
    if (next != NULL) {
        *next = pack->at[position] == END_MARK ? 0 : position;
    }
    return pack;
}
