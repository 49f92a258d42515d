#include "resp/cluster_move.h"

#include <string.h>

#include "resp/instance_state.h"

void cluster_grow(struct cluster *cluster, int count, struct random *random)
{
    cluster->shards = memory_resize(cluster->shards, (size_t)count * sizeof(*cluster->shards));
    for (int i = cluster->count; i < count; i++) {
        cluster->shards[i] = (struct cluster_shard){0};
        cluster_name_members(&cluster->shards[i], random);
    }
    cluster->count = count;
}

static int destination(const struct cluster *cluster, int slot)
{
    int shard = cluster_even_owner(cluster->move.shards, slot);
    return shard == cluster->owners[slot] ? -1 : shard;
}

int cluster_move_target(const struct cluster *cluster, int slot)
{
    const struct cluster_move *move = &cluster->move;
    return move->first < 0 || slot < move->first || slot > move->last ? -1
                                                                      : destination(cluster, slot);
}

/* ---- Keys ---- */

static int to_destination(const struct cluster *cluster, int slot, struct bytes key)
{
    (void)key;
    return cluster_move_target(cluster, slot);
}

/* Every other key, whichever those are. */
static int half(const struct cluster *cluster, int slot, struct bytes key)
{
    unsigned sum = 0;
    int target = cluster_move_target(cluster, slot);
    for (size_t i = 0; target >= 0 && i < key.size; i++) {
        sum += (unsigned char)key.data[i];
    }
    return sum % 2 == 0 ? target : -1;
}

static void move_keys(struct cluster *cluster,
                      int (*where)(const struct cluster *cluster, int slot, struct bytes key))
{
    for (int i = 0; i < cluster->count; i++) {
        cluster_sort_out(cluster, cluster->shards[i].instance, where);
    }
}

/* ---- Clients ---- */

/* Who waits for a key that is elsewhere now is sent there. */
static void send_on(struct cluster *cluster, struct instance *instance)
{
    for (struct session *session = instance->sessions, *next; session != NULL; session = next) {
        const struct blocked *blocked = &session->blocked;
        int slot = -1;
        next = session->next;
        if (blocked->active && blocked->place_count > 0) {
            cluster_slot_of_call(blocked->entry->command, blocked->argv, blocked->argc, &slot);
        }
        if (slot >= 0 && cluster_owner(cluster, slot)->instance != instance) {
            struct bytes address = cluster_address(cluster, session);
            char *error = string_format(
                "MOVED %d %.*s:%d", slot, (int)address.size, address.data,
                cluster_port(cluster_primary(cluster_owner(cluster, slot)), session->tls));
            block_release(session, error);
            memory_free(error);
        }
    }
}

/* ---- Steps ---- */

static void arrive(struct cluster *cluster)
{
    struct cluster_move *move = &cluster->move;
    if (move->first < 0) {
        return;
    }
    move_keys(cluster, to_destination);
    for (int slot = move->first; slot <= move->last; slot++) {
        cluster->owners[slot] = (unsigned char)cluster_even_owner(move->shards, slot);
    }
    move->first = -1;
    for (int i = 0; i < cluster->count; i++) {
        send_on(cluster, cluster->shards[i].instance);
    }
}

/* Slots that stay where they are lie between those in flight, and do no harm there. */
static bool depart(struct cluster *cluster)
{
    struct cluster_move *move = &cluster->move;
    int first = -1, slot = move->next, count = 0;
    for (; slot < CLUSTER_SLOTS && count < move->at_once; slot++) {
        if (destination(cluster, slot) >= 0) {
            first = first < 0 ? slot : first;
            move->last = slot;
            count++;
        }
    }
    move->first = first;
    move->next = slot;
    if (first >= 0) {
        move_keys(cluster, half);
    }
    return first >= 0;
}

void cluster_move_begin(struct cluster *cluster, int shards)
{
    int count = 0;
    cluster->move = (struct cluster_move){.shards = shards, .first = -1};
    for (int slot = 0; slot < CLUSTER_SLOTS; slot++) {
        count += destination(cluster, slot) >= 0 ? 1 : 0;
    }
    cluster->move.at_once = count / CLUSTER_MOVE_STEPS + 1;
    depart(cluster);
}

bool cluster_move_step(struct cluster *cluster)
{
    arrive(cluster);
    return depart(cluster);
}

void cluster_move_finish(struct cluster *cluster, int shards)
{
    struct cluster_move *move = &cluster->move;
    move->shards = shards;
    move->first = 0;
    move->last = CLUSTER_SLOTS - 1;
    arrive(cluster);
    *move = (struct cluster_move){.first = -1};
}
