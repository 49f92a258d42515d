/* The table "redis" of scripts. */
#include <lauxlib.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "resp/cluster.h"
#include "resp/errors.h"
#include "resp/function_library.h"
#include "resp/lua/engine.h"

/* ---- Errors ---- */

void lua_push_error_table(lua_State *lua, const char *text)
{
    lua_newtable(lua);
    if (text[0] != '-') {
        lua_pushfstring(lua, "ERR %s", text);
    } else if (strchr(text, ' ') == NULL) {
        lua_pushfstring(lua, "ERR %s", text + 1);
    } else {
        lua_pushstring(lua, text + 1);
    }
    lua_setfield(lua, -2, "err");
}

static bool modern(lua_State *lua)
{
    return instance_runs(lua_engine_of(lua)->instance, "7.0.0");
}

static int raise(lua_State *lua, const char *text)
{
    if (modern(lua)) {
        lua_push_error_table(lua, text);
    } else {
        lua_pushstring(lua, text);
    }
    return lua_error(lua);
}

/* ---- redis.call and redis.pcall ---- */

/* The words of a command; freed by the caller. False with the error in *refusal. */
static bool read_words(lua_State *lua, struct bytes **words, int *count, const char **refusal)
{
    int argc = lua_gettop(lua);
    *words = NULL;
    *count = 0;
    if (argc == 0) {
        *refusal = modern(lua) ? "Please specify at least one argument for this redis lib call"
                               : "Please specify at least one argument for redis.call()";
        return false;
    }
    for (int i = 1; i <= argc; i++) {
        int type = lua_type(lua, i);
        if (type == LUA_TNUMBER) {
            /* All digits, where Lua itself would keep fourteen. */
            char digits[64];
            int size = snprintf(digits, sizeof(digits), "%.17g", lua_tonumber(lua, i));
            lua_pushlstring(lua, digits, (size_t)size);
            lua_replace(lua, i);
        } else if (type != LUA_TSTRING) {
            *refusal = modern(lua) ? "Lua redis lib command arguments must be strings or integers"
                                   : "Lua redis() command arguments must be strings or integers";
            return false;
        }
    }
    /* On Lua's heap, so that an error does not leak it. */
    *words = lua_newuserdata(lua, (size_t)argc * sizeof(**words));
    for (int i = 0; i < argc; i++) {
        size_t size;
        const char *text = lua_tolstring(lua, i + 1, &size);
        (*words)[i] = (struct bytes){text, size};
    }
    *count = argc;
    return true;
}

static struct command_entry *find_entry(const struct instance *instance, const struct bytes *words,
                                        int count)
{
    struct command_entry *entry = command_table_find(&instance->commands, words[0]);
    if (entry != NULL && entry->subcommand_count > 0 && count > 1) {
        return command_table_subcommand(entry, words[1]);
    }
    return entry;
}

/* Why a script may not run the command; NULL: it may. */
static const char *forbidden(const struct lua_engine *engine, const struct command_entry *entry,
                             const struct bytes *words, int count)
{
    const struct acl_user *user = engine->run->call->session->account;
    int index;
    enum acl_verdict verdict =
        acl_user_untouched(user) ? ACL_ALLOWED : acl_check(user, entry, words, count, &index);
    if (verdict == ACL_ALLOWED) {
        return NULL;
    }
    char name[64];
    command_full_name(entry, name);
    acl_log(engine->run->call, verdict,
            verdict == ACL_NO_COMMAND ? bytes_from_string(name) : words[index],
            bytes_from_string(acl_user_name(user)));
    return verdict == ACL_NO_COMMAND
               ? "The user executing the script can't run this command or subcommand"
           : verdict == ACL_NO_KEY
               ? "The user executing the script can't access at least one of the keys mentioned in "
                 "the command arguments"
               : "The user executing the script can't publish to the channel mentioned in the "
                 "command";
}

/* DEBUG lets scripts run more, but nothing that would change the client or begin another script. */
static bool lifted(const struct instance *instance, const struct command_entry *entry)
{
    const unsigned never = CATEGORY_ADMIN | CATEGORY_CONNECTION | CATEGORY_TRANSACTION |
                           CATEGORY_PUBSUB | CATEGORY_SCRIPTING;
    return instance->scripts_run_everything && (entry->categories & never) == 0;
}

static const char *refusal_of(struct lua_engine *engine, const struct command_entry *entry,
                              int count)
{
    const struct script_run *run = engine->run;
    bool new_words = instance_runs(engine->instance, "7.0.0");
    if (entry == NULL) {
        return new_words ? "Unknown Redis command called from script"
                         : "Unknown Redis command called from Lua script";
    }
    const struct command *command = entry->command;
    if (command->arity > 0 ? count != command->arity : count < -command->arity) {
        return new_words ? "Wrong number of args calling Redis command from script"
                         : "Wrong number of args calling Redis command From Lua script";
    }
    if (((command->flags & CMD_NOSCRIPT) != 0 && !lifted(engine->instance, entry)) ||
        command->handler == NULL) {
        return new_words ? "This Redis command is not allowed from script"
                         : "This Redis command is not allowed from scripts";
    }
    if ((command->flags & CMD_WRITE) != 0 && run->read_only) {
        return "Write commands are not allowed from read-only scripts.";
    }
    bool replica = replica_follows(engine->instance) || engine->instance->demoted ||
                   session_at_replica(run->call->session);
    if ((command->flags & CMD_WRITE) != 0 && replica) {
        return "-" ERROR_READONLY;
    }
    if ((command->flags & CMD_DENY_OOM) != 0 && run->out_of_memory && !run->wrote &&
        (run->flags & SCRIPT_ALLOW_OOM) == 0) {
        return "-" ERROR_OUT_OF_MEMORY;
    }
    return NULL;
}

/* The script's keys were looked at before it ran; those it makes up itself are looked at here. */
static const char *foreign_key(const struct lua_engine *engine, const struct command_entry *entry,
                               const struct bytes *words, int count)
{
    const struct cluster *cluster = engine->instance->cluster;
    int slot;
    if (cluster == NULL) {
        return NULL;
    }
    if (!cluster_slot_of_call(entry->command, words, count, &slot)) {
        return "-" ERROR_CROSS_SLOT;
    }
    return slot < 0 || cluster_owner(cluster, slot)->instance == engine->instance
               ? NULL
               : "Script attempted to access a non local key in a cluster node";
}

/* Runs the command for the script; its answer is what the client holds afterwards. */
static void run_command(struct lua_engine *engine, struct command_entry *entry,
                        const struct bytes *words, int count)
{
    struct session *client = &engine->client;
    engine->run->wrote |= (entry->command->flags & CMD_WRITE) != 0;
    buf_clear(&client->reply.output);
    client->tls = engine->run->call->session->tls;
    dispatch_run(client, entry, words, count, true);
}

/* The table of an error that a function of ours returns. Redis 6.0 says where, and no code. */
static void push_refusal(lua_State *lua, const char *refusal)
{
    lua_Debug place;
    if (modern(lua)) {
        lua_push_error_table(lua, refusal);
        return;
    }
    lua_newtable(lua);
    if (lua_getstack(lua, 1, &place)) {
        lua_getinfo(lua, "Sl", &place);
        lua_pushfstring(lua, "%s: %d: %s", place.source, place.currentline, refusal);
    } else {
        lua_pushstring(lua, refusal);
    }
    lua_setfield(lua, -2, "err");
}

static void mark_error(lua_State *lua)
{
    if (modern(lua)) {
        lua_pushboolean(lua, 1);
        lua_setfield(lua, -2, "ignore_error_stats_update");
    }
}

static int call_command(lua_State *lua, bool raise_errors)
{
    struct lua_engine *engine = lua_engine_of(lua);
    struct bytes *words;
    const char *refusal;
    int count;
    if (engine->run == NULL) {
        return raise(lua, "redis.call/pcall can only be called inside a script invocation");
    }
    bool readable = read_words(lua, &words, &count, &refusal), failed = !readable;
    struct command_entry *entry = NULL;
    if (readable) {
        entry = find_entry(engine->instance, words, count);
        refusal = refusal_of(engine, entry, count);
        refusal = refusal != NULL ? refusal : forbidden(engine, entry, words, count);
        refusal = refusal != NULL ? refusal : foreign_key(engine, entry, words, count);
        failed = refusal != NULL;
    }
    if (failed) {
        push_refusal(lua, refusal);
        if (readable) {
            mark_error(lua);
        }
    } else {
        run_command(engine, entry, words, count);
        lua_push_reply(lua, buf_bytes(&engine->client.reply.output));
        failed = engine->client.reply.output.size > 0 && engine->client.reply.output.data[0] == '-';
        if (failed) {
            mark_error(lua);
        }
    }
    if (failed && raise_errors && !modern(lua)) {
        lua_getfield(lua, -1, "err"); /* it raised the text alone */
    }
    return failed && raise_errors ? lua_error(lua) : 1;
}

static int redis_call(lua_State *lua)
{
    return call_command(lua, true);
}

static int redis_pcall(lua_State *lua)
{
    return call_command(lua, false);
}

/* ---- The others ---- */

static int redis_error_reply(lua_State *lua)
{
    if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
        push_refusal(lua, "wrong number or type of arguments");
        return 1;
    }
    const char *text = lua_tostring(lua, 1);
    if (!modern(lua)) {
        lua_newtable(lua);
        lua_pushvalue(lua, 1);
        lua_setfield(lua, -2, "err");
        return 1;
    }
    lua_push_error_table(lua, text[0] == '-' ? text : lua_pushfstring(lua, "-%s", text));
    return 1;
}

static int redis_status_reply(lua_State *lua)
{
    if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
        push_refusal(lua, "wrong number or type of arguments");
        return 1;
    }
    lua_newtable(lua);
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "ok");
    return 1;
}

static int redis_sha1hex(lua_State *lua)
{
    size_t size;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size;
    char hex[41];
    if (lua_gettop(lua) != 1) {
        return raise(lua, "wrong number of arguments");
    }
    const char *text = lua_tolstring(lua, 1, &size);
    EVP_Digest(text != NULL ? text : "", text != NULL ? size : 0, digest, &digest_size, EVP_sha1(),
               NULL);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(hex + i * 2, 3, "%02x", digest[i]);
    }
    lua_pushlstring(lua, hex, 40);
    return 1;
}

enum { SCRIPT_LOG_DEBUG, SCRIPT_LOG_VERBOSE, SCRIPT_LOG_NOTICE, SCRIPT_LOG_WARNING };

static int redis_log(lua_State *lua)
{
    int count = lua_gettop(lua);
    if (count < 2) {
        return raise(lua, "redis.log() requires two arguments or more.");
    }
    if (!lua_isnumber(lua, 1)) {
        return raise(lua, "First argument must be a number (log level).");
    }
    int level = (int)lua_tonumber(lua, 1);
    if (level < SCRIPT_LOG_DEBUG || level > SCRIPT_LOG_WARNING) {
        return raise(lua, "Invalid debug level.");
    }
    struct buf line;
    buf_init(&line, 1024);
    for (int i = 2; i <= count; i++) {
        size_t size;
        const char *text = lua_tolstring(lua, i, &size);
        if (text != NULL) {
            buf_append_string(&line, i > 2 ? " " : "");
            buf_append(&line, (struct bytes){text, size});
        }
    }
    if (level == SCRIPT_LOG_WARNING) {
        log_warn("script", "%s", buf_string(&line));
    } else if (level == SCRIPT_LOG_NOTICE) {
        log_info("script", "%s", buf_string(&line));
    } else {
        log_debug("script", "%s", buf_string(&line));
    }
    buf_finish(&line);
    return 0;
}

static int redis_setresp(lua_State *lua)
{
    if (lua_gettop(lua) != 1) {
        return raise(lua, "redis.setresp() requires one argument.");
    }
    int protocol = (int)lua_tonumber(lua, 1);
    if (protocol != 2 && protocol != 3) {
        return raise(lua, "RESP version must be 2 or 3.");
    }
    lua_engine_of(lua)->client.reply.protocol = protocol;
    return 0;
}

/* There is no debugger and nothing is replicated: both answer as Redis does outside of these. */
static int redis_breakpoint(lua_State *lua)
{
    lua_pushboolean(lua, 0);
    return 1;
}

static int redis_debug(lua_State *lua)
{
    (void)lua;
    return 0;
}

static int redis_replicate_commands(lua_State *lua)
{
    lua_pushboolean(lua, 1);
    return 1;
}

static int redis_set_repl(lua_State *lua)
{
    if (lua_gettop(lua) != 1) {
        return raise(lua, "redis.set_repl() requires two arguments.");
    }
    int flags = (int)lua_tonumber(lua, 1);
    if ((flags & ~3) != 0) {
        return raise(lua, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                          "REPL_NONE.");
    }
    return 0;
}

static int redis_acl_check_cmd(lua_State *lua)
{
    struct lua_engine *engine = lua_engine_of(lua);
    struct bytes *words;
    const char *refusal;
    int count;
    if (!read_words(lua, &words, &count, &refusal)) {
        return raise(lua, refusal);
    }
    struct command_entry *entry = find_entry(engine->instance, words, count);
    int index;
    if (entry == NULL) {
        return raise(lua, "Invalid command passed to redis.acl_check_cmd()");
    }
    lua_pushboolean(lua, acl_check(engine->run->call->session->account, entry, words, count,
                                   &index) == ACL_ALLOWED);
    return 1;
}

/* ---- The table ---- */

static const luaL_Reg loading_functions[] = {
    {"log", redis_log},
    {"register_function", function_library_register},
    {NULL, NULL},
};

static const luaL_Reg script_functions[] = {
    {"breakpoint", redis_breakpoint},
    {"call", redis_call},
    {"debug", redis_debug},
    {"error_reply", redis_error_reply},
    {"log", redis_log},
    {"pcall", redis_pcall},
    {"replicate_commands", redis_replicate_commands},
    {"set_repl", redis_set_repl},
    {"setresp", redis_setresp},
    {"sha1hex", redis_sha1hex},
    {"status_reply", redis_status_reply},
    {NULL, NULL},
};

static const struct {
    const char *name;
    int value;
} constants[] = {
    {"LOG_DEBUG", SCRIPT_LOG_DEBUG},
    {"LOG_VERBOSE", SCRIPT_LOG_VERBOSE},
    {"LOG_NOTICE", SCRIPT_LOG_NOTICE},
    {"LOG_WARNING", SCRIPT_LOG_WARNING},
    {"REPL_NONE", 0},
    {"REPL_AOF", 1},
    {"REPL_SLAVE", 2},
    {"REPL_REPLICA", 2},
    {"REPL_ALL", 3},
};

void lua_push_redis_library(struct lua_engine *engine, bool loading)
{
    lua_State *lua = engine->lua;
    lua_newtable(lua);
    luaL_register(lua, NULL, loading ? loading_functions : script_functions);
    for (size_t i = 0; i < ARRAY_LEN(constants); i++) {
        if (!loading || strncmp(constants[i].name, "LOG_", 4) == 0) {
            lua_pushinteger(lua, constants[i].value);
            lua_setfield(lua, -2, constants[i].name);
        }
    }
    if (!instance_runs(engine->instance, "7.0.0")) {
        return;
    }
    lua_pushstring(lua, engine->instance->version);
    lua_setfield(lua, -2, "REDIS_VERSION");
    lua_pushnumber(lua, engine->instance->version_number);
    lua_setfield(lua, -2, "REDIS_VERSION_NUM");
    if (!loading) {
        lua_pushcfunction(lua, redis_acl_check_cmd);
        lua_setfield(lua, -2, "acl_check_cmd");
    }
}
