#include "resp/function_library.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resp/lua/engine.h"
#include "resp/scripts.h"
#include "resp/shebang.h"

void functions_init(struct instance *instance)
{
    dict_init(&instance->functions.functions, sizeof(struct function *), NULL, instance->random);
}

static void destroy_library(struct lua_engine *engine, struct function_library *library)
{
    for (size_t i = 0; i < library->count; i++) {
        lua_engine_release(engine, library->functions[i].reference);
        memory_free(library->functions[i].name);
        memory_free((char *)library->functions[i].description.data);
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
}

void functions_finish(struct instance *instance)
{
    functions_flush(instance);
    lua_engine_destroy(instance->functions.engine);
    instance->functions.engine = NULL;
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

/* Functions are called by their name in any case, and no two may differ by case alone. */
static struct bytes folded(struct buf *lower, struct bytes name)
{
    buf_init(lower, SIZE_MAX);
    for (size_t i = 0; i < name.size; i++) {
        buf_append_byte(lower, (char)tolower((unsigned char)name.data[i]));
    }
    return buf_bytes(lower);
}

struct function *function_find(const struct instance *instance, struct bytes name)
{
    struct buf lower;
    struct function **function = dict_find(&instance->functions.functions, folded(&lower, name));
    buf_finish(&lower);
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
        struct buf lower;
        dict_remove(&store->functions,
                    folded(&lower, bytes_from_string(library->functions[i].name)));
        buf_finish(&lower);
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
        struct buf lower;
        struct bytes name = folded(&lower, bytes_from_string(library->functions[i].name));
        struct function **place = dict_insert(&store->functions, name, &created);
        *place = &library->functions[i];
        buf_finish(&lower);
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
    struct bytes name, description; /* without data: none yet; on the stack */
    int callback;                   /* stack index; 0: none yet */
    unsigned flags;
};

static int raise(lua_State *lua, const char *text)
{
    lua_push_error_table(lua, text);
    return lua_error(lua);
}

/* Of a string or a number; else without data. */
static struct bytes text_at(lua_State *lua, int index)
{
    struct bytes text;
    text.data = lua_tolstring(lua, index, &text.size);
    return text;
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

enum { FIELD_NAME, FIELD_DESCRIPTION, FIELD_CALLBACK, FIELD_FLAGS, FIELDS };

static int field_of(lua_State *lua, int index)
{
    static const char *const names[FIELDS] = {"function_name", "description", "callback", "flags"};
    int known = lua_type(lua, index) == LUA_TSTRING ? 0 : FIELDS;
    while (known < FIELDS && strcasecmp(lua_tostring(lua, index), names[known]) != 0) {
        known++;
    }
    return known;
}

/* register_function{function_name = ..., callback = ..., ...} */
static void read_named(lua_State *lua, struct registration *registration)
{
    if (!lua_istable(lua, 1)) {
        raise(lua, "calling redis.register_function with a single argument is only applicable to "
                   "Lua table (representing named arguments).");
    }
    lua_settop(lua, 1 + FIELDS); /* where the fields are kept, as texts too */
    for (lua_pushnil(lua); lua_next(lua, 1) != 0; lua_pop(lua, 1)) {
        if (!lua_isstring(lua, -2)) {
            raise(lua, "named argument key given to redis.register_function is not a string");
        }
        int field = field_of(lua, -2), kept = 2 + field;
        if (field == FIELDS) {
            raise(lua, "unknown argument given to redis.register_function");
        }
        lua_pushvalue(lua, -1);
        lua_replace(lua, kept);
        if (field == FIELD_NAME && (registration->name = text_at(lua, kept)).data == NULL) {
            raise(lua, "function_name argument given to redis.register_function must be a string");
        }
        if (field == FIELD_DESCRIPTION &&
            (registration->description = text_at(lua, kept)).data == NULL) {
            raise(lua, "description argument given to redis.register_function must be a string");
        }
        if (field == FIELD_CALLBACK && !lua_isfunction(lua, kept)) {
            raise(lua, "callback argument given to redis.register_function must be a function");
        }
        if (field == FIELD_CALLBACK) {
            registration->callback = kept;
        }
        if (field == FIELD_FLAGS) {
            read_flags(lua, kept, registration);
        }
    }
    if (registration->name.data == NULL) {
        raise(lua, "redis.register_function must get a function name argument");
    }
    if (registration->callback == 0) {
        raise(lua, "redis.register_function must get a callback argument");
    }
}

static void read_positional(lua_State *lua, struct registration *registration)
{
    registration->name = text_at(lua, 1);
    if (registration->name.data == NULL) {
        raise(lua, "first argument to redis.register_function must be a string");
    }
    if (!lua_isfunction(lua, 2)) {
        raise(lua, "second argument to redis.register_function must be a function");
    }
    registration->callback = 2;
}

static struct bytes copy(struct bytes text)
{
    return text.data == NULL ? text : (struct bytes){bytes_to_string(text), text.size};
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
    if (!name_fits(registration.name)) {
        return raise(lua, bad_name);
    }
    for (size_t i = 0; i < library->count; i++) {
        if (bytes_equal_string(registration.name, library->functions[i].name)) {
            return raise(lua, "Function already exists in the library");
        }
    }
    lua_pushvalue(lua, registration.callback);
    int reference = luaL_ref(lua, LUA_REGISTRYINDEX);
    library->functions =
        memory_resize(library->functions, (library->count + 1) * sizeof(*library->functions));
    library->functions[library->count++] = (struct function){
        .name = bytes_to_string(registration.name),
        .description = copy(registration.description),
        .reference = reference,
        .flags = registration.flags,
    };
    return 0;
}

/* ---- Loading ---- */

/* "#!lua name=mylib": the name is one of the words. False with the error. */
static bool read_name(const struct shebang *shebang, struct bytes *name, struct buf *error)
{
    bool named = false;
    struct bytes engine = bytes_slice(shebang->words[0], 2, shebang->words[0].size);
    for (int i = 1; i < shebang->count; i++) {
        struct bytes word = shebang->words[i];
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
    } else if (!name_fits(*name)) {
        buf_printf(error, "ERR %s", bad_name);
    } else if (!bytes_equal_string_nocase(engine, "lua")) {
        buf_printf(error, "ERR Engine '%.*s' not found", (int)engine.size, engine.data);
    } else {
        return true;
    }
    return false;
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

/* What read_name() found is borrowed from the shebang. */
static const char *load(struct instance *instance, struct bytes code, const struct shebang *shebang,
                        bool replace, struct buf *error)
{
    struct bytes name;
    if (!read_name(shebang, &name, error)) {
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
    if (!run_body(instance->functions.engine, library, shebang->rest, error) ||
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

const char *function_library_load(struct instance *instance, struct bytes code, bool replace,
                                  struct buf *error)
{
    struct shebang shebang;
    const char *name = NULL;
    switch (shebang_read(&shebang, code)) {
    case SHEBANG_NONE:
        buf_append_string(error, "ERR Missing library metadata");
        break;
    case SHEBANG_ENDLESS:
    case SHEBANG_BROKEN:
        buf_append_string(error, "ERR Invalid library metadata");
        break;
    case SHEBANG_READ:
        name = load(instance, code, &shebang, replace, error);
        break;
    }
    shebang_finish(&shebang);
    return name;
}
