/*
 * Lua 5.1 has no read-only tables: scripts get empty stand-ins whose __index is the real table and
 * whose __newindex refuses. The functions that look behind metatables know of them.
 */
#include "resp/lua/sandbox.h"

#include <assert.h>
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resp/lua/engine.h"

/*
 * Gets the real globals, whether Redis 6 is played, which lets scripts change all but globals, the
 * globals while a library is loaded, and the table that knows the stand-ins. Returns the stand-in
 * for the globals and the switch to the loading ones.
 */
static const char sandbox_source[] =
    "local real, old, loading, stands_for = ...\n"
    "local error, type, tostring, next = error, type, tostring, next\n"
    "local rawset, setmetatable, getmetatable = rawset, setmetatable, getmetatable\n"
    "local real_get = rawget\n"
    "local function refuse(shown, name, value)\n"
    "  if old and real_get(stands_for[shown], name) ~= nil then\n"
    "    return rawset(stands_for[shown], name, value)\n"
    "  end\n"
    "  if old then error(\"Script attempted to create global variable '\" .. tostring(name) .. "
    "\"'\", "
    "2) end\n"
    "  error('Attempt to modify a readonly table', 2)\n"
    "end\n"
    "local function protect(table)\n"
    "  local shown = setmetatable({}, {__index = table, __newindex = refuse})\n"
    "  stands_for[shown] = table\n"
    "  return shown\n"
    "end\n"
    "local text = getmetatable('')\n"
    "if not old then\n"
    "  for name, value in next, real do\n"
    "    if type(value) == 'table' and value ~= real then rawset(real, name, protect(value)) end\n"
    "  end\n"
    "  text.__index = real.string\n"
    "end\n"
    "stands_for[text] = protect(text)\n"
    "local missing = {__index = function(_, name)\n"
    "  error(\"Script attempted to access nonexistent global variable '\" .. tostring(name) .. "
    "\"'\", 2)\n"
    "end}\n"
    "stands_for[missing] = protect(missing)\n"
    "setmetatable(real, missing)\n"
    "local shown = protect(real)\n"
    "if loading then\n"
    "  loading.redis = protect(setmetatable(loading.redis, missing))\n"
    "  setmetatable(loading, missing)\n"
    "end\n"
    "rawset(real, '_G', shown)\n"
    "local metatable = getmetatable(shown)\n"
    "return shown, function(begins) metatable.__index = begins and loading or real end\n";

/* What stays of Lua's own; everything else goes. */
static const char *const kept_globals[] = {
    "__redis__err__handler",
    "_VERSION",
    "assert",
    "collectgarbage",
    "coroutine",
    "error",
    "gcinfo",
    "getmetatable",
    "ipairs",
    "load",
    "loadstring",
    "math",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawset",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "unpack",
    "xpcall",
};

static bool keeps(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kept_globals); i++) {
        if (strcmp(kept_globals[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void drop_globals(lua_State *lua)
{
    lua_pushnil(lua);
    while (lua_next(lua, LUA_GLOBALSINDEX) != 0) {
        lua_pop(lua, 1);
        if (!keeps(lua_tostring(lua, -1))) {
            lua_pushvalue(lua, -1);
            lua_pushnil(lua);
            lua_rawset(lua, LUA_GLOBALSINDEX);
        }
    }
}

/* ---- Text only: bytecode could do anything ---- */

int sandbox_load(lua_State *lua, struct bytes body, const char *chunk)
{
    if (body.size > 0 && body.data[0] == LUA_SIGNATURE[0]) {
        body = BYTES(" " LUA_SIGNATURE); /* behind a space it is no bytecode, but an error */
    }
    return luaL_loadbuffer(lua, body.data != NULL ? body.data : "", body.size, chunk);
}

static int loaded(lua_State *lua, int status)
{
    if (status == 0) {
        return 1;
    }
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

static int base_loadstring(lua_State *lua)
{
    size_t size;
    const char *text = luaL_checklstring(lua, 1, &size);
    const char *chunk = luaL_optstring(lua, 2, text);
    return loaded(lua, sandbox_load(lua, (struct bytes){text, size}, chunk));
}

/* Gathers the pieces first, so that bytecode is seen wherever they are cut. */
static int base_load(lua_State *lua)
{
    const char *chunk = luaL_optstring(lua, 2, "=(load)");
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    lua_settop(lua, 2);
    lua_pushliteral(lua, "");
    for (;;) {
        lua_pushvalue(lua, 1);
        lua_call(lua, 0, 1);
        if (lua_isnil(lua, -1) || (lua_isstring(lua, -1) && lua_objlen(lua, -1) == 0)) {
            lua_pop(lua, 1);
            break;
        }
        if (!lua_isstring(lua, -1)) {
            return luaL_error(lua, "reader function must return a string");
        }
        lua_concat(lua, 2);
    }
    size_t size;
    const char *text = lua_tolstring(lua, -1, &size);
    return loaded(lua, sandbox_load(lua, (struct bytes){text, size}, chunk));
}

/* ---- math.random: the generator of drand48, begun anew by each script ---- */

static double random_fraction(lua_State *lua)
{
    long number = nrand48(lua_engine_of(lua)->random_state) % INT32_MAX;
    return (double)number / INT32_MAX;
}

static int math_random(lua_State *lua)
{
    double fraction = random_fraction(lua);
    switch (lua_gettop(lua)) {
    case 0:
        lua_pushnumber(lua, fraction);
        return 1;
    case 1: {
        int most = luaL_checkint(lua, 1);
        luaL_argcheck(lua, 1 <= most, 1, "interval is empty");
        lua_pushnumber(lua, floor(fraction * most) + 1);
        return 1;
    }
    case 2: {
        int least = luaL_checkint(lua, 1), most = luaL_checkint(lua, 2);
        luaL_argcheck(lua, least <= most, 2, "interval is empty");
        lua_pushnumber(lua, floor(fraction * ((double)most - least + 1)) + least);
        return 1;
    }
    default:
        return luaL_error(lua, "wrong number of arguments");
    }
}

static int math_randomseed(lua_State *lua)
{
    unsigned short *state = lua_engine_of(lua)->random_state;
    uint32_t seed = (uint32_t)luaL_checkint(lua, 1);
    state[0] = 0x330e;
    state[1] = (unsigned short)seed;
    state[2] = (unsigned short)(seed >> 16);
    return 0;
}

/* ---- Stand-ins: what looks behind metatables sees the table that is meant ---- */

/* True when the value at `index` is a stand-in; the real table is put in its place. */
static bool resolve(lua_State *lua, int index)
{
    if (!lua_istable(lua, index)) {
        return false;
    }
    lua_getfield(lua, LUA_REGISTRYINDEX, "stands_for");
    lua_pushvalue(lua, index);
    lua_rawget(lua, -2);
    bool found = lua_istable(lua, -1);
    if (found) {
        lua_replace(lua, index);
        lua_pop(lua, 1);
    } else {
        lua_pop(lua, 2);
    }
    return found;
}

static void refuse_change(lua_State *lua, int index)
{
    if (resolve(lua, index)) {
        lua_pushliteral(lua, "Attempt to modify a readonly table");
        lua_error(lua);
    }
}

static int base_getmetatable(lua_State *lua)
{
    luaL_checkany(lua, 1);
    resolve(lua, 1);
    if (!lua_getmetatable(lua, 1)) {
        lua_pushnil(lua);
        return 1;
    }
    lua_pushliteral(lua, "__metatable");
    lua_rawget(lua, -2);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        resolve(lua, lua_gettop(lua)); /* those of strings and globals are shown by stand-ins */
    }
    return 1;
}

static int base_setmetatable(lua_State *lua)
{
    int type = lua_type(lua, 2);
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
    refuse_change(lua, 1);
    if (luaL_getmetafield(lua, 1, "__metatable")) {
        luaL_error(lua, "cannot change a protected metatable");
    }
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

static int base_rawget(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    resolve(lua, 1);
    lua_rawget(lua, 1);
    return 1;
}

static int base_rawset(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    lua_settop(lua, 3);
    refuse_change(lua, 1);
    lua_rawset(lua, 1);
    return 1;
}

static int base_next(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    resolve(lua, 1);
    if (lua_next(lua, 1)) {
        return 2;
    }
    lua_pushnil(lua);
    return 1;
}

static int base_pairs(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushcfunction(lua, base_next);
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

/* Since Redis 7 an error with a text of its own is caught as that text. */
static int base_pcall(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0) == 0) {
        lua_pushboolean(lua, 1);
        lua_insert(lua, 1);
        return lua_gettop(lua);
    }
    if (lua_istable(lua, -1) && instance_runs(lua_engine_of(lua)->instance, "7.0.0")) {
        lua_getfield(lua, -1, "err");
        if (lua_isstring(lua, -1)) {
            lua_replace(lua, -2);
        } else {
            lua_pop(lua, 1);
        }
    }
    lua_pushboolean(lua, 0);
    lua_insert(lua, -2);
    return 2;
}

static const luaL_Reg base_functions[] = {
    {"getmetatable", base_getmetatable},
    {"load", base_load},
    {"loadstring", base_loadstring},
    {"next", base_next},
    {"pairs", base_pairs},
    {"pcall", base_pcall},
    {"rawget", base_rawget},
    {"rawset", base_rawset},
    {"setmetatable", base_setmetatable},
    {NULL, NULL},
};

/* ---- Guards in front of Lua's own functions: the function is their upvalue ---- */

/* The matcher recurses where a pattern has operators, and one of megabytes would end the stack. */
enum { LONGEST_PATTERN = 16 * 1024 };

/* In the guard's own frame, so that errors tell the name and the place of the call. */
static int go_on(lua_State *lua)
{
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int guarded_pattern(lua_State *lua)
{
    if (lua_isstring(lua, 2) && lua_objlen(lua, 2) > LONGEST_PATTERN &&
        strpbrk(lua_tostring(lua, 2), "^$*+?.([%-") != NULL) {
        return luaL_error(lua, "pattern too complex");
    }
    return go_on(lua);
}

/* The arguments are looked at first: by the function itself, with a table of no importance. */
static int guarded_insert(lua_State *lua)
{
    if (!resolve(lua, 1)) {
        return go_on(lua);
    }
    lua_newtable(lua);
    lua_replace(lua, 1);
    go_on(lua);
    lua_pushliteral(lua, "Attempt to modify a readonly table");
    return lua_error(lua);
}

/* Lua counts the results in an int, and compilers leave out its look at an overflow. */
static int guarded_unpack(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    int64_t first = luaL_optint(lua, 2, 1);
    int64_t last = lua_isnoneornil(lua, 3) ? (int64_t)lua_objlen(lua, 1) : luaL_checkint(lua, 3);
    if (last - first >= INT32_MAX) {
        return luaL_error(lua, "too many results to unpack");
    }
    return go_on(lua);
}

static const struct {
    const char *library, *name;
    lua_CFunction guard;
} guards[] = {
    {"_G", "unpack", guarded_unpack},     {"string", "find", guarded_pattern},
    {"string", "gfind", guarded_pattern}, {"string", "gmatch", guarded_pattern},
    {"string", "gsub", guarded_pattern},  {"string", "match", guarded_pattern},
    {"table", "insert", guarded_insert},
};

static void set_guards(lua_State *lua)
{
    for (size_t i = 0; i < ARRAY_LEN(guards); i++) {
        lua_getglobal(lua, guards[i].library);
        lua_getfield(lua, -1, guards[i].name);
        lua_pushcclosure(lua, guards[i].guard, 1);
        lua_setfield(lua, -2, guards[i].name);
        lua_pop(lua, 1);
    }
}

/* ---- Putting it together ---- */

static const struct {
    const char *name;
    lua_CFunction open;
} own_libraries[] = {
    {"", luaopen_base},
    {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math},
};

static const struct {
    const char *name;
    void (*push)(lua_State *lua);
} added_libraries[] = {
    {"bit", lua_push_bit_library},
    {"cjson", lua_push_cjson_library},
    {"cmsgpack", lua_push_cmsgpack_library},
    {"struct", lua_push_struct_library},
};

void lua_set_sandbox_global(lua_State *lua, const char *name)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, "real_globals");
    lua_insert(lua, -2);
    lua_pushstring(lua, name);
    lua_insert(lua, -2);
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
}

void lua_show_loading_globals(lua_State *lua, bool loading)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, "show_loading");
    lua_pushboolean(lua, loading);
    lua_call(lua, 1, 0);
}

void lua_open_sandbox(struct lua_engine *engine, bool functions)
{
    lua_State *lua = engine->lua;
    for (size_t i = 0; i < ARRAY_LEN(own_libraries); i++) {
        lua_pushcfunction(lua, own_libraries[i].open);
        lua_pushstring(lua, own_libraries[i].name);
        lua_call(lua, 1, 0);
    }
    set_guards(lua);
    drop_globals(lua);
    for (size_t i = 0; i < ARRAY_LEN(added_libraries); i++) {
        added_libraries[i].push(lua);
        lua_setglobal(lua, added_libraries[i].name);
    }
    lua_push_redis_library(engine, false);
    if (functions) { /* these are EVAL's */
        lua_pushnil(lua);
        lua_setfield(lua, -2, "breakpoint");
        lua_pushnil(lua);
        lua_setfield(lua, -2, "debug");
        lua_pushnil(lua);
        lua_setfield(lua, -2, "replicate_commands");
    }
    lua_setglobal(lua, "redis");
    lua_getglobal(lua, "math");
    lua_pushcfunction(lua, math_random);
    lua_setfield(lua, -2, "random");
    lua_pushcfunction(lua, math_randomseed);
    lua_setfield(lua, -2, "randomseed");
    lua_pop(lua, 1);

    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    lua_setfield(lua, LUA_REGISTRYINDEX, "real_globals");
    bool compiled =
        luaL_loadbuffer(lua, sandbox_source, sizeof(sandbox_source) - 1, SANDBOX_CHUNK) == 0;
    assert(compiled);
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    lua_pushboolean(lua, !instance_runs(engine->instance, "7.0.0"));
    if (functions) {
        lua_newtable(lua);
        lua_push_redis_library(engine, true);
        lua_setfield(lua, -2, "redis");
    } else {
        lua_pushnil(lua);
    }
    lua_newtable(lua);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, LUA_REGISTRYINDEX, "stands_for");
    lua_call(lua, 4, 2);
    lua_setfield(lua, LUA_REGISTRYINDEX, "show_loading");
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    luaL_register(lua, NULL, base_functions);
    lua_pop(lua, 1);
    lua_replace(lua, LUA_GLOBALSINDEX);
}
