/*
 * Digests of data, as Redis makes them. Two ways of adding a text to a digest: folding (the text's
 * SHA1 is XORed in, so that the order does not matter) and chaining (the same, and then the digest
 * becomes its own SHA1, so that it does).
 */
#include "resp/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "resp/instance_state.h"
#include "resp/types/hash.h"
#include "resp/types/list.h"
#include "resp/types/set.h"
#include "resp/types/sorted_set.h"
#include "resp/types/stream.h"
#include "resp/types/string.h"

struct digest {
    unsigned char bytes[DIGEST_SIZE];
};

static void fold(struct digest *digest, struct bytes text)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_Digest(text.size > 0 ? text.data : "", text.size, hash, NULL, EVP_sha1(), NULL);
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        digest->bytes[i] ^= hash[i];
    }
}

static void chain(struct digest *digest, struct bytes text)
{
    fold(digest, text);
    EVP_Digest(digest->bytes, DIGEST_SIZE, digest->bytes, NULL, EVP_sha1(), NULL);
}

/* Four bytes, the first the highest. */
static void chain_number(struct digest *digest, uint32_t number)
{
    const char bytes[] = {(char)(number >> 24), (char)(number >> 16), (char)(number >> 8),
                          (char)number};
    chain(digest, (struct bytes){bytes, sizeof(bytes)});
}

/* The two belong together; their order among other pairs does not matter. */
static void fold_pair(struct digest *digest, struct bytes first, struct bytes second)
{
    struct digest pair = {{0}};
    chain(&pair, first);
    chain(&pair, second);
    fold(digest, (struct bytes){(const char *)pair.bytes, DIGEST_SIZE});
}

static void add_string(struct digest *digest, void *data)
{
    chain(digest, string_bytes(data));
}

static void add_list(struct digest *digest, void *data)
{
    char digits[LISTPACK_DIGITS];
    for (struct list_position at = list_at(data, 0); at.node != NULL; at = list_next(at)) {
        chain(digest, list_get(at, digits));
    }
}

static void add_set(struct digest *digest, void *data)
{
    struct bytes member;
    for (struct set_cursor cursor = set_begin(data); set_next(&cursor, &member);) {
        fold(digest, member);
    }
}

static void add_sorted_set(struct digest *digest, void *data)
{
    const struct sorted_set set = {data};
    struct sorted_set_element element;
    char score[64];
    for (struct sorted_set_cursor cursor = sorted_set_at(&set, 0, false);
         sorted_set_next(&cursor, &element);) {
        snprintf(score, sizeof(score), "%.17g", element.score);
        fold_pair(digest, element.member, bytes_from_string(score));
    }
}

static void add_hash(struct digest *digest, void *data)
{
    const struct hash hash = {data};
    struct hash_pair pair;
    for (struct hash_cursor cursor = hash_begin(&hash); hash_next(&cursor, &pair);) {
        fold_pair(digest, pair.field, pair.value);
    }
}

static void add_stream(struct digest *digest, void *data)
{
    struct stream_entry entry;
    struct stream_cursor cursor = stream_range(data, STREAM_ID_LEAST, STREAM_ID_MOST, false);
    while (stream_next(&cursor, &entry)) {
        char id[48], field_digits[LISTPACK_DIGITS], value_digits[LISTPACK_DIGITS];
        snprintf(id, sizeof(id), "%llu.%llu", (unsigned long long)entry.id.ms,
                 (unsigned long long)entry.id.seq);
        chain(digest, bytes_from_string(id));
        for (size_t fields = entry.fields; fields > 0; fields--) {
            struct bytes field, value;
            stream_entry_next(&entry, &field, &value, field_digits, value_digits);
            chain(digest, field);
            chain(digest, value);
        }
    }
}

/* `number` is what Redis calls the type inside. */
static const struct {
    uint32_t number;
    void (*add)(struct digest *digest, void *data);
} types[VALUE_KINDS] = {
    [VALUE_STRING] = {0, add_string}, [VALUE_LIST] = {1, add_list},
    [VALUE_SET] = {2, add_set},       [VALUE_SORTED_SET] = {3, add_sorted_set},
    [VALUE_HASH] = {4, add_hash},     [VALUE_STREAM] = {6, add_stream},
};

static void add_value(struct digest *digest, const struct entry *entry)
{
    chain_number(digest, types[entry->kind].number);
    types[entry->kind].add(digest, entry->data);
    if (entry_expires(entry)) {
        fold(digest, BYTES("!!expire!!"));
    }
}

static void print(const struct digest *digest, char text[DIGEST_TEXT])
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest->bytes[i]);
    }
}

void digest_value(const struct entry *entry, char text[DIGEST_TEXT])
{
    struct digest digest = {{0}};
    if (entry != NULL) {
        add_value(&digest, entry);
    }
    print(&digest, text);
}

static void add_key(void *context, struct bytes key, struct entry *entry)
{
    struct digest digest = {{0}};
    chain(&digest, key);
    add_value(&digest, entry);
    fold(context, (struct bytes){(const char *)digest.bytes, DIGEST_SIZE});
}

void digest_instance(struct instance *instance, char text[DIGEST_TEXT])
{
    struct digest digest = {{0}};
    for (int i = 0; i < instance->database_count; i++) {
        if (keyspace_count(instance->databases[i]) > 0) {
            chain_number(&digest, (uint32_t)i);
            keyspace_each(instance->databases[i], add_key, &digest);
        }
    }
    print(&digest, text);
}
