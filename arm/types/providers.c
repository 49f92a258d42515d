/*
 * Resource providers: their registration, and what they say they offer, which is what the types'
 * rows say. Microsoft's are known by name, so that a slip of the pen is found; anyone else's is
 * taken to exist.
 */
#include <string.h>

#include "arm/json.h"
#include "arm/service_state.h"

enum { REGISTRATION_S = 120, MOST_PROVIDERS = 1000 };

static const char *const known[] = {
    "Microsoft.Cache",
    "Microsoft.Resources",
    "Microsoft.Authorization",
    "Microsoft.AlertsManagement",
    "Microsoft.ApiManagement",
    "Microsoft.App",
    "Microsoft.AppConfiguration",
    "Microsoft.Automation",
    "Microsoft.Batch",
    "Microsoft.Cdn",
    "Microsoft.CognitiveServices",
    "Microsoft.Compute",
    "Microsoft.ContainerInstance",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.DBforMySQL",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.DataFactory",
    "Microsoft.Devices",
    "Microsoft.DocumentDB",
    "Microsoft.EventGrid",
    "Microsoft.EventHub",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.Kubernetes",
    "Microsoft.Logic",
    "Microsoft.MachineLearningServices",
    "Microsoft.ManagedIdentity",
    "Microsoft.Management",
    "Microsoft.Monitor",
    "Microsoft.Network",
    "Microsoft.NotificationHubs",
    "Microsoft.OperationalInsights",
    "Microsoft.OperationsManagement",
    "Microsoft.PolicyInsights",
    "Microsoft.RecoveryServices",
    "Microsoft.Search",
    "Microsoft.Security",
    "Microsoft.ServiceBus",
    "Microsoft.SignalRService",
    "Microsoft.Solutions",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.StreamAnalytics",
    "Microsoft.Web",
};
/* Not registered in a new subscription. */
static const char *const unregistered[] = {"Microsoft.Solutions", "Microsoft.Batch"};

static const char *const common_versions[] = {"2024-05-01", "2023-12-01", "2022-09-01",
                                              "2021-04-01", "2019-08-01", NULL};

/* Types that are no resources of ours but that the service tells of. */
static const struct {
    const char *namespace, *type;
    bool located;
} others[] = {
    {"Microsoft.Cache", "locations", false},
    {"Microsoft.Cache", "locations/asyncOperations", true},
    {"Microsoft.Cache", "locations/operationResults", true},
    {"Microsoft.Cache", "locations/operationsStatus", true},
    {"Microsoft.Cache", "checkNameAvailability", false},
    {"Microsoft.Resources", "resourceGroups", false},
    {"Microsoft.Resources", "subscriptions", false},
    {"Microsoft.Resources", "tenants", false},
    {"Microsoft.Resources", "tags", false},
};

struct arm_provider {
    struct arm_service *service;
    char *namespace;
    bool registered, changing; /* changing: Registering or Unregistering */
    struct timer due;
    struct arm_provider *next;
};

static void settle(struct timer *timer)
{
    struct arm_provider *provider = CONTAINER_OF(timer, struct arm_provider, due);
    provider->registered = !provider->registered;
    provider->changing = false;
    arm_changed(provider->service);
}

static struct arm_provider *add(struct arm_service *service, struct bytes namespace,
                                bool registered)
{
    struct arm_provider **end = &service->providers;
    struct arm_provider *provider = memory_allocate_zeroed(sizeof(*provider));
    provider->service = service;
    provider->namespace = bytes_to_string(namespace);
    provider->registered = registered;
    provider->due.fire = settle;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = provider;
    return provider;
}

void arm_providers_init(struct arm_service *service)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        bool registered = true;
        for (size_t j = 0; j < ARRAY_LEN(unregistered); j++) {
            registered = registered && strcmp(known[i], unregistered[j]) != 0;
        }
        add(service, bytes_from_string(known[i]), registered);
    }
}

void arm_providers_finish(struct arm_service *service)
{
    while (service->providers != NULL) {
        struct arm_provider *provider = service->providers;
        service->providers = provider->next;
        clock_disarm(service->clock, &provider->due);
        memory_free(provider->namespace);
        memory_free(provider);
    }
}

/* "Contoso.Widgets": anyone's but Microsoft's. */
static bool foreign(struct bytes namespace)
{
    size_t dot = bytes_find(namespace, '.');
    for (size_t i = 0; i < namespace.size; i++) {
        char byte = namespace.data[i];
        if (i != dot && !((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '.')) {
            return false;
        }
    }
    return dot > 0 && dot + 1 < namespace.size && namespace.size <= 80 &&
           !bytes_equal_string_nocase(bytes_slice(namespace, 0, dot), "Microsoft");
}

struct arm_provider *arm_provider_find(struct arm_service *service, struct bytes name)
{
    size_t count = 0;
    for (struct arm_provider *provider = service->providers; provider != NULL;
         provider = provider->next, count++) {
        if (bytes_equal_string_nocase(name, provider->namespace)) {
            return provider;
        }
    }
    return foreign(name) && count < MOST_PROVIDERS ? add(service, name, true) : NULL;
}

bool arm_provider_registered(const struct arm_provider *provider)
{
    return provider->registered;
}

static const char *state_name(const struct arm_provider *provider)
{
    if (provider->changing) {
        return provider->registered ? "Unregistering" : "Registering";
    }
    return provider->registered ? "Registered" : "NotRegistered";
}

static void show_type(cJSON *types, const char *name, const char *const *versions,
                      const char *capabilities, bool located)
{
    cJSON *type = cJSON_CreateObject();
    cJSON_AddStringToObject(type, "resourceType", name);
    cJSON *locations = cJSON_AddArrayToObject(type, "locations");
    for (size_t place = 0; located && place < arm_location_count; place++) {
        cJSON_AddItemToArray(locations, cJSON_CreateString(arm_locations[place].display_name));
    }
    cJSON *list = cJSON_AddArrayToObject(type, "apiVersions");
    for (const char *const *version = versions; *version != NULL; version++) {
        cJSON_AddItemToArray(list, cJSON_CreateString(*version));
    }
    cJSON_AddStringToObject(type, "capabilities", capabilities);
    cJSON_AddItemToArray(types, type);
}

static bool belongs(const char *type_name, const char *namespace)
{
    size_t size = strlen(namespace);
    return strlen(type_name) > size && type_name[size] == '/' &&
           bytes_equal_nocase((struct bytes){type_name, size}, bytes_from_string(namespace));
}

static const char *capabilities_of(const struct arm_resource_type *type)
{
    return (type->traits & ARM_TRACKED) == 0
               ? "None"
               : "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, "
                 "SystemAssignedResourceIdentity, SupportsTags, SupportsLocation";
}

static void show_types(cJSON *types, const char *namespace)
{
    const char *const *versions = common_versions;
    for (size_t module = 0; module < arm_module_count; module++) {
        for (size_t i = 0; i < arm_modules[module]->type_count; i++) {
            const struct arm_resource_type *type = arm_modules[module]->types[i];
            if (belongs(type->name, namespace)) {
                versions = type->api_versions == NULL ? common_versions : type->api_versions;
                const char *name = type->id_name == NULL ? type->name : type->id_name;
                show_type(types, name + strlen(namespace) + 1, versions, capabilities_of(type),
                          (type->traits & ARM_TRACKED) != 0);
            }
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (bytes_equal_string_nocase(bytes_from_string(namespace), others[i].namespace)) {
            show_type(types, others[i].type, versions, "None", others[i].located);
        }
    }
    show_type(types, "operations", versions, "None", false);
}

static cJSON *show(const struct arm_provider *provider)
{
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("/subscriptions/%s/providers/%s",
                             provider->service->config.subscription_id, provider->namespace);
    cJSON_AddStringToObject(item, "id", id);
    memory_free(id);
    cJSON_AddStringToObject(item, "namespace", provider->namespace);
    if (strcmp(provider->namespace, "Microsoft.Cache") == 0) {
        cJSON *authorization = cJSON_AddObjectToObject(item, "authorization");
        cJSON_AddStringToObject(authorization, "applicationId",
                                "96231a05-34ce-4eb4-aa6a-70759cbb5e83");
        cJSON_AddStringToObject(authorization, "roleDefinitionId",
                                "4f731528-ba85-45c7-acfb-cd0a9b3cf31b");
    }
    show_types(cJSON_AddArrayToObject(item, "resourceTypes"), provider->namespace);
    cJSON_AddStringToObject(item, "registrationState", state_name(provider));
    return item;
}

static bool list_providers(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(body, "value");
    for (const struct arm_provider *provider = call->service->providers; provider != NULL;
         provider = provider->next) {
        cJSON_AddItemToArray(list, show(provider));
    }
    arm_answer(call, 200, body);
    return true;
}

static struct arm_provider *named_or_fail(struct arm_call *call)
{
    struct bytes name = call->wildcards[1];
    struct arm_provider *provider = arm_provider_find(call->service, name);
    if (provider == NULL) {
        arm_fail(&call->error, 404, "InvalidResourceNamespace",
                 "The resource namespace '%.*s' is invalid.", (int)bytes_slice(name, 0, 200).size,
                 name.data);
    }
    return provider;
}

static bool get_provider(struct arm_call *call)
{
    const struct arm_provider *provider = named_or_fail(call);
    if (provider == NULL) {
        return false;
    }
    arm_answer(call, 200, show(provider));
    return true;
}

static bool change(struct arm_call *call, bool registered)
{
    struct arm_service *service = call->service;
    struct arm_provider *provider = named_or_fail(call);
    if (provider == NULL) {
        return false;
    }
    if (provider->registered != registered && !provider->changing) {
        provider->changing = true;
        clock_arm(service->clock, &provider->due,
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
    for (const struct arm_provider *provider = service->providers; provider != NULL;
         provider = provider->next) {
        /* A change under way counts as done: nobody waits for it across a restart. */
        cJSON_AddBoolToObject(document, provider->namespace,
                              provider->registered != provider->changing);
    }
    return document;
}

void arm_providers_load(struct arm_service *service, const cJSON *document)
{
    const cJSON *item;
    arm_providers_finish(service);
    arm_providers_init(service);
    cJSON_ArrayForEach(item, document)
    {
        struct arm_provider *provider = arm_provider_find(service, bytes_from_string(item->string));
        if (provider != NULL && cJSON_IsBool(item)) {
            provider->registered = cJSON_IsTrue(item);
        }
    }
}

static const char type[] = "Microsoft.Resources/subscriptions/providers";
static const struct arm_route routes[] = {
    {ARM_GET, "/providers", list_providers, NULL},
    {ARM_GET, "/subscriptions/{}/providers", list_providers, type},
    {ARM_GET, "/subscriptions/{}/providers/{}", get_provider, type},
    {ARM_POST, "/subscriptions/{}/providers/{}/register", register_provider, type},
    {ARM_POST, "/subscriptions/{}/providers/{}/unregister", unregister_provider, type},
};
const struct arm_module arm_module_providers = {NULL, 0, routes, ARRAY_LEN(routes)};
