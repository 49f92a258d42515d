/*
 * The hash map: chained entries, two tables while it grows or shrinks, a hash keyed per map.
 */
#include "base/dict.h"

#include <assert.h>
#include <string.h>

struct dict_entry {
    _Alignas(8) struct dict_entry *next; /* the payload behind the header is aligned, too */
    uint32_t hash; /* the low half; spares most comparisons, and all rehashing computations */
    uint32_t key_size;
    /* payload_size bytes of payload, then the key */
};

enum { SMALLEST_TABLE = 4, REHASH_STEP = 2, EMPTY_VISITS = 32, GIVEN_BACK = 8192 };

/* Both halves of a product folded into one: every bit of either factor stirs all of it. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t read_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Up to 8 bytes, the first byte lowest whatever the machine. */
static uint64_t read_short(const char *at, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)(unsigned char)at[i] << (8 * i);
    }
    return word;
}

/*
 * A multiply-and-fold hash, keyed: without the seed nobody can choose keys that collide. Words of
 * 16 bytes each; the last ones overlap what came before, and the size tells such keys apart.
 */
static uint32_t hash_key(const struct dict *dict, struct bytes key)
{
    const char *at = key.data;
    size_t left = key.size;
    uint64_t state = dict->seed[0] ^ key.size, low, high;
    for (; left > 16; left -= 16, at += 16) {
        state = fold(read_word(at) ^ dict->seed[1], read_word(at + 8) ^ state);
    }
    if (left >= 8) {
        low = read_word(at);
        high = read_word(at + left - 8);
    } else {
        low = read_short(at, left);
        high = 0;
    }
    state = fold(low ^ dict->seed[1], high ^ state);
    return (uint32_t)fold(state ^ dict->seed[0], dict->seed[1] | 1);
}

static void *payload_of(const struct dict_entry *entry)
{
    return (char *)entry + sizeof(*entry);
}

static struct dict_entry *entry_of(const void *payload)
{
    return (struct dict_entry *)((char *)payload - sizeof(struct dict_entry));
}

static char *key_of(const struct dict *dict, const struct dict_entry *entry)
{
    return (char *)entry + sizeof(*entry) + dict->payload_size;
}

void dict_init(struct dict *dict, size_t payload_size, void (*release)(void *payload),
               struct random *random)
{
    *dict = (struct dict){
        .payload_size = (payload_size + 7) / 8 * 8,
        .release = release,
        .seed = {random_next(random), random_next(random)},
    };
}

static size_t table_size(const struct dict *dict, size_t table)
{
    return dict->tables[table] == NULL ? 0 : dict->masks[table] + 1;
}

size_t dict_count(const struct dict *dict)
{
    return dict->used[0] + dict->used[1];
}

size_t dict_memory(const struct dict *dict)
{
    return (table_size(dict, 0) + table_size(dict, 1)) * sizeof(struct dict_entry *) +
           dict->entries_memory;
}

size_t dict_entry_memory(const struct dict *dict, const void *payload)
{
    (void)dict;
    return memory_size((const struct dict_entry *)payload - 1);
}

static void free_entry(struct dict *dict, struct dict_entry *entry)
{
    if (dict->release != NULL) {
        dict->release(payload_of(entry));
    }
    dict->entries_memory -= memory_size(entry);
    if (dict->paused == 0) {
        memory_free(entry);
        return;
    }
    /* A cursor may stand on this entry and must find the way on, so `next` stays as it is; the list
     * runs through the payload's place. */
    memcpy(payload_of(entry), &dict->removed, sizeof(dict->removed));
    dict->removed = entry;
}

static void resume(struct dict *dict)
{
    assert(dict->paused > 0);
    if (--dict->paused > 0) {
        return;
    }
    while (dict->removed != NULL) {
        struct dict_entry *entry = dict->removed;
        memcpy(&dict->removed, payload_of(entry), sizeof(dict->removed));
        memory_free(entry);
    }
}

/* The buckets before `bucket` are empty for good: what a large table took goes back on the way. */
static void give_back(struct dict_entry **table, size_t bucket)
{
    if (bucket % GIVEN_BACK == 0) {
        memory_give_back(table + bucket - GIVEN_BACK, GIVEN_BACK * sizeof(*table));
    }
}

bool dict_clear_some(struct dict *dict, size_t entries, size_t *position)
{
    assert(dict->paused == 0);
    size_t size = table_size(dict, 0), end = size + table_size(dict, 1), freed = 0;
    for (size_t looks = 0; *position < end && freed < entries && looks < entries * 8; looks++) {
        size_t table = *position < size ? 0 : 1, bucket = (*position)++ - (table == 0 ? 0 : size);
        struct dict_entry *entry = dict->tables[table][bucket];
        for (struct dict_entry *next; entry != NULL; entry = next, freed++) {
            next = entry->next;
            free_entry(dict, entry);
        }
        dict->tables[table][bucket] = NULL;
        give_back(dict->tables[table], bucket + 1);
    }
    if (*position < end) {
        return false;
    }
    for (size_t table = 0; table < 2; table++) {
        memory_free(dict->tables[table]);
        dict->tables[table] = NULL;
        dict->masks[table] = 0;
        dict->used[table] = 0;
    }
    dict->rehashing = 0;
    return true;
}

void dict_clear(struct dict *dict)
{
    size_t position = 0;
    dict_clear_some(dict, SIZE_MAX / 8, &position);
}

void dict_finish(struct dict *dict)
{
    dict_clear(dict);
}

static void rehash_finish(struct dict *dict)
{
    memory_free(dict->tables[0]);
    dict->tables[0] = dict->tables[1];
    dict->masks[0] = dict->masks[1];
    dict->used[0] = dict->used[1];
    dict->tables[1] = NULL;
    dict->masks[1] = 0;
    dict->used[1] = 0;
    dict->rehashing = 0;
}

/* Moves a few buckets to the new table; gives up early in long empty stretches. */
static void rehash_step(struct dict *dict)
{
    if (dict->rehashing == 0 || dict->paused > 0) {
        return;
    }
    size_t moves = REHASH_STEP, visits = EMPTY_VISITS;
    while (moves > 0 && visits > 0 && dict->rehashing - 1 <= dict->masks[0]) {
        struct dict_entry *entry = dict->tables[0][dict->rehashing - 1];
        dict->tables[0][dict->rehashing - 1] = NULL;
        give_back(dict->tables[0], dict->rehashing++);
        if (entry == NULL) {
            visits--;
            continue;
        }
        moves--;
        while (entry != NULL) {
            struct dict_entry *next = entry->next;
            struct dict_entry **bucket = &dict->tables[1][entry->hash & dict->masks[1]];
            entry->next = *bucket;
            *bucket = entry;
            dict->used[0]--;
            dict->used[1]++;
            entry = next;
        }
    }
    if (dict->rehashing - 1 > dict->masks[0]) {
        rehash_finish(dict);
    }
}

static void resize_if_needed(struct dict *dict)
{
    if (dict->rehashing != 0 || (dict->paused > 0 && dict->tables[0] != NULL)) {
        return;
    }
    size_t size = table_size(dict, 0), count = dict->used[0], wanted = size;
    if (size == 0) {
        wanted = SMALLEST_TABLE;
    } else if (count >= size) {
        wanted = size * 2;
    } else if (size > SMALLEST_TABLE && count < size / 8) {
        for (wanted = SMALLEST_TABLE; wanted < count * 2; wanted *= 2) {
        }
    }
    if (wanted == size) {
        return;
    }
    struct dict_entry **table = memory_allocate_zeroed(wanted * sizeof(struct dict_entry *));
    if (size == 0) {
        dict->tables[0] = table;
        dict->masks[0] = wanted - 1;
        return;
    }
    dict->tables[1] = table;
    dict->masks[1] = wanted - 1;
    dict->rehashing = 1;
}

/* The link that points to the entry for `key`, or NULL; *table is where it was found. */
static struct dict_entry **find_link(const struct dict *dict, struct bytes key, uint32_t hash,
                                     size_t *table)
{
    bool moved = dict->rehashing != 0 && (hash & dict->masks[0]) < dict->rehashing - 1;
    for (*table = moved ? 1 : 0; *table < 2 && dict->tables[*table] != NULL; (*table)++) {
        struct dict_entry **link = &dict->tables[*table][hash & dict->masks[*table]];
        for (; *link != NULL; link = &(*link)->next) {
            const struct dict_entry *entry = *link;
            if (entry->hash == hash && entry->key_size == key.size &&
                (key.size == 0 || memcmp(key_of(dict, entry), key.data, key.size) == 0)) {
                return link;
            }
        }
    }
    return NULL;
}

static struct dict_entry *const *bucket_of(const struct dict *dict, uint32_t hash)
{
    bool moved = dict->rehashing != 0 && (hash & dict->masks[0]) < dict->rehashing - 1;
    return &dict->tables[moved ? 1 : 0][hash & dict->masks[moved ? 1 : 0]];
}

static void prefetch_entry(const struct dict *dict, const struct dict_entry *entry,
                           struct bytes key)
{
    if (entry != NULL) {
        __builtin_prefetch(entry);
        __builtin_prefetch(key_of(dict, entry) + key.size);
    }
}

/* A small block of memory as the allocator sees it: its size stands in front of it. */
static void prefetch_block(const char *block)
{
    __builtin_prefetch(block - sizeof(size_t));
    __builtin_prefetch(block + 32);
}

/*
 * In rounds, so that each one's waits overlap: the buckets, the entries, what these lead to or else
 * the next entries, what those lead to. Entries and blocks often lie across two cache lines.
 */
void dict_prefetch(const struct dict *dict, const struct bytes *keys, size_t count, size_t step)
{
    enum { AT_ONCE = 16, CHAINED = 2 };
    struct dict_entry *const *buckets[AT_ONCE];
    const struct dict_entry *entries[AT_ONCE];
    uint32_t hashes[AT_ONCE];
    if (dict_count(dict) == 0) {
        return;
    }
    for (size_t from = 0; from < count; from += AT_ONCE) {
        size_t some = count - from < AT_ONCE ? count - from : AT_ONCE;
        for (size_t i = 0; i < some; i++) {
            hashes[i] = hash_key(dict, keys[(from + i) * step]);
            buckets[i] = bucket_of(dict, hashes[i]);
            __builtin_prefetch(buckets[i]);
        }
        for (size_t i = 0; i < some; i++) {
            entries[i] = *buckets[i];
            prefetch_entry(dict, entries[i], keys[(from + i) * step]);
        }
        for (size_t round = 0; round < CHAINED; round++) {
            for (size_t i = 0; i < some; i++) {
                const struct dict_entry *entry = entries[i];
                entries[i] = NULL;
                if (entry == NULL) {
                    continue;
                }
                if (entry->hash == hashes[i]) {
                    prefetch_block(*(const char *const *)payload_of(entry));
                } else {
                    entries[i] = entry->next;
                    prefetch_entry(dict, entries[i], keys[(from + i) * step]);
                }
            }
        }
    }
}

void *dict_find(const struct dict *dict, struct bytes key)
{
    if (dict_count(dict) == 0) {
        return NULL;
    }
    size_t table;
    struct dict_entry **link = find_link(dict, key, hash_key(dict, key), &table);
    return link == NULL ? NULL : payload_of(*link);
}

void *dict_insert(struct dict *dict, struct bytes key, bool *created)
{
    assert(key.size <= UINT32_MAX);
    rehash_step(dict);
    uint32_t hash = hash_key(dict, key);
    size_t table;
    struct dict_entry **link = find_link(dict, key, hash, &table);
    *created = link == NULL;
    if (link != NULL) {
        return payload_of(*link);
    }

    resize_if_needed(dict);
    size_t contents = dict->payload_size + key.size;
    contents = contents < sizeof(dict->removed) ? sizeof(dict->removed) : contents;
    struct dict_entry *entry = memory_allocate(sizeof(*entry) + contents);
    dict->entries_memory += memory_size(entry);
    entry->hash = hash;
    entry->key_size = (uint32_t)key.size;
    memset(payload_of(entry), 0, dict->payload_size);
    if (key.size > 0) {
        memcpy(key_of(dict, entry), key.data, key.size);
    }
    table = dict->rehashing != 0 ? 1 : 0;
    struct dict_entry **bucket = &dict->tables[table][hash & dict->masks[table]];
    entry->next = *bucket;
    *bucket = entry;
    dict->used[table]++;
    return payload_of(entry);
}

static void unlink_entry(struct dict *dict, struct dict_entry **link, size_t table)
{
    struct dict_entry *entry = *link;
    *link = entry->next;
    dict->used[table]--;
    free_entry(dict, entry);
    rehash_step(dict);
    resize_if_needed(dict);
}

bool dict_remove(struct dict *dict, struct bytes key)
{
    if (dict_count(dict) == 0) {
        return false;
    }
    size_t table;
    struct dict_entry **link = find_link(dict, key, hash_key(dict, key), &table);
    if (link == NULL) {
        return false;
    }
    unlink_entry(dict, link, table);
    return true;
}

void dict_remove_payload(struct dict *dict, void *payload)
{
    struct dict_entry *wanted = entry_of(payload);
    for (size_t table = 0; table < 2 && dict->tables[table] != NULL; table++) {
        struct dict_entry **link = &dict->tables[table][wanted->hash & dict->masks[table]];
        for (; *link != NULL; link = &(*link)->next) {
            if (*link == wanted) {
                unlink_entry(dict, link, table);
                return;
            }
        }
    }
    assert(!"the payload is not in this map");
}

struct bytes dict_key(const struct dict *dict, const void *payload)
{
    const struct dict_entry *entry = entry_of(payload);
    return (struct bytes){key_of(dict, entry), entry->key_size};
}

bool dict_shape(const struct dict *dict, int table, struct dict_shape *shape)
{
    *shape = (struct dict_shape){.buckets = table_size(dict, table), .entries = dict->used[table]};
    for (size_t i = 0; i < shape->buckets; i++) {
        size_t length = 0;
        for (const struct dict_entry *entry = dict->tables[table][i]; entry != NULL;
             entry = entry->next) {
            length++;
        }
        shape->used_buckets += length > 0 ? 1 : 0;
        shape->longest_chain = length > shape->longest_chain ? length : shape->longest_chain;
        shape->chains[length < DICT_CHAIN_LENGTHS ? length : DICT_CHAIN_LENGTHS - 1]++;
    }
    return shape->buckets > 0;
}

void *dict_random(const struct dict *dict, struct random *random)
{
    if (dict_count(dict) == 0) {
        return NULL;
    }
    size_t sizes[2] = {table_size(dict, 0), table_size(dict, 1)};
    const struct dict_entry *chain = NULL;
    while (chain == NULL) {
        size_t at = (size_t)random_below(random, sizes[0] + sizes[1]);
        chain = at < sizes[0] ? dict->tables[0][at] : dict->tables[1][at - sizes[0]];
    }
    size_t length = 0;
    for (const struct dict_entry *entry = chain; entry != NULL; entry = entry->next) {
        length++;
    }
    for (size_t skip = (size_t)random_below(random, length); skip > 0; skip--) {
        chain = chain->next;
    }
    return payload_of(chain);
}

size_t dict_sample(const struct dict *dict, struct random *random, void **payloads, size_t count)
{
    size_t total = table_size(dict, 0) + table_size(dict, 1), found = 0;
    if (dict_count(dict) == 0) {
        return 0;
    }
    size_t at = (size_t)random_below(random, total);
    for (size_t visits = 0; visits < total && found < count && (found == 0 || visits < count * 16);
         visits++) {
        const struct dict_entry *entry = at < table_size(dict, 0)
                                             ? dict->tables[0][at]
                                             : dict->tables[1][at - table_size(dict, 0)];
        for (; entry != NULL && found < count; entry = entry->next) {
            payloads[found++] = payload_of(entry);
        }
        at = at + 1 == total ? 0 : at + 1;
    }
    return found;
}

struct dict_cursor dict_begin(struct dict *dict)
{
    dict->paused++;
    return (struct dict_cursor){.dict = dict};
}

void *dict_next(struct dict_cursor *cursor)
{
    struct dict *dict = cursor->dict;
    cursor->entry = cursor->entry == NULL ? NULL : cursor->entry->next;
    while (cursor->entry == NULL) {
        if (cursor->table == 2) {
            return NULL;
        }
        if (cursor->bucket >= table_size(dict, cursor->table)) {
            if (cursor->table == 1) {
                dict_end(cursor);
                return NULL;
            }
            cursor->table = 1;
            cursor->bucket = 0;
            continue;
        }
        cursor->entry = dict->tables[cursor->table][cursor->bucket++];
    }
    return payload_of(cursor->entry);
}

void dict_end(struct dict_cursor *cursor)
{
    if (cursor->table == 2) {
        return;
    }
    cursor->table = 2;
    cursor->entry = NULL;
    resume(cursor->dict);
}

static void visit_chain(const struct dict *dict, const struct dict_entry *entry,
                        void (*visit)(void *context, struct bytes key, void *payload),
                        void *context)
{
    for (; entry != NULL; entry = entry->next) {
        visit(context, dict_key(dict, payload_of(entry)), payload_of(entry));
    }
}

static uint64_t reverse_bits(uint64_t value)
{
    uint64_t mask = ~(uint64_t)0;
    for (unsigned shift = 32; shift > 0; shift /= 2) {
        mask ^= mask << shift;
        value = (value >> shift & mask) | (value << shift & ~mask);
    }
    return value;
}

/* Counts from the highest bit of the mask down, so that a position means the same buckets in
 * tables of every size. */
static uint64_t next_position(uint64_t position, uint64_t mask)
{
    position |= ~mask;
    return reverse_bits(reverse_bits(position) + 1);
}

uint64_t dict_scan(struct dict *dict, uint64_t position,
                   void (*visit)(void *context, struct bytes key, void *payload), void *context)
{
    if (dict_count(dict) == 0) {
        return 0;
    }
    dict->paused++;
    if (dict->rehashing == 0) {
        visit_chain(dict, dict->tables[0][position & dict->masks[0]], visit, context);
        position = next_position(position, dict->masks[0]);
    } else {
        /* The bucket of the smaller table, then all buckets of the larger one it splits into. */
        size_t small = dict->masks[0] <= dict->masks[1] ? 0 : 1;
        uint64_t small_mask = dict->masks[small], large_mask = dict->masks[1 - small];
        visit_chain(dict, dict->tables[small][position & small_mask], visit, context);
        do {
            visit_chain(dict, dict->tables[1 - small][position & large_mask], visit, context);
            position = next_position(position, large_mask);
        } while ((position & (small_mask ^ large_mask)) != 0);
    }
    resume(dict);
    return position;
}
