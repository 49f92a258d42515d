/* The string family: GET, SET and its options, counters, ranges. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/expiry.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/types/string.h"

enum { LONGEST_STRING = 512 * 1024 * 1024 };

static void reply_string(struct call *call, const struct string *string)
{
    if (string == NULL) {
        reply_null(call->reply);
    } else {
        reply_bulk(call->reply, string_bytes(string));
    }
}

static bool read_or_reply(struct call *call, int index, struct string **string)
{
    void *data;
    bool typed = value_read_or_reply(call, index, &string_type, &data);
    *string = data;
    return typed;
}

static bool write_or_reply(struct call *call, int index, struct string **string)
{
    void *data;
    bool typed = value_write_or_reply(call, index, &string_type, &data);
    *string = data;
    return typed;
}

static void cmd_get(struct call *call)
{
    struct string *string;
    if (read_or_reply(call, 1, &string)) {
        reply_string(call, string);
    }
    call->instance->stats.get_commands++;
}

/* ---- SET ---- */

static const struct option set_options[] = {
    {"EX", OPTION_INTEGER, 1, NULL, 0},
    {"PX", OPTION_INTEGER, 1, NULL, 0},
    {"EXAT", OPTION_INTEGER, 1, "6.2.0", 0},
    {"PXAT", OPTION_INTEGER, 1, "6.2.0", 0},
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
            return expiry_time_or_reply(call, found[i].integer, seconds ? 1000 : 1, relative, true,
                                        at_ms);
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
        kept_ms = entry == NULL ? NO_EXPIRY : entry->expires_at_ms;
    }
    struct entry *entry = keyspace_set_string(call->db, key, text);
    at_ms = keep_expiry ? kept_ms : at_ms;
    if (at_ms != NO_EXPIRY) {
        keyspace_set_expiry(call->db, entry, at_ms);
    }
    keyspace_changed(call, key, EVENT_STRING, "set");
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
        if (!read_or_reply(call, 1, &old)) {
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
    if (read_or_reply(call, 1, &string)) {
        reply_string(call, string);
        store(call, call->argv[1], call->argv[2], NO_EXPIRY, false);
    }
}

static void cmd_getdel(struct call *call)
{
    struct string *string;
    if (!read_or_reply(call, 1, &string)) {
        return;
    }
    reply_string(call, string);
    if (string != NULL) {
        keyspace_delete(call->db, call->argv[1]);
        keyspace_changed(call, call->argv[1], EVENT_GENERIC, "del");
    }
}

static const struct option getex_options[] = {
    {"EX", OPTION_INTEGER, 1, NULL, 0},   {"PX", OPTION_INTEGER, 1, NULL, 0},
    {"EXAT", OPTION_INTEGER, 1, NULL, 0}, {"PXAT", OPTION_INTEGER, 1, NULL, 0},
    {"PERSIST", OPTION_FLAG, 1, NULL, 0}, {0},
};
enum { GETEX_PERSIST = 4, GETEX_OPTIONS };

static void cmd_getex(struct call *call)
{
    struct option_found found[GETEX_OPTIONS];
    int64_t at_ms;
    struct string *string;
    if (!arguments_options_or_reply(call, 2, getex_options, found) ||
        !read_or_reply(call, 1, &string)) {
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
        keyspace_delete(call->db, key);
        keyspace_changed(call, key, EVENT_GENERIC, "del");
    } else if (at_ms != NO_EXPIRY) {
        keyspace_set_expiry(call->db, entry, at_ms);
        keyspace_changed(call, key, EVENT_GENERIC, "expire");
    } else if (found[GETEX_PERSIST].present && entry->expires_at_ms != NO_EXPIRY) {
        keyspace_set_expiry(call->db, entry, NO_EXPIRY);
        keyspace_changed(call, key, EVENT_GENERIC, "persist");
    }
}

/* ---- Several keys ---- */

static void cmd_mget(struct call *call)
{
    reply_array(call->reply, (size_t)call->argc - 1);
    for (int i = 1; i < call->argc; i++) {
        const struct entry *entry = keyspace_read(call, call->argv[i]);
        reply_string(call, entry != NULL && entry->type == &string_type ? entry->data : NULL);
    }
    call->instance->stats.get_commands++;
}

static bool pairs_or_reply(struct call *call)
{
    if (call->argc % 2 == 1) {
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

/* ---- Counters ---- */

/* Puts `text` in place of the value; expiry stays. */
static void update(struct call *call, struct string *string, struct bytes text, const char *event)
{
    struct bytes key = call->argv[1];
    if (string == NULL) {
        keyspace_set_string(call->db, key, text);
    } else {
        struct entry *entry = keyspace_write(call, key);
        keyspace_replace_data(call->db, entry, string_replace(string, text));
    }
    keyspace_changed(call, key, EVENT_STRING, event);
}

static void increment(struct call *call, int64_t by, const char *event)
{
    struct string *string;
    int64_t number = 0;
    if (!write_or_reply(call, 1, &string)) {
        return;
    }
    if (string != NULL && !string_integer(string, &number)) {
        reply_error(call->reply, ERROR_NOT_INTEGER);
        return;
    }
    if (by < 0 ? number < INT64_MIN - by : number > INT64_MAX - by) {
        reply_error(call->reply, "ERR increment or decrement would overflow");
        return;
    }
    char digits[24];
    number += by;
    update(call, string, (struct bytes){digits, int64_to_digits(number, digits)}, event);
    reply_integer(call->reply, number);
}

static void cmd_incr(struct call *call)
{
    increment(call, 1, "incrby");
}

static void cmd_decr(struct call *call)
{
    increment(call, -1, "decrby");
}

static void cmd_incrby(struct call *call)
{
    int64_t by;
    if (argument_integer_or_reply(call, 2, &by)) {
        increment(call, by, "incrby");
    }
}

static void cmd_decrby(struct call *call)
{
    int64_t by;
    if (!argument_integer_or_reply(call, 2, &by)) {
        return;
    }
    if (by == INT64_MIN) {
        reply_error(call->reply, "ERR decrement would overflow");
        return;
    }
    increment(call, -by, "decrby");
}

static size_t long_double_to_text(long double number, char text[256])
{
    int size = snprintf(text, 256, "%.17Lf", number);
    if (size >= 256) {
        return (size_t)snprintf(text, 256, "%.17Lg", number);
    }
    while (size > 0 && text[size - 1] == '0') {
        size--;
    }
    if (size > 0 && text[size - 1] == '.') {
        size--;
    }
    if (size == 2 && memcmp(text, "-0", 2) == 0) {
        text[0] = '0';
        size = 1;
    }
    return (size_t)size;
}

static void cmd_incrbyfloat(struct call *call)
{
    struct string *string;
    long double number = 0, by;
    if (!write_or_reply(call, 1, &string)) {
        return;
    }
    if (string != NULL && !bytes_to_long_double(string_bytes(string), &number)) {
        reply_error(call->reply, ERROR_NOT_FLOAT);
        return;
    }
    if (!argument_long_double_or_reply(call, 2, &by)) {
        return;
    }
    number += by;
    if (isnan(number) || isinf(number)) {
        reply_error(call->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    char digits[256];
    struct bytes text = {digits, long_double_to_text(number, digits)};
    update(call, string, text, "incrbyfloat");
    reply_bulk(call->reply, text);
}

/* ---- Parts of a string ---- */

static bool length_or_reply(struct call *call, uint64_t length)
{
    if (length <= LONGEST_STRING) {
        return true;
    }
    reply_error(call->reply, call_supports(call, "7.0.0")
                                 ? "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
                                 : "ERR string exceeds maximum allowed size (512MB)");
    return false;
}

/* Writes at `offset`, creating the value where there is none. */
static void write_part(struct call *call, struct string *string, size_t offset, struct bytes text,
                       const char *event)
{
    struct bytes key = call->argv[1];
    if (string == NULL) {
        keyspace_set_string(call->db, key, (struct bytes){"", 0});
    }
    struct entry *entry = keyspace_write(call, key);
    keyspace_replace_data(call->db, entry, string_write(entry->data, offset, text));
    keyspace_changed(call, key, EVENT_STRING, event);
    string = entry->data;
    reply_integer(call->reply, (int64_t)string->size);
}

static void cmd_append(struct call *call)
{
    struct string *string;
    if (!write_or_reply(call, 1, &string)) {
        return;
    }
    size_t size = string == NULL ? 0 : string->size;
    if (!length_or_reply(call, (uint64_t)size + call->argv[2].size)) {
        return;
    }
    if (string == NULL) {
        keyspace_set_string(call->db, call->argv[1], call->argv[2]);
        keyspace_changed(call, call->argv[1], EVENT_STRING, "append");
        reply_integer(call->reply, (int64_t)call->argv[2].size);
        return;
    }
    write_part(call, string, size, call->argv[2], "append");
}

static void cmd_strlen(struct call *call)
{
    struct string *string;
    if (read_or_reply(call, 1, &string)) {
        reply_integer(call->reply, string == NULL ? 0 : (int64_t)string->size);
    }
}

static void cmd_setrange(struct call *call)
{
    int64_t offset;
    if (!argument_integer_or_reply(call, 2, &offset)) {
        return;
    }
    if (offset < 0) {
        reply_error(call->reply, "ERR offset is out of range");
        return;
    }
    struct string *string;
    if (!write_or_reply(call, 1, &string)) {
        return;
    }
    struct bytes text = call->argv[3];
    if (text.size == 0) {
        reply_integer(call->reply, string == NULL ? 0 : (int64_t)string->size);
        return;
    }
    if (length_or_reply(call, (uint64_t)offset + text.size)) {
        write_part(call, string, (size_t)offset, text, "setrange");
    }
}

static void cmd_getrange(struct call *call)
{
    int64_t start, end;
    struct string *string;
    if (!argument_integer_or_reply(call, 2, &start) || !argument_integer_or_reply(call, 3, &end) ||
        !read_or_reply(call, 1, &string)) {
        return;
    }
    int64_t size = string == NULL ? 0 : (int64_t)string->size;
    if (size == 0 || (start < 0 && end < 0 && start > end)) {
        reply_bulk(call->reply, BYTES(""));
        return;
    }
    start = start < 0 ? start + size : start;
    end = end < 0 ? end + size : end;
    start = start < 0 ? 0 : start;
    end = end < 0 ? 0 : end >= size ? size - 1 : end;
    reply_bulk(call->reply,
               start > end ? BYTES("")
                           : bytes_slice(string_bytes(string), (size_t)start, (size_t)end + 1));
}

static const struct command commands[] = {
    {
        .name = "APPEND",
        .handler = cmd_append,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1). The amortized time complexity is O(1) assuming the appended value "
                      "is small and the already present value is of any size, since the "
                      "dynamic string library used by Redis will double the free space "
                      "available on every reallocation.",
        .summary = "Append a value to a key",
        .arguments = "key#0 value",
    },
    {
        .name = "DECR",
        .handler = cmd_decr,
        .arity = 2,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Decrement the integer value of a key by one",
        .arguments = "key#0",
    },
    {
        .name = "DECRBY",
        .handler = cmd_decrby,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Decrement the integer value of a key by the given number",
        .arguments = "key#0 decrement=integer",
    },
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
        .name = "GETRANGE",
        .handler = cmd_getrange,
        .arity = 4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.4.0",
        .complexity = "O(N) where N is the length of the returned string. The complexity is "
                      "ultimately determined by the returned length, but because creating a "
                      "substring from an existing string is very cheap, it can be considered "
                      "O(1) for small strings.",
        .summary = "Get a substring of the string stored at a key",
        .arguments = "key#0 start=integer end=integer",
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
        .name = "INCR",
        .handler = cmd_incr,
        .arity = 2,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Increment the integer value of a key by one",
        .arguments = "key#0",
    },
    {
        .name = "INCRBY",
        .handler = cmd_incrby,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Increment the integer value of a key by the given amount",
        .arguments = "key#0 increment=integer",
    },
    {
        .name = "INCRBYFLOAT",
        .handler = cmd_incrbyfloat,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Increment the float value of a key by the given amount",
        .arguments = "key#0 increment=double",
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
    {
        .name = "SETRANGE",
        .handler = cmd_setrange,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1), not counting the time taken to copy the new string in place. "
                      "Usually, this string is very small so the amortized complexity is O(1). "
                      "Otherwise, complexity is O(M) with M being the length of the value "
                      "argument.",
        .summary = "Overwrite part of a string at key starting at the specified offset",
        .arguments = "key#0 offset=integer value",
    },
    {
        .name = "STRLEN",
        .handler = cmd_strlen,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Get the length of the value stored in a key",
        .arguments = "key#0",
    },
    {
        .name = "SUBSTR",
        .handler = cmd_getrange,
        .arity = 4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the length of the returned string. The complexity is "
                      "ultimately determined by the returned length, but because creating a "
                      "substring from an existing string is very cheap, it can be considered "
                      "O(1) for small strings.",
        .summary = "Get a substring of the string stored at a key",
        .arguments = "key#0 start=integer end=integer",
        .deprecated_since = "2.0.0",
        .replaced_by = "`GETRANGE`",
    },
};

const struct command_family string_family = {"string", commands, ARRAY_LEN(commands)};
