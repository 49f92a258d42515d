/* The metrics of a cache, by rows. */
#include "arm/metrics.h"

const struct arm_metric arm_metrics[] = {
    {"allcachehits", "Cache Hits (Instance Based)", "Count", ARM_FIGURE_HITS, ARM_TOTAL,
     "ShardId,Port,Primary", false},
    {"allcachemisses", "Cache Misses (Instance Based)", "Count", ARM_FIGURE_MISSES, ARM_TOTAL,
     "ShardId,Port,Primary", false},
    {"allcacheRead", "Cache Read (Instance Based)", "BytesPerSecond", ARM_FIGURE_READ, ARM_MAXIMUM,
     "ShardId,Port,Primary", false},
    {"allcacheWrite", "Cache Write (Instance Based)", "BytesPerSecond", ARM_FIGURE_WRITTEN,
     ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"allconnectedclients", "Connected Clients (Instance Based)", "Count", ARM_FIGURE_CLIENTS,
     ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"allevictedkeys", "Evicted Keys (Instance Based)", "Count", ARM_FIGURE_EVICTED, ARM_TOTAL,
     "ShardId,Port,Primary", false},
    {"allexpiredkeys", "Expired Keys (Instance Based)", "Count", ARM_FIGURE_EXPIRED, ARM_TOTAL,
     "ShardId,Port,Primary", false},
    {"allgetcommands", "Gets (Instance Based)", "Count", ARM_FIGURE_GETS, ARM_TOTAL,
     "ShardId,Port,Primary", false},
    {"alloperationsPerSecond", "Operations Per Second (Instance Based)", "Count",
     ARM_FIGURE_OPERATIONS, ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"allpercentprocessortime", "CPU (Instance Based)", "Percent", ARM_FIGURE_PROCESSOR,
     ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"allserverLoad", "Server Load (Instance Based)", "Percent", ARM_FIGURE_PROCESSOR, ARM_MAXIMUM,
     "ShardId,Port,Primary", false},
    {"allsetcommands", "Sets (Instance Based)", "Count", ARM_FIGURE_SETS, ARM_TOTAL,
     "ShardId,Port,Primary", false},
    {"alltotalcommandsprocessed", "Total Operations (Instance Based)", "Count", ARM_FIGURE_COMMANDS,
     ARM_TOTAL, "ShardId,Port,Primary", false},
    {"alltotalkeys", "Total Keys (Instance Based)", "Count", ARM_FIGURE_KEYS, ARM_MAXIMUM,
     "ShardId,Port,Primary", false},
    {"allusedmemory", "Used Memory (Instance Based)", "Bytes", ARM_FIGURE_MEMORY, ARM_MAXIMUM,
     "ShardId,Port,Primary", false},
    {"allusedmemorypercentage", "Used Memory Percentage (Instance Based)", "Percent",
     ARM_FIGURE_MEMORY_PERCENT, ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"allusedmemoryRss", "Used Memory RSS (Instance Based)", "Bytes", ARM_FIGURE_RESIDENT,
     ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"allConnectionsClosedPerSecond", "Connections Closed Per Second (Instance Based)",
     "CountPerSecond", ARM_FIGURE_CLOSED, ARM_AVERAGE | ARM_MINIMUM | ARM_MAXIMUM | ARM_COUNT,
     "ShardId,Primary,Ssl", false},
    {"allConnectionsCreatedPerSecond", "Connections Created Per Second (Instance Based)",
     "CountPerSecond", ARM_FIGURE_OPENED, ARM_AVERAGE | ARM_MINIMUM | ARM_MAXIMUM | ARM_COUNT,
     "ShardId,Primary,Ssl", false},
    {"cachehits", "Cache Hits", "Count", ARM_FIGURE_HITS, ARM_TOTAL, "ShardId", true},
    {"cachemisses", "Cache Misses", "Count", ARM_FIGURE_MISSES, ARM_TOTAL, "ShardId", true},
    {"cacheRead", "Cache Read", "BytesPerSecond", ARM_FIGURE_READ, ARM_MAXIMUM, "ShardId", true},
    {"cacheWrite", "Cache Write", "BytesPerSecond", ARM_FIGURE_WRITTEN, ARM_MAXIMUM, "ShardId",
     true},
    {"connectedclients", "Connected Clients", "Count", ARM_FIGURE_CLIENTS, ARM_MAXIMUM, "ShardId",
     true},
    {"evictedkeys", "Evicted Keys", "Count", ARM_FIGURE_EVICTED, ARM_TOTAL, "ShardId", true},
    {"expiredkeys", "Expired Keys", "Count", ARM_FIGURE_EXPIRED, ARM_TOTAL, "ShardId", true},
    {"getcommands", "Gets", "Count", ARM_FIGURE_GETS, ARM_TOTAL, "ShardId", true},
    {"operationsPerSecond", "Operations Per Second", "Count", ARM_FIGURE_OPERATIONS, ARM_MAXIMUM,
     "ShardId", true},
    {"percentProcessorTime", "CPU", "Percent", ARM_FIGURE_PROCESSOR, ARM_MAXIMUM, "ShardId", true},
    {"serverLoad", "Server Load", "Percent", ARM_FIGURE_PROCESSOR, ARM_MAXIMUM, "ShardId", true},
    {"setcommands", "Sets", "Count", ARM_FIGURE_SETS, ARM_TOTAL, "ShardId", true},
    {"totalcommandsprocessed", "Total Operations", "Count", ARM_FIGURE_COMMANDS, ARM_TOTAL,
     "ShardId", true},
    {"totalkeys", "Total Keys", "Count", ARM_FIGURE_KEYS, ARM_MAXIMUM, "ShardId", true},
    {"usedmemory", "Used Memory", "Bytes", ARM_FIGURE_MEMORY, ARM_MAXIMUM, "ShardId", true},
    {"usedmemorypercentage", "Used Memory Percentage", "Percent", ARM_FIGURE_MEMORY_PERCENT,
     ARM_MAXIMUM, "ShardId", true},
    {"usedmemoryRss", "Used Memory RSS", "Bytes", ARM_FIGURE_RESIDENT, ARM_MAXIMUM, "ShardId",
     true},
    {"cacheLatency", "Cache Latency Microseconds (Preview)", "Count", ARM_FIGURE_LATENCY,
     ARM_AVERAGE, "ShardId", false},
    {"cachemissrate", "Cache Miss Rate", "Percent", ARM_FIGURE_MISS_RATE, ARM_TOTAL, "ShardId",
     false},
    {"ConnectedClientsUsingAADToken",
     "Connected Clients using Microsoft Entra Token (Instance Based)", "Count",
     ARM_FIGURE_TOKEN_CLIENTS, ARM_MAXIMUM, "ShardId,Port,Primary", false},
    {"errors", "Errors", "Count", ARM_FIGURE_ERRORS, ARM_MAXIMUM, "ShardId,ErrorType", false},
    {"GeoReplicationConnectivityLag", "Geo-replication Connectivity Lag", "Seconds",
     ARM_FIGURE_GEO_LAG, ARM_AVERAGE | ARM_MINIMUM | ARM_MAXIMUM, "ShardId", false},
    {"GeoReplicationDataSyncOffset", "Geo-replication Data Sync Offset", "Bytes",
     ARM_FIGURE_GEO_WAITING, ARM_AVERAGE | ARM_MINIMUM | ARM_MAXIMUM, "ShardId", false},
    {"GeoReplicationFullSyncEventFinished", "Geo-replication Full Sync Event Finished", "Count",
     ARM_FIGURE_GEO_COPY_FINISHED, ARM_COUNT, "ShardId", false},
    {"GeoReplicationFullSyncEventStarted", "Geo-replication Full Sync Event Started", "Count",
     ARM_FIGURE_GEO_COPY_STARTED, ARM_COUNT, "ShardId", false},
    {"GeoReplicationHealthy", "Geo-replication Healthy", "Count", ARM_FIGURE_GEO_HEALTHY,
     ARM_AVERAGE | ARM_MINIMUM | ARM_MAXIMUM, "ShardId", false},
    {"LatencyP99", "99th percentile latency", "Count", ARM_FIGURE_LATENCY_99,
     ARM_AVERAGE | ARM_MINIMUM | ARM_MAXIMUM, "", false},
};
const size_t arm_metric_count = ARRAY_LEN(arm_metrics);

const struct arm_error_type arm_error_types[] = {
    {"Failover", ARM_FIGURE_FAILOVERS},
    {"Dataloss", ARM_FIGURE_DATA_LOSSES},
    {"UnresponsiveClients", ARM_FIGURE_SLOW_READERS},
    {"AOF", ARM_FIGURE_AOF_ERRORS},
    {"RDB", ARM_FIGURE_RDB_ERRORS},
    {"Import", ARM_FIGURE_IMPORT_ERRORS},
    {"Export", ARM_FIGURE_EXPORT_ERRORS},
    {"AADAuthenticationFailure", ARM_FIGURE_TOKENS_REFUSED}, /* the older names of two */
    {"AADTokenExpired", ARM_FIGURE_TOKENS_EXPIRED},
    {"MicrosoftEntraAuthenticationFailure", ARM_FIGURE_TOKENS_REFUSED},
    {"MicrosoftEntraTokenExpired", ARM_FIGURE_TOKENS_EXPIRED},
};
const size_t arm_error_type_count = ARRAY_LEN(arm_error_types);

static const char *const aggregations[] = {"Average", "Minimum", "Maximum", "Total", "Count"};

const struct arm_metric *arm_metric_find(struct bytes name, int *shard)
{
    *shard = -1;
    for (size_t i = 0; i < arm_metric_count; i++) {
        if (bytes_equal_string_nocase(name, arm_metrics[i].name)) {
            return &arm_metrics[i];
        }
    }
    if (name.size < 2 || name.data[name.size - 1] < '0' || name.data[name.size - 1] > '9') {
        return NULL;
    }
    struct bytes plain = bytes_slice(name, 0, name.size - 1);
    for (size_t i = 0; i < arm_metric_count; i++) {
        if (arm_metrics[i].numbered && bytes_equal_string_nocase(plain, arm_metrics[i].name)) {
            *shard = name.data[name.size - 1] - '0';
            return &arm_metrics[i];
        }
    }
    return NULL;
}

const char *arm_aggregation_name(size_t index)
{
    return index < ARRAY_LEN(aggregations) ? aggregations[index] : NULL;
}

unsigned arm_aggregation_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(aggregations); i++) {
        if (bytes_equal_string_nocase(name, aggregations[i])) {
            return 1u << i;
        }
    }
    return 0;
}

bool arm_sample_value(const struct arm_sample *sample, unsigned aggregation, double *value)
{
    if (sample->count == 0) {
        return false;
    }
    switch (aggregation) {
    case ARM_AVERAGE:
        *value = sample->total / (double)sample->count;
        return true;
    case ARM_MINIMUM:
        *value = sample->minimum;
        return true;
    case ARM_MAXIMUM:
        *value = sample->maximum;
        return true;
    case ARM_TOTAL:
        *value = sample->total;
        return true;
    default:
        *value = (double)sample->count;
        return true;
    }
}

void arm_sample_add(struct arm_sample *sum, const struct arm_sample *part)
{
    if (part->count == 0) {
        return;
    }
    if (sum->count == 0) {
        *sum = *part;
        return;
    }
    sum->total += part->total;
    sum->minimum = part->minimum < sum->minimum ? part->minimum : sum->minimum;
    sum->maximum = part->maximum > sum->maximum ? part->maximum : sum->maximum;
    sum->count += part->count;
}
