/* CLIENT: who is connected, and ending connections. The other subcommands have files of their own.
 */
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/client.h"
#include "resp/commands/help.h"
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

static void cmd_client_id(struct call *call)
{
    reply_integer(call->reply, (int64_t)call->session->id);
}

static void cmd_client_getname(struct call *call)
{
    if (call->session->name[0] == '\0') {
        reply_null(call->reply);
    } else {
        reply_bulk_string(call->reply, call->session->name);
    }
}

static void cmd_client_setname(struct call *call)
{
    if (!name_fits(call->argv[2])) {
        reply_error(call->reply, ERROR_CLIENT_NAME);
        return;
    }
    memory_free(call->session->name);
    call->session->name = bytes_to_string(call->argv[2]);
    reply_ok(call->reply);
}

static void cmd_client_setinfo(struct call *call)
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

/* The letters of CLIENT LIST's flags, in Redis's order. */
static const char *flags_of(const struct session *session, char text[24])
{
    const struct {
        bool set;
        char letter;
    } flags[] = {
        {session->follower != NULL, 'S'},
        {session->monitor, 'O'},
        {session_listens(session), 'P'},
        {session->in_transaction, 'x'},
        {session->blocked.active, 'b'},
        {session->tracking.on, 't'},
        {session->tracking.broken_redirect, 'R'},
        {session->tracking.broadcast && instance_runs(session->instance, "6.2.0"), 'B'},
        {session->dirty, 'd'},
        {session->closing, 'A'},
        {session->readonly, 'r'},
        {session->no_evict, 'e'},
        {session->no_touch, 'T'},
    };
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (flags[i].set) {
            text[size++] = flags[i].letter;
        }
    }
    if (size == 0) {
        text[size++] = 'N';
    }
    text[size] = '\0';
    return text;
}

/* One line of CLIENT LIST, with the fields that the instance's version shows. */
static void describe(struct instance *instance, const struct session *session, int64_t now_ms,
                     struct buf *line)
{
    bool modern = instance_runs(instance, "7.0.0"), middle = instance_runs(instance, "6.2.0");
    char command[64] = "NULL";
    if (session->last != NULL) {
        command_full_name(session->last, command);
    }
    int64_t idle = (now_ms - session->active_ms) / 1000;
    size_t held = parser_pending(&session->parser);
    buf_printf(line, "id=%llu addr=%s ", (unsigned long long)session->id, session->address);
    if (middle) {
        buf_printf(line, "laddr=%s ", session->local_address);
    }
    buf_printf(
        line, "fd=%d name=%s age=%lld idle=%lld flags=%s db=%d sub=%zu psub=%zu ",
        session->descriptor, session->name, (long long)((now_ms - session->created_ms) / 1000),
        (long long)idle, flags_of(session, (char[24]){0}), keyspace_index(session->db),
        session->subscriptions[PUBSUB_CHANNEL].count, session->subscriptions[PUBSUB_PATTERN].count);
    if (modern) {
        buf_printf(line, "ssub=%zu ", session->subscriptions[PUBSUB_SHARD].count);
    }
    long long multi = session->in_transaction ? (long long)session->transaction.count : -1;
    buf_printf(line, "multi=%lld ", multi);
    if (instance_runs(instance, "7.4.0")) {
        buf_printf(line, "watch=%zu ", watch_count(session));
    }
    buf_printf(line, "qbuf=%zu qbuf-free=%zu argv-mem=%zu ", held,
               session->parser.held.capacity - session->parser.held.size,
               (size_t)session->parser.stored_capacity * sizeof(struct bytes));
    if (modern) {
        buf_printf(line, "multi-mem=0 rbs=%zu rbp=%zu ", session->reply.output.capacity,
                   session->reply.output.capacity);
    }
    buf_printf(line, "obl=%zu oll=0 omem=0 tot-mem=%zu events=r cmd=%s user=%s",
               session->reply.output.size,
               session->memory + parser_memory(&session->parser) + session->reply.output.capacity,
               command, session->user);
    if (middle) {
        buf_printf(line, " redir=%lld",
                   session->tracking.on ? (long long)session->tracking.redirect : -1);
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

char *client_description(struct instance *instance, const struct session *session, int64_t now_ms)
{
    struct buf line;
    buf_init(&line, SIZE_MAX);
    describe(instance, session, now_ms, &line);
    struct bytes text = buf_bytes(&line);
    while (text.size > 0 && text.data[text.size - 1] == '\n') {
        text.size--;
    }
    char *copy = bytes_to_string(text);
    buf_finish(&line);
    return copy;
}

static void cmd_client_info(struct call *call)
{
    struct buf line;
    buf_init(&line, 64 * 1024);
    describe(call->instance, call->session, call->now_ms, &line);
    reply_verbatim(call->reply, "txt", buf_bytes(&line));
    buf_finish(&line);
}

enum client_type { TYPE_ANY, TYPE_NORMAL, TYPE_PUBSUB, TYPE_REPLICA, TYPE_MASTER };

static bool type_known(struct bytes word, enum client_type *type)
{
    static const struct {
        const char *name;
        enum client_type type;
    } types[] = {
        {"normal", TYPE_NORMAL}, {"pubsub", TYPE_PUBSUB}, {"replica", TYPE_REPLICA},
        {"slave", TYPE_REPLICA}, {"master", TYPE_MASTER},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (bytes_equal_string_nocase(word, types[i].name)) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

static bool has_type(const struct session *session, enum client_type type)
{
    return type == TYPE_ANY || type == (session->follower != NULL  ? TYPE_REPLICA
                                        : session_listens(session) ? TYPE_PUBSUB
                                                                   : TYPE_NORMAL);
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

static void cmd_client_list(struct call *call)
{
    enum client_type type = TYPE_ANY;
    bool by_id = false;
    if (call->argc == 4 && bytes_equal_string_nocase(call->argv[2], "TYPE")) {
        if (!type_known(call->argv[3], &type)) {
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
        if (by_id ? wanted_by_id(call, session) : has_type(session, type)) {
            describe(call->instance, session, call->now_ms, &lines);
        }
    }
    reply_verbatim(call->reply, "txt", buf_bytes(&lines));
    buf_finish(&lines);
}

struct kill_filter {
    int64_t id, age_s;
    struct bytes address, local_address, user;
    enum client_type type;
    bool skip_me;
};

static bool matches(const struct kill_filter *filter, const struct session *session, int64_t now_ms)
{
    return (filter->id == 0 || (uint64_t)filter->id == session->id) &&
           (filter->address.data == NULL ||
            bytes_equal_string(filter->address, session->address)) &&
           (filter->local_address.data == NULL ||
            bytes_equal_string(filter->local_address, session->local_address)) &&
           (filter->user.data == NULL || bytes_equal_string(filter->user, session->user)) &&
           (filter->age_s == 0 || (now_ms - session->created_ms) / 1000 >= filter->age_s) &&
           has_type(session, filter->type);
}

static int64_t kill_matching(struct call *call, const struct kill_filter *filter)
{
    int64_t killed = 0;
    for (struct session *session = call->instance->sessions, *next; session != NULL;
         session = next) {
        next = session->next;
        if (!matches(filter, session, call->now_ms) ||
            (filter->skip_me && session == call->session)) {
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
            bool number = bytes_to_int64(value, &filter->id);
            if (!number || (filter->id <= 0 && call_supports(call, "7.0.0"))) {
                reply_error(call->reply, call_supports(call, "7.0.0")
                                             ? "ERR client-id should be greater than 0"
                                             : ERROR_NOT_INTEGER);
                return false;
            }
        } else if (bytes_equal_string_nocase(word, "MAXAGE") && call_supports(call, "7.4.0")) {
            bool number = bytes_to_int64(value, &filter->age_s);
            if (!number || filter->age_s <= 0) {
                reply_error(call->reply, number ? "ERR maxage should be greater than 0"
                                                : "ERR maxage is not an integer or out of range");
                return false;
            }
        } else if (bytes_equal_string_nocase(word, "TYPE")) {
            if (!type_known(value, &filter->type)) {
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

static void cmd_client_kill(struct call *call)
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
    if (call->argc == 2) {
        reply_syntax_error(call);
    } else if (read_filter_or_reply(call, &filter)) {
        reply_integer(call->reply, kill_matching(call, &filter));
    }
}

static const char *const help_lines[] = {
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
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
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    NULL,
};

static void cmd_client_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command client_subcommands[] = {
    {
        .name = "CACHING",
        .handler = cmd_client_caching,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Instruct the server about tracking or not keys in the next request",
        .arguments = "mode(yes=token@YES|no=token@NO)",
    },
    {
        .name = "GETNAME",
        .handler = cmd_client_getname,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Get the current connection name",
    },
    {
        .name = "GETREDIR",
        .handler = cmd_client_getredir,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Get tracking notifications redirection client ID if any",
    },
    {
        .name = "HELP",
        .handler = cmd_client_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "ID",
        .handler = cmd_client_id,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Returns the client ID for the current connection",
    },
    {
        .name = "INFO",
        .handler = cmd_client_info,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Returns information about the current client connection.",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "KILL",
        .handler = cmd_client_kill,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of client connections",
        .summary = "Kill the connection of a client",
        .arguments = "filter(ip:port!2.8.12|new-format([client-id=integer@ID^2.8.12]|[normal_"
                     "master_slave_pubsub(normal=token@NORMAL|master=token@MASTER^3.2.0|slave="
                     "token@SLAVE|replica=token@REPLICA^5.0.0|pubsub=token@PUBSUB)@TYPE^2.8.12]|["
                     "username@USER]|[ip:port@ADDR]|[ip:port@LADDR^6.2.0]|[yes/"
                     "no@SKIPME]|[maxage=integer@MAXAGE^7.4.0])...)",
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
        .handler = cmd_client_list,
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
        .name = "NO-EVICT",
        .handler = cmd_client_no_evict,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Set client eviction mode for the current connection",
        .arguments = "enabled(on=token@ON|off=token@OFF)",
    },
    {
        .name = "NO-TOUCH",
        .handler = cmd_client_no_touch,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Controls whether commands sent by the client affect the LRU/LFU of accessed "
                   "keys.",
        .arguments = "enabled(on=token@ON|off=token@OFF)",
    },
    {
        .name = "PAUSE",
        .handler = cmd_client_pause,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.9.50",
        .complexity = "O(1)",
        .summary = "Stop processing commands from clients for some time",
        .arguments = "timeout=integer [mode(write=token@WRITE|all=token@ALL)^6.2.0]",
        .history =
            (const struct command_history[]){
                {"6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."}, {0}},
    },
    {
        .name = "REPLY",
        .handler = cmd_client_reply,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Instruct the server whether to reply to commands",
        .arguments = "on_off_skip(on=token@ON|off=token@OFF|skip=token@SKIP)",
    },
    {
        .name = "SETINFO",
        .handler = cmd_client_setinfo,
        .arity = 4,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Set client or connection specific info",

    },
    {
        .name = "SETNAME",
        .handler = cmd_client_setname,
        .arity = 3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Set the current connection name",
        .arguments = "connection-name",
    },
    {
        .name = "TRACKING",
        .handler = cmd_client_tracking,
        .arity = -3,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1). Some options may introduce additional complexity.",
        .summary = "Enable or disable server assisted client side caching support",
        .arguments = "status(on=token@ON|off=token@OFF) [client-id=integer@REDIRECT] "
                     "[prefix@PREFIX*...] [bcast=token@BCAST] [optin=token@OPTIN] "
                     "[optout=token@OPTOUT] [noloop=token@NOLOOP]",
    },
    {
        .name = "TRACKINGINFO",
        .handler = cmd_client_trackinginfo,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Return information about server assisted client side caching for the "
                   "current connection",
    },
    {
        .name = "UNBLOCK",
        .handler = cmd_client_unblock,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(log N) where N is the number of client connections",
        .summary = "Unblock a client blocked in a blocking command from a different "
                   "connection",
        .arguments = "client-id=integer "
                     "[timeout_error(timeout=token@TIMEOUT|error=token@ERROR)]",
    },
    {
        .name = "UNPAUSE",
        .handler = cmd_client_unpause,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(N) Where N is the number of paused clients",
        .summary = "Resume processing of clients that were paused",
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
        .subcommands = client_subcommands,
    },
};

const struct command_family client_family = {"connection", commands, ARRAY_LEN(commands)};
