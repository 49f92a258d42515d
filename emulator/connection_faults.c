/* Asks the fault engine about connections, as more and more is known of them. */
#include "emulator/connection_faults.h"

#include <stdio.h>

#include "emulator/connection_shaper.h"

static struct bytes cache_in(struct bytes name)
{
    struct bytes suffix = BYTES(".redis.cache.windows.net");
    return name.size > suffix.size && bytes_end_with(name, suffix)
               ? bytes_slice(name, 0, bytes_find(name, '.'))
               : (struct bytes){0};
}

static void ask(struct connection *connection, struct fault_subject *subject)
{
    struct connection_group *group = connection->group;
    struct fault_verdict verdict;
    char port[16];

    if (group->faults == NULL || connection->phase > CONNECTION_OPEN) {
        return;
    }
    if (connection->shaper == NULL && faults_armed(group->faults, FAULT_TCP)) {
        snprintf(port, sizeof(port), "%d", group->port);
        subject->plane = FAULT_TCP;
        subject->moment = FAULT_AT_CONNECT;
        subject->values[FAULT_KEY_PORT] = bytes_from_string(port);
        subject->values[FAULT_KEY_ADDRESS] = bytes_from_string(connection->peer);
        if (faults_decide(group->faults, subject, &verdict)) {
            connection_shaper_begin(connection, &verdict);
        }
    }
    connection->faults_order = faults_order(group->faults);
}

static void name_subject(const struct connection *connection, struct fault_subject *subject)
{
    struct bytes name = connection_server_name(connection);

    if (name.size > 0) {
        subject->values[FAULT_KEY_NAME] = name;
        subject->values[FAULT_KEY_CACHE] = cache_in(name);
    }
    if (connection->cache != NULL) {
        subject->values[FAULT_KEY_CACHE] = bytes_from_string(connection->cache);
    }
}

/*
 * The front door is asked for names only: who speaks plain HTTP there must always be able to take
 * the fault away again.
 */
void connection_faults_begin(struct connection *connection)
{
    struct fault_subject subject = {0};

    if (!connection->group->http) {
        ask(connection, &subject);
    }
}

void connection_set_cache(struct connection *connection, struct bytes cache)
{
    struct fault_subject subject = {.only_keys = FAULT_BIT(FAULT_KEY_CACHE)};

    if (connection->group->faults == NULL ||
        bytes_equal(cache, bytes_from_string(connection->cache))) {
        return;
    }
    memory_free(connection->cache);
    connection->cache = bytes_to_string(cache);
    name_subject(connection, &subject);
    ask(connection, &subject);
}

static void rules_changed(struct faults_listener *listener)
{
    struct connection_group *group =
        CONTAINER_OF(listener, struct connection_group, faults_changed);

    for (struct connection *connection = group->first, *next; connection != NULL;
         connection = next) {
        struct fault_subject subject = {.since = connection->faults_order};
        next = connection->next;
        if (connection->shaper != NULL &&
            !faults_acting(group->faults, connection_shaper_serial(connection))) {
            connection_shaper_release(connection);
        }
        if (connection->stalled != 0 && !faults_acting(group->faults, connection->stalled)) {
            connection->stalled = 0;
            connection_retry_handshake(connection);
        }
        name_subject(connection, &subject);
        if (!group->http || subject.values[FAULT_KEY_NAME].size > 0) {
            ask(connection, &subject);
        }
    }
}

void connection_faults_watch(struct connection_group *group)
{
    if (group->faults != NULL) {
        group->faults_changed.changed = rules_changed;
        faults_listen(group->faults, &group->faults_changed);
    }
}

void connection_faults_unwatch(struct connection_group *group)
{
    if (group->faults != NULL) {
        faults_leave(group->faults, &group->faults_changed);
    }
}

/* ---- Handshakes ---- */

static void shape_policy(struct connection *connection, struct bytes server_name,
                         struct tls_policy *policy)
{
    static const enum tls_certificate certificates[] = {
        [FAULT_TRUE_CERTIFICATE] = TLS_CERTIFICATE,
        [FAULT_EXPIRED_CERTIFICATE] = TLS_CERTIFICATE_EXPIRED,
        [FAULT_FUTURE_CERTIFICATE] = TLS_CERTIFICATE_NOT_YET,
        [FAULT_OTHER_HOSTS_CERTIFICATE] = TLS_CERTIFICATE_OF_ANOTHER,
        [FAULT_FOREIGN_CERTIFICATE] = TLS_CERTIFICATE_FROM_NOWHERE,
        [FAULT_RENEWED_CERTIFICATE] = TLS_CERTIFICATE_RENEWED,
    };
    struct faults *faults = connection->group->faults;
    struct fault_subject subject = {.plane = FAULT_TLS, .moment = FAULT_AT_CONNECT};
    struct fault_verdict verdict;
    char port[16];

    if (!faults_armed(faults, FAULT_TLS)) {
        return;
    }
    snprintf(port, sizeof(port), "%d", connection->group->port);
    subject.values[FAULT_KEY_PORT] = bytes_from_string(port);
    subject.values[FAULT_KEY_NAME] = server_name;
    subject.values[FAULT_KEY_CACHE] = cache_in(server_name);
    subject.values[FAULT_KEY_ADDRESS] = bytes_from_string(connection->peer);
    if (!faults_decide(faults, &subject, &verdict)) {
        return;
    }
    policy->certificate = certificates[verdict.certificate];
    policy->stall = verdict.stall_handshake;
    connection->stalled = verdict.stall_handshake ? verdict.serial : 0;
    if (verdict.tls_maximum != 0) {
        policy->maximum = (enum tls_version)verdict.tls_maximum;
        policy->minimum = TLS_1_0;
    }
}

static struct tls_policy decide(void *context, struct bytes server_name)
{
    struct connection *connection = context;
    const struct tls_policy_source *own = &connection->group->policy;
    struct tls_policy policy = {.minimum = TLS_1_2};
    struct fault_subject subject = {
        .only_keys = FAULT_BIT(FAULT_KEY_NAME) | FAULT_BIT(FAULT_KEY_CACHE),
    };

    if (own->decide != NULL) {
        policy = own->decide(own->context, server_name);
    }
    if (!policy.refuse) {
        shape_policy(connection, server_name, &policy);
        subject.values[FAULT_KEY_NAME] = server_name;
        subject.values[FAULT_KEY_CACHE] = cache_in(server_name);
        ask(connection, &subject);
    }
    return policy;
}

struct tls_policy_source connection_faults_policy(struct connection *connection)
{
    return connection->group->faults == NULL ? connection->group->policy
                                             : (struct tls_policy_source){connection, decide};
}
