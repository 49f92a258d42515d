/* The hash family: HSET, HGET and friends. */
#include "resp/types/hash.h"

#include <math.h>

#include "resp/arguments.h"
#include "resp/commands/random_selection.h"
#include "resp/commands/scan.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

VALUE_WORD_LOOKUPS(hash)

/* The hash to write to, made when it is not there. */
static bool open_or_reply(struct call *call, struct hash **hash)
{
    if (!hash_write_or_reply(call, 1, hash)) {
        return false;
    }
    if (*hash == NULL) {
        *hash = hash_in(keyspace_set_take(call->db, call->argv[1], &hash_type, hash_create().word));
    }
    return true;
}

static bool set_field(struct call *call, struct hash *hash, struct bytes field, struct bytes value)
{
    return hash_set(hash, field, value, &call->instance->packing);
}

/* ---- Writing ---- */

static bool set_pairs_or_reply(struct call *call, int64_t *created)
{
    struct hash *hash;
    if (call->argc % 2 != 0) {
        reply_wrong_arity(call);
        return false;
    }
    if (!open_or_reply(call, &hash)) {
        return false;
    }
    *created = 0;
    for (int i = 2; i < call->argc; i += 2) {
        *created += set_field(call, hash, call->argv[i], call->argv[i + 1]) ? 1 : 0;
    }
    keyspace_changed(call, call->argv[1], EVENT_HASH, "hset");
    return true;
}

static void cmd_hset(struct call *call)
{
    int64_t created;
    if (set_pairs_or_reply(call, &created)) {
        reply_integer(call->reply, created);
    }
}

static void cmd_hmset(struct call *call)
{
    int64_t created;
    if (set_pairs_or_reply(call, &created)) {
        reply_ok(call->reply);
    }
}

static void cmd_hsetnx(struct call *call)
{
    char digits[LISTPACK_DIGITS];
    struct hash *hash;
    struct bytes old;
    if (!open_or_reply(call, &hash)) {
        return;
    }
    if (hash_get(hash, call->argv[2], digits, &old)) {
        size_t most = call->instance->packing.hash_value;
        bool large = call->argv[2].size > most || call->argv[3].size > most;
        if (large && hash_pack(hash) != NULL && !call_supports(call, "7.0.0")) {
            hash_unpack(hash, call->instance->random); /* 6.0 made room before it looked */
        }
        reply_integer(call->reply, 0);
        return;
    }
    set_field(call, hash, call->argv[2], call->argv[3]);
    keyspace_changed(call, call->argv[1], EVENT_HASH, "hset");
    reply_integer(call->reply, 1);
}

/* A key that was made for nothing goes without a word. */
static void drop_if_empty(struct call *call, const struct hash *hash)
{
    if (hash_count(hash) == 0) {
        keyspace_delete(call->db, call->argv[1]);
    }
}

/* Before 7.0 counters stayed packed, however long they and their fields are. */
static struct packing_limits counter_limits(const struct call *call)
{
    struct packing_limits limits = call->instance->packing;
    if (!call_supports(call, "7.0.0")) {
        limits.hash_value = SIZE_MAX;
    }
    return limits;
}

static void cmd_hincrby(struct call *call)
{
    char digits[LISTPACK_DIGITS];
    struct hash *hash;
    struct bytes old;
    int64_t by, number = 0;
    if (!argument_integer_or_reply(call, 3, &by) || !open_or_reply(call, &hash)) {
        return;
    }
    if (hash_get(hash, call->argv[2], digits, &old) && !bytes_to_int64(old, &number)) {
        reply_error(call->reply, "ERR hash value is not an integer");
        return;
    }
    if (by < 0 ? number < INT64_MIN - by : number > INT64_MAX - by) {
        reply_error(call->reply, "ERR increment or decrement would overflow");
        return;
    }
    number += by;
    struct bytes text = {digits, int64_to_digits(number, digits)};
    struct packing_limits limits = counter_limits(call);
    hash_update(hash, call->argv[2], text, &limits);
    keyspace_changed(call, call->argv[1], EVENT_HASH, "hincrby");
    reply_integer(call->reply, number);
}

static void cmd_hincrbyfloat(struct call *call)
{
    char old_digits[LISTPACK_DIGITS], digits[LONG_DOUBLE_TEXT];
    struct hash *hash;
    struct bytes old;
    long double by, number = 0;
    if (!argument_long_double_or_reply(call, 3, &by)) {
        return;
    }
    if (call_supports(call, "7.0.0") && (isnan(by) || isinf(by))) {
        reply_error(call->reply, "ERR value is NaN or Infinity");
        return;
    }
    if (!open_or_reply(call, &hash)) {
        return;
    }
    if (hash_get(hash, call->argv[2], old_digits, &old) && !bytes_to_long_double(old, &number)) {
        reply_error(call->reply, "ERR hash value is not a float");
        return;
    }
    number += by;
    if (isnan(number) || isinf(number)) {
        reply_error(call->reply, "ERR increment would produce NaN or Infinity");
        drop_if_empty(call, hash);
        return;
    }
    struct bytes text = {digits, long_double_to_text(number, digits)};
    struct packing_limits limits = counter_limits(call);
    hash_update(hash, call->argv[2], text, &limits);
    keyspace_changed(call, call->argv[1], EVENT_HASH, "hincrbyfloat");
    reply_bulk(call->reply, text);
}

static void cmd_hdel(struct call *call)
{
    struct hash *hash;
    if (!hash_write_or_reply(call, 1, &hash)) {
        return;
    }
    int64_t removed = 0;
    for (int i = 2; hash != NULL && i < call->argc && hash_count(hash) > 0; i++) {
        removed += hash_delete(hash, call->argv[i]) ? 1 : 0;
    }
    if (removed > 0) {
        keyspace_shrunk(call, call->argv[1], EVENT_HASH, "hdel", hash_count(hash));
    }
    reply_integer(call->reply, removed);
}

/* ---- Reading ---- */

static void reply_field(struct call *call, const struct hash *hash, struct bytes field)
{
    char digits[LISTPACK_DIGITS];
    struct bytes value;
    if (hash != NULL && hash_get(hash, field, digits, &value)) {
        reply_bulk(call->reply, value);
    } else {
        reply_null(call->reply);
    }
}

static void cmd_hget(struct call *call)
{
    struct hash *hash;
    if (hash_read_or_reply(call, 1, &hash)) {
        reply_field(call, hash, call->argv[2]);
    }
}

static void cmd_hmget(struct call *call)
{
    struct hash *hash;
    if (!hash_read_or_reply(call, 1, &hash)) {
        return;
    }
    reply_array(call->reply, (size_t)call->argc - 2);
    for (int i = 2; i < call->argc; i++) {
        reply_field(call, hash, call->argv[i]);
    }
}

static void cmd_hexists(struct call *call)
{
    char digits[LISTPACK_DIGITS];
    struct hash *hash;
    struct bytes value;
    if (hash_read_or_reply(call, 1, &hash)) {
        reply_integer(call->reply,
                      hash != NULL && hash_get(hash, call->argv[2], digits, &value) ? 1 : 0);
    }
}

static void cmd_hstrlen(struct call *call)
{
    char digits[LISTPACK_DIGITS];
    struct hash *hash;
    struct bytes value = {0};
    if (hash_read_or_reply(call, 1, &hash)) {
        bool found = hash != NULL && hash_get(hash, call->argv[2], digits, &value);
        reply_integer(call->reply, found ? (int64_t)value.size : 0);
    }
}

static void cmd_hlen(struct call *call)
{
    struct hash *hash;
    if (hash_read_or_reply(call, 1, &hash)) {
        reply_integer(call->reply, hash == NULL ? 0 : (int64_t)hash_count(hash));
    }
}

static void reply_all(struct call *call, bool fields, bool values)
{
    struct hash *hash;
    struct hash_pair pair;
    if (!hash_read_or_reply(call, 1, &hash)) {
        return;
    }
    size_t count = hash == NULL ? 0 : hash_count(hash);
    if (fields && values) {
        reply_map(call->reply, count);
    } else {
        reply_array(call->reply, count);
    }
    if (hash == NULL) {
        return;
    }
    for (struct hash_cursor cursor = hash_begin(hash); hash_next(&cursor, &pair);) {
        if (fields) {
            reply_bulk(call->reply, pair.field);
        }
        if (values) {
            reply_bulk(call->reply, pair.value);
        }
    }
}

static void cmd_hgetall(struct call *call)
{
    reply_all(call, true, true);
}

static void cmd_hkeys(struct call *call)
{
    reply_all(call, true, false);
}

static void cmd_hvals(struct call *call)
{
    reply_all(call, false, true);
}

static void visit(void *context, const struct hash_pair *pair)
{
    struct scan_progress *progress = context;
    bool names_only = progress->request.names_only;
    if (scan_meets(progress, pair->field, names_only ? 1 : 2)) {
        reply_bulk(progress->reply, pair->field);
        if (!names_only) {
            reply_bulk(progress->reply, pair->value);
        }
    }
}

static uint64_t scan_step(const void *data, uint64_t cursor, struct scan_progress *progress)
{
    const struct hash hash = {(void *)data};
    return hash_scan(&hash, cursor, visit, progress);
}

static void cmd_hscan(struct call *call)
{
    scan_collection(call, &hash_type, scan_step);
}

/* ---- HRANDFIELD ---- */

static void reply_pair(struct call *call, const struct hash_pair *pair, bool values)
{
    if (values && call->reply->protocol > 2) {
        reply_array(call->reply, 2);
    }
    reply_bulk(call->reply, pair->field);
    if (values) {
        reply_bulk(call->reply, pair->value);
    }
}

/* As many as asked for, the same field possibly more than once. */
static void reply_with_repeats(struct call *call, const struct hash *hash,
                               const struct random_selection *selection)
{
    struct hash_pair pair;
    uint64_t count = (uint64_t)-selection->count;
    random_selection_begin(call, selection, count);
    for (uint64_t i = 0; i < count; i++) {
        hash_random(hash, call->instance->random, &pair);
        reply_pair(call, &pair, selection->with);
    }
}

/* `count` different fields: each is taken with the odds of what is still wanted. */
static void reply_different(struct call *call, const struct hash *hash,
                            const struct random_selection *selection)
{
    struct hash_pair pair;
    uint64_t left = hash_count(hash), count = (uint64_t)selection->count;
    uint64_t wanted = count < left ? count : left;
    random_selection_begin(call, selection, wanted);
    for (struct hash_cursor cursor = hash_begin(hash); hash_next(&cursor, &pair); left--) {
        if (wanted > 0 && random_below(call->instance->random, left) < wanted) {
            wanted--;
            reply_pair(call, &pair, selection->with);
        }
    }
}

static void cmd_hrandfield(struct call *call)
{
    struct random_selection selection;
    struct hash *hash;
    if (!random_selection_or_reply(call, "WITHVALUES", &selection) ||
        !hash_read_or_reply(call, 1, &hash)) {
        return;
    }
    if (!selection.counted) {
        struct hash_pair pair;
        if (hash == NULL) {
            reply_null(call->reply);
        } else {
            hash_random(hash, call->instance->random, &pair);
            reply_bulk(call->reply, pair.field);
        }
    } else if (hash == NULL || selection.count == 0) {
        reply_array(call->reply, 0);
    } else if (selection.count < 0) {
        reply_with_repeats(call, hash, &selection);
    } else {
        reply_different(call, hash, &selection);
    }
}

static const struct command commands[] = {
    {
        .name = "HSET",
        .handler = cmd_hset,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1) for each field/value pair added, so O(N) to add N field/value "
                      "pairs when the command is called with multiple field/value pairs.",
        .summary = "Set the string value of a hash field",
        .arguments = "key#0 field_value{field value}...",
        .history =
            (const struct command_history[]){
                {"4.0.0", "Accepts multiple `field` and `value` arguments."}, {0}},
    },
    {
        .name = "HSETNX",
        .handler = cmd_hsetnx,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Set the value of a hash field, only if the field does not exist",
        .arguments = "key#0 field value",
    },
    {
        .name = "HMSET",
        .handler = cmd_hmset,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of fields being set.",
        .summary = "Set multiple hash fields to multiple values",
        .arguments = "key#0 field_value{field value}...",
        .deprecated_since = "4.0.0",
        .replaced_by = "`HSET` with multiple field-value pairs",
    },
    {
        .name = "HGET",
        .handler = cmd_hget,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Get the value of a hash field",
        .arguments = "key#0 field",
    },
    {
        .name = "HMGET",
        .handler = cmd_hmget,
        .arity = -3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of fields being requested.",
        .summary = "Get the values of all the given hash fields",
        .arguments = "key#0 field...",
    },
    {
        .name = "HGETALL",
        .handler = cmd_hgetall,
        .arity = 2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the size of the hash.",
        .summary = "Get all the fields and values in a hash",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "HKEYS",
        .handler = cmd_hkeys,
        .arity = 2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the size of the hash.",
        .summary = "Get all the fields in a hash",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "HVALS",
        .handler = cmd_hvals,
        .arity = 2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the size of the hash.",
        .summary = "Get all the values in a hash",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "HDEL",
        .handler = cmd_hdel,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of fields to be removed.",
        .summary = "Delete one or more hash fields",
        .arguments = "key#0 field...",
        .history =
            (const struct command_history[]){{"2.4.0", "Accepts multiple `field` arguments."}, {0}},
    },
    {
        .name = "HEXISTS",
        .handler = cmd_hexists,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Determine if a hash field exists",
        .arguments = "key#0 field",
    },
    {
        .name = "HLEN",
        .handler = cmd_hlen,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Get the number of fields in a hash",
        .arguments = "key#0",
    },
    {
        .name = "HSTRLEN",
        .handler = cmd_hstrlen,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Get the length of the value of a hash field",
        .arguments = "key#0 field",
    },
    {
        .name = "HINCRBY",
        .handler = cmd_hincrby,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Increment the integer value of a hash field by the given number",
        .arguments = "key#0 field increment=integer",
    },
    {
        .name = "HINCRBYFLOAT",
        .handler = cmd_hincrbyfloat,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Increment the float value of a hash field by the given amount",
        .arguments = "key#0 field increment=double",
    },
    {
        .name = "HRANDFIELD",
        .handler = cmd_hrandfield,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N) where N is the number of fields returned",
        .summary = "Get one or multiple random fields from a hash",
        .arguments = "key#0 [options{count=integer [withvalues=token@WITHVALUES]}]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "HSCAN",
        .handler = cmd_hscan,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.0",
        .complexity = "O(1) for every call. O(N) for a complete iteration, including enough "
                      "command calls for the cursor to return back to 0. N is the number of "
                      "elements inside the collection..",
        .summary = "Incrementally iterate hash fields and associated values",
        .arguments = "key#0 cursor=integer [pattern=pattern@MATCH] [count=integer@COUNT] "
                     "[novalues=token@NOVALUES^7.4.0]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
};

const struct command_family hash_family = {"hash", commands, ARRAY_LEN(commands)};
