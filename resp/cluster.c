#include "resp/cluster.h"

#include <string.h>

#include "resp/errors.h"
#include "resp/instance_state.h"

static void make_id(struct random *random, char id[CLUSTER_ID_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (int digit = 0; digit < CLUSTER_ID_SIZE; digit++) {
        id[digit] = digits[random_below(random, 16)];
    }
    id[CLUSTER_ID_SIZE] = '\0';
}

struct cluster *cluster_create(struct bytes address, int count, struct random *random)
{
    struct cluster *cluster = memory_allocate_zeroed(sizeof(*cluster));
    cluster->address = bytes_to_string(address);
    cluster->count = count;
    cluster->shards = memory_allocate_zeroed((size_t)count * sizeof(*cluster->shards));
    for (int i = 0; i < count; i++) {
        struct cluster_shard *shard = &cluster->shards[i];
        for (int node = 0; node < CLUSTER_MEMBERS; node++) {
            make_id(random, shard->members[node].id);
        }
        /* redis-cli --cluster create rounds the shares like this. */
        shard->first_slot = (int)((double)CLUSTER_SLOTS / count * i + 0.5);
        shard->last_slot = (int)((double)CLUSTER_SLOTS / count * (i + 1) + 0.5) - 1;
    }
    return cluster;
}

void cluster_destroy(struct cluster *cluster)
{
    if (cluster != NULL) {
        memory_free(cluster->shards);
        memory_free(cluster->address);
        memory_free(cluster);
    }
}

void cluster_join(struct cluster *cluster, int shard, struct instance *instance)
{
    cluster->shards[shard].instance = instance;
    instance->cluster = cluster;
}

void cluster_leave(struct instance *instance)
{
    instance->cluster = NULL;
}

/* ---- Slots ---- */

/* CRC16 of CCITT, the polynomial 0x1021 from the highest bit. */
static unsigned crc16(struct bytes text)
{
    unsigned crc = 0;
    for (size_t i = 0; i < text.size; i++) {
        crc ^= (unsigned)(unsigned char)text.data[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000u) != 0 ? crc << 1 ^ 0x1021u : crc << 1;
        }
        crc &= 0xffffu;
    }
    return crc;
}

int cluster_slot(struct bytes key)
{
    size_t open = bytes_find(key, '{');
    if (open < key.size) {
        struct bytes behind = bytes_slice(key, open + 1, key.size);
        size_t close = bytes_find(behind, '}');
        if (close > 0 && close < behind.size) {
            key = bytes_slice(behind, 0, close);
        }
    }
    return (int)(crc16(key) % CLUSTER_SLOTS);
}

const struct cluster_shard *cluster_owner(const struct cluster *cluster, int slot)
{
    const struct cluster_shard *node = cluster->shards;
    while (slot > node->last_slot) {
        node++;
    }
    return node;
}

const struct cluster_shard *cluster_myself(const struct instance *instance)
{
    const struct cluster *cluster = instance->cluster;
    for (int i = 0; cluster != NULL && i < cluster->count; i++) {
        if (cluster->shards[i].instance == instance) {
            return &cluster->shards[i];
        }
    }
    return NULL;
}

struct bytes cluster_address(const struct cluster *cluster, const struct session *session)
{
    struct bytes own = bytes_from_string(session->local_address);
    own = bytes_slice(own, 0, bytes_find(own, ':'));
    return bytes_start_with(own, BYTES("127.")) && !bytes_equal_string(own, "127.0.0.1")
               ? own
               : bytes_from_string(cluster->address);
}

int cluster_member_count(const struct cluster_shard *shard)
{
    int count = shard->instance->replicas + 1;
    return count < CLUSTER_MEMBERS ? count : CLUSTER_MEMBERS;
}

int cluster_member_at(const struct cluster_shard *shard, int place)
{
    return (instance_primary_node(shard->instance) + place) % cluster_member_count(shard);
}

const struct cluster_member *cluster_primary(const struct cluster_shard *shard)
{
    return &shard->members[cluster_member_at(shard, 0)];
}

int cluster_port(const struct cluster_member *member, bool tls)
{
    return tls ? member->tls_port : member->port;
}

/* ---- Moving keys ---- */

struct misplaced {
    const struct cluster *cluster;
    const struct instance *instance;
    struct buf keys; /* each with its size in front */
};

static void note_misplaced(void *context, struct bytes key, struct entry *entry)
{
    struct misplaced *misplaced = context;
    (void)entry;
    if (cluster_owner(misplaced->cluster, cluster_slot(key))->instance != misplaced->instance) {
        buf_append(&misplaced->keys, (struct bytes){(const char *)&key.size, sizeof(key.size)});
        buf_append(&misplaced->keys, key);
    }
}

static void move_key(const struct cluster *cluster, struct keyspace *from, struct bytes key)
{
    const struct value_type *type;
    int64_t expires_at_ms;
    struct keyspace *to = cluster_owner(cluster, cluster_slot(key))->instance->databases[0];
    void *data = keyspace_take(from, key, &type, &expires_at_ms);
    if (data != NULL) {
        keyspace_set_expiry(to, keyspace_set_take(to, key, type, data), expires_at_ms);
    }
}

void cluster_take_keys(struct cluster *cluster, struct instance *instance)
{
    struct misplaced misplaced = {.cluster = cluster, .instance = instance};
    buf_init(&misplaced.keys, SIZE_MAX);
    keyspace_each(instance->databases[0], note_misplaced, &misplaced);
    struct bytes keys = buf_bytes(&misplaced.keys);
    for (size_t at = 0; at < keys.size;) {
        size_t size;
        memcpy(&size, keys.data + at, sizeof(size));
        at += sizeof(size);
        move_key(cluster, instance->databases[0], bytes_slice(keys, at, at + size));
        at += size;
    }
    buf_finish(&misplaced.keys);
    /* Nodes have one database. */
    for (int i = 1; i < instance->database_count; i++) {
        if (keyspace_count(instance->databases[i]) > 0) {
            watch_touch_database(instance, instance->databases[i]);
            keyspace_clear(instance->databases[i]);
            instance->changes++;
        }
    }
}

/* ---- Redirection ---- */

bool cluster_slot_of_call(const struct command *command, const struct bytes *argv, int argc,
                          int *slot)
{
    struct command_key *keys = memory_allocate((size_t)argc * sizeof(*keys));
    int count = command_keys(command, argv, argc, keys, argc);
    bool one = true;
    *slot = -1;
    for (int i = 0; one && i < count; i++) {
        int of_key = cluster_slot(argv[keys[i].index]);
        one = *slot < 0 || *slot == of_key;
        *slot = of_key;
    }
    memory_free(keys);
    return one;
}

/* EXEC: all that waits for it belongs to one slot. */
static bool slot_of_transaction(const struct transaction *transaction, int *slot)
{
    *slot = -1;
    for (size_t i = 0; i < transaction->count; i++) {
        const struct queued_command *queued = &transaction->commands[i];
        int of_command;
        if (!cluster_slot_of_call(queued->entry->command, queued->argv, queued->argc,
                                  &of_command) ||
            (of_command >= 0 && *slot >= 0 && of_command != *slot)) {
            return false;
        }
        *slot = of_command >= 0 ? of_command : *slot;
    }
    return true;
}

bool cluster_serves_or_reply(struct call *call, struct command_entry *entry)
{
    const struct cluster *cluster = call->instance->cluster;
    if (cluster == NULL) {
        return true;
    }
    int slot;
    bool exec = (entry->command->flags & CMD_TRANSACTION) != 0;
    bool one = exec ? slot_of_transaction(&call->session->transaction, &slot)
                    : cluster_slot_of_call(entry->command, call->argv, call->argc, &slot);
    const struct session *session = call->session;
    /* A replica serves those who said READONLY, and only reads. */
    bool here = !session_at_replica(session) ||
                (session->readonly && !call_has(call, CMD_WRITE | CMD_MAY_REPLICATE));
    if (!one) {
        reply_error(call->reply, ERROR_CROSS_SLOT);
    } else if (slot < 0 || (here && cluster_owner(cluster, slot)->instance == call->instance)) {
        return true;
    } else {
        struct bytes address = cluster_address(cluster, session);
        reply_errorf(call->reply, "MOVED %d %.*s:%d", slot, (int)address.size, address.data,
                     cluster_port(cluster_primary(cluster_owner(cluster, slot)), session->tls));
    }
    if (exec) {
        transaction_discard(call->session);
        watch_forget(call->session);
    }
    return false;
}
