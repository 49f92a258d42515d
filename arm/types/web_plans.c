/* Microsoft.Web/serverfarms: App Service plans. */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/web.h"

/* The first letter, or letters, of a size tell its tier. */
static const struct {
    const char *prefix, *tier, *family;
} tiers[] = {
    {"FC", "FlexConsumption", "FC"},
    {"WS", "WorkflowStandard", "WS"},
    {"EP", "ElasticPremium", "EP"},
    {"F", "Free", "F"},
    {"D", "Shared", "D"},
    {"B", "Basic", "B"},
    {"S", "Standard", "S"},
    {"Y", "Dynamic", "Y"},
    {"I", "IsolatedV2", "Iv2"},
    {"P0V3", "Premium0V3", "Pv3"},
    {"P", "PremiumV3", "Pv3"},
};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT},
    {.path = "tags", .kind = ARM_TEXTS},
    {.path = "kind", .kind = ARM_TEXT, .fallback = "\"app\""},
    {.path = "sku", .kind = ARM_OBJECT},
    {.path = "sku.name", .kind = ARM_TEXT},
    {.path = "sku.capacity", .kind = ARM_INTEGER, .minimum = 0, .maximum = 100},
    {.path = "properties.reserved", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.perSiteScaling", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.zoneRedundant", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.hyperV", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.isXenon", .kind = ARM_TRUTH, .fallback = "false"},
    {.path = "properties.status", .kind = ARM_TEXT, .rules = ARM_READ_ONLY},
    {.path = "properties.numberOfSites", .kind = ARM_INTEGER, .rules = ARM_READ_ONLY},
    {0},
};

static size_t tier_of(const char *size)
{
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        size_t length = strlen(tiers[i].prefix);
        if (bytes_equal_string_nocase(bytes_slice(bytes_from_string(size), 0, length),
                                      tiers[i].prefix)) {
            return i;
        }
    }
    return ARRAY_LEN(tiers);
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    const char *name = arm_json_text(body, "sku.name");
    (void)old;
    return name == NULL || tier_of(name) < ARRAY_LEN(tiers) ||
           arm_fail(&call->error, 400, "BadRequest",
                    "The SKU '%.100s' is invalid: it is none of an App Service plan, as F1, B1, S1 "
                    "or P1v3.",
                    name);
}

static void complete(struct arm_service *service, cJSON *body)
{
    (void)service;
    if (arm_json_truth(body, "properties.reserved")) {
        arm_json_put_text(body, "kind", "linux");
    }
    if (arm_json_text(body, "sku.name") == NULL) {
        arm_json_put_text(body, "sku.name", "F1");
    }
    char *name = string_duplicate(arm_json_text(body, "sku.name"));
    size_t tier = tier_of(name);
    if (tier < ARRAY_LEN(tiers)) {
        arm_json_put_text(body, "sku.tier", tiers[tier].tier);
        arm_json_put_text(body, "sku.family", tiers[tier].family);
    }
    arm_json_put_text(body, "sku.size", name);
    memory_free(name);
    if (arm_json_at(body, "sku.capacity") == NULL) {
        arm_json_put(body, "sku.capacity", cJSON_CreateNumber(1));
    }
}

static bool holds(const struct arm_resource *plan, const struct arm_resource *site)
{
    const char *id = site->type == &arm_web_site_type
                         ? arm_json_text(site->body, "properties.serverFarmId")
                         : NULL;
    return id != NULL && bytes_equal_string_nocase(bytes_from_string(id), plan->id);
}

static int count_sites(const struct arm_service *service, const struct arm_resource *plan)
{
    int count = 0;
    for (const struct arm_resource *site = service->resources; site != NULL; site = site->next) {
        count += holds(plan, site) ? 1 : 0;
    }
    return count;
}

static bool check_removal(struct arm_call *call, const struct arm_resource *plan)
{
    for (const struct arm_resource *site = call->service->resources; site != NULL;
         site = site->next) {
        if (holds(plan, site)) {
            return arm_fail(&call->error, 409, "Conflict",
                            "Server farm '%s' cannot be deleted because it has web app(s) %s "
                            "assigned to it.",
                            plan->name, site->name);
        }
    }
    return true;
}

static cJSON *show(struct arm_call *call, const struct arm_resource *plan, bool secrets)
{
    cJSON *item = arm_resource_show_plain(call, plan);
    cJSON *properties = arm_json_at(item, "properties");
    (void)secrets;
    if (!cJSON_IsObject(properties)) {
        cJSON_DeleteItemFromObject(item, "properties");
        properties = cJSON_AddObjectToObject(item, "properties");
    }
    int workers = arm_json_number(item, "sku.capacity", 1);
    arm_json_put_text(properties, "status", "Ready");
    arm_json_put_text(properties, "subscription", call->service->config.subscription_id);
    arm_json_put_text(properties, "resourceGroup", plan->group->name);
    arm_json_put_text(properties, "geoRegion", plan->location->display_name);
    arm_json_put(properties, "maximumNumberOfWorkers", cJSON_CreateNumber(10));
    arm_json_put(properties, "numberOfWorkers", cJSON_CreateNumber(workers));
    arm_json_put(properties, "numberOfSites", cJSON_CreateNumber(count_sites(call->service, plan)));
    return item;
}

static const char *const api_versions[] = {"2024-04-01", "2023-12-01", "2023-01-01", "2022-09-01",
                                           "2022-03-01", "2021-02-01", "2019-08-01", NULL};

const struct arm_resource_type arm_web_plan_type = {
    .name = "Microsoft.Web/serverFarms",
    .id_name = "Microsoft.Web/serverfarms",
    .traits = ARM_TRACKED | ARM_DISPLAY_LOCATION,
    .api_versions = api_versions,
    .schema = schema,
    .created = 200,
    .check = check,
    .check_removal = check_removal,
    .complete = complete,
    .show = show,
};

static const struct arm_resource_type *const types[] = {&arm_web_plan_type};
const struct arm_module arm_module_web_plans = {types, ARRAY_LEN(types), NULL, 0};
