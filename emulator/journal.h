/*
 * The latest requests of all planes: what the admin API shows as /_redurite/requests, streams as
 * /_redurite/events and verifies. Bounded in number and in bytes; the oldest make room.
 *
 * Only names get in: operations, paths without their query, caches, keys, clients and outcomes;
 * never a header, a body, a password or a value.
 */
#ifndef EMULATOR_JOURNAL_H
#define EMULATOR_JOURNAL_H

#include <cjson/cJSON.h>

#include "base/bytes.h"
#include "base/clock.h"

enum {
    JOURNAL_CAPACITY = 20000,
    JOURNAL_BYTES = 16 * 1024 * 1024,
    JOURNAL_KEYS = 64,
    JOURNAL_TEXT = 512, /* of each text and key; longer ones are cut */
};

/* The texts of an entry; rows of journal_match.c name them. */
enum journal_text {
    JOURNAL_OPERATION,   /* "Microsoft.Cache/redis/write", "GET", "oauth2/v2.0/token" */
    JOURNAL_METHOD,      /* of HTTP */
    JOURNAL_HOST,        /* that was asked for, of HTTP */
    JOURNAL_PATH,        /* of HTTP, without its query */
    JOURNAL_CACHE,       /* of Redis */
    JOURNAL_CLIENT,      /* "127.0.0.1:53124" */
    JOURNAL_CLIENT_NAME, /* CLIENT SETNAME */
    JOURNAL_INSIDE,      /* "transaction", "script"; empty: neither */
    JOURNAL_OUTCOME,     /* "201", "ok", "WRONGTYPE" */
    JOURNAL_FAULT,       /* the rule that acted */
    JOURNAL_TEXTS
};

/* No expiry was left behind, and: the question does not arise. */
#define JOURNAL_TTL_NONE (-1)
#define JOURNAL_TTL_ABSENT (-2)

/* Borrowed for the call. */
struct journal_event {
    const char *plane; /* "arm", "entra", "redis" ...: a literal, kept */
    struct bytes texts[JOURNAL_TEXTS];
    const struct bytes *keys; /* of Redis; at most JOURNAL_KEYS are kept */
    size_t key_count;
    int database;        /* -1: has none */
    bool failed;         /* the outcome is an error */
    int64_t ttl_ms;      /* what a write left its key with, or JOURNAL_TTL_... */
    int64_t duration_us; /* -1: has none */
};

struct journal_entry {
    uint64_t number; /* from 1 */
    int64_t time_ms;
    const char *plane;
    struct bytes texts[JOURNAL_TEXTS]; /* printable: UTF-8, or with \xff for other bytes */
    struct bytes *keys;
    size_t key_count;
    int database;
    bool failed;
    int64_t ttl_ms, duration_us;
    size_t size; /* private: of the block that all this is in */
};

struct journal;

struct journal *journal_create(const struct clock *clock);
void journal_destroy(struct journal *journal);
/* The record begins anew; numbers go on. */
void journal_clear(struct journal *journal);
void journal_add(struct journal *journal, const struct journal_event *event);
/* The fault rule that acts on what is added next. */
void journal_blame(struct journal *journal, struct bytes fault);

uint64_t journal_total(const struct journal *journal);   /* since the start, also those gone */
uint64_t journal_dropped(const struct journal *journal); /* that made room since the last clear */
size_t journal_count(const struct journal *journal);
/* 0 is the oldest that is kept. Borrowed until the journal changes. */
const struct journal_entry *journal_at(const struct journal *journal, size_t index);
cJSON *journal_entry_document(const struct journal_entry *entry); /* owned by the caller */
/* Text as an entry would keep it. */
void journal_print(struct bytes text, struct buf *printed);

/* Told of each entry as it is added. Embedded in its owner, who takes it away again. */
struct journal_listener {
    void (*heard)(struct journal_listener *listener, const struct journal_entry *entry);
    struct journal_listener *next;
};
void journal_listen(struct journal *journal, struct journal_listener *listener);
void journal_unlisten(struct journal *journal, struct journal_listener *listener);

#endif
