/*
 * Microsoft.Web/sites: web apps. Their code is not run; what an app would meet when it starts, and
 * what is done to it, is written to its log, which can be followed.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/web.h"

#define DOMAIN "azurewebsites.net"

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT},
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "kind", .kind = ARM_TEXT, .fallback = "\"app\""},
    {.path = "identity", .kind = ARM_OBJECT},
    {.path = "properties.serverFarmId", .kind = ARM_TEXT},
    {.path = "properties.httpsOnly", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.enabled", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.reserved", .kind = ARM_TRUTH},
    {.path = "properties.clientAffinityEnabled", .kind = ARM_TRUTH, .fallback = "true"},
    {.path = "properties.siteConfig", .kind = ARM_OBJECT},
    {.path = "properties.siteConfig.appSettings", .kind = ARM_ARRAY},
    {.path = "properties.siteConfig.connectionStrings", .kind = ARM_ARRAY},
    {.path = "properties.virtualNetworkSubnetId", .kind = ARM_TEXT},
    {.path = "properties.keyVaultReferenceIdentity", .kind = ARM_TEXT},
    {.path = "properties.state", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.hostNames", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.enabledHostNames", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.hostNameSslStates", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.defaultHostName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.lastModifiedTimeUtc", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static bool list_fits(const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (arm_json_text(item, "name") == NULL) {
            return false;
        }
    }
    return true;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *plan = arm_json_text(body, "properties.serverFarmId");
    if (old == NULL &&
        arm_resource_find_name(call->service, &arm_web_site_type, call->target.name) != NULL) {
        return arm_fail(&call->error, 409, "Conflict",
                        "Website with given name %.*s already exists.", (int)call->target.name.size,
                        call->target.name.data);
    }
    if (!list_fits(arm_json_at(body, "properties.siteConfig.appSettings")) ||
        !list_fits(arm_json_at(body, "properties.siteConfig.connectionStrings"))) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "Each item of siteConfig.appSettings and siteConfig.connectionStrings "
                        "needs a name.");
    }
    if (plan != NULL && plan[0] != '\0' && strchr(plan, '/') == NULL) {
        char *id = string_format("/subscriptions/%s/resourceGroups/%.*s/providers/Microsoft.Web/"
                                 "serverfarms/%s",
                                 call->service->config.subscription_id,
                                 (int)call->target.group.size, call->target.group.data, plan);
        arm_json_put_text(body, "properties.serverFarmId", id);
        memory_free(id);
        plan = arm_json_text(body, "properties.serverFarmId");
    }
    if (plan != NULL && plan[0] != '\0' && arm_resource_find_id(call->service, plan) == NULL) {
        return arm_fail(&call->error, 404, "NotFound", "Cannot find server farm with name %.200s.",
                        strrchr(plan, '/') + 1);
    }
    const struct arm_resource *found =
        plan == NULL ? NULL : arm_resource_find_id(call->service, plan);
    if (found != NULL && arm_json_truth(found->body, "properties.reserved")) {
        const char *kind = arm_json_text(body, "kind");
        arm_json_put(body, "properties.reserved", cJSON_CreateTrue());
        if (kind == NULL || strcmp(kind, "app") == 0) {
            arm_json_put_text(body, "kind", "app,linux");
        }
    }
    app_identity_settle(call, old, body);
    return true;
}

static void create_secrets(struct arm_service *service, struct arm_resource *site)
{
    app_log(service, site, "Site %s was created", site->name);
    web_config_absorb(site);
}

static void apply(struct arm_service *service, struct arm_resource *site)
{
    app_identity_apply(service, site);
    if (web_config_absorb(site)) {
        web_start(service, site, "its configuration changed");
    }
}

/* An app without a plan is given the group's free one. */
static void add_plan(struct arm_service *service, struct arm_resource *site)
{
    const char *present = arm_json_text(site->body, "properties.serverFarmId");
    if (present != NULL && present[0] != '\0') {
        return;
    }
    char *id = string_format("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Web/"
                             "serverfarms/Default1",
                             service->config.subscription_id, site->group->name);
    if (arm_resource_find_id(service, id) == NULL) {
        arm_resource_add(service, &arm_web_plan_type, arm_web_plan_type.name, id, site->location,
                         cJSON_Parse("{\"kind\":\"app\",\"sku\":{\"name\":\"F1\",\"tier\":\"Free\","
                                     "\"size\":\"F1\",\"family\":\"F\",\"capacity\":0},"
                                     "\"properties\":{\"reserved\":false}}"));
    }
    arm_json_put_text(site->body, "properties.serverFarmId", id);
    memory_free(id);
}

static void start_now(struct arm_service *service, struct arm_resource *site)
{
    add_plan(service, site);
    if (arm_json_at(site->secrets, "started") == NULL) {
        cJSON_AddTrueToObject(app_secrets(site), "started");
        web_start(service, site, "it is new");
    }
}

/* ---- As it is shown ---- */

static cJSON *strings(const char *const *words, size_t count)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(list, cJSON_CreateString(words[i]));
    }
    return list;
}

static void add_ssl_state(cJSON *list, const char *name, const char *kind)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "sslState", "Disabled");
    cJSON_AddNullToObject(item, "virtualIP");
    cJSON_AddNullToObject(item, "thumbprint");
    cJSON_AddNullToObject(item, "toUpdate");
    cJSON_AddStringToObject(item, "hostType", kind);
    cJSON_AddItemToArray(list, item);
}

/*
 * The names that lead to the app. Tools that look the app up by its first enabled name find the
 * emulator under the name that resolves without a DNS of its own, unless names are to be Azure's.
 */
static void show_names(struct arm_call *call, const struct arm_resource *site, cJSON *properties)
{
    struct arm_service *service = call->service;
    int port = service->host.front_door_port == NULL
                   ? 0
                   : service->host.front_door_port(service->host.context);
    char *name = string_format("%s." DOMAIN, site->name);
    char *scm = string_format("%s.scm." DOMAIN, site->name);
    char *own = string_format("localhost:%d", port);
    const char *const enabled[] = {own, name, scm};
    bool azure = service->config.azure_host_names || port == 0;
    cJSON *states = cJSON_CreateArray();
    arm_json_put_text(properties, "defaultHostName", name);
    arm_json_put(properties, "hostNames", strings(&enabled[1], 1));
    arm_json_put(properties, "enabledHostNames",
                 azure ? strings(&enabled[1], 2) : strings(enabled, 3));
    add_ssl_state(states, name, "Standard");
    add_ssl_state(states, scm, "Repository");
    arm_json_put(properties, "hostNameSslStates", states);
    arm_json_put_text(properties, "repositorySiteName", site->name);
    memory_free(own);
    memory_free(scm);
    memory_free(name);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *site, bool secrets)
{
    cJSON *item = arm_resource_show_plain(call, site);
    cJSON *properties = arm_json_at(item, "properties");
    char time[32];
    (void)secrets;
    if (!cJSON_IsObject(properties)) {
        cJSON_DeleteItemFromObject(item, "properties");
        properties = cJSON_AddObjectToObject(item, "properties");
    }
    const char *state = web_stopped(site) ? "Stopped" : "Running";
    timestamp_format(site->changed_ms, time);
    arm_json_put_text(properties, "name", site->name);
    arm_json_put_text(properties, "state", state);
    arm_json_put_text(properties, "resourceGroup", site->group->name);
    arm_json_put_text(properties, "usageState", "Normal");
    arm_json_put_text(properties, "availabilityState", "Normal");
    arm_json_put_text(properties, "lastModifiedTimeUtc", time);
    arm_json_put_text(properties, "outboundIpAddresses", "127.0.0.1");
    show_names(call, site, properties);
    const char *plan_id = arm_json_text(site->body, "properties.serverFarmId");
    const struct arm_resource *plan =
        plan_id == NULL ? NULL : arm_resource_find_id(call->service, plan_id);
    const char *tier = plan == NULL ? NULL : arm_json_text(plan->body, "sku.tier");
    arm_json_put_text(properties, "sku", tier == NULL ? "Standard" : tier);
    const cJSON *web = arm_json_at(site->secrets, "config.web");
    arm_json_put(properties, "siteConfig",
                 web == NULL ? cJSON_CreateObject() : cJSON_Duplicate(web, true));
    return item;
}

/* ---- Actions ---- */

static bool restart(struct arm_call *call, struct arm_resource *site)
{
    web_start(call->service, site, "of a restart");
    arm_answer(call, 200, NULL);
    return true;
}

static bool stop(struct arm_call *call, struct arm_resource *site)
{
    if (!web_stopped(site)) {
        cJSON_AddTrueToObject(app_secrets(site), "stopped");
        app_log(call->service, site, "Site %s was stopped", site->name);
    }
    arm_answer(call, 200, NULL);
    return true;
}

static bool start(struct arm_call *call, struct arm_resource *site)
{
    if (web_stopped(site)) {
        cJSON_DeleteItemFromObject(app_secrets(site), "stopped");
        web_start(call->service, site, "of a start");
    }
    arm_answer(call, 200, NULL);
    return true;
}

static bool publish_xml(struct arm_call *call, struct arm_resource *site)
{
    const char *password = web_publishing_password(call->service, site);
    struct buf *body = &call->response->body;
    static const char *const methods[] = {"MSDeploy", "ZipDeploy"};
    buf_append_string(body, "<publishData>");
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        buf_printf(body,
                   "<publishProfile profileName=\"%s - %s\" publishMethod=\"%s\" "
                   "publishUrl=\"%s.scm." DOMAIN ":443\" msdeploySite=\"%s\" userName=\"$%s\" "
                   "userPWD=\"%s\" destinationAppUrl=\"https://%s." DOMAIN "\" "
                   "SQLServerDBConnectionString=\"\" hostingProviderForumLink=\"\" "
                   "controlPanelLink=\"https://portal.azure.com\" webSystem=\"WebSites\">"
                   "<databases /></publishProfile>",
                   site->name, methods[i], methods[i], site->name, site->name, site->name, password,
                   site->name);
    }
    buf_append_string(body, "</publishData>");
    http_response_header(call->response, "Content-Type", "application/xml");
    call->response->status = 200;
    return true;
}

/* ---- Names ---- */

static bool check_name(struct arm_call *call)
{
    const char *name = arm_json_text(call->body, "name");
    const char *type = arm_json_text(call->body, "type");
    if (name == NULL || type == NULL) {
        return arm_fail(&call->error, 400, "BadRequest", "The body needs a name and a type.");
    }
    bool fits = arm_name_fits(&arm_web_site_type.names, bytes_from_string(name));
    bool taken =
        arm_resource_find_name(call->service, &arm_web_site_type, bytes_from_string(name)) != NULL;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "nameAvailable", fits && !taken);
    cJSON_AddStringToObject(body, "reason", !fits ? "Invalid" : taken ? "AlreadyExists" : "");
    char *message = !fits   ? string_format("The name '%.100s' is invalid: 2 to 60 letters, digits "
                                              "and hyphens.",
                                            name)
                    : taken ? string_format("Hostname '%s' already exists. Please select a "
                                            "different name.",
                                            name)
                            : string_duplicate("");
    cJSON_AddStringToObject(body, "message", message);
    memory_free(message);
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_action actions[] = {
    {.name = "restart", .handle = restart},
    {.name = "stop", .handle = stop},
    {.name = "start", .handle = start},
    {.name = "publishxml", .handle = publish_xml},
    {0},
};

static const char *const api_versions[] = {"2024-04-01", "2023-12-01", "2023-01-01", "2022-09-01",
                                           "2022-03-01", "2021-02-01", "2019-08-01", NULL};

static const struct saved_shape saved[] = {
    APP_SAVED_ROWS,
    {"secrets.stopped", SAVED_TRUTH, false},
    {"secrets.started", SAVED_TRUTH, false},
    {"secrets.config", SAVED_OBJECT, false},
    {"secrets.config.{}", SAVED_OBJECT, false},
    {"secrets.config.appsettings.{}", SAVED_TEXT, false},
    {"secrets.config.connectionstrings.{}", SAVED_OBJECT, false},
    {"secrets.config.connectionstrings.{}.value", SAVED_TEXT, false},
    {"secrets.config.connectionstrings.{}.type", SAVED_TEXT, false},
    {"secrets.config.publishingcredentials.password", SAVED_TEXT, false},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_web_site_type = {
    .name = "Microsoft.Web/sites",
    .names = {.words = "2 to 60 letters, digits and hyphens, a letter or digit at either end",
              .least = 2,
              .most = 60,
              .marks = "-",
              .flags = ARM_NAME_INSIDE},
    .traits = ARM_TRACKED | ARM_DISPLAY_LOCATION | ARM_NO_STATE,
    .api_versions = api_versions,
    .schema = schema,
    .created = 200,
    .actions = actions,
    .check = check,
    .create_secrets = create_secrets,
    .furnish = start_now,
    .apply = apply,
    .remove = app_identity_remove,
    .show = show,
    .saved = saved,
};

static const struct arm_route routes[] = {
    {ARM_POST, "/subscriptions/{}/providers/Microsoft.Web/checkNameAvailability", check_name, NULL},
};
static const struct arm_resource_type *const types[] = {&arm_web_site_type};
const struct arm_module arm_module_web_sites = {types, ARRAY_LEN(types), routes, ARRAY_LEN(routes)};
