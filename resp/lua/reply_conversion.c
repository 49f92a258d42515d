/* Between replies and Lua values, in both directions, as Redis does it. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resp/instance_state.h"
#include "resp/lua/engine.h"

/* ---- From a reply to a value ---- */

struct reading {
    lua_State *lua;
    const char *at;
};

static void push_next(struct reading *reading);

/* The rest of the line, and over it. */
static struct bytes take_line(struct reading *reading)
{
    const char *end = strchr(reading->at, '\r');
    struct bytes line = {reading->at, (size_t)(end - reading->at)};
    reading->at = end + 2;
    return line;
}

static int64_t take_number(struct reading *reading)
{
    int64_t number = 0;
    bytes_to_int64(take_line(reading), &number);
    return number;
}

static void push_text_field(lua_State *lua, const char *name, struct bytes text)
{
    lua_newtable(lua);
    lua_pushlstring(lua, text.data, text.size);
    lua_setfield(lua, -2, name);
}

static struct bytes take_text(struct reading *reading, int64_t size)
{
    struct bytes text = {reading->at, (size_t)size};
    reading->at += size + 2;
    return text;
}

static void push_array(struct reading *reading, int64_t count)
{
    lua_createtable(reading->lua, (int)count, 0);
    for (int64_t i = 1; i <= count; i++) {
        push_next(reading);
        lua_rawseti(reading->lua, -2, (int)i);
    }
}

/* {map = {...}} or {set = {member = true, ...}} */
static void push_table_field(struct reading *reading, const char *name, int64_t count, bool pairs)
{
    lua_newtable(reading->lua);
    lua_newtable(reading->lua);
    for (int64_t i = 0; i < count; i++) {
        push_next(reading);
        if (pairs) {
            push_next(reading);
        } else {
            lua_pushboolean(reading->lua, 1);
        }
        if (lua_isnil(reading->lua, -2)) {
            lua_pop(reading->lua, 2); /* no key of a table */
        } else {
            lua_rawset(reading->lua, -3);
        }
    }
    lua_setfield(reading->lua, -2, name);
}

static void push_verbatim(struct reading *reading, int64_t size)
{
    struct bytes text = take_text(reading, size);
    lua_State *lua = reading->lua;
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushlstring(lua, text.data, 3);
    lua_setfield(lua, -2, "format");
    lua_pushlstring(lua, text.data + 4, text.size - 4);
    lua_setfield(lua, -2, "string");
    lua_setfield(lua, -2, "verbatim_string");
}

static void push_double(struct reading *reading)
{
    struct bytes text = take_line(reading);
    lua_newtable(reading->lua);
    lua_pushnumber(reading->lua, strtod(text.data, NULL));
    lua_setfield(reading->lua, -2, "double");
}

static void push_next(struct reading *reading)
{
    lua_State *lua = reading->lua;
    char kind = *reading->at++;
    int64_t number;
    luaL_checkstack(lua, 4, "reply too deep");
    switch (kind) {
    case ':':
        lua_pushnumber(lua, (lua_Number)take_number(reading));
        break;
    case '+':
        push_text_field(lua, "ok", take_line(reading));
        break;
    case '-':
        push_text_field(lua, "err", take_line(reading));
        break;
    case '$':
        number = take_number(reading);
        if (number < 0) {
            lua_pushboolean(lua, 0);
        } else {
            struct bytes text = take_text(reading, number);
            lua_pushlstring(lua, text.data, text.size);
        }
        break;
    case '*':
    case '>':
        number = take_number(reading);
        if (number < 0) {
            lua_pushboolean(lua, 0);
        } else {
            push_array(reading, number);
        }
        break;
    case '%':
        push_table_field(reading, "map", take_number(reading), true);
        break;
    case '~':
        push_table_field(reading, "set", take_number(reading), false);
        break;
    case '#':
        lua_pushboolean(lua, *take_line(reading).data == 't');
        break;
    case ',':
        push_double(reading);
        break;
    case '(':
        push_text_field(lua, "big_number", take_line(reading));
        break;
    case '=':
        push_verbatim(reading, take_number(reading));
        break;
    default: /* RESP3's null */
        take_line(reading);
        lua_pushnil(lua);
        break;
    }
}

void lua_push_reply(lua_State *lua, struct bytes reply)
{
    struct reading reading = {lua, reply.data};
    if (reply.size == 0) {
        lua_pushboolean(lua, 0); /* a command that answers nothing */
        return;
    }
    push_next(&reading);
}

/* ---- From a value to a reply ---- */

/* Without what would end the line. */
static void append_line(struct buf *line, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        buf_append_byte(line, byte == '\r' || byte == '\n' ? ' ' : byte);
    }
}

/* Up to its first zero byte, as Redis takes it. */
static void reply_status_text(struct reply *reply, const char *text)
{
    struct buf line;
    buf_init(&line, SIZE_MAX);
    buf_append_byte(&line, '+');
    append_line(&line, bytes_from_string(text));
    buf_append_string(&line, "\r\n");
    reply_raw(reply, buf_bytes(&line));
    buf_finish(&line);
}

static void reply_big_number_text(struct reply *reply, struct bytes text)
{
    struct buf line;
    buf_init(&line, SIZE_MAX);
    append_line(&line, text);
    reply_big_number(reply, buf_bytes(&line));
    buf_finish(&line);
}

/* True with the field of the table on top pushed, when it is of that type. */
static bool has_field(lua_State *lua, const char *name, int type)
{
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == type) {
        return true;
    }
    lua_pop(lua, 1);
    return false;
}

static struct bytes text_at(lua_State *lua, int index)
{
    struct bytes text;
    text.data = lua_tolstring(lua, index, &text.size);
    return text;
}

/* The table on top of the stack, by its keys; it stays. */
static void reply_pairs(lua_State *lua, struct reply *reply, int protocol, bool values)
{
    size_t mark = reply_defer(reply), count = 0;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; count++) {
        lua_pushvalue(lua, -2);
        lua_reply_value(lua, reply, protocol);
        if (values) {
            lua_reply_value(lua, reply, protocol);
        } else {
            lua_pop(lua, 1);
        }
    }
    if (values) {
        reply_map_at(reply, mark, count);
    } else {
        reply_set_at(reply, mark, count);
    }
}

static void reply_list(lua_State *lua, struct reply *reply, int protocol)
{
    size_t mark = reply_defer(reply), count = 0;
    for (;; count++) {
        lua_rawgeti(lua, -1, (int)count + 1);
        if (lua_isnil(lua, -1)) {
            lua_pop(lua, 1);
            break;
        }
        lua_reply_value(lua, reply, protocol);
    }
    reply_array_at(reply, mark, count);
}

/* False: something is wrong with the field, so it means nothing. */
static bool reply_verbatim_field(lua_State *lua, struct reply *reply)
{
    char name[4] = "   ";
    bool fits = false;
    if (!has_field(lua, "verbatim_string", LUA_TTABLE)) {
        return false;
    }
    if (has_field(lua, "format", LUA_TSTRING)) {
        struct bytes format = text_at(lua, -1);
        memcpy(name, format.data, strnlen(format.data, 3));
        lua_pop(lua, 1);
        if (has_field(lua, "string", LUA_TSTRING)) {
            reply_verbatim(reply, name, text_at(lua, -1));
            lua_pop(lua, 1);
            fits = true;
        }
    }
    lua_pop(lua, 1);
    return fits;
}

/* Since 7.2 what is no number has no sign either. */
static void reply_double_field(lua_State *lua, struct reply *reply)
{
    lua_Number number = lua_tonumber(lua, -1);
    bool signless = instance_runs(lua_engine_of(lua)->instance, "7.2.0");
    reply_double(reply, signless && isnan(number) ? NAN : number);
}

static void reply_error_text(struct reply *reply, struct bytes text)
{
    reply_errorf(reply, "%.*s", (int)text.size, text.data);
}

static void reply_table(lua_State *lua, struct reply *reply, int protocol)
{
    bool modern = instance_runs(lua_engine_of(lua)->instance, "7.0.0");
    if (has_field(lua, "err", LUA_TSTRING)) {
        reply_error_text(reply, text_at(lua, -1));
    } else if (has_field(lua, "ok", LUA_TSTRING)) {
        reply_status_text(reply, lua_tostring(lua, -1));
    } else if (has_field(lua, "double", LUA_TNUMBER)) {
        reply_double_field(lua, reply);
    } else if (modern && has_field(lua, "big_number", LUA_TSTRING)) {
        reply_big_number_text(reply, text_at(lua, -1));
    } else if (modern && reply_verbatim_field(lua, reply)) {
        return;
    } else if (has_field(lua, "map", LUA_TTABLE)) {
        reply_pairs(lua, reply, protocol, true);
    } else if (has_field(lua, "set", LUA_TTABLE)) {
        reply_pairs(lua, reply, protocol, false);
    } else {
        reply_list(lua, reply, protocol);
        return;
    }
    lua_pop(lua, 1);
}

void lua_reply_value(lua_State *lua, struct reply *reply, int protocol)
{
    if (lua_checkstack(lua, 8) == 0 || lua_gettop(lua) > LUAI_MAXCSTACK - 8) {
        reply_error(reply, "ERR reached lua stack limit");
        lua_pop(lua, 1);
        return;
    }
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
        reply_bulk(reply, text_at(lua, -1));
        break;
    case LUA_TBOOLEAN:
        if (protocol >= 3) {
            reply_bool(reply, lua_toboolean(lua, -1) != 0);
        } else if (lua_toboolean(lua, -1)) {
            reply_integer(reply, 1);
        } else {
            reply_null(reply);
        }
        break;
    case LUA_TNUMBER: {
        lua_Number number = lua_tonumber(lua, -1);
        const lua_Number limit = 9223372036854775808.0;
        /* Beyond 64 bits x86-64 makes this of it, and so does Redis there. */
        reply_integer(reply, number >= -limit && number < limit ? (int64_t)number : INT64_MIN);
        break;
    }
    case LUA_TTABLE:
        reply_table(lua, reply, protocol);
        break;
    default:
        reply_null(reply);
        break;
    }
    lua_pop(lua, 1);
}
