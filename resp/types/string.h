/*
 * A string value: a growable byte string in one block. Knows no protocol.
 */
#ifndef RESP_TYPES_STRING_H
#define RESP_TYPES_STRING_H

#include "resp/value.h"

/* What OBJECT ENCODING says depends on how the text came to be. */
enum string_form {
    STRING_STORED, /* given whole: "int", "embstr" or "raw" by its text */
    STRING_TEXT,   /* computed (INCRBYFLOAT): never "int" */
    STRING_RAW,    /* changed in place: "raw" whatever its text */
};

struct string {
    uint32_t size; /* a string is at most 512 MB */
    uint32_t capacity : 30;
    uint32_t form : 2; /* enum string_form */
    char data[];
};

struct string *string_create(struct bytes text);
struct string *string_create_integer(int64_t number);
void string_destroy(struct string *string); /* NULL is fine */
struct bytes string_bytes(const struct string *string);
/* Both may move the block and mark it raw; the new place is returned. */
struct string *string_append(struct string *string, struct bytes text);
/* Zero-fills a gap between the end and `offset`. */
struct string *string_write(struct string *string, size_t offset, struct bytes text);
/* New content, a block of its own only where the old one does not fit; not raw. */
struct string *string_replace(struct string *string, struct bytes text);
size_t string_memory(const struct string *string);
bool string_integer(const struct string *string, int64_t *number);

#endif
