/*
 * The inside of an instance and of a session, for the modules of resp/ only.
 */
#ifndef RESP_INSTANCE_STATE_H
#define RESP_INSTANCE_STATE_H

#include "base/dict.h"
#include "resp/acl.h"
#include "resp/blocking_state.h"
#include "resp/configuration.h"
#include "resp/eviction.h"
#include "resp/follower.h"
#include "resp/function_library.h"
#include "resp/latency.h"
#include "resp/slow_log.h"
#include "resp/command_table.h"
#include "resp/instance.h"
#include "resp/keyspace.h"
#include "resp/parser.h"
#include "resp/pubsub.h"
#include "resp/remains.h"
#include "resp/replica.h"
#include "resp/replication_backlog.h"
#include "resp/replication_feed.h"
#include "resp/replication_history.h"
#include "resp/scripts.h"
#include "resp/session.h"
#include "resp/tracking.h"
#include "resp/types/packing.h"

#define RATE_SAMPLES 16
#define ERROR_CODE_SIZE 24
#define RATE_SAMPLE_MS 100

/* A figure per second over the last samples, as Redis's instantaneous_ metrics. */
struct rate {
    uint64_t last_total;
    int64_t last_ms;
    uint64_t samples[RATE_SAMPLES];
    size_t next;
};

struct instance {
    char *name, *version;
    unsigned version_number;
    int64_t most_words; /* of one command */
    enum instance_profile profile;
    int database_count;
    struct keyspace **databases;
    int64_t max_clients;
    uint64_t max_memory;
    char *max_memory_policy;
    int64_t idle_timeout_ms;
    bool clustered, configured;
    struct cluster *cluster; /* borrowed; NULL: none */
    int replicas;
    char zones[INSTANCE_MOST_NODES];
    int primary_node; /* which of the 1 + replicas; clients of the others only read */
    bool demoted;     /* no node is the primary at the moment */
    int port, tls_port;
    bool appends;
    struct packing_limits packing;
    struct configuration configuration;
    struct eviction eviction;
    int eviction_turn; /* database that a random policy looks at next */
    struct slow_log slow_log;
    struct latency latency;

    struct clock *clock;
    struct random *random;
    struct command_table commands;
    char *keys[2];
    char run_id[41];
    struct replication_history history;
    int64_t started_ms, started_us; /* emulated ms; real monotonic us */
    struct instance_host_info host;

    struct session *sessions;                                  /* newest first */
    int64_t session_count, authenticated_count, account_count; /* signed in with an account */
    uint64_t next_session_id;
    struct dict watched; /* database and key -> struct watchers */

    const struct sentinel_host *sentinel; /* NULL: it is none */
    struct replication_feed feed;
    struct replication_backlog backlog;
    struct replica replica; /* of whom; nobody's as long as it has no host */
    struct pubsub pubsub;
    struct tracking_table tracking;
    struct timer pause;          /* armed: CLIENT PAUSE is in force until it fires */
    struct migration *migration; /* NULL: no MIGRATE is under way; writes wait for its end */
    bool pause_writes_only;
    size_t monitors;
    const struct observer *observer; /* NULL: nobody is told of commands */
    struct session *current;         /* whose command runs */
    int64_t current_ms;              /* when that command takes place */

    struct acl *acl;
    struct scripts scripts;
    struct function_store functions;
    struct long_run *long_run; /* NULL until the first one */
    int64_t busy_threshold_ms; /* from then on a script lets others be answered */
    int64_t lap_us;            /* when the command before ended, within one input; 0: none did */
    int64_t lap_ms;            /* the clock, as read for the first of these commands */
    int64_t lap_read_us;       /* about when that was */
    int64_t snapshot_ms;       /* what time it is for a script; 0: none runs */

    struct dict blocked_keys; /* database and key -> struct block_queue */
    struct block_queue *ready, **ready_end;
    bool serving_blocked;
    int64_t blocked_count;

    int64_t saved_ms; /* when, and at which count of changes, data was saved last */
    uint64_t saved_changes;
    uint64_t changes, keyspace_memory, session_memory, peak_memory;
    struct remains remains;
    uint64_t ballast;            /* memory that others seem to take: resp/interference.h */
    uint64_t leaked;             /* DEBUG LEAK's, likewise */
    bool expires_lazily;         /* nothing expires by itself (DEBUG) */
    bool scripts_run_everything; /* commands that scripts may not run otherwise (DEBUG) */
    bool checksums_ignored;      /* of payloads given to RESTORE (DEBUG) */
    struct {
        uint64_t connections, commands, rejected_connections, input_bytes, output_bytes;
        uint64_t expired_keys, expired_fields, evicted_keys, hits, misses, errors, lazy_freed;
        uint64_t get_commands, set_commands, accounts_ended;
        uint64_t full_syncs, partial_syncs, failed_syncs; /* of followers */
        uint64_t reads, writes; /* of bytes, however many commands they held */
    } stats;
    struct latency_window latencies; /* since instance_take_latency */
    struct dict error_counts;        /* code -> uint64_t; bounded */
    struct rate commands_rate, input_rate, output_rate;
};

/* One command that waits for EXEC. */
struct queued_command {
    struct command_entry *entry;
    int argc;
    struct bytes *argv; /* words behind it in the same block */
};

struct transaction {
    struct queued_command *commands;
    size_t count, capacity;
    unsigned flags; /* of any of them */
    bool failed;    /* a command was refused while queueing: EXECABORT */
};

struct session_subscriptions {
    struct subscription *first;
    size_t count;
};

struct session {
    struct instance *instance;
    struct session *next, *previous;
    uint64_t id;
    struct session_host host;
    struct parser parser;
    struct reply reply;
    struct keyspace *db;
    int descriptor;
    int node; /* as in struct session_peer */
    bool tls, authenticated, closing, broken;
    bool in_transaction, dirty; /* dirty: a watched key changed */
    bool replies_off, skip_reply, skip_next_reply;
    char error_code[ERROR_CODE_SIZE]; /* of the last error answered: "WRONGTYPE" */
    bool running;
    bool suspended; /* its command is stopped in the middle: resp/long_run.h */
    bool ready;     /* session_next found a command that is not run yet */
    char *address, *local_address, *name, *user;
    int64_t waited_us;        /* of the command under way, before it ran */
    struct acl_user *account; /* of its instance; what it may do */
    char *library_name, *library_version;
    struct command_entry *entry; /* of the ready command; NULL: unknown */
    struct command_entry *last;  /* for CLIENT LIST */
    struct transaction transaction;
    struct session_watch *watches;
    struct blocked blocked;
    struct tracking tracking;

    bool monitor, no_evict, no_touch, readonly, asking;
    struct follower *follower; /* NULL: it is no replica */
    int listening_port;        /* that it says it has */
    struct session_subscriptions subscriptions[PUBSUB_KINDS];
    int64_t created_ms, active_ms;
    uint64_t output_total;
    struct timer idle, access_end;
    size_t memory; /* as accounted in the instance */
};

/* What INFO, ROLE and CLUSTER call the offset of replication: 0 where nobody replicates. */
uint64_t instance_replication_offset(const struct instance *instance);

/* The instance side of a session. */
void instance_add_session(struct instance *instance, struct session *session);
void instance_remove_session(struct instance *instance, struct session *session);
/* What a command left to be done when it is over: waiting clients, invalidations. */
void instance_settle(struct instance *instance);
/* Thresholds that are read often, taken from the settings. */
void instance_refresh_thresholds(struct instance *instance);
void instance_reset_statistics(struct instance *instance);
/* A new run of the server, as INFO tells it. */
void instance_make_run_ids(struct instance *instance);
void instance_make_run_id(struct instance *instance, char text[41]);
void instance_count_error(struct instance *instance, struct bytes text);
void instance_sample_rates(struct instance *instance, int64_t now_ms);
uint64_t rate_per_second(const struct rate *rate);
/* True when `version` ("7.0.0") is not newer than what the instance runs. */
bool instance_runs(const struct instance *instance, const char *version);

/* sign_in.c. The whole of AUTH; false after answering. */
bool session_authenticate_or_reply(struct call *call, struct bytes user, struct bytes password);
/* Back to nobody, who may come in where no password is needed. */
void session_sign_out(struct session *session);
void session_access_ended(struct timer *timer);
/* The suspended command is over. */
void session_resumed(struct session *session);
void session_select(struct session *session, int index);
void session_reset(struct session *session); /* RESET */
/* After a command: whether CLIENT REPLY drops the next one's answer. */
void session_settle_muting(struct session *session);
/*
 * Around output that nobody asked for (messages, invalidations): CLIENT REPLY does not hide it.
 * Keep what begin returns for end, which wakes the host if the session is not at work itself.
 */
bool session_push_begin(struct session *session);
void session_push_end(struct session *session, bool muted);
void session_arm_idle(struct session *session);
void session_stop_monitoring(struct session *session);
/* Connected to a node that is not the primary. */
bool session_at_replica(const struct session *session);
/* A RESP2 client that may only (un)subscribe, ping and leave. */
bool session_listens(const struct session *session);
/* The words in one block, memory_free. */
struct bytes *words_copy(const struct bytes *words, int count);

/* dispatch.c */
void dispatch(struct session *session, struct command_entry *entry, const struct bytes *argv,
              int argc);
/* Runs the handler without gates and counts it: dispatch's last step, and EXEC's (nested). */
void dispatch_run(struct session *session, struct command_entry *entry, const struct bytes *argv,
                  int argc, bool nested);
/* Runs a waiting client's handler again. */
void dispatch_resume(struct session *session, struct command_entry *entry, const struct bytes *argv,
                     int argc, struct bytes ready_key);
/* The call that a ready command, which did not run yet, would be. */
struct call dispatch_pending(struct session *session);
/* What follows a handler: figures, the slow log, tracking. */
void dispatch_finish(struct call *call, struct command_entry *entry, int64_t start_us);
void reply_unknown_command(struct call *call);
void reply_unknown_subcommand(struct call *call);

/*
 * A command is refused before it runs. With EXEC falls its transaction, and the error says so:
 * Redis answers EXECABORT and the reason.
 */
void call_refuse(struct call *call, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether the command, or one of those that EXEC would run, has one of these flags. */
bool call_has(const struct call *call, unsigned flags);

/* transaction.c */
void transaction_discard(struct session *session);
void transaction_queue(struct session *session, struct command_entry *entry,
                       const struct bytes *argv, int argc);

/* watch.c */
void watch_touch(struct instance *instance, int database, struct bytes key);
void watch_touch_database(struct instance *instance, struct keyspace *db);
void watch_add(struct session *session, struct bytes key);
void watch_forget(struct session *session);
size_t watch_count(const struct session *session);

/* keyspace.c */
struct keyspace *keyspace_create(struct instance *instance, int index);
void keyspace_destroy(struct keyspace *keyspace);

#endif
