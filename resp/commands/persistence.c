/*
 * SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE and SHUTDOWN. Files are the host's affair, which saves on
 * its own terms; a save asked for here is done at once, and counts as one.
 */
#include "base/log.h"
#include "resp/arguments.h"
#include "resp/instance_state.h"

static bool save(struct call *call)
{
    struct instance *instance = call->instance;
    if (instance->host.save != NULL && !instance->host.save(instance->host.context, instance)) {
        reply_error(call->reply, "ERR the dump could not be written, see the log");
        return false;
    }
    instance->saved_ms = call->now_ms;
    instance->saved_changes = instance->changes;
    return true;
}

static void cmd_save(struct call *call)
{
    if (save(call)) {
        reply_ok(call->reply);
    }
}

static void cmd_bgsave(struct call *call)
{
    if (call->argc > 2 ||
        (call->argc == 2 && !bytes_equal_string_nocase(call->argv[1], "SCHEDULE"))) {
        reply_syntax_error(call);
        return;
    }
    if (save(call)) {
        reply_status(call->reply, "Background saving started");
    }
}

static void cmd_bgrewriteaof(struct call *call)
{
    if (save(call)) {
        reply_status(call->reply, "Background append only file rewriting started");
    }
}

static void cmd_lastsave(struct call *call)
{
    reply_integer(call->reply, call->instance->saved_ms / 1000);
}

/* ---- SHUTDOWN ---- */

/* Ends the whole process, as it does for redis-server; data is saved on the way as at any stop. */
static void cmd_shutdown(struct call *call)
{
    static const char *const words[] = {"NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"};
    enum { NO_SAVE, SAVE, NOW, FORCE, ABORT };
    unsigned said = 0;
    for (int i = 1; i < call->argc; i++) {
        size_t word = 0;
        while (word < ARRAY_LEN(words) && !bytes_equal_string_nocase(call->argv[i], words[word])) {
            word++;
        }
        bool newer = word >= NOW && !call_supports(call, "7.0.0");
        if (word == ARRAY_LEN(words) || newer) {
            reply_syntax_error(call);
            return;
        }
        said |= 1u << word;
    }
    bool both = (said & (1u << NO_SAVE)) != 0 && (said & (1u << SAVE)) != 0;
    bool aborts = (said & (1u << ABORT)) != 0;
    if (both || (aborts && said != 1u << ABORT)) {
        reply_syntax_error(call);
    } else if (aborts) {
        reply_error(call->reply, "ERR No shutdown in progress.");
    } else if (call->instance->host.stop == NULL) {
        reply_error(call->reply, "ERR Errors trying to SHUTDOWN. Check logs.");
    } else {
        log_info("redis", "shutdown asked for by a client");
        call->instance->host.stop(call->instance->host.context);
        session_close(call->session);
    }
}

static const struct command commands[] = {
    {
        .name = "SAVE",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_save,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
        .since = "1.0.0",
        .complexity = "O(N) where N is the total number of keys in all databases",
        .summary = "Synchronously save the dataset to disk",
    },
    {
        .name = "BGSAVE",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_bgsave,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Asynchronously save the dataset to disk",
        .arguments = "[schedule=token@SCHEDULE^3.2.2]",
        .history = (const struct command_history[]){{"3.2.2", "Added the `SCHEDULE` option."}, {0}},
    },
    {
        .name = "BGREWRITEAOF",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_bgrewriteaof,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Asynchronously rewrite the append-only file",
    },
    {
        .name = "LASTSAVE",
        .handler = cmd_lastsave,
        .arity = 1,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get the UNIX time stamp of the last successful save to disk",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "SHUTDOWN",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_shutdown,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI | CMD_ALLOW_BUSY,
        .since = "1.0.0",
        .complexity = "O(N) when saving, where N is the total number of keys in all databases "
                      "when saving data, otherwise O(1)",
        .summary = "Synchronously save the dataset to disk and then shut down the server",
        .arguments = "[nosave_save(nosave=token@NOSAVE|save=token@SAVE)] "
                     "[now=token@NOW^7.0.0] [force=token@FORCE^7.0.0] "
                     "[abort=token@ABORT^7.0.0]",
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."}, {0}},
    },
};

const struct command_family persistence_family = {"server", commands, ARRAY_LEN(commands)};
