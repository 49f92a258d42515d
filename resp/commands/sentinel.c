/* SENTINEL: where masters and their replicas are, for clients that ask before they connect. */
#include "resp/sentinel.h"

#include <stdio.h>

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

static const struct sentinel_host *host_of(const struct call *call)
{
    return call->instance->sentinel;
}

static bool master_at(const struct call *call, size_t index, struct sentinel_master *master)
{
    const struct sentinel_host *host = host_of(call);
    return host->master_at(host->context, index, call->session->tls, master);
}

static bool find_master(const struct call *call, struct bytes name, struct sentinel_master *master)
{
    size_t index = 0;
    while (master_at(call, index, master)) {
        if (bytes_equal(master->name, name)) {
            return true;
        }
        index++;
    }
    return false;
}

static bool master_or_reply(struct call *call, struct sentinel_master *master)
{
    if (find_master(call, call->argv[2], master)) {
        return true;
    }
    reply_error(call->reply, "ERR No such master with that name");
    return false;
}

/* ---- Descriptions ---- */

static void field(struct call *call, const char *name, const char *value)
{
    reply_bulk_string(call->reply, name);
    reply_bulk_string(call->reply, value);
}

static void number_field(struct call *call, const char *name, int64_t value)
{
    reply_bulk_string(call->reply, name);
    reply_bulkf(call->reply, "%lld", (long long)value);
}

static void bytes_field(struct call *call, const char *name, struct bytes value)
{
    reply_bulk_string(call->reply, name);
    reply_bulk(call->reply, value);
}

/* What Sentinel knows of anything that it pings. */
static void reply_link(struct call *call, const char *flags, const char *run_id)
{
    field(call, "runid", run_id);
    field(call, "flags", flags);
    number_field(call, "link-pending-commands", 0);
    number_field(call, "link-refcount", 1);
    number_field(call, "last-ping-sent", 0);
    number_field(call, "last-ok-ping-reply", 0);
    number_field(call, "last-ping-reply", 0);
    number_field(call, "down-after-milliseconds", 30000);
    number_field(call, "info-refresh", 0);
}

static void reply_master(struct call *call, const struct sentinel_master *master)
{
    reply_map(call->reply, 20);
    bytes_field(call, "name", master->name);
    bytes_field(call, "ip", master->address);
    number_field(call, "port", master->port);
    reply_link(call, "master", master->run_id);
    field(call, "role-reported", "master");
    number_field(call, "role-reported-time", 0);
    number_field(call, "config-epoch", master->epoch);
    number_field(call, "num-slaves", master->replicas);
    number_field(call, "num-other-sentinels", 0);
    number_field(call, "quorum", SENTINEL_QUORUM);
    number_field(call, "failover-timeout", 180000);
    number_field(call, "parallel-syncs", 1);
}

static void reply_replica(struct call *call, const struct sentinel_master *master, int port)
{
    reply_map(call->reply, 21);
    reply_bulk_string(call->reply, "name");
    reply_bulkf(call->reply, "%.*s:%d", (int)master->address.size, master->address.data, port);
    bytes_field(call, "ip", master->address);
    number_field(call, "port", port);
    reply_link(call, "slave", "");
    field(call, "role-reported", "slave");
    number_field(call, "role-reported-time", 0);
    number_field(call, "master-link-down-time", 0);
    field(call, "master-link-status", "ok");
    bytes_field(call, "master-host", master->address);
    number_field(call, "master-port", master->port);
    number_field(call, "slave-priority", 100);
    number_field(call, "slave-repl-offset", 0);
    number_field(call, "replica-announced", 1);
}

/* ---- Verbs ---- */

static void cmd_sentinel_masters(struct call *call)
{
    struct sentinel_master master;
    size_t mark = reply_defer(call->reply), count = 0;
    while (master_at(call, count, &master)) {
        reply_master(call, &master);
        count++;
    }
    reply_array_at(call->reply, mark, count);
}

static void cmd_sentinel_master(struct call *call)
{
    struct sentinel_master master;
    if (master_or_reply(call, &master)) {
        reply_master(call, &master);
    }
}

static void cmd_sentinel_replicas(struct call *call)
{
    struct sentinel_master master;
    if (!master_or_reply(call, &master)) {
        return;
    }
    reply_array(call->reply, (size_t)master.replicas);
    for (int i = 0; i < master.replicas; i++) {
        reply_replica(call, &master, master.replica_ports[i]);
    }
}

/* There is this one only. */
static void cmd_sentinel_sentinels(struct call *call)
{
    struct sentinel_master master;
    if (master_or_reply(call, &master)) {
        reply_array(call->reply, 0);
    }
}

static void cmd_sentinel_address(struct call *call)
{
    struct sentinel_master master;
    if (!find_master(call, call->argv[2], &master)) {
        reply_null_array(call->reply);
        return;
    }
    reply_array(call->reply, 2);
    reply_bulk(call->reply, master.address);
    reply_bulkf(call->reply, "%d", master.port);
}

static void cmd_sentinel_ckquorum(struct call *call)
{
    struct sentinel_master master;
    if (master_or_reply(call, &master)) {
        reply_status(call->reply, "OK 1 usable Sentinels. Quorum and failover authorization can be "
                                  "reached");
    }
}

static void cmd_sentinel_failover(struct call *call)
{
    struct sentinel_master master;
    if (!master_or_reply(call, &master)) {
        return;
    }
    if (host_of(call)->fail_over(host_of(call)->context, master.name)) {
        reply_ok(call->reply);
    } else {
        reply_error(call->reply, "NOGOODSLAVE No suitable replica to promote");
    }
}

/* No master is ever down here: down, leader, epoch. */
static void cmd_sentinel_is_down(struct call *call)
{
    int64_t port, epoch;
    if (!argument_integer_or_reply(call, 3, &port) || !argument_integer_or_reply(call, 4, &epoch)) {
        return;
    }
    reply_array(call->reply, 3);
    reply_integer(call->reply, 0);
    reply_bulk_string(call->reply, "*");
    reply_integer(call->reply, 0);
}

static void cmd_sentinel_myid(struct call *call)
{
    reply_bulk_string(call->reply, call->instance->run_id);
}

static void cmd_sentinel_reset(struct call *call)
{
    struct sentinel_master master;
    int64_t count = 0;
    for (size_t i = 0; master_at(call, i, &master); i++) {
        count += bytes_match_glob(call->argv[2], master.name, false) ? 1 : 0;
    }
    reply_integer(call->reply, count);
}

static void cmd_sentinel_pending_scripts(struct call *call)
{
    reply_array(call->reply, 0);
}

static void cmd_sentinel_flushconfig(struct call *call)
{
    reply_ok(call->reply);
}

static void cmd_sentinel_help(struct call *call)
{
    static const char *const help_lines[] = {
        "CKQUORUM <master-name>",
        "    Check if the current Sentinel configuration is able to reach the quorum.",
        "FAILOVER <master-name>",
        "    Fail the master over to one of its replicas.",
        "FLUSHCONFIG",
        "    Accepted; there is no configuration file.",
        "GET-MASTER-ADDR-BY-NAME <master-name>",
        "    Return the address of the master.",
        "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
        "    Tell whether the master is down from this Sentinel's point of view.",
        "MASTER <master-name>",
        "    Show the state of the master.",
        "MASTERS",
        "    Show all masters: the caches of the emulator, by their names.",
        "MYID",
        "    Return the ID of this Sentinel.",
        "PENDING-SCRIPTS",
        "    There are none.",
        "REPLICAS <master-name>",
        "    Show the replicas of the master.",
        "RESET <pattern>",
        "    Return how many masters match; nothing is forgotten.",
        "SENTINELS <master-name>",
        "    Show the other Sentinels of the master: there are none.",
        NULL,
    };
    reply_help(call, help_lines);
}

#define VERB(verb, run, words)                                                                     \
    {                                                                                              \
        .name = (verb), .handler = (run), .arity = (words),                                        \
        .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE, .since = "2.8.4"                             \
    }

static const struct command sentinel_subcommands[] = {
    VERB("CKQUORUM", cmd_sentinel_ckquorum, 3),
    VERB("FAILOVER", cmd_sentinel_failover, 3),
    VERB("FLUSHCONFIG", cmd_sentinel_flushconfig, 2),
    VERB("GET-MASTER-ADDR-BY-NAME", cmd_sentinel_address, 3),
    VERB("HELP", cmd_sentinel_help, 2),
    VERB("IS-MASTER-DOWN-BY-ADDR", cmd_sentinel_is_down, 6),
    VERB("MASTER", cmd_sentinel_master, 3),
    VERB("MASTERS", cmd_sentinel_masters, 2),
    VERB("MYID", cmd_sentinel_myid, 2),
    VERB("PENDING-SCRIPTS", cmd_sentinel_pending_scripts, 2),
    VERB("REPLICAS", cmd_sentinel_replicas, 3),
    VERB("RESET", cmd_sentinel_reset, 3),
    VERB("SENTINELS", cmd_sentinel_sentinels, 3),
    VERB("SLAVES", cmd_sentinel_replicas, 3),
    {0},
};

static const struct command commands[] = {
    {
        .name = "SENTINEL",
        .arity = -2,
        .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
        .since = "2.8.4",
        .complexity = "Depends on subcommand.",
        .summary = "A container for Sentinel commands",
        .subcommands = sentinel_subcommands,
    },
};

const struct command_family sentinel_family = {"sentinel", commands, ARRAY_LEN(commands)};
