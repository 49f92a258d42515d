#include "resp/scripts.h"

#include <openssl/evp.h>
#include <string.h>

#include "resp/lua/engine.h"
#include "resp/shebang.h"

static const struct {
    const char *name;
    unsigned flag;
} flags[] = {
    {"no-writes", SCRIPT_NO_WRITES},
    {"allow-oom", SCRIPT_ALLOW_OOM},
    {"allow-stale", SCRIPT_ALLOW_STALE},
    {"no-cluster", SCRIPT_NO_CLUSTER},
    {"allow-cross-slot-keys", SCRIPT_ALLOW_CROSS_SLOT_KEYS},
};

unsigned script_flag_of(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (bytes_equal_string(name, flags[i].name)) {
            return flags[i].flag;
        }
    }
    return 0;
}

const char *script_flag_name(unsigned flag)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (flags[i].flag == flag) {
            return flags[i].name;
        }
    }
    return NULL;
}

void scripts_init(struct instance *instance)
{
    dict_init(&instance->scripts.bodies, sizeof(struct script), NULL, instance->random);
}

void scripts_finish(struct instance *instance)
{
    dict_finish(&instance->scripts.bodies);
    lua_engine_destroy(instance->scripts.engine);
    instance->scripts.engine = NULL;
}

void scripts_flush(struct instance *instance)
{
    dict_clear(&instance->scripts.bodies);
    lua_engine_destroy(instance->scripts.engine);
    instance->scripts.engine = NULL;
    instance->scripts.memory = 0;
}

void script_digest(struct bytes body, char sha[SCRIPT_SHA_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;
    EVP_Digest(body.data != NULL ? body.data : "", body.size, digest, &size, EVP_sha1(), NULL);
    for (int i = 0; i < SCRIPT_SHA_SIZE / 2; i++) {
        sha[i * 2] = digits[digest[i] >> 4];
        sha[i * 2 + 1] = digits[digest[i] & 15];
    }
}

struct script *script_find(const struct instance *instance, struct bytes sha)
{
    char lower[SCRIPT_SHA_SIZE];
    if (sha.size != SCRIPT_SHA_SIZE) {
        return NULL;
    }
    for (size_t i = 0; i < SCRIPT_SHA_SIZE; i++) {
        lower[i] =
            (char)(sha.data[i] >= 'A' && sha.data[i] <= 'Z' ? sha.data[i] + 32 : sha.data[i]);
    }
    return dict_find(&instance->scripts.bodies, (struct bytes){lower, sizeof(lower)});
}

/* ---- The first line of a script: "#!lua flags=no-writes,allow-oom" ---- */

/* Between commas; a comma at the end has an empty one behind it. */
static bool read_flags(struct bytes list, unsigned *found, struct buf *error)
{
    for (size_t at = 0; list.size > 0 && at <= list.size;) {
        size_t end = at + bytes_find(bytes_slice(list, at, list.size), ',');
        struct bytes word = bytes_slice(list, at, end);
        unsigned flag = script_flag_of(word);
        if (flag == 0) {
            buf_printf(error, "ERR Unexpected flag in script shebang: %.*s", (int)word.size,
                       word.data);
            return false;
        }
        *found |= flag;
        at = end + 1;
    }
    return true;
}

static bool read_words(const struct shebang *shebang, unsigned *found, struct buf *error)
{
    const struct bytes *words = shebang->words;
    if (!bytes_equal(words[0], BYTES("#!lua"))) {
        buf_printf(error, "ERR Unexpected engine in script shebang: %.*s", (int)words[0].size,
                   words[0].data);
        return false;
    }
    for (int i = 1; i < shebang->count; i++) {
        if (!bytes_start_with(words[i], BYTES("flags="))) {
            buf_printf(error, "ERR Unknown lua shebang option: %.*s", (int)words[i].size,
                       words[i].data);
            return false;
        }
        if (!read_flags(bytes_slice(words[i], 6, words[i].size), found, error)) {
            return false;
        }
    }
    return true;
}

/* Cuts the line off the body. */
static bool read_shebang(struct bytes *body, unsigned *found, struct buf *error)
{
    struct shebang shebang;
    bool good = false;
    *found = 0;
    switch (shebang_read(&shebang, *body)) {
    case SHEBANG_NONE:
        *found = SCRIPT_COMPATIBLE;
        good = true;
        break;
    case SHEBANG_ENDLESS:
        buf_append_string(error, "ERR Invalid script shebang");
        break;
    case SHEBANG_BROKEN:
        buf_append_string(error, "ERR Invalid engine in script shebang");
        break;
    case SHEBANG_READ:
        good = read_words(&shebang, found, error);
        break;
    }
    *body = shebang.rest;
    shebang_finish(&shebang);
    return good;
}

struct script *script_load(struct instance *instance, struct bytes sha, struct bytes body,
                           struct buf *error)
{
    struct script script = {.size = body.size};
    struct buf message;
    bool created;
    if (instance_runs(instance, "7.0.0")) {
        if (!read_shebang(&body, &script.flags, error)) {
            return NULL;
        }
    } else {
        script.flags = SCRIPT_COMPATIBLE;
    }
    if (instance->scripts.engine == NULL) {
        instance->scripts.engine = lua_engine_create(instance, false);
    }
    buf_init(&message, 4096);
    if (!lua_engine_compile(instance->scripts.engine, body, "@user_script", &script.reference,
                            &message)) {
        buf_printf(error, "ERR Error compiling script (new function): %s", buf_string(&message));
        buf_finish(&message);
        return NULL;
    }
    buf_finish(&message);
    struct script *kept = dict_insert(&instance->scripts.bodies, sha, &created);
    *kept = script;
    instance->scripts.memory += script.size;
    return kept;
}
