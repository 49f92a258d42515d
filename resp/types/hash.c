/* Fields and values, packed or in a table. */
#include "resp/types/hash.h"

#include <string.h>

#include "resp/rdb_writer.h"
#include "resp/types/hash_expiry.h"
#include "resp/types/ziplist.h"

/* The payload of the table. */
struct hash_value {
    char *data;
    size_t size;
};

static void release_value(void *payload)
{
    memory_free(((struct hash_value *)payload)->data);
}

struct hash *hash_create(struct random *random)
{
    struct hash *hash = memory_allocate_zeroed(sizeof(*hash));
    hash->pack = listpack_create();
    hash->random = random;
    return hash;
}

void hash_destroy(struct hash *hash)
{
    if (hash == NULL) {
        return;
    }
    memory_free(hash->pack);
    if (hash->table != NULL) {
        dict_finish(hash->table);
        memory_free(hash->table);
    }
    hash_expiry_destroy(hash->expiry);
    memory_free(hash);
}

/* Words of the pack for each field: where fields may expire, the third says when (0: never). */
static size_t stride(const struct hash *hash)
{
    return hash->expiry != NULL ? 3 : 2;
}

size_t hash_count(const struct hash *hash)
{
    return hash->pack != NULL ? listpack_count(hash->pack) / stride(hash) : dict_count(hash->table);
}

/* ---- The table ---- */

static bool table_set(struct hash *hash, struct bytes field, struct bytes value)
{
    bool created;
    struct hash_value *place = dict_insert(hash->table, field, &created);
    if (created || place->size != value.size) {
        hash->values_memory -= memory_size(place->data);
        place->data = memory_resize(place->data, value.size > 0 ? value.size : 1);
        hash->values_memory += memory_size(place->data);
    }
    if (value.size > 0) {
        memmove(place->data, value.data, value.size);
    }
    place->size = value.size;
    return created;
}

static void begin_table(struct hash *hash)
{
    hash->pack = NULL;
    hash->table = memory_allocate(sizeof(*hash->table));
    dict_init(hash->table, sizeof(struct hash_value), release_value, hash->random);
}

void hash_unpack(struct hash *hash)
{
    struct listpack *pack = hash->pack;
    char digits[2][LISTPACK_DIGITS];
    begin_table(hash);
    for (size_t at = listpack_first(pack); at != 0;) {
        size_t value_at = listpack_next(pack, at);
        struct bytes field = listpack_get(pack, at, digits[0]);
        table_set(hash, field, listpack_get(pack, value_at, digits[1]));
        at = listpack_next(pack, value_at);
        if (hash->expiry != NULL) {
            hash_expiry_book(hash, field, hash_expiry_read(pack, at));
            at = listpack_next(pack, at);
        }
    }
    memory_free(pack);
}

struct hash *hash_copy(const struct hash *hash)
{
    struct hash *copy = memory_allocate_zeroed(sizeof(*copy));
    copy->random = hash->random;
    if (hash->expiry != NULL) {
        hash_expiry_begin(copy);
    }
    if (hash->pack != NULL) {
        copy->pack = listpack_copy(hash->pack);
        return copy;
    }
    begin_table(copy);
    struct hash_pair pair;
    for (struct hash_cursor cursor = hash_begin(hash); hash_next(&cursor, &pair);) {
        table_set(copy, pair.field, pair.value);
    }
    if (hash->expiry != NULL) {
        hash_expiry_copy(copy, hash);
    }
    return copy;
}

/* ---- One field ---- */

static size_t find_packed(const struct hash *hash, struct bytes field)
{
    size_t first = listpack_first(hash->pack);
    return first == 0 ? 0 : listpack_find(hash->pack, first, field, stride(hash) - 1);
}

bool hash_get(const struct hash *hash, struct bytes field, char digits[LISTPACK_DIGITS],
              struct bytes *value)
{
    if (hash->pack != NULL) {
        size_t at = find_packed(hash, field);
        if (at == 0) {
            return false;
        }
        *value = listpack_get(hash->pack, listpack_next(hash->pack, at), digits);
        return true;
    }
    const struct hash_value *found = dict_find(hash->table, field);
    if (found == NULL) {
        return false;
    }
    *value = (struct bytes){found->data, found->size};
    return true;
}

bool hash_update(struct hash *hash, struct bytes field, struct bytes value,
                 const struct packing_limits *limits)
{
    if (hash->pack != NULL &&
        (field.size > limits->hash_value || value.size > limits->hash_value)) {
        hash_unpack(hash);
    }
    if (hash->pack == NULL) {
        return table_set(hash, field, value);
    }
    size_t at = find_packed(hash, field);
    if (at != 0) {
        hash->pack = listpack_replace(hash->pack, listpack_next(hash->pack, at), value);
        return false;
    }
    hash->pack = listpack_append(listpack_append(hash->pack, field), value);
    if (hash->expiry != NULL) {
        hash->pack = listpack_append_integer(hash->pack, 0);
    }
    if (hash_count(hash) > limits->hash_entries) {
        hash_unpack(hash);
    }
    return true;
}

bool hash_set(struct hash *hash, struct bytes field, struct bytes value,
              const struct packing_limits *limits)
{
    bool created = hash_update(hash, field, value, limits);
    if (!created && hash->expiry != NULL) {
        hash_set_expiry(hash, field, HASH_NO_EXPIRY);
    }
    return created;
}

bool hash_delete(struct hash *hash, struct bytes field)
{
    if (hash->pack != NULL) {
        size_t at = find_packed(hash, field);
        if (at != 0) {
            hash->pack = listpack_remove(hash->pack, at, stride(hash), NULL);
        }
        return at != 0;
    }
    struct hash_value *found = dict_find(hash->table, field);
    if (found == NULL) {
        return false;
    }
    if (hash->expiry != NULL) {
        hash_expiry_book(hash, field, HASH_NO_EXPIRY);
    }
    hash->values_memory -= memory_size(found->data);
    dict_remove_payload(hash->table, found);
    return true;
}

/* ---- All of them ---- */

static void read_packed(const struct hash *hash, size_t at, struct hash_pair *pair)
{
    pair->field = listpack_get(hash->pack, at, pair->digits[0]);
    pair->value = listpack_get(hash->pack, listpack_next(hash->pack, at), pair->digits[1]);
}

static void read_table(const struct hash *hash, const struct hash_value *value,
                       struct hash_pair *pair)
{
    pair->field = dict_key(hash->table, value);
    pair->value = (struct bytes){value->data, value->size};
}

struct hash_cursor hash_begin(const struct hash *hash)
{
    struct hash_cursor cursor = {.hash = (struct hash *)hash};
    if (hash->pack != NULL) {
        cursor.position = listpack_first(hash->pack);
    } else {
        cursor.cursor = dict_begin(cursor.hash->table);
    }
    return cursor;
}

bool hash_next(struct hash_cursor *cursor, struct hash_pair *pair)
{
    const struct hash *hash = cursor->hash;
    if (hash->pack != NULL) {
        if (cursor->position == 0) {
            return false;
        }
        read_packed(hash, cursor->position, pair);
        for (size_t words = stride(hash); words > 0; words--) {
            cursor->position = listpack_next(hash->pack, cursor->position);
        }
        return true;
    }
    const struct hash_value *value = dict_next(&cursor->cursor);
    if (value != NULL) {
        read_table(hash, value, pair);
    }
    return value != NULL;
}

struct scan {
    const struct hash *hash;
    void (*visit)(void *context, const struct hash_pair *pair);
    void *context;
};

static void visit_entry(void *context, struct bytes field, void *payload)
{
    const struct scan *scan = context;
    struct hash_pair pair;
    (void)field;
    read_table(scan->hash, payload, &pair);
    scan->visit(scan->context, &pair);
}

uint64_t hash_scan(const struct hash *hash, uint64_t position,
                   void (*visit)(void *context, const struct hash_pair *pair), void *context)
{
    if (hash->pack != NULL) {
        struct hash_pair pair;
        for (struct hash_cursor cursor = hash_begin(hash); hash_next(&cursor, &pair);) {
            visit(context, &pair);
        }
        return 0;
    }
    struct scan scan = {hash, visit, context};
    return dict_scan(hash->table, position, visit_entry, &scan);
}

void hash_random(const struct hash *hash, struct random *random, struct hash_pair *pair)
{
    if (hash->pack != NULL) {
        uint64_t index = random_below(random, hash_count(hash));
        read_packed(hash, listpack_at(hash->pack, (int64_t)(index * stride(hash))), pair);
    } else {
        read_table(hash, dict_random(hash->table, random), pair);
    }
}

struct hash *hash_from_pack_take(struct listpack *pack, const struct packing_limits *limits,
                                 struct random *random)
{
    struct hash *hash = hash_create(random);
    struct hash_pair pair;
    memory_free(hash->pack);
    hash->pack = pack;
    bool fits = hash_count(hash) <= limits->hash_entries;
    for (struct hash_cursor cursor = hash_begin(hash); fits && hash_next(&cursor, &pair);) {
        fits = pair.field.size <= limits->hash_value && pair.value.size <= limits->hash_value;
    }
    if (!fits) {
        hash_unpack(hash);
    }
    return hash;
}

/* ---- The type's row ---- */

static void destroy(void *data)
{
    hash_destroy(data);
}

static bool dismantle(void *data, size_t elements, size_t *position)
{
    struct hash *hash = data;
    if (hash->table != NULL && !dict_clear_some(hash->table, elements, position)) {
        return false;
    }
    hash_destroy(hash);
    return true;
}

static void *copy(const void *data)
{
    return hash_copy(data);
}

static const char *encoding(const void *data)
{
    const struct hash *hash = data;
    return hash->pack == NULL ? "hashtable" : hash->expiry == NULL ? "listpack" : "listpackex";
}

static size_t memory(const void *data)
{
    const struct hash *hash = data;
    size_t expiry = hash->expiry != NULL ? hash_expiry_memory(hash->expiry) : 0;
    return memory_size(hash) + expiry +
           (hash->pack != NULL
                ? memory_size(hash->pack)
                : memory_size(hash->table) + dict_memory(hash->table) + hash->values_memory);
}

static size_t effort(const void *data)
{
    const struct hash *hash = data;
    return hash->pack != NULL ? 1 : dict_count(hash->table);
}

static unsigned char rdb_type(const void *data)
{
    const struct hash *hash = data;
    int64_t first_ms;
    if (hash->pack != NULL) {
        return hash->expiry == NULL ? RDB_TYPE_HASH_LISTPACK : RDB_TYPE_HASH_LISTPACK_EXPIRING;
    }
    return hash_next_expiry(hash, &first_ms) ? RDB_TYPE_HASH_EXPIRING : RDB_TYPE_HASH;
}

/* Where fields expire, the first time comes in front; a table's others are told from it on. */
static void save(const void *data, struct rdb_writer *writer)
{
    const struct hash *hash = data;
    int64_t first_ms = 0;
    bool expiring = hash_next_expiry(hash, &first_ms);
    if (expiring || (hash->pack != NULL && hash->expiry != NULL)) {
        rdb_write_little(writer, (uint64_t)first_ms, 8);
    }
    if (hash->pack != NULL) {
        packed_save(hash->pack, writer);
        return;
    }
    struct hash_pair pair;
    rdb_write_length(writer, hash_count(hash));
    for (struct hash_cursor cursor = hash_begin(hash); hash_next(&cursor, &pair);) {
        if (expiring) {
            int64_t at_ms = hash_field_expiry(hash, pair.field);
            rdb_write_length(writer,
                             at_ms == HASH_NO_EXPIRY ? 0 : (uint64_t)(at_ms - first_ms) + 1);
        }
        rdb_write_string(writer, pair.field);
        rdb_write_string(writer, pair.value);
    }
}

const struct value_type hash_type = {
    .name = "hash",
    .kind = VALUE_HASH,
    .destroy = destroy,
    .dismantle = dismantle,
    .copy = copy,
    .encoding = encoding,
    .memory = memory,
    .effort = effort,
    .rdb_type = rdb_type,
    .rdb_save = save,
    .expiry = &hash_value_expiry,
};
