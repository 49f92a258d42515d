/* Bytes, buffers and the allocator that aborts. */
#include "base/bytes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

static void *checked(void *memory, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr, "redurite: out of memory (%zu bytes)\n", size);
        abort();
    }
    return memory;
}

void *memory_allocate(size_t size)
{
    size = size == 0 ? 1 : size;
    return checked(malloc(size), size);
}

void *memory_allocate_zeroed(size_t size)
{
    size = size == 0 ? 1 : size;
    return checked(calloc(1, size), size);
}

void *memory_resize(void *memory, size_t size)
{
    size = size == 0 ? 1 : size;
    return checked(realloc(memory, size), size);
}

void memory_free(void *memory)
{
    free(memory);
}

size_t memory_size(const void *memory)
{
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
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = memory_allocate((size_t)size + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}

struct bytes bytes_from_string(const char *text)
{
    return text == NULL ? (struct bytes){"", 0} : (struct bytes){text, strlen(text)};
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
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

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
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

struct bytes bytes_slice(struct bytes text, size_t from, size_t to)
{
    to = to > text.size ? text.size : to;
    from = from > to ? to : from;
    return (struct bytes){text.data == NULL ? NULL : text.data + from, to - from};
}

size_t bytes_find(struct bytes text, char byte)
{
    const char *found = text.size == 0 ? NULL : memchr(text.data, byte, text.size);
    return found == NULL ? text.size : (size_t)(found - text.data);
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
    if (a.size != b.size) {
        return false;
    }
    unsigned char difference = 0;
    for (size_t i = 0; i < a.size; i++) {
        difference |= (unsigned char)(a.data[i] ^ b.data[i]);
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
    bool negative = text.size > 1 && text.data[0] == '-';
    struct bytes digits = bytes_slice(text, negative ? 1 : 0, text.size);
    if (digits.size == 0 || digits.size > 19) {
        return false;
    }
    if (digits.data[0] == '0') {
        if (digits.size > 1 || negative) {
            return false;
        }
        *number = 0;
        return true;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = (unsigned)(digits.data[i] - '0');
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit; /* 19 digits fit in 64 bits unsigned */
    }
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Matches one pattern element at *at against `byte`; *at moves behind the element. */
static bool match_element(struct bytes pattern, size_t *at, char byte, bool nocase)
{
    char (*fold)(char) = lower;
    char folded = nocase ? fold(byte) : byte;
    char element = pattern.data[*at];
    if (element == '?') {
        (*at)++;
        return true;
    }
    if (element == '\\' && *at + 1 < pattern.size) {
        element = pattern.data[*at + 1];
        *at += 2;
        return (nocase ? fold(element) : element) == folded;
    }
    if (element != '[') {
        (*at)++;
        return (nocase ? fold(element) : element) == folded;
    }

    size_t i = *at + 1;
    bool negated = i < pattern.size && pattern.data[i] == '^';
    bool matched = false;
    i += negated ? 1 : 0;
    for (; i < pattern.size && pattern.data[i] != ']'; i++) {
        char from = pattern.data[i];
        if (from == '\\' && i + 1 < pattern.size) {
            from = pattern.data[++i];
            matched |= (nocase ? fold(from) : from) == folded;
            continue;
        }
        char to = from;
        if (i + 2 < pattern.size && pattern.data[i + 1] == '-') {
            to = pattern.data[i + 2];
            i += 2;
        }
        if (nocase) {
            from = fold(from);
            to = fold(to);
        }
        if ((unsigned char)from > (unsigned char)to) {
            char swap = from;
            from = to;
            to = swap;
        }
        matched |= (unsigned char)folded >= (unsigned char)from &&
                   (unsigned char)folded <= (unsigned char)to;
    }
    *at = i < pattern.size ? i + 1 : i;
    return matched != negated;
}

bool bytes_match_glob(struct bytes pattern, struct bytes text, bool nocase)
{
    /* Only the last star can still grow: its place is all there is to return to. */
    size_t at = 0, place = 0, star = SIZE_MAX, star_place = 0;
    while (place < text.size) {
        if (at < pattern.size && pattern.data[at] == '*') {
            star = at++;
            star_place = place;
            continue;
        }
        size_t next = at;
        if (at < pattern.size && match_element(pattern, &next, text.data[place], nocase)) {
            at = next;
            place++;
            continue;
        }
        if (star == SIZE_MAX) {
            return false;
        }
        at = star + 1;
        place = ++star_place;
    }
    while (at < pattern.size && pattern.data[at] == '*') {
        at++;
    }
    return at == pattern.size;
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

char *buf_reserve(struct buf *buf, size_t size)
{
    if (buf->size > buf->limit || size > buf->limit - buf->size) {
        return NULL;
    }
    size_t needed = buf->size + size;
    if (needed > buf->capacity || buf->data == NULL) {
        size_t capacity = buf->capacity < 32 ? 64 : buf->capacity * 2;
        capacity = capacity < needed ? needed : capacity;
        capacity = capacity > buf->limit && buf->limit >= needed ? buf->limit : capacity;
        buf->data = memory_resize(buf->data, capacity);
        buf->capacity = capacity;
    }
    return buf->data + buf->size;
}

bool buf_append(struct buf *buf, struct bytes text)
{
    char *place = buf_reserve(buf, text.size);
    if (place == NULL) {
        return false;
    }
    if (text.size > 0) {
        memcpy(place, text.data, text.size);
        buf->size += text.size;
    }
    return true;
}

bool buf_append_string(struct buf *buf, const char *text)
{
    return buf_append(buf, bytes_from_string(text));
}

bool buf_append_byte(struct buf *buf, char byte)
{
    return buf_append(buf, (struct bytes){&byte, 1});
}

bool buf_append_int64(struct buf *buf, int64_t number)
{
    char digits[24];
    return buf_append(buf, (struct bytes){digits, int64_to_digits(number, digits)});
}

bool buf_vprintf(struct buf *buf, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *place = buf_reserve(buf, (size_t)size + 1);
    if (place != NULL) {
        vsnprintf(place, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    }
    va_end(again);
    return place != NULL;
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool appended = buf_vprintf(buf, format, arguments);
    va_end(arguments);
    return appended;
}

void buf_consume(struct buf *buf, size_t size)
{
    if (size >= buf->size) {
        buf->size = 0;
        return;
    }
    memmove(buf->data, buf->data + size, buf->size - size);
    buf->size -= size;
}

char *buf_string(struct buf *buf)
{
    /* The terminator may lie one byte beyond the limit: it is no content. */
    if (buf->size + 1 > buf->capacity) {
        buf->capacity = buf->size + 1;
        buf->data = memory_resize(buf->data, buf->capacity);
    }
    buf->data[buf->size] = '\0';
    return buf->data;
}

size_t int64_to_digits(int64_t number, char *text)
{
    char reversed[24];
    size_t count = 0, size = 0;
    uint64_t value = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        reversed[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    if (number < 0) {
        text[size++] = '-';
    }
    while (count > 0) {
        text[size++] = reversed[--count];
    }
    return size;
}

bool buf_append_hex(struct buf *buf, struct bytes data)
{
    char *place = buf_reserve(buf, data.size * 2);
    if (place == NULL) {
        return false;
    }
    for (size_t i = 0; i < data.size; i++) {
        place[2 * i] = "0123456789abcdef"[(unsigned char)data.data[i] >> 4];
        place[2 * i + 1] = "0123456789abcdef"[data.data[i] & 15];
    }
    buf->size += data.size * 2;
    return true;
}

static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool append_base64(struct buf *buf, struct bytes data, const char *alphabet, bool padded)
{
    char *place = buf_reserve(buf, (data.size + 2) / 3 * 4);
    if (place == NULL) {
        return false;
    }
    size_t size = 0;
    for (size_t i = 0; i < data.size; i += 3) {
        size_t left = data.size - i;
        uint32_t group = (uint32_t)(unsigned char)data.data[i] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)data.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)data.data[i + 2] : 0;
        size_t letters = left > 2 ? 4 : left + 1;
        for (size_t letter = 0; letter < 4; letter++) {
            if (letter < letters) {
                place[size++] = alphabet[group >> (18 - 6 * letter) & 63];
            } else if (padded) {
                place[size++] = '=';
            }
        }
    }
    buf->size += size;
    return true;
}

bool buf_append_base64(struct buf *buf, struct bytes data)
{
    return append_base64(buf, data, standard_alphabet, true);
}

bool buf_append_base64url(struct buf *buf, struct bytes data)
{
    return append_base64(buf, data, url_alphabet, false);
}

static int base64_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return letter - 'A';
    }
    if (letter >= 'a' && letter <= 'z') {
        return letter - 'a' + 26;
    }
    if (letter >= '0' && letter <= '9') {
        return letter - '0' + 52;
    }
    return letter == '+' || letter == '-' ? 62 : letter == '/' || letter == '_' ? 63 : -1;
}

bool buf_append_base64_decoded(struct buf *buf, struct bytes text)
{
    for (int padding = 0; padding < 2 && bytes_end_with(text, BYTES("=")); padding++) {
        text.size--;
    }
    char *place = text.size % 4 == 1 ? NULL : buf_reserve(buf, text.size / 4 * 3 + 3);
    if (place == NULL) {
        return false;
    }
    uint32_t bits = 0;
    size_t held = 0, size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            place[size++] = (char)(bits >> held & 255);
        }
    }
    buf->size += size;
    return true;
}
