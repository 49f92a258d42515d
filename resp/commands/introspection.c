/* COMMAND and its subcommands, all read from the rows. */
#include <string.h>

#include "resp/arguments.h"
#include "resp/command_arguments.h"
#include "resp/commands/help.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/older_commands.h"

static const struct {
    unsigned flag;
    const char *name;
    const char *since;
} flag_names[] = {
    {CMD_WRITE, "write", NULL},
    {CMD_READONLY, "readonly", NULL},
    {CMD_DENY_OOM, "denyoom", NULL},
    {CMD_ADMIN, "admin", NULL},
    {CMD_PUBSUB, "pubsub", NULL},
    {CMD_NOSCRIPT, "noscript", NULL},
    {CMD_BLOCKING, "blocking", "7.0.0"},
    {CMD_RANDOM, "random", NULL},
    {CMD_SORT_FOR_SCRIPT, "sort_for_script", NULL},
    {CMD_LOADING, "loading", NULL},
    {CMD_STALE, "stale", NULL},
    {CMD_SKIP_MONITOR, "skip_monitor", NULL},
    {CMD_SKIP_SLOWLOG, "skip_slowlog", NULL},
    {CMD_ASKING, "asking", NULL},
    {CMD_FAST, "fast", NULL},
    {CMD_NO_AUTH, "no_auth", NULL},
    {CMD_MAY_REPLICATE, "may_replicate", "7.0.0"},
    {CMD_NO_MANDATORY_KEYS, "no_mandatory_keys", "7.0.0"},
    {CMD_NO_ASYNC_LOADING, "no_async_loading", "7.0.0"},
    {CMD_NO_MULTI, "no_multi", "7.0.0"},
    {CMD_MOVABLE_KEYS, "movablekeys", NULL},
    {CMD_ALLOW_BUSY, "allow_busy", "7.0.0"},
};

static unsigned shown_flags(const struct command *command)
{
    unsigned flags = command->flags;
    bool movable = false;
    for (size_t i = 0; i < MAX_KEY_SPECS && command->keys[i].begin != KEY_BEGIN_NONE; i++) {
        const struct key_spec *spec = &command->keys[i];
        movable |= spec->begin != KEY_BEGIN_INDEX || spec->find != KEY_FIND_RANGE;
    }
    return movable ? flags | CMD_MOVABLE_KEYS : flags;
}

static void reply_flags(struct call *call, const struct command *command)
{
    unsigned flags = shown_flags(command);
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; i < ARRAY_LEN(flag_names); i++) {
        if ((flags & flag_names[i].flag) != 0 && call_supports(call, flag_names[i].since)) {
            reply_status(call->reply, flag_names[i].name);
            count++;
        }
    }
    reply_set_at(call->reply, mark, count);
}

static void reply_categories(struct call *call, unsigned categories)
{
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; i < command_category_count; i++) {
        if ((categories & command_categories[i].category) != 0) {
            char name[32] = "@";
            strncat(name, command_categories[i].name, sizeof(name) - 2);
            reply_status(call->reply, name);
            count++;
        }
    }
    reply_set_at(call->reply, mark, count);
}

static const struct {
    unsigned flag;
    const char *name;
} key_flag_names[] = {
    {KEY_RO, "RO"},
    {KEY_RW, "RW"},
    {KEY_OW, "OW"},
    {KEY_RM, "RM"},
    {KEY_ACCESS, "access"},
    {KEY_UPDATE, "update"},
    {KEY_INSERT, "insert"},
    {KEY_DELETE, "delete"},
    {KEY_NOT_KEY, "not_key"},
    {KEY_INCOMPLETE, "incomplete"},
    {KEY_VARIABLE, "variable_flags"},
};

static void reply_key_flags(struct call *call, unsigned flags)
{
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; i < ARRAY_LEN(key_flag_names); i++) {
        if ((flags & key_flag_names[i].flag) != 0) {
            reply_status(call->reply, key_flag_names[i].name);
            count++;
        }
    }
    reply_set_at(call->reply, mark, count);
}

static void reply_name(struct call *call, const char *name)
{
    reply_bulk_string(call->reply, name);
}

static void reply_begin(struct call *call, const struct key_spec *spec)
{
    struct reply *reply = call->reply;
    reply_map(reply, 2);
    reply_name(call, "type");
    if (spec->begin == KEY_BEGIN_INDEX) {
        reply_name(call, "index");
        reply_name(call, "spec");
        reply_map(reply, 1);
        reply_name(call, "index");
        reply_integer(reply, spec->index);
    } else if (spec->begin == KEY_BEGIN_KEYWORD) {
        reply_name(call, "keyword");
        reply_name(call, "spec");
        reply_map(reply, 2);
        reply_name(call, "keyword");
        reply_name(call, spec->keyword);
        reply_name(call, "startfrom");
        reply_integer(reply, spec->start_from);
    } else {
        reply_name(call, "unknown");
        reply_name(call, "spec");
        reply_map(reply, 0);
    }
}

static void reply_find(struct call *call, const struct key_spec *spec)
{
    struct reply *reply = call->reply;
    reply_map(reply, 2);
    reply_name(call, "type");
    if (spec->find == KEY_FIND_RANGE) {
        reply_name(call, "range");
        reply_name(call, "spec");
        reply_map(reply, 3);
        reply_name(call, "lastkey");
        reply_integer(reply, spec->last);
        reply_name(call, "keystep");
        reply_integer(reply, spec->step);
        reply_name(call, "limit");
        reply_integer(reply, spec->limit);
    } else if (spec->find == KEY_FIND_NUMBER) {
        reply_name(call, "keynum");
        reply_name(call, "spec");
        reply_map(reply, 3);
        reply_name(call, "keynumidx");
        reply_integer(reply, spec->number_at);
        reply_name(call, "firstkey");
        reply_integer(reply, spec->first_key_offset);
        reply_name(call, "keystep");
        reply_integer(reply, spec->step);
    } else {
        reply_name(call, "unknown");
        reply_name(call, "spec");
        reply_map(reply, 0);
    }
}

static void reply_key_specs(struct call *call, const struct command *command)
{
    size_t mark = reply_defer(call->reply), count = 0;
    for (; count < MAX_KEY_SPECS && command->keys[count].begin != KEY_BEGIN_NONE; count++) {
        const struct key_spec *spec = &command->keys[count];
        reply_map(call->reply, spec->notes != NULL ? 4 : 3);
        if (spec->notes != NULL) {
            reply_name(call, "notes");
            reply_name(call, spec->notes);
        }
        reply_name(call, "flags");
        reply_key_flags(call, spec->flags);
        reply_name(call, "begin_search");
        reply_begin(call, spec);
        reply_name(call, "find_keys");
        reply_find(call, spec);
    }
    reply_array_at(call->reply, mark, count);
}

static void reply_tips(struct call *call, const struct command *command)
{
    size_t count = 0;
    while (command->tips != NULL && command->tips[count] != NULL) {
        count++;
    }
    reply_array(call->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_name(call, command->tips[i]);
    }
}

static void reply_info(struct call *call, const struct command_entry *entry)
{
    bool modern = call_supports(call, "7.0.0");
    if (entry == NULL) {
        reply_null(call->reply);
        return;
    }
    char name[64];
    command_full_name(entry, name);
    struct key_range range = command_key_range(entry->command);
    reply_array(call->reply, modern ? 10 : 7);
    reply_name(call, name);
    reply_integer(call->reply, entry->command->arity);
    reply_flags(call, entry->command);
    reply_integer(call->reply, range.first);
    reply_integer(call->reply, range.last);
    reply_integer(call->reply, range.step);
    reply_categories(call, entry->categories);
    if (!modern) {
        return;
    }
    reply_tips(call, entry->command);
    reply_key_specs(call, entry->command);
    reply_array(call->reply, entry->subcommand_count);
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        reply_info(call, &entry->subcommands[i]);
    }
}

static bool unlisted(const struct call *call, const struct command_entry *entry)
{
    return call->instance->commands.older != NULL && older_unlisted(entry->command);
}

static void cmd_command(struct call *call)
{
    const struct command_table *table = &call->instance->commands;
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (!unlisted(call, &table->entries[i])) {
            reply_info(call, &table->entries[i]);
            count++;
        }
    }
    reply_array_at(call->reply, mark, count);
}

static void cmd_count(struct call *call)
{
    const struct command_table *table = &call->instance->commands;
    int64_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        count += unlisted(call, &table->entries[i]) ? 0 : 1;
    }
    reply_integer(call->reply, count);
}

static void cmd_info(struct call *call)
{
    if (call->argc == 2 && call_supports(call, "7.0.0")) {
        cmd_command(call);
        return;
    }
    reply_array(call->reply, (size_t)call->argc - 2);
    for (int i = 2; i < call->argc; i++) {
        const struct command_entry *entry =
            command_table_find_full(&call->instance->commands, call->argv[i]);
        reply_info(call, entry == NULL || unlisted(call, entry) ? NULL : entry);
    }
}

/* How the command changed, up to the version that runs; returns how many pairs that is. */
static size_t reply_history(struct call *call, const struct command_history *history)
{
    size_t count = 0;
    for (const struct command_history *row = history; row != NULL && row->since != NULL; row++) {
        count += call_supports(call, row->since) ? 1 : 0;
    }
    if (count == 0) {
        return 0;
    }
    reply_name(call, "history");
    reply_set(call->reply, count);
    for (const struct command_history *row = history; row->since != NULL; row++) {
        if (call_supports(call, row->since)) {
            reply_array(call->reply, 2);
            reply_name(call, row->since);
            reply_name(call, row->change);
        }
    }
    return 1;
}

static void reply_docs(struct call *call, const struct command_entry *entry)
{
    const struct command *command = entry->command;
    char name[64];
    command_full_name(entry, name);
    reply_name(call, name);
    size_t mark = reply_defer(call->reply), pairs = 0;
    const struct {
        const char *field, *value;
    } facts[] = {
        {"summary", command->summary},
        {"since", command->since},
        {"group", command->group != NULL ? command->group : entry->family->name},
        {"complexity", command->complexity},
    };
    const struct {
        const char *field, *value;
    } ends[] = {
        {"deprecated_since", command->deprecated_since},
        {"replaced_by", command->replaced_by},
    };
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        if (facts[i].value != NULL) {
            reply_name(call, facts[i].field);
            reply_name(call, facts[i].value);
            pairs++;
        }
    }
    bool deprecated = command->deprecated_since != NULL;
    if (deprecated || (command->flags & CMD_SYSTEM) != 0) {
        reply_name(call, "doc_flags");
        reply_set(call->reply, 1);
        reply_status(call->reply, deprecated ? "deprecated" : "syscmd");
        pairs++;
    }
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (ends[i].value != NULL) {
            reply_name(call, ends[i].field);
            reply_name(call, ends[i].value);
            pairs++;
        }
    }
    pairs += reply_history(call, command->history);
    if (command->arguments != NULL) {
        reply_name(call, "arguments");
        reply_command_arguments(call->reply, command->arguments, call->instance->version_number);
        pairs++;
    }
    if (entry->subcommand_count > 0) {
        reply_name(call, "subcommands");
        reply_map(call->reply, entry->subcommand_count);
        for (size_t i = 0; i < entry->subcommand_count; i++) {
            reply_docs(call, &entry->subcommands[i]);
        }
        pairs++;
    }
    reply_map_at(call->reply, mark, pairs);
}

static void cmd_docs(struct call *call)
{
    const struct command_table *table = &call->instance->commands;
    if (call->argc == 2) {
        reply_map(call->reply, table->count);
        for (size_t i = 0; i < table->count; i++) {
            reply_docs(call, &table->entries[i]);
        }
        return;
    }
    size_t mark = reply_defer(call->reply), count = 0;
    for (int i = 2; i < call->argc; i++) {
        const struct command_entry *entry =
            command_table_find_full(&call->instance->commands, call->argv[i]);
        if (entry != NULL) {
            reply_docs(call, entry);
            count++;
        }
    }
    reply_map_at(call->reply, mark, count);
}

/* A channel is told as a key specification, too. */
static bool has_keys(const struct command *command)
{
    for (size_t i = 0; i < MAX_KEY_SPECS && command->keys[i].begin != KEY_BEGIN_NONE; i++) {
        if ((command->keys[i].flags & KEY_NOT_KEY) == 0) {
            return true;
        }
    }
    return false;
}

/* The keys of the command in argv[2...], which is *found; NULL after answering. */
static struct command_key *keys_or_reply(struct call *call, const struct command_entry **found,
                                         int *count)
{
    const struct bytes *argv = call->argv + 2;
    int argc = call->argc - 2;
    const struct command_entry *entry = command_table_find(&call->instance->commands, argv[0]);
    if (entry != NULL && entry->subcommand_count > 0 && argc > 1) {
        const struct command_entry *sub = command_table_subcommand(entry, argv[1]);
        entry = sub != NULL ? sub : entry;
    }
    if (entry == NULL || unlisted(call, entry)) {
        reply_error(call->reply, "ERR Invalid command specified");
        return NULL;
    }
    int arity = entry->command->arity;
    bool fits = arity > 0 ? argc == arity : argc >= -arity;
    bool modern = call_supports(call, "7.0.0");
    if (!has_keys(entry->command)) {
        reply_error(call->reply, "ERR The command has no key arguments");
        return NULL;
    }
    if (!fits) {
        reply_error(call->reply, "ERR Invalid number of arguments specified for command");
        return NULL;
    }
    struct command_key *keys = memory_allocate((size_t)argc * sizeof(*keys));
    *found = entry;
    *count = command_keys(entry->command, argv, argc, keys, argc);
    if (*count > 0) {
        return keys;
    }
    memory_free(keys);
    if (modern && (entry->command->flags & CMD_NO_MANDATORY_KEYS) != 0) {
        reply_array(call->reply, 0);
    } else {
        reply_error(call->reply, "ERR Invalid arguments specified for command");
    }
    return NULL;
}

static void cmd_getkeys(struct call *call)
{
    int count;
    const struct command_entry *entry;
    struct command_key *keys = keys_or_reply(call, &entry, &count);
    if (keys == NULL) {
        return;
    }
    /* Until 7.0 ZUNIONSTORE and its kin named what they read first. */
    bool rotate = entry->command->keys[1].find == KEY_FIND_NUMBER && !call_supports(call, "7.0.0");
    reply_array(call->reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        int place = rotate ? (i + 1) % count : i;
        reply_bulk(call->reply, call->argv[2 + keys[place].index]);
    }
    memory_free(keys);
}

static void cmd_getkeysandflags(struct call *call)
{
    int count;
    const struct command_entry *entry;
    struct command_key *keys = keys_or_reply(call, &entry, &count);
    if (keys == NULL) {
        return;
    }
    reply_array(call->reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        reply_array(call->reply, 2);
        reply_bulk(call->reply, call->argv[2 + keys[i].index]);
        reply_key_flags(call, keys[i].flags);
    }
    memory_free(keys);
}

static bool listed(const struct call *call, const struct command_entry *entry)
{
    if (call->argc == 2) {
        return true;
    }
    struct bytes value = call->argv[4];
    if (bytes_equal_string_nocase(call->argv[3], "PATTERN")) {
        char name[64];
        command_full_name(entry, name);
        return bytes_match_glob(value, bytes_from_string(name), true);
    }
    if (bytes_equal_string_nocase(call->argv[3], "ACLCAT")) {
        for (size_t i = 0; i < command_category_count; i++) {
            if (bytes_equal_string_nocase(value, command_categories[i].name)) {
                return (entry->categories & command_categories[i].category) != 0;
            }
        }
    }
    return false;
}

static void cmd_list(struct call *call)
{
    if (call->argc != 2 &&
        (call->argc != 5 || !bytes_equal_string_nocase(call->argv[2], "FILTERBY") ||
         (!bytes_equal_string_nocase(call->argv[3], "PATTERN") &&
          !bytes_equal_string_nocase(call->argv[3], "ACLCAT") &&
          !bytes_equal_string_nocase(call->argv[3], "MODULE")))) {
        reply_syntax_error(call);
        return;
    }
    const struct command_table *table = &call->instance->commands;
    size_t mark = reply_defer(call->reply), count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct command_entry *entry = &table->entries[i];
        char name[64];
        if (listed(call, entry)) {
            command_full_name(entry, name);
            reply_name(call, name);
            count++;
        }
        for (size_t sub = 0; call->argc != 2 && sub < entry->subcommand_count; sub++) {
            if (listed(call, &entry->subcommands[sub])) {
                command_full_name(&entry->subcommands[sub], name);
                reply_name(call, name);
                count++;
            }
        }
    }
    reply_array_at(call->reply, mark, count);
}

static const char *const help_lines[] = {
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
    NULL,
};

static void cmd_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command subcommands[] = {
    {
        .name = "COUNT",
        .handler = cmd_count,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Get total number of Redis commands",
    },
    {
        .name = "DOCS",
        .handler = cmd_docs,
        .arity = -2,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of commands to look up",
        .summary = "Get array of specific Redis command documentation",
        .arguments = "[command-name...]",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "GETKEYS",
        .handler = cmd_getkeys,
        .arity = -4,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "2.8.13",
        .complexity = "O(N) where N is the number of arguments to the command",
        .summary = "Extract keys given a full Redis command",
    },
    {
        .name = "GETKEYSANDFLAGS",
        .handler = cmd_getkeysandflags,
        .arity = -4,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of arguments to the command",
        .summary = "Extract keys and access flags given a full Redis command",
    },
    {
        .name = "HELP",
        .handler = cmd_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "INFO",
        .handler = cmd_info,
        .arity = -2,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "2.8.13",
        .complexity = "O(N) where N is the number of commands to look up",
        .summary = "Get array of specific Redis command details, or all when no argument is "
                   "given.",
        .arguments = "[command-name...]",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
        .history =
            (const struct command_history[]){
                {"7.0.0", "Allowed to be called with no argument to get info on all commands."},
                {0}},
    },
    {
        .name = "LIST",
        .handler = cmd_list,
        .arity = -2,
        .flags = CMD_LOADING | CMD_STALE,
        .categories = CATEGORY_CONNECTION,
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of Redis commands",
        .summary = "Get an array of Redis command names",
        .arguments =
            "[filterby(module-name@MODULE|category@ACLCAT|pattern=pattern@PATTERN)@FILTERBY]",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "COMMAND",
        .handler = cmd_command,
        .arity = -1,
        .flags = CMD_LOADING | CMD_STALE | CMD_CONTAINER_BARE,
        .categories = CATEGORY_CONNECTION,
        .since = "2.8.13",
        .complexity = "O(N) where N is the total number of Redis commands",
        .summary = "Get array of Redis command details",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
        .subcommands = subcommands,
    },
};

const struct command_family introspection_family = {"server", commands, ARRAY_LEN(commands)};
