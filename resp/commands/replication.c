/* WAIT, ROLE, READONLY and their kin, and the verbs of replication that only a replica obeys. */
#include "resp/arguments.h"
#include "resp/blocking.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/sentinel.h"

/* Replicas that share this memory keep up at once; others say how far they are. */
static int64_t acknowledged(const struct instance *instance)
{
    return instance->replicas + followers_up_to_date(instance);
}

static void give_up_waiting(struct reply *reply)
{
    reply_integer(reply, acknowledged(CONTAINER_OF(reply, struct session, reply)->instance));
}

void replication_acknowledged(struct instance *instance)
{
    int64_t wanted, reached = acknowledged(instance);
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        const struct blocked *blocked = &session->blocked;
        if (blocked->active && blocked->give_up == give_up_waiting &&
            bytes_to_int64(blocked->argv[1], &wanted) && wanted <= reached) {
            block_release(session, NULL);
        }
    }
}

static void cmd_wait(struct call *call)
{
    int64_t wanted, timeout_ms;
    if (replica_view_of(call->session).host != NULL) {
        reply_error(call->reply,
                    "ERR WAIT cannot be used with replica instances. Please also note that since "
                    "Redis 4.0 if a replica is configured to be writable (which is not the "
                    "default) writes to replicas are just local and are not propagated.");
        return;
    }
    if (!argument_integer_or_reply(call, 1, &wanted) ||
        !block_timeout_ms_or_reply(call, 2, &timeout_ms)) {
        return;
    }
    if (acknowledged(call->instance) >= wanted || call->nested) {
        reply_integer(call->reply, acknowledged(call->instance));
        return;
    }
    if (followers_count(call->instance) > 0) {
        replication_ask(call->instance);
    }
    block_for_time(call, timeout_ms, give_up_waiting);
}

static void reply_synced(struct reply *reply, bool here, int64_t replicas)
{
    reply_array(reply, 2);
    reply_integer(reply, here ? 1 : 0);
    reply_integer(reply, replicas);
}

static void give_up_syncing(struct reply *reply)
{
    reply_synced(reply, false, 0);
}

/* What is written is in the append-only files at once, where there are any. */
static void cmd_waitaof(struct call *call)
{
    int64_t here, replicas, timeout_ms;
    bool appends = call->instance->appends;
    int64_t synced = appends ? acknowledged(call->instance) : 0;
    if (!argument_integer_or_reply(call, 1, &here) ||
        !argument_integer_in_range_or_reply(call, 1, 0, 1, &here, NULL) ||
        !argument_integer_in_range_or_reply(call, 2, 0, INT64_MAX, &replicas,
                                            "ERR value is out of range, must be positive") ||
        !block_timeout_ms_or_reply(call, 3, &timeout_ms)) {
        return;
    }
    if (replica_view_of(call->session).host != NULL) {
        reply_error(call->reply,
                    "ERR WAITAOF cannot be used with replica instances. Please also note that "
                    "writes to replicas are just local and are not propagated.");
    } else if (here > 0 && !appends) {
        reply_error(call->reply, "ERR WAITAOF cannot be used when numlocal is set but appendonly "
                                 "is disabled.");
    } else if (synced >= replicas || call->nested) {
        reply_synced(call->reply, appends, synced);
    } else {
        block_for_time(call, timeout_ms, give_up_syncing);
    }
}

static void reply_replica_role(struct call *call, const struct replica_view *replica)
{
    reply_array(call->reply, 5);
    reply_bulk_string(call->reply, "slave");
    reply_bulk_string(call->reply, replica->host);
    reply_integer(call->reply, replica->port);
    reply_bulk_string(call->reply, replica->linked    ? "connected"
                                   : replica->syncing ? "sync"
                                                      : "connect");
    reply_integer(call->reply, (int64_t)replica->offset);
}

static void reply_sentinel_role(struct call *call)
{
    const struct sentinel_host *host = call->instance->sentinel;
    struct sentinel_master master;
    reply_array(call->reply, 2);
    reply_bulk_string(call->reply, "sentinel");
    size_t mark = reply_defer(call->reply), count = 0;
    while (host->master_at(host->context, count, call->session->tls, &master)) {
        reply_bulk(call->reply, master.name);
        count++;
    }
    reply_array_at(call->reply, mark, count);
}

static void cmd_role(struct call *call)
{
    if (call->instance->sentinel != NULL) {
        reply_sentinel_role(call);
        return;
    }
    const struct replica_view view = replica_view_of(call->session);
    if (view.host != NULL) {
        reply_replica_role(call, &view);
        return;
    }
    reply_array(call->reply, 3);
    reply_bulk_string(call->reply, "master");
    reply_integer(call->reply, (int64_t)instance_replication_offset(call->instance));
    reply_array(call->reply, (size_t)(call->instance->replicas + followers_count(call->instance)));
    for (int64_t i = 0; i < call->instance->replicas; i++) {
        reply_array(call->reply, 3);
        reply_bulk_string(call->reply, "127.0.0.1");
        reply_bulkf(call->reply, "%d", replica_port(call->instance, (int)i, call->session->tls));
        reply_bulkf(call->reply, "%llu",
                    (unsigned long long)instance_replication_offset(call->instance));
    }
    for (const struct session *session = call->instance->sessions; session != NULL;
         session = session->next) {
        if (session->follower != NULL) {
            struct bytes address = bytes_from_string(session->address);
            reply_array(call->reply, 3);
            reply_bulk(call->reply, bytes_slice(address, 0, bytes_find(address, ':')));
            reply_bulkf(call->reply, "%d", session->listening_port);
            reply_bulkf(call->reply, "%llu", (unsigned long long)session->follower->acknowledged);
        }
    }
}

static bool clustered_or_reply(struct call *call)
{
    if (!call->instance->clustered) {
        reply_error(call->reply, ERROR_NO_CLUSTER);
    }
    return call->instance->clustered;
}

static void set_readonly(struct call *call, bool readonly)
{
    /* Until 7.0 nobody minded READWRITE. */
    bool minded = readonly || call_supports(call, "7.0.0");
    if (!minded || clustered_or_reply(call)) {
        call->session->readonly = readonly;
        reply_ok(call->reply);
    }
}

static void cmd_readonly(struct call *call)
{
    set_readonly(call, true);
}

static void cmd_readwrite(struct call *call)
{
    set_readonly(call, false);
}

static void cmd_asking(struct call *call)
{
    if (clustered_or_reply(call)) {
        call->session->asking = true;
        reply_ok(call->reply);
    }
}

static void cmd_failover(struct call *call)
{
    if (call->argc == 2 && bytes_equal_string_nocase(call->argv[1], "ABORT")) {
        reply_error(call->reply, "ERR No failover in progress.");
        return;
    }
    for (int i = 1; i < call->argc; i++) {
        bool to = bytes_equal_string_nocase(call->argv[i], "TO");
        bool timeout = bytes_equal_string_nocase(call->argv[i], "TIMEOUT");
        if ((to && i + 2 < call->argc) || (timeout && i + 1 < call->argc)) {
            i += to ? 2 : 1;
        } else if (!bytes_equal_string_nocase(call->argv[i], "FORCE")) {
            reply_syntax_error(call);
            return;
        }
    }
    reply_error(call->reply, "ERR FAILOVER requires connected replicas.");
}

static void cmd_replicaof(struct call *call)
{
    const struct instance_host_info *host = &call->instance->host;
    bool nobody = bytes_equal_string_nocase(call->argv[1], "NO") &&
                  bytes_equal_string_nocase(call->argv[2], "ONE");
    const struct replica *replica = &call->instance->replica;
    int64_t port = 0;
    if (!nobody && (!bytes_to_int64(call->argv[2], &port) || port < 0 || port > 65535)) {
        reply_error(call->reply, "ERR Invalid master port");
        return;
    }
    if (nobody && !replica_follows(call->instance)) {
        reply_ok(call->reply);
        return;
    }
    if (host->follow == NULL) {
        reply_error(call->reply, "ERR This server does not replicate another one: link two caches "
                                 "with Azure's linked servers instead");
        return;
    }
    if (!nobody && replica->host != NULL && replica->port == port &&
        bytes_equal_string_nocase(call->argv[1], replica->host)) {
        reply_status(call->reply, "OK Already connected to specified master");
        return;
    }
    host->follow(host->context, call->instance, nobody ? (struct bytes){0} : call->argv[1],
                 (int)port);
    reply_ok(call->reply);
}

static const struct command commands[] = {
    {
        .name = "WAIT",
        .group = "generic",
        .handler = cmd_wait,
        .arity = 3,
        .flags = CMD_NOSCRIPT,
        .categories = CATEGORY_CONNECTION,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Wait for the synchronous replication of all the write commands sent in "
                   "the context of the current connection",
        .arguments = "numreplicas=integer timeout=integer",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:agg_min", NULL},
    },
    {
        .name = "WAITAOF",
        .group = "generic",
        .handler = cmd_waitaof,
        .arity = 4,
        .flags = CMD_BLOCKING,
        .categories = CATEGORY_CONNECTION,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Blocks until all of the preceding write commands sent by the connection are "
                   "written to the append-only file of the master and/or replicas.",
        .arguments = "numlocal=integer numreplicas=integer timeout=integer",
        .tips = (const char *const[]){"request_policy:all_shards", "response_policy:agg_min", NULL},
    },
    {
        .name = "ROLE",
        .handler = cmd_role,
        .arity = 1,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST,
        .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
        .since = "2.8.12",
        .complexity = "O(1)",
        .summary = "Return the role of the instance in the context of replication",
    },
    {
        .name = "READONLY",
        .group = "cluster",
        .handler = cmd_readonly,
        .arity = 1,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .categories = CATEGORY_CONNECTION,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Enables read queries for a connection to a cluster replica node",
    },
    {
        .name = "READWRITE",
        .group = "cluster",
        .handler = cmd_readwrite,
        .arity = 1,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .categories = CATEGORY_CONNECTION,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Disables read queries for a connection to a cluster replica node",
    },
    {
        .name = "ASKING",
        .group = "cluster",
        .handler = cmd_asking,
        .arity = 1,
        .flags = CMD_FAST,
        .categories = CATEGORY_CONNECTION,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Sent by cluster clients after an -ASK redirect",
    },
    {
        .name = "FAILOVER",
        .managed = AZURE_BLOCKED,
        .handler = cmd_failover,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Start a coordinated failover between this server and one of its "
                   "replicas.",
        .arguments = "[target{host port=integer [force=token@FORCE]}@TO] [abort=token@ABORT] "
                     "[milliseconds=integer@TIMEOUT]",
    },
    {
        .name = "REPLICAOF",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_replicaof,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Make the server a replica of another instance, or promote it as master.",
        .arguments = "args(host-port{host port=integer}|no-one{no=token@NO one=token@ONE})",
    },
    {
        .name = "SLAVEOF",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_replicaof,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NO_ASYNC_LOADING,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Make the server a replica of another instance, or promote it as master.",
        .arguments = "args(host-port{host port=integer}|no-one{no=token@NO one=token@ONE})",
        .deprecated_since = "5.0.0",
        .replaced_by = "`REPLICAOF`",
    },
};

const struct command_family replication_family = {"server", commands, ARRAY_LEN(commands)};
