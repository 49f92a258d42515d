/* MODULE and LOLWUT: what a server says that has no modules and can load none. */
#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

static void cmd_module_list(struct call *call)
{
    reply_array(call->reply, 0);
}

static void cmd_module_load(struct call *call)
{
    if (permitted_or_reply(call, "MODULE", "enable-module-command")) {
        reply_error(call->reply, "ERR Error loading the extension. Please check the server logs.");
    }
}

static void cmd_module_unload(struct call *call)
{
    if (permitted_or_reply(call, "MODULE", "enable-module-command")) {
        reply_error(call->reply, "ERR Error unloading module: no such module with that name");
    }
}

static void cmd_lolwut(struct call *call)
{
    int64_t version;
    if (call->argc >= 3 && bytes_equal_string_nocase(call->argv[1], "VERSION") &&
        !argument_integer_or_reply(call, 2, &version)) {
        return;
    }
    struct buf text;
    buf_init(&text, 256);
    buf_printf(&text, "Redis ver. %s\n", call->instance->version);
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

static void cmd_module_help(struct call *call)
{
    static const char *const help_lines[] = {
        "LIST",
        "    Return a list of loaded modules.",
        "LOAD <path> [<arg> ...]",
        "    Load a module library from <path>, passing to it any optional arguments.",
        "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
        "    Load a module library from <path>, while passing it module configurations and "
        "optional arguments.",
        "UNLOAD <name>",
        "    Unload a module.",
        NULL,
    };
    reply_help(call, help_lines);
}

static const struct command module_subcommands[] = {
    {
        .name = "HELP",
        .handler = cmd_module_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "LIST",
        .handler = cmd_module_list,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT,
        .since = "4.0.0",
        .complexity = "O(N) where N is the number of loaded modules.",
        .summary = "List all modules loaded by the server",
        .tips = (const char *const[]){"nondeterministic_output_order", NULL},
    },
    {
        .name = "LOAD",
        .managed = AZURE_BLOCKED,
        .handler = cmd_module_load,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Load a module",
        .arguments = "path [arg...]",
    },
    {
        .name = "LOADEX",
        .managed = AZURE_BLOCKED,
        .handler = cmd_module_load,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Load a module with extended parameters",
        .arguments = "path [configs{name value}@CONFIG*...] [args{arg}@ARGS...]",
    },
    {
        .name = "UNLOAD",
        .managed = AZURE_BLOCKED,
        .handler = cmd_module_unload,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Unload a module",
        .arguments = "name",
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "MODULE",
        .arity = -2,
        .since = "4.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for module commands",
        .subcommands = module_subcommands,
    },
    {
        .name = "LOLWUT",
        .handler = cmd_lolwut,
        .arity = -1,
        .flags = CMD_READONLY | CMD_FAST,
        .since = "5.0.0",
        .summary = "Display some computer art and the Redis version",
        .arguments = "[version=integer@VERSION]",
    },
};

const struct command_family module_family = {"server", commands, ARRAY_LEN(commands)};
