/* SYNC, PSYNC and REPLCONF: another Redis becomes a replica of this instance. */
#include <string.h>

#include "resp/arguments.h"
#include "resp/follower.h"
#include "resp/instance_state.h"
#include "resp/rdb.h"

#define COPY_LIMIT ((size_t)8 << 30)

static bool add_piece(void *context, struct bytes piece)
{
    return buf_append(context, piece);
}

/* The dump as a bulk string without its end, and everything from then on behind it. */
static void send_copy(struct call *call)
{
    struct buf dump, head;
    const struct rdb_sink sink = {add_piece, &dump};
    buf_init(&dump, COPY_LIMIT);
    buf_init(&head, 64);
    follower_end(call->session);
    call->instance->stats.full_syncs++;
    if (!rdb_save_node(call->instance, &sink)) {
        call->session->closing = true;
    } else {
        buf_printf(&head, "$%zu\r\n", dump.size);
        reply_raw(call->reply, buf_bytes(&head));
        reply_raw(call->reply, buf_bytes(&dump));
        follower_begin(call->session);
    }
    buf_finish(&head);
    buf_finish(&dump);
}

static void cmd_sync(struct call *call)
{
    send_copy(call);
}

/* Whether all that it missed is at hand. */
static bool goes_on(const struct call *call, int64_t offset, struct bytes *missed)
{
    const struct instance *instance = call->instance;
    *missed = BYTES("");
    if (offset < 0 || !replication_history_has(instance, call->argv[1], (uint64_t)offset)) {
        return false;
    }
    return replication_backlog_since(instance, (uint64_t)offset, missed) ||
           (instance->backlog.instance == NULL && (uint64_t)offset == instance->feed.offset + 1 &&
            replication_is_whole(instance));
}

/* "+WORD REPLICATION-ID MORE" */
static void reply_line(struct call *call, const char *word, const char *more)
{
    char *line = string_format("%s %s%s%s", word, call->instance->history.id,
                               more == NULL ? "" : " ", more == NULL ? "" : more);
    reply_status(call->reply, line);
    memory_free(line);
}

static void cmd_psync(struct call *call)
{
    struct instance *instance = call->instance;
    int64_t offset;
    struct bytes missed;
    if (!argument_integer_or_reply(call, 2, &offset)) {
        return;
    }
    if (goes_on(call, offset, &missed)) {
        instance->stats.partial_syncs++;
        reply_line(call, "CONTINUE", NULL);
        reply_raw(call->reply, missed);
        follower_end(call->session);
        follower_begin(call->session);
        return;
    }
    instance->stats.failed_syncs += bytes_equal_string(call->argv[1], "?") ? 0 : 1;
    char digits[24] = {0};
    replication_backlog_begin(instance);
    int64_to_digits((int64_t)instance->feed.offset, digits);
    reply_line(call, "FULLRESYNC", digits);
    send_copy(call);
}

/* Pairs of words, of which an ACK is never answered. */
static void cmd_replconf(struct call *call)
{
    struct session *session = call->session;
    int64_t number;
    if (call->argc % 2 == 0) {
        reply_syntax_error(call);
        return;
    }
    for (int i = 1; i < call->argc; i += 2) {
        struct bytes name = call->argv[i], value = call->argv[i + 1];
        if (bytes_equal_string_nocase(name, "listening-port")) {
            if (!argument_integer_or_reply(call, i + 1, &number)) {
                return;
            }
            session->listening_port = (int)(number & 0xffff);
        } else if (bytes_equal_string_nocase(name, "ack")) {
            if (session->follower != NULL && bytes_to_int64(value, &number) && number >= 0) {
                follower_acknowledge(session, (uint64_t)number);
                replication_acknowledged(call->instance);
            }
            return;
        } else if (bytes_equal_string_nocase(name, "getack")) {
            return;
        } else if (!bytes_equal_string_nocase(name, "capa") &&
                   !bytes_equal_string_nocase(name, "ip-address") &&
                   !bytes_equal_string_nocase(name, "rdb-only") &&
                   !bytes_equal_string_nocase(name, "rdb-filter-only")) {
            reply_errorf(call->reply, "ERR Unrecognized REPLCONF option: %.*s",
                         (int)bytes_slice(name, 0, 128).size, name.data);
            return;
        }
    }
    reply_ok(call->reply);
}

static const struct command commands[] = {
    {
        .name = "SYNC",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_sync,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
        .since = "1.0.0",
        .summary = "Internal command used for replication",
    },
    {
        .name = "PSYNC",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_psync,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
        .since = "2.8.0",
        .summary = "Internal command used for replication",
        .arguments = "replicationid offset=integer",
    },
    {
        .name = "REPLCONF",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_replconf,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_ALLOW_BUSY | CMD_SYSTEM,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "An internal command for configuring the replication stream",
    },
};

const struct command_family replication_link_family = {"server", commands, ARRAY_LEN(commands)};
