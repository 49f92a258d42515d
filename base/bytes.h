/*
 * Bytes and the memory they live in. `struct bytes` borrows, `struct buf` owns.
 *
 * Allocation never fails from a caller's view: out of memory aborts the process with one line on
 * stderr. Every buf is born with a limit; an append that would pass it changes nothing and
 * returns false, so input from outside can never grow memory without bound.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The structure that holds `member`, from a pointer to that member. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

void *memory_allocate(size_t size);
void *memory_allocate_zeroed(size_t size);
void *memory_resize(void *memory, size_t size);
void memory_free(void *memory); /* NULL is fine */
/*
 * A part of a block that is all zeros, and stays so, need not stand in memory: whole pages of it go
 * back to the system. Freeing a large block that was given back bit by bit takes no time.
 */
void memory_give_back(void *zeros, size_t size);
/* What the allocator really set aside for this block, for memory accounting. 0 for NULL. */
size_t memory_size(const void *memory);
char *string_duplicate(const char *text); /* owned by the caller; memory_free */
char *string_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* A borrowed view: valid as long as what it points into. Not terminated, may hold any byte. */
struct bytes {
    const char *data;
    size_t size;
};

/* A view of a string literal, usable in initializers. */
#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})

struct bytes bytes_from_string(const char *text); /* NULL gives an empty view */

struct bytes bytes_slice(struct bytes text, size_t from, size_t to); /* clamped to the view */

/* Offset of the first `byte`, or text.size if there is none. */
static inline size_t bytes_find(struct bytes text, char byte)
{
    const char *found = text.size == 0 ? NULL : memchr(text.data, byte, text.size);
    return found == NULL ? text.size : (size_t)(found - text.data);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool bytes_equal_nocase(struct bytes a, struct bytes b); /* ASCII case only */
bool bytes_equal_string(struct bytes a, const char *text);
bool bytes_equal_string_nocase(struct bytes a, const char *text);
/* Bytes of the UTF-8 character at the front; 0: there is none. */
size_t bytes_utf8_size(struct bytes text);
bool bytes_are_utf8(struct bytes text);
/* As memcmp, a shorter prefix sorts first. */
int bytes_compare(struct bytes a, struct bytes b);
bool bytes_start_with(struct bytes text, struct bytes prefix);
bool bytes_end_with(struct bytes text, struct bytes suffix);
/* Compares in a time that depends on the sizes only: for keys and passwords. */
bool bytes_equal_secret(struct bytes a, struct bytes b);
char *bytes_to_string(struct bytes text); /* terminated copy; memory_free */
/* Whole text as a decimal integer without sign tricks or spaces, as Redis's string2ll reads it. */
bool bytes_to_int64(struct bytes text, int64_t *number);
/*
 * Glob match with * ? [a-z] [^a] and backslash, as Redis's KEYS. Bounded work: patterns such as
 * "a*a*a*a*b" do not take exponential time.
 */
bool bytes_match_glob(struct bytes pattern, struct bytes text, bool nocase);

struct buf {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit;
};

void buf_init(struct buf *buf, size_t limit);
void buf_finish(struct buf *buf);              /* frees; a zeroed buf is fine */
struct bytes buf_bytes(const struct buf *buf); /* borrowed until the next change */
void buf_clear(struct buf *buf);               /* size 0, memory kept */
/* Room for `size` more bytes at data + size; NULL if that would pass the limit. */
char *buf_reserve(struct buf *buf, size_t size);
bool buf_append(struct buf *buf, struct bytes text);
bool buf_append_string(struct buf *buf, const char *text);
bool buf_append_byte(struct buf *buf, char byte);
bool buf_append_int64(struct buf *buf, int64_t number);
bool buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
bool buf_vprintf(struct buf *buf, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
void buf_consume(struct buf *buf, size_t size); /* drops that many bytes from the front */
char *buf_string(struct buf *buf);              /* terminated; borrowed as buf_bytes */

/* Digits of `number` in `text` (at least 21 bytes, not terminated); returns how many. */
size_t int64_to_digits(int64_t number, char *text);

/* Lower-case hex of `data`, base64 (standard or url alphabet, the latter without padding). */
bool buf_append_hex(struct buf *buf, struct bytes data);
bool buf_append_base64(struct buf *buf, struct bytes data);
bool buf_append_base64url(struct buf *buf, struct bytes data);
/* Accepts both alphabets, with or without padding; false on anything else. */
bool buf_append_base64_decoded(struct buf *buf, struct bytes text);

#endif
