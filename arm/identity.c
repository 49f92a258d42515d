/* The identity that a request gives a resource: Azure looks at it before the provider does. */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

#define IDENTITIES "identity.userAssignedIdentities"

static const struct {
    const char *sent, *kept;
    bool named; /* it is of identities that the body names */
} types[] = {
    {"None", "None", false},
    {"SystemAssigned", "SystemAssigned", false},
    {"UserAssigned", "UserAssigned", true},
    {"SystemAssigned, UserAssigned", "SystemAssigned, UserAssigned", true},
    {"SystemAssigned,UserAssigned", "SystemAssigned, UserAssigned", true},
};

static bool fail_content(struct arm_call *call, const char *what)
{
    return arm_fail(&call->error, 400, "InvalidRequestContent",
                    "The request content was invalid and could not be deserialized: '%s'.", what);
}

/* Brings it into the spelling that Azure answers; `named` as the row of the type has it. */
static bool check_type(struct arm_call *call, const char *type, bool *named)
{
    for (size_t i = 0; type != NULL && i < ARRAY_LEN(types); i++) {
        if (bytes_equal_string_nocase(bytes_from_string(type), types[i].sent)) {
            *named = types[i].named;
            arm_json_put_text(call->body, "identity.type", types[i].kept);
            return true;
        }
    }
    return fail_content(call, "The type of an identity is one of None, SystemAssigned, "
                              "UserAssigned and SystemAssigned, UserAssigned. Path "
                              "'identity.type'");
}

/* The words are those that people quote of the real service. */
static bool check_one(struct arm_call *call, const char *id)
{
    const struct arm_resource *identity = arm_resource_find_id(call->service, id);
    if (id[0] != '/') {
        return arm_fail(&call->error, 400, "LinkedInvalidPropertyId",
                        "Property id '%.300s' at path '" IDENTITIES "' is invalid. Expect fully "
                        "qualified resource Id that start with "
                        "'/subscriptions/{subscriptionId}' or "
                        "'/providers/{resourceProviderNamespace}/'.",
                        id);
    }
    return (identity != NULL &&
            bytes_equal_string_nocase(bytes_from_string(identity->type_name),
                                      "Microsoft.ManagedIdentity/userAssignedIdentities")) ||
           arm_fail(&call->error, 400, "FailedIdentityOperation",
                    "Identity operation for resource '%s' failed with error 'Failed to perform "
                    "resource identity operation. Status: 'BadRequest'. Response: "
                    "'{\"error\":{\"code\":\"BadRequest\",\"message\":\"Resource '%.300s' was not "
                    "found.\"}}'.'.",
                    call->target.id, id);
}

bool arm_identity_fits(struct arm_call *call)
{
    const cJSON *one, *identity = arm_json_at(call->body, "identity");
    const cJSON *given = arm_json_at(call->body, IDENTITIES);
    const struct arm_resource *resource = arm_resource_find_id(call->service, call->target.id);
    const char *type = arm_json_text(call->body, "identity.type");
    bool patched = call->method == ARM_PATCH && resource != NULL, named = false;
    int count = 0;
    if (identity == NULL || cJSON_IsNull(identity)) {
        return true;
    }
    if (!cJSON_IsObject(identity) ||
        (given != NULL && !cJSON_IsObject(given) && !cJSON_IsNull(given))) {
        return fail_content(call, "The identity must be an object, as are the identities in it");
    }
    if ((type != NULL || !patched) && !check_type(call, type, &named)) {
        return false;
    }
    cJSON_ArrayForEach(one, given)
    {
        count++;
        /* null takes one away */
        if (!cJSON_IsNull(one) && !check_one(call, one->string)) {
            return false;
        }
    }
    if (count == 0 && patched) {
        count = cJSON_GetArraySize(arm_json_at(resource->body, IDENTITIES));
    }
    return count > 0 || !named ||
           arm_fail(&call->error, 400, "MissingIdentityIds",
                    "The identity ids must not be null or empty for '%s' identity type.",
                    arm_json_text(call->body, "identity.type"));
}
