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

struct hash hash_create(void)
{
    return (struct hash){listpack_create()};
}

static struct hash hash_of(struct hash_body *body)
{
    return (struct hash){value_word(body)};
}

struct hash_body *hash_obtain_body(struct hash *hash, struct random *random)
{
    struct hash_body *body = hash_body(hash);
    if (body == NULL) {
        body = memory_allocate_zeroed(sizeof(*body));
        body->pack = hash->word;
        body->random = random;
        *hash = hash_of(body);
    }
    return body;
}

void hash_destroy(struct hash *hash)
{
    struct hash_body *body = hash_body(hash);
    memory_free(hash_pack(hash));
    if (body == NULL) {
        return;
    }
    if (body->table != NULL) {
        dict_finish(body->table);
        memory_free(body->table);
    }
    hash_expiry_destroy(body->expiry);
    memory_free(body);
}

static bool has_times(const struct hash *hash)
{
    const struct hash_body *body = hash_body(hash);
    return body != NULL && body->expiry != NULL;
}

/* Another pack, or the same that moved. */
static void set_pack(struct hash *hash, struct listpack *pack)
{
    struct hash_body *body = hash_body(hash);
    if (body == NULL) {
        hash->word = pack;
    } else {
        body->pack = pack;
    }
}

/* Words of the pack for each field: where fields may expire, the third says when (0: never). */
static size_t stride(const struct hash *hash)
{
    return has_times(hash) ? 3 : 2;
}

size_t hash_count(const struct hash *hash)
{
    const struct listpack *pack = hash_pack(hash);
    return pack != NULL ? listpack_count(pack) / stride(hash) : dict_count(hash_body(hash)->table);
}

/* ---- The table ---- */

static bool table_set(struct hash_body *body, struct bytes field, struct bytes value)
{
    bool created;
    struct hash_value *place = dict_insert(body->table, field, &created);
    if (created || place->size != value.size) {
        body->values_memory -= memory_size(place->data);
        place->data = memory_resize(place->data, value.size > 0 ? value.size : 1);
        body->values_memory += memory_size(place->data);
    }
    if (value.size > 0) {
        memmove(place->data, value.data, value.size);
    }
    place->size = value.size;
    return created;
}

static void begin_table(struct hash_body *body)
{
    body->pack = NULL;
    body->table = memory_allocate(sizeof(*body->table));
    dict_init(body->table, sizeof(struct hash_value), release_value, body->random);
}

void hash_unpack(struct hash *hash, struct random *random)
{
    struct hash_body *body = hash_obtain_body(hash, random);
    struct listpack *pack = body->pack;
    char digits[2][LISTPACK_DIGITS];
    begin_table(body);
    for (size_t at = listpack_first(pack); at != 0;) {
        size_t value_at = listpack_next(pack, at);
        struct bytes field = listpack_get(pack, at, digits[0]);
        table_set(body, field, listpack_get(pack, value_at, digits[1]));
        at = listpack_next(pack, value_at);
        if (body->expiry != NULL) {
            hash_expiry_book(body, field, hash_expiry_read(pack, at));
            at = listpack_next(pack, at);
        }
    }
    memory_free(pack);
}

static void *copy(const void *data)
{
    const struct hash hash = {(void *)data};
    const struct hash_body *body = hash_body(&hash);
    if (body == NULL) {
        return listpack_copy(data);
    }
    struct hash_body *copied = memory_allocate_zeroed(sizeof(*copied));
    copied->random = body->random;
    if (body->pack != NULL) {
        copied->pack = listpack_copy(body->pack);
    } else {
        struct hash_pair pair;
        begin_table(copied);
        for (struct hash_cursor cursor = hash_begin(&hash); hash_next(&cursor, &pair);) {
            table_set(copied, pair.field, pair.value);
        }
    }
    if (body->expiry != NULL) {
        hash_expiry_copy(copied, body);
    }
    return hash_of(copied).word;
}

/* ---- One field ---- */

static size_t find_packed(const struct listpack *pack, struct bytes field, size_t words)
{
    size_t first = listpack_first(pack);
    return first == 0 ? 0 : listpack_find(pack, first, field, words - 1);
}

bool hash_get(const struct hash *hash, struct bytes field, char digits[LISTPACK_DIGITS],
              struct bytes *value)
{
    const struct listpack *pack = hash_pack(hash);
    if (pack != NULL) {
        size_t at = find_packed(pack, field, stride(hash));
        if (at == 0) {
            return false;
        }
        *value = listpack_get(pack, listpack_next(pack, at), digits);
        return true;
    }
    const struct hash_value *found = dict_find(hash_body(hash)->table, field);
    if (found == NULL) {
        return false;
    }
    *value = (struct bytes){found->data, found->size};
    return true;
}

bool hash_update(struct hash *hash, struct bytes field, struct bytes value,
                 const struct packing_limits *limits)
{
    if (hash_pack(hash) != NULL &&
        (field.size > limits->hash_value || value.size > limits->hash_value)) {
        hash_unpack(hash, limits->random);
    }
    struct listpack *pack = hash_pack(hash);
    if (pack == NULL) {
        return table_set(hash_body(hash), field, value);
    }
    size_t at = find_packed(pack, field, stride(hash));
    if (at != 0) {
        set_pack(hash, listpack_replace(pack, listpack_next(pack, at), value));
        return false;
    }
    pack = listpack_append(listpack_append(pack, field), value);
    set_pack(hash, has_times(hash) ? listpack_append_integer(pack, 0) : pack);
    if (hash_count(hash) > limits->hash_entries) {
        hash_unpack(hash, limits->random);
    }
    return true;
}

bool hash_set(struct hash *hash, struct bytes field, struct bytes value,
              const struct packing_limits *limits)
{
    bool created = hash_update(hash, field, value, limits);
    if (!created && has_times(hash)) {
        hash_set_expiry(hash, field, HASH_NO_EXPIRY);
    }
    return created;
}

bool hash_delete(struct hash *hash, struct bytes field)
{
    struct listpack *pack = hash_pack(hash);
    if (pack != NULL) {
        size_t at = find_packed(pack, field, stride(hash));
        if (at != 0) {
            set_pack(hash, listpack_remove(pack, at, stride(hash), NULL));
        }
        return at != 0;
    }
    struct hash_body *body = hash_body(hash);
    struct hash_value *found = dict_find(body->table, field);
    if (found == NULL) {
        return false;
    }
    if (body->expiry != NULL) {
        hash_expiry_book(body, field, HASH_NO_EXPIRY);
    }
    body->values_memory -= memory_size(found->data);
    dict_remove_payload(body->table, found);
    return true;
}

/* ---- All of them ---- */

static void read_packed(const struct listpack *pack, size_t at, struct hash_pair *pair)
{
    pair->field = listpack_get(pack, at, pair->digits[0]);
    pair->value = listpack_get(pack, listpack_next(pack, at), pair->digits[1]);
}

static void read_table(const struct dict *table, const struct hash_value *value,
                       struct hash_pair *pair)
{
    pair->field = dict_key(table, value);
    pair->value = (struct bytes){value->data, value->size};
}

struct hash_cursor hash_begin(const struct hash *hash)
{
    struct hash_cursor cursor = {.hash = (struct hash *)hash};
    if (hash_pack(hash) != NULL) {
        cursor.position = listpack_first(hash_pack(hash));
    } else {
        cursor.cursor = dict_begin(hash_body(hash)->table);
    }
    return cursor;
}

bool hash_next(struct hash_cursor *cursor, struct hash_pair *pair)
{
    const struct hash *hash = cursor->hash;
    const struct listpack *pack = hash_pack(hash);
    if (pack != NULL) {
        if (cursor->position == 0) {
            return false;
        }
        read_packed(pack, cursor->position, pair);
        for (size_t words = stride(hash); words > 0; words--) {
            cursor->position = listpack_next(pack, cursor->position);
        }
        return true;
    }
    const struct hash_value *value = dict_next(&cursor->cursor);
    if (value != NULL) {
        read_table(hash_body(hash)->table, value, pair);
    }
    return value != NULL;
}

struct scan {
    const struct dict *table;
    void (*visit)(void *context, const struct hash_pair *pair);
    void *context;
};

static void visit_entry(void *context, struct bytes field, void *payload)
{
    const struct scan *scan = context;
    struct hash_pair pair;
    (void)field;
    read_table(scan->table, payload, &pair);
    scan->visit(scan->context, &pair);
}

uint64_t hash_scan(const struct hash *hash, uint64_t position,
                   void (*visit)(void *context, const struct hash_pair *pair), void *context)
{
    if (hash_pack(hash) != NULL) {
        struct hash_pair pair;
        for (struct hash_cursor cursor = hash_begin(hash); hash_next(&cursor, &pair);) {
            visit(context, &pair);
        }
        return 0;
    }
    struct dict *table = hash_body(hash)->table;
    struct scan scan = {table, visit, context};
    return dict_scan(table, position, visit_entry, &scan);
}

void hash_random(const struct hash *hash, struct random *random, struct hash_pair *pair)
{
    const struct listpack *pack = hash_pack(hash);
    if (pack != NULL) {
        uint64_t index = random_below(random, hash_count(hash));
        read_packed(pack, listpack_at(pack, (int64_t)(index * stride(hash))), pair);
    } else {
        const struct dict *table = hash_body(hash)->table;
        read_table(table, dict_random(table, random), pair);
    }
}

struct hash hash_from_pack_take(struct listpack *pack, const struct packing_limits *limits)
{
    struct hash hash = {pack};
    struct hash_pair pair;
    bool fits = hash_count(&hash) <= limits->hash_entries;
    for (struct hash_cursor cursor = hash_begin(&hash); fits && hash_next(&cursor, &pair);) {
        fits = pair.field.size <= limits->hash_value && pair.value.size <= limits->hash_value;
    }
    if (!fits) {
        hash_unpack(&hash, limits->random);
    }
    return hash;
}

/* ---- The type's row: `data` is the word ---- */

static void destroy(void *data)
{
    hash_destroy(&(struct hash){data});
}

static bool dismantle(void *data, size_t elements, size_t *position)
{
    struct hash hash = {data};
    if (hash_pack(&hash) == NULL && !dict_clear_some(hash_body(&hash)->table, elements, position)) {
        return false;
    }
    hash_destroy(&hash);
    return true;
}

static const char *encoding(const void *data)
{
    const struct hash hash = {(void *)data};
    return hash_pack(&hash) == NULL ? "hashtable" : has_times(&hash) ? "listpackex" : "listpack";
}

static size_t memory(const void *data)
{
    const struct hash hash = {(void *)data};
    const struct hash_body *body = hash_body(&hash);
    if (body == NULL) {
        return memory_size(data);
    }
    size_t expiry = body->expiry != NULL ? hash_expiry_memory(body->expiry) : 0;
    return memory_size(body) + expiry +
           (body->pack != NULL
                ? memory_size(body->pack)
                : memory_size(body->table) + dict_memory(body->table) + body->values_memory);
}

static size_t effort(const void *data)
{
    const struct hash hash = {(void *)data};
    return hash_pack(&hash) != NULL ? 1 : hash_count(&hash);
}

static unsigned char rdb_type(const void *data)
{
    const struct hash hash = {(void *)data};
    int64_t first_ms;
    if (hash_pack(&hash) != NULL) {
        return has_times(&hash) ? RDB_TYPE_HASH_LISTPACK_EXPIRING : RDB_TYPE_HASH_LISTPACK;
    }
    return hash_next_expiry(&hash, &first_ms) ? RDB_TYPE_HASH_EXPIRING : RDB_TYPE_HASH;
}

/* Where fields expire, the first time comes in front; a table's others are told from it on. */
static void save(const void *data, struct rdb_writer *writer)
{
    const struct hash hash = {(void *)data};
    const struct listpack *pack = hash_pack(&hash);
    int64_t first_ms = 0;
    bool expiring = hash_next_expiry(&hash, &first_ms);
    if (expiring || (pack != NULL && has_times(&hash))) {
        rdb_write_little(writer, (uint64_t)first_ms, 8);
    }
    if (pack != NULL) {
        packed_save(pack, writer);
        return;
    }
    struct hash_pair pair;
    rdb_write_length(writer, hash_count(&hash));
    for (struct hash_cursor cursor = hash_begin(&hash); hash_next(&cursor, &pair);) {
        if (expiring) {
            int64_t at_ms = hash_field_expiry(&hash, pair.field);
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
