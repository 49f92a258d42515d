/*
 * One Lua 5.1 interpreter in the sandbox that Redis gives its scripts: EVAL's, and another one for
 * functions. Knows how to compile a body and to call it with keys and arguments; what it may do to
 * the data goes through redis.call (redis_library.c).
 */
#ifndef RESP_LUA_ENGINE_H
#define RESP_LUA_ENGINE_H

#include "resp/instance_state.h"

struct lua_State;

enum script_flag {
    SCRIPT_NO_WRITES = 1 << 0,
    SCRIPT_ALLOW_OOM = 1 << 1,
    SCRIPT_ALLOW_STALE = 1 << 2,
    SCRIPT_NO_CLUSTER = 1 << 3,
    SCRIPT_ALLOW_CROSS_SLOT_KEYS = 1 << 4,
    SCRIPT_COMPATIBLE = 1 << 5, /* EVAL without shebang: rules of before Redis 7 */
};

/* One call of a script or function. */
struct script_run {
    struct call *call;
    const char *name; /* as errors show it: a SHA1 or the function's name */
    unsigned flags;
    bool is_function;
    bool read_only;
    bool wrote;
    bool killed;
    bool out_of_memory; /* at its start */
    int64_t start_us;
};

struct function_library;

struct lua_engine {
    struct instance *instance;
    struct lua_State *lua;
    size_t memory;
    struct script_run *run;           /* NULL: none */
    struct session client;            /* who redis.call's commands come from */
    unsigned short random_state[3];   /* of math.random */
    struct function_library *loading; /* FUNCTION LOAD: what register_function adds to */
    int64_t loading_us;               /* since then */
};

struct lua_engine *lua_engine_create(struct instance *instance, bool functions);
void lua_engine_destroy(struct lua_engine *engine); /* NULL is fine */
struct lua_engine *lua_engine_of(struct lua_State *lua);

/*
 * Compiles a body; *reference keeps the function until lua_engine_release. False with Lua's message
 * in `error`.
 */
bool lua_engine_compile(struct lua_engine *engine, struct bytes body, const char *chunk,
                        int *reference, struct buf *error);
void lua_engine_release(struct lua_engine *engine, int reference);

/*
 * Calls the function and answers run->call with what it returns or raises. With `globals` the keys
 * and arguments are KEYS and ARGV, otherwise the function's two parameters.
 */
void lua_engine_call(struct lua_engine *engine, int reference, struct script_run *run,
                     const struct bytes *keys, size_t key_count, const struct bytes *arguments,
                     size_t argument_count, bool globals);
/* Runs a library's body; it has half a second. False with what it raised in `error`. */
bool lua_engine_load(struct lua_engine *engine, int reference, struct buf *error);
/* Both engines of an instance: whichever runs is killed; the run, NULL when none is. */
void lua_engines_kill(struct instance *instance);
struct script_run *lua_engines_run(const struct instance *instance);

/* ---- The parts of an engine ---- */

/* Lets the interpreter see what Redis lets it see, and nothing else writable. */
void lua_open_sandbox(struct lua_engine *engine, bool functions);
/* While a library is loaded its globals are little more than redis.register_function. */
void lua_show_loading_globals(struct lua_State *lua, bool loading);
/* Sets KEYS or ARGV behind the sandbox's back; the value is on the stack. */
void lua_set_sandbox_global(struct lua_State *lua, const char *name);

/* Libraries leave their table on the stack. */
void lua_push_redis_library(struct lua_engine *engine, bool loading);
void lua_push_bit_library(struct lua_State *lua);
void lua_push_struct_library(struct lua_State *lua);
void lua_push_cjson_library(struct lua_State *lua);
void lua_push_cmsgpack_library(struct lua_State *lua);

/* From a reply's bytes to a value on the stack, and from the value on top (popped) to a reply. */
void lua_push_reply(struct lua_State *lua, struct bytes reply);
void lua_reply_value(struct lua_State *lua, struct reply *reply, int protocol);
/* {err = "CODE text"}; text that has no code of its own ("-CODE ...") gets ERR. */
void lua_push_error_table(struct lua_State *lua, const char *text);

#endif
