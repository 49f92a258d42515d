/* Which cache a connection belongs to: by the name in its hello, by its key, by its token. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "emulator/cache_host_state.h"
#include "emulator/geo_replication.h"

static struct redis_target target_of(const struct cache *cache)
{
    return (struct redis_target){
        .instance = cache->instance,
        .minimum_tls = cache->minimum_tls,
        .plain_port_open = cache->plain_port_open,
        .network = cache->open_redis ? NULL : &cache->network,
    };
}

/* "NAME.redis.cache.windows.net" and the like; `geo`: the name of whichever cache is primary. */
static const struct {
    const char *suffix;
    bool geo;
} cache_names[] = {
    {".privatelink.redis.cache.windows.net", false},
    {".geo" AZURE_CACHE_SUFFIX, true},
    {AZURE_CACHE_SUFFIX, false},
    {".privatelink" MANAGED_CACHE_SUFFIX, false},
    {MANAGED_CACHE_SUFFIX, false},
    {ENTERPRISE_CACHE_SUFFIX, false},
};

static enum redis_name by_name(void *context, struct bytes server_name, struct redis_target *target)
{
    for (size_t i = 0; i < ARRAY_LEN(cache_names); i++) {
        struct bytes suffix = bytes_from_string(cache_names[i].suffix);
        struct bytes end =
            bytes_slice(server_name, server_name.size - suffix.size, server_name.size);
        if (server_name.size <= suffix.size || !bytes_equal_nocase(end, suffix)) {
            continue;
        }
        const struct cache *cache =
            cache_host_find(context, bytes_slice(server_name, 0, server_name.size - suffix.size));
        if (cache != NULL && cache_names[i].geo) {
            cache = geo_primary_of(cache);
        }
        if (cache == NULL) {
            return REDIS_NAME_UNKNOWN;
        }
        *target = target_of(cache);
        return REDIS_NAME_FOUND;
    }
    return REDIS_NAME_FOREIGN;
}

static struct redis_target anteroom(void *context)
{
    struct cache_host *host = context;

    for (const struct cache *cache = host->caches; cache != NULL; cache = cache->next) {
        if (cache->open_redis) {
            return target_of(cache);
        }
    }
    return (struct redis_target){
        .instance = host->anteroom, .minimum_tls = TLS_1_2, .plain_port_open = true};
}

struct redis_target cache_endpoint_target(const struct cache *cache)
{
    return target_of(cache);
}

struct redis_target cache_node_target(const struct cache *cache, int shard, int node)
{
    struct redis_target target = target_of(cache);
    target.instance = cache_instance(cache, shard);
    target.node = node + 1;
    return target;
}

/* ---- Sign-ins ---- */

/* What a client gave, and where it may lead: `only` to that cache, or anywhere. */
struct sign_in {
    struct cache_host *host;
    const struct cache *only;
    struct instance *named; /* the instance that the name in the hello led to, or NULL */
    const struct redis_credentials *given;
    struct session_admission *admission;
};

static bool fits(const struct sign_in *sign_in, const struct cache *cache)
{
    return sign_in->only != NULL ? cache == sign_in->only
                                 : sign_in->named == NULL || cache->instance == sign_in->named;
}

static const struct cache *by_key(const struct sign_in *sign_in)
{
    const struct cache *found = NULL;

    /* All are compared, so that the time taken tells nothing of which one it was. */
    for (const struct cache *cache = sign_in->host->caches; cache != NULL; cache = cache->next) {
        if (fits(sign_in, cache) && cache_access_by_key(cache, sign_in->given->password)) {
            found = cache;
        }
    }
    return found;
}

/* Those that have given this identity access: how many, and the oldest. */
static size_t caches_of_user(const struct sign_in *sign_in, const struct cache **first,
                             const struct cache_identity **identity)
{
    size_t count = 0;
    for (const struct cache *cache = sign_in->host->caches; cache != NULL; cache = cache->next) {
        const struct cache_identity *found =
            fits(sign_in, cache) ? cache_access_find(cache, sign_in->given->user) : NULL;
        if (found != NULL && count++ == 0) {
            *first = cache;
            *identity = found;
        }
    }
    return count;
}

/* NULL, with why for the log: the client is told nothing but WRONGPASS, as Azure's are. */
static const struct cache *by_token(const struct sign_in *sign_in, struct buf *reason)
{
    const struct cache_host_config *config = &sign_in->host->config;
    const struct cache_identity *identity = NULL;
    const struct cache *cache = NULL;
    struct cache_token token;
    size_t count = caches_of_user(sign_in, &cache, &identity);

    if (count == 0) {
        buf_append_string(reason, "no access policy is assigned to this object id or alias, or "
                                  "aad-enabled is not set");
        return NULL;
    }
    if (!sign_in->given->tls) {
        buf_append_string(reason, "tokens are taken over TLS only");
        return NULL;
    }
    if (config->verify_token == NULL ||
        !config->verify_token(config->context, sign_in->given->password, &token, reason)) {
        return NULL;
    }
    if (strcasecmp(token.object_id, identity->object_id) != 0) {
        buf_printf(reason, "the token is for the object id %s", token.object_id);
        return NULL;
    }
    if (count > 1) {
        sign_in->admission->refusal = "WRONGPASS this identity may sign in to several caches: "
                                      "connect by the name of one, NAME" AZURE_CACHE_SUFFIX;
        buf_append_string(reason, "the identity has access to several caches, none was named");
        return NULL;
    }
    sign_in->admission->account = bytes_from_string(identity->object_id);
    sign_in->admission->ends_at_ms = token.ends_at_ms;
    return cache;
}

/* A token was refused: at the cache that was meant, if one was. */
static void trouble(const struct sign_in *sign_in)
{
    for (struct cache *cache = sign_in->host->caches; cache != NULL; cache = cache->next) {
        bool meant = sign_in->only == cache ||
                     (sign_in->named != NULL && cache->instance == sign_in->named) ||
                     (sign_in->only == NULL && sign_in->named == NULL &&
                      cache_access_find(cache, sign_in->given->user) != NULL);
        if (meant) {
            cache_host_trouble(sign_in->host, cache, 0, ARM_FIGURE_TOKENS_REFUSED);
        }
    }
}

/* Counts and tells it. */
static const struct cache *settle(const struct sign_in *sign_in)
{
    struct cache_host *host = sign_in->host;
    struct bytes user = sign_in->given->user;
    bool key = user.size == 0 || bytes_equal_string(user, "default");
    struct buf reason;

    buf_init(&reason, 1024);
    const struct cache *found = key ? by_key(sign_in) : by_token(sign_in, &reason);
    host->counters.authenticated += found != NULL ? 1 : 0;
    host->counters.refused += found == NULL ? 1 : 0;
    if (!key) {
        host->counters.tokens_taken += found != NULL ? 1 : 0;
        host->counters.tokens_refused += found == NULL ? 1 : 0;
    }
    if (!key && found == NULL) {
        trouble(sign_in);
        log_info("redis", "token refused user=\"%.*s\" reason=\"%s\"",
                 user.size > 64 ? 64 : (int)user.size, user.data, buf_string(&reason));
    }
    buf_finish(&reason);
    if (host->config.signed_in != NULL) {
        host->config.signed_in(host->config.context, found);
    }
    return found;
}

bool cache_host_opens(struct cache_host *host, const struct cache *cache,
                      const struct redis_credentials *given, struct session_admission *admission)
{
    const struct sign_in sign_in = {host, cache, NULL, given, admission};
    return settle(&sign_in) != NULL;
}

static bool by_password(void *context, struct instance *named,
                        const struct redis_credentials *given, struct redis_target *target,
                        struct session_admission *admission)
{
    const struct sign_in sign_in = {context, NULL, named, given, admission};
    const struct cache *found = settle(&sign_in);

    if (found != NULL) {
        *target = target_of(found);
    }
    return found != NULL;
}

struct redis_directory cache_host_directory(struct cache_host *host)
{
    return (struct redis_directory){
        .context = host,
        .by_name = by_name,
        .anteroom = anteroom,
        .by_password = by_password,
    };
}
