/*
 * What the planes tell the journal. HTTP requests are always recorded; Redis commands once
 * somebody asked for it, as each takes time (docs/decisions/0011).
 */
#ifndef EMULATOR_RECORDER_H
#define EMULATOR_RECORDER_H

#include "emulator/cache_host.h"
#include "emulator/http_endpoint.h"
#include "emulator/journal.h"
#include "resp/observer.h"

struct recorder {
    struct journal *journal;
    struct cache_host *caches;
    struct observer observer;
    bool commands; /* Redis commands are recorded */
};

void recorder_init(struct recorder *recorder, struct journal *journal, struct cache_host *caches);
/* From the next one on. */
void recorder_record_commands(struct recorder *recorder, bool wanted);

void recorder_add_http(struct recorder *recorder, const struct http_record *record);
/* A password was tried; `cache` NULL: it opened none. Recorded when commands are not. */
void recorder_add_sign_in(struct recorder *recorder, const struct cache *cache);

/* "Microsoft.Cache/redis/write", as roles and policies name what a request does. */
void arm_operation_name(struct bytes method, struct bytes path, struct buf *name);

#endif
