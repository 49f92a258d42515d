/*
 * What survives a restart: the control plane as one JSON document (state.json) and one RDB file
 * per cache (caches/NAME.rdb) in the data directory. Each file is replaced whole, shortly after a
 * change and at exit; big data by a forked child, the rest by libuv's thread pool, so that the
 * loop never waits for a disk.
 *
 * A file that cannot be read is renamed to NAME.corrupt-TIME and warned about; the start goes on
 * without it. The order of writing is control plane first, so data never outlives its cache.
 */
#ifndef EMULATOR_STATE_H
#define EMULATOR_STATE_H

#include <cjson/cJSON.h>

#include "arm/service.h"
#include "emulator/cache_host.h"
#include "emulator/faults/faults.h"
#include "emulator/loop.h"

struct state;

struct state_config {
    struct loop *loop;
    const char *directory;
    bool ephemeral; /* keep nothing */
    struct arm_service *service;
    struct cache_host *caches;
    struct faults *faults;
};

/* Takes the directory's lock. NULL with one line in `error` that names who holds it. */
struct state *state_create(const struct state_config *config, struct buf *error);

/*
 * Before seeding: loads the control plane and carries the clock forward. False with one line in
 * `error` only when the document is from a newer version.
 */
bool state_load_resources(struct state *state, struct buf *error);
/* After seeding: loads each cache's data, and starts saving. */
void state_load_data(struct state *state);

void state_changed(struct state *state); /* of resources or clock */
void state_cache_removed(struct state *state, const struct cache *cache); /* before it goes */

/* Everything as one document (owned by the caller), faults too; and back: all or nothing. */
cJSON *state_snapshot(struct state *state);
bool state_restore(struct state *state, const cJSON *document, struct buf *error);

/* When, and how it went. */
struct state_figures {
    uint64_t saves, failures;
    int64_t last_save_ms; /* milliseconds since 1970, real time; 0: none yet */
};
struct state_figures state_figures(const struct state *state);

/*
 * Closes its handles, running the loop until they are, saves what has changed on this thread, and
 * frees. Nothing is saved unless data was loaded: a start that failed changes no file. NULL is
 * fine.
 */
void state_finish(struct state *state);
/* At once, whatever is under way (SAVE). False after logging why not; nothing to do when ephemeral.
 */
bool state_save_cache(struct state *state, struct cache *cache);
/* What was saved last; false after logging why not, and when ephemeral. */
bool state_read_cache(const struct state *state, const struct cache *cache, struct buf *dump);

#endif
