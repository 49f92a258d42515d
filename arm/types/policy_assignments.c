/*
 * Microsoft.Authorization/policyAssignments, and what they do, in Azure's order: "append" and
 * "modify" change the request, "deny" and "denyAction" refuse it, "audit" is an event of the
 * activity log. Effects that look at other resources are stored only.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/activity.h"
#include "arm/json.h"
#include "arm/policy_effects.h"
#include "arm/policy_rules.h"
#include "arm/types/policies.h"
#include "base/log.h"

static const char *const enforcement_modes[] = {"Default", "DoNotEnforce", NULL};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.policyDefinitionId", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.parameters", .kind = ARM_OBJECT},
    {.path = "properties.displayName", .kind = ARM_TEXT},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.notScopes", .kind = ARM_ARRAY},
    {.path = "properties.nonComplianceMessages", .kind = ARM_ARRAY},
    {.path = "properties.enforcementMode",
     .kind = ARM_CHOICE,
     .choices = enforcement_modes,
     .fallback = "\"Default\""},
    {.path = "properties.scope", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {0},
};

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *id = arm_json_text(body, "properties.policyDefinitionId");
    cJSON *definition = arm_policy_definition(call->service, id);
    const cJSON *given = arm_json_at(body, "properties.parameters"), *declared;
    const char *missing = NULL;
    (void)old;
    if (definition == NULL) {
        return arm_fail(&call->error, 404, "PolicyDefinitionNotFound",
                        "The policy definition '%.300s' could not be found.", id);
    }
    cJSON_ArrayForEach(declared, arm_json_at(definition, "properties.parameters"))
    {
        if (arm_json_at(declared, "defaultValue") == NULL &&
            arm_json_at(cJSON_GetObjectItem(given, declared->string), "value") == NULL) {
            missing = declared->string;
        }
    }
    bool good = missing == NULL ||
                arm_fail(&call->error, 400, "MissingPolicyParameter",
                         "The policy assignment '%.*s' is missing the parameter(s) '%.200s' as "
                         "defined in the policy definition '%.200s'.",
                         (int)bytes_slice(call->target.name, 0, 200).size, call->target.name.data,
                         missing, arm_json_text(definition, "name"));
    cJSON_Delete(definition);
    return good;
}

static cJSON *show(struct arm_call *call, const struct arm_resource *assignment, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, assignment);
    arm_json_put(item, "properties.scope", arm_json_text_bytes(arm_scope_of(assignment->id)));
    return item;
}

static cJSON *removal_body(struct arm_call *call, const struct arm_resource *assignment)
{
    return show(call, assignment, false);
}

/* A list holds what is at the scope, above it and below it. */
static bool request(struct arm_call *call)
{
    struct bytes holder = bytes_from_string(call->target.holder);
    if (call->target.name.size > 0 || call->method != ARM_GET) {
        return arm_resource_ordinary_request(call);
    }
    if (!arm_holder_or_fail(call)) {
        return false;
    }
    cJSON *value = cJSON_CreateArray();
    for (const struct arm_resource *assignment = call->service->resources; assignment != NULL;
         assignment = assignment->next) {
        struct bytes scope = arm_scope_of(assignment->id);
        if (assignment->type == &arm_policy_assignment_type &&
            (arm_id_below(holder, scope) || arm_id_below(scope, holder))) {
            cJSON_AddItemToArray(value, show(call, assignment, false));
        }
    }
    return arm_answer_page(call, value, 1000);
}

const struct arm_resource_type arm_policy_assignment_type = {
    .name = "Microsoft.Authorization/policyAssignments",
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .schema = schema,
    .created = 201,
    .check = check,
    .removal_body = removal_body,
    .show = show,
    .request = request,
};

/* ---- The refusal ---- */

static cJSON *violation(const struct arm_resource *assignment, const cJSON *definition,
                        const char *effect, cJSON *evaluated)
{
    cJSON *item = cJSON_CreateObject();
    arm_json_put_text(item, "type", "PolicyViolation");
    arm_json_put(item, "info.evaluationDetails.evaluatedExpressions", evaluated);
    const char *version = arm_json_text(definition, "properties.metadata.version");
    const char *name = arm_json_text(definition, "properties.displayName");
    const char *shown = arm_json_text(assignment->body, "properties.displayName");
    arm_json_put_text(item, "info.policyDefinitionId", arm_json_text(definition, "id"));
    arm_json_put_text(item, "info.policyDefinitionName", arm_json_text(definition, "name"));
    arm_json_put_text(item, "info.policyDefinitionDisplayName", name == NULL ? "" : name);
    arm_json_put_text(item, "info.policyDefinitionVersion", version == NULL ? "1.0.0" : version);
    arm_json_put_text(item, "info.policyDefinitionEffect", effect);
    arm_json_put_text(item, "info.policyAssignmentId", assignment->id);
    arm_json_put_text(item, "info.policyAssignmentName", assignment->name);
    arm_json_put_text(item, "info.policyAssignmentDisplayName", shown == NULL ? "" : shown);
    arm_json_put(item, "info.policyAssignmentScope",
                 arm_json_text_bytes(arm_scope_of(assignment->id)));
    const cJSON *parameters = arm_json_at(assignment->body, "properties.parameters");
    arm_json_put(item, "info.policyAssignmentParameters",
                 parameters == NULL ? cJSON_CreateObject() : cJSON_Duplicate(parameters, true));
    arm_json_put(item, "info.policyExemptionIds", cJSON_CreateArray());
    return item;
}

static char *identifiers(const struct arm_resource *assignment, const cJSON *definition)
{
    cJSON *list = cJSON_CreateArray(), *item = cJSON_CreateObject();
    const char *shown = arm_json_text(assignment->body, "properties.displayName");
    const char *name = arm_json_text(definition, "properties.displayName");
    const char *version = arm_json_text(definition, "properties.metadata.version");
    arm_json_put_text(item, "policyAssignment.name", shown == NULL ? assignment->name : shown);
    arm_json_put_text(item, "policyAssignment.id", assignment->id);
    arm_json_put_text(item, "policyDefinition.name",
                      name == NULL ? arm_json_text(definition, "name") : name);
    arm_json_put_text(item, "policyDefinition.id", arm_json_text(definition, "id"));
    arm_json_put_text(item, "policyDefinition.version", version == NULL ? "1.0.0" : version);
    cJSON_AddItemToArray(list, item);
    char *text = cJSON_PrintUnformatted(list), *copy = string_duplicate(text);
    cJSON_free(text);
    cJSON_Delete(list);
    return copy;
}

/* Takes what was evaluated. Always false. */
static bool refuse(struct arm_call *call, const cJSON *resource,
                   const struct arm_resource *assignment, const cJSON *definition,
                   const char *effect, cJSON *evaluated)
{
    const char *name = arm_json_text(resource, "name");
    const char *reason = arm_json_text(
        cJSON_GetArrayItem(arm_json_at(assignment->body, "properties.nonComplianceMessages"), 0),
        "message");
    char *ids = identifiers(assignment, definition);
    if (reason != NULL) {
        arm_fail(&call->error, 403, "RequestDisallowedByPolicy",
                 "Resource '%s' was disallowed by policy. Reasons: '%.300s'. See error details for "
                 "policy resource IDs.",
                 name, reason);
    } else {
        arm_fail(&call->error, 403, "RequestDisallowedByPolicy",
                 "Resource '%s' was disallowed by policy. Policy identifiers: '%s'.", name, ids);
    }
    snprintf(call->error.target, sizeof(call->error.target), "%s", name);
    memory_free(ids);
    cJSON_Delete(call->error_info);
    call->error_info = cJSON_CreateArray();
    cJSON_AddItemToArray(call->error_info, violation(assignment, definition, effect, evaluated));
    return false;
}

/* ---- The trial ---- */

static bool mode_fits(const cJSON *definition, bool indexed)
{
    const char *mode = arm_json_text(definition, "properties.mode");
    return indexed || (mode != NULL && strcasecmp(mode, "All") == 0);
}

/* What is done in one look at all policies; the looks come in this order. */
enum look { LOOK_ALTER, LOOK_REFUSE, LOOK_NOTE, LOOK_REMOVAL };

/* One request that policies look at. */
struct review {
    struct arm_call *call;
    cJSON *resource; /* as the request would make it; at a removal as it is */
    bool indexed;    /* it has tags and a location */
    enum look look;
    bool altered;
};

static bool concerns(enum look look, const char *effect)
{
    switch (look) {
    case LOOK_ALTER:
        return policy_alters(effect);
    case LOOK_REFUSE:
        return strcasecmp(effect, "deny") == 0;
    case LOOK_NOTE:
        return strcasecmp(effect, "audit") == 0;
    default:
        return strcasecmp(effect, "denyAction") == 0;
    }
}

static bool names_deletion(const cJSON *rule)
{
    const cJSON *name, *names = arm_json_at(rule, "then.details.actionNames");
    cJSON_ArrayForEach(name, names)
    {
        if (cJSON_IsString(name) && strcasecmp(name->valuestring, "delete") == 0) {
            return true;
        }
    }
    return false;
}

/* The rule holds: its effect. */
static bool carry_out(struct review *review, struct policy_trial *trial, const char *effect,
                      const struct arm_resource *assignment, const cJSON *definition)
{
    struct arm_call *call = review->call;
    const cJSON *rule = arm_json_at(definition, "properties.policyRule");
    const char *type = arm_json_text(review->resource, "type");
    log_info("arm", "policy applies effect=%s assignment=%s resource=%s", effect, assignment->id,
             arm_json_text(review->resource, "id"));
    if (review->look == LOOK_NOTE) {
        char *ids = identifiers(assignment, definition);
        arm_activity_note(call, "Microsoft.Authorization/policies/audit/action", ids);
        memory_free(ids);
        return true;
    }
    if (review->look == LOOK_ALTER) {
        enum policy_outcome outcome = policy_apply(trial, effect, rule, type, call->body);
        review->altered |= outcome == POLICY_CHANGED;
        if (outcome != POLICY_REFUSED) {
            return true;
        }
    }
    if (review->look == LOOK_REMOVAL && !names_deletion(rule)) {
        return true;
    }
    cJSON *evaluated = trial->evaluated;
    trial->evaluated = NULL;
    return refuse(call, review->resource, assignment, definition, effect, evaluated);
}

static bool try_definition(struct review *review, const struct arm_resource *assignment,
                           const cJSON *definition, const cJSON *parameters)
{
    const cJSON *rule = arm_json_at(definition, "properties.policyRule");
    struct policy_trial trial = {
        .call = review->call,
        .resource = review->resource,
        .parameters = parameters,
        .declared = arm_json_at(definition, "properties.parameters"),
        .evaluated = cJSON_CreateArray(),
    };
    char *effect = policy_effect(&trial, rule);
    bool good = !concerns(review->look, effect) || !mode_fits(definition, review->indexed) ||
                !policy_condition_holds(&trial, arm_json_at(rule, "if")) ||
                carry_out(review, &trial, effect, assignment, definition);
    cJSON_Delete(trial.evaluated);
    memory_free(effect);
    return good;
}

/* Parameters of a set's member in the terms of the set: "[parameters('x')]" of the assignment. */
static cJSON *member_parameters(struct arm_call *call, const cJSON *resource, const cJSON *member,
                                const cJSON *set, const cJSON *given)
{
    cJSON *result = cJSON_CreateObject();
    const cJSON *parameter;
    struct policy_trial trial = {
        .call = call,
        .resource = resource,
        .parameters = given,
        .declared = arm_json_at(set, "properties.parameters"),
    };
    cJSON_ArrayForEach(parameter, arm_json_at(member, "parameters"))
    {
        cJSON *value = policy_evaluate(&trial, parameter);
        if (value != NULL) {
            cJSON_AddItemToObject(result, parameter->string, value);
        }
    }
    return result;
}

static bool try_assignment(struct review *review, const struct arm_resource *assignment)
{
    struct arm_call *call = review->call;
    const char *id = arm_json_text(assignment->body, "properties.policyDefinitionId");
    const cJSON *given = arm_json_at(assignment->body, "properties.parameters"), *member;
    cJSON *definition = id == NULL ? NULL : arm_policy_definition(call->service, id);
    const cJSON *members = arm_json_at(definition, "properties.policyDefinitions");
    bool good = true;
    if (definition != NULL && members == NULL) {
        good = try_definition(review, assignment, definition, given);
    }
    cJSON_ArrayForEach(member, members)
    {
        const char *member_id = arm_json_text(member, "policyDefinitionId");
        cJSON *part =
            good && member_id != NULL ? arm_policy_definition(call->service, member_id) : NULL;
        if (part != NULL) {
            cJSON *parameters =
                member_parameters(call, review->resource, member, definition, given);
            good = try_definition(review, assignment, part, parameters);
            cJSON_Delete(parameters);
        }
        cJSON_Delete(part);
    }
    cJSON_Delete(definition);
    return good;
}

static bool in_force(const struct arm_resource *assignment, const char *id)
{
    const char *mode = arm_json_text(assignment->body, "properties.enforcementMode");
    const cJSON *scope;
    if (assignment->type != &arm_policy_assignment_type ||
        (mode != NULL && strcmp(mode, "DoNotEnforce") == 0) ||
        !arm_id_below(bytes_from_string(id), arm_scope_of(assignment->id))) {
        return false;
    }
    cJSON_ArrayForEach(scope, arm_json_at(assignment->body, "properties.notScopes"))
    {
        const char *text = cJSON_GetStringValue(scope);
        if (text != NULL && arm_id_below(bytes_from_string(id), bytes_from_string(text))) {
            return false;
        }
    }
    return true;
}

/* ---- What the request would make ---- */

static cJSON *resource_of_request(const struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    const struct arm_resource *stored = arm_resource_find_id(call->service, call->scope);
    bool changes = call->method == ARM_PATCH || call->method == ARM_DELETE;
    cJSON *resource =
        changes && stored != NULL ? cJSON_Duplicate(stored->body, true) : cJSON_CreateObject();
    if (arm_json_at(call->body, "tags") != NULL) {
        arm_json_remove(resource, "tags"); /* they are replaced as a whole */
    }
    arm_json_merge(resource, call->body);
    const char *location = arm_json_text(resource, "location");
    const struct arm_location *known =
        location == NULL ? (stored == NULL ? NULL : stored->location)
                         : arm_type_location(&arm_generic_type, bytes_from_string(location));
    if (known != NULL) {
        arm_json_put_text(resource, "location", known->name);
    }
    arm_json_put_text(resource, "id", call->scope);
    arm_json_put_text(resource, "name", arm_type_leaf(call->scope));
    arm_json_put_text(resource, "type",
                      call->route != NULL ? call->route->type : target->type_name);
    return resource;
}

/* All policies in force, for one of the things that they do. */
static bool look(struct review *review, enum look what)
{
    bool good = true;
    struct arm_call *call = review->call;
    review->look = what;
    for (struct arm_resource *assignment = call->service->resources; assignment != NULL && good;
         assignment = assignment->next) {
        if (!in_force(assignment, call->scope)) {
            continue;
        }
        if (review->resource == NULL) {
            review->resource = resource_of_request(call);
        }
        good = try_assignment(review, assignment);
        if (review->altered) {
            cJSON_Delete(review->resource);
            review->resource = resource_of_request(call);
            review->altered = false;
        }
    }
    return good;
}

bool arm_step_policy(struct arm_call *call)
{
    static const char group_type[] = "Microsoft.Resources/subscriptions/resourceGroups";
    bool group = call->route != NULL && call->route->type != NULL &&
                 strcmp(call->route->type, group_type) == 0;
    bool resource = call->route == NULL && call->target.name.size > 0 &&
                    call->target.action == NULL &&
                    strncasecmp(call->action, "Microsoft.Authorization/", 24) != 0;
    struct review review = {
        .call = call,
        .indexed = resource && (call->target.type->traits & ARM_TRACKED) != 0,
    };
    bool write = (call->method == ARM_PUT || call->method == ARM_PATCH) && (group || resource) &&
                 cJSON_IsObject(call->body);
    bool removal = call->method == ARM_DELETE && resource &&
                   arm_resource_find_id(call->service, call->scope) != NULL;
    bool good = removal ? look(&review, LOOK_REMOVAL)
                        : !write || (look(&review, LOOK_ALTER) && look(&review, LOOK_REFUSE) &&
                                     look(&review, LOOK_NOTE));
    cJSON_Delete(review.resource);
    return good;
}

static const struct arm_resource_type *const types[] = {&arm_policy_assignment_type};
const struct arm_module arm_module_policy_assignments = {types, ARRAY_LEN(types), NULL, 0};
