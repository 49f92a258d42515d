/*
 * The latest requests of all planes, in a ring: what the admin API shows as /_redurite/requests.
 *
 * Only names get in: operations, paths without their query, caches, clients and outcomes; never a
 * header, a key or a value. Redis commands are not recorded one by one: connections and sign-ins
 * are, and the commands are counted by their instances.
 */
#ifndef EMULATOR_JOURNAL_H
#define EMULATOR_JOURNAL_H

#include <cjson/cJSON.h>

#include "base/bytes.h"
#include "base/clock.h"

#define JOURNAL_CAPACITY 1000

/* Borrowed for the call; texts are cut to what an entry holds. */
struct journal_event {
    const char *plane;      /* "arm", "entra", "redis", "admin" ...: a literal, kept */
    struct bytes operation; /* "PUT", "AUTH" */
    struct bytes subject;   /* a path, or a cache */
    struct bytes client;    /* "127.0.0.1:53124" */
    struct bytes outcome;   /* "201", "WRONGPASS" */
    int64_t duration_us;    /* -1: has none */
};

struct journal;

struct journal *journal_create(const struct clock *clock);
void journal_destroy(struct journal *journal);
void journal_clear(struct journal *journal);
void journal_add(struct journal *journal, const struct journal_event *event);
uint64_t journal_total(const struct journal *journal); /* since the start, also those gone */

/* The latest `limit` that fit, newest first; `plane` NULL: all. Owned by the caller. */
cJSON *journal_latest(const struct journal *journal, size_t limit, const char *plane);

/* Told of each event as it is added, as JSON text borrowed for the call; one listener. */
void journal_listen(struct journal *journal, void (*heard)(void *context, struct bytes json),
                    void *context);

#endif
