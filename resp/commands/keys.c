/* Commands on keys of any type: DEL, EXISTS, RENAME, SCAN, OBJECT and friends. */
#include "resp/commands/keys.h"

#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/commands/scan.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/types/string.h"

static void delete_keys(struct call *call)
{
    int64_t deleted = 0;
    for (int i = 1; i < call->argc; i++) {
        deleted += keyspace_delete_changed(call, call->argv[i]) ? 1 : 0;
    }
    reply_integer(call->reply, deleted);
}

static void cmd_exists(struct call *call)
{
    int64_t found = 0;
    for (int i = 1; i < call->argc; i++) {
        found += keyspace_read(call, call->argv[i]) != NULL ? 1 : 0;
    }
    reply_integer(call->reply, found);
}

static void cmd_type(struct call *call)
{
    const struct entry *entry = keyspace_look(call, call->argv[1]);
    reply_status(call->reply, entry == NULL ? "none" : entry_type(entry)->name);
}

/* What KEYS and SCAN collect: names only, or nothing when they do not fit. */
struct collection {
    struct call *call;
    struct bytes pattern; /* data NULL: every key */
    struct bytes type;    /* data NULL: every type */
    size_t count;
};

static void collect(void *context, struct bytes key, struct entry *entry)
{
    struct collection *collection = context;
    if ((collection->pattern.data == NULL || bytes_match_glob(collection->pattern, key, false)) &&
        (collection->type.data == NULL ||
         bytes_equal_string_nocase(collection->type, entry_type(entry)->name))) {
        reply_bulk(collection->call->reply, key);
        collection->count++;
    }
}

static void cmd_keys(struct call *call)
{
    struct collection collection = {.call = call, .pattern = call->argv[1]};
    size_t mark = reply_defer(call->reply);
    keyspace_each(call->db, collect, &collection);
    reply_array_at(call->reply, mark, collection.count);
}

static void cmd_scan(struct call *call)
{
    struct scan_request request;
    uint64_t cursor;
    if (!scan_cursor_or_reply(call, 1, &cursor) ||
        !scan_options_or_reply(call, 2, NULL, &request)) {
        return;
    }
    struct collection collection = {.call = call, .pattern = request.pattern, .type = request.type};
    size_t mark = scan_begin(call);
    int64_t rounds = request.count > INT64_MAX / 10 ? INT64_MAX : request.count * 10;
    do {
        cursor = keyspace_scan(call->db, cursor, collect, &collection);
    } while (cursor != 0 && --rounds > 0 && collection.count < (uint64_t)request.count);
    scan_end(call, mark, cursor, collection.count);
}

static void cmd_randomkey(struct call *call)
{
    struct entry *entry = keyspace_random(call->db);
    if (entry == NULL) {
        reply_null(call->reply);
    } else {
        reply_bulk(call->reply, keyspace_key(call->db, entry));
    }
}

static void rename_key(struct call *call, bool only_if_free)
{
    struct bytes from = call->argv[1], to = call->argv[2];
    if (keyspace_write(call, from) == NULL) {
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
        return;
    }
    bool same = bytes_equal(from, to);
    if (only_if_free && (same || keyspace_write(call, to) != NULL)) {
        reply_integer(call->reply, 0);
        return;
    }
    if (!same) {
        const struct value_type *type = NULL;
        int64_t expires_at_ms = NO_EXPIRY;
        void *data = keyspace_take(call->db, from, &type, &expires_at_ms);
        struct entry *entry = keyspace_set_take(call->db, to, type, data);
        keyspace_set_expiry(call->db, entry, expires_at_ms);
        keyspace_changed(call, from, EVENT_GENERIC, "rename_from");
        keyspace_changed(call, to, EVENT_GENERIC, "rename_to");
    }
    if (only_if_free) {
        reply_integer(call->reply, 1);
    } else {
        reply_ok(call->reply);
    }
}

static void cmd_rename(struct call *call)
{
    rename_key(call, false);
}

static void cmd_renamenx(struct call *call)
{
    rename_key(call, true);
}

static void cmd_touch(struct call *call)
{
    cmd_exists(call);
}

static struct keyspace *database_or_reply(struct call *call, struct bytes text)
{
    int64_t index;
    if (!bytes_to_int64(text, &index)) {
        reply_error(call->reply, ERROR_NOT_INTEGER);
        return NULL;
    }
    struct keyspace *db =
        index < 0 || index > INT32_MAX ? NULL : instance_database(call->instance, (int)index);
    if (db == NULL) {
        reply_error(call->reply, "ERR DB index is out of range");
    }
    return db;
}

static void cmd_move(struct call *call)
{
    struct keyspace *target = database_or_reply(call, call->argv[2]);
    if (target == NULL) {
        return;
    }
    if (target == call->db) {
        reply_error(call->reply, ERROR_SAME_OBJECT);
        return;
    }
    struct bytes key = call->argv[1];
    if (keyspace_write(call, key) == NULL || keyspace_peek_at(target, key, call->now_ms) != NULL) {
        reply_integer(call->reply, 0);
        return;
    }
    const struct value_type *type = NULL;
    int64_t expires_at_ms = NO_EXPIRY;
    void *data = keyspace_take(call->db, key, &type, &expires_at_ms);
    keyspace_set_expiry(target, keyspace_set_take(target, key, type, data), expires_at_ms);
    keyspace_changed(call, key, EVENT_GENERIC, "move_from");
    keyspace_changed_by_server(target, key, EVENT_GENERIC, "move_to");
    reply_integer(call->reply, 1);
}

static void cmd_copy(struct call *call)
{
    struct keyspace *target = call->db;
    bool replace = false;
    for (int i = 3; i < call->argc; i++) {
        if (bytes_equal_string_nocase(call->argv[i], "REPLACE")) {
            replace = true;
        } else if (bytes_equal_string_nocase(call->argv[i], "DB") && i + 1 < call->argc) {
            target = database_or_reply(call, call->argv[++i]);
            if (target == NULL) {
                return;
            }
        } else {
            reply_syntax_error(call);
            return;
        }
    }
    struct bytes from = call->argv[1], to = call->argv[2];
    if (target == call->db && bytes_equal(from, to)) {
        reply_error(call->reply, ERROR_SAME_OBJECT);
        return;
    }
    const struct entry *source = keyspace_read(call, from);
    if (source == NULL || (!replace && keyspace_peek_at(target, to, call->now_ms) != NULL)) {
        reply_integer(call->reply, 0);
        return;
    }
    source = keyspace_peek_at(call->db, from, call->now_ms);
    int64_t expires_at_ms = keyspace_expires_at(call->db, source);
    const struct value_type *type = entry_type(source);
    void *data = type->copy(source->data);
    keyspace_set_expiry(target, keyspace_set_take(target, to, type, data), expires_at_ms);
    keyspace_changed_by_server(target, to, EVENT_GENERIC, "copy_to");
    reply_integer(call->reply, 1);
}

/* What OBJECT finds is a hit; what it does not find is nothing to Redis 6.0, as on Azure. */
static const struct entry *object_or_reply(struct call *call)
{
    const struct entry *entry = keyspace_peek_at(call->db, call->argv[2], call->now_ms);
    if (entry == NULL) {
        call->instance->stats.misses += call_supports(call, "7.0.0") ? 1 : 0;
        reply_null(call->reply);
        return NULL;
    }
    call->instance->stats.hits++;
    return entry;
}

static void cmd_object_encoding(struct call *call)
{
    const struct entry *entry = object_or_reply(call);
    if (entry == NULL) {
        return;
    }
    const char *encoding = entry_type(entry)->encoding(entry->data);
    bool packed = strcmp(encoding, "listpack") == 0;
    reply_bulk_string(call->reply, packed && !call_supports(call, "7.0.0") ? "ziplist" : encoding);
}

int value_reference_count(const struct instance *instance, const struct entry *entry)
{
    /* Redis keeps one object for each of the numbers 0 to 9999 and says it has no count. */
    enum { SHARED_NUMBERS = 10000 };
    int64_t number;
    bool shared = instance->max_memory == 0 && entry->kind == VALUE_STRING &&
                  strcmp(entry_type(entry)->encoding(entry->data), "int") == 0 &&
                  string_integer(entry->data, &number) && number >= 0 && number < SHARED_NUMBERS;
    return shared ? INT32_MAX : 1;
}

static void cmd_object_refcount(struct call *call)
{
    const struct entry *entry = object_or_reply(call);
    if (entry != NULL) {
        reply_integer(call->reply, value_reference_count(call->instance, entry));
    }
}

static void cmd_object_idletime(struct call *call)
{
    const struct entry *entry = object_or_reply(call);
    if (entry != NULL) {
        if (call->instance->eviction.order == EVICT_LEAST_FREQUENT) {
            reply_error(call->reply,
                        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please "
                        "note that when switching between policies at runtime LRU and LFU data "
                        "will take some time to adjust.");
            return;
        }
        reply_integer(call->reply, access_idle_s(entry->access, call->now_ms));
    }
}

static void cmd_object_freq(struct call *call)
{
    const struct entry *entry = object_or_reply(call);
    if (entry == NULL) {
        return;
    }
    if (call->instance->eviction.order == EVICT_LEAST_FREQUENT) {
        reply_integer(call->reply, access_frequency(call->instance, entry->access, call->now_ms));
    } else {
        reply_error(call->reply,
                    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
                    "Please note that when switching between policies at runtime LRU and LFU data "
                    "will take some time to adjust.");
    }
}

static const char *const help_lines[] = {
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    NULL,
};

static void cmd_object_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command object_subcommands[] = {
    {
        .name = "ENCODING",
        .handler = cmd_object_encoding,
        .arity = 3,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Inspect the internal encoding of a Redis object",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "FREQ",
        .handler = cmd_object_freq,
        .arity = 3,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Get the logarithmic access frequency counter of a Redis object",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "HELP",
        .handler = cmd_object_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_KEYSPACE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "IDLETIME",
        .handler = cmd_object_idletime,
        .arity = 3,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Get the time since a Redis object was last accessed",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "REFCOUNT",
        .handler = cmd_object_refcount,
        .arity = 3,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Get the number of references to the value of the key",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "COPY",
        .handler = cmd_copy,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1), KEY_RANGE(KEY_OW | KEY_UPDATE, 2, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N) worst case for collections, where N is the number of nested items. "
                      "O(1) for string values.",
        .summary = "Copy a key",
        .arguments = "source#0 destination#1 [destination-db=integer@DB] "
                     "[replace=token@REPLACE]",
    },
    {
        .name = "DEL",
        .handler = delete_keys,
        .arity = -2,
        .flags = CMD_WRITE,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RM | KEY_DELETE, 1, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of keys that will be removed. When a key to "
                      "remove holds a value other than a string, the individual complexity for "
                      "this key is O(M) where M is the number of elements in the list, set, "
                      "sorted set or hash. Removing a single key that holds a string value is "
                      "O(1).",
        .summary = "Delete a key",
        .arguments = "key#0...",
        .tips =
            (const char *const[]){"request_policy:multi_shard", "response_policy:agg_sum", NULL},
    },
    {
        .name = "EXISTS",
        .handler = cmd_exists,
        .arity = -2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of keys to check.",
        .summary = "Determine if a key exists",
        .arguments = "key#0...",
        .tips =
            (const char *const[]){"request_policy:multi_shard", "response_policy:agg_sum", NULL},
        .history =
            (const struct command_history[]){{"3.0.3", "Accepts multiple `key` arguments."}, {0}},
    },
    {
        .name = "KEYS",
        .handler = cmd_keys,
        .arity = 2,
        .flags = CMD_READONLY,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .since = "1.0.0",
        .complexity = "O(N) with N being the number of keys in the database, under the "
                      "assumption that the key names in the database and the given pattern "
                      "have limited length.",
        .summary = "Find all keys matching the given pattern",
        .arguments = "pattern=pattern",
        .tips = (const char *const[]){"request_policy:all_shards", "nondeterministic_output_order",
                                      NULL},
    },
    {
        .name = "MOVE",
        .managed = AZURE_BLOCKED,
        .handler = cmd_move,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Move a key to another database",
        .arguments = "key#0 db=integer",
    },
    {
        .name = "OBJECT",
        .arity = -2,
        .since = "2.2.3",
        .complexity = "Depends on subcommand.",
        .summary = "A container for object introspection commands",
        .subcommands = object_subcommands,
    },
    {
        .name = "RANDOMKEY",
        .handler = cmd_randomkey,
        .arity = 1,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Return a random key from the keyspace",
        .tips = (const char *const[]){"request_policy:all_shards", "nondeterministic_output", NULL},
    },
    {
        .name = "RENAME",
        .handler = cmd_rename,
        .arity = 3,
        .flags = CMD_WRITE,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_OW | KEY_UPDATE, 2, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Rename a key",
        .arguments = "key#0 newkey#1",
    },
    {
        .name = "RENAMENX",
        .handler = cmd_renamenx,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_OW | KEY_INSERT, 2, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Rename a key, only if the new key does not exist",
        .arguments = "key#0 newkey#1",
        .history =
            (const struct command_history[]){
                {"3.2.0", "The command no longer returns an error when source and destination "
                          "names are the same."},
                {0}},
    },
    {
        .name = "SCAN",
        .handler = cmd_scan,
        .arity = -2,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .since = "2.8.0",
        .complexity = "O(1) for every call. O(N) for a complete iteration, including enough "
                      "command calls for the cursor to return back to 0. N is the number of "
                      "elements inside the collection.",
        .summary = "Incrementally iterate the keys space",
        .arguments = "cursor=integer [pattern=pattern@MATCH] [count=integer@COUNT] "
                     "[type@TYPE^6.0.0]",
        .tips = (const char *const[]){"nondeterministic_output", "request_policy:special", NULL},
        .history = (const struct command_history[]){{"6.0.0", "Added the `TYPE` subcommand."}, {0}},
    },
    {
        .name = "TOUCH",
        .handler = cmd_touch,
        .arity = -2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)},
        .since = "3.2.1",
        .complexity = "O(N) where N is the number of keys that will be touched.",
        .summary = "Alters the last access time of a key(s). Returns the number of existing "
                   "keys specified.",
        .arguments = "key#0...",
        .tips =
            (const char *const[]){"request_policy:multi_shard", "response_policy:agg_sum", NULL},
    },
    {
        .name = "TYPE",
        .handler = cmd_type,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Determine the type stored at key",
        .arguments = "key#0",
    },
    {
        .name = "UNLINK",
        .handler = delete_keys,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RM | KEY_DELETE, 1, -1, 1)},
        .since = "4.0.0",
        .complexity = "O(1) for each key removed regardless of its size. Then the command does "
                      "O(N) work in a different thread in order to reclaim memory, where N is "
                      "the number of allocations the deleted objects where composed of.",
        .summary = "Delete a key asynchronously in another thread. Otherwise it is just as "
                   "DEL, but non blocking.",
        .arguments = "key#0...",
        .tips =
            (const char *const[]){"request_policy:multi_shard", "response_policy:agg_sum", NULL},
    },
};

const struct command_family keys_family = {"generic", commands, ARRAY_LEN(commands)};
