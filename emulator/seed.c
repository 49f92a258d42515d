/* Seeds through arm_service_seed, so that seeded resources are as real as created ones. */
#include "emulator/seed.h"

#include <string.h>

#include "emulator/files.h"
#include "emulator/well_known.h"

#define SEED_FILE_LIMIT (16 * 1024 * 1024)
#define GROUP_ID                                                                                   \
    "/subscriptions/" WELL_KNOWN_SUBSCRIPTION_ID "/resourceGroups/" WELL_KNOWN_RESOURCE_GROUP

/*
 * The plain port is open, so that redis-cli works at once; a new cache on Azure has it closed.
 */
static cJSON *devcache_document(void)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *group = cJSON_CreateObject();
    cJSON *cache = cJSON_CreateObject();

    cJSON_AddStringToObject(group, "name", WELL_KNOWN_RESOURCE_GROUP);
    cJSON_AddStringToObject(group, "location", WELL_KNOWN_LOCATION);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(document, "resourceGroups"), group);

    cJSON_AddStringToObject(cache, "id",
                            GROUP_ID "/providers/Microsoft.Cache/redis/" WELL_KNOWN_CACHE);
    cJSON_AddStringToObject(cache, "location", WELL_KNOWN_LOCATION);
    cJSON *properties = cJSON_AddObjectToObject(cache, "properties");
    cJSON *sku = cJSON_AddObjectToObject(properties, "sku");
    cJSON_AddStringToObject(sku, "name", "Standard");
    cJSON_AddStringToObject(sku, "family", "C");
    cJSON_AddNumberToObject(sku, "capacity", 1);
    cJSON_AddTrueToObject(properties, "enableNonSslPort");
    cJSON_AddStringToObject(properties, "redisVersion", "6.0");
    cJSON_AddStringToObject(properties, "minimumTlsVersion", "1.2");
    cJSON *keys = cJSON_AddObjectToObject(properties, "accessKeys");
    cJSON_AddStringToObject(keys, "primaryKey", WELL_KNOWN_PRIMARY_KEY);
    cJSON_AddStringToObject(keys, "secondaryKey", WELL_KNOWN_SECONDARY_KEY);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(document, "resources"), cache);
    return document;
}

/* Owned by the caller. */
static cJSON *read_seed(const char *file, struct buf *error)
{
    struct buf text;
    cJSON *document = NULL;

    buf_init(&text, SEED_FILE_LIMIT);
    int failure = file_read(file, &text);
    if (failure != 0) {
        buf_printf(error, "cannot read the seed %s: %s", file, strerror(failure));
    } else if ((document = cJSON_ParseWithLength(text.data, text.size)) == NULL) {
        buf_printf(error, "the seed %s is not valid JSON", file);
    }
    buf_finish(&text);
    return document;
}

bool seed_check(const struct config *config, struct buf *error)
{
    for (size_t i = 0; i < config->seeds.count; i++) {
        cJSON *document = read_seed(config->seeds.items[i], error);
        if (document == NULL) {
            return false;
        }
        cJSON_Delete(document);
    }
    return true;
}

static bool place(struct arm_service *service, const cJSON *document, bool again, struct buf *error)
{
    return again ? arm_service_seed_again(service, document, error)
                 : arm_service_seed(service, document, error);
}

static bool seed_file(const char *file, struct arm_service *service, bool again, struct buf *error)
{
    cJSON *document = read_seed(file, error);
    struct buf why;

    if (document == NULL) {
        return false;
    }
    buf_init(&why, 4096);
    bool good = place(service, document, again, &why);
    if (!good) {
        buf_printf(error, "the seed %s: %s", file, buf_string(&why));
    }
    buf_finish(&why);
    cJSON_Delete(document);
    return good;
}

bool seed_resources(const struct config *config, struct arm_service *service,
                    struct cache_host *caches, bool again, struct buf *error)
{
    bool good = true;

    for (size_t i = 0; good && i < config->seeds.count; i++) {
        good = seed_file(config->seeds.items[i], service, again, error);
    }
    /* One that was loaded or seeded stays as it is, with its own keys. */
    const struct cache *present = cache_host_find(caches, BYTES(WELL_KNOWN_CACHE));
    if (good && !config->no_devcache && (present == NULL || present->doomed)) {
        cJSON *document = devcache_document();
        good = place(service, document, again, error);
        cJSON_Delete(document);
    }
    return good;
}
