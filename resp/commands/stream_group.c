/* Consumer groups: XGROUP, XACK. */
#include "resp/arguments.h"
#include "resp/blocking.h"
#include "resp/commands/help.h"
#include "resp/commands/stream.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

/* ---- Shared with the other files of the family ---- */

static void reply_no_group(struct call *call, int key_at, int group_at)
{
    struct bytes key = call->argv[key_at], group = call->argv[group_at];
    reply_errorf(call->reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'", (int)key.size,
                 key.data, (int)group.size, group.data);
}

bool stream_group_or_reply(struct call *call, int key_at, int group_at, struct stream **stream,
                           struct stream_group **group)
{
    if (!stream_read_or_reply(call, key_at, stream)) {
        return false;
    }
    *group = *stream == NULL ? NULL : stream_group_find(*stream, call->argv[group_at]);
    if (*group == NULL) {
        reply_no_group(call, key_at, group_at);
    }
    return *group != NULL;
}

struct stream_consumer *stream_consumer_obtain(struct call *call, int key_at, struct stream *stream,
                                               struct stream_group *group, struct bytes name)
{
    struct stream_consumer *consumer = stream_consumer_find(group, name);
    if (consumer == NULL) {
        consumer = stream_consumer_create(stream, group, name, call->now_ms);
        if (call_supports(call, "6.2.0")) {
            keyspace_changed(call, call->argv[key_at], EVENT_STREAM, "xgroup-createconsumer");
        } else {
            stream_account(call, call->argv[key_at]);
        }
    }
    consumer->seen_ms = call->now_ms;
    return consumer;
}

/* ---- XGROUP ---- */

struct group_request {
    struct stream *stream;      /* NULL only where it may be created */
    struct stream_group *group; /* NULL: not there */
    bool create_stream;
    int64_t entries_read;
};

/* Options of CREATE and SETID from argv[5] on. */
static bool group_options_or_reply(struct call *call, bool creates, struct group_request *request)
{
    request->entries_read = STREAM_ENTRIES_UNKNOWN;
    for (int at = 5; at < call->argc; at++) {
        if (creates && bytes_equal_string_nocase(call->argv[at], "MKSTREAM")) {
            request->create_stream = true;
        } else if (at + 1 < call->argc && call_supports(call, "7.0.0") &&
                   bytes_equal_string_nocase(call->argv[at], "ENTRIESREAD")) {
            if (!argument_integer_or_reply(call, ++at, &request->entries_read)) {
                return false;
            }
            if (request->entries_read < 0 && request->entries_read != STREAM_ENTRIES_UNKNOWN) {
                reply_error(call->reply, "ERR value for ENTRIESREAD must be positive or -1");
                return false;
            }
        } else {
            reply_subcommand_syntax_error(call);
            return false;
        }
    }
    return true;
}

static bool group_request_or_reply(struct call *call, bool needs_group,
                                   struct group_request *request)
{
    if (!stream_write_or_reply(call, 2, &request->stream)) {
        return false;
    }
    if (request->stream == NULL && !request->create_stream) {
        reply_error(call->reply, ERROR_NO_STREAM);
        return false;
    }
    if (request->stream != NULL) {
        request->group = stream_group_find(request->stream, call->argv[3]);
    }
    if (needs_group && request->group == NULL) {
        struct bytes key = call->argv[2], group = call->argv[3];
        reply_errorf(call->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     (int)group.size, group.data, (int)key.size, key.data);
        return false;
    }
    return true;
}

/* "$" is the stream's last ID; only SETID knows "-" and "+". */
static bool group_id_or_reply(struct call *call, const struct stream *stream, bool sets,
                              struct stream_id *id)
{
    if (sets && stream_id_read(call->argv[4], 0, id)) {
        return true;
    }
    if (!bytes_equal(call->argv[4], BYTES("$"))) {
        return stream_id_or_reply(call, 4, id);
    }
    *id = stream == NULL ? STREAM_ID_LEAST : stream->last_id;
    return true;
}

static void cmd_xgroup_create(struct call *call)
{
    struct group_request request = {0};
    struct stream_id id;
    if (!group_options_or_reply(call, true, &request) ||
        !group_request_or_reply(call, false, &request)) {
        return;
    }
    if (call->argc > 8) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (!group_id_or_reply(call, request.stream, false, &id)) {
        return;
    }
    if (request.stream == NULL) {
        request.stream = stream_create();
        keyspace_set_take(call->db, call->argv[2], &stream_type, request.stream);
    }
    if (stream_group_create(request.stream, call->argv[3], id, request.entries_read) == NULL) {
        reply_error(call->reply, "BUSYGROUP Consumer Group name already exists");
        return;
    }
    request.stream->tells_activity = call_supports(call, "7.2.0");
    keyspace_changed(call, call->argv[2], EVENT_STREAM, "xgroup-create");
    reply_ok(call->reply);
}

static void cmd_xgroup_setid(struct call *call)
{
    struct group_request request = {0};
    struct stream_id id;
    if (!group_options_or_reply(call, false, &request) ||
        !group_request_or_reply(call, true, &request)) {
        return;
    }
    if (call->argc != 5 && call->argc != 7) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (!group_id_or_reply(call, request.stream, true, &id)) {
        return;
    }
    request.group->last_id = id;
    request.group->entries_read = request.entries_read;
    keyspace_changed(call, call->argv[2], EVENT_STREAM, "xgroup-setid");
    reply_ok(call->reply);
}

static void cmd_xgroup_destroy(struct call *call)
{
    struct group_request request = {0};
    if (!group_request_or_reply(call, false, &request)) {
        return;
    }
    if (request.group != NULL) {
        stream_group_destroy(request.stream, request.group);
        /* Those who wait for the group are woken by this, too. */
        keyspace_changed(call, call->argv[2], EVENT_STREAM, "xgroup-destroy");
    }
    reply_integer(call->reply, request.group != NULL);
}

static void cmd_xgroup_createconsumer(struct call *call)
{
    struct group_request request = {0};
    if (!group_request_or_reply(call, true, &request)) {
        return;
    }
    bool there = stream_consumer_find(request.group, call->argv[4]) != NULL;
    if (!there) {
        stream_consumer_obtain(call, 2, request.stream, request.group, call->argv[4]);
    }
    reply_integer(call->reply, !there);
}

static void cmd_xgroup_delconsumer(struct call *call)
{
    struct group_request request = {0};
    int64_t pending = 0;
    if (!group_request_or_reply(call, true, &request)) {
        return;
    }
    struct stream_consumer *consumer = stream_consumer_find(request.group, call->argv[4]);
    if (consumer != NULL) {
        pending = (int64_t)consumer->pending.count;
        stream_consumer_destroy(request.stream, request.group, consumer);
    }
    if (consumer != NULL || !call_supports(call, "7.0.0")) { /* 6.0 tells of nothing, too */
        keyspace_changed(call, call->argv[2], EVENT_STREAM, "xgroup-delconsumer");
    }
    reply_integer(call->reply, pending);
}

static void cmd_xgroup_help(struct call *call)
{
    static const char *const help_lines[] = {
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
        NULL,
    };
    reply_help(call, help_lines);
}

/* ---- XACK ---- */

static void cmd_xack(struct call *call)
{
    struct stream *stream;
    int64_t acknowledged = 0;
    if (!stream_read_or_reply(call, 1, &stream)) {
        return;
    }
    struct stream_group *group = stream == NULL ? NULL : stream_group_find(stream, call->argv[2]);
    struct stream_id id;
    for (int i = 3; group != NULL && i < call->argc; i++) {
        if (!stream_id_or_reply(call, i, &id)) {
            return;
        }
    }
    for (int i = 3; group != NULL && i < call->argc; i++) {
        struct stream_pending *pending = stream_id_read_strict(call->argv[i], &id)
                                             ? stream_pending_find(&group->pending, id)
                                             : NULL;
        if (pending != NULL) {
            stream_pending_remove(stream, group, pending);
            acknowledged++;
        }
    }
    if (acknowledged > 0) {
        stream_account(call, call->argv[1]);
    }
    reply_integer(call->reply, acknowledged);
}

static const struct command xgroup_subcommands[] = {
    {
        .name = "CREATE",
        .handler = cmd_xgroup_create,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Create a consumer group.",
        .arguments = "key#0 groupname id(id|new_id=token@$) [mkstream=token@MKSTREAM] "
                     "[entries_read=integer@ENTRIESREAD]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added the `entries_read` named argument."},
                                             {0}},
    },
    {
        .name = "CREATECONSUMER",
        .handler = cmd_xgroup_createconsumer,
        .arity = 5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Create a consumer in a consumer group.",
        .arguments = "key#0 groupname consumername",
    },
    {
        .name = "DELCONSUMER",
        .handler = cmd_xgroup_delconsumer,
        .arity = 5,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Delete a consumer from a consumer group.",
        .arguments = "key#0 groupname consumername",
    },
    {
        .name = "DESTROY",
        .handler = cmd_xgroup_destroy,
        .arity = 4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(N) where N is the number of entries in the group's pending entries "
                      "list (PEL).",
        .summary = "Destroy a consumer group.",
        .arguments = "key#0 groupname",
    },
    {
        .name = "HELP",
        .handler = cmd_xgroup_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "SETID",
        .handler = cmd_xgroup_setid,
        .arity = -5,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 2, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Set a consumer group to an arbitrary last delivered ID value.",
        .arguments = "key#0 groupname id(id|new_id=token@$) [entries_read=integer@ENTRIESREAD]",
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added the optional `entries_read` argument."}, {0}},
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "XGROUP",
        .arity = -2,
        .since = "5.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for consumer groups commands",
        .subcommands = xgroup_subcommands,
    },
    {
        .name = "XACK",
        .handler = cmd_xack,
        .arity = -4,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1) for each message ID processed.",
        .summary = "Marks a pending message as correctly processed, effectively removing it "
                   "from the pending entries list of the consumer group. Return value of "
                   "the command is the number of messages successfully acknowledged, that "
                   "is, the IDs we were actually able to resolve in the PEL.",
        .arguments = "key#0 group id...",
    },
};

const struct command_family stream_group_family = {"stream", commands, ARRAY_LEN(commands)};
