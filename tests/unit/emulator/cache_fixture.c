#include "cache_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t start_time(void *context)
{
    (void)context;
    return CACHE_START_MS * 1000;
}

static bool verify_token(void *context, struct bytes token, struct cache_token *said,
                         struct buf *reason)
{
    const struct caches *caches = context;
    size_t space = bytes_find(token, ' ');
    snprintf(said->object_id, sizeof(said->object_id), "%.*s", (int)space, token.data);
    bool good = bytes_to_int64(bytes_slice(token, space + 1, token.size), &said->ends_at_ms) &&
                said->ends_at_ms > clock_now_ms(caches->clock);
    buf_append_string(reason, good ? "" : "not a token of this test, or too old");
    return good;
}

static void moved(void *context, const struct cache *cache)
{
    struct caches *caches = context;
    (void)cache;
    caches->moves++;
}

void caches_start(struct caches *caches, const char *directory)
{
    *caches = (struct caches){0};
    caches->clock = clock_create(start_time, NULL);
    clock_freeze(caches->clock);
    random_init(&caches->random, 7);
    const struct cache_host_config config = {
        .clock = caches->clock,
        .random = &caches->random,
        .verify_token = verify_token,
        .moved = moved,
        .context = caches,
    };
    (void)directory;
    caches->host = cache_host_create(&config);
    cache_host_set_ports(caches->host, 6379, 6380);
}

static void go(struct visitor *visitor)
{
    session_destroy(visitor->session);
    visitor->session = NULL;
}

void caches_stop(struct caches *caches)
{
    for (size_t i = 0; i < ARRAY_LEN(caches->visitors); i++) {
        go(&caches->visitors[i]);
        buf_finish(&caches->visitors[i].reply);
    }
    cache_host_destroy(caches->host);
    clock_destroy(caches->clock);
}

struct arm_cache cache_description(const char *name, char keys[2][64])
{
    snprintf(keys[0], 64, "%s-1", name);
    snprintf(keys[1], 64, "%s-2", name);
    return (struct arm_cache){
        .name = bytes_from_string(name),
        .sku = BYTES("Premium"),
        .family = 'P',
        .capacity = 1,
        .primary_key = bytes_from_string(keys[0]),
        .secondary_key = bytes_from_string(keys[1]),
        .redis_version = BYTES("6.0"),
        .non_ssl_port_enabled = true,
        .public_network_access = true,
        .databases = 16,
        .max_clients = 100,
        .replicas = 1,
    };
}

/* ---- Visitors ---- */

static struct instance *authenticate(void *context, struct session *session,
                                     struct instance *instance, struct bytes user,
                                     struct bytes password, struct session_admission *admission)
{
    struct visitor *visitor = context;
    const struct redis_directory directory = cache_host_directory(visitor->caches->host);
    const struct redis_credentials given = {user, password, visitor->tls};
    struct redis_target target;
    (void)session;
    (void)instance;
    if (visitor->cache != NULL) {
        return cache_host_opens(visitor->caches->host, visitor->cache, &given, admission)
                   ? cache_instance(visitor->cache, visitor->shard)
                   : NULL;
    }
    return directory.by_password(directory.context, visitor->named, &given, &target, admission)
               ? target.instance
               : NULL;
}

static struct visitor *come(struct caches *caches, struct instance *instance, bool tls)
{
    struct visitor *visitor = caches->visitors;
    while (visitor->session != NULL) {
        visitor++;
    }
    const struct session_peer peer = {.address = BYTES("127.0.0.1:50000"),
                                      .local_address = BYTES("127.0.0.1:6380"),
                                      .descriptor = 8,
                                      .tls = tls};
    const struct session_host host = {visitor, authenticate, NULL};
    visitor->caches = caches;
    visitor->tls = tls;
    visitor->named = NULL;
    visitor->cache = NULL;
    buf_finish(&visitor->reply);
    buf_init(&visitor->reply, (size_t)16 << 20);
    visitor->session = session_create(instance, &peer, &host, &visitor->reply);
    return visitor;
}

static const char *take(struct visitor *visitor)
{
    struct buf *reply = &visitor->reply;
    buf_clear(reply);
    if (visitor->session != NULL) {
        struct bytes output = session_output(visitor->session);
        for (size_t i = 0; i < output.size; i++) {
            if (output.data[i] != '\r') {
                buf_append_byte(reply, output.data[i]);
            }
        }
        session_sent(visitor->session, output.size);
        if (session_closed(visitor->session)) {
            buf_append_string(reply, "closed");
            go(visitor);
        }
    } else {
        buf_append_string(reply, "gone");
    }
    if (reply->size > 0 && reply->data[reply->size - 1] == '\n') {
        reply->size--;
    }
    return buf_string(reply);
}

const char *visitor_hear(struct visitor *visitor)
{
    return take(visitor);
}

const char *visitor_ask(struct visitor *visitor, const char *line)
{
    char *input = string_format("%s\r\n", line);
    if (visitor->session != NULL) {
        session_feed(visitor->session, bytes_from_string(input));
        while (session_next(visitor->session) == SESSION_COMMAND) {
            session_run(visitor->session);
        }
    }
    memory_free(input);
    return take(visitor);
}

struct visitor *visitor_come(struct caches *caches, const char *name, bool tls, const char *user,
                             const char *password)
{
    const struct redis_directory directory = cache_host_directory(caches->host);
    struct redis_target target = {0};
    if (name == NULL || directory.by_name(directory.context, bytes_from_string(name), &target) !=
                            REDIS_NAME_FOUND) {
        target = directory.anteroom(directory.context);
    }
    struct visitor *visitor = come(caches, target.instance, tls);
    visitor->named = name == NULL ? NULL : target.instance;
    if (password != NULL) {
        char *line = string_format("AUTH %s '%s'", user == NULL ? "default" : user, password);
        visitor_ask(visitor, line);
        memory_free(line);
    }
    return visitor;
}

struct visitor *visitor_at(struct caches *caches, struct cache *cache, int shard, const char *key)
{
    struct visitor *visitor = come(caches, cache_instance(cache, shard), false);
    char *line = string_format("AUTH '%s'", key);
    visitor->cache = cache;
    visitor->shard = shard;
    visitor_ask(visitor, line);
    memory_free(line);
    return visitor;
}
