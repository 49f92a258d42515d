/* INFO memory. Figures of an allocator are those of the data: there is one for all instances. */
#include <stdio.h>
#include <unistd.h>

#include "resp/info_state.h"
#include "resp/lua/engine.h"

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

static void memory_line(struct info_writer *writer, const char *name, uint64_t bytes)
{
    char text[32];
    human(bytes, text);
    info_line(writer, "%s:%llu", name, (ull)bytes);
    info_line(writer, "%s_human:%s", name, text);
}

/* Redis 7 tells scripts and functions apart; before it there were only scripts. */
static void script_memory(struct info_writer *writer)
{
    const struct instance *instance = writer->instance;
    const struct lua_engine *scripts = instance->scripts.engine;
    const struct lua_engine *functions = instance->functions.engine;
    uint64_t script_engine = scripts == NULL ? 0 : scripts->memory;
    uint64_t function_engine = functions == NULL ? 0 : functions->memory;
    uint64_t bodies = instance->scripts.memory + dict_memory(&instance->scripts.bodies);
    if (!writer->modern) {
        memory_line(writer, "used_memory_lua", script_engine);
        memory_line(writer, "used_memory_scripts", bodies);
        info_line(writer, "number_of_cached_scripts:%zu", dict_count(&instance->scripts.bodies));
        return;
    }
    uint64_t libraries = functions_memory(instance);
    char text[32];
    human(script_engine, text);
    info_line(writer, "used_memory_lua:%llu", (ull)script_engine);
    info_line(writer, "used_memory_vm_eval:%llu", (ull)script_engine);
    info_line(writer, "used_memory_lua_human:%s", text);
    info_line(writer, "used_memory_scripts_eval:%llu", (ull)bodies);
    info_line(writer, "number_of_cached_scripts:%zu", dict_count(&instance->scripts.bodies));
    info_line(writer, "number_of_functions:%zu", dict_count(&instance->functions.functions));
    info_line(writer, "number_of_libraries:%zu", instance->functions.count);
    info_line(writer, "used_memory_vm_functions:%llu", (ull)function_engine);
    memory_line(writer, "used_memory_vm_total", script_engine + function_engine);
    info_line(writer, "used_memory_functions:%llu", (ull)libraries);
    memory_line(writer, "used_memory_scripts", bodies + libraries);
}

void info_memory(struct info_writer *writer)
{
    struct instance *instance = writer->instance;
    uint64_t used = instance_memory(instance), resident = instance_resident_bytes(instance);
    uint64_t overhead = used - instance->keyspace_memory;
    instance->peak_memory = used > instance->peak_memory ? used : instance->peak_memory;
    memory_line(writer, "used_memory", used);
    memory_line(writer, "used_memory_rss", resident);
    memory_line(writer, "used_memory_peak", instance->peak_memory);
    info_line(writer, "used_memory_peak_perc:%.2f%%",
              (double)used / (double)instance->peak_memory * 100);
    info_line(writer, "used_memory_overhead:%llu", (ull)overhead);
    info_line(writer, "used_memory_startup:%zu", sizeof(*instance));
    info_line(writer, "used_memory_dataset:%llu", (ull)instance->keyspace_memory);
    info_line(writer, "used_memory_dataset_perc:%.2f%%",
              (double)instance->keyspace_memory / (double)used * 100);
    info_line(writer, "allocator_allocated:%llu", (ull)used);
    info_line(writer, "allocator_active:%llu", (ull)used);
    info_line(writer, "allocator_resident:%llu", (ull)resident);
    memory_line(writer, "total_system_memory",
                (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    script_memory(writer);
    memory_line(writer, "maxmemory", instance->max_memory);
    info_line(writer, "maxmemory_policy:%s", instance->max_memory_policy);
    info_line(writer, "allocator_frag_ratio:1.00");
    info_line(writer, "allocator_frag_bytes:0");
    info_line(writer, "allocator_rss_ratio:%.2f", (double)resident / (double)used);
    info_line(writer, "allocator_rss_bytes:%llu", (ull)(resident - used));
    info_line(writer, "rss_overhead_ratio:1.00");
    info_line(writer, "rss_overhead_bytes:0");
    info_line(writer, "mem_fragmentation_ratio:%.2f", (double)resident / (double)used);
    info_line(writer, "mem_fragmentation_bytes:%llu", (ull)(resident - used));
    info_line(writer, "mem_not_counted_for_evict:0");
    info_line(writer, "mem_replication_backlog:%zu", instance->backlog.bytes.capacity);
    if (writer->modern) {
        info_line(writer, "mem_total_replication_buffers:0");
    }
    info_line(writer, "mem_clients_slaves:0");
    info_line(writer, "mem_clients_normal:%llu", (ull)instance->session_memory);
    if (writer->modern) {
        info_line(writer, "mem_cluster_links:0");
    }
    info_line(writer, "mem_aof_buffer:0");
    info_line(writer, "mem_allocator:libc");
    info_line(writer, "active_defrag_running:0");
    info_line(writer, "lazyfree_pending_objects:%zu", instance->remains.objects);
    if (writer->middle) {
        info_line(writer, "lazyfreed_objects:%llu", (ull)instance->stats.lazy_freed);
    }
}
