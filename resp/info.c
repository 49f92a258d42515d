/* INFO: one function per section, listed in a table. */
#include "resp/info.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "resp/instance_state.h"
#include "resp/lua/engine.h"

typedef unsigned long long ull;

struct writer {
    struct instance *instance;
    const struct session *session; /* who asks */
    int64_t now_ms;
    struct buf *text;
    bool middle, modern; /* 6.2 and 7.0 */
};

static void line(struct writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);
static void line(struct writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    buf_vprintf(writer->text, format, arguments);
    va_end(arguments);
    buf_append_string(writer->text, "\r\n");
}

/* "1.50M", as Redis shows sizes to people. */
static void human(uint64_t bytes, char text[32])
{
    static const char units[] = "BKMGTP";
    double amount = (double)bytes;
    size_t unit = 0;
    while (amount >= 1024 && unit < sizeof(units) - 2) {
        amount /= 1024;
        unit++;
    }
    snprintf(text, 32, unit == 0 ? "%.0f%c" : "%.2f%c", amount, units[unit]);
}

static void section_server(struct writer *writer)
{
    struct instance *instance = writer->instance;
    struct utsname system;
    uname(&system);
    int64_t uptime = (writer->now_ms - instance->started_ms) / 1000;
    line(writer, "redis_version:%s", instance->version);
    line(writer, "redis_git_sha1:00000000");
    line(writer, "redis_git_dirty:0");
    line(writer, "redis_build_id:0");
    line(writer, "redis_mode:%s", instance->clustered ? "cluster" : "standalone");
    line(writer, "os:%s %s %s", system.sysname, system.release, system.machine);
    line(writer, "arch_bits:%zu", sizeof(void *) * 8);
    if (writer->modern) {
        line(writer, "monotonic_clock:POSIX clock_gettime");
    }
    line(writer, "multiplexing_api:epoll");
    line(writer, "atomicvar_api:%s", writer->middle ? "c11-builtin" : "atomic-builtin");
#if defined(__GNUC__) && !defined(__clang__)
    line(writer, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
    line(writer, "gcc_version:0.0.0");
#endif
    line(writer, "process_id:%lld", (long long)instance->host.pid);
    if (writer->modern) {
        line(writer, "process_supervised:no");
    }
    line(writer, "run_id:%s", instance->run_id);
    line(writer, "tcp_port:%d", instance->port);
    if (writer->middle) {
        line(writer, "server_time_usec:%lld", (long long)clock_now_us(instance->clock));
    }
    line(writer, "uptime_in_seconds:%lld", (long long)uptime);
    line(writer, "uptime_in_days:%lld", (long long)(uptime / 86400));
    line(writer, "hz:10");
    line(writer, "configured_hz:10");
    line(writer, "lru_clock:%lld", (long long)(writer->now_ms / 1000 & 0xffffff));
    line(writer, "executable:%s",
         instance->host.executable == NULL ? "" : instance->host.executable);
    line(writer, "config_file:%s",
         instance->host.config_file == NULL ? "" : instance->host.config_file);
    line(writer, "io_threads_active:0");
}

static void section_clients(struct writer *writer)
{
    struct instance *instance = writer->instance;
    size_t largest_input = 0, largest_output = 0;
    for (const struct session *session = instance->sessions; session != NULL;
         session = session->next) {
        size_t input = parser_pending(&session->parser), output = session->reply.output.size;
        largest_input = input > largest_input ? input : largest_input;
        largest_output = output > largest_output ? output : largest_output;
    }
    line(writer, "connected_clients:%lld", (long long)instance->session_count);
    if (writer->middle) {
        line(writer, "cluster_connections:0");
        line(writer, "maxclients:%lld", (long long)instance->max_clients);
    }
    line(writer, "client_recent_max_input_buffer:%zu", largest_input);
    line(writer, "client_recent_max_output_buffer:%zu", largest_output);
    line(writer, "blocked_clients:%lld", (long long)instance->blocked_count);
    line(writer, "tracking_clients:%llu", (ull)instance->tracking.sessions);
    line(writer, "clients_in_timeout_table:0");
}

static void memory_line(struct writer *writer, const char *name, uint64_t bytes)
{
    char text[32];
    human(bytes, text);
    line(writer, "%s:%llu", name, (ull)bytes);
    line(writer, "%s_human:%s", name, text);
}

/* Redis 7 tells scripts and functions apart; before it there were only scripts. */
static void script_memory(struct writer *writer)
{
    const struct instance *instance = writer->instance;
    const struct lua_engine *scripts = instance->scripts.engine;
    const struct lua_engine *functions = instance->functions.engine;
    uint64_t script_engine = scripts == NULL ? 0 : scripts->memory;
    uint64_t function_engine = functions == NULL ? 0 : functions->memory;
    uint64_t bodies = instance->scripts.memory + dict_memory(&instance->scripts.bodies);
    memory_line(writer, "used_memory_lua", script_engine);
    if (!writer->modern) {
        memory_line(writer, "used_memory_scripts", bodies);
        line(writer, "number_of_cached_scripts:%zu", dict_count(&instance->scripts.bodies));
        return;
    }
    uint64_t libraries = functions_memory(instance);
    line(writer, "used_memory_vm_eval:%llu", (ull)script_engine);
    line(writer, "used_memory_scripts_eval:%llu", (ull)bodies);
    line(writer, "number_of_cached_scripts:%zu", dict_count(&instance->scripts.bodies));
    line(writer, "number_of_functions:%zu", dict_count(&instance->functions.functions));
    line(writer, "number_of_libraries:%zu", instance->functions.count);
    line(writer, "used_memory_vm_functions:%llu", (ull)function_engine);
    memory_line(writer, "used_memory_vm_total", script_engine + function_engine);
    line(writer, "used_memory_functions:%llu", (ull)libraries);
    memory_line(writer, "used_memory_scripts", bodies + libraries);
}

static void section_memory(struct writer *writer)
{
    struct instance *instance = writer->instance;
    uint64_t used = instance_memory(instance), resident = instance->host.resident_bytes;
    uint64_t overhead = used - instance->keyspace_memory;
    instance->peak_memory = used > instance->peak_memory ? used : instance->peak_memory;
    resident = resident > used ? resident : used;
    memory_line(writer, "used_memory", used);
    memory_line(writer, "used_memory_rss", resident);
    memory_line(writer, "used_memory_peak", instance->peak_memory);
    line(writer, "used_memory_peak_perc:%.2f%%",
         (double)used / (double)instance->peak_memory * 100);
    line(writer, "used_memory_overhead:%llu", (ull)overhead);
    line(writer, "used_memory_startup:%zu", sizeof(*instance));
    line(writer, "used_memory_dataset:%llu", (ull)instance->keyspace_memory);
    line(writer, "used_memory_dataset_perc:%.2f%%",
         (double)instance->keyspace_memory / (double)used * 100);
    line(writer, "allocator_allocated:%llu", (ull)used);
    line(writer, "allocator_active:%llu", (ull)used);
    line(writer, "allocator_resident:%llu", (ull)resident);
    memory_line(writer, "total_system_memory", 0);
    script_memory(writer);
    memory_line(writer, "maxmemory", instance->max_memory);
    line(writer, "maxmemory_policy:%s", instance->max_memory_policy);
    line(writer, "allocator_frag_ratio:1.00");
    line(writer, "allocator_frag_bytes:0");
    line(writer, "allocator_rss_ratio:%.2f", (double)resident / (double)used);
    line(writer, "allocator_rss_bytes:%llu", (ull)(resident - used));
    line(writer, "rss_overhead_ratio:1.00");
    line(writer, "rss_overhead_bytes:0");
    line(writer, "mem_fragmentation_ratio:%.2f", (double)resident / (double)used);
    line(writer, "mem_fragmentation_bytes:%llu", (ull)(resident - used));
    line(writer, "mem_not_counted_for_evict:0");
    line(writer, "mem_replication_backlog:0");
    line(writer, "mem_clients_slaves:0");
    line(writer, "mem_clients_normal:%llu", (ull)instance->session_memory);
    line(writer, "mem_aof_buffer:0");
    line(writer, "mem_allocator:libc");
    line(writer, "active_defrag_running:0");
    line(writer, "lazyfree_pending_objects:0");
    if (writer->middle) {
        line(writer, "lazyfreed_objects:%llu", (ull)instance->stats.lazy_freed);
    }
}

static void section_persistence(struct writer *writer)
{
    const struct instance *instance = writer->instance;
    line(writer, "loading:0");
    if (writer->middle) {
        line(writer, "async_loading:0");
        line(writer, "current_cow_peak:0");
        line(writer, "current_cow_size:0");
        line(writer, "current_cow_size_age:0");
        line(writer, "current_fork_perc:0.00");
        line(writer, "current_save_keys_processed:0");
        line(writer, "current_save_keys_total:0");
    }
    line(writer, "rdb_changes_since_last_save:%llu",
         (ull)(instance->changes - instance->saved_changes));
    line(writer, "rdb_bgsave_in_progress:0");
    line(writer, "rdb_last_save_time:%lld", (long long)(instance->saved_ms / 1000));
    line(writer, "rdb_last_bgsave_status:ok");
    line(writer, "rdb_last_bgsave_time_sec:-1");
    line(writer, "rdb_current_bgsave_time_sec:-1");
    if (writer->middle) {
        line(writer, "rdb_saves:0");
    }
    line(writer, "rdb_last_cow_size:0");
    if (writer->modern) {
        line(writer, "rdb_last_load_keys_expired:0");
        line(writer, "rdb_last_load_keys_loaded:0");
    }
    line(writer, "aof_enabled:%d", instance->appends ? 1 : 0);
    line(writer, "aof_rewrite_in_progress:0");
    line(writer, "aof_rewrite_scheduled:0");
    line(writer, "aof_last_rewrite_time_sec:-1");
    line(writer, "aof_current_rewrite_time_sec:-1");
    line(writer, "aof_last_bgrewrite_status:ok");
    line(writer, "aof_last_write_status:ok");
    line(writer, "aof_last_cow_size:0");
    line(writer, "module_fork_in_progress:0");
    line(writer, "module_fork_last_cow_size:0");
    if (instance->appends) {
        /* What the file would hold is what the data takes. */
        line(writer, "aof_current_size:%llu", (ull)instance->keyspace_memory);
        line(writer, "aof_base_size:%llu", (ull)instance->keyspace_memory);
        line(writer, "aof_pending_rewrite:0");
        line(writer, "aof_buffer_length:0");
        if (!writer->modern) {
            line(writer, "aof_rewrite_buffer_length:0");
        }
        line(writer, "aof_pending_bio_fsync:0");
        line(writer, "aof_delayed_fsync:0");
    }
}

static void section_stats(struct writer *writer)
{
    struct instance *instance = writer->instance;
    instance_sample_rates(instance, writer->now_ms);
    line(writer, "total_connections_received:%llu", (ull)instance->stats.connections);
    line(writer, "total_commands_processed:%llu", (ull)instance->stats.commands);
    line(writer, "instantaneous_ops_per_sec:%llu", (ull)rate_per_second(&instance->commands_rate));
    line(writer, "total_net_input_bytes:%llu", (ull)instance->stats.input_bytes);
    line(writer, "total_net_output_bytes:%llu", (ull)instance->stats.output_bytes);
    if (writer->modern) {
        line(writer, "total_net_repl_input_bytes:0");
        line(writer, "total_net_repl_output_bytes:0");
    }
    line(writer, "instantaneous_input_kbps:%.2f",
         (double)rate_per_second(&instance->input_rate) / 1024);
    line(writer, "instantaneous_output_kbps:%.2f",
         (double)rate_per_second(&instance->output_rate) / 1024);
    if (writer->modern) {
        line(writer, "instantaneous_input_repl_kbps:0.00");
        line(writer, "instantaneous_output_repl_kbps:0.00");
    }
    line(writer, "rejected_connections:%llu", (ull)instance->stats.rejected_connections);
    line(writer, "sync_full:0");
    line(writer, "sync_partial_ok:0");
    line(writer, "sync_partial_err:0");
    line(writer, "expired_keys:%llu", (ull)instance->stats.expired_keys);
    line(writer, "expired_stale_perc:0.00");
    line(writer, "expired_time_cap_reached_count:0");
    line(writer, "expire_cycle_cpu_milliseconds:0");
    line(writer, "evicted_keys:%llu", (ull)instance->stats.evicted_keys);
    if (writer->modern) {
        line(writer, "evicted_clients:0");
        line(writer, "total_eviction_exceeded_time:0");
        line(writer, "current_eviction_exceeded_time:0");
    }
    line(writer, "keyspace_hits:%llu", (ull)instance->stats.hits);
    line(writer, "keyspace_misses:%llu", (ull)instance->stats.misses);
    line(writer, "pubsub_channels:%zu", dict_count(&instance->pubsub.channels[PUBSUB_CHANNEL]));
    line(writer, "pubsub_patterns:%zu", dict_count(&instance->pubsub.channels[PUBSUB_PATTERN]));
    if (writer->modern) {
        line(writer, "pubsubshard_channels:%zu",
             dict_count(&instance->pubsub.channels[PUBSUB_SHARD]));
    }
    line(writer, "latest_fork_usec:0");
    if (writer->middle) {
        line(writer, "total_forks:0");
    }
    line(writer, "migrate_cached_sockets:0");
    line(writer, "slave_expires_tracked_keys:0");
    line(writer, "active_defrag_hits:0");
    line(writer, "active_defrag_misses:0");
    line(writer, "active_defrag_key_hits:0");
    line(writer, "active_defrag_key_misses:0");
    line(writer, "tracking_total_keys:%zu", dict_count(&instance->tracking.keys));
    line(writer, "tracking_total_items:%llu", (ull)instance->tracking.items);
    line(writer, "tracking_total_prefixes:%zu", tracking_prefix_count(instance));
    line(writer, "unexpected_error_replies:0");
    if (writer->middle) {
        line(writer, "total_error_replies:%llu", (ull)instance->stats.errors);
    }
}

static void upstream_lines(struct writer *writer)
{
    const struct replica_view view = replica_view_of(writer->session);
    const struct replica_view *replica = &view;
    line(writer, "master_host:%s", replica->host);
    line(writer, "master_port:%d", replica->port);
    line(writer, "master_link_status:%s", replica->linked ? "up" : "down");
    line(writer, "master_last_io_seconds_ago:%lld",
         replica->linked ? (long long)(writer->now_ms - replica->heard_ms) / 1000 : -1);
    line(writer, "master_sync_in_progress:%d", replica->syncing ? 1 : 0);
    if (writer->modern) {
        line(writer, "slave_read_repl_offset:%llu", (ull)replica->offset);
    }
    line(writer, "slave_repl_offset:%llu", (ull)replica->offset);
    if (!replica->linked) {
        line(writer, "master_link_down_since_seconds:%lld",
             (long long)(writer->now_ms - replica->heard_ms) / 1000);
    }
    line(writer, "slave_priority:100");
    line(writer, "slave_read_only:1");
    if (writer->middle) {
        line(writer, "replica_announced:1");
    }
}

static void section_replication(struct writer *writer)
{
    const struct instance *instance = writer->instance;
    bool follows = replica_view_of(writer->session).host != NULL;
    int followers = session_at_replica(writer->session)
                        ? 0
                        : instance->replicas + replication_listeners(instance);
    line(writer, "role:%s", follows ? "slave" : "master");
    if (follows) {
        upstream_lines(writer);
    }
    line(writer, "connected_slaves:%d", followers);
    for (int i = 0; i < followers; i++) {
        line(writer, "slave%d:ip=127.0.0.1,port=%d,state=online,offset=%llu,lag=0", i,
             replica_port(instance, i, writer->session->tls),
             (ull)instance_replication_offset(instance));
    }
    if (writer->middle) {
        line(writer, "master_failover_state:no-failover");
    }
    line(writer, "master_replid:%s", instance->replication_id);
    line(writer, "master_replid2:0000000000000000000000000000000000000000");
    line(writer, "master_repl_offset:%llu", (ull)instance_replication_offset(instance));
    line(writer, "second_repl_offset:-1");
    line(writer, "repl_backlog_active:0");
    line(writer, "repl_backlog_size:1048576");
    line(writer, "repl_backlog_first_byte_offset:0");
    line(writer, "repl_backlog_histlen:0");
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void section_cpu(struct writer *writer)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    line(writer, "used_cpu_sys:%.6f", seconds(own.ru_stime));
    line(writer, "used_cpu_user:%.6f", seconds(own.ru_utime));
    line(writer, "used_cpu_sys_children:%.6f", seconds(children.ru_stime));
    line(writer, "used_cpu_user_children:%.6f", seconds(children.ru_utime));
    if (writer->middle) {
        line(writer, "used_cpu_sys_main_thread:%.6f", seconds(own.ru_stime));
        line(writer, "used_cpu_user_main_thread:%.6f", seconds(own.ru_utime));
    }
}

static void section_modules(struct writer *writer)
{
    (void)writer; /* no module is ever loaded: the heading stands alone */
}

static void command_lines(struct writer *writer, const struct command_entry *entries, size_t count)
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
            line(writer, "%s", "");
        }
        command_lines(writer, entry->subcommands, entry->subcommand_count);
    }
}

static void section_commandstats(struct writer *writer)
{
    command_lines(writer, writer->instance->commands.entries, writer->instance->commands.count);
}

static void section_errorstats(struct writer *writer)
{
    struct dict *counts = &writer->instance->error_counts;
    const uint64_t *count;
    for (struct dict_cursor cursor = dict_begin(counts); (count = dict_next(&cursor)) != NULL;) {
        struct bytes code = dict_key(counts, count);
        line(writer, "errorstat_%.*s:count=%llu", (int)code.size, code.data, (ull)*count);
    }
}

static void section_cluster(struct writer *writer)
{
    line(writer, "cluster_enabled:%d", writer->instance->clustered ? 1 : 0);
}

static void section_keyspace(struct writer *writer)
{
    for (int i = 0; i < writer->instance->database_count; i++) {
        struct keyspace *db = writer->instance->databases[i];
        if (keyspace_count(db) > 0) {
            line(writer, "db%d:keys=%zu,expires=%zu,avg_ttl=%lld", i, keyspace_count(db),
                 keyspace_expiring_count(db), (long long)keyspace_average_ttl_ms(db));
        }
    }
}

static const struct section {
    const char *name, *heading;
    void (*write)(struct writer *writer);
    bool by_default;
    const char *since;
} sections[] = {
    {"server", "Server", section_server, true, "1.0.0"},
    {"clients", "Clients", section_clients, true, "1.0.0"},
    {"memory", "Memory", section_memory, true, "1.0.0"},
    {"persistence", "Persistence", section_persistence, true, "1.0.0"},
    {"stats", "Stats", section_stats, true, "1.0.0"},
    {"replication", "Replication", section_replication, true, "1.0.0"},
    {"cpu", "CPU", section_cpu, true, "1.0.0"},
    {"modules", "Modules", section_modules, true, "6.0.0"},
    {"commandstats", "Commandstats", section_commandstats, false, "1.0.0"},
    {"errorstats", "Errorstats", section_errorstats, true, "6.2.0"},
    {"cluster", "Cluster", section_cluster, true, "3.0.0"},
    {"keyspace", "Keyspace", section_keyspace, true, "1.0.0"},
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

void info_write(const struct session *session, const struct bytes *names, int count, int64_t now_ms,
                struct buf *text)
{
    struct instance *instance = session->instance;
    struct writer writer = {instance,
                            session,
                            now_ms,
                            text,
                            instance_runs(instance, "6.2.0"),
                            instance_runs(instance, "7.0.0")};
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (instance_runs(instance, sections[i].since) && wanted(&sections[i], names, count)) {
            if (text->size > 0) {
                line(&writer, "%s", "");
            }
            line(&writer, "# %s", sections[i].heading);
            sections[i].write(&writer);
        }
    }
}
