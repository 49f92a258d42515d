/* INFO: one function per section, listed in a table. */
#include "resp/info.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "resp/info_state.h"
#include "resp/sentinel.h"

void info_line(struct info_writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    buf_vprintf(writer->text, format, arguments);
    va_end(arguments);
    buf_append_string(writer->text, "\r\n");
}

static void section_server(struct info_writer *writer)
{
    struct instance *instance = writer->instance;
    struct utsname system;
    uname(&system);
    int64_t uptime = (writer->now_ms - instance->started_ms) / 1000;
    info_line(writer, "redis_version:%s", instance->version);
    info_line(writer, "redis_git_sha1:00000000");
    info_line(writer, "redis_git_dirty:0");
    info_line(writer, "redis_build_id:0");
    info_line(writer, "redis_mode:%s",
              instance->sentinel != NULL ? "sentinel"
              : instance->clustered      ? "cluster"
                                         : "standalone");
    info_line(writer, "os:%s %s %s", system.sysname, system.release, system.machine);
    info_line(writer, "arch_bits:%zu", sizeof(void *) * 8);
    if (writer->modern) {
        info_line(writer, "monotonic_clock:POSIX clock_gettime");
    }
    info_line(writer, "multiplexing_api:epoll");
    info_line(writer, "atomicvar_api:%s", writer->middle ? "c11-builtin" : "atomic-builtin");
#if defined(__GNUC__) && !defined(__clang__)
    info_line(writer, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
    info_line(writer, "gcc_version:0.0.0");
#endif
    info_line(writer, "process_id:%lld", (long long)instance->host.pid);
    if (writer->modern) {
        info_line(writer, "process_supervised:no");
    }
    info_line(writer, "run_id:%s", instance->run_id);
    info_line(writer, "tcp_port:%d", instance->port);
    if (writer->middle) {
        info_line(writer, "server_time_usec:%lld", (long long)clock_now_us(instance->clock));
    }
    info_line(writer, "uptime_in_seconds:%lld", (long long)uptime);
    info_line(writer, "uptime_in_days:%lld", (long long)(uptime / 86400));
    info_line(writer, "hz:10");
    info_line(writer, "configured_hz:10");
    info_line(writer, "lru_clock:%lld", (long long)(writer->now_ms / 1000 & 0xffffff));
    info_line(writer, "executable:%s",
              instance->host.executable == NULL ? "" : instance->host.executable);
    info_line(writer, "config_file:%s",
              instance->host.config_file == NULL ? "" : instance->host.config_file);
    info_line(writer, "io_threads_active:0");
}

static void section_clients(struct info_writer *writer)
{
    struct instance *instance = writer->instance;
    size_t largest_input = 0, largest_output = 0;
    for (const struct session *session = instance->sessions; session != NULL;
         session = session->next) {
        size_t input = parser_pending(&session->parser), output = session->reply.output.size;
        largest_input = input > largest_input ? input : largest_input;
        largest_output = output > largest_output ? output : largest_output;
    }
    info_line(writer, "connected_clients:%lld", (long long)instance->session_count);
    if (writer->middle) {
        info_line(writer, "cluster_connections:0");
        info_line(writer, "maxclients:%lld", (long long)instance->max_clients);
    }
    info_line(writer, "client_recent_max_input_buffer:%zu", largest_input);
    info_line(writer, "client_recent_max_output_buffer:%zu", largest_output);
    info_line(writer, "blocked_clients:%lld", (long long)instance->blocked_count);
    info_line(writer, "tracking_clients:%llu", (ull)instance->tracking.sessions);
    info_line(writer, "clients_in_timeout_table:0");
}

static void section_persistence(struct info_writer *writer)
{
    const struct instance *instance = writer->instance;
    info_line(writer, "loading:0");
    if (writer->middle) {
        info_line(writer, "async_loading:0");
        info_line(writer, "current_cow_peak:0");
        info_line(writer, "current_cow_size:0");
        info_line(writer, "current_cow_size_age:0");
        info_line(writer, "current_fork_perc:0.00");
        info_line(writer, "current_save_keys_processed:0");
        info_line(writer, "current_save_keys_total:0");
    }
    info_line(writer, "rdb_changes_since_last_save:%llu",
              (ull)(instance->changes - instance->saved_changes));
    info_line(writer, "rdb_bgsave_in_progress:0");
    info_line(writer, "rdb_last_save_time:%lld", (long long)(instance->saved_ms / 1000));
    info_line(writer, "rdb_last_bgsave_status:ok");
    info_line(writer, "rdb_last_bgsave_time_sec:-1");
    info_line(writer, "rdb_current_bgsave_time_sec:-1");
    if (writer->middle) {
        info_line(writer, "rdb_saves:0");
    }
    info_line(writer, "rdb_last_cow_size:0");
    if (writer->modern) {
        info_line(writer, "rdb_last_load_keys_expired:0");
        info_line(writer, "rdb_last_load_keys_loaded:0");
    }
    info_line(writer, "aof_enabled:%d", instance->appends ? 1 : 0);
    info_line(writer, "aof_rewrite_in_progress:0");
    info_line(writer, "aof_rewrite_scheduled:0");
    info_line(writer, "aof_last_rewrite_time_sec:-1");
    info_line(writer, "aof_current_rewrite_time_sec:-1");
    info_line(writer, "aof_last_bgrewrite_status:ok");
    if (writer->modern) {
        info_line(writer, "aof_rewrites:0");
        info_line(writer, "aof_rewrites_consecutive_failures:0");
    }
    info_line(writer, "aof_last_write_status:ok");
    info_line(writer, "aof_last_cow_size:0");
    info_line(writer, "module_fork_in_progress:0");
    info_line(writer, "module_fork_last_cow_size:0");
    if (instance->appends) {
        /* What the file would hold is what the data takes. */
        info_line(writer, "aof_current_size:%llu", (ull)instance->keyspace_memory);
        info_line(writer, "aof_base_size:%llu", (ull)instance->keyspace_memory);
        info_line(writer, "aof_pending_rewrite:0");
        info_line(writer, "aof_buffer_length:0");
        if (!writer->modern) {
            info_line(writer, "aof_rewrite_buffer_length:0");
        }
        info_line(writer, "aof_pending_bio_fsync:0");
        info_line(writer, "aof_delayed_fsync:0");
    }
}

static void section_stats(struct info_writer *writer)
{
    struct instance *instance = writer->instance;
    instance_sample_rates(instance, writer->now_ms);
    info_line(writer, "total_connections_received:%llu", (ull)instance->stats.connections);
    info_line(writer, "total_commands_processed:%llu", (ull)instance->stats.commands);
    info_line(writer, "instantaneous_ops_per_sec:%llu",
              (ull)rate_per_second(&instance->commands_rate));
    info_line(writer, "total_net_input_bytes:%llu", (ull)instance->stats.input_bytes);
    info_line(writer, "total_net_output_bytes:%llu", (ull)instance->stats.output_bytes);
    if (writer->modern) {
        info_line(writer, "total_net_repl_input_bytes:0");
        info_line(writer, "total_net_repl_output_bytes:0");
    }
    info_line(writer, "instantaneous_input_kbps:%.2f",
              (double)rate_per_second(&instance->input_rate) / 1024);
    info_line(writer, "instantaneous_output_kbps:%.2f",
              (double)rate_per_second(&instance->output_rate) / 1024);
    if (writer->modern) {
        info_line(writer, "instantaneous_input_repl_kbps:0.00");
        info_line(writer, "instantaneous_output_repl_kbps:0.00");
    }
    info_line(writer, "rejected_connections:%llu", (ull)instance->stats.rejected_connections);
    info_line(writer, "sync_full:%llu", (ull)instance->stats.full_syncs);
    info_line(writer, "sync_partial_ok:%llu", (ull)instance->stats.partial_syncs);
    info_line(writer, "sync_partial_err:%llu", (ull)instance->stats.failed_syncs);
    if (instance_runs(instance, "7.4.0")) {
        info_line(writer, "expired_subkeys:%llu", (ull)instance->stats.expired_fields);
    }
    info_line(writer, "expired_keys:%llu", (ull)instance->stats.expired_keys);
    info_line(writer, "expired_stale_perc:0.00");
    info_line(writer, "expired_time_cap_reached_count:0");
    info_line(writer, "expire_cycle_cpu_milliseconds:0");
    info_line(writer, "evicted_keys:%llu", (ull)instance->stats.evicted_keys);
    if (writer->modern) {
        info_line(writer, "evicted_clients:0");
        info_line(writer, "total_eviction_exceeded_time:0");
        info_line(writer, "current_eviction_exceeded_time:0");
    }
    info_line(writer, "keyspace_hits:%llu", (ull)instance->stats.hits);
    info_line(writer, "keyspace_misses:%llu", (ull)instance->stats.misses);
    info_line(writer, "pubsub_channels:%zu",
              dict_count(&instance->pubsub.channels[PUBSUB_CHANNEL]));
    info_line(writer, "pubsub_patterns:%zu",
              dict_count(&instance->pubsub.channels[PUBSUB_PATTERN]));
    if (writer->modern) {
        info_line(writer, "pubsubshard_channels:%zu",
                  dict_count(&instance->pubsub.channels[PUBSUB_SHARD]));
    }
    info_line(writer, "latest_fork_usec:0");
    if (writer->middle) {
        info_line(writer, "total_forks:0");
    }
    info_line(writer, "migrate_cached_sockets:0");
    info_line(writer, "slave_expires_tracked_keys:0");
    info_line(writer, "active_defrag_hits:0");
    info_line(writer, "active_defrag_misses:0");
    info_line(writer, "active_defrag_key_hits:0");
    info_line(writer, "active_defrag_key_misses:0");
    if (writer->modern) {
        info_line(writer, "total_active_defrag_time:0");
        info_line(writer, "current_active_defrag_time:0");
    }
    info_line(writer, "tracking_total_keys:%zu", dict_count(&instance->tracking.keys));
    info_line(writer, "tracking_total_items:%llu", (ull)instance->tracking.items);
    info_line(writer, "tracking_total_prefixes:%zu", tracking_prefix_count(instance));
    info_line(writer, "unexpected_error_replies:0");
    if (writer->middle) {
        info_line(writer, "total_error_replies:%llu", (ull)instance->stats.errors);
        info_line(writer, "dump_payload_sanitizations:0");
    }
    info_line(writer, "total_reads_processed:%llu", (ull)instance->stats.reads);
    info_line(writer, "total_writes_processed:%llu", (ull)instance->stats.writes);
    info_line(writer, "io_threaded_reads_processed:0");
    info_line(writer, "io_threaded_writes_processed:0");
    if (writer->modern) {
        info_line(writer, "reply_buffer_shrinks:0");
        info_line(writer, "reply_buffer_expands:0");
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void section_cpu(struct info_writer *writer)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    info_line(writer, "used_cpu_sys:%.6f", seconds(own.ru_stime));
    info_line(writer, "used_cpu_user:%.6f", seconds(own.ru_utime));
    info_line(writer, "used_cpu_sys_children:%.6f", seconds(children.ru_stime));
    info_line(writer, "used_cpu_user_children:%.6f", seconds(children.ru_utime));
    if (writer->middle) {
        info_line(writer, "used_cpu_sys_main_thread:%.6f", seconds(own.ru_stime));
        info_line(writer, "used_cpu_user_main_thread:%.6f", seconds(own.ru_utime));
    }
}

static void section_modules(struct info_writer *writer)
{
    (void)writer; /* no module is ever loaded: the heading stands alone */
}

static void command_lines(struct info_writer *writer, const struct command_entry *entries,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct command_entry *entry = &entries[i];
        char name[64];
        command_full_name(entry, name);
        double each = entry->calls == 0 ? 0 : (double)entry->microseconds / (double)entry->calls;
        if (entry->calls + entry->rejected + entry->failed > 0) {
            buf_printf(writer->text, "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f", name,
                       (ull)entry->calls, (ull)entry->microseconds, each);
            if (writer->middle) {
                buf_printf(writer->text, ",rejected_calls=%llu,failed_calls=%llu",
                           (ull)entry->rejected, (ull)entry->failed);
            }
            info_line(writer, "%s", "");
        }
        command_lines(writer, entry->subcommands, entry->subcommand_count);
    }
}

static void section_commandstats(struct info_writer *writer)
{
    command_lines(writer, writer->instance->commands.entries, writer->instance->commands.count);
}

static int compare_codes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void section_errorstats(struct info_writer *writer)
{
    struct dict *counts = &writer->instance->error_counts;
    struct bytes *codes = memory_allocate(dict_count(counts) * sizeof(*codes) + 1);
    size_t found = 0;
    const uint64_t *count;
    for (struct dict_cursor cursor = dict_begin(counts); (count = dict_next(&cursor)) != NULL;) {
        codes[found++] = dict_key(counts, count);
    }
    qsort(codes, found, sizeof(*codes), compare_codes);
    for (size_t i = 0; i < found; i++) {
        count = dict_find(counts, codes[i]);
        info_line(writer, "errorstat_%.*s:count=%llu", (int)codes[i].size, codes[i].data,
                  (ull)*count);
    }
    memory_free(codes);
}

/* The upper end of the step that so many of the calls stayed below. */
static double percentile_us(const struct command_entry *entry, double percentile)
{
    uint64_t total = 0, seen = 0;
    size_t bucket = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        total += entry->histogram[i];
    }
    double wanted = (double)total * percentile / 100;
    while (bucket + 1 < LATENCY_BUCKETS &&
           (seen += entry->histogram[bucket]) < (uint64_t)ceil(wanted)) {
        bucket++;
    }
    return (double)latency_bucket_ns(bucket) / 1000;
}

static void latency_lines(struct info_writer *writer, const struct command_entry *entries,
                          size_t count)
{
    const char *percentiles = setting_value(writer->instance, "latency-tracking-info-percentiles");
    for (size_t i = 0; i < count; i++) {
        const struct command_entry *entry = &entries[i];
        char name[64], *end;
        command_full_name(entry, name);
        if (entry->histogram != NULL) {
            buf_printf(writer->text, "latency_percentiles_usec_%s:", name);
            const char *at = percentiles;
            for (double percentile = strtod(at, &end); end != at;
                 at = end, percentile = strtod(at, &end)) {
                at += *at == ' ' ? 1 : 0;
                buf_printf(writer->text, "%sp%.*s=%.3f", at == percentiles ? "" : ",",
                           (int)(end - at), at, percentile_us(entry, percentile));
            }
            info_line(writer, "%s", "");
        }
        latency_lines(writer, entry->subcommands, entry->subcommand_count);
    }
}

static void section_latencystats(struct info_writer *writer)
{
    if (strcmp(setting_value(writer->instance, "latency-tracking"), "yes") == 0) {
        latency_lines(writer, writer->instance->commands.entries, writer->instance->commands.count);
    }
}

static void section_cluster(struct info_writer *writer)
{
    info_line(writer, "cluster_enabled:%d", writer->instance->clustered ? 1 : 0);
}

static void section_keyspace(struct info_writer *writer)
{
    for (int i = 0; i < writer->instance->database_count; i++) {
        struct keyspace *db = writer->instance->databases[i];
        if (keyspace_count(db) > 0) {
            buf_printf(writer->text, "db%d:keys=%zu,expires=%zu,avg_ttl=%lld", i,
                       keyspace_count(db), keyspace_expiring_count(db),
                       (long long)keyspace_average_ttl_ms(db));
            if (instance_runs(writer->instance, "7.4.0")) {
                buf_printf(writer->text, ",subexpiry=%zu", keyspace_scheduled_count(db));
            }
            info_line(writer, "%s", "");
        }
    }
}

static void section_sentinel(struct info_writer *writer)
{
    const struct sentinel_host *host = writer->instance->sentinel;
    struct sentinel_master master;
    size_t count = 0;
    while (host->master_at(host->context, count, false, &master)) {
        count++;
    }
    info_line(writer, "sentinel_masters:%zu", count);
    info_line(writer, "sentinel_tilt:0");
    info_line(writer, "sentinel_tilt_since_seconds:-1");
    info_line(writer, "sentinel_running_scripts:0");
    info_line(writer, "sentinel_scripts_queue_length:0");
    info_line(writer, "sentinel_simulate_failure_flags:0");
    for (size_t i = 0; host->master_at(host->context, i, writer->session->tls, &master); i++) {
        info_line(writer, "master%zu:name=%.*s,status=ok,address=%.*s:%d,slaves=%d,sentinels=1", i,
                  (int)master.name.size, master.name.data, (int)master.address.size,
                  master.address.data, master.port, master.replicas);
    }
}

static const struct section {
    const char *name, *heading;
    void (*write)(struct info_writer *writer);
    bool by_default;
    const char *since;
} sections[] = {
    {"server", "Server", section_server, true, "1.0.0"},
    {"clients", "Clients", section_clients, true, "1.0.0"},
    {"memory", "Memory", info_memory, true, "1.0.0"},
    {"persistence", "Persistence", section_persistence, true, "1.0.0"},
    {"stats", "Stats", section_stats, true, "1.0.0"},
    {"replication", "Replication", info_replication, true, "1.0.0"},
    {"cpu", "CPU", section_cpu, true, "1.0.0"},
    {"modules", "Modules", section_modules, true, "6.0.0"},
    {"commandstats", "Commandstats", section_commandstats, false, "1.0.0"},
    {"errorstats", "Errorstats", section_errorstats, true, "6.2.0"},
    {"latencystats", "Latencystats", section_latencystats, false, "7.0.0"},
    {"cluster", "Cluster", section_cluster, true, "3.0.0"},
    {"keyspace", "Keyspace", section_keyspace, true, "1.0.0"},
    {"sentinel", "Sentinel", section_sentinel, true, "2.8.4"},
};

static bool wanted(const struct section *section, const struct bytes *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (bytes_equal_string_nocase(names[i], section->name) ||
            bytes_equal_string_nocase(names[i], "all") ||
            bytes_equal_string_nocase(names[i], "everything") ||
            (bytes_equal_string_nocase(names[i], "default") && section->by_default)) {
            return true;
        }
    }
    return count == 0 && section->by_default;
}

/* A Sentinel has no data to tell of. */
static bool shown(const struct instance *instance, const struct section *section)
{
    static const char *const of_sentinel[] = {"server", "clients", "cpu", "stats", "sentinel"};
    bool fits = section->write != section_sentinel;
    for (size_t i = 0; instance->sentinel != NULL && i < ARRAY_LEN(of_sentinel); i++) {
        fits = strcmp(section->name, of_sentinel[i]) == 0;
        if (fits) {
            break;
        }
    }
    return fits && instance_runs(instance, section->since);
}

void info_write(const struct session *session, const struct bytes *names, int count, int64_t now_ms,
                struct buf *text)
{
    struct instance *instance = session->instance;
    struct info_writer writer = {instance,
                                 session,
                                 now_ms,
                                 text,
                                 instance_runs(instance, "6.2.0"),
                                 instance_runs(instance, "7.0.0")};
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (shown(instance, &sections[i]) && wanted(&sections[i], names, count)) {
            if (text->size > 0) {
                info_line(&writer, "%s", "");
            }
            info_line(&writer, "# %s", sections[i].heading);
            sections[i].write(&writer);
        }
    }
}
