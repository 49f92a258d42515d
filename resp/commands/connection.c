/* AUTH, HELLO, PING, ECHO, QUIT, RESET, SELECT. CLIENT has a file of its own. */
#include <string.h>

#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static void cmd_auth(struct call *call)
{
    struct instance *instance = call->instance;
    if (call->argc > 3) {
        reply_syntax_error(call);
        return;
    }
    if (call->argc == 2 && call->session->host.authenticate == NULL &&
        instance->profile == PROFILE_REDIS && instance->keys[0][0] == '\0') {
        reply_error(call->reply,
                    "ERR AUTH <password> called without any password configured for the default "
                    "user. Are you sure your configuration is correct?");
        return;
    }
    struct bytes user = call->argc == 3 ? call->argv[1] : BYTES("default");
    if (session_authenticate_or_reply(call, user, call->argv[call->argc - 1])) {
        reply_ok(call->reply);
    }
}

static void describe_server(struct call *call)
{
    struct reply *reply = call->reply;
    reply_map(reply, 7);
    reply_bulk(reply, BYTES("server"));
    reply_bulk(reply, BYTES("redis"));
    reply_bulk(reply, BYTES("version"));
    reply_bulk_string(reply, call->instance->version);
    reply_bulk(reply, BYTES("proto"));
    reply_integer(reply, reply->protocol);
    reply_bulk(reply, BYTES("id"));
    reply_integer(reply, (int64_t)call->session->id);
    reply_bulk(reply, BYTES("mode"));
    reply_bulk_string(reply, call->instance->clustered ? "cluster" : "standalone");
    reply_bulk(reply, BYTES("role"));
    reply_bulk(reply, BYTES("master"));
    reply_bulk(reply, BYTES("modules"));
    reply_array(reply, 0);
}

/* Names are printable and without spaces, because CLIENT LIST is a line of words. */
static bool name_fits(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < '!' || name.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static void cmd_hello(struct call *call)
{
    int64_t protocol = call->reply->protocol;
    if (call->argc > 1) {
        bool number = bytes_to_int64(call->argv[1], &protocol);
        if (!number && call_supports(call, "7.0.0")) {
            reply_error(call->reply, "ERR Protocol version is not an integer or out of range");
            return;
        }
        if (!number || protocol < 2 || protocol > 3) {
            reply_error(call->reply, "NOPROTO unsupported protocol version");
            return;
        }
    }
    int name = 0, user = 0;
    for (int i = 2; i < call->argc; i++) {
        int left = call->argc - 1 - i;
        if (bytes_equal_string_nocase(call->argv[i], "AUTH") && left >= 2) {
            user = i + 1;
            i += 2;
        } else if (bytes_equal_string_nocase(call->argv[i], "SETNAME") && left >= 1) {
            name = ++i;
        } else {
            reply_errorf(call->reply, "ERR Syntax error in HELLO option '%.*s'",
                         (int)bytes_slice(call->argv[i], 0, 128).size, call->argv[i].data);
            return;
        }
    }
    if (user != 0 && !session_authenticate_or_reply(call, call->argv[user], call->argv[user + 1])) {
        return;
    }
    if (!call->session->authenticated) {
        reply_error(call->reply,
                    "NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    "the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the "
                    "client and select the RESP protocol version at the same time");
        return;
    }
    if (name != 0) {
        if (!name_fits(call->argv[name])) {
            reply_error(call->reply, ERROR_CLIENT_NAME);
            return;
        }
        memory_free(call->session->name);
        call->session->name = bytes_to_string(call->argv[name]);
    }
    call->reply->protocol = (int)protocol;
    describe_server(call);
}

static void cmd_ping(struct call *call)
{
    if (call->argc > 2) {
        reply_wrong_arity(call);
    } else if (call->reply->protocol < 3 && session_listens(call->session)) {
        reply_array(call->reply, 2);
        reply_bulk(call->reply, BYTES("pong"));
        reply_bulk(call->reply, call->argc == 2 ? call->argv[1] : BYTES(""));
    } else if (call->argc == 2) {
        reply_bulk(call->reply, call->argv[1]);
    } else {
        reply_status(call->reply, "PONG");
    }
}

static void cmd_echo(struct call *call)
{
    reply_bulk(call->reply, call->argv[1]);
}

static void cmd_quit(struct call *call)
{
    reply_ok(call->reply);
    call->session->closing = true;
}

static void cmd_reset(struct call *call)
{
    session_reset(call->session);
    reply_status(call->reply, "RESET");
}

static void cmd_select(struct call *call)
{
    int64_t index;
    if (!bytes_to_int64(call->argv[1], &index)) {
        reply_error(call->reply,
                    call_supports(call, "6.2.0") ? ERROR_NOT_INTEGER : "ERR invalid DB index");
        return;
    }
    if (call->instance->clustered && index != 0) {
        reply_error(call->reply, "ERR SELECT is not allowed in cluster mode");
        return;
    }
    if (index < 0 || index >= call->instance->database_count) {
        reply_error(call->reply, "ERR DB index is out of range");
        return;
    }
    session_select(call->session, (int)index);
    reply_ok(call->reply);
}

static const struct command commands[] = {
    {
        .name = "AUTH",
        .handler = cmd_auth,
        .arity = -2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of passwords defined for the user",
        .summary = "Authenticate to the server",
        .arguments = "[username^6.0.0] password",
        .history =
            (const struct command_history[]){{"6.0.0", "Added ACL style (username and password)."},
                                             {0}},
    },
    {
        .name = "ECHO",
        .handler = cmd_echo,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Echo the given string",
        .arguments = "message",
    },
    {
        .name = "HELLO",
        .handler = cmd_hello,
        .arity = -1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Handshake with Redis",
        .arguments = "[arguments{protover=integer [username_password{username password}@AUTH] "
                     "[clientname@SETNAME]}]",
        .history =
            (const struct command_history[]){
                {"6.2.0", "`protover` made optional; when called without arguments the command "
                          "reports the current connection's context."},
                {0}},
    },
    {
        .name = "PING",
        .handler = cmd_ping,
        .arity = -1,
        .flags = CMD_FAST | CMD_SUBSCRIBER,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Ping the server",
        .arguments = "[message]",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:all_succeeded",
                                      NULL},
    },
    {
        .name = "QUIT",
        .handler = cmd_quit,
        .arity = -1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
                 CMD_SUBSCRIBER,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Close the connection",
    },
    {
        .name = "RESET",
        .handler = cmd_reset,
        .arity = 1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
                 CMD_SUBSCRIBER,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Reset the connection",
    },
    {
        .name = "SELECT",
        .handler = cmd_select,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Change the selected database for the current connection",
        .arguments = "index=integer",
    },
};

const struct command_family connection_family = {"connection", commands, ARRAY_LEN(commands)};
