/* The verbs of DEBUG that look into a value or a table. */
#include <string.h>

#include "base/log.h"
#include "resp/arguments.h"
#include "resp/commands/debug.h"
#include "resp/commands/keys.h"
#include "resp/digest.h"
#include "resp/instance_state.h"
#include "resp/rdb_writer.h"
#include "resp/types/hash.h"
#include "resp/types/list.h"
#include "resp/types/set.h"
#include "resp/types/sorted_set.h"
#include "resp/types/string.h"

static struct entry *value_or_reply(struct call *call)
{
    struct entry *entry = keyspace_peek_at(call->db, call->argv[2], call->now_ms);
    if (entry == NULL) {
        reply_error(call->reply, "ERR no such key");
    }
    return entry;
}

static bool encoded_as(const struct entry *entry, const char *encoding)
{
    return strcmp(entry_type(entry)->encoding(entry->data), encoding) == 0;
}

/* ---- OBJECT, SDSLEN ---- */

static bool count_piece(void *context, struct bytes piece)
{
    *(size_t *)context += piece.size;
    return true;
}

static size_t serialized_size(const struct call *call, const struct entry *entry)
{
    size_t size = 0;
    const struct rdb_sink sink = {count_piece, &size};
    struct rdb_writer writer;
    rdb_writer_init(&writer, &sink, rdb_version(call->instance));
    entry_type(entry)->rdb_save(entry->data, &writer);
    rdb_writer_finish(&writer);
    return size;
}

static void describe_list(const struct call *call, const struct list *list, struct buf *line)
{
    size_t bytes = 0;
    for (const struct list_node *node = list->first; node != NULL; node = node->next) {
        bytes += listpack_size(node->pack);
    }
    buf_printf(line,
               " ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:0 "
               "ql_uncompressed_size:%zu",
               list->nodes, (double)list->count / (double)list->nodes,
               call->instance->packing.list_size, bytes);
}

static void debug_object(struct call *call)
{
    const struct entry *entry = value_or_reply(call);
    if (entry == NULL) {
        return;
    }
    struct buf line;
    buf_init(&line, 1024);
    buf_printf(&line,
               "Value at:%p refcount:%d encoding:%s serializedlength:%zu lru:%u "
               "lru_seconds_idle:%lld",
               entry->data, value_reference_count(call->instance, entry),
               entry_type(entry)->encoding(entry->data), serialized_size(call, entry),
               entry->access, (long long)access_idle_s(entry->access, call->now_ms));
    if (entry->kind == VALUE_LIST) {
        describe_list(call, entry->data, &line);
    }
    reply_status(call->reply, buf_string(&line));
    buf_finish(&line);
}

/* Keys lie behind their entry, without room to grow. */
static void debug_sdslen(struct call *call)
{
    const struct entry *entry = value_or_reply(call);
    if (entry == NULL) {
        return;
    }
    if (entry->kind != VALUE_STRING || encoded_as(entry, "int")) {
        reply_error(call->reply, "ERR Not an sds encoded string.");
        return;
    }
    const struct string *string = entry->data;
    size_t room = string->form == STRING_RAW ? string->capacity - string->size : 0;
    char *line = string_format("key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, "
                               "val_sds_len:%u, val_sds_avail:%zu, val_zmalloc: %zu",
                               call->argv[2].size, call->argv[2].size, string->size, room,
                               string_memory(string));
    reply_status(call->reply, line);
    memory_free(line);
}

/* ---- LISTPACK, QUICKLIST: Redis prints them to its terminal, here the log says what there is ----
 */

static void debug_listpack(struct call *call)
{
    const struct entry *entry = value_or_reply(call);
    if (entry == NULL) {
        return;
    }
    if (!encoded_as(entry, "listpack")) {
        reply_error(call->reply, "ERR Not a listpack encoded object.");
        return;
    }
    log_info("redis", "listpack type=%s bytes=%zu", entry_type(entry)->name,
             entry_type(entry)->memory(entry->data));
    reply_status(call->reply, "Listpack structure printed on stdout");
}

static void debug_quicklist(struct call *call)
{
    const struct entry *entry = value_or_reply(call);
    if (entry == NULL) {
        return;
    }
    if (entry->kind != VALUE_LIST) {
        reply_error(call->reply, "ERR Not a quicklist encoded object.");
        return;
    }
    const struct list *list = entry->data;
    log_info("redis", "quicklist elements=%zu nodes=%zu bytes=%zu", list->count, list->nodes,
             list->memory);
    reply_status(call->reply, "Quicklist structure printed on stdout");
}

/* ---- HTSTATS ---- */

static void describe_table(const struct dict *dict, struct buf *text)
{
    static const char *const roles[] = {"main hash table", "rehashing target"};
    struct dict_shape shape;
    for (int table = 0; table < 2; table++) {
        bool there = dict != NULL && dict_shape(dict, table, &shape);
        if (!there && table > 0) {
            return;
        }
        buf_printf(text, "Hash table %d stats (%s):\n", table, roles[table]);
        if (!there || shape.entries == 0) {
            buf_append_string(text, "No stats available for empty dictionaries\n");
            continue;
        }
        double average = (double)shape.entries / (double)shape.used_buckets;
        buf_printf(text,
                   " table size: %zu\n number of elements: %zu\n different slots: %zu\n"
                   " max chain length: %zu\n avg chain length (counted): %.02f\n"
                   " avg chain length (computed): %.02f\n Chain length distribution:\n",
                   shape.buckets, shape.entries, shape.used_buckets, shape.longest_chain, average,
                   average);
        for (size_t i = 0; i < DICT_CHAIN_LENGTHS; i++) {
            if (shape.chains[i] > 0) {
                buf_printf(text, "   %s%zu: %zu (%.02f%%)\n",
                           i == DICT_CHAIN_LENGTHS - 1 ? ">= " : "", i, shape.chains[i],
                           (double)shape.chains[i] / (double)shape.buckets * 100);
            }
        }
    }
}

/* What expires stands in a heap here, which has no chains: each key has a place of its own. */
static void describe_expiries(const struct keyspace *db, struct buf *text)
{
    size_t count = keyspace_expiring_count(db);
    if (count == 0) {
        describe_table(NULL, text);
        return;
    }
    buf_printf(text,
               "Hash table 0 stats (main hash table):\n table size: %zu\n number of elements: %zu\n"
               " different slots: %zu\n max chain length: 1\n avg chain length (counted): 1.00\n"
               " avg chain length (computed): 1.00\n Chain length distribution:\n"
               "   1: %zu (100.00%%)\n",
               count, count, count, count);
}

static void debug_htstats(struct call *call)
{
    int64_t index;
    if (!argument_integer_or_reply(call, 2, &index)) {
        return;
    }
    const struct keyspace *db =
        index < 0 || index > INT32_MAX ? NULL : instance_database(call->instance, (int)index);
    if (db == NULL) {
        reply_error(call->reply, "ERR Out of range database");
        return;
    }
    struct buf text;
    buf_init(&text, 16384);
    buf_append_string(&text, "[Dictionary HT]\n");
    describe_table(keyspace_table(db), &text);
    buf_append_string(&text, "[Expires HT]\n");
    describe_expiries(db, &text);
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

/* NULL: the value is not kept in one. */
static const struct dict *table_of(const struct entry *entry)
{
    switch (entry->kind) {
    case VALUE_HASH:
        return hash_pack(&(struct hash){entry->data}) != NULL
                   ? NULL
                   : hash_body(&(struct hash){entry->data})->table;
    case VALUE_SET:
        return ((const struct set *)entry->data)->table;
    case VALUE_SORTED_SET: {
        const struct sorted_set set = {entry->data};
        const struct sorted_table *table = sorted_set_table(&set);
        return table == NULL ? NULL : &table->members;
    }
    default:
        return NULL;
    }
}

static void debug_htstats_key(struct call *call)
{
    const struct entry *entry = value_or_reply(call);
    if (entry == NULL) {
        return;
    }
    const struct dict *table = table_of(entry);
    if (table == NULL) {
        reply_error(call->reply, "ERR The value stored at the specified key is not represented "
                                 "using an hash table");
        return;
    }
    struct buf text;
    buf_init(&text, 16384);
    describe_table(table, &text);
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

/* ---- DIGEST, DIGEST-VALUE ---- */

static void debug_digest(struct call *call)
{
    char text[DIGEST_TEXT];
    digest_instance(call->instance, text);
    reply_status(call->reply, text);
}

static void debug_digest_value(struct call *call)
{
    char text[DIGEST_TEXT];
    reply_array(call->reply, (size_t)(call->argc - 2));
    for (int i = 2; i < call->argc; i++) {
        digest_value(keyspace_peek_at(call->db, call->argv[i], call->now_ms), text);
        reply_status(call->reply, text);
    }
}

const struct debug_verb debug_value_verbs[] = {
    {"DIGEST", 0, 0, debug_digest},
    {"DIGEST-VALUE", 0, INT32_MAX, debug_digest_value},
    {"HTSTATS", 1, 1, debug_htstats},
    {"HTSTATS-KEY", 1, 1, debug_htstats_key},
    {"LISTPACK", 1, 1, debug_listpack},
    {"OBJECT", 1, 1, debug_object},
    {"QUICKLIST", 1, 2, debug_quicklist},
    {"SDSLEN", 1, 1, debug_sdslen},
    {0},
};
