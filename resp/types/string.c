/* A string value in one block. */
#include "resp/types/string.h"

#include <string.h>

static struct string *make(size_t size, size_t capacity)
{
    struct string *string = memory_allocate(sizeof(*string) + capacity);
    string->size = size;
    string->capacity = capacity;
    string->form = STRING_STORED;
    return string;
}

struct string *string_create(struct bytes text)
{
    struct string *string = make(text.size, text.size);
    if (text.size > 0) {
        memcpy(string->data, text.data, text.size);
    }
    return string;
}

struct string *string_create_integer(int64_t number)
{
    char digits[24];
    return string_create((struct bytes){digits, int64_to_digits(number, digits)});
}

void string_destroy(struct string *string)
{
    memory_free(string);
}

struct bytes string_bytes(const struct string *string)
{
    return (struct bytes){string->data, string->size};
}

/* Room for `size` bytes; grows by half more than asked, at most a megabyte, as strings that grow
 * once tend to grow again. */
static struct string *ensure(struct string *string, size_t size)
{
    if (size <= string->capacity) {
        return string;
    }
    size_t spare = size < 1024 * 1024 ? size : 1024 * 1024;
    string = memory_resize(string, sizeof(*string) + size + spare);
    string->capacity = size + spare;
    return string;
}

struct string *string_append(struct string *string, struct bytes text)
{
    return string_write(string, string->size, text);
}

struct string *string_write(struct string *string, size_t offset, struct bytes text)
{
    size_t end = offset + text.size;
    string = ensure(string, end);
    if (offset > string->size) {
        memset(string->data + string->size, 0, offset - string->size);
    }
    if (text.size > 0) {
        memcpy(string->data + offset, text.data, text.size);
    }
    string->size = end > string->size ? end : string->size;
    string->form = STRING_RAW;
    return string;
}

struct string *string_replace(struct string *string, struct bytes text)
{
    /* In place where it fits without wasting more than half of the block. */
    if (text.size > string->capacity || string->capacity > 2 * text.size + 64) {
        struct string *fresh = string_create(text);
        string_destroy(string);
        return fresh;
    }
    if (text.size > 0) {
        memmove(string->data, text.data, text.size);
    }
    string->size = text.size;
    string->form = STRING_STORED;
    return string;
}

bool string_integer(const struct string *string, int64_t *number)
{
    return bytes_to_int64(string_bytes(string), number);
}

size_t string_memory(const struct string *string)
{
    return memory_size(string);
}
