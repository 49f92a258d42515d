/*
 * The endpoints of this cloud. Asked as management.azure.com they are those of the public cloud,
 * which the proxy leads here; asked under any other name they all are that name.
 */
#include "emulator/metadata.h"

#include <stdio.h>
#include <string.h>

#include "emulator/identity_state.h"

#define CLOUD_NAME "Redurite"

struct names {
    bool is_public;
    char authority[300]; /* "localhost:8443" */
};

static const struct service {
    const char *name, *address;
} public_services[] = {
    {"portal", "https://portal.azure.com"},
    {"media", "https://rest.media.azure.net"},
    {"graphAudience", "https://graph.windows.net/"},
    {"graph", "https://graph.windows.net/"},
    {"batch", "https://batch.core.windows.net/"},
    {"resourceManager", "https://management.azure.com/"},
    {"activeDirectoryDataLake", "https://datalake.azure.net/"},
    {"sqlManagement", "https://management.core.windows.net:8443/"},
    {"microsoftGraphResourceId", "https://graph.microsoft.com/"},
    {"appInsightsResourceId", "https://api.applicationinsights.io"},
    {"attestationResourceId", "https://attest.azure.net"},
    {"synapseAnalyticsResourceId", "https://dev.azuresynapse.net"},
    {"logAnalyticsResourceId", "https://api.loganalytics.io"},
    {"ossrDbmsResourceId", "https://ossrdbms-aad.database.windows.net"},
    {"gallery", "https://gallery.azure.com/"},
};

static const struct service public_suffixes[] = {
    {"azureDataLakeStoreFileSystem", "azuredatalakestore.net"},
    {"acrLoginServer", "azurecr.io"},
    {"sqlServerHostname", "database.windows.net"},
    {"azureDataLakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net"},
    {"keyVaultDns", "vault.azure.net"},
    {"storage", "core.windows.net"},
    {"azureFrontDoorEndpointSuffix", "azurefd.net"},
    {"storageSyncEndpointSuffix", "afs.azure.net"},
    {"mhsmDns", "managedhsm.azure.net"},
    {"mysqlServerEndpoint", "mysql.database.azure.com"},
    {"postgresqlServerEndpoint", "postgres.database.azure.com"},
    {"mariadbServerEndpoint", "mariadb.database.azure.com"},
    {"synapseAnalytics", "dev.azuresynapse.net"},
    {"attestationEndpoint", "attest.azure.net"},
};

/* Services a custom cloud has under its own address; the rest keep their public ones. */
static const char *const own_services[] = {
    "portal", "graphAudience", "graph", "resourceManager", "microsoftGraphResourceId", "gallery",
};

static const char *const locations[] = {
    "asia",
    "asiapacific",
    "australia",
    "australiacentral",
    "australiaeast",
    "australiasoutheast",
    "brazil",
    "brazilsouth",
    "canada",
    "canadacentral",
    "canadaeast",
    "centralindia",
    "centralus",
    "eastasia",
    "eastus",
    "eastus2",
    "europe",
    "france",
    "francecentral",
    "germany",
    "germanywestcentral",
    "global",
    "india",
    "israelcentral",
    "italynorth",
    "japan",
    "japaneast",
    "japanwest",
    "korea",
    "koreacentral",
    "koreasouth",
    "northcentralus",
    "northeurope",
    "norway",
    "norwayeast",
    "polandcentral",
    "qatarcentral",
    "southafrica",
    "southafricanorth",
    "southcentralus",
    "southeastasia",
    "southindia",
    "spaincentral",
    "swedencentral",
    "switzerland",
    "switzerlandnorth",
    "uae",
    "uaenorth",
    "uk",
    "uksouth",
    "ukwest",
    "unitedstates",
    "westcentralus",
    "westeurope",
    "westindia",
    "westus",
    "westus2",
    "westus3",
};

static void names_find(const struct site_request *request, struct names *names)
{
    struct bytes authority = request->authority;
    struct bytes host = bytes_slice(authority, 0, bytes_find(authority, ':'));
    names->is_public = bytes_match_glob(BYTES("management.*"), host, true) ||
                       bytes_match_glob(BYTES("login.*"), host, true);
    snprintf(names->authority, sizeof(names->authority), "%.*s", (int)authority.size,
             authority.data != NULL ? authority.data : "");
}

static void add_own(cJSON *document, const char *name, const struct names *names, const char *tail)
{
    char *text = string_format("https://%s%s", names->authority, tail);
    cJSON_AddStringToObject(document, name, text);
    memory_free(text);
}

/*
 * az must be given an authority that starts with /adfs, or its MSAL asks login.microsoftonline.com
 * about the unknown host; Terraform posts to {loginEndpoint}/{tenant}/oauth2/v2.0/token.
 */
static void add_authentication(cJSON *document, const struct names *names, bool adfs)
{
    cJSON *authentication = cJSON_AddObjectToObject(document, "authentication");
    if (names->is_public) {
        cJSON_AddStringToObject(authentication, "loginEndpoint",
                                "https://login.microsoftonline.com");
    } else {
        add_own(authentication, "loginEndpoint", names, adfs ? "/adfs" : "");
    }
    cJSON *audiences = cJSON_AddArrayToObject(authentication, "audiences");
    if (names->is_public) {
        cJSON_AddItemToArray(audiences, cJSON_CreateString("https://management.core.windows.net/"));
        cJSON_AddItemToArray(audiences, cJSON_CreateString("https://management.azure.com/"));
    } else {
        char *text = string_format("https://%s/", names->authority);
        cJSON_AddItemToArray(audiences, cJSON_CreateString(text));
        memory_free(text);
    }
    cJSON_AddStringToObject(authentication, "tenant", "common");
    cJSON_AddStringToObject(authentication, "identityProvider", "AAD");
}

static bool is_own(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(own_services); i++) {
        if (strcmp(own_services[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static cJSON *cloud(const struct names *names, bool adfs)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "name", names->is_public ? "AzureCloud" : CLOUD_NAME);
    add_authentication(document, names, adfs);
    for (size_t i = 0; i < ARRAY_LEN(public_services); i++) {
        const struct service *service = &public_services[i];
        if (!names->is_public && is_own(service->name)) {
            add_own(document, service->name, names, "/");
        } else {
            cJSON_AddStringToObject(document, service->name, service->address);
        }
    }
    cJSON *suffixes = cJSON_AddObjectToObject(document, "suffixes");
    for (size_t i = 0; i < ARRAY_LEN(public_suffixes); i++) {
        const struct service *suffix = &public_suffixes[i];
        if (!names->is_public && strcmp(suffix->name, "keyVaultDns") == 0) {
            /* A number has no subdomains; every name below localhost leads to this machine. */
            bool number = names->authority[0] >= '0' && names->authority[0] <= '9';
            const char *port = strchr(names->authority, ':');
            char *text = number ? string_format("vault.localhost%s", port != NULL ? port : "")
                                : string_format("vault.%s", names->authority);
            cJSON_AddStringToObject(suffixes, suffix->name, text);
            memory_free(text);
        } else {
            cJSON_AddStringToObject(suffixes, suffix->name, suffix->address);
        }
    }
    return document;
}

/* 2015-01-01: the endpoints alone. */
static cJSON *endpoints_first(const struct names *names)
{
    cJSON *document = cJSON_CreateObject();
    if (names->is_public) {
        cJSON_AddStringToObject(document, "galleryEndpoint", "https://gallery.azure.com/");
        cJSON_AddStringToObject(document, "graphEndpoint", "https://graph.windows.net/");
        cJSON_AddStringToObject(document, "portalEndpoint", "https://portal.azure.com/");
    } else {
        add_own(document, "galleryEndpoint", names, "/");
        add_own(document, "graphEndpoint", names, "/");
        add_own(document, "portalEndpoint", names, "/");
    }
    add_authentication(document, names, true);
    return document;
}

/* 2018-01-01: where the cloud is, which Terraform checks locations against. */
static cJSON *endpoints_by_location(const struct names *names)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *endpoint = cJSON_AddObjectToObject(document, "cloudEndpoint");
    endpoint = cJSON_AddObjectToObject(endpoint, "public");
    cJSON_AddStringToObject(endpoint, "endpoint", names->authority);
    cJSON *list = cJSON_AddArrayToObject(endpoint, "locations");
    for (size_t i = 0; i < ARRAY_LEN(locations); i++) {
        cJSON_AddItemToArray(list, cJSON_CreateString(locations[i]));
    }
    return document;
}

static cJSON *refusal(const char *code, const char *message)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(document, "error");
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", message);
    return document;
}

void metadata_handle(void *context, const struct site_request *request,
                     struct http_response *response)
{
    (void)context;
    struct names names;
    struct buf version;
    names_find(request, &names);
    buf_init(&version, 64);
    bool has_version = http_form_get(request->http->query, "api-version", &version);
    struct bytes text = buf_bytes(&version);
    int status = 200;
    cJSON *document;
    if (!has_version || text.size == 0) {
        status = 400;
        document = refusal("MissingApiVersionParameter",
                           "The api-version query parameter (?api-version=) is required for all "
                           "requests.");
    } else if (bytes_compare(text, BYTES("2018-01-01")) < 0) {
        document = endpoints_first(&names);
    } else if (bytes_compare(text, BYTES("2019-05-01")) < 0) {
        document = endpoints_by_location(&names);
    } else if (bytes_compare(text, BYTES("2022-09-01")) < 0) {
        document = cJSON_CreateArray();
        cJSON_AddItemToArray(document, cloud(&names, true));
    } else {
        document = cloud(&names, false);
    }
    identity_reply_json(response, status, document);
    buf_finish(&version);
}
