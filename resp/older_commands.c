/* Measured from redis-server 6.0.16; tests/clients/test_redis_six.py compares all of COMMAND. */
#include "resp/older_commands.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/types/stream_group.h"

/* What a container looked at before its subcommand; false after answering. */
typedef bool glance(struct call *call);

static bool glance_at_group(struct call *call)
{
    struct bytes verb = call->argv[1];
    bool creates = bytes_equal_string_nocase(verb, "CREATE"), makes = call->argc == 6 && creates;
    void *stream = NULL;
    if (makes && !bytes_equal_string_nocase(call->argv[5], "MKSTREAM")) {
        reply_unknown_subcommand(call);
        return false;
    }
    if (call->argc < 4) {
        return true;
    }
    if (!value_write_or_reply(call, 2, &stream_type, &stream)) {
        return false;
    }
    if (stream == NULL && !makes) {
        reply_error(call->reply, ERROR_NO_STREAM);
        return false;
    }
    bool needs_group =
        bytes_equal_string_nocase(verb, "SETID") || bytes_equal_string_nocase(verb, "DELCONSUMER");
    struct bytes key = call->argv[2], group = call->argv[3];
    if (needs_group && stream_group_find(stream, group) == NULL) {
        reply_errorf(call->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     (int)group.size, group.data, (int)key.size, key.data);
        return false;
    }
    return true;
}

static bool glance_at_stream(struct call *call)
{
    void *stream;
    if (bytes_equal_string_nocase(call->argv[1], "HELP")) {
        return true;
    }
    if (call->argc < 3) {
        reply_error(call->reply, "ERR syntax error, try 'XINFO HELP'");
        return false;
    }
    if (!value_read_or_reply(call, 2, &stream_type, &stream)) {
        return false;
    }
    if (stream == NULL) {
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
    }
    return stream != NULL;
}

static bool glance_at_cluster(struct call *call)
{
    if (!call->instance->clustered) {
        reply_error(call->reply, ERROR_NO_CLUSTER);
    }
    return call->instance->clustered;
}

#define NO_KEYS                                                                                    \
    {                                                                                              \
        .begin = KEY_BEGIN_NONE                                                                    \
    }

/* Flags and categories that only one of the two has: 6.0, or the row. */
struct older_command {
    const char *name;
    int arity; /* 0: as now */
    unsigned flags, categories;
    bool other_keys;
    struct key_spec key;
    glance *glance;
    bool unlisted;
};

enum {
    MOVED_TO_KEYSPACE = CATEGORY_CONNECTION | CATEGORY_KEYSPACE,
    SIGN_IN = CMD_SKIP_MONITOR | CMD_SKIP_SLOWLOG,
    ANY_TIME = CMD_LOADING | CMD_STALE,
    CONTROLS = CMD_ADMIN | CMD_NOSCRIPT,
};

/* Sorted by name. */
static const struct older_command older_commands[] = {
    {.name = "ACL", .flags = CONTROLS | ANY_TIME | CMD_SKIP_SLOWLOG},
    {.name = "ASKING", .categories = MOVED_TO_KEYSPACE},
    {.name = "AUTH", .flags = SIGN_IN},
    {.name = "CLIENT", .flags = CONTROLS | ANY_TIME | CMD_RANDOM},
    {.name = "CLUSTER", .flags = CMD_ADMIN | CMD_STALE | CMD_RANDOM, .glance = glance_at_cluster},
    {.name = "COMMAND", .flags = CMD_RANDOM},
    {.name = "CONFIG", .flags = CONTROLS | ANY_TIME},
    {.name = "DUMP", .flags = CMD_RANDOM},
    {.name = "ECHO", .flags = ANY_TIME | CMD_READONLY},
    {.name = "EVAL", .flags = CMD_SKIP_MONITOR | CMD_STALE},
    {.name = "EVALSHA", .flags = CMD_SKIP_MONITOR | CMD_STALE},
    {.name = "EXEC", .flags = CMD_SKIP_MONITOR},
    {.name = "EXPIRE", .arity = 3},
    {.name = "EXPIREAT", .arity = 3},
    {.name = "HELLO", .arity = -2, .flags = SIGN_IN},
    {.name = "HGETALL", .flags = CMD_RANDOM},
    {.name = "HKEYS", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "HSCAN", .flags = CMD_RANDOM},
    {.name = "HVALS", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "INFO", .flags = CMD_RANDOM},
    {.name = "KEYS", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "LASTSAVE", .flags = CMD_RANDOM | CMD_READONLY},
    {.name = "LATENCY", .flags = CONTROLS | ANY_TIME},
    {.name = "LPOP", .arity = 2},
    {.name = "MEMORY",
     .flags = CMD_RANDOM | CMD_READONLY,
     .other_keys = true,
     .key = {.begin = KEY_BEGIN_KEYWORD,
             .keyword = "USAGE",
             .start_from = 1,
             .find = KEY_FIND_RANGE,
             .step = 1,
             .flags = KEY_RO}},
    {.name = "MODULE", .flags = CONTROLS},
    {.name = "OBJECT",
     .flags = CMD_RANDOM | CMD_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .other_keys = true,
     .key = KEY_RANGE(KEY_RO, 2, 0, 1)},
    {.name = "PEXPIRE", .arity = 3},
    {.name = "PEXPIREAT", .arity = 3},
    {.name = "PFDEBUG",
     .arity = -3,
     .flags = CMD_DENY_OOM,
     .categories = CATEGORY_HYPERLOGLOG,
     .other_keys = true,
     .key = NO_KEYS},
    {.name = "PING", .flags = CMD_STALE},
    {.name = "PSYNC", .arity = 3},
    {.name = "PTTL", .flags = CMD_RANDOM},
    {.name = "PUBSUB", .flags = ANY_TIME | CMD_PUBSUB | CMD_RANDOM},
    {.name = "QUIT", .unlisted = true},
    {.name = "RANDOMKEY", .flags = CMD_RANDOM},
    {.name = "READONLY", .flags = ANY_TIME, .categories = MOVED_TO_KEYSPACE},
    {.name = "READWRITE", .flags = ANY_TIME, .categories = MOVED_TO_KEYSPACE},
    {.name = "ROLE", .flags = CMD_READONLY, .categories = CATEGORY_ADMIN},
    {.name = "RPOP", .arity = 2},
    {.name = "SCAN", .flags = CMD_RANDOM},
    {.name = "SCRIPT", .flags = CMD_NOSCRIPT},
    {.name = "SDIFF", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "SELECT", .categories = MOVED_TO_KEYSPACE},
    {.name = "SINTER", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "SLOWLOG", .flags = CMD_ADMIN | ANY_TIME | CMD_RANDOM},
    {.name = "SMEMBERS", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "SPOP", .flags = CMD_RANDOM},
    {.name = "SRANDMEMBER", .flags = CMD_RANDOM},
    {.name = "SSCAN", .flags = CMD_RANDOM},
    {.name = "SUNION", .flags = CMD_SORT_FOR_SCRIPT},
    {.name = "TIME", .flags = CMD_RANDOM | CMD_READONLY},
    {.name = "TTL", .flags = CMD_RANDOM},
    {.name = "WAIT", .categories = MOVED_TO_KEYSPACE},
    {.name = "XACK", .flags = CMD_RANDOM},
    {.name = "XADD", .flags = CMD_RANDOM},
    {.name = "XCLAIM", .flags = CMD_RANDOM},
    {.name = "XGROUP",
     .flags = CMD_DENY_OOM | CMD_WRITE,
     .other_keys = true,
     .key = KEY_RANGE(KEY_RW, 2, 0, 1),
     .glance = glance_at_group},
    {.name = "XINFO",
     .flags = CMD_RANDOM | CMD_READONLY,
     .other_keys = true,
     .key = KEY_RANGE(KEY_RO, 2, 0, 1),
     .glance = glance_at_stream},
    {.name = "XPENDING", .flags = CMD_RANDOM},
    {.name = "XSETID", .arity = 3},
    {.name = "XTRIM", .arity = -2, .flags = CMD_RANDOM},
    {.name = "ZSCAN", .flags = CMD_RANDOM},
};

struct older_row {
    struct command command;
    const struct command *now;
    const struct older_command *older;
};

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct older_command *)row)->name);
}

static const struct older_command *find_older(const struct command *command)
{
    return bsearch(command->name, older_commands, ARRAY_LEN(older_commands),
                   sizeof(older_commands[0]), compare_name);
}

struct older_row *older_rows_create(void)
{
    return memory_allocate_zeroed(ARRAY_LEN(older_commands) * sizeof(struct older_row));
}

static void run_container(struct call *call);

const struct command *older_row_of(struct older_row *rows, const struct command *command)
{
    const struct older_command *older = find_older(command);
    if (older == NULL) {
        return command;
    }
    struct older_row *row = &rows[older - older_commands];
    *row = (struct older_row){.command = *command, .now = command, .older = older};
    row->command.arity = older->arity != 0 ? older->arity : command->arity;
    row->command.flags ^= older->flags;
    if (older->other_keys) {
        memset(row->command.keys, 0, sizeof(row->command.keys));
        row->command.keys[0] = older->key;
    }
    if (command->subcommands != NULL) {
        row->command.handler = run_container;
    }
    return &row->command;
}

unsigned older_categories(const struct command *command, unsigned categories)
{
    const struct older_command *older = find_older(command);
    return older == NULL ? categories : categories ^ older->categories;
}

bool older_unlisted(const struct command *command)
{
    const struct older_command *older = find_older(command);
    return older != NULL && older->unlisted;
}

const struct command *older_subcommand(const struct instance *instance,
                                       const struct command *command, const struct bytes *argv,
                                       int argc)
{
    if (argc < 2 || command->handler != run_container) {
        return NULL;
    }
    for (const struct command *sub = command->subcommands; sub->name != NULL; sub++) {
        if (bytes_equal_string_nocase(argv[1], sub->name)) {
            return command_table_knows(&instance->commands, sub) ? sub : NULL;
        }
    }
    return NULL;
}

/* Subcommands that took other numbers of arguments. */
static const struct older_arity {
    const char *container, *name;
    int least, most;
} older_arities[] = {
    {"CLIENT", "CACHING", 3, INT_MAX},  {"CLIENT", "KILL", 2, INT_MAX},
    {"CLIENT", "PAUSE", 3, 3},          {"CLIENT", "UNBLOCK", 3, 4},
    {"COMMAND", "GETKEYS", 3, INT_MAX}, {"SCRIPT", "EXISTS", 2, INT_MAX},
    {"SCRIPT", "FLUSH", 2, 2},
};

static bool arity_fits(const struct command *container, const struct command *sub, int argc)
{
    for (size_t i = 0; i < ARRAY_LEN(older_arities); i++) {
        const struct older_arity *arity = &older_arities[i];
        if (strcmp(arity->container, container->name) == 0 && strcmp(arity->name, sub->name) == 0) {
            return argc >= arity->least && argc <= arity->most;
        }
    }
    return sub->arity > 0 ? argc == sub->arity : argc >= -sub->arity;
}

static void run_container(struct call *call)
{
    const struct older_row *row = CONTAINER_OF(call->command, const struct older_row, command);
    if (call->argc == 1) {
        row->now->handler(call);
        return;
    }
    if (row->older->glance != NULL && !row->older->glance(call)) {
        return;
    }
    bool help = bytes_equal_string_nocase(call->argv[1], "HELP") &&
                (call->argc == 2 || row->older->glance == glance_at_stream);
    if (help && reply_older_help(call)) {
        return;
    }
    const struct command *sub =
        older_subcommand(call->instance, call->command, call->argv, call->argc);
    if (sub == NULL || !arity_fits(row->now, sub, call->argc)) {
        reply_unknown_subcommand(call);
        return;
    }
    call->command = sub;
    sub->handler(call);
}
