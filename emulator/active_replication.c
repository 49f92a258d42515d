#include "emulator/active_replication.h"

#include "base/log.h"
#include "emulator/cache_host_state.h"
#include "resp/rdb.h"
#include "resp/replica.h"
#include "resp/replication_feed.h"
#include "resp/upstream.h"

#define WAITING_LIMIT ((size_t)256 << 20) /* beyond it, a full copy is cheaper */
#define COPY_LIMIT ((size_t)8 << 30)
#define RETRY_MS 20 /* while a script occupies the instance */

/* One shard of a member: what it writes is heard, what others write is run. */
struct active_shard {
    struct active_member *member;
    int index;
    struct instance *instance;
    struct replication_listener listener;
    struct upstream *upstream;
    bool telling;  /* it is in the midst of a command of its own */
    bool applying; /* what is heard now came from another member, which has told everybody */
    struct buf waiting;
    struct timer due;
};

struct active_member {
    struct cache_host *host;
    struct cache *cache;
    struct active_shard *shards;
    int count;
    bool settled; /* it has the group's data */
    struct timer copy;
};

/* ---- Links ---- */

void active_links_finish(struct active_links *links)
{
    for (size_t i = 0; i < links->count; i++) {
        memory_free(links->names[i]);
    }
    memory_free(links->names);
    *links = (struct active_links){0};
}

void active_links_set(struct active_links *links, const struct arm_cache *cache)
{
    active_links_finish(links);
    links->names = memory_allocate_zeroed(cache->active_peer_count * sizeof(*links->names) + 1);
    for (size_t i = 0; i < cache->active_peer_count; i++) {
        links->names[links->count++] = bytes_to_string(cache->active_peers[i]);
    }
}

static bool names(const struct cache *cache, const struct cache *other)
{
    for (size_t i = 0; i < cache->links.count; i++) {
        if (bytes_equal_string_nocase(bytes_from_string(other->name), cache->links.names[i])) {
            return true;
        }
    }
    return false;
}

static bool linked(const struct cache *cache, const struct cache *other)
{
    return cache != other && names(cache, other) && names(other, cache) &&
           cache_instance_count(cache) == cache_instance_count(other);
}

bool active_linked(const struct cache_host *host, const struct cache *cache)
{
    const struct cache *other = cache->links.count == 0 ? NULL : host->caches;
    while (other != NULL && !linked(cache, other)) {
        other = other->next;
    }
    return other != NULL;
}

/* ---- Copies ---- */

static bool add_piece(void *context, struct bytes piece)
{
    return buf_append(context, piece);
}

/* Nothing of what happens meanwhile is told. */
static void set_applying(struct active_member *member, bool applying)
{
    for (int i = 0; i < member->count; i++) {
        member->shards[i].applying = applying;
    }
}

static void take_copy(struct active_member *member, struct bytes dump)
{
    struct buf error;
    buf_init(&error, 1024);
    set_applying(member, true);
    for (int i = 0; i < member->count; i++) {
        clock_disarm(member->host->config.clock, &member->shards[i].due);
        buf_finish(&member->shards[i].waiting);
        replica_clear(member->shards[i].instance);
    }
    if (!rdb_load(member->cache->instance, dump, &error)) {
        log_error("cache", "active geo-replication cannot load its copy name=%s reason=\"%s\"",
                  member->cache->name, buf_string(&error));
    }
    set_applying(member, false);
    buf_finish(&error);
}

/* `only` NULL: to all that are linked. */
static void copy_to(struct active_member *from, struct active_member *only)
{
    struct buf dump;
    const struct rdb_sink sink = {add_piece, &dump};
    buf_init(&dump, COPY_LIMIT);
    bool good = rdb_save(from->cache->instance, &sink);
    for (struct cache *cache = from->host->caches; good && cache != NULL; cache = cache->next) {
        if (cache->active != NULL && linked(from->cache, cache) &&
            (only == NULL || cache->active == only)) {
            take_copy(cache->active, buf_bytes(&dump));
            log_info("cache", "active geo-replication copied from=%s to=%s bytes=%zu",
                     from->cache->name, cache->name, dump.size);
        }
    }
    buf_finish(&dump);
}

static void copy_due(struct timer *timer)
{
    copy_to(CONTAINER_OF(timer, struct active_member, copy), NULL);
}

static void want_copy(struct active_member *member)
{
    struct clock *clock = member->host->config.clock;
    if (!timer_armed(&member->copy)) {
        clock_arm(clock, &member->copy, clock_now_ms(clock));
    }
}

/* ---- Writes ---- */

static bool run(struct active_shard *shard, struct bytes commands)
{
    shard->applying = true;
    bool taken = upstream_run(shard->upstream, commands);
    shard->applying = false;
    return taken;
}

/* At once, unless the shard is busy or something came before. */
static void give(struct active_member *from, struct active_shard *shard, struct bytes commands)
{
    struct clock *clock = shard->member->host->config.clock;
    bool free = shard->waiting.size == 0 && !shard->telling && !shard->applying;
    if (free && run(shard, commands)) {
        return;
    }
    if (!buf_append(&shard->waiting, commands)) {
        want_copy(from);
    } else if (!timer_armed(&shard->due)) {
        clock_arm(clock, &shard->due, clock_now_ms(clock));
    }
}

static void shard_due(struct timer *timer)
{
    struct active_shard *shard = CONTAINER_OF(timer, struct active_shard, due);
    struct clock *clock = shard->member->host->config.clock;
    struct buf waiting = shard->waiting;
    buf_init(&shard->waiting, WAITING_LIMIT);
    if (run(shard, buf_bytes(&waiting))) {
        buf_finish(&waiting);
        upstream_settle(shard->upstream);
        return;
    }
    shard->waiting = waiting;
    clock_arm(clock, &shard->due, clock_now_ms(clock) + RETRY_MS);
}

static void heard(struct replication_listener *listener, struct bytes commands)
{
    struct active_shard *shard = CONTAINER_OF(listener, struct active_shard, listener);
    struct active_member *member = shard->member;
    if (shard->applying) {
        return;
    }
    if (commands.size == 0) {
        want_copy(member);
        return;
    }
    bool outer = shard->telling;
    shard->telling = true;
    for (struct cache *cache = member->host->caches; cache != NULL; cache = cache->next) {
        if (cache->active != NULL && linked(member->cache, cache)) {
            give(member, &cache->active->shards[shard->index], commands);
        }
    }
    /* Clients that waited for it are their own instance's, and so is what they do; all members
     * have the commands by now. */
    for (struct cache *cache = member->host->caches; cache != NULL; cache = cache->next) {
        if (cache->active != NULL && linked(member->cache, cache)) {
            upstream_settle(cache->active->shards[shard->index].upstream);
        }
    }
    shard->telling = outer;
}

/* ---- Members ---- */

static struct active_member *join(struct cache_host *host, struct cache *cache)
{
    struct active_member *member = memory_allocate_zeroed(sizeof(*member));
    *member = (struct active_member){
        .host = host,
        .cache = cache,
        .count = cache_instance_count(cache),
        .copy.fire = copy_due,
    };
    member->shards = memory_allocate_zeroed((size_t)member->count * sizeof(*member->shards));
    for (int i = 0; i < member->count; i++) {
        struct active_shard *shard = &member->shards[i];
        *shard = (struct active_shard){
            .member = member,
            .index = i,
            .instance = cache_instance(cache, i),
            .listener.heard = heard,
            .due.fire = shard_due,
        };
        shard->upstream = upstream_create(shard->instance);
        buf_init(&shard->waiting, WAITING_LIMIT);
        replication_listen(shard->instance, &shard->listener);
    }
    cache->active = member;
    log_info("cache", "active geo-replication joined name=%s", cache->name);
    return member;
}

static void leave(struct active_member *member)
{
    struct clock *clock = member->host->config.clock;
    for (int i = 0; i < member->count; i++) {
        struct active_shard *shard = &member->shards[i];
        replication_forget(shard->instance, &shard->listener);
        clock_disarm(clock, &shard->due);
        run(shard, buf_bytes(&shard->waiting)); /* what is on its way still arrives */
        buf_finish(&shard->waiting);
        upstream_destroy(shard->upstream);
    }
    clock_disarm(clock, &member->copy);
    log_info("cache", "active geo-replication left name=%s", member->cache->name);
    member->cache->active = NULL;
    memory_free(member->shards);
    memory_free(member);
}

/* A newcomer has the data of who was there before, or of the oldest when all are new. */
static void settle_newcomer(struct cache_host *host, struct active_member *member)
{
    struct active_member *source = NULL;
    for (struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        if (cache->active != NULL && linked(member->cache, cache) &&
            (cache->active->settled || source == NULL) && (source == NULL || !source->settled)) {
            source = cache->active;
        }
    }
    bool older = false;
    for (const struct cache *cache = host->caches; cache != member->cache; cache = cache->next) {
        older |= source != NULL && cache == source->cache;
    }
    if (source != NULL && (source->settled || older)) {
        copy_to(source, member);
    }
    member->settled = true;
}

void active_settle(struct cache_host *host)
{
    for (struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        bool wanted = active_linked(host, cache);
        if (cache->active != NULL && !wanted) {
            leave(cache->active);
        } else if (cache->active == NULL && wanted) {
            join(host, cache);
        }
    }
    for (struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        if (cache->active != NULL && !cache->active->settled) {
            settle_newcomer(host, cache->active);
        }
    }
}

void active_forget(struct cache *cache)
{
    if (cache->active != NULL) {
        leave(cache->active);
    }
}
