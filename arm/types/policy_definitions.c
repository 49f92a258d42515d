/*
 * Microsoft.Authorization/policyDefinitions and policySetDefinitions: some that are built in, as
 * Azure has them, and those that somebody made.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/types/policies.h"

/* ---- Built-in ones ---- */

static const struct {
    const char *name, *display_name, *mode, *parameters, *rule;
} built_in[] = {
    {"e56962a6-4747-49cd-b67b-bf8b01975c4c", "Allowed locations", "Indexed",
     "{\"listOfAllowedLocations\":{\"type\":\"Array\",\"metadata\":{\"description\":\"The list of "
     "locations that can be specified when deploying resources.\",\"strongType\":\"location\","
     "\"displayName\":\"Allowed locations\"}}}",
     "{\"if\":{\"allOf\":[{\"field\":\"location\",\"notIn\":"
     "\"[parameters('listOfAllowedLocations')]\"},{\"field\":\"location\",\"notEquals\":"
     "\"global\"}]},\"then\":{\"effect\":\"deny\"}}"},
    {"e765b5de-1225-4ba3-bd56-1ac6695af988", "Allowed locations for resource groups", "All",
     "{\"listOfAllowedLocations\":{\"type\":\"Array\",\"metadata\":{\"description\":\"The list of "
     "locations that resource groups can be created in.\",\"strongType\":\"location\","
     "\"displayName\":\"Allowed locations\"}}}",
     "{\"if\":{\"allOf\":[{\"field\":\"type\",\"equals\":"
     "\"Microsoft.Resources/subscriptions/resourceGroups\"},{\"field\":\"location\",\"notIn\":"
     "\"[parameters('listOfAllowedLocations')]\"}]},\"then\":{\"effect\":\"deny\"}}"},
    {"6c112d4e-5bc7-47ae-a041-ea2d9dccd749", "Not allowed resource types", "All",
     "{\"listOfResourceTypesNotAllowed\":{\"type\":\"Array\",\"metadata\":{\"displayName\":\"Not "
     "allowed resource types\"}},\"effect\":{\"type\":\"String\",\"allowedValues\":[\"Audit\","
     "\"Deny\",\"Disabled\"],\"defaultValue\":\"Deny\"}}",
     "{\"if\":{\"field\":\"type\",\"in\":\"[parameters('listOfResourceTypesNotAllowed')]\"},"
     "\"then\":{\"effect\":\"[parameters('effect')]\"}}"},
    {"871b6d14-10aa-478d-b590-94f262ecfa99", "Require a tag on resources", "Indexed",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}}",
     "{\"if\":{\"field\":\"[concat('tags[', parameters('tagName'), ']')]\",\"exists\":\"false\"},"
     "\"then\":{\"effect\":\"deny\"}}"},
    {"96670d01-0a4d-4649-9c89-2d3abc0a5025", "Require a tag on resource groups", "All",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}}",
     "{\"if\":{\"allOf\":[{\"field\":\"type\",\"equals\":"
     "\"Microsoft.Resources/subscriptions/resourceGroups\"},{\"field\":\"[concat('tags[', "
     "parameters('tagName'), ']')]\",\"exists\":\"false\"}]},\"then\":{\"effect\":\"deny\"}}"},
    {"22bee202-a82f-4305-9a2a-6d7f44d4dedb",
     "Only secure connections to your Azure Cache for Redis should be enabled", "Indexed",
     "{\"effect\":{\"type\":\"String\",\"allowedValues\":[\"Audit\",\"Deny\",\"Disabled\"],"
     "\"defaultValue\":\"Audit\"}}",
     "{\"if\":{\"allOf\":[{\"field\":\"type\",\"equals\":\"Microsoft.Cache/redis\"},{\"anyOf\":[{"
     "\"field\":\"Microsoft.Cache/Redis/enableNonSslPort\",\"equals\":\"true\"},{\"field\":"
     "\"Microsoft.Cache/Redis/minimumTlsVersion\",\"less\":\"1.2\"}]}]},\"then\":{\"effect\":"
     "\"[parameters('effect')]\"}}"},
    {"470baccb-7e51-4549-8b1a-3e5be069f663",
     "Azure Cache for Redis should disable public network access", "Indexed",
     "{\"effect\":{\"type\":\"String\",\"allowedValues\":[\"Audit\",\"Deny\",\"Disabled\"],"
     "\"defaultValue\":\"Audit\"}}",
     "{\"if\":{\"allOf\":[{\"field\":\"type\",\"equals\":\"Microsoft.Cache/redis\"},{\"field\":"
     "\"Microsoft.Cache/Redis/publicNetworkAccess\",\"notEquals\":\"Disabled\"}]},\"then\":{"
     "\"effect\":\"[parameters('effect')]\"}}"},
    {"2a0e14a6-b0a6-4fab-991a-187a4f81c498", "Append a tag and its value to resources", "Indexed",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}"
     ",\"tagValue\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Value\""
     "}}}",
     "{\"if\":{\"field\":\"[concat('tags[', parameters('tagName'), ']')]\",\"exists"
     "\":\"false\"},\"then\":{\"effect\":\"append\",\"details\":[{\"field\":\"[conca"
     "t('tags[', parameters('tagName'), ']')]\",\"value\":\"[parameters('tagValue')]"
     "\"}]}}"},
    {"4f9dc7db-30c1-420c-b61a-e1d640128d26", "Add a tag to resources", "Indexed",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}"
     ",\"tagValue\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Value\""
     "}}}",
     "{\"if\":{\"field\":\"[concat('tags[', parameters('tagName'), ']')]\",\"exists"
     "\":\"false\"},\"then\":{\"effect\":\"modify\",\"details\":{\"roleDefinitionIds"
     "\":[\"/providers/microsoft.authorization/roleDefinitions/b24988ac-6180-42a0-ab"
     "88-20f7382dd24c\"],\"operations\":[{\"operation\":\"add\",\"field\":\"[concat("
     "'tags[', parameters('tagName'), ']')]\",\"value\":\"[parameters('tagValue')]\""
     "}]}}}"},
    {"5ffd78d9-436d-4b41-a421-5baa819e3008", "Add or replace a tag on resources", "Indexed",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}"
     ",\"tagValue\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Value\""
     "}}}",
     "{\"if\":{\"field\":\"[concat('tags[', parameters('tagName'), ']')]\",\"notEqua"
     "ls\":\"[parameters('tagValue')]\"},\"then\":{\"effect\":\"modify\",\"details\""
     ":{\"roleDefinitionIds\":[\"/providers/microsoft.authorization/roleDefinitions/"
     "b24988ac-6180-42a0-ab88-20f7382dd24c\"],\"operations\":[{\"operation\":\"addOr"
     "Replace\",\"field\":\"[concat('tags[', parameters('tagName'), ']')]\",\"value"
     "\":\"[parameters('tagValue')]\"}]}}}"},
    {"cd3aa116-8754-49c9-a813-ad46512ece54", "Inherit a tag from the resource group", "Indexed",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}"
     "}",
     "{\"if\":{\"allOf\":[{\"field\":\"[concat('tags[', parameters('tagName'), ']')]"
     "\",\"notEquals\":\"[resourceGroup().tags[parameters('tagName')]]\"},{\"value\""
     ":\"[resourceGroup().tags[parameters('tagName')]]\",\"notEquals\":\"\"}]},\"the"
     "n\":{\"effect\":\"modify\",\"details\":{\"roleDefinitionIds\":[\"/providers/mi"
     "crosoft.authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c\"],"
     "\"operations\":[{\"operation\":\"addOrReplace\",\"field\":\"[concat('tags[', p"
     "arameters('tagName'), ']')]\",\"value\":\"[resourceGroup().tags[parameters('ta"
     "gName')]]\"}]}}}"},
    {"ea3f2387-9b95-492a-a190-fcdc54f7b070", "Inherit a tag from the resource group if missing",
     "Indexed",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}"
     "}",
     "{\"if\":{\"allOf\":[{\"field\":\"[concat('tags[', parameters('tagName'), ']')]"
     "\",\"exists\":\"false\"},{\"value\":\"[resourceGroup().tags[parameters('tagNam"
     "e')]]\",\"notEquals\":\"\"}]},\"then\":{\"effect\":\"modify\",\"details\":{\"r"
     "oleDefinitionIds\":[\"/providers/microsoft.authorization/roleDefinitions/b2498"
     "8ac-6180-42a0-ab88-20f7382dd24c\"],\"operations\":[{\"operation\":\"add\",\"fi"
     "eld\":\"[concat('tags[', parameters('tagName'), ']')]\",\"value\":\"[resourceG"
     "roup().tags[parameters('tagName')]]\"}]}}}"},
    {"726aca4c-86e9-4b04-b0c5-073027359532", "Add a tag to resource groups", "All",
     "{\"tagName\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Name\"}}"
     ",\"tagValue\":{\"type\":\"String\",\"metadata\":{\"displayName\":\"Tag Value\""
     "}}}",
     "{\"if\":{\"allOf\":[{\"field\":\"type\",\"equals\":\"Microsoft.Resources/subsc"
     "riptions/resourceGroups\"},{\"field\":\"[concat('tags[', parameters('tagName')"
     ", ']')]\",\"exists\":\"false\"}]},\"then\":{\"effect\":\"modify\",\"details\":"
     "{\"roleDefinitionIds\":[\"/providers/microsoft.authorization/roleDefinitions/b"
     "24988ac-6180-42a0-ab88-20f7382dd24c\"],\"operations\":[{\"operation\":\"add\","
     "\"field\":\"[concat('tags[', parameters('tagName'), ']')]\",\"value\":\"[param"
     "eters('tagValue')]\"}]}}}"},
};

static cJSON *show_built_in(size_t index)
{
    cJSON *item = cJSON_CreateObject();
    char *id =
        string_format("/providers/%s/%s", arm_policy_definition_type.name, built_in[index].name);
    arm_json_put_text(item, "properties.displayName", built_in[index].display_name);
    arm_json_put_text(item, "properties.policyType", "BuiltIn");
    arm_json_put_text(item, "properties.mode", built_in[index].mode);
    arm_json_put_text(item, "properties.metadata.version", "1.0.0");
    arm_json_put(item, "properties.parameters", cJSON_Parse(built_in[index].parameters));
    arm_json_put(item, "properties.policyRule", cJSON_Parse(built_in[index].rule));
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "type", arm_policy_definition_type.name);
    cJSON_AddStringToObject(item, "name", built_in[index].name);
    memory_free(id);
    return item;
}

static cJSON *find_built_in(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(built_in); i++) {
        if (bytes_equal_string_nocase(name, built_in[i].name)) {
            return show_built_in(i);
        }
    }
    return NULL;
}

cJSON *arm_policy_definition(struct arm_service *service, const char *id)
{
    const struct arm_resource *stored = arm_resource_find_id(service, id);
    if (stored != NULL &&
        (stored->type == &arm_policy_definition_type || stored->type == &arm_policy_set_type)) {
        return arm_resource_show_plain(NULL, stored);
    }
    bool at_tenant = bytes_start_with(bytes_from_string(id), BYTES("/providers/"));
    return at_tenant ? find_built_in(bytes_from_string(arm_type_leaf(id))) : NULL;
}

/* ---- Custom ones ---- */

static const struct arm_property definition_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.policyRule", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.policyRule.if", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.policyRule.then", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.policyRule.then.effect", .kind = ARM_TEXT, .rules = ARM_REQUIRED},
    {.path = "properties.mode", .kind = ARM_TEXT, .fallback = "\"Indexed\""},
    {.path = "properties.displayName", .kind = ARM_TEXT},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.parameters", .kind = ARM_OBJECT},
    {.path = "properties.metadata", .kind = ARM_OBJECT},
    {0},
};

static const struct arm_property set_schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.policyDefinitions", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {.path = "properties.displayName", .kind = ARM_TEXT},
    {.path = "properties.description", .kind = ARM_TEXT},
    {.path = "properties.parameters", .kind = ARM_OBJECT},
    {.path = "properties.metadata", .kind = ARM_OBJECT},
    {0},
};

static bool check_set(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const cJSON *member;
    (void)old;
    cJSON_ArrayForEach(member, arm_json_at(body, "properties.policyDefinitions"))
    {
        const char *id = arm_json_text(member, "policyDefinitionId");
        cJSON *definition = id == NULL ? NULL : arm_policy_definition(call->service, id);
        cJSON_Delete(definition);
        if (definition == NULL) {
            return arm_fail(&call->error, 404, "PolicyDefinitionNotFound",
                            "The policy definition '%.300s' could not be found.",
                            id == NULL ? "" : id);
        }
    }
    return true;
}

static bool check_removal(struct arm_call *call, const struct arm_resource *definition)
{
    for (const struct arm_resource *assignment = call->service->resources; assignment != NULL;
         assignment = assignment->next) {
        if (assignment->type == &arm_policy_assignment_type &&
            bytes_equal_string_nocase(
                bytes_from_string(arm_json_text(assignment->body, "properties.policyDefinitionId")),
                definition->id)) {
            return arm_fail(&call->error, 400, "CannotDeletePolicyDefinitionInUse",
                            "The policy definition '%s' cannot be deleted: the assignment '%s' "
                            "uses it.",
                            definition->name, assignment->id);
        }
    }
    return true;
}

static void complete(struct arm_service *service, cJSON *body)
{
    (void)service;
    arm_json_put_text(body, "properties.policyType", "Custom");
}

/* ---- Requests ---- */

static const char *const filter_names[] = {"policyType",         "category", "displayName",  "mode",
                                           "policyDefinitionId", "atScope",  "atExactScope", NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const cJSON *item = context;
    bool of_metadata = bytes_equal_string_nocase(condition->name, "category");
    char *path = string_format("properties.%s%.*s", of_metadata ? "metadata." : "",
                               (int)condition->name.size, condition->name.data);
    bool fits = odata_text_fits(condition, arm_json_text(item, path));
    memory_free(path);
    return fits || condition->relation == ODATA_CALL;
}

static bool list(struct arm_call *call, const struct arm_resource_type *type)
{
    struct buf filter;
    if (!arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    cJSON *value = cJSON_CreateArray();
    for (size_t i = 0; type == &arm_policy_definition_type && i < ARRAY_LEN(built_in); i++) {
        arm_add_filtered(value, buf_bytes(&filter), holds, show_built_in(i));
    }
    for (const struct arm_resource *stored = call->service->resources; stored != NULL;
         stored = stored->next) {
        if (stored->type == type && call->route == NULL) {
            arm_add_filtered(value, buf_bytes(&filter), holds,
                             arm_resource_show_plain(call, stored));
        }
    }
    buf_finish(&filter);
    return arm_answer_page(call, value, 1000);
}

static bool request(struct arm_call *call)
{
    const struct arm_target *target = &call->target;
    if (target->name.size == 0 && call->method == ARM_GET) {
        return arm_holder_or_fail(call) && list(call, target->type);
    }
    return arm_resource_ordinary_request(call);
}

static bool list_at_tenant(struct arm_call *call)
{
    return list(call, &arm_policy_definition_type);
}

static bool get_at_tenant(struct arm_call *call)
{
    cJSON *item = find_built_in(call->wildcards[0]);
    if (item == NULL) {
        return arm_fail(&call->error, 404, "PolicyDefinitionNotFound",
                        "The policy definition '%.*s' could not be found.",
                        (int)bytes_slice(call->wildcards[0], 0, 100).size, call->wildcards[0].data);
    }
    arm_answer(call, 200, item);
    return true;
}

const struct arm_resource_type arm_policy_definition_type = {
    .name = "Microsoft.Authorization/policyDefinitions",
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .schema = definition_schema,
    .created = 201,
    .check_removal = check_removal,
    .complete = complete,
    .request = request,
};
const struct arm_resource_type arm_policy_set_type = {
    .name = "Microsoft.Authorization/policySetDefinitions",
    .traits = ARM_SCOPED | ARM_NO_STATE,
    .schema = set_schema,
    .created = 201,
    .check = check_set,
    .check_removal = check_removal,
    .complete = complete,
    .request = request,
};

static const struct arm_route routes[] = {
    {ARM_GET, "/providers/Microsoft.Authorization/policyDefinitions", list_at_tenant, NULL},
    {ARM_GET, "/providers/Microsoft.Authorization/policyDefinitions/{}", get_at_tenant, NULL},
};
static const struct arm_resource_type *const types[] = {&arm_policy_definition_type,
                                                        &arm_policy_set_type};
const struct arm_module arm_module_policy_definitions = {types, ARRAY_LEN(types), routes,
                                                         ARRAY_LEN(routes)};
