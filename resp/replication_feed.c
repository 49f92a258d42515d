#include "resp/replication_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resp/instance_state.h"
#include "resp/rdb_writer.h"
#include "resp/types/stream.h"
#include "resp/types/string.h"

#define PAYLOAD_LIMIT ((size_t)1 << 30)

/* Words of one command to be told. */
struct words {
    struct bytes words[8];
    int count;
};

/* ---- Telling ---- */

static void append_command(struct buf *out, const struct bytes *argv, int argc)
{
    buf_printf(out, "*%d\r\n", argc);
    for (int i = 0; i < argc; i++) {
        buf_printf(out, "$%zu\r\n", argv[i].size);
        buf_append(out, argv[i]);
        buf_append_string(out, "\r\n");
    }
}

static void add(struct instance *instance, int database, const struct bytes *argv, int argc)
{
    struct replication_feed *feed = &instance->feed;
    if (feed->database != database) {
        char digits[24];
        size_t size = int64_to_digits(database, digits);
        const struct bytes select[] = {BYTES("SELECT"), {digits, size}};
        append_command(&feed->out, select, 2);
        feed->database = database;
    }
    append_command(&feed->out, argv, argc);
}

static void add_words(struct instance *instance, int database, const struct words *words)
{
    add(instance, database, words->words, words->count);
}

static void tell_all(struct instance *instance, struct bytes commands)
{
    struct replication_feed *feed = &instance->feed;
    feed->offset += commands.size;
    for (struct replication_listener *listener = feed->first, *next; listener != NULL;
         listener = next) {
        next = listener->next;
        listener->heard(listener, commands);
    }
}

static void tell(struct instance *instance)
{
    tell_all(instance, buf_bytes(&instance->feed.out));
    buf_clear(&instance->feed.out);
}

void replication_relay(struct instance *instance, struct bytes commands)
{
    if (commands.size > 0) {
        tell_all(instance, commands);
        instance->feed.written = instance->feed.offset;
    }
}

/* ---- The state of a key ---- */

static void add_expiry(struct instance *instance, int database, struct bytes key, int64_t at_ms)
{
    char digits[24];
    const struct bytes persist[] = {BYTES("PERSIST"), key};
    const struct bytes expire[] = {
        BYTES("PEXPIREAT"), key, {digits, int64_to_digits(at_ms, digits)}};
    add(instance, database, at_ms == NO_EXPIRY ? persist : expire, at_ms == NO_EXPIRY ? 2 : 3);
}

static void add_payload(struct instance *instance, int database, struct bytes key,
                        const struct entry *entry)
{
    struct buf payload;
    struct rdb_writer writer;
    char digits[24];
    const struct rdb_sink sink = {rdb_sink_into_buf, &payload};
    buf_init(&payload, PAYLOAD_LIMIT);
    rdb_writer_init(&writer, &sink, rdb_version(instance));
    rdb_write_type(&writer, entry_type(entry)->rdb_type(entry->data));
    entry_type(entry)->rdb_save(entry->data, &writer);
    rdb_write_footer(&writer, rdb_version(instance));
    rdb_writer_finish(&writer);
    const struct keyspace *db = instance->databases[database];
    int64_t at_ms = entry_expires(entry) ? keyspace_expires_at(db, entry) : 0;
    const struct bytes restore[] = {BYTES("RESTORE"),
                                    key,
                                    {digits, int64_to_digits(at_ms, digits)},
                                    buf_bytes(&payload),
                                    BYTES("REPLACE"),
                                    BYTES("ABSTTL")};
    add(instance, database, restore, ARRAY_LEN(restore));
    buf_finish(&payload);
}

static void add_state(struct instance *instance, int database, struct bytes key,
                      const struct entry *entry)
{
    if (entry == NULL) {
        const struct bytes gone[] = {BYTES("DEL"), key};
        add(instance, database, gone, 2);
    } else if (entry->kind == VALUE_STRING) {
        const struct bytes set[] = {BYTES("SET"), key, string_bytes(entry->data)};
        add(instance, database, set, 3);
        if (entry_expires(entry)) {
            add_expiry(instance, database, key,
                       keyspace_expires_at(instance->databases[database], entry));
        }
    } else {
        add_payload(instance, database, key, entry);
    }
}

/* ---- How commands are told ---- */

/* True: it has been told. `entry` is the changed key's, NULL when that is gone. */
typedef bool telling(struct call *call, struct bytes key, const struct entry *entry, int database);

static bool as_it_came(struct call *call, struct bytes key, const struct entry *entry, int database)
{
    (void)key;
    (void)entry;
    (void)database;
    add(call->instance, keyspace_index(call->db), call->argv, call->argc);
    return true;
}

/* SET and its options: those that tell a time are relative to now. */
static bool plain_only(struct call *call, struct bytes key, const struct entry *entry, int database)
{
    return call->argc == 3 && as_it_came(call, key, entry, database);
}

static bool as_expiry(struct call *call, struct bytes key, const struct entry *entry, int database)
{
    if (entry != NULL) {
        add_expiry(call->instance, database, key,
                   keyspace_expires_at(call->instance->databases[database], entry));
    }
    return entry != NULL;
}

static bool as_words(struct call *call, int database, struct bytes name, const struct bytes *words,
                     int count)
{
    struct words told = {.words = {name}, .count = 1};
    for (int i = 0; i < count; i++) {
        told.words[told.count++] = words[i];
    }
    add_words(call->instance, database, &told);
    return true;
}

/* One element went, from the list or sorted set that had one. */
static bool as_pop(struct call *call, struct bytes key, const struct entry *entry, int database)
{
    static const struct {
        const char *blocking, *name;
    } pops[] = {
        {"BLPOP", "LPOP"}, {"BRPOP", "RPOP"}, {"BZPOPMIN", "ZPOPMIN"}, {"BZPOPMAX", "ZPOPMAX"}};
    (void)entry;
    for (size_t i = 0; i < ARRAY_LEN(pops); i++) {
        if (strcmp(call->command->name, pops[i].blocking) == 0) {
            return as_words(call, database, bytes_from_string(pops[i].name), &key, 1);
        }
    }
    return false;
}

static bool as_move(struct call *call, struct bytes key, const struct entry *entry, int database)
{
    bool old = strcmp(call->command->name, "BRPOPLPUSH") == 0;
    (void)key;
    (void)entry;
    return as_words(call, database, old ? BYTES("RPOPLPUSH") : BYTES("LMOVE"), call->argv + 1,
                    old ? 2 : 4);
}

/* The argument that is the ID, behind the options. */
static int id_argument(const struct call *call)
{
    int at = 2;
    while (at < call->argc) {
        if (bytes_equal_string_nocase(call->argv[at], "NOMKSTREAM")) {
            at++;
        } else if (bytes_equal_string_nocase(call->argv[at], "MAXLEN") ||
                   bytes_equal_string_nocase(call->argv[at], "MINID")) {
            bool sign = at + 1 < call->argc && (bytes_equal_string(call->argv[at + 1], "~") ||
                                                bytes_equal_string(call->argv[at + 1], "="));
            at += sign ? 3 : 2;
        } else if (bytes_equal_string_nocase(call->argv[at], "LIMIT")) {
            at += 2;
        } else {
            break;
        }
    }
    return at;
}

/* With the ID it was given, and with what the trimming left. */
static bool as_appended(struct call *call, struct bytes key, const struct entry *entry,
                        int database)
{
    int at = id_argument(call), count = call->argc - at + 2;
    char id[64], digits[24];
    if (entry == NULL || entry->kind != VALUE_STREAM || at >= call->argc) {
        return false;
    }
    const struct stream *stream = entry->data;
    snprintf(id, sizeof(id), "%llu-%llu", (unsigned long long)stream->last_id.ms,
             (unsigned long long)stream->last_id.seq);
    struct bytes *told = memory_allocate((size_t)count * sizeof(*told));
    told[0] = BYTES("XADD");
    told[1] = key;
    told[2] = bytes_from_string(id);
    for (int i = 3; i < count; i++) {
        told[i] = call->argv[at + i - 2];
    }
    add(call->instance, database, told, count);
    memory_free(told);
    if (at > 2) {
        const struct bytes trim[] = {key,
                                     BYTES("MAXLEN"),
                                     BYTES("="),
                                     {digits, int64_to_digits((int64_t)stream->length, digits)}};
        as_words(call, database, BYTES("XTRIM"), trim, ARRAY_LEN(trim));
    }
    return true;
}

/* By name. A command that is not here is told as the state of each key that it changed. */
static const struct telling_row {
    const char *name;
    telling *told;
} tellings[] = {
    {"APPEND", as_it_came},
    {"BITFIELD", as_it_came},
    {"BITOP", as_it_came},
    {"BLMOVE", as_move},
    {"BLPOP", as_pop},
    {"BRPOP", as_pop},
    {"BRPOPLPUSH", as_move},
    {"BZPOPMAX", as_pop},
    {"BZPOPMIN", as_pop},
    {"DECR", as_it_came},
    {"DECRBY", as_it_came},
    {"DEL", as_it_came},
    {"EXPIRE", as_expiry},
    {"EXPIREAT", as_expiry},
    {"GEOADD", as_it_came},
    {"GETDEL", as_it_came},
    {"GETEX", as_expiry},
    {"GETSET", as_it_came},
    {"HDEL", as_it_came},
    {"HINCRBY", as_it_came},
    {"HMSET", as_it_came},
    {"HSET", as_it_came},
    {"HSETNX", as_it_came},
    {"INCR", as_it_came},
    {"INCRBY", as_it_came},
    {"LINSERT", as_it_came},
    {"LMOVE", as_it_came},
    {"LMPOP", as_it_came},
    {"LPOP", as_it_came},
    {"LPUSH", as_it_came},
    {"LPUSHX", as_it_came},
    {"LREM", as_it_came},
    {"LSET", as_it_came},
    {"LTRIM", as_it_came},
    {"MSET", as_it_came},
    {"MSETNX", as_it_came},
    {"PERSIST", as_it_came},
    {"PEXPIRE", as_expiry},
    {"PEXPIREAT", as_expiry},
    {"PFADD", as_it_came},
    {"PFMERGE", as_it_came},
    {"RENAME", as_it_came},
    {"RENAMENX", as_it_came},
    {"RPOP", as_it_came},
    {"RPOPLPUSH", as_it_came},
    {"RPUSH", as_it_came},
    {"RPUSHX", as_it_came},
    {"SADD", as_it_came},
    {"SET", plain_only},
    {"SETBIT", as_it_came},
    {"SETNX", as_it_came},
    {"SETRANGE", as_it_came},
    {"SMOVE", as_it_came},
    {"SREM", as_it_came},
    {"UNLINK", as_it_came},
    {"XACK", as_it_came},
    {"XADD", as_appended},
    {"XDEL", as_it_came},
    {"ZADD", as_it_came},
    {"ZINCRBY", as_it_came},
    {"ZMPOP", as_it_came},
    {"ZPOPMAX", as_it_came},
    {"ZPOPMIN", as_it_came},
    {"ZREM", as_it_came},
    {"ZREMRANGEBYLEX", as_it_came},
    {"ZREMRANGEBYRANK", as_it_came},
    {"ZREMRANGEBYSCORE", as_it_came},
};

/* These change no key, but what others see all the same. */
static const char *const keyless[] = {
    "DELETE", "FLUSH", "FLUSHALL", "FLUSHDB", "LOAD", "PUBLISH", "RESTORE", "SPUBLISH", "SWAPDB",
};

static int compare_telling(const void *name, const void *row)
{
    return strcmp(name, *(const char *const *)row);
}

static telling *find_telling(const struct command *command)
{
    const struct telling_row *row =
        bsearch(command->name, tellings, ARRAY_LEN(tellings), sizeof(tellings[0]), compare_telling);
    return row == NULL ? NULL : row->told;
}

static bool is_keyless(const struct command_entry *entry)
{
    const unsigned seen = CMD_WRITE | CMD_MAY_REPLICATE | CMD_PUBSUB;
    return (entry->command->flags & seen) != 0 &&
           bsearch(entry->command->name, keyless, ARRAY_LEN(keyless), sizeof(keyless[0]),
                   compare_telling) != NULL &&
           (entry->container == NULL || strcmp(entry->container->command->name, "FUNCTION") == 0);
}

/* The next key of those that were noted; false: there is none. */
static bool next_key(struct bytes keys, size_t *at, int *database, struct bytes *key)
{
    size_t size;
    if (*at >= keys.size) {
        return false;
    }
    memcpy(database, keys.data + *at, sizeof(*database));
    memcpy(&size, keys.data + *at + sizeof(*database), sizeof(size));
    *at += sizeof(*database) + sizeof(size);
    *key = bytes_slice(keys, *at, *at + size);
    *at += size;
    return true;
}

static const struct entry *entry_of(struct call *call, int database, struct bytes key)
{
    return keyspace_peek_at(call->instance->databases[database], key, call->now_ms);
}

static void tell_keys(struct call *call)
{
    struct replication_feed *feed = &call->instance->feed;
    /* A look at a key may find it expired, which is told and noted at once. */
    struct buf noted = feed->keys;
    struct bytes keys = buf_bytes(&noted), key;
    telling *told = find_telling(call->command);
    size_t at = 0;
    int database;
    buf_init(&feed->keys, SIZE_MAX);
    for (bool first = true; next_key(keys, &at, &database, &key); first = false) {
        const struct entry *entry = entry_of(call, database, key);
        if (first && told != NULL && told(call, key, entry, database)) {
            break;
        }
        add_state(call->instance, database, key, entry);
    }
    buf_clear(&feed->keys);
    buf_finish(&noted);
}

void replication_command_done(struct call *call, const struct command_entry *entry)
{
    struct replication_feed *feed = &call->instance->feed;
    if (call->instance->replica.relays) {
        return; /* the primary's words are told as they are */
    }
    if (feed->keys.size > 0) {
        tell_keys(call);
    } else if (is_keyless(entry) && !call->session->reply.failed) {
        add(call->instance, keyspace_index(call->db), call->argv, call->argc);
    }
    if (feed->out.size > 0) {
        tell(call->instance);
        feed->written = feed->offset;
    }
}

void replication_pass_on(struct instance *instance, const struct bytes *argv, int argc)
{
    if (instance->feed.first != NULL) {
        add(instance, instance->feed.database, argv, argc); /* no SELECT: as it is given */
    }
}

/* ---- What is noted ---- */

void replication_note(struct instance *instance, int database, struct bytes key)
{
    struct buf *keys = &instance->feed.keys;
    if (instance->replica.relays) {
        return;
    }
    buf_append(keys, (struct bytes){(const char *)&database, sizeof(database)});
    buf_append(keys, (struct bytes){(const char *)&key.size, sizeof(key.size)});
    buf_append(keys, key);
}

void replication_state(struct instance *instance, int database, struct bytes key,
                       const struct entry *entry)
{
    if (!instance->replica.relays) {
        add_state(instance, database, key, entry);
        tell(instance);
    }
}

void replication_gone(struct instance *instance, int database, struct bytes key)
{
    replication_state(instance, database, key, NULL);
}

void replication_ping(struct instance *instance)
{
    const struct bytes ping[] = {BYTES("PING")};
    append_command(&instance->feed.out, ping, 1);
    tell(instance);
}

void replication_ask(struct instance *instance)
{
    const struct bytes ask[] = {BYTES("REPLCONF"), BYTES("GETACK"), BYTES("*")};
    append_command(&instance->feed.out, ask, 3);
    tell(instance);
}

void replication_copy_anew(struct instance *instance)
{
    buf_clear(&instance->feed.keys);
    instance->feed.database = -1;
    tell(instance);
    instance->feed.offset++; /* nobody is to go on from where he was */
    if (instance->replica.relays) {
        /* The data is not the primary's any more, so it gets a name of its own. */
        instance->replica.relays = false;
        replication_history_begin(instance, NULL);
    }
}

/* ---- Who listens ---- */

void replication_listen(struct instance *instance, struct replication_listener *listener)
{
    struct replication_feed *feed = &instance->feed;
    if (feed->first == NULL) {
        buf_init(&feed->keys, SIZE_MAX);
        buf_init(&feed->out, SIZE_MAX);
    }
    listener->next = feed->first;
    feed->first = listener;
    feed->database = -1;
}

void replication_forget(struct instance *instance, struct replication_listener *listener)
{
    struct replication_listener **at = &instance->feed.first;
    while (*at != NULL && *at != listener) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = listener->next;
    }
    if (instance->feed.first == NULL) {
        instance->feed.left_changes = instance->changes;
        replication_feed_finish(&instance->feed);
    }
}

bool replication_is_whole(const struct instance *instance)
{
    return instance->feed.first != NULL || instance->feed.left_changes == instance->changes;
}

int replication_listeners(const struct instance *instance)
{
    int count = instance->backlog.instance != NULL ? -1 : 0; /* it is nobody */
    for (const struct replication_listener *listener = instance->feed.first; listener != NULL;
         listener = listener->next) {
        count++;
    }
    return count;
}

void replication_feed_finish(struct replication_feed *feed)
{
    buf_finish(&feed->keys);
    buf_finish(&feed->out);
}
