/* The library "bit" of LuaJIT's fame: operations on 32-bit integers. */
#include <lauxlib.h>
#include <string.h>

#include "resp/lua/engine.h"

/*
 * Any number, wrapped around to 32 bits: they are the lowest of the sum with 2^52 + 2^51. Of
 * numbers beyond 2^51 that makes what the library makes of them everywhere.
 */
static uint32_t take(lua_State *lua, int index)
{
    lua_Number sum = luaL_checknumber(lua, index) + 6755399441055744.0;
    uint64_t bits;
    memcpy(&bits, &sum, sizeof(bits));
    return (uint32_t)bits;
}

static int give(lua_State *lua, uint32_t bits)
{
    lua_pushnumber(lua, (lua_Number)(int32_t)bits);
    return 1;
}

static int bit_tobit(lua_State *lua)
{
    return give(lua, take(lua, 1));
}

static int bit_bnot(lua_State *lua)
{
    return give(lua, ~take(lua, 1));
}

static int bit_band(lua_State *lua)
{
    uint32_t bits = take(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--) {
        bits &= take(lua, i);
    }
    return give(lua, bits);
}

static int bit_bor(lua_State *lua)
{
    uint32_t bits = take(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--) {
        bits |= take(lua, i);
    }
    return give(lua, bits);
}

static int bit_bxor(lua_State *lua)
{
    uint32_t bits = take(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--) {
        bits ^= take(lua, i);
    }
    return give(lua, bits);
}

static int bit_lshift(lua_State *lua)
{
    uint32_t bits = take(lua, 1), count = take(lua, 2) & 31;
    return give(lua, bits << count);
}

static int bit_rshift(lua_State *lua)
{
    uint32_t bits = take(lua, 1), count = take(lua, 2) & 31;
    return give(lua, bits >> count);
}

static int bit_arshift(lua_State *lua)
{
    int64_t number = (int32_t)take(lua, 1);
    return give(lua, (uint32_t)(number >> (take(lua, 2) & 31)));
}

static int bit_rol(lua_State *lua)
{
    uint32_t bits = take(lua, 1), count = take(lua, 2) & 31;
    return give(lua, bits << count | bits >> ((32 - count) & 31));
}

static int bit_ror(lua_State *lua)
{
    uint32_t bits = take(lua, 1), count = take(lua, 2) & 31;
    return give(lua, bits >> count | bits << ((32 - count) & 31));
}

static int bit_bswap(lua_State *lua)
{
    return give(lua, __builtin_bswap32(take(lua, 1)));
}

/* Eight digits, or as many as asked for; negative: in capitals. */
static int bit_tohex(lua_State *lua)
{
    uint32_t bits = take(lua, 1);
    int32_t count = lua_isnone(lua, 2) ? 8 : (int32_t)take(lua, 2);
    const char *digits = count < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[8];
    count = count < -8 || count > 8 ? 8 : count < 0 ? -count : count;
    for (int i = count; --i >= 0; bits >>= 4) {
        text[i] = digits[bits & 15];
    }
    lua_pushlstring(lua, text, (size_t)count);
    return 1;
}

static const luaL_Reg functions[] = {
    {"tobit", bit_tobit}, {"bnot", bit_bnot},     {"band", bit_band},     {"bor", bit_bor},
    {"bxor", bit_bxor},   {"lshift", bit_lshift}, {"rshift", bit_rshift}, {"arshift", bit_arshift},
    {"rol", bit_rol},     {"ror", bit_ror},       {"bswap", bit_bswap},   {"tohex", bit_tohex},
    {NULL, NULL},
};

void lua_push_bit_library(lua_State *lua)
{
    lua_newtable(lua);
    luaL_register(lua, NULL, functions);
}
