#include "resp/function_library.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resp/lua/engine.h"
#include "resp/scripts.h"

void functions_init(struct instance *instance)
{
    dict_init(&instance->functions.functions, sizeof(struct function *), NULL, instance->random);
}

static void destroy_library(struct lua_engine *engine, struct function_library *library)
{
    for (size_t i = 0; i < library->count; i++) {
        lua_engine_release(engine, library->functions[i].reference);
        memory_free(library->functions[i].name);
        memory_free(library->functions[i].description);
    }
    memory_free(library->functions);
    memory_free(library->name);
    memory_free((char *)library->code.data);
    memory_free(library);
}

void functions_flush(struct instance *instance)
{
    struct function_store *store = &instance->functions;
    dict_clear(&store->functions);
    for (size_t i = 0; i < store->count; i++) {
        destroy_library(store->engine, store->libraries[i]);
    }
    memory_free(store->libraries);
    store->libraries = NULL;
    store->count = 0;
    lua_engine_destroy(store->engine);
    store->engine = NULL;
}

void functions_finish(struct instance *instance)
{
    functions_flush(instance);
    dict_finish(&instance->functions.functions);
}

size_t functions_memory(const struct instance *instance)
{
    size_t memory = dict_memory(&instance->functions.functions);
    for (size_t i = 0; i < instance->functions.count; i++) {
        const struct function_library *library = instance->functions.libraries[i];
        memory += sizeof(*library) + library->code.size + library->count * sizeof(struct function);
    }
    return memory;
}

/* ---- The store ---- */

struct function *function_find(const struct instance *instance, struct bytes name)
{
    struct function **function = dict_find(&instance->functions.functions, name);
    return function == NULL ? NULL : *function;
}

struct function_library *function_library_find(const struct instance *instance, struct bytes name)
{
    for (size_t i = 0; i < instance->functions.count; i++) {
        if (bytes_equal_string(name, instance->functions.libraries[i]->name)) {
            return instance->functions.libraries[i];
        }
    }
    return NULL;
}

/* Takes the library out of the store without ending it. */
static void detach(struct instance *instance, struct function_library *library)
{
    struct function_store *store = &instance->functions;
    size_t at = 0;
    for (size_t i = 0; i < library->count; i++) {
        dict_remove(&store->functions, bytes_from_string(library->functions[i].name));
    }
    while (store->libraries[at] != library) {
        at++;
    }
    store->count--;
    memmove(&store->libraries[at], &store->libraries[at + 1],
            (store->count - at) * sizeof(struct function_library *));
}

static void attach(struct instance *instance, struct function_library *library)
{
    struct function_store *store = &instance->functions;
    size_t at = 0;
    store->libraries =
        memory_resize(store->libraries, (store->count + 1) * sizeof(struct function_library *));
    while (at < store->count && strcmp(store->libraries[at]->name, library->name) < 0) {
        at++;
    }
    memmove(&store->libraries[at + 1], &store->libraries[at],
            (store->count - at) * sizeof(struct function_library *));
    store->libraries[at] = library;
    store->count++;
    for (size_t i = 0; i < library->count; i++) {
        bool created;
        struct function **place =
            dict_insert(&store->functions, bytes_from_string(library->functions[i].name), &created);
        *place = &library->functions[i];
    }
}

void function_library_delete(struct instance *instance, struct function_library *library)
{
    detach(instance, library);
    destroy_library(instance->functions.engine, library);
}

/* ---- Registering, while a library is loaded ---- */

static const char bad_name[] = "Library names can only contain letters, numbers, or underscores(_) "
                               "and must be at least one character long";

static bool name_fits(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_') {
            return false;
        }
    }
    return name.size > 0;
}

struct registration {
    const char *name, *description;
    int callback; /* stack index; 0: none yet */
    unsigned flags;
};

static int raise(lua_State *lua, const char *text)
{
    lua_push_error_table(lua, text);
    return lua_error(lua);
}

static void read_flags(lua_State *lua, int index, struct registration *registration)
{
    if (!lua_istable(lua, index)) {
        raise(lua, "flags argument to redis.register_function must be a table representing "
                   "function flags");
    }
    for (int i = 1;; i++) {
        lua_rawgeti(lua, index, i);
        if (lua_isnil(lua, -1)) {
            lua_pop(lua, 1);
            return;
        }
        const char *name = lua_tostring(lua, -1);
        unsigned flag = name == NULL ? 0 : script_flag_of(bytes_from_string(name));
        if (flag == 0) {
            raise(lua, "unknown flag given");
        }
        registration->flags |= flag;
        lua_pop(lua, 1);
    }
}

/* register_function{function_name = ..., callback = ..., ...}; the values stay on the stack. */
static void read_named(lua_State *lua, struct registration *registration)
{
    if (!lua_istable(lua, 1)) {
        raise(lua, "calling redis.register_function with a single argument is only applicable to "
                   "Lua table (representing named arguments).");
    }
    static const char *const names[] = {"function_name", "description", "callback", "flags"};
    for (lua_pushnil(lua); lua_next(lua, 1) != 0; lua_pop(lua, 1)) {
        if (!lua_isstring(lua, -2)) {
            raise(lua, "named argument key given to redis.register_function is not a string");
        }
        size_t known = lua_isnumber(lua, -2) ? ARRAY_LEN(names) : 0;
        while (known < ARRAY_LEN(names) && strcasecmp(lua_tostring(lua, -2), names[known]) != 0) {
            known++;
        }
        if (known == ARRAY_LEN(names)) {
            raise(lua, "unknown argument given to redis.register_function");
        }
        if (known < 2 && !lua_isstring(lua, -1)) {
            raise(lua, known == 0
                           ? "function_name argument given to redis.register_function must be a "
                             "string"
                           : "description argument given to redis.register_function must be a "
                             "string");
        }
        if (known == 2 && !lua_isfunction(lua, -1)) {
            raise(lua, "callback argument given to redis.register_function must be a function");
        }
        if (known == 3) {
            read_flags(lua, lua_gettop(lua), registration);
        }
    }
    lua_getfield(lua, 1, "function_name");
    registration->name = lua_tostring(lua, -1);
    lua_getfield(lua, 1, "description");
    registration->description = lua_tostring(lua, -1);
    lua_getfield(lua, 1, "callback");
    registration->callback = lua_isfunction(lua, -1) ? lua_gettop(lua) : 0;
    if (registration->name == NULL) {
        raise(lua, "redis.register_function must get a function name argument");
    }
    if (registration->callback == 0) {
        raise(lua, "redis.register_function must get a callback argument");
    }
}

static void read_positional(lua_State *lua, struct registration *registration)
{
    registration->name = lua_isstring(lua, 1) ? lua_tostring(lua, 1) : NULL;
    if (registration->name == NULL) {
        raise(lua, "first argument to redis.register_function must be a string");
    }
    if (!lua_isfunction(lua, 2)) {
        raise(lua, "second argument to redis.register_function must be a function");
    }
    registration->callback = 2;
}

int function_library_register(lua_State *lua)
{
    struct lua_engine *engine = lua_engine_of(lua);
    struct function_library *library = engine->loading;
    struct registration registration = {0};
    int count = lua_gettop(lua);
    if (library == NULL) {
        return raise(lua, "redis.register_function can only be called on FUNCTION LOAD command");
    }
    if (count < 1 || count > 2) {
        return raise(lua, "wrong number of arguments to redis.register_function");
    }
    if (count == 1) {
        read_named(lua, &registration);
    } else {
        read_positional(lua, &registration);
    }
    if (!name_fits(bytes_from_string(registration.name))) {
        return raise(lua, bad_name);
    }
    for (size_t i = 0; i < library->count; i++) {
        if (strcmp(library->functions[i].name, registration.name) == 0) {
            return raise(lua, "Function already exists in the library");
        }
    }
    lua_pushvalue(lua, registration.callback);
    int reference = luaL_ref(lua, LUA_REGISTRYINDEX);
    library->functions =
        memory_resize(library->functions, (library->count + 1) * sizeof(*library->functions));
    library->functions[library->count++] = (struct function){
        .name = bytes_to_string(bytes_from_string(registration.name)),
        .description = registration.description == NULL
                           ? NULL
                           : bytes_to_string(bytes_from_string(registration.description)),
        .reference = reference,
        .flags = registration.flags,
    };
    return 0;
}

/* ---- Loading ---- */

static struct bytes next_word(struct bytes *line)
{
    size_t from = 0;
    while (from < line->size && isspace((unsigned char)line->data[from])) {
        from++;
    }
    size_t to = from;
    while (to < line->size && !isspace((unsigned char)line->data[to])) {
        to++;
    }
    struct bytes word = bytes_slice(*line, from, to);
    *line = bytes_slice(*line, to, line->size);
    return word;
}

/* "#!lua name=mylib": the name, and where the line ends. False with the error. */
static bool read_metadata(struct bytes code, struct bytes *name, size_t *end, struct buf *error)
{
    *end = bytes_find(code, '\n');
    *name = BYTES("");
    if (code.size < 2 || memcmp(code.data, "#!", 2) != 0 || *end >= code.size) {
        buf_append_string(error, "ERR Missing library metadata");
        return false;
    }
    struct bytes line = bytes_slice(code, 2, *end);
    if (bytes_find(line, '"') < line.size || bytes_find(line, '\'') < line.size) {
        buf_append_string(error, "ERR Invalid library metadata");
        return false;
    }
    bool spaced = line.size > 0 && isspace((unsigned char)line.data[0]);
    struct bytes engine = spaced ? BYTES("") : next_word(&line);
    bool named = false;
    for (struct bytes word; (word = next_word(&line)).size > 0;) {
        if (word.size < 5 || !bytes_equal_string_nocase(bytes_slice(word, 0, 5), "name=")) {
            buf_printf(error, "ERR Invalid metadata value given: %.*s", (int)word.size, word.data);
            return false;
        }
        if (named) {
            buf_append_string(error,
                              "ERR Invalid metadata value, name argument was given multiple times");
            return false;
        }
        named = true;
        *name = bytes_slice(word, 5, word.size);
    }
    if (!named) {
        buf_append_string(error, "ERR Library name was not given");
        return false;
    }
    if (!name_fits(*name)) {
        buf_printf(error, "ERR %s", bad_name);
        return false;
    }
    if (!bytes_equal_string_nocase(engine, "lua")) {
        buf_printf(error, "ERR Engine '%.*s' not found", (int)engine.size, engine.data);
        return false;
    }
    return true;
}

/* Runs the body; it registers its functions with the library. */
static bool run_body(struct lua_engine *engine, struct function_library *library, struct bytes body,
                     struct buf *error)
{
    struct buf message;
    int reference;
    buf_init(&message, 4096);
    bool compiled = lua_engine_compile(engine, body, "@user_function", &reference, &message);
    bool loaded = false;
    if (!compiled) {
        buf_printf(error, "ERR Error compiling function: %s", buf_string(&message));
    } else {
        engine->loading = library;
        loaded = lua_engine_load(engine, reference, &message);
        engine->loading = NULL;
        lua_engine_release(engine, reference);
        if (!loaded) {
            buf_printf(error, "ERR Error registering functions: %s", buf_string(&message));
        } else if (library->count == 0) {
            buf_append_string(error, "ERR No functions registered");
            loaded = false;
        }
    }
    buf_finish(&message);
    return loaded;
}

static bool names_are_free(const struct instance *instance, const struct function_library *library,
                           struct buf *error)
{
    for (size_t i = 0; i < library->count; i++) {
        const char *name = library->functions[i].name;
        if (function_find(instance, bytes_from_string(name)) != NULL) {
            buf_printf(error, "ERR Function %s already exists", name);
            return false;
        }
    }
    return true;
}

const char *function_library_load(struct instance *instance, struct bytes code, bool replace,
                                  struct buf *error)
{
    struct bytes name;
    size_t end;
    if (!read_metadata(code, &name, &end, error)) {
        return NULL;
    }
    struct function_library *old = function_library_find(instance, name);
    if (old != NULL && !replace) {
        buf_printf(error, "ERR Library '%.*s' already exists", (int)name.size, name.data);
        return NULL;
    }
    if (instance->functions.engine == NULL) {
        instance->functions.engine = lua_engine_create(instance, true);
    }
    struct function_library *library = memory_allocate_zeroed(sizeof(*library));
    library->name = bytes_to_string(name);
    library->code = (struct bytes){bytes_to_string(code), code.size};
    if (old != NULL) {
        detach(instance, old);
    }
    if (!run_body(instance->functions.engine, library, bytes_slice(code, end, code.size), error) ||
        !names_are_free(instance, library, error)) {
        destroy_library(instance->functions.engine, library);
        if (old != NULL) {
            attach(instance, old);
        }
        return NULL;
    }
    if (old != NULL) {
        destroy_library(instance->functions.engine, old);
    }
    attach(instance, library);
    return library->name;
}
