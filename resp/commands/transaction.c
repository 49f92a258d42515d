/* MULTI, EXEC, DISCARD, WATCH and UNWATCH. */
#include <string.h>

#include "resp/errors.h"
#include "resp/instance_state.h"

void transaction_discard(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    for (size_t i = 0; i < transaction->count; i++) {
        memory_free(transaction->commands[i].argv);
    }
    memory_free(transaction->commands);
    *transaction = (struct transaction){0};
    session->in_transaction = false;
}

void transaction_queue(struct session *session, struct command_entry *entry,
                       const struct bytes *argv, int argc)
{
    struct transaction *transaction = &session->transaction;
    if (transaction->count == transaction->capacity) {
        transaction->capacity = transaction->capacity == 0 ? 8 : transaction->capacity * 2;
        transaction->commands = memory_resize(
            transaction->commands, transaction->capacity * sizeof(*transaction->commands));
    }
    transaction->flags |= entry->command->flags;
    transaction->commands[transaction->count++] =
        (struct queued_command){entry, argc, words_copy(argv, argc)};
}

static void cmd_multi(struct call *call)
{
    if (call->session->in_transaction) {
        reply_error(call->reply, "ERR MULTI calls can not be nested");
        return;
    }
    call->session->in_transaction = true;
    reply_ok(call->reply);
}

static void cmd_discard(struct call *call)
{
    if (!call->session->in_transaction) {
        reply_error(call->reply, "ERR DISCARD without MULTI");
        return;
    }
    transaction_discard(call->session);
    watch_forget(call->session);
    reply_ok(call->reply);
}

static void cmd_exec(struct call *call)
{
    struct session *session = call->session;
    if (!session->in_transaction) {
        reply_error(call->reply, "ERR EXEC without MULTI");
        return;
    }
    bool failed = session->transaction.failed, dirty = session->dirty;
    watch_forget(session);
    if (failed || dirty) {
        transaction_discard(session);
        if (failed) {
            reply_error(call->reply, "EXECABORT Transaction discarded because of previous errors.");
        } else {
            reply_null_array(call->reply);
        }
        return;
    }
    struct command_entry *exec = session->last;
    struct transaction transaction = session->transaction;
    session->transaction = (struct transaction){0};
    session->in_transaction = false;
    reply_array(call->reply, transaction.count);
    for (size_t i = 0; i < transaction.count; i++) {
        struct queued_command *queued = &transaction.commands[i];
        dispatch_run(session, queued->entry, queued->argv, queued->argc, true);
    }
    session->last = exec;
    session->reply.failed = false;
    session->transaction = transaction;
    transaction_discard(session);
}

static void cmd_watch(struct call *call)
{
    if (call->session->in_transaction) {
        reply_error(call->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    for (int i = 1; i < call->argc; i++) {
        keyspace_peek_at(call->db, call->argv[i], call->now_ms); /* one that is due goes first */
        watch_add(call->session, call->argv[i]);
    }
    reply_ok(call->reply);
}

static void cmd_unwatch(struct call *call)
{
    watch_forget(call->session);
    reply_ok(call->reply);
}

static const struct command commands[] = {
    {
        .name = "DISCARD",
        .handler = cmd_discard,
        .arity = 1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ALLOW_BUSY,
        .since = "2.0.0",
        .complexity = "O(N), when N is the number of queued commands",
        .summary = "Discard all commands issued after MULTI",
    },
    {
        .name = "EXEC",
        .handler = cmd_exec,
        .arity = 1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SKIP_SLOWLOG | CMD_TRANSACTION,
        .since = "1.2.0",
        .complexity = "Depends on commands in the transaction",
        .summary = "Execute all commands issued after MULTI",
    },
    {
        .name = "MULTI",
        .handler = cmd_multi,
        .arity = 1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ALLOW_BUSY,
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Mark the start of a transaction block",
    },
    {
        .name = "UNWATCH",
        .handler = cmd_unwatch,
        .arity = 1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ALLOW_BUSY,
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Forget about all watched keys",
    },
    {
        .name = "WATCH",
        .handler = cmd_watch,
        .arity = -2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ALLOW_BUSY,
        .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)},
        .since = "2.2.0",
        .complexity = "O(1) for every key.",
        .summary = "Watch the given keys to determine execution of the MULTI/EXEC block",
        .arguments = "key#0...",
    },
};

const struct command_family transaction_family = {"transactions", commands, ARRAY_LEN(commands)};
