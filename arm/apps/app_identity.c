/* The managed identities of an app: its own, and those assigned to it. */
#include <stdio.h>
#include <string.h>

#include "arm/apps/apps.h"
#include "arm/json.h"

static bool type_has(const cJSON *body, const char *word)
{
    const char *type = arm_json_text(body, "identity.type");
    for (const char *at = type; at != NULL && *at != '\0'; at++) {
        if (bytes_equal_string_nocase(bytes_slice(bytes_from_string(at), 0, strlen(word)), word)) {
            return true;
        }
    }
    return false;
}

static void settle_assigned(const struct arm_service *service, cJSON *body)
{
    cJSON *identities = arm_json_at(body, "identity.userAssignedIdentities"), *item;
    cJSON_ArrayForEach(item, identities)
    {
        const struct arm_resource *identity = arm_resource_find_id(service, item->string);
        if (identity != NULL && cJSON_IsObject(item)) {
            arm_json_copy_member(item, arm_json_at(identity->body, "properties"), "principalId");
            arm_json_copy_member(item, arm_json_at(identity->body, "properties"), "clientId");
        }
    }
}

void app_identity_settle(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    cJSON *identity = arm_json_at(body, "identity");
    if (!cJSON_IsObject(identity)) {
        return;
    }
    cJSON_DeleteItemFromObject(identity, "principalId");
    cJSON_DeleteItemFromObject(identity, "tenantId");
    if (type_has(body, "SystemAssigned")) {
        const char *present = old == NULL ? NULL : arm_json_text(old->body, "identity.principalId");
        char id[GUID_SIZE + 1];
        random_guid(call->service->random, id);
        cJSON_AddStringToObject(identity, "principalId", present == NULL ? id : present);
        cJSON_AddStringToObject(identity, "tenantId", call->service->config.tenant_id);
    }
    settle_assigned(call->service, body);
}

void app_identity_apply(struct arm_service *service, struct arm_resource *app)
{
    const char *principal = arm_json_text(app->body, "identity.principalId");
    const char *client = arm_json_text(app->secrets, "clientId");
    if (principal == NULL) {
        app_identity_remove(service, app);
        return;
    }
    if (client == NULL) {
        char id[GUID_SIZE + 1];
        random_guid(service->random, id);
        cJSON_AddStringToObject(app_secrets(app), "clientId", id);
        client = arm_json_text(app->secrets, "clientId");
    }
    const struct arm_managed_identity identity = {
        .client_id = client,
        .object_id = principal,
        .name = app->name,
        .resource_id = app->id,
    };
    if (service->host.identity_apply != NULL) {
        service->host.identity_apply(service->host.context, &identity);
    }
}

void app_identity_remove(struct arm_service *service, struct arm_resource *app)
{
    const char *client = arm_json_text(app->secrets, "clientId");
    if (client != NULL && service->host.identity_remove != NULL) {
        service->host.identity_remove(service->host.context, client);
    }
    cJSON_DeleteItemFromObject(app->secrets, "clientId");
}

bool app_principal(const struct arm_service *service, const struct arm_resource *app,
                   const char *chosen, struct arm_principal *principal)
{
    const char *object = NULL, *client = NULL;
    bool own = chosen == NULL || chosen[0] == '\0' ||
               bytes_equal_string_nocase(bytes_from_string(chosen), "System") ||
               bytes_equal_string_nocase(bytes_from_string(chosen), "SystemAssigned");
    if (own) {
        object = arm_json_text(app->body, "identity.principalId");
        client = arm_json_text(app->secrets, "clientId");
    } else {
        const cJSON *assigned = arm_json_at(app->body, "identity.userAssignedIdentities");
        const cJSON *item = assigned == NULL ? NULL : cJSON_GetObjectItem(assigned, chosen);
        object = arm_json_text(item, "principalId");
        client = arm_json_text(item, "clientId");
    }
    *principal = (struct arm_principal){0};
    if (object == NULL) {
        return false;
    }
    snprintf(principal->object_id, sizeof(principal->object_id), "%s", object);
    snprintf(principal->tenant_id, sizeof(principal->tenant_id), "%s", service->config.tenant_id);
    snprintf(principal->application_id, sizeof(principal->application_id), "%s",
             client == NULL ? "" : client);
    snprintf(principal->name, sizeof(principal->name), "%s", app->name);
    return true;
}
