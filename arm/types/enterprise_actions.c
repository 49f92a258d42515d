/* Actions on a database of redisEnterprise that take time: import, export, upgrade. */
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"

enum { MOVE_S = 5 * 60, UPGRADE_S = 10 * 60, MOST_FILES = 128 };

static bool url_fits(const cJSON *item)
{
    return cJSON_IsString(item) && strncmp(item->valuestring, "http", 4) == 0;
}

/* import brings sasUris, export names one container as sasUri. */
bool arm_enterprise_move(struct arm_call *call, struct arm_resource *database)
{
    bool import = bytes_equal_string_nocase(bytes_from_string(call->target.action), "import");
    const cJSON *uris = arm_json_at(call->body, "sasUris"), *uri;
    int count = cJSON_GetArraySize(uris);
    if (import && (!cJSON_IsArray(uris) || count == 0 || count > MOST_FILES)) {
        return arm_fail_property(&call->error, "sasUris", "a list of the URLs of 1 to 128 blobs");
    }
    cJSON_ArrayForEach(uri, uris)
    {
        if (import && !url_fits(uri)) {
            return arm_fail_property(&call->error, "sasUris", "the URLs of blobs");
        }
    }
    if (!import && !url_fits(arm_json_at(call->body, "sasUri"))) {
        return arm_fail_property(&call->error, "sasUri", "the URL of a blob container");
    }
    return arm_resource_act(call, database, import ? "import" : "export", MOVE_S);
}

bool arm_enterprise_import_finish(struct arm_service *service, struct arm_resource *database,
                                  const cJSON *parameters, struct arm_error *error)
{
    const struct arm_host *host = &service->host;
    struct bytes files[MOST_FILES];
    size_t count = 0;
    const cJSON *uri;
    cJSON_ArrayForEach(uri, arm_json_at(parameters, "sasUris"))
    {
        if (count < MOST_FILES && cJSON_IsString(uri)) {
            files[count++] = bytes_from_string(uri->valuestring);
        }
    }
    char *name = arm_enterprise_cache_name(database->parent);
    bool good = host->cache_import == NULL ||
                host->cache_import(host->context, bytes_from_string(name), files, count, error);
    memory_free(name);
    return good;
}

bool arm_enterprise_export_finish(struct arm_service *service, struct arm_resource *database,
                                  const cJSON *parameters, struct arm_error *error)
{
    const struct arm_host *host = &service->host;
    char *name = arm_enterprise_cache_name(database->parent);
    bool good = host->cache_export == NULL ||
                host->cache_export(host->context, bytes_from_string(name),
                                   bytes_from_string(arm_json_text(parameters, "sasUri")),
                                   bytes_from_string(database->parent->name), error);
    memory_free(name);
    return good;
}

bool arm_enterprise_upgrade(struct arm_call *call, struct arm_resource *database)
{
    return arm_resource_act(call, database, "upgradeDBRedisVersion", UPGRADE_S);
}
