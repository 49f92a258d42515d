/*
 * The library "cjson" as Redis carries it (lua-cjson 2.1's interface, settings and messages).
 * Settings live in a table that all functions share as upvalue, so that cjson.new() has its own.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resp/lua/engine.h"

struct settings {
    bool sparse_convert;
    int sparse_ratio, sparse_safe;
    int encode_depth, decode_depth;
    int precision;
    bool keep_buffer;
    int encode_invalid; /* 0: refuse, 1: as they are, 2: null */
    bool decode_invalid;
};

static const struct settings defaults = {
    .sparse_ratio = 2,
    .sparse_safe = 10,
    .encode_depth = 1000,
    .decode_depth = 1000,
    .precision = 14,
    .keep_buffer = true,
    .decode_invalid = true,
};

static struct settings *settings_of(lua_State *lua)
{
    return lua_touserdata(lua, lua_upvalueindex(1));
}

/* ---- Encoding ---- */

struct encoder {
    lua_State *lua;
    const struct settings *settings;
    struct buf text;
};

static void encode_value(struct encoder *encoder, int depth);

/* Raises after giving back what was gathered. */
static void refuse(struct encoder *encoder, const char *format, const char *detail, const char *why)
{
    buf_finish(&encoder->text);
    luaL_error(encoder->lua, format, detail, why);
}

static void encode_string(struct encoder *encoder, struct bytes text)
{
    static const char from[] = "\"\\/\b\t\n\f\r", to[] = "\"\\/btnfr";
    buf_append_byte(&encoder->text, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        const char *found = byte == 0 ? NULL : strchr(from, byte);
        if (found != NULL) {
            buf_append_byte(&encoder->text, '\\');
            buf_append_byte(&encoder->text, to[found - from]);
        } else if (byte < 32 || byte == 127) {
            buf_printf(&encoder->text, "\\u%04x", byte);
        } else {
            buf_append_byte(&encoder->text, (char)byte);
        }
    }
    buf_append_byte(&encoder->text, '"');
}

static void encode_number(struct encoder *encoder, lua_Number number)
{
    if (!isfinite(number)) {
        if (encoder->settings->encode_invalid == 0) {
            refuse(encoder, "Cannot serialise %s: %s", "number", "must not be NaN or Inf");
        }
        if (encoder->settings->encode_invalid == 2) {
            buf_append_string(&encoder->text, "null");
            return;
        }
        buf_append_string(&encoder->text, isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
        return;
    }
    buf_printf(&encoder->text, "%.*g", encoder->settings->precision, number);
}

/* The length of a table that is an array, 0 for one that is not. */
static int array_length(struct encoder *encoder)
{
    lua_State *lua = encoder->lua;
    const struct settings *settings = encoder->settings;
    int most = 0, items = 0;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; items++) {
        lua_Number key = lua_type(lua, -2) == LUA_TNUMBER ? lua_tonumber(lua, -2) : 0;
        lua_pop(lua, 1);
        if (key < 1 || key != floor(key)) {
            lua_pop(lua, 1);
            return 0;
        }
        if (key > most) {
            most =
                key > INT32_MAX ? INT32_MIN : (int)key; /* as the library's own overflow has it */
        }
    }
    if (settings->sparse_ratio > 0 && most > (lua_Number)items * settings->sparse_ratio &&
        most > settings->sparse_safe) {
        if (!settings->sparse_convert) {
            refuse(encoder, "Cannot serialise %s: %s", "table", "excessively sparse array");
        }
        return 0;
    }
    return most;
}

static void encode_array(struct encoder *encoder, int length, int depth)
{
    buf_append_byte(&encoder->text, '[');
    for (int i = 1; i <= length; i++) {
        buf_append_string(&encoder->text, i > 1 ? "," : "");
        lua_rawgeti(encoder->lua, -1, i);
        encode_value(encoder, depth);
        lua_pop(encoder->lua, 1);
    }
    buf_append_byte(&encoder->text, ']');
}

static void encode_object(struct encoder *encoder, int depth)
{
    lua_State *lua = encoder->lua;
    bool first = true;
    buf_append_byte(&encoder->text, '{');
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; first = false) {
        buf_append_string(&encoder->text, first ? "" : ",");
        if (lua_type(lua, -2) == LUA_TNUMBER) {
            buf_append_byte(&encoder->text, '"');
            encode_number(encoder, lua_tonumber(lua, -2));
            buf_append_byte(&encoder->text, '"');
        } else if (lua_type(lua, -2) == LUA_TSTRING) {
            struct bytes key;
            key.data = lua_tolstring(lua, -2, &key.size);
            encode_string(encoder, key);
        } else {
            refuse(encoder, "Cannot serialise %s: %s", lua_typename(lua, lua_type(lua, -2)),
                   "table key must be a number or string");
        }
        buf_append_byte(&encoder->text, ':');
        encode_value(encoder, depth);
        lua_pop(lua, 1);
    }
    buf_append_byte(&encoder->text, '}');
}

/* The value on top of the stack; it stays. */
static void encode_value(struct encoder *encoder, int depth)
{
    lua_State *lua = encoder->lua;
    struct bytes text;
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
        text.data = lua_tolstring(lua, -1, &text.size);
        encode_string(encoder, text);
        return;
    case LUA_TNUMBER:
        encode_number(encoder, lua_tonumber(lua, -1));
        return;
    case LUA_TBOOLEAN:
        buf_append_string(&encoder->text, lua_toboolean(lua, -1) ? "true" : "false");
        return;
    case LUA_TNIL:
        buf_append_string(&encoder->text, "null");
        return;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(lua, -1) == NULL) {
            buf_append_string(&encoder->text, "null");
            return;
        }
        break;
    case LUA_TTABLE: {
        if (++depth > encoder->settings->encode_depth || !lua_checkstack(lua, 3)) {
            buf_finish(&encoder->text);
            luaL_error(lua, "Cannot serialise, excessive nesting (%d)", depth);
        }
        int length = array_length(encoder);
        if (length > 0) {
            encode_array(encoder, length, depth);
        } else {
            encode_object(encoder, depth);
        }
        return;
    }
    default:
        break;
    }
    refuse(encoder, "Cannot serialise %s: %s", lua_typename(lua, lua_type(lua, -1)),
           "type not supported");
}

static int json_encode(lua_State *lua)
{
    struct encoder encoder = {lua, settings_of(lua), {0}};
    luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
    buf_init(&encoder.text, SIZE_MAX);
    encode_value(&encoder, 0);
    lua_pushlstring(lua, encoder.text.data, encoder.text.size);
    buf_finish(&encoder.text);
    return 1;
}

/* ---- Decoding ---- */

enum token {
    TOKEN_OBJECT_BEGIN,
    TOKEN_OBJECT_END,
    TOKEN_ARRAY_BEGIN,
    TOKEN_ARRAY_END,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_END,
    TOKEN_ERROR,
};

static const char *const token_names[] = {
    "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER",
    "T_BOOLEAN",   "T_BOOLEAN", "T_NULL",      "T_COLON",   "T_COMMA",  "T_END",
};

struct decoder {
    lua_State *lua;
    const struct settings *settings;
    const char *start, *at, *end;
    int depth;
    enum token token;
    const char *token_at;
    const char *error; /* TOKEN_ERROR: what is wrong */
    lua_Number number; /* TOKEN_NUMBER */
    struct buf text;   /* TOKEN_STRING */
};

static void decode_error(struct decoder *decoder, const char *expected)
{
    const char *found =
        decoder->token == TOKEN_ERROR ? decoder->error : token_names[decoder->token];
    buf_finish(&decoder->text);
    luaL_error(decoder->lua, "Expected %s but found %s at character %d", expected, found,
               (int)(decoder->token_at - decoder->start) + 1);
}

static void set_error(struct decoder *decoder, const char *error)
{
    decoder->token = TOKEN_ERROR;
    decoder->error = error;
}

static int hex_digit(char byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

/* Four digits behind "\u"; -1: they are none. */
static int read_code(const struct decoder *decoder, const char *at)
{
    int code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = at + i < decoder->end ? hex_digit(at[i]) : -1;
        if (digit < 0) {
            return -1;
        }
        code = code * 16 + digit;
    }
    return code;
}

static void append_utf8(struct buf *text, unsigned code)
{
    if (code < 0x80) {
        buf_append_byte(text, (char)code);
    } else if (code < 0x800) {
        buf_append_byte(text, (char)(0xc0 | code >> 6));
        buf_append_byte(text, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buf_append_byte(text, (char)(0xe0 | code >> 12));
        buf_append_byte(text, (char)(0x80 | (code >> 6 & 0x3f)));
        buf_append_byte(text, (char)(0x80 | (code & 0x3f)));
    } else {
        buf_append_byte(text, (char)(0xf0 | code >> 18));
        buf_append_byte(text, (char)(0x80 | (code >> 12 & 0x3f)));
        buf_append_byte(text, (char)(0x80 | (code >> 6 & 0x3f)));
        buf_append_byte(text, (char)(0x80 | (code & 0x3f)));
    }
}

/* At the "u" of an escape; false when it is none. */
static bool read_unicode(struct decoder *decoder)
{
    int code = read_code(decoder, decoder->at + 1);
    size_t used = 5;
    if (code < 0) {
        return false;
    }
    if ((code & 0xfc00) == 0xdc00) {
        return false; /* the second half of a pair without the first */
    }
    if ((code & 0xfc00) == 0xd800) {
        if (decoder->end - decoder->at < 7 || decoder->at[5] != '\\' || decoder->at[6] != 'u') {
            return false;
        }
        int low = read_code(decoder, decoder->at + 7);
        if (low < 0 || (low & 0xfc00) != 0xdc00) {
            return false;
        }
        code = ((code & 0x3ff) << 10 | (low & 0x3ff)) + 0x10000;
        used = 11;
    }
    append_utf8(&decoder->text, (unsigned)code);
    decoder->at += used;
    return true;
}

/* At the backslash, where errors are said to be. */
static bool read_escape(struct decoder *decoder)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char byte = *++decoder->at; /* Lua ends its strings with a zero */
    const char *found = byte == '\0' ? NULL : strchr(from, byte);
    decoder->token_at = decoder->at - 1;
    if (byte == 'u') {
        if (!read_unicode(decoder)) {
            set_error(decoder, "invalid unicode escape code");
            return false;
        }
    } else if (found != NULL) {
        buf_append_byte(&decoder->text, to[found - from]);
        decoder->at++;
    } else {
        set_error(decoder, "invalid escape code");
        return false;
    }
    return true;
}

static void read_string(struct decoder *decoder)
{
    const char *begin = decoder->at;
    decoder->token = TOKEN_STRING;
    buf_clear(&decoder->text);
    for (decoder->at++; *decoder->at != '"';) {
        char byte = *decoder->at;
        if (byte == '\\') {
            if (!read_escape(decoder)) {
                return;
            }
        } else if (byte == '\0') {
            decoder->token_at = decoder->at;
            set_error(decoder, "unexpected end of string");
            return;
        } else {
            buf_append_byte(&decoder->text, byte);
            decoder->at++;
        }
    }
    decoder->token_at = begin;
    decoder->at++;
}

/* What strtod knows and JSON does not: +1, 0x10, 01, inf, nan. */
static bool strange_number(const char *at)
{
    if (*at == '+') {
        return true;
    }
    at += *at == '-' ? 1 : 0;
    if (*at == '0') {
        return at[1] == 'x' || at[1] == 'X' || isdigit((unsigned char)at[1]);
    }
    return *at > '9' && (strncasecmp(at, "inf", 3) == 0 || strncasecmp(at, "nan", 3) == 0);
}

static void read_number(struct decoder *decoder)
{
    char *end;
    decoder->token = TOKEN_NUMBER;
    if (!decoder->settings->decode_invalid && strange_number(decoder->at)) {
        set_error(decoder, "invalid number");
        return;
    }
    decoder->number = strtod(decoder->at, &end);
    if (end == decoder->at) {
        set_error(decoder, "invalid number");
        return;
    }
    decoder->at = end;
}

static bool read_word(struct decoder *decoder, const char *word, enum token token)
{
    size_t size = strlen(word);
    if ((size_t)(decoder->end - decoder->at) < size || memcmp(decoder->at, word, size) != 0) {
        return false;
    }
    decoder->at += size;
    decoder->token = token;
    return true;
}

static void next_token(struct decoder *decoder)
{
    static const char marks[] = "{}[]:,";
    static const enum token mark_tokens[] = {TOKEN_OBJECT_BEGIN, TOKEN_OBJECT_END,
                                             TOKEN_ARRAY_BEGIN,  TOKEN_ARRAY_END,
                                             TOKEN_COLON,        TOKEN_COMMA};
    while (*decoder->at != '\0' && strchr(" \t\n\r", *decoder->at) != NULL) {
        decoder->at++;
    }
    decoder->token_at = decoder->at;
    char byte = *decoder->at;
    if (byte == '\0') {
        decoder->token = TOKEN_END; /* wherever it is: the zero behind the text is like any */
        return;
    }
    const char *mark = strchr(marks, byte);
    if (mark != NULL) {
        decoder->at++;
        decoder->token = mark_tokens[mark - marks];
    } else if (byte == '"') {
        read_string(decoder);
    } else if (byte == '-' || isdigit((unsigned char)byte)) {
        read_number(decoder);
    } else if (!read_word(decoder, "true", TOKEN_TRUE) &&
               !read_word(decoder, "false", TOKEN_FALSE) &&
               !read_word(decoder, "null", TOKEN_NULL)) {
        if (decoder->settings->decode_invalid && strange_number(decoder->at)) {
            read_number(decoder);
        } else {
            set_error(decoder, "invalid token");
        }
    }
}

static void decode_value(struct decoder *decoder);

static void descend(struct decoder *decoder)
{
    decoder->depth++;
    if (decoder->depth > decoder->settings->decode_depth || !lua_checkstack(decoder->lua, 3)) {
        buf_finish(&decoder->text);
        luaL_error(decoder->lua, "Found too many nested data structures (%d) at character %d",
                   decoder->depth, (int)(decoder->at - decoder->start));
    }
}

static void decode_object(struct decoder *decoder)
{
    descend(decoder);
    lua_newtable(decoder->lua);
    next_token(decoder);
    while (decoder->token != TOKEN_OBJECT_END) {
        if (decoder->token != TOKEN_STRING) {
            decode_error(decoder, "object key string");
        }
        lua_pushlstring(decoder->lua, decoder->text.data != NULL ? decoder->text.data : "",
                        decoder->text.size);
        next_token(decoder);
        if (decoder->token != TOKEN_COLON) {
            decode_error(decoder, "colon");
        }
        next_token(decoder);
        decode_value(decoder);
        lua_rawset(decoder->lua, -3);
        next_token(decoder);
        if (decoder->token == TOKEN_OBJECT_END) {
            break;
        }
        if (decoder->token != TOKEN_COMMA) {
            decode_error(decoder, "comma or object end");
        }
        next_token(decoder);
        if (decoder->token == TOKEN_OBJECT_END) {
            decode_error(decoder, "object key string");
        }
    }
    decoder->depth--;
}

static void decode_array(struct decoder *decoder)
{
    descend(decoder);
    lua_newtable(decoder->lua);
    next_token(decoder);
    for (int i = 1; decoder->token != TOKEN_ARRAY_END; i++) {
        decode_value(decoder);
        lua_rawseti(decoder->lua, -2, i);
        next_token(decoder);
        if (decoder->token == TOKEN_ARRAY_END) {
            break;
        }
        if (decoder->token != TOKEN_COMMA) {
            decode_error(decoder, "comma or array end");
        }
        next_token(decoder);
        if (decoder->token == TOKEN_ARRAY_END) {
            decode_error(decoder, "value");
        }
    }
    decoder->depth--;
}

static void decode_value(struct decoder *decoder)
{
    lua_State *lua = decoder->lua;
    switch (decoder->token) {
    case TOKEN_STRING:
        lua_pushlstring(lua, decoder->text.data != NULL ? decoder->text.data : "",
                        decoder->text.size);
        return;
    case TOKEN_NUMBER:
        lua_pushnumber(lua, decoder->number);
        return;
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        lua_pushboolean(lua, decoder->token == TOKEN_TRUE);
        return;
    case TOKEN_NULL:
        lua_pushlightuserdata(lua, NULL);
        return;
    case TOKEN_OBJECT_BEGIN:
        decode_object(decoder);
        return;
    case TOKEN_ARRAY_BEGIN:
        decode_array(decoder);
        return;
    default:
        decode_error(decoder, "value");
    }
}

static int json_decode(lua_State *lua)
{
    struct decoder decoder = {.lua = lua, .settings = settings_of(lua)};
    size_t size;
    luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
    decoder.start = decoder.at = luaL_checklstring(lua, 1, &size);
    decoder.end = decoder.start + size;
    if (size >= 2 && (decoder.start[0] == '\0' || decoder.start[1] == '\0')) {
        return luaL_error(lua, "JSON parser does not support UTF-16 or UTF-32");
    }
    buf_init(&decoder.text, SIZE_MAX);
    next_token(&decoder);
    decode_value(&decoder);
    next_token(&decoder);
    if (decoder.token != TOKEN_END) {
        decode_error(&decoder, "the end");
    }
    buf_finish(&decoder.text);
    return 1;
}

/* ---- Settings: each function sets what it is given and returns what holds ---- */

static void arguments_at_most(lua_State *lua, int most)
{
    luaL_argcheck(lua, lua_gettop(lua) <= most, most + 1, "found too many arguments");
    while (lua_gettop(lua) < most) {
        lua_pushnil(lua);
    }
}

static void integer_setting(lua_State *lua, int index, int *setting, int least, int most)
{
    char message[64];
    if (!lua_isnil(lua, index)) {
        int value = (int)luaL_checkinteger(lua, index);
        snprintf(message, sizeof(message), "expected integer between %d and %d", least, most);
        luaL_argcheck(lua, least <= value && value <= most, 1, message); /* whichever it was */
        *setting = value;
    }
    lua_pushinteger(lua, *setting);
}

static void switch_setting(lua_State *lua, int index, bool *setting)
{
    static const char *const names[] = {"off", "on", NULL};
    if (lua_isboolean(lua, index)) {
        *setting = lua_toboolean(lua, index) != 0;
    } else if (!lua_isnil(lua, index)) {
        *setting = luaL_checkoption(lua, index, NULL, names) == 1;
    }
    lua_pushboolean(lua, *setting);
}

static int json_encode_sparse_array(lua_State *lua)
{
    struct settings *settings = settings_of(lua);
    arguments_at_most(lua, 3);
    switch_setting(lua, 1, &settings->sparse_convert);
    integer_setting(lua, 2, &settings->sparse_ratio, 0, INT32_MAX);
    integer_setting(lua, 3, &settings->sparse_safe, 0, INT32_MAX);
    return 3;
}

static int json_encode_max_depth(lua_State *lua)
{
    arguments_at_most(lua, 1);
    integer_setting(lua, 1, &settings_of(lua)->encode_depth, 1, INT32_MAX);
    return 1;
}

static int json_decode_max_depth(lua_State *lua)
{
    arguments_at_most(lua, 1);
    integer_setting(lua, 1, &settings_of(lua)->decode_depth, 1, INT32_MAX);
    return 1;
}

static int json_encode_number_precision(lua_State *lua)
{
    arguments_at_most(lua, 1);
    integer_setting(lua, 1, &settings_of(lua)->precision, 1, 14);
    return 1;
}

static int json_encode_keep_buffer(lua_State *lua)
{
    arguments_at_most(lua, 1);
    switch_setting(lua, 1, &settings_of(lua)->keep_buffer);
    return 1;
}

static int json_encode_invalid_numbers(lua_State *lua)
{
    static const char *const names[] = {"off", "on", "null", NULL};
    struct settings *settings = settings_of(lua);
    arguments_at_most(lua, 1);
    if (lua_isboolean(lua, 1)) {
        settings->encode_invalid = lua_toboolean(lua, 1);
    } else if (!lua_isnil(lua, 1)) {
        settings->encode_invalid = luaL_checkoption(lua, 1, NULL, names);
    }
    if (settings->encode_invalid == 2) {
        lua_pushliteral(lua, "null");
    } else {
        lua_pushboolean(lua, settings->encode_invalid);
    }
    return 1;
}

static int json_decode_invalid_numbers(lua_State *lua)
{
    arguments_at_most(lua, 1);
    switch_setting(lua, 1, &settings_of(lua)->decode_invalid);
    return 1;
}

static int json_new(lua_State *lua)
{
    lua_push_cjson_library(lua);
    return 1;
}

static const luaL_Reg functions[] = {
    {"encode", json_encode},
    {"decode", json_decode},
    {"encode_sparse_array", json_encode_sparse_array},
    {"encode_max_depth", json_encode_max_depth},
    {"decode_max_depth", json_decode_max_depth},
    {"encode_number_precision", json_encode_number_precision},
    {"encode_keep_buffer", json_encode_keep_buffer},
    {"encode_invalid_numbers", json_encode_invalid_numbers},
    {"decode_invalid_numbers", json_decode_invalid_numbers},
    {"new", json_new},
};

void lua_push_cjson_library(lua_State *lua)
{
    lua_newtable(lua);
    struct settings *settings = lua_newuserdata(lua, sizeof(*settings));
    *settings = defaults;
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        lua_pushvalue(lua, -1);
        lua_pushcclosure(lua, functions[i].func, 1);
        lua_setfield(lua, -3, functions[i].name);
    }
    lua_pop(lua, 1);
    lua_pushlightuserdata(lua, NULL);
    lua_setfield(lua, -2, "null");
    lua_pushliteral(lua, "cjson");
    lua_setfield(lua, -2, "_NAME");
    lua_pushliteral(lua, "2.1.0");
    lua_setfield(lua, -2, "_VERSION");
}
