#include "resp/replica.h"

#include <string.h>

#include "resp/blocking.h"
#include "resp/cluster.h"
#include "resp/follower.h"
#include "resp/instance_state.h"
#include "resp/upstream.h"

static const char unblocked[] = "UNBLOCKED force unblock from blocking operation, instance state "
                                "changed (master -> replica?)";

void replica_finish(struct replica *replica)
{
    upstream_destroy(replica->upstream);
    buf_finish(&replica->half);
    memory_free(replica->host);
    *replica = (struct replica){0};
}

static void send_away(void *context, struct session *session)
{
    (void)context;
    if (block_release(session, unblocked)) {
        session_close(session);
    }
}

/* A primary whose data is the stream's up to here, from where it is told under another name. */
static void leave_stream(struct instance *instance)
{
    replication_history_branch(instance, NULL);
    instance->replica.relays = false;
    instance->feed.database = -1;
    followers_close(instance); /* they come back, and learn the name */
    replication_backlog_leave(instance);
}

void replica_follow(struct instance *instance, struct bytes host, int port)
{
    struct replica *replica = &instance->replica;
    bool relayed = replica->relays;
    int database = relayed ? upstream_database(replica->upstream) : 0;
    if (relayed && host.size == 0) {
        leave_stream(instance);
    }
    replica_finish(replica);
    if (host.size == 0) {
        return;
    }
    replica->host = bytes_to_string(host);
    replica->port = port;
    replica->heard_ms = clock_now_ms(instance->clock);
    replica->upstream = upstream_create(instance);
    upstream_select(replica->upstream, database);
    buf_init(&replica->half, SIZE_MAX);
    replica->offset = instance->feed.offset;
    replica->relays = relayed; /* one primary of a stream for another */
    instance_each_session(instance, send_away, NULL);
}

void replica_resume(struct instance *instance)
{
    struct replica *replica = &instance->replica;
    if (!replica->relays && replication_is_whole(instance)) {
        replication_backlog_begin(instance);
        replica->offset = instance->feed.offset;
        replica->relays = true;
    }
}

bool replica_follows(const struct instance *instance)
{
    return instance->replica.host != NULL;
}

void replica_set_link(struct instance *instance, bool linked, bool syncing)
{
    instance->replica.linked = linked;
    instance->replica.syncing = syncing;
}

void replica_clear(struct instance *instance)
{
    instance_flush(instance);
    functions_flush(instance);
    if (instance->replica.upstream != NULL) {
        upstream_destroy(instance->replica.upstream);
        instance->replica.upstream = upstream_create(instance);
    }
}

const char *replica_point(const struct instance *instance, uint64_t *offset)
{
    *offset = instance->replica.offset;
    return instance->replica.relays ? instance->history.id : NULL;
}

void replica_continue(struct instance *instance, const char *id)
{
    if (id != NULL && strcmp(id, instance->history.id) != 0) {
        replication_history_branch(instance, id);
        followers_close(instance);
    }
}

void replica_begin(struct instance *instance, const char *id, uint64_t offset)
{
    struct replica *replica = &instance->replica;
    replication_history_begin(instance, id);
    replication_backlog_begin(instance);
    instance->feed.offset = instance->feed.written = replica->offset = offset;
    buf_clear(&replica->half);
    replica->relays = true;
}

uint64_t replica_offset(const struct instance *instance)
{
    return instance->replica.offset;
}

/* What has been run to its end. */
static void relay(struct instance *instance, struct bytes commands)
{
    struct replica *replica = &instance->replica;
    size_t pending;
    buf_append(&replica->half, commands);
    if (upstream_rests(replica->upstream, &pending)) {
        struct bytes told = buf_bytes(&replica->half);
        told.size -= pending;
        replication_relay(instance, told);
        buf_consume(&replica->half, told.size);
    }
}

bool replica_run(struct instance *instance, struct bytes commands)
{
    struct replica *replica = &instance->replica;
    if (replica->upstream == NULL) {
        return true;
    }
    if (!upstream_run(replica->upstream, commands)) {
        return false;
    }
    replica->heard_ms = clock_now_ms(instance->clock);
    replica->offset += commands.size;
    if (replica->relays) {
        relay(instance, commands);
    }
    upstream_settle(replica->upstream);
    return true;
}

/* ---- Nodes ---- */

int instance_primary_node(const struct instance *instance)
{
    return instance->primary_node <= instance->replicas ? instance->primary_node : 0;
}

bool session_at_replica(const struct session *session)
{
    const struct instance *instance = session->instance;
    return session->node > 0 && session->node <= instance->replicas + 1 &&
           session->node - 1 != instance_primary_node(instance);
}

void instance_fail_over(struct instance *instance)
{
    instance->primary_node = (instance_primary_node(instance) + 1) % (instance->replicas + 1);
    instance->demoted = false;
    if (instance->replicas > 0) { /* one of them had it all, and has a run of its own */
        replication_history_branch(instance, NULL);
        instance_make_run_id(instance, instance->run_id);
    } else {
        instance_make_run_ids(instance);
    }
}

char instance_zone(const struct instance *instance, int node)
{
    int index = node > 0 ? node - 1 : instance_primary_node(instance);
    return index < INSTANCE_MOST_NODES ? instance->zones[index] : '\0';
}

void instance_set_demoted(struct instance *instance, bool demoted)
{
    instance->demoted = demoted;
}

void instance_close_node(struct instance *instance, int node)
{
    for (struct session *session = instance->sessions, *next; session != NULL; session = next) {
        next = session->next;
        bool replica = session_at_replica(session);
        int at = session->node > 0 ? session->node - 1 : instance_primary_node(instance);
        if (node == INSTANCE_ALL_NODES || (node == INSTANCE_REPLICAS ? replica : node == at)) {
            session_close(session);
        }
    }
}

int replica_port(const struct instance *instance, int index, bool tls)
{
    const struct cluster_shard *shard = cluster_myself(instance);
    if (shard == NULL || index + 1 >= cluster_member_count(shard)) {
        return instance->port;
    }
    return cluster_port(&shard->members[cluster_member_at(shard, index + 1)], tls);
}

struct replica_view replica_view_of(const struct session *session)
{
    const struct instance *instance = session->instance;
    const struct replica *replica = &instance->replica;
    const struct cluster_shard *shard = cluster_myself(instance);
    if (replica->host == NULL && session_at_replica(session)) {
        return (struct replica_view){
            .host = "127.0.0.1",
            .port =
                shard == NULL ? instance->port : cluster_port(cluster_primary(shard), session->tls),
            .linked = true,
            .heard_ms = clock_now_ms(instance->clock),
            .offset = instance_replication_offset(instance),
        };
    }
    return (struct replica_view){replica->host,    replica->port,     replica->linked,
                                 replica->syncing, replica->heard_ms, replica->offset};
}
