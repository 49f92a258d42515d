#include "resp/cluster.h"

#include <assert.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/cluster_move.h"
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

void cluster_name_members(struct cluster_shard *shard, struct random *random)
{
    for (int node = 0; node < CLUSTER_MEMBERS; node++) {
        make_id(random, shard->members[node].id);
    }
}

struct cluster *cluster_create(struct bytes address, int count, struct random *random)
{
    struct cluster *cluster = memory_allocate_zeroed(sizeof(*cluster));
    cluster->address = bytes_to_string(address);
    assert(count > 0 && count < CLUSTER_SHARDS);
    cluster->count = count;
    cluster->shards = memory_allocate_zeroed((size_t)count * sizeof(*cluster->shards));
    for (int i = 0; i < count; i++) {
        struct cluster_shard *shard = &cluster->shards[i];
        cluster_name_members(shard, random);
    }
    for (int slot = 0; slot < CLUSTER_SLOTS; slot++) {
        cluster->owners[slot] = (unsigned char)cluster_even_owner(count, slot);
    }
    cluster->move.first = -1;
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
    return &cluster->shards[cluster->owners[slot]];
}

int cluster_even_owner(int count, int slot)
{
    /* redis-cli --cluster create rounds the shares like this. */
    int shard = (int)((double)slot * count / CLUSTER_SLOTS);
    while (shard > 0 && slot < (int)((double)CLUSTER_SLOTS / count * shard + 0.5)) {
        shard--;
    }
    while (slot >= (int)((double)CLUSTER_SLOTS / count * (shard + 1) + 0.5)) {
        shard++;
    }
    return shard;
}

bool cluster_next_range(const struct cluster *cluster, const struct cluster_shard *shard,
                        int *first, int *last)
{
    int number = (int)(shard - cluster->shards);
    while (*first < CLUSTER_SLOTS && cluster->owners[*first] != number) {
        ++*first;
    }
    *last = *first;
    while (*last + 1 < CLUSTER_SLOTS && cluster->owners[*last + 1] == number) {
        ++*last;
    }
    return *first < CLUSTER_SLOTS;
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
    int (*where)(const struct cluster *cluster, int slot, struct bytes key);
    struct buf keys; /* each with its size and its shard in front */
};

struct parcel {
    size_t size;
    int shard;
};

static void note_misplaced(void *context, struct bytes key, struct entry *entry)
{
    struct misplaced *misplaced = context;
    struct parcel parcel = {key.size, misplaced->where(misplaced->cluster, cluster_slot(key), key)};
    (void)entry;
    if (parcel.shard >= 0 &&
        misplaced->cluster->shards[parcel.shard].instance != misplaced->instance) {
        buf_append(&misplaced->keys, (struct bytes){(const char *)&parcel, sizeof(parcel)});
        buf_append(&misplaced->keys, key);
    }
}

static void move_key(struct keyspace *from, struct keyspace *to, struct bytes key)
{
    const struct value_type *type;
    int64_t expires_at_ms;
    void *data = keyspace_take(from, key, &type, &expires_at_ms);
    if (data != NULL) {
        keyspace_set_expiry(to, keyspace_set_take(to, key, type, data), expires_at_ms);
    }
}

void cluster_sort_out(struct cluster *cluster, struct instance *instance,
                      int (*where)(const struct cluster *cluster, int slot, struct bytes key))
{
    struct misplaced misplaced = {.cluster = cluster, .instance = instance, .where = where};
    buf_init(&misplaced.keys, SIZE_MAX);
    keyspace_each(instance->databases[0], note_misplaced, &misplaced);
    struct bytes keys = buf_bytes(&misplaced.keys);
    for (size_t at = 0; at < keys.size;) {
        struct parcel parcel;
        memcpy(&parcel, keys.data + at, sizeof(parcel));
        at += sizeof(parcel);
        move_key(instance->databases[0], cluster->shards[parcel.shard].instance->databases[0],
                 bytes_slice(keys, at, at + parcel.size));
        at += parcel.size;
    }
    buf_finish(&misplaced.keys);
}

static int to_owner(const struct cluster *cluster, int slot, struct bytes key)
{
    (void)key;
    return cluster->owners[slot];
}

void cluster_take_keys(struct cluster *cluster, struct instance *instance)
{
    cluster_sort_out(cluster, instance, to_owner);
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

/* How many keys of the call, or of what waits for EXEC, are here, and how many are not. */
struct presence {
    int present, missing;
};

static void look_for_keys(const struct call *call, const struct command *command,
                          const struct bytes *argv, int argc, struct presence *presence)
{
    struct command_key *keys = memory_allocate((size_t)argc * sizeof(*keys));
    int count = command_keys(command, argv, argc, keys, argc);
    for (int i = 0; i < count; i++) {
        const struct entry *entry =
            keyspace_peek_at(call->instance->databases[0], argv[keys[i].index], call->now_ms);
        *(entry == NULL ? &presence->missing : &presence->present) += 1;
    }
    memory_free(keys);
}

static struct presence presence_of(const struct call *call, bool exec)
{
    struct presence presence = {0};
    const struct transaction *transaction = &call->session->transaction;
    if (!exec) {
        look_for_keys(call, call->command, call->argv, call->argc, &presence);
    }
    for (size_t i = 0; exec && i < transaction->count; i++) {
        const struct queued_command *queued = &transaction->commands[i];
        look_for_keys(call, queued->entry->command, queued->argv, queued->argc, &presence);
    }
    return presence;
}

static void redirect(const struct call *call, const char *word, int slot,
                     const struct cluster_shard *shard)
{
    const struct session *session = call->session;
    struct bytes address = cluster_address(call->instance->cluster, session);
    reply_errorf(call->reply, "%s %d %.*s:%d", word, slot, (int)address.size, address.data,
                 cluster_port(cluster_primary(shard), session->tls));
}

enum verdict { VERDICT_HERE, VERDICT_MOVED, VERDICT_ASK, VERDICT_TRY_AGAIN };

/* Of a slot that is on its way: this shard gives it away, or is given it. */
static enum verdict judge_in_flight(const struct call *call, bool exec, bool owned, bool asking)
{
    struct presence presence = presence_of(call, exec);
    if (owned) {
        bool some = presence.present > 0 && call_supports(call, "7.0.0");
        return presence.missing == 0 ? VERDICT_HERE : some ? VERDICT_TRY_AGAIN : VERDICT_ASK;
    }
    bool several = presence.present + presence.missing > 1;
    return !asking                           ? VERDICT_MOVED
           : several && presence.missing > 0 ? VERDICT_TRY_AGAIN
                                             : VERDICT_HERE;
}

/* ASKING holds for the next command, or for the next transaction. */
static bool take_asking(struct call *call)
{
    bool asking = call->session->asking || (call->command->flags & CMD_ASKING) != 0;
    call->session->asking &=
        call->session->in_transaction && (call->command->flags & CMD_TRANSACTION) == 0;
    return asking;
}

static enum verdict judge(struct call *call, bool exec, int slot)
{
    const struct cluster *cluster = call->instance->cluster;
    const struct session *session = call->session;
    bool asking = take_asking(call);
    /* A replica serves those who said READONLY, and only reads. */
    bool replica = session_at_replica(session);
    bool here = !replica || (session->readonly && !call_has(call, CMD_WRITE | CMD_MAY_REPLICATE));
    if (slot < 0) {
        return VERDICT_HERE;
    }
    bool owned = cluster_owner(cluster, slot)->instance == call->instance;
    int target = cluster_move_target(cluster, slot);
    bool given = target >= 0 && cluster->shards[target].instance == call->instance;
    if (!replica && ((owned && target >= 0) || given)) {
        return judge_in_flight(call, exec, owned, asking);
    }
    return here && owned ? VERDICT_HERE : VERDICT_MOVED;
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
    enum verdict verdict = one ? judge(call, exec, slot) : VERDICT_HERE;
    if (!one) {
        reply_error(call->reply, ERROR_CROSS_SLOT);
    } else if (verdict == VERDICT_HERE) {
        return true;
    } else if (verdict == VERDICT_TRY_AGAIN) {
        reply_error(call->reply, ERROR_TRY_AGAIN);
    } else if (verdict == VERDICT_ASK) {
        redirect(call, "ASK", slot, &cluster->shards[cluster_move_target(cluster, slot)]);
    } else {
        redirect(call, "MOVED", slot, cluster_owner(cluster, slot));
    }
    if (exec) {
        transaction_discard(call->session);
        watch_forget(call->session);
    }
    return false;
}
