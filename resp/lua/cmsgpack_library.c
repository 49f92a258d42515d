/* The library "cmsgpack" as Redis carries it: MessagePack to and from Lua values. */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "resp/lua/engine.h"

enum { DEEPEST = 16 }; /* tables within tables; what lies deeper becomes nil */

/* ---- Packing ---- */

static void add_head(luaL_Buffer *buffer, unsigned mark, uint64_t number, int size)
{
    char bytes[9] = {(char)mark};
    for (int i = 0; i < size; i++) {
        bytes[1 + i] = (char)(number >> (8 * (size - 1 - i)));
    }
    luaL_addlstring(buffer, bytes, (size_t)size + 1);
}

static void pack_integer(luaL_Buffer *buffer, int64_t number)
{
    uint64_t bits = (uint64_t)number;
    if (number >= 0) {
        if (number <= 127) {
            add_head(buffer, (unsigned)number, 0, 0);
        } else if (number <= 0xff) {
            add_head(buffer, 0xcc, bits, 1);
        } else if (number <= 0xffff) {
            add_head(buffer, 0xcd, bits, 2);
        } else if (number <= 0xffffffff) {
            add_head(buffer, 0xce, bits, 4);
        } else {
            add_head(buffer, 0xcf, bits, 8);
        }
    } else if (number >= -32) {
        add_head(buffer, (unsigned)bits & 0xff, 0, 0);
    } else if (number >= -128) {
        add_head(buffer, 0xd0, bits & 0xff, 1);
    } else if (number >= -32768) {
        add_head(buffer, 0xd1, bits & 0xffff, 2);
    } else if (number >= INT32_MIN) {
        add_head(buffer, 0xd2, bits & 0xffffffff, 4);
    } else {
        add_head(buffer, 0xd3, bits, 8);
    }
}

static void pack_number(luaL_Buffer *buffer, lua_Number number)
{
    if (number >= -9223372036854775808.0 && number < 9223372036854775808.0 &&
        number == (lua_Number)(int64_t)number) {
        pack_integer(buffer, (int64_t)number);
        return;
    }
    float single = (float)number;
    if ((double)single == number) {
        uint32_t bits;
        memcpy(&bits, &single, sizeof(bits));
        add_head(buffer, 0xca, bits, 4);
    } else {
        uint64_t bits;
        memcpy(&bits, &number, sizeof(bits));
        add_head(buffer, 0xcb, bits, 8);
    }
}

static void pack_count(luaL_Buffer *buffer, size_t count, unsigned fixed, unsigned long_mark)
{
    if (count <= 15) {
        add_head(buffer, fixed | (unsigned)count, 0, 0);
    } else if (count <= 0xffff) {
        add_head(buffer, long_mark, count, 2);
    } else {
        add_head(buffer, long_mark + 1, count, 4);
    }
}

static void pack_text(luaL_Buffer *buffer, struct bytes text)
{
    if (text.size < 32) {
        add_head(buffer, 0xa0 | (unsigned)text.size, 0, 0);
    } else if (text.size <= 0xff) {
        add_head(buffer, 0xd9, text.size, 1);
    } else if (text.size <= 0xffff) {
        add_head(buffer, 0xda, text.size, 2);
    } else {
        add_head(buffer, 0xdb, text.size, 4);
    }
    luaL_addlstring(buffer, text.data, text.size);
}

/* Keys 1..n and no others; *count is how many there are. */
static bool is_array(lua_State *lua, int index, size_t *count)
{
    lua_Number most = 0;
    *count = 0;
    bool array = true;
    for (lua_pushnil(lua); lua_next(lua, index) != 0; (*count)++) {
        lua_Number key = lua_type(lua, -2) == LUA_TNUMBER ? lua_tonumber(lua, -2) : 0;
        lua_pop(lua, 1);
        array = array && key > 0 && key == floor(key);
        most = key > most ? key : most;
    }
    return array && most == (lua_Number)*count;
}

/*
 * Packs the value at `index` (absolute). Tables are packed into strings of their own, because a
 * luaL_Buffer may hold things on the stack.
 */
static void push_packed(lua_State *lua, int index, int depth);

static void add_packed(lua_State *lua, luaL_Buffer *buffer, int index, int depth)
{
    push_packed(lua, index, depth);
    lua_replace(lua, index);
    size_t size;
    const char *text = lua_tolstring(lua, index, &size);
    luaL_addlstring(buffer, text, size);
}

static void pack_table(lua_State *lua, luaL_Buffer *buffer, int index, int depth)
{
    size_t count;
    bool array = is_array(lua, index, &count);
    pack_count(buffer, count, array ? 0x90 : 0x80, array ? 0xdc : 0xde);
    /* Two slots below the buffer's pieces hold what is being packed. */
    for (size_t i = 1; array && i <= count; i++) {
        lua_rawgeti(lua, index, (int)i);
        lua_replace(lua, index + 1);
        add_packed(lua, buffer, index + 1, depth);
    }
    if (array) {
        return;
    }
    lua_pushnil(lua);
    lua_replace(lua, index + 3); /* the key to go on from */
    for (;;) {
        lua_pushvalue(lua, index + 3);
        if (lua_next(lua, index) == 0) {
            return;
        }
        lua_replace(lua, index + 2);
        lua_pushvalue(lua, -1);
        lua_replace(lua, index + 3);
        lua_replace(lua, index + 1);
        add_packed(lua, buffer, index + 1, depth);
        add_packed(lua, buffer, index + 2, depth);
    }
}

static void push_packed(lua_State *lua, int index, int depth)
{
    luaL_Buffer buffer;
    struct bytes text;
    luaL_checkstack(lua, 24, "in function push_packed");
    int type = lua_type(lua, index);
    lua_pushvalue(lua, index);
    int value = lua_gettop(lua);
    lua_settop(lua, value + 3);
    luaL_buffinit(lua, &buffer);
    switch (type) {
    case LUA_TSTRING:
        text.data = lua_tolstring(lua, value, &text.size);
        pack_text(&buffer, text);
        break;
    case LUA_TBOOLEAN:
        add_head(&buffer, lua_toboolean(lua, value) ? 0xc3 : 0xc2, 0, 0);
        break;
    case LUA_TNUMBER:
        pack_number(&buffer, lua_tonumber(lua, value));
        break;
    case LUA_TTABLE:
        if (depth < DEEPEST) {
            pack_table(lua, &buffer, value, depth + 1);
        } else {
            add_head(&buffer, 0xc0, 0, 0);
        }
        break;
    default:
        add_head(&buffer, 0xc0, 0, 0);
        break;
    }
    luaL_pushresult(&buffer);
    lua_replace(lua, value);
    lua_settop(lua, value);
}

static int msgpack_pack(lua_State *lua)
{
    int count = lua_gettop(lua);
    if (count == 0) {
        return luaL_argerror(lua, 0, "MessagePack pack needs input.");
    }
    luaL_checkstack(lua, count, "Too many arguments for MessagePack pack.");
    for (int i = 1; i <= count; i++) {
        push_packed(lua, i, 0);
    }
    lua_concat(lua, count);
    return 1;
}

/* ---- Unpacking ---- */

struct unpacking {
    lua_State *lua;
    const unsigned char *at;
    size_t left;
};

static const unsigned char *take(struct unpacking *unpacking, size_t size)
{
    if (size > unpacking->left) {
        luaL_error(unpacking->lua, "Missing bytes in input.");
    }
    const unsigned char *bytes = unpacking->at;
    unpacking->at += size;
    unpacking->left -= size;
    return bytes;
}

static uint64_t take_number(struct unpacking *unpacking, size_t size)
{
    const unsigned char *bytes = take(unpacking, size);
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static void push_value(struct unpacking *unpacking);

static void push_array(struct unpacking *unpacking, uint64_t count)
{
    lua_newtable(unpacking->lua);
    luaL_checkstack(unpacking->lua, 3, "in function push_array");
    for (uint64_t i = 1; i <= count; i++) {
        push_value(unpacking);
        lua_rawseti(unpacking->lua, -2, (int)i);
    }
}

static void push_map(struct unpacking *unpacking, uint64_t count)
{
    lua_State *lua = unpacking->lua;
    lua_newtable(lua);
    luaL_checkstack(lua, 3, "in function push_map");
    for (uint64_t i = 0; i < count; i++) {
        push_value(unpacking);
        push_value(unpacking);
        lua_settable(lua, -3);
    }
}

static void push_text(struct unpacking *unpacking, uint64_t size)
{
    const unsigned char *bytes = take(unpacking, size);
    lua_pushlstring(unpacking->lua, (const char *)bytes, (size_t)size);
}

static void push_float(struct unpacking *unpacking, size_t size)
{
    uint64_t bits = take_number(unpacking, size);
    uint32_t half = (uint32_t)bits;
    float single;
    double number;
    memcpy(&single, &half, sizeof(single));
    memcpy(&number, &bits, sizeof(number));
    lua_pushnumber(unpacking->lua, size == 4 ? (double)single : number);
}

static int64_t sign_extended(uint64_t bits, size_t size)
{
    unsigned shift = (unsigned)(64 - size * 8);
    return (int64_t)(bits << shift) >> shift;
}

static void push_value(struct unpacking *unpacking)
{
    lua_State *lua = unpacking->lua;
    unsigned mark = *take(unpacking, 1);
    size_t size;
    luaL_checkstack(lua, 1,
                    "too many return values at once; use unpack_one or unpack_limit "
                    "instead.");
    if (mark <= 0x7f || mark >= 0xe0) {
        lua_pushnumber(lua, mark <= 0x7f ? (int)mark : (int)mark - 256);
    } else if (mark <= 0x8f) {
        push_map(unpacking, mark & 0x0f);
    } else if (mark <= 0x9f) {
        push_array(unpacking, mark & 0x0f);
    } else if (mark <= 0xbf) {
        push_text(unpacking, mark & 0x1f);
    } else {
        switch (mark) {
        case 0xc0:
            lua_pushnil(lua);
            break;
        case 0xc2:
        case 0xc3:
            lua_pushboolean(lua, mark == 0xc3);
            break;
        case 0xca:
        case 0xcb:
            push_float(unpacking, mark == 0xca ? 4 : 8);
            break;
        case 0xcc:
        case 0xcd:
        case 0xce:
        case 0xcf:
            /* Of 64 bits the highest is taken for a sign: Lua's integers are signed. */
            lua_pushnumber(lua,
                           (lua_Number)(int64_t)take_number(unpacking, (size_t)1 << (mark - 0xcc)));
            break;
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3:
            size = (size_t)1 << (mark - 0xd0);
            lua_pushnumber(lua, (lua_Number)sign_extended(take_number(unpacking, size), size));
            break;
        case 0xd9:
        case 0xda:
        case 0xdb:
            push_text(unpacking, take_number(unpacking, (size_t)1 << (mark - 0xd9)));
            break;
        case 0xdc:
        case 0xdd:
            push_array(unpacking, take_number(unpacking, mark == 0xdc ? 2 : 4));
            break;
        case 0xde:
        case 0xdf:
            push_map(unpacking, take_number(unpacking, mark == 0xde ? 2 : 4));
            break;
        default:
            luaL_error(lua, "Bad data format in input.");
        }
    }
}

/* All values, or up to `limit` from `offset`: with either of them the offset behind comes first. */
static int unpack(lua_State *lua, int limit, int offset)
{
    size_t size;
    const char *text = luaL_checklstring(lua, 1, &size);
    bool all = limit == 0 && offset == 0;
    int count = 0;
    if (offset < 0 || limit < 0) {
        return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                          offset, (int)size);
    }
    if ((size_t)offset > size) {
        return luaL_error(lua, "Start offset %d greater than input length %d.", offset, (int)size);
    }
    struct unpacking unpacking = {lua, (const unsigned char *)text + offset, size - (size_t)offset};
    lua_settop(lua, 1);
    for (; unpacking.left > 0 && (all || count < limit); count++) {
        push_value(&unpacking);
    }
    if (all) {
        return count;
    }
    lua_pushinteger(lua, unpacking.left == 0 ? -1 : (lua_Integer)(size - unpacking.left));
    lua_insert(lua, 2);
    return count + 1;
}

static int msgpack_unpack(lua_State *lua)
{
    return unpack(lua, 0, 0);
}

static int msgpack_unpack_one(lua_State *lua)
{
    int offset = (int)luaL_optinteger(lua, 2, 0);
    return unpack(lua, 1, offset);
}

static int msgpack_unpack_limit(lua_State *lua)
{
    int limit = (int)luaL_checkinteger(lua, 2), offset = (int)luaL_optinteger(lua, 3, 0);
    return unpack(lua, limit, offset);
}

static const luaL_Reg functions[] = {
    {"pack", msgpack_pack},
    {"unpack", msgpack_unpack},
    {"unpack_one", msgpack_unpack_one},
    {"unpack_limit", msgpack_unpack_limit},
    {NULL, NULL},
};

void lua_push_cmsgpack_library(lua_State *lua)
{
    lua_newtable(lua);
    luaL_register(lua, NULL, functions);
    lua_pushliteral(lua, "cmsgpack");
    lua_setfield(lua, -2, "_NAME");
    lua_pushliteral(lua, "lua-cmsgpack 0.4.0");
    lua_setfield(lua, -2, "_VERSION");
    lua_pushliteral(lua, "Copyright (C) 2012, Salvatore Sanfilippo");
    lua_setfield(lua, -2, "_COPYRIGHT");
    lua_pushliteral(lua, "MessagePack C implementation for Lua");
    lua_setfield(lua, -2, "_DESCRIPTION");
}
