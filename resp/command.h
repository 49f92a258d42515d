/*
 * What a Redis command is. Each file in resp/commands/ ends with a table of these rows, and
 * everything the server says about a command is read from its row: lookup, COMMAND, ACL
 * categories, key extraction, gates. Nothing else is edited to add one.
 */
#ifndef RESP_COMMAND_H
#define RESP_COMMAND_H

#include "base/bytes.h"

struct instance;
struct keyspace;
struct reply;
struct session;

/* The first block is shown by COMMAND INFO under the same names. */
enum command_flag {
    CMD_WRITE = 1u << 0,    /* may change the keyspace */
    CMD_READONLY = 1u << 1, /* never does */
    CMD_DENY_OOM = 1u << 2, /* refused while over maxmemory */
    CMD_ADMIN = 1u << 3,    /* @admin, @dangerous */
    CMD_PUBSUB = 1u << 4,   /* pub/sub related */
    CMD_NOSCRIPT = 1u << 5, /* not from scripts */
    CMD_BLOCKING = 1u << 6, /* may block the client */
    CMD_LOADING = 1u << 7,  /* allowed while loading */
    CMD_STALE = 1u << 8,    /* allowed on a stale replica */
    CMD_SKIP_MONITOR = 1u << 9,
    CMD_SKIP_SLOWLOG = 1u << 10,
    CMD_FAST = 1u << 11, /* constant or logarithmic time */
    CMD_NO_AUTH = 1u << 12,
    CMD_MAY_REPLICATE = 1u << 13,
    CMD_NO_MANDATORY_KEYS = 1u << 14,
    CMD_NO_MULTI = 1u << 15,
    CMD_MOVABLE_KEYS = 1u << 16, /* derived: the key range alone does not tell the keys */
    CMD_ALLOW_BUSY = 1u << 17,
    CMD_NO_ASYNC_LOADING = 1u << 18,
    CMD_ASKING = 1u << 19,
    CMD_RANDOM = 1u << 20,          /* until 7.0: the answer is not determined */
    CMD_SORT_FOR_SCRIPT = 1u << 21, /* until 7.0: its order is not */
    /* Not shown as flags. */
    CMD_SUBSCRIBER = 1u << 24,     /* allowed to a RESP2 client in subscriber mode */
    CMD_CONTAINER_BARE = 1u << 25, /* a container that also runs without a subcommand */
    CMD_SYSTEM = 1u << 26,         /* for Redis itself: COMMAND DOCS says "syscmd" */
    CMD_MAY_RUN_LONG = 1u << 27,   /* runs on a stack of its own: resp/long_run.h */
    CMD_TRANSACTION = 1u << 28,    /* EXEC: stands for all the commands that wait for it */
};

/* ACL categories that do not follow from the family and the flags; a row names only these. */
enum command_category {
    CATEGORY_KEYSPACE = 1u << 0,
    CATEGORY_DANGEROUS = 1u << 1,
    CATEGORY_CONNECTION = 1u << 2,
    CATEGORY_TRANSACTION = 1u << 3,
    CATEGORY_SCRIPTING = 1u << 4,
    CATEGORY_STRING = 1u << 5,
    CATEGORY_BITMAP = 1u << 6,
    CATEGORY_HASH = 1u << 7,
    CATEGORY_LIST = 1u << 8,
    CATEGORY_SET = 1u << 9,
    CATEGORY_SORTED_SET = 1u << 10,
    CATEGORY_STREAM = 1u << 11,
    CATEGORY_HYPERLOGLOG = 1u << 12,
    CATEGORY_GEO = 1u << 13,
    CATEGORY_PUBSUB = 1u << 14,
    CATEGORY_ADMIN = 1u << 15,
    CATEGORY_BLOCKING = 1u << 16,
    CATEGORY_READ = 1u << 17,
    CATEGORY_WRITE = 1u << 18,
    CATEGORY_FAST = 1u << 19,
    CATEGORY_SLOW = 1u << 20,
};

/* How a managed service departs from open-source Redis. */
enum azure_rule { AZURE_ALLOWED, AZURE_BLOCKED, AZURE_BLOCKED_CLUSTERED };

/* Where keys stand among the arguments, as Redis 7's key specifications say it. */
enum key_spec_flag {
    KEY_RO = 1u << 0,
    KEY_RW = 1u << 1,
    KEY_OW = 1u << 2,
    KEY_RM = 1u << 3,
    KEY_ACCESS = 1u << 4,
    KEY_UPDATE = 1u << 5,
    KEY_INSERT = 1u << 6,
    KEY_DELETE = 1u << 7,
    KEY_NOT_KEY = 1u << 8,
    KEY_INCOMPLETE = 1u << 9,
    KEY_VARIABLE = 1u << 10,
};
enum key_begin { KEY_BEGIN_NONE, KEY_BEGIN_INDEX, KEY_BEGIN_KEYWORD, KEY_BEGIN_UNKNOWN };
enum key_find { KEY_FIND_RANGE, KEY_FIND_NUMBER, KEY_FIND_UNKNOWN };

struct key_spec {
    enum key_begin begin;
    int index;           /* KEY_BEGIN_INDEX */
    const char *keyword; /* KEY_BEGIN_KEYWORD */
    int start_from;
    enum key_find find;
    int last, step, limit;           /* KEY_FIND_RANGE: last is relative; negative: from the end */
    int number_at, first_key_offset; /* KEY_FIND_NUMBER, with step */
    unsigned flags;
    const char *notes;
};

#define MAX_KEY_SPECS 4

/* Keys at argument `first`, up to `last_offset` behind it, every `key_step`. */
#define KEY_RANGE(key_flags, first, last_offset, key_step)                                         \
    {                                                                                              \
        .begin = KEY_BEGIN_INDEX, .index = (first), .find = KEY_FIND_RANGE, .last = (last_offset), \
        .step = (key_step), .flags = (key_flags)                                                   \
    }

/* One command being executed. Everything here is borrowed until the handler returns. */
struct call {
    const struct command *command;
    struct session *session;
    struct instance *instance;
    struct keyspace *db; /* the selected database */
    struct reply *reply;
    const struct bytes *argv; /* argv[0] is the command name as sent */
    int argc;
    int64_t now_ms;         /* read once, so a command sees a single instant */
    bool nested;            /* inside a transaction or a script: must not wait */
    bool resumed;           /* a waiting client's command, run again because a key is ready */
    struct bytes ready_key; /* which, where only that one counts (block_awaits); else no data */
};

/* A row of a command's history, shown by COMMAND DOCS. */
struct command_history {
    const char *since, *change;
};

struct command {
    const char *name; /* upper case; of a subcommand: its own word only */
    void (*handler)(struct call *call);
    int arity; /* exact if positive; at least -arity if negative; counts the name(s) */
    unsigned flags;
    unsigned categories; /* enum command_category beyond the derived ones */
    struct key_spec keys[MAX_KEY_SPECS];
    /*
     * The argument where a specification's keys begin that alone does not tell it: of what is
     * written, or KEY_INCOMPLETE. 0: there are none.
     */
    int (*find_key)(const struct bytes *argv, int argc);
    /* What is done with the keys of a specification that is KEY_VARIABLE. */
    unsigned (*key_flags)(const struct bytes *argv, int argc);
    enum azure_rule azure;   /* in Azure Cache for Redis: Basic, Standard, Premium */
    enum azure_rule managed; /* in Azure Managed Redis, which is Redis Enterprise */
    const char *since;       /* hidden from caches that run an older Redis */
    const char *from;        /* with `until`: this row is the command's from here on; NULL: since */
    const char *until;       /* and from here on another row has the name; NULL: never */
    const char *complexity, *summary;
    const char *arguments;                 /* in the notation of resp/command_arguments.h */
    const char *const *tips;               /* NULL-terminated; COMMAND INFO's tips */
    const struct command_history *history; /* ends with a zero row */
    const char *deprecated_since, *replaced_by;
    const struct command *subcommands; /* ends with a zero row; a container */
    const char *group;                 /* NULL: the family's name */
};

/* What each file of resp/commands/ exports; listed in resp/commands/families.h. */
struct command_family {
    const char *name; /* the group, as COMMAND DOCS names it: "string", "sorted-set" */
    const struct command *commands;
    size_t count;
};

#endif
