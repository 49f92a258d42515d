/*
 * A hash value: fields and their values, packed while they are few and short, then a table. Knows
 * no protocol. Views stay valid until the hash changes; those of a packed hash may lie in the
 * given digits.
 */
#ifndef RESP_TYPES_HASH_H
#define RESP_TYPES_HASH_H

#include "base/dict.h"
#include "resp/types/listpack.h"
#include "resp/types/packing.h"
#include "resp/value.h"

struct hash_expiry;

/* A word of resp/value.h: a pack, or a body. A key's is the one in its entry. */
struct hash {
    void *word;
};

struct hash_body {
    struct listpack *pack;      /* NULL when a table */
    struct dict *table;         /* field -> struct hash_value; NULL when packed */
    struct random *random;      /* borrowed; seeds the table */
    size_t values_memory;       /* what the table's values occupy */
    struct hash_expiry *expiry; /* NULL until a field is to expire: types/hash_expiry.h */
};

/* NULL: it is a pack and nothing else: field, value, field, value... */
static inline struct hash_body *hash_body(const struct hash *hash)
{
    return value_word_body(hash->word);
}

/* NULL when it is a table. */
static inline struct listpack *hash_pack(const struct hash *hash)
{
    const struct hash_body *body = hash_body(hash);
    return body == NULL ? hash->word : body->pack;
}

/* Made when there is none. */
struct hash_body *hash_obtain_body(struct hash *hash, struct random *random);

extern const struct value_type hash_type;

struct hash_pair {
    struct bytes field, value;
    char digits[2][LISTPACK_DIGITS]; /* private */
};

struct hash hash_create(void);
void hash_destroy(struct hash *hash);
size_t hash_count(const struct hash *hash);

/* False: there is no such field. */
bool hash_get(const struct hash *hash, struct bytes field, char digits[LISTPACK_DIGITS],
              struct bytes *value);
/* True: the field is new. One that was there does not expire any more. */
bool hash_set(struct hash *hash, struct bytes field, struct bytes value,
              const struct packing_limits *limits);
/* The same, but a field that was there expires as before. */
bool hash_update(struct hash *hash, struct bytes field, struct bytes value,
                 const struct packing_limits *limits);
bool hash_delete(struct hash *hash, struct bytes field);
void hash_unpack(struct hash *hash, struct random *random); /* it is packed */

/* for (struct hash_cursor c = hash_begin(hash); hash_next(&c, &pair);) ; no change meanwhile */
struct hash_cursor {
    struct hash *hash;
    size_t position; /* of the pack's next field */
    struct dict_cursor cursor;
};
struct hash_cursor hash_begin(const struct hash *hash);
bool hash_next(struct hash_cursor *cursor, struct hash_pair *pair);

/* As dict_scan; a packed hash is visited whole. */
uint64_t hash_scan(const struct hash *hash, uint64_t position,
                   void (*visit)(void *context, const struct hash_pair *pair), void *context);
/* Any field; the hash is not empty. */
void hash_random(const struct hash *hash, struct random *random, struct hash_pair *pair);

/* For loaders: takes a pack of pairs that fits the limits or not; converts as needed. */
struct hash hash_from_pack_take(struct listpack *pack, const struct packing_limits *limits);

#endif
