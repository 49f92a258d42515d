/*
 * Caches without sockets: a frozen clock, a host of caches as the management API tells it, and
 * visitors whose sessions are let in by the host's own directory. A token is "OBJECT-ID MS".
 */
#ifndef TESTS_CACHE_FIXTURE_H
#define TESTS_CACHE_FIXTURE_H

#include "emulator/cache_host.h"

#define CACHE_START_MS INT64_C(1795213205000)

enum { MOST_VISITORS = 16 };

struct visitor {
    struct session *session; /* NULL: nobody came */
    struct caches *caches;
    struct instance *named;
    struct cache *cache; /* at one of its shards' ports */
    int shard;
    bool tls;
    struct buf reply;
};

struct caches {
    struct clock *clock;
    struct random random;
    struct cache_host *host;
    struct visitor visitors[MOST_VISITORS];
    int moves; /* how often ports were asked for */
};

void caches_start(struct caches *caches, const char *directory);
void caches_stop(struct caches *caches);
/* A Premium P1 with the keys "NAME-1" and "NAME-2"; its texts live as long as `name`. */
struct arm_cache cache_description(const char *name, char keys[2][64]);

/* With a key or a token; `name` NULL: named nothing. Signs in unless `password` is NULL. */
struct visitor *visitor_come(struct caches *caches, const char *name, bool tls, const char *user,
                             const char *password);
/* Straight to a shard, signed in with the key of the cache. */
struct visitor *visitor_at(struct caches *caches, struct cache *cache, int shard, const char *key);
/* One inline command; the reply with LF for CRLF, borrowed until the next. "closed": it is over. */
const char *visitor_ask(struct visitor *visitor, const char *line);
/* What came unasked. */
const char *visitor_hear(struct visitor *visitor);

#endif
