#include "emulator/cache_nodes.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emulator/cache_host_state.h"
#include "resp/cluster.h"
#include "resp/pubsub.h"
#include "resp/replica.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define CHANNEL "AzureRedisEvents"

enum { FIRST_PLAIN = 13000, FIRST_TLS = 15000, NODES_PER_SHARD = 2 };

/* ---- Parts ---- */

static bool takes_part(int shard, int index)
{
    return shard < 0 || shard == index;
}

/* "2021-03-02T23:26:57": without the zone. */
static void format_start(int64_t at_ms, char text[32])
{
    text[0] = '\0';
    if (at_ms >= 0) {
        timestamp_format(at_ms, text);
        text[19] = '\0';
    }
}

static void tell_of_shard(struct cache *cache, int index, const char *type, const char *start,
                          bool replica)
{
    const struct instance *instance = cache_instance(cache, index);
    int node = (instance_primary_node(instance) + (replica ? 1 : 0)) % (cache->replicas + 1);
    int number = index * NODES_PER_SHARD + node;
    const struct cluster_member *member =
        cache->cluster == NULL ? NULL : &cache->cluster->shards[index].members[node];
    char *message = string_format("NotificationType|%s|StartTimeInUTC|%s|IsReplica|%s|IPAddress||"
                                  "SSLPort|%d|NonSSLPort|%d",
                                  type, start, replica ? "True" : "False",
                                  member != NULL ? member->tls_port : FIRST_TLS + number,
                                  member != NULL ? member->port : FIRST_PLAIN + number);
    /* Subscribers are spread over the shards, and each is to hear it. */
    for (int i = 0; i < cache_instance_count(cache); i++) {
        pubsub_publish(cache_instance(cache, i), PUBSUB_CHANNEL, BYTES(CHANNEL),
                       bytes_from_string(message));
    }
    memory_free(message);
}

void cache_nodes_tell(struct cache *cache, int shard, const char *type, int64_t starts_at_ms,
                      bool replica)
{
    char start[32];
    format_start(starts_at_ms, start);
    for (int i = 0; i < cache_instance_count(cache); i++) {
        if (takes_part(shard, i)) {
            tell_of_shard(cache, i, type, start, replica);
        }
    }
    log_info("cache", "told name=%s event=%s shard=%d", cache->name, type, shard);
}

static void close_nodes(struct cache *cache, int shard, int node, const char *reason)
{
    for (int i = 0; i < cache_instance_count(cache); i++) {
        if (takes_part(shard, i)) {
            instance_close_node(cache_instance(cache, i), node);
        }
    }
    log_info("cache", "connections cut name=%s shard=%d reason=\"%s\"", cache->name, shard, reason);
}

void cache_nodes_cut(struct cache *cache, int shard, const char *reason)
{
    close_nodes(cache, shard, INSTANCE_ALL_NODES, reason);
}

void cache_nodes_promote(struct cache_host *host, struct cache *cache, int shard)
{
    for (int i = 0; i < cache_instance_count(cache); i++) {
        struct instance *instance = cache_instance(cache, i);
        int old = instance_primary_node(instance);
        if (takes_part(shard, i)) {
            instance_fail_over(instance);
        }
        if (takes_part(shard, i) && host->config.promoted != NULL) {
            host->config.promoted(host->config.context, cache, i, old);
        }
    }
    cache->failovers++;
    cache_host_trouble(host, cache, shard, ARM_FIGURE_FAILOVERS);
    log_info("cache", "failed over name=%s shard=%d", cache->name, shard);
}

void cache_nodes_lose_data(struct cache_host *host, struct cache *cache, int shard)
{
    if (cache->persisted) {
        return;
    }
    for (int i = 0; i < cache_instance_count(cache); i++) {
        if (takes_part(shard, i)) {
            replica_clear(cache_instance(cache, i));
        }
    }
    cache->data_losses++;
    cache_host_trouble(host, cache, shard, ARM_FIGURE_DATA_LOSSES);
    log_info("cache", "data lost name=%s shard=%d", cache->name, shard);
}

/* ---- Sequences: what happens when ---- */

struct step {
    int64_t at_ms;     /* after the start of maintenance */
    const char *event; /* NULL: none */
    bool dated;
    void (*act)(struct cache_host *host, struct cache *cache, int shard); /* NULL: nothing */
};

static void set_demoted(struct cache *cache, int shard, bool demoted)
{
    for (int i = 0; i < cache_instance_count(cache); i++) {
        if (takes_part(shard, i)) {
            instance_set_demoted(cache_instance(cache, i), demoted);
        }
    }
}

static void demote(struct cache_host *host, struct cache *cache, int shard)
{
    (void)host;
    set_demoted(cache, shard, true);
}

static void cut_primary(struct cache_host *host, struct cache *cache, int shard)
{
    set_demoted(cache, shard, false);
    cache_nodes_cut(cache, shard, "the primary went");
    if (cache->replicas > 0) {
        cache_nodes_promote(host, cache, shard);
    } else {
        cache_nodes_lose_data(host, cache, shard);
    }
}

static void cut_all(struct cache_host *host, struct cache *cache, int shard)
{
    cache_nodes_cut(cache, shard, "all nodes restarted");
    cache_nodes_lose_data(host, cache, shard);
}

static void move(struct cache_host *host, struct cache *cache, int shard)
{
    (void)host;
    cache_nodes_cut(cache, shard, "scaled");
}

static const struct step planned[] = {
    {-14 * MINUTE, "NodeMaintenanceScheduled", true, NULL},
    {-20 * SECOND, "NodeMaintenanceStarting", true, NULL},
    {0, "NodeMaintenanceStart", false, NULL},
    {1 * SECOND, NULL, false, cut_primary},
    {11 * SECOND, "NodeMaintenanceFailover", false, NULL},
    {3 * MINUTE, "NodeMaintenanceEnded", false, NULL},
    {0},
};
static const struct step unplanned[] = {
    {0, "NodeMaintenanceStart", false, demote},
    {0, NULL, false, cut_primary},
    {10 * SECOND, "NodeMaintenanceFailover", false, NULL},
    {3 * MINUTE, "NodeMaintenanceEnded", false, NULL},
    {0},
};
static const struct step restart[] = {
    {0, "NodeMaintenanceStart", false, cut_all},
    {3 * MINUTE, "NodeMaintenanceEnded", false, NULL},
    {0},
};
static const struct step scaling[] = {
    {0, "NodeMaintenanceStart", false, move},
    {1 * SECOND, "NodeMaintenanceScaleComplete", false, NULL},
    {0},
};
static const struct step zone_failover[] = {
    {10 * SECOND, "NodeMaintenanceFailover", false, NULL},
    {0},
};
static const struct step replica_restart[] = {
    {0, "NodeMaintenanceStart", false, NULL},
    {3 * MINUTE, "NodeMaintenanceEnded", false, NULL},
    {0},
};

struct node_sequence {
    struct cache_host *host;
    struct cache *cache;
    int shard;
    bool replica;
    uint64_t owner; /* of planned maintenance; 0: none */
    const struct step *next_step;
    int64_t start_ms, delay_ms; /* the delay: of what follows the first step */
    struct timer timer;
    struct node_sequence *next;
};

static void sequence_end(struct node_sequence *sequence)
{
    struct node_sequence **at = &sequence->host->sequences;
    while (*at != sequence) {
        at = &(*at)->next;
    }
    *at = sequence->next;
    clock_disarm(sequence->host->config.clock, &sequence->timer);
    memory_free(sequence);
}

static bool over(const struct step *step)
{
    return step->event == NULL && step->act == NULL;
}

static void take_step(struct node_sequence *sequence)
{
    const struct step *step = sequence->next_step++;
    if (step->event != NULL) {
        cache_nodes_tell(sequence->cache, sequence->shard, step->event,
                         step->dated ? sequence->start_ms : -1, sequence->replica);
    }
    if (step->act != NULL) {
        step->act(sequence->host, sequence->cache, sequence->shard);
    }
}

/* Everything that is due, then the timer for the rest. */
static void go_on(struct timer *timer)
{
    struct node_sequence *sequence = CONTAINER_OF(timer, struct node_sequence, timer);
    struct clock *clock = sequence->host->config.clock;
    while (!over(sequence->next_step)) {
        int64_t due_ms = sequence->start_ms + sequence->next_step->at_ms;
        if (due_ms > clock_now_ms(clock)) {
            clock_arm(clock, timer, due_ms);
            return;
        }
        take_step(sequence);
        sequence->start_ms += sequence->delay_ms;
        sequence->delay_ms = 0;
    }
    sequence_end(sequence);
}

static void begin(struct cache_host *host, struct node_sequence sequence)
{
    struct node_sequence *begun = memory_allocate(sizeof(*begun));
    *begun = sequence;
    begun->host = host;
    begun->timer.fire = go_on;
    begun->next = host->sequences;
    host->sequences = begun;
    go_on(&begun->timer);
}

void cache_nodes_forget(struct cache_host *host, const struct cache *cache)
{
    for (struct node_sequence *sequence = host->sequences, *next; sequence != NULL;
         sequence = next) {
        next = sequence->next;
        if (sequence->cache == cache) {
            sequence_end(sequence);
        }
    }
}

void cache_nodes_call_off(struct cache_host *host, bool (*stands)(void *context, uint64_t owner),
                          void *context)
{
    int64_t now_ms = clock_now_ms(host->config.clock);
    for (struct node_sequence *sequence = host->sequences, *next; sequence != NULL;
         sequence = next) {
        next = sequence->next;
        if (sequence->owner != 0 && sequence->start_ms > now_ms &&
            !stands(context, sequence->owner)) {
            maintenance_windows_withdraw(&sequence->cache->maintenance, sequence->start_ms);
            log_info("cache", "maintenance called off name=%s", sequence->cache->name);
            sequence_end(sequence);
        }
    }
}

void cache_host_maintain(struct cache_host *host, struct cache *cache, int shard,
                         int64_t starts_at_ms, uint64_t owner)
{
    struct node_sequence sequence = {.cache = cache,
                                     .shard = shard,
                                     .owner = owner,
                                     .next_step = planned,
                                     .start_ms = starts_at_ms};
    int64_t notice_ms = starts_at_ms - clock_now_ms(host->config.clock);
    /* With a shorter notice the first message would say nothing new. */
    sequence.next_step += notice_ms <= -planned[1].at_ms ? 1 : 0;
    begin(host, sequence);
}

void cache_host_failover(struct cache_host *host, struct cache *cache, int shard,
                         int64_t readonly_ms)
{
    begin(host, (struct node_sequence){.cache = cache,
                                       .shard = shard,
                                       .next_step = unplanned,
                                       .start_ms = clock_now_ms(host->config.clock),
                                       .delay_ms = readonly_ms});
}

static bool electable(const struct cache_host *host, const struct cache *cache, char zone)
{
    return host->config.electable == NULL ||
           host->config.electable(host->config.context, cache, zone);
}

/* Whether the shard has a node where there still is something; that is the primary from now on. */
static bool leave_zone(struct cache_host *host, struct cache *cache, int shard)
{
    struct instance *instance = cache_instance(cache, shard);
    int old = instance_primary_node(instance);
    for (int turns = 0; turns < cache->replicas; turns++) {
        instance_fail_over(instance);
        if (electable(host, cache, instance_zone(instance, 0))) {
            if (host->config.promoted != NULL) {
                host->config.promoted(host->config.context, cache, shard, old);
            }
            return true;
        }
    }
    return false;
}

void cache_nodes_lose_zone(struct cache_host *host, struct cache *cache, char zone)
{
    for (int i = 0; i < cache_instance_count(cache); i++) {
        struct instance *instance = cache_instance(cache, i);
        bool primary = instance_zone(instance, 0) == zone;
        for (int node = 0; node <= cache->replicas; node++) {
            if (instance_zone(instance, node + 1) == zone) {
                instance_close_node(instance, node);
            }
        }
        if (!primary) {
            continue;
        }
        if (leave_zone(host, cache, i)) {
            cache->failovers++;
            cache_host_trouble(host, cache, i, ARM_FIGURE_FAILOVERS);
            begin(host, (struct node_sequence){.cache = cache,
                                               .shard = i,
                                               .next_step = zone_failover,
                                               .start_ms = clock_now_ms(host->config.clock)});
        } else {
            cache_nodes_lose_data(host, cache, i);
        }
        log_info("cache", "zone lost name=%s shard=%d zone=%c", cache->name, i, zone);
    }
}

void cache_nodes_scaled(struct cache_host *host, struct cache *cache)
{
    begin(host, (struct node_sequence){.cache = cache,
                                       .shard = -1,
                                       .next_step = scaling,
                                       .start_ms = clock_now_ms(host->config.clock)});
}

void cache_host_reboot(struct cache_host *host, struct bytes name, enum arm_nodes nodes, int shard)
{
    struct cache *cache = cache_host_find(host, name);
    if (cache == NULL || shard >= cache_instance_count(cache)) {
        return;
    }
    if (nodes == ARM_PRIMARY_NODE) {
        cache_host_failover(host, cache, shard, 0);
        return;
    }
    struct node_sequence sequence = {
        .cache = cache,
        .shard = shard,
        .replica = nodes == ARM_SECONDARY_NODE,
        .next_step = nodes == ARM_SECONDARY_NODE ? replica_restart : restart,
        .start_ms = clock_now_ms(host->config.clock),
    };
    if (nodes == ARM_SECONDARY_NODE) {
        close_nodes(cache, shard, INSTANCE_REPLICAS, "the replicas restart");
    }
    begin(host, sequence);
}
