/* CLIENT and its subcommands. */
#include <string.h>

#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static bool name_fits(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < '!' || name.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static void cmd_id(struct call *call)
{
    reply_integer(call->reply, (int64_t)call->session->id);
}

static void cmd_getname(struct call *call)
{
    if (call->session->name[0] == '\0') {
        reply_null(call->reply);
    } else {
        reply_bulk_string(call->reply, call->session->name);
    }
}

static void cmd_setname(struct call *call)
{
    if (!name_fits(call->argv[2])) {
        reply_error(call->reply, ERROR_CLIENT_NAME);
        return;
    }
    memory_free(call->session->name);
    call->session->name = bytes_to_string(call->argv[2]);
    reply_ok(call->reply);
}

static void cmd_setinfo(struct call *call)
{
    struct session *session = call->session;
    char **target = bytes_equal_string_nocase(call->argv[2], "LIB-NAME") ? &session->library_name
                    : bytes_equal_string_nocase(call->argv[2], "LIB-VER")
                        ? &session->library_version
                        : NULL;
    if (target == NULL) {
        reply_errorf(call->reply, "ERR Unrecognized option '%.*s'", (int)call->argv[2].size,
                     call->argv[2].data);
        return;
    }
    if (!name_fits(call->argv[3])) {
        reply_errorf(call->reply, "ERR %.*s cannot contain spaces, newlines or special characters.",
                     (int)call->argv[2].size, call->argv[2].data);
        return;
    }
    memory_free(*target);
    *target = bytes_to_string(call->argv[3]);
    reply_ok(call->reply);
}

/* One line of CLIENT LIST, with the fields that the instance's version shows. */
static void describe(struct instance *instance, const struct session *session, int64_t now_ms,
                     struct buf *line)
{
    bool modern = instance_runs(instance, "7.0.0"), middle = instance_runs(instance, "6.2.0");
    char command[64] = "NULL";
    if (session->last != NULL) {
        command_full_name(session->last, command);
        char *bar = modern ? NULL : strchr(command, '|');
        if (bar != NULL) {
            *bar = '\0';
        }
    }
    int64_t idle = (now_ms - session->active_ms) / 1000;
    size_t held = parser_pending(&session->parser);
    buf_printf(line, "id=%llu addr=%s ", (unsigned long long)session->id, session->address);
    if (middle) {
        buf_printf(line, "laddr=%s ", session->local_address);
    }
    buf_printf(line, "fd=%d name=%s age=%lld idle=%lld flags=%s db=%d sub=0 psub=0 ",
               session->descriptor, session->name,
               (long long)((now_ms - session->created_ms) / 1000), (long long)idle,
               session->dirty            ? "d"
               : session->in_transaction ? "x"
                                         : "N",
               keyspace_index(session->db));
    if (modern) {
        buf_append_string(line, "ssub=0 ");
    }
    long long multi = session->in_transaction ? (long long)session->transaction.count : -1;
    buf_printf(line, "multi=%lld qbuf=%zu qbuf-free=%zu argv-mem=%zu ", multi, held,
               session->parser.held.capacity - session->parser.held.size,
               (size_t)session->parser.argv_capacity * sizeof(struct bytes));
    if (modern) {
        buf_printf(line, "multi-mem=0 rbs=%zu rbp=%zu ", session->reply.output.capacity,
                   session->reply.output.capacity);
    }
    buf_printf(line, "obl=%zu oll=0 omem=0 tot-mem=%zu events=r cmd=%s user=%s",
               session->reply.output.size,
               session->memory + parser_memory(&session->parser) + session->reply.output.capacity,
               command, session->user);
    if (middle) {
        buf_append_string(line, " redir=-1");
    }
    if (modern) {
        buf_printf(line, " resp=%d", session->reply.protocol);
    }
    if (instance_runs(instance, "7.2.0")) {
        buf_printf(line, " lib-name=%s lib-ver=%s", session->library_name,
                   session->library_version);
    }
    buf_append_byte(line, '\n');
}

static void cmd_info(struct call *call)
{
    struct buf line;
    buf_init(&line, 64 * 1024);
    describe(call->instance, call->session, call->now_ms, &line);
    reply_verbatim(call->reply, "txt", buf_bytes(&line));
    buf_finish(&line);
}

/* All sessions here are ordinary clients; the other types exist and are empty. */
static bool type_known(struct bytes type, bool *normal)
{
    *normal = bytes_equal_string_nocase(type, "normal");
    return *normal || bytes_equal_string_nocase(type, "pubsub") ||
           bytes_equal_string_nocase(type, "replica") || bytes_equal_string_nocase(type, "slave") ||
           bytes_equal_string_nocase(type, "master");
}

static bool wanted_by_id(const struct call *call, const struct session *session)
{
    for (int i = 3; i < call->argc; i++) {
        int64_t id;
        if (bytes_to_int64(call->argv[i], &id) && (uint64_t)id == session->id) {
            return true;
        }
    }
    return false;
}

static void cmd_list(struct call *call)
{
    bool all = true, by_id = false;
    if (call->argc == 4 && bytes_equal_string_nocase(call->argv[2], "TYPE")) {
        if (!type_known(call->argv[3], &all)) {
            reply_errorf(call->reply, "ERR Unknown client type '%.*s'",
                         (int)bytes_slice(call->argv[3], 0, 128).size, call->argv[3].data);
            return;
        }
    } else if (call->argc > 3 && bytes_equal_string_nocase(call->argv[2], "ID") &&
               call_supports(call, "6.2.0")) {
        by_id = true;
        for (int i = 3; i < call->argc; i++) {
            int64_t id;
            if (!bytes_to_int64(call->argv[i], &id)) {
                reply_error(call->reply, "ERR Invalid client ID");
                return;
            }
        }
    } else if (call->argc != 2) {
        reply_syntax_error(call);
        return;
    }
    struct buf lines;
    buf_init(&lines, 256 * 1024 * 1024);
    /* Oldest first, as Redis lists them. */
    struct session *session = call->instance->sessions;
    while (session != NULL && session->next != NULL) {
        session = session->next;
    }
    for (; session != NULL; session = session->previous) {
        if (by_id ? wanted_by_id(call, session) : all) {
            describe(call->instance, session, call->now_ms, &lines);
        }
    }
    reply_verbatim(call->reply, "txt", buf_bytes(&lines));
    buf_finish(&lines);
}

struct kill_filter {
    int64_t id;
    struct bytes address, local_address, user;
    bool type_given, normal, skip_me;
};

static bool matches(const struct kill_filter *filter, const struct session *session)
{
    return (filter->id == 0 || (uint64_t)filter->id == session->id) &&
           (filter->address.data == NULL ||
            bytes_equal_string(filter->address, session->address)) &&
           (filter->local_address.data == NULL ||
            bytes_equal_string(filter->local_address, session->local_address)) &&
           (filter->user.data == NULL || bytes_equal_string(filter->user, session->user)) &&
           (!filter->type_given || filter->normal);
}

static int64_t kill_matching(struct call *call, const struct kill_filter *filter)
{
    int64_t killed = 0;
    for (struct session *session = call->instance->sessions, *next; session != NULL;
         session = next) {
        next = session->next;
        if (!matches(filter, session) || (filter->skip_me && session == call->session)) {
            continue;
        }
        killed++;
        session_close(session);
    }
    return killed;
}

static bool read_filter_or_reply(struct call *call, struct kill_filter *filter)
{
    for (int i = 2; i < call->argc; i += 2) {
        struct bytes word = call->argv[i], value;
        if (i + 1 >= call->argc) {
            reply_syntax_error(call);
            return false;
        }
        value = call->argv[i + 1];
        if (bytes_equal_string_nocase(word, "ID")) {
            if (!bytes_to_int64(value, &filter->id) || filter->id <= 0) {
                reply_error(call->reply, call_supports(call, "7.0.0")
                                             ? "ERR client-id should be greater than 0"
                                             : ERROR_NOT_INTEGER);
                return false;
            }
        } else if (bytes_equal_string_nocase(word, "TYPE")) {
            filter->type_given = true;
            if (!type_known(value, &filter->normal)) {
                reply_errorf(call->reply, "ERR Unknown client type '%.*s'",
                             (int)bytes_slice(value, 0, 128).size, value.data);
                return false;
            }
        } else if (bytes_equal_string_nocase(word, "ADDR")) {
            filter->address = value;
        } else if (bytes_equal_string_nocase(word, "LADDR") && call_supports(call, "6.2.0")) {
            filter->local_address = value;
        } else if (bytes_equal_string_nocase(word, "USER")) {
            filter->user = value;
            if (!bytes_equal_string(value, "default")) {
                reply_errorf(call->reply, "ERR No such user '%.*s'",
                             (int)bytes_slice(value, 0, 128).size, value.data);
                return false;
            }
        } else if (bytes_equal_string_nocase(word, "SKIPME") &&
                   (bytes_equal_string_nocase(value, "yes") ||
                    bytes_equal_string_nocase(value, "no"))) {
            filter->skip_me = bytes_equal_string_nocase(value, "yes");
        } else {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

static void cmd_kill(struct call *call)
{
    struct kill_filter filter = {.skip_me = true};
    if (call->argc == 3) { /* the old form: an address, and oneself is not spared */
        filter.skip_me = false;
        filter.address = call->argv[2];
        if (kill_matching(call, &filter) == 0) {
            reply_error(call->reply, "ERR No such client");
        } else {
            reply_ok(call->reply);
        }
        return;
    }
    if (read_filter_or_reply(call, &filter)) {
        reply_integer(call->reply, kill_matching(call, &filter));
    }
}

static void cmd_reply(struct call *call)
{
    struct session *session = call->session;
    if (bytes_equal_string_nocase(call->argv[2], "ON")) {
        session->replies_off = false;
        call->reply->muted = false;
        reply_ok(call->reply);
    } else if (bytes_equal_string_nocase(call->argv[2], "OFF")) {
        session->replies_off = true;
    } else if (bytes_equal_string_nocase(call->argv[2], "SKIP")) {
        session->skip_next_reply = !session->replies_off;
    } else {
        reply_syntax_error(call);
    }
}

static void cmd_help(struct call *call)
{
    static const char *const lines[] = {
        "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "GETNAME",
        "    Return the name of the current connection.",
        "ID",
        "    Return the ID of the current connection.",
        "INFO",
        "    Return information about the current client connection.",
        "KILL <ip:port>",
        "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Kill connections. Options are:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made from the specified address",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made to specified local address",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Kill connections by type.",
        "    * USER <username>",
        "      Kill connections authenticated by <username>.",
        "    * SKIPME (YES|NO)",
        "      Skip killing current connection (default: yes).",
        "LIST [options ...]",
        "    Return information about client connections. Options:",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Return clients of specified type.",
        "REPLY (ON|OFF|SKIP)",
        "    Control the replies sent to the current connection.",
        "SETNAME <name>",
        "    Assign the name <name> to the current connection.",
        "HELP",
        "    Print this help.",
    };
    reply_array(call->reply, ARRAY_LEN(lines));
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        reply_status(call->reply, lines[i]);
    }
}

#define CLIENT_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

static const struct command subcommands[] = {
    {
        .name = "GETNAME",
        .handler = cmd_getname,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Get the current connection name",
    },
    {
        .name = "HELP",
        .handler = cmd_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "ID",
        .handler = cmd_id,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Returns the client ID for the current connection",
    },
    {
        .name = "INFO",
        .handler = cmd_info,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Returns information about the current client connection.",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "KILL",
        .handler = cmd_kill,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of client connections",
        .summary = "Kill the connection of a client",
        .arguments = "filter(ip:port!2.8.12|new-format([client-id=integer@ID^2.8.12]|[normal_"
                     "master_slave_pubsub(normal=token@NORMAL|master=token@MASTER^3.2.0|slave="
                     "token@SLAVE|replica=token@REPLICA^5.0.0|pubsub=token@PUBSUB)@TYPE^2.8.12]|["
                     "username@USER]|[ip:port@ADDR]|[ip:port@LADDR^6.2.0]|[yes/no@SKIPME])...)",
        .history =
            (const struct command_history[]){
                {"2.8.12", "Added new filter format."},
                {"2.8.12", "`ID` option."},
                {"3.2.0", "Added `master` type in for `TYPE` option."},
                {"5.0.0", "Replaced `slave` `TYPE` with `replica`. `slave` still supported for "
                          "backward compatibility."},
                {"6.2.0", "`LADDR` option."},
                {0}},
    },
    {
        .name = "LIST",
        .handler = cmd_list,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of client connections",
        .summary = "Get the list of client connections",
        .arguments = "[normal_master_replica_pubsub(normal=token@NORMAL|master=token@MASTER|"
                     "replica=token@REPLICA|pubsub=token@PUBSUB)@TYPE^5.0.0] "
                     "[id{client-id=integer...}@ID^6.2.0]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){
                {"2.8.12", "Added unique client `id` field."},
                {"5.0.0", "Added optional `TYPE` filter."},
                {"6.0.0", "Added `user` field."},
                {"6.2.0", "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the "
                          "optional `ID` filter."},
                {"7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."},
                {"7.0.3", "Added `ssub` field."},
                {0}},
    },
    {
        .name = "REPLY",
        .handler = cmd_reply,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Instruct the server whether to reply to commands",
        .arguments = "on_off_skip(on=token@ON|off=token@OFF|skip=token@SKIP)",
    },
    {
        .name = "SETINFO",
        .handler = cmd_setinfo,
        .arity = 4,
        .flags = CLIENT_FLAGS,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Set client or connection specific info",

    },
    {
        .name = "SETNAME",
        .handler = cmd_setname,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Set the current connection name",
        .arguments = "connection-name",
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "CLIENT",
        .arity = -2,
        .since = "2.4.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for client connection commands",
        .subcommands = subcommands,
    },
};

const struct command_family client_family = {"connection", commands, ARRAY_LEN(commands)};
