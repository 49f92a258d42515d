#include "resp/replica.h"

#include "resp/blocking.h"
#include "resp/cluster.h"
#include "resp/instance_state.h"
#include "resp/long_run.h"

/* Who the primary's commands come from. No client: nobody counts or lists it. */
struct upstream {
    struct session session;
};

static const char unblocked[] = "UNBLOCKED force unblock from blocking operation, instance state "
                                "changed (master -> replica?)";

static struct upstream *upstream_create(struct instance *instance)
{
    struct upstream *upstream = memory_allocate_zeroed(sizeof(*upstream));
    struct session *session = &upstream->session;
    session->instance = instance;
    session->authenticated = true;
    session->account = acl_default(instance->acl);
    session->db = instance->databases[0];
    session->user = string_duplicate("default");
    session->name = string_duplicate("");
    session->address = string_duplicate("");
    session->local_address = string_duplicate("");
    parser_init(&session->parser);
    reply_init(&session->reply, SIZE_MAX);
    session->reply.muted = true;
    return upstream;
}

static void upstream_destroy(struct upstream *upstream)
{
    if (upstream != NULL) {
        struct session *session = &upstream->session;
        transaction_discard(session);
        parser_finish(&session->parser);
        reply_finish(&session->reply);
        memory_free(session->user);
        memory_free(session->name);
        memory_free(session->address);
        memory_free(session->local_address);
        memory_free(upstream);
    }
}

void replica_finish(struct replica *replica)
{
    upstream_destroy(replica->upstream);
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

void replica_follow(struct instance *instance, struct bytes host, int port)
{
    struct replica *replica = &instance->replica;
    replica_finish(replica);
    if (host.size == 0) {
        return;
    }
    replica->host = bytes_to_string(host);
    replica->port = port;
    replica->heard_ms = clock_now_ms(instance->clock);
    replica->upstream = upstream_create(instance);
    instance_each_session(instance, send_away, NULL);
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

void replica_begin(struct instance *instance, uint64_t offset)
{
    instance->replica.offset = offset;
}

uint64_t replica_offset(const struct instance *instance)
{
    return instance->replica.offset;
}

static struct command_entry *find_entry(struct instance *instance, const struct bytes *argv,
                                        int argc)
{
    struct command_entry *entry = command_table_find(&instance->commands, argv[0]);
    if (entry != NULL && entry->subcommand_count > 0) {
        return argc > 1 ? command_table_subcommand(entry, argv[1]) : NULL;
    }
    return entry;
}

bool replica_run(struct instance *instance, struct bytes commands)
{
    const struct parser_limits limits = {INT32_MAX, INT64_MAX / 2, false};
    struct replica *replica = &instance->replica;
    if (replica->upstream == NULL) {
        return true;
    }
    if (long_run_active(instance)) {
        return false;
    }
    struct session *session = &replica->upstream->session;
    instance->lap_us = 0;
    replica->heard_ms = clock_now_ms(instance->clock);
    replica->offset += commands.size;
    parser_feed(&session->parser, commands);
    while (parser_next(&session->parser, limits) == PARSER_COMMAND) {
        const struct bytes *argv = session->parser.argv;
        int argc = session->parser.argc;
        struct command_entry *entry = argc > 0 ? find_entry(instance, argv, argc) : NULL;
        bool fits = entry != NULL && (entry->command->arity > 0 ? argc == entry->command->arity
                                                                : argc >= -entry->command->arity);
        if (fits) {
            dispatch_run(session, entry, argv, argc, true);
        }
        buf_clear(&session->reply.output);
    }
    instance_settle(instance);
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
    instance_make_run_ids(instance);
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
