/* The string family: GET, SET and its options, several keys at once. */
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/expiry.h"
#include "resp/commands/string.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static void reply_string(struct call *call, const struct string *string)
{
    if (string == NULL) {
        reply_null(call->reply);
    } else {
        reply_bulk(call->reply, string_bytes(string));
    }
}

static void cmd_get(struct call *call)
{
    struct string *string;
    if (string_read_or_reply(call, 1, &string)) {
        reply_string(call, string);
    }
    call->instance->stats.get_commands++;
}

/* ---- SET ---- */

static const struct option set_options[] = {
    {"EX", OPTION_BYTES, 1, NULL, 0},
    {"PX", OPTION_BYTES, 1, NULL, 0},
    {"EXAT", OPTION_BYTES, 1, "6.2.0", 0},
    {"PXAT", OPTION_BYTES, 1, "6.2.0", 0},
    {"KEEPTTL", OPTION_FLAG, 1, "6.0.0", 0},
    {"NX", OPTION_FLAG, 2, NULL, 0},
    {"XX", OPTION_FLAG, 2, NULL, 0},
    {"GET", OPTION_FLAG, 0, "6.2.0", 0},
    {0},
};
enum { SET_EX, SET_PX, SET_EXAT, SET_PXAT, SET_KEEPTTL, SET_NX, SET_XX, SET_GET, SET_OPTIONS };

/* The first four options of SET and GETEX; *at_ms is NO_EXPIRY when none of them is there. */
static bool expiry_option_or_reply(struct call *call, const struct option_found *found,
                                   int64_t *at_ms)
{
    *at_ms = NO_EXPIRY;
    for (size_t i = SET_EX; i <= SET_PXAT; i++) {
        if (found[i].present) {
            bool seconds = i == SET_EX || i == SET_EXAT, relative = i == SET_EX || i == SET_PX;
            int64_t amount;
            if (!bytes_to_int64(found[i].bytes, &amount)) {
                reply_error(call->reply, ERROR_NOT_INTEGER);
                return false;
            }
            return expiry_time_or_reply(call, amount, seconds ? 1000 : 1, relative, true, at_ms);
        }
    }
    return true;
}

/* Stores; a time that has passed already deletes, as Redis 7 does on its way. */
static void store(struct call *call, struct bytes key, struct bytes text, int64_t at_ms,
                  bool keep_expiry)
{
    int64_t kept_ms = NO_EXPIRY;
    if (keep_expiry) {
        const struct entry *entry = keyspace_peek_at(call->db, key, call->now_ms);
        kept_ms = entry == NULL ? NO_EXPIRY : keyspace_expires_at(call->db, entry);
    }
    struct entry *entry = keyspace_set_string(call->db, key, text);
    at_ms = keep_expiry ? kept_ms : at_ms;
    if (at_ms != NO_EXPIRY) {
        keyspace_set_expiry(call->db, entry, at_ms);
    }
    keyspace_changed(call, key, EVENT_STRING, "set");
    if (at_ms != NO_EXPIRY && !keep_expiry && call->instance->pubsub.notify != 0) {
        notify_event(call->instance, keyspace_index(call->db), key, EVENT_GENERIC, "expire");
    }
    call->instance->stats.set_commands++;
}

static void set_with_options(struct call *call)
{
    struct option_found found[SET_OPTIONS];
    int64_t at_ms;
    if (!arguments_options_or_reply(call, 3, set_options, found)) {
        return;
    }
    if (found[SET_GET].present && found[SET_NX].present && !call_supports(call, "7.0.0")) {
        reply_syntax_error(call);
        return;
    }
    if (!expiry_option_or_reply(call, found, &at_ms)) {
        return;
    }
    struct bytes key = call->argv[1];
    bool get = found[SET_GET].present;
    if (get) {
        struct string *old;
        if (!string_read_or_reply(call, 1, &old)) {
            return;
        }
        reply_string(call, old);
    }
    if (found[SET_NX].present || found[SET_XX].present) {
        bool exists = keyspace_write(call, key) != NULL;
        if (exists == found[SET_NX].present) {
            if (!get) {
                reply_null(call->reply);
            }
            return;
        }
    }
    store(call, key, call->argv[2], at_ms, found[SET_KEEPTTL].present);
    if (!get) {
        reply_ok(call->reply);
    }
}

static void cmd_set(struct call *call)
{
    if (call->argc > 3) {
        set_with_options(call);
        return;
    }
    store(call, call->argv[1], call->argv[2], NO_EXPIRY, false);
    reply_ok(call->reply);
}

static void cmd_setnx(struct call *call)
{
    bool free = keyspace_write(call, call->argv[1]) == NULL;
    if (free) {
        store(call, call->argv[1], call->argv[2], NO_EXPIRY, false);
    }
    reply_integer(call->reply, free ? 1 : 0);
}

static void set_for(struct call *call, int64_t unit_ms)
{
    int64_t amount, at_ms;
    if (argument_integer_or_reply(call, 2, &amount) &&
        expiry_time_or_reply(call, amount, unit_ms, true, true, &at_ms)) {
        store(call, call->argv[1], call->argv[3], at_ms, false);
        reply_ok(call->reply);
    }
}

static void cmd_setex(struct call *call)
{
    set_for(call, 1000);
}

static void cmd_psetex(struct call *call)
{
    set_for(call, 1);
}

static void cmd_getset(struct call *call)
{
    struct string *string;
    if (string_read_or_reply(call, 1, &string)) {
        reply_string(call, string);
        store(call, call->argv[1], call->argv[2], NO_EXPIRY, false);
    }
}

static void cmd_getdel(struct call *call)
{
    struct string *string;
    if (!string_read_or_reply(call, 1, &string)) {
        return;
    }
    reply_string(call, string);
    if (string != NULL) {
        keyspace_delete_changed(call, call->argv[1]);
    }
}

static const struct option getex_options[] = {
    {"EX", OPTION_BYTES, 1, NULL, 0},     {"PX", OPTION_BYTES, 1, NULL, 0},
    {"EXAT", OPTION_BYTES, 1, NULL, 0},   {"PXAT", OPTION_BYTES, 1, NULL, 0},
    {"PERSIST", OPTION_FLAG, 1, NULL, 0}, {0},
};
enum { GETEX_PERSIST = 4, GETEX_OPTIONS };

static void cmd_getex(struct call *call)
{
    struct option_found found[GETEX_OPTIONS];
    int64_t at_ms;
    struct string *string;
    if (!arguments_options_or_reply(call, 2, getex_options, found) ||
        !string_read_or_reply(call, 1, &string)) {
        return;
    }
    if (string == NULL) {
        reply_null(call->reply);
        return;
    }
    if (!expiry_option_or_reply(call, found, &at_ms)) {
        return;
    }
    reply_string(call, string);
    struct bytes key = call->argv[1];
    struct entry *entry = keyspace_peek_at(call->db, key, call->now_ms);
    if (at_ms != NO_EXPIRY && at_ms <= call->now_ms) {
        keyspace_delete_changed(call, key);
    } else if (at_ms != NO_EXPIRY) {
        keyspace_set_expiry(call->db, entry, at_ms);
        keyspace_changed(call, key, EVENT_GENERIC, "expire");
    } else if (found[GETEX_PERSIST].present && entry_expires(entry)) {
        keyspace_set_expiry(call->db, entry, NO_EXPIRY);
        keyspace_changed(call, key, EVENT_GENERIC, "persist");
    }
}

/* ---- Several keys ---- */

static void cmd_mget(struct call *call)
{
    reply_array(call->reply, (size_t)call->argc - 1);
    keyspace_prefetch(call->db, call->argv + 1, (size_t)call->argc - 1, 1);
    for (int i = 1; i < call->argc; i++) {
        const struct entry *entry = keyspace_read(call, call->argv[i]);
        reply_string(call, entry != NULL && entry->kind == VALUE_STRING ? entry->data : NULL);
    }
    call->instance->stats.get_commands++;
}

static bool pairs_or_reply(struct call *call)
{
    if (call->argc % 2 == 1) {
        keyspace_prefetch(call->db, call->argv + 1, (size_t)call->argc / 2, 2);
        return true;
    }
    if (call_supports(call, "7.0.0")) {
        reply_wrong_arity(call);
    } else {
        reply_error(call->reply, "ERR wrong number of arguments for MSET");
    }
    return false;
}

static void set_pairs(struct call *call)
{
    for (int i = 1; i < call->argc; i += 2) {
        store(call, call->argv[i], call->argv[i + 1], NO_EXPIRY, false);
    }
}

static void cmd_mset(struct call *call)
{
    if (pairs_or_reply(call)) {
        set_pairs(call);
        reply_ok(call->reply);
    }
}

static void cmd_msetnx(struct call *call)
{
    if (!pairs_or_reply(call)) {
        return;
    }
    for (int i = 1; i < call->argc; i += 2) {
        if (keyspace_write(call, call->argv[i]) != NULL) {
            reply_integer(call->reply, 0);
            return;
        }
    }
    set_pairs(call);
    reply_integer(call->reply, 1);
}

/* The old value is read for GET only. */
static unsigned set_key_flags(const struct bytes *argv, int argc)
{
    for (int i = 3; i < argc; i++) {
        if (bytes_equal_string_nocase(argv[i], "GET")) {
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_OW | KEY_UPDATE;
}

static const struct command commands[] = {
    {
        .name = "GET",
        .handler = cmd_get,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get the value of a key",
        .arguments = "key#0",
    },
    {
        .name = "GETDEL",
        .handler = cmd_getdel,
        .arity = 2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Get the value of a key and delete the key",
        .arguments = "key#0",
    },
    {
        .name = "GETEX",
        .handler = cmd_getex,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE,
                  .notes = "RW and UPDATE because it changes the TTL"}},
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Get the value of a key and optionally set its expiration",
        .arguments = "key#0 "
                     "[expiration(seconds=integer@EX|milliseconds=integer@PX|unix-time-seconds="
                     "unix-time@EXAT|unix-time-milliseconds=unix-time@PXAT|persist=token@PERSIST)]",
    },
    {
        .name = "GETSET",
        .handler = cmd_getset,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Set the string value of a key and return its old value",
        .arguments = "key#0 value",
        .deprecated_since = "6.2.0",
        .replaced_by = "`SET` with the `!GET` argument",
    },
    {
        .name = "MGET",
        .handler = cmd_mget,
        .arity = -2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of keys to retrieve.",
        .summary = "Get the values of all the given keys",
        .arguments = "key#0...",
        .tips = (const char *const[]){"request_policy:multi_shard", NULL},
    },
    {
        .name = "MSET",
        .handler = cmd_mset,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, -1, 2)},
        .since = "1.0.1",
        .complexity = "O(N) where N is the number of keys to set.",
        .summary = "Set multiple keys to multiple values",
        .arguments = "key_value{key#0 value}...",
        .tips = (const char *const[]){"request_policy:multi_shard", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "MSETNX",
        .handler = cmd_msetnx,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_INSERT, 1, -1, 2)},
        .since = "1.0.1",
        .complexity = "O(N) where N is the number of keys to set.",
        .summary = "Set multiple keys to multiple values, only if none of the keys exist",
        .arguments = "key_value{key#0 value}...",
        .tips =
            (const char *const[]){"request_policy:multi_shard", "response_policy:agg_min", NULL},
    },
    {
        .name = "PSETEX",
        .handler = cmd_psetex,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Set the value and expiration in milliseconds of a key",
        .arguments = "key#0 milliseconds=integer value",
    },
    {
        .name = "SET",
        .handler = cmd_set,
        .key_flags = set_key_flags,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE,
                  .notes = "RW and ACCESS due to the optional `GET` argument"}},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Set the string value of a key",
        .arguments = "key#0 value [condition(nx=token@NX|xx=token@XX)^2.6.12] "
                     "[get=token@GET^6.2.0] "
                     "[expiration(seconds=integer@EX^2.6.12|milliseconds=integer@PX^2.6.12|unix-"
                     "time-seconds=unix-time@EXAT^6.2.0|unix-time-milliseconds=unix-time@PXAT^6.2."
                     "0|keepttl=token@KEEPTTL^6.0.0)]",
        .history =
            (const struct command_history[]){
                {"2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."},
                {"6.0.0", "Added the `KEEPTTL` option."},
                {"6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."},
                {"7.0.0", "Allowed the `NX` and `GET` options to be used together."},
                {0}},
    },
    {
        .name = "SETEX",
        .handler = cmd_setex,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Set the value and expiration of a key",
        .arguments = "key#0 seconds=integer value",
    },
    {
        .name = "SETNX",
        .handler = cmd_setnx,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_OW | KEY_INSERT, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Set the value of a key, only if the key does not exist",
        .arguments = "key#0 value",
    },
};

const struct command_family string_family = {"string", commands, ARRAY_LEN(commands)};
