/*
 * Options as rows: one table gives the command line, the help text, the keys of the configuration
 * file and the environment variables. A row says where in the owner's structure its value lies.
 */
#ifndef EMULATOR_OPTIONS_H
#define EMULATOR_OPTIONS_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/bytes.h"

#define PORT_OFF (-1)

enum option_value {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* char *, owned; NULL when not given */
    OPTION_LIST,   /* struct option_list: may be given several times */
    OPTION_PORT,   /* int: 0 to 65535, or PORT_OFF for "off" */
    OPTION_CHOICE, /* int: index in `choices` */
    OPTION_CUSTOM, /* what `parse` makes of it */
};

/* Ordered by rank: a value from a higher source replaces one from a lower. */
enum option_source {
    OPTION_FROM_DEFAULT,
    OPTION_FROM_FILE,
    OPTION_FROM_ENVIRONMENT,
    OPTION_FROM_COMMAND_LINE
};

struct option_list {
    char **items; /* owned */
    size_t count;
    enum option_source source;
};

struct option {
    const char *name;        /* "redis-port": --redis-port, REDURITE_REDIS_PORT, "redisPort" */
    const char *placeholder; /* "N"; NULL for flags */
    const char *help;
    const char *fallback;       /* the default, as text; NULL: none */
    const char *const *choices; /* OPTION_CHOICE: NULL-terminated */
    enum option_value value;
    size_t offset;
    /* OPTION_TEXT and OPTION_LIST, may be NULL: false with what is expected in `error`. */
    bool (*check)(struct bytes text, struct buf *error);
    /* OPTION_CUSTOM: false with what is expected in `error` ("a number of seconds"). */
    bool (*parse)(struct bytes text, void *target, struct buf *error);
};

struct option_set {
    const struct option *rows;
    size_t count;
};

/* A name matches whatever its case, hyphens and underscores: NULL when there is none. */
const struct option *options_find(struct option_set set, struct bytes name);

/* All of these: false with one line in `error` that names the bad thing. */
bool options_apply(const struct option *option, void *target, enum option_source source,
                   struct bytes text, struct buf *error);
void options_apply_defaults(struct option_set set, void *target);
/* REDURITE_* of `environment` ("NAME=value", NULL-terminated). Unknown names are warned about. */
bool options_apply_environment(struct option_set set, void *target, char *const *environment,
                               struct buf *error);
/* The members of a JSON object; `file` is named in errors. */
bool options_apply_json(struct option_set set, void *target, const cJSON *object, const char *file,
                        struct buf *error);
/*
 * "--name value", "--name=value" and flags. Words that are no options are moved to the front of
 * `words`, in order, and counted in *rest. "--" ends the options; so does the first such word
 * with WORDS_AFTER_OPTIONS, for commands that take another command's words.
 */
enum option_words { WORDS_ANYWHERE, WORDS_AFTER_OPTIONS };
bool options_apply_words(struct option_set set, enum option_words style, void *target, char **words,
                         int count, int *rest, struct buf *error);
/* Frees what the values own. */
void options_finish(struct option_set set, void *target);

void options_print_help(struct option_set set, FILE *stream);

/* The nearest of `count` names to a misspelt one, or NULL when none is near. */
const char *nearest_name(struct bytes text, const char *const *names, size_t count);

#endif
