/*
 * One emulated Redis: databases, limits, version and tier, statistics. Bytes in, bytes out
 * through sessions; it opens no socket and reads no time but its clock's. Many instances live in
 * one process and share nothing but that clock and the generator.
 */
#ifndef RESP_INSTANCE_H
#define RESP_INSTANCE_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"

struct instance;
struct keyspace;
struct sentinel_host;
struct session;

enum instance_profile {
    PROFILE_AZURE,   /* blocked commands are unknown, sessions must authenticate */
    PROFILE_REDIS,   /* open-source Redis: nothing blocked, no password unless keys are set */
    PROFILE_MANAGED, /* as PROFILE_AZURE for Azure Managed Redis, which blocks others */
};

/* Borrowed for the call. Text views are copied. */
enum { INSTANCE_MOST_NODES = 8 };

struct instance_config {
    struct bytes name; /* of the cache; only for people */
    enum instance_profile profile;
    struct bytes version;           /* "6.0.14": what INFO says and what is known */
    int databases;                  /* 16 */
    int64_t max_clients;            /* excess sessions are refused in Redis's words */
    uint64_t max_memory;            /* bytes; 0: no limit */
    struct bytes max_memory_policy; /* "volatile-lru" */
    struct bytes notify_keyspace_events;
    int64_t idle_timeout_ms; /* 0: never; Azure 600000 */
    bool clustered;
    int replicas; /* that follow this primary, as INFO, ROLE and WAIT tell */
    char
        zones[INSTANCE_MOST_NODES]; /* in which each node lies, a digit; 0: in none that is known */
    int port, tls_port;             /* as INFO and CLIENT LIST show them */
    const struct sentinel_host *sentinel; /* it is a Sentinel; outlives the instance */
    bool appends; /* an append-only file is kept, as INFO persistence tells */
};

struct instance *instance_create(const struct instance_config *config, struct clock *clock,
                                 struct random *random);
void instance_destroy(struct instance *instance); /* its sessions must be gone */
/* Applies what may change while running (all but name, profile and version). */
void instance_configure(struct instance *instance, const struct instance_config *config);

/*
 * The passwords of user "default": primary and secondary key. Both empty: no password needed in
 * PROFILE_REDIS, nobody gets in otherwise. Sessions already in stay in.
 */
void instance_set_keys(struct instance *instance, struct bytes primary, struct bytes secondary);
bool instance_check_key(const struct instance *instance, struct bytes key);
/*
 * Whom the host lets in by other means than keys (session_host.authenticate), and what they may do:
 * ACL rules, as ACL SETUSER takes them. Rules that this version does not know are left out. Who is
 * not listed any more loses his connections; who still is has the new rules from now on.
 */
struct instance_account {
    struct bytes name, rules;
};
void instance_set_accounts(struct instance *instance, const struct instance_account *accounts,
                           size_t count);
struct bytes instance_name(const struct instance *instance);
void instance_run_id(const struct instance *instance, char text[41]);
enum instance_profile instance_profile(const struct instance *instance);

struct keyspace *instance_database(struct instance *instance, int index); /* NULL: out of range */
int instance_database_count(const struct instance *instance);
/* Counts every change of data since the start, in all nodes of a cluster; persistence compares it.
 */
uint64_t instance_changes(const struct instance *instance);
uint64_t instance_memory(const struct instance *instance); /* used_memory */
uint64_t instance_resident_bytes(const struct instance *instance);
void instance_flush(struct instance *instance); /* all databases, silently */
/* The same, and without scripts, functions, slow log and statistics: as after a start. */
void instance_reset(struct instance *instance);

/* Visits every session; the visitor may close the present one. */
void instance_each_session(struct instance *instance,
                           void (*visit)(void *context, struct session *session), void *context);

/*
 * The nodes that an instance stands for: 0 to the number of replicas, one of them the primary. The
 * data is the same on all of them.
 */
int instance_primary_node(const struct instance *instance);
/* The next node is the primary now, as another run of the server. */
void instance_fail_over(struct instance *instance);
/* No node takes writes until the next failover, or until it is set back. */
void instance_set_demoted(struct instance *instance, bool demoted);
/* The zone of a node as sessions count them: from 1, 0 the primary, whichever that is. */
char instance_zone(const struct instance *instance, int node);
enum { INSTANCE_ALL_NODES = -1, INSTANCE_REPLICAS = -2 };
/* Ends the sessions at that node (those at no node in particular are at the primary). */
void instance_close_node(struct instance *instance, int node);

/* Figures that only the host knows, for INFO. */
struct instance_host_info {
    /* Memory of the process that stands for this instance; NULL: what it counts itself. */
    uint64_t (*resident_bytes)(void *context, const struct instance *instance);
    int64_t pid;
    const char *executable, *config_file;
    bool rewrites; /* config_file is a redis.conf, which CONFIG REWRITE writes */
    struct bytes os;
    /* SAVE, SHUTDOWN; NULL: there is nothing to write, nobody to stop. */
    void *context;
    bool (*save)(void *context, struct instance *instance);
    /* The dump of the last save (DEBUG RELOAD NOSAVE); false: there is none. May be NULL. */
    bool (*saved_dump)(void *context, struct instance *instance, struct buf *dump);
    void (*stop)(void *context);
    /* The files of settings and users. The failure as errno, 0: none. NULL: there are no files. */
    int (*read_file)(void *context, const char *path, struct buf *content);
    int (*write_file)(void *context, const char *path, struct bytes content);
    /* REPLICAOF: calls replica_follow and brings the primary's data; `host` empty: NO ONE. */
    void (*follow)(void *context, struct instance *instance, struct bytes host, int port);
    /* MIGRATE: the rest is between the host and resp/migration.h. NULL: nowhere can be reached. */
    void (*migrate)(void *context, struct instance *instance, struct bytes host, int port,
                    int64_t timeout_ms);
    /* Whether a published message gets lost on its way to a subscriber. May be NULL. */
    bool (*lose)(void *context, const struct session *subscriber, struct bytes channel);
};
void instance_set_host_info(struct instance *instance, const struct instance_host_info *info);

/* Live figures for monitors (admin API, metrics). Counters since start. */
struct instance_stats {
    uint64_t connections_received, commands_processed, rejected_connections;
    uint64_t input_bytes, output_bytes;
    uint64_t expired_keys, evicted_keys, keyspace_hits, keyspace_misses;
    uint64_t get_commands, set_commands, errors;
    uint64_t accounts_ended; /* connections closed because what they signed in with had expired */
    uint64_t keys, used_memory, used_memory_peak, max_memory;
    int64_t connected_clients, operations_per_second, blocked_clients;
    int64_t account_clients; /* signed in with an account, not with a key */
    int64_t slow_readers;    /* with more than INSTANCE_SLOW_READER bytes of answers waiting */
};
#define INSTANCE_SLOW_READER 1000000 /* where Azure begins to speak of unresponsive clients */
void instance_stats(const struct instance *instance, struct instance_stats *stats);

/* How long commands took, with what they waited for pauses and faults. */
struct instance_latency {
    uint64_t commands, total_us, minimum_us, maximum_us;
    uint64_t percentile_99_us; /* to a power of two */
};
/* Of the commands since this was last asked; for one who asks regularly. */
void instance_take_latency(struct instance *instance, struct instance_latency *latency);

#endif
