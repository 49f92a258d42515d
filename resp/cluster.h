/*
 * A clustered cache: its primaries, each an instance with a share of the 16384 hash slots. The
 * shares are even, as the service makes them, and move only when the number of shards changes
 * (resp/cluster_move.h). The nodes share nothing but this table.
 */
#ifndef RESP_CLUSTER_H
#define RESP_CLUSTER_H

#include "base/random.h"
#include "resp/command.h"

struct command_entry;
struct instance;

enum { CLUSTER_SLOTS = 16384, CLUSTER_ID_SIZE = 40, CLUSTER_MEMBERS = 4 };

/* A primary or a replica, as clients are told of it. */
struct cluster_member {
    char id[CLUSTER_ID_SIZE + 1];
    int port, tls_port; /* where clients reach it; 0: not at all */
};

/*
 * One instance serves all nodes of a shard: the primary (instance_primary_node) and as many
 * replicas as the instance has, which hold the same data at any time.
 */
struct cluster_shard {
    struct instance *instance;
    struct cluster_member members[CLUSTER_MEMBERS]; /* by node */
};

/* Slots on their way to other shards. */
struct cluster_move {
    int shards;            /* that there will be; 0: nothing moves */
    int first, last, next; /* those in flight, and where the next ones begin; first < 0: none */
    int at_once;           /* how many go together */
};

struct cluster {
    char *address; /* of all nodes: an IP address or a name */
    struct cluster_shard *shards;
    int count;
    unsigned char owners[CLUSTER_SLOTS]; /* shards by number */
    struct cluster_move move;
};

enum { CLUSTER_SHARDS = 256 }; /* at most */

/* `count` shards without instances; `random` makes the IDs of their nodes. */
struct cluster *cluster_create(struct bytes address, int count, struct random *random);
void cluster_destroy(struct cluster *cluster); /* its instances must be gone; NULL is fine */
/* The instance is this shard from now on; before it has clients. */
void cluster_join(struct cluster *cluster, int shard, struct instance *instance);
void cluster_leave(struct instance *instance);
/* New IDs for the nodes of a shard. */
void cluster_name_members(struct cluster_shard *shard, struct random *random);

/*
 * After a change of nodes, or a load: the instance's keys go to the nodes of their slots. Those of
 * other databases than the first are dropped: nobody could reach them.
 */
void cluster_take_keys(struct cluster *cluster, struct instance *instance);
/* As far as the visitor says so, to the shard that it names; negative: the key stays. */
void cluster_sort_out(struct cluster *cluster, struct instance *instance,
                      int (*where)(const struct cluster *cluster, int slot, struct bytes key));

/* CRC16 of the key, or of what stands between its first braces. */
int cluster_slot(struct bytes key);
const struct cluster_shard *cluster_owner(const struct cluster *cluster, int slot);
/* Whose the slot is when there are so many shards. */
int cluster_even_owner(int count, int slot);
/*
 * The next run of slots of a shard from *first on, which is then *first to *last; false: none.
 *     for (int first = 0, last; cluster_next_range(cluster, shard, &first, &last); first = last +
 * 1)
 */
bool cluster_next_range(const struct cluster *cluster, const struct cluster_shard *shard,
                        int *first, int *last);
/* The shard that this instance is; NULL: it is in no cluster. */
const struct cluster_shard *cluster_myself(const struct instance *instance);
/*
 * The address of all nodes that a session is told: one that came to another loopback address, a
 * private endpoint's, stays there.
 */
struct bytes cluster_address(const struct cluster *cluster, const struct session *session);
/* Nodes of a shard: 1 and its replicas. The primary comes first, the others in their order. */
int cluster_member_count(const struct cluster_shard *shard);
int cluster_member_at(const struct cluster_shard *shard, int place); /* the node's number */
const struct cluster_member *cluster_primary(const struct cluster_shard *shard);
/* The port that a session of that kind is told. */
int cluster_port(const struct cluster_member *member, bool tls);

/*
 * The one slot of a command's keys. False: there are several. *slot -1: the command has no keys.
 */
bool cluster_slot_of_call(const struct command *command, const struct bytes *argv, int argc,
                          int *slot);
/* The command belongs here; else false after CROSSSLOT, MOVED, ASK or TRYAGAIN. */
bool cluster_serves_or_reply(struct call *call, struct command_entry *entry);

#endif
