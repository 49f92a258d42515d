/* A whole instance to and from Redis's dump format. */
#include "resp/rdb.h"

#include <stdio.h>
#include <string.h>

#include "resp/cluster.h"
#include "resp/instance_state.h"
#include "resp/rdb_reader.h"
#include "resp/rdb_writer.h"

enum { LONGEST_LIBRARY = 512 * 1024 * 1024 };

int rdb_version(const struct instance *instance)
{
    return instance_runs(instance, "7.4.0")   ? 12
           : instance_runs(instance, "7.2.0") ? 11
           : instance_runs(instance, "7.0.0") ? 10
                                              : 9;
}

/* ---- Saving ---- */

static void write_fact(struct rdb_writer *writer, const char *name, struct bytes value)
{
    rdb_write_byte(writer, RDB_MARK_AUX);
    rdb_write_string(writer, bytes_from_string(name));
    rdb_write_string(writer, value);
}

static void write_number_fact(struct rdb_writer *writer, const char *name, int64_t number)
{
    char digits[24];
    write_fact(writer, name, (struct bytes){digits, int64_to_digits(number, digits)});
}

struct writing {
    const struct keyspace *db;
    struct rdb_writer *writer;
};

static void write_key(void *context, struct bytes key, struct entry *entry)
{
    const struct writing *writing = context;
    struct rdb_writer *writer = writing->writer;
    if (entry_expires(entry)) {
        rdb_write_byte(writer, RDB_MARK_EXPIRES_MS);
        rdb_write_little(writer, (uint64_t)keyspace_expires_at(writing->db, entry), 8);
    }
    rdb_write_type(writer, entry_type(entry)->rdb_type(entry->data));
    rdb_write_string(writer, key);
    entry_type(entry)->rdb_save(entry->data, writer);
}

/* The instance itself, or the nodes of its cluster one after the other; NULL behind the last. */
static struct instance *member_at(struct instance *instance, int index)
{
    const struct cluster *cluster = instance->cluster;
    if (cluster == NULL) {
        return index == 0 ? instance : NULL;
    }
    return index < cluster->count ? cluster->shards[index].instance : NULL;
}

static void write_database(struct instance *instance, int index, struct rdb_writer *writer)
{
    uint64_t keys = 0, expiring = 0;
    struct instance *member;
    for (int i = 0; (member = member_at(instance, i)) != NULL; i++) {
        keys += keyspace_count(member->databases[index]);
        expiring += keyspace_expiring_count(member->databases[index]);
    }
    if (keys == 0) {
        return;
    }
    rdb_write_byte(writer, RDB_MARK_SELECT_DB);
    rdb_write_length(writer, (uint64_t)index);
    rdb_write_byte(writer, RDB_MARK_RESIZE_DB);
    rdb_write_length(writer, keys);
    rdb_write_length(writer, expiring);
    for (int i = 0; (member = member_at(instance, i)) != NULL; i++) {
        struct writing writing = {member->databases[index], writer};
        keyspace_each(member->databases[index], write_key, &writing);
    }
}

bool rdb_save_node(struct instance *instance, const struct rdb_sink *sink)
{
    struct cluster *cluster = instance->cluster;
    instance->cluster = NULL;
    bool good = rdb_save(instance, sink);
    instance->cluster = cluster;
    return good;
}

bool rdb_save(struct instance *instance, const struct rdb_sink *sink)
{
    struct rdb_writer writer;
    char magic[10];
    snprintf(magic, sizeof(magic), "REDIS%04d", rdb_version(instance));
    rdb_writer_init(&writer, sink, rdb_version(instance));
    rdb_write_raw(&writer, (struct bytes){magic, 9});
    write_fact(&writer, "redis-ver", bytes_from_string(instance->version));
    write_number_fact(&writer, "redis-bits", (int64_t)sizeof(void *) * 8);
    write_number_fact(&writer, "ctime", clock_now_ms(instance->clock) / 1000);
    write_number_fact(&writer, "used-mem", (int64_t)instance_memory(instance));
    write_number_fact(&writer, writer.version < 10 ? "aof-preamble" : "aof-base", 0);
    for (size_t i = 0; i < instance->functions.count; i++) {
        rdb_write_byte(&writer, RDB_MARK_FUNCTION2);
        rdb_write_string(&writer, instance->functions.libraries[i]->code);
    }
    /* A cluster has only the first: a member that was there before the others may have more. */
    int databases = instance->cluster != NULL ? 1 : instance->database_count;
    for (int i = 0; i < databases; i++) {
        write_database(instance, i, &writer);
    }
    rdb_write_byte(&writer, RDB_MARK_END);
    rdb_write_little(&writer, rdb_writer_checksum(&writer), 8);
    return rdb_writer_finish(&writer);
}

/* ---- Loading ---- */

/* Keys are collected in keyspaces of their own and moved in when the whole dump has been read. */
struct loading {
    struct instance *instance;
    struct rdb_reader reader;
    struct keyspace **staged;
    int database;
    int64_t expires_at_ms;
    struct buf libraries; /* names of those that came with the dump, each terminated */
    bool over;            /* what is there already gives way */
};

static bool read_header(struct rdb_reader *reader, int newest)
{
    struct bytes magic;
    if (!rdb_read_raw(reader, 9, &magic) || !bytes_start_with(magic, BYTES("REDIS"))) {
        return rdb_fail(reader, "it does not begin as a Redis dump");
    }
    int version = 0;
    for (size_t i = 5; i < 9; i++) {
        if (magic.data[i] < '0' || magic.data[i] > '9') {
            return rdb_fail(reader, "its version is not a number");
        }
        version = version * 10 + (magic.data[i] - '0');
    }
    if (version < 1 || version > newest) {
        return rdb_fail(reader, "its version is newer than this cache's Redis reads");
    }
    /* Dumps carry a checksum from version 5 on; 0 means that its writer left it out. */
    size_t tail = version >= 5 ? 8 : 0;
    if (reader->data.size < reader->at + tail + 1) {
        return rdb_fail(reader, "it ends in the middle");
    }
    if (tail > 0) {
        struct bytes body = bytes_slice(reader->data, 0, reader->data.size - tail);
        struct rdb_reader end = {.data = reader->data, .at = body.size};
        uint64_t stored = 0;
        rdb_read_little(&end, tail, &stored);
        if (stored != 0 && stored != rdb_checksum(0, body)) {
            return rdb_fail(reader, "its checksum is wrong");
        }
        reader->data = body;
    }
    return true;
}

static bool skip_fact(struct rdb_reader *reader)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    bool read = rdb_read_string(reader, &text) && rdb_read_string(reader, &text);
    buf_finish(&text);
    return read;
}

static bool read_key(struct loading *loading, unsigned char mark)
{
    struct rdb_reader *reader = &loading->reader;
    struct buf key;
    const struct value_type *type = NULL;
    void *data = NULL;
    buf_init(&key, SIZE_MAX);
    bool read = rdb_read_string(reader, &key) && rdb_read_value(reader, mark, &type, &data);
    if (read) {
        struct keyspace *db = loading->staged[loading->database];
        bool expired = loading->expires_at_ms != NO_EXPIRY &&
                       loading->expires_at_ms <= clock_now_ms(loading->instance->clock);
        if (keyspace_count(db) > 0 && keyspace_peek_at(db, buf_bytes(&key), 0) != NULL) {
            read = rdb_fail(reader, "a key stands in it twice");
            type->destroy(data);
        } else if (expired) {
            type->destroy(data);
        } else {
            struct entry *entry = keyspace_set_take(db, buf_bytes(&key), type, data);
            keyspace_set_expiry(db, entry, loading->expires_at_ms);
        }
    }
    buf_finish(&key);
    loading->expires_at_ms = NO_EXPIRY;
    return read;
}

static bool read_select(struct loading *loading)
{
    uint64_t database;
    if (!rdb_read_length(&loading->reader, &database)) {
        return false;
    }
    if (database >= (uint64_t)loading->instance->database_count) {
        return rdb_fail(&loading->reader, "it has more databases than this cache");
    }
    loading->database = (int)database;
    return true;
}

static bool read_expiry(struct loading *loading, size_t size, int64_t unit_ms)
{
    uint64_t when;
    if (!rdb_read_little(&loading->reader, size, &when)) {
        return false;
    }
    loading->expires_at_ms = (int64_t)when * unit_ms;
    return loading->expires_at_ms >= 0 ||
           rdb_fail(&loading->reader, "a key's expiry lies before 1970");
}

/* A library of functions is there at once; if the dump fails later on, it goes again. */
static bool read_library(struct loading *loading)
{
    struct buf code, error;
    buf_init(&code, LONGEST_LIBRARY);
    buf_init(&error, 4096);
    bool read = rdb_read_string(&loading->reader, &code);
    const char *name = NULL;
    if (read) {
        name = function_library_load(loading->instance, buf_bytes(&code), loading->over, &error);
        if (name == NULL) {
            rdb_fail(&loading->reader, "a library of functions cannot be loaded");
        }
    }
    if (name != NULL) {
        buf_append(&loading->libraries, (struct bytes){name, strlen(name) + 1});
    }
    buf_finish(&code);
    buf_finish(&error);
    return name != NULL;
}

static void drop_libraries(struct loading *loading)
{
    struct bytes names = buf_bytes(&loading->libraries);
    for (size_t at = 0; at < names.size; at += strlen(names.data + at) + 1) {
        function_library_delete(
            loading->instance,
            function_library_find(loading->instance, bytes_from_string(names.data + at)));
    }
}

/* False at the end of the dump, or on failure. */
static bool read_part(struct loading *loading)
{
    struct rdb_reader *reader = &loading->reader;
    unsigned char mark;
    uint64_t ignored;
    if (!rdb_read_byte(reader, &mark)) {
        return false;
    }
    switch (mark) {
    case RDB_MARK_END:
        return false;
    case RDB_MARK_AUX:
        return skip_fact(reader);
    case RDB_MARK_SELECT_DB:
        return read_select(loading);
    case RDB_MARK_RESIZE_DB:
        return rdb_read_length(reader, &ignored) && rdb_read_length(reader, &ignored);
    case RDB_MARK_EXPIRES_MS:
        return read_expiry(loading, 8, 1);
    case RDB_MARK_EXPIRES_S:
        return read_expiry(loading, 4, 1000);
    case RDB_MARK_IDLE:
        return rdb_read_length(reader, &ignored);
    case RDB_MARK_FREQ:
        return rdb_read_little(reader, 1, &ignored);
    case RDB_MARK_MODULE_AUX:
        return rdb_fail(reader, "it holds data of a module");
    case RDB_MARK_FUNCTION2:
        return read_library(loading);
    case RDB_MARK_FUNCTION:
        return rdb_fail(reader, "it holds functions in the form of a release candidate of Redis 7");
    default:
        return read_key(loading, mark);
    }
}

static void check_free(void *context, struct bytes key, struct entry *entry)
{
    (void)entry;
    struct loading *loading = context;
    struct keyspace *db = loading->instance->databases[loading->database];
    if (keyspace_peek(db, key) != NULL) {
        rdb_fail(&loading->reader, "a key of it exists already");
    }
}

struct moving {
    const struct keyspace *from;
    struct keyspace *to;
};

/* Moves one staged key over; the visited keyspace keeps an empty shell of it. */
static void move_key(void *context, struct bytes key, struct entry *entry)
{
    const struct moving *moving = context;
    struct entry *moved = keyspace_set_take(moving->to, key, entry_type(entry), entry->data);
    keyspace_set_expiry(moving->to, moved, keyspace_expires_at(moving->from, entry));
    entry->kind = VALUE_NONE;
}

static bool load(struct instance *instance, struct bytes dump, bool over, struct buf *error)
{
    struct loading loading = {
        .instance = instance,
        .over = over,
        .reader = {.data = dump, .random = instance->random},
        .expires_at_ms = NO_EXPIRY,
        .staged =
            memory_allocate_zeroed((size_t)instance->database_count * sizeof(struct keyspace *)),
    };
    buf_init(&loading.libraries, LONGEST_LIBRARY);
    for (int i = 0; i < instance->database_count; i++) {
        loading.staged[i] = keyspace_create(instance, i);
    }
    /* Files of Redis 7.0 are taken by older caches, too: they hold nothing that these have not. */
    int newest = rdb_version(instance) < 10 ? 10 : rdb_version(instance);
    if (read_header(&loading.reader, newest)) {
        while (read_part(&loading)) {
        }
    }
    for (int i = 0; i < instance->database_count && loading.reader.failure == NULL && !over; i++) {
        loading.database = i;
        if (keyspace_count(instance->databases[i]) > 0) {
            keyspace_each(loading.staged[i], check_free, &loading);
        }
    }
    bool good = loading.reader.failure == NULL;
    for (int i = 0; i < instance->database_count; i++) {
        if (good && keyspace_count(instance->databases[i]) == 0) {
            keyspace_swap(instance->databases[i], loading.staged[i]);
        } else if (good) {
            struct moving moving = {loading.staged[i], instance->databases[i]};
            keyspace_each(loading.staged[i], move_key, &moving);
        }
        keyspace_destroy(loading.staged[i]);
    }
    memory_free(loading.staged);
    if (!good) {
        drop_libraries(&loading);
    }
    buf_finish(&loading.libraries);
    if (!good) {
        buf_printf(error, "the dump is damaged at offset %zu: %s", loading.reader.at,
                   loading.reader.failure);
    }
    if (good && instance->cluster != NULL) {
        cluster_take_keys(instance->cluster, instance);
    }
    instance->changes += good ? 1 : 0;
    if (good) {
        replication_copy_anew(instance);
    }
    return good;
}

bool rdb_load(struct instance *instance, struct bytes dump, struct buf *error)
{
    return load(instance, dump, false, error);
}

bool rdb_load_over(struct instance *instance, struct bytes dump, struct buf *error)
{
    return load(instance, dump, true, error);
}
