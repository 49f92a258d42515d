/* Strings as numbers: INCR, DECRBY, INCRBYFLOAT and friends. */
#include <math.h>

#include "resp/arguments.h"
#include "resp/commands/string.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

/* Puts `text` in place of the value; expiry stays. */
static void update(struct call *call, struct string *string, struct bytes text, const char *event)
{
    struct bytes key = call->argv[1];
    if (string == NULL) {
        keyspace_set_string(call->db, key, text);
    } else {
        struct entry *entry = keyspace_found(call->db, key);
        keyspace_replace_data(call->db, entry, string_replace(string, text));
    }
    keyspace_changed(call, key, EVENT_STRING, event);
}

static void increment(struct call *call, int64_t by)
{
    struct string *string;
    int64_t number = 0;
    if (!string_write_or_reply(call, 1, &string)) {
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
    update(call, string, (struct bytes){digits, int64_to_digits(number, digits)}, "incrby");
    reply_integer(call->reply, number);
}

static void cmd_incr(struct call *call)
{
    increment(call, 1);
}

static void cmd_decr(struct call *call)
{
    increment(call, -1);
}

static void cmd_incrby(struct call *call)
{
    int64_t by;
    if (argument_integer_or_reply(call, 2, &by)) {
        increment(call, by);
    }
}

static void cmd_decrby(struct call *call)
{
    int64_t by;
    if (!argument_integer_or_reply(call, 2, &by)) {
        return;
    }
    if (by == INT64_MIN && call_supports(call, "7.0.0")) {
        reply_error(call->reply, "ERR decrement would overflow");
        return;
    }
    increment(call, by == INT64_MIN ? by : -by); /* 6.0 negated it all the same, without effect */
}

static void cmd_incrbyfloat(struct call *call)
{
    struct string *string;
    long double number = 0, by;
    if (!string_write_or_reply(call, 1, &string)) {
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
    char digits[LONG_DOUBLE_TEXT];
    struct bytes text = {digits, long_double_to_text(number, digits)};
    update(call, string, text, "incrbyfloat");
    struct string *stored = keyspace_found(call->db, call->argv[1])->data;
    stored->form = STRING_TEXT;
    reply_bulk(call->reply, text);
}

static const struct command commands[] = {
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
};

const struct command_family string_counter_family = {"string", commands, ARRAY_LEN(commands)};
