/*
 * Microsoft.App/containerApps/revisions: each change of an app's template makes one. They lie in
 * the part of the app that is never shown as such.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/container_apps.h"

enum { MOST_REVISIONS = 100, SUFFIX_SIZE = 7 };

static cJSON *revisions_of(const struct arm_resource *app)
{
    return cJSON_GetObjectItem(app->secrets, "revisions");
}

const cJSON *container_latest(const struct arm_resource *app)
{
    const cJSON *revisions = revisions_of(app);
    return cJSON_GetArrayItem(revisions, cJSON_GetArraySize(revisions) - 1);
}

static bool single(const struct arm_resource *app)
{
    const char *mode = arm_json_text(app->body, "properties.configuration.activeRevisionsMode");
    return mode == NULL || strcmp(mode, "Single") == 0;
}

static void start_revision(struct arm_service *service, struct arm_resource *app,
                           const char *revision)
{
    cJSON *settings = container_settings(service, app);
    app_log(service, app, "Revision %s of %s is starting", revision, app->name);
    if (!cJSON_IsTrue(cJSON_GetObjectItem(app->secrets, "stopped"))) {
        app_start(service, app, settings);
    }
    cJSON_Delete(settings);
}

static char *new_name(struct arm_service *service, const struct arm_resource *app)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const char *wanted = arm_json_text(app->body, "properties.template.revisionSuffix");
    char suffix[SUFFIX_SIZE + 1] = "";
    for (size_t i = 0; i < SUFFIX_SIZE; i++) {
        suffix[i] = letters[random_below(service->random, sizeof(letters) - 1)];
    }
    return string_format("%s--%s", app->name,
                         wanted == NULL || wanted[0] == '\0' ? suffix : wanted);
}

void container_revise(struct arm_service *service, struct arm_resource *app)
{
    const cJSON *template = arm_json_at(app->body, "properties.template");
    const cJSON *latest = container_latest(app);
    cJSON *revisions = revisions_of(app), *revision;
    char time[32];
    if (latest != NULL && template != NULL &&
        cJSON_Compare(cJSON_GetObjectItem(latest, "template"), template, true)) {
        return;
    }
    if (!cJSON_IsArray(revisions)) {
        revisions = cJSON_AddArrayToObject(app_secrets(app), "revisions");
    }
    cJSON_ArrayForEach(revision, revisions)
    {
        if (single(app)) {
            cJSON_ReplaceItemInObject(revision, "active", cJSON_CreateFalse());
        }
    }
    char *name = new_name(service, app);
    timestamp_format(clock_now_ms(service->clock), time);
    revision = cJSON_CreateObject();
    cJSON_AddStringToObject(revision, "name", name);
    cJSON_AddStringToObject(revision, "createdTime", time);
    cJSON_AddTrueToObject(revision, "active");
    cJSON_AddItemToObject(revision, "template",
                          template == NULL ? cJSON_CreateObject()
                                           : cJSON_Duplicate(template, true));
    cJSON_AddItemToArray(revisions, revision);
    while (cJSON_GetArraySize(revisions) > MOST_REVISIONS) {
        cJSON_DeleteItemFromArray(revisions, 0);
    }
    start_revision(service, app, name);
    memory_free(name);
    arm_changed(service);
}

/* ---- Requests ---- */

static struct arm_resource *app_or_fail(struct arm_call *call)
{
    struct bytes group = call->wildcards[1], name = call->wildcards[2];
    char *id = string_format("/subscriptions/%s/resourceGroups/%.*s/providers/Microsoft.App/"
                             "containerApps/%.*s",
                             call->service->config.subscription_id, (int)group.size, group.data,
                             (int)name.size, name.data);
    struct arm_resource *app = arm_resource_find_id(call->service, id);
    memory_free(id);
    if (app == NULL && arm_group_find(call->service, group) == NULL) {
        arm_fail_group_not_found(&call->error, group);
    } else if (app == NULL) {
        char *path = string_format("Microsoft.App/containerApps/%.*s", (int)name.size, name.data);
        arm_fail_resource_not_found(&call->error, path, group);
        memory_free(path);
    }
    return app;
}

/* Of the fourth wildcard. */
static cJSON *revision_or_fail(struct arm_call *call, const struct arm_resource *app)
{
    const cJSON *revisions = app == NULL ? NULL : revisions_of(app);
    cJSON *revision;
    struct bytes name = call->wildcards[3];
    cJSON_ArrayForEach(revision, revisions)
    {
        if (bytes_equal_string_nocase(name, arm_json_text(revision, "name"))) {
            return revision;
        }
    }
    if (app != NULL) {
        arm_fail(&call->error, 404, "RevisionNotFound", "The revision '%.*s' was not found.",
                 (int)bytes_slice(name, 0, 200).size, name.data);
    }
    return NULL;
}

static cJSON *show(struct arm_call *call, const struct arm_resource *app, const cJSON *revision)
{
    const char *name = arm_json_text(revision, "name");
    bool active = arm_json_truth(revision, "active");
    bool latest = revision == container_latest(app);
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("%s/revisions/%s", app->id, name);
    char *host = container_host_name(call->service, app, name);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "type", "Microsoft.App/containerapps/revisions");
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    arm_json_copy_member(properties, revision, "createdTime");
    cJSON_AddStringToObject(properties, "fqdn", host);
    arm_json_copy_member(properties, revision, "template");
    cJSON_AddBoolToObject(properties, "active", active);
    cJSON_AddNumberToObject(properties, "replicas", active ? 1 : 0);
    cJSON_AddNumberToObject(properties, "trafficWeight", latest ? 100 : 0);
    cJSON_AddStringToObject(properties, "healthState", "Healthy");
    cJSON_AddStringToObject(properties, "provisioningState", "Provisioned");
    cJSON_AddStringToObject(properties, "runningState", active ? "Running" : "Stopped");
    memory_free(host);
    memory_free(id);
    return item;
}

static bool list_revisions(struct arm_call *call)
{
    struct arm_resource *app = app_or_fail(call);
    if (app == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    const cJSON *revision;
    cJSON_ArrayForEach(revision, revisions_of(app))
    {
        cJSON_AddItemToArray(value, show(call, app, revision));
    }
    arm_answer(call, 200, body);
    return true;
}

static bool get_revision(struct arm_call *call)
{
    const struct arm_resource *app = app_or_fail(call);
    const cJSON *revision = revision_or_fail(call, app);
    if (revision != NULL) {
        arm_answer(call, 200, show(call, app, revision));
    }
    return revision != NULL;
}

static bool act_on_revision(struct arm_call *call)
{
    struct arm_resource *app = app_or_fail(call);
    cJSON *revision = revision_or_fail(call, app);
    struct bytes action = call->wildcards[4];
    if (revision == NULL) {
        return false;
    }
    bool restart = bytes_equal_string_nocase(action, "restart");
    bool activate = bytes_equal_string_nocase(action, "activate");
    if (!restart && !activate && !bytes_equal_string_nocase(action, "deactivate")) {
        return arm_fail(&call->error, 404, "NotFound",
                        "A revision can be restarted, activated and deactivated.");
    }
    if (restart) {
        start_revision(call->service, app, arm_json_text(revision, "name"));
    } else {
        cJSON_ReplaceItemInObject(revision, "active", cJSON_CreateBool(activate));
        app_log(call->service, app, "Revision %s was %s", arm_json_text(revision, "name"),
                activate ? "activated" : "deactivated");
    }
    arm_answer(call, 200, NULL);
    return true;
}

/* ---- Replicas: one for each active revision ---- */

static cJSON *show_replica(const struct arm_resource *app, const cJSON *revision)
{
    const char *name = arm_json_text(revision, "name");
    cJSON *item = cJSON_CreateObject();
    char *replica = string_format("%s-0", name);
    char *id = string_format("%s/revisions/%s/replicas/%s", app->id, name, replica);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", replica);
    cJSON_AddStringToObject(item, "type", "Microsoft.App/containerapps/revisions/replicas");
    cJSON *properties = cJSON_AddObjectToObject(item, "properties");
    arm_json_copy_member(properties, revision, "createdTime");
    cJSON_AddStringToObject(properties, "runningState", "Running");
    cJSON *containers = cJSON_AddArrayToObject(properties, "containers");
    const cJSON *container;
    cJSON_ArrayForEach(container, arm_json_at(revision, "template.containers"))
    {
        cJSON *shown = cJSON_CreateObject();
        const char *container_name = arm_json_text(container, "name");
        cJSON_AddStringToObject(shown, "name", container_name == NULL ? "" : container_name);
        cJSON_AddTrueToObject(shown, "ready");
        cJSON_AddTrueToObject(shown, "started");
        cJSON_AddNumberToObject(shown, "restartCount", 0);
        cJSON_AddStringToObject(shown, "runningState", "Running");
        cJSON_AddItemToArray(containers, shown);
    }
    memory_free(id);
    memory_free(replica);
    return item;
}

static bool list_replicas(struct arm_call *call)
{
    const struct arm_resource *app = app_or_fail(call);
    const cJSON *revision = revision_or_fail(call, app);
    if (revision == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    if (arm_json_truth(revision, "active")) {
        cJSON_AddItemToArray(value, show_replica(app, revision));
    }
    arm_answer(call, 200, body);
    return true;
}

static bool get_replica(struct arm_call *call)
{
    const struct arm_resource *app = app_or_fail(call);
    const cJSON *revision = revision_or_fail(call, app);
    cJSON *replica = revision == NULL ? NULL : show_replica(app, revision);
    if (replica == NULL) {
        return false;
    }
    if (!bytes_equal_string_nocase(call->wildcards[4], arm_json_text(replica, "name")) ||
        !arm_json_truth(revision, "active")) {
        cJSON_Delete(replica);
        return arm_fail(&call->error, 404, "ReplicaNotFound", "The replica '%.*s' was not found.",
                        (int)bytes_slice(call->wildcards[4], 0, 200).size, call->wildcards[4].data);
    }
    arm_answer(call, 200, replica);
    return true;
}

#define APP "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.App/containerApps/{}"
static const char type[] = "Microsoft.App/containerApps/revisions";
static const struct arm_route routes[] = {
    {ARM_GET, APP "/revisions", list_revisions, type},
    {ARM_GET, APP "/revisions/{}", get_revision, type},
    {ARM_GET, APP "/revisions/{}/replicas", list_replicas, type},
    {ARM_GET, APP "/revisions/{}/replicas/{}", get_replica, type},
    {ARM_POST, APP "/revisions/{}/{}", act_on_revision, type},
};
const struct arm_module arm_module_container_revisions = {NULL, 0, routes, ARRAY_LEN(routes)};
