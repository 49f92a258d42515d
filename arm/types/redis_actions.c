/* Actions on a running cache: reboot, export, import, notices of upgrades. */
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/redis.h"

enum { MOVE_S = 5 * 60, MOST_FILES = 128, MOST_NOTICES = 16 };

static bool premium_or_fail(struct arm_call *call, const struct arm_resource *cache,
                            const char *what)
{
    const char *sku = arm_json_text(cache->body, "properties.sku.name");
    return strcmp(sku, "Premium") == 0 ||
           arm_fail_provider(&call->error, 400, "BadRequest",
                             "%s is only supported by the SKU Premium; '%s' is %s.", what,
                             cache->name, sku);
}

bool arm_redis_reboot(struct arm_call *call, struct arm_resource *cache)
{
    static const struct {
        const char *name;
        enum arm_nodes nodes;
    } kinds[] = {{"PrimaryNode", ARM_PRIMARY_NODE},
                 {"SecondaryNode", ARM_SECONDARY_NODE},
                 {"AllNodes", ARM_ALL_NODES}};
    const struct arm_host *host = &call->service->host;
    struct bytes wanted = bytes_from_string(arm_json_text(call->body, "rebootType"));
    const cJSON *ports = arm_json_at(call->body, "ports");
    int shards = arm_json_number(cache->body, "properties.shardCount", 0);
    int shard = arm_json_number(call->body, "shardId", -1);
    size_t kind = 0;
    while (kind < ARRAY_LEN(kinds) && !bytes_equal_string_nocase(wanted, kinds[kind].name)) {
        kind++;
    }
    if (kind == ARRAY_LEN(kinds) && cJSON_GetArraySize(ports) == 0) {
        return arm_fail_property(&call->error, "rebootType",
                                 "'PrimaryNode', 'SecondaryNode', 'AllNodes'");
    }
    if (shard < -1 || shard >= (shards > 0 ? shards : 1)) {
        return arm_fail_property(&call->error, "shardId", "the number of one of the shards");
    }
    if (cache->operation != NULL) {
        return arm_fail_busy(&call->error, cache->id);
    }
    if (host->cache_reboot != NULL) {
        host->cache_reboot(host->context, bytes_from_string(cache->name),
                           kind == ARRAY_LEN(kinds) ? ARM_PRIMARY_NODE : kinds[kind].nodes, shard);
    }
    /* The word 'Value' is the service's own, whatever was asked for. */
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "message",
                            "The requested reboot operation for 'Value' has been successfully "
                            "scheduled and should be executed shortly.");
    arm_answer(call, 200, body);
    return true;
}

static bool format_or_fail(struct arm_call *call)
{
    const char *format = arm_json_text(call->body, "format");
    return format == NULL || format[0] == '\0' ||
           bytes_equal_string_nocase(bytes_from_string(format), "RDB") ||
           arm_fail_property(&call->error, "format", "'RDB'");
}

bool arm_redis_export(struct arm_call *call, struct arm_resource *cache)
{
    const char *prefix = arm_json_text(call->body, "prefix");
    const char *container = arm_json_text(call->body, "container");
    if (!premium_or_fail(call, cache, "Export") || !format_or_fail(call)) {
        return false;
    }
    if (prefix == NULL || prefix[0] == '\0' || strchr(prefix, '/') != NULL) {
        return arm_fail_property(&call->error, "prefix", "the beginning of the files' names");
    }
    if (container == NULL || strncmp(container, "http", 4) != 0) {
        return arm_fail_property(&call->error, "container", "the URL of a blob container");
    }
    return arm_resource_act(call, cache, "export", MOVE_S);
}

bool arm_redis_export_finish(struct arm_service *service, struct arm_resource *cache,
                             const cJSON *parameters, struct arm_error *error)
{
    const struct arm_host *host = &service->host;
    return host->cache_export == NULL ||
           host->cache_export(host->context, bytes_from_string(cache->name),
                              bytes_from_string(arm_json_text(parameters, "container")),
                              bytes_from_string(arm_json_text(parameters, "prefix")), error);
}

bool arm_redis_import(struct arm_call *call, struct arm_resource *cache)
{
    const cJSON *files = arm_json_at(call->body, "files"), *file;
    int count = cJSON_GetArraySize(files);
    if (!premium_or_fail(call, cache, "Import") || !format_or_fail(call)) {
        return false;
    }
    if (!cJSON_IsArray(files) || count == 0 || count > MOST_FILES) {
        return arm_fail_property(&call->error, "files", "a list of the URLs of 1 to 128 blobs");
    }
    cJSON_ArrayForEach(file, files)
    {
        if (!cJSON_IsString(file)) {
            return arm_fail_property(&call->error, "files", "the URLs of blobs");
        }
    }
    return arm_resource_act(call, cache, "import", MOVE_S);
}

bool arm_redis_import_finish(struct arm_service *service, struct arm_resource *cache,
                             const cJSON *parameters, struct arm_error *error)
{
    const struct arm_host *host = &service->host;
    struct bytes files[MOST_FILES];
    size_t count = 0;
    const cJSON *file;
    cJSON_ArrayForEach(file, arm_json_at(parameters, "files"))
    {
        if (count < MOST_FILES && cJSON_IsString(file)) {
            files[count++] = bytes_from_string(file->valuestring);
        }
    }
    return host->cache_import == NULL ||
           host->cache_import(host->context, bytes_from_string(cache->name), files, count, error);
}

/* There is never one: the service has not sent any for years (it calls the action deprecated). */
static void add_notice(cJSON *list, const struct arm_notice *notice)
{
    char told[32], starts[32];
    cJSON *item = cJSON_CreateObject(), *details = cJSON_CreateObject();
    char *name = string_format("notification%d", cJSON_GetArraySize(list) + 1);
    timestamp_format(notice->told_ms, told);
    timestamp_format(notice->starts_ms, starts);
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "timestamp", told);
    cJSON_AddStringToObject(details, "NotificationType", "NodeMaintenanceScheduled");
    cJSON_AddStringToObject(details, "StartTimeInUTC", starts);
    cJSON_AddItemToObject(item, "upsellNotification", details);
    cJSON_AddItemToArray(list, item);
    memory_free(name);
}

static bool read_minutes(const char *text, double *minutes)
{
    char *end;
    *minutes = strtod(text, &end);
    return end != text && *end == '\0' && *minutes >= 0;
}

/* Those of the last `history` minutes, and what is still to come. */
bool arm_redis_upgrade_notifications(struct arm_call *call, struct arm_resource *cache)
{
    const struct arm_host *host = &call->service->host;
    struct arm_notice notices[MOST_NOTICES];
    struct buf history;
    double minutes = 0;
    buf_init(&history, 64);
    bool given =
        arm_query(call, "history", &history) && read_minutes(buf_string(&history), &minutes);
    buf_finish(&history);
    if (!given) {
        return arm_fail_property(&call->error, "history", "how many minutes to look back");
    }
    int64_t now_ms = clock_now_ms(call->service->clock);
    size_t count = host->cache_notices == NULL
                       ? 0
                       : host->cache_notices(host->context, bytes_from_string(cache->name), notices,
                                             MOST_NOTICES);
    cJSON *body = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(body, "value");
    for (size_t i = 0; i < count; i++) {
        if ((double)(now_ms - notices[i].told_ms) <= minutes * 60000 ||
            notices[i].starts_ms > now_ms) {
            add_notice(list, &notices[i]);
        }
    }
    arm_answer(call, 200, body);
    return true;
}
