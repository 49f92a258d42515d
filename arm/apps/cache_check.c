/* Whether a connection string opens a cache: what a client would meet, without being one. */
#include <string.h>

#include "arm/apps/apps.h"
#include "arm/json.h"
#include "arm/types/redis.h"

enum { STANDARD_PORT = 6379, STANDARD_TLS_PORT = 6380, PART_LIMIT = 4096, MOST_ALIASES = 8 };

/* Where a connection string leads. */
struct target {
    struct buf host, password;
    int port; /* 0: not said */
    bool tls;
    bool cut_short; /* a slash in the password ends what should be host and port */
};

bool app_is_redis_url(const char *text)
{
    return strncmp(text, "redis://", 8) == 0 || strncmp(text, "rediss://", 9) == 0;
}

static void read_endpoint(struct bytes text, struct target *target)
{
    size_t colon = bytes_find(text, ':');
    int64_t port = 0;
    buf_clear(&target->host);
    buf_append(&target->host, bytes_slice(text, 0, colon));
    if (colon < text.size &&
        (!bytes_to_int64(bytes_slice(text, colon + 1, text.size), &port) || port > 65535)) {
        port = -1;
    }
    target->port = (int)port;
}

/*
 * "rediss://user:password@host:6380/0?...". Host and password end at the first slash, as clients
 * read it: an access key with one in it has to be encoded.
 */
static void read_url(struct bytes text, struct target *target)
{
    size_t end = 0, at = 0;
    target->tls = text.data[5] == 's';
    text = bytes_slice(text, target->tls ? 9 : 8, text.size);
    for (; end < text.size && strchr("/?#", text.data[end]) == NULL; end++) {
        at = text.data[end] == '@' ? end + 1 : at;
    }
    struct bytes place = bytes_slice(text, 0, end);
    target->cut_short = at == 0 && bytes_find(text, '@') < bytes_find(text, '?');
    if (at > 0) {
        struct bytes credentials = bytes_slice(place, 0, at - 1);
        size_t colon = bytes_find(credentials, ':');
        http_url_decode(bytes_slice(credentials, colon + 1, credentials.size), false,
                        &target->password);
        place = bytes_slice(place, at, end);
    }
    read_endpoint(place, target);
}

/* "host:6380,password=...,ssl=True,abortConnect=False" */
static void read_options(struct bytes text, struct target *target)
{
    while (text.size > 0) {
        struct bytes part = bytes_slice(text, 0, bytes_find(text, ','));
        size_t equals = bytes_find(part, '=');
        struct bytes name = bytes_slice(part, 0, equals);
        struct bytes value = bytes_slice(part, equals + 1, part.size);
        text = bytes_slice(text, part.size + 1, text.size);
        if (equals == part.size && target->host.size == 0) {
            read_endpoint(part, target);
        } else if (bytes_equal_string_nocase(name, "password")) {
            buf_clear(&target->password);
            buf_append(&target->password, value);
        } else if (bytes_equal_string_nocase(name, "ssl")) {
            target->tls = bytes_equal_string_nocase(value, "true");
        }
    }
}

/* ---- What it leads to ---- */

static bool host_fits(const struct arm_resource *cache, const struct arm_cache_address *address,
                      struct bytes host)
{
    static const char *const domains[] = {".redis.cache.windows.net",
                                          ".privatelink.redis.cache.windows.net"};
    struct bytes name = bytes_from_string(cache->name);
    struct bytes rest = bytes_slice(host, name.size, host.size);
    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        if (bytes_equal_nocase(bytes_slice(host, 0, name.size), name) &&
            bytes_equal_string_nocase(rest, domains[i])) {
            return true;
        }
    }
    return bytes_equal_string_nocase(host, address->host_name) ||
           (strcmp(address->host_name, "localhost") == 0 && bytes_equal_string(host, "127.0.0.1"));
}

static bool port_fits(const struct arm_resource *cache, const struct arm_cache_address *address,
                      const struct target *target)
{
    if (target->tls) {
        return target->port == 0 || target->port == STANDARD_TLS_PORT ||
               target->port == address->ssl_port;
    }
    return arm_json_truth(cache->body, "properties.enableNonSslPort") &&
           (target->port == 0 || target->port == STANDARD_PORT || target->port == address->port);
}

static bool key_fits(const struct arm_resource *cache, const struct target *target)
{
    static const char *const keys[] = {"primaryKey", "secondaryKey"};
    bool fits = false;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *key = arm_json_text(cache->secrets, keys[i]);
        fits = fits || (key != NULL &&
                        bytes_equal_secret(bytes_from_string(key), buf_bytes(&target->password)));
    }
    return fits && !arm_json_truth(cache->body, "properties.disableAccessKeyAuthentication");
}

/* What a name of Azure's stands for in the end; FOREIGN: it is none, like localhost. */
static enum arm_name_kind kind_of_name(const struct arm_service *service, struct bytes host)
{
    struct arm_name found = {.kind = ARM_NAME_ALIAS};
    char alias[sizeof(found.text)];
    for (size_t i = 0; i < MOST_ALIASES && found.kind == ARM_NAME_ALIAS; i++) {
        arm_service_resolve(service, host, &found);
        memcpy(alias, found.text, sizeof(alias));
        host = bytes_from_string(alias);
    }
    return found.kind;
}

/*
 * What is in the way of an app inside Azure; NULL: nothing. Without public access it has to come to
 * a private endpoint, which a name of Azure's leads to only through a linked private zone.
 */
static const char *barrier(const struct arm_service *service, const struct arm_resource *cache,
                           struct bytes host)
{
    const char *access = arm_json_text(cache->body, "properties.publicNetworkAccess");
    enum arm_name_kind kind = kind_of_name(service, host);
    if (kind == ARM_NAME_MISSING || kind == ARM_NAME_ALIAS) {
        return "No such host is known: no private DNS zone has a record of it.";
    }
    if (access == NULL || strcmp(access, "Disabled") != 0 || kind == ARM_NAME_ADDRESS) {
        return NULL;
    }
    if (arm_resource_next_child(service, cache, &arm_redis_private_connection_type, NULL) == NULL) {
        return "Timeout connecting: public network access of the cache is disabled, and it has no "
               "private endpoint.";
    }
    return kind == ARM_NAME_FOREIGN
               ? NULL
               : "Timeout connecting: public network access of the cache is disabled, and its name "
                 "does not lead to its private endpoint. Is the private DNS zone linked to the "
                 "virtual network?";
}

static bool try_target(struct arm_service *service, struct target *target, struct buf *outcome)
{
    const char *refusal = NULL, *closed;
    if (target->cut_short) {
        buf_append_string(outcome, "The URL has no valid port: a '/' of the access key has to be "
                                   "written as %2F.");
        return false;
    }
    for (const struct arm_resource *cache = service->resources; cache != NULL;
         cache = cache->next) {
        struct arm_cache_address address = {0};
        if (cache->type != &arm_redis_type) {
            continue;
        }
        service->host.cache_address(service->host.context, bytes_from_string(cache->name),
                                    ARM_REDIS_DOMAIN, &address);
        if (!host_fits(cache, &address, buf_bytes(&target->host))) {
            continue;
        }
        if (strcmp(cache->state, "Creating") == 0 || strcmp(cache->state, "Failed") == 0) {
            refusal = refusal != NULL ? refusal : "Connection refused: the cache is not ready yet.";
        } else if ((closed = barrier(service, cache, buf_bytes(&target->host))) != NULL) {
            refusal = refusal != NULL ? refusal : closed;
        } else if (!port_fits(cache, &address, target)) {
            refusal = refusal != NULL ? refusal
                                      : "Connection refused: the cache does not serve that port "
                                        "(TLS is ssl=True or rediss://).";
        } else if (key_fits(cache, target)) {
            buf_append_string(outcome, cache->name);
            return true;
        } else {
            refusal = target->password.size == 0 ? "NOAUTH Authentication required."
                                                 : "WRONGPASS invalid username-password pair";
        }
    }
    if (refusal != NULL) {
        buf_append_string(outcome, refusal);
    } else {
        buf_printf(outcome, "No such host is known: %.200s", buf_string(&target->host));
    }
    return false;
}

bool app_opens_cache(struct arm_service *service, const char *connection, struct buf *outcome)
{
    struct target target = {0};
    buf_init(&target.host, PART_LIMIT);
    buf_init(&target.password, PART_LIMIT);
    if (app_is_redis_url(connection)) {
        read_url(bytes_from_string(connection), &target);
    } else {
        read_options(bytes_from_string(connection), &target);
    }
    bool opens = try_target(service, &target, outcome);
    buf_finish(&target.host);
    buf_finish(&target.password);
    return opens;
}
