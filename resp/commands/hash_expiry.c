/* Fields of hashes that expire: HEXPIRE, HTTL, HPERSIST and their kin. */
#include "resp/types/hash_expiry.h"

#include "resp/arguments.h"
#include "resp/instance_state.h"

VALUE_WORD_LOOKUPS(hash)

enum condition { ALWAYS, IF_NONE, IF_SOME, IF_LATER, IF_EARLIER };
enum answer { NO_SUCH_FIELD = -2, NO_EXPIRY_THERE = -1, CONDITION_UNMET, DONE, DELETED };

/* FIELDS, their number and themselves: what stands at `at` to the end. */
static bool read_fields_or_reply(struct call *call, int at, const char *bad_count)
{
    int64_t count;
    if (!bytes_equal_string_nocase(call->argv[at], "FIELDS")) {
        reply_error(call->reply,
                    "ERR Mandatory argument FIELDS is missing or not at the right position");
        return false;
    }
    if (!argument_integer_in_range_or_reply(call, at + 1, 1, INT64_MAX, &count, bad_count)) {
        return false;
    }
    if (count != call->argc - at - 2) {
        reply_error(call->reply,
                    "ERR The `numfields` parameter must match the number of arguments");
        return false;
    }
    return true;
}

static bool has_field(const struct hash *hash, struct bytes field)
{
    char digits[LISTPACK_DIGITS];
    struct bytes value;
    return hash != NULL && hash_get(hash, field, digits, &value);
}

/* ---- HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT ---- */

static bool read_time_or_reply(struct call *call, int64_t unit_ms, bool relative, int64_t *at_ms)
{
    int64_t amount, base_ms = relative ? call->now_ms : 0;
    if (!argument_integer_or_reply(call, 2, &amount)) {
        return false;
    }
    if (amount < 0) {
        reply_error(call->reply, "ERR invalid expire time, must be >= 0");
        return false;
    }
    if (amount > HASH_LATEST_EXPIRY_MS / unit_ms ||
        amount * unit_ms > HASH_LATEST_EXPIRY_MS - base_ms) {
        char name[64];
        command_full_name(call->session->last, name);
        reply_errorf(call->reply, "ERR invalid expire time in '%s' command", name);
        return false;
    }
    *at_ms = amount * unit_ms + base_ms;
    return true;
}

static enum condition read_condition(struct bytes word)
{
    static const char *const words[] = {
        [IF_NONE] = "NX", [IF_SOME] = "XX", [IF_LATER] = "GT", [IF_EARLIER] = "LT"};
    for (size_t i = IF_NONE; i < ARRAY_LEN(words); i++) {
        if (bytes_equal_string_nocase(word, words[i])) {
            return (enum condition)i;
        }
    }
    return ALWAYS;
}

/* A field that never expires counts as one that expires last of all. */
static bool meets(enum condition condition, int64_t present_ms, int64_t wanted_ms)
{
    bool some = present_ms != HASH_NO_EXPIRY;
    switch (condition) {
    case IF_NONE:
        return !some;
    case IF_SOME:
        return some;
    case IF_LATER:
        return some && wanted_ms > present_ms;
    case IF_EARLIER:
        return !some || wanted_ms < present_ms;
    default:
        return true;
    }
}

static enum answer expire_field(struct call *call, struct hash *hash, struct bytes field,
                                enum condition condition, int64_t at_ms)
{
    if (!has_field(hash, field)) {
        return NO_SUCH_FIELD;
    }
    if (!meets(condition, hash_field_expiry(hash, field), at_ms)) {
        return CONDITION_UNMET;
    }
    if (at_ms <= call->now_ms) {
        hash_delete(hash, field);
        call->instance->stats.expired_fields++;
        return DELETED;
    }
    hash_set_expiry(hash, field, at_ms);
    return DONE;
}

static void expire(struct call *call, int64_t unit_ms, bool relative)
{
    struct hash *hash;
    int64_t at_ms;
    if (!hash_write_or_reply(call, 1, &hash) ||
        !read_time_or_reply(call, unit_ms, relative, &at_ms)) {
        return;
    }
    enum condition condition = read_condition(call->argv[3]);
    int at = condition == ALWAYS ? 3 : 4;
    if (!read_fields_or_reply(call, at, "ERR Parameter `numFields` should be greater than 0")) {
        return;
    }
    bool deleted = false, changed = false;
    if (hash != NULL) {
        hash_expiry_begin(
            hash, call->instance->random); /* as Redis, even if no field of these is there */
    }
    reply_array(call->reply, (size_t)(call->argc - at - 2));
    for (int i = at + 2; i < call->argc; i++) {
        enum answer answer = expire_field(call, hash, call->argv[i], condition, at_ms);
        deleted |= answer == DELETED;
        changed |= answer == DONE;
        reply_integer(call->reply, answer);
    }
    if (deleted) {
        keyspace_shrunk(call, call->argv[1], EVENT_HASH, "hdel", hash_count(hash));
    } else if (changed) {
        keyspace_changed(call, call->argv[1], EVENT_HASH, "hexpire");
    } else if (hash != NULL) {
        keyspace_account(call->db, keyspace_found(call->db, call->argv[1]));
    }
}

static void cmd_hexpire(struct call *call)
{
    expire(call, 1000, true);
}

static void cmd_hpexpire(struct call *call)
{
    expire(call, 1, true);
}

static void cmd_hexpireat(struct call *call)
{
    expire(call, 1000, false);
}

static void cmd_hpexpireat(struct call *call)
{
    expire(call, 1, false);
}

/* ---- HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME ---- */

#define BAD_FIELD_COUNT "ERR Number of fields must be a positive integer"

/* Seconds are rounded up. */
static void tell(struct call *call, int64_t unit_ms, bool relative)
{
    struct hash *hash;
    if (!hash_read_or_reply(call, 1, &hash) || !read_fields_or_reply(call, 2, BAD_FIELD_COUNT)) {
        return;
    }
    int64_t base_ms = relative ? call->now_ms : 0;
    reply_array(call->reply, (size_t)call->argc - 4);
    for (int i = 4; i < call->argc; i++) {
        int64_t at_ms = NO_SUCH_FIELD;
        if (has_field(hash, call->argv[i])) {
            at_ms = hash_field_expiry(hash, call->argv[i]);
        }
        reply_integer(call->reply, at_ms < 0 ? at_ms : (at_ms - base_ms + unit_ms - 1) / unit_ms);
    }
}

static void cmd_httl(struct call *call)
{
    tell(call, 1000, true);
}

static void cmd_hpttl(struct call *call)
{
    tell(call, 1, true);
}

static void cmd_hexpiretime(struct call *call)
{
    tell(call, 1000, false);
}

static void cmd_hpexpiretime(struct call *call)
{
    tell(call, 1, false);
}

/* ---- HPERSIST ---- */

static enum answer persist_field(struct hash *hash, struct bytes field)
{
    if (!has_field(hash, field)) {
        return NO_SUCH_FIELD;
    }
    if (hash_field_expiry(hash, field) == HASH_NO_EXPIRY) {
        return NO_EXPIRY_THERE;
    }
    hash_set_expiry(hash, field, HASH_NO_EXPIRY);
    return DONE;
}

static void cmd_hpersist(struct call *call)
{
    struct hash *hash;
    bool changed = false;
    if (!hash_write_or_reply(call, 1, &hash) || !read_fields_or_reply(call, 2, BAD_FIELD_COUNT)) {
        return;
    }
    reply_array(call->reply, (size_t)call->argc - 4);
    for (int i = 4; i < call->argc; i++) {
        enum answer answer = persist_field(hash, call->argv[i]);
        changed |= answer == DONE;
        reply_integer(call->reply, answer);
    }
    if (changed) {
        keyspace_changed(call, call->argv[1], EVENT_HASH, "hpersist");
    }
}

#define CONDITIONS "[condition(nx=token@NX|xx=token@XX|gt=token@GT|lt=token@LT)] "
#define FIELDS "fields{numfields=integer field...}@FIELDS"
#define COMPLEXITY "O(N) where N is the number of specified fields"

static const struct command commands[] = {
    {
        .name = "HEXPIRE",
        .handler = cmd_hexpire,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Set expiry for hash field using relative time to expire (seconds)",
        .arguments = "key#0 seconds=integer " CONDITIONS FIELDS,
    },
    {
        .name = "HPEXPIRE",
        .handler = cmd_hpexpire,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Set expiry for hash field using relative time to expire (milliseconds)",
        .arguments = "key#0 milliseconds=integer " CONDITIONS FIELDS,
    },
    {
        .name = "HEXPIREAT",
        .handler = cmd_hexpireat,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Set expiry for hash field using an absolute Unix timestamp (seconds)",
        .arguments = "key#0 unix-time-seconds=unix-time " CONDITIONS FIELDS,
    },
    {
        .name = "HPEXPIREAT",
        .handler = cmd_hpexpireat,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Set expiry for hash field using an absolute Unix timestamp (milliseconds)",
        .arguments = "key#0 unix-time-milliseconds=unix-time " CONDITIONS FIELDS,
    },
    {
        .name = "HTTL",
        .handler = cmd_httl,
        .arity = -5,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Returns the TTL in seconds of a hash field.",
        .arguments = "key#0 " FIELDS,
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "HPTTL",
        .handler = cmd_hpttl,
        .arity = -5,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Returns the TTL in milliseconds of a hash field.",
        .arguments = "key#0 " FIELDS,
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "HEXPIRETIME",
        .handler = cmd_hexpiretime,
        .arity = -5,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Returns the expiration time of a hash field as a Unix timestamp, in seconds.",
        .arguments = "key#0 " FIELDS,
    },
    {
        .name = "HPEXPIRETIME",
        .handler = cmd_hpexpiretime,
        .arity = -5,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Returns the expiration time of a hash field as a Unix timestamp, in msec.",
        .arguments = "key#0 " FIELDS,
    },
    {
        .name = "HPERSIST",
        .handler = cmd_hpersist,
        .arity = -5,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "7.4.0",
        .complexity = COMPLEXITY,
        .summary = "Removes the expiration time for each specified field",
        .arguments = "key#0 " FIELDS,
    },
};

const struct command_family hash_expiry_family = {"hash", commands, ARRAY_LEN(commands)};
