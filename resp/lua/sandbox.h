/*
 * What a script sees: Redis's globals, read-only, and no way to files, processes or bytecode.
 */
#ifndef RESP_LUA_SANDBOX_H
#define RESP_LUA_SANDBOX_H

#include <lua.h>

#include "base/bytes.h"

#define SANDBOX_CHUNK "=sandbox"

/* As luaL_loadbuffer, but text only. */
int sandbox_load(lua_State *lua, struct bytes body, const char *chunk);

#endif
