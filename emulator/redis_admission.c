#include "emulator/redis_admission.h"

#include "base/log.h"

/* ---- Where to ---- */

/* False: there is no such cache. */
static bool find_target(struct redis_visitor *visitor, struct redis_target *target)
{
    const struct redis_directory *directory = &visitor->admission->directory;
    enum redis_name found = REDIS_NAME_FOREIGN;

    if (connection_is_tls(visitor->connection)) {
        struct bytes name = connection_server_name(visitor->connection);
        found = directory->by_name(directory->context, name, target);
    }
    if (found == REDIS_NAME_FOREIGN) {
        *target = directory->anteroom(directory->context);
    } else {
        visitor->named = target->instance;
    }
    return found != REDIS_NAME_UNKNOWN;
}

struct tls_policy redis_admission_policy(const struct redis_admission *admission,
                                         struct bytes server_name)
{
    const struct redis_directory *directory = &admission->directory;
    struct redis_target target = {0};

    switch (directory->by_name(directory->context, server_name, &target)) {
    case REDIS_NAME_UNKNOWN:
        return (struct tls_policy){.refuse = true};
    case REDIS_NAME_FOREIGN:
        target = directory->anteroom(directory->context);
        break;
    default:
        break;
    }
    return (struct tls_policy){.minimum = target.minimum_tls};
}

/* ---- Whether ---- */

/* Whether the cache takes such a connection; else what it is told. */
static bool fits(const struct redis_visitor *visitor, const struct redis_target *target,
                 struct session_admission *verdict)
{
    const struct connection *connection = visitor->connection;
    struct bytes peer = connection_peer(connection);
    const char *reason = NULL;

    if (target->network != NULL) {
        reason = network_rules_refusal(target->network, peer, connection_local(connection));
        verdict->hang_up = reason != NULL; /* as one whom the network keeps out sees it */
    }
    if (reason == NULL && !connection_is_tls(connection)) {
        if (!target->plain_port_open) {
            reason = "ERR The non-TLS port of this cache is disabled (enableNonSslPort is "
                     "false): connect with TLS to the TLS port, 6380 by default";
        }
    } else if (reason == NULL && connection_tls_version(connection) < target->minimum_tls) {
        reason = target->minimum_tls >= TLS_1_3
                     ? "ERR This cache requires TLS 1.3 (minimumTlsVersion)"
                     : "ERR This cache requires a newer TLS version (minimumTlsVersion)";
    }
    if (reason == NULL) {
        return true;
    }
    verdict->refusal = reason;
    struct bytes name = instance_name(target->instance);
    log_info("redis", "refused name=%.*s peer=%.*s reason=\"%s\"", (int)name.size, name.data,
             (int)peer.size, peer.data, reason);
    return false;
}

/* Whether no fault turns it away. `late`: it was let in elsewhere, and chose this cache now. */
static bool spared(const struct redis_visitor *visitor, const struct redis_target *target,
                   bool late, struct session_admission *verdict)
{
    struct redis_admission *admission = visitor->admission;

    if (admission->faults == NULL ||
        redis_faults_admit(admission->faults, target->instance, target->node,
                           connection_peer(visitor->connection), late, admission->refusal)) {
        return true;
    }
    verdict->refusal = admission->refusal;
    verdict->hang_up = admission->refusal[0] == '\0';
    return false;
}

static void refuse(struct connection *connection, const struct session_admission *verdict)
{
    if (!verdict->hang_up) {
        connection_send(connection, BYTES("-"));
        connection_send(connection, bytes_from_string(verdict->refusal));
        connection_send(connection, BYTES("\r\n"));
    }
}

bool redis_visitor_enter(struct redis_visitor *visitor, struct redis_target *target)
{
    struct connection *connection = visitor->connection;
    struct session_admission verdict = {0};

    if (!find_target(visitor, target)) {
        return false;
    }
    if (!fits(visitor, target, &verdict)) {
        refuse(connection, &verdict);
        return false;
    }
    connection_set_cache(connection, redis_faults_cache_name(target->instance));
    if (!spared(visitor, target, false, &verdict)) {
        refuse(connection, &verdict);
        return false;
    }
    return true;
}

struct instance *redis_visitor_authenticate(struct redis_visitor *visitor, struct bytes user,
                                            struct bytes password,
                                            struct session_admission *verdict)
{
    const struct redis_directory *directory = &visitor->admission->directory;
    const struct redis_credentials given = {user, password, connection_is_tls(visitor->connection)};
    struct redis_target target = {0};

    if (!directory->by_password(directory->context, visitor->named, &given, &target, verdict) ||
        !fits(visitor, &target, verdict) ||
        (visitor->named == NULL && !spared(visitor, &target, true, verdict))) {
        return NULL;
    }
    connection_set_cache(visitor->connection, instance_name(target.instance));
    return target.instance;
}

/* ---- Whether it is a Redis client at all ---- */

/* "GET / HTTP/1.1": what a browser or a health check sends first, and no Redis client ever. */
static bool is_http(struct bytes first)
{
    size_t end = bytes_find(first, '\n'), space = bytes_find(first, ' ');
    struct bytes line = bytes_slice(first, 0, end);

    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    return end < first.size && space > 0 && space + 1 < line.size &&
           (line.data[space + 1] == '/' || line.data[space + 1] == '*' ||
            bytes_start_with(line, BYTES("CONNECT ")) ||
            bytes_start_with(bytes_slice(line, space + 1, line.size), BYTES("http"))) &&
           bytes_match_glob(BYTES("[A-Z]* HTTP/[12].[01]"), line, false);
}

bool redis_visitor_speaks_redis(const struct redis_visitor *visitor, struct bytes first)
{
    struct connection *connection = visitor->connection;
    struct bytes peer = connection_peer(connection);
    const char *hint = NULL;

    if (first.size > 2 && first.data[0] == 0x16 && first.data[1] == 0x03) {
        hint = "this is the plain port: use the TLS port, or turn TLS off";
    } else if (is_http(first)) {
        hint = "this is a Redis port: the management API is at the https port";
    }
    if (hint == NULL) {
        return true;
    }
    log_info("redis", "closed: not Redis port=%d peer=%.*s from=\"%s\" hint=\"%s\"",
             connection_local_port(connection), (int)peer.size, peer.data, protocol_guess(first),
             hint);
    connection_close(connection);
    return false;
}
