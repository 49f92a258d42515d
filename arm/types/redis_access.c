/*
 * Microsoft.Cache/Redis/accessPolicies and accessPolicyAssignments: who may sign in with an Entra
 * token, and what the policy allows, in Redis's own ACL rules.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/redis.h"

enum { POLICY_S = 5 * 60 };

static const struct {
    const char *name, *permissions;
} built_in[] = {
    {"Data Owner", "+@all allkeys"},
    {"Data Contributor", "+@all -@dangerous +cluster|info +cluster|nodes +cluster|slots allkeys"},
    {"Data Reader",
     "+@read +@connection -client +client|caching +client|getname +client|getredir +client|id "
     "+client|list +client|reply +client|setinfo +client|setname +client|tracking +cluster|info "
     "+cluster|nodes +cluster|slots allkeys"},
};

/* ---- Policies ---- */

static const struct arm_property policy_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.permissions", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.type", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static bool rule_fits(struct bytes rule, bool *keys)
{
    static const char *const words[] = {"allkeys",    "allchannels", "allcommands",
                                        "nocommands", "resetkeys",   "resetchannels"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (bytes_equal_string_nocase(rule, words[i])) {
            *keys = *keys || i == 0;
            return true;
        }
    }
    *keys = *keys || rule.data[0] == '~' || rule.data[0] == '%';
    return rule.size > 1 && strchr("+-~%&", rule.data[0]) != NULL;
}

/* Rules without keys are for all keys: "+get" is kept as "+get allkeys". */
static bool check_policy(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *permissions = arm_json_text(body, "properties.permissions");
    bool keys = false;
    if (old != NULL && strcmp(arm_json_text(old->body, "properties.type"), "BuiltIn") == 0) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "The built-in access policy '%s' cannot be changed.", old->name);
    }
    for (const char *at = permissions + strspn(permissions, " "); *at != '\0';) {
        struct bytes rule = {at, strcspn(at, " ")};
        if (!rule_fits(rule, &keys)) {
            return arm_fail_provider(&call->error, 400, "InvalidRequestBody",
                                     "The value of the parameter 'properties.permissions' is "
                                     "invalid: '%.*s' is no rule of Redis's access control lists.",
                                     (int)bytes_slice(rule, 0, 100).size, rule.data);
        }
        at += rule.size;
        at += strspn(at, " ");
    }
    if (!keys) {
        char *whole = string_format("%s%sallkeys", permissions, permissions[0] == '\0' ? "" : " ");
        arm_json_put_text(body, "properties.permissions", whole);
        memory_free(whole);
    }
    return true;
}

static void complete_policy(struct arm_service *service, cJSON *body)
{
    (void)service;
    if (arm_json_at(body, "properties.type") == NULL) {
        arm_json_put_text(body, "properties.type", "Custom");
    }
}

static const struct arm_resource *assignment_of(const struct arm_service *service,
                                                const struct arm_resource *cache,
                                                const char *policy)
{
    const struct arm_resource *assignment = NULL;
    do {
        assignment =
            arm_resource_next_child(service, cache, &arm_redis_assignment_type, assignment);
    } while (assignment != NULL &&
             !bytes_equal_string_nocase(
                 bytes_from_string(arm_json_text(assignment->body, "properties.accessPolicyName")),
                 policy));
    return assignment;
}

static bool check_policy_removal(struct arm_call *call, const struct arm_resource *policy)
{
    const struct arm_resource *assignment =
        assignment_of(call->service, policy->parent, policy->name);
    if (strcmp(arm_json_text(policy->body, "properties.type"), "BuiltIn") == 0) {
        return arm_fail_provider(&call->error, 400, "BadRequest",
                                 "The built-in access policy '%s' cannot be deleted.",
                                 policy->name);
    }
    return assignment == NULL ||
           arm_fail_provider(&call->error, 400, "BadRequest",
                             "The access policy '%s' cannot be deleted: the assignment '%s' uses "
                             "it. Please delete the assignment first.",
                             policy->name, assignment->name);
}

void arm_redis_add_policies(struct arm_service *service, struct arm_resource *cache)
{
    for (size_t i = 0; i < ARRAY_LEN(built_in); i++) {
        char *id = string_format("%s/accessPolicies/%s", cache->id, built_in[i].name);
        if (arm_resource_find_id(service, id) == NULL) {
            cJSON *body = cJSON_CreateObject();
            arm_json_put_text(body, "properties.permissions", built_in[i].permissions);
            arm_json_put_text(body, "properties.type", "BuiltIn");
            arm_resource_add(service, &arm_redis_policy_type, arm_redis_policy_type.name, id, NULL,
                             body);
        }
        memory_free(id);
    }
}

/* ---- Assignments ---- */

static const struct arm_property assignment_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.objectId", .kind = ARM_GUID, .rules = ARM_REQUIRED},
    {.path = "properties.objectIdAlias", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.accessPolicyName", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {0},
};

static bool check_assignment(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    const struct arm_resource *cache = arm_resource_find_id(call->service, call->target.holder);
    const char *name = arm_json_text(body, "properties.accessPolicyName");
    const struct arm_resource *policy =
        arm_resource_child(call->service, cache, &arm_redis_policy_type, bytes_from_string(name));
    if (policy == NULL) {
        return arm_fail_provider(&call->error, 400, "InvalidRequestBody",
                                 "The value of the parameter 'properties.accessPolicyName' is "
                                 "invalid: the cache '%s' has no access policy '%s'.",
                                 cache->name, name);
    }
    arm_json_put_text(body, "properties.accessPolicyName", policy->name);
    return true;
}

size_t arm_redis_accesses(const struct arm_service *service, const struct arm_resource *cache,
                          struct arm_access *accesses, size_t most)
{
    size_t count = 0;
    const struct arm_resource *assignment = NULL;
    while (count < most && (assignment = arm_resource_next_child(
                                service, cache, &arm_redis_assignment_type, assignment)) != NULL) {
        const cJSON *body = assignment->body;
        const struct arm_resource *policy = arm_resource_child(
            service, cache, &arm_redis_policy_type,
            bytes_from_string(arm_json_text(body, "properties.accessPolicyName")));
        if (policy != NULL && strcmp(assignment->state, "Creating") != 0 &&
            strcmp(assignment->state, "Failed") != 0) {
            accesses[count++] = (struct arm_access){
                .object_id = bytes_from_string(arm_json_text(body, "properties.objectId")),
                .alias = bytes_from_string(arm_json_text(body, "properties.objectIdAlias")),
                .permissions =
                    bytes_from_string(arm_json_text(policy->body, "properties.permissions")),
            };
        }
    }
    return count;
}

/* ---- Rows ---- */

const struct arm_resource_type arm_redis_policy_type = {
    .name = "Microsoft.Cache/Redis/accessPolicies",
    .names = {.words =
                  "3 to 63 letters, digits, hyphens and spaces, a letter or digit at either end",
              .least = 3,
              .most = 63,
              .marks = "- ",
              .flags = ARM_NAME_INSIDE},
    .traits = ARM_BUSY_PARENT,
    .schema = policy_schema,
    .polling = &arm_polling_redis,
    .durations = {POLICY_S, POLICY_S, POLICY_S},
    .check = check_policy,
    .check_removal = check_policy_removal,
    .complete = complete_policy,
    .apply = arm_redis_apply_parent,
    .remove = arm_redis_apply_parent,
};

const struct arm_resource_type arm_redis_assignment_type = {
    .name = "Microsoft.Cache/Redis/accessPolicyAssignments",
    .names = {.words = "3 to 63 letters, digits and hyphens, a letter or digit at either end",
              .least = 3,
              .most = 63,
              .marks = "-",
              .flags = ARM_NAME_INSIDE},
    .traits = ARM_BUSY_PARENT,
    .schema = assignment_schema,
    .polling = &arm_polling_redis,
    .durations = {POLICY_S, POLICY_S, POLICY_S},
    .check = check_assignment,
    .apply = arm_redis_apply_parent,
    .remove = arm_redis_apply_parent,
};

static const struct arm_resource_type *const types[] = {&arm_redis_policy_type,
                                                        &arm_redis_assignment_type};
const struct arm_module arm_module_redis_access = {types, ARRAY_LEN(types), NULL, 0};
