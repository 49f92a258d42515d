/*
 * Libraries of functions (Redis 7): Lua code that is loaded once and registers functions, which
 * FCALL calls by name. Kept with the data: RDB and FUNCTION DUMP carry the code.
 */
#ifndef RESP_FUNCTION_LIBRARY_H
#define RESP_FUNCTION_LIBRARY_H

#include "base/dict.h"

struct lua_State;

struct instance;
struct lua_engine;

struct function {
    char *name;
    struct bytes description; /* owned; without data: there is none */
    int reference;
    unsigned flags;
};

struct function_library {
    char *name;
    struct bytes code; /* owned */
    struct function *functions;
    size_t count;
};

struct function_store {
    struct lua_engine *engine;           /* NULL until the first one */
    struct function_library **libraries; /* by name */
    size_t count;
    struct dict functions; /* name -> struct function * (into its library) */
};

void functions_init(struct instance *instance);
void functions_finish(struct instance *instance);
void functions_flush(struct instance *instance);
size_t functions_memory(const struct instance *instance);

struct function *function_find(const struct instance *instance, struct bytes name);
struct function_library *function_library_find(const struct instance *instance, struct bytes name);
/* The library's name, or NULL with the whole error in `error` and everything as before. */
const char *function_library_load(struct instance *instance, struct bytes code, bool replace,
                                  struct buf *error);
void function_library_delete(struct instance *instance, struct function_library *library);

/* redis.register_function */
int function_library_register(struct lua_State *lua);

#endif
