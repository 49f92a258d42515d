/*
 * Fields of a hash that expire. A packed hash keeps the time as a third word behind field and
 * value, sorted by it, those that never expire last, as Redis 7.4 does; a table has its times aside
 * in an order of their own. A hash of which no field was ever to expire knows nothing of all this.
 */
#ifndef RESP_TYPES_HASH_EXPIRY_H
#define RESP_TYPES_HASH_EXPIRY_H

#include "resp/types/hash.h"

#define HASH_NO_EXPIRY (-1)
/* The latest time that Redis takes for a field: 46 bits. */
#define HASH_LATEST_EXPIRY_MS (((int64_t)1 << 46) - 1)

/* Makes room for times; OBJECT ENCODING shows it even while there are none. */
void hash_expiry_begin(struct hash *hash, struct random *random);
/* HASH_NO_EXPIRY also where there is no such field. */
int64_t hash_field_expiry(const struct hash *hash, struct bytes field);
/* The field is there, and hash_expiry_begin was called once. HASH_NO_EXPIRY: it stays. */
void hash_set_expiry(struct hash *hash, struct bytes field, int64_t at_ms);
/* When the first field expires; false: none does. */
bool hash_next_expiry(const struct hash *hash, int64_t *at_ms);

extern const struct value_expiry hash_value_expiry;

/* For hash.c. The times of a table, and one read from a pack. */
void hash_expiry_book(struct hash_body *body, struct bytes field, int64_t at_ms);
int64_t hash_expiry_read(const struct listpack *pack, size_t position);
void hash_expiry_copy(struct hash_body *to, const struct hash_body *from);
void hash_expiry_destroy(struct hash_expiry *expiry); /* NULL is fine */
size_t hash_expiry_memory(const struct hash_expiry *expiry);

#endif
