/* The library "struct" (Roberto Ierusalimschy's interface): values to and from C's memory layouts.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <stddef.h>
#include <string.h>

#include "resp/lua/engine.h"

enum { LARGEST_INTEGER = 32 };

struct layout {
    bool little, lenient; /* letters that mean nothing have no size; else they are refused */
    unsigned alignment;
    size_t limit; /* where the data ends */
};

struct item {
    char option;
    size_t size;
    size_t padding; /* in front */
};

static bool native_little(void)
{
    const union {
        int number;
        char bytes[sizeof(int)];
    } probe = {1};
    return probe.bytes[0] == 1;
}

static size_t read_count(const char **format, size_t fallback)
{
    size_t count = 0;
    if (!isdigit((unsigned char)**format)) {
        return fallback;
    }
    while (isdigit((unsigned char)**format)) {
        if (count > (size_t)(INT32_MAX / 10)) {
            count = INT32_MAX; /* refused by whoever uses it */
        } else {
            count = count * 10 + (size_t)(*(*format) - '0');
        }
        (*format)++;
    }
    return count;
}

static size_t option_size(lua_State *lua, char option, const char **format)
{
    size_t size;
    switch (option) {
    case 'B':
    case 'b':
        return sizeof(char);
    case 'H':
    case 'h':
        return sizeof(short);
    case 'L':
    case 'l':
        return sizeof(long);
    case 'T':
        return sizeof(size_t);
    case 'f':
        return sizeof(float);
    case 'd':
        return sizeof(double);
    case 'x':
        return 1;
    case 'c':
        return read_count(format, 1);
    case 'i':
    case 'I':
        size = read_count(format, sizeof(int));
        if (size > LARGEST_INTEGER) {
            luaL_error(lua, "integral size %d is larger than limit of %d", (int)size,
                       LARGEST_INTEGER);
        }
        return size;
    default:
        return 0;
    }
}

/* The place of the item, which may not lie beyond the data: not even a change of layout may. */
static void place_item(lua_State *lua, const struct layout *layout, size_t total, struct item *item)
{
    size_t alignment = item->size < layout->alignment ? item->size : layout->alignment;
    item->padding = 0;
    if (item->option != 'c' && alignment > 1) {
        item->padding = (alignment - (total & (alignment - 1))) & (alignment - 1);
    }
    luaL_argcheck(
        lua, item->size <= layout->limit && total + item->padding <= layout->limit - item->size, 2,
        "data string too short");
}

/* The next item that has a size of its own; false at the end. Changes of layout happen on the way.
 */
static bool next_item(lua_State *lua, const char **format, struct layout *layout, size_t total,
                      struct item *item)
{
    while (**format != '\0') {
        char option = *(*format)++;
        size_t alignment;
        item->option = option;
        item->size = option_size(lua, option, format);
        place_item(lua, layout, total, item);
        switch (option) {
        case ' ':
            continue;
        case '>':
            layout->little = false;
            continue;
        case '<':
            layout->little = true;
            continue;
        case '!':
            alignment = read_count(format, offsetof(
                                               struct {
                                                   char c;
                                                   double d;
                                               },
                                               d));
            if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
                luaL_error(lua, "alignment %d is not a power of 2", (int)alignment);
            }
            layout->alignment = (unsigned)alignment;
            continue;
        case 'b':
        case 'B':
        case 'h':
        case 'H':
        case 'l':
        case 'L':
        case 'T':
        case 'i':
        case 'I':
        case 'f':
        case 'd':
        case 'x':
        case 'c':
        case 's':
            return true;
        default:
            if (layout->lenient && isalnum((unsigned char)option)) {
                continue;
            }
            luaL_argerror(lua, 1, lua_pushfstring(lua, "invalid format option '%c'", option));
        }
    }
    return false;
}

/* ---- pack ---- */

static void add_integer(lua_State *lua, luaL_Buffer *buffer, int index, bool little, size_t size)
{
    lua_Number number = luaL_checknumber(lua, index);
    uint64_t bits = number < 0 ? (uint64_t)(int64_t)number : (uint64_t)number;
    char bytes[LARGEST_INTEGER];
    for (size_t i = 0; i < size; i++) {
        size_t place = little ? i : size - 1 - i;
        bytes[place] = (char)(i < 8 ? bits >> (8 * i) : 0); /* no sign beyond 64 bits */
    }
    luaL_addlstring(buffer, bytes, size);
}

static void swap_bytes(char *bytes, size_t size, bool little)
{
    for (size_t i = 0; little != native_little() && i < size / 2; i++) {
        char byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

static int struct_pack(lua_State *lua)
{
    const char *format = luaL_checkstring(lua, 1);
    struct layout layout = {native_little(), false, 1, SIZE_MAX};
    struct item item;
    luaL_Buffer buffer;
    int index = 2;
    size_t total = 0;
    lua_pushnil(lua); /* stands between the arguments and the buffer's pieces */
    luaL_buffinit(lua, &buffer);
    while (next_item(lua, &format, &layout, total, &item)) {
        for (size_t i = 0; i < item.padding; i++) {
            luaL_addchar(&buffer, 0);
        }
        total += item.padding;
        if (item.option == 'x') {
            luaL_addchar(&buffer, 0);
        } else if (item.option == 'f' || item.option == 'd') {
            char bytes[sizeof(double)];
            double number = luaL_checknumber(lua, index++);
            float single = (float)number;
            memcpy(bytes, item.option == 'f' ? (void *)&single : (void *)&number, item.size);
            swap_bytes(bytes, item.size, layout.little);
            luaL_addlstring(&buffer, bytes, item.size);
        } else if (item.option == 'c' || item.option == 's') {
            size_t size;
            const char *text = luaL_checklstring(lua, index++, &size);
            if (item.size == 0) {
                item.size = size;
            }
            luaL_argcheck(lua, size >= item.size, index, "string too short");
            luaL_addlstring(&buffer, text, item.size);
            if (item.option == 's') {
                luaL_addchar(&buffer, 0);
                item.size++;
            }
        } else {
            add_integer(lua, &buffer, index++, layout.little, item.size);
        }
        total += item.size;
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* ---- unpack ---- */

static lua_Number take_integer(const char *bytes, bool little, bool is_signed, size_t size)
{
    uint64_t bits = 0;
    size_t read = size > 8 ? 8 : size;
    for (size_t i = 0; i < read; i++) {
        size_t place = little ? read - 1 - i : size - read + i;
        bits = bits << 8 | (unsigned char)bytes[place];
    }
    if (!is_signed) {
        return (lua_Number)bits;
    }
    if (read < 8 && read > 0 && (bits >> (8 * read - 1) & 1) != 0) {
        bits |= UINT64_MAX << (8 * read);
    }
    return (lua_Number)(int64_t)bits;
}

/* Pushes one item; *size grows by what a zero-terminated string has more. */
static bool push_item(lua_State *lua, const struct item *item, const struct layout *layout,
                      struct bytes data, size_t at, size_t *size)
{
    const char *bytes = data.data + at;
    *size = item->size;
    switch (item->option) {
    case 'x':
        return false;
    case 'f':
    case 'd': {
        char copy[sizeof(double)];
        double number;
        float single;
        memcpy(copy, bytes, item->size);
        swap_bytes(copy, item->size, layout->little);
        memcpy(&number, copy, sizeof(number));
        memcpy(&single, copy, sizeof(single));
        lua_pushnumber(lua, item->option == 'f' ? (double)single : number);
        return true;
    }
    case 'c':
        if (*size == 0) {
            if (!lua_isnumber(lua, -1)) {
                luaL_error(lua, "format 'c0' needs a previous size");
            }
            lua_Number wanted = lua_tonumber(lua, -1);
            lua_pop(lua, 1);
            luaL_argcheck(lua, wanted >= 0 && wanted <= (lua_Number)(data.size - at), 2,
                          "data string too short");
            *size = (size_t)wanted;
        }
        lua_pushlstring(lua, bytes, *size);
        return true;
    case 's': {
        const char *end = memchr(bytes, '\0', data.size - at);
        if (end == NULL) {
            luaL_error(lua, "unfinished string in data");
        }
        *size = (size_t)(end - bytes) + 1;
        lua_pushlstring(lua, bytes, *size - 1);
        return true;
    }
    default:
        lua_pushnumber(lua, take_integer(bytes, layout->little,
                                         islower((unsigned char)item->option) != 0, item->size));
        return true;
    }
}

static int struct_unpack(lua_State *lua)
{
    const char *format = luaL_checkstring(lua, 1);
    struct bytes data;
    data.data = luaL_checklstring(lua, 2, &data.size);
    lua_Integer offset = luaL_optinteger(lua, 3, 1);
    luaL_argcheck(lua, offset != 0, 3, "offset must be 1 or greater");
    struct layout layout = {native_little(), false, 1, data.size};
    struct item item;
    int count = 0;
    size_t at = (size_t)offset - 1; /* of one below zero: beyond all data */
    lua_settop(lua, 2);
    while (next_item(lua, &format, &layout, at, &item)) {
        size_t size;
        at += item.padding;
        luaL_checkstack(lua, 2, "too many results");
        bool sized = item.option == 'c' && item.size == 0 && count > 0;
        bool pushed = push_item(lua, &item, &layout, data, at, &size);
        count += pushed && !sized ? 1 : 0;
        at += size;
    }
    lua_pushinteger(lua, (lua_Integer)at + 1);
    return count + 1;
}

static int struct_size(lua_State *lua)
{
    const char *format = luaL_checkstring(lua, 1);
    struct layout layout = {native_little(), true, 1, SIZE_MAX};
    struct item item;
    size_t at = 0;
    while (next_item(lua, &format, &layout, at, &item)) {
        if (item.option == 's') {
            luaL_argerror(lua, 1, "option 's' has no fixed size");
        } else if (item.option == 'c' && item.size == 0) {
            luaL_argerror(lua, 1, "option 'c0' has no fixed size");
        }
        at += item.padding + item.size;
        luaL_argcheck(lua, at <= INT32_MAX, 1, "integer overflow");
    }
    lua_pushinteger(lua, (lua_Integer)at);
    return 1;
}

static const luaL_Reg functions[] = {
    {"pack", struct_pack},
    {"unpack", struct_unpack},
    {"size", struct_size},
    {NULL, NULL},
};

void lua_push_struct_library(lua_State *lua)
{
    lua_newtable(lua);
    luaL_register(lua, NULL, functions);
}
