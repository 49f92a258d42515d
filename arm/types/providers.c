/* Resource providers: their registration, and what they say they offer. */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { REGISTRATION_S = 120 };

static const char *const redis_versions[] = {
    "2024-11-01", "2024-03-01", "2023-08-01", "2023-04-01", "2022-06-01",
    "2022-05-01", "2021-06-01", "2020-12-01", "2020-06-01", "2018-03-01",
    "2017-10-01", "2017-02-01", "2016-04-01", "2015-08-01", NULL,
};
static const char *const group_versions[] = {"2025-04-01", "2023-07-01", "2022-09-01", "2021-04-01",
                                             "2020-06-01", "2019-10-01", "2018-05-01", NULL};

static const struct provider_row {
    const char *name;
    bool registered_at_start;
    struct {
        const char *type;
        const char *const *versions;
        const char *capabilities;
        bool located;
    } types[8];
} rows[] = {
    {"Microsoft.Cache",
     true,
     {{"Redis", redis_versions,
       "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, "
       "SystemAssignedResourceIdentity, SupportsTags, SupportsLocation",
       true},
      {"locations", redis_versions, "None", false},
      {"locations/asyncOperations", redis_versions, "None", true},
      {"locations/operationResults", redis_versions, "None", true},
      {"checkNameAvailability", redis_versions, "None", false},
      {"operations", redis_versions, "None", false}}},
    {"Microsoft.Resources",
     true,
     {{"resourceGroups", group_versions, "SupportsTags, SupportsLocation", false},
      {"subscriptions", group_versions, "None", false},
      {"tenants", group_versions, "None", false}}},
    {"Microsoft.Authorization", true, {{0}}},
    {"Microsoft.App", true, {{0}}},
    {"Microsoft.Insights", true, {{0}}},
    {"Microsoft.KeyVault", true, {{0}}},
    {"Microsoft.ManagedIdentity", true, {{0}}},
    {"Microsoft.Network", true, {{0}}},
    {"Microsoft.OperationalInsights", true, {{0}}},
    {"Microsoft.Storage", true, {{0}}},
    {"Microsoft.Web", true, {{0}}},
    {"Microsoft.Solutions", false, {{0}}},
};

static void settle(struct timer *timer)
{
    struct arm_provider_state *state = CONTAINER_OF(timer, struct arm_provider_state, due);
    state->registered = !state->registered;
    state->changing = false;
    arm_changed(state->service);
}

void arm_providers_init(struct arm_service *service)
{
    service->providers = memory_allocate_zeroed(ARRAY_LEN(rows) * sizeof(*service->providers));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        service->providers[i].service = service;
        service->providers[i].registered = rows[i].registered_at_start;
        service->providers[i].due.fire = settle;
    }
}

void arm_providers_finish(struct arm_service *service)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        clock_disarm(service->clock, &service->providers[i].due);
    }
    memory_free(service->providers);
    service->providers = NULL;
}

struct arm_provider_state *arm_provider_find(const struct arm_service *service, struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (bytes_equal_string_nocase(name, rows[i].name)) {
            return &service->providers[i];
        }
    }
    return NULL;
}

static const char *state_name(const struct arm_provider_state *state)
{
    if (state->changing) {
        return state->registered ? "Unregistering" : "Registering";
    }
    return state->registered ? "Registered" : "NotRegistered";
}

static cJSON *show(const struct arm_service *service, size_t index)
{
    const struct provider_row *row = &rows[index];
    cJSON *item = cJSON_CreateObject();
    char *id =
        string_format("/subscriptions/%s/providers/%s", service->config.subscription_id, row->name);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "namespace", row->name);
    if (strcmp(row->name, "Microsoft.Cache") == 0) {
        cJSON *authorization = cJSON_AddObjectToObject(item, "authorization");
        cJSON_AddStringToObject(authorization, "applicationId",
                                "96231a05-34ce-4eb4-aa6a-70759cbb5e83");
        cJSON_AddStringToObject(authorization, "roleDefinitionId",
                                "4f731528-ba85-45c7-acfb-cd0a9b3cf31b");
    }
    cJSON *types = cJSON_AddArrayToObject(item, "resourceTypes");
    for (size_t i = 0; i < ARRAY_LEN(row->types) && row->types[i].type != NULL; i++) {
        cJSON *type = cJSON_CreateObject();
        cJSON_AddStringToObject(type, "resourceType", row->types[i].type);
        cJSON *locations = cJSON_AddArrayToObject(type, "locations");
        for (size_t place = 0; row->types[i].located && place < arm_location_count; place++) {
            cJSON_AddItemToArray(locations, cJSON_CreateString(arm_locations[place].display_name));
        }
        cJSON *versions = cJSON_AddArrayToObject(type, "apiVersions");
        for (const char *const *version = row->types[i].versions; *version != NULL; version++) {
            cJSON_AddItemToArray(versions, cJSON_CreateString(*version));
        }
        cJSON_AddStringToObject(type, "capabilities", row->types[i].capabilities);
        cJSON_AddItemToArray(types, type);
    }
    cJSON_AddStringToObject(item, "registrationState", state_name(&service->providers[index]));
    cJSON_AddStringToObject(item, "registrationPolicy", "RegistrationRequired");
    return item;
}

static bool list_providers(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(body, "value");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cJSON_AddItemToArray(list, show(call->service, i));
    }
    arm_answer(call, 200, body);
    return true;
}

static struct arm_provider_state *named_or_fail(struct arm_call *call)
{
    struct bytes name = call->wildcards[1];
    struct arm_provider_state *state = arm_provider_find(call->service, name);
    if (state == NULL) {
        arm_fail(&call->error, 404, "InvalidResourceNamespace",
                 "The resource namespace '%.*s' is invalid.", (int)name.size, name.data);
    }
    return state;
}

static bool get_provider(struct arm_call *call)
{
    const struct arm_provider_state *state = named_or_fail(call);
    if (state == NULL) {
        return false;
    }
    arm_answer(call, 200, show(call->service, (size_t)(state - call->service->providers)));
    return true;
}

static bool change(struct arm_call *call, bool registered)
{
    struct arm_service *service = call->service;
    struct arm_provider_state *state = named_or_fail(call);
    if (state == NULL) {
        return false;
    }
    if (state->registered != registered && !state->changing) {
        state->changing = true;
        clock_arm(service->clock, &state->due,
                  clock_now_ms(service->clock) + arm_duration_ms(service, false, REGISTRATION_S));
        arm_changed(service);
    }
    return get_provider(call);
}

static bool register_provider(struct arm_call *call)
{
    return change(call, true);
}

static bool unregister_provider(struct arm_call *call)
{
    return change(call, false);
}

cJSON *arm_providers_save(const struct arm_service *service)
{
    cJSON *document = cJSON_CreateObject();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* A change under way counts as done: nobody waits for it across a restart. */
        const struct arm_provider_state *state = &service->providers[i];
        cJSON_AddBoolToObject(document, rows[i].name, state->registered != state->changing);
    }
    return document;
}

void arm_providers_load(struct arm_service *service, const cJSON *document)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const cJSON *item = cJSON_GetObjectItem(document, rows[i].name);
        clock_disarm(service->clock, &service->providers[i].due);
        service->providers[i].changing = false;
        service->providers[i].registered =
            cJSON_IsBool(item) ? cJSON_IsTrue(item) : rows[i].registered_at_start;
    }
}

static const struct arm_route routes[] = {
    {ARM_GET, "/providers", list_providers},
    {ARM_GET, "/subscriptions/{}/providers", list_providers},
    {ARM_GET, "/subscriptions/{}/providers/{}", get_provider},
    {ARM_POST, "/subscriptions/{}/providers/{}/register", register_provider},
    {ARM_POST, "/subscriptions/{}/providers/{}/unregister", unregister_provider},
};
const struct arm_routes arm_provider_routes = {routes, ARRAY_LEN(routes)};
