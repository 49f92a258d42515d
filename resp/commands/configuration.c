/* CONFIG: settings shown and changed. */
#include "resp/configuration.h"

#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/configuration_file.h"
#include "resp/instance_state.h"

static size_t reply_setting(struct call *call, const char *name, int index)
{
    for (int i = 2; name != NULL && i < call->argc; i++) {
        struct bytes wanted = call->argv[i];
        if (bytes_match_glob(wanted, bytes_from_string(name), true)) {
            /* One that is named in full is called as it was named. */
            bool named = bytes_equal_string_nocase(wanted, name) && call_supports(call, "7.0.0");
            reply_bulk(call->reply, named ? wanted : bytes_from_string(name));
            reply_bulk_string(call->reply, call->instance->configuration.values[index]);
            return 1;
        }
    }
    return 0;
}

static void cmd_config_get(struct call *call)
{
    if (call->argc > 3 && !call_supports(call, "7.0.0")) {
        reply_wrong_arity(call);
        return;
    }
    size_t mark = reply_defer(call->reply), pairs = 0;
    for (int i = 0; setting_rows[i].name != NULL; i++) {
        if (setting_offered(call->instance, &setting_rows[i])) {
            pairs += reply_setting(call, setting_rows[i].name, i);
            pairs += reply_setting(call, setting_rows[i].alias, i);
        }
    }
    reply_map_at(call->reply, mark, pairs);
}

static void refuse(struct call *call, struct bytes name, const char *why)
{
    reply_errorf(call->reply, "ERR CONFIG SET failed (possibly related to argument '%.*s') - %s",
                 (int)name.size, name.data, why);
}

struct change {
    int index;
    char *value;
};

/* All values in normal form, or none. */
static bool read_changes_or_reply(struct call *call, struct change *changes)
{
    struct buf error;
    buf_init(&error, 4096);
    bool fits = true;
    for (int i = 2, at = 0; fits && i < call->argc; i += 2, at++) {
        struct bytes name = call->argv[i];
        int index = setting_find(name);
        if (index < 0 || !setting_offered(call->instance, &setting_rows[index])) {
            reply_errorf(call->reply,
                         "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                         (int)bytes_slice(name, 0, 128).size, name.data);
            fits = false;
            break;
        }
        const struct setting *setting = &setting_rows[index];
        const char *why =
            setting->immutable ? "can't set immutable config"
            : setting->guarded && !setting_permits(call->session, "enable-protected-configs")
                ? "can't set protected config"
                : NULL;
        for (int j = 0; j < at; j++) {
            why = changes[j].index == index ? "duplicate parameter" : why;
        }
        if (why == NULL) {
            changes[at].index = index;
            changes[at].value = setting_normalize(
                setting, call->argv[i + 1], call->instance->configuration.values[index], &error);
            why = changes[at].value == NULL ? buf_string(&error) : NULL;
        }
        if (why != NULL) {
            refuse(call, name, why);
            fits = false;
        }
    }
    buf_finish(&error);
    return fits;
}

static void cmd_config_set(struct call *call)
{
    if (call->argc % 2 != 0) {
        reply_syntax_error(call);
        return;
    }
    size_t count = (size_t)(call->argc - 2) / 2;
    struct change *changes = memory_allocate_zeroed(count * sizeof(*changes));
    bool fits = read_changes_or_reply(call, changes);
    for (size_t i = 0; i < count; i++) {
        if (!fits) {
            memory_free(changes[i].value);
        } else {
            setting_store_take(call->instance, changes[i].index, changes[i].value);
        }
    }
    memory_free(changes);
    if (fits) {
        reply_ok(call->reply);
    }
}

static void cmd_config_resetstat(struct call *call)
{
    instance_reset_statistics(call->instance);
    reply_ok(call->reply);
}

static void cmd_config_rewrite(struct call *call)
{
    int failure = configuration_rewrite(call->instance, false);
    if (!call->instance->host.rewrites) {
        reply_error(call->reply, "ERR The server is running without a config file");
    } else if (failure != 0) {
        reply_errorf(call->reply, "ERR Rewriting config file: %s", strerror(failure));
    } else {
        reply_ok(call->reply);
    }
}

static const char *const help_lines[] = {
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
    NULL,
};

static void cmd_config_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command config_subcommands[] = {
    {
        .name = "GET",
        .handler = cmd_config_get,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.0.0",
        .complexity = "O(N) when N is the number of configuration parameters provided",
        .summary = "Get the values of configuration parameters",
        .arguments = "parameter{parameter}...",
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added the ability to pass multiple pattern parameters in one call"},
                {0}},
    },
    {
        .name = "HELP",
        .handler = cmd_config_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "RESETSTAT",
        .managed = AZURE_BLOCKED,
        .handler = cmd_config_resetstat,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Reset the stats returned by INFO",
    },
    {
        .name = "REWRITE",
        .managed = AZURE_BLOCKED,
        .handler = cmd_config_rewrite,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.8.0",
        .complexity = "O(1)",
        .summary = "Rewrite the configuration file with the in memory configuration",
    },
    {
        .name = "SET",
        .handler = cmd_config_set,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.0.0",
        .complexity = "O(N) when N is the number of configuration parameters provided",
        .summary = "Set configuration parameters to the given values",
        .arguments = "parameter_value{parameter value}...",
        .tips = (const char *const[]){"request_policy:all_nodes", "response_policy:all_succeeded",
                                      NULL},
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added the ability to set multiple parameters in one call."}, {0}},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "CONFIG", /* in managed caches for some settings: .managed of their rows */
        .arity = -2,
        .azure = AZURE_BLOCKED,
        .since = "2.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for server configuration commands",
        .subcommands = config_subcommands,
    },
};

const struct command_family configuration_family = {"server", commands, ARRAY_LEN(commands)};
