/* When state is saved, in which order, and how it comes back. */
#include "emulator/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "emulator/files.h"
#include "emulator/state_document.h"
#include "emulator/state_writer.h"
#include "resp/rdb.h"

#define SOON_MS 50             /* after a change of resources */
#define TICK_MS 1000           /* how often data is looked at */
#define CLOCK_DRIFT_TICKS 10   /* how often a clock that runs fast is written down */
#define INLINE_BYTES (1 << 20) /* data below this is serialized by the process itself */
/* Big data is not written more often than this share of time allows. */
#define REST_PER_SAVE 10
#define LEAST_REST_MS 5000
#define DOCUMENT_LIMIT ((size_t)1 << 30)

enum saving { SAVING_NOTHING, SAVING_RESOURCES, SAVING_DATA };

struct state {
    struct state_config config;
    char *document_path, *data_directory;
    int lock;
    struct clock *wall; /* real time, for comparing the emulator's with */
    bool running;       /* loaded: changes are to be saved */
    bool resources_changed, document_was_lost;
    int64_t saved_offset_ms;
    unsigned ticks;
    size_t open_handles;

    uv_timer_t tick, soon;
    struct state_writer writer;
    enum saving saving;
    char *saving_name; /* of the cache */
    uint64_t saving_changes, saving_since;
    struct state_figures figures;
};

/* ---- Names ---- */

static char *data_path(const struct state *state, const char *cache_name)
{
    char *path = string_format("%s/%s.rdb", state->data_directory, cache_name);
    for (char *c = path + strlen(state->data_directory); *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return path;
}

/* Keeps a file that cannot be used, under a name that says so. */
static void put_aside(const struct state *state, const char *path, const char *mark,
                      const char *what, const char *why)
{
    char time[32];
    timestamp_format(clock_now_ms(state->wall), time);
    for (char *c = time; *c != '\0'; c++) {
        *c = (char)(*c == ':' ? '-' : *c);
    }
    char *kept = string_format("%s.%s-%s", path, mark, time);
    if (rename(path, kept) == 0) {
        log_warn("state", "set aside file=%s kept=%s lost=\"%s\" reason=\"%s\"", path, kept, what,
                 why);
    } else {
        log_error("state", "could not set aside file=%s reason=\"%s\"", path, strerror(errno));
    }
    memory_free(kept);
}

/* ---- Lock ---- */

static bool take_lock(struct state *state, struct buf *error)
{
    char *path = string_format("%s/lock", state->config.directory);
    char holder[32] = "";
    bool taken = false;

    state->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock < 0) {
        buf_printf(error, "cannot open %s: %s", path, strerror(errno));
    } else if (flock(state->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = read(state->lock, holder, sizeof(holder) - 1);
        holder[got > 0 ? strcspn(holder, "\n") : 0] = '\0';
        buf_printf(error,
                   "the data directory %s is in use by the emulator with pid %s; stop that one, "
                   "or choose another with --data-dir, or use --ephemeral",
                   state->config.directory, holder[0] == '\0' ? "unknown" : holder);
    } else {
        int length = snprintf(holder, sizeof(holder), "%ld\n", (long)getpid());
        taken = ftruncate(state->lock, 0) == 0 && write(state->lock, holder, (size_t)length) > 0;
        if (!taken) {
            buf_printf(error, "cannot write %s: %s", path, strerror(errno));
        }
    }
    memory_free(path);
    return taken;
}

/* ---- Saving ---- */

static int64_t clock_offset_ms(const struct state *state)
{
    return clock_now_ms(state->config.loop->clock) - clock_now_ms(state->wall);
}

static void begin_resources(struct state *state)
{
    struct buf content;

    buf_init(&content, DOCUMENT_LIMIT);
    state_document_write(state->config.loop->clock, state->wall, state->config.service, &content);
    state->resources_changed = false;
    state->saved_offset_ms = clock_offset_ms(state);
    state->saving = SAVING_RESOURCES;
    state_writer_write(&state->writer, state->document_path, &content);
}

/* False when nothing was begun. */
static bool begin_data(struct state *state, struct cache *cache)
{
    char *path = data_path(state, cache->name);
    uint64_t changes = instance_changes(cache->instance);
    bool begun = true;
    struct instance_stats stats;

    cache_stats(cache, &stats);
    if (stats.used_memory < INLINE_BYTES) {
        struct buf dump;
        buf_init(&dump, DOCUMENT_LIMIT);
        if (instance_dump(cache->instance, &dump)) {
            state_writer_write(&state->writer, path, &dump);
        } else {
            buf_finish(&dump);
            begun = false;
        }
    } else {
        int failure = state_writer_fork(&state->writer, path, cache->instance);
        if (failure != 0) {
            log_error("state", "could not fork to save cache=%s reason=\"%s\"", cache->name,
                      strerror(failure));
            begun = false;
        }
    }
    memory_free(path);
    if (begun) {
        state->saving = SAVING_DATA;
        state->saving_name = string_duplicate(cache->name);
        state->saving_changes = changes;
        state->saving_since = uv_now(&state->config.loop->uv);
    } else {
        state->figures.failures++;
        cache->next_save_ms = uv_now(&state->config.loop->uv) + LEAST_REST_MS;
    }
    return begun;
}

/* Begins the next save that is due, if none is under way. */
static void pump(struct state *state)
{
    if (!state->running || state_writer_busy(&state->writer)) {
        return;
    }
    if (state->resources_changed) {
        begin_resources(state);
        return;
    }
    uint64_t now = uv_now(&state->config.loop->uv);
    for (struct cache *cache = cache_host_first(state->config.caches); cache != NULL;
         cache = cache->next) {
        if (instance_changes(cache->instance) == cache->saved_changes ||
            cache->next_save_ms > now) {
            continue;
        }
        /* Expiry times in the data must not lie ahead of the clock that is written down. */
        if (clock_offset_ms(state) > state->saved_offset_ms + 1000) {
            begin_resources(state);
            return;
        }
        if (begin_data(state, cache)) {
            return;
        }
    }
}

static void data_saved(struct state *state, int failure)
{
    struct cache *cache =
        cache_host_find(state->config.caches, bytes_from_string(state->saving_name));
    uint64_t now = uv_now(&state->config.loop->uv);
    uint64_t took = now - state->saving_since;

    if (cache != NULL) { /* otherwise it was removed meanwhile */
        if (failure == 0) {
            cache->saved_changes = state->saving_changes;
        }
        uint64_t rest = took * REST_PER_SAVE;
        cache->next_save_ms =
            took < 100 && failure == 0 ? 0 : now + (rest < LEAST_REST_MS ? LEAST_REST_MS : rest);
        log_debug("state", "saved data cache=%s ms=%llu", state->saving_name,
                  (unsigned long long)took);
    }
    memory_free(state->saving_name);
    state->saving_name = NULL;
}

static void write_done(struct state_writer *writer, int failure)
{
    struct state *state = CONTAINER_OF(writer, struct state, writer);

    if (failure == 0) {
        state->figures.saves++;
        state->figures.last_save_ms = clock_now_ms(state->wall);
    } else {
        state->figures.failures++;
        log_error("state", "could not save what=%s reason=\"%s\"",
                  state->saving == SAVING_DATA ? state->saving_name : "resources",
                  strerror(failure));
    }
    if (state->saving == SAVING_DATA) {
        data_saved(state, failure);
    } else if (failure != 0) {
        state->resources_changed = true; /* the tick tries again */
        state->saving = SAVING_NOTHING;
        return;
    }
    state->saving = SAVING_NOTHING;
    pump(state);
}

static void on_soon(uv_timer_t *timer)
{
    pump(CONTAINER_OF(timer, struct state, soon));
}

static void on_tick(uv_timer_t *timer)
{
    struct state *state = CONTAINER_OF(timer, struct state, tick);

    if (++state->ticks % CLOCK_DRIFT_TICKS == 0 &&
        clock_offset_ms(state) > state->saved_offset_ms + 1000) {
        state->resources_changed = true;
    }
    pump(state);
}

void state_changed(struct state *state)
{
    if (!state->running || state->resources_changed) {
        return;
    }
    state->resources_changed = true;
    uv_timer_start(&state->soon, on_soon, SOON_MS, 0);
}

void state_cache_removed(struct state *state, const struct cache *cache)
{
    if (state->config.ephemeral) {
        return;
    }
    char *path = data_path(state, cache->name);
    state_writer_discard(&state->writer, path);
    unlink(path);
    memory_free(path);
}

/* ---- Loading ---- */

bool state_load_resources(struct state *state, struct buf *error)
{
    struct buf text;
    bool good = true;

    if (state->config.ephemeral) {
        return true;
    }
    buf_init(&text, DOCUMENT_LIMIT);
    int failure = file_read(state->document_path, &text);
    if (failure == ENOENT) {
        state->document_was_lost = true;
    } else if (failure != 0) {
        buf_printf(error, "cannot read %s: %s", state->document_path, strerror(failure));
        good = false;
    } else {
        struct buf why;
        buf_init(&why, 4096);
        enum state_document_result result = state_document_apply(
            buf_bytes(&text), state->config.loop->clock, state->wall, state->config.service, &why);
        if (result == STATE_DOCUMENT_TOO_NEW) {
            buf_printf(error, "%s %s", state->document_path, buf_string(&why));
            good = false;
        } else if (result == STATE_DOCUMENT_BROKEN) {
            put_aside(state, state->document_path, "corrupt", "all resources", buf_string(&why));
            state->document_was_lost = true;
        }
        buf_finish(&why);
    }
    buf_finish(&text);
    state->saved_offset_ms = clock_offset_ms(state);
    return good;
}

static void load_cache(struct state *state, struct cache *cache)
{
    char *path = data_path(state, cache->name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (descriptor < 0) {
        if (errno != ENOENT) {
            log_error("state", "could not read file=%s reason=\"%s\"", path, strerror(errno));
        }
        memory_free(path);
        return;
    }
    if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
        struct bytes dump = {.size = (size_t)status.st_size};
        void *memory = mmap(NULL, dump.size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (memory != MAP_FAILED) {
            struct buf error;
            buf_init(&error, 1024);
            dump.data = memory;
            if (!rdb_load(cache->instance, dump, &error)) {
                char *lost = string_format("the data of cache %s", cache->name);
                put_aside(state, path, "corrupt", lost, buf_string(&error));
                memory_free(lost);
            }
            buf_finish(&error);
            munmap(memory, dump.size);
        } else {
            log_error("state", "could not map file=%s reason=\"%s\"", path, strerror(errno));
        }
    } else {
        put_aside(state, path, "corrupt", cache->name, "the file is empty");
    }
    close(descriptor);
    cache->saved_changes = instance_changes(cache->instance);
    memory_free(path);
}

/* A file of the data directory that belongs to no cache. */
static void visit_data_file(void *context, const char *name)
{
    struct state *state = context;
    struct bytes file = bytes_from_string(name);
    char *path = string_format("%s/%s", state->data_directory, name);

    if (strstr(name, FILE_TEMPORARY_MARK) != NULL) {
        unlink(path); /* a crash while it was written: the whole one is still there */
    } else if (bytes_end_with(file, BYTES(".rdb"))) {
        struct bytes cache = bytes_slice(file, 0, file.size - 4);
        if (cache_host_find(state->config.caches, cache) != NULL) {
            /* loaded */
        } else if (state->document_was_lost) {
            put_aside(state, path, "orphan", name, "its cache is not known any more");
        } else {
            unlink(path); /* a crash between the removal of a cache and of its data */
        }
    }
    memory_free(path);
}

static void visit_temporary(void *context, const char *name)
{
    const struct state *state = context;
    if (strncmp(name, "state.json" FILE_TEMPORARY_MARK, 15) == 0) {
        char *path = string_format("%s/%s", state->config.directory, name);
        unlink(path);
        memory_free(path);
    }
}

void state_load_data(struct state *state)
{
    if (state->config.ephemeral) {
        return;
    }
    for (struct cache *cache = cache_host_first(state->config.caches); cache != NULL;
         cache = cache->next) {
        load_cache(state, cache);
    }
    directory_visit(state->data_directory, visit_data_file, state);
    directory_visit(state->config.directory, visit_temporary, state);
    state->running = true;
    uv_timer_start(&state->tick, on_tick, TICK_MS, TICK_MS);
    if (state->document_was_lost) {
        state_changed(state);
    }
}

/* ---- Snapshots ---- */

cJSON *state_snapshot(struct state *state)
{
    cJSON *document =
        state_document_create(state->config.loop->clock, state->wall, state->config.service);
    state_document_add_data(document, state->config.caches);
    cJSON_AddItemToObject(document, "faults", faults_save(state->config.faults));
    return document;
}

bool state_restore(struct state *state, const cJSON *document, struct buf *error)
{
    const cJSON *faults = cJSON_GetObjectItemCaseSensitive(document, "faults");
    bool good = faults_check(faults, error) &&
                state_document_restore(document, state->config.loop->clock, state->wall,
                                       state->config.service, state->config.caches, error);
    if (good) {
        faults_load(state->config.faults, faults);
        state_changed(state);
        pump(state);
    }
    return good;
}

struct state_figures state_figures(const struct state *state)
{
    return state->figures;
}

/* ---- Life ---- */

struct state *state_create(const struct state_config *config, struct buf *error)
{
    struct state *state = memory_allocate_zeroed(sizeof(*state));

    state->config = *config;
    state->lock = -1;
    if (!config->ephemeral && !take_lock(state, error)) {
        if (state->lock >= 0) {
            close(state->lock);
        }
        memory_free(state);
        return NULL;
    }
    state->document_path = string_format("%s/state.json", config->directory);
    state->data_directory = string_format("%s/caches", config->directory);
    int failure = config->ephemeral ? 0 : directory_make(state->data_directory, 0700);
    if (failure != 0) {
        log_error("state", "could not make directory=%s reason=\"%s\"", state->data_directory,
                  strerror(failure));
    }
    state->wall = clock_create(NULL, NULL);
    uv_timer_init(&config->loop->uv, &state->tick);
    uv_timer_init(&config->loop->uv, &state->soon);
    state_writer_init(&state->writer, config->loop, write_done);
    return state;
}

static void handle_closed(uv_handle_t *handle)
{
    struct state *state = handle->data;
    state->open_handles--;
}

/* The loop is not running any more, so it is turned by hand. */
static void close_handles(struct state *state)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&state->tick, (uv_handle_t *)&state->soon,
                              (uv_handle_t *)&state->writer.child_signal};

    state->open_handles = ARRAY_LEN(handles);
    for (size_t i = 0; i < ARRAY_LEN(handles); i++) {
        handles[i]->data = state;
        uv_close(handles[i], handle_closed);
    }
    state_writer_wait(&state->writer);
    while (state->open_handles > 0) {
        uv_run(&state->config.loop->uv, UV_RUN_ONCE);
    }
}

/* On this thread: the loop is not running any more. */
static void save_all(struct state *state)
{
    struct buf content;

    buf_init(&content, DOCUMENT_LIMIT);
    state_document_write(state->config.loop->clock, state->wall, state->config.service, &content);
    int failure = file_replace(state->document_path, buf_bytes(&content), 0600);
    if (failure != 0) {
        log_error("state", "could not save what=resources reason=\"%s\"", strerror(failure));
    }
    buf_finish(&content);

    for (struct cache *cache = cache_host_first(state->config.caches); cache != NULL;
         cache = cache->next) {
        if (instance_changes(cache->instance) == cache->saved_changes) {
            continue;
        }
        state_save_cache(state, cache);
    }
}

bool state_save_cache(struct state *state, struct cache *cache)
{
    uint64_t changes = instance_changes(cache->instance);
    if (state->config.ephemeral) {
        return true;
    }
    char *path = data_path(state, cache->name);
    int failure = instance_dump_file(cache->instance, path);
    if (failure == 0) {
        cache->saved_changes = changes;
    } else {
        log_error("state", "could not save what=%s reason=\"%s\"", cache->name, strerror(failure));
    }
    memory_free(path);
    return failure == 0;
}

bool state_read_cache(const struct state *state, const struct cache *cache, struct buf *dump)
{
    if (state->config.ephemeral) {
        return false;
    }
    char *path = data_path(state, cache->name);
    int failure = file_read(path, dump);
    if (failure != 0) {
        log_error("state", "could not read file=%s reason=\"%s\"", path, strerror(failure));
    }
    memory_free(path);
    return failure == 0;
}

void state_finish(struct state *state)
{
    if (state == NULL) {
        return;
    }
    bool save = state->running; /* what the last write completes must not begin another */
    state->running = false;
    close_handles(state);
    if (save) {
        save_all(state);
    }
    if (state->lock >= 0) {
        close(state->lock);
    }
    clock_destroy(state->wall);
    memory_free(state->document_path);
    memory_free(state->data_directory);
    memory_free(state);
}
