/* Who may do what in a vault: its network rules, then its access policies or roles. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/roles.h"
#include "arm/vaults/vaults.h"

/* ---- The network ---- */

/* "10.0.0.0/24" or "10.0.0.4" */
static bool in_range(const char *range, uint32_t address)
{
    char base[32];
    const char *slash = strchr(range, '/');
    size_t size = slash == NULL ? strlen(range) : (size_t)(slash - range);
    int64_t bits = 32;
    uint32_t start;
    if (size >= sizeof(base) ||
        (slash != NULL && !bytes_to_int64(bytes_from_string(slash + 1), &bits)) || bits < 0 ||
        bits > 32) {
        return false;
    }
    snprintf(base, sizeof(base), "%.*s", (int)size, range);
    uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
    return arm_ipv4_read(base, &start) && (start & mask) == (address & mask);
}

static bool address_allowed(const struct arm_resource *vault, const char *peer)
{
    const char *action = arm_json_text(vault->body, "properties.networkAcls.defaultAction");
    const cJSON *rule;
    uint32_t address;
    if (action == NULL || strcmp(action, "Deny") != 0) {
        return true;
    }
    cJSON_ArrayForEach(rule, arm_json_at(vault->body, "properties.networkAcls.ipRules"))
    {
        const char *range = arm_json_text(rule, "value");
        if (range != NULL && arm_ipv4_read(peer, &address) && in_range(range, address)) {
            return true;
        }
    }
    return false;
}

/* ---- Access policies ---- */

static bool listed(const cJSON *permissions, const char *wanted)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, permissions)
    {
        struct bytes word = bytes_from_string(cJSON_GetStringValue(item));
        if (bytes_equal_string_nocase(word, wanted) || bytes_equal_string_nocase(word, "all")) {
            return true;
        }
    }
    return false;
}

static bool policies_allow(const struct arm_resource *vault, const struct arm_principal *principal,
                           const char *permission)
{
    const cJSON *policy;
    cJSON_ArrayForEach(policy, arm_json_at(vault->body, "properties.accessPolicies"))
    {
        const char *object = arm_json_text(policy, "objectId");
        const char *application = arm_json_text(policy, "applicationId");
        if (object != NULL &&
            bytes_equal_string_nocase(bytes_from_string(object), principal->object_id) &&
            (application == NULL || bytes_equal_string_nocase(bytes_from_string(application),
                                                              principal->application_id)) &&
            listed(arm_json_at(policy, "permissions.secrets"), permission)) {
            return true;
        }
    }
    return false;
}

/* ---- Roles ---- */

static bool text_is(const cJSON *body, const char *path, const char *wanted)
{
    const char *text = arm_json_text(body, path);
    return text != NULL && bytes_equal_string_nocase(bytes_from_string(text), wanted);
}

/*
 * Whoever has no role at all may do everything here, as in the management API; but what runs as the
 * identity of a resource must have been given its role, which is what people forget.
 */
static bool open_to(const struct arm_service *service, const struct arm_principal *principal)
{
    for (const struct arm_resource *resource = service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type != &arm_role_assignment_type &&
            (text_is(resource->body, "identity.principalId", principal->object_id) ||
             text_is(resource->body, "properties.principalId", principal->object_id))) {
            return false;
        }
    }
    return !arm_has_role(service, principal->object_id);
}

static bool roles_allow(const struct arm_service *service, const struct arm_principal *principal,
                        const char *action, const char *scope)
{
    return arm_data_permitted(service, principal->object_id, action, scope) ||
           open_to(service, principal);
}

/* ---- The answer ---- */

static void describe(const struct arm_principal *principal, char text[256])
{
    snprintf(text, 256, "appid=%s;oid=%s;iss=https://sts.windows.net/%s/",
             principal->application_id, principal->object_id, principal->tenant_id);
}

/* The service writes the resource in lower case. */
static bool fail_by_roles(struct arm_error *error, const struct arm_resource *vault,
                          const char *caller, const char *action, const char *scope)
{
    char *lower = string_duplicate(scope);
    for (char *at = lower; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
    }
    arm_fail(error, 403, "Forbidden",
             "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny "
             "assignments or role definitions were changed recently, please observe propagation "
             "time.\r\nCaller: %s\r\nAction: '%s'\r\nResource: '%s'\r\nAssignment: (not "
             "found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' "
             "\r\nVault: %s;location=%s\r\n",
             caller, action, lower, vault->name,
             vault->location == NULL ? "" : vault->location->name);
    memory_free(lower);
    return false;
}

bool vault_allows(struct arm_service *service, const struct arm_resource *vault,
                  const struct arm_principal *principal, const struct vault_right *right,
                  const char *secret, struct bytes peer, struct arm_error *error,
                  const char **inner)
{
    const char *place = vault->location == NULL ? "" : vault->location->name;
    const char *access = arm_json_text(vault->body, "properties.publicNetworkAccess");
    char caller[256], address[64];
    describe(principal, caller);
    snprintf(address, sizeof(address), "%.*s",
             (int)bytes_slice(peer, 0, bytes_find(peer, ':')).size,
             peer.data == NULL ? "" : peer.data);
    if (peer.size > 0 && access != NULL && strcmp(access, "Disabled") == 0) {
        *inner = "ForbiddenByConnection";
        return arm_fail(error, 403, "Forbidden",
                        "Public network access is disabled and request is not from a trusted "
                        "service nor via an approved private link.\r\nCaller: %s\r\nVault: "
                        "%s;location=%s",
                        caller, vault->name, place);
    }
    if (peer.size > 0 && !address_allowed(vault, address)) {
        *inner = "ForbiddenByFirewall";
        return arm_fail(error, 403, "Forbidden",
                        "Client address is not authorized and caller is not a trusted "
                        "service.\r\nClient address: %s\r\nCaller: %s\r\nVault: %s;location=%s",
                        address, caller, vault->name, place);
    }
    if (arm_json_truth(vault->body, "properties.enableRbacAuthorization")) {
        char *scope = secret == NULL ? string_duplicate(vault->id)
                                     : string_format("%s/secrets/%s", vault->id, secret);
        bool allowed = roles_allow(service, principal, right->action, scope) ||
                       fail_by_roles(error, vault, caller, right->action, scope);
        memory_free(scope);
        *inner = "ForbiddenByRbac";
        return allowed;
    }
    if (policies_allow(vault, principal, right->permission)) {
        return true;
    }
    *inner = "AccessDenied";
    return arm_fail(error, 403, "Forbidden",
                    "The user, group or application '%s' does not have secrets %s permission on "
                    "key vault '%s;location=%s'. For help resolving this issue, please see "
                    "https://go.microsoft.com/fwlink/?linkid=2125287",
                    caller, right->permission, vault->name, place);
}
