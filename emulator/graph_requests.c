/* What Graph is asked: the user, service principals, applications, objects by their ids. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "emulator/graph_state.h"

/* ---- Objects as JSON ---- */

static void add_context(cJSON *item, const char *kind)
{
    char *context = string_format("https://graph.microsoft.com/v1.0/$metadata#%s/$entity", kind);
    cJSON_AddStringToObject(item, "@odata.context", context);
    memory_free(context);
}

static void add_user(cJSON *item)
{
    cJSON_AddItemToObject(item, "businessPhones", cJSON_CreateArray());
    cJSON_AddStringToObject(item, "displayName", "Dev Eloper");
    cJSON_AddStringToObject(item, "givenName", "Dev");
    cJSON_AddNullToObject(item, "jobTitle");
    cJSON_AddStringToObject(item, "mail", IDENTITY_USER_NAME);
    cJSON_AddNullToObject(item, "mobilePhone");
    cJSON_AddNullToObject(item, "officeLocation");
    cJSON_AddNullToObject(item, "preferredLanguage");
    cJSON_AddStringToObject(item, "surname", "Eloper");
    cJSON_AddStringToObject(item, "userPrincipalName", IDENTITY_USER_NAME);
    cJSON_AddStringToObject(item, "id", IDENTITY_USER_OBJECT_ID);
}

static void add_common(cJSON *item, const struct graph_object *object, const char *id)
{
    char time[32];
    timestamp_format(object->created_ms, time);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddNullToObject(item, "deletedDateTime");
    cJSON_AddStringToObject(item, "appId", object->app_id);
    cJSON_AddStringToObject(item, "createdDateTime", time);
    cJSON_AddStringToObject(item, "displayName", object->name);
}

static void add_principal(cJSON *item, const struct graph *graph, const struct graph_object *object)
{
    static const char *const lists[] = {"alternativeNames",
                                        "addIns",
                                        "appRoles",
                                        "keyCredentials",
                                        "replyUrls",
                                        "tags",
                                        "oauth2PermissionScopes",
                                        "passwordCredentials"};
    add_common(item, object, object->principal_id);
    cJSON_AddTrueToObject(item, "accountEnabled");
    cJSON_AddStringToObject(item, "appDisplayName", object->name);
    cJSON_AddStringToObject(item, "appOwnerOrganizationId", graph->tenant_id);
    cJSON_AddFalseToObject(item, "appRoleAssignmentRequired");
    cJSON_AddStringToObject(item, "servicePrincipalType",
                            object->resource_id == NULL ? "Application" : "ManagedIdentity");
    cJSON *names = cJSON_AddArrayToObject(item, "servicePrincipalNames");
    cJSON_AddItemToArray(names, cJSON_CreateString(object->app_id));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        cJSON_AddItemToObject(item, lists[i], cJSON_CreateArray());
    }
}

static void add_application(cJSON *item, const struct graph_object *object)
{
    static const char *const lists[] = {
        "identifierUris", "addIns", "appRoles", "keyCredentials", "requiredResourceAccess", "tags"};
    add_common(item, object, object->application_id);
    cJSON_AddStringToObject(item, "publisherDomain", IDENTITY_TENANT_DOMAIN);
    cJSON_AddStringToObject(item, "signInAudience", "AzureADMyOrg");
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        cJSON_AddItemToObject(item, lists[i], cJSON_CreateArray());
    }
    cJSON_AddItemToObject(item, "passwordCredentials", cJSON_Duplicate(object->passwords, true));
}

/* ---- Lists ---- */

static bool holds(void *context, const struct odata_condition *condition)
{
    const cJSON *item = context, *value;
    char *name = bytes_to_string(condition->name);
    const cJSON *member = arm_json_at(item, name);
    memory_free(name);
    if (!cJSON_IsArray(member)) {
        return odata_text_fits(condition, cJSON_GetStringValue(member));
    }
    cJSON_ArrayForEach(value, member)
    {
        if (odata_text_fits(condition, cJSON_GetStringValue(value))) {
            return true;
        }
    }
    return false;
}

static void add_if_wanted(struct graph_call *call, cJSON *list, cJSON *item)
{
    bool wanted;
    odata_filter(buf_bytes(&call->filter), holds, item, &wanted);
    if (wanted) {
        cJSON_AddItemToArray(list, item);
    } else {
        cJSON_Delete(item);
    }
}

static bool list_users(struct graph_call *call)
{
    cJSON *list = cJSON_CreateArray(), *item = cJSON_CreateObject();
    add_user(item);
    add_if_wanted(call, list, item);
    graph_answer_list(call, "users", list);
    return true;
}

static bool list_principals(struct graph_call *call)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct graph_object *object = call->graph->objects; object != NULL;
         object = object->next) {
        if (object->principal) {
            cJSON *item = cJSON_CreateObject();
            add_principal(item, call->graph, object);
            add_if_wanted(call, list, item);
        }
    }
    graph_answer_list(call, "servicePrincipals", list);
    return true;
}

static bool list_applications(struct graph_call *call)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct graph_object *object = call->graph->objects; object != NULL;
         object = object->next) {
        if (object->resource_id == NULL) {
            cJSON *item = cJSON_CreateObject();
            add_application(item, object);
            add_if_wanted(call, list, item);
        }
    }
    graph_answer_list(call, "applications", list);
    return true;
}

static bool list_nothing(struct graph_call *call)
{
    graph_answer_list(call, "directoryObjects", cJSON_CreateArray());
    return true;
}

static bool list_organization(struct graph_call *call)
{
    cJSON *list = cJSON_CreateArray(), *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", call->graph->tenant_id);
    cJSON_AddStringToObject(item, "displayName", "Redurite");
    cJSON_AddItemToArray(list, item);
    graph_answer_list(call, "organization", list);
    return true;
}

/* ---- One object ---- */

static bool missing(struct graph_call *call, struct bytes id)
{
    return graph_fail(call, 404, "Request_ResourceNotFound",
                      "Resource '%.*s' does not exist or one of its queried reference-property "
                      "objects are not present.",
                      (int)bytes_slice(id, 0, 200).size, id.data);
}

static struct graph_object *principal_or_fail(struct graph_call *call)
{
    struct bytes id = call->segments[2];
    struct graph_object *object =
        graph_find(call->graph, id, (enum graph_ids)(GRAPH_PRINCIPAL_ID | GRAPH_APP_ID));
    if (object == NULL || !object->principal) {
        missing(call, id);
        return NULL;
    }
    return object;
}

static struct graph_object *application_or_fail(struct graph_call *call)
{
    struct bytes id = call->segments[2];
    struct graph_object *object =
        graph_find(call->graph, id, (enum graph_ids)(GRAPH_APPLICATION_ID | GRAPH_APP_ID));
    if (object == NULL || object->resource_id != NULL) {
        missing(call, id);
        return NULL;
    }
    return object;
}

static void answer_user(struct graph_call *call)
{
    cJSON *item = cJSON_CreateObject();
    add_context(item, "users");
    add_user(item);
    graph_answer(call, 200, item);
}

static bool get_me(struct graph_call *call)
{
    if (call->principal.application_id[0] != '\0') {
        return graph_fail(call, 400, "BadRequest",
                          "/me request is only valid with delegated authentication flow.");
    }
    answer_user(call);
    return true;
}

static bool get_user(struct graph_call *call)
{
    struct bytes id = call->segments[2];
    if (!bytes_equal_string_nocase(id, IDENTITY_USER_OBJECT_ID) &&
        !bytes_equal_string_nocase(id, IDENTITY_USER_NAME)) {
        return missing(call, id);
    }
    answer_user(call);
    return true;
}

static bool answer_principal(struct graph_call *call, const struct graph_object *object, int status)
{
    cJSON *item = cJSON_CreateObject();
    add_context(item, "servicePrincipals");
    add_principal(item, call->graph, object);
    graph_answer(call, status, item);
    return true;
}

static bool answer_application(struct graph_call *call, const struct graph_object *object,
                               int status)
{
    cJSON *item = cJSON_CreateObject();
    add_context(item, "applications");
    add_application(item, object);
    graph_answer(call, status, item);
    return true;
}

static bool get_principal(struct graph_call *call)
{
    const struct graph_object *object = principal_or_fail(call);
    return object != NULL && answer_principal(call, object, 200);
}

static bool get_application(struct graph_call *call)
{
    const struct graph_object *object = application_or_fail(call);
    return object != NULL && answer_application(call, object, 200);
}

static bool get_by_ids(struct graph_call *call)
{
    const cJSON *id;
    cJSON *list = cJSON_CreateArray();
    cJSON_ArrayForEach(id, arm_json_at(call->body, "ids"))
    {
        struct bytes text = bytes_from_string(cJSON_GetStringValue(id));
        const struct graph_object *object = graph_find(
            call->graph, text, (enum graph_ids)(GRAPH_PRINCIPAL_ID | GRAPH_APPLICATION_ID));
        cJSON *item = cJSON_CreateObject();
        if (bytes_equal_string_nocase(text, IDENTITY_USER_OBJECT_ID)) {
            cJSON_AddStringToObject(item, "@odata.type", "#microsoft.graph.user");
            add_user(item);
        } else if (object != NULL && bytes_equal_string_nocase(text, object->principal_id)) {
            cJSON_AddStringToObject(item, "@odata.type", "#microsoft.graph.servicePrincipal");
            add_principal(item, call->graph, object);
        } else if (object != NULL) {
            cJSON_AddStringToObject(item, "@odata.type", "#microsoft.graph.application");
            add_application(item, object);
        } else {
            cJSON_Delete(item);
            continue;
        }
        cJSON_AddItemToArray(list, item);
    }
    graph_answer_list(call, "directoryObjects", list);
    return true;
}

/* ---- Changes ---- */

static bool post_application(struct graph_call *call)
{
    const char *name = arm_json_text(call->body, "displayName");
    const cJSON *key;
    if (name == NULL || name[0] == '\0' || strlen(name) > 256) {
        return graph_fail(call, 400, "Request_BadRequest",
                          "A value of 1 to 256 characters is required for property 'displayName' "
                          "of resource 'Application'.");
    }
    struct graph_object *object = graph_add_application(call, name);
    if (object == NULL) {
        return false;
    }
    cJSON_ArrayForEach(key, arm_json_at(call->body, "keyCredentials"))
    {
        const char *text = arm_json_text(key, "key");
        char *pem = string_format("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n",
                                  text == NULL ? "" : text);
        bool good = graph_add_key(call->graph, object, pem);
        memory_free(pem);
        if (!good) {
            graph_forget(call->graph, object);
            return graph_fail(call, 400, "KeyCredentialsInvalidEndDate",
                              "Key credential is not a certificate.");
        }
    }
    graph_changed(call->graph);
    return answer_application(call, object, 201);
}

static bool patch_application(struct graph_call *call)
{
    struct graph_object *object = application_or_fail(call);
    const char *name = arm_json_text(call->body, "displayName");
    if (object == NULL) {
        return false;
    }
    if (name != NULL && name[0] != '\0' && strlen(name) <= 256) {
        memory_free(object->name);
        object->name = string_duplicate(name);
        graph_changed(call->graph);
    }
    graph_answer(call, 204, NULL);
    return true;
}

static bool delete_application(struct graph_call *call)
{
    struct graph_object *object = application_or_fail(call);
    if (object == NULL) {
        return false;
    }
    graph_forget(call->graph, object);
    graph_answer(call, 204, NULL);
    return true;
}

static bool post_principal(struct graph_call *call)
{
    const char *app_id = arm_json_text(call->body, "appId");
    struct graph_object *object = graph_find(call->graph, bytes_from_string(app_id), GRAPH_APP_ID);
    if (object == NULL) {
        return graph_fail(call, 400, "Request_BadRequest",
                          "The appId '%.64s' of the service principal does not reference a valid "
                          "application object.",
                          app_id == NULL ? "" : app_id);
    }
    if (object->principal) {
        return graph_fail(call, 409, "Request_MultipleObjectsWithSameKeyValue",
                          "The service principal cannot be created, updated, or restored because "
                          "the service principal name %s is already in use.",
                          object->app_id);
    }
    object->principal = true;
    graph_changed(call->graph);
    return answer_principal(call, object, 201);
}

static bool delete_principal(struct graph_call *call)
{
    struct graph_object *object = principal_or_fail(call);
    if (object == NULL) {
        return false;
    }
    object->principal = false;
    graph_changed(call->graph);
    graph_answer(call, 204, NULL);
    return true;
}

static bool add_application_password(struct graph_call *call)
{
    struct graph_object *object = application_or_fail(call);
    return object != NULL && graph_add_password(call, object);
}

static bool add_principal_password(struct graph_call *call)
{
    struct graph_object *object = principal_or_fail(call);
    return object != NULL && graph_add_password(call, object);
}

static bool remove_password(struct graph_call *call)
{
    struct graph_object *object = application_or_fail(call);
    const char *wanted = arm_json_text(call->body, "keyId");
    if (object == NULL) {
        return false;
    }
    for (int i = 0; i < cJSON_GetArraySize(object->passwords); i++) {
        const char *key = arm_json_text(cJSON_GetArrayItem(object->passwords, i), "keyId");
        if (wanted != NULL && strcmp(key, wanted) == 0) {
            const char *secret = arm_json_text(object->secrets, wanted);
            identity_remove_secret(call->graph->identity, object->app_id,
                                   bytes_from_string(secret));
            cJSON_DeleteItemFromObject(object->secrets, wanted);
            cJSON_DeleteItemFromArray(object->passwords, i);
            graph_changed(call->graph);
            graph_answer(call, 204, NULL);
            return true;
        }
    }
    return graph_fail(call, 400, "Request_BadRequest", "No password credential found with keyId.");
}

static bool accept(struct graph_call *call)
{
    graph_answer(call, 204, NULL);
    return true;
}

/* ---- Routing ---- */

static const struct {
    const char *method, *path; /* behind the version; "{}" is any segment */
    bool (*handle)(struct graph_call *call);
} routes[] = {
    {"GET", "me", get_me},
    {"GET", "me/ownedObjects", list_nothing},
    {"GET", "users", list_users},
    {"GET", "users/{}", get_user},
    {"GET", "groups", list_nothing},
    {"GET", "organization", list_organization},
    {"GET", "servicePrincipals", list_principals},
    {"POST", "servicePrincipals", post_principal},
    {"GET", "servicePrincipals/{}", get_principal},
    {"PATCH", "servicePrincipals/{}", accept},
    {"DELETE", "servicePrincipals/{}", delete_principal},
    {"POST", "servicePrincipals/{}/addPassword", add_principal_password},
    {"GET", "servicePrincipals/{}/owners", list_nothing},
    {"GET", "applications", list_applications},
    {"POST", "applications", post_application},
    {"GET", "applications/{}", get_application},
    {"PATCH", "applications/{}", patch_application},
    {"DELETE", "applications/{}", delete_application},
    {"POST", "applications/{}/addPassword", add_application_password},
    {"POST", "applications/{}/removePassword", remove_password},
    {"GET", "applications/{}/owners", list_nothing},
    {"POST", "applications/{}/owners/$ref", accept},
    {"GET", "applications/{}/federatedIdentityCredentials", list_nothing},
    {"POST", "directoryObjects/getByIds", get_by_ids},
    {"POST", "directoryObjects/{}/getMemberGroups", list_nothing},
    {"POST", "users/{}/getMemberGroups", list_nothing},
    {"POST", "servicePrincipals/{}/getMemberGroups", list_nothing},
};

static bool matches(const struct graph_call *call, const char *path)
{
    size_t segment = 1;
    while (*path != '\0' && segment < call->segment_count) {
        size_t size = strcspn(path, "/");
        bool any = size == 2 && path[0] == '{';
        if (!any && !bytes_equal_nocase(call->segments[segment], (struct bytes){path, size})) {
            return false;
        }
        segment++;
        path += size + (path[size] == '/');
    }
    return *path == '\0' && segment == call->segment_count;
}

void graph_route(struct graph_call *call)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (matches(call, routes[i].path)) {
            if (bytes_equal_string(call->request->method, routes[i].method)) {
                routes[i].handle(call);
                return;
            }
            known = true;
        }
    }
    if (known) {
        graph_fail(call, 405, "Request_BadRequest",
                   "Specified HTTP method is not allowed for the "
                   "request target.");
    } else {
        graph_fail(call, 400, "BadRequest", "Resource not found for the segment '%.*s'.",
                   call->segment_count < 2 ? 0 : (int)bytes_slice(call->segments[1], 0, 100).size,
                   call->segment_count < 2 ? "" : call->segments[1].data);
    }
}
