/* EXPIRE and TTL in all their forms, and PERSIST. */
#include "resp/commands/expiry.h"

#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static const struct option condition_options[] = {
    {"NX", OPTION_FLAG, 0, "7.0.0", 0},
    {"XX", OPTION_FLAG, 0, "7.0.0", 0},
    {"GT", OPTION_FLAG, 0, "7.0.0", 0},
    {"LT", OPTION_FLAG, 0, "7.0.0", 0},
    {0},
};
enum { OPTION_NX, OPTION_XX, OPTION_GT, OPTION_LT, OPTION_COUNT };

static bool read_conditions_or_reply(struct call *call, struct option_found *found)
{
    for (int i = 3; i < call->argc; i++) {
        bool known = false;
        for (size_t option = 0; option < OPTION_COUNT; option++) {
            known |= bytes_equal_string_nocase(call->argv[i], condition_options[option].token);
        }
        if (!known) {
            reply_errorf(call->reply, "ERR Unsupported option %.*s",
                         (int)bytes_slice(call->argv[i], 0, 128).size, call->argv[i].data);
            return false;
        }
    }
    if (!arguments_options_or_reply(call, 3, condition_options, found)) {
        return false;
    }
    if (found[OPTION_NX].present &&
        (found[OPTION_XX].present || found[OPTION_GT].present || found[OPTION_LT].present)) {
        reply_error(call->reply,
                    "ERR NX and XX, GT or LT options at the same time are not compatible");
        return false;
    }
    if (found[OPTION_GT].present && found[OPTION_LT].present) {
        reply_error(call->reply, "ERR GT and LT options at the same time are not compatible");
        return false;
    }
    return true;
}

/* No expiry counts as infinitely far away. */
static bool allowed(const struct option_found *found, int64_t present_ms, int64_t wanted_ms)
{
    bool none = present_ms == NO_EXPIRY;
    return !(found[OPTION_NX].present && !none) && !(found[OPTION_XX].present && none) &&
           !(found[OPTION_GT].present && (none || wanted_ms <= present_ms)) &&
           !(found[OPTION_LT].present && !none && wanted_ms >= present_ms);
}

bool expiry_time_or_reply(struct call *call, int64_t amount, int64_t unit_ms, bool relative,
                          bool positive, int64_t *at_ms)
{
    bool fits = amount <= INT64_MAX / unit_ms && amount >= INT64_MIN / unit_ms;
    int64_t base_ms = relative ? call->now_ms : 0;
    if (!call_supports(call, "7.0.0")) { /* it did not look for overflows, and they wrapped */
        *at_ms = (int64_t)((uint64_t)amount * (uint64_t)unit_ms + (uint64_t)base_ms);
        fits = !(positive && amount <= 0);
        *at_ms = positive && *at_ms < 0 ? NO_EXPIRY : *at_ms; /* it took that for none */
    } else if (fits) {
        *at_ms = amount * unit_ms;
        fits = *at_ms <= INT64_MAX - base_ms && !(positive && amount <= 0);
        *at_ms += fits ? base_ms : 0;
    }
    if (!fits) {
        char name[64];
        command_full_name(call->session->last, name);
        if (call_supports(call, "7.0.0")) {
            reply_errorf(call->reply, "ERR invalid expire time in '%s' command", name);
        } else {
            reply_errorf(call->reply, "ERR invalid expire time in %s", name);
        }
    }
    return fits;
}

static void expire(struct call *call, int64_t unit_ms, bool relative)
{
    struct option_found found[OPTION_COUNT] = {0};
    int64_t amount, at_ms;
    if (call->argc > 3 && !call_supports(call, "7.0.0")) {
        reply_wrong_arity(call);
        return;
    }
    if (!read_conditions_or_reply(call, found) || !argument_integer_or_reply(call, 2, &amount) ||
        !expiry_time_or_reply(call, amount, unit_ms, relative, false, &at_ms)) {
        return;
    }
    struct entry *entry = keyspace_write(call, call->argv[1]);
    if (entry == NULL || !allowed(found, keyspace_expires_at(call->db, entry), at_ms)) {
        reply_integer(call->reply, 0);
        return;
    }
    if (at_ms <= call->now_ms) {
        keyspace_delete_changed(call, call->argv[1]);
    } else {
        keyspace_set_expiry(call->db, entry, at_ms);
        keyspace_changed(call, call->argv[1], EVENT_GENERIC, "expire");
    }
    reply_integer(call->reply, 1);
}

static void cmd_expire(struct call *call)
{
    expire(call, 1000, true);
}

static void cmd_expireat(struct call *call)
{
    expire(call, 1000, false);
}

static void cmd_pexpire(struct call *call)
{
    expire(call, 1, true);
}

static void cmd_pexpireat(struct call *call)
{
    expire(call, 1, false);
}

/* -2 without key, -1 without expiry; seconds are rounded to the nearest, as Redis does. */
static void reply_expiry(struct call *call, int64_t unit_ms, bool relative)
{
    const struct entry *entry = keyspace_look(call, call->argv[1]);
    if (entry == NULL) {
        reply_integer(call->reply, -2);
        return;
    }
    if (!entry_expires(entry)) {
        reply_integer(call->reply, -1);
        return;
    }
    int64_t value = keyspace_expires_at(call->db, entry) - (relative ? call->now_ms : 0);
    reply_integer(call->reply, unit_ms == 1 ? value : (value + 500) / unit_ms);
}

static void cmd_ttl(struct call *call)
{
    reply_expiry(call, 1000, true);
}

static void cmd_pttl(struct call *call)
{
    reply_expiry(call, 1, true);
}

static void cmd_expiretime(struct call *call)
{
    reply_expiry(call, 1000, false);
}

static void cmd_pexpiretime(struct call *call)
{
    reply_expiry(call, 1, false);
}

static void cmd_persist(struct call *call)
{
    struct entry *entry = keyspace_write(call, call->argv[1]);
    if (entry == NULL || !entry_expires(entry)) {
        reply_integer(call->reply, 0);
        return;
    }
    keyspace_set_expiry(call->db, entry, NO_EXPIRY);
    keyspace_changed(call, call->argv[1], EVENT_GENERIC, "persist");
    reply_integer(call->reply, 1);
}

static const struct command commands[] = {
    {
        .name = "EXPIRE",
        .handler = cmd_expire,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Set a key's time to live in seconds",
        .arguments = "key#0 seconds=integer "
                     "[condition(nx=token@NX|xx=token@XX|gt=token@GT|lt=token@LT)^7.0.0]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
                                             {0}},
    },
    {
        .name = "EXPIREAT",
        .handler = cmd_expireat,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Set the expiration for a key as a UNIX timestamp",
        .arguments = "key#0 unix-time-seconds=unix-time "
                     "[condition(nx=token@NX|xx=token@XX|gt=token@GT|lt=token@LT)^7.0.0]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
                                             {0}},
    },
    {
        .name = "EXPIRETIME",
        .handler = cmd_expiretime,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Get the expiration Unix timestamp for a key",
        .arguments = "key#0",
    },
    {
        .name = "PERSIST",
        .handler = cmd_persist,
        .arity = 2,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Remove the expiration from a key",
        .arguments = "key#0",
    },
    {
        .name = "PEXPIRE",
        .handler = cmd_pexpire,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Set a key's time to live in milliseconds",
        .arguments = "key#0 milliseconds=integer "
                     "[condition(nx=token@NX|xx=token@XX|gt=token@GT|lt=token@LT)^7.0.0]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
                                             {0}},
    },
    {
        .name = "PEXPIREAT",
        .handler = cmd_pexpireat,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Set the expiration for a key as a UNIX timestamp specified in "
                   "milliseconds",
        .arguments = "key#0 unix-time-milliseconds=unix-time "
                     "[condition(nx=token@NX|xx=token@XX|gt=token@GT|lt=token@LT)^7.0.0]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
                                             {0}},
    },
    {
        .name = "PEXPIRETIME",
        .handler = cmd_pexpiretime,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Get the expiration Unix timestamp for a key in milliseconds",
        .arguments = "key#0",
    },
    {
        .name = "PTTL",
        .handler = cmd_pttl,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Get the time to live for a key in milliseconds",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history = (const struct command_history[]){{"2.8.0", "Added the -2 reply."}, {0}},
    },
    {
        .name = "TTL",
        .handler = cmd_ttl,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get the time to live for a key in seconds",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history = (const struct command_history[]){{"2.8.0", "Added the -2 reply."}, {0}},
    },
};

const struct command_family expiry_family = {"generic", commands, ARRAY_LEN(commands)};
