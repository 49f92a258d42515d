/*
 * CLUSTER. The nodes and their slots are the service's affair: what would change them is refused,
 * and unknown on Azure.
 */
#include "resp/arguments.h"
#include "resp/cluster.h"
#include "resp/cluster_move.h"
#include "resp/commands/help.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static bool cluster_or_reply(struct call *call)
{
    if (call->instance->cluster == NULL) {
        reply_error(call->reply, ERROR_NO_CLUSTER);
    }
    return call->instance->cluster != NULL;
}

static void fixed(struct call *call)
{
    if (cluster_or_reply(call)) {
        reply_error(call->reply, "ERR The nodes and slots of this cluster are fixed: change the "
                                 "shardCount of the cache instead");
    }
}

static int shard_number(const struct cluster *cluster, const struct cluster_shard *shard)
{
    return (int)(shard - cluster->shards);
}

/* The node that the client is connected to. */
static int own_node(const struct call *call)
{
    return session_at_replica(call->session) ? call->session->node - 1
                                             : instance_primary_node(call->instance);
}

static void cmd_cluster_info(struct call *call)
{
    if (!cluster_or_reply(call)) {
        return;
    }
    const struct cluster *cluster = call->instance->cluster;
    int count = cluster->count, nodes = 0;
    for (int i = 0; i < count; i++) {
        nodes += cluster_member_count(&cluster->shards[i]);
    }
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text,
               "cluster_state:ok\r\ncluster_slots_assigned:%d\r\ncluster_slots_ok:%d\r\n"
               "cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:%d\r\n"
               "cluster_size:%d\r\ncluster_current_epoch:%d\r\ncluster_my_epoch:%d\r\n"
               "cluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0\r\n",
               CLUSTER_SLOTS, CLUSTER_SLOTS, nodes, count, count,
               shard_number(cluster, cluster_myself(call->instance)) + 1);
    if (call_supports(call, "7.0.0")) {
        buf_append_string(&text, "total_cluster_links_buffer_limit_exceeded:0\r\n");
    }
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

static void cmd_cluster_myid(struct call *call)
{
    if (cluster_or_reply(call)) {
        reply_bulk_string(call->reply, cluster_myself(call->instance)->members[own_node(call)].id);
    }
}

/* A shard goes by the name of its first node, whichever is the primary. */
static void cmd_cluster_myshardid(struct call *call)
{
    if (cluster_or_reply(call)) {
        reply_bulk_string(call->reply, cluster_myself(call->instance)->members[0].id);
    }
}

/* Slots that the shard is giving away or being given. */
static void describe_flight(const struct cluster *cluster, const struct cluster_shard *shard,
                            struct buf *text)
{
    const struct cluster_move *move = &cluster->move;
    for (int slot = move->first; slot >= 0 && slot <= move->last; slot++) {
        int target = cluster_move_target(cluster, slot);
        const struct cluster_shard *source = cluster_owner(cluster, slot);
        if (target >= 0 && source == shard) {
            buf_printf(text, " [%d->-%s]", slot, cluster_primary(&cluster->shards[target])->id);
        } else if (target == shard_number(cluster, shard)) {
            buf_printf(text, " [%d-<-%s]", slot, cluster_primary(source)->id);
        }
    }
}

/* One line of CLUSTER NODES, of the node at that place of its shard. */
static void describe_node(struct call *call, const struct cluster_shard *shard, int place,
                          struct buf *text)
{
    const struct cluster *cluster = call->instance->cluster;
    struct bytes address = cluster_address(cluster, call->session);
    int node = cluster_member_at(shard, place);
    const struct cluster_member *member = &shard->members[node];
    int port = cluster_port(member, call->session->tls);
    bool myself = shard->instance == call->instance && node == own_node(call);
    buf_printf(text, "%s %.*s:%d@%d %s%s %s 0 %lld %d connected", member->id, (int)address.size,
               address.data, port, port + 10000, myself ? "myself," : "",
               place == 0 ? "master" : "slave", place == 0 ? "-" : cluster_primary(shard)->id,
               myself ? 0 : (long long)call->now_ms, shard_number(cluster, shard) + 1);
    int first = 0, last;
    for (; place == 0 && cluster_next_range(cluster, shard, &first, &last); first = last + 1) {
        buf_printf(text, first == last ? " %d" : " %d-%d", first, last);
    }
    if (place == 0 && myself) {
        describe_flight(cluster, shard, text);
    }
}

static void cmd_cluster_nodes(struct call *call)
{
    if (!cluster_or_reply(call)) {
        return;
    }
    const struct cluster *cluster = call->instance->cluster;
    struct buf text;
    buf_init(&text, SIZE_MAX);
    for (int i = 0; i < cluster->count; i++) {
        const struct cluster_shard *shard = &cluster->shards[i];
        for (int place = 0; place < cluster_member_count(shard); place++) {
            describe_node(call, shard, place, &text);
            buf_append_string(&text, "\n");
        }
    }
    reply_verbatim(call->reply, "txt", buf_bytes(&text));
    buf_finish(&text);
}

/* An entry of CLUSTER SLOTS. */
static void reply_range(struct call *call, const struct cluster_shard *shard, int first, int last)
{
    const struct cluster *cluster = call->instance->cluster;
    bool metadata = call_supports(call, "7.0.0");
    int count = cluster_member_count(shard);
    reply_array(call->reply, (size_t)count + 2);
    reply_integer(call->reply, first);
    reply_integer(call->reply, last);
    for (int place = 0; place < count; place++) {
        const struct cluster_member *member = &shard->members[cluster_member_at(shard, place)];
        reply_array(call->reply, metadata ? 4 : 3);
        reply_bulk(call->reply, cluster_address(cluster, call->session));
        reply_integer(call->reply, cluster_port(member, call->session->tls));
        reply_bulk_string(call->reply, member->id);
        if (metadata) {
            reply_array(call->reply, 0);
        }
    }
}

static void cmd_cluster_slots(struct call *call)
{
    if (!cluster_or_reply(call)) {
        return;
    }
    const struct cluster *cluster = call->instance->cluster;
    size_t mark = reply_defer(call->reply), ranges = 0;
    for (int i = 0; i < cluster->count; i++) {
        const struct cluster_shard *shard = &cluster->shards[i];
        int first = 0, last;
        for (; cluster_next_range(cluster, shard, &first, &last); first = last + 1) {
            reply_range(call, shard, first, last);
            ranges++;
        }
    }
    reply_array_at(call->reply, mark, ranges);
}

static void reply_shard_node(struct call *call, const struct cluster_shard *shard, int place)
{
    struct reply *reply = call->reply;
    const struct cluster_member *member = &shard->members[cluster_member_at(shard, place)];
    struct bytes address = cluster_address(call->instance->cluster, call->session);
    bool plain = member->port != 0, tls = member->tls_port != 0;
    reply_map(reply, 6 + (plain ? 1 : 0) + (tls ? 1 : 0));
    reply_bulk_string(reply, "id");
    reply_bulk_string(reply, member->id);
    if (plain) {
        reply_bulk_string(reply, "port");
        reply_integer(reply, member->port);
    }
    if (tls) {
        reply_bulk_string(reply, "tls-port");
        reply_integer(reply, member->tls_port);
    }
    reply_bulk_string(reply, "ip");
    reply_bulk(reply, address);
    reply_bulk_string(reply, "endpoint");
    reply_bulk(reply, address);
    reply_bulk_string(reply, "role");
    reply_bulk_string(reply, place == 0 ? "master" : "replica");
    reply_bulk_string(reply, "replication-offset");
    reply_integer(reply, (int64_t)instance_replication_offset(shard->instance));
    reply_bulk_string(reply, "health");
    reply_bulk_string(reply, "online");
}

static void cmd_cluster_shards(struct call *call)
{
    if (!cluster_or_reply(call)) {
        return;
    }
    const struct cluster *cluster = call->instance->cluster;
    reply_array(call->reply, (size_t)cluster->count);
    for (int i = 0; i < cluster->count; i++) {
        const struct cluster_shard *shard = &cluster->shards[i];
        int count = cluster_member_count(shard);
        reply_map(call->reply, 2);
        reply_bulk_string(call->reply, "slots");
        size_t mark = reply_defer(call->reply), bounds = 0;
        int first = 0, last;
        for (; cluster_next_range(cluster, shard, &first, &last); first = last + 1, bounds += 2) {
            reply_integer(call->reply, first);
            reply_integer(call->reply, last);
        }
        reply_array_at(call->reply, mark, bounds);
        reply_bulk_string(call->reply, "nodes");
        reply_array(call->reply, (size_t)count);
        for (int place = 0; place < count; place++) {
            reply_shard_node(call, shard, place);
        }
    }
}

static void cmd_cluster_links(struct call *call)
{
    if (cluster_or_reply(call)) {
        reply_array(call->reply, 0);
    }
}

/* ---- Slots and their keys ---- */

static void cmd_cluster_keyslot(struct call *call)
{
    if (cluster_or_reply(call)) {
        reply_integer(call->reply, cluster_slot(call->argv[2]));
    }
}

struct slot_search {
    struct reply *reply; /* NULL: only count */
    int slot;
    int64_t found, most;
};

static void look_at_key(void *context, struct bytes key, struct entry *entry)
{
    struct slot_search *search = context;
    (void)entry;
    if (search->found < search->most && cluster_slot(key) == search->slot) {
        search->found++;
        if (search->reply != NULL) {
            reply_bulk(search->reply, key);
        }
    }
}

static void cmd_cluster_countkeysinslot(struct call *call)
{
    int64_t slot;
    if (!cluster_or_reply(call) || !argument_integer_or_reply(call, 2, &slot)) {
        return;
    }
    if (slot < 0 || slot >= CLUSTER_SLOTS) {
        reply_error(call->reply, "ERR Invalid slot");
        return;
    }
    struct slot_search search = {.slot = (int)slot, .most = INT64_MAX};
    keyspace_each(call->db, look_at_key, &search);
    reply_integer(call->reply, search.found);
}

static void cmd_cluster_getkeysinslot(struct call *call)
{
    int64_t slot, most;
    if (!cluster_or_reply(call) || !argument_integer_or_reply(call, 2, &slot) ||
        !argument_integer_or_reply(call, 3, &most)) {
        return;
    }
    if (slot < 0 || slot >= CLUSTER_SLOTS || most < 0) {
        reply_error(call->reply, "ERR Invalid slot or number of keys");
        return;
    }
    struct slot_search search = {.reply = call->reply, .slot = (int)slot, .most = most};
    size_t mark = reply_defer(call->reply);
    keyspace_each(call->db, look_at_key, &search);
    reply_array_at(call->reply, mark, (size_t)search.found);
}

/* ---- Other nodes ---- */

/* The shard of the node with that ID, and the node's place in it. False after answering. */
static bool node_or_reply(struct call *call, const struct cluster_shard **found, int *place)
{
    const struct cluster *cluster = call->instance->cluster;
    struct bytes id = call->argv[2];
    for (int i = 0; i < cluster->count; i++) {
        *found = &cluster->shards[i];
        for (*place = 0; *place < cluster_member_count(*found); (*place)++) {
            if (bytes_equal_string(id, (*found)->members[cluster_member_at(*found, *place)].id)) {
                return true;
            }
        }
    }
    reply_errorf(call->reply, "ERR Unknown node %.*s", (int)id.size, id.data);
    return false;
}

static void cmd_cluster_replicas(struct call *call)
{
    const struct cluster_shard *shard;
    int place;
    if (!cluster_or_reply(call) || !node_or_reply(call, &shard, &place)) {
        return;
    }
    if (place != 0) {
        reply_error(call->reply, "ERR The specified node is not a master");
        return;
    }
    reply_array(call->reply, (size_t)cluster_member_count(shard) - 1);
    for (place = 1; place < cluster_member_count(shard); place++) {
        struct buf text;
        buf_init(&text, 1024);
        describe_node(call, shard, place, &text);
        reply_bulk(call->reply, buf_bytes(&text));
        buf_finish(&text);
    }
}

static void cmd_cluster_count_failure_reports(struct call *call)
{
    const struct cluster_shard *shard;
    int place;
    if (cluster_or_reply(call) && node_or_reply(call, &shard, &place)) {
        reply_integer(call->reply, 0);
    }
}

static void cmd_cluster_help(struct call *call)
{
    static const char *const help_lines[] = {
        "ADDSLOTS <slot> [<slot> ...]",
        "    Assign slots to current node.",
        "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
        "    Assign slots which are between <start-slot> and <end-slot> to current node.",
        "BUMPEPOCH",
        "    Advance the cluster config epoch.",
        "COUNT-FAILURE-REPORTS <node-id>",
        "    Return number of failure reports for <node-id>.",
        "COUNTKEYSINSLOT <slot>",
        "    Return the number of keys in <slot>.",
        "DELSLOTS <slot> [<slot> ...]",
        "    Delete slots information from current node.",
        "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
        "    Delete slots information which are between <start-slot> and <end-slot> from current "
        "node.",
        "FAILOVER [FORCE|TAKEOVER]",
        "    Promote current replica node to being a master.",
        "FORGET <node-id>",
        "    Remove a node from the cluster.",
        "GETKEYSINSLOT <slot> <count>",
        "    Return key names stored by current node in a slot.",
        "FLUSHSLOTS",
        "    Delete current node own slots information.",
        "INFO",
        "    Return information about the cluster.",
        "KEYSLOT <key>",
        "    Return the hash slot for <key>.",
        "MEET <ip> <port> [<bus-port>]",
        "    Connect nodes into a working cluster.",
        "MYID",
        "    Return the node id.",
        "NODES",
        "    Return cluster configuration seen by node. Output format:",
        "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
        "REPLICATE <node-id>",
        "    Configure current node as replica to <node-id>.",
        "RESET [HARD|SOFT]",
        "    Reset current node (default: soft).",
        "SET-CONFIG-EPOCH <epoch>",
        "    Set config epoch of current node.",
        "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
        "    Set slot state.",
        "REPLICAS <node-id>",
        "    Return <node-id> replicas.",
        "SAVECONFIG",
        "    Force saving cluster configuration on disk.",
        "SLOTS",
        "    Return information about slots range mappings. Each range is made of:",
        "    start, end, master and replicas IP addresses, ports and ids",
        "SHARDS",
        "    Return information about slot range mappings and the nodes associated with them.",
        "LINKS",
        "    Return information about all network links between this node and its peers.",
        "    Output format is an array where each array element is a map containing attributes of "
        "a link",
        NULL,
    };
    if (cluster_or_reply(call)) {
        reply_help(call, help_lines);
    }
}

static const struct command cluster_subcommands[] = {
    {
        .name = "ADDSLOTS",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(N) where N is the total number of hash slot arguments",
        .summary = "Assign new hash slots to receiving node",
        .arguments = "slot=integer...",
    },
    {
        .name = "ADDSLOTSRANGE",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of the slots between the start slot "
                      "and end slot arguments.",
        .summary = "Assign new hash slots to receiving node",
        .arguments = "start-slot_end-slot{start-slot=integer end-slot=integer}...",
    },
    {
        .name = "BUMPEPOCH",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Advance the cluster config epoch",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "COUNT-FAILURE-REPORTS",
        .handler = cmd_cluster_count_failure_reports,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(N) where N is the number of failure reports",
        .summary = "Return the number of failure reports active for a given node",
        .arguments = "node-id",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "COUNTKEYSINSLOT",
        .handler = cmd_cluster_countkeysinslot,
        .arity = 3,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Return the number of local keys in the specified hash slot",
        .arguments = "slot=integer",
    },
    {
        .name = "DELSLOTS",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(N) where N is the total number of hash slot arguments",
        .summary = "Set hash slots as unbound in receiving node",
        .arguments = "slot=integer...",
    },
    {
        .name = "DELSLOTSRANGE",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of the slots between the start slot "
                      "and end slot arguments.",
        .summary = "Set hash slots as unbound in receiving node",
        .arguments = "start-slot_end-slot{start-slot=integer end-slot=integer}...",
    },
    {
        .name = "FAILOVER",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Forces a replica to perform a manual failover of its master.",
        .arguments = "[options(force=token@FORCE|takeover=token@TAKEOVER)]",
    },
    {
        .name = "FLUSHSLOTS",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Delete a node's own slots information",
    },
    {
        .name = "FORGET",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Remove a node from the nodes table",
        .arguments = "node-id",
    },
    {
        .name = "GETKEYSINSLOT",
        .handler = cmd_cluster_getkeysinslot,
        .arity = 4,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(log(N)) where N is the number of requested keys",
        .summary = "Return local key names in the specified hash slot",
        .arguments = "slot=integer count=integer",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "HELP",
        .handler = cmd_cluster_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "INFO",
        .handler = cmd_cluster_info,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Provides info about Redis Cluster node state",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "KEYSLOT",
        .handler = cmd_cluster_keyslot,
        .arity = 3,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(N) where N is the number of bytes in the key",
        .summary = "Returns the hash slot of the specified key",
        .arguments = "key",
    },
    {
        .name = "LINKS",
        .handler = cmd_cluster_links,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of Cluster nodes",
        .summary = "Returns a list of all TCP links to and from peer nodes in cluster",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "MEET",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Force a node cluster to handshake with another node",
        .arguments = "ip port=integer [cluster_bus_port=integer^4.0.0]",
        .history =
            (const struct command_history[]){
                {"4.0.0", "Added the optional `cluster_bus_port` argument."}, {0}},
    },
    {
        .name = "MYID",
        .handler = cmd_cluster_myid,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Return the node id",
    },
    {
        .name = "MYSHARDID",
        .handler = cmd_cluster_myshardid,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Returns the shard ID of a node.",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "NODES",
        .handler = cmd_cluster_nodes,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(N) where N is the total number of Cluster nodes",
        .summary = "Get Cluster config for the node",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "REPLICAS",
        .handler = cmd_cluster_replicas,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_STALE,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "List replica nodes of the specified master node",
        .arguments = "node-id",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "REPLICATE",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Reconfigure a node as a replica of the specified master node",
        .arguments = "node-id",
    },
    {
        .name = "RESET",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(N) where N is the number of known nodes. The command may execute a "
                      "FLUSHALL as a side effect.",
        .summary = "Reset a Redis Cluster node",
        .arguments = "[hard_soft(hard=token@HARD|soft=token@SOFT)]",
    },
    {
        .name = "SAVECONFIG",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Forces the node to save cluster state on disk",
    },
    {
        .name = "SET-CONFIG-EPOCH",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Set the configuration epoch in a new node",
        .arguments = "config-epoch=integer",
    },
    {
        .name = "SETSLOT",
        .handler = fixed,
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Bind a hash slot to a specific node",
        .arguments =
            "slot=integer "
            "subcommand(node-id@IMPORTING|node-id@MIGRATING|node-id@NODE|stable=token@STABLE)",
    },
    {
        .name = "SHARDS",
        .handler = cmd_cluster_shards,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of cluster nodes",
        .summary = "Get array of cluster slots to node mappings",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "SLAVES",
        .handler = cmd_cluster_replicas,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "List replica nodes of the specified master node",
        .arguments = "node-id",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .deprecated_since = "5.0.0",
        .replaced_by = "`CLUSTER REPLICAS`",
    },
    {
        .name = "SLOTS",
        .handler = cmd_cluster_slots,
        .arity = 2,
        .flags = CMD_STALE,
        .since = "3.0.0",
        .complexity = "O(N) where N is the total number of Cluster nodes",
        .summary = "Get array of Cluster slot to node mappings",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history = (const struct command_history[]){{"4.0.0", "Added node IDs."},
                                                    {"7.0.0",
                                                     "Added additional networking metadata field."},
                                                    {0}},
        .deprecated_since = "7.0.0",
        .replaced_by = "`CLUSTER SHARDS`",
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "CLUSTER",
        .arity = -2,
        .since = "3.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for cluster commands",
        .subcommands = cluster_subcommands,
    },
};

const struct command_family cluster_family = {"cluster", commands, ARRAY_LEN(commands)};
