/* Tenants, the subscription, and its locations. */
#include "arm/service_state.h"

static cJSON *subscription(const struct arm_service *service)
{
    const struct arm_service_config *config = &service->config;
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("/subscriptions/%s", config->subscription_id);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "authorizationSource", "RoleBased");
    cJSON_AddItemToObject(item, "managedByTenants", cJSON_CreateArray());
    cJSON_AddStringToObject(item, "subscriptionId", config->subscription_id);
    cJSON_AddStringToObject(item, "tenantId", config->tenant_id);
    cJSON_AddStringToObject(item, "displayName", config->subscription_name);
    cJSON_AddStringToObject(item, "state", "Enabled");
    cJSON *policies = cJSON_AddObjectToObject(item, "subscriptionPolicies");
    cJSON_AddStringToObject(policies, "locationPlacementId", "Public_2014-09-01");
    cJSON_AddStringToObject(policies, "quotaId", "PayAsYouGo_2014-09-01");
    cJSON_AddStringToObject(policies, "spendingLimit", "Off");
    return item;
}

static void answer_list(struct arm_call *call, cJSON *item)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "value"), item);
    cJSON *count = cJSON_AddObjectToObject(body, "count");
    cJSON_AddStringToObject(count, "type", "Total");
    cJSON_AddNumberToObject(count, "value", 1);
    arm_answer(call, 200, body);
}

static bool list_subscriptions(struct arm_call *call)
{
    answer_list(call, subscription(call->service));
    return true;
}

static bool get_subscription(struct arm_call *call)
{
    arm_answer(call, 200, subscription(call->service));
    return true;
}

static bool list_tenants(struct arm_call *call)
{
    const char *tenant = call->service->config.tenant_id;
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("/tenants/%s", tenant);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "tenantId", tenant);
    cJSON_AddStringToObject(item, "countryCode", "US");
    cJSON_AddStringToObject(item, "displayName", "Redurite");
    cJSON_AddItemToObject(item, "domains", cJSON_CreateArray());
    cJSON_AddStringToObject(item, "tenantCategory", "Home");
    cJSON_AddStringToObject(item, "defaultDomain", "redurite.onmicrosoft.com");
    cJSON_AddStringToObject(item, "tenantType", "AAD");
    answer_list(call, item);
    return true;
}

static bool list_locations(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(body, "value");
    for (size_t i = 0; i < arm_location_count; i++) {
        const struct arm_location *location = &arm_locations[i];
        cJSON *item = cJSON_CreateObject();
        char *id = string_format("/subscriptions/%s/locations/%s",
                                 call->service->config.subscription_id, location->name);
        cJSON_AddStringToObject(item, "id", id);
        memory_free(id);
        cJSON_AddStringToObject(item, "name", location->name);
        cJSON_AddStringToObject(item, "type", "Region");
        cJSON_AddStringToObject(item, "displayName", location->display_name);
        cJSON_AddStringToObject(item, "regionalDisplayName", location->display_name);
        cJSON *metadata = cJSON_AddObjectToObject(item, "metadata");
        cJSON_AddStringToObject(metadata, "regionType", "Physical");
        cJSON_AddStringToObject(metadata, "regionCategory", "Recommended");
        cJSON_AddStringToObject(metadata, "longitude", location->longitude);
        cJSON_AddStringToObject(metadata, "latitude", location->latitude);
        cJSON_AddItemToArray(list, item);
    }
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_route routes[] = {
    {ARM_GET, "/subscriptions", list_subscriptions, NULL},
    {ARM_GET, "/subscriptions/{}", get_subscription, "Microsoft.Resources/subscriptions"},
    {ARM_GET, "/subscriptions/{}/locations", list_locations,
     "Microsoft.Resources/subscriptions/locations"},
    {ARM_GET, "/tenants", list_tenants, NULL},
};
const struct arm_module arm_module_subscriptions = {NULL, 0, routes, ARRAY_LEN(routes)};
