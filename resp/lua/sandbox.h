/*
 * What a script sees: Redis's globals, read-only, and no way to files, processes or bytecode.
 */
#ifndef RESP_LUA_SANDBOX_H
#define RESP_LUA_SANDBOX_H

#include "base/bytes.h"

struct lua_State;

#define SANDBOX_CHUNK "=sandbox"

/* As luaL_loadbuffer, but text only. */
int sandbox_load(struct lua_State *lua, struct bytes body, const char *chunk);

#endif
