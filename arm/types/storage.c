/*
 * Microsoft.Storage/storageAccounts: enough of them for connection strings, persistence, export and
 * import. Keys are real keys; the services and containers below are stored. What a container holds
 * lies in a folder (emulator/cache_files.h).
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { KEY_BYTES = 64 };

static const char *const key_names[] = {"key1", "key2"};
static const struct arm_resource_type account_type;

/* ---- Accounts ---- */

/* Before, it was properties.accountType. */
#define SKU_SINCE "2016-01-01"

static const char *const skus[] = {
    "Standard_LRS",   "Standard_GRS",    "Standard_RAGRS",  "Standard_ZRS",   "Premium_LRS",
    "Premium_ZRS",    "Standard_GZRS",   "Standard_RAGZRS", "StandardV2_LRS", "StandardV2_GRS",
    "StandardV2_ZRS", "StandardV2_GZRS", "PremiumV2_LRS",   "PremiumV2_ZRS",  NULL};
static const char *const kinds[] = {"Storage",     "StorageV2",        "BlobStorage",
                                    "FileStorage", "BlockBlobStorage", NULL};
static const char *const tiers[] = {"Hot", "Cool", "Cold", "Premium", NULL};
static const char *const tls_versions[] = {"TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3", NULL};
static const char *const accesses[] = {"Enabled", "Disabled", "SecuredByPerimeter", NULL};

static const struct arm_property account_schema[] = {
    {.path = "sku", .kind = ARM_OBJECT, .rules = ARM_REQUIRED, .since = SKU_SINCE},
    {.path = "sku.name",
     .kind = ARM_CHOICE,
     .rules = ARM_REQUIRED,
     .choices = skus,
     .since = SKU_SINCE},
    {.path = "properties.accountType", .kind = ARM_CHOICE, .choices = skus},
    {.path = "kind", .kind = ARM_CHOICE, .choices = kinds, .fallback = "\"StorageV2\""},
    {.path = "properties.accessTier", .kind = ARM_CHOICE, .choices = tiers, .fallback = "\"Hot\""},
    {.path = "properties.supportsHttpsTrafficOnly", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.allowBlobPublicAccess", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.allowSharedKeyAccess", .kind = ARM_TRUTH},
    {.path = "properties.isHnsEnabled", .kind = ARM_TRUTH, .rules = ARM_CREATE_ONLY},
    {.path = "properties.minimumTlsVersion",
     .kind = ARM_CHOICE,
     .choices = tls_versions,
     .fallback = "\"TLS1_0\""},
    {.path = "properties.publicNetworkAccess", .kind = ARM_CHOICE, .choices = accesses},
    {.path = "properties.networkAcls",
     .kind = ARM_OBJECT,
     .fallback = "{\"bypass\":\"AzureServices\",\"virtualNetworkRules\":[],\"ipRules\":[],"
                 "\"defaultAction\":\"Allow\"}"},
    {.path = "properties.encryption",
     .kind = ARM_OBJECT,
     .fallback = "{\"services\":{\"file\":{\"keyType\":\"Account\",\"enabled\":true},"
                 "\"blob\":{\"keyType\":\"Account\",\"enabled\":true}},"
                 "\"keySource\":\"Microsoft.Storage\"}"},
    {.path = "properties.primaryEndpoints", .kind = ARM_OBJECT, .rules = ARM_READ_ONLY},
    {.path = "properties.creationTime", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.privateEndpointConnections", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {0},
};

static bool account_name_fits(struct bytes name)
{
    static const struct arm_name_rule rule = {.least = 3, .most = 24, .flags = ARM_NAME_LOWER};
    return arm_name_fits(&rule, name);
}

/* What clients of old say, in the words of today. */
static void adopt_account_type(cJSON *body)
{
    const char *type = arm_json_text(body, "properties.accountType");
    if (arm_json_text(body, "sku.name") == NULL) {
        arm_json_put_text(body, "sku.name", type == NULL ? "Standard_LRS" : type);
    }
    arm_json_remove(body, "properties.accountType");
}

static bool check_account(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    struct bytes name = call->target.name;
    adopt_account_type(body);
    if (old == NULL && !account_name_fits(name)) {
        return arm_fail(&call->error, 400, "AccountNameInvalid",
                        "%.*s is not a valid storage account name. Storage account name must be "
                        "between 3 and 24 characters in length and use numbers and lower-case "
                        "letters only.",
                        (int)bytes_slice(name, 0, 80).size, name.data);
    }
    return old != NULL || arm_resource_find_name(call->service, &account_type, name) == NULL ||
           arm_fail(&call->error, 409, "StorageAccountAlreadyTaken",
                    "The storage account named %.*s is already taken.", (int)name.size, name.data);
}

static cJSON *new_key(struct arm_service *service)
{
    char raw[KEY_BYTES], now[32];
    struct buf text;
    cJSON *key = cJSON_CreateObject();
    random_fill(service->random, raw, sizeof(raw));
    timestamp_format(clock_now_ms(service->clock), now);
    buf_init(&text, 2 * KEY_BYTES);
    buf_append_base64(&text, (struct bytes){raw, sizeof(raw)});
    cJSON_AddStringToObject(key, "creationTime", now);
    cJSON_AddStringToObject(key, "value", buf_string(&text));
    cJSON_AddStringToObject(key, "permissions", "FULL");
    buf_finish(&text);
    return key;
}

static void create_keys(struct arm_service *service, struct arm_resource *account)
{
    account->secrets = cJSON_CreateObject();
    for (size_t i = 0; i < ARRAY_LEN(key_names); i++) {
        cJSON_AddItemToObject(account->secrets, key_names[i], new_key(service));
    }
}

static bool list_keys(struct arm_call *call, struct arm_resource *account)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *keys = cJSON_AddArrayToObject(body, "keys");
    for (size_t i = 0; i < ARRAY_LEN(key_names); i++) {
        cJSON *key = cJSON_Duplicate(cJSON_GetObjectItem(account->secrets, key_names[i]), true);
        cJSON_AddStringToObject(key, "keyName", key_names[i]);
        cJSON_AddItemToArray(keys, key);
    }
    arm_answer(call, 200, body);
    return true;
}

static bool regenerate_key(struct arm_call *call, struct arm_resource *account)
{
    const char *name = arm_json_text(call->body, "keyName");
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(key_names); i++) {
        if (bytes_equal_string_nocase(bytes_from_string(name), key_names[i])) {
            cJSON_ReplaceItemInObject(account->secrets, key_names[i], new_key(call->service));
            arm_changed(call->service);
            return list_keys(call, account);
        }
    }
    return arm_fail(&call->error, 400, "InvalidValuesForRequestParameters",
                    "Values for request parameters are invalid: keyName. It is 'key1' or 'key2'.");
}

static const struct {
    const char *name, *domain;
} endpoints[] = {
    {"dfs", "dfs.core.windows.net"},     {"web", "z6.web.core.windows.net"},
    {"blob", "blob.core.windows.net"},   {"queue", "queue.core.windows.net"},
    {"table", "table.core.windows.net"}, {"file", "file.core.windows.net"},
};

static cJSON *show_account(struct arm_call *call, const struct arm_resource *account, bool secrets)
{
    cJSON *item = arm_resource_show_plain(call, account);
    cJSON *shown = cJSON_CreateObject();
    const char *sku = arm_json_text(account->body, "sku.name");
    char time[32];
    (void)secrets;
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        char *url = string_format("https://%s.%s/", account->name, endpoints[i].domain);
        cJSON_AddStringToObject(shown, endpoints[i].name, url);
        memory_free(url);
    }
    timestamp_format(account->created_ms, time);
    arm_json_put_text(item, "sku.tier", strncmp(sku, "Premium", 7) == 0 ? "Premium" : "Standard");
    arm_json_put(item, "properties.primaryEndpoints", shown);
    arm_json_put_text(item, "properties.primaryLocation", account->location->name);
    arm_json_put_text(item, "properties.statusOfPrimary", "available");
    arm_json_put_text(item, "properties.creationTime", time);
    arm_json_put(item, "properties.privateEndpointConnections", cJSON_CreateArray());
    for (size_t i = 0; i < ARRAY_LEN(key_names); i++) {
        char path[48];
        snprintf(path, sizeof(path), "properties.keyCreationTime.%s", key_names[i]);
        arm_json_put_text(
            item, path,
            arm_json_text(cJSON_GetObjectItem(account->secrets, key_names[i]), "creationTime"));
    }
    return item;
}

/* ---- Services and what they hold ---- */

static const struct arm_resource_type blob_services_type, file_services_type, queue_services_type,
    table_services_type;
static const struct arm_resource_type *const service_types[] = {
    &blob_services_type, &file_services_type, &queue_services_type, &table_services_type};

static void add_services(struct arm_service *service, struct arm_resource *account)
{
    for (size_t i = 0; i < ARRAY_LEN(service_types); i++) {
        const char *name = service_types[i]->name;
        char *id = string_format("%s/%s/default", account->id, arm_type_leaf(name));
        if (arm_resource_find_id(service, id) == NULL) {
            cJSON *body = cJSON_CreateObject();
            arm_json_put(body, "properties.cors.corsRules", cJSON_CreateArray());
            arm_resource_add(service, service_types[i], name, id, NULL, body);
        }
        memory_free(id);
    }
}

/* Containers, shares, queues: 3 to 63 lower-case letters, digits and single hyphens. */
static bool container_name_fits(struct bytes name)
{
    static const struct arm_name_rule rule = {
        .least = 3,
        .most = 63,
        .marks = "-",
        .flags = ARM_NAME_LOWER | ARM_NAME_INSIDE | ARM_NAME_SINGLE,
    };
    return arm_name_fits(&rule, name) || bytes_equal_string(name, "$root") ||
           bytes_equal_string(name, "$web");
}

static const char *const public_accesses[] = {"None", "Blob", "Container", NULL};

static const struct arm_property container_schema[] = {
    {.path = "properties.publicAccess",
     .kind = ARM_CHOICE,
     .choices = public_accesses,
     .fallback = "\"None\""},
    {.path = "properties.metadata", .kind = ARM_TEXTS},
    {.path = "properties.leaseStatus", .kind = ARM_TEXT, .fallback = "\"Unlocked\""},
    {.path = "properties.leaseState", .kind = ARM_TEXT, .fallback = "\"Available\""},
    {.path = "properties.hasImmutabilityPolicy", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.hasLegalHold", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.deleted", .kind = ARM_TRUTH, .fallback = "false"},
    {0},
};

static cJSON *show_container(struct arm_call *call, const struct arm_resource *container,
                             bool secrets)
{
    char time[32];
    cJSON *item = arm_resource_show_plain(call, container);
    (void)secrets;
    timestamp_format(container->changed_ms, time);
    arm_json_put_text(item, "properties.lastModifiedTime", time);
    return item;
}

/* ---- Names ---- */

static bool check_name(struct arm_call *call)
{
    const char *name = arm_json_text(call->body, "name");
    const char *reason = NULL;
    char *message = NULL;
    if (name == NULL) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid: 'name' is required.");
    }
    if (!account_name_fits(bytes_from_string(name))) {
        reason = "AccountNameInvalid";
        message = string_format("%.80s is not a valid storage account name. Storage account name "
                                "must be between 3 and 24 characters in length and use numbers and "
                                "lower-case letters only.",
                                name);
    } else if (arm_resource_find_name(call->service, &account_type, bytes_from_string(name)) !=
               NULL) {
        reason = "AlreadyExists";
        message = string_format("The storage account named %.80s is already taken.", name);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "nameAvailable", reason == NULL);
    if (reason != NULL) {
        cJSON_AddStringToObject(body, "reason", reason);
        cJSON_AddStringToObject(body, "message", message);
    }
    memory_free(message);
    arm_answer(call, 200, body);
    return true;
}

/* ---- Rows ---- */

static const struct arm_action account_actions[] = {
    {.name = "listKeys", .handle = list_keys},
    {.name = "regenerateKey", .handle = regenerate_key},
    {0},
};

static const struct saved_shape saved[] = {
    {"secrets.key1", SAVED_OBJECT, true},
    {"secrets.key1.value", SAVED_TEXT, true},
    {"secrets.key1.creationTime", SAVED_TEXT, true},
    {"secrets.key1.permissions", SAVED_TEXT, true},
    {"secrets.key2", SAVED_OBJECT, true},
    {"secrets.key2.value", SAVED_TEXT, true},
    {"secrets.key2.creationTime", SAVED_TEXT, true},
    {"secrets.key2.permissions", SAVED_TEXT, true},
    {NULL, SAVED_TEXT, false},
};

static const struct arm_resource_type account_type = {
    .name = "Microsoft.Storage/storageAccounts",
    .traits = ARM_TRACKED | ARM_FELT,
    .schema = account_schema,
    .created = 200,
    .actions = account_actions,
    .check = check_account,
    .create_secrets = create_keys,
    .furnish = add_services,
    .show = show_account,
    .saved = saved,
};

#define SERVICES(field, leaf)                                                                      \
    static const struct arm_resource_type field = {                                                \
        .name = "Microsoft.Storage/storageAccounts/" leaf,                                         \
        .only_name = "default",                                                                    \
        .traits = ARM_NO_STATE,                                                                    \
        .created = 200,                                                                            \
    }
SERVICES(blob_services_type, "blobServices");
SERVICES(file_services_type, "fileServices");
SERVICES(queue_services_type, "queueServices");
SERVICES(table_services_type, "tableServices");

static const struct arm_resource_type container_type = {
    .name = "Microsoft.Storage/storageAccounts/blobServices/containers",
    .names = {.words = "3 to 63 lower-case letters, digits and single hyphens between them",
              .fits = container_name_fits},
    .traits = ARM_ETAG | ARM_NO_STATE,
    .schema = container_schema,
    .show = show_container,
};

static const struct arm_resource_type share_type = {
    .name = "Microsoft.Storage/storageAccounts/fileServices/shares",
    .names = {.words = "3 to 63 lower-case letters, digits and single hyphens between them",
              .fits = container_name_fits},
    .traits = ARM_ETAG | ARM_NO_STATE,
};

static const struct arm_resource_type *const types[] = {
    &account_type,        &blob_services_type, &file_services_type, &queue_services_type,
    &table_services_type, &container_type,     &share_type};
static const struct arm_route routes[] = {
    {ARM_POST, "/subscriptions/{}/providers/Microsoft.Storage/checkNameAvailability", check_name,
     "Microsoft.Storage/checkNameAvailability"},
};
const struct arm_module arm_module_storage = {types, ARRAY_LEN(types), routes, ARRAY_LEN(routes)};
