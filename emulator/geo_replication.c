#include "emulator/geo_replication.h"

#include "base/log.h"
#include "emulator/cache_host_state.h"
#include "resp/cluster.h"
#include "resp/rdb.h"
#include "resp/replica.h"
#include "resp/replication_feed.h"

#define WAITING_LIMIT ((size_t)256 << 20) /* beyond it, a full copy is cheaper */
#define COPY_LIMIT ((size_t)8 << 30)
#define RETRY_MS 20 /* while a script occupies the secondary */

/* What one shard of the primary has said and its counterpart has not run yet. */
struct geo_stream {
    struct geo_link *link;
    struct replication_listener listener;
    struct instance *from, *to;
    struct timer due;
    struct buf waiting;
    int64_t since_ms; /* of the oldest of it */
};

struct geo_link {
    struct cache_host *host;
    struct cache *primary, *secondary;
    struct geo_stream *streams; /* one for each shard */
    int count;
    bool copy_wanted; /* the streams do not tell all */
    struct timer copy;
    uint64_t full_copies;
};

/* ---- Copies ---- */

static bool add_piece(void *context, struct bytes piece)
{
    return buf_append(context, piece);
}

static bool load_copy(const struct geo_link *link, struct bytes dump)
{
    struct buf error;
    buf_init(&error, 1024);
    bool good = rdb_load(link->secondary->instance, dump, &error);
    if (!good) {
        log_error("cache", "geo-replication cannot load its copy name=%s reason=\"%s\"",
                  link->secondary->name, buf_string(&error));
    }
    buf_finish(&error);
    return good;
}

static void copy_all(struct geo_link *link)
{
    struct buf dump;
    const struct rdb_sink sink = {add_piece, &dump};
    buf_init(&dump, COPY_LIMIT);
    for (int i = 0; i < link->count; i++) {
        struct geo_stream *stream = &link->streams[i];
        buf_finish(&stream->waiting);
        clock_disarm(link->host->config.clock, &stream->due);
        replica_clear(stream->to);
        /* In a new connection's database again, whatever was selected before. */
        replication_forget(stream->from, &stream->listener);
        replication_listen(stream->from, &stream->listener);
    }
    link->copy_wanted = false;
    bool good = rdb_save(link->primary->instance, &sink) && load_copy(link, buf_bytes(&dump));
    for (int i = 0; i < link->count; i++) {
        replica_set_link(link->streams[i].to, good, false);
    }
    link->full_copies++;
    log_info("cache", "geo-replication copied primary=%s secondary=%s bytes=%zu",
             link->primary->name, link->secondary->name, dump.size);
    buf_finish(&dump);
}

static void copy_due(struct timer *timer)
{
    copy_all(CONTAINER_OF(timer, struct geo_link, copy));
}

static void want_copy(struct geo_link *link)
{
    if (!link->copy_wanted) {
        link->copy_wanted = true;
        for (int i = 0; i < link->count; i++) {
            replica_set_link(link->streams[i].to, false, true);
        }
        clock_arm(link->host->config.clock, &link->copy,
                  clock_now_ms(link->host->config.clock) + link->secondary->geo_lag_ms);
    }
}

/* ---- Streams ---- */

static void heard(struct replication_listener *listener, struct bytes commands)
{
    struct geo_stream *stream = CONTAINER_OF(listener, struct geo_stream, listener);
    struct geo_link *link = stream->link;
    struct clock *clock = link->host->config.clock;
    if (link->copy_wanted) {
        return;
    }
    if (commands.size == 0 || !buf_append(&stream->waiting, commands)) {
        want_copy(link);
        return;
    }
    if (!timer_armed(&stream->due)) {
        stream->since_ms = clock_now_ms(clock);
        clock_arm(clock, &stream->due, stream->since_ms + link->secondary->geo_lag_ms);
    }
}

static void stream_due(struct timer *timer)
{
    struct geo_stream *stream = CONTAINER_OF(timer, struct geo_stream, due);
    struct clock *clock = stream->link->host->config.clock;
    if (!replica_run(stream->to, buf_bytes(&stream->waiting))) {
        clock_arm(clock, &stream->due, clock_now_ms(clock) + RETRY_MS);
        return;
    }
    buf_finish(&stream->waiting);
}

/* ---- Links ---- */

static void unlink_caches(struct geo_link *link)
{
    struct clock *clock = link->host->config.clock;
    for (int i = 0; i < link->count; i++) {
        struct geo_stream *stream = &link->streams[i];
        replication_forget(stream->from, &stream->listener);
        clock_disarm(clock, &stream->due);
        replica_run(stream->to, buf_bytes(&stream->waiting)); /* what is on its way still arrives */
        buf_finish(&stream->waiting);
        replica_follow(stream->to, (struct bytes){0}, 0);
    }
    clock_disarm(clock, &link->copy);
    log_info("cache", "geo-replication ended primary=%s secondary=%s", link->primary->name,
             link->secondary->name);
    link->secondary->geo_link = NULL;
    memory_free(link->streams);
    memory_free(link);
}

static void link_caches(struct cache_host *host, struct cache *primary, struct cache *secondary)
{
    struct geo_link *link = memory_allocate_zeroed(sizeof(*link));
    *link = (struct geo_link){
        .host = host,
        .primary = primary,
        .secondary = secondary,
        .count = cache_instance_count(secondary),
        .copy.fire = copy_due,
    };
    link->streams = memory_allocate_zeroed((size_t)link->count * sizeof(*link->streams));
    for (int i = 0; i < link->count; i++) {
        struct geo_stream *stream = &link->streams[i];
        const struct cluster_shard *shard = cluster_myself(cache_instance(primary, i));
        *stream = (struct geo_stream){
            .link = link,
            .listener.heard = heard,
            .from = cache_instance(primary, i),
            .to = cache_instance(secondary, i),
            .due.fire = stream_due,
        };
        buf_init(&stream->waiting, WAITING_LIMIT);
        replication_listen(stream->from, &stream->listener);
        replica_follow(stream->to, BYTES("127.0.0.1"),
                       shard != NULL ? cluster_primary(shard)->port : host->port);
    }
    secondary->geo_link = link;
    log_info("cache", "geo-replication linked primary=%s secondary=%s", primary->name,
             secondary->name);
    copy_all(link);
}

/* The same two, with the same shards. */
static bool fits(const struct geo_link *link, const struct cache *primary)
{
    bool same = link->primary == primary && link->count == cache_instance_count(primary) &&
                link->count == cache_instance_count(link->secondary);
    for (int i = 0; same && i < link->count; i++) {
        same = link->streams[i].from == cache_instance(primary, i) &&
               link->streams[i].to == cache_instance(link->secondary, i);
    }
    return same;
}

/* NULL: none is wanted, or it is not there. */
static struct cache *primary_of(struct cache_host *host, const struct cache *secondary)
{
    struct bytes name = bytes_from_string(secondary->geo_primary);
    struct cache *primary = name.size > 0 ? cache_host_find(host, name) : NULL;
    if (primary != NULL && cache_instance_count(primary) != cache_instance_count(secondary)) {
        log_error("cache",
                  "geo-replication needs as many shards on both sides primary=%s secondary=%s",
                  primary->name, secondary->name);
        return NULL;
    }
    return primary == secondary ? NULL : primary;
}

void geo_settle(struct cache_host *host)
{
    for (struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        struct cache *primary = primary_of(host, cache);
        if (cache->geo_link != NULL && (primary == NULL || !fits(cache->geo_link, primary))) {
            unlink_caches(cache->geo_link);
        }
        if (cache->geo_link == NULL && primary != NULL) {
            link_caches(host, primary, cache);
        }
    }
}

void geo_forget(struct cache_host *host, struct cache *cache)
{
    for (struct cache *other = host->caches; other != NULL; other = other->next) {
        if (other->geo_link != NULL && other->geo_link->primary == cache) {
            unlink_caches(other->geo_link);
        }
    }
    if (cache->geo_link != NULL) {
        unlink_caches(cache->geo_link);
    }
}

const struct cache *geo_primary_of(const struct cache *cache)
{
    return cache->geo_link == NULL ? cache : cache->geo_link->primary;
}

void geo_set_lag(struct cache *secondary, int64_t lag_ms)
{
    secondary->geo_lag_ms = lag_ms;
}

static struct geo_figures figures_of(const struct cache_host *host, const struct cache *secondary,
                                     int shard)
{
    const struct geo_link *link = secondary->geo_link;
    struct geo_figures figures = {0};
    if (link == NULL) {
        return figures;
    }
    figures.linked = true;
    figures.healthy = !link->copy_wanted;
    figures.full_copies = link->full_copies;
    figures.copies_wanted = link->full_copies + (link->copy_wanted ? 1 : 0);
    for (int i = 0; i < link->count; i++) {
        const struct geo_stream *stream = &link->streams[i];
        if (shard >= 0 && shard != i) {
            continue;
        }
        figures.waiting_bytes += stream->waiting.size;
        int64_t lag_ms =
            timer_armed(&stream->due) ? clock_now_ms(host->config.clock) - stream->since_ms : 0;
        figures.lag_ms = lag_ms > figures.lag_ms ? lag_ms : figures.lag_ms;
    }
    return figures;
}

struct geo_figures geo_figures(const struct cache_host *host, const struct cache *secondary)
{
    return figures_of(host, secondary, -1);
}

struct geo_figures geo_shard_figures(const struct cache_host *host, const struct cache *secondary,
                                     int shard)
{
    return figures_of(host, secondary, shard);
}
