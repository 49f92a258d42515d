/*
 * Microsoft.App/containerApps. Containers are not run; what the app would meet with its
 * environment, secrets resolved, is written to its log whenever a revision starts.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/container_apps.h"

enum { APP_S = 30, MOST_SECRETS = 200, MOST_VARIABLES = 1000 };

static const char *const modes[] = {"Single", "Multiple", "Labels", NULL};
static const char *const transports[] = {"Auto", "Http", "Http2", "Tcp", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "identity", .kind = ARM_OBJECT},
    {.path = "properties.environmentId", .kind = ARM_TEXT},
    {.path = "properties.managedEnvironmentId", .kind = ARM_TEXT},
    {.path = "properties.workloadProfileName", .kind = ARM_TEXT},
    {.path = "properties.configuration", .kind = ARM_OBJECT, .fallback = "{}"},
    {.path = "properties.configuration.secrets", .kind = ARM_ARRAY},
    {.path = "properties.configuration.activeRevisionsMode",
     .kind = ARM_CHOICE,
     .choices = modes,
     .fallback = "\"Single\""},
    {.path = "properties.configuration.ingress", .kind = ARM_OBJECT},
    {.path = "properties.configuration.ingress.external", .kind = ARM_TRUTH},
    {.path = "properties.configuration.ingress.targetPort",
     .kind = ARM_INTEGER,
     .minimum = 0,
     .maximum = 65535},
    {.path = "properties.configuration.ingress.transport",
     .kind = ARM_CHOICE,
     .choices = transports},
    {.path = "properties.configuration.ingress.fqdn", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.template", .kind = ARM_OBJECT},
    {.path = "properties.template.containers", .kind = ARM_ARRAY},
    {.path = "properties.latestRevisionName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.latestReadyRevisionName", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.latestRevisionFqdn", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.eventStreamEndpoint", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.outboundIpAddresses", .kind = ARM_ARRAY, .rules = ARM_READ_ONLY},
    {.path = "properties.runningStatus", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

/* ---- Rules ---- */

static const struct arm_name_rule secret_names = {
    .least = 1,
    .most = 253,
    .marks = "-.",
    .flags = ARM_NAME_LOWER | ARM_NAME_INSIDE,
};

static const cJSON *named(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *present = arm_json_text(item, "name");
        if (present != NULL && strcmp(present, name) == 0) {
            return item;
        }
    }
    return NULL;
}

/* Clients send what is not there as an empty text. */
static void drop_empty(cJSON *secret)
{
    static const char *const members[] = {"keyVaultUrl", "identity"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *text = arm_json_text(secret, members[i]);
        if (text == NULL || text[0] == '\0') {
            arm_json_remove(secret, members[i]);
        }
    }
}

/* A secret without a value keeps the one it had: GET shows names only, and what GET shows may be
 * put back. */
static bool secrets_or_fail(struct arm_call *call, const struct arm_resource *old, cJSON *secrets)
{
    const cJSON *before =
        old == NULL ? NULL : arm_json_at(old->body, "properties.configuration.secrets");
    cJSON *secret;
    if (cJSON_GetArraySize(secrets) > MOST_SECRETS) {
        return arm_fail(&call->error, 400, "ContainerAppSecretInvalid",
                        "A container app has at most %d secrets.", MOST_SECRETS);
    }
    cJSON_ArrayForEach(secret, secrets)
    {
        const char *name = arm_json_text(secret, "name");
        if (!arm_name_fits(&secret_names, bytes_from_string(name))) {
            return arm_fail(&call->error, 400, "ContainerAppSecretInvalid",
                            "Invalid secret name '%.200s': lower case letters, digits, '-' and "
                            "'.', a letter or digit at either end.",
                            name == NULL ? "" : name);
        }
        drop_empty(secret);
        const cJSON *known = before == NULL ? NULL : named(before, name);
        if (arm_json_text(secret, "value") == NULL &&
            arm_json_text(secret, "keyVaultUrl") == NULL) {
            arm_json_remove(secret, "value");
            if (known != NULL) {
                arm_json_copy_member(secret, known, "value");
            }
        }
        if (arm_json_text(secret, "value") == NULL &&
            arm_json_text(secret, "keyVaultUrl") == NULL) {
            return arm_fail(&call->error, 400, "ContainerAppSecretInvalid",
                            "Invalid Request: Container app secret(s) with name(s) '%s' are "
                            "invalid: value or keyVaultUrl and identity should be provided.",
                            name);
        }
    }
    return true;
}

static bool container_or_fail(struct arm_call *call, const cJSON *container, const cJSON *secrets)
{
    const cJSON *variable;
    const char *name = arm_json_text(container, "name");
    if (name == NULL || arm_json_text(container, "image") == NULL) {
        return arm_fail(&call->error, 400, "InvalidParameterValueInContainerTemplate",
                        "Each container of properties.template.containers needs a name and an "
                        "image.");
    }
    if (cJSON_GetArraySize(arm_json_at(container, "env")) > MOST_VARIABLES) {
        return arm_fail(&call->error, 400, "InvalidParameterValueInContainerTemplate",
                        "A container has at most %d environment variables.", MOST_VARIABLES);
    }
    cJSON_ArrayForEach(variable, arm_json_at(container, "env"))
    {
        const char *secret = arm_json_text(variable, "secretRef");
        if (arm_json_text(variable, "name") == NULL) {
            return arm_fail(&call->error, 400, "InvalidParameterValueInContainerTemplate",
                            "Each environment variable of the container '%.100s' needs a name.",
                            name);
        }
        if (secret != NULL && secret[0] != '\0' && named(secrets, secret) == NULL) {
            return arm_fail(&call->error, 400, "ContainerAppSecretRefNotFound",
                            "SecretRef '%.200s' defined for container '%.100s' not found.", secret,
                            name);
        }
    }
    return true;
}

static void drop_nulls(cJSON *object)
{
    for (cJSON *member = object->child, *next; member != NULL; member = next) {
        next = member->next;
        if (cJSON_IsNull(member)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(object, member));
        }
    }
}

/* Members that clients send as null are not there; a container without resources has the usual. */
static void complete(struct arm_service *service, cJSON *body)
{
    cJSON *container, *variable;
    (void)service;
    cJSON_ArrayForEach(container, arm_json_at(body, "properties.template.containers"))
    {
        drop_nulls(container);
        cJSON_ArrayForEach(variable, arm_json_at(container, "env"))
        {
            drop_nulls(variable);
        }
        if (cJSON_GetObjectItem(container, "resources") == NULL) {
            cJSON_AddItemToObject(container, "resources",
                                  cJSON_Parse("{\"cpu\":0.5,\"memory\":\"1Gi\"}"));
        }
    }
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    cJSON *secrets = arm_json_at(body, "properties.configuration.secrets");
    const cJSON *container;
    if (old != NULL && arm_json_text(body, "properties.environmentId") == NULL &&
        arm_json_text(body, "properties.managedEnvironmentId") == NULL) {
        arm_json_copy_member(arm_json_at(body, "properties"), arm_json_at(old->body, "properties"),
                             "environmentId");
        arm_json_copy_member(arm_json_at(body, "properties"), arm_json_at(old->body, "properties"),
                             "managedEnvironmentId");
    }
    if (container_environment(call->service, body) == NULL) {
        return arm_fail(&call->error, 404, "ManagedEnvironmentNotFound",
                        "The environment that properties.environmentId names does not exist.");
    }
    if (old == NULL &&
        cJSON_GetArraySize(arm_json_at(body, "properties.template.containers")) == 0) {
        return arm_fail(&call->error, 400, "ContainerAppContainerRequired",
                        "At least one container is required in properties.template.containers.");
    }
    if (!secrets_or_fail(call, old, secrets)) {
        return false;
    }
    cJSON_ArrayForEach(container, arm_json_at(body, "properties.template.containers"))
    {
        if (!container_or_fail(call, container, secrets)) {
            return false;
        }
    }
    app_identity_settle(call, old, body);
    return true;
}

/* ---- What the containers are told ---- */

static void add_secret(struct arm_service *service, struct arm_resource *app, cJSON *settings,
                       const char *name, const cJSON *secret)
{
    const char *url = arm_json_text(secret, "keyVaultUrl");
    const char *value = arm_json_text(secret, "value");
    if (url != NULL) {
        struct app_reference reference = {0};
        char *text = string_format("@Microsoft.KeyVault(SecretUri=%s)", url);
        app_reference_read(service, app, text, arm_json_text(secret, "identity"), &reference);
        memory_free(text);
        value = reference.value;
        if (value == NULL) {
            app_log(service, app, "Secret %.200s: %s (%s)", arm_json_text(secret, "name"),
                    reference.details, reference.status);
        }
    }
    cJSON_AddStringToObject(settings, name, value == NULL ? "" : value);
}

cJSON *container_settings(struct arm_service *service, struct arm_resource *app)
{
    cJSON *settings = cJSON_CreateObject();
    const cJSON *secrets = arm_json_at(app->body, "properties.configuration.secrets");
    const cJSON *container, *variable;
    cJSON_ArrayForEach(container, arm_json_at(app->body, "properties.template.containers"))
    {
        cJSON_ArrayForEach(variable, arm_json_at(container, "env"))
        {
            const char *name = arm_json_text(variable, "name");
            const char *value = arm_json_text(variable, "value");
            const char *secret = arm_json_text(variable, "secretRef");
            if (name == NULL || cJSON_GetObjectItemCaseSensitive(settings, name) != NULL) {
                continue;
            }
            if (secret != NULL && secret[0] != '\0') {
                add_secret(service, app, settings, name, named(secrets, secret));
            } else {
                cJSON_AddStringToObject(settings, name, value == NULL ? "" : value);
            }
        }
    }
    return settings;
}

static void apply(struct arm_service *service, struct arm_resource *app)
{
    app_identity_apply(service, app);
    container_revise(service, app);
}

static const char *no_time(const cJSON *old, const cJSON *changed)
{
    (void)old;
    (void)changed;
    return NULL;
}

/* ---- As it is shown ---- */

char *container_host_name(const struct arm_service *service, const struct arm_resource *app,
                          const char *label)
{
    const struct arm_resource *environment = container_environment(service, app->body);
    const char *domain =
        environment == NULL ? NULL : arm_json_text(environment->body, "properties.defaultDomain");
    const cJSON *ingress = arm_json_at(app->body, "properties.configuration.ingress");
    if (domain == NULL || !cJSON_IsObject(ingress)) {
        return string_duplicate("");
    }
    return string_format("%s.%s%s", label, arm_json_truth(ingress, "external") ? "" : "internal.",
                         domain);
}

static void show_ingress(cJSON *ingress, const char *host)
{
    static const char *const fallbacks[][2] = {
        {"external", "false"},      {"targetPort", "0"},
        {"exposedPort", "0"},       {"transport", "\"Auto\""},
        {"allowInsecure", "false"}, {"traffic", "[{\"weight\":100,\"latestRevision\":true}]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(fallbacks); i++) {
        const cJSON *present = cJSON_GetObjectItem(ingress, fallbacks[i][0]);
        if (present == NULL || cJSON_IsNull(present)) {
            cJSON_DeleteItemFromObject(ingress, fallbacks[i][0]);
            cJSON_AddItemToObject(ingress, fallbacks[i][0], cJSON_Parse(fallbacks[i][1]));
        }
    }
    arm_json_put_text(ingress, "fqdn", host);
}

static void show_revision(struct arm_call *call, const struct arm_resource *app, cJSON *properties)
{
    const cJSON *latest = container_latest(app);
    const char *name = latest == NULL ? "" : arm_json_text(latest, "name");
    char *host = container_host_name(call->service, app, name);
    arm_json_put_text(properties, "latestRevisionName", name);
    arm_json_put_text(properties, "latestReadyRevisionName", name);
    arm_json_put_text(properties, "latestRevisionFqdn", host);
    memory_free(host);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *app, bool secrets)
{
    cJSON *item = arm_resource_show_plain(call, app), *secret;
    cJSON *properties = arm_json_at(item, "properties");
    cJSON *ingress = arm_json_at(properties, "configuration.ingress");
    const struct arm_resource *environment = container_environment(call->service, app->body);
    char *host = container_host_name(call->service, app, app->name);
    char *events = container_event_stream(call->service, app);
    (void)secrets;
    cJSON_ArrayForEach(secret, arm_json_at(properties, "configuration.secrets"))
    {
        arm_json_remove(secret, "value");
    }
    if (cJSON_IsObject(ingress)) {
        show_ingress(ingress, host);
    }
    if (environment != NULL) {
        arm_json_put_text(properties, "managedEnvironmentId", environment->id);
        arm_json_put_text(properties, "environmentId", environment->id);
    }
    if (arm_json_text(properties, "workloadProfileName") == NULL) {
        arm_json_put_text(properties, "workloadProfileName", "Consumption");
    }
    bool stopped = cJSON_IsTrue(cJSON_GetObjectItem(app->secrets, "stopped"));
    arm_json_put_text(properties, "runningStatus", stopped ? "Stopped" : "Running");
    arm_json_put_text(properties, "eventStreamEndpoint", events);
    arm_json_put(properties, "outboundIpAddresses", cJSON_Parse("[\"127.0.0.1\"]"));
    show_revision(call, app, properties);
    memory_free(events);
    memory_free(host);
    return item;
}

/* ---- Actions ---- */

static bool list_secrets(struct arm_call *call, struct arm_resource *app)
{
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    const cJSON *secret;
    cJSON_ArrayForEach(secret, arm_json_at(app->body, "properties.configuration.secrets"))
    {
        cJSON_AddItemToArray(value, cJSON_Duplicate(secret, true));
    }
    arm_answer(call, 200, body);
    return true;
}

static bool stop(struct arm_call *call, struct arm_resource *app)
{
    if (!cJSON_IsTrue(cJSON_GetObjectItem(app_secrets(app), "stopped"))) {
        cJSON_AddTrueToObject(app->secrets, "stopped");
        app_log(call->service, app, "Container app %s was stopped", app->name);
    }
    arm_answer(call, 200, arm_resource_show(call, app, false));
    return true;
}

static bool start(struct arm_call *call, struct arm_resource *app)
{
    if (cJSON_IsTrue(cJSON_GetObjectItem(app_secrets(app), "stopped"))) {
        cJSON_DeleteItemFromObject(app->secrets, "stopped");
        cJSON *settings = container_settings(call->service, app);
        app_start(call->service, app, settings);
        cJSON_Delete(settings);
    }
    arm_answer(call, 200, arm_resource_show(call, app, false));
    return true;
}

static const struct arm_action actions[] = {
    {.name = "listSecrets", .handle = list_secrets},
    {.name = "getAuthtoken", .handle = container_log_token},
    {.name = "stop", .handle = stop},
    {.name = "start", .handle = start},
    {0},
};

static const char *const api_versions[] = {"2025-07-01", "2025-01-01", "2024-03-01", "2023-05-01",
                                           "2022-10-01", "2022-03-01", NULL};

static const struct saved_shape saved[] = {
    APP_SAVED_ROWS,
    {"secrets.stopped", SAVED_TRUTH, false},
    {"secrets.revisions", SAVED_LIST, false},
    {"secrets.revisions.[]", SAVED_OBJECT, false},
    {"secrets.revisions.[].name", SAVED_TEXT, true},
    {"secrets.revisions.[].createdTime", SAVED_TEXT, true},
    {"secrets.revisions.[].active", SAVED_TRUTH, true},
    {"secrets.revisions.[].template", SAVED_OBJECT, true},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_container_app_type = {
    .name = "Microsoft.App/containerApps",
    .names = {.words = "2 to 32 lower case letters, digits and single hyphens, first a letter",
              .least = 2,
              .most = 32,
              .marks = "-",
              .flags = ARM_NAME_LOWER | ARM_NAME_LETTER_FIRST | ARM_NAME_INSIDE | ARM_NAME_SINGLE},
    .traits = ARM_TRACKED | ARM_DISPLAY_LOCATION,
    .api_versions = api_versions,
    .schema = schema,
    .polling = &arm_polling_common,
    .durations = {APP_S, APP_S, APP_S},
    .actions = actions,
    .check = check,
    .complete = complete,
    .update_state = no_time,
    .apply = apply,
    .remove = app_identity_remove,
    .show = show,
    .saved = saved,
};

static const struct arm_resource_type *const types[] = {&arm_container_app_type};
const struct arm_module arm_module_container_apps = {types, ARRAY_LEN(types), NULL, 0};
