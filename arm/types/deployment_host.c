/* What templates ask of the service: resources, keys, groups; through its own API. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/types/deployment.h"
#include "arm/vaults/vaults.h"

/* The id as a request's path: everything but slashes and what needs no encoding. */
static void append_path(struct buf *path, const char *id)
{
    while (*id != '\0') {
        size_t size = strcspn(id, "/");
        http_url_encode((struct bytes){id, size}, path);
        id += size;
        if (*id == '/') {
            buf_append_byte(path, *id++);
        }
    }
}

cJSON *deployment_call(struct arm_service *service, const struct arm_principal *principal,
                       enum arm_method method, const char *id, const char *action,
                       const char *api_version, cJSON *body, int *status)
{
    struct http_response response;
    struct buf path, query;
    buf_init(&path, 8192);
    buf_init(&query, 256);
    append_path(&path, id);
    if (action != NULL) {
        buf_append_byte(&path, '/');
        append_path(&path, action);
    }
    buf_append_string(&query, "api-version=");
    http_url_encode(bytes_from_string(api_version), &query);
    http_response_init(&response, 500);
    arm_call_inside(service, principal, method, buf_string(&path), buf_string(&query), body,
                    &response);
    *status = response.status;
    cJSON *answer = response.body.size > 0 ? cJSON_Parse(buf_string(&response.body)) : NULL;
    http_response_finish(&response);
    buf_finish(&path);
    buf_finish(&query);
    return answer;
}

/* The answer, or NULL after its error has become the template's. */
static cJSON *answer_or_fail(cJSON *answer, int status, const char *id,
                             struct template_error *error)
{
    if (status < 300 && answer != NULL) {
        return answer;
    }
    const char *code = arm_json_text(answer, "error.code");
    const char *message = arm_json_text(answer, "error.message");
    template_fail(error, "%s", message != NULL ? message : id);
    snprintf(error->code, sizeof(error->code), "%s", code != NULL ? code : "ResourceNotFound");
    cJSON_Delete(answer);
    return NULL;
}

static cJSON *give_resource(void *context, const char *id, const char *api_version,
                            struct template_error *error)
{
    struct deployment_host *host = context;
    int status;
    cJSON *answer = deployment_call(host->service, &host->principal, ARM_GET, id, NULL, api_version,
                                    NULL, &status);
    return answer_or_fail(answer, status, id, error);
}

static cJSON *give_list(void *context, const char *function, const char *id,
                        const char *api_version, const cJSON *body, struct template_error *error)
{
    struct deployment_host *host = context;
    int status;
    cJSON *answer = deployment_call(host->service, &host->principal, ARM_POST, id, function,
                                    api_version, cJSON_Duplicate(body, true), &status);
    return answer_or_fail(answer, status, id, error);
}

static cJSON *show_environment(void)
{
    static const char text[] =
        "{\"name\":\"AzureCloud\",\"gallery\":\"https://gallery.azure.com/\",\"graph\":\"https://"
        "graph.windows.net/\",\"portal\":\"https://portal.azure.com\",\"graphAudience\":\"https://"
        "graph.windows.net/\",\"activeDirectoryDataLake\":\"https://datalake.azure.net/\",\"batch\""
        ":\"https://batch.core.windows.net/\",\"media\":\"https://rest.media.azure.net\","
        "\"sqlManagement\":\"https://management.core.windows.net:8443/\",\"vmImageAliasDoc\":"
        "\"https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/"
        "quickstart-templates/aliases.json\",\"resourceManager\":\"https://management.azure.com/\","
        "\"authentication\":{\"loginEndpoint\":\"https://login.microsoftonline.com/\",\"audiences\""
        ":[\"https://management.core.windows.net/\",\"https://management.azure.com/\"],\"tenant\":"
        "\"common\",\"identityProvider\":\"AAD\"},\"suffixes\":{\"acrLoginServer\":\".azurecr.io\","
        "\"azureDatalakeAnalyticsCatalogAndJob\":\"azuredatalakeanalytics.net\","
        "\"azureDatalakeStoreFileSystem\":\"azuredatalakestore.net\","
        "\"azureFrontDoorEndpointSuffix\":\"azurefd.net\",\"keyvaultDns\":\".vault.azure.net\","
        "\"sqlServerHostname\":\".database.windows.net\",\"storage\":\"core.windows.net\"}}";
    return cJSON_Parse(text);
}

static cJSON *show_deployment(const struct deployment_host *host)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", host->name);
    if (host->location != NULL) {
        cJSON_AddStringToObject(object, "location", host->location);
    }
    cJSON *properties = cJSON_AddObjectToObject(object, "properties");
    static const char *const told[] = {"templateLink", "templateHash", "parameters", "mode",
                                       "provisioningState"};
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        arm_json_copy_member(properties, host->shown, told[i]);
    }
    if (host->template != NULL) {
        cJSON_AddItemToObject(properties, "template", cJSON_Duplicate(host->template, true));
    }
    return object;
}

static cJSON *show_subscription(const struct arm_service *service)
{
    const struct arm_service_config *config = &service->config;
    cJSON *object = cJSON_CreateObject();
    char *id = string_format("/subscriptions/%s", config->subscription_id);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "subscriptionId", config->subscription_id);
    cJSON_AddStringToObject(object, "tenantId", config->tenant_id);
    cJSON_AddStringToObject(object, "displayName", config->subscription_name);
    memory_free(id);
    return object;
}

static cJSON *give_object(void *context, enum expression_object which, struct template_error *error)
{
    struct deployment_host *host = context;
    const struct arm_group *group;
    cJSON *object;
    switch (which) {
    case EXPRESSION_DEPLOYMENT:
        return show_deployment(host);
    case EXPRESSION_RESOURCE_GROUP:
        group = host->group != NULL ? arm_group_find(host->service, bytes_from_string(host->group))
                                    : NULL;
        if (group != NULL) {
            return arm_group_show(host->service, group);
        }
        template_fail(error, "The template function 'RESOURCEGROUP' is not expected at this "
                             "location. Please see https://aka.ms/arm-functions for usage "
                             "details.");
        return NULL;
    case EXPRESSION_SUBSCRIPTION:
        return show_subscription(host->service);
    case EXPRESSION_TENANT:
        object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "tenantId", host->service->config.tenant_id);
        cJSON_AddStringToObject(object, "displayName", "Redurite");
        return object;
    case EXPRESSION_ENVIRONMENT:
        return show_environment();
    case EXPRESSION_DEPLOYER:
        object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "objectId", host->principal.object_id);
        cJSON_AddStringToObject(object, "tenantId", host->principal.tenant_id);
        return object;
    default:
        template_fail(error, "The template function 'managementGroup' is not expected at this "
                             "location. Please see https://aka.ms/arm-functions for usage "
                             "details.");
        return NULL;
    }
}

static cJSON *give_providers(void *context, const char *name, const char *type,
                             struct template_error *error)
{
    struct deployment_host *host = context;
    char *id = string_format("/subscriptions/%s/providers/%s",
                             host->service->config.subscription_id, name);
    int status;
    cJSON *answer = deployment_call(host->service, &host->principal, ARM_GET, id, NULL,
                                    "2021-04-01", NULL, &status);
    answer = answer_or_fail(answer, status, id, error);
    memory_free(id);
    if (answer == NULL || type == NULL) {
        return answer;
    }
    cJSON *found = NULL, *item;
    cJSON_ArrayForEach(item, arm_json_at(answer, "resourceTypes"))
    {
        const char *title = arm_json_text(item, "resourceType");
        if (found == NULL && title != NULL && strcasecmp(title, type) == 0) {
            found = cJSON_Duplicate(item, true);
        }
    }
    cJSON_Delete(answer);
    if (found == NULL) {
        template_fail(error, "The provider '%.128s' has no resource type '%.128s'.", name, type);
    }
    return found;
}

static int zone_count(void *context, const char *location)
{
    (void)context;
    static const char *const zoned[] = {
        "eastus",           "eastus2",
        "westus2",          "westus3",
        "centralus",        "northeurope",
        "westeurope",       "uksouth",
        "francecentral",    "germanywestcentral",
        "japaneast",        "australiaeast",
        "southeastasia",    "southcentralus",
        "canadacentral",    "brazilsouth",
        "koreacentral",     "swedencentral",
        "switzerlandnorth", "norwayeast",
        "centralindia",     "eastasia",
        "southafricanorth", "uaenorth",
        "qatarcentral",     "polandcentral",
        "italynorth",       "israelcentral",
    };
    const struct arm_location *place = arm_location_find(bytes_from_string(location));
    for (size_t i = 0; place != NULL && i < ARRAY_LEN(zoned); i++) {
        if (strcmp(place->name, zoned[i]) == 0) {
            return 3;
        }
    }
    return 0;
}

/* The vault must be open to deployments; whose secret it is does not matter then. */
static cJSON *give_secret(void *context, const char *vault_id, const char *name,
                          const char *version, struct template_error *error)
{
    struct deployment_host *host = context;
    const struct arm_resource *vault = arm_resource_find_id(host->service, vault_id);
    if (vault == NULL || vault->type != &arm_key_vault_type) {
        template_fail(error,
                      "The specified KeyVault '%.512s' could not be found. Please see "
                      "https://aka.ms/arm-keyvault for usage details.",
                      vault_id);
        snprintf(error->code, sizeof(error->code), "KeyVaultParameterReferenceNotFound");
        return NULL;
    }
    if (!arm_json_truth(vault->body, "properties.enabledForTemplateDeployment")) {
        template_fail(error,
                      "The specified Key Vault '%.512s' is not enabled for template deployment. "
                      "Please see https://aka.ms/arm-keyvault for usage details.",
                      vault_id);
        snprintf(error->code, sizeof(error->code), "KeyVaultParameterReferenceAuthorizationFailed");
        return NULL;
    }
    const cJSON *versions = vault_secret_versions(vault, name);
    const cJSON *found = versions != NULL ? vault_secret_version(versions, version) : NULL;
    const char *text = found != NULL ? arm_json_text(found, "value") : NULL;
    if (text == NULL) {
        template_fail(error,
                      "The secret of KeyVault parameter cannot be retrieved. Http status code: "
                      "'NotFound'. Error message: 'A secret with (name/id) %.128s%s%.64s was not "
                      "found in this key vault.'. Please see https://aka.ms/arm-keyvault for usage "
                      "details.",
                      name, version != NULL ? "/" : "", version != NULL ? version : "");
        snprintf(error->code, sizeof(error->code),
                 "KeyVaultParameterReferenceSecretRetrieveFailed");
        return NULL;
    }
    return cJSON_CreateString(text);
}

void deployment_host_init(struct deployment_host *host, struct arm_service *service,
                          const struct arm_principal *principal,
                          const struct deployment_scope *scope)
{
    *host = (struct deployment_host){
        .host = {.context = host,
                 .object = give_object,
                 .resource = give_resource,
                 .list = give_list,
                 .providers = give_providers,
                 .zone_count = zone_count,
                 .secret = give_secret},
        .service = service,
        .principal = *principal,
        .group = scope->group != NULL ? string_duplicate(scope->group) : NULL,
        .name = string_duplicate(scope->name),
    };
}

void deployment_host_finish(struct deployment_host *host)
{
    memory_free(host->group);
    memory_free(host->name);
}

bool deployment_is_inner(const cJSON *properties)
{
    const char *scope = arm_json_text(properties, "expressionEvaluationOptions.scope");
    return deployment_is_linked(properties) || (scope != NULL && strcasecmp(scope, "inner") == 0);
}

struct template *deployment_template(const struct deployment_request *request,
                                     struct deployment_host *host, struct template_error *error)
{
    const cJSON *template = arm_json_at(request->properties, "template");
    host->shown = request->properties;
    host->template = template;
    if (!cJSON_IsObject(template)) {
        template_fail(error, "The deployment '%.64s' has no template.", request->scope.name);
        snprintf(error->code, sizeof(error->code), "InvalidTemplate");
        return NULL;
    }
    host->location = request->location;
    /* resourceGroup() of a template in its parent's scope is the parent's. */
    const char *around = arm_json_text(request->outer, "resourceGroup");
    if (request->outer != NULL) {
        memory_free(host->group);
        host->group = around != NULL ? string_duplicate(around) : NULL;
    }
    struct template_settings settings = {
        .template = template,
        .parameters = arm_json_at(request->properties, "parameters"),
        .outer = request->outer,
        .subscription_id = host->service->config.subscription_id,
        .resource_group = request->scope.group,
        .now_ms = clock_now_ms(host->service->clock),
        .budget = request->around != NULL ? template_budget(request->around) : 0,
        .random = host->service->random,
        .host = &host->host,
        .source = request->source,
        .source_path = "properties.template",
    };
    struct template *created = template_create(&settings, error);
    if (created != NULL && request->around != NULL) {
        template_spend(request->around, settings.budget - template_budget(created));
    }
    return created;
}
