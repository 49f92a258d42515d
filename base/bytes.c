/* Byte views, owned buffers and the allocator under everything. Knows no format but base64. */
#include "base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__APPLE__)
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

enum { SMALLEST_CAPACITY = 64 };

static void *memory_checked(void *memory, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr, "redurite: out of memory allocating %zu bytes\n", size);
        abort();
    }
    return memory;
}

/* malloc(0) may answer NULL, which would look like a failure: ask for one byte instead. */
static size_t never_zero(size_t size)
{
    return size == 0 ? 1 : size;
}

void *memory_allocate(size_t size)
{
    return memory_checked(malloc(never_zero(size)), size);
}

void *memory_allocate_zeroed(size_t size)
{
    return memory_checked(calloc(1, never_zero(size)), size);
}

void *memory_resize(void *memory, size_t size)
{
    return memory_checked(realloc(memory, never_zero(size)), size);
}

void memory_free(void *memory)
{
    free(memory);
}

void memory_give_back(void *zeros, size_t size)
{
    enum { PAGE = 4096 };
    uintptr_t from = ((uintptr_t)zeros + PAGE - 1) / PAGE * PAGE;
    uintptr_t to = ((uintptr_t)zeros + size) / PAGE * PAGE;
    if (from < to) {
        madvise((void *)from, to - from, MADV_DONTNEED); /* a hint: a failure harms nothing */
    }
}

size_t memory_size(const void *memory)
{
    if (memory == NULL) {
        return 0;
    }
#if defined(__APPLE__)
    return malloc_size(memory);
#else
    return malloc_usable_size((void *)memory);
#endif
}

char *string_duplicate(const char *text)
{
    return bytes_to_string(bytes_from_string(text));
}

char *string_format(const char *format, ...)
{
    va_list arguments;
    struct buf buf;
    buf_init(&buf, SIZE_MAX);
    va_start(arguments, format);
    buf_vprintf(&buf, format, arguments);
    va_end(arguments);
    return buf_string(&buf);
}

static unsigned char lower(char byte)
{
    unsigned char value = (unsigned char)byte;
    return value >= 'A' && value <= 'Z' ? (unsigned char)(value + ('a' - 'A')) : value;
}

struct bytes bytes_from_string(const char *text)
{
    return text == NULL ? BYTES("") : (struct bytes){text, strlen(text)};
}

struct bytes bytes_slice(struct bytes text, size_t from, size_t to)
{
    to = to > text.size ? text.size : to;
    from = from > to ? to : from;
    return (struct bytes){text.data == NULL ? NULL : text.data + from, to - from};
}

bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool bytes_equal_string(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_from_string(text));
}

bool bytes_equal_string_nocase(struct bytes a, const char *text)
{
    return bytes_equal_nocase(a, bytes_from_string(text));
}

size_t bytes_utf8_size(struct bytes text)
{
    const unsigned char *c = (const unsigned char *)text.data;
    if (text.size == 0) {
        return 0;
    }
    size_t size = c[0] < 0x80                   ? 1
                  : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                  : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                  : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                : 0;
    if (size == 0 || size > text.size) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((c[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool outside = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || outside ? 0 : size;
}

bool bytes_are_utf8(struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t size = bytes_utf8_size(bytes_slice(text, at, text.size));
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) {
        return order;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

bool bytes_start_with(struct bytes text, struct bytes prefix)
{
    return text.size >= prefix.size && bytes_equal(bytes_slice(text, 0, prefix.size), prefix);
}

bool bytes_end_with(struct bytes text, struct bytes suffix)
{
    return text.size >= suffix.size &&
           bytes_equal(bytes_slice(text, text.size - suffix.size, text.size), suffix);
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
    if (a.size != b.size) {
        return false;
    }
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a.size; i++) {
        difference = (unsigned char)(difference | (a.data[i] ^ b.data[i]));
    }
    return difference == 0;
}

char *bytes_to_string(struct bytes text)
{
    char *copy = memory_allocate(text.size + 1);
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    copy[text.size] = '\0';
    return copy;
}

bool bytes_to_int64(struct bytes text, int64_t *number)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    struct bytes digits = bytes_slice(text, negative, text.size);
    if (digits.size == 0 || digits.size > 19) {
        return false;
    }
    if (digits.data[0] == '0' && (digits.size > 1 || negative)) {
        return false; /* "01" and "-0" would not print back as they were read */
    }

    uint64_t value = 0; /* 19 digits cannot overflow it */
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = (unsigned char)digits.data[i] - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static bool same_byte(char a, char b, bool nocase)
{
    return nocase ? lower(a) == lower(b) : a == b;
}

static bool in_range(char first, char last, char byte, bool nocase)
{
    unsigned char from = nocase ? lower(first) : (unsigned char)first;
    unsigned char to = nocase ? lower(last) : (unsigned char)last;
    unsigned char value = nocase ? lower(byte) : (unsigned char)byte;
    return from <= to ? value >= from && value <= to : value >= to && value <= from;
}

/* Matches one byte with the class whose '[' is at *at; leaves *at behind it. Redis lets the end of
 * the pattern close the class. */
static bool match_class(struct bytes pattern, size_t *at, char byte, bool nocase)
{
    size_t i = *at + 1;
    bool negated = i < pattern.size && pattern.data[i] == '^';
    bool matched = false;
    if (negated) {
        i++;
    }
    while (i < pattern.size && pattern.data[i] != ']') {
        const char *here = pattern.data + i;
        size_t left = pattern.size - i;
        if (here[0] == '\\' && left >= 2) {
            matched |= same_byte(here[1], byte, nocase);
            i += 2;
        } else if (left >= 3 && here[1] == '-') {
            matched |= in_range(here[0], here[2], byte, nocase);
            i += 3;
        } else {
            matched |= same_byte(here[0], byte, nocase);
            i++;
        }
    }
    *at = i < pattern.size ? i + 1 : i;
    return matched != negated;
}

/* Matches one byte of text with one element of the pattern other than '*'. */
static bool match_one(struct bytes pattern, size_t *at, char byte, bool nocase)
{
    char kind = pattern.data[*at];
    if (kind == '[') {
        return match_class(pattern, at, byte, nocase);
    }
    if (kind == '\\' && *at + 1 < pattern.size) {
        *at += 1;
        kind = pattern.data[*at];
    } else if (kind == '?') {
        *at += 1;
        return true;
    }
    *at += 1;
    return same_byte(kind, byte, nocase);
}

/*
 * Only the last '*' seen ever needs another try: giving more to an earlier one cannot help the rest
 * of the pattern. So the work is bounded by the product of the sizes.
 */
bool bytes_match_glob(struct bytes pattern, struct bytes text, bool nocase)
{
    size_t p = 0, t = 0;
    size_t behind_star = SIZE_MAX, star_text = 0;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            behind_star = ++p;
            star_text = t;
            if (p == pattern.size) {
                return true;
            }
        } else if (p < pattern.size && match_one(pattern, &p, text.data[t], nocase)) {
            t++;
        } else if (behind_star != SIZE_MAX) {
            p = behind_star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*') {
        p++;
    }
    return p == pattern.size;
}

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

void buf_finish(struct buf *buf)
{
    memory_free(buf->data);
    *buf = (struct buf){.limit = buf->limit};
}

struct bytes buf_bytes(const struct buf *buf)
{
    return (struct bytes){buf->data == NULL ? "" : buf->data, buf->size};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
}

/* One byte more than `capacity` is always allocated, so that buf_string never has to move. */
static void buf_grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : buf->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX - 1 : capacity * 2;
    }
    if (capacity > buf->limit) {
        capacity = buf->limit;
    }
    buf->data = memory_resize(buf->data, capacity + 1);
    buf->capacity = capacity;
}

char *buf_reserve(struct buf *buf, size_t size)
{
    if (buf->size > buf->limit || size > buf->limit - buf->size) {
        return NULL;
    }
    if (buf->data == NULL || size > buf->capacity - buf->size) {
        buf_grow(buf, buf->size + size);
    }
    return buf->data + buf->size;
}

bool buf_append(struct buf *buf, struct bytes text)
{
    if (text.size == 0) {
        return true;
    }
    char *room = buf_reserve(buf, text.size);
    if (room == NULL) {
        return false;
    }
    memcpy(room, text.data, text.size);
    buf->size += text.size;
    return true;
}

bool buf_append_string(struct buf *buf, const char *text)
{
    return buf_append(buf, bytes_from_string(text));
}

bool buf_append_byte(struct buf *buf, char byte)
{
    char *room = buf_reserve(buf, 1);
    if (room == NULL) {
        return false;
    }
    *room = byte;
    buf->size++;
    return true;
}

bool buf_append_int64(struct buf *buf, int64_t number)
{
    char digits[21];
    return buf_append(buf, (struct bytes){digits, int64_to_digits(number, digits)});
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool appended = buf_vprintf(buf, format, arguments);
    va_end(arguments);
    return appended;
}

bool buf_vprintf(struct buf *buf, const char *format, va_list arguments)
{
    char *room = buf_reserve(buf, 0);
    if (room == NULL) {
        return false;
    }
    va_list again;
    va_copy(again, arguments);
    size_t available = buf->capacity - buf->size;
    int length = vsnprintf(room, available + 1, format, arguments);
    assert(length >= 0); /* only a broken format fails */
    size_t size = (size_t)length;
    if (size > available) {
        room = buf_reserve(buf, size);
        if (room != NULL) {
            vsnprintf(room, size + 1, format, again);
        }
    }
    va_end(again);
    if (room == NULL) {
        return false;
    }
    buf->size += size;
    return true;
}

void buf_consume(struct buf *buf, size_t size)
{
    size = size < buf->size ? size : buf->size;
    buf->size -= size;
    if (buf->size > 0 && size > 0) {
        memmove(buf->data, buf->data + size, buf->size);
    }
}

char *buf_string(struct buf *buf)
{
    if (buf->data == NULL) {
        buf_grow(buf, 0);
    }
    buf->data[buf->size] = '\0';
    return buf->data;
}

size_t int64_to_digits(int64_t number, char *text)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930"
                                "31323334353637383940414243444546474849505152535455565758596061"
                                "62636465666768697071727374757677787980818283848586878889909192"
                                "93949596979899";
    char digits[20];
    char *at = digits + sizeof(digits);
    uint64_t value = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    while (value >= 10) {
        at -= 2;
        memcpy(at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    /* The pairs are done when 0 to 9 is left; 0 is a digit only when there is no other. */
    if (value > 0 || at == digits + sizeof(digits)) {
        *--at = (char)('0' + value);
    }
    size_t size = (size_t)(digits + sizeof(digits) - at);
    size_t sign = number < 0;
    if (number < 0) {
        text[0] = '-';
    }
    memcpy(text + sign, at, size);
    return size + sign;
}

bool buf_append_hex(struct buf *buf, struct bytes data)
{
    static const char digits[] = "0123456789abcdef";
    char *room = data.size > SIZE_MAX / 2 ? NULL : buf_reserve(buf, data.size * 2);
    if (room == NULL) {
        return false;
    }
    for (size_t i = 0; i < data.size; i++) {
        unsigned char byte = (unsigned char)data.data[i];
        *room++ = digits[byte >> 4];
        *room++ = digits[byte & 15];
    }
    buf->size += data.size * 2;
    return true;
}

static bool base64_append(struct buf *buf, struct bytes data, const char *alphabet, bool padded)
{
    size_t groups = data.size / 3, rest = data.size % 3;
    size_t tail = rest == 0 ? 0 : padded ? 4 : rest + 1;
    char *room = groups > SIZE_MAX / 4 - 1 ? NULL : buf_reserve(buf, groups * 4 + tail);
    if (room == NULL) {
        return false;
    }
    for (size_t i = 0; i < data.size; i += 3) {
        size_t present = data.size - i < 3 ? data.size - i : 3;
        unsigned group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (k < present ? (unsigned char)data.data[i + k] : 0u);
        }
        for (size_t k = 0; k < present + 1; k++) {
            *room++ = alphabet[group >> (18 - 6 * k) & 63];
        }
        for (size_t k = present; padded && k < 3; k++) {
            *room++ = '=';
        }
    }
    buf->size += groups * 4 + tail;
    return true;
}

bool buf_append_base64(struct buf *buf, struct bytes data)
{
    return base64_append(buf, data,
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

bool buf_append_base64url(struct buf *buf, struct bytes data)
{
    return base64_append(buf, data,
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

static int base64_value(char symbol)
{
    if (symbol >= 'A' && symbol <= 'Z') {
        return symbol - 'A';
    }
    if (symbol >= 'a' && symbol <= 'z') {
        return symbol - 'a' + 26;
    }
    if (symbol >= '0' && symbol <= '9') {
        return symbol - '0' + 52;
    }
    return symbol == '+' || symbol == '-' ? 62 : symbol == '/' || symbol == '_' ? 63 : -1;
}

/* Bits left over at the end must be zero: two texts never mean the same bytes by accident. */
bool buf_append_base64_decoded(struct buf *buf, struct bytes text)
{
    if (text.size % 4 == 0 && bytes_end_with(text, BYTES("="))) {
        text.size -= bytes_end_with(text, BYTES("==")) ? 2 : 1;
    }
    char *room = text.size % 4 == 1 ? NULL : buf_reserve(buf, text.size / 4 * 3 + 2);
    if (room == NULL) {
        return false;
    }
    size_t size = 0;
    unsigned group = 0, bits = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0) {
            return false;
        }
        group = (group << 6 | (unsigned)value) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            room[size++] = (char)(group >> bits);
            group &= (1u << bits) - 1;
        }
    }
    if (group != 0) {
        return false;
    }
    buf->size += size;
    return true;
}
