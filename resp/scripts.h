/*
 * The scripts that an instance keeps by their SHA1, for EVAL and EVALSHA.
 */
#ifndef RESP_SCRIPTS_H
#define RESP_SCRIPTS_H

#include "base/dict.h"

struct instance;
struct lua_engine;

enum { SCRIPT_SHA_SIZE = 40 };

/* The payload of scripts.bodies, by SHA1. */
struct script {
    int reference;  /* of the compiled function */
    unsigned flags; /* enum script_flag */
    size_t size;    /* of its text */
};

struct scripts {
    struct lua_engine *engine; /* NULL until the first one */
    struct dict bodies;
    size_t memory; /* of the texts */
};

void scripts_init(struct instance *instance);
void scripts_finish(struct instance *instance);
void scripts_flush(struct instance *instance);

/* Lower-case hexadecimal, not terminated. */
void script_digest(struct bytes body, char sha[SCRIPT_SHA_SIZE]);
struct script *script_find(const struct instance *instance, struct bytes sha);
/* Compiles; NULL with the whole error in `error`. */
struct script *script_load(struct instance *instance, struct bytes sha, struct bytes body,
                           struct buf *error);
/* "no-writes" and so on, as an enum script_flag; 0: unknown. */
unsigned script_flag_of(struct bytes name);
const char *script_flag_name(unsigned flag);

#endif
