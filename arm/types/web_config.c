/*
 * Microsoft.Web/sites/config: app settings, connection strings and the rest. They lie in the part
 * of the site that is never shown: what may hold secrets is told by "list" actions only. A change
 * of settings restarts the app.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/web.h"

enum { MOST_SETTINGS = 1000, NAME_LIMIT = 512, VALUE_LIMIT = 64 * 1024 };

/* Kinds of configuration; a secret one is shown by its list action and in the answer to PUT. */
static const struct {
    const char *name, *initial;
    bool secret, restarts;
} kinds[] = {
    {"appsettings", "{}", true, true},
    {"connectionstrings", "{}", true, true},
    {"metadata", "{}", true, false},
    {"publishingcredentials", "{}", true, false},
    {"slotConfigNames",
     "{\"connectionStringNames\":null,\"appSettingNames\":null,\"azureStorageConfigNames\":null}",
     false, false},
    {"web",
     "{\"numberOfWorkers\":1,\"netFrameworkVersion\":\"v4.0\",\"linuxFxVersion\":\"\","
     "\"windowsFxVersion\":null,\"alwaysOn\":false,\"http20Enabled\":false,"
     "\"minTlsVersion\":\"1.2\",\"ftpsState\":\"FtpsOnly\",\"use32BitWorkerProcess\":true,"
     "\"acrUseManagedIdentityCreds\":false,\"functionAppScaleLimit\":null,"
     "\"minimumElasticInstanceCount\":0}",
     false, false},
    {"logs",
     "{\"applicationLogs\":{\"fileSystem\":{\"level\":\"Off\"}},\"httpLogs\":{\"fileSystem\":{"
     "\"enabled\":false}},\"detailedErrorMessages\":{\"enabled\":false},"
     "\"failedRequestsTracing\":{\"enabled\":false}}",
     false, false},
    {"authsettings", "{\"enabled\":false}", true, false},
    {"authsettingsV2", "{\"platform\":{\"enabled\":false}}", true, false},
    {"azurestorageaccounts", "{}", true, true},
    {"backup", "{}", true, false},
};

static size_t kind_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (bytes_equal_string_nocase(name, kinds[i].name)) {
            return i;
        }
    }
    return ARRAY_LEN(kinds);
}

cJSON *web_config(struct arm_resource *site, const char *kind)
{
    cJSON *all = cJSON_GetObjectItem(app_secrets(site), "config");
    if (!cJSON_IsObject(all)) {
        cJSON_DeleteItemFromObject(site->secrets, "config");
        all = cJSON_AddObjectToObject(site->secrets, "config");
    }
    cJSON *config = cJSON_GetObjectItem(all, kind);
    if (!cJSON_IsObject(config)) {
        size_t row = kind_find(bytes_from_string(kind));
        cJSON_DeleteItemFromObject(all, kind);
        config = cJSON_Parse(row < ARRAY_LEN(kinds) ? kinds[row].initial : "{}");
        cJSON_AddItemToObject(all, kind, config);
    }
    return config;
}

/* True: it is another than before. Takes `config`. */
static bool replace_config(struct arm_resource *site, const char *kind, cJSON *config)
{
    cJSON *present = web_config(site, kind);
    bool changed = !cJSON_Compare(present, config, true);
    cJSON_ReplaceItemInObject(cJSON_GetObjectItem(site->secrets, "config"), kind, config);
    return changed;
}

/* ---- siteConfig of a request ---- */

static cJSON *settings_of(const cJSON *list)
{
    cJSON *settings = cJSON_CreateObject();
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *name = arm_json_text(item, "name"), *value = arm_json_text(item, "value");
        if (name != NULL && cJSON_GetObjectItemCaseSensitive(settings, name) == NULL) {
            cJSON_AddStringToObject(settings, name, value == NULL ? "" : value);
        }
    }
    return settings;
}

static cJSON *connections_of(const cJSON *list)
{
    cJSON *connections = cJSON_CreateObject();
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *name = arm_json_text(item, "name");
        const char *value = arm_json_text(item, "connectionString");
        const char *type = arm_json_text(item, "type");
        if (name != NULL && cJSON_GetObjectItemCaseSensitive(connections, name) == NULL) {
            cJSON *connection = cJSON_AddObjectToObject(connections, name);
            cJSON_AddStringToObject(connection, "value", value == NULL ? "" : value);
            cJSON_AddStringToObject(connection, "type", type == NULL ? "Custom" : type);
        }
    }
    return connections;
}

bool web_config_absorb(struct arm_resource *site)
{
    cJSON *properties = arm_json_at(site->body, "properties");
    cJSON *brought = cJSON_DetachItemFromObject(properties, "siteConfig");
    bool changed = false;
    if (!cJSON_IsObject(brought)) {
        cJSON_Delete(brought);
        return false;
    }
    cJSON *settings = cJSON_DetachItemFromObject(brought, "appSettings");
    cJSON *connections = cJSON_DetachItemFromObject(brought, "connectionStrings");
    if (cJSON_IsArray(settings)) {
        changed = replace_config(site, "appsettings", settings_of(settings));
    }
    if (cJSON_IsArray(connections)) {
        changed = replace_config(site, "connectionstrings", connections_of(connections)) || changed;
    }
    cJSON *web = cJSON_Duplicate(web_config(site, "web"), true);
    arm_json_merge(web, brought);
    replace_config(site, "web", web);
    cJSON_Delete(settings);
    cJSON_Delete(connections);
    cJSON_Delete(brought);
    return changed;
}

/* ---- Starting ---- */

bool web_stopped(const struct arm_resource *site)
{
    return cJSON_IsTrue(cJSON_GetObjectItem(site->secrets, "stopped"));
}

/* The prefix that tells a connection string's kind in the environment. */
static const char *environment_prefix(const char *type)
{
    static const char *const prefixes[][2] = {
        {"RedisCache", "REDISCACHECONNSTR_"}, {"SQLAzure", "SQLAZURECONNSTR_"},
        {"SQLServer", "SQLCONNSTR_"},         {"MySql", "MYSQLCONNSTR_"},
        {"PostgreSQL", "POSTGRESQLCONNSTR_"},
    };
    for (size_t i = 0; type != NULL && i < ARRAY_LEN(prefixes); i++) {
        if (bytes_equal_string_nocase(bytes_from_string(type), prefixes[i][0])) {
            return prefixes[i][1];
        }
    }
    return "CUSTOMCONNSTR_";
}

/* The environment's variable: a reference that cannot be resolved stays as it is written. */
static void add_variable(struct arm_service *service, struct arm_resource *site, cJSON *environment,
                         const char *name, const char *value)
{
    struct app_reference reference;
    const char *identity = arm_json_text(site->body, "properties.keyVaultReferenceIdentity");
    if (!app_reference_read(service, site, value, identity, &reference)) {
        cJSON_AddStringToObject(environment, name, value);
        return;
    }
    if (reference.value == NULL) {
        app_log(service, site, "warn: %.200s: %s (%s)", name, reference.details, reference.status);
    }
    cJSON_AddStringToObject(environment, name, reference.value == NULL ? value : reference.value);
}

void web_start(struct arm_service *service, struct arm_resource *site, const char *why)
{
    if (web_stopped(site)) {
        return;
    }
    cJSON *environment = cJSON_CreateObject();
    const cJSON *item;
    app_log(service, site, "Site %s is (re)started because %s", site->name, why);
    cJSON_ArrayForEach(item, web_config(site, "appsettings"))
    {
        add_variable(service, site, environment, item->string, cJSON_GetStringValue(item));
    }
    cJSON_ArrayForEach(item, web_config(site, "connectionstrings"))
    {
        char *name =
            string_format("%s%s", environment_prefix(arm_json_text(item, "type")), item->string);
        const char *value = arm_json_text(item, "value");
        add_variable(service, site, environment, name, value == NULL ? "" : value);
        memory_free(name);
    }
    app_start(service, site, environment);
    cJSON_Delete(environment);
}

const char *web_publishing_password(struct arm_service *service, struct arm_resource *site)
{
    cJSON *credentials = web_config(site, "publishingcredentials");
    const char *present = arm_json_text(credentials, "password");
    if (present == NULL) {
        static const char letters[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        char password[61] = "";
        for (size_t i = 0; i + 1 < sizeof(password); i++) {
            password[i] = letters[random_below(service->random, sizeof(letters) - 1)];
        }
        cJSON_AddStringToObject(credentials, "password", password);
        arm_changed(service);
        present = arm_json_text(credentials, "password");
    }
    return present;
}

/* ---- Requests ---- */

struct arm_resource *web_site_or_fail(struct arm_call *call)
{
    struct bytes group = call->wildcards[1], name = call->wildcards[2];
    char *id = string_format("/subscriptions/%s/resourceGroups/%.*s/providers/Microsoft.Web/sites/"
                             "%.*s",
                             call->service->config.subscription_id, (int)group.size, group.data,
                             (int)name.size, name.data);
    struct arm_resource *site = arm_resource_find_id(call->service, id);
    memory_free(id);
    if (site == NULL && arm_group_find(call->service, group) == NULL) {
        arm_fail_group_not_found(&call->error, group);
    } else if (site == NULL) {
        char *path = string_format("Microsoft.Web/sites/%.*s", (int)name.size, name.data);
        arm_fail_resource_not_found(&call->error, path, group);
        memory_free(path);
    }
    return site;
}

/* The row of the fourth wildcard, or an error. */
static bool kind_or_fail(struct arm_call *call, size_t *row)
{
    *row = kind_find(call->wildcards[3]);
    return *row < ARRAY_LEN(kinds) ||
           arm_fail(&call->error, 404, "NotFound",
                    "The configuration '%.*s' is none of a web app's.",
                    (int)bytes_slice(call->wildcards[3], 0, 100).size, call->wildcards[3].data);
}

const char *web_config_kind_or_fail(struct arm_call *call)
{
    size_t row;
    return kind_or_fail(call, &row) ? kinds[row].name : NULL;
}

/* Takes `properties`; NULL: they are not told. */
static cJSON *show(const struct arm_resource *site, const char *kind, cJSON *properties)
{
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("%s/config/%s", site->id, kind);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", kind);
    cJSON_AddStringToObject(item, "type", "Microsoft.Web/sites/config");
    cJSON_AddStringToObject(item, "location", site->location->display_name);
    cJSON_AddItemToObject(item, "properties", properties == NULL ? cJSON_CreateNull() : properties);
    memory_free(id);
    return item;
}

/* Values of settings are texts; numbers and truths become some. */
static bool settings_or_fail(struct arm_call *call, cJSON *settings)
{
    cJSON *item;
    if (cJSON_GetArraySize(settings) > MOST_SETTINGS) {
        return arm_fail(&call->error, 400, "BadRequest", "More than %d settings are not allowed.",
                        MOST_SETTINGS);
    }
    for (item = settings->child; item != NULL; item = item->next) {
        if (cJSON_IsNumber(item) || cJSON_IsBool(item)) {
            char *text = cJSON_PrintUnformatted(item);
            char *name = string_duplicate(item->string);
            cJSON *replaced = cJSON_CreateString(text);
            cJSON_ReplaceItemInObjectCaseSensitive(settings, name, replaced);
            memory_free(name);
            cJSON_free(text);
            item = replaced;
        }
        if (!cJSON_IsString(item) || item->string[0] == '\0' || strlen(item->string) > NAME_LIMIT ||
            strlen(item->valuestring) > VALUE_LIMIT) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The parameter properties.%.100s has an invalid value: a setting has a "
                            "name and a text of at most %d bytes.",
                            item->string, VALUE_LIMIT);
        }
    }
    return true;
}

static bool connections_or_fail(struct arm_call *call, const cJSON *connections)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, connections)
    {
        if (arm_json_text(item, "value") == NULL ||
            strlen(arm_json_text(item, "value")) > VALUE_LIMIT) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The parameter properties.%.100s has an invalid value: a connection "
                            "string has a value and a type.",
                            item->string);
        }
    }
    return cJSON_GetArraySize(connections) <= MOST_SETTINGS ||
           arm_fail(&call->error, 400, "BadRequest",
                    "More than %d connection strings are not allowed.", MOST_SETTINGS);
}

/* "Redis__Enabled, Redis__InstanceName" of what is new or another. */
static void log_changes(struct arm_service *service, struct arm_resource *site, const char *kind,
                        const cJSON *old, const cJSON *settings)
{
    const cJSON *item;
    struct buf names;
    buf_init(&names, APP_LOG_LINE_SIZE / 2);
    cJSON_ArrayForEach(item, settings)
    {
        const cJSON *before = cJSON_GetObjectItem(old, item->string);
        if (before == NULL || !cJSON_Compare(before, item, true)) {
            buf_printf(&names, "%s%s", names.size == 0 ? "" : ", ", item->string);
        }
    }
    cJSON_ArrayForEach(item, old)
    {
        if (cJSON_GetObjectItem(settings, item->string) == NULL) {
            buf_printf(&names, "%s%s (removed)", names.size == 0 ? "" : ", ", item->string);
        }
    }
    app_log(service, site, "Configuration %s changed: %s", kind, buf_string(&names));
    buf_finish(&names);
}

static bool write_config(struct arm_call *call, struct arm_resource *site, size_t row)
{
    const char *kind = kinds[row].name;
    cJSON *properties = arm_json_at(call->body, "properties");
    if (!cJSON_IsObject(properties)) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "The parameter properties has an invalid value.");
    }
    if ((strcmp(kind, "appsettings") == 0 && !settings_or_fail(call, properties)) ||
        (strcmp(kind, "connectionstrings") == 0 && !connections_or_fail(call, properties))) {
        return false;
    }
    cJSON *config = cJSON_Duplicate(properties, true);
    if (call->method == ARM_PATCH || !kinds[row].secret) {
        cJSON *whole = cJSON_Duplicate(web_config(site, kind), true);
        arm_json_merge(whole, config);
        cJSON_Delete(config);
        config = whole;
    }
    if (strcmp(kind, "web") == 0) {
        /* The settings among it go where they are kept. */
        cJSON_Delete(config);
        arm_json_put(site->body, "properties.siteConfig", cJSON_Duplicate(properties, true));
        if (web_config_absorb(site)) {
            web_start(call->service, site, "its configuration changed");
        }
    } else {
        cJSON *old = cJSON_Duplicate(web_config(site, kind), true);
        if (replace_config(site, kind, config) && kinds[row].restarts) {
            log_changes(call->service, site, kind, old, config);
            web_start(call->service, site, "its settings changed");
        }
        cJSON_Delete(old);
    }
    site->changed_ms = clock_now_ms(call->service->clock);
    arm_changed(call->service);
    arm_answer(call, 200, show(site, kind, cJSON_Duplicate(web_config(site, kind), true)));
    return true;
}

static bool config(struct arm_call *call)
{
    struct arm_resource *site = web_site_or_fail(call);
    size_t row;
    if (site == NULL || !kind_or_fail(call, &row)) {
        return false;
    }
    if (call->method != ARM_GET) {
        return write_config(call, site, row);
    }
    arm_answer(
        call, 200,
        show(site, kinds[row].name,
             kinds[row].secret ? NULL : cJSON_Duplicate(web_config(site, kinds[row].name), true)));
    return true;
}

static cJSON *show_credentials(struct arm_call *call, struct arm_resource *site)
{
    const char *password = web_publishing_password(call->service, site);
    cJSON *item = show(site, "publishingcredentials", cJSON_CreateObject());
    char *user = string_format("$%s", site->name);
    char *uri = string_format("https://%s:%s@%s.scm.azurewebsites.net", user, password, site->name);
    arm_json_put_text(item, "type", "Microsoft.Web/sites/publishingcredentials");
    arm_json_put_text(item, "properties.name", user);
    arm_json_put_text(item, "properties.publishingUserName", user);
    arm_json_put_text(item, "properties.publishingPassword", password);
    arm_json_put_text(item, "properties.scmUri", uri);
    memory_free(uri);
    memory_free(user);
    return item;
}

static bool list_config(struct arm_call *call)
{
    struct arm_resource *site = web_site_or_fail(call);
    size_t row;
    if (site == NULL || !kind_or_fail(call, &row)) {
        return false;
    }
    const char *kind = kinds[row].name;
    arm_answer(call, 200,
               strcmp(kind, "publishingcredentials") == 0
                   ? show_credentials(call, site)
                   : show(site, kind, cJSON_Duplicate(web_config(site, kind), true)));
    return true;
}

static bool list_web(struct arm_call *call)
{
    struct arm_resource *site = web_site_or_fail(call);
    if (site == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    cJSON_AddItemToArray(value, show(site, "web", cJSON_Duplicate(web_config(site, "web"), true)));
    arm_answer(call, 200, body);
    return true;
}

#define SITE "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Web/sites/{}"
static const char type[] = "Microsoft.Web/sites/config";
static const struct arm_route routes[] = {
    {ARM_POST, SITE "/config/{}/list", list_config, "Microsoft.Web/sites/config/list"},
    {ARM_GET, SITE "/config", list_web, type},
    {ARM_GET | ARM_PUT | ARM_PATCH, SITE "/config/{}", config, type},
};
const struct arm_module arm_module_web_config = {NULL, 0, routes, ARRAY_LEN(routes)};
