/* One emulated Redis: its configuration, databases, sessions and figures. */
#include "resp/instance.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "resp/cluster.h"
#include "resp/instance_state.h"
#include "resp/long_run.h"
#include "resp/migration.h"
#include "resp/watch.h"

enum { MOST_ERROR_CODES = 128 };

static void replace_text(char **text, struct bytes value)
{
    memory_free(*text);
    *text = bytes_to_string(value);
}

static void make_run_id(struct random *random, char text[41])
{
    unsigned char raw[20];
    random_fill(random, raw, sizeof(raw));
    for (size_t i = 0; i < sizeof(raw); i++) {
        snprintf(text + 2 * i, 3, "%02x", raw[i]);
    }
}

struct instance *instance_create(const struct instance_config *config, struct clock *clock,
                                 struct random *random)
{
    struct instance *instance = memory_allocate_zeroed(sizeof(*instance));
    instance->clock = clock;
    instance->random = random;
    instance->name = bytes_to_string(config->name);
    instance->version = bytes_to_string(config->version);
    instance->version_number = version_number(config->version);
    instance->most_words = instance_runs(instance, "7.0.0") ? INT32_MAX : 1024 * 1024;
    instance->profile = config->profile;
    instance->packing = (struct packing_limits)PACKING_DEFAULTS;
    instance->packing.random = random;
    instance->packing.sorted_set_texts = !instance_runs(instance, "7.0.0");
    if (instance_runs(instance, "7.2.0")) {
        instance->packing.set_entries = 128;
        instance->packing.set_value = 64;
    }
    instance->database_count = config->databases > 0 ? config->databases : 16;
    instance->databases =
        memory_allocate_zeroed((size_t)instance->database_count * sizeof(struct keyspace *));
    for (int i = 0; i < instance->database_count; i++) {
        instance->databases[i] = keyspace_create(instance, i);
    }
    instance->keys[0] = string_duplicate("");
    instance->keys[1] = string_duplicate("");
    instance->started_ms = clock_now_ms(clock);
    instance->saved_ms = instance->started_ms;
    instance->started_us = clock_monotonic_us();
    instance_make_run_ids(instance);
    scripts_init(instance);
    functions_init(instance);
    dict_init(&instance->watched, sizeof(struct watchers), NULL, random);
    pubsub_init(&instance->pubsub, random);
    latency_init(&instance->latency, random);
    configuration_init(&instance->configuration);
    tracking_table_init(&instance->tracking, random);
    dict_init(&instance->blocked_keys, sizeof(struct block_queue), NULL, random);
    instance->ready_end = &instance->ready;
    dict_init(&instance->error_counts, sizeof(uint64_t), NULL, random);
    instance->sentinel = config->sentinel;
    command_table_init(&instance->commands, instance->version_number,
                       config->sentinel != NULL             ? TIER_SENTINEL
                       : config->profile == PROFILE_REDIS   ? TIER_REDIS
                       : config->profile == PROFILE_MANAGED ? TIER_MANAGED
                                                            : TIER_AZURE);
    instance->acl = acl_create(instance);
    instance_configure(instance, config);
    return instance;
}

void instance_make_run_id(struct instance *instance, char text[41])
{
    make_run_id(instance->random, text);
}

void instance_make_run_ids(struct instance *instance)
{
    make_run_id(instance->random, instance->run_id);
    replication_history_begin(instance, NULL);
}

static bool is_configured_as(const struct instance *instance, const struct instance_config *config)
{
    int notify = 0;
    notify_parse(config->notify_keyspace_events, &notify);
    return instance->max_clients == config->max_clients &&
           instance->max_memory == config->max_memory &&
           bytes_equal_string(config->max_memory_policy, instance->max_memory_policy) &&
           instance->pubsub.notify == notify &&
           instance->idle_timeout_ms == config->idle_timeout_ms &&
           instance->clustered == config->clustered && instance->replicas == config->replicas &&
           memcmp(instance->zones, config->zones, sizeof(instance->zones)) == 0 &&
           instance->port == config->port && instance->tls_port == config->tls_port;
}

void instance_configure(struct instance *instance, const struct instance_config *config)
{
    if (instance->configured && is_configured_as(instance, config)) {
        return; /* a reset asks this of every cache */
    }
    instance->configured = true;
    instance->max_clients = config->max_clients;
    instance->max_memory = config->max_memory;
    if (!eviction_set_policy(instance, config->max_memory_policy)) {
        eviction_set_policy(instance, BYTES("noeviction"));
    }
    if (!notify_parse(config->notify_keyspace_events, &instance->pubsub.notify)) {
        instance->pubsub.notify = 0;
    }
    instance->idle_timeout_ms = config->idle_timeout_ms;
    instance->clustered = config->clustered;
    instance->replicas = config->replicas;
    memcpy(instance->zones, config->zones, sizeof(instance->zones));
    instance->port = config->port;
    instance->tls_port = config->tls_port;
    instance->appends = config->appends;
    configuration_mirror(instance);
}

void instance_refresh_thresholds(struct instance *instance)
{
    instance->slow_log.threshold_us = setting_number(instance, "slowlog-log-slower-than");
    instance->slow_log.maximum = (size_t)setting_number(instance, "slowlog-max-len");
    instance->latency.threshold_ms = setting_number(instance, "latency-monitor-threshold");
    instance->eviction.samples = (int)setting_number(instance, "maxmemory-samples");
    instance->eviction.decay_minutes = setting_number(instance, "lfu-decay-time");
    instance->busy_threshold_ms = setting_number(instance, "busy-reply-threshold");
    instance->eviction.log_factor = setting_number(instance, "lfu-log-factor");
}

void instance_reset_statistics(struct instance *instance)
{
    memset(&instance->stats, 0, sizeof(instance->stats));
    dict_clear(&instance->error_counts);
    command_table_reset_counters(&instance->commands);
    instance->peak_memory = instance_memory(instance);
    instance->commands_rate = instance->input_rate = instance->output_rate = (struct rate){0};
}

void instance_destroy(struct instance *instance)
{
    if (instance == NULL) {
        return;
    }
    assert(instance->sessions == NULL);
    scripts_finish(instance);
    functions_finish(instance);
    long_run_destroy(instance->long_run);
    acl_destroy(instance->acl);
    replica_finish(&instance->replica);
    migration_forget(instance);
    replication_backlog_finish(instance);
    for (int i = 0; i < instance->database_count; i++) {
        keyspace_destroy(instance->databases[i]);
    }
    memory_free(instance->databases);
    remains_finish(instance);
    command_table_finish(&instance->commands);
    dict_finish(&instance->watched);
    pubsub_finish(&instance->pubsub);
    latency_finish(&instance->latency);
    slow_log_finish(&instance->slow_log);
    configuration_finish(&instance->configuration);
    tracking_table_finish(&instance->tracking);
    clock_disarm(instance->clock, &instance->pause);
    dict_finish(&instance->blocked_keys);
    dict_finish(&instance->error_counts);
    memory_free(instance->keys[0]);
    memory_free(instance->keys[1]);
    memory_free(instance->max_memory_policy);
    memory_free(instance->name);
    memory_free(instance->version);
    memory_free(instance);
}

void instance_set_keys(struct instance *instance, struct bytes primary, struct bytes secondary)
{
    replace_text(&instance->keys[0], primary);
    replace_text(&instance->keys[1], secondary);
}

bool instance_check_key(const struct instance *instance, struct bytes key)
{
    bool right = false;
    for (size_t i = 0; i < ARRAY_LEN(instance->keys); i++) {
        struct bytes known = bytes_from_string(instance->keys[i]);
        right |= known.size > 0 && bytes_equal_secret(known, key);
    }
    return right;
}

void instance_run_id(const struct instance *instance, char text[41])
{
    memcpy(text, instance->run_id, sizeof(instance->run_id));
}

struct bytes instance_name(const struct instance *instance)
{
    return bytes_from_string(instance->name);
}

enum instance_profile instance_profile(const struct instance *instance)
{
    return instance->profile;
}

bool instance_runs(const struct instance *instance, const char *version)
{
    return version_number(bytes_from_string(version)) <= instance->version_number;
}

struct keyspace *instance_database(struct instance *instance, int index)
{
    return index < 0 || index >= instance->database_count ? NULL : instance->databases[index];
}

int instance_database_count(const struct instance *instance)
{
    return instance->database_count;
}

uint64_t instance_changes(const struct instance *instance)
{
    const struct cluster *cluster = instance->cluster;
    uint64_t changes = cluster == NULL ? instance->changes : 0;
    for (int i = 0; cluster != NULL && i < cluster->count; i++) {
        changes += cluster->shards[i].instance->changes;
    }
    return changes;
}

uint64_t instance_replication_offset(const struct instance *instance)
{
    if (replica_follows(instance)) {
        return instance->replica.relays ? instance->feed.offset : instance->replica.offset;
    }
    /* Replicas that share this memory have no stream to count in. */
    return instance->backlog.instance != NULL                       ? instance->feed.offset
           : instance->replicas > 0 || instance->feed.first != NULL ? instance->changes
                                                                    : instance->feed.offset;
}

uint64_t instance_memory(const struct instance *instance)
{
    uint64_t total = sizeof(*instance) + instance->keyspace_memory + instance->session_memory +
                     instance->ballast + instance->leaked +
                     memory_size(instance->commands.entries) +
                     memory_size(instance->commands.slots);
    for (int i = 0; i < instance->database_count; i++) {
        total += keyspace_memory(instance->databases[i]);
    }
    return total;
}

uint64_t instance_resident_bytes(const struct instance *instance)
{
    uint64_t used = instance_memory(instance);
    uint64_t resident = instance->host.resident_bytes == NULL
                            ? 0
                            : instance->host.resident_bytes(instance->host.context, instance);
    return resident > used ? resident : used;
}

void instance_flush(struct instance *instance)
{
    for (int i = 0; i < instance->database_count; i++) {
        watch_touch_database(instance, instance->databases[i]);
        keyspace_clear(instance->databases[i]);
        blocking_database_changed(instance, instance->databases[i]);
    }
    tracking_flushed(instance);
    instance->changes++;
    replication_copy_anew(instance);
}

void instance_reset(struct instance *instance)
{
    instance_flush(instance);
    scripts_flush(instance);
    functions_flush(instance);
    slow_log_clear(&instance->slow_log);
    instance_reset_statistics(instance);
}

void instance_each_session(struct instance *instance,
                           void (*visit)(void *context, struct session *session), void *context)
{
    for (struct session *session = instance->sessions, *next; session != NULL; session = next) {
        next = session->next;
        visit(context, session);
    }
}

void instance_set_host_info(struct instance *instance, const struct instance_host_info *info)
{
    instance->host = *info;
}

void instance_add_session(struct instance *instance, struct session *session)
{
    session->next = instance->sessions;
    session->previous = NULL;
    if (instance->sessions != NULL) {
        instance->sessions->previous = session;
    }
    instance->sessions = session;
    instance->session_count++;
    session->instance = instance;
    session->memory = memory_size(session);
    instance->session_memory += session->memory;
}

void instance_remove_session(struct instance *instance, struct session *session)
{
    if (session->previous != NULL) {
        session->previous->next = session->next;
    } else {
        instance->sessions = session->next;
    }
    if (session->next != NULL) {
        session->next->previous = session->previous;
    }
    instance->session_count--;
    instance->session_memory -= session->memory;
    session->memory = 0;
}

void instance_settle(struct instance *instance)
{
    if (instance->ready != NULL) {
        blocking_serve(instance);
    }
    if (instance->tracking.sessions > 0) {
        tracking_deliver(instance);
    }
}

void instance_count_error(struct instance *instance, struct bytes text)
{
    instance->stats.errors++;
    size_t end = bytes_find(text, ' ');
    struct bytes code = end < text.size ? bytes_slice(text, 0, end) : BYTES("ERR");
    if (dict_find(&instance->error_counts, code) == NULL &&
        dict_count(&instance->error_counts) >= MOST_ERROR_CODES) {
        return;
    }
    bool created;
    uint64_t *count = dict_insert(&instance->error_counts, code, &created);
    ++*count;
}

static void rate_sample(struct rate *rate, uint64_t total, int64_t now_ms)
{
    int64_t elapsed = now_ms - rate->last_ms;
    if (elapsed < RATE_SAMPLE_MS) {
        return;
    }
    if (elapsed > RATE_SAMPLE_MS * RATE_SAMPLES) {
        /* Long unseen: spread over the whole window, as sampling would have shown it. */
        for (size_t i = 0; i < RATE_SAMPLES; i++) {
            rate->samples[i] = (total - rate->last_total) * 1000 / (uint64_t)elapsed;
        }
    } else {
        rate->samples[rate->next++ % RATE_SAMPLES] =
            (total - rate->last_total) * 1000 / (uint64_t)elapsed;
    }
    rate->last_total = total;
    rate->last_ms = now_ms;
}

void instance_sample_rates(struct instance *instance, int64_t now_ms)
{
    if (now_ms - instance->commands_rate.last_ms < RATE_SAMPLE_MS) {
        return;
    }
    rate_sample(&instance->commands_rate, instance->stats.commands, now_ms);
    rate_sample(&instance->input_rate, instance->stats.input_bytes, now_ms);
    rate_sample(&instance->output_rate, instance->stats.output_bytes, now_ms);
    uint64_t memory = instance_memory(instance);
    instance->peak_memory = memory > instance->peak_memory ? memory : instance->peak_memory;
}

uint64_t rate_per_second(const struct rate *rate)
{
    uint64_t total = 0;
    for (size_t i = 0; i < RATE_SAMPLES; i++) {
        total += rate->samples[i];
    }
    return total / RATE_SAMPLES;
}

void instance_stats(const struct instance *instance, struct instance_stats *stats)
{
    *stats = (struct instance_stats){
        .connections_received = instance->stats.connections,
        .commands_processed = instance->stats.commands,
        .rejected_connections = instance->stats.rejected_connections,
        .input_bytes = instance->stats.input_bytes,
        .output_bytes = instance->stats.output_bytes,
        .expired_keys = instance->stats.expired_keys,
        .evicted_keys = instance->stats.evicted_keys,
        .keyspace_hits = instance->stats.hits,
        .keyspace_misses = instance->stats.misses,
        .get_commands = instance->stats.get_commands,
        .set_commands = instance->stats.set_commands,
        .errors = instance->stats.errors,
        .accounts_ended = instance->stats.accounts_ended,
        .used_memory = instance_memory(instance),
        .used_memory_peak = instance->peak_memory,
        .max_memory = instance->max_memory,
        .connected_clients = instance->session_count,
        .blocked_clients = instance->blocked_count,
        .account_clients = instance->account_count,
        .operations_per_second = (int64_t)rate_per_second(&instance->commands_rate),
    };
    if (stats->used_memory_peak < stats->used_memory) {
        stats->used_memory_peak = stats->used_memory;
    }
    for (int i = 0; i < instance->database_count; i++) {
        stats->keys += keyspace_count(instance->databases[i]);
    }
    for (const struct session *session = instance->sessions; session != NULL;
         session = session->next) {
        stats->slow_readers += session_output(session).size > INSTANCE_SLOW_READER ? 1 : 0;
    }
}

void instance_take_latency(struct instance *instance, struct instance_latency *latency)
{
    struct latency_window *window = &instance->latencies;
    *latency = (struct instance_latency){
        .commands = window->commands,
        .total_us = window->total_us,
        .minimum_us = window->minimum_us,
        .maximum_us = window->maximum_us,
        .percentile_99_us = latency_window_percentile(window, 0.99),
    };
    *window = (struct latency_window){0};
}
