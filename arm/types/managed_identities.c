/*
 * Microsoft.ManagedIdentity/userAssignedIdentities: an identity that the tenant knows from then on,
 * so that tokens can be had for it, and its federated credentials, which are stored.
 */
#include "arm/json.h"
#include "arm/service_state.h"

static const struct arm_property schema[] = {
    {.path = "properties.tenantId", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.principalId", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.clientId", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static const char *const ids[] = {"properties.principalId", "properties.clientId"};

/* An update keeps who it is. */
static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)call;
    for (size_t i = 0; old != NULL && i < ARRAY_LEN(ids); i++) {
        arm_json_put(body, ids[i], cJSON_Duplicate(arm_json_at(old->body, ids[i]), true));
    }
    return true;
}

static void complete(struct arm_service *service, cJSON *body)
{
    char guid[GUID_SIZE + 1];
    arm_json_put_text(body, "properties.tenantId", service->config.tenant_id);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        if (arm_json_text(body, ids[i]) == NULL) {
            random_guid(service->random, guid);
            arm_json_put_text(body, ids[i], guid);
        }
    }
}

static void apply(struct arm_service *service, struct arm_resource *identity)
{
    const struct arm_managed_identity told = {
        .client_id = arm_json_text(identity->body, "properties.clientId"),
        .object_id = arm_json_text(identity->body, "properties.principalId"),
        .name = identity->name,
        .resource_id = identity->id,
    };
    if (service->host.identity_apply != NULL) {
        service->host.identity_apply(service->host.context, &told);
    }
}

static void forget(struct arm_service *service, struct arm_resource *identity)
{
    if (service->host.identity_remove != NULL) {
        service->host.identity_remove(service->host.context,
                                      arm_json_text(identity->body, "properties.clientId"));
    }
}

static const struct arm_property credential_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.issuer", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.subject", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.audiences", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {0},
};

static const struct arm_resource_type identity_type = {
    .name = "Microsoft.ManagedIdentity/userAssignedIdentities",
    .names = {.words =
                  "3 to 128 letters, digits, hyphens and underscores, a letter or digit in front",
              .least = 3,
              .most = 128,
              .marks = "-_",
              .flags = ARM_NAME_NOT_FIRST},
    .traits = ARM_TRACKED | ARM_NO_STATE,
    .schema = schema,
    .check = check,
    .complete = complete,
    .apply = apply,
    .remove = forget,
};

static const struct arm_resource_type credential_type = {
    .name = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    .traits = ARM_NO_STATE,
    .schema = credential_schema,
};

static const struct arm_resource_type *const types[] = {&identity_type, &credential_type};
const struct arm_module arm_module_managed_identities = {types, ARRAY_LEN(types), NULL, 0};
