#include "resp/lua/engine.h"

#include <assert.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resp/long_run.h"
#include "resp/lua/sandbox.h"

enum {
    HOOK_INSTRUCTIONS = 100000, /* between two looks at the clock */
    LOAD_TIMEOUT_US = 500000,   /* for a library's body */
    MEMORY_LIMIT = 1 << 30,     /* of one interpreter; beyond it Lua says "not enough memory" */
};

/* ---- Errors ---- */

/* Where the error was raised: the nearest function that is no C and not the sandbox's own. */
static bool find_place(lua_State *lua, lua_Debug *place)
{
    for (int level = 1; lua_getstack(lua, level, place); level++) {
        lua_getinfo(lua, "Sl", place);
        if (place->currentline > 0 && strcmp(place->source, SANDBOX_CHUNK) != 0) {
            return true;
        }
    }
    return false;
}

/*
 * As Redis 6.0 found the place: where the error was raised, or called `error`. What cannot be
 * joined to that place fails once more, in the handler itself.
 */
static int handle_error_of_six(lua_State *lua)
{
    lua_Debug place;
    const char *source = NULL, *text = lua_tostring(lua, 1);
    int line = 0;
    if (text == NULL) {
        text = lua_pushfstring(lua,
                               "err_handler_def:8: attempt to concatenate local 'err' (a %s value)",
                               luaL_typename(lua, 1));
        source = "@err_handler_def";
        line = 8;
    } else if (lua_getstack(lua, 1, &place)) {
        lua_getinfo(lua, "Sl", &place);
        if (strcmp(place.what, "C") == 0 && lua_getstack(lua, 2, &place)) {
            lua_getinfo(lua, "Sl", &place);
        }
        source = place.source;
        line = place.currentline;
        if (strcmp(source, SANDBOX_CHUNK) == 0) {
            source = "@enable_strict_lua";
            line = strstr(text, "attempted to create") != NULL ? 8 : 15;
        }
    }
    lua_newtable(lua);
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, "err");
    lua_pushstring(lua, source);
    lua_setfield(lua, -2, "source");
    lua_pushinteger(lua, line);
    lua_setfield(lua, -2, "line");
    return 1;
}

/* Makes {err, source, line} of whatever was raised. */
static int handle_error(lua_State *lua)
{
    lua_Debug place;
    if (!instance_runs(lua_engine_of(lua)->instance, "7.0.0")) {
        return handle_error_of_six(lua);
    }
    if (!lua_istable(lua, 1)) {
        const char *text = lua_tostring(lua, 1);
        if (lua_isnoneornil(lua, 1)) {
            text = "nil";
        } else if (lua_isboolean(lua, 1)) {
            text = lua_toboolean(lua, 1) ? "true" : "false";
        } else if (text == NULL) {
            text = lua_pushfstring(lua, "%s: %p", luaL_typename(lua, 1), lua_topointer(lua, 1));
        }
        lua_newtable(lua);
        lua_pushfstring(lua, "ERR %s", text);
        lua_setfield(lua, -2, "err");
        lua_replace(lua, 1);
    }
    lua_settop(lua, 1);
    if (find_place(lua, &place)) {
        lua_pushstring(lua, place.source);
        lua_setfield(lua, 1, "source");
        lua_pushinteger(lua, place.currentline);
        lua_setfield(lua, 1, "line");
    }
    return 1;
}

/* ---- Life ---- */

static const unsigned short random_seed[3] = {0x330e, 0, 0};

static void *allocate(void *context, void *block, size_t old_size, size_t size)
{
    struct lua_engine *engine = context;
    if (size == 0) {
        free(block);
        engine->memory -= old_size;
        return NULL;
    }
    if (size > old_size && engine->memory + (size - old_size) > MEMORY_LIMIT) {
        return NULL;
    }
    void *moved = realloc(block, size);
    if (moved != NULL) {
        engine->memory += size - old_size;
    }
    return moved;
}

struct lua_engine *lua_engine_of(lua_State *lua)
{
    void *context;
    lua_getallocf(lua, &context);
    return context;
}

struct lua_engine *lua_engine_create(struct instance *instance, bool functions)
{
    struct lua_engine *engine = memory_allocate_zeroed(sizeof(*engine));
    engine->instance = instance;
    engine->lua = lua_newstate(allocate, engine);
    assert(engine->lua != NULL);
    memcpy(engine->random_state, random_seed, sizeof(random_seed));
    engine->client.instance = instance;
    engine->client.authenticated = true;
    engine->client.user = bytes_to_string(BYTES("default"));
    engine->client.name = bytes_to_string(BYTES(""));
    engine->client.address = bytes_to_string(BYTES(""));
    engine->client.local_address = bytes_to_string(BYTES(""));
    reply_init(&engine->client.reply, SIZE_MAX);
    if (!functions) { /* only scripts see it */
        lua_register(engine->lua, "__redis__err__handler", handle_error);
    }
    lua_open_sandbox(engine, functions);
    return engine;
}

void lua_engine_destroy(struct lua_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    lua_close(engine->lua);
    reply_finish(&engine->client.reply);
    memory_free(engine->client.user);
    memory_free(engine->client.name);
    memory_free(engine->client.address);
    memory_free(engine->client.local_address);
    memory_free(engine);
}

/* ---- Long runs ---- */

static void hook(lua_State *lua, lua_Debug *where)
{
    struct lua_engine *engine = lua_engine_of(lua);
    struct script_run *run = engine->run;
    (void)where;
    if (engine->loading != NULL && clock_monotonic_us() - engine->loading_us > LOAD_TIMEOUT_US) {
        lua_sethook(lua, hook, LUA_MASKLINE | LUA_MASKCOUNT, 1);
        lua_push_error_table(lua, "FUNCTION LOAD timeout");
        lua_error(lua);
    }
    if (run != NULL && !run->killed) {
        int64_t threshold_us = engine->instance->busy_threshold_ms * 1000;
        if (threshold_us <= 0 || clock_monotonic_us() - run->start_us < threshold_us) {
            return;
        }
        long_run_pause(engine->instance);
    }
    if (run != NULL && run->killed) {
        /* From here on every line fails: pcall cannot catch it for ever. */
        lua_sethook(lua, hook, LUA_MASKLINE | LUA_MASKCOUNT, 1);
        if (instance_runs(engine->instance, "7.0.0")) {
            lua_push_error_table(lua, run->is_function ? "Script killed by user with FUNCTION KILL."
                                                       : "Script killed by user with SCRIPT KILL.");
        } else {
            lua_pushliteral(lua, "Script killed by user with SCRIPT KILL...");
        }
        lua_error(lua);
    }
}

void lua_engines_kill(struct instance *instance)
{
    struct script_run *run = lua_engines_run(instance);
    if (run != NULL) {
        run->killed = true;
    }
}

struct script_run *lua_engines_run(const struct instance *instance)
{
    struct lua_engine *engines[] = {instance->scripts.engine, instance->functions.engine};
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        if (engines[i] != NULL && engines[i]->run != NULL) {
            return engines[i]->run;
        }
    }
    return NULL;
}

/* ---- Compiling ---- */

/*
 * Until 7.0 a script was compiled as the body of a function, which some errors tell. False with
 * the error on the stack.
 */
static bool fits_in_function(struct lua_engine *engine, struct bytes body, const char *chunk)
{
    struct buf text;
    if (instance_runs(engine->instance, "7.0.0")) {
        return true;
    }
    buf_init(&text, SIZE_MAX);
    buf_append_string(&text, "function f() ");
    buf_append(&text, body);
    buf_append_string(&text, "\nend");
    bool fits = sandbox_load(engine->lua, buf_bytes(&text), chunk) == 0;
    buf_finish(&text);
    if (fits) {
        lua_pop(engine->lua, 1);
    }
    return fits;
}

bool lua_engine_compile(struct lua_engine *engine, struct bytes body, const char *chunk,
                        int *reference, struct buf *error)
{
    lua_State *lua = engine->lua;
    if (!fits_in_function(engine, body, chunk) || sandbox_load(lua, body, chunk) != 0) {
        buf_append_string(error, lua_tostring(lua, -1));
        lua_pop(lua, 1);
        return false;
    }
    *reference = luaL_ref(lua, LUA_REGISTRYINDEX);
    return true;
}

void lua_engine_release(struct lua_engine *engine, int reference)
{
    luaL_unref(engine->lua, LUA_REGISTRYINDEX, reference);
}

/* ---- Calling ---- */

static const char *string_field(lua_State *lua, const char *name)
{
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    const char *text = lua_tostring(lua, -1);
    lua_pop(lua, 1);
    return text; /* the table still holds it */
}

/* Answers the error table on top of the stack. */
static void reply_raised(struct lua_engine *engine, const struct script_run *run)
{
    lua_State *lua = engine->lua;
    struct reply *reply = run->call->reply;
    bool table = lua_istable(lua, -1);
    const char *text = table ? string_field(lua, "err") : NULL;
    const char *source = table ? string_field(lua, "source") : NULL;
    text = text != NULL ? text : table ? "ERR unknown error" : "ERR not enough memory";
    lua_Integer line = 0;
    if (table) {
        lua_pushstring(lua, "line");
        lua_rawget(lua, -2);
        line = lua_tointeger(lua, -1);
        lua_pop(lua, 1);
    }
    if (!instance_runs(engine->instance, "7.0.0")) {
        char place[64] = "";
        if (source != NULL) {
            snprintf(place, sizeof(place), "%.40s:%d: ", source, (int)line);
        }
        reply_errorf(reply, "ERR Error running script (call to f_%s): %s%s", run->name, place,
                     table ? text : "not enough memory");
    } else if (source != NULL) {
        reply_errorf(reply, "%s script: %s, on %s:%d.", text, run->name, source, (int)line);
    } else {
        reply_error(reply, text);
    }
}

static void push_words(lua_State *lua, const struct bytes *words, size_t count)
{
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(lua, words[i].data != NULL ? words[i].data : "", words[i].size);
        lua_rawseti(lua, -2, (int)i + 1);
    }
}

struct invocation {
    int reference;
    const struct bytes *keys, *arguments;
    size_t key_count, argument_count;
    bool globals;
};

/* Everything that may raise, a lack of memory too, happens in here. */
static int invoke(lua_State *lua)
{
    const struct invocation *invocation = lua_touserdata(lua, 1);
    lua_settop(lua, 0);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, invocation->reference);
    push_words(lua, invocation->keys, invocation->key_count);
    push_words(lua, invocation->arguments, invocation->argument_count);
    if (invocation->globals) {
        lua_set_sandbox_global(lua, "ARGV");
        lua_set_sandbox_global(lua, "KEYS");
        lua_call(lua, 0, 1);
    } else {
        lua_call(lua, 2, 1);
    }
    return 1;
}

static void begin_run(struct lua_engine *engine, struct script_run *run)
{
    struct session *caller = run->call->session;
    engine->run = run;
    engine->client.db = caller->db;
    engine->client.id = caller->id;
    engine->client.account = caller->account;
    engine->client.reply.protocol = 2;
    if (!instance_runs(engine->instance, "7.0.0")) {
        /* The same numbers for every script, while these were replicated as scripts. */
        memcpy(engine->random_state, random_seed, sizeof(random_seed));
    }
    run->start_us = clock_monotonic_us();
    engine->instance->snapshot_ms = run->call->now_ms;
    lua_sethook(engine->lua, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

static void end_run(struct lua_engine *engine)
{
    lua_sethook(engine->lua, NULL, 0, 0);
    engine->run = NULL;
    engine->instance->snapshot_ms = 0;
    buf_finish(&engine->client.reply.output);
    reply_init(&engine->client.reply, SIZE_MAX);
}

void lua_engine_call(struct lua_engine *engine, int reference, struct script_run *run,
                     const struct bytes *keys, size_t key_count, const struct bytes *arguments,
                     size_t argument_count, bool globals)
{
    lua_State *lua = engine->lua;
    struct invocation invocation = {reference, keys, arguments, key_count, argument_count, globals};
    begin_run(engine, run);
    lua_pushcfunction(lua, handle_error);
    lua_pushcfunction(lua, invoke);
    lua_pushlightuserdata(lua, &invocation);
    bool failed = lua_pcall(lua, 1, 1, -3) != 0;
    int protocol = engine->client.reply.protocol;
    end_run(engine);
    if (failed) {
        reply_raised(engine, run);
        lua_pop(lua, 1);
    } else {
        lua_reply_value(lua, run->call->reply, protocol);
    }
    lua_settop(lua, 0);
    /* A little at a time, so that garbage never becomes a pause. */
    lua_gc(lua, LUA_GCSTEP, 2);
}

bool lua_engine_load(struct lua_engine *engine, int reference, struct buf *error)
{
    lua_State *lua = engine->lua;
    engine->loading_us = clock_monotonic_us();
    lua_show_loading_globals(lua, true);
    lua_sethook(lua, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    lua_pushcfunction(lua, handle_error);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, reference);
    bool loaded = lua_pcall(lua, 0, 0, -2) == 0;
    lua_sethook(lua, NULL, 0, 0);
    lua_show_loading_globals(lua, false);
    if (!loaded) {
        const char *text = lua_istable(lua, -1) ? string_field(lua, "err") : NULL;
        buf_append_string(error, text != NULL ? text : "ERR not enough memory");
    }
    lua_settop(lua, 0);
    return loaded;
}
